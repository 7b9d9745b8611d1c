//! What `churn models` tells of the lists of each model: as the monitoring found it, or why it is not known.

use crate::common::outreach::{Copy, World, LISTS, MATURED};
use serde_json::Value;
use std::fs;

const VERSION: &str = "v0001";

/// What `models list` says for machines of the one model.
fn listed(copy: &Copy, more: &[&str]) -> Value {
    let run = copy.run(&[&["models", "list", "--format", "json"], more].concat()).ok();
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    list[0].clone()
}

/// Nothing is known, for this reason: in the table, below the model, and for machines.
#[track_caller]
fn is_unknown(copy: &Copy, more: &[&str], why: &str) {
    let list = copy.run(&[&["models", "list"], more].concat()).ok();
    let show = copy.run(&[&["models", "show"], more].concat()).ok();
    assert!(list.stdout.contains(why) && !list.stdout.contains("matured lists"), "{why:?} is missing: {list}");
    assert!(show.stdout.contains(why), "{why:?} is missing: {show}");
    let model = listed(copy, more);
    assert!(model["outcomes"].is_null() && model["outcomes_unknown"].as_str().unwrap().contains(why), "{model}");
}

#[test]
fn the_lists_of_a_model_are_told_beside_what_its_evaluation_promised() {
    let copy = World::shared().copy();
    copy.monitor(&[]).ok();
    let newest = LISTS[MATURED - 1];

    let model = listed(&copy, &[]);
    let outcomes = &model["outcomes"];
    assert!(model["outcomes_unknown"].is_null());
    assert_eq!((&outcomes["matured_lists"], &outcomes["known_until"]), (&Value::from(MATURED), &"2026-06-01".into()));
    assert_eq!((&outcomes["oldest"], &outcomes["newest"]), (&LISTS[0].into(), &newest.into()));
    assert_eq!(outcomes["roc_auc"]["promised"], model["evaluation"]["roc_auc"]);
    assert_eq!(outcomes["calibration_in_the_large"]["promised"], 0.0);
    for (measure, slice) in [("roc_auc", "all"), ("calibration_in_the_large", "all"), ("precision", "list")] {
        let (told, figure) = (&outcomes[measure], copy.figure(newest, measure, slice).unwrap());
        assert_eq!((told["value"].as_f64(), told["low"].as_f64()), (Some(figure.value), figure.low), "{measure}");
        assert_eq!(told["high"].as_f64(), figure.high, "{measure}");
        let of_lists = LISTS[..MATURED].iter().map(|as_of| copy.figure(as_of, measure, slice).unwrap().value);
        let mean = of_lists.sum::<f64>() / MATURED as f64;
        assert!((told["mean"].as_f64().unwrap() - mean).abs() < 1e-12, "{measure}");
    }

    // The same for people, and of one model.
    let auc = format!("{:.3}", outcomes["roc_auc"]["value"].as_f64().unwrap());
    let promised = format!("{:.3}", outcomes["roc_auc"]["promised"].as_f64().unwrap());
    let list = copy.run(&["models", "list"]).ok();
    for said in ["their matured lists since promotion, known before 2026-06-01", newest, &auc, &promised] {
        assert!(list.stdout.contains(said), "{said:?} is missing: {list}");
    }
    let show = copy.run(&["models", "show", VERSION]).ok();
    let promoted = promoted_at(&copy);
    let (day, _) = promoted.split_once('T').unwrap();
    let sentence = format!("8 lists of this model since its promotion on {day} matured before 2026-06-01");
    assert_eq!((&outcomes["promoted_at"], &outcomes["left_out"]), (&promoted.as_str().into(), &0.into()));
    for said in [&sentence, newest, &auc, &promised] {
        assert!(show.stdout.contains(said), "{said:?} is missing: {show}");
    }
    let card = fs::read_to_string(copy.path("models/v0001/card.md")).unwrap();
    for said in ["## Outcomes", &sentence, newest, &auc, &promised, "## Limits"] {
        assert!(card.contains(said), "{said:?} is missing: {card}");
    }
    let show = copy.run(&["models", "show", VERSION, "--format", "json"]).ok();
    let shown: Value = serde_json::from_str(&show.stdout).unwrap();
    assert_eq!((&shown["outcomes"], &shown["version"]), (outcomes, &VERSION.into()));
    assert!(shown["coefficients"].is_array() || shown["fit"].is_object(), "the model itself is there as before");
}

#[test]
fn a_card_that_cannot_be_written_stops_no_monitoring() {
    let copy = World::shared().copy();
    let card = copy.path("models/v0001/card.md");
    fs::remove_file(&card).unwrap();
    fs::create_dir(&card).unwrap();
    let run = copy.monitor(&[]).ok();
    assert!(run.stderr.contains("the card of model v0001 lacks what has become of its lists"), "{run}");
    assert!(copy.run(&["models", "show"]).ok().stdout.contains("8 lists of this model since its promotion"));
}

/// When the first model was promoted, by the registry.
fn promoted_at(copy: &Copy) -> String {
    let champion = fs::read_to_string(copy.path("models/champion.json")).unwrap();
    let champion: Value = serde_json::from_str(&champion).unwrap();
    champion["history"][0]["at"].as_str().unwrap().to_owned()
}

#[test]
fn lists_that_were_made_before_the_promotion_do_not_count() {
    let copy = World::shared().copy();
    // The first two were published by the model when it was none of the champions yet.
    for at in [0, 1] {
        let manifest = copy.list(at).join("manifest.json");
        copy.change(&manifest, |manifest| manifest["published_at"] = "2000-01-01T03:00:00Z".into());
    }
    copy.monitor(&[]).ok();
    let outcomes = &listed(&copy, &[])["outcomes"];
    assert_eq!((&outcomes["matured_lists"], &outcomes["left_out"]), (&(MATURED - 2).into(), &2.into()));
    assert_eq!(outcomes["oldest"], LISTS[2]);
    let auc = LISTS[2..MATURED].iter().map(|as_of| copy.figure(as_of, "roc_auc", "all").unwrap().value);
    let mean = auc.sum::<f64>() / (MATURED - 2) as f64;
    assert!((outcomes["roc_auc"]["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    let show = copy.run(&["models", "show"]).ok();
    assert!(show.stdout.contains("6 lists of this model since its promotion"), "{show}");
    assert!(show.stdout.contains("Not counted: 2 lists, made before it was promoted"), "{show}");

    // Promoted today, it has no list yet. When that was is no reason to judge anything again.
    let promoted =
        |history: Value| copy.change(&copy.path("models/champion.json"), |it| it["history"] = history.clone());
    promoted(serde_json::json!([{ "version": VERSION, "at": "2999-01-01T00:00:00Z", "reason": "", "previous": null }]));
    is_unknown(&copy, &[], "No list of model v0001 since its promotion on 2999-01-01 had matured before 2026-06-01");
    assert_eq!(copy.json(&[])["judged_now"], 0);

    // Of a model that never was champion all lists count, which is said.
    promoted(serde_json::json!([]));
    let show = copy.run(&["models", "show", VERSION]).ok();
    assert!(show.stdout.contains("8 lists of this model, which was never promoted, matured before"), "{show}");
    fs::write(copy.path("models/champion.json"), "{").unwrap();
    let show = copy.run(&["models", "show", VERSION]).ok();
    assert!(show.stdout.contains("champion.json is damaged"), "{show}");
    let run = copy.monitor(&[]).ok();
    assert!(run.stderr.contains("the cards of the models lack what has become of their lists"), "{run}");
}

#[test]
fn a_list_of_a_date_whose_outcomes_the_model_has_learned_is_no_forecast() {
    let copy = World::shared().copy();
    let train = ["train", "--as-of", "2026-06-01", "--promote", "always", "--set", "training.contacted=keep"];
    copy.run(&train).ok();
    let plain = ["--set", "kpi.period=off", "--set", "publish.formats=[\"parquet\"]", "--set", "list.capacity=500"];
    let share = ["--set", "list.control_fraction=0.3"];
    copy.run(&[&["score", "--as-of", LISTS[2]], &plain[..], &share].concat()).ok();

    let run = copy.monitor(&[]).ok();
    let said = format!("v0002 was trained on what became of the customers of 1 run from {0} to {0}", LISTS[2]);
    assert!(run.stderr.contains(&said), "{run}");
    let metrics = copy.table("metrics.parquet");
    let rows = metrics.column("measure").iter().zip(metrics.column("model_version"));
    let of_new: Vec<&str> =
        rows.filter(|(_, version)| version.text() == Some("v0002")).filter_map(|(measure, _)| measure.text()).collect();
    assert!(of_new.contains(&"roc_auc") && !of_new.contains(&"mean_roc_auc"), "{of_new:?}");
    let show = copy.run(&["models", "show", "v0002"]).ok();
    assert!(show.stdout.contains("Not counted: 1 list, made before it was promoted, or of dates whose"), "{show}");
}

#[test]
fn of_a_model_whose_lists_have_not_matured_that_is_said() {
    let copy = World::shared().copy();
    copy.monitor(&[]).ok();
    let train = ["train", "--as-of", "2026-06-01", "--promote", "never", "--set", "training.contacted=keep"];
    copy.run(&train).ok();
    let why = "No list of model v0002 had matured before 2026-06-01";
    let list = copy.run(&["models", "list"]).ok();
    assert!(list.stdout.contains(why) && list.stdout.contains("matured lists"), "{list}");
    let show = copy.run(&["models", "show", "v0002"]).ok();
    assert!(show.stdout.contains(why), "{show}");
}

#[test]
fn a_monitoring_that_says_nothing_of_these_models_is_not_taken_for_theirs() {
    let copy = World::shared().copy();
    is_unknown(&copy, &[], "There is no monitoring in");
    copy.monitor(&[]).ok();

    // Of other settings.
    let other = ["--set", "churn.horizon_days=20"];
    is_unknown(&copy, &other, "is of other settings, of another project or of another version");

    // Another registry has a model of the same name.
    let models = format!("paths.models={}", copy.path("others").display());
    let train = ["train", "--as-of", "2026-06-01", "--promote", "always", "--set", "training.contacted=keep"];
    copy.run(&[train.as_slice(), &["--set", &models]].concat()).ok();
    is_unknown(&copy, &["--set", &models], "is of another model v0001, whose evaluation was another");

    // Damaged, gone, and of a version that computed otherwise.
    let metrics = copy.path("monitor/metrics.parquet");
    let whole = fs::read(&metrics).unwrap();
    for damaged in [b"no table".as_slice(), &whole[..whole.len() / 2]] {
        fs::write(&metrics, damaged).unwrap();
        is_unknown(&copy, &[], "metrics.parquet is missing or damaged; `churn monitor` writes it again");
    }
    fs::copy(copy.path("monitor/effect.parquet"), &metrics).unwrap();
    is_unknown(&copy, &[], "metrics.parquet is missing or damaged");
    fs::remove_file(&metrics).unwrap();
    is_unknown(&copy, &[], "metrics.parquet is missing or damaged");
    fs::write(&metrics, &whole).unwrap();
    copy.change(&copy.path("monitor/manifest.json"), |manifest| manifest["format"] = 0.into());
    is_unknown(&copy, &[], "of another version of the program");
    fs::write(copy.path("monitor/manifest.json"), "{").unwrap();
    is_unknown(&copy, &[], "of another version of the program");
}
