//! Of whatever customers: texts are true of their numbers, and contributions sum to their log-odds.

use super::*;

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
            "OVERDUE" | "RHYTHM" => {
                let events = person.within(name, 0.0, f64::INFINITY);
                let days = events.iter().map(|e| e.days_ago.ceil() as u32).collect::<BTreeSet<_>>().len();
                let pause = (events[events.len() - 1].days_ago - events[0].days_ago) / (days - 1) as f64;
                // "every day" has no number.
                let every = if text.contains("every day") { 1.0 } else { numbers[0] };
                let days = numbers[numbers.len() - 1];
                prop_assert!((every - pause.max(1.0)).abs() <= 0.5 + 1e-6, "{}: {}", text, pause);
                if code.ends_with("OVERDUE") {
                    prop_assert_eq!(count(name, 0.0, days), 0.0, "{}", text);
                    prop_assert!(days >= 2.0 * every, "{}", text);
                } else {
                    prop_assert_eq!(days, events[0].days_ago.ceil(), "{}", text);
                    prop_assert!(days <= every, "{}", text);
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
        with_lifetime in any::<bool>(),
    ) {
        let settings = if with_lifetime { lifetime() } else { settings(SETTINGS) };
        let terms = terms(&settings);
        let coefficients: Vec<f64> = (0..terms.len()).map(|i| seeds[i % seeds.len()]).collect();
        let (explanation, log_odds) = explain_with(&settings, &reference, &person, coefficients.clone());
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
