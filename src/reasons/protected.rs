//! Columns whose names look like a protected attribute: a person who is told "gender is female" as a reason for a call
//! has been told too much. Whether a model may use them is for its owners to decide; whether a list tells them,
//! `[reasons] untold` says.

use crate::sources::Levels;

/// Words of a column's name, in small letters: those that begin with one of these,
const STEMS: [&str; 20] = [
    "birth",
    "citizenship",
    "disab",
    "ethnic",
    "gender",
    "handicap",
    "immigra",
    // A pension, not `invalid_logins`.
    "invalidez",
    "invalidit",
    "marital",
    "matern",
    "nationalit",
    "pregnan",
    "racial",
    "religi",
    "senior",
    "sexual",
    "transgender",
    "veteran",
    "geschlecht",
];
/// or are one of these. `genre` is not among them: in French it may be a gender, everywhere else it is a kind of film.
const WORDS: [&str; 12] =
    ["age", "ages", "alter", "caste", "creed", "dob", "faith", "naissance", "race", "sex", "sexe", "sexo"];
/// What stands before or after `partner` where that is whom somebody lives with, and no reseller.
const OF_A_COUPLE: [&str; 6] = ["domestic", "has", "life", "status", "with", "without"];
/// A column called `partner` alone is about a couple if it has no more levels: "yes" and "no".
const FLAG: usize = 2;

/// A column, as it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many levels it has; none of a number.
    pub levels: Option<usize>,
}

impl<'a> Named<'a> {
    /// A column of numbers.
    pub fn numeric(name: &'a str) -> Named<'a> {
        Named { name, levels: None }
    }

    /// A column of texts.
    pub fn categorical(name: &'a str, levels: &Levels) -> Named<'a> {
        Named { name, levels: Some(levels.names.len()) }
    }

    /// Whether it looks like a protected attribute.
    pub fn is_protected(self) -> bool {
        let name = super::language::spaced(self.name).to_lowercase();
        let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        words.iter().any(|word| WORDS.contains(word) || STEMS.iter().any(|stem| word.starts_with(stem)))
            || self.is_about_a_couple(&words)
    }

    fn is_about_a_couple(self, words: &[&str]) -> bool {
        match words {
            ["partner"] => self.levels.is_none_or(|levels| levels <= FLAG),
            _ => words.windows(2).any(|pair| match pair {
                [other, "partner"] | ["partner", other] => OF_A_COUPLE.contains(other),
                _ => false,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_word_by_word() {
        for (name, is_protected) in [
            ("age", true),
            ("AgeBand", true),
            ("age_group", true),
            ("message_age_less", true),
            ("Gender", true),
            ("customer_gender", true),
            ("sexe", true),
            ("SeniorCitizen", true),
            ("MaritalStatus", true),
            ("birth_date", true),
            ("invalidity", true),
            ("invalidité", true),
            ("Invaliditätsgrad", true),
            ("has_partner", true),
            ("HasPartner", true),
            ("lives_with_partner", true),
            ("partner_status", true),
            ("plan", false),
            ("page_views", false),
            ("average", false),
            ("usage", false),
            ("language", false),
            ("package", false),
            ("region", false),
            ("sexton", false),
            ("genre", false),
            ("favourite_genre", false),
            ("partner_id", false),
            ("channel_partner", false),
            ("partner_tier", false),
            ("partners", false),
            ("invalid_logins", false),
            ("invalid", false),
            ("invalidated_at", false),
        ] {
            assert_eq!(Named { name, levels: Some(5) }.is_protected(), is_protected, "{name}");
        }
    }

    #[test]
    fn a_partner_of_two_levels_is_a_couple_and_of_many_a_reseller() {
        for (levels, is_protected) in [(None, true), (Some(2), true), (Some(3), false), (Some(40), false)] {
            assert_eq!(Named { name: "Partner", levels }.is_protected(), is_protected, "{levels:?}");
        }
    }
}
