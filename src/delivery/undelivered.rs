//! What is still to be delivered: `undelivered/NAME-DATE.json` in the folder of lists, from the run that could not
//! deliver until that list or a later one has been delivered. It holds the message, if it is one, and never its
//! address.

use crate::calendar::Day;
use crate::config::Profile;
use crate::error::{Error, Result};
use crate::files;
use crate::language::{KeptMessage, Message};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use std::fs;
use std::path::{Path, PathBuf};

const FOLDER: &str = "undelivered";

/// A list that has not been delivered.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Undelivered {
    /// The name of the delivery.
    #[serde(rename = "delivery")]
    pub name: String,
    /// The date of the list.
    pub as_of: Day,
    /// Why not.
    #[serde(flatten)]
    pub why: Why,
}

/// Why a list has not been delivered: in the file as an English sentence, and beside it as a message for lists in other
/// languages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "WhyInFile", into = "WhyInFile")]
pub struct Why(pub Message);

#[derive(Serialize, Deserialize)]
struct WhyInFile {
    why: Message,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why_message: Option<KeptMessage>,
}

impl From<WhyInFile> for Why {
    fn from(WhyInFile { why, why_message }: WhyInFile) -> Why {
        Why(why_message.map_or(why, |KeptMessage(message)| message))
    }
}

impl From<Why> for WhyInFile {
    fn from(Why(why): Why) -> WhyInFile {
        WhyInFile { why_message: why.kept(), why }
    }
}

impl Undelivered {
    /// Everything that is noted of deliveries with these names, by name and date. A file that is no such note is passed
    /// over.
    pub fn read<'a>(lists: &Path, names: impl IntoIterator<Item = &'a String>) -> Vec<Undelivered> {
        let names: Vec<&String> = names.into_iter().collect();
        let files = fs::read_dir(lists.join(FOLDER)).into_iter().flatten().flatten();
        let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
        let noted = texts.filter_map(|text| serde_json::from_str::<Undelivered>(&text).ok());
        let mut noted: Vec<Undelivered> = noted.filter(|noted| names.contains(&&noted.name)).collect();
        noted.sort_unstable_by(|a, b| (&a.name, a.as_of).cmp(&(&b.name, b.as_of)));
        noted
    }

    /// Notes a list with the message that was not posted, if it is one. Returns the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, lists: &Path, profile: Profile, message: Option<&Value>) -> Result<PathBuf> {
        let folder = lists.join(FOLDER);
        let Undelivered { name, as_of, why } = self;
        let path = folder.join(format!("{name}-{as_of}.json"));
        let mut note = serde_json::to_value(why).map_err(|e| Error::Internal(e.to_string()))?;
        note["delivery"] = json!(name);
        note["profile"] = json!(profile);
        note["as_of"] = json!(as_of);
        if let Some(message) = message {
            note["message"] = message.clone();
        }

        files::create_folder(&folder)?;
        let text = serde_json::to_string_pretty(&note).map_err(|e| Error::Internal(e.to_string()))?;
        files::write_atomically(&path, (text + "\n").as_bytes())?;
        Ok(path)
    }

    /// What a person should know of it.
    pub fn advice(&self) -> Message {
        let Undelivered { name, as_of, why } = self;
        Message::new("delivery-still-lacks")
            .text("name", name)
            .day("date", *as_of)
            .message("why", &why.0)
            .text("command", command(name, *as_of))
    }
}

/// Forgets the notes of a delivery that has been made, and of earlier dates, which it has overtaken.
pub fn clear(lists: &Path, name: &str, as_of: Day) {
    for noted in Undelivered::read(lists, [&name.to_owned()]).iter().filter(|noted| noted.as_of <= as_of) {
        // What cannot be removed is told once more, and removed by the next delivery.
        let _ = fs::remove_file(lists.join(FOLDER).join(format!("{name}-{}.json", noted.as_of)));
    }
}

/// How a delivery is repeated.
pub fn command(name: &str, as_of: Day) -> String {
    format!("`churn deliver --as-of {as_of} --to {name}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_stay_until_their_list_or_a_later_one_is_delivered() {
        let lists = tempfile::tempdir().unwrap();
        let at = lists.path();
        let names = ["crm".to_owned(), "team".to_owned()];
        assert!(Undelivered::read(at, &names).is_empty());

        let noted =
            |name: &str, day: i32| Undelivered { name: name.to_owned(), as_of: Day(day), why: Why("full".into()) };
        for noted in [noted("team", 1), noted("crm", 2), noted("crm", 1), noted("other", 1)] {
            noted.write(at, Profile::Slack, Some(&json!({ "text": "x" }))).unwrap();
        }
        fs::write(at.join(FOLDER).join("crm-notes.json"), "{").unwrap();
        assert_eq!(Undelivered::read(at, &names), [noted("crm", 1), noted("crm", 2), noted("team", 1)]);
        assert!(noted("crm", 1).advice().to_string().contains("`churn deliver --as-of 1970-01-02 --to crm`"));

        clear(at, "crm", Day(1));
        assert_eq!(Undelivered::read(at, &names), [noted("crm", 2), noted("team", 1)]);
        clear(at, "crm", Day(5));
        assert_eq!(Undelivered::read(at, &names), [noted("team", 1)]);
    }
}
