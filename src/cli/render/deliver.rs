//! Deliveries.

use crate::delivery::{Delivered, Outcome};
use crate::language::Texts;

/// A line for each delivery, in the language of the list. Why one was not made is told as a note or an error.
pub fn delivered(deliveries: &[Delivered], texts: &Texts) -> String {
    deliveries.iter().filter_map(|delivered| line(delivered, texts)).map(|line| line + "\n").collect()
}

fn line(delivered: &Delivered, texts: &Texts) -> Option<String> {
    let mut values =
        vec![("date", texts.language().date(delivered.as_of).into()), ("name", delivered.name.as_str().into())];
    let key = match &delivered.outcome {
        Outcome::Written { folder, files, customers, cleared, unchanged, .. } => {
            let file = match files.as_slice() {
                [file] => folder.join(file).display().to_string(),
                files => {
                    let count = texts.with("summary-file-count", &[("files", files.len().into())]);
                    format!("{} ({count})", folder.display())
                }
            };
            values.extend([
                ("customers", (*customers).into()),
                ("cleared", (*cleared).into()),
                ("unchanged", (*unchanged).into()),
                ("files", file.into()),
            ]);
            if *unchanged > 0 {
                "delivered-changes"
            } else {
                "delivered-files"
            }
        }
        Outcome::Posted => "delivered-posted",
        Outcome::PostedBefore => "delivered-posted-before",
        Outcome::Older { .. } => return None,
        Outcome::NoAddress { .. } | Outcome::Undelivered { .. } | Outcome::Failed { .. } => {
            values.push(("command", delivered.to_repeat()?.into()));
            "delivered-not"
        }
    };
    Some(texts.with(key, &values))
}
