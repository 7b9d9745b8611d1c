//! Messages: a digest as its receivers read it.

mod json;
mod lines;
mod slack;
mod teams;

use super::digest::Digest;
use crate::config::Profile;

/// The body of a message, as JSON.
pub fn body(profile: Profile, digest: &Digest) -> String {
    let message = match profile {
        Profile::Slack => slack::message(digest),
        Profile::Teams => teams::message(digest),
        _ => json::message(digest),
    };
    message.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Day;
    use crate::delivery::digest::Told;
    use serde_json::{json, Value};

    fn digest(columns: usize, text: &str) -> Digest {
        let told = |column| Told { column: format!("column_{column}"), value: Value::from(text) };
        let mut customer = vec![
            Told { column: "rank".to_owned(), value: Value::from(1) },
            Told { column: "churn_probability".to_owned(), value: Value::from(0.623) },
            Told { column: "reason_2_code".to_owned(), value: Value::Null },
        ];
        customer.extend((0..columns).map(told));
        Digest {
            as_of: Day(20_605),
            model_version: "v0001".to_owned(),
            listed: 500,
            control: 48,
            new: 12,
            returned: 3,
            left: 15,
            expected_loss: Some(1234.5),
            first: vec![customer; 5],
            link: Some("https://example.com/a?b=1&c=2".to_owned()),
        }
    }

    fn parsed(profile: Profile, digest: &Digest) -> (Value, String) {
        let text = body(profile, digest);
        (serde_json::from_str(&text).unwrap(), text)
    }

    #[test]
    fn messages_say_what_the_digest_holds() {
        let digest = digest(1, "LOGINS_DROP");
        let (slack, text) = parsed(Profile::Slack, &digest);
        assert_eq!(slack["text"], "Customers at risk on 2026-06-01: 500 listed, 12 new");
        assert_eq!(slack["blocks"].as_array().unwrap().len(), 8);
        assert_eq!(slack["blocks"][2]["text"]["text"], "rank 1 · churn probability 62.3 % · column 0 LOGINS_DROP");
        assert!(
            text.contains("<https://example.com/a?b=1&amp;c=2|Read more>")
                && text.contains("500 (48 as control group)")
        );

        let (teams, text) = parsed(Profile::Teams, &digest);
        let card = &teams["attachments"][0]["content"];
        assert_eq!(card["actions"][0]["url"], "https://example.com/a?b=1&c=2");
        assert!(text.contains("rank 1 · churn probability 62.3 % · column 0 LOGINS_DROP") && text.contains("1234.50"));

        let (json, _) = parsed(Profile::Json, &digest);
        assert_eq!((&json["schema_version"], &json["as_of"]), (&json!(1), &json!("2026-06-01")));
        let first = json!({ "rank": 1, "churn_probability": 0.623, "reason_2_code": null, "column_0": "LOGINS_DROP" });
        assert_eq!((&json["first"][4], &json["left"]), (&first, &json!(15)));
    }

    #[test]
    fn nothing_that_anybody_wrote_commands_a_receiver_or_makes_a_message_too_large() {
        for text in [
            "<!here>",
            "<@U1>",
            "a & b",
            "*x* _y_ [z](http://evil)",
            "{{DATE(2026-01-01)}}",
            "\u{202e}\n\r\t\0",
            "\"}]",
        ] {
            let text = text.repeat(60);
            let digest = digest(200, &text);
            let (slack, written) = parsed(Profile::Slack, &digest);
            assert!(written.chars().count() < 13_000, "{}", written.len());
            for block in slack["blocks"].as_array().unwrap() {
                let said = block["text"]["text"].as_str().unwrap_or_default();
                assert!(
                    said.len() <= 3_000 && !said.contains("<!") && !said.contains("<@") && !said.contains('\n'),
                    "{said}"
                );
                assert!(block["text"]["verbatim"] != json!(false));
            }

            let (teams, written) = parsed(Profile::Teams, &digest);
            assert!(written.len() < 21_000, "{}", written.len());
            for block in teams["attachments"][0]["content"]["body"].as_array().unwrap().iter().skip(1) {
                assert_eq!(block["type"], "RichTextBlock");
                for run in block["inlines"].as_array().unwrap() {
                    let said = run["text"].as_str().unwrap();
                    assert!(
                        run["type"] == "TextRun" && !said.contains("{{") && !said.contains(['\n', '\u{202e}']),
                        "{said}"
                    );
                }
            }
        }
        let without = Digest { first: Vec::new(), link: None, expected_loss: None, ..digest(0, "") };
        assert_eq!(parsed(Profile::Slack, &without).0["blocks"].as_array().unwrap().len(), 3);
        assert_eq!(parsed(Profile::Teams, &without).0["attachments"][0]["content"]["actions"], Value::Null);
    }
}
