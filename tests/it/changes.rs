//! What changed since the last run: sums and texts of every customer, whoever came and went, `latest/risk.parquet`, and
//! runs that cannot be compared with.

use crate::common::{churn, Cell, Population, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const WEEK_BEFORE: &str = "2026-05-25";

/// Scores dates of the shared population one after the other, with settings of the test's own.
fn score(lists: &Path, dates: &[&str], more: &[&str]) -> Vec<String> {
    let set = format!("paths.lists={}", lists.display());
    let run = |date: &&str| {
        let arguments = [&["score", "--as-of", date, "--set", &set, "--set", "list.capacity=150"], more].concat();
        churn(&Population::shared().folder, &arguments).ok().stderr
    };
    dates.iter().map(run).collect()
}

fn run_of(lists: &Path, date: &str) -> PathBuf {
    lists.join(format!("as_of={date}"))
}

fn table(lists: &Path, date: &str, name: &str) -> Table {
    Table::read(&run_of(lists, date).join(name))
}

/// A number of each customer of a table.
fn by_id(table: &Table, column: &str) -> BTreeMap<i64, f64> {
    let ids = table.column("customer_id").iter().map(|id| id.whole().unwrap());
    ids.zip(table.column(column)).filter_map(|(id, cell)| Some((id, cell.number()?))).collect()
}

fn ids(table: &Table) -> BTreeSet<i64> {
    table.column("customer_id").iter().map(|id| id.whole().unwrap()).collect()
}

#[test]
fn data_and_model_sum_to_the_change_of_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let (lists, models) = (folder.path().join("lists"), folder.path().join("models"));
    let set = format!("paths.models={}", models.display());
    let train = |alpha: &str| {
        let arguments = ["train", "--as-of", "2026-05-01", "--promote", "always", "--set", &set, "--set", alpha];
        churn(&Population::shared().folder, &arguments).ok();
    };
    let with_models = ["--set", &set];
    train("model.alpha=0.001");
    score(&lists, &["2026-05-18", WEEK_BEFORE], &with_models);
    train("model.alpha=0.3");
    score(&lists, &[Population::AS_OF], &with_models);

    for (then, now, is_other_model) in [("2026-05-18", WEEK_BEFORE, false), (WEEK_BEFORE, Population::AS_OF, true)] {
        let (before, after) = (table(&lists, then, "scores.parquet"), table(&lists, now, "scores.parquet"));
        let (z_before, z_after) = (by_id(&before, "log_odds"), by_id(&after, "log_odds"));
        let (data, model) = (by_id(&after, "change_data_log_odds"), by_id(&after, "change_model_log_odds"));
        let both: Vec<i64> = z_after.keys().copied().filter(|id| z_before.contains_key(id)).collect();
        assert!(both.len() > 1000 && data.len() == both.len() && model.len() == both.len(), "{}", both.len());
        for id in both {
            let change = z_after[&id] - z_before[&id];
            assert!((data[&id] + model[&id] - change).abs() < 1e-9, "customer {id}");
            assert!(is_other_model || model[&id] == 0.0, "customer {id}: the same model moved {}", model[&id]);
        }
        let moved = model.values().filter(|moved| moved.abs() > 0.02).count();
        assert_eq!(moved > model.len() / 2, is_other_model, "{moved} of {}", model.len());

        // The list has the same sums, and everybody on it a text.
        let list = table(&lists, now, "at_risk.parquet");
        for (id, of_list) in by_id(&list, "change_data_log_odds") {
            assert_eq!(of_list, data[&id]);
        }
        let texts: Vec<&str> = list.column("change_reason_text").iter().map(|text| text.text().unwrap()).collect();
        let of_model = texts.iter().filter(|text| text.contains("Model v0002 rates")).count();
        assert_eq!(of_model > 0, is_other_model);
        let since = if then == WEEK_BEFORE { "25 May" } else { "18 May" };
        assert!(texts.iter().filter(|text| text.contains(since)).count() > 100, "{texts:?}");
    }
}

#[test]
fn a_model_that_is_gone_from_the_registry_still_sums() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().join("lists");
    score(&lists, &[WEEK_BEFORE], &[]);
    // The same numbers, said to be of a model that nobody has.
    let manifest = run_of(&lists, WEEK_BEFORE).join("manifest.json");
    let text =
        fs::read_to_string(&manifest).unwrap().replace("\"model_version\": \"v0001\"", "\"model_version\": \"v0777\"");
    fs::write(&manifest, text).unwrap();
    score(&lists, &[Population::AS_OF], &[]);

    let (before, after) =
        (table(&lists, WEEK_BEFORE, "scores.parquet"), table(&lists, Population::AS_OF, "scores.parquet"));
    let (z_before, z_after) = (by_id(&before, "log_odds"), by_id(&after, "log_odds"));
    for (id, data) in by_id(&after, "change_data_log_odds") {
        let model = by_id(&after, "change_model_log_odds")[&id];
        assert!((data + model - (z_after[&id] - z_before[&id])).abs() < 1e-9 && model.abs() < 1e-9, "customer {id}");
        if id > 200 {
            break;
        }
    }
}

#[test]
fn whoever_comes_and_goes_is_told_and_latest_has_everybody_once() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().join("lists");
    score(&lists, &["2026-05-18", WEEK_BEFORE, Population::AS_OF], &[]);
    let (then, list) =
        (table(&lists, WEEK_BEFORE, "at_risk.parquet"), table(&lists, Population::AS_OF, "at_risk.parquet"));
    let first = ids(&table(&lists, "2026-05-18", "at_risk.parquet"));
    let (scored_then, scored) =
        (ids(&table(&lists, WEEK_BEFORE, "scores.parquet")), ids(&table(&lists, Population::AS_OF, "scores.parquet")));
    let (before, now) = (ids(&then), ids(&list));

    let cells = |name: &str| list.column(name).to_vec();
    for ((id, status), text) in cells("customer_id").iter().zip(cells("status")).zip(cells("change_reason_text")) {
        let (id, text) = (id.whole().unwrap(), text.text().unwrap().to_owned());
        let (expected, leading) = match (before.contains(&id), first.contains(&id)) {
            (true, _) => (&["up", "down", "same"][..], None),
            (false, true) => (&["returned"][..], Some("Back on the list. ")),
            (false, false) => (&["new"][..], Some("New on the list. ")),
        };
        assert!(expected.contains(&status.text().unwrap()), "customer {id}: {status:?}");
        assert!(leading.is_none_or(|leading| text.starts_with(leading)), "customer {id}: {text}");
        assert_eq!(
            text.contains("25 May") && text.contains("isk "),
            scored_then.contains(&id) || text.contains("Little"),
            "{text}"
        );
    }

    let latest = Table::read(&lists.join("latest/risk.parquet"));
    assert_eq!(latest.names[0], "customer_id");
    assert_eq!(latest.names[latest.names.len() - 3..], ["as_of", "rank", "model_version"]);
    let everybody: BTreeSet<i64> = scored.union(&before).copied().collect();
    assert_eq!((ids(&latest), latest.rows), (everybody.clone(), everybody.len()));
    let probabilities = by_id(&table(&lists, Population::AS_OF, "scores.parquet"), "churn_probability");
    let mut gone = 0;
    for row in 0..latest.rows {
        let cell = |name: &str| &latest.column(name)[row];
        let id = cell("customer_id").whole().unwrap();
        let is_listed = now.contains(&id);
        assert_eq!(cell("listed"), &Cell::Whole(i64::from(is_listed)), "customer {id}");
        assert_eq!(
            cell("group").text().is_some() && cell("reason_1_code").text().is_some(),
            is_listed,
            "customer {id}"
        );
        match probabilities.get(&id) {
            Some(p) => assert!((cell("churn_probability").number().unwrap() - p).abs() <= 0.0005 + 1e-12),
            None => assert_eq!((cell("churn_probability"), cell("rank")), (&Cell::Null, &Cell::Null)),
        }
        if before.contains(&id) && !is_listed {
            gone += 1;
            let text = cell("change_reason_text").text().unwrap();
            assert!(cell("status").text() == Some("left") && text.starts_with("Left the list. "), "{text}");
            assert!(scored.contains(&id) || text.contains("ancelled on ") || text.contains("o activity"), "{text}");
        }
    }
    assert!(gone > 5, "{gone} have left");

    // An earlier date leaves the file alone, the same date again gives the same bytes.
    let bytes = || fs::read(lists.join("latest/risk.parquet")).unwrap();
    let known = bytes();
    score(&lists, &[Population::AS_OF], &["--threads", "1"]);
    assert!(known == bytes());
    score(&lists, &["2026-05-11"], &[]);
    assert!(known == bytes());
}

#[test]
fn every_byte_is_the_same_with_any_number_of_threads_after_earlier_runs() {
    let bytes = |threads: &str| {
        let folder = tempfile::tempdir().unwrap();
        score(folder.path(), &[WEEK_BEFORE, Population::AS_OF], &["--threads", threads]);
        let of_run = ["at_risk.parquet", "at_risk.csv", "scores.parquet"]
            .map(|name| run_of(folder.path(), Population::AS_OF).join(name));
        let files = of_run.into_iter().chain([folder.path().join("latest/risk.parquet")]);
        files.map(|file| fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    let one = bytes("1");
    assert!(one == bytes("3") && one.iter().all(|file| !file.is_empty()));
}

#[test]
fn without_an_earlier_run_there_is_nothing_to_tell() {
    let folder = tempfile::tempdir().unwrap();
    score(folder.path(), &[Population::AS_OF], &[]);
    let list = table(folder.path(), Population::AS_OF, "at_risk.parquet");
    for name in [
        "change_reason_text",
        "change_data_log_odds",
        "change_model_log_odds",
        "probability_change_28d",
        "previous_rank",
    ] {
        assert!(list.column(name).iter().all(|cell| *cell == Cell::Null), "{name}");
    }
    assert!(list.column("status").iter().all(|status| status.text() == Some("new")));
    assert!(list.column("days_listed").iter().all(|days| days.whole() == Some(1)));
    assert_eq!(Table::read(&folder.path().join("latest/risk.parquet")).column("status")[0], Cell::Null);
}

#[test]
fn a_run_that_cannot_be_read_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path();
    score(lists, &["2026-05-18", WEEK_BEFORE], &[]);
    let scores = run_of(lists, WEEK_BEFORE).join("scores.parquet");
    let whole = fs::read(&scores).unwrap();

    // Cut short; nothing but text; without the columns of scores; with pages overwritten.
    let other = fs::read(run_of(lists, WEEK_BEFORE).join("at_risk.parquet")).unwrap();
    let mut overwritten = whole.clone();
    overwritten[4..600].fill(0x5a);
    for (what, bytes) in [
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("text", b"not parquet".to_vec()),
        ("list", other),
        ("pages", overwritten),
    ] {
        fs::write(&scores, bytes).unwrap();
        let said = score(lists, &[Population::AS_OF], &[]).remove(0);
        assert!(
            said.contains("the run of 2026-05-25 is left out") && said.contains("Score that date again"),
            "{what}: {said}"
        );
        let list = table(lists, Population::AS_OF, "at_risk.parquet");
        let texts: Vec<&str> = list.column("change_reason_text").iter().filter_map(Cell::text).collect();
        assert!(texts.iter().all(|text| !text.contains("25 May")), "{what}");
        assert!(what == "pages" || texts.iter().any(|text| text.contains("18 May")), "{what}: {texts:?}");
    }

    fs::remove_file(run_of(lists, WEEK_BEFORE).join("_SUCCESS")).unwrap();
    let said = score(lists, &[Population::AS_OF], &[]).remove(0);
    assert!(!said.contains("left out"), "a run that never was is no news: {said}");
}

#[test]
fn a_month_ago_is_the_newest_run_of_28_to_35_days_before() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path();
    score(lists, &["2026-04-26", "2026-05-02", "2026-05-05", Population::AS_OF], &[]);
    let now = table(lists, Population::AS_OF, "at_risk.parquet");
    let then = by_id(&table(lists, "2026-05-02", "scores.parquet"), "churn_probability");
    let (p, changes) = (by_id(&now, "churn_probability"), by_id(&now, "probability_change_28d"));
    assert!(changes.len() > 100);
    for (id, change) in changes {
        assert!((change - (p[&id] - then[&id])).abs() < 1e-12, "customer {id}");
    }
    // A run 36 days before is none.
    fs::remove_dir_all(run_of(lists, "2026-05-02")).unwrap();
    fs::rename(run_of(lists, "2026-04-26"), lists.join("as_of=2026-04-25")).unwrap();
    score(lists, &[Population::AS_OF], &[]);
    assert!(by_id(&table(lists, Population::AS_OF, "at_risk.parquet"), "probability_change_28d").is_empty());
}

#[test]
fn the_playbook_answers_the_first_reason_and_leaves_the_control_group_alone() {
    let folder = tempfile::tempdir().unwrap();
    let plays = [
        "playbook.LOGINS_*.action=Call; offer a walk-through",
        "playbook.LOGINS_*.owner=csm",
        "playbook.LOGINS_*.due_days=2",
        "playbook.SURVEY_NPS_*.action==HYPERLINK(1)",
        "playbook.LOGIN_SILENT.action=never",
    ];
    let sets: Vec<&str> = plays.iter().flat_map(|play| ["--set", play]).collect();
    let said = score(folder.path(), &[Population::AS_OF], &sets).remove(0);
    assert!(said.contains("playbook.LOGIN_SILENT") && said.contains("did you mean LOGINS_SILENT?"), "{said}");
    let checked = churn(&Population::shared().folder, &[&["check"][..], &sets].concat()).ok();
    assert!(checked.stderr.contains("playbook.LOGIN_SILENT: there is no such reason code"), "{checked}");

    let list = table(folder.path(), Population::AS_OF, "at_risk.parquet");
    let mut seen = BTreeSet::new();
    for row in 0..list.rows {
        let text = |name: &str| list.column(name)[row].text();
        let codes: Vec<&str> = (1..=4).filter_map(|n| text(&format!("reason_{n}_code"))).collect();
        let answered = codes.iter().find_map(|code| match *code {
            code if code.starts_with("SURVEY_NPS_") => Some("=HYPERLINK(1)"),
            code if code.starts_with("LOGINS_") => Some("Call; offer a walk-through"),
            _ => None,
        });
        let expected = answered.filter(|_| text("group") == Some("contact"));
        assert_eq!(text("action"), expected, "{codes:?}");
        let is_call = expected.is_some_and(|action| action.starts_with("Call"));
        assert_eq!(
            (text("action_owner"), list.column("action_due")[row].whole()),
            if is_call { (Some("csm"), Some(crate::common::day("2026-06-03"))) } else { (None, None) }
        );
        seen.insert(expected.map_or("none", |action| &action[..4]));
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
    let csv = fs::read_to_string(run_of(folder.path(), Population::AS_OF).join("at_risk.csv")).unwrap();
    assert!(csv.contains("'=HYPERLINK(1)") && csv.contains("2026-06-03"));
}

#[test]
fn another_key_draws_another_control_group() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = |key: &str| {
        let lists = folder.path().join(format!("lists{key}"));
        let set = format!("list.control_key={key}");
        score(&lists, &[Population::AS_OF], &["--set", &set, "--set", "list.control_fraction=0.3"]);
        let list = table(&lists, Population::AS_OF, "at_risk.parquet");
        let manifest = fs::read_to_string(run_of(&lists, Population::AS_OF).join("manifest.json")).unwrap();
        assert_eq!(manifest.contains("\"control_key\""), !key.is_empty());
        assert!(manifest.contains("\"control_power\"") && manifest.contains("\"smallest_effect\""));
        let expected = if key.is_empty() { Cell::Null } else { Cell::Text(key.to_owned()) };
        assert!(list.column("control_key").iter().all(|cell| *cell == expected));
        let groups = list.column("group").iter().map(|group| group.text() == Some("control"));
        list.column("customer_id").iter().map(|id| id.whole().unwrap()).zip(groups).collect::<BTreeMap<i64, bool>>()
    };
    let (first, other) = (drawn(""), drawn("2026Q4"));
    assert!(first.keys().eq(other.keys()) && first != other);
    let share = other.values().filter(|is| **is).count() as f64 / other.len() as f64;
    assert!((0.15..0.45).contains(&share), "{share}");
}

#[test]
fn with_everybody_on_the_list_nothing_takes_anybody_off_it() {
    let folder = tempfile::tempdir().unwrap();
    let set = format!("paths.lists={}", folder.path().display());
    for date in [WEEK_BEFORE, Population::AS_OF] {
        let arguments = ["score", "--as-of", date, "--set", &set, "--set", "list.capacity=1000000"];
        let run = churn(&Population::shared().folder, &arguments).ok();
        assert!(run.stdout.contains("control group"), "{run}");
    }
    let list = table(folder.path(), Population::AS_OF, "at_risk.parquet");
    assert!(list.column("improvement_text").iter().all(|text| *text == Cell::Null));
    assert_eq!(list.rows, table(folder.path(), Population::AS_OF, "scores.parquet").rows);
}

#[test]
fn one_customer_is_told_the_same_over_the_published_runs() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path();
    score(lists, &["2026-05-18", WEEK_BEFORE, Population::AS_OF], &[]);
    let list = table(lists, Population::AS_OF, "at_risk.parquet");
    let texts = list.column("change_reason_text");
    let row =
        (0..list.rows).find(|&row| texts[row].text().is_some_and(|text| text.starts_with("Risk up since"))).unwrap();
    let id = list.column("customer_id")[row].whole().unwrap().to_string();
    let set = format!("paths.lists={}", lists.display());
    let explain = |more: &[&str]| {
        let arguments =
            [&["explain", &id, "--as-of", Population::AS_OF, "--set", &set, "--set", "list.capacity=150"], more]
                .concat();
        churn(&Population::shared().folder, &arguments).ok().stdout
    };

    let json: serde_json::Value = serde_json::from_str(&explain(&["--format", "json"])).unwrap();
    let published = json["published"].as_array().unwrap();
    assert_eq!(published.len(), 3, "{json}");
    assert_eq!(published[2]["change_reason_text"].as_str(), texts[row].text());
    assert!(published[0]["change_reason_text"].is_null() && published[1]["change_reason_text"].is_string());
    let text = explain(&[]);
    assert!(text.contains("what had changed") && text.contains(WEEK_BEFORE), "{text}");
}

/// The one number after a word in a text: "if there were 3 logins in 28 days".
fn number_after(text: &str, word: &str) -> u32 {
    let rest = &text[text.find(word).unwrap() + word.len()..];
    rest.split_whitespace().next().map_or(0, |number| number.parse().unwrap_or(0))
}

#[test]
fn what_would_help_does_once_the_rows_are_there() {
    use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
    use std::sync::Arc;

    let folder = tempfile::tempdir().unwrap();
    let population = Population::shared();
    let lists = folder.path().join("lists");
    score(&lists, &[Population::AS_OF], &[]);
    let (list, scores) =
        (table(&lists, Population::AS_OF, "at_risk.parquet"), table(&lists, Population::AS_OF, "scores.parquet"));
    let cut_off = scores.column("log_odds")[list.rows].number().unwrap();

    // The logins that the texts speak of, evenly in the four weeks.
    let (mut customers, mut times, mut helped) = (Vec::new(), Vec::new(), BTreeSet::new());
    let as_of = crate::common::day(Population::AS_OF) * 86_400_000_000;
    for (id, text) in list.column("customer_id").iter().zip(list.column("improvement_text")) {
        let logins = text.text().and_then(|text| text.find("if there were").map(|at| &text[at..]));
        let Some(text) = logins.filter(|text| text.contains(" login")) else { continue };
        let text = &text[..text.find("; or").unwrap_or(text.len())];
        if !text.contains("login") {
            continue;
        }
        let more = number_after(text, "there were ").saturating_sub(number_after(text, "instead of "));
        assert!(more > 0, "{text}");
        helped.insert(id.whole().unwrap());
        for row in 0..more {
            customers.push(id.whole().unwrap());
            times.push(as_of - (28.0 * 86_400e6 * (f64::from(row) + 0.5) / f64::from(more)) as i64);
        }
    }
    assert!(helped.len() > 20, "{}", helped.len());

    let data = folder.path().join("logins");
    fs::create_dir_all(&data).unwrap();
    let files = crate::common::parquet_files(&population.folder.join("data/logins"));
    for file in &files {
        fs::copy(file, data.join(file.file_name().unwrap())).unwrap();
    }
    let known = crate::common::batches(&files[0]).remove(0);
    let columns: Vec<ArrayRef> = known
        .schema()
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            "customer_id" => Arc::new(Int64Array::from(customers.clone())) as ArrayRef,
            "ts" => Arc::new(TimestampMicrosecondArray::from(times.clone()).with_timezone("UTC")) as ArrayRef,
            _ => arrow_array::new_null_array(field.data_type(), times.len()),
        })
        .collect();
    assert_eq!(columns[0].len(), times.len());
    crate::common::write(&data.join("more.parquet"), &[RecordBatch::try_new(known.schema(), columns).unwrap()], 1000);

    let again = folder.path().join("again");
    score(&again, &[Population::AS_OF], &["--set", &Population::instead("logins", &data)]);
    let after = by_id(&table(&again, Population::AS_OF, "scores.parquet"), "log_odds");
    let below = helped.iter().filter(|id| after[id] < cut_off).count();
    assert!(10 * below >= 8 * helped.len(), "{below} of {} are below the list", helped.len());
}

#[test]
fn a_prepared_table_tells_what_changed_if_it_has_the_earlier_date() {
    let folder = tempfile::tempdir().unwrap();
    let population = &Population::shared().folder;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let features = |out: &str, more: &[&str]| {
        let out = at(out);
        churn(population, &[&["features", "--out", &out][..], more].concat()).ok();
    };
    features("train.parquet", &["--labels", "--as-of", "2026-02-01", "--as-of", "2026-03-01", "--as-of", "2026-04-01"]);
    features("both.parquet", &["--as-of", WEEK_BEFORE, "--as-of", Population::AS_OF]);
    features("one.parquet", &["--as-of", Population::AS_OF]);
    let (models, train) = (format!("paths.models={}", at("models")), at("train.parquet"));
    churn(population, &["train", "--features", &train, "--set", &models, "--promote", "always"]).ok();

    let list_of = |lists: &str, file: &str, date: &str| {
        let (set, file) = (format!("paths.lists={}", at(lists)), at(file));
        let table = ["--set", "table.value=monthly_revenue", "--set", "list.capacity=150"];
        let arguments = ["score", "--features", &file, "--as-of", date, "--set", &set, "--set", &models];
        churn(population, &[&arguments[..], &table].concat()).ok();
        table_of(&folder.path().join(lists), date)
    };
    list_of("both", "both.parquet", WEEK_BEFORE);
    let both = list_of("both", "both.parquet", Population::AS_OF);
    let alone = list_of("alone", "one.parquet", Population::AS_OF);
    list_of("without", "both.parquet", WEEK_BEFORE);
    let without = list_of("without", "one.parquet", Population::AS_OF);

    // The earlier rows change nothing of today's.
    for name in ["customer_id", "churn_probability", "value_at_risk", "group", "reason_1_text", "protective_1_text"] {
        assert_eq!(both.column(name), alone.column(name), "{name}");
    }
    let texts = |table: &Table| table.column("change_reason_text").iter().filter(|text| text.text().is_some()).count();
    assert!(texts(&both) == both.rows && texts(&alone) == 0);
    // Without the earlier rows the sums are known all the same, as the model is the same.
    let scored_then = without.column("previous_rank").iter().filter(|rank| **rank != Cell::Null).count();
    assert_eq!(by_id(&without, "change_data_log_odds").len(), scored_then);
    assert_eq!(by_id(&without, "change_data_log_odds"), by_id(&both, "change_data_log_odds"));
    assert!(texts(&without) < without.rows && scored_then > 100);
}

fn table_of(lists: &Path, date: &str) -> Table {
    table(lists, date, "at_risk.parquet")
}
