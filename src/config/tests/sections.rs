//! Sections with rules of their own: the playbook and the scales of surveys.

use super::*;

#[test]
fn the_playbook_has_a_section_for_each_code_or_pattern() {
    let text = format!(
        "{MINIMAL}[playbook]\n\"LOGINS_*\" = {{ action = \"Call\", due_days = 2 }}\n[playbook.PLAN]\naction = \"Offer\"\n\
         owner = \"sales\"\n"
    );
    let s = settings(&text).unwrap();
    assert_eq!(s.playbook.keys().collect::<Vec<_>>(), ["LOGINS_*", "PLAN"]);
    let (logins, plan) = (&s.playbook["LOGINS_*"], &s.playbook["PLAN"]);
    assert_eq!((logins.action.as_str(), logins.owner.as_deref(), logins.due_days), ("Call", None, Some(2)));
    assert_eq!((plan.action.as_str(), plan.owner.as_deref(), plan.due_days), ("Offer", Some("sales"), None));

    // What is shown gives the same settings, and other layers reach in.
    let set = ["playbook.LOGINS_*.action=Write", "list.control_key=2026"];
    let r = resolved(&text, &set, &[("CHURN_PLAYBOOK__PLAN__DUE_DAYS", "7")]).unwrap();
    let s = &r.settings;
    assert_eq!((s.playbook["LOGINS_*"].action.as_str(), s.playbook["PLAN"].due_days), ("Write", Some(7)));
    assert_eq!(s.list.control_key, "2026");
    assert_contains(&r.to_toml(), &["[playbook.\"LOGINS_*\"]", "[playbook.PLAN]"]);
    let again = Settings::from_toml_str(&r.to_toml(), Path::new("")).unwrap();
    assert_eq!(again.playbook, s.playbook);
    assert!(settings(MINIMAL).unwrap().playbook.is_empty() && settings(MINIMAL).unwrap().list.control_key.is_empty());
}

#[test]
fn what_no_playbook_can_mean_is_refused() {
    for (own, parts) in [
        ("[playbook.PLAN]\nowner = \"x\"", &["`playbook.PLAN.action` is missing"][..]),
        ("[playbook.PLAN]\naction = \"x\"\nduedays = 2", &["playbook.PLAN.duedays", "playbook.PLAN.due_days"]),
        ("[playbook.PLAN]\naction = \"x\"\ndue_days = -1", &["playbook.PLAN.due_days", "from 0 to"]),
        ("[playbook.plan]\naction = \"x\"", &["playbook.plan", "capitals"]),
        ("[playbook.\"PLAN; DROP\"]\naction = \"x\"", &["capitals"]),
        ("[playbook]\nPLAN = \"call\"", &["playbook.PLAN", "expected a section"]),
        ("[list]\ncontrol_key = \"a\\nb\"", &["list.control_key", "one line"]),
    ] {
        assert_contains(&refusal(own), parts);
    }
}

#[test]
fn scales_of_instruments_are_whole_or_say_what_is_wrong() {
    let survey = |scales: &str| {
        let keys = "path = \"s\"\nid = \"id\"\ntime = \"ts\"\nvalue = \"score\"\ninstrument = \"kind\"";
        settings(&format!("{MINIMAL}\n[signals.surveys]\nkind = \"survey\"\n{keys}\n{scales}"))
    };

    // What is not said of a scale is as usual, and so are the scales that nothing is said of.
    let signal = &survey("scales = { csat = { to = 10 }, ces = { best = \"low\" } }").unwrap().signals["surveys"];
    assert_eq!(signal.scale(Instrument::Csat), Scale { from: 1.0, to: 10.0, best: Best::High });
    assert_eq!(signal.scale(Instrument::Ces), Scale { from: 1.0, to: 7.0, best: Best::Low });
    assert_eq!(signal.scale(Instrument::Nps), Scale::new([0.0, 10.0]));
    assert_eq!(signal.scales_in_words().unwrap(), "nps 0 to 10, csat 1 to 10, ces 1 to 7");
    let section = &survey("[signals.surveys.scales]\nces = { from = 1, to = 5 }").unwrap().signals["surveys"];
    assert_eq!(section.scale(Instrument::Ces), Scale::new([1.0, 5.0]));
    assert!(section.says_what_is_best(Instrument::Ces) && !section.says_what_is_best(Instrument::Csat));
    // A range is of all instruments that have no scale of their own.
    let both = &survey("range = [1, 9]\nscales = { ces = { from = 0, to = 1 } }").unwrap().signals["surveys"];
    assert_eq!((both.scale(Instrument::Csat).to, both.scale(Instrument::Ces).to), (9.0, 1.0));

    for (scales, found) in [
        ("{ csat = { form = 1 } }", "csat.form, where a scale has `from`, `to` and `best` alone"),
        ("{ cast = { from = 1 } }", "`cast`, which is no instrument"),
        ("{ csat = { from = 10, to = 1 } }", "csat from 10 to 1"),
        ("{ csat = { from = \"1\" } }", "the text \"1\" for csat.from"),
        ("{ csat = { best = \"left\" } }", "where \"high\" or \"low\" is expected"),
        ("{ nps = { from = 1, to = 5 } }", "which is defined on 0 to 10"),
        ("{ csat = [1, 10] }", "the list [1, 10] for csat"),
        ("[1, 10]", "the list [1, 10]"),
        ("{}", "found none"),
    ] {
        let error = survey(&format!("scales = {scales}")).unwrap_err().to_string();
        assert!(error.contains(found) && error.contains("`signals.surveys.scales` (file"), "{scales}: {error}");
    }
}
