//! `churn monitor` on the real binary: a simulated population that answers outreach, judged by its outcomes, and every
//! way in which runs and tables can be other than they should be.

use crate::common::outreach::{whole, Copy, Told, World, LISTS, MATURED, SAVE_RATE};
use crate::common::{parquet_files, write, Browser, Cell, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type};
use arrow_array::{ArrayRef, Date32Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The cancellations of a table, by customer.
fn cancellations(path: &Path) -> BTreeMap<i64, i64> {
    let table = Table::read(path);
    let ids = table.column("customer_id").iter().map(|id| id.whole().unwrap());
    ids.zip(table.column("churned_on").iter().map(|day| day.whole().unwrap())).collect()
}

#[test]
fn outcomes_are_those_of_the_churn_table_and_the_reasons_those_of_the_list() {
    let copy = World::shared().copy();
    copy.monitor(&[]).ok();
    let churned = cancellations(&copy.path("after/churn.parquet"));

    let parts = parquet_files(&copy.path("monitor/outcomes.parquet"));
    assert_eq!(parts.len(), MATURED);
    for (at, part) in parts.iter().enumerate() {
        assert!(part.ends_with(format!("as_of={}/part.parquet", LISTS[at])), "{}", part.display());
        let (outcomes, scores) = (Table::read(part), Table::read(&copy.list(at).join("scores.parquet")));
        let list = Table::read(&copy.list(at).join("at_risk.parquet"));
        assert_eq!(outcomes.rows, scores.rows);
        for name in ["as_of", "customer_id", "churn_probability", "rank", "group", "model_version", "risk_tier"] {
            assert_eq!(outcomes.column(name), scores.column(name), "{name}");
        }

        let as_of = crate::common::day(LISTS[at]);
        for row in 0..outcomes.rows {
            let day = churned.get(&outcomes.column("customer_id")[row].whole().unwrap()).copied();
            let expected = match day {
                Some(day) if day < as_of + 7 => Cell::Null,
                Some(day) if day < as_of + 37 => Cell::Whole(1),
                _ => Cell::Whole(0),
            };
            assert_eq!(outcomes.column("churned")[row], expected, "{day:?} and {as_of}");
            let expected = day.filter(|&day| day < as_of + 37).map_or(Cell::Null, Cell::Whole);
            assert_eq!(outcomes.column("churned_on")[row], expected);
            let listed = row < list.rows;
            assert_eq!(outcomes.column("listed")[row], Cell::Whole(listed.into()));
            for name in ["reason_1_code", "reason_4_code"] {
                let expected = if listed { list.column(name)[row].clone() } else { Cell::Null };
                assert_eq!(outcomes.column(name)[row], expected);
            }
        }
    }
}

#[test]
fn customers_left_alone_stand_for_everybody_whom_outreach_may_have_reached() {
    let copy = World::shared().copy();
    copy.monitor(&[]).ok();

    // By the definition: lists from 37 days before to the end of the label window.
    let lists: Vec<(i64, Table)> = LISTS
        .iter()
        .enumerate()
        .map(|(at, as_of)| (crate::common::day(as_of), Table::read(&copy.list(at).join("at_risk.parquet"))))
        .collect();
    let at = 3;
    let as_of = crate::common::day(LISTS[at]);
    let mut groups: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (day, list) in lists.iter().filter(|(day, _)| (as_of - 37..as_of + 37).contains(day)) {
        assert!(*day != as_of || list.rows == 500);
        for (id, group) in list.column("customer_id").iter().zip(list.column("group")) {
            groups.entry(id.whole().unwrap()).or_default().insert(group.text().unwrap().to_owned());
        }
    }
    let outcomes = copy.table(&format!("outcomes.parquet/as_of={}/part.parquet", LISTS[at]));
    for (id, weight) in outcomes.column("customer_id").iter().zip(outcomes.column("weight")) {
        let expected = match groups.get(&id.whole().unwrap()) {
            None => 1.0,
            Some(groups) if groups.contains("contact") => 0.0,
            Some(_) => 1.0 / 0.3,
        };
        assert!((weight.number().unwrap() - expected).abs() < 1e-12);
    }
    let total: f64 = outcomes.column("weight").iter().map(|weight| weight.number().unwrap()).sum();
    assert!((total / outcomes.rows as f64 - 1.0).abs() < 0.1, "{total} of {}", outcomes.rows);
}

#[test]
fn a_list_that_was_acted_on_seems_worse_than_it_is_and_the_figures_say_so() {
    let copy = World::shared().copy();
    let found = copy.json(&[]);
    let newest = LISTS[MATURED - 1];
    assert_eq!(found["advice"]["as_of"], newest);

    // Without outreach as many would have left as the population that never heard of it says.
    let undisturbed = cancellations(&copy.data.parent().unwrap().join("data/churn.parquet"));
    let list = Table::read(&copy.list(MATURED - 1).join("at_risk.parquet"));
    let as_of = crate::common::day(newest);
    let mut judged = Vec::new();
    for id in list.column("customer_id") {
        let day = undisturbed.get(&id.whole().unwrap()).copied().unwrap_or(i64::MAX);
        if day >= as_of + 7 {
            judged.push(f64::from(u8::from(day < as_of + 37)));
        }
    }
    let truth = judged.iter().sum::<f64>() / judged.len() as f64;
    let Told { value: alone, low, high } = copy.figure(newest, "precision", "list").unwrap();
    let naive = copy.figure(newest, "precision_everybody", "list").unwrap().value;
    assert!(low.unwrap() <= truth && truth <= high.unwrap(), "{truth} is not in {low:?} to {high:?}");
    assert!((alone - truth).abs() < (naive - truth).abs() && naive < 0.8 * truth, "{naive} {alone} {truth}");
    let words = found["difference"].as_str().unwrap();
    assert!(words.contains("the list seems worse than it is"), "{words}");

    for slice in ["tier=critical", "plan=team", "region=Europe"] {
        assert!(copy.figure(newest, "churn_rate", slice).is_some(), "{slice}");
    }
    let auc = copy.figure(newest, "roc_auc", "all").unwrap().value;
    assert!((0.6..1.0).contains(&auc), "{auc}");
    assert!(copy.figure(newest, "mean_roc_auc", "all").is_some());
}

#[test]
fn the_effect_of_outreach_is_the_one_that_was_simulated() {
    let copy = World::shared().copy();
    let found = copy.json(&[]);

    // The truth, from the population that never heard of outreach: those who would have left from the Monday after the
    // list on, and within 37 days, times the share that is saved.
    let undisturbed = cancellations(&copy.data.parent().unwrap().join("data/churn.parquet"));
    let (mut seen, mut would, mut groups) = (BTreeSet::new(), Vec::new(), BTreeMap::new());
    for (at, as_of) in LISTS.iter().enumerate().take(MATURED) {
        let list = Table::read(&copy.list(at).join("at_risk.parquet"));
        let as_of = crate::common::day(as_of);
        for (id, group) in list.column("customer_id").iter().zip(list.column("group")) {
            let id = id.whole().unwrap();
            if seen.insert(id) {
                let day = undisturbed.get(&id).copied().unwrap_or(i64::MAX);
                would.push(f64::from(u8::from((as_of + 7..as_of + 37).contains(&day))));
                *groups.entry(group.text().unwrap().to_owned()).or_insert(0) += 1;
            }
        }
    }
    let truth = SAVE_RATE * would.iter().sum::<f64>() / would.len() as f64;

    let effect = copy.table("effect.parquet");
    assert_eq!(effect.column("slice")[0].text(), Some("all"));
    let number = |name: &str| effect.column(name)[0].number().unwrap();
    assert_eq!((number("contact"), number("control")), (f64::from(groups["contact"]), f64::from(groups["control"])));
    assert!(number("low") <= truth && truth <= number("high"), "{truth}: {} to {}", number("low"), number("high"));
    let (low, high) = (number("low_at_every_look"), number("high_at_every_look"));
    assert!(low <= truth && truth <= high && high - low > number("high") - number("low"), "{low} {truth} {high}");
    assert!(number("allocation_p_value") > 0.001 && number("smallest_effect") > 0.0);

    let study = &found["effect"][0];
    assert_eq!(study["control_fractions"], serde_json::json!([0.3]));
    assert!(study["pending"].as_u64().unwrap() > 0);
    let sentence = study["sentences"][0].as_str().unwrap();
    let expected = if low > 0.0 { "Outreach keeps customers" } else { "Nothing has been shown" };
    assert!(sentence.starts_with(expected), "{sentence}");
    for tier in ["tier=critical", "tier=high"] {
        assert!(effect.column("slice").iter().any(|slice| slice.text() == Some(tier)), "{tier}");
    }
}

#[test]
fn the_drift_of_every_run_is_among_the_figures() {
    let copy = World::shared().copy();
    let found = copy.json(&[]);
    for as_of in LISTS {
        for (measure, slice) in [("drift_psi", "feature=tenure_days"), ("drift_psi", "score"), ("drift_rows", "all")] {
            assert!(copy.figure(as_of, measure, slice).is_some(), "{as_of} {measure} {slice}");
        }
    }
    let newest = LISTS[LISTS.len() - 1];
    assert_eq!(found["drift"]["as_of"], newest, "matured or not");
    assert!(found["drift"]["risk"].as_str().unwrap().starts_with("mean risk "));
    let page = fs::read_to_string(copy.path("monitor/monitor.html")).unwrap();
    assert!(page.contains("id=\"drift\""));

    // What is known already is not told twice.
    let rows = copy.table("metrics.parquet").rows;
    copy.monitor(&[]).ok();
    assert_eq!(copy.table("metrics.parquet").rows, rows);

    copy.change(&copy.list(LISTS.len() - 1).join("manifest.json"), |manifest| {
        manifest.as_object_mut().unwrap().remove("drift");
    });
    let run = copy.monitor(&[]).ok();
    assert!(run.stderr.contains("no drift is known of 1 of the runs"), "{run}");
    assert!(copy.figure(newest, "drift_rows", "all").is_none());
}

#[test]
fn who_left_is_told_with_the_last_reasons() {
    let copy = World::shared().copy();
    let found = copy.json(&[]);
    let leavers = copy.table("leavers.parquet");
    let churned = cancellations(&copy.path("after/churn.parquet"));
    let as_of = crate::common::day(LISTS[MATURED - 1]);
    let (mut unlisted, mut reasons) = (0, 0);
    for row in 0..leavers.rows {
        let day = churned[&leavers.column("customer_id")[row].whole().unwrap()];
        assert!((as_of..as_of + 37).contains(&day));
        match leavers.column("last_listed")[row].whole() {
            None => unlisted += 1,
            Some(last) => {
                assert!(last < day && leavers.column("days_before")[row] == Cell::Whole(day - last));
                reasons += u64::from(leavers.column("reason_1_code")[row].text().is_some());
            }
        }
    }
    assert!(unlisted > 0 && reasons > 0);
    assert_eq!(found["left_unlisted"], unlisted);
    let told: u64 = found["last_reasons"].as_array().unwrap().iter().map(|it| it["customers"].as_u64().unwrap()).sum();
    assert_eq!(told, leavers.rows as u64 - unlisted);
}

/// Every file of the monitoring but the manifest, which says when it was.
fn data_files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files: Vec<PathBuf> = parquet_files(folder);
    files.push(folder.join("monitor.html"));
    files.into_iter().map(|path| (path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

#[test]
fn what_is_known_is_not_computed_again_and_gives_the_same_bytes() {
    let all_at_once = World::shared().copy();
    all_at_once.monitor(&["--threads", "1"]).ok();

    let step_by_step = World::shared().copy();
    let moved = step_by_step.path("later");
    fs::create_dir(&moved).unwrap();
    let later: Vec<usize> = (6..LISTS.len()).collect();
    for &at in &later {
        fs::rename(step_by_step.list(at), moved.join(LISTS[at])).unwrap();
    }
    let found = step_by_step.json(&[]);
    assert_eq!((found["runs"].as_u64(), found["judged_now"].as_u64()), (Some(6), Some(6)));
    for &at in &later {
        fs::rename(moved.join(LISTS[at]), step_by_step.list(at)).unwrap();
    }
    // New lists reach into the label windows of those before them, down to 37 days before.
    let found = step_by_step.json(&["--threads", "2"]);
    assert_eq!((found["runs"].as_u64(), found["judged_now"].as_u64()), (Some(8), Some(7)));
    let found = step_by_step.json(&[]);
    assert_eq!(found["judged_now"].as_u64(), Some(0));
    // Nor from another folder, in which paths are written otherwise.
    let again = step_by_step.monitored_elsewhere();
    assert_eq!(again["judged_now"].as_u64(), Some(0), "{again}");

    let (one, other) = (data_files(&all_at_once.path("monitor")), data_files(&step_by_step.path("monitor")));
    assert!(one.keys().eq(other.keys()));
    for (path, bytes) in &one {
        assert!(other[path] == *bytes, "{} differs", path.display());
    }
}

#[test]
fn the_page_has_no_script_and_says_what_the_terminal_says() {
    let copy = World::shared().copy();
    let run = copy.monitor(&[]).ok();
    let page = fs::read_to_string(copy.path("monitor/monitor.html")).unwrap();
    assert!(!page.contains("<script") && page.contains("default-src 'none'") && !page.contains("{{"));
    assert!(page.contains("<svg class=chart") && page.contains("role=img") && !page.contains("NaN"));
    for said in ["The effect of outreach", "Those who left", "left alone"] {
        assert!(page.contains(said) && run.stdout.contains(said), "{said}: {run}");
    }
    let manifest = fs::read_to_string(copy.path("monitor/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["runs"].as_array().unwrap().len(), MATURED);
    let names: Vec<&str> =
        manifest["files"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["metrics.parquet", "effect.parquet", "leavers.parquet", "monitor.html", "response.json"]);
}

#[test]
fn the_page_keeps_its_promises_in_a_browser() {
    let Some(browser) = Browser::find() else { return };
    let copy = World::shared().copy();
    copy.monitor(&[]).ok();
    // A model, a key and reasons that anybody may have named.
    let hostile = World::shared().copy();
    let name = "<img src=x onerror=harmed=1>\u{202e}\"'><script>harmed=1</script>".repeat(20);
    (6..LISTS.len()).for_each(|at| with_draw(&hostile, at, 0.3, &name));
    for at in 0..LISTS.len() {
        hostile.change(&hostile.list(at).join("manifest.json"), |manifest| {
            manifest["model_version"] = name.as_str().into();
            manifest["drift"]["changed"] = serde_json::json!([name]);
        });
        rename_reasons(&hostile, at, &name);
    }
    hostile.monitor(&[]).ok();
    browser.hold("monitor.mjs", &[copy.path("monitor/monitor.html"), hostile.path("monitor/monitor.html")]);
}

#[test]
fn what_a_run_told_in_its_language_is_quoted_and_marked() {
    let copy = World::shared().copy();
    let newest = LISTS[LISTS.len() - 1];
    let german = ["--set", "list.language=de", "--set", "publish.formats=[\"parquet\"]", "--set", "kpi.period=off"];
    copy.run(&[&["score", "--as-of", newest, "--set", "list.control_fraction=0.3"], &german[..]].concat()).ok();

    let run = copy.monitor(&[&german[..], &["--set", "publish.csv_bom=false"]].concat()).ok();
    let page = fs::read_to_string(copy.path("monitor/monitor.html")).unwrap();
    assert!(page.contains("<html lang=\"en\">") && page.contains("<ul lang=\"de\"><li>"), "{page}");
    assert!(page.contains("mittlere") && !page.contains("<bdi>mean risk"), "{page}");
    let note = "publish.csv_bom has no effect";
    assert!(page.contains(note) && run.stderr.contains(note), "{run}");
}

#[test]
fn without_a_matured_run_it_says_when_there_will_be_one() {
    let copy = World::shared().copy();
    (0..MATURED).for_each(|at| fs::remove_dir_all(copy.list(at)).unwrap());
    let run = copy.monitor(&[]);
    assert!(run.code == 5 && run.stderr.contains("none of the 2 published runs"), "{run}");
    assert!(run.stderr.contains("2026-05-11 is known on 2026-06-17"), "{run}");
    assert!(!copy.path("monitor/metrics.parquet").exists());

    fs::remove_dir_all(copy.path("out")).unwrap();
    let run = copy.monitor(&[]);
    assert!(run.code == 5 && run.stderr.contains("no published run"), "{run}");
}

#[test]
fn an_as_of_date_sees_what_was_known_then() {
    let copy = World::shared().copy();
    let found = copy.json(&["--as-of", "2026-04-20"]);
    assert_eq!((found["runs"].as_u64(), found["known_until"].as_str()), (Some(2), Some("2026-04-20")));
    let run = copy.monitor(&["--as-of", "2999-01-01"]);
    assert!(run.code == 2 && run.stderr.contains("has not come yet"), "{run}");
}

#[test]
fn runs_that_cannot_be_used_are_named_and_left_out() {
    let copy = World::shared().copy();
    // Not finished; of an older version, without what monitoring needs; damaged; other columns; a list of another day.
    fs::remove_file(copy.list(0).join("_SUCCESS")).unwrap();
    copy.change(&copy.list(1).join("manifest.json"), |manifest| {
        manifest.as_object_mut().unwrap().remove("control_power");
    });
    fs::write(copy.list(2).join("at_risk.parquet"), "no table").unwrap();
    let scores = copy.list(3).join("scores.parquet");
    let batch = whole(&scores);
    let few = batch.project(&[0, 1, 2]).unwrap();
    write(&scores, &[few], 1 << 20);
    fs::copy(copy.list(5).join("at_risk.parquet"), copy.list(4).join("at_risk.parquet")).unwrap();
    fs::write(copy.list(6).join("manifest.json"), "{}").unwrap();

    let run = copy.monitor(&[]).ok();
    for said in [
        "has no _SUCCESS",
        "do not say how large their control group was",
        "the run of 2026-03-16 is left out",
        "the run of 2026-03-23 is not judged: a published table has no column",
        "are not of the same list; score that date again",
        "the run of 2026-04-13 is left out",
    ] {
        assert!(run.stderr.contains(said), "{said:?} is missing: {run}");
    }
    let parts = parquet_files(&copy.path("monitor/outcomes.parquet"));
    assert_eq!(parts.len(), 3, "{parts:?}");
}

/// Gives lists another control share, or a key.
fn with_draw(copy: &Copy, at: usize, fraction: f64, key: &str) {
    copy.change(&copy.list(at).join("manifest.json"), |manifest| {
        manifest["control_power"]["control_fraction"] = fraction.into();
        manifest["control_key"] = key.into();
    });
}

/// Puts everybody on a list into the group `contact`.
fn contact_everybody(copy: &Copy, at: usize) {
    for name in ["scores.parquet", "at_risk.parquet"] {
        overwrite(&copy.list(at).join(name), "group", "contact");
    }
}

/// Gives everybody on a list one first reason.
fn rename_reasons(copy: &Copy, at: usize, code: &str) {
    overwrite(&copy.list(at).join("at_risk.parquet"), "reason_1_code", code);
}

/// Writes a text in the place of every one in a column.
fn overwrite(path: &Path, column: &str, text: &str) {
    let batch = whole(path);
    let index = batch.schema().index_of(column).unwrap();
    let written: ArrayRef = match batch.column(index).data_type() {
        DataType::Utf8 => {
            let texts = batch.column(index).as_string::<i32>();
            Arc::new(texts.iter().map(|old| old.map(|_| text)).collect::<arrow_array::StringArray>())
        }
        _ => {
            let texts = batch.column(index).as_string::<i64>();
            Arc::new(texts.iter().map(|old| old.map(|_| text)).collect::<arrow_array::LargeStringArray>())
        }
    };
    let mut columns = batch.columns().to_vec();
    columns[index] = written;
    write(path, &[RecordBatch::try_new(batch.schema(), columns).unwrap()], 1 << 20);
}

#[test]
fn without_a_control_group_nothing_is_said_of_the_list_or_of_outreach() {
    let copy = World::shared().copy();
    for at in 0..LISTS.len() {
        contact_everybody(&copy, at);
        with_draw(&copy, at, 0.0, "");
    }
    let found = copy.json(&[]);
    let sentence = found["effect"][0]["sentences"][0].as_str().unwrap();
    assert!(sentence.contains("nobody on the lists was left alone"), "{sentence}");
    assert_eq!(found["effect"][0]["verdict"], "act");
    let newest = LISTS[MATURED - 1];
    assert!(copy.figure(newest, "precision", "list").is_none());
    assert!(copy.figure(newest, "precision_everybody", "list").is_some());
    assert!(found["difference"].is_null());
}

#[test]
fn where_everybody_was_contacted_although_some_were_to_be_left_alone_nothing_is_claimed() {
    let copy = World::shared().copy();
    (0..LISTS.len()).for_each(|at| contact_everybody(&copy, at));
    let found = copy.json(&[]);
    assert_eq!(found["effect"][0]["verdict"], "act");
    assert!(found["effect"][0]["allocation_p_value"].as_f64().unwrap() < 1e-12);
}

#[test]
fn a_changed_share_is_told_and_a_changed_key_is_another_study() {
    let copy = World::shared().copy();
    with_draw(&copy, 0, 0.299_999, "");
    (6..LISTS.len()).for_each(|at| with_draw(&copy, at, 0.3, "2026Q2"));
    let found = copy.json(&[]);
    let keys: Vec<&str> =
        found["effect"].as_array().unwrap().iter().map(|it| it["control_key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["", "2026Q2"]);
    let sentences = found["effect"][0]["sentences"].to_string();
    assert!(sentences.contains("The control share has changed"), "{sentences}");
    assert!(copy.figure(LISTS[MATURED - 1], "effect", "key=2026Q2").is_some());

    let effect = copy.table("effect.parquet");
    let all = effect.column("slice").iter().filter(|slice| slice.text() == Some("all")).count();
    assert_eq!(all, 2);
}

#[test]
fn a_churn_table_that_has_shrunk_or_been_written_anew_is_noticed() {
    let copy = World::shared().copy();
    copy.monitor(&[]).ok();
    let before = copy.figure(LISTS[0], "churners", "all").unwrap().value;

    let march = crate::common::day("2026-03-20") as i32..crate::common::day("2026-03-30") as i32;
    copy.keep_churn(|id, day| !march.contains(&day) || id % 2 == 0);
    let run = copy.monitor(&["--format", "json"]).ok();
    assert!(run.stderr.contains("the churn table has shrunk about the past"), "{run}");
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!((1..MATURED as u64).contains(&found["judged_now"].as_u64().unwrap()), "{found}");
    let after = copy.figure(LISTS[0], "churners", "all").unwrap().value;
    assert!(after < before, "{after} {before}");

    // As many as before, and others.
    let path = copy.path("after/churn.parquet");
    let batch = whole(&path);
    let ids: Vec<i64> = batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    let days = batch.column(1).as_primitive::<Date32Type>().clone();
    let mut turned = ids.clone();
    turned.reverse();
    let schema = Schema::new(vec![
        Field::new("customer_id", DataType::Int64, false),
        Field::new("churned_on", DataType::Date32, false),
    ]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(turned)), Arc::new(days)];
    write(&path, &[RecordBatch::try_new(Arc::new(schema), columns).unwrap()], 1 << 20);
    let run = copy.monitor(&[]).ok();
    // Some of the others were no customers in a window, so that the count may differ by a few too.
    let is_said = ["says otherwise than it did", "has shrunk"].iter().any(|words| run.stderr.contains(words));
    assert!(is_said && run.stderr.contains("about the past"), "{run}");
}

#[test]
fn customers_who_are_listed_under_two_ids_are_told() {
    let copy = World::shared().copy();
    // When the first lists were made, every fifth customer had another id.
    for at in 0..4 {
        for name in ["scores.parquet", "at_risk.parquet"] {
            let path = copy.list(at).join(name);
            let batch = whole(&path);
            let place = batch.schema().index_of("customer_id").unwrap();
            let ids = batch.column(place).as_primitive::<Int64Type>();
            let before = ids.values().iter().map(|&id| if id % 5 == 0 { id + 1_000_000 } else { id });
            let mut columns = batch.columns().to_vec();
            columns[place] = Arc::new(Int64Array::from_iter_values(before));
            write(&path, &[RecordBatch::try_new(batch.schema(), columns).unwrap()], 1 << 20);
        }
    }

    // What is known is not computed again, and told again.
    for _ in 0..2 {
        let run = copy.monitor(&[]).ok();
        let said = format!("of matured runs (those from {} to {}) are not in the customers table", LISTS[0], LISTS[3]);
        assert!(run.stderr.contains(&said) && run.stderr.contains("listed under two ids counts twice"), "{run}");
    }
    let unknown = |at: usize| copy.figure(LISTS[at], "unknown_customers", "all").unwrap().value;
    let outcomes = copy.table(&format!("outcomes.parquet/as_of={}/part.parquet", LISTS[0]));
    let expected = outcomes.column("not_judged").iter().filter(|why| why.text() == Some("unknown_customer")).count();
    assert!(expected > 500 && unknown(0) == expected as f64 && unknown(4) == 0.0, "{expected}");
}

#[test]
fn an_outcomes_file_of_another_run_is_written_again() {
    let copy = World::shared().copy();
    copy.monitor(&[]).ok();
    let part = |at: usize| copy.path(&format!("monitor/outcomes.parquet/as_of={}/part.parquet", LISTS[at]));
    let expected = fs::read(part(2)).unwrap();
    fs::copy(part(1), part(2)).unwrap();
    fs::remove_file(part(3)).unwrap();
    let run = copy.monitor(&["--format", "json"]).ok();
    assert!(run.stderr.contains("holds the outcomes of something else than the run of 2026-03-16"), "{run}");
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["judged_now"], 2);
    assert!(fs::read(part(2)).unwrap() == expected && part(3).exists());
}

#[test]
fn two_models_in_one_week_are_told_apart() {
    let copy = World::shared().copy();
    let newest = MATURED - 1;
    for at in [newest - 1, newest] {
        copy.change(&copy.list(at).join("manifest.json"), |manifest| manifest["model_version"] = "other".into());
    }
    let found = copy.json(&[]);
    assert_eq!(found["advice"]["model_version"], "other");
    let notes = found["notes"].to_string();
    assert!(notes.contains("nothing is known yet of the champion"), "{notes}");
    let metrics = copy.table("metrics.parquet");
    let rows = (0..metrics.rows).filter(|&row| metrics.column("measure")[row].text() == Some("mean_roc_auc"));
    let versions: BTreeSet<&str> = rows.map(|row| metrics.column("model_version")[row].text().unwrap()).collect();
    assert!(versions.len() == 2 && versions.contains("other"), "{versions:?}");
}

#[test]
fn who_was_really_contacted_is_compared_too_and_called_no_experiment() {
    let copy = World::shared().copy();
    // Half of those to be contacted were, and a few of the control group.
    let list = Table::read(&copy.list(0).join("at_risk.parquet"));
    let mut contacted = Vec::new();
    for (id, group) in list.column("customer_id").iter().zip(list.column("group")) {
        let id = id.whole().unwrap();
        if (group.text() == Some("contact") && id % 2 == 0) || (group.text() == Some("control") && id % 10 == 0) {
            contacted.push(id);
        }
    }
    let days = vec![crate::common::day("2026-03-04") as i32; contacted.len()];
    let schema = Schema::new(vec![
        Field::new("customer_id", DataType::Int64, false),
        Field::new("contacted_on", DataType::Date32, false),
    ]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(contacted)), Arc::new(Date32Array::from(days))];
    let path = copy.path("contacted.parquet");
    write(&path, &[RecordBatch::try_new(Arc::new(schema), columns).unwrap()], 1 << 20);

    let set = format!("monitoring.contacted={}", path.display());
    let found = copy.json(&["--set", &set]);
    let study = &found["effect"][0];
    assert!(study["contacted_control"].as_u64().unwrap() > 0);
    let sentences = study["sentences"].to_string();
    assert!(sentences.contains("is no experiment") && sentences.contains("contacted all the same"), "{sentences}");
    let effect = copy.table("effect.parquet");
    assert!(effect.column("slice").iter().any(|slice| slice.text() == Some("contacted")));

    fs::write(&path, "no table").unwrap();
    let run = copy.monitor(&["--set", &set]);
    assert!(run.code == 3 && run.stderr.contains("monitoring.contacted"), "{run}");
}

#[test]
fn actions_of_the_playbook_are_compared_for_both_groups() {
    let copy = World::shared().copy();
    let play = "playbook.LOGINS_*={ action = \"Call\" }";
    let other = "playbook.VISITS_*={ action = \"Write\" }";
    let found = copy.json(&["--set", play, "--set", other]);
    let slices = found["effect"][0]["slices"].as_array().unwrap();
    let of = |slice: &str| slices.iter().find(|it| it["slice"] == slice).unwrap_or_else(|| panic!("no {slice}"));
    let call = of("action=Call");
    assert!(call["groups"]["control"]["customers"].as_u64().unwrap() > 0);
    assert_eq!(call["comparisons"], 2);
}

#[test]
fn churn_by_silence_is_judged_by_the_label_of_the_training() {
    let copy = World::shared().copy();
    let silence = ["--set", "churn.definition=inactivity", "--set", "churn.signals=[\"logins\",\"visits\"]"];
    // The model predicts cancellations: its runs are none of this churn.
    let run = copy.monitor(&silence);
    assert!(run.code == 5 && run.stderr.contains("predicts another churn"), "{run}");

    // Of a model that is not there, nothing is known against it.
    fs::remove_dir_all(copy.path("models")).unwrap();
    copy.monitor(&silence).ok();
    let outcomes = copy.table(&format!("outcomes.parquet/as_of={}/part.parquet", LISTS[1]));
    let as_of = crate::common::day(LISTS[1]);
    let window = (as_of + 7) * 86_400_000_000..(as_of + 37) * 86_400_000_000;
    let mut active = BTreeSet::new();
    for signal in ["logins", "visits"] {
        for path in parquet_files(&copy.data.join(signal)) {
            let table = Table::read(&path);
            let rows = table.column("customer_id").iter().zip(table.column("ts"));
            active.extend(
                rows.filter(|(_, ts)| window.contains(&ts.whole().unwrap())).map(|(id, _)| id.whole().unwrap()),
            );
        }
    }
    let churned = cancellations(&copy.path("after/churn.parquet"));
    let mut silent = 0;
    for row in 0..outcomes.rows {
        let id = outcomes.column("customer_id")[row].whole().unwrap();
        if churned.get(&id).is_some_and(|&day| day < as_of + 7) {
            continue;
        }
        assert_eq!(outcomes.column("churned")[row], Cell::Whole((!active.contains(&id)).into()), "{id}");
        silent += u32::from(!active.contains(&id));
    }
    assert!(silent > 10, "{silent}");
}
