//! A prepared feature table: one row a customer, or a customer and as-of date, with features that were computed
//! elsewhere. Opened and held against its contract first; then its keys are read (id, as-of date, label), which say
//! which rows a run uses; then the columns of those rows, several at a time, each decoded once.

use super::customers::{Levels, NO_DAY, NO_LEVEL};
use super::decode::{self, Times, NULL_ID, NULL_TIME};
use super::ids::Ids;
use super::quarantine::{Quarantine, Reason};
use super::table::{self, damaged, some_of, IdKind, Need, OpenFile, Role, Table};
use crate::calendar::{Day, Zone};
use crate::config;
use crate::error::{Error, Result};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::DataType;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::path::Path;

/// How messages name the table.
const WHAT: &str = "prepared table";
/// Rows decoded at a time, of each column: few enough to stay in cache between decoding and placing.
const BATCH: usize = 8192;
/// At least this many groups of columns are read independently of each other.
const GROUPS: usize = 64;
/// A row that the run does not use.
const UNUSED: u32 = u32::MAX;

/// Which columns a run reads.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The label, and everything that can be a feature.
    Training,
    /// The features of a model.
    Scoring {
        /// The model, for messages.
        model: &'a str,
        /// Its numeric features.
        numeric: &'a [String],
        /// Its categorical features.
        categorical: &'a [String],
    },
}

/// A prepared table, opened, with the columns that a run reads.
pub struct PreparedTable {
    /// Its files.
    pub table: Table,
    /// The column of the id.
    pub id: String,
    /// The column of the label, for training.
    pub label: Option<String>,
    /// The column of the as-of date, if there is one.
    pub as_of: Option<String>,
    /// The column of the folds, if it is to be used.
    pub fold: Option<String>,
    /// The numeric features.
    pub numeric: Vec<String>,
    /// The categorical features.
    pub categorical: Vec<String>,
    /// Dates: no features, but a date may give away that the table knows too much.
    pub dates: Vec<String>,
    /// Columns of types that cannot be features, as "`name` (type)".
    pub left_out: Vec<String>,
}

/// What a column can be, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Level,
    Date,
    Other,
}

impl Kind {
    fn of(found: &DataType) -> Kind {
        let found = match found {
            DataType::Dictionary(_, value) => value,
            other => other,
        };
        match found {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Level,
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Kind::Date,
            _ if Role::Number.accepts(found) => Kind::Number,
            _ => Kind::Other,
        }
    }
}

impl PreparedTable {
    /// Opens the table and decides about its columns.
    ///
    /// # Errors
    /// [`Error::Contract`] with a line for every mismatch of every file.
    pub fn open(path: &Path, settings: &config::Table, wanted: &Wanted<'_>) -> Result<PreparedTable> {
        let mut problems = Vec::new();
        let Some(plain) = table::open(WHAT, path, &[], None, &mut problems) else {
            return Err(table::in_one(&problems));
        };
        let columns = columns_of(&plain);
        let mut known: HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
        known.extend(plain.files.iter().flat_map(|file| &file.file.partition).map(|(name, _)| name.clone()));
        let usual = |given: &Option<String>, name: &str| {
            let found = || (known.contains(name) && !settings.ignores(name)).then(|| name.to_owned());
            given.clone().or_else(found)
        };
        let as_of = usual(&settings.as_of, "as_of");
        let mut opened = PreparedTable {
            table: plain,
            id: settings.id.clone(),
            label: None,
            fold: None,
            as_of,
            numeric: Vec::new(),
            categorical: Vec::new(),
            dates: Vec::new(),
            left_out: Vec::new(),
        };
        let why = match *wanted {
            Wanted::Training => {
                opened.label = Some(settings.label.clone());
                opened.fold = usual(&settings.fold, "fold");
                opened.choose_features(&columns, settings);
                "which [table] lists"
            }
            Wanted::Scoring { model, numeric, categorical } => {
                opened.numeric = numeric.to_vec();
                opened.categorical = categorical.to_vec();
                &format!("which model {model} was trained on")
            }
        };
        let features = || opened.numeric.iter().chain(&opened.categorical);
        let missing: Vec<String> = features().filter(|name| !known.contains(*name)).map(quoted).collect();
        if !missing.is_empty() {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            problems.push(format!(
                "{WHAT} {}: {} missing, {why}: {}; found the columns {}",
                path.display(),
                if missing.len() == 1 { "1 column is".to_owned() } else { format!("{} columns are", missing.len()) },
                missing.join(", "),
                some_of(&names),
            ));
        }
        let needs = opened.needs(&missing);
        match (table::open(WHAT, path, &needs, None, &mut problems), problems.as_slice()) {
            (Some(table), []) => Ok(PreparedTable { table, ..opened }),
            (_, problems) => Err(table::in_one(problems)),
        }
    }

    /// Every column that has no role and is not ignored, by its type unless it is listed.
    fn choose_features(&mut self, columns: &[Column], settings: &config::Table) {
        let roles = [Some(&self.id), self.label.as_ref(), self.as_of.as_ref(), self.fold.as_ref()];
        for column in columns {
            let name = &column.name;
            if roles.contains(&Some(name)) || settings.ignores(name) {
                continue;
            }
            let kind = match (settings.numeric.contains(name), settings.categorical.contains(name)) {
                (true, _) => Kind::Number,
                (_, true) => Kind::Level,
                _ => column.kind,
            };
            match kind {
                Kind::Number => self.numeric.push(name.clone()),
                Kind::Level => self.categorical.push(name.clone()),
                Kind::Date => self.dates.push(name.clone()),
                Kind::Other => self.left_out.push(format!("`{name}` ({})", column.type_name)),
            }
        }
        // Listed columns that the files lack: named as missing rather than dropped.
        let lacks = |name: &&String| columns.iter().all(|column| column.name != **name);
        self.numeric.extend(settings.numeric.iter().filter(lacks).cloned());
        self.categorical.extend(settings.categorical.iter().filter(lacks).cloned());
    }

    fn needs(&self, missing: &[String]) -> Vec<Need> {
        let need = |key: &str, column: &String, role: Role, optional: bool| Need {
            setting: format!("table.{key}"),
            column: column.clone(),
            role,
            optional,
        };
        let mut needs = vec![need("id", &self.id, Role::Id, false)];
        needs.extend(self.label.iter().map(|column| need("label", column, Role::Label, false)));
        needs.extend(self.as_of.iter().map(|column| need("as_of", column, Role::Time, false)));
        needs.extend(self.fold.iter().map(|column| need("fold", column, Role::Text, false)));
        let features = [
            ("numeric", &self.numeric, Role::Number),
            ("categorical", &self.categorical, Role::Text),
            ("ignore", &self.dates, Role::Time),
        ];
        for (key, columns, role) in features {
            needs.extend(columns.iter().map(|column| need(key, column, role, true)));
        }
        // These have been reported already, in one line.
        let missing: HashSet<&String> = missing.iter().collect();
        needs.retain(|need| !missing.contains(&quoted(&need.column)));
        needs
    }

    /// Reads id, as-of date and label of every row.
    ///
    /// # Errors
    /// [`Error::Contract`] when a file cannot be decoded, or a label is neither 0 nor 1.
    pub fn keys(&self, zone: &Zone) -> Result<Keys> {
        let groups: Vec<(&OpenFile, usize)> = self.table.files.iter().flat_map(row_groups).collect();
        let parts: Vec<Keys> =
            groups.into_par_iter().map(|(file, group)| self.keys_of(file, group, zone)).collect::<Result<_>>()?;
        let mut keys = Keys::default();
        for part in parts {
            keys.integers.extend(part.integers);
            keys.texts.extend(part.texts);
            keys.days.extend(part.days);
            keys.labels.extend(part.labels);
            keys.odd_labels += part.odd_labels;
            keys.odd_label = keys.odd_label.or(part.odd_label);
            keys.groups.push(part.groups.iter().sum());
        }
        if let (Some(odd), Some(label)) = (keys.odd_label, &self.label) {
            return Err(Error::Contract(format!(
                "{WHAT}: column `{label}` (table.label) holds {odd}, and {} of {} rows hold neither 0 nor 1. A label is 0 \
                 or false (stayed), 1 or true (churned), or null (not known yet); write it as that",
                keys.odd_labels,
                keys.rows(),
            )));
        }
        if u32::try_from(keys.rows()).map_or(true, |rows| rows == UNUSED) {
            return Err(Error::Contract(format!("{WHAT}: {} rows are more than one run can hold", keys.rows())));
        }
        Ok(keys)
    }

    fn keys_of(&self, file: &OpenFile, group: usize, zone: &Zone) -> Result<Keys> {
        let mut columns = vec![self.id.as_str()];
        columns.extend(self.label.as_deref());
        columns.extend(self.as_of.as_deref());
        let mut keys = Keys::default();
        let mut times = Times::new(zone);
        let (mut ids, mut instants, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        for batch in file.read(&columns, Some(vec![group]), BATCH)? {
            let batch = batch.map_err(|e| damaged(&file.file.path, &e))?;
            let rows = batch.num_rows();
            keys.groups.push(rows);
            if let Some(array) = batch.column_by_name(&self.id) {
                match self.table.id_kind {
                    IdKind::Integer => {
                        decode::integers(array, &mut ids);
                        keys.integers.extend_from_slice(&ids);
                    }
                    IdKind::Text => {
                        let texts = decode::texts(array);
                        let text = |p: &Option<u32>| p.and_then(|p| texts.values.get(p as usize).cloned());
                        keys.texts.extend(texts.positions.iter().map(text));
                    }
                }
            }
            if let Some(column) = &self.as_of {
                match batch.column_by_name(column) {
                    Some(array) => {
                        times.fill(array, &mut instants);
                        keys.days.extend(instants.iter().map(|&t| day_of(t, zone)));
                    }
                    None => {
                        let day = file.file.partition_day(column).map_or(NO_DAY, |day| day.0);
                        keys.days.resize(keys.days.len() + rows, day);
                    }
                }
            }
            if let Some(array) = self.label.as_ref().and_then(|column| batch.column_by_name(column)) {
                decode::numbers(array, &mut numbers);
                for &number in &numbers {
                    keys.labels.push(match number {
                        0.0 => Some(0),
                        1.0 => Some(1),
                        _ => None,
                    });
                    if !(number == 0.0 || number == 1.0 || number.is_nan()) {
                        keys.odd_labels += 1;
                        keys.odd_label.get_or_insert(number);
                    }
                }
            }
        }
        Ok(keys)
    }

    /// Fills the numeric features in: `columns` holds, feature by feature, one slice a block, and `places` gives the
    /// block and the row of each row of the run. Null, NaN and values that are not finite become NaN; returned is how
    /// many values of each feature were infinite.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn fill_numeric(&self, rows: &Rows, places: &[(u32, u32)], columns: Vec<Vec<&mut [f32]>>) -> Result<Vec<u64>> {
        let mut tasks: Vec<(&[String], Vec<Target<'_>>)> = Vec::new();
        let each = columns.len().div_ceil(GROUPS).max(1);
        let mut columns = columns.into_iter();
        for names in self.numeric.chunks(each) {
            tasks.push((names, columns.by_ref().take(each).collect()));
        }
        let filled: Vec<Vec<u64>> = tasks
            .into_par_iter()
            .map(|(names, mut targets)| {
                let mut infinite = vec![0; names.len()];
                let mut numbers = Vec::new();
                self.read(rows, names, |column, positions, source| {
                    let target = &mut targets[column];
                    let mut put = |&position: &u32, value: f64| {
                        if position != UNUSED {
                            let (block, row) = places[position as usize];
                            infinite[column] += u64::from(value.is_infinite());
                            target[block as usize][row as usize] = narrowed(value);
                        }
                    };
                    match source {
                        Values::Array(array) => {
                            decode::numbers(array, &mut numbers);
                            positions.iter().zip(&numbers).for_each(|(position, &value)| put(position, value));
                        }
                        Values::Constant(text) => {
                            let value = text.and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
                            positions.iter().for_each(|position| put(position, value));
                        }
                    }
                })?;
                Ok(infinite)
            })
            .collect::<Result<_>>()?;
        Ok(filled.concat())
    }

    /// Some columns as levels, with a code for each row of the run.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn levels(&self, rows: &Rows, columns: &[String]) -> Result<Vec<Levels>> {
        let levels: Vec<Vec<Levels>> = columns
            .par_chunks(columns.len().div_ceil(GROUPS).max(1))
            .map(|names| {
                let mut found: Vec<Interned> = names.iter().map(|_| Interned::new(rows.len())).collect();
                self.read(rows, names, |column, positions, source| {
                    let found = &mut found[column];
                    match source {
                        Values::Array(array) => {
                            let texts = decode::texts(array);
                            // Codes of this batch's values, looked up when a row that is used has them.
                            let mut codes = vec![NO_LEVEL; texts.values.len()];
                            for (&position, text) in positions.iter().zip(&texts.positions) {
                                let (true, Some(text)) = (position != UNUSED, *text) else { continue };
                                let code = &mut codes[text as usize];
                                if *code == NO_LEVEL {
                                    *code = found.code(&texts.values[text as usize]);
                                }
                                found.codes[position as usize] = *code;
                            }
                        }
                        Values::Constant(text) => {
                            for &position in positions.iter().filter(|&&position| position != UNUSED) {
                                found.codes[position as usize] = text.map_or(NO_LEVEL, |text| found.code(text));
                            }
                        }
                    }
                })?;
                Ok(found.into_iter().map(Interned::in_order).collect())
            })
            .collect::<Result<_>>()?;
        Ok(levels.into_iter().flatten().collect())
    }

    /// The dates of some columns, as days ([`NO_DAY`] is null), one for each row of the run.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn days(&self, rows: &Rows, columns: &[String], zone: &Zone) -> Result<Vec<Vec<i32>>> {
        let day = |column: &String| {
            let mut days = vec![NO_DAY; rows.len()];
            let (mut times, mut instants) = (Times::new(zone), Vec::new());
            self.read(rows, std::slice::from_ref(column), |_, positions, source| {
                let Values::Array(array) = source else { return };
                times.fill(array, &mut instants);
                for (&position, &instant) in positions.iter().zip(&instants).filter(|(&p, _)| p != UNUSED) {
                    days[position as usize] = day_of(instant, zone);
                }
            })?;
            Ok(days)
        };
        columns.par_iter().map(day).collect()
    }

    /// Decodes some columns of the row groups that hold rows of the run, in file order. `take` gets the number of the
    /// column, the position of each row in the run, and the rows' values.
    fn read(&self, rows: &Rows, columns: &[String], mut take: impl FnMut(usize, &[u32], Values<'_>)) -> Result<()> {
        let mut start = 0;
        for (file, groups) in self.table.files.iter().zip(&rows.groups) {
            let count: usize = groups.iter().map(|&(_, rows)| rows).sum();
            let positions = &rows.positions[start..start + count];
            start += count;
            let (stored, constant): (Vec<usize>, Vec<usize>) =
                (0..columns.len()).partition(|&column| file.data_type(&columns[column]).is_some());
            for column in constant {
                let value = file.file.partition_value(&columns[column]).and_then(|value| value.as_deref());
                take(column, positions, Values::Constant(value));
            }
            if stored.is_empty() || groups.is_empty() {
                continue;
            }
            let names: Vec<&str> = stored.iter().map(|&column| columns[column].as_str()).collect();
            let groups = groups.iter().map(|&(group, _)| group).collect();
            let mut done = 0;
            for batch in file.read(&names, Some(groups), BATCH)? {
                let batch: RecordBatch = batch.map_err(|e| damaged(&file.file.path, &e))?;
                let positions = &positions[done..done + batch.num_rows()];
                done += batch.num_rows();
                for &column in &stored {
                    if let Some(array) = batch.column_by_name(&columns[column]) {
                        take(column, positions, Values::Array(array));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where a numeric feature goes: a slice a block.
pub type Target<'a> = Vec<&'a mut [f32]>;

/// The values of some rows of a column.
enum Values<'a> {
    /// As decoded.
    Array(&'a ArrayRef),
    /// All of them the one of the file's partition folder, or null.
    Constant(Option<&'a str>),
}

/// A column of the files.
struct Column {
    name: String,
    kind: Kind,
    type_name: String,
}

/// The columns of all files, in the order of their first appearance. Text in any file makes a column text.
fn columns_of(table: &Table) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for file in &table.files {
        for field in file.metadata.schema().fields() {
            let kind = Kind::of(field.data_type());
            match places.get(field.name()) {
                Some(&place) if kind == Kind::Level => columns[place].kind = kind,
                Some(_) => {}
                None => {
                    places.insert(field.name().clone(), columns.len());
                    let type_name = table::type_name(field.data_type());
                    columns.push(Column { name: field.name().clone(), kind, type_name });
                }
            }
        }
    }
    columns
}

fn row_groups(file: &OpenFile) -> impl Iterator<Item = (&OpenFile, usize)> {
    (0..file.metadata.metadata().num_row_groups()).map(move |group| (file, group))
}

fn quoted(name: impl std::fmt::Display) -> String {
    format!("`{name}`")
}

fn day_of(instant: i64, zone: &Zone) -> i32 {
    if instant == NULL_TIME {
        NO_DAY
    } else {
        zone.day_of(instant).0
    }
}

/// A value as the data set keeps it. A finite one stays finite.
fn narrowed(value: f64) -> f32 {
    match value.is_finite() {
        true => value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32,
        false => f32::NAN,
    }
}

/// Id, as-of date and label of every row of the files, in their order.
#[derive(Default)]
pub struct Keys {
    /// Integer ids.
    integers: Vec<i64>,
    /// String ids.
    texts: Vec<Option<String>>,
    /// As-of dates; empty without such a column.
    days: Vec<i32>,
    /// Labels; empty when they are not wanted.
    labels: Vec<Option<u8>>,
    odd_labels: u64,
    odd_label: Option<f64>,
    /// Rows of each row group.
    groups: Vec<usize>,
}

impl Keys {
    /// Rows read.
    pub fn rows(&self) -> usize {
        self.integers.len().max(self.texts.len())
    }

    /// The as-of dates, ascending, each with its rows and its labelled rows.
    pub fn dates(&self) -> Vec<(Day, u64, u64)> {
        let mut dates: std::collections::BTreeMap<i32, (u64, u64)> = std::collections::BTreeMap::new();
        for (row, &day) in self.days.iter().enumerate().filter(|(_, &day)| day != NO_DAY) {
            let (rows, labelled) = dates.entry(day).or_default();
            *rows += 1;
            *labelled += u64::from(self.labels.get(row).is_some_and(Option::is_some));
        }
        dates.into_iter().map(|(day, (rows, labelled))| (Day(day), rows, labelled)).collect()
    }

    fn has_id(&self, row: usize) -> bool {
        match self.texts.is_empty() {
            true => self.integers[row] != NULL_ID,
            false => self.texts[row].is_some(),
        }
    }

    fn day(&self, row: usize) -> Option<i32> {
        self.days.get(row).copied()
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let ids = match self.texts.is_empty() {
            true => self.integers[a].cmp(&self.integers[b]),
            false => self.texts[a].cmp(&self.texts[b]),
        };
        ids.then_with(|| self.day(a).cmp(&self.day(b)))
    }

    /// The rows of the wanted as-of dates (of all rows when there is no such column); with `labelled`, only those with
    /// a label.
    ///
    /// # Errors
    /// [`Error::Contract`] naming the ids that occur twice, within an as-of date if there are any.
    pub fn select(self, opened: &PreparedTable, wanted: impl Fn(Day) -> bool, labelled: bool) -> Result<Rows> {
        let all = self.rows();
        let mut quarantine = Quarantine::default();
        let mut order: Vec<u32> = Vec::with_capacity(all);
        for row in 0..all {
            match (self.has_id(row), self.day(row)) {
                (false, _) => quarantine.add(Reason::NullId, 1),
                (_, Some(NO_DAY)) => quarantine.add(Reason::NullTime, 1),
                (_, Some(day)) if !wanted(Day(day)) => {}
                _ => order.push(row as u32),
            }
        }
        order.par_sort_unstable_by(|&a, &b| self.compare(a as usize, b as usize).then(a.cmp(&b)));
        self.no_duplicates(&order, opened)?;
        let unlabelled = order.len();
        if labelled {
            order.retain(|&row| self.labels[row as usize].is_some());
        }
        let unlabelled = (unlabelled - order.len()) as u64;
        let ids = match opened.table.id_kind {
            IdKind::Integer => Ids::Integer(order.iter().map(|&row| self.integers[row as usize]).collect()),
            IdKind::Text => {
                let mut bytes = String::new();
                let push = |&row: &u32| {
                    bytes.push_str(self.texts[row as usize].as_deref().unwrap_or_default());
                    bytes.len()
                };
                let ends = order.iter().map(push).collect();
                Ids::Text { bytes, ends }
            }
        };
        let mut positions = vec![UNUSED; all];
        for (position, &row) in (0u32..).zip(&order) {
            positions[row as usize] = position;
        }
        // Row groups without any row of the run are not read again.
        let mut groups: Vec<Vec<(usize, usize)>> = vec![Vec::new(); opened.table.files.len()];
        let mut kept = Vec::with_capacity(all);
        let mut start = 0;
        let numbered = opened.table.files.iter().enumerate();
        let of_files = numbered.flat_map(|(place, file)| row_groups(file).map(move |(_, group)| (place, group)));
        for ((file, group), &count) in of_files.zip(&self.groups) {
            let part = &positions[start..start + count];
            start += count;
            if part.iter().any(|&position| position != UNUSED) {
                groups[file].push((group, count));
                kept.extend_from_slice(part);
            }
        }
        Ok(Rows {
            count: order.len(),
            ids,
            days: order.iter().filter_map(|&row| self.day(row as usize)).collect(),
            labels: order.iter().filter_map(|&row| self.labels.get(row as usize).copied()).collect(),
            read: all as u64,
            unlabelled,
            quarantine,
            positions: kept,
            groups,
        })
    }

    fn no_duplicates(&self, order: &[u32], opened: &PreparedTable) -> Result<()> {
        let is_twice = |pair: &&[u32]| self.compare(pair[0] as usize, pair[1] as usize) == Ordering::Equal;
        let mut twice: Vec<u32> = order.windows(2).filter(is_twice).map(|pair| pair[0]).collect();
        if twice.is_empty() {
            return Ok(());
        }
        let rows = twice.len();
        twice.dedup_by(|a, b| self.compare(*a as usize, *b as usize) == Ordering::Equal);
        let named = twice.iter().take(5).map(|&row| {
            let id = match self.texts.get(row as usize) {
                Some(text) => text.clone().unwrap_or_default(),
                None => self.integers[row as usize].to_string(),
            };
            match self.day(row as usize) {
                Some(day) => format!("`{id}` on {}", Day(day)),
                None => quoted(id),
            }
        });
        let named: Vec<String> = named.collect();
        let more = match twice.len().saturating_sub(5) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let advice = match &opened.as_of {
            Some(_) => "Write one row a customer and as-of date",
            None => "Write one row a customer, or name the column of the as-of date (table.as_of)",
        };
        Err(Error::Contract(format!(
            "{WHAT}: column `{}` (table.id) holds {} more than once{}: {}{more}. {advice}",
            opened.id,
            if twice.len() == 1 { "an id".to_owned() } else { format!("{} ids", twice.len()) },
            match rows == twice.len() {
                true => String::new(),
                false => format!(" ({rows} rows too many)"),
            },
            named.join(", "),
        )))
    }
}

/// The rows that a run uses, in the order of their ids and then of their as-of dates.
pub struct Rows {
    count: usize,
    /// Their ids, ascending; a customer has a row for each as-of date.
    pub ids: Ids,
    /// Their as-of dates; empty without such a column.
    pub days: Vec<i32>,
    /// Their labels; empty when they are not wanted.
    pub labels: Vec<Option<u8>>,
    /// Rows of the files.
    pub read: u64,
    /// Rows left out because they have no label.
    pub unlabelled: u64,
    /// Rows that could not be used.
    pub quarantine: Quarantine,
    /// Of each row of the row groups to read, in file order, its place among these rows.
    positions: Vec<u32>,
    /// The row groups of each file, with their rows.
    groups: Vec<Vec<(usize, usize)>>,
}

impl Rows {
    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Gives the ids away, for the customers table.
    pub fn take_ids(&mut self) -> Ids {
        std::mem::replace(&mut self.ids, Ids::Integer(Vec::new()))
    }
}

/// Levels in the order in which they are met.
struct Interned {
    names: Vec<String>,
    known: HashMap<String, u32>,
    codes: Vec<u32>,
}

impl Interned {
    fn new(rows: usize) -> Interned {
        Interned { names: Vec::new(), known: HashMap::new(), codes: vec![NO_LEVEL; rows] }
    }

    fn code(&mut self, level: &str) -> u32 {
        if let Some(&code) = self.known.get(level) {
            return code;
        }
        // There are fewer levels than rows, and rows are counted in 32 bits.
        let code = self.names.len() as u32;
        self.names.push(level.to_owned());
        self.known.insert(level.to_owned(), code);
        code
    }

    /// The levels ascending, whatever the order of the rows.
    fn in_order(self) -> Levels {
        let mut order: Vec<u32> = (0..self.names.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| self.names[a as usize].cmp(&self.names[b as usize]));
        let mut code = vec![NO_LEVEL; order.len()];
        for (new, &old) in (0u32..).zip(&order) {
            code[old as usize] = new;
        }
        let codes = self.codes.into_iter().map(|old| code.get(old as usize).copied().unwrap_or(NO_LEVEL)).collect();
        Levels { names: order.iter().map(|&old| self.names[old as usize].clone()).collect(), codes }
    }
}
