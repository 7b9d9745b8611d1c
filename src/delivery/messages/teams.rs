//! A digest as an adaptive card for Microsoft Teams, below 21 KB.
//!
//! Values stand in text runs, in which a card reads no Markdown. Only the functions of cards, `{{DATE(…)}}`, are
//! known there.

use super::lines::{self, Lines};
use crate::delivery::digest::Digest;
use crate::language::Texts;
use serde_json::{json, Value};

/// The most bytes of what is told of one customer.
const LONGEST: usize = 1_500;

/// The message.
pub fn message(digest: &Digest, texts: &Texts) -> Value {
    let lines = Lines::new(digest, texts);
    let title =
        json!({ "type": "TextBlock", "size": "Large", "weight": "Bolder", "text": lines.title(), "wrap": true });
    let mut body = vec![title];
    for count in lines.counts() {
        body.push(runs(&[(&format!("{} ", lines.before(&count.name)), true), (&count.value, false)]));
    }
    for customer in &digest.first {
        let line = lines::joined(&lines.pieces(customer), LONGEST, str::to_owned);
        if !line.is_empty() {
            body.push(runs(&[(&line, false)]));
        }
    }
    body.push(runs(&[(&lines.model(), false)]));

    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    });
    if let Some(link) = &digest.link {
        card["actions"] = json!([{ "type": "Action.OpenUrl", "title": lines.link(), "url": link }]);
    }
    let attachment =
        json!({ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card });
    json!({ "type": "message", "attachments": [attachment] })
}

/// A line of text runs, each bold or not.
fn runs(runs: &[(&str, bool)]) -> Value {
    let run = |(text, is_bold): &(&str, bool)| {
        let weight = if *is_bold { "Bolder" } else { "Default" };
        json!({ "type": "TextRun", "text": escaped(text), "weight": weight })
    };
    json!({ "type": "RichTextBlock", "inlines": runs.iter().map(run).collect::<Vec<_>>() })
}

/// A text that calls no function of cards.
fn escaped(text: &str) -> String {
    text.replace("{{", "{ {").replace("{{", "{ {")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_calls_a_function() {
        for text in ["{{DATE(2026-01-01)}}", "{{{{DATE", "{{{", "{ {"] {
            assert!(!escaped(text).contains("{{"), "{text}: {}", escaped(text));
        }
    }
}
