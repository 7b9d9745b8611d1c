//! What earlier runs said, for what has changed since.

use crate::calendar::Day;
use crate::error::{Error, Result};
use hashbrown::{HashMap, HashSet};
use polars::prelude::*;
use std::fs::File;
use std::path::{Path, PathBuf};

/// How many earlier lists are looked through for a customer who is back on the list.
const LISTS: usize = 60;

/// The published runs, oldest first.
pub fn published(lists: &Path) -> Vec<(Day, PathBuf)> {
    let mut runs: Vec<(Day, PathBuf)> = std::fs::read_dir(lists)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let day = entry.file_name().to_str()?.strip_prefix("as_of=")?.parse::<Day>().ok()?;
            entry.path().join("_SUCCESS").exists().then(|| (day, entry.path()))
        })
        .collect();
    runs.sort();
    runs
}

/// A customer's line in an earlier run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before {
    /// The rank among all eligible customers.
    pub rank: i64,
    /// The probability of churn.
    pub probability: f64,
    /// Days on the list without interruption; none if the customer was not on it.
    pub days_listed: Option<i64>,
}

/// The run before, and who was on the lists before that.
#[derive(Clone, Debug, Default)]
pub struct Previous {
    /// Its as-of date.
    pub as_of: Option<Day>,
    scored: HashMap<String, Before>,
    listed_earlier: HashSet<String>,
}

impl Previous {
    /// Reads the published runs before `as_of`. `wanted` are the ids (as people write them) of interest.
    pub fn read(lists: &Path, as_of: Day, wanted: &HashSet<String>) -> Result<Previous> {
        let mut runs = published(lists);
        runs.retain(|&(day, _)| day < as_of);
        let Some((day, last)) = runs.pop() else { return Ok(Previous::default()) };
        let mut previous = Previous { as_of: Some(day), ..Previous::default() };

        let scores = read(&last.join("scores.parquet"), &["customer_id", "rank", "churn_probability"])?;
        let (ranks, probabilities) = (integers(&scores, "rank")?, floats(&scores, "churn_probability")?);
        for (row, id) in rows_of(&scores, wanted)? {
            if let (Some(rank), Some(probability)) = (ranks.get(row), probabilities.get(row)) {
                previous.scored.insert(id.clone(), Before { rank, probability, days_listed: None });
            }
        }

        let list = last.join("at_risk.parquet");
        if list.exists() {
            let list = read(&list, &["customer_id", "days_listed"])?;
            let days = integers(&list, "days_listed")?;
            for (row, id) in rows_of(&list, wanted)? {
                if let Some(before) = previous.scored.get_mut(id) {
                    before.days_listed = days.get(row);
                }
            }
        }

        for (_, run) in runs.iter().rev().take(LISTS) {
            let list = run.join("at_risk.parquet");
            if list.exists() {
                let list = read(&list, &["customer_id"])?;
                previous.listed_earlier.extend(rows_of(&list, wanted)?.into_iter().map(|(_, id)| id.clone()));
            }
        }

        Ok(previous)
    }

    /// What the run before said of a customer.
    pub fn customer(&self, id: &str) -> Option<Before> {
        self.scored.get(id).copied()
    }

    /// Whether a customer was on one of the lists before the last.
    pub fn was_listed_earlier(&self, id: &str) -> bool {
        self.listed_earlier.contains(id)
    }
}

fn read(path: &Path, columns: &[&str]) -> Result<DataFrame> {
    let damaged = |why: String| {
        Error::Contract(format!(
            "the earlier list {} cannot be read: {why}. Move its folder away, or score that date again",
            path.display()
        ))
    };
    let file = File::open(path).map_err(|e| damaged(e.to_string()))?;
    let columns = columns.iter().map(|c| (*c).to_owned()).collect();
    ParquetReader::new(file).with_columns(Some(columns)).finish().map_err(|e| damaged(e.to_string()))
}

fn unexpected(error: PolarsError) -> Error {
    Error::Contract(format!("an earlier list has other columns than expected: {error}"))
}

/// The rows of the wanted ids. None of the many others is copied or formatted.
fn rows_of<'a>(frame: &DataFrame, wanted: &'a HashSet<String>) -> Result<Vec<(usize, &'a String)>> {
    let column = frame.column("customer_id").map_err(unexpected)?;
    if let Ok(texts) = column.str() {
        return Ok(texts.iter().enumerate().filter_map(|(row, text)| Some((row, wanted.get(text?)?))).collect());
    }
    let numbers: HashSet<i64> = wanted.iter().filter_map(|id| id.parse().ok()).collect();
    let mut rows = Vec::new();
    for (row, id) in column.i64().map_err(unexpected)?.iter().enumerate() {
        let Some(id) = id.filter(|id| numbers.contains(id)) else { continue };
        rows.extend(wanted.get(&id.to_string()).map(|id| (row, id)));
    }
    Ok(rows)
}

fn integers<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Int64Chunked> {
    frame.column(name).map_err(unexpected)?.i64().map_err(unexpected)
}

fn floats<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Float64Chunked> {
    frame.column(name).map_err(unexpected)?.f64().map_err(unexpected)
}
