//! The tables that a folder may hold, and a look at their columns.

use super::names::{has_word, is_id, is_person_id, is_text, is_time, signal_name};
use crate::error::Result;
use crate::sources::files::{Folder, TableFormat};
use crate::sources::parquet::decode;
use crate::sources::parquet::Table;
use arrow_schema::DataType;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Most levels of a column that is offered as a category.
pub(super) const MOST_LEVELS: usize = 50;
const BATCH_ROWS: usize = 16_384;
/// Best first: the time at which something happened.
const TIMES: &[&str] = &["ts", "timestamp", "datetime", "time", "occurred", "date", "day", "at", "on"];
/// Times at which a row was handled rather than happened.
const HANDLING: &[&str] = &["updated", "modified", "ingested", "loaded", "inserted", "processed", "exported"];

/// The id column of the customers table.
pub(super) struct CustomersId {
    pub(super) column: String,
    pub(super) is_text: bool,
}

/// A table, and the columns that all its files have together.
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) path: PathBuf,
    table: Table,
    pub(super) columns: Vec<(String, DataType)>,
}

impl Candidate {
    pub(super) fn new(name: String, path: PathBuf, table: Table) -> Candidate {
        let mut columns: Vec<(String, DataType)> = Vec::new();
        for field in table.files.iter().flat_map(|file| file.metadata.schema().fields()) {
            if !columns.iter().any(|(known, _)| known == field.name()) {
                columns.push((field.name().clone(), field.data_type().clone()));
            }
        }
        Candidate { name, path, table, columns }
    }

    /// The names of the columns of a type.
    pub(super) fn of_type(&self, is_type: fn(&DataType) -> bool) -> impl Iterator<Item = &String> {
        self.columns.iter().filter(move |(_, data_type)| is_type(data_type)).map(|(name, _)| name)
    }

    /// The first column of a type whose name holds the best of the words.
    pub(super) fn called(&self, is_type: fn(&DataType) -> bool, wanted: &[&str]) -> Option<String> {
        wanted.iter().find_map(|word| self.of_type(is_type).find(|name| has_word(name, &[*word])).cloned())
    }

    /// The column that says when a row happened.
    pub(super) fn time(&self) -> Option<String> {
        let badness = |name: &&String| {
            let best = TIMES.iter().position(|word| has_word(name, &[*word])).unwrap_or(TIMES.len());
            (has_word(name, HANDLING), best)
        };
        self.of_type(is_time).min_by_key(badness).cloned()
    }

    /// The column of the customer's id: the one called as in the customers table, or else one called like an id of
    /// people. Integers and texts are never the same ids.
    pub(super) fn id(&self, of_customers: Option<&CustomersId>) -> Option<String> {
        let is_alike = |name: &&String| of_customers.is_none_or(|id| id.is_text == self.is_text_column(name));
        let is_same = |name: &&String| of_customers.is_some_and(|id| id.column == **name);
        let mut alike = self.of_type(is_id).filter(is_alike);
        self.of_type(is_id).filter(is_alike).find(is_same).or_else(|| alike.find(|name| is_person_id(name))).cloned()
    }

    pub(super) fn is_text_column(&self, column: &str) -> bool {
        self.of_type(is_text).any(|name| name == column)
    }

    /// The different values of a column in its first `rows` rows; none if there are more than [`MOST_LEVELS`].
    pub(super) fn levels(&self, column: &str, rows: usize) -> Result<Option<BTreeSet<String>>> {
        let mut levels = BTreeSet::new();
        let mut seen = 0;
        for file in &self.table.files {
            for batch in file.read(&[column], None, BATCH_ROWS)? {
                let batch = batch?;
                let Some(array) = batch.column_by_name(column) else { continue };
                levels.extend(decode::texts(array).values);
                seen += batch.num_rows();
                if levels.len() > MOST_LEVELS {
                    return Ok(None);
                }
                if seen >= rows {
                    return Ok(Some(levels));
                }
            }
        }
        Ok(Some(levels))
    }

    /// Whether no value of an id column repeats.
    pub(super) fn is_unique(&self, column: &str) -> Result<bool> {
        let is_text = self.is_text_column(column);
        let (mut numbers, mut texts) = (hashbrown::HashSet::new(), hashbrown::HashSet::new());
        let mut ids = Vec::new();

        for file in &self.table.files {
            for batch in file.read(&[column], None, BATCH_ROWS)? {
                let batch = batch?;
                let Some(array) = batch.column_by_name(column) else { continue };
                if is_text {
                    let found = decode::texts(array);
                    let rows = found.positions.iter().flatten().count();
                    if found.values.len() < rows || !found.values.into_iter().all(|id| texts.insert(id)) {
                        return Ok(false);
                    }
                } else {
                    let ids = decode::integers_of(array, &mut ids);
                    if !ids.iter().flatten().all(|id| numbers.insert(id)) {
                        return Ok(false);
                    }
                }
            }
        }

        Ok(true)
    }
}

/// A place where a table lies.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The format, if it is a table of a format with a log.
    pub(super) format: Option<TableFormat>,
}

/// The tables of a folder by name, in name order. A file or folder whose name holds a digit or `=` (a week, a date, a
/// part number, a hive partition) is a piece of the table that its folder is; any other is a table of its own.
pub(super) fn candidates(data: &Path) -> Result<Vec<Place>> {
    let mut paths = Vec::new();
    if data.is_file() {
        paths.push((data.to_path_buf(), None));
    } else {
        let root = Folder::open(data)?;
        let is_table = root.format.map(|format| (data.to_path_buf(), Some(format)));
        paths.extend(is_table);
        paths.extend(root.files.into_iter().map(|file| (file, None)));
        root.folders.iter().for_each(|folder| gather(folder, &mut paths));
    }
    paths.sort();

    let stem = |path: &Path| path.file_stem().map_or(String::new(), |stem| signal_name(&stem.to_string_lossy()));
    let is_taken = |path: &PathBuf| paths.iter().any(|(other, _)| other != path && stem(other) == stem(path));
    let mut places: Vec<Place> = Vec::new();

    for (path, format) in &paths {
        // Two tables of one name are told apart by the folders that lead to them.
        let below = path.strip_prefix(data).unwrap_or(path).with_extension("");
        let name = if is_taken(path) { signal_name(&below.to_string_lossy()) } else { stem(path) };
        let number = places.iter().filter(|place| place.name == name).count();
        let name = if number == 0 { name } else { format!("{name}_{}", number + 1) };
        places.push(Place { name, path: path.clone(), format: *format });
    }

    Ok(places)
}

fn gather(folder: &Folder, found: &mut Vec<(PathBuf, Option<TableFormat>)>) {
    let is_piece = |name: Option<&std::ffi::OsStr>| {
        name.is_some_and(|name| name.to_string_lossy().contains(|c: char| c == '=' || c.is_ascii_digit()))
    };
    let is_one_file = folder.folders.is_empty() && folder.files.len() == 1;
    let has_pieces = folder.files.iter().any(|file| is_piece(file.file_stem()))
        || folder.folders.iter().any(|below| is_piece(below.path.file_name()));

    if folder.format.is_some() || is_one_file || has_pieces {
        found.push((folder.path.clone(), folder.format));
        return;
    }
    found.extend(folder.files.iter().map(|file| (file.clone(), None)));
    folder.folders.iter().for_each(|below| gather(below, found));
}
