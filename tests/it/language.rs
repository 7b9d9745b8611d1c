//! `list.language`: everything that people read is in the language, and everything that programs read is the same in
//! all.

use crate::common::world::{World, AS_OF, CONFIG, CUSTOMERS};
use crate::common::{churn, day, repository, write, Browser, Cell, Population, Table};
use arrow_array::{
    ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TAGS: [&str; 5] = ["en", "ja", "de", "fr", "es"];
const FORMATS: &str = "publish.formats=[\"parquet\",\"csv\",\"html\",\"xlsx\"]";

/// Publishes two runs in a language; the folder of the later one, and what it said.
fn published(lists: &Path, tag: &str, more: &[&str]) -> (PathBuf, String) {
    let population = Population::shared();
    let (paths, language) = (format!("paths.lists={}", lists.display()), format!("list.language={tag}"));
    let mut arguments = vec!["score", "--set", &paths, "--set", &language, "--set", FORMATS];
    arguments.extend(["--set", "list.capacity=60", "--as-of"]);
    let score = |as_of: &str, more: &[&str]| {
        let arguments: Vec<&str> = arguments.iter().copied().chain([as_of]).chain(more.iter().copied()).collect();
        churn(&population.folder, &arguments).ok()
    };
    score("2026-05-25", &[]);
    let run = score(Population::AS_OF, more);
    (lists.join(format!("as_of={}", Population::AS_OF)), run.stdout)
}

fn texts(list: &Table) -> Vec<(String, String)> {
    let names = list.names.iter().filter(|name| name.ends_with("_text"));
    let of_column = |name: &String| {
        let cells = list.column(name).iter().filter_map(Cell::text);
        cells.map(|text| (name.clone(), text.to_owned())).collect::<Vec<_>>()
    };
    names.flat_map(of_column).collect()
}

/// Words in Latin letters.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1)
}

#[test]
fn lists_of_all_languages_differ_in_their_texts_alone() {
    let folder = tempfile::tempdir().unwrap();
    let runs = TAGS.map(|tag| published(&folder.path().join(tag), tag, &[]));
    let english = Table::read(&runs[0].0.join("at_risk.parquet"));
    let scores = fs::read(runs[0].0.join("scores.parquet")).unwrap();
    let kpis = fs::read(runs[0].0.join("kpis.parquet")).unwrap();

    for (tag, (run, summary)) in TAGS.iter().zip(&runs) {
        let list = Table::read(&run.join("at_risk.parquet"));
        assert_eq!((&list.names, list.rows), (&english.names, english.rows), "{tag}");
        for name in list.names.iter().filter(|name| !name.ends_with("_text")) {
            assert_eq!(list.column(name), english.column(name), "{tag}: {name}");
        }
        assert!(fs::read(run.join("scores.parquet")).unwrap() == scores, "{tag}: scores");
        assert!(fs::read(run.join("kpis.parquet")).unwrap() == kpis, "{tag}: measures");

        let manifest = fs::read_to_string(run.join("manifest.json")).unwrap();
        assert!(manifest.contains(&format!("\"language\": \"{tag}\"")), "{manifest}");
        let html = fs::read_to_string(run.join("report.html")).unwrap();
        assert!(html.contains(&format!("<html lang=\"{tag}\">")), "{tag}");

        // A text that a catalogue lacks is its key, in brackets; a value that is missing is its name.
        let told = texts(&list);
        assert!(told.len() > 200, "{tag}: {}", told.len());
        let body = html.split_once("<body").unwrap().1.split("<script").next().unwrap().to_owned();
        for text in told.iter().map(|(_, text)| text).chain([summary, &body]) {
            let lacking = text.match_indices('[').map(|(at, _)| &text[at + 1..]).find(|rest| {
                let key = rest.split(']').next().unwrap_or_default();
                key.contains('-') && key.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_')
            });
            assert!(lacking.is_none(), "{tag}: {:?}", lacking.map(|rest| rest.chars().take(60).collect::<String>()));
            assert!(!text.contains("{$"), "{tag}");
        }
    }
}

#[test]
fn a_japanese_list_has_no_english_left() {
    let folder = tempfile::tempdir().unwrap();
    let (run, summary) =
        published(&folder.path().join("ja"), "ja", &["--set", "eligibility.signals=[\"logins\",\"visits\"]"]);
    assert!(summary.contains("`logins`または`visits`"), "{summary}");
    // Names from the data, instruments and units.
    let mut data: BTreeSet<&str> = [
        "logins", "visits", "mentions", "surveys", "channel", "duration", "monthly", "revenue", "plan", "region",
        "NPS", "CSAT", "CES", "AUC",
    ]
    .into();
    let list = Table::read(&run.join("at_risk.parquet"));
    let levels = [list.column("account_owner"), list.column("risk_tier")].concat();
    data.extend(levels.iter().filter_map(Cell::text).flat_map(words));
    for signal in ["Logins", "Visits", "Mentions", "Surveys", "Monthly", "Plan", "Region", "Channel"] {
        data.insert(signal);
    }
    let details = Table::read(&run.join("details.parquet"));
    let kinds = details.column("detail").iter().zip(details.column("text"));
    let segments = kinds.filter(|(kind, _)| kind.text() == Some("segment")).filter_map(|(_, text)| text.text());
    data.extend(segments.flat_map(words));

    for (name, text) in texts(&list) {
        let english: Vec<&str> = words(&text).filter(|word| !data.contains(word)).collect();
        assert!(english.is_empty(), "{name}: {english:?} in {text}");
    }

    // The summary names files and the model besides.
    let files = ["parquet", "csv", "json", "xlsx", "html", "at_risk", "list", "control", "fraction"];
    let head: String = summary.lines().take_while(|line| !line.contains("as_of=")).collect::<Vec<_>>().join("\n");
    let english: Vec<&str> = words(&head).filter(|word| !data.contains(word) && !files.contains(word)).collect();
    assert!(english.is_empty(), "{english:?} in {head}");
}

/// What a person reads in a report: no markup, no code, no file name.
fn read_by_people(html: &str) -> Vec<String> {
    let body = html.split("<body").nth(1).unwrap().split("<script").next().unwrap();
    let pieces = body.split('<').skip(1).map(|piece| piece.split_once('>').unwrap_or((piece, "")));
    // A code ends with its element, or with the next cell where that has no end.
    let pieces = pieces.filter(|(tag, _)| !tag.contains("class=code") && *tag != "code");
    pieces.map(|(_, text)| text.to_owned()).collect()
}

#[test]
fn no_word_of_the_english_report_is_left_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let phrases = |tag: &str| -> BTreeSet<String> {
        let parts = ["", "warnings/"].map(|part| repository(&format!("src/language/{part}{tag}.ftl")));
        let catalogue = parts.map(|part| fs::read_to_string(part).unwrap()).join("\n");
        let told = catalogue.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
        told.map(|(_, text)| text.trim().to_lowercase())
            .filter(|text| text.contains(' ') && !text.contains('{'))
            .collect()
    };
    let english = phrases("en");
    assert!(english.len() > 80, "{}", english.len());
    for tag in &TAGS[1..] {
        let (run, _) = published(&folder.path().join(tag), tag, &[]);
        let html = fs::read_to_string(run.join("report.html")).unwrap();
        // Some are the same in both, such as ROC AUC.
        let own = phrases(tag);
        for text in read_by_people(&html) {
            let text = text.trim().to_lowercase();
            assert!(!english.contains(&text) || own.contains(&text), "{tag}: {text}");
        }
    }
}

/// What a report says in its box of warnings and about its model.
fn told(html: &str) -> Vec<String> {
    let items = html.split("<li><bdi>").skip(1).map(|item| item.split_once("</bdi>").unwrap().0);
    items.map(|item| item.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#x2f;", "/")).collect()
}

/// Pairs of neighbouring words of a sentence, without names in backticks, keys, paths and numbers.
fn pairs(text: &str) -> BTreeSet<(String, String)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_word = |word: &str| word.chars().all(|c| c.is_ascii_lowercase());
    let both = words.windows(2).filter(|pair| pair.iter().all(|word| is_word(word)));
    both.map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}

/// Holds what reports of one run in all languages tell against the English ones, which have all of these phrases.
fn none_is_english(reports: &[(&str, String)], phrases: &[&str], names: &[&str]) {
    let english = told(&reports[0].1);
    for phrase in phrases {
        assert!(english.iter().any(|text| text.contains(phrase)), "nothing tells \"{phrase}\": {english:#?}");
    }

    let of_english: BTreeSet<(String, String)> = english.iter().flat_map(|text| pairs(text)).collect();
    for (tag, html) in &reports[1..] {
        assert!(!html.contains("lang=en"), "{tag}");
        let texts = told(html);
        assert_eq!(texts.len(), english.len(), "{tag}: {texts:#?}");
        for (text, original) in texts.iter().zip(&english) {
            let left: Vec<_> = pairs(text).intersection(&of_english).cloned().collect();
            assert!(left.is_empty() && text != original, "{tag}: {left:?} in {text}");
            assert!(!text.contains(['{', '}']) && !text.starts_with('['), "{tag}: {text}");
            if *tag != "ja" {
                continue;
            }
            // Without what stands in backticks or quotes there are keys, codes, paths and names of the trade.
            let plain: String = text.split(['`', '"']).step_by(2).collect();
            let is_name =
                |word: &&str| word.contains(['.', '_', '/']) || word.starts_with("--") || names.contains(word);
            let latin = plain.split(|c: char| !c.is_ascii_alphanumeric() && !"._/-*".contains(c));
            let latin: Vec<&str> = latin.filter(|word| word.contains(|c: char| c.is_ascii_alphabetic())).collect();
            let english: Vec<&&str> = latin.iter().filter(|word| !is_name(word)).collect();
            assert!(english.is_empty(), "{english:?} in {text}");
        }
    }
}

const MICROS_A_DAY: i64 = 86_400_000_000;

/// What a configuration has besides of which much is told.
const MORE: &str = r#"
[signals.calls]
kind = "event"
path = "calls.parquet"
id = "customer_id"
time = "ts"

[publish]
formats = ["parquet", "html"]
csv_bom = false

[playbook]
LOGINS_SILEN = { action = "call" }
"VISTS_*" = { action = "call" }

[deliveries.team]
kind = "webhook"
profile = "json"
url_env = "CHURN_TEST_NO_SUCH_VARIABLE"
path = "team"
"#;

fn whole_of(cell: &Cell) -> i64 {
    cell.number().unwrap() as i64
}

fn log_ins(rows: &[(i64, i64)]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.1)).with_timezone("UTC");
    RecordBatch::try_from_iter(vec![("customer_id", ids), ("ts", Arc::new(times) as ArrayRef)]).unwrap()
}

#[test]
fn warnings_and_advice_are_in_the_language_of_the_list() {
    let world = World::integers();
    let (folder, end) = (world.path(), day(AS_OF));
    let config = CONFIG.replace("\"logins.parquet\"", "\"logins\"\nunit = \"s\"");
    fs::write(folder.join("churn.toml"), config + MORE).unwrap();
    fs::create_dir(folder.join("logins")).unwrap();
    let whole = Table::read(&folder.join("logins.parquet"));
    let (ids, times) = (whole.column("customer_id"), whole.column("ts"));
    let rows: Vec<(i64, i64)> = ids.iter().zip(times).map(|(id, ts)| (whole_of(id), whole_of(ts))).collect();
    let file = folder.join("logins/all.parquet");
    write(&file, &[log_ins(&rows)], 100_000);
    // A signal that is younger than its customers.
    let calls: Vec<(i64, i64)> = (1..=CUSTOMERS)
        .flat_map(|id| (end - 75 + id % 9..end).step_by(9).map(move |day| (id, day * MICROS_A_DAY + id * 1_000_000)))
        .collect();
    write(&folder.join("calls.parquet"), &[log_ins(&calls)], 100_000);
    // The model is trained once, in English; its advice is told in the language of the list.
    world.run(&["train", "--promote", "always"]).ok();

    let score = |lists: &str, as_of: &str, tag: &str| {
        let (lists, tag) = (format!("paths.lists={}", folder.join(lists).display()), format!("list.language={tag}"));
        world.run(&["score", "--as-of", as_of, "--set", &lists, "--set", &tag]).ok();
    };
    for tag in TAGS {
        score(tag, "2026-05-25", tag);
        // A run of an earlier version of the program, which had other columns.
        let earlier = folder.join(tag).join("as_of=2026-05-28");
        fs::create_dir(&earlier).unwrap();
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(1..=CUSTOMERS));
        let group: ArrayRef = Arc::new(StringArray::from(vec!["contact"; CUSTOMERS as usize]));
        let scores = RecordBatch::try_from_iter(vec![("customer_id", ids), ("group", group)]).unwrap();
        write(&earlier.join("scores.parquet"), &[scores], 100_000);
        fs::write(earlier.join("_SUCCESS"), "").unwrap();
    }

    // By now the data are others: rows are gone, are of unknown ids, or of one id; levels are spelt
    // otherwise; files are copies, or are still being written.
    let is_kept = |(id, ts): &(i64, i64)| {
        let day = ts / MICROS_A_DAY;
        day < end - 120 || (id + day) % 2 != 0
    };
    let mut later: Vec<(i64, i64)> = rows.iter().copied().filter(is_kept).collect();
    later.extend((0..1_000).map(|row| (9_999, (end - 1 - row % 300) * MICROS_A_DAY + row)));
    later.extend((0..12_000).map(|row| (1, (end - 2 - row % 500) * MICROS_A_DAY + row * 7)));
    write(&file, &[log_ins(&later)], 100_000);
    let without_a_day: Vec<(i64, i64)> = calls.iter().copied().filter(|(_, ts)| ts / MICROS_A_DAY != end - 9).collect();
    write(&folder.join("calls.parquet"), &[log_ins(&without_a_day)], 100_000);
    for name in ["more.parquet", "more-again.parquet", "more.parquet.tmp"] {
        write(&folder.join("logins").join(name), &[log_ins(&[(1, (end - 40) * MICROS_A_DAY)])], 100);
    }
    fs::copy(folder.join("en/as_of=2026-05-25/at_risk.parquet"), folder.join("logins/list.parquet")).unwrap();
    world.customers(Arc::new(Int64Array::from_iter_values(1..=CUSTOMERS)), "Pro");
    let early: Vec<i64> = (1..=200).collect();
    let days = Date32Array::from_iter_values(early.iter().map(|&id| if id <= 20 { end - 30 } else { 9_000 } as i32));
    world.put("churn", &[("customer_id", Arc::new(Int64Array::from(early))), ("churned_on", Arc::new(days))]);

    let reports: Vec<(&str, String)> = TAGS
        .into_iter()
        .map(|tag| {
            score(tag, AS_OF, tag);
            // Made again it tells what has become of the deliveries, too.
            let lists = format!("paths.lists={}", folder.join(tag).display());
            world.run(&["report", "--as-of", AS_OF, "--set", &lists]).ok();
            (tag, fs::read_to_string(folder.join(tag).join(format!("as_of={AS_OF}/report.html"))).unwrap())
        })
        .collect();
    let phrases = [
        "signals.logins.unit has no effect",
        "publish.csv_bom has no effect",
        "deliveries.team.path has no effect",
        "files that are left out",
        "left out, as this program wrote them itself",
        "files are the same byte for byte",
        "cancellations are dated before the sign-up",
        "rows are of ids that the customers table lacks",
        "If that was a holiday, all is well",
        "`calls` begins on",
        "customer `1` has",
        "it has no column rank",
        "are not what they were",
        "levels that the model does not know",
        "broken data?",
        "customers are distributed otherwise",
        "drift: mean risk",
        "matches no reason code",
        "did you mean LOGINS_SILENT?",
        "the variable CHURN_TEST_NO_SUCH_VARIABLE is not set",
        "held-out rows churned",
        "is missing tells some customers apart",
        "cancellations end on",
        "are of one day",
    ];
    none_is_english(&reports, &phrases, &["AUC", "PSI", "ID", "null", "logins", "calls", "plan", "team", "rank"]);
}

#[test]
fn what_is_told_of_a_prepared_table_is_in_the_language_of_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = 600;
    let write_table = |name: &str, is_odd: bool| {
        let x = |row: usize| ((row * 7919) % 1000) as f64 / 1000.0;
        let y = |row: usize| ((row * 104_729) % 997) as f64 / 997.0;
        let odd = |row: usize| match row {
            0..=4 if is_odd => f64::INFINITY,
            5..=9 if is_odd => 1e300,
            row => y(row),
        };
        let value = |row: usize| {
            (!row.is_multiple_of(50) || !is_odd).then(|| if row.is_multiple_of(49) && is_odd { -1.0 } else { 9.0 })
        };
        let level = |row: usize| [["basic", "pro"], ["Basic", "Pro"]][usize::from(is_odd)][row % 2];
        let of = |value: &dyn Fn(usize) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values((0..rows).map(value)))
        };
        let churned = (0..rows).map(|row| i64::from(x(row) + y(row * 31) > 1.3));
        let table = RecordBatch::try_from_iter(vec![
            ("customer_id", Arc::new(Int64Array::from_iter_values(0..rows as i64)) as ArrayRef),
            ("label", Arc::new(Int64Array::from_iter_values(churned))),
            ("x", of(&x)),
            ("y", of(&odd)),
            ("both", of(&|row| x(row) + y(row))),
            ("always", of(&|_| 1.0)),
            ("fee", Arc::new(Float64Array::from_iter((0..rows).map(value)))),
            ("plan", Arc::new(StringArray::from_iter_values((0..rows).map(level)))),
        ]);
        write(&folder.join(name), &[table.unwrap()], rows);
    };
    write_table("table.parquet", false);
    write_table("later.parquet", true);
    let config =
        "[table]\nid = \"customer_id\"\nlabel = \"label\"\nvalue = \"fee\"\n[model]\ncomplexity = \"linear\"\n\
                  alpha = 0.0\n[gates]\nmin_customers = 50\nmin_churners = 20\n";
    fs::write(folder.join("churn.toml"), config).unwrap();
    churn(folder, &["train", "--features", "table.parquet", "--promote", "always"]).ok();

    let reports: Vec<(&str, String)> = TAGS
        .into_iter()
        .map(|tag| {
            let lists = folder.join(tag);
            let (paths, language) = (format!("paths.lists={}", lists.display()), format!("list.language={tag}"));
            let score = ["score", "--features", "later.parquet", "--as-of", AS_OF, "--set", &paths];
            churn(folder, &[&score[..], &["--set", &language, "--set", FORMATS]].concat()).ok();
            (tag, fs::read_to_string(lists.join(format!("as_of={AS_OF}/report.html"))).unwrap())
        })
        .collect();
    let phrases = [
        "infinite values, which count as missing",
        "numbers beyond 3.4e38",
        "(table.value) is not known in",
        "(table.value) is below 0 in",
        "levels that the model does not know",
        "columns share most of what they say with others",
        "no split by time was possible",
        "the model is not known to rank better",
    ];
    none_is_english(&reports, &phrases, &["AUC", "PSI", "ID", "x", "y", "both", "plan", "fee"]);
}

#[test]
fn a_report_is_made_again_in_the_language_of_its_run() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().join("lists");
    let (run, _) = published(&lists, "fr", &[]);
    let names = ["report.html", "at_risk.xlsx", "at_risk.parquet", "at_risk.csv", "details.parquet"];
    let first = names.map(|name| fs::read(run.join(name)).unwrap());
    let set = format!("paths.lists={}", lists.display());
    // The list is in French, whatever is set by now.
    churn(&Population::shared().folder, &["report", "--set", &set, "--set", "list.language=ja"]).ok();
    assert!(fs::read(run.join("report.html")).unwrap() == first[0], "`churn report` writes another report");

    published(&lists, "fr", &["--threads", "1"]);
    for (name, first) in names.iter().zip(first) {
        assert!(fs::read(run.join(name)).unwrap() == first, "another number of threads writes another {name}");
    }

    let unknown = churn(&Population::shared().folder, &["score", "--as-of", "2026-06-01", "--set", "list.language=it"]);
    assert_eq!(unknown.code, 2, "{unknown}");
    assert!(unknown.stderr.contains("\"en\", \"ja\", \"de\", \"fr\", \"es\""), "{unknown}");
}

#[test]
fn reports_of_all_languages_keep_their_promises_in_a_browser() {
    let Some(browser) = Browser::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    crate::report::hostile_report(folder.path());
    let mut reports = Vec::new();
    for tag in TAGS {
        let (run, _) = published(&folder.path().join(tag), tag, &[]);
        reports.push(format!("{tag}={}", run.join("report.html").display()));

        let hostile = folder.path().join("hostile").join(tag);
        let (paths, language) = (format!("paths.lists={}", hostile.display()), format!("list.language={tag}"));
        let score = ["score", "--features", "table.parquet", "--as-of", "2026-06-01", "--set", &paths];
        churn(folder.path(), &[&score[..], &["--set", &language, "--set", FORMATS]].concat()).ok();
        reports.push(format!("{tag}={}", hostile.join("as_of=2026-06-01/report.html").display()));
    }

    browser.hold("languages.mjs", &reports);
}
