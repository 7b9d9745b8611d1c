//! A table that was found, as it is shown.

use super::lives::Rows;
use crate::calendar::Day;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A table that was found.
#[derive(Clone, Debug, Serialize)]
pub struct FoundTable {
    /// Its name.
    pub name: String,
    /// Its file or folder, or a pattern for its files.
    pub path: PathBuf,
    /// What it was taken for: customers, churn, a kind of signal, a prepared table; nothing if it was left out.
    pub taken_for: Option<String>,
    /// Its rows.
    pub rows: Option<u64>,
    /// The customers that its rows are of.
    pub customers: Option<u64>,
    /// Whether their number is an estimate.
    pub customers_estimated: bool,
    /// The day of its first row.
    pub first_day: Option<Day>,
    /// The day of its last row.
    pub last_day: Option<Day>,
    /// Why it was left out.
    pub left_out: Option<String>,
}

impl FoundTable {
    pub(super) fn new(name: &str, path: &Path) -> FoundTable {
        FoundTable {
            name: name.to_owned(),
            path: path.to_path_buf(),
            taken_for: None,
            rows: None,
            customers: None,
            customers_estimated: false,
            first_day: None,
            last_day: None,
            left_out: None,
        }
    }

    pub(super) fn with_rows(mut self, rows: &Rows) -> FoundTable {
        self.customers = Some(rows.customers());
        self.customers_estimated = rows.is_sample();
        (self.first_day, self.last_day) = (rows.first(), rows.last());
        self
    }
}
