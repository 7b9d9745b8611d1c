//! How far each concept has moved the mean log-odds between two samples of rows under one model.

use super::catalogue::{self, Concept, Family};
use super::language::Speech;
use super::UNTOLD;
use crate::config::Signal;
use crate::features::Catalogue;
use crate::language::Texts;
use crate::model::design::recipe::Term;
use crate::numeric;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The part of a concept in the shift of the mean log-odds.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    /// What its reason codes begin with, and which part of its signal it is about.
    pub code: String,
    /// What it is called, in the language of the list.
    pub name: String,
    /// Log-odds.
    pub log_odds: f64,
}

/// The shift of each concept from the mean effects of the terms `before` to those `after`, those of columns that are
/// not told together. They sum to the difference of the mean log-odds, since every term is in one concept.
pub fn shifts(
    texts: &Arc<Texts>,
    signals: &BTreeMap<String, Signal>,
    catalogue: &Catalogue,
    terms: &[Term],
    untold: &[String],
    (before, after): (&[f64], &[f64]),
) -> Vec<Shift> {
    let speech = Speech::new(Arc::clone(texts));
    let mut shifts: Vec<Shift> = Vec::new();
    for concept in catalogue::concepts(signals, catalogue, terms, Some(&speech)) {
        let difference = |term: usize| Some(after.get(term)? - before.get(term)?);
        let log_odds = numeric::sum(concept.parts.iter().filter_map(|part| difference(part.term)));
        let is_untold = concept.column.as_ref().is_some_and(|column| untold.contains(column));
        match shifts.iter_mut().find(|shift| is_untold && shift.code == UNTOLD) {
            Some(shift) => shift.log_odds += log_odds,
            None if is_untold => {
                shifts.push(Shift { code: UNTOLD.to_owned(), name: texts.text("concept-untold"), log_odds });
            }
            None => shifts.push(Shift { code: code_of(&concept), name: name_of(&speech, &concept), log_odds }),
        }
    }
    shifts
}

/// The concepts of one signal share the prefix of their codes.
pub(super) fn code_of(concept: &Concept) -> String {
    let part = match concept.family {
        Family::Value => "_VALUE",
        Family::Categories => "_CATEGORIES",
        Family::Mood => "_MOOD",
        Family::Volume | Family::Score | Family::Tenure | Family::Number | Family::Level => "",
    };
    format!("{}{part}", concept.prefix)
}

fn name_of(speech: &Speech, concept: &Concept) -> String {
    let words = &concept.words;
    match concept.family {
        Family::Volume => words.rows.many.clone(),
        Family::Value | Family::Categories | Family::Mood => {
            speech.phrase("concept-of").rows(&words.rows).subject(&words.subject).say()
        }
        Family::Tenure => speech.word("concept-tenure"),
        Family::Score | Family::Number | Family::Level => words.subject.one.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{catalogue, settings, terms, SETTINGS};
    use super::*;
    use crate::language::Language;

    #[test]
    fn shifts_sum_to_that_of_the_mean_and_are_named_as_in_reasons() {
        let settings = settings(SETTINGS);
        let (catalogue, terms) = (catalogue(&settings), terms(&settings));
        let texts = Arc::new(Texts::new(Language::En).unwrap());
        let before: Vec<f64> = (0..terms.len()).map(|term| (term as f64 * 0.37).sin()).collect();
        let after: Vec<f64> = (0..terms.len()).map(|term| (term as f64 * 0.91).cos()).collect();
        let of = |untold: &[String]| shifts(&texts, &settings.signals, &catalogue, &terms, untold, (&before, &after));
        let expected = after.iter().sum::<f64>() - before.iter().sum::<f64>();

        let told = of(&[]);
        let sum = |shifts: &[Shift]| shifts.iter().map(|shift| shift.log_odds).sum::<f64>();
        assert!((sum(&told) - expected).abs() < 1e-9);
        let name = |code: &str| told.iter().find(|shift| shift.code == code).map(|shift| shift.name.as_str());
        assert_eq!(name("LOGINS"), Some("logins"));
        assert_eq!(name("SURVEY_NPS"), Some("NPS"));
        assert_eq!(name("PLAN"), Some("plan"));
        assert_eq!(name("MENTIONS_MOOD"), Some("mood of mentions"));
        assert_eq!(told.iter().filter(|shift| shift.code.starts_with("VISITS")).count(), 3);

        let untold = of(&["plan".to_owned(), "monthly_revenue".to_owned()]);
        assert!(untold.iter().all(|shift| shift.code != "PLAN" && !shift.name.contains("revenue")));
        assert_eq!(untold.iter().filter(|shift| shift.code == UNTOLD).count(), 1);
        assert!((sum(&untold) - expected).abs() < 1e-9);
    }
}
