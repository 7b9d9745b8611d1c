//! Messages: a digest as its receivers read it.

mod json;
mod lines;
mod slack;
mod teams;

use super::digest::Digest;
use crate::config::Profile;
use crate::language::Texts;
use serde_json::Value;

/// A message in a language.
pub fn message(profile: Profile, digest: &Digest, texts: &Texts) -> Value {
    match profile {
        Profile::Slack => slack::message(digest, texts),
        Profile::Teams => teams::message(digest, texts),
        _ => json::message(digest, texts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Day;
    use crate::delivery::digest::Told;
    use crate::language::Language;
    use serde_json::json;

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
        parsed_in(Language::En, profile, digest)
    }

    fn parsed_in(language: Language, profile: Profile, digest: &Digest) -> (Value, String) {
        let text = message(profile, digest, &Texts::new(language).unwrap()).to_string();
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
        assert!(text.contains("rank 1 · churn probability 62.3 % · column 0 LOGINS_DROP") && text.contains("1,234.50"));

        let (json, _) = parsed(Profile::Json, &digest);
        assert_eq!((&json["schema_version"], &json["as_of"]), (&json!(1), &json!("2026-06-01")));
        let first = json!({ "rank": 1, "churn_probability": 0.623, "reason_2_code": null, "column_0": "LOGINS_DROP" });
        assert_eq!((&json["first"][4], &json["left"]), (&first, &json!(15)));
        assert_eq!((&json["language"], &json["text"]), (&json!("en"), &slack["text"]));
    }

    #[test]
    fn messages_follow_the_language_of_the_list_and_keys_and_codes_stay() {
        let of = |column: &str, value: Value| Told { column: column.to_owned(), value };
        let mut digest = digest(0, "");
        digest.first = vec![vec![
            of("rank", Value::from(1_200)),
            of("customer_id", Value::from(20_001)),
            of("churn_probability", Value::from(0.623)),
            of("probability_change", Value::from(-0.05)),
            of("risk_tier", Value::from("critical")),
            of("action_due", Value::from("2026-06-03")),
            of("reason_2_code", Value::from("LOGINS_DROP")),
            of("account_owner", Value::from("Ms. Field")),
        ]];
        let line = |language: Language| {
            let (slack, _) = parsed_in(language, Profile::Slack, &digest);
            let (teams, _) = parsed_in(language, Profile::Teams, &digest);
            let said = slack["blocks"][2]["text"]["text"].as_str().unwrap().to_owned();
            assert!(teams.to_string().contains(&said), "{teams}");
            (slack["text"].as_str().unwrap().to_owned(), said)
        };

        let (notice, said) = line(Language::De);
        assert_eq!(notice, "Abwanderungsgefährdete Kunden am 01.06.2026: 500 gelistet, 12 neu");
        assert_eq!(
            said,
            "Rang 1.200 · Kunde 20001 · Abwanderungswahrscheinlichkeit 62,3\u{a0}% · Änderung der Wahrscheinlichkeit \
             -5,0 PP · Risikostufe kritisch · Bis 03.06.2026 · Grund 2, Code LOGINS_DROP · account owner Ms. Field"
        );
        assert_eq!(line(Language::Ja).0, "2026/06/01 の解約リスク顧客：掲載 500件、新規 12件");
        assert!(line(Language::Fr).1.contains("probabilité de départ 62,3"), "{}", line(Language::Fr).1);
        assert!(line(Language::Es).1.contains("nivel de riesgo crítico"), "{}", line(Language::Es).1);

        let (json, _) = parsed_in(Language::De, Profile::Json, &digest);
        assert_eq!((&json["language"], &json["text"]), (&json!("de"), &json!(notice)));
        assert_eq!((&json["first"][0]["risk_tier"], &json["listed"]), (&json!("critical"), &json!(500)));
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
