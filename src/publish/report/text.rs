//! Texts and numbers as a page has them.

use crate::spelling;
use serde::Serialize;

/// Texts from the data are cut after this many characters: a report is to be looked through.
const LONGEST: usize = 500;

/// A name and what is said of it.
#[derive(Serialize)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

/// A number as it is written, and as a script sorts it.
#[derive(Serialize)]
pub struct Number {
    pub text: String,
    pub sort: String,
}

/// Text from the data, on a page: on one line, cut, and with nothing in it that turns what follows.
pub fn shown(text: &str) -> String {
    spelling::cut(text, LONGEST).into_owned()
}

/// A name of the configuration as words.
pub fn spaced(name: &str) -> String {
    shown(&name.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use crate::eligibility::Exclusion;
    use crate::kpis;
    use crate::language::{Language, Texts};
    use crate::publish::list::Status;
    use crate::published::{Content, LIST};
    use crate::ranking::{Group, Tier};
    use crate::sources::Reason;

    #[test]
    fn every_word_of_the_files_has_its_text_in_every_language() {
        for language in Language::ALL {
            let texts = Texts::new(language).unwrap();
            let text = |kind: &str, word: &str| {
                let told = texts.word(kind, word);
                told.unwrap_or_else(|| panic!("{} has no {kind}-{word}", language.tag()))
            };

            for tier in [Tier::Critical, Tier::High, Tier::Medium, Tier::Low] {
                text("tier", tier.name());
            }
            for group in [Group::Contact, Group::Control] {
                text("group", group.name());
            }
            for status in [Status::New, Status::Up, Status::Down, Status::Same, Status::Returned, Status::Left] {
                text("status", status.name());
            }
            for exclusion in Exclusion::ALL {
                let told = text("exclusion", exclusion.name());
                assert!(language != Language::En || told == exclusion.words(), "{told}");
                assert_eq!(serde_json::to_value(exclusion).unwrap(), exclusion.name());
            }
            for reason in Reason::ALL {
                let told = text("quarantine", reason.name());
                assert!(language != Language::En || told == reason.words(), "{told}");
                assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
            }
            for measure in kpis::Measure::all([]) {
                text("measure", &measure.name());
            }
            for content in Content::ALL {
                let told = text("content", content.name());
                assert!(language != Language::En || told == content.meaning(), "{told}");
            }
            text("baseline", crate::evaluation::RECENCY);
        }
    }

    #[test]
    fn every_column_of_the_list_is_explained_in_every_language() {
        for language in Language::ALL {
            let texts = Texts::new(language).unwrap();
            for column in LIST {
                let told = crate::publish::workbook::meaning(*column, &texts);
                assert!(!told.contains('`') && !told.contains("]("), "{}: {column:?}: {told}", language.tag());
                let is_english = told == column.definition().meaning.replace('`', "");
                assert!(language == Language::En || !is_english, "{}: {column:?}: {told}", language.tag());
            }
        }
    }
}
