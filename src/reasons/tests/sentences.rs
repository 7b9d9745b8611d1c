//! Every sentence, and what is not said.

use super::*;

#[test]
fn where_low_scores_are_good_a_sentence_says_what_a_high_one_is() {
    use Instrument::{Ces, Csat};
    let turned = format!(
        "{SETTINGS}scales = {{ ces = {{ from = 1, to = 5, best = \"low\" }}, csat = {{ from = 1, to = 6, best = \
         \"low\" }} }}\n"
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

/// Coefficients of a model that looks at the last silence beside the own rhythm alone.
fn silence_is_risk(settings: &Settings) -> Vec<f64> {
    let catalogue = catalogue(settings);
    let of_term = |term: &Term| match term.source {
        Source::Numeric(column) if catalogue.numeric[column].measure == Measure::DaysSinceLastOverGap => 0.3,
        _ => 0.0,
    };
    terms(settings).iter().map(of_term).collect()
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

    // A login every so many days until then, for a year.
    let every = |days: u32, last: f64| -> Vec<Event> {
        (0..365 / days).flat_map(|i| answers(&[(Nps, 0.0, last + f64::from(i * days))])).collect()
    };

    let silent = all(&[spread(12, 44.0, 84.0, &[0.0], 1), spread(40, 84.0, 168.0, &[0.0], 1)]);
    let examples = [
        (Family::Volume, State::Drop, "LOGINS", logins([8, 21, 80])),
        (Family::Volume, State::Silent, "LOGINS", typical().with("logins", silent)),
        (Family::Volume, State::Overdue, "LOGINS", typical().with("logins", every(12, 40.5))),
        (Family::Volume, State::Low, "LOGINS", logins([2, 2, 8])),
        (Family::Volume, State::Rise, "LOGINS", logins([30, 10, 60])),
        (Family::Volume, State::High, "LOGINS", logins([40, 40, 160])),
        (Family::Volume, State::Steady, "LOGINS", typical()),
        (Family::Volume, State::InRhythm, "LOGINS", typical().with("logins", every(12, 2.5))),
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
        let settings = match state {
            State::Overdue | State::InRhythm => lifetime(),
            _ => settings(SETTINGS),
        };
        let coefficients = match state {
            State::InRhythm => silence_is_risk(&settings),
            _ => engagement_protects(&settings),
        };
        let (explanation, _) = explain_with(&settings, reference, &person, coefficients);
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
fn rows_from_before_the_sign_up_show_that_a_window_was_seen_as_a_whole() {
    let logins = [spread(10, 0.0, 37.0, &[0.0], 1), spread(60, 100.0, 160.0, &[0.0], 1)].concat();
    let explanation = explain(&Person { tenure: 38.0, ..typical() }.with("logins", logins));
    assert_eq!(text(&explanation, "LOGINS_DROP"), "Logins fell from 60 to 10 in 84 days");
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
