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
        };

        value as f32
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
pub(super) fn engagement_protects(settings: &Settings) -> Vec<f64> {
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

#[test]
fn where_low_scores_are_good_a_sentence_says_what_a_high_one_is() {
    use Instrument::{Ces, Csat};
    let turned = format!(
        "{SETTINGS}scales = {{ ces = {{ from = 1, to = 5, best = \"low\" }}, csat = {{ from = 1, to = 6, best = \"low\" }} }}\n"
    );
    let settings = settings(&turned);
    // Risk rises with these scores.
    let is_turned = |term: &Term| term.name.starts_with("surveys_ces") || term.name.starts_with("surveys_csat");
    let coefficients = terms(&settings).into_iter().zip(engagement_protects(&settings));
    let coefficients = coefficients.map(|(term, size)| if is_turned(&term) { size.abs() } else { size }).collect();

    let person = typical()
        .with("surveys", answers(&[(Ces, 5.0, 12.0), (Csat, 5.0, 3.0), (Ces, 2.0, 100.0), (Csat, 5.0, 120.0)]));
    let explanation = explain_with(&settings, &typical(), &person, coefficients).0;
    // The codes speak of the numbers, as ever: the one for more of it is the one for the worse answer here.
    assert_eq!(text(&explanation, "SURVEY_CES_RISE"), "Effort rose from 2 to 5, 12 days ago");
    assert_eq!(text(&explanation, "SURVEY_CSAT_HIGH"), "Last CSAT (1 is best) answer was 5, 3 days ago; usually 3");
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
    let mut wrong = Vec::new();
    let documented = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reasons.md")).unwrap();
    for (definition, (family, state, prefix, person)) in DEFINITIONS.iter().zip(examples) {
        assert_eq!((definition.family, definition.state), (family, state));
        let reference = if state == State::High && family == Family::Mood { &gloomy } else { &typical() };
        let coefficients = engagement_protects(&settings(SETTINGS));
        let (explanation, _) = explain_against(reference, &person, coefficients);
        let example = text(&explanation, &format!("{prefix}{}", definition.suffix));
        let line = format!("| `{prefix}{}` | {} | {example} |", definition.suffix, definition.meaning);
        if example != definition.example || !documented.contains(&line) {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "DEFINITIONS and docs/reasons.md say otherwise than these:\n{}", wrong.join("\n"));
}

#[test]
fn one_is_singular() {
    let single = typical().with("logins", spread(6, 0.0, 168.0, &[0.0], 1));
    assert_eq!(text(&explain(&single), "LOGINS_LOW"), "Only 1 login in 28 days; usually 14");
    let new = Person { tenure: 1.0, ..Person::default() };
    let explanation = explain(&new);
    assert_eq!(text(&explanation, "TENURE_SHORT"), "Customer for 1 day; usually 400 days");
    assert_eq!(text(&explanation, "LOGINS_SILENT"), "No logins in 1 day; usually 41 in 84 days");
    let yesterday = typical().with("surveys", answers(&[(Instrument::Nps, 2.0, 0.25)]));
    assert_eq!(text(&explain(&yesterday), "SURVEY_NPS_LOW"), "Last NPS answer was 2, 1 day ago; usually 8");
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
    let explainer = explainer(&settings, &terms, attribution, usual(&settings, &typical())).unwrap();
    let person = typical().with("visits", spread(42, 0.0, 168.0, &[12.5], 3));
    let person = person.with("logins", spread(80, 90.0, 168.0, &[0.0], 1));
    let raw = person.raw(&settings);
    let x = linear(&coefficients, &row(&recipe, &raw, person.plan));
    let explanation = explainer.explain(&raw, &[person.plan], &x);
    assert_eq!(text(&explanation, "VISITS_VALUE_LOW"), "Purchases averaged 12.5 EUR in 28 days; usually 300 EUR");
    assert_eq!(text(&explanation, "LOGINS_SILENT"), "No log-ins to the shop for 90 days; usually 41 in 84 days");
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
        let explainer = explainer(&settings, &terms, attribution, usual(&settings, &typical())).unwrap();
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
    assert_eq!(text(&explanation, "VISITS_SILENT"), "No visits in 168 days; usually 21 in 84 days");
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
    let telling: Vec<Reason> = explanation.all.into_iter().filter(|reason| reason.is_telling).take(4).collect();
    assert_eq!(explanation.reasons, telling);
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
    assert!(explainer(&settings, &terms(&settings), attribution, Usual::default()).is_err());
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
    // What is usual is said behind it.
    let sentence = ["; usually ", "; mean risk ", "; known of ", "; here this ", "; 93 % of "]
        .iter()
        .fold(reason.text.as_str(), |text, yardstick| text.split(yardstick).next().unwrap_or(text));
    let (code, text) = (reason.code.as_str(), sentence);
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
        let explainer = explainer(&settings, &terms, attribution, usual(&settings, &typical())).unwrap();
        let known: BTreeSet<String> = explainer.codes().map(|(code, _)| code).collect();
        let mut told = BTreeSet::new();
        for reason in &explanation.all {
            prop_assert!(known.contains(&reason.code), "{}", reason.code);
            prop_assert!(told.insert(&reason.code), "{} twice", reason.code);
            check(&person, reason)?;
        }
        prop_assert!(explanation.reasons.len() <= 4);
        prop_assert!(explanation.reasons.iter().all(|reason| reason.contribution >= LEAST));
        let says_something = |reason: &Reason| reason.is_telling && reason.contribution >= LEAST;
        if explanation.all.iter().any(says_something) {
            prop_assert!(explanation.reasons.iter().all(says_something));
            prop_assert!(explanation.reasons.len() == 4.min(explanation.all.iter().filter(|r| says_something(r)).count()));
        }
        prop_assert!(explanation.all.is_sorted_by(|a, b| a.contribution >= b.contribution));
        if let Some(protective) = &explanation.protective {
            let stronger = |reason: &&Reason| reason.contribution < protective.contribution && reason.is_telling;
            prop_assert!(!explanation.all.iter().any(|reason| stronger(&reason)));
        }
    }
}

/// What the model makes of a person, and the numbers themselves.
fn numbers_of(settings: &Settings, recipe: &Recipe, coefficients: &[f64], person: &Person) -> (Vec<f32>, Row) {
    let raw = person.raw(settings);
    let row = linear(coefficients, &row(recipe, &raw, person.plan));
    (raw, row)
}

/// What moved between two states of a person, and by how much the log-odds differ.
fn moved(then: &Person, now: &Person) -> (Vec<change::Moved>, f64) {
    let settings = settings(SETTINGS);
    let (recipe, coefficients) = (recipe(&settings, &typical()), engagement_protects(&settings));
    let mean = linear(&coefficients, &row(&recipe, &typical().raw(&settings), Some("pro")));
    let attribution = Attribution::new(Some(coefficients.clone()), -2.0, mean).unwrap();
    let explainer = explainer(&settings, &recipe.terms(), attribution, usual(&settings, &typical())).unwrap();
    let (raw_then, row_then) = numbers_of(&settings, &recipe, &coefficients, then);
    let (raw_now, row_now) = numbers_of(&settings, &recipe, &coefficients, now);
    let numbers = |raw, levels, row| change::Numbers { raw, levels, row };
    let (then, now) = ([then.plan], [now.plan]);
    let moved = explainer.moved(numbers(&raw_then, &then, &row_then), numbers(&raw_now, &now, &row_now));
    (moved, row_now.effects.iter().sum::<f64>() - row_then.effects.iter().sum::<f64>())
}

#[test]
fn what_moved_is_told_in_the_numbers_of_both_dates() {
    use Instrument::Nps;
    let logins = |now: u32| {
        typical().with("logins", all(&[spread(now, 0.0, 28.0, &[0.0], 1), spread(80, 28.0, 168.0, &[0.0], 1)]))
    };
    let nps = |scores: &[(f64, f64)]| {
        let scores: Vec<(Instrument, f64, f64)> = scores.iter().map(|&(score, ago)| (Nps, score, ago)).collect();
        typical().with("surveys", answers(&scores))
    };
    let mood = |mood: f64| typical().with("mentions", spread(30, 0.0, 168.0, &[mood], 1));
    let visits = |seconds: f64, channels: u32| typical().with("visits", spread(42, 0.0, 168.0, &[seconds], channels));

    for (then, now, text) in [
        (logins(21), logins(8), "8 logins in 28 days, 21 then"),
        (logins(21), logins(0), "no logins in 28 days, 21 then"),
        (logins(0), logins(5), "logins are back, 5 in 28 days and none then"),
        (nps(&[(9.0, 30.5)]), nps(&[(3.0, 2.5), (9.0, 37.5)]), "NPS fell from 9 to 3"),
        (nps(&[(2.0, 30.5)]), nps(&[(10.0, 2.5), (2.0, 37.5)]), "NPS rose from 2 to 10"),
        (nps(&[]), nps(&[(4.0, 1.5)]), "NPS answered with 4"),
        (nps(&[(9.0, 160.5)]), nps(&[]), "no NPS answer in 168 days any more"),
        (mood(0.1), mood(-0.45), "mood of mentions fell from 0.10 to -0.45 in 28 days"),
        (visits(240.0, 3), visits(120.0, 3), "visits averaged 2 min in 28 days, 4 min then"),
        (visits(300.0, 3), visits(300.0, 1), "visits used 1 channel in 28 days, 3 then"),
        (typical(), Person { plan: Some("basic"), ..typical() }, "plan changed from pro to basic"),
        (typical(), Person { revenue: 60.5, ..typical() }, "monthly revenue fell from 100 to 60.5"),
        (typical(), Person { tenure: 407.0, ..typical() }, "customer for 407 days by now"),
    ] {
        let (moved, change) = moved(&then, &now);
        assert!((moved.iter().map(|moved| moved.log_odds).sum::<f64>() - change).abs() < 1e-9, "{text}");
        assert!(moved.windows(2).all(|pair| pair[0].log_odds.abs() >= pair[1].log_odds.abs()));
        assert!(moved.iter().take(2).any(|moved| moved.text == text), "{text} is not among the first of {moved:#?}");
    }
}

#[test]
fn a_text_of_change_says_since_when_and_which_way() {
    use change::{Between, NoLongerScored, NotYetScored, OtherModel, Standing};
    let day = |text: &str| text.parse::<crate::calendar::Day>().unwrap();
    let between = Between { then: day("2026-05-25"), now: day("2026-06-01") };
    let moved = |parts: &[(f64, &str)]| -> Vec<change::Moved> {
        parts.iter().map(|&(log_odds, text)| change::Moved { log_odds, text: text.to_owned(), is_told: true }).collect()
    };
    let explainer = english_explainer();
    let said = |parts: &[(f64, &str)]| explainer.change_told(Standing::Stayed, between, &moved(parts), None);
    assert_eq!(said(&[(0.5, "a"), (-0.3, "b"), (0.1, "c"), (0.09, "d")]), "Risk up since 25 May: a; c. Down: b");
    assert_eq!(said(&[(-0.5, "a"), (0.3, "b"), (0.01, "c")]), "Risk down since 25 May: a. Up: b");
    assert_eq!(said(&[(0.5, "a")]), "Risk up since 25 May: a");
    assert_eq!(said(&[(0.01, "a")]), "Little has changed since 25 May");
    assert_eq!(said(&[]), "Little has changed since 25 May");

    let last_year = Between { then: day("2025-12-31"), now: day("2026-01-01") };
    let other = Some(OtherModel { version: "v0002", log_odds: -0.4 });
    assert_eq!(
        explainer.change_told(Standing::Returned, last_year, &[], other),
        "Back on the list. Little has changed since 31 December 2025. Model v0002 rates the same numbers lower than the model \
         then"
    );
    let tiny = Some(OtherModel { version: "v0002", log_odds: 0.001 });
    assert!(!explainer.change_told(Standing::New, between, &[], tiny).contains("v0002"));
    assert_eq!(
        explainer.first_scored(Standing::New, NotYetScored::SignedUp(day("2026-05-04")), between),
        "New on the list. Signed up on 4 May, too new to be scored on 25 May"
    );
    assert_eq!(
        explainer.no_longer_scored(NoLongerScored::Cancelled(day("2026-05-28")), between),
        "Left the list. Cancelled on 28 May"
    );
}

/// The lever of a concept.
fn with_lever<T>(prefix: &str, family: Family, then: impl FnOnce(&reach::Lever<'_>, &Catalogue) -> T) -> T {
    let settings = settings(SETTINGS);
    let catalogue = catalogue(&settings);
    let concepts = catalogue::concepts(&settings.signals, &catalogue, &terms(&settings), Some(&english()));
    let concept = concepts.iter().find(|concept| concept.prefix == prefix && concept.family == family).unwrap();
    then(&reach::Lever::find(concept, &catalogue).unwrap(), &catalogue)
}

#[test]
fn features_that_are_moved_are_those_of_a_customer_who_has_as_many_rows() {
    let settings = settings(SETTINGS);
    let typical_values: Vec<[f64; 3]> = typical().raw(&settings).iter().map(|&value| [f64::from(value); 3]).collect();
    let earlier = |signal: &'static str, now: u32| {
        let rows = all(&[
            spread(now, 0.0, 28.0, &[300.0], 3),
            spread(12, 28.0, 56.0, &[300.0], 3),
            spread(40, 56.0, 168.0, &[300.0], 3),
        ]);
        typical().with(signal, rows)
    };
    for (signal, prefix) in [("logins", "LOGINS"), ("visits", "VISITS")] {
        for (from, to) in [(2u32, 14u32), (4, 8), (1, 20), (0, 7), (14, 4), (20, 0)] {
            let (raw, expected) = (earlier(signal, from).raw(&settings), earlier(signal, to).raw(&settings));
            let found = with_lever(prefix, Family::Volume, |lever, catalogue| {
                lever.moved(catalogue, &typical_values, &raw, f64::from(to))
            });
            for (((feature, found), expected), before) in
                catalogue(&settings).numeric.iter().zip(found).zip(expected).zip(raw)
            {
                let name = &feature.name;
                if feature.signal.as_deref() != Some(signal) {
                    assert_eq!(found.to_bits(), before.to_bits(), "{name} is of another signal");
                    continue;
                }
                let within = match feature.measure {
                    Measure::Count | Measure::ActiveDays => 2.0,
                    Measure::Trend => 0.45,
                    Measure::Sum => 700.0,
                    Measure::Mean | Measure::NegativeShare => 1e-3,
                    Measure::Categories => 2.0,
                    // Of few rows these depend on where exactly they lie.
                    _ => 0.6 * expected.abs() + 2.0,
                };
                let close = (found - expected).abs() <= within;
                let both_null = found.is_nan() && expected.is_nan();
                let of_few = feature.measure == Measure::MeanGap && found.is_nan() != expected.is_nan() && to < 9;
                assert!(close || both_null || of_few, "{signal} {from} to {to}: {name} is {found}, not {expected}");
            }
        }
    }
}

#[test]
fn steps_begin_near_the_customer_and_end_where_a_tenth_of_the_others_are() {
    let settings = settings(SETTINGS);
    let of = |person: &Person| person.raw(&settings);
    let few = of(&typical().with("logins", spread(2, 0.0, 28.0, &[0.0], 1)));
    let columns = few.len();
    let typical_of = |low: f64, high: f64| vec![[low, 5.0, high]; columns];
    let (low, high) = (Side::Low, Side::High);
    with_lever("LOGINS", Family::Volume, |lever, _| {
        assert_eq!(lever.targets(&few, &typical_of(0.0, 6.0), low), [3.0, 4.0, 5.0, 6.0]);
        assert_eq!(lever.targets(&few, &typical_of(0.0, 6.0), high), [1.0, 0.0]);
        assert!(lever.targets(&few, &typical_of(0.0, 2.0), low).is_empty(), "others show no more");
        assert!(lever.targets(&few, &typical_of(f64::NAN, f64::NAN), low).is_empty());
        let many = lever.targets(&few, &typical_of(0.0, 1000.0), low);
        assert!(many.len() <= 40 && many[0] == 3.0 && many.is_sorted() && *many.last().unwrap() <= 1000.0, "{many:?}");
        assert_eq!(lever.text(&english(), &few, 9.0), "if there were 9 logins in 28 days instead of 2");
        assert_eq!(lever.text(&english(), &few, 1.0), "if there were 1 login in 28 days instead of 2");
    });

    let unhappy = of(&typical().with("surveys", answers(&[(Instrument::Nps, 3.0, 10.5)])));
    with_lever("SURVEY_NPS", Family::Score, |lever, catalogue| {
        assert_eq!(lever.targets(&unhappy, &typical_of(1.0, 6.0), low), [4.0, 5.0, 6.0]);
        assert!(lever.targets(&unhappy, &typical_of(1.0, 6.0), high).is_empty(), "no score is made worse");
        assert_eq!(lever.text(&english(), &unhappy, 8.0), "if the next NPS answer were 8 instead of 3");
        let after = lever.moved(catalogue, &typical_of(1.0, 6.0), &unhappy, 8.0);
        let value = |name: &str| after[catalogue.position(name).unwrap()];
        assert_eq!(
            (value("surveys_nps_last"), value("surveys_nps_change"), value("surveys_nps_mean")),
            (8.0, 5.0, 5.5)
        );
        assert_eq!((value("surveys_count_7d"), value("surveys_nps_days_since_last")), (1.0, 1.0));
    });
    let silent = of(&typical().with("surveys", Vec::new()));
    with_lever("SURVEY_NPS", Family::Score, |lever, _| {
        assert!(lever.targets(&silent, &typical_of(1.0, 6.0), low).is_empty())
    });

    let gloomy = of(&typical().with("mentions", spread(30, 0.0, 168.0, &[-0.6], 1)));
    with_lever("MENTIONS", Family::Mood, |lever, catalogue| {
        let targets = lever.targets(&gloomy, &typical_of(-0.5, 0.4), low);
        assert!(targets.len() == 20 && (targets[19] - 0.4).abs() < 1e-6 && targets.is_sorted());
        let after = lever.moved(catalogue, &typical_of(-0.5, 0.4), &gloomy, 0.4);
        let share = after[catalogue.position("mentions_negative_share_28d").unwrap()];
        assert!((share - 0.6 / 1.6).abs() < 1e-6, "{share}");
        assert_eq!(
            lever.text(&english(), &gloomy, 0.4),
            "if the mood of mentions were 0.40 in 28 days instead of -0.60"
        );
    });
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

#[test]
fn a_reason_that_says_nothing_gives_way() {
    let settings = settings(SETTINGS);
    // As many mentions as everybody has, at a low level of everything else that the reference has.
    let few = typical().with("logins", all(&[spread(7, 0.0, 84.0, &[0.0], 1), spread(10, 84.0, 168.0, &[0.0], 1)]));
    let explanation = explain_beside(&settings, &few, usual(&settings, &few));
    let logins = explanation.all.iter().find(|reason| reason.code.starts_with("LOGINS")).unwrap();
    assert!(logins.contribution > LEAST && !logins.is_telling, "{logins:?}");
    // Nothing else raises the risk, and the list is not left without a reason.
    assert_eq!(codes_of(&explanation.reasons), [logins.code.as_str()]);
    let explanation = explain_beside(&settings, &Person { revenue: 10.0, ..few.clone() }, usual(&settings, &few));
    assert_eq!(codes_of(&explanation.reasons), ["MONTHLY_REVENUE_LOW"]);
    // A fall from 10 to 7 is what chance makes.
    assert!(!text(&explanation, &logins.code).contains("fell"));
}

#[test]
fn windows_end_at_the_sign_up_and_where_nothing_had_been_recorded() {
    let settings = settings(SETTINGS);
    let new = Person { tenure: 4.5, ..typical() }.with("visits", spread(1, 0.0, 3.0, &[300.0], 1));
    let explanation = explain_beside(&settings, &new, usual(&settings, &typical()));
    let visits = explanation.all.iter().find(|reason| reason.code == "VISITS_LOW").unwrap();
    assert_eq!(visits.text, "Only 1 visit in 5 days; usually 7 in 28 days");

    let silent = typical().with("logins", Vec::new());
    let explanation = explain_beside(&settings, &silent, usual(&settings, &typical()).with_recorded("logins", 42.0));
    assert_eq!(text(&explanation, "LOGINS_SILENT"), "No logins in 42 days; usually 41 in 84 days");
}

#[test]
fn silence_and_a_short_time_as_a_customer_are_one_reason() {
    let settings = settings(SETTINGS);
    let new = Person { tenure: 12.0, ..typical() }.with("logins", Vec::new());
    let apart = explain_beside(&settings, &Person { tenure: 12.0, ..typical() }, usual(&settings, &typical()));
    let silent = explain_beside(&settings, &Person { tenure: 400.0, ..new.clone() }, usual(&settings, &typical()));
    let together = explain_beside(&settings, &new, usual(&settings, &typical()));
    let of = |explanation: &Explanation, code: &str| {
        explanation.all.iter().find(|reason| reason.code == code).map(|reason| reason.contribution)
    };
    let (short, silence) = (of(&apart, "TENURE_SHORT").unwrap(), of(&silent, "LOGINS_SILENT").unwrap());
    assert_eq!(of(&together, "TENURE_SHORT"), None);
    assert!((of(&together, "LOGINS_SILENT").unwrap() - short - silence).abs() < 1e-12);
    assert_eq!(together.reasons[0].text, "No logins in 12 days; usually 41 in 84 days");
}

#[test]
fn that_a_bad_thing_is_absent_is_no_reason_unless_the_model_says_so_of_this_customer() {
    let settings = settings(SETTINGS);
    let column = catalogue(&settings).position("logins_count_84d").unwrap();
    let adverse = || usual(&settings, &typical()).with_adverse(column);
    let quiet = typical().with("logins", Vec::new());
    let explanation = explain_beside(&settings, &quiet, adverse());
    assert_eq!(explanation.reasons[0].text, "No logins in 168 days; usually 41 in 84 days; here this raises the risk");
    let busy = typical().with("logins", spread(200, 0.0, 168.0, &[0.0], 1));
    let explanation = explain_beside(&settings, &busy, adverse());
    assert!(explanation.protective.unwrap().text.ends_with("; here this lowers the risk"));

    // Only a trend raises the risk, the level lowers it.
    let mut coefficients = engagement_protects(&settings);
    for (term, coefficient) in
        terms(&settings).iter().zip(&mut coefficients).filter(|(t, _)| t.name.starts_with("logins"))
    {
        *coefficient = if term.name.contains("_trend_") { -3.0 } else { 0.0 };
    }
    let of_trend = |usual: Usual| {
        let recipe = recipe(&settings, &typical());
        let attribution =
            Attribution::new(Some(coefficients.clone()), 0.0, Row::zeros(terms(&settings).len())).unwrap();
        let explainer = explainer(&settings, &recipe.terms(), attribution, usual).unwrap();
        let person = typical().with("logins", spread(40, 84.0, 168.0, &[0.0], 1));
        let raw = person.raw(&settings);
        explainer.explain(&raw, &[person.plan], &linear(&coefficients, &row(&recipe, &raw, person.plan)))
    };
    assert!(codes_of(&of_trend(usual(&settings, &typical())).reasons).contains(&"LOGINS_SILENT"));
    assert!(!codes_of(&of_trend(adverse()).reasons).contains(&"LOGINS_SILENT"));
}

#[test]
fn a_column_that_is_not_told_counts_and_is_never_named() {
    let settings = settings(&format!("{SETTINGS}\n[reasons]\nuntold = [\"plan\", \"monthly_revenue\"]\n"));
    let person = Person { plan: Some("basic"), revenue: 10.0, ..typical() };
    let explanation = explain_beside(&settings, &person, usual(&settings, &typical()));
    let told = explain_beside(&self::settings(SETTINGS), &person, usual(&settings, &typical()));
    let of = |explanation: &Explanation, code: &str| -> f64 {
        let of_code = explanation.all.iter().filter(|reason| reason.code.starts_with(code));
        of_code.map(|reason| reason.contribution).sum()
    };
    let named = of(&told, "PLAN") + of(&told, "MONTHLY_REVENUE");
    assert!((of(&explanation, "UNTOLD") - named).abs() < 1e-12 && named > 0.1);
    let texts: Vec<&str> = explanation.all.iter().map(|reason| reason.text.as_str()).collect();
    assert!(!texts.iter().any(|text| text.contains("lan is") || text.contains("evenue")), "{texts:?}");
    assert!(explanation.reasons.is_empty() && explanation.protective.is_none());
    let moved = [change::Moved { log_odds: 1.0, text: "plan changed".to_owned(), is_told: false }];
    let day = |text: &str| text.parse::<crate::calendar::Day>().unwrap();
    let between = change::Between { then: day("2026-05-25"), now: day("2026-06-01") };
    assert_eq!(
        english_explainer().change_told(change::Standing::Stayed, between, &moved, None),
        "Little has changed since 25 May"
    );
}

#[test]
fn every_code_that_can_be_shown_is_known_without_a_model() {
    let settings = settings(SETTINGS);
    let known = codes(&settings.signals, &catalogue(&settings));
    let concepts = catalogue::concepts(&settings.signals, &catalogue(&settings), &terms(&settings), Some(&english()));
    for concept in &concepts {
        for definition in catalogue::definitions(concept.family) {
            assert!(known.contains(&concept.code(definition.state)), "{}", concept.prefix);
        }
    }
    assert!(known.is_sorted() && known.iter().all(|code| !code.is_empty()));
}
