//! The page of the data: what was read, what could not be used, and who has no score.

use super::run::{Coverage, PublishedRun, Recorded, MODEL_FILE};
use super::text::{shown, spaced};
use crate::calendar::Day;
use crate::language::Texts;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Serialize)]
pub struct Page {
    sources: Vec<SourceLine>,
    coverage: Option<CoverageLines>,
    quarantine: Vec<Line>,
    excluded: Vec<Line>,
    files: Vec<FileLine>,
}

#[derive(Serialize)]
struct SourceLine {
    name: String,
    files: String,
    read: String,
    used: String,
    before: String,
    future: String,
    newest: String,
}

/// What is recorded of the past.
#[derive(Serialize)]
struct CoverageLines {
    caption: String,
    sources: Vec<RecordedLine>,
    /// The last days, the newest first.
    days: Vec<String>,
    signals: Vec<LastDays>,
    ended: Option<String>,
}

#[derive(Serialize)]
struct RecordedLine {
    name: String,
    first_day: String,
    last_day: String,
    customers: String,
}

/// The rows of a signal on each of the last days.
#[derive(Serialize)]
struct LastDays {
    name: String,
    rows: Vec<String>,
}

#[derive(Serialize)]
struct Line {
    source: String,
    reason: String,
    rows: String,
}

#[derive(Serialize)]
struct FileLine {
    name: String,
    rows: String,
    sha256: String,
}

/// The page of a run.
pub fn page(run: &PublishedRun, texts: &Texts) -> Page {
    let manifest = &run.manifest;
    let numbers = texts.language().numbers();
    let whole = |count: i64| numbers.decimals(count as f64, 0);
    let line = |kind: &str, source: &str, (reason, &rows): (&String, &u64)| Line {
        source: shown(source),
        reason: texts.word(kind, reason).unwrap_or_else(|| spaced(reason)),
        rows: whole(rows as i64),
    };

    let sources = manifest.sources.iter().map(|(name, source)| SourceLine {
        name: shown(name),
        files: whole(source.files),
        read: whole(source.rows_read),
        used: whole(source.rows_used),
        before: whole(source.before_look_back),
        future: whole(source.future_date),
        newest: source.newest.clone().unwrap_or_default(),
    });
    let quarantine = manifest.quarantine.iter();
    let quarantine =
        quarantine.flat_map(|(source, reasons)| reasons.iter().map(move |reason| line("quarantine", source, reason)));
    // The files that hold no rows say nothing that is looked for here.
    let files = manifest.files.iter().filter(|file| file.name.ends_with(".parquet") || file.name == MODEL_FILE);
    let file = |file: &super::run::PublishedFile| FileLine {
        name: shown(&file.name),
        rows: whole(file.rows),
        sha256: file.sha256.clone(),
    };
    Page {
        sources: sources.collect(),
        coverage: manifest.coverage.as_ref().map(|coverage| covered(coverage, run.as_of, texts)),
        quarantine: quarantine.collect(),
        excluded: manifest.excluded.iter().map(|reason| line("exclusion", "", reason)).collect(),
        files: files.map(file).collect(),
    }
}

/// What is recorded of each signal, and of the cancellations.
fn covered(coverage: &Coverage, as_of: Day, texts: &Texts) -> CoverageLines {
    let numbers = texts.language().numbers();
    let written = |day: Option<Day>| day.map_or(String::new(), |day| texts.language().date(day));
    let line = |name: String, recorded: &Recorded| RecordedLine {
        name,
        first_day: written(recorded.first_day),
        last_day: written(recorded.last_day),
        customers: numbers.percent(recorded.customers_share, 1),
    };
    let signals = coverage.signals.iter().map(|(name, recorded)| line(shown(name), recorded));
    let churn = coverage.churn.iter().map(|recorded| line(texts.text("data-churn"), recorded));

    let days: BTreeSet<Day> = coverage.signals.values().flat_map(|of| of.days.iter().map(|day| day.day)).collect();
    let rows_on = |recorded: &Recorded, day: Day| {
        let Some(found) = recorded.days.iter().find(|found| found.day == day) else { return String::new() };
        let rows = numbers.decimals(found.rows as f64, 0);
        match found.usual {
            Some(usual) => {
                let usual = numbers.decimals(usual, 0);
                texts.with("data-usual", &[("rows", rows.into()), ("usual", usual.into())])
            }
            None => rows,
        }
    };
    let last_days = |(name, recorded): (&String, &Recorded)| LastDays {
        name: shown(name),
        rows: days.iter().rev().map(|&day| rows_on(recorded, day)).collect(),
    };
    let ended = coverage.churn.as_ref().and_then(|churn| churn.ended.as_ref()).map(|ended| {
        let expected = numbers.decimals(ended.expected, 0);
        let (last, days) = (texts.language().date(ended.last).into(), ended.silent_days.into());
        texts.with("data-churn-ended", &[("last", last), ("days", days), ("expected", expected.into())])
    });

    CoverageLines {
        caption: texts.with("data-coverage-caption", &[("date", texts.language().date(as_of).into())]),
        sources: signals.chain(churn).collect(),
        signals: coverage.signals.iter().map(last_days).collect(),
        days: days.iter().rev().map(|&day| texts.language().date(day)).collect(),
        ended,
    }
}
