//! What earlier runs said, for what has changed since.

use crate::calendar::Day;
use crate::error::{Error, Result};
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
    scored: hashbrown::HashMap<String, Before>,
    listed_earlier: hashbrown::HashSet<String>,
}

impl Previous {
    /// Reads the published runs before `as_of`. `wanted` are the ids (as people write them) of interest.
    pub fn read(lists: &Path, as_of: Day, wanted: &hashbrown::HashSet<String>) -> Result<Previous> {
        let mut runs = published(lists);
        runs.retain(|&(day, _)| day < as_of);
        let Some((day, last)) = runs.pop() else { return Ok(Previous::default()) };
        let mut previous = Previous { as_of: Some(day), ..Previous::default() };
        let scores = read(&last.join("scores.parquet"), &["customer_id", "rank", "churn_probability"])?;
        let (ids, ranks, probabilities) = (ids(&scores)?, integers(&scores, "rank")?, floats(&scores)?);
        for ((id, rank), probability) in ids.into_iter().zip(ranks).zip(probabilities) {
            if let (true, Some(rank), Some(probability)) = (wanted.contains(&id), rank, probability) {
                previous.scored.insert(id, Before { rank, probability, days_listed: None });
            }
        }
        let list = last.join("at_risk.parquet");
        if list.exists() {
            let list = read(&list, &["customer_id", "days_listed"])?;
            for (id, days) in self::ids(&list)?.into_iter().zip(integers(&list, "days_listed")?) {
                if let Some(before) = previous.scored.get_mut(&id) {
                    before.days_listed = days;
                }
            }
        }
        for (_, run) in runs.iter().rev().take(LISTS) {
            let list = run.join("at_risk.parquet");
            if list.exists() {
                let ids = self::ids(&read(&list, &["customer_id"])?)?;
                previous.listed_earlier.extend(ids.into_iter().filter(|id| wanted.contains(id)));
            }
        }
        Ok(previous)
    }

    /// What the run before said of a customer.
    pub fn of(&self, id: &str) -> Option<Before> {
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

fn internal(error: PolarsError) -> Error {
    Error::Contract(format!("an earlier list has other columns than expected: {error}"))
}

fn ids(frame: &DataFrame) -> Result<Vec<String>> {
    let column = frame.column("customer_id").map_err(internal)?;
    match column.str() {
        Ok(texts) => Ok(texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect()),
        Err(_) => {
            let ids = column.i64().map_err(internal)?;
            Ok(ids.iter().map(|id| id.map(|id| id.to_string()).unwrap_or_default()).collect())
        }
    }
}

fn integers(frame: &DataFrame, name: &str) -> Result<Vec<Option<i64>>> {
    Ok(frame.column(name).map_err(internal)?.i64().map_err(internal)?.iter().collect())
}

fn floats(frame: &DataFrame) -> Result<Vec<Option<f64>>> {
    Ok(frame.column("churn_probability").map_err(internal)?.f64().map_err(internal)?.iter().collect())
}
