//! What the receivers of files take.

use crate::config::Profile;
use csv::Terminator;

/// How the files of a receiver are written.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// What stands for no value, so that the receiver clears its own.
    pub none: &'static str,
    /// How a line ends.
    pub terminator: Terminator,
    /// The most bytes of a file.
    pub bytes: u64,
    /// The most rows of a file, without its head.
    pub rows: u64,
}

impl Form {
    /// Of a receiver.
    pub fn of(profile: Profile) -> Form {
        match profile {
            // An empty cell leaves a field as it is. An upload of the Bulk API 2.0 has 150 MB in base64, which makes
            // four bytes of three.
            Profile::Salesforce => {
                Form { none: "#N/A", terminator: Terminator::Any(b'\n'), bytes: 100_000_000, rows: u64::MAX }
            }
            // Its import takes 1,048,576 rows, of which one is the head, and 512 MB.
            Profile::HubSpot => Form { none: "", terminator: Terminator::CRLF, bytes: 500_000_000, rows: 1_048_575 },
            _ => Form { none: "", terminator: Terminator::CRLF, bytes: u64::MAX, rows: u64::MAX },
        }
    }
}
