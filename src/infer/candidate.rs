//! A table that may have a place in the configuration, and what its columns look like.

use super::names::{has_word, is_gone, is_person_id, signal_name};
use super::tables::{self, Found};
use crate::config::EpochUnit;
use crate::error::{Error, Result};
use crate::sources::contract::{Need, Role};
use crate::sources::files::{Folder, FolderTime};
use crate::sources::parquet::{pandas, OpenFile, Table};
use crate::sources::profile::{self, Profile};
use arrow_schema::DataType;
use hashbrown::HashSet;
use std::path::{Path, PathBuf};

/// Most levels of a column that is offered as a category.
pub(super) const MOST_LEVELS: usize = 50;
/// Best first: the time at which something happened.
const TIMES: &[&str] = &["ts", "timestamp", "datetime", "time", "occurred", "date", "day", "at", "on"];
/// Times at which a row was handled rather than happened.
const HANDLING: &[&str] = &["updated", "modified", "ingested", "loaded", "inserted", "processed", "exported", "synced"];
/// Times of what comes later, or of something else.
const LATER: &[&str] = &[
    "returned",
    "refunded",
    "delivered",
    "shipped",
    "closed",
    "resolved",
    "due",
    "expires",
    "expiry",
    "until",
    "end",
    "next",
    "planned",
    "scheduled",
    "valid",
    "birth",
    "born",
    "dob",
    "deleted",
    "paid",
];
/// The share of rows without a time that a signal's time may have: more of them are no rows of the signal.
pub(super) const MOST_NULL_TIMES: f64 = 0.05;
/// Further words of names that numbers may have which are times.
const EPOCH_NAMES: &[&str] =
    &["epoch", "created", "since", "start", "begin", "signup", "registered", "joined", "opened", "ended", "left"];

/// What a column holds, as far as guesses need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Integer,
    /// A decimal.
    Decimal,
    Float,
    Text,
    Flag,
    Time,
    /// A number that counts these since 1970.
    Epoch(EpochUnit),
    /// No value at all.
    Nothing,
    /// Bytes that are no text, lists and the like.
    Other,
}

impl Holds {
    fn new(name: &str, data_type: &DataType, is_uuid: bool, profile: &Profile) -> Holds {
        let base = match data_type {
            DataType::Dictionary(_, values) => values.as_ref(),
            plain => plain,
        };
        if profile.rows > 0 && profile.filled() == 0 {
            return match base {
                DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Holds::Time,
                _ => Holds::Nothing,
            };
        }

        let epoch = epoch_unit(name, profile);
        match base {
            _ if base.is_integer() => epoch.map_or(Holds::Integer, Holds::Epoch),
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) => Holds::Decimal,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => epoch.map_or(Holds::Float, Holds::Epoch),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Holds::Text,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView if profile.no_text == 0 => Holds::Text,
            DataType::FixedSizeBinary(16) if is_uuid => Holds::Text,
            DataType::Boolean => Holds::Flag,
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Holds::Time,
            DataType::Null => Holds::Nothing,
            _ => Holds::Other,
        }
    }
}

/// The unit of numbers that are called like a time and lie where times of our age do.
fn epoch_unit(name: &str, profile: &Profile) -> Option<EpochUnit> {
    let is_called_so = [TIMES, HANDLING, LATER, EPOCH_NAMES].iter().any(|names| has_word(name, names)) || is_gone(name);
    let numbers = profile.numbers;
    let unit = EpochUnit::likely(numbers.lowest as i64)?;
    let is_same = EpochUnit::likely(numbers.highest as i64) == Some(unit);
    (is_called_so && is_same && numbers.count > 0).then_some(unit)
}

/// A column that some file of a table has.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    pub holds: Holds,
    pub profile: Profile,
    /// Whether it is the index of a data frame rather than data.
    pub is_index: bool,
    /// Whether the names of folders hold it instead of the files.
    pub is_folder: bool,
}

impl Column {
    /// Whether it may hold ids: integers, decimals without fractions, texts; and whole floats that are called like an
    /// id of people, as data frames write integers with gaps.
    pub fn is_id(&self) -> bool {
        match self.holds {
            Holds::Integer | Holds::Text => true,
            Holds::Decimal => self.profile.numbers.are_whole(),
            Holds::Float => self.profile.numbers.are_whole() && is_person_id(&self.name),
            _ => false,
        }
    }

    pub fn is_number(&self) -> bool {
        matches!(self.holds, Holds::Integer | Holds::Decimal | Holds::Float)
    }

    pub fn is_text(&self) -> bool {
        self.holds == Holds::Text
    }

    pub fn is_time(&self) -> bool {
        matches!(self.holds, Holds::Time | Holds::Epoch(_))
    }

    /// The different values that were seen, if a model could take them for categories.
    pub fn levels(&self) -> Option<Vec<&str>> {
        self.profile.levels(MOST_LEVELS)
    }

    /// The unit of its numbers, if it holds times as numbers.
    pub fn time_unit(&self) -> Option<EpochUnit> {
        match self.holds {
            Holds::Epoch(unit) => Some(unit),
            _ => None,
        }
    }
}

/// The id column of the customers table.
#[derive(Clone, Debug)]
pub(super) struct CustomersId {
    pub column: String,
    pub is_text: bool,
}

/// A table, and the columns that all its files have together.
pub(super) struct Candidate {
    pub name: String,
    pub path: PathBuf,
    pub table: Table,
    pub columns: Vec<Column>,
    pub rows: u64,
}

impl Candidate {
    pub fn new(name: String, path: PathBuf, table: Table) -> Result<Candidate> {
        let mut types: Vec<(String, DataType, bool)> = Vec::new();
        let mut folders: Vec<String> = Vec::new();
        let indices: HashSet<String> = table.files.iter().flat_map(pandas::index_columns_of).collect();
        for file in &table.files {
            for field in file.metadata.schema().fields() {
                if !types.iter().any(|(known, ..)| known == field.name()) {
                    let is_uuid = file.leaf(field.name()).is_some_and(|leaf| {
                        let column = file.metadata.parquet_schema().column(leaf);
                        column.logical_type_ref() == Some(&parquet::basic::LogicalType::Uuid)
                    });
                    types.push((field.name().clone(), field.data_type().clone(), is_uuid));
                }
            }
            for (folder, _) in &file.file.partition {
                if !types.iter().any(|(known, ..)| known == folder) {
                    types.push((folder.clone(), DataType::Utf8, false));
                    folders.push(folder.clone());
                }
            }
        }

        let names: Vec<&str> = types.iter().map(|(name, ..)| name.as_str()).collect();
        let profiles = profile::profiles(&table, &names)?;
        let columns = types
            .into_iter()
            .zip(profiles)
            .map(|((name, data_type, is_uuid), profile)| {
                let (is_index, is_folder) = (indices.contains(&name), folders.contains(&name));
                let holds = if is_folder && are_times_of_folders(&table, &name) {
                    Holds::Time
                } else {
                    Holds::new(&name, &data_type, is_uuid, &profile)
                };
                Column { holds, name, profile, is_index, is_folder }
            })
            .collect();
        let rows = table.files.iter().map(|file| file.rows()).sum();
        Ok(Candidate { name, path, table, columns, rows })
    }

    /// The columns of a kind.
    pub fn those(&self, is_kind: fn(&Column) -> bool) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |column| is_kind(column))
    }

    /// The first column of a kind whose name holds the best of the words.
    pub fn called(&self, is_kind: fn(&Column) -> bool, wanted: &[&str]) -> Option<&Column> {
        wanted.iter().find_map(|word| self.those(is_kind).find(|column| has_word(&column.name, &[*word])))
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column that says when a row happened.
    pub fn time(&self) -> Option<&Column> {
        let badness = |column: &&Column| {
            let name = &column.name;
            let best = TIMES.iter().position(|word| has_word(name, &[*word])).unwrap_or(TIMES.len());
            let has_gaps = column.profile.null_share() > MOST_NULL_TIMES;
            // Files know the time better than the names of their folders, which may tell when they were loaded.
            let is_handling = has_word(name, HANDLING) || has_word(name, LATER);
            (has_gaps, column.time_unit().is_some(), is_handling, column.is_folder, best)
        };
        self.those(Column::is_time).min_by_key(badness)
    }

    /// The column of the customer's id: the one called as in the customers table, or else one called like an id of
    /// people. Numbers and texts are never the same ids.
    pub fn id(&self, of_customers: Option<&CustomersId>) -> Option<&Column> {
        let is_alike = |column: &&Column| of_customers.is_none_or(|id| id.is_text == column.is_text());
        let is_same = |column: &&Column| of_customers.is_some_and(|id| id.column == column.name);
        let same = self.those(Column::is_id).filter(is_alike).find(is_same);
        same.or_else(|| self.those(Column::is_id).filter(is_alike).find(|column| is_person_id(&column.name)))
    }
}

/// Whether all folders of this name are spelt like times that rows can have, by themselves or with those of month and
/// year.
fn are_times_of_folders(table: &Table, name: &str) -> bool {
    let named = |file: &&OpenFile| file.file.partition_value(name).is_some_and(Option::is_some);
    let mut times = table.files.iter().filter(named).map(|file| file.file.partition_time(name)).peekable();
    let is_time = |time: Option<FolderTime>| !matches!(time, None | Some(FolderTime::Period(..)));
    times.peek().is_some() && times.all(is_time)
}

/// A table that cannot be opened, and why.
pub(super) struct Unreadable {
    pub name: String,
    pub path: PathBuf,
    pub reason: String,
}

/// The tables of a folder by name, in name order, and those that cannot be read.
///
/// # Errors
/// [`Error::Contract`] when no file below `data` is Parquet.
pub(super) fn candidates(data: &Path) -> Result<(Vec<Candidate>, Vec<Unreadable>)> {
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    if data.is_file() {
        files.push(data.to_path_buf());
    } else {
        gather(data, &Folder::open(data)?, &mut files, &mut unreadable);
    }
    if files.is_empty() && unreadable.is_empty() {
        let data = data.display();
        return Err(Error::Contract(format!("{data} holds no Parquet file; name the folder with the tables' files")));
    }

    let root = if data.is_file() { data.parent().unwrap_or(data) } else { data };
    let mut candidates = Vec::new();
    for Found { name, path, .. } in tables::tables(root, &files, are_alike) {
        let mut problems = Vec::new();
        match open(&name, &path, &mut problems) {
            Some(table) => match Candidate::new(name.clone(), path.clone(), table) {
                Ok(candidate) => candidates.push(candidate),
                Err(error) => unreadable.push(Unreadable { name, path, reason: error.to_string() }),
            },
            None => unreadable.push(Unreadable { name, path, reason: problems.join("; ").replace('\n', " ") }),
        }
    }
    Ok((candidates, unreadable))
}

/// Opens a table. The columns that its folders hold have to be asked for.
fn open(name: &str, path: &Path, problems: &mut Vec<String>) -> Option<Table> {
    let what = format!("table `{name}`");
    let table = Table::open(&what, path, None, &[], None, problems)?;
    let mut folders: Vec<&String> =
        table.files.iter().flat_map(|file| &file.file.partition).map(|(key, _)| key).collect();
    folders.sort_unstable();
    folders.dedup();
    if folders.is_empty() {
        return Some(table);
    }

    let need = |column: &String| {
        let role = if are_times_of_folders(&table, column) { Role::Time } else { Role::Any };
        Need::optional("table", "column", column, role)
    };
    let needs: Vec<Need> = folders.into_iter().map(need).collect();
    Table::open(&what, path, None, &needs, None, problems)
}

/// The files of a folder, and the tables of formats with a log in it.
fn gather(data: &Path, folder: &Folder, files: &mut Vec<PathBuf>, unreadable: &mut Vec<Unreadable>) {
    if let Some(format) = folder.format {
        let below = folder.path.strip_prefix(data).unwrap_or(&folder.path);
        unreadable.push(Unreadable {
            name: signal_name(&below.to_string_lossy()),
            path: folder.path.clone(),
            reason: format.refusal(&folder.path),
        });
    }
    files.extend(folder.files.iter().cloned());
    folder.folders.iter().for_each(|below| gather(data, below, files, unreadable));
}

/// Whether files have mostly the same columns. A file that cannot be read differs from none: its table will say so.
fn are_alike(files: &[PathBuf]) -> bool {
    const LOOKS: usize = 12;
    let every = files.len().div_ceil(LOOKS);
    let mut first: Option<Vec<String>> = None;
    for file in files.iter().step_by(every) {
        let Some(table) = Table::open("", file, None, &[], None, &mut Vec::new()) else { continue };
        let columns: Vec<String> = table.files.iter().flat_map(|file| file.columns()).map(str::to_owned).collect();
        match &first {
            None => first = Some(columns),
            Some(known) => {
                let common = columns.iter().filter(|column| known.contains(column)).count();
                if 2 * common < known.len().max(columns.len()) {
                    return false;
                }
            }
        }
    }
    true
}
