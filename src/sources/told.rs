//! Messages about a source, which they name.

use crate::language::Message;

/// A message about a source, given as errors name it: "signal `logins`", "customers".
pub(super) fn of_source(key: &'static str, what: &str) -> Message {
    match what.strip_prefix("signal ") {
        Some(name) => Message::new(key).message("source", Message::new("source-signal").text("name", name)),
        None => Message::new(key).word("source", "source", what),
    }
}
