//! The report of a published run, made again from its files alone.

use super::context::Context;
use crate::calendar::Day;
use crate::digest;
use crate::error::{Error, Result};
use crate::files::{self, Lock};
use crate::language::Texts;
use crate::observer::Note;
use crate::publish::report;
use crate::publish::runs::{published, Run};
use serde::Serialize;
use serde_json::{json, Value};
use std::path::{Path, PathBuf};

/// Which report to make.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The date of the run; the newest unless it is named.
    pub as_of: Option<Day>,
}

/// A report that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The date of the run.
    pub as_of: Day,
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: usize,
    /// What a person should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// Makes the report of a run again, and enters it into the run's manifest.
///
/// # Errors
/// [`Error::Config`] for a date without a run; [`Error::Contract`] for files that are missing or damaged;
/// [`Error::Locked`] while a run publishes; and what writing can end with.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Report> {
    context.run(|job| {
        let lists = &job.settings().paths.lists;
        let _lock = Lock::take(lists)?;
        let Run { as_of, folder } = chosen(lists, request.as_of)?;

        let path = folder.join("manifest.json");
        let manifest = std::fs::read_to_string(&path).map_err(|e| Error::reading(&path, &e))?;
        let run = report::PublishedRun::read(&folder, lists, &manifest)?;
        let html = report::html(&run, Texts::shared(run.manifest.language)?)?;
        let report = folder.join(report::FILE);
        files::write_atomically(&report, html.as_bytes())?;
        files::write_atomically(&path, with_report(&manifest, run.list.rows(), &html)?.as_bytes())?;
        Ok(Report { as_of, path: report, bytes: html.len(), notes: job.notes() })
    })
}

/// The run of a date, or the newest one.
pub(super) fn chosen(lists: &Path, as_of: Option<Day>) -> Result<Run> {
    let mut runs = published(lists);
    let Some(newest) = runs.last().map(|run| run.as_of) else {
        return Err(Error::Config(format!(
            "there is no published run in {}. Publish one with `churn score --as-of DATE`",
            lists.display()
        )));
    };
    let wanted = as_of.unwrap_or(newest);
    match runs.iter().position(|run| run.as_of == wanted) {
        Some(place) => Ok(runs.swap_remove(place)),
        None => Err(Error::Config(format!(
            "there is no published run of {wanted} in {}; the newest of {} is of {newest}. Publish it with `churn \
             score --as-of {wanted}`",
            lists.display(),
            runs.len(),
        ))),
    }
}

/// The manifest with what is true of the report now.
fn with_report(manifest: &str, rows: usize, html: &str) -> Result<String> {
    let failed = |e: serde_json::Error| Error::Internal(e.to_string());
    let mut manifest: Value = serde_json::from_str(manifest).map_err(failed)?;
    let entry = json!({ "name": report::FILE, "rows": rows, "bytes": html.len(), "sha256": digest::sha256(html) });
    if let Some(files) = manifest.get_mut("files").and_then(Value::as_array_mut) {
        match files.iter_mut().find(|file| file["name"] == report::FILE) {
            Some(file) => *file = entry,
            None => files.push(entry),
        }
    }
    Ok(serde_json::to_string_pretty(&manifest).map_err(failed)? + "\n")
}
