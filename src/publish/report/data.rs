//! The page of the data: what was read, what could not be used, and who has no score.

use super::run::{PublishedRun, MODEL_FILE};
use super::text::{shown, spaced};
use crate::language::Texts;
use serde::Serialize;

#[derive(Serialize)]
pub struct Page {
    sources: Vec<SourceLine>,
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
    let line = |source: &str, (reason, &rows): (&String, &u64)| Line {
        source: shown(source),
        reason: spaced(reason),
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
    let quarantine = quarantine.flat_map(|(source, reasons)| reasons.iter().map(move |reason| line(source, reason)));
    // The files that hold no rows say nothing that is looked for here.
    let files = manifest.files.iter().filter(|file| file.name.ends_with(".parquet") || file.name == MODEL_FILE);
    let file = |file: &super::run::PublishedFile| FileLine {
        name: shown(&file.name),
        rows: whole(file.rows),
        sha256: file.sha256.clone(),
    };
    Page {
        sources: sources.collect(),
        quarantine: quarantine.collect(),
        excluded: manifest.excluded.iter().map(|reason| line("", reason)).collect(),
        files: files.map(file).collect(),
    }
}
