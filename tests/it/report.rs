//! The report: what it says is what the published files say, it is the same file again, and it behaves in a real
//! browser.

use crate::common::{churn, day, parquet_files, python, repository, write, Browser, Population, Table};
use arrow_array::{ArrayRef, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const FORMATS: &str = "publish.formats=[\"parquet\",\"html\",\"xlsx\"]";

/// Publishes two runs, and returns the folder of the later one.
fn published(lists: &Path, more: &[&str]) -> PathBuf {
    let population = Population::shared();
    let set = format!("paths.lists={}", lists.display());
    let mut earlier = vec!["score", "--as-of", "2026-05-25", "--set", &set, "--set", FORMATS];
    earlier.extend(more);
    churn(&population.folder, &earlier).ok();
    let mut arguments = vec!["--set", FORMATS];
    arguments.extend(more);
    population.score(lists, &arguments)
}

/// The tables of the list in the markup.
fn sections(html: &str) -> Vec<&str> {
    let tables = html.split("<table class=\"list\">").skip(1);
    tables.map(|table| table.split("\n</tbody>\n</table></div>").next().unwrap()).collect()
}

/// The rows of a table of the list, with their details.
fn rows_of(section: &str) -> Vec<&str> {
    section.split("\n<tr data-f=").skip(1).collect()
}

/// The rows of the list in the markup, without their details.
fn rows(html: &str) -> Vec<String> {
    let rows = sections(html).into_iter().flat_map(rows_of);
    rows.map(|row| row.split("<details>").next().unwrap().to_owned()).collect()
}

/// A text as markup has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#x27;").replace('"', "&quot;")
}

#[test]
fn the_report_says_what_the_files_say() {
    let lists = tempfile::tempdir().unwrap();
    let run = published(lists.path(), &["--set", "list.capacity=40"]);
    let html = fs::read_to_string(run.join("report.html")).unwrap();
    let list = Table::read(&run.join("at_risk.parquet"));
    let rows = rows(&html);
    assert_eq!((rows.len(), list.column("rank").len()), (40, 40));

    for (place, row) in rows.iter().enumerate() {
        let text = |name: &str| list.column(name)[place].text().map(str::to_owned);
        let number = |name: &str| list.column(name)[place].number().unwrap();
        let id = list.column("customer_id")[place].whole().unwrap();
        assert!(row.contains(&format!("<td>{}<th scope=row>{}<td>", place + 1, id)), "{row}");
        let risk = number("churn_probability");
        assert!(
            row.contains(&format!(">{:.1}% <i class={1}>{1}</i>", 100.0 * risk, text("risk_tier").unwrap())),
            "{row}"
        );
        for reason in 1..=4 {
            if let Some(told) = text(&format!("reason_{reason}_text")) {
                let by = number(&format!("reason_{reason}_contribution"));
                assert!(row.contains(&format!("<li>{} <small>{by:+.2}</small>", escaped(&told))), "{told}: {row}");
            }
        }
    }

    let manifest: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(run.join("manifest.json")).unwrap()).unwrap();
    for (source, read) in manifest["sources"].as_object().unwrap() {
        assert!(html.contains(&format!("<tr><th scope=row><bdi>{source}</bdi>")), "{source}");
        assert!(html.contains(read["newest"].as_str().unwrap()), "{source}");
    }
    for (signal, recorded) in manifest["coverage"]["signals"].as_object().unwrap() {
        let [first, last] = ["first_day", "last_day"].map(|key| recorded[key].as_str().unwrap());
        assert!(html.contains(&format!("<bdi>{signal}</bdi><td>{first}<td>{last}<td class=n>")), "{signal}");
        assert_eq!(recorded["days"][0]["day"], "2026-05-31");
    }
    let logins = manifest["coverage"]["signals"]["logins"]["days"][0]["rows"].as_u64().unwrap();
    assert!(html.contains(&format!("<bdi>logins</bdi><td class=n>{logins} (")), "{logins}");
    let model: serde_json::Value = serde_json::from_str(&fs::read_to_string(run.join("model.json")).unwrap()).unwrap();
    let auc = model["evaluation"]["metrics"]["roc_auc"].as_f64().unwrap();
    assert!(html.contains(&format!("<td class=n>{auc:.4}<td")), "{auc}");
    let drivers = Table::read(&run.join("drivers.parquet"));
    for cell in drivers.column("effect").iter().take(40) {
        let effect = cell.number();
        let written = effect.map(|effect| format!("{effect:+.3}").replace('-', "−"));
        assert!(
            written.is_none_or(|written| html.contains(&written) || html.contains(written.trim_start_matches('+'))),
            "{effect:?}"
        );
    }
}

#[test]
fn a_long_list_is_cut_into_tables() {
    let lists = tempfile::tempdir().unwrap();
    let run = published(lists.path(), &["--set", "list.capacity=1203"]);
    let html = fs::read_to_string(run.join("report.html")).unwrap();
    let list = Table::read(&run.join("at_risk.parquet"));
    let sections = sections(&html);
    let lengths: Vec<usize> = sections.iter().map(|section| rows_of(section).len()).collect();
    assert_eq!(lengths, [500, 500, 203]);
    for (section, caption) in
        sections.iter().zip(["the highest rank first", "Rows 501 to 1,000", "Rows 1,001 to 1,203"])
    {
        let (head, _) = section.split_once("<tbody>").unwrap();
        assert!(head.contains(&format!("{caption}</caption>")), "{head}");
        assert_eq!(head.matches("<th scope=\"col\"").count(), head.matches("<th ").count(), "{head}");
    }

    for (place, row) in sections.into_iter().flat_map(rows_of).enumerate() {
        assert!(row.contains(&format!("><td>{}<th scope=row>", place + 1)), "{row}");
        assert_eq!(row.contains("<details>"), place < 1000, "{row}");
        assert!(!row.contains("<td>None"), "{row}");
        let told = (1..=4).filter_map(|reason| list.column(&format!("reason_{reason}_text"))[place].text());
        let told: Vec<String> = told.map(escaped).collect();
        assert!(told.iter().all(|told| row.contains(told)), "{told:?}: {row}");
        assert!(place < 1000 || row.contains(&format!("<td>{}", told.join(" · "))), "{row}");
    }
}

#[test]
fn details_hold_the_rows_and_answers_that_there_are() {
    const DAY: i64 = 86_400_000_000;
    let lists = tempfile::tempdir().unwrap();
    let run = published(lists.path(), &["--set", "list.capacity=50"]);
    let html = fs::read_to_string(run.join("report.html")).unwrap();
    let data = Population::shared().folder.join("data");
    let as_of = day("2026-06-01");

    // What the signals hold of each customer and signal: the instants, with the instrument and the score of answers.
    type Events = BTreeMap<(i64, String), Vec<(i64, Option<(String, f64)>)>>;
    let mut events = Events::new();
    for signal in ["logins", "mentions", "surveys", "visits"] {
        for file in parquet_files(&data.join(signal)) {
            let table = Table::read(&file);
            for row in 0..table.rows {
                let customer = table.column("customer_id")[row].whole().unwrap();
                let instant = table.column("ts")[row].whole().unwrap();
                let answer = (signal == "surveys").then(|| {
                    (table.column("kind")[row].text().unwrap().to_owned(), table.column("score")[row].number().unwrap())
                });
                if instant < as_of * DAY {
                    events.entry((customer, signal.to_owned())).or_default().push((instant, answer));
                }
            }
        }
    }
    let of = |customer: i64, signal: &str| {
        let mut found = events.get(&(customer, signal.to_owned())).cloned().unwrap_or_default();
        found.sort_by_key(|(instant, _)| *instant);
        found
    };

    let details = Table::read(&run.join("details.parquet"));
    let text = |name: &str, row: usize| details.column(name)[row].text().unwrap().to_owned();
    let mut found: BTreeMap<i64, Vec<(String, i64, f64)>> = BTreeMap::new();
    let mut weeks = 0;
    for row in 0..details.rows {
        let customer = details.column("customer_id")[row].whole().unwrap();
        match text("detail", row).as_str() {
            "week" => {
                let (signal, first) = (text("name", row), day(&text("text", row)));
                let within = |(instant, _): &&(i64, _)| (first * DAY..(first + 7) * DAY).contains(instant);
                let expected = of(customer, &signal).iter().filter(within).count();
                assert_eq!(
                    details.column("value")[row].number(),
                    Some(expected as f64),
                    "{customer}, {signal}, {first}"
                );
                assert_eq!((as_of - first) % 7, 0);
                weeks += 1;
            }
            "answer" => {
                let value = details.column("value")[row].number().unwrap();
                found.entry(customer).or_default().push((text("name", row), day(&text("text", row)), value));
            }
            _ => {}
        }
    }
    // Features compare 84 days with the 84 before.
    assert_eq!(weeks, 50 * 4 * 24);

    // The measures look back on 13 months: answers are looked for as long.
    let list = Table::read(&run.join("at_risk.parquet"));
    let mut answers = 0;
    for customer in list.column("customer_id").iter().map(|cell| cell.whole().unwrap()) {
        let newest = of(customer, "surveys").into_iter().rev();
        let expected: Vec<(String, i64, f64)> = newest
            .filter_map(|(instant, answer)| answer.map(|(kind, score)| (kind, instant.div_euclid(DAY), score)))
            .filter(|(_, answered, _)| *answered >= day("2025-05-01"))
            .take(12)
            .collect();
        assert_eq!(found.remove(&customer).unwrap_or_default(), expected, "{customer}");
        if let Some((kind, answered, score)) = expected.first() {
            let date = churn_risk::calendar::Day(*answered as i32);
            let told = format!("<tr><th scope=row>{date}<td>{}<td class=n>{score}", kind.to_uppercase());
            assert!(html.contains(&told), "{told}");
        }
        answers += expected.len();
    }
    assert!(answers > 50, "{answers} answers");
    assert!(html.contains("Rows a week in the 24 weeks before 2026-06-01"));
}

#[test]
fn weeks_are_the_same_where_rows_are_read_again() {
    let lists = tempfile::tempdir().unwrap();
    let details = |more: &[&str]| fs::read(published(lists.path(), more).join("details.parquet")).unwrap();
    let kept = details(&["--set", "list.capacity=50"]);
    // Under a memory limit the weeks of everybody are not kept.
    assert!(kept == details(&["--set", "list.capacity=50", "--memory-limit", "8GiB"]));
    // Without measures, answers are looked for in fewer days.
    let few = ["--set", "list.capacity=50", "--set", "kpi.period=off", "--threads", "1"];
    assert!(details(&few) == details(&[&few[..], &["--memory-limit", "8GiB"]].concat()));
}

#[test]
fn the_same_files_give_the_same_report() {
    let lists = tempfile::tempdir().unwrap();
    let run = published(lists.path(), &["--set", "list.capacity=60"]);
    let report = run.join("report.html");
    let first = fs::read(&report).unwrap();
    Population::shared().score(lists.path(), &["--set", FORMATS, "--set", "list.capacity=60", "--threads", "1"]);
    assert!(fs::read(&report).unwrap() == first, "a rerun writes another report");

    // From the published files alone: without the data and the models.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(Population::shared().folder.join("churn.toml"), elsewhere.path().join("churn.toml")).unwrap();
    let set = format!("paths.lists={}", lists.path().display());
    let manifest = fs::read(run.join("manifest.json")).unwrap();
    fs::remove_file(&report).unwrap();
    let made = churn(elsewhere.path(), &["report", "--set", &set]).ok();
    assert!(made.stdout.contains("Wrote the report of 2026-06-01 to "), "{made}");
    assert!(fs::read(&report).unwrap() == first, "`churn report` writes another report");
    assert!(fs::read(run.join("manifest.json")).unwrap() == manifest, "the manifest differs");

    let none = churn(elsewhere.path(), &["report", "--as-of", "2026-05-01", "--set", &set]);
    assert!(none.code == 2 && none.stderr.contains("the newest of 2 is of 2026-06-01"), "{none}");
    let nothing = churn(elsewhere.path(), &["report"]);
    assert!(nothing.code == 2 && nothing.stderr.contains("churn score --as-of DATE"), "{nothing}");

    // A run of which only the list is left still has a report; one without its list has none.
    for name in ["details.parquet", "drivers.parquet", "model.json"] {
        fs::remove_file(run.join(name)).unwrap();
    }
    churn(elsewhere.path(), &["report", "--set", &set]).ok();
    assert_eq!(rows(&fs::read_to_string(&report).unwrap()).len(), 60);
    let list = fs::read(run.join("at_risk.parquet")).unwrap();
    fs::write(run.join("at_risk.parquet"), &list[..list.len() / 2]).unwrap();
    let damaged = churn(elsewhere.path(), &["report", "--set", &set]);
    assert!(damaged.code == 3 && damaged.stderr.contains("at_risk.parquet"), "{damaged}");
}

#[test]
fn a_report_without_customers_is_small() {
    let lists = tempfile::tempdir().unwrap();
    let run = Population::shared().score(lists.path(), &["--set", FORMATS, "--set", "list.capacity=1"]);
    let html = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(html.len() < 300_000, "{} bytes", html.len());
    assert!(!html.contains("http:") && !html.contains("https:"), "the report asks somebody for something");
}

/// Texts that break out of markup, turn the direction of a line, or fill a page.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "<script>window.harmed = 1</script>",
        "\"><img src=x onerror=\"window.harmed=1\">",
        "'><svg onload=window.harmed=1>",
        "</style><script>window.harmed=1</script>",
        "</title></table></main><iframe src=javascript:alert(1)>",
        "{{ 7 * 7 }}{% raw %}",
        "=HYPERLINK(\"http://x\")",
        "\u{202e}evil\u{202c}",
        "עברית \u{2067}abc\u{2069} العربية",
        "a\u{0}b\u{7}c",
        "&lt;b&gt;&amp;",
        "長い名前のお客様",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("w".repeat(300));
    texts.push("x".repeat(1_000_000));
    texts
}

/// Decimals of so many digits, some of them behind the point.
fn decimals(values: impl Iterator<Item = i128>, precision: u8, scale: i8) -> ArrayRef {
    Arc::new(Decimal128Array::from_iter_values(values).with_precision_and_scale(precision, scale).unwrap())
}

/// A prepared table whose ids and labels mean harm.
pub fn hostile_report(folder: &Path) -> PathBuf {
    let texts = hostile();
    let rows = 600;
    let ids: Vec<String> = (0..rows).map(|row| format!("{row} {}", texts[row % (texts.len() - 1)])).collect();
    let owners: Vec<&str> = (0..rows).map(|row| texts[(row * 7) % texts.len()].as_str()).collect();
    let levels: Vec<&str> = (0..rows).map(|row| texts[(row * 5) % (texts.len() - 1)].as_str()).collect();
    let x: Vec<f64> = (0..rows).map(|row| ((row * 7919) % 1000) as f64 / 1000.0).collect();
    let churned: Vec<i64> =
        (0..rows).map(|row| i64::from(x[row] + ((row * 104_729) % 997) as f64 / 997.0 > 1.3)).collect();
    let table = RecordBatch::try_from_iter(vec![
        ("customer_id", Arc::new(StringArray::from(ids)) as ArrayRef),
        ("label", Arc::new(Int64Array::from(churned))),
        ("x", Arc::new(Float64Array::from(x))),
        ("<b>level</b>", Arc::new(StringArray::from(levels))),
        ("<i>owner</i>", Arc::new(StringArray::from(owners))),
        ("seats", Arc::new(Int32Array::from_iter_values(0..rows as i32))),
        ("fee", decimals((0..rows as i128).map(|row| row * 997), 12, 2)),
        ("account", decimals((0..rows as i128).map(|row| 12_345_678_901_234_567_890 + row), 30, 0)),
    ])
    .unwrap();
    write(&folder.join("table.parquet"), &[table], rows);
    fs::write(
        folder.join("churn.toml"),
        "[table]\nid = \"customer_id\"\nlabel = \"label\"\nignore = [\"<i>owner</i>\", \"seats\", \"fee\", \"account\"]\n\
         passthrough = [\"<i>owner</i>\", \"seats\", \"fee\", \"account\"]\n\
         [list]\ncapacity = 100\n[gates]\nmin_customers = 50\nmin_churners = 20\n",
    )
    .unwrap();
    churn(folder, &["train", "--features", "table.parquet", "--promote", "always"]).ok();
    churn(folder, &["score", "--features", "table.parquet", "--as-of", "2026-06-01", "--set", FORMATS]).ok();
    folder.join("out/lists/as_of=2026-06-01/report.html")
}

#[test]
fn the_report_keeps_its_promises_in_a_browser() {
    let Some(browser) = Browser::find() else { return };
    let lists = tempfile::tempdir().unwrap();
    // More than one table of the list.
    let report = published(lists.path(), &["--set", "list.capacity=620"]).join("report.html");
    let folder = tempfile::tempdir().unwrap();
    let hostile = hostile_report(folder.path());
    browser.hold("report.mjs", &[&report, &hostile]);
}

#[test]
fn the_workbook_is_the_list_in_other_programs() {
    let lists = tempfile::tempdir().unwrap();
    let formats = "publish.formats=[\"parquet\",\"xlsx\"]";
    let set = format!("paths.lists={}", lists.path().display());
    churn(&Population::shared().folder, &["score", "--as-of", "2026-05-25", "--set", &set, "--set", formats]).ok();
    let run = Population::shared().score(lists.path(), &["--set", formats, "--set", "list.capacity=80"]);
    let first = fs::read(run.join("at_risk.xlsx")).unwrap();
    Population::shared().score(lists.path(), &["--set", formats, "--set", "list.capacity=80", "--threads", "1"]);
    assert!(fs::read(run.join("at_risk.xlsx")).unwrap() == first, "a rerun writes another workbook");

    let Some(python) = python("CHURN_PYTHON", "notebooks/requirements.txt") else { return };
    let folder = tempfile::tempdir().unwrap();
    hostile_report(folder.path());
    let hostile = folder.path().join("out/lists/as_of=2026-06-01");
    for run in [&run, &hostile] {
        let read = Command::new(&python).arg(repository("tests/readers/workbook.py")).arg(run).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&read.stdout), String::from_utf8_lossy(&read.stderr));
        assert!(read.status.success(), "{out}\n{err}");
    }
}
