//! What has become of a delivery.

use super::undelivered;
use crate::calendar::Day;
use crate::config::DeliveryKind;
use crate::error::Error;
use crate::language::Message;
use serde::{Serialize, Serializer};
use std::path::PathBuf;

/// A delivery of a list.
#[derive(Debug, Serialize)]
pub struct Delivered {
    /// Its name in the configuration.
    pub name: String,
    /// Its kind.
    pub kind: DeliveryKind,
    /// The date of the list.
    pub as_of: Day,
    /// What has become of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What has become of a delivery.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Files are written.
    Written {
        /// Their folder.
        folder: PathBuf,
        /// Their names.
        files: Vec<String>,
        /// Customers with values.
        customers: usize,
        /// Customers who have left the list since the delivery before, without values.
        cleared: usize,
        /// Customers left out because nothing has changed.
        unchanged: usize,
        /// Customers left out because they have no key, or one that a customer before them has.
        without_key: usize,
    },
    /// The message is posted.
    Posted,
    /// The same list was posted before.
    PostedBefore,
    /// A list of a later date has been delivered.
    Older {
        /// That date.
        newest: Day,
    },
    /// The variable with the address is not set.
    NoAddress {
        /// The variable.
        variable: String,
    },
    /// The message could not be posted.
    Undelivered {
        /// Why not.
        why: Message,
        /// Where it is kept.
        kept: PathBuf,
    },
    /// Something else went wrong.
    Failed {
        /// What.
        #[serde(serialize_with = "as_text")]
        error: Error,
    },
}

fn as_text<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}

impl Delivered {
    /// What a person should know of it, if anything.
    pub fn advice(&self) -> Option<Message> {
        let Delivered { name, as_of, .. } = self;
        let again = undelivered::command(name, *as_of);
        Some(match &self.outcome {
            Outcome::Written { without_key, .. } if *without_key > 0 => {
                Message::new("delivery-without-key").text("name", name).count("customers", *without_key)
            }
            Outcome::Written { .. } | Outcome::Posted | Outcome::PostedBefore => return None,
            Outcome::Older { newest } => {
                Message::new("delivery-older").text("name", name).day("date", *as_of).day("newest", *newest)
            }
            Outcome::NoAddress { variable } => {
                Message::new("delivery-no-address").text("name", name).text("variable", variable).text("command", again)
            }
            Outcome::Undelivered { why, kept } => Message::new("delivery-not-posted")
                .text("name", name)
                .message("why", why)
                .text("file", kept.display().to_string())
                .text("command", again),
            Outcome::Failed { error } => {
                Message::new("delivery-failed").text("name", name).text("why", error.to_string()).text("command", again)
            }
        })
    }

    /// How to repeat it, if it may succeed then and nothing has been delivered.
    pub fn to_repeat(&self) -> Option<String> {
        let failed =
            matches!(self.outcome, Outcome::NoAddress { .. } | Outcome::Undelivered { .. } | Outcome::Failed { .. });
        failed.then(|| undelivered::command(&self.name, self.as_of))
    }

    /// The error of somebody who has asked for this delivery and for nothing else.
    pub fn failure(&self) -> Option<Error> {
        let told = self.advice()?.to_string();
        match &self.outcome {
            Outcome::Written { .. } | Outcome::Posted | Outcome::PostedBefore => None,
            Outcome::Older { .. } | Outcome::NoAddress { .. } => Some(Error::Config(told)),
            Outcome::Undelivered { .. } => Some(Error::Temporary(told)),
            Outcome::Failed { error } => Some(error.reworded(told)),
        }
    }
}
