//! The sentences of a message for people.

use crate::delivery::digest::{Digest, Told};
use crate::spelling;
use serde_json::Value;

/// The most characters of a value.
const LONGEST: usize = 100;

/// The title.
pub fn title(digest: &Digest) -> String {
    format!("Customers at risk on {}", digest.as_of)
}

/// What is counted: name and value.
pub fn counts(digest: &Digest) -> Vec<(&'static str, String)> {
    let mut counts = vec![
        ("Listed", format!("{} ({} as control group)", digest.listed, digest.control)),
        ("New", digest.new.to_string()),
        ("Returned", digest.returned.to_string()),
        ("Left the list", digest.left.to_string()),
    ];
    counts.extend(digest.expected_loss.map(|loss| ("Expected loss a month", format!("{loss:.2}"))));
    counts
}

/// What is told of a customer, in pieces of one line each: "rank 1", "churn probability 62.3 %".
pub fn pieces(customer: &[Told]) -> Vec<String> {
    customer.iter().filter(|told| !told.value.is_null()).map(piece).collect()
}

fn piece(told: &Told) -> String {
    let name = spelling::cut(&told.column, LONGEST).replace('_', " ");
    let value = match &told.value {
        Value::Number(number) if told.column.contains("probability") => {
            number.as_f64().map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share))
        }
        Value::String(text) => spelling::cut(text, LONGEST).into_owned(),
        other => other.to_string(),
    };
    format!("{name} {value}")
}

/// Joins pieces as long as they fit into so many bytes, of which each is written as `escape` says.
pub fn joined(pieces: &[String], most: usize, escape: impl Fn(&str) -> String) -> String {
    let mut line = String::new();
    for piece in pieces {
        let piece = escape(piece);
        let separator = if line.is_empty() { "" } else { " · " };
        if line.len() + separator.len() + piece.len() + "…".len() > most {
            line.push('…');
            break;
        }
        line.push_str(separator);
        line.push_str(&piece);
    }
    line
}
