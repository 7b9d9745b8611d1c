//! What would help.

use super::*;

/// The lever of a concept.
fn with_lever<T>(prefix: &str, family: Family, then: impl FnOnce(&reach::Lever<'_>, &Catalogue) -> T) -> T {
    with_lever_of(&settings(SETTINGS), prefix, family, then)
}

fn with_lever_of<T>(
    settings: &Settings,
    prefix: &str,
    family: Family,
    then: impl FnOnce(&reach::Lever<'_>, &Catalogue) -> T,
) -> T {
    let catalogue = catalogue(settings);
    let concepts = catalogue::concepts(&settings.signals, &catalogue, &terms(settings), Some(&english()));
    let concept = concepts.iter().find(|concept| concept.prefix == prefix && concept.family == family).unwrap();
    then(&reach::Lever::find(concept, &catalogue).unwrap(), &catalogue)
}

#[test]
fn features_that_are_moved_are_those_of_a_customer_who_has_as_many_rows() {
    let settings = lifetime();
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
            let found = with_lever_of(&settings, prefix, Family::Volume, |lever, _| {
                lever.moved(&typical_values, &raw, f64::from(to))
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
                    Measure::LifetimeCount | Measure::LifetimeActiveDays => 2.0,
                    Measure::LifetimeSum => 700.0,
                    Measure::GapMean => 0.3,
                    Measure::DaysSinceLastOverGap => 0.5 * expected + 0.5,
                    // How uneven they would be is not said.
                    Measure::GapSd | Measure::GapLongest => f32::INFINITY,
                    Measure::Trend => 0.45,
                    Measure::Sum => 700.0,
                    Measure::Mean | Measure::NegativeShare => 1e-3,
                    Measure::LifetimeMean | Measure::LifetimeNegativeShare => 1e-3,
                    Measure::Categories | Measure::LifetimeCategories => 2.0,
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
        let after = lever.moved(&typical_of(1.0, 6.0), &unhappy, 8.0);
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
        let after = lever.moved(&typical_of(-0.5, 0.4), &gloomy, 0.4);
        let share = after[catalogue.position("mentions_negative_share_28d").unwrap()];
        assert!((share - 0.6 / 1.6).abs() < 1e-6, "{share}");
        assert_eq!(
            lever.text(&english(), &gloomy, 0.4),
            "if the mood of mentions were 0.40 in 28 days instead of -0.60"
        );
    });
}
