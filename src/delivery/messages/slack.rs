//! A digest in Slack's Block Kit, below 13,000 characters and 50 blocks.

use super::lines::{self, Lines};
use crate::delivery::digest::Digest;
use crate::language::Texts;
use serde_json::{json, Value};

/// The most bytes of what is told of one customer; a section takes 3,000 characters.
const LONGEST: usize = 1_000;

/// The message.
pub fn message(digest: &Digest, texts: &Texts) -> Value {
    let lines = Lines::new(digest, texts);
    let counts = lines.counts();
    let fields: Vec<Value> =
        counts.iter().map(|count| text(&format!("*{}*\n{}", escaped(&count.name), escaped(&count.value)))).collect();
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": lines.title(), "emoji": false } }),
        json!({ "type": "section", "fields": fields }),
    ];

    for customer in &digest.first {
        let line = lines::joined(&lines.pieces(customer), LONGEST, escaped);
        if !line.is_empty() {
            blocks.push(json!({ "type": "section", "text": text(&line) }));
        }
    }
    let model = escaped(&lines.model());
    let foot = match &digest.link {
        Some(link) => format!("<{}|{}> · {model}", escaped(link), escaped(&lines.link())),
        None => model,
    };
    blocks.push(json!({ "type": "context", "elements": [text(&foot)] }));
    // The text is what notifications and screen readers have.
    json!({ "text": lines.notice(), "blocks": blocks })
}

/// A text in which Slack makes no links and mentions of its own.
fn text(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// A text without the three characters that command Slack: `<!here>` would call everybody.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
