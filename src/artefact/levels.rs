//! The levels of the rows at hand, held against those that a model has learned.

use super::Artefact;
use crate::language::Message;
use crate::model::design::recipe::CategoricalStep;
use crate::sources::{CustomerTable, Levels};
use crate::spelling;

/// The share of rows with levels that the model does not know above which it is told: all of them are rare ones to it.
/// A column with many rare levels at the training may have twice that share of them.
const TOLD: f64 = 0.2;
/// How many levels are named.
const NAMED: usize = 3;

impl Artefact {
    /// Of the columns whose levels are largely unknown to the model in the rows of these customers, a sentence each.
    pub fn unknown_levels(&self, customers: &CustomerTable, scored: &[u32]) -> Vec<Message> {
        let columns = self.recipe.categorical.iter().zip(&customers.categorical);
        columns.filter_map(|(step, levels)| unknown_levels(step, levels, scored)).collect()
    }
}

fn unknown_levels(step: &CategoricalStep, levels: &Levels, scored: &[u32]) -> Option<Message> {
    let known: Vec<&str> = step.baseline.iter().chain(&step.levels).map(String::as_str).collect();
    if known.is_empty() {
        return None;
    }

    let mut rows = vec![0u64; levels.names.len()];
    for &customer in scored {
        if let Some(rows) = rows.get_mut(levels.codes[customer as usize] as usize) {
            *rows += 1;
        }
    }
    let column = spelling::named(&step.feature);
    if !scored.is_empty() && rows.iter().all(|&rows| rows == 0) {
        return Some(named(Message::new("levels-none").text("column", column), "known", &known));
    }

    let is_unknown = |&code: &usize| rows[code] > 0 && !known.contains(&levels.names[code].as_str());
    let mut unknown: Vec<usize> = (0..rows.len()).filter(is_unknown).collect();
    let share = unknown.iter().map(|&code| rows[code]).sum::<u64>() as f64 / scored.len().max(1) as f64;
    if share <= TOLD.max(2.0 * step.rare_share) {
        return None;
    }

    unknown.sort_by_key(|&code| (std::cmp::Reverse(rows[code]), code));
    let examples: Vec<&str> = unknown.iter().map(|&code| levels.names[code].as_str()).collect();
    let message = Message::new("levels-unknown").text("column", column).percent("share", share, 0);
    let message = named(message, "levels", &examples);
    Some(match spelling::nearest(examples[0], &known) {
        Some(nearest) => named(message, "known", &[nearest]),
        None => named(message, "known", &known),
    })
}

/// With the first of some levels.
fn named(message: Message, name: &'static str, levels: &[&str]) -> Message {
    message.some_of(name, levels.iter().map(|level| spelling::value(level)), NAMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(rare_share: f64) -> CategoricalStep {
        CategoricalStep {
            feature: "plan".to_owned(),
            baseline: Some("Month-to-month".to_owned()),
            levels: vec!["Two years".to_owned()],
            other: rare_share > 0.0,
            rare_share,
        }
    }

    /// What is said of rows with these levels.
    fn said(rare_share: f64, rows: &[Option<&str>]) -> Option<String> {
        let mut names: Vec<String> = rows.iter().flatten().map(|name| (*name).to_owned()).collect();
        names.sort();
        names.dedup();
        let code = |name: &Option<&str>| match name {
            Some(name) => names.iter().position(|known| known == name).unwrap() as u32,
            None => crate::sources::NO_LEVEL,
        };
        let codes = rows.iter().map(code).collect();
        let scored: Vec<u32> = (0..rows.len() as u32).collect();
        unknown_levels(&step(rare_share), &Levels { names, codes }, &scored).map(|told| told.to_string())
    }

    #[test]
    fn levels_that_are_spelt_otherwise_are_told() {
        let text = said(0.0, &[Some("month-to-month"), Some("month-to-month"), Some("two years")]).unwrap();
        for part in ["`plan`: 100 % of the rows", "`month-to-month`, `two years`", "it knows `Month-to-month`."] {
            assert!(text.contains(part), "{text}");
        }
        let text = said(0.0, &[Some("Two years"), Some("Two years\u{a0}"), None]).unwrap();
        assert!(text.contains("33 % of the rows") && text.contains("\"Two years\\u00a0\""), "{text}");
        assert!(said(0.0, &[None, None]).unwrap().contains("no row has a level"));
    }

    #[test]
    fn rare_levels_are_no_news() {
        let few: Vec<Option<&str>> = (0..10).map(|row| Some(if row < 3 { "rare" } else { "Two years" })).collect();
        assert!(said(0.0, &few).is_some());
        assert_eq!(said(0.15, &few), None);
        assert_eq!(said(0.0, &[Some("Two years"), Some("Month-to-month"), None]), None);
        assert_eq!(said(0.0, &[]), None);
    }
}
