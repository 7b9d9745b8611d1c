//! Deliveries.

use super::{count, counted};
use crate::delivery::{Delivered, Outcome};
use std::fmt::Write;

/// A line for each delivery that was made. The others are told as notes or errors.
pub fn delivered(deliveries: &[Delivered]) -> String {
    let mut text = String::new();
    for Delivered { name, as_of, outcome, .. } in deliveries {
        // Writing to a string cannot fail.
        let _ = match outcome {
            Outcome::Written { folder, files, customers, cleared, unchanged, .. } => {
                let mut told =
                    format!("{}, {} cleared", counted(*customers as u64, "customer"), count(*cleared as u64));
                if *unchanged > 0 {
                    told += &format!(", {} unchanged and left out", count(*unchanged as u64));
                }
                let file = if files.len() == 1 { files[0].clone() } else { counted(files.len() as u64, "file") };
                writeln!(text, "Delivered {as_of} to {name}: {told}; {}", folder.join(file).display())
            }
            Outcome::Posted => writeln!(text, "Delivered {as_of} to {name}: posted"),
            Outcome::PostedBefore => writeln!(text, "Delivered {as_of} to {name}: posted before"),
            Outcome::Older { .. }
            | Outcome::NoAddress { .. }
            | Outcome::Undelivered { .. }
            | Outcome::Failed { .. } => Ok(()),
        };
    }
    text
}
