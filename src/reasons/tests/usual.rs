//! Sentences beside what is usual, and those that give way.

use super::*;

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
    let moved = [change::Moved { log_odds: 1.0, text: "plan changed".to_owned(), is_told: false, is_telling: true }];
    let between = change::Between { then: day("2026-05-25"), now: day("2026-06-01") };
    assert_eq!(
        english_explainer().change_told(change::Standing::Stayed, between, &moved, None),
        "Little has changed since 25 May"
    );
}
