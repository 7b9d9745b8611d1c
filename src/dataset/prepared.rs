//! A data set from a prepared feature table: the same blocks of rows as from signals, so that everything after it works
//! unchanged. The customers table beside it has one entry for each row of the prepared table, in the order of ids and
//! then as-of dates; neither the order of the rows in the files nor the number of threads changes a byte.

use super::folds::Folds;
use super::snapshots::Snapshots;
use super::{Block, Dataset, StoredValues, Twins};
use crate::calendar::{Day, Zone};
use crate::config::{Churn, Table, Training};
use crate::eligibility::Exclusions;
use crate::error::{Error, Result};
use crate::features::{Catalogue, Feature};
use crate::labels;
use crate::language::Message;
use crate::memory::{Arena, Memory};
use crate::parallel;
use crate::sources::prepared::columns::{OddNumbers, Target};
use crate::sources::prepared::keys::SelectedRows;
use crate::sources::{
    CopiedColumn, CustomerTable, Given, Keys, Levels, Limit, Partitioning, PreparedTable, Reason, Wanted, NO_DAY,
};
use std::sync::Arc;

/// Values of a wide table that are in memory at a time while its columns are looked at.
const BATCH_VALUES: usize = 64_000_000;
/// From this share of the rows on, distinct levels look like names rather than levels.
const NAMES: f64 = 0.5;
/// Fewer distinct levels than this are never taken for names.
const FEW_LEVELS: usize = 100;

/// A data set from a prepared table, and what else the table says.
pub struct Prepared {
    /// The table and the rows of the run in it.
    pub source: TableRows,
    /// The rows. Their customers have one entry per row: the ids ascending, a customer once for each as-of date.
    pub dataset: Dataset,
    /// The column of folds, one entry per row, if it is to be used.
    pub folds: Option<Levels>,
    /// Date columns with one day per row; they are no features.
    pub dates: Vec<DateColumn>,
    /// As-of dates without any label.
    pub unmatured: Vec<Day>,
    /// What a person should know about the table.
    pub notes: Vec<Message>,
}

/// A column of dates.
pub struct DateColumn {
    /// Its name.
    pub name: String,
    /// One day per row.
    pub days: Vec<i32>,
}

/// The names of columns that can be features.
#[derive(Clone, Copy, Debug)]
pub struct ColumnNames<'a> {
    /// Numeric ones.
    pub numeric: &'a [String],
    /// Categorical ones.
    pub categorical: &'a [String],
}

impl ColumnNames<'_> {
    /// Those that can be features of a table.
    fn all(table: &PreparedTable) -> ColumnNames<'_> {
        ColumnNames { numeric: &table.numeric, categorical: &table.categorical }
    }
}

/// Rows with some columns of their table as features.
pub struct WithColumns {
    /// The rows.
    pub dataset: Dataset,
    /// What a person should know about the columns.
    pub notes: Vec<Message>,
}

/// A table and the rows of a run in it, to read columns of.
pub struct TableRows {
    /// The table, as opened.
    pub table: PreparedTable,
    rows: SelectedRows,
    /// Block and row of each row.
    places: Vec<(u32, u32)>,
}

/// A prepared table to be read, and when.
pub struct TableRequest<'a> {
    /// The table.
    pub table: Given<'a>,
    /// What its columns are; without that, they have the names of the defaults.
    pub columns: Option<&'a Table>,
    /// The label window.
    pub churn: &'a Churn,
    /// The zone in which days begin.
    pub zone: Zone,
    /// The share of the rows that may be in quarantine.
    pub max_quarantine_share: f64,
    /// The date that is asked for. A table without as-of dates is taken to be of that date.
    pub as_of: Option<Day>,
    /// Today: a row of a later date is a mistake, and without any date a table is of today.
    pub today: Day,
    /// Where the rows are to lie.
    pub memory: &'a Memory,
}

impl TableRequest<'_> {
    /// The date of a table without as-of dates.
    pub fn undated(&self) -> Day {
        self.as_of.unwrap_or(self.today)
    }

    fn open(&self, wanted: &Wanted<'_>) -> Result<PreparedTable> {
        PreparedTable::open(self.table, &self.columns.cloned().unwrap_or_default(), wanted, self.memory)
    }
}

/// Reads the labelled rows of a table. With an as-of date, only those of dates whose labels were known by then.
///
/// # Errors
/// [`Error::Contract`] for a table that breaks its contract; [`Error::TooLittle`] when it has no labelled row;
/// [`Error::Config`] when it has more features than a model takes.
pub fn for_training(request: &TableRequest<'_>) -> Result<Prepared> {
    let &TableRequest { table: given, as_of, today, ref zone, .. } = request;
    let table = request.open(&Wanted::Training)?;

    if table.numeric.is_empty() && table.categorical.is_empty() {
        return Err(Error::Contract(format!(
            "prepared table {given}: no column can be a feature; besides those with a role in [table] and those \
             ignored, it needs numbers, booleans or strings"
        )));
    }

    let keys = table.keys(zone)?;
    let known = |day: Day| as_of.is_none_or(|end| labels::matured(request.churn, day, end));
    let dates = keys.dates();
    let (labelled, unmatured): (Vec<_>, Vec<_>) =
        dates.into_iter().partition(|&(day, _, labelled)| labelled > 0 && known(day));
    let labelled: Vec<(Day, u64)> = labelled.into_iter().map(|(day, _, rows)| (day, rows)).collect();
    not_in_the_future(&labelled, today, zone)?;
    let unmatured = unmatured.into_iter().map(|(day, ..)| day).collect();
    let wanted = |day: Day| labelled.binary_search_by_key(&day, |&(day, _)| day).is_ok();
    let rows = keys.select(&table, wanted, true)?;

    if rows.is_empty() {
        return Err(Error::TooLittle(format!(
            "prepared table {given}: none of its {} rows has a label{}; training needs rows whose `{}` is 0 or 1",
            rows.read,
            as_of.map_or_else(String::new, |day| format!(" that was known on {day}")),
            table.label.as_deref().unwrap_or_default(),
        )));
    }

    let folds = table.levels(&rows, table.fold.as_slice())?.pop();
    let dates = table.days(&rows, &table.dates, zone)?;
    let dates = table.dates.iter().cloned().zip(dates).map(|(name, days)| DateColumn { name, days }).collect();
    let mut notes = table.origin.notes();
    if rows.unlabelled > 0 {
        let (unlabelled, all) = (rows.unlabelled, rows.read);
        notes.push(format!("{unlabelled} of {all} rows have no label and are left out of training").into());
    }

    if !table.dates.is_empty() {
        let names = table.dates.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let what = "A number of days before the as-of date would be one";
        notes.push(format!("dates are no features: {names}. {what}").into());
    }

    if !table.left_out.is_empty() {
        let names = table.left_out.join(", ");
        notes.push(format!("left out, since their types can be no features: {names}").into());
    }
    if !table.indexes.is_empty() {
        let names = table.indexes.join(", ");
        let message = format!(
            "left out, since they are an index that pandas wrote, which numbers rows: {names}. List one under \
             table.numeric or table.categorical to use it"
        );
        notes.push(message.into());
    }
    let mut source = TableRows { table, rows, places: Vec::new() };
    let dataset = source.in_blocks(request, &mut notes)?;
    let mut prepared = Prepared { source, dataset, folds, dates, unmatured, notes };
    let table = &prepared.source.table;
    let most = request.columns.map_or(0, |table| table.max_features as usize);

    if table.numeric.len() + table.categorical.len() <= most {
        let notes = prepared.source.fill(ColumnNames::all(table), &mut prepared.dataset)?;
        prepared.notes.extend(notes);
        prepared.dataset.twins = Twins::among(&prepared.dataset)?;
    }

    Ok(prepared)
}

/// Reads the features of a model, given its version and its catalogue, from a table: for the as-of dates that `wanted`
/// picks from those of the table, given ascending.
///
/// # Errors
/// As [`for_training`].
pub fn for_scoring(
    request: &TableRequest<'_>,
    model: &str,
    catalogue: &Catalogue,
    wanted: impl Fn(&[Day]) -> Result<Vec<Day>>,
) -> Result<Prepared> {
    let zone = &request.zone;
    let numeric: Vec<String> = catalogue.numeric.iter().map(|feature| feature.name.clone()).collect();
    let asked = Wanted::Scoring { model, numeric: &numeric, categorical: &catalogue.categorical };
    let table = request.open(&asked)?;
    let keys = table.keys(zone)?;
    let dates = wanted_dates(&table, &keys, request.undated(), wanted)?;
    not_in_the_future(&dates, request.today, zone)?;
    let rows = keys.select(&table, |day| dates.iter().any(|&(wanted, _)| wanted == day), false)?;
    let mut notes = table.origin.notes();
    let mut source = TableRows { table, rows, places: Vec::new() };
    let mut dataset = source.in_blocks(request, &mut notes)?;
    notes.extend(source.fill(ColumnNames::all(&source.table), &mut dataset)?);
    Ok(Prepared { source, dataset, folds: None, dates: Vec::new(), unmatured: Vec::new(), notes })
}

/// The columns that rows with the features of a model are read from, and the one of the as-of dates, if there is one.
///
/// # Errors
/// [`Error::Contract`] when one of them is missing, or is of a type that it cannot be read from.
pub fn columns_for_scoring(
    request: &TableRequest<'_>,
    model: &str,
    catalogue: &Catalogue,
) -> Result<(Vec<String>, Option<String>)> {
    let numeric: Vec<String> = catalogue.numeric.iter().map(|feature| feature.name.clone()).collect();
    let asked = Wanted::Scoring { model, numeric: &numeric, categorical: &catalogue.categorical };
    let table = request.open(&asked)?;
    Ok((table.columns(), table.as_of))
}

/// The as-of date of every row of a table, in their order; none of a row without one. The table needs no more columns
/// than these and the ids.
///
/// # Errors
/// [`Error::Contract`] for a table whose ids or dates cannot be read.
pub fn dates_of_rows(request: &TableRequest<'_>) -> Result<Vec<Option<Day>>> {
    let all = request.columns.cloned().unwrap_or_default();
    let columns = Table { value: None, passthrough: Vec::new(), ..all };
    let wanted = Wanted::Scoring { model: "", numeric: &[], categorical: &[] };
    let table = PreparedTable::open(request.table, &columns, &wanted, request.memory)?;
    let keys = table.keys(&request.zone)?;
    Ok(keys.days().iter().map(|&day| (day != NO_DAY).then_some(Day(day))).collect())
}

fn wanted_dates(
    table: &PreparedTable,
    keys: &Keys,
    undated: Day,
    wanted: impl Fn(&[Day]) -> Result<Vec<Day>>,
) -> Result<Vec<(Day, u64)>> {
    if table.as_of.is_none() {
        return Ok(vec![(undated, keys.rows() as u64)]);
    }
    let dates = keys.dates();
    let days: Vec<Day> = dates.iter().map(|&(day, ..)| day).collect();
    let chosen = wanted(&days)?;
    Ok(dates.into_iter().filter(|(day, ..)| chosen.contains(day)).map(|(day, rows, _)| (day, rows)).collect())
}

impl Prepared {
    /// The split by time, if the table has as-of dates enough for one: with fewer than two there is none.
    ///
    /// # Errors
    /// As [`Snapshots::among`].
    pub fn snapshots(&self, training: &Training, churn: &Churn) -> Result<Option<Snapshots>> {
        match (&self.source.table.as_of, self.dataset.as_of.as_slice()) {
            (None, _) | (_, [] | [_]) => Ok(None),
            (Some(_), dates) => Snapshots::among(training, churn, dates, &self.unmatured).map(Some),
        }
    }

    /// The folds that the table gives, or else folds with the same share of churners.
    ///
    /// # Errors
    /// As [`Folds::given`].
    pub fn folds_to_hold_out(&self, seed: u64) -> Result<Folds> {
        match (&self.folds, &self.source.table.fold) {
            (Some(levels), Some(column)) => Folds::given(column, levels),
            _ => Ok(Folds::stratified(&self.dataset, seed)),
        }
    }

    /// Whether there are more columns than one model takes, so that they have not been read.
    pub fn is_wide(&self) -> bool {
        self.dataset.catalogue.names().count() < self.source.table.numeric.len() + self.source.table.categorical.len()
    }
}

impl TableRows {
    /// Puts the rows into blocks, one a partition of the ids, without features yet.
    fn in_blocks(&mut self, request: &TableRequest<'_>, notes: &mut Vec<Message>) -> Result<Dataset> {
        let value = value(&self.table, &mut self.rows, notes)?;
        let rows = &mut self.rows;
        let own = request.columns.and_then(|table| table.max_quarantine_share);
        rows.quarantine.check("prepared table", rows.read, &Limit::new("table", own, request.max_quarantine_share))?;

        let customers = CustomerTable {
            ids: rows.take_ids(),
            signup: Vec::new(),
            start: Vec::new(),
            end: Vec::new(),
            value,
            numeric: Vec::new(),
            categorical: Vec::new(),
            rows: rows.read,
            quarantine: rows.quarantine.clone(),
            chosen: Default::default(),
        };

        let as_of: Vec<Day> = if rows.days.is_empty() {
            vec![request.undated()]
        } else {
            let mut days = rows.days.clone();
            days.sort_unstable();
            days.dedup();
            days.into_iter().map(Day).collect()
        };

        let mut first_entries: Vec<u32> = Vec::with_capacity(rows.len());
        for entry in 0..rows.len() {
            let first = match entry.checked_sub(1) {
                Some(before) if customers.ids.same(before, entry) => first_entries[before],
                _ => entry as u32,
            };
            first_entries.push(first);
        }

        let mut blocks: Vec<Block> = Vec::new();
        self.places = vec![(0, 0); rows.len()];
        for (index, members) in (0u32..).zip(Partitioning::new(&customers, Day(i32::MAX)).members) {
            for (row, &member) in (0u32..).zip(&members) {
                self.places[member as usize] = (index, row);
            }
            let date = |&member: &u32| match rows.days.get(member as usize) {
                Some(&day) => as_of.binary_search(&Day(day)).map_or(0, |place| place as u32),
                None => 0,
            };
            let label = |&member: &u32| rows.labels.get(member as usize).copied();
            blocks.push(Block {
                as_of: members.iter().map(date).collect(),
                labels: members.iter().filter_map(label).collect(),
                weights: Vec::new(),
                values: StoredValues::default(),
                customers: members,
            });
        }

        Ok(Dataset {
            customers: Arc::new(customers),
            exclusions: vec![Exclusions::default(); as_of.len()],
            as_of,
            blocks,
            first_entries,
            memory: request.memory.clone(),
            ..Dataset::default()
        })
    }

    /// The columns to be passed through, for some entries of the customers table, in that order.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn passthrough(&self, wanted: &[u32]) -> Result<Vec<CopiedColumn>> {
        self.table.passthrough(&self.rows, wanted)
    }

    /// The same rows with these columns as their features.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn read(&self, columns: ColumnNames<'_>, rows: &Dataset) -> Result<WithColumns> {
        let mut dataset = Dataset {
            customers: Arc::new(CustomerTable { categorical: Vec::new(), ..(*rows.customers).clone() }),
            as_of: rows.as_of.clone(),
            blocks: rows
                .blocks
                .iter()
                .map(|block| Block { values: StoredValues::default(), ..block.clone() })
                .collect(),
            exclusions: rows.exclusions.clone(),
            first_entries: rows.first_entries.clone(),
            twins: rows.twins.clone(),
            memory: rows.memory.clone(),
            ..Dataset::default()
        };

        let notes = self.fill(columns, &mut dataset)?;
        Ok(WithColumns { dataset, notes })
    }

    /// All columns that can be features, some at a time, so that they need not fit into memory together: numeric ones,
    /// then categorical ones.
    pub fn batches(&self) -> impl Iterator<Item = ColumnNames<'_>> {
        let each = (BATCH_VALUES / self.rows.len().max(1)).max(1);
        let numeric = self.table.numeric.chunks(each).map(|numeric| ColumnNames { numeric, categorical: &[] });
        let categorical = self.table.categorical.chunks(each);
        numeric.chain(categorical.map(|categorical| ColumnNames { numeric: &[], categorical }))
    }

    /// Whether the table has these columns as features.
    pub fn has(&self, catalogue: &Catalogue) -> bool {
        let known: hashbrown::HashSet<&String> = self.table.numeric.iter().collect();
        let levels: hashbrown::HashSet<&String> = self.table.categorical.iter().collect();
        catalogue.numeric.iter().all(|feature| known.contains(&feature.name))
            && catalogue.categorical.iter().all(|name| levels.contains(name))
    }

    /// Reads columns into a data set without features. Returns what a person should know about them.
    fn fill(&self, columns: ColumnNames<'_>, dataset: &mut Dataset) -> Result<Vec<Message>> {
        let ColumnNames { numeric, categorical } = columns;
        let blocks = &mut dataset.blocks;
        let mut values: Vec<Vec<f32>> = blocks.iter().map(|block| vec![0.0; numeric.len() * block.rows()]).collect();
        let mut columns: Vec<Target<'_>> = numeric.iter().map(|_| Vec::with_capacity(blocks.len())).collect();

        for (block, values) in blocks.iter().zip(&mut values) {
            let mut rest = values.as_mut_slice();
            for column in &mut columns {
                let (part, others) = rest.split_at_mut(block.rows());
                column.push(part);
                rest = others;
            }
        }

        let odd = self.table.fill_numeric(&self.rows, numeric, &self.places, columns)?;
        let arena = Arena::new(dataset.memory.budget(None));
        parallel::try_for_each(blocks.iter_mut().zip(values), |(block, values)| -> Result<()> {
            block.values = StoredValues::new(&values, block.rows(), &arena)?;
            Ok(())
        })?;

        // Nobody else has the customers of these rows yet, so that this copies nothing.
        Arc::make_mut(&mut dataset.customers).categorical = self.table.levels(&self.rows, categorical)?;
        dataset.catalogue = Catalogue {
            numeric: numeric.iter().map(|name| Feature::given(name)).collect(),
            categorical: categorical.to_vec(),
        };

        let mut notes = Vec::new();
        for (name, OddNumbers { infinite, too_large }) in numeric.iter().zip(odd) {
            if infinite > 0 {
                notes.push(of_column("table-infinite", name).count("count", infinite));
            }
            if too_large > 0 {
                notes.push(of_column("table-too-large", name).count("count", too_large));
            }
        }
        let rows = self.rows.len();

        for (name, levels) in categorical.iter().zip(&dataset.customers.categorical) {
            let distinct = levels.names.len();
            if self.table.label.is_some() && distinct >= FEW_LEVELS && distinct as f64 >= NAMES * rows as f64 {
                notes.push(of_column("table-names", name).count("levels", distinct).count("rows", rows));
            }
        }

        Ok(notes)
    }
}

/// A row of the future is a mistake in the as-of date, or in the clock.
fn not_in_the_future(dates: &[(Day, u64)], today: Day, zone: &Zone) -> Result<()> {
    let future: Vec<String> =
        dates.iter().filter(|(day, _)| *day > today).map(|(day, rows)| format!("{day} ({rows} rows)")).collect();
    match future.as_slice() {
        [] => Ok(()),
        future => Err(Error::Contract(format!(
            "prepared table: as-of dates in the future: {}; today is {today} in {}. A row may hold only what was known \
             on its as-of date; correct the dates, or choose an earlier --as-of",
            future.join(", "),
            zone.name(),
        ))),
    }
}

fn of_column(key: &'static str, name: &str) -> Message {
    Message::new(key).text("column", format!("`{name}`"))
}

/// The money at stake, one entry per row; empty without such a column.
fn value(table: &PreparedTable, rows: &mut SelectedRows, notes: &mut Vec<Message>) -> Result<Vec<f64>> {
    let Some(column) = &table.value else { return Ok(Vec::new()) };
    let (value, odd) = table.numbers(rows, column)?;
    rows.quarantine.add(Reason::NonFinite, odd);
    let unknown = value.iter().filter(|value| value.is_nan()).count();
    let negative = value.iter().filter(|&&value| value < 0.0).count();
    for (count, key) in [(unknown, "table-value-unknown"), (negative, "table-value-negative")] {
        if count > 0 {
            notes.push(of_column(key, column).count("count", count).count("rows", value.len()));
        }
    }
    Ok(value)
}
