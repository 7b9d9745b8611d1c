//! The addresses of webhooks. Whoever knows one can post, so they come from the environment and are shown nowhere.

use crate::config::Settings;
use crate::language::Message;
use std::collections::BTreeMap;
use std::fmt;

/// The addresses that the environment holds, by variable. They can be neither printed nor written.
#[derive(Clone, Default)]
pub struct Addresses(BTreeMap<String, String>);

impl Addresses {
    /// Those of the variables that the deliveries name; an empty one is none.
    pub fn from_environment(settings: &Settings, variable: &dyn Fn(&str) -> Option<String>) -> Addresses {
        let names = settings.deliveries.values().filter_map(|delivery| delivery.url_env.as_ref());
        let set = names.filter_map(|name| {
            let address = variable(name)?.trim().to_owned();
            (!address.is_empty()).then(|| (name.clone(), address))
        });
        Addresses(set.collect())
    }

    /// The address in a variable.
    pub fn of(&self, variable: &str) -> Option<Address<'_>> {
        self.0.get(variable).map(|address| Address(address))
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} addresses", self.0.len())
    }
}

/// An address. It can be neither printed nor written.
#[derive(Clone, Copy)]
pub struct Address<'a>(pub(super) &'a str);

impl<'a> Address<'a> {
    /// For the one who posts, and nobody else.
    pub(super) fn secret(self) -> &'a str {
        self.0
    }

    /// Whether it is of this machine, to which messages may go without encryption and go without a proxy.
    pub(super) fn is_local(self) -> bool {
        let rest = self.0.strip_prefix("http://").or_else(|| self.0.strip_prefix("https://"));
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        let host = host.filter(|host| !host.contains('@')).unwrap_or_default();
        let host = host.strip_prefix("[::1]").map_or(host, |_| "localhost");
        ["localhost", "127.0.0.1"].contains(&host.split(':').next().unwrap_or_default())
    }

    /// What is wrong with it, if anything.
    pub fn problem(self) -> Option<Message> {
        let is_safe = self.0.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
        if self.0.chars().any(|c| c.is_whitespace() || c.is_control()) {
            Some(Message::new("posting-blanks"))
        } else if is_safe || self.is_local() {
            None
        } else {
            Some(Message::new("posting-insecure"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_safe_or_local_and_shown_nowhere() {
        for (address, is_fine) in [
            ("https://hooks.example.com/T0/secret", true),
            ("http://hooks.example.com/T0/secret", false),
            ("http://127.0.0.1:8080/secret", true),
            ("http://localhost/secret", true),
            ("http://[::1]:80/secret", true),
            ("http://localhost@evil.example/secret", false),
            ("http://localhost.evil.example/secret", false),
            ("http://127.0.0.1.evil.example/secret", false),
            ("ftp://x/secret", false),
            ("https://", false),
            ("https://x/sec ret", false),
            ("secret", false),
        ] {
            let problem = Address(address).problem();
            assert_eq!(problem.is_none(), is_fine, "{address}");
            assert!(problem.is_none_or(|problem| !problem.to_string().contains("secret")));
        }
        let addresses = Addresses([("A".to_owned(), "https://x/secret".to_owned())].into());
        assert_eq!(format!("{addresses:?}"), "1 addresses");
    }
}
