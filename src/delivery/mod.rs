//! Deliveries: where a published list goes besides its folder. They are made from the published files alone.
//!
//! | file | holds |
//! |---|---|
//! | `run` | a published list, read back and held against its manifest |
//! | `outcome` | what has become of a delivery |
//! | `files` | a delivery of kind csv: who is written, who is cleared |
//! | `profiles`, `parts` | what Salesforce, HubSpot and others take; the files, cut where they would be too large |
//! | `record` | what was delivered last, so that those who have left are cleared once, and nobody is forgotten |
//! | `undelivered` | what is still to be delivered, noted until it is |
//! | `webhook` | a delivery of kind webhook: posted, retried, or put aside |
//! | `address`, `post` | the secret address; one request and what to make of its answer |
//! | `digest` | what a message says of a list |
//! | `messages/` | the digest as Slack, Teams and programs read it |

mod address;
mod digest;
mod files;
mod messages;
mod outcome;
mod parts;
mod post;
mod profiles;
mod record;
mod run;
mod undelivered;
mod webhook;

pub use address::Addresses;
pub use files::deliver as deliver_files;
pub use outcome::{Delivered, Outcome};
pub use run::PublishedList;
pub use undelivered::{clear as clear_undelivered, Undelivered, Why};
pub use webhook::{deliver as deliver_message, Courier};
