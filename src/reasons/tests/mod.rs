//! Reasons for made-up customers whose every event is known, so that whatever a text says can be checked.

use super::*;
use crate::artefact::Row;
use crate::config::{Instrument, Settings};
use crate::features::Feature;
use crate::language::Language;
use crate::model::design::recipe::{CategoricalStep, NumericStep, Recipe, Role, Source, Transform};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

mod changes;
mod improvements;
mod sentences;
mod truth;
mod usual;

pub(super) const SETTINGS: &str = r#"
[customers]
path = "customers.parquet"
id = "id"
signup = "signup"
numeric = ["monthly_revenue"]
categorical = ["plan"]
[churn]
path = "churn.parquet"
id = "id"
time = "churned_on"
[signals.logins]
kind = "event"
path = "logins"
id = "id"
time = "ts"
[signals.visits]
kind = "amount"
path = "visits"
id = "id"
time = "ts"
value = "duration_s"
unit = "seconds"
category = "channel"
[signals.mentions]
kind = "sentiment"
path = "mentions"
id = "id"
time = "ts"
value = "sentiment"
[signals.surveys]
kind = "survey"
path = "surveys"
id = "id"
time = "ts"
value = "score"
instrument = "kind"
"#;

/// The settings with features of the whole history.
pub(super) fn lifetime() -> Settings {
    settings(&format!("{SETTINGS}[features]\nlifetime = true\n"))
}

pub(super) fn settings(text: &str) -> Settings {
    Settings::from_toml_str(text, Path::new("")).unwrap()
}

pub(super) fn catalogue(settings: &Settings) -> Catalogue {
    Catalogue::new(&settings.signals, &settings.features, settings.customers.as_ref())
}

pub(super) fn terms(settings: &Settings) -> Vec<Term> {
    recipe(settings, &typical()).terms()
}

/// One row of a signal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    days_ago: f64,
    value: f64,
    category: u32,
    instrument: Instrument,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub events: BTreeMap<&'static str, Vec<Event>>,
    pub tenure: f64,
    pub revenue: f64,
    pub plan: Option<&'static str>,
}

impl Person {
    /// With these events instead of a signal's own.
    pub fn with(mut self, signal: &'static str, events: Vec<Event>) -> Person {
        self.events.insert(signal, events);
        self
    }

    fn within(&self, signal: &str, from: f64, to: f64) -> Vec<Event> {
        let events = self.events.get(signal).into_iter().flatten();
        let mut events: Vec<Event> = events.copied().filter(|e| from < e.days_ago && e.days_ago <= to).collect();
        events.sort_by(|a, b| a.days_ago.total_cmp(&b.days_ago));
        events
    }

    /// The feature as the catalogue of features defines it, written for clarity.
    fn feature(&self, feature: &Feature, look_back: f64) -> f32 {
        let signal = feature.signal.as_deref().unwrap_or_default();
        let days = feature.window_days.map_or(look_back, f64::from);
        let events = self.within(signal, 0.0, days);
        let values: Vec<f64> = events.iter().map(|e| e.value).filter(|v| !v.is_nan()).collect();
        let scores: Vec<&Event> = events.iter().filter(|e| Some(e.instrument) == feature.instrument).collect();
        let count = events.len() as f64;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;

        let value = match feature.measure {
            Measure::Count => count,
            Measure::ActiveDays => {
                events.iter().map(|e| e.days_ago.ceil() as u32).collect::<BTreeSet<_>>().len() as f64
            }
            Measure::DaysSinceLast => events.first().map_or(f64::NAN, |e| e.days_ago),
            Measure::Trend => ((count + 1.0) / (self.within(signal, days, 2.0 * days).len() as f64 + 1.0)).ln(),
            Measure::MeanGap if count < 2.0 => f64::NAN,
            Measure::MeanGap => (events[events.len() - 1].days_ago - events[0].days_ago) / (count - 1.0),
            Measure::Sum => values.iter().sum(),
            Measure::Mean => mean(&values),
            Measure::Categories => events.iter().map(|e| e.category).collect::<BTreeSet<_>>().len() as f64,
            Measure::NegativeShare => mean(&values.iter().map(|&v| f64::from(u8::from(v < -0.2))).collect::<Vec<_>>()),
            Measure::SurveyLast => scores.first().map_or(f64::NAN, |e| e.value),
            Measure::SurveyMean => mean(&scores.iter().map(|e| e.value).collect::<Vec<_>>()),
            Measure::SurveyChange => scores.get(1).map_or(f64::NAN, |before| scores[0].value - before.value),
            Measure::SurveyDaysSinceLast => scores.first().map_or(f64::NAN, |e| e.days_ago),
            Measure::Tenure => self.tenure,
            Measure::Numeric => self.revenue,
            measure => self.of_lifetime(signal, measure),
        };

        value as f32
    }

    fn of_lifetime(&self, signal: &str, measure: Measure) -> f64 {
        let events = self.within(signal, 0.0, f64::INFINITY);
        let gaps: Vec<f64> = events.windows(2).map(|pair| pair[1].days_ago - pair[0].days_ago).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let values: Vec<f64> = events.iter().map(|e| e.value).filter(|v| !v.is_nan()).collect();
        match measure {
            Measure::LifetimeCount => events.len() as f64,
            Measure::LifetimeActiveDays => {
                events.iter().map(|e| e.days_ago.ceil() as u32).collect::<BTreeSet<_>>().len() as f64
            }
            Measure::LifetimeSum => values.iter().sum(),
            Measure::LifetimeMean => values.iter().sum::<f64>() / values.len() as f64,
            Measure::LifetimeNegativeShare => values.iter().filter(|&&v| v < -0.2).count() as f64 / values.len() as f64,
            Measure::LifetimeCategories => events.iter().map(|e| e.category).collect::<BTreeSet<_>>().len() as f64,
            Measure::GapMean => mean,
            Measure::GapSd => {
                let squares: f64 = gaps.iter().map(|gap| (gap - mean).powi(2)).sum();
                if gaps.len() < 2 {
                    f64::NAN
                } else {
                    (squares / (gaps.len() - 1) as f64).sqrt()
                }
            }
            Measure::GapLongest => gaps.iter().copied().fold(f64::NAN, f64::max),
            Measure::DaysSinceLastOverGap => events.first().map_or(f64::NAN, |e| e.days_ago / mean),
            other => panic!("{other:?} is not of the whole history"),
        }
    }

    fn raw(&self, settings: &Settings) -> Vec<f32> {
        let look_back = f64::from(settings.features.look_back_days());
        catalogue(settings).numeric.iter().map(|feature| self.feature(feature, look_back)).collect()
    }
}

/// So many events, evenly between two ages in days; values and categories come round in turn.
pub(super) fn spread(count: u32, from: f64, to: f64, values: &[f64], categories: u32) -> Vec<Event> {
    (0..count)
        .map(|i| Event {
            days_ago: from + (to - from) * (f64::from(i) + 0.5) / f64::from(count),
            value: values[i as usize % values.len()],
            category: i % categories,
            instrument: Instrument::Nps,
        })
        .collect()
}

/// Several spreads after one another.
pub(super) fn all(parts: &[Vec<Event>]) -> Vec<Event> {
    parts.concat()
}

pub(super) fn answers(scores: &[(Instrument, f64, f64)]) -> Vec<Event> {
    scores.iter().map(|&(instrument, value, days_ago)| Event { days_ago, value, category: 0, instrument }).collect()
}

/// Somebody like everybody.
pub(super) fn typical() -> Person {
    let survey = Instrument::ALL.map(|i| answers(&[(i, i.scale()[1] - 2.0, 30.0), (i, i.scale()[1] - 2.0, 120.0)]));
    Person { tenure: 400.0, revenue: 100.0, plan: Some("pro"), ..Person::default() }
        .with(
            "logins",
            all(&[
                spread(14, 0.0, 28.0, &[0.0], 1),
                spread(13, 28.0, 56.0, &[0.0], 1),
                spread(56, 56.0, 168.0, &[0.0], 1),
            ]),
        )
        .with("visits", spread(42, 0.0, 168.0, &[300.0], 3))
        .with("mentions", spread(30, 0.0, 168.0, &[0.2], 1))
        .with("surveys", survey.concat())
}

/// A recipe whose standardised values are 0 for this person.
fn recipe(settings: &Settings, person: &Person) -> Recipe {
    use Measure::*;
    let catalogue = catalogue(settings);
    let step = |(feature, raw): (&Feature, f32)| {
        let transform = match feature.measure {
            Count | ActiveDays | Sum | MeanGap | DaysSinceLast | SurveyDaysSinceLast | Tenure => Transform::SignedLog,
            LifetimeMean | LifetimeNegativeShare => Transform::Identity,
            measure if measure.is_lifetime() => Transform::SignedLog,
            _ => Transform::Identity,
        };
        let is_total = matches!(feature.measure, LifetimeCount | LifetimeActiveDays | LifetimeSum | LifetimeCategories);
        let nullable = !is_total && !matches!(feature.measure, Count | ActiveDays | Sum | Trend | Categories);
        NumericStep {
            feature: feature.name.clone(),
            transform,
            low: -1e9,
            high: 1e9,
            mean: if raw.is_nan() { 0.0 } else { transform.apply(f64::from(raw)) },
            scale: 0.5,
            missing_share: 0.1,
            missing_indicator: nullable,
            copy_of: None,
        }
    };

    Recipe {
        numeric: catalogue.numeric.iter().zip(person.raw(settings)).map(step).collect(),
        categorical: vec![CategoricalStep {
            feature: "plan".to_owned(),
            baseline: Some("pro".to_owned()),
            levels: vec!["basic".to_owned()],
            other: true,
            rare_share: 0.0,
        }],
    }
}

/// The person's row of the design.
fn row(recipe: &Recipe, raw: &[f32], plan: Option<&str>) -> Vec<f32> {
    let of_term = |term: &Term| match (term.source, &term.role) {
        (Source::Numeric(column), Role::Missing) => f32::from(u8::from(raw[column].is_nan())),
        (Source::Numeric(column), _) => recipe.numeric[column].standardised(raw[column]),
        (Source::Categorical(_), Role::Level(level)) => f32::from(u8::from(plan == Some(level.as_str()))),
        (Source::Categorical(_), _) => f32::from(u8::from(plan.is_some_and(|plan| plan != "pro" && plan != "basic"))),
    };
    recipe.terms().iter().map(of_term).collect()
}

/// What a linear model makes of a row of the design.
fn linear(coefficients: &[f64], x: &[f32]) -> Row {
    let values: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    Row { effects: values.iter().zip(coefficients).map(|(x, b)| x * b).collect(), values }
}

/// Coefficients under which engagement protects, most of all that of the middle window.
pub(super) fn engagement_protects(settings: &Settings) -> Vec<f64> {
    let catalogue = catalogue(settings);
    let of_term = |term: &Term| match term.source {
        Source::Categorical(_) => 0.5,
        Source::Numeric(column) => {
            let feature = &catalogue.numeric[column];
            let size = if matches!(feature.window_days, None | Some(28)) { 0.3 } else { 0.1 };
            use Measure::{
                DaysSinceLast, DaysSinceLastOverGap, LifetimeNegativeShare, MeanGap, NegativeShare, SurveyDaysSinceLast,
            };
            let reversed = matches!(
                feature.measure,
                DaysSinceLast
                    | DaysSinceLastOverGap
                    | LifetimeNegativeShare
                    | MeanGap
                    | NegativeShare
                    | SurveyDaysSinceLast
            );
            if reversed || term.role == Role::Missing {
                size
            } else {
                -size
            }
        }
    };
    terms(settings).iter().map(of_term).collect()
}

fn explainer(settings: &Settings, terms: &[Term], attribution: Attribution, usual: Usual) -> Result<Explainer> {
    let background = Background {
        signals: &settings.signals,
        features: &settings.features,
        most: settings.list.reasons,
        untold: &settings.reasons.untold,
        usual,
        texts: Arc::new(Texts::new(settings.list.language).unwrap()),
    };
    Explainer::new(background, &catalogue(settings), terms, attribution)
}

pub(super) fn english() -> Speech {
    Speech::new(Arc::new(Texts::new(Language::En).unwrap()))
}

/// One that has nobody to explain.
fn english_explainer() -> Explainer {
    let settings = settings(SETTINGS);
    let terms = terms(&settings);
    let attribution = Attribution::new(Some(vec![0.0; terms.len()]), 0.0, Row::zeros(terms.len())).unwrap();
    explainer(&settings, &terms, attribution, usual(&settings, &typical())).unwrap()
}

/// What is usual where everybody is like this person: those on the basic plan leave most.
fn usual(settings: &Settings, person: &Person) -> Usual {
    let risks = [(Some("pro"), 0.08), (Some("basic"), 0.31), (None, 0.2)];
    Usual::of_everybody(person.raw(settings).into_iter()).with_risks(&risks, 0.12)
}

/// Explains a person against another.
fn explain_against(reference: &Person, person: &Person, coefficients: Vec<f64>) -> (Explanation, f64) {
    explain_with(&settings(SETTINGS), reference, person, coefficients)
}

/// As [`explain_against`], with other settings.
pub(super) fn explain_with(
    settings: &Settings,
    reference: &Person,
    person: &Person,
    coefficients: Vec<f64>,
) -> (Explanation, f64) {
    let recipe = recipe(settings, reference);
    let mean = linear(&coefficients, &row(&recipe, &reference.raw(settings), reference.plan));
    let raw = person.raw(settings);
    let x = linear(&coefficients, &row(&recipe, &raw, person.plan));
    let log_odds = -2.0 + x.effects.iter().sum::<f64>();
    let attribution = Attribution::new(Some(coefficients), -2.0, mean).unwrap();
    let explainer = explainer(settings, &recipe.terms(), attribution, usual(settings, reference)).unwrap();
    let explanation = explainer.explain(&raw, &[person.plan], &x);
    (explanation, log_odds - explainer.reference_log_odds())
}

fn explain(person: &Person) -> Explanation {
    explain_against(&typical(), person, engagement_protects(&settings(SETTINGS))).0
}

fn text<'e>(explanation: &'e Explanation, code: &str) -> &'e str {
    let reason = explanation.all.iter().find(|reason| reason.code == code);
    &reason.unwrap_or_else(|| panic!("no {code} in {:#?}", explanation.all)).text
}

/// Explains a person with coefficients under which engagement protects, against another idea of what is usual.
fn explain_beside(settings: &Settings, person: &Person, usual: Usual) -> Explanation {
    let (recipe, coefficients) = (recipe(settings, &typical()), engagement_protects(settings));
    let mean = linear(&coefficients, &row(&recipe, &typical().raw(settings), Some("pro")));
    let attribution = Attribution::new(Some(coefficients.clone()), -2.0, mean).unwrap();
    let explainer = explainer(settings, &recipe.terms(), attribution, usual).unwrap();
    let raw = person.raw(settings);
    explainer.explain(&raw, &[person.plan], &linear(&coefficients, &row(&recipe, &raw, person.plan)))
}

fn codes_of(reasons: &[Reason]) -> Vec<&str> {
    reasons.iter().map(|reason| reason.code.as_str()).collect()
}

fn day(text: &str) -> crate::calendar::Day {
    text.parse().unwrap()
}
