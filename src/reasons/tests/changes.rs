//! What has moved the risk between two dates.

use super::*;

/// What the model makes of a person, and the numbers themselves.
fn numbers_of(settings: &Settings, recipe: &Recipe, coefficients: &[f64], person: &Person) -> (Vec<f32>, Row) {
    let raw = person.raw(settings);
    let row = linear(coefficients, &row(recipe, &raw, person.plan));
    (raw, row)
}

/// What moved between two states of a person a week apart, and by how much the log-odds differ.
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
    let between = change::Between { then: day("2026-05-25"), now: day("2026-06-01") };
    let moved = explainer.moved(between, numbers(&raw_then, &then, &row_then), numbers(&raw_now, &now, &row_now));
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
        let first = moved.iter().take(2).find(|moved| moved.text == text);
        assert!(first.is_some_and(|moved| moved.is_telling), "{text} is not among the first of {moved:#?}");
    }
}

#[test]
fn a_change_that_says_nothing_gives_way() {
    use Instrument::Nps;
    let with_logins = |recent: u32, before: u32| {
        typical().with("logins", all(&[spread(recent, 0.0, 28.0, &[0.0], 1), spread(before, 28.0, 168.0, &[0.0], 1)]))
    };
    let mood = |mood: f64| typical().with("mentions", spread(30, 0.0, 168.0, &[mood], 1));
    let nps = |ago: f64| typical().with("surveys", answers(&[(Nps, 9.0, ago)]));
    let visits = |seconds: f64, channels: u32| typical().with("visits", spread(42, 0.0, 168.0, &[seconds], channels));

    for (then, now) in [
        // As small as chance or rounding makes it.
        (with_logins(21, 80), with_logins(20, 80)),
        (mood(0.36), mood(0.38)),
        (visits(240.0, 3), visits(236.0, 3)),
        // The same answer, a week older.
        (nps(30.5), nps(37.5)),
        // The same numbers.
        (typical(), typical()),
    ] {
        let (moved, _) = moved(&then, &now);
        let telling = moved.iter().filter(|moved| moved.is_telling && moved.log_odds.abs() >= LEAST);
        assert_eq!(telling.count(), 0, "{moved:#?}");
    }
}

#[test]
fn a_change_that_contradicts_what_the_risk_did_gives_way() {
    // A model that takes more logins and a better mood for a risk, among customers of whom the opposite is true.
    let settings = settings(SETTINGS);
    let recipe = recipe(&settings, &typical());
    let coefficients: Vec<f64> = engagement_protects(&settings).iter().map(|coefficient| -coefficient).collect();
    let mean = linear(&coefficients, &row(&recipe, &typical().raw(&settings), Some("pro")));
    let attribution = Attribution::new(Some(coefficients.clone()), -2.0, mean).unwrap();
    let is_negative_share = |feature: &Feature| feature.measure == Measure::NegativeShare;
    let columns =
        catalogue(&settings).numeric.into_iter().enumerate().filter(|(_, feature)| is_negative_share(feature));
    let usual = columns.fold(usual(&settings, &typical()), |usual, (column, _)| usual.with_adverse(column));
    let explainer = explainer(&settings, &recipe.terms(), attribution, usual).unwrap();
    let mood = |mood: f64| typical().with("mentions", spread(30, 0.0, 168.0, &[mood], 1));
    let (then, now) = (mood(-0.45), mood(0.4));
    let (raw_then, row_then) = numbers_of(&settings, &recipe, &coefficients, &then);
    let (raw_now, row_now) = numbers_of(&settings, &recipe, &coefficients, &now);
    let levels = [then.plan];
    let numbers = |raw, row| change::Numbers { raw, levels: &levels, row };
    let between = change::Between { then: day("2026-05-25"), now: day("2026-06-01") };

    let moved = explainer.moved(between, numbers(&raw_then, &row_then), numbers(&raw_now, &row_now));
    let mood = moved.iter().find(|moved| moved.text.starts_with("mood of mentions rose")).unwrap();
    assert!(mood.log_odds > 0.0 && !mood.is_telling, "{moved:#?}");
    let said = explainer.change_told(change::Standing::Stayed, between, &moved, None);
    assert_eq!(said, "Risk up since 25 May through small changes alone");
}

#[test]
fn a_text_of_change_says_since_when_and_which_way() {
    use change::{Between, NoLongerScored, NotYetScored, OtherModel, Standing};
    let between = Between { then: day("2026-05-25"), now: day("2026-06-01") };
    let moved = |parts: &[(f64, &str)]| -> Vec<change::Moved> {
        let moved = parts.iter().map(|&(log_odds, text)| change::Moved {
            log_odds,
            text: text.to_owned(),
            is_told: true,
            is_telling: text != "thin",
        });
        moved.collect()
    };
    let explainer = english_explainer();
    let said = |parts: &[(f64, &str)]| explainer.change_told(Standing::Stayed, between, &moved(parts), None);
    assert_eq!(said(&[(0.5, "a"), (-0.3, "b"), (0.1, "c"), (0.09, "d")]), "Risk up since 25 May: a; c. Down: b");
    assert_eq!(said(&[(-0.5, "a"), (0.3, "b"), (0.01, "c")]), "Risk down since 25 May: a. Up: b");
    assert_eq!(said(&[(0.5, "a")]), "Risk up since 25 May: a");
    assert_eq!(said(&[(0.01, "a")]), "Little has changed since 25 May");
    assert_eq!(said(&[]), "Little has changed since 25 May");
    assert_eq!(said(&[(0.5, "a"), (-0.3, "b"), (-0.29, "c")]), "Risk down since 25 May: b; c. Up: a");
    assert_eq!(said(&[(0.5, "thin"), (-0.6, "b")]), "Risk down since 25 May: b");
    assert_eq!(said(&[(0.5, "thin"), (-0.3, "b")]), "Risk up since 25 May through small changes alone. Down: b");
    assert_eq!(said(&[(-0.5, "thin"), (0.3, "b")]), "Risk down since 25 May through small changes alone. Up: b");
    assert_eq!(said(&[(0.5, "thin"), (-0.3, "thin")]), "Risk up since 25 May through small changes alone");
    assert_eq!(said(&[(-0.3, "thin")]), "Risk down since 25 May through small changes alone");
    assert_eq!(said(&[(0.3, "thin"), (-0.29, "thin")]), "Little has changed since 25 May");

    let last_year = Between { then: day("2025-12-31"), now: day("2026-01-01") };
    let other = Some(OtherModel { version: "v0002", log_odds: -0.4 });
    assert_eq!(
        explainer.change_told(Standing::Returned, last_year, &[], other),
        "Back on the list. Little has changed since 31 December 2025. Model v0002 rates the same numbers lower than \
         the model then"
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
