//! A digest in Slack's Block Kit, below 13,000 characters and 50 blocks.

use super::lines;
use crate::delivery::digest::Digest;
use serde_json::{json, Value};

/// The most bytes of what is told of one customer; a section takes 3,000 characters.
const LONGEST: usize = 1_000;

/// The message.
pub fn message(digest: &Digest) -> Value {
    let title = lines::title(digest);
    let fields: Vec<Value> = lines::counts(digest)
        .iter()
        .map(|(name, value)| text(&format!("*{}*\n{}", escaped(name), escaped(value))))
        .collect();
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": title, "emoji": false } }),
        json!({ "type": "section", "fields": fields }),
    ];

    for customer in &digest.first {
        let line = lines::joined(&lines::pieces(customer), LONGEST, escaped);
        if !line.is_empty() {
            blocks.push(json!({ "type": "section", "text": text(&line) }));
        }
    }
    let model = format!("Model {}", escaped(&digest.model_version));
    let foot = match &digest.link {
        Some(link) => format!("<{}|Read more> · {model}", escaped(link)),
        None => model,
    };
    blocks.push(json!({ "type": "context", "elements": [text(&foot)] }));
    // The text is what notifications and screen readers have.
    json!({ "text": format!("{title}: {} listed, {} new", digest.listed, digest.new), "blocks": blocks })
}

/// A text in which Slack makes no links and mentions of its own.
fn text(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// A text without the three characters that command Slack: `<!here>` would call everybody.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
