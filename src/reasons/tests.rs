//! Reasons for made-up customers whose every event is known, so that whatever a text says can be checked.

use super::*;
use crate::artefact::Row;
use crate::config::{Instrument, Settings};
use crate::features::Feature;
use crate::model::design::recipe::{CategoricalStep, NumericStep, Recipe, Role, Source, Transform};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

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
struct Event {
    days_ago: f64,
    value: f64,
    category: u32,
    instrument: Instrument,
}

#[derive(Clone, Debug, Default)]
struct Person {
    events: BTreeMap<&'static str, Vec<Event>>,
    tenure: f64,
    revenue: f64,
    plan: Option<&'static str>,
}

impl Person {
    /// With these events instead of a signal's own.
    fn with(mut self, signal: &'static str, events: Vec<Event>) -> Person {
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
        };

        value as f32
    }

    fn raw(&self, settings: &Settings) -> Vec<f32> {
        let look_back = f64::from(settings.features.look_back_days());
        catalogue(settings).numeric.iter().map(|feature| self.feature(feature, look_back)).collect()
    }
}

/// So many events, evenly between two ages in days; values and categories come round in turn.
fn spread(count: u32, from: f64, to: f64, values: &[f64], categories: u32) -> Vec<Event> {
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
fn all(parts: &[Vec<Event>]) -> Vec<Event> {
    parts.concat()
}

fn answers(scores: &[(Instrument, f64, f64)]) -> Vec<Event> {
    scores.iter().map(|&(instrument, value, days_ago)| Event { days_ago, value, category: 0, instrument }).collect()
}

/// Somebody like everybody.
fn typical() -> Person {
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
            _ => Transform::Identity,
        };
        let nullable = !matches!(feature.measure, Count | ActiveDays | Sum | Trend | Categories);
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
fn engagement_protects(settings: &Settings) -> Vec<f64> {
    let catalogue = catalogue(settings);
    let of_term = |term: &Term| match term.source {
        Source::Categorical(_) => 0.5,
        Source::Numeric(column) => {
            let feature = &catalogue.numeric[column];
            let size = if matches!(feature.window_days, None | Some(28)) { 0.3 } else { 0.1 };
            use Measure::{DaysSinceLast, MeanGap, NegativeShare, SurveyDaysSinceLast};
            let reversed = matches!(feature.measure, DaysSinceLast | MeanGap | NegativeShare | SurveyDaysSinceLast);
            if reversed || term.role == Role::Missing {
                size
            } else {
                -size
            }
        }
    };
    terms(settings).iter().map(of_term).collect()
}

fn explainer(settings: &Settings, terms: &[Term], attribution: Attribution) -> Result<Explainer> {
    let (signals, features) = (&settings.signals, &settings.features);
    Explainer::new(signals, features, &catalogue(settings), terms, attribution, settings.list.reasons)
}

/// Explains a person against another.
fn explain_against(reference: &Person, person: &Person, coefficients: Vec<f64>) -> (Explanation, f64) {
    let settings = settings(SETTINGS);
    let recipe = recipe(&settings, reference);
    let mean = linear(&coefficients, &row(&recipe, &reference.raw(&settings), reference.plan));
    let raw = person.raw(&settings);
    let x = linear(&coefficients, &row(&recipe, &raw, person.plan));
    let log_odds = -2.0 + x.effects.iter().sum::<f64>();
    let attribution = Attribution::new(Some(coefficients), -2.0, mean).unwrap();
    let explainer = explainer(&settings, &recipe.terms(), attribution).unwrap();
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

#[test]
fn every_example_is_what_a_customer_gets() {
    use Instrument::Nps;
    let gloomy = typical().with("mentions", spread(30, 0.0, 168.0, &[-0.6], 1));
    let mentions = |recent: [f64; 5], earlier: f64| {
        typical().with("mentions", all(&[spread(5, 0.0, 28.0, &recent, 1), spread(25, 28.0, 168.0, &[earlier], 1)]))
    };

    let visits = |recent: f64, earlier: f64, channels: u32| {
        let now = spread(7, 0.0, 28.0, &[recent], channels);
        typical().with("visits", all(&[now, spread(35, 28.0, 168.0, &[earlier], 3.max(channels))]))
    };

    let logins = |counts: [u32; 3]| {
        let [now, before, earlier] = counts;
        let early = spread(earlier, 56.0, 168.0, &[0.0], 1);
        typical()
            .with("logins", all(&[spread(now, 0.0, 28.0, &[0.0], 1), spread(before, 28.0, 56.0, &[0.0], 1), early]))
    };

    let nps = |scores: &[(f64, f64)]| {
        let scores: Vec<(Instrument, f64, f64)> = scores.iter().map(|&(score, ago)| (Nps, score, ago)).collect();
        typical().with("surveys", answers(&scores))
    };

    let silent = all(&[spread(12, 44.0, 84.0, &[0.0], 1), spread(40, 84.0, 168.0, &[0.0], 1)]);
    let examples = [
        (Family::Volume, State::Drop, "LOGINS", logins([8, 21, 80])),
        (Family::Volume, State::Silent, "LOGINS", typical().with("logins", silent)),
        (Family::Volume, State::Low, "LOGINS", logins([2, 2, 8])),
        (Family::Volume, State::Rise, "LOGINS", logins([30, 10, 60])),
        (Family::Volume, State::High, "LOGINS", logins([40, 40, 160])),
        (Family::Volume, State::Steady, "LOGINS", typical()),
        (Family::Value, State::Low, "VISITS", visits(125.0, 297.5, 3)),
        (Family::Value, State::High, "VISITS", visits(540.0, 315.0, 3)),
        (Family::Value, State::Unknown, "VISITS", visits(f64::NAN, f64::NAN, 3)),
        (Family::Categories, State::Low, "VISITS", visits(300.0, 300.0, 1)),
        (Family::Categories, State::High, "VISITS", visits(300.0, 300.0, 4)),
        (Family::Mood, State::Negative, "MENTIONS", mentions([-0.9, -0.9, -0.85, 0.2, 0.2], 0.075)),
        (Family::Mood, State::Low, "MENTIONS", mentions([0.15, 0.15, -0.35, 0.15, 0.15], 0.575)),
        (Family::Mood, State::Positive, "MENTIONS", mentions([0.6; 5], 0.15)),
        (
            Family::Mood,
            State::High,
            "MENTIONS",
            typical().with("mentions", spread(30, 0.0, 168.0, &[-0.45, 0.05, 0.05, 0.05, 0.05], 1)),
        ),
        (Family::Mood, State::Unknown, "MENTIONS", mentions([f64::NAN; 5], f64::NAN)),
        (Family::Score, State::Drop, "SURVEY_NPS", nps(&[(4.0, 11.5), (9.0, 100.0)])),
        (Family::Score, State::Low, "SURVEY_NPS", nps(&[(3.0, 39.5), (3.0, 120.0)])),
        (Family::Score, State::Silent, "SURVEY_NPS", nps(&[])),
        (Family::Score, State::Recent, "SURVEY_NPS", nps(&[(8.0, 1.5), (8.0, 100.0)])),
        (Family::Score, State::Rise, "SURVEY_NPS", nps(&[(9.0, 11.5), (4.0, 100.0)])),
        (Family::Score, State::High, "SURVEY_NPS", nps(&[(10.0, 0.5), (10.0, 100.0)])),
        (Family::Tenure, State::Low, "TENURE", Person { tenure: 45.0, ..typical() }),
        (Family::Tenure, State::High, "TENURE", Person { tenure: 1_500.0, ..typical() }),
        (Family::Tenure, State::Unknown, "TENURE", Person { tenure: f64::NAN, ..typical() }),
        (Family::Number, State::Low, "MONTHLY_REVENUE", Person { revenue: 49.99, ..typical() }),
        (Family::Number, State::High, "MONTHLY_REVENUE", Person { revenue: 1_200.0, ..typical() }),
        (Family::Number, State::Unknown, "MONTHLY_REVENUE", Person { revenue: f64::NAN, ..typical() }),
        (Family::Level, State::Given, "PLAN", Person { plan: Some("basic"), ..typical() }),
        (Family::Level, State::Unknown, "PLAN", Person { plan: None, ..typical() }),
    ];

    assert_eq!(examples.len(), DEFINITIONS.len());
    let documented = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reasons.md")).unwrap();
    for (definition, (family, state, prefix, person)) in DEFINITIONS.iter().zip(examples) {
        assert_eq!((definition.family, definition.state), (family, state));
        let line = format!("| `{prefix}{}` | {} | {} |", definition.suffix, definition.meaning, definition.example);
        assert!(documented.contains(&line), "docs/reasons.md lacks {line}");
        let reference = if state == State::High && family == Family::Mood { &gloomy } else { &typical() };
        let coefficients = engagement_protects(&settings(SETTINGS));
        let (explanation, _) = explain_against(reference, &person, coefficients);
        assert_eq!(text(&explanation, &format!("{prefix}{}", definition.suffix)), definition.example);
    }
}

#[test]
fn one_is_singular() {
    let single = typical().with("logins", spread(6, 0.0, 168.0, &[0.0], 1));
    assert_eq!(text(&explain(&single), "LOGINS_LOW"), "Only 1 login in 28 days");
    let new = Person { tenure: 1.0, ..Person::default() };
    let explanation = explain(&new);
    assert_eq!(text(&explanation, "TENURE_SHORT"), "Customer for 1 day");
    assert_eq!(text(&explanation, "LOGINS_SILENT"), "No logins in 1 day");
    let yesterday = typical().with("surveys", answers(&[(Instrument::Nps, 2.0, 0.25)]));
    assert_eq!(text(&explain(&yesterday), "SURVEY_NPS_LOW"), "Last NPS answer was 2, 1 day ago");
}

#[test]
fn labels_units_and_instruments_are_used_where_given() {
    let named = SETTINGS
        .replace("[signals.logins]", "[signals.logins]\nlabel = \"log-ins to the shop\"")
        .replace("unit = \"seconds\"", "label = \"purchases\"\nunit = \"EUR\"");
    let settings = settings(&named);
    let recipe = recipe(&settings, &typical());
    let terms = recipe.terms();
    let coefficients = engagement_protects(&settings);
    let attribution = Attribution::new(Some(coefficients.clone()), 0.0, Row::zeros(terms.len())).unwrap();
    let explainer = explainer(&settings, &terms, attribution).unwrap();
    let person = typical().with("visits", spread(42, 0.0, 168.0, &[12.5], 3));
    let person = person.with("logins", spread(80, 90.0, 168.0, &[0.0], 1));
    let raw = person.raw(&settings);
    let x = linear(&coefficients, &row(&recipe, &raw, person.plan));
    let explanation = explainer.explain(&raw, &[person.plan], &x);
    assert_eq!(text(&explanation, "VISITS_VALUE_LOW"), "Purchases averaged 12.5 EUR in 28 days (84 days: 12.5 EUR)");
    assert_eq!(text(&explanation, "LOGINS_SILENT"), "No log-ins to the shop for 90 days");
}

#[test]
fn a_column_and_its_copy_are_one_reason() {
    let settings = settings(&SETTINGS.replace(r#"["monthly_revenue"]"#, r#"["monthly_revenue", "monthly_cost"]"#));
    let person = Person { revenue: 40.0, ..typical() };
    let explained = |copy_of: Option<&str>| {
        let mut recipe = recipe(&settings, &typical());
        recipe.numeric.last_mut().unwrap().copy_of = copy_of.map(str::to_owned);
        let (terms, coefficients) = (recipe.terms(), engagement_protects(&settings));
        let attribution = Attribution::new(Some(coefficients.clone()), 0.0, Row::zeros(terms.len())).unwrap();
        let explainer = explainer(&settings, &terms, attribution).unwrap();
        let raw = person.raw(&settings);
        explainer.explain(&raw, &[person.plan], &linear(&coefficients, &row(&recipe, &raw, person.plan)))
    };

    let of = |explanation: &Explanation, prefix: &str| -> Vec<f64> {
        let told = explanation.all.iter().filter(|reason| reason.code.starts_with(prefix));
        told.map(|reason| reason.contribution).collect()
    };

    let (apart, together) = (explained(None), explained(Some("monthly_revenue")));
    let (revenue, cost) = (of(&apart, "MONTHLY_REVENUE"), of(&apart, "MONTHLY_COST"));
    assert_eq!((revenue.len(), cost.len()), (1, 1));
    assert!(of(&together, "MONTHLY_COST").is_empty());
    assert!((of(&together, "MONTHLY_REVENUE")[0] - revenue[0] - cost[0]).abs() < 1e-12);
}

#[test]
fn what_raises_the_risk_is_told_as_it_is_even_if_it_rose() {
    let busy = all(&[spread(30, 0.0, 28.0, &[0.0], 1), spread(80, 28.0, 168.0, &[0.0], 1)]);
    let person = typical().with("logins", busy);
    let opposite = engagement_protects(&settings(SETTINGS)).iter().map(|b| -b).collect();
    let (explanation, _) = explain_against(&typical(), &person, opposite);
    assert_eq!(explanation.reasons[0].code, "LOGINS_RISE");
    assert_eq!(explanation.reasons[0].text, "Logins rose from 16 to 30 in 28 days");
    assert!(explanation.protective.is_none());
}

#[test]
fn a_long_window_that_offsets_the_short_ones_speaks_of_a_decline() {
    let settings = settings(SETTINGS);
    let mut coefficients = engagement_protects(&settings);
    let long = terms(&settings).iter().position(|term| term.name == "logins_count_84d").unwrap();
    coefficients[long] = 0.9;
    let earlier = all(&[spread(50, 28.0, 84.0, &[0.0], 1), spread(30, 84.0, 168.0, &[0.0], 1)]);
    let person = typical().with("logins", all(&[spread(4, 0.0, 28.0, &[0.0], 1), earlier]));
    let (explanation, _) = explain_against(&typical(), &person, coefficients);
    assert_eq!(explanation.reasons[0].code, "LOGINS_DROP");
    assert_eq!(explanation.reasons[0].text, "Logins fell from 25 to 4 in 28 days");
}

#[test]
fn a_newcomer_has_not_risen_from_nothing() {
    let logins = spread(30, 0.0, 30.0, &[0.0], 1);
    let person = Person { tenure: 30.0, ..typical() }.with("logins", logins);
    let explanation = explain(&person);
    assert!(!explanation.all.iter().any(|reason| reason.text.contains("rose from 0")), "{explanation:#?}");
}

#[test]
fn without_rows_a_signal_is_one_reason() {
    let person = typical().with("visits", Vec::new()).with("mentions", Vec::new());
    let coefficients = engagement_protects(&settings(SETTINGS));
    let (explanation, log_odds) = explain_against(&typical(), &person, coefficients);
    let codes: Vec<&str> = explanation.all.iter().map(|r| r.code.as_str()).collect();
    let visits: Vec<&&str> = codes.iter().filter(|c| c.starts_with("VISITS") || c.starts_with("MENTIONS")).collect();
    assert_eq!(visits, [&"VISITS_SILENT", &"MENTIONS_SILENT"]);
    assert_eq!(text(&explanation, "VISITS_SILENT"), "No visits in 168 days");
    let sum: f64 = explanation.all.iter().map(|r| r.contribution).sum();
    assert!((sum - log_odds).abs() < 1e-9);
}

#[test]
fn noise_is_no_reason_and_the_limit_holds() {
    let nobody = explain(&typical());
    assert!(nobody.reasons.is_empty() && nobody.protective.is_none());
    let lapsed = Person { tenure: 45.0, revenue: 10.0, plan: Some("basic"), ..Person::default() };
    let explanation = explain(&lapsed);
    assert_eq!(explanation.reasons.len(), 4);
    assert_eq!(explanation.reasons, explanation.all[..4]);
}

#[test]
fn foreign_text_is_quoted_with_care() {
    let person = Person { plan: Some("=cmd()\r\nrm"), ..typical() };
    assert_eq!(text(&explain(&person), "PLAN"), "Plan is =cmd()  rm");
}

#[test]
fn a_design_of_other_terms_is_an_error() {
    let settings = settings(SETTINGS);
    let attribution = Attribution::new(Some(vec![1.0]), 0.0, Row::zeros(1)).unwrap();
    assert!(explainer(&settings, &terms(&settings), attribution).is_err());
}

/// Every number in a text, as written.
fn numbers(text: &str) -> Vec<f64> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ',' || c == '-';
    text.split(|c| !is_part(c))
        .map(|word| word.trim_end_matches(['.', ',']).replace(',', ""))
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// Fails unless the text is true of the person.
fn check(person: &Person, reason: &Reason) -> Result<(), TestCaseError> {
    let (code, text) = (reason.code.as_str(), reason.text.as_str());
    let numbers = numbers(text);
    for absurd in ["NaN", "inf", "-0 ", "-0.00", "  ", "used no"] {
        prop_assert!(!text.contains(absurd), "{text}");
    }
    prop_assert!(code == "PLAN" || code.ends_with("_UNKNOWN") || !numbers.is_empty(), "{text}");
    prop_assert!(!text.contains("fell") || !text.contains("rose"), "{text}");
    let count = |signal: &str, from: f64, to: f64| person.within(signal, from, to).len() as f64;
    if let Some(name) = ["logins", "visits", "mentions", "surveys"].iter().find(|s| code.starts_with(&s.to_uppercase()))
    {
        match code.rsplit_once('_').map_or("", |(_, state)| state) {
            state @ ("DROP" | "RISE") => {
                let (before, now, window) = (numbers[0], numbers[1], numbers[2]);
                prop_assert_eq!(now, count(name, 0.0, window), "{}", text);
                prop_assert_eq!(before, count(name, window, 2.0 * window), "{}", text);
                prop_assert_eq!(text.contains("fell"), state == "DROP");
                prop_assert_eq!(text.contains("rose"), state == "RISE");
                prop_assert!(if state == "DROP" { now < before } else { now > before }, "{}", text);
            }
            "SILENT" => {
                prop_assert_eq!(count(name, 0.0, numbers[0]), 0.0, "{}", text);
                prop_assert!(text.starts_with("No "), "{}", text);
                if let [_, rows, window] = numbers[..] {
                    prop_assert_eq!(count(name, 0.0, window), rows, "{}", text);
                }
            }
            "LOW" | "HIGH" | "STEADY" if !code.contains("VALUE") && !code.contains("MOOD") => {
                prop_assert_eq!(numbers[0], count(name, 0.0, numbers[1]), "{}", text);
                prop_assert!((numbers[0] == 1.0) != text.contains(&format!(" {name} in")), "{}", text);
                if text.contains("before") {
                    prop_assert_eq!(numbers[2], count(name, numbers[1], 2.0 * numbers[1]), "{}", text);
                }
            }
            "CATEGORIES" => {
                let (stated, window) = (numbers[0], numbers[1]);
                let events = person.within(name, 0.0, window);
                let distinct = events.iter().map(|e| e.category).collect::<BTreeSet<_>>().len();
                prop_assert_eq!(stated, distinct as f64, "{}", text);
            }
            "NEGATIVE" | "POSITIVE" | "LOW" | "HIGH" if text.starts_with("Mood") => {
                let values: Vec<f64> = person.within(name, 0.0, numbers[1]).iter().map(|e| e.value).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                prop_assert!((numbers[0] - mean).abs() < 0.006, "{}", text);
                prop_assert!(!text.contains("fell") || numbers[0] < numbers[3], "{}", text);
                prop_assert!(!text.contains("rose") || numbers[0] > numbers[3], "{}", text);
                prop_assert!(!code.ends_with("NEGATIVE") || numbers[0] < 0.0, "{}", text);
                prop_assert!(!code.ends_with("POSITIVE") || numbers[0] > 0.0, "{}", text);
            }
            _ => {}
        }
    }

    if let Some(instrument) =
        Instrument::ALL.into_iter().find(|i| code.contains(&format!("SURVEY_{}", i.name().to_uppercase())))
    {
        let events = person.within("surveys", 0.0, 168.0);
        let scores: Vec<Event> = events.into_iter().filter(|e| e.instrument == instrument).collect();
        if text.contains("fell") || text.contains("rose") {
            let [before, now, ago] = numbers[..] else { panic!("{text}") };
            prop_assert_eq!((before, now), (scores[1].value, scores[0].value), "{}", text);
            prop_assert_eq!(text.contains("fell"), now < before);
            prop_assert_eq!(ago, scores[0].days_ago.ceil(), "{}", text);
        }
        prop_assert_eq!(text.starts_with("No "), scores.is_empty(), "{}", text);
        if text.starts_with("Last") {
            prop_assert_eq!(numbers[0], scores[0].value, "{}", text);
        }
    }

    Ok(())
}

prop_compose! {
    fn events()(
        rates in prop::collection::vec(0u32..40, 6),
        values in prop::collection::vec(-1.0f64..1.0, 1..8),
        scores in prop::collection::vec(1u32..6, 1..8),
        jitter in prop::collection::vec(1u32..225, 1..50),
    ) -> Vec<Event> {
        // So many events a month, at multiples of an eighth of a day: a number that every precision can hold.
        let mut events = Vec::new();
        for (month, &rate) in rates.iter().enumerate() {
            for i in 0..rate / 2 {
                let place = events.len();
                let days_ago = 28.0 * month as f64 + f64::from((jitter[place % jitter.len()] + 37 * i) % 224 + 1) / 8.0;
                let instrument = Instrument::ALL[place % 3];
                let score = f64::from(scores[place % scores.len()]);
                events.push(Event { days_ago, value: values[place % values.len()], category: i % 5, instrument });
                if let Some(event) = events.last_mut().filter(|_| place % 2 == 1) {
                    event.value = score;
                }
            }
        }

        events
    }
}

prop_compose! {
    fn person()(
        logins in events(),
        visits in events(),
        mentions in events(),
        surveys in events(),
        tenure in prop_oneof![Just(f64::NAN), (30u32..2000).prop_map(f64::from)],
        revenue in prop_oneof![Just(f64::NAN), 1.0f64..5000.0],
        plan in prop_oneof![Just(None), Just(Some("pro")), Just(Some("basic")), Just(Some("gold"))],
    ) -> Person {
        let with = |events: &[Event], value: &dyn Fn(&Event, usize) -> f64| -> Vec<Event> {
            let mut days = BTreeSet::new();
            // One answer an instant, so that the last one is plain.
            let distinct = events.iter().filter(|e| days.insert((e.days_ago * 8.0) as u32));
            distinct.enumerate().map(|(i, e)| Event { value: value(e, i), ..*e }).collect()
        };
        Person { tenure, revenue, plan, ..Person::default() }
            .with("logins", logins)
            .with("visits", with(&visits, &|e, _| e.value.abs() * 600.0))
            .with("mentions", with(&mentions, &|e, _| e.value.clamp(-1.0, 1.0)))
            .with("surveys", with(&surveys, &|e, i| (e.value.abs() * 7.0 + i as f64).round() % 8.0))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn texts_are_true_and_contributions_sum_to_the_log_odds(
        person in person(),
        reference in person(),
        seeds in prop::collection::vec(-1.0f64..1.0, 20..60),
    ) {
        let settings = settings(SETTINGS);
        let terms = terms(&settings);
        let coefficients: Vec<f64> = (0..terms.len()).map(|i| seeds[i % seeds.len()]).collect();
        let (explanation, log_odds) = explain_against(&reference, &person, coefficients.clone());
        let sum: f64 = explanation.all.iter().map(|reason| reason.contribution).sum();
        prop_assert!((sum - log_odds).abs() < 1e-9);

        let attribution = Attribution::new(Some(coefficients), 0.0, Row::zeros(terms.len())).unwrap();
        let explainer = explainer(&settings, &terms, attribution).unwrap();
        let known: BTreeSet<String> = explainer.codes().map(|(code, _)| code).collect();
        let mut told = BTreeSet::new();
        for reason in &explanation.all {
            prop_assert!(known.contains(&reason.code), "{}", reason.code);
            prop_assert!(told.insert(&reason.code), "{} twice", reason.code);
            check(&person, reason)?;
        }
        prop_assert!(explanation.reasons.len() <= 4);
        prop_assert!(explanation.reasons.iter().all(|reason| reason.contribution >= LEAST));
        prop_assert!(explanation.all.is_sorted_by(|a, b| a.contribution >= b.contribution));
        if let Some(protective) = &explanation.protective {
            prop_assert!(explanation.all.iter().all(|reason| reason.contribution >= protective.contribution));
        }
    }
}
