//! A delivery of kind webhook: a message is posted once for each list, and put aside if nobody takes it.
//!
//! What was posted is noted in `.delivered/NAME.json` in the folder of lists, and a message that was not in
//! `undelivered/NAME-DATE.json`. Neither holds the address.

use super::address::Addresses;
use super::digest::Digest;
use super::messages;
use super::outcome::Outcome;
use super::post::{post, Patience};
use super::run::PublishedList;
use crate::calendar::Day;
use crate::config::Delivery;
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::files::{self, Lock};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const POSTED: &str = ".delivered";
const UNDELIVERED: &str = "undelivered";

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

    let body = messages::body(delivery.profile, &Digest::new(delivery, list)?);
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
        Some(problem) => Err(format!("{problem}; correct the variable {variable}")),
        None => post(address, &body, patience, courier.now),
    };
    let kept = courier.lists.join(UNDELIVERED).join(format!("{name}-{}.json", list.as_of));
    match answer {
        Ok(()) => {
            posted.lists.insert(list.as_of, identity);
            posted.write()?;
            // It may never have been there.
            let _ = fs::remove_file(kept);
            Ok(Outcome::Posted)
        }
        Err(why) => {
            keep(&kept, name, delivery, list.as_of, &why, &body)?;
            Ok(Outcome::Undelivered { why, kept })
        }
    }
}

/// Puts a message aside.
fn keep(path: &Path, name: &str, delivery: &Delivery, as_of: Day, why: &str, body: &str) -> Result<()> {
    let body: serde_json::Value = serde_json::from_str(body).map_err(|e| Error::Internal(e.to_string()))?;
    let letter = json!({
        "delivery": name, "profile": delivery.profile, "as_of": as_of, "why": why, "message": body,
    });
    path.parent().map_or(Ok(()), files::create_folder)?;
    let text = serde_json::to_string_pretty(&letter).map_err(|e| Error::Internal(e.to_string()))?;
    files::write_atomically(path, (text + "\n").as_bytes())
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
