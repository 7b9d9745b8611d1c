//! `churn explain`

use super::{score, summary, Session};
use crate::calendar::Day;
use crate::config::Reference;
use crate::dataset::{self, Selection, Tables};
use crate::error::Error;
use crate::ranking::Ranking;
use crate::reasons::{Attribution, Explainer, Explanation};
use crate::registry::Registry;
use std::path::Path;

/// How many days before the as-of date the history looks at.
const HISTORY_DAYS: [i32; 5] = [84, 56, 28, 7, 0];
/// The earlier date that today is compared with.
const COMPARED_DAYS: i32 = 28;

/// What is told of one customer.
pub struct Told {
    pub customer: String,
    pub as_of: Day,
    pub model_version: String,
    /// Date, probability, rank and eligible customers of that date.
    pub history: Vec<(Day, f64, usize, usize)>,
    pub log_odds: f64,
    /// What contributions are measured against.
    pub reference: Reference,
    pub reference_log_odds: f64,
    pub now: Explanation,
    pub before: Option<(Day, Explanation)>,
    /// Every raw feature and its value now; NaN is null.
    pub raw: Vec<(String, f32)>,
}

pub fn run(
    session: &Session,
    id: &str,
    features: Option<&Path>,
    as_of: Option<Day>,
    version: Option<&str>,
) -> anyhow::Result<()> {
    let settings = session.resolve_for(features)?.settings;
    let registry = Registry::at(&settings.paths.models);
    let model = match version {
        Some(version) => registry.load(version)?,
        None => registry.load_champion()?,
    };
    let catalogue = &model.catalogue;
    let (as_of, data, customers) = match (features, as_of) {
        (Some(path), _) => {
            model.check_prepared(&settings)?;
            let input = score::from_table(session, &settings, &model, path, as_of, HISTORY_DAYS.len())?;
            (input.as_of, input.data, input.customers)
        }
        (None, Some(as_of)) => {
            model.check_compatible(&settings)?;
            let dates: Vec<Day> = HISTORY_DAYS.iter().map(|&days| as_of.plus(-days)).collect();
            let tables = Tables::open(&settings, Some(dataset::scan_days(&settings, &dates, false)))?;
            let data = score::built(session, &settings, &tables, &dates, None)?;
            (as_of, data, tables.customers)
        }
        (None, None) => return Err(Error::Config("name the date with --as-of DATE".to_owned()).into()),
    };
    let Some(entry) = customers.ids.find(id) else {
        return Err(Error::Config(format!(
            "there is no customer `{id}` among the {} of the {} table; ids are {}s there",
            customers.len(),
            if features.is_some() { "prepared" } else { "customers" },
            customers.ids.kind().name(),
        ))
        .into());
    };
    let customer = data.customer(entry as u32);
    let compared = match features {
        Some(_) => data.as_of.iter().copied().rfind(|&day| day < as_of),
        None => Some(as_of.plus(-COMPARED_DAYS)),
    };
    let mut history = Vec::new();
    let mut explanations = Vec::new();
    let (mut log_odds, mut reference_log_odds, mut raw) = (f64::NAN, f64::NAN, Vec::new());
    for &day in &data.as_of {
        let scores = model.score(&data, &customers, &Selection::scored(&data, day))?;
        let Some(position) = scores.customers.iter().position(|&c| data.customer(c) == customer) else { continue };
        let value = |c: u32| customers.value.get(c as usize).copied().filter(|v| v.is_finite());
        let ranking = Ranking::of(&settings.list, &scores.customers, &scores.probabilities, &scores.log_odds, value);
        let rank = ranking.order.iter().position(|&p| p as usize == position).map_or(0, |place| place + 1);
        history.push((day, scores.probabilities[position], rank, scores.customers.len()));
        if day == as_of || Some(day) == compared {
            let reference = score::reference(&settings, &model, &data, &customers, &scores, &ranking)?;
            let attribution = Attribution::new(model.slopes(), model.intercept, reference)?;
            let explainer = Explainer::new(&settings, catalogue, &model.terms(), attribution)?;
            let place = scores.places[position];
            explanations.push((day, score::explain(&explainer, &model, &data, &customers, place)?));
            if day == as_of {
                log_odds = scores.log_odds[position];
                reference_log_odds = explainer.reference_log_odds();
                let block = &data.blocks[place.0 as usize];
                let values = block.row(place.1 as usize)?;
                raw = catalogue.numeric.iter().map(|feature| feature.name.clone()).zip(values).collect();
            }
        }
    }
    let now = match explanations.pop() {
        Some((day, explanation)) if day == as_of => explanation,
        _ if features.is_some() => {
            return Err(Error::TooLittle(format!("customer `{id}` has no row of {as_of} in the prepared table")).into());
        }
        _ => {
            let rules = &settings.eligibility;
            return Err(Error::TooLittle(format!(
                "customer `{id}` is not eligible on {as_of}: not signed up for {} days, cancelled before, without a \
                 running contract, or without a row of any signal in {} days ([eligibility])",
                rules.min_tenure_days, rules.active_within_days,
            ))
            .into());
        }
    };
    let told = Told {
        customer: id.to_owned(),
        as_of,
        model_version: model.version.clone(),
        history,
        log_odds,
        reference: settings.list.reference,
        reference_log_odds,
        now,
        before: explanations.pop(),
        raw,
    };
    match session.json() {
        true => session.print_json(&summary::told_json(&told)),
        false => session.print(&summary::told(&told)),
    }
}
