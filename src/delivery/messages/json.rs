//! A digest for programs.

use super::lines::Lines;
use crate::delivery::digest::Digest;
use crate::language::Texts;
use serde_json::{json, Map, Value};

/// The version of the form, raised when a field changes its meaning. Fields may be added without that.
const VERSION: u32 = 1;

/// The message.
pub fn message(digest: &Digest, texts: &Texts) -> Value {
    let first = digest.first.iter().map(|customer| {
        customer.iter().map(|told| (told.column.clone(), told.value.clone())).collect::<Map<String, Value>>()
    });
    json!({
        "schema": "churn-risk/digest",
        "schema_version": VERSION,
        "language": texts.language(),
        "text": Lines::new(digest, texts).notice(),
        "as_of": digest.as_of,
        "model_version": digest.model_version,
        "listed": digest.listed,
        "control": digest.control,
        "new": digest.new,
        "returned": digest.returned,
        "left": digest.left,
        "expected_loss": digest.expected_loss,
        "first": first.collect::<Vec<_>>(),
        "link": digest.link,
    })
}
