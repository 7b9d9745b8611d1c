//! A delivery of kind webhook: a message is posted once for each list, and put aside if nobody takes it.
//!
//! What was posted is noted in `.delivered/NAME.json` in the folder of lists, without the address.

use super::address::Addresses;
use super::digest::Digest;
use super::messages;
use super::outcome::Outcome;
use super::post::{post, Patience};
use super::run::PublishedList;
use super::undelivered::{Undelivered, Why};
use crate::calendar::Day;
use crate::config::Delivery;
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::files::{self, Lock};
use crate::language::{Message, Texts};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const POSTED: &str = ".delivered";

/// What is known to whoever posts messages.
#[derive(Clone, Copy, Debug)]
pub struct Courier<'a> {
    /// The addresses.
    pub addresses: &'a Addresses,
    /// The folder of lists.
    pub lists: &'a Path,
    /// The time.
    pub now: Timestamp,
    /// Whether to post what was posted before.
    pub again: bool,
}

/// Posts the digest of a list.
///
/// # Errors
/// [`Error::Contract`] for a list without a column that is told, and for damaged notes; [`Error::Locked`] while
/// another run posts; those of writing.
pub fn deliver(name: &str, delivery: &Delivery, list: &PublishedList, courier: Courier<'_>) -> Result<Outcome> {
    deliver_with(name, delivery, list, courier, &Patience::NIGHTLY)
}

fn deliver_with(
    name: &str,
    delivery: &Delivery,
    list: &PublishedList,
    courier: Courier<'_>,
    patience: &Patience,
) -> Result<Outcome> {
    let variable = delivery.url_env.clone().unwrap_or_default();
    let Some(address) = courier.addresses.of(&variable) else { return Ok(Outcome::NoAddress { variable }) };

    let message = messages::message(delivery.profile, &Digest::new(delivery, list)?, &*Texts::shared(list.language)?);
    let body = message.to_string();
    let _lock = Lock::take(&courier.lists.join(POSTED))?;
    let mut posted = Posted::read(courier.lists, name)?;
    let identity = sha256(&format!("{} {body}", list.sha256));
    if !courier.again {
        if posted.lists.get(&list.as_of) == Some(&identity) {
            return Ok(Outcome::PostedBefore);
        }
        if let Some(newest) = posted.lists.keys().next_back().copied().filter(|&newest| newest > list.as_of) {
            return Ok(Outcome::Older { newest });
        }
    }

    let answer = match address.problem() {
        Some(problem) => Err(Message::new("posting-variable").message("why", problem).text("variable", variable)),
        None => post(address, &body, patience, courier.now),
    };
    match answer {
        Ok(()) => {
            posted.lists.insert(list.as_of, identity);
            posted.write()?;
            Ok(Outcome::Posted)
        }
        Err(why) => {
            let undelivered = Undelivered { name: name.to_owned(), as_of: list.as_of, why: Why(why) };
            let kept = undelivered.write(courier.lists, delivery.profile, Some(&message))?;
            Ok(Outcome::Undelivered { why: undelivered.why.0, kept })
        }
    }
}

/// Which lists were posted.
struct Posted {
    path: PathBuf,
    /// The identity of the last message of each date.
    lists: BTreeMap<Day, String>,
}

impl Posted {
    fn read(lists: &Path, name: &str) -> Result<Posted> {
        let path = lists.join(POSTED).join(format!("{name}.json"));
        let text = match fs::read_to_string(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => "{}".to_owned(),
            text => text.map_err(|e| Error::reading(&path, &e))?,
        };
        let lists = serde_json::from_str(&text).map_err(|e| {
            let advice = "Remove it; the newest list may then be posted twice";
            Error::Contract(format!("{}, which notes what was posted, cannot be read: {e}. {advice}", path.display()))
        })?;
        Ok(Posted { path, lists })
    }

    fn write(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.lists).map_err(|e| Error::Internal(e.to_string()))?;
        files::write_atomically(&self.path, (text + "\n").as_bytes())
    }
}
