//! The feature table as a file.

use super::context::Context;
use super::{gates, input, past};
use crate::calendar::Day;
use crate::eligibility::Exclusions;
use crate::error::{Error, Result};
use crate::observer::Note;
use crate::{files, publish};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What to write.
#[derive(Clone, Debug)]
pub struct Request {
    /// One row per eligible customer on each of these dates.
    pub as_of: Vec<Day>,
    /// The Parquet file to write.
    pub out: PathBuf,
    /// Rows as for training, with the label where it has matured.
    pub labels: bool,
}

/// A written feature table.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// The file.
    pub file: PathBuf,
    /// Its rows.
    pub rows: usize,
    /// Its numeric and categorical features.
    pub features: usize,
    /// What each date gave.
    pub as_of: Vec<DateRows>,
    /// What a person should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// The rows of a date.
#[derive(Clone, Debug, Serialize)]
pub struct DateRows {
    /// The date.
    pub as_of: Day,
    /// Eligible customers.
    pub rows: u64,
    /// Who is not eligible, and why.
    pub excluded: Exclusions,
}

/// Writes the feature table of some dates. The file appears whole or not at all.
///
/// # Errors
/// Those of reading the sources, and of writing.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Written> {
    context.run_in_english(|job| {
        job.not_after_today(request.as_of.iter().copied())?;
        // Whether labels have matured depends on the newest rows, so then no file may be skipped for its folder.
        let tables =
            if request.labels { input::open_tables(job)? } else { input::open_tables_for(job, &request.as_of)? };
        let labels_end = if request.labels { Some(gates::labels_end(job, &tables, None)?.day) } else { None };
        let data = input::build(job, &tables, &request.as_of, labels_end)?;
        past::tell(job, &tables, &data, labels_end.is_some());

        let out = &request.out;
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        files::create_folder(folder)?;
        files::clear_abandoned(folder);
        let staged = job.unfinished().folder(folder, ".tmp-")?;
        let file = staged.path().join("features.parquet");
        let rows = publish::features::write(&file, &data, request.labels)?;
        std::fs::rename(&file, out).map_err(|e| Error::writing(out, &e))?;

        let dates = data.as_of.iter().zip(&data.exclusions).enumerate();
        Ok(Written {
            file: out.clone(),
            rows,
            features: data.catalogue.names().count(),
            as_of: dates
                .map(|(date, (&as_of, &excluded))| DateRows { as_of, rows: data.counts(date).rows, excluded })
                .collect(),
            notes: job.notes(),
        })
    })
}
