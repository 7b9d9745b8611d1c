//! The same customers in every language: the same codes and numbers, in the words of that language alone.

use super::tests::{all, answers, engagement_protects, explain_with, settings, spread, typical, Person, SETTINGS};
use super::*;
use crate::config::{Instrument, Settings};
use crate::language::{Language, Numbers};
use std::collections::BTreeSet;

fn in_language(language: Language) -> Settings {
    settings(&format!("{SETTINGS}\n[list]\nlanguage = \"{}\"\n", language.tag()))
}

fn explained(language: Language, person: &Person) -> Vec<Reason> {
    let settings = in_language(language);
    let coefficients = engagement_protects(&settings);
    explain_with(&settings, &typical(), person, coefficients).0.all
}

/// Customers of whom different things are said.
fn people() -> Vec<Person> {
    let nps = |scores: &[(f64, f64)]| {
        let scores: Vec<(Instrument, f64, f64)> =
            scores.iter().map(|&(score, ago)| (Instrument::Nps, score, ago)).collect();
        typical().with("surveys", answers(&scores))
    };
    let fallen = all(&[spread(8, 0.0, 28.0, &[0.0], 1), spread(21, 28.0, 56.0, &[0.0], 1)]);
    let silent = all(&[spread(12, 44.0, 84.0, &[0.0], 1), spread(1_400, 84.0, 168.0, &[0.0], 1)]);
    vec![
        typical(),
        Person::default(),
        Person { tenure: 1.0, ..Person::default() },
        Person { tenure: 1_500.0, revenue: 1_234.5, plan: Some("basic"), ..typical() },
        Person { tenure: f64::NAN, revenue: f64::NAN, plan: None, ..typical() },
        typical().with("logins", fallen),
        typical().with("logins", silent),
        typical().with("logins", spread(6, 0.0, 168.0, &[0.0], 1)),
        typical().with("logins", spread(3_000, 0.0, 28.0, &[0.0], 1)),
        typical().with("visits", spread(42, 0.0, 168.0, &[7_500.0], 1)),
        typical().with("visits", spread(42, 0.0, 168.0, &[f64::NAN], 4)),
        typical().with("mentions", all(&[spread(5, 0.0, 28.0, &[-0.9], 1), spread(25, 28.0, 168.0, &[0.2], 1)])),
        typical().with("mentions", spread(30, 0.0, 168.0, &[0.6], 1)),
        nps(&[(4.0, 11.5), (9.0, 100.0)]),
        nps(&[(9.0, 0.5), (4.0, 100.0)]),
        nps(&[(8.0, 1.5), (8.0, 100.0)]),
    ]
}

/// The numbers of a text, in order of size, with the signs of the language taken away.
fn digits(text: &str, numbers: Numbers) -> Vec<String> {
    let text: String = text.chars().filter(|&c| c != numbers.group || numbers.group == '.' && c != '.').collect();
    let text = text.replace(numbers.decimal, ".");
    let runs = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    let mut found: Vec<String> =
        runs.map(|run| run.trim_matches('.').to_owned()).filter(|run| !run.is_empty()).collect();
    found.sort();
    found
}

#[test]
fn every_language_says_the_same_numbers_under_the_same_codes() {
    let english = Language::En.numbers_in_sentences();
    for (number, person) in people().iter().enumerate() {
        let originals = explained(Language::En, person);
        for language in Language::ALL {
            let told = explained(language, person);
            assert_eq!(told.len(), originals.len());
            for (original, told) in originals.iter().zip(told) {
                let place = format!("{}, person {number}, {}: {}", language.tag(), told.code, told.text);
                assert_eq!((&told.code, told.contribution), (&original.code, original.contribution), "{place}");
                assert_eq!(
                    digits(&told.text, language.numbers_in_sentences()),
                    digits(&original.text, english),
                    "{place}"
                );
                assert!(!told.text.contains(['[', '{', '}', '$']), "{place}");
                assert!(language == Language::En || told.text != original.text, "{place}");
            }
        }
    }
}

#[test]
fn a_japanese_sentence_has_no_words_but_japanese_ones_and_names() {
    let names: BTreeSet<&str> = [
        "logins", "Logins", "visits", "Visits", "mentions", "Mentions", "surveys", "Surveys", "channel", "Channel",
        "duration", "s", "monthly", "Monthly", "revenue", "plan", "Plan", "basic", "pro", "NPS", "CSAT", "CES",
    ]
    .into();
    for person in people() {
        for reason in explained(Language::Ja, &person) {
            let mut words = reason.text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
            let found = words.find(|word| !names.contains(word));
            assert_eq!(found, None, "{}", reason.text);
        }
    }
}

#[test]
fn sentences_read_as_the_language_has_them() {
    let fallen = all(&[spread(8, 0.0, 28.0, &[0.0], 1), spread(21, 28.0, 56.0, &[0.0], 1)]);
    let person = typical().with("logins", fallen);
    let said = |person: &Person, code: &str| {
        Language::ALL.map(|language| {
            let told = explained(language, person);
            told.into_iter().find(|reason| reason.code == code).map(|reason| reason.text).unwrap_or_default()
        })
    };
    assert_eq!(
        said(&person, "LOGINS_DROP"),
        [
            "Logins fell from 21 to 8 in 28 days",
            "Logins が直近28日間で21件から8件に減少",
            "Logins: Rückgang von 21 auf 8 in 28 Tagen",
            "Logins\u{a0}: baisse de 21 à 8 en 28 jours",
            "Logins: descenso de 21 a 8 en 28 días",
        ]
    );

    let rich = Person { revenue: 1_234.5, ..typical() };
    assert_eq!(
        said(&rich, "MONTHLY_REVENUE_HIGH"),
        [
            "Monthly revenue is high: 1,234.5; usually 100",
            "Monthly revenue が高い：1,234.5（通常 100）",
            "Monthly revenue hoch: 1.234,5; üblich: 100",
            "Monthly revenue élevé\u{a0}: 1\u{202f}234,5\u{202f}; d’ordinaire 100",
            "Monthly revenue alto: 1234,5; lo habitual: 100",
        ]
    );
}
