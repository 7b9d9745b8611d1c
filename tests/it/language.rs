//! `list.language`: everything that people read is in the language, and everything that programs read is the same in
//! all.

use crate::common::{churn, repository, Cell, Population, Table};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    let (run, summary) = published(&folder.path().join("ja"), "ja", &[]);
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

/// What a person reads in a report: no markup, no code, no file name, nothing that is marked as English.
fn read_by_people(html: &str) -> Vec<String> {
    let body = html.split("<body").nth(1).unwrap().split("<script").next().unwrap();
    let mut texts = Vec::new();
    let mut skipped: Option<&str> = None;
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        if skipped.is_none() {
            if tag.contains("lang=en") {
                skipped = Some("/bdi");
            } else if tag.contains("class=code") || tag == "code" {
                skipped = Some("");
            }
        }
        match skipped {
            // A code ends with its element, or with the next cell where that has no end.
            Some("") => skipped = None,
            Some(end) if tag.starts_with(end) => skipped = None,
            Some(_) => continue,
            None => texts.push(text.to_owned()),
        }
    }
    texts
}

#[test]
fn no_word_of_the_english_report_is_left_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let phrases = |tag: &str| -> BTreeSet<String> {
        let catalogue = fs::read_to_string(repository(&format!("src/language/{tag}.ftl"))).unwrap();
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
    let (Some(browser), Some(modules)) = (std::env::var_os("CHURN_BROWSER"), std::env::var_os("CHURN_NODE_MODULES"))
    else {
        eprintln!("skipped: CHURN_BROWSER or CHURN_NODE_MODULES is not set");
        return;
    };
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

    let scripts = tempfile::tempdir().unwrap();
    let script = scripts.path().join("languages.mjs");
    fs::copy(repository("tests/browser/languages.mjs"), &script).unwrap();
    std::os::unix::fs::symlink(modules, scripts.path().join("node_modules")).unwrap();
    let run = Command::new("node").arg(&script).args(&reports).env("CHURN_BROWSER", browser).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    eprintln!("{out}");
}
