//! The customers table: one row a customer, in id order.

pub mod cancellations;
pub mod ids;
pub mod levels;
mod numbered;
pub(crate) mod numbering;
mod passthrough;
#[cfg(test)]
mod tests;

use crate::calendar::{Day, Zone};
use crate::config;
use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::parallel;
use crate::sources::contract::{IdKind, Need, Role};
use crate::sources::copied::text::text;
use crate::sources::copied::CopiedColumn;
use crate::sources::parquet::decode::{self, Times};
use crate::sources::parquet::pieces::table_pieces;
use crate::sources::parquet::{OpenFile, Table};
use crate::sources::quarantine::{Quarantine, Reason};
use crate::spelling;
use arrow_array::RecordBatch;
use hashbrown::HashMap;
use ids::Ids;
use levels::{Coded, Levels, NO_LEVEL};
use numbered::{no_ids, read_ids, Numbered};
use rayon::prelude::*;
use std::cmp::Ordering;

/// Bytes that a file takes for the length of a text.
const LENGTH_BYTES: u64 = 4;
/// Bytes that a level takes while levels are put in order, with its text and its place in the table, as measured.
const LEVEL_BYTES: u64 = 300;
/// Rows that a piece of a row group has at least.
const PIECE_ROWS: usize = 1 << 17;
/// Rows decoded at a time.
const BATCH_ROWS: usize = 16_384;

/// The day that stands for null.
pub const NO_DAY: i32 = i32::MIN;

/// All customers, in id order. Every column is empty or has one entry a customer.
#[derive(Clone, Debug, Default)]
pub struct CustomerTable {
    /// The ids.
    pub ids: Ids,
    /// Sign-up days ([`NO_DAY`] is null); empty without such a column.
    pub signup: Vec<i32>,
    /// First days of the contract.
    pub start: Vec<i32>,
    /// First days after the contract.
    pub end: Vec<i32>,
    /// Money a month at stake (NaN is null).
    pub value: Vec<f64>,
    /// The numeric columns, in the order of the settings (NaN is null).
    pub numeric: Vec<Vec<f64>>,
    /// The categorical columns, in the order of the settings.
    pub categorical: Vec<Levels>,
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be used.
    pub quarantine: Quarantine,
    /// Of each customer who has several rows, which one of the rows with an id it is that stands for them.
    pub chosen: HashMap<u32, u32>,
}

impl CustomerTable {
    /// The money a month at stake with a customer, given as the place in the table; none if it is not known.
    pub fn value_of(&self, customer: u32) -> Option<f64> {
        self.value.get(customer as usize).copied().filter(|value| value.is_finite())
    }
}

/// What the customers table must look like.
pub(crate) fn needs(settings: &config::Customers) -> Vec<Need> {
    let optional =
        |key: &'static str, role: Role| move |column: &String| Need::optional("customers", key, column, role);
    let time = Role::time(settings.time_unit);
    let mut needs = vec![Need::required("customers", "id", &settings.id, Role::Id)];
    needs.extend(settings.signup.iter().map(optional("signup", time)));
    needs.extend(settings.start.iter().map(optional("start", time)));
    needs.extend(settings.end.iter().map(optional("end", time)));
    needs.extend(settings.value.iter().map(optional("value", Role::Number)));
    needs.extend(settings.numeric.iter().map(optional("numeric", Role::Number)));
    needs.extend(settings.categorical.iter().map(optional("categorical", Role::Text)));
    needs.extend(settings.passthrough.iter().map(optional("passthrough", Role::Any)));
    needs
}

/// A row with a number that cannot be kept as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct OddRow {
    row: u32,
    reason: Reason,
}

/// Rows of the table, before they are put in order.
struct Unordered {
    /// In the order of rows.
    ids: Ids,
    days: [Vec<i32>; 3],
    value: Vec<f64>,
    numeric: Vec<Vec<f64>>,
    categorical: Vec<Coded>,
    /// Those that have a number that cannot be kept as it is, and what is wrong with it.
    odd: Vec<OddRow>,
    rows: u64,
    quarantine: Quarantine,
}

impl CustomerTable {
    /// The fold, of `folds`, of a customer, by the id alone, so that all rows of one customer share it.
    pub fn fold(&self, customer: u32, folds: u8, seed: u64) -> u8 {
        (self.hash(customer, seed) % u64::from(folds.max(1))) as u8
    }

    /// A number in `[0, 1)` for a customer on a date, by the id, the date and the seed alone.
    pub fn draw(&self, customer: u32, day: Day, seed: u64) -> f64 {
        const SALT: u64 = 0x7361_6d70_6c69_6e67;
        let hash = self.hash(customer, (seed ^ SALT).wrapping_add(u64::from(day.0.unsigned_abs())));
        // The top 53 bits as a float.
        (hash >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number that tells a customer from its neighbours, by the id alone.
    pub fn key(&self, customer: u32) -> u32 {
        (self.hash(customer, 0) >> 32) as u32
    }

    fn hash(&self, customer: u32, seed: u64) -> u64 {
        let hash = |bytes: &[u8]| xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed);
        match &self.ids {
            Ids::Integer(ids) => hash(&ids[customer as usize].to_le_bytes()),
            Ids::Text { .. } => hash(self.ids.text(customer as usize).as_bytes()),
        }
    }

    /// Reads the whole table. A row whose id is null goes to quarantine. Of rows that share an id, one stands for the
    /// customer in every command, and the others go to quarantine: the greatest in the columns of days, numbers and
    /// levels, and among those that are equal there, in the pass-through columns as texts. The order of files and rows
    /// does not matter. NaN is null; an infinite number becomes null, one too large the largest that is kept, and its
    /// row is counted.
    pub fn read(table: &Table, settings: &config::Customers, zone: &Zone) -> Result<CustomerTable> {
        let pieces = table_pieces(table, PIECE_ROWS);
        let needs = read_needs(settings);
        let parts: Vec<Unordered> = parallel::try_map(pieces, |piece| {
            read_rows(piece.read(&needs, BATCH_ROWS)?, settings, zone, table.id_kind)
        })?;
        let all = Unordered::joined(Unordered::empty(settings, table.id_kind), &parts);
        all.in_id_order(|rows| copied_of_rows(table, settings, rows))
    }

    /// As [`CustomerTable::read`], of rows that come as record batches, whose ids are of this kind. Which of several
    /// rows stands for a customer is the same but for its pass-through columns, which are not read.
    ///
    /// # Errors
    /// None as long as the columns have types that their roles are read from.
    pub fn from_batches(
        batches: &[RecordBatch],
        settings: &config::Customers,
        kind: IdKind,
        zone: &Zone,
    ) -> Result<CustomerTable> {
        let rows = read_rows(batches.iter().cloned().map(Ok), settings, zone, kind)?;
        rows.in_id_order(|_| Ok(Vec::new()))
    }

    /// The pass-through columns of some customers, in that order, from the rows that stand for them.
    ///
    /// # Errors
    /// A file that cannot be decoded, or a value that cannot be copied exactly.
    pub fn passthrough(
        &self,
        table: &Table,
        settings: &config::Customers,
        wanted: &[u32],
    ) -> Result<Vec<CopiedColumn>> {
        let (slots, mut rows) = (slots_of(wanted), Numbered::new(table.id_kind));
        let slot = |ids: &Ids, place, row| self.slot(&slots, ids, place, row);
        passthrough::read(table, settings, wanted.len(), |array| rows.slots(array, slot))
    }

    /// The pass-through columns of some customers, given by their ids, from all of their rows, which come as record
    /// batches: each as it is, and as its other columns are read.
    ///
    /// # Errors
    /// [`Error::Temporary`] when one of the customers has no row; a value that cannot be copied exactly.
    pub fn passthrough_of_batches(
        batches: &[(RecordBatch, RecordBatch)],
        settings: &config::Customers,
        kind: IdKind,
        zone: &Zone,
        wanted: &Ids,
    ) -> Result<Vec<CopiedColumn>> {
        let copied = |wanted: &[u32]| {
            let (slots, mut rows) = (slots_of(wanted), Numbered::new(kind));
            let slot = |_: &Ids, _, row| slots.get(&row).copied();
            passthrough::of_batches(batches, settings, wanted.len(), |array| rows.slots(array, slot))
        };
        let rows = read_rows(batches.iter().map(|(_, read)| Ok(read.clone())), settings, zone, kind)?;
        let table = rows.in_id_order(copied)?;
        let places = (0..wanted.len()).map(|place| table.find(wanted, place).map(|customer| customer as u32));
        let Some(places) = places.collect::<Option<Vec<u32>>>() else {
            return Err(Error::Temporary(
                "customers: somebody who is listed has no row any more: the table has changed meanwhile; run again"
                    .to_owned(),
            ));
        };

        let (slots, mut rows) = (slots_of(&places), Numbered::new(kind));
        let slot = |ids: &Ids, place, row| table.slot(&slots, ids, place, row);
        passthrough::of_batches(batches, settings, places.len(), |array| rows.slots(array, slot))
    }

    /// The slot of a row that stands for a customer who has one.
    fn slot(&self, slots: &HashMap<u32, usize>, ids: &Ids, place: usize, row: u32) -> Option<usize> {
        let customer = self.find(ids, place)? as u32;
        let stands_for_customer = self.chosen.get(&customer).is_none_or(|&chosen| chosen == row);
        slots.get(&customer).copied().filter(|_| stands_for_customer)
    }

    /// The customer of one of some ids, which are of the same kind.
    fn find(&self, ids: &Ids, index: usize) -> Option<usize> {
        match ids {
            Ids::Integer(ids) => self.ids.find_integer(ids[index]),
            Ids::Text { .. } => self.ids.find_text(ids.text(index)),
        }
    }

    /// Enters the table into the account of the memory; fails if its limit leaves no room for it.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) with what was found and what is needed.
    pub fn require_memory(table: &Table, settings: &config::Customers, memory: &Memory) -> Result<()> {
        let rows: u64 = table.files.iter().map(OpenFile::rows).sum();
        let numbers = settings.numeric.len() + usize::from(settings.value.is_some());
        let days = [&settings.signup, &settings.start, &settings.end].iter().filter(|column| column.is_some()).count();
        let row = 8 + 8 * numbers + 4 * days + 4 * settings.categorical.len();
        let bytes_of = |column: &str| -> u64 { table.files.iter().map(|file| file.decoded_bytes(column)).sum() };
        let texts = match table.id_kind {
            IdKind::Integer => 0,
            IdKind::Text => bytes_of(&settings.id),
        };

        // Few levels take few bits a row. A column with more than the length of a text for each row has nearly as many
        // levels.
        let names: Vec<&String> =
            settings.categorical.iter().filter(|column| bytes_of(column) > LENGTH_BYTES * rows).collect();
        let levels = rows * LEVEL_BYTES * names.len() as u64;
        let what = match names.as_slice() {
            [] => format!("the {rows} rows of the customers table"),
            _ => format!(
                "the {rows} rows of the customers table, most of it for customers.categorical {}, with a text of its \
                 own in nearly every row",
                spelling::some_of(&names),
            ),
        };

        // Once as read, once in order, and the order.
        memory.require(&what, rows * (2 * row as u64 + 4) + 2 * texts + levels)?;
        memory.enter(rows * row as u64 + texts + levels / 2);
        Ok(())
    }

    /// How many customers.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Unordered {
    fn empty(settings: &config::Customers, kind: IdKind) -> Unordered {
        Unordered {
            ids: no_ids(kind),
            days: Default::default(),
            value: Vec::new(),
            numeric: vec![Vec::new(); settings.numeric.len()],
            categorical: settings.categorical.iter().map(|_| Coded::default()).collect(),
            odd: Vec::new(),
            rows: 0,
            quarantine: Quarantine::default(),
        }
    }

    /// The rows of `parts`, one part after the other, in the place of none.
    fn joined(none: Unordered, parts: &[Unordered]) -> Unordered {
        let mut all = none;
        let Unordered { ids, days, value, numeric, categorical, .. } = &mut all;

        // Columns side by side: most of the work is the first touch of memory.
        rayon::scope(|scope| {
            scope.spawn(|_| parts.iter().for_each(|part| ids.extend(&part.ids)));
            scope.spawn(|_| *value = concatenated(parts, |part| &part.value));
            for (slot, all) in days.iter_mut().enumerate() {
                scope.spawn(move |_| *all = concatenated(parts, |part| &part.days[slot]));
            }
            for (slot, all) in numeric.iter_mut().enumerate() {
                scope.spawn(move |_| *all = concatenated(parts, |part| &part.numeric[slot]));
            }
            for (slot, all) in categorical.iter_mut().enumerate() {
                scope.spawn(move |_| parts.iter().for_each(|part| all.extend(&part.categorical[slot])));
            }
        });

        let mut first_row = 0;
        for part in parts {
            all.odd.extend(part.odd.iter().map(|odd| OddRow { row: first_row + odd.row, ..*odd }));
            first_row += part.ids.len() as u32;
            all.rows += part.rows;
            all.quarantine.merge(&part.quarantine);
        }
        all
    }

    /// The table with one row for each id. `copied` reads the pass-through columns of some rows.
    fn in_id_order(mut self, copied: impl Fn(&[u32]) -> Result<Vec<CopiedColumn>>) -> Result<CustomerTable> {
        // A row counts once, for the first of its reasons.
        self.odd.sort_unstable();
        self.odd.dedup_by_key(|odd| odd.row);
        let categorical: Vec<Levels> = std::mem::take(&mut self.categorical).into_iter().map(Coded::in_order).collect();
        if self.ids.ascending() {
            self.odd.iter().for_each(|odd| self.quarantine.add(odd.reason, 1));
            return Ok(self.into_table(categorical, HashMap::new()));
        }

        let Order { rows: mut kept, shared, tied } = self.order(&categorical);
        break_ties(&mut kept, &tied, copied)?;

        let ids = match &self.ids {
            Ids::Integer(ids) => Ids::Integer(taken(ids, &kept)),
            Ids::Text { .. } => {
                let mut bytes = String::new();
                let mut ends = Vec::with_capacity(kept.len());
                for &row in &kept {
                    bytes.push_str(self.ids.text(row as usize));
                    ends.push(bytes.len());
                }
                Ids::Text { bytes, ends }
            }
        };

        let mut quarantine = self.quarantine;
        quarantine.add(Reason::DuplicateId, (self.ids.len() - kept.len()) as u64);
        if !self.odd.is_empty() {
            let place = |row: &u32| self.odd.binary_search_by_key(row, |odd| odd.row).ok();
            kept.iter().filter_map(place).for_each(|place| quarantine.add(self.odd[place].reason, 1));
        }

        let ordered = Unordered {
            ids,
            days: self.days.map(|column| taken(&column, &kept)),
            value: taken(&self.value, &kept),
            numeric: self.numeric.iter().map(|column| taken(column, &kept)).collect(),
            categorical: Vec::new(),
            odd: Vec::new(),
            rows: self.rows,
            quarantine,
        };
        let levels = categorical.into_iter();
        let levels = levels.map(|Levels { names, codes }| Levels { names, codes: taken(&codes, &kept) }).collect();
        let chosen = shared.into_iter().map(|customer| (customer, kept[customer as usize])).collect();
        Ok(ordered.into_table(levels, chosen))
    }

    fn into_table(self, categorical: Vec<Levels>, chosen: HashMap<u32, u32>) -> CustomerTable {
        let [signup, start, end] = self.days;
        CustomerTable {
            ids: self.ids,
            signup,
            start,
            end,
            value: self.value,
            numeric: self.numeric,
            categorical,
            rows: self.rows,
            quarantine: self.quarantine,
            chosen,
        }
    }

    /// The rows in the order of their ids, of each id the greatest.
    fn order(&self, categorical: &[Levels]) -> Order {
        let mut sorted: Vec<u32> = (0..self.ids.len() as u32).collect();
        sorted.par_sort_unstable_by(|&a, &b| self.compare(categorical, a as usize, b as usize));

        let mut order = Order { rows: Vec::with_capacity(sorted.len()), shared: Vec::new(), tied: Vec::new() };
        for rows in sorted.chunk_by(|&a, &b| self.ids.same(a as usize, b as usize)) {
            let customer = order.rows.len() as u32;
            let greatest = rows[rows.len() - 1];
            order.rows.push(greatest);
            if rows.len() > 1 {
                order.shared.push(customer);
                let is_equal = |row: &u32| self.compare(categorical, *row as usize, greatest as usize).is_eq();
                let equal: Vec<u32> = rows.iter().copied().filter(is_equal).collect();
                if equal.len() > 1 {
                    order.tied.push(Tied { customer, rows: equal });
                }
            }
        }
        order
    }

    /// By id, then by every other column, so that the choice among duplicates does not depend on the order of files.
    fn compare(&self, categorical: &[Levels], a: usize, b: usize) -> Ordering {
        let days = |column: &Vec<i32>| column.get(a).cmp(&column.get(b));
        // Null is the least.
        let floats = |column: &Vec<f64>| match (column.get(a), column.get(b)) {
            (Some(a), Some(b)) => b.is_nan().cmp(&a.is_nan()).then_with(|| a.total_cmp(b)),
            _ => Ordering::Equal,
        };
        // Null is the greatest code, and the least level.
        let level = |levels: &Levels, row: usize| levels.codes[row].wrapping_add(1);
        self.ids
            .compare(a, b)
            .then_with(|| self.days.iter().map(days).fold(Ordering::Equal, Ordering::then))
            .then_with(|| floats(&self.value))
            .then_with(|| self.numeric.iter().map(floats).fold(Ordering::Equal, Ordering::then))
            .then_with(|| {
                let levels = categorical.iter().map(|levels| level(levels, a).cmp(&level(levels, b)));
                levels.fold(Ordering::Equal, Ordering::then)
            })
    }
}

/// The rows of a table in the order of their ids, of each id one.
struct Order {
    rows: Vec<u32>,
    /// The customers who have other rows too.
    shared: Vec<u32>,
    /// Those of them for whom several rows are the greatest.
    tied: Vec<Tied>,
}

/// Rows of one customer that are equal in every column but those that are passed through.
struct Tied {
    customer: u32,
    rows: Vec<u32>,
}

/// Keeps, of each customer's tied rows, the one whose pass-through columns are greatest as texts. Rows that are equal
/// in all of them as well say the same, whichever is kept.
fn break_ties(kept: &mut [u32], tied: &[Tied], copied: impl Fn(&[u32]) -> Result<Vec<CopiedColumn>>) -> Result<()> {
    if tied.is_empty() {
        return Ok(());
    }

    let rows: Vec<u32> = tied.iter().flat_map(|tied| tied.rows.iter().copied()).collect();
    let columns = copied(&rows)?;
    let mut slot = 0;
    for Tied { customer, rows } in tied {
        let mut greatest: Option<(Vec<Option<String>>, u32)> = None;
        for &row in rows {
            let texts = columns.iter().map(|column| text(&column.kind, &column.values, slot)).collect();
            greatest = greatest.max(Some((texts, row)));
            slot += 1;
        }
        if let Some((_, row)) = greatest {
            kept[*customer as usize] = row;
        }
    }
    Ok(())
}

/// The pass-through columns of some rows, which are numbered among those with an id.
fn copied_of_rows(table: &Table, settings: &config::Customers, rows: &[u32]) -> Result<Vec<CopiedColumn>> {
    let (slots, mut numbered) = (slots_of(rows), Numbered::new(table.id_kind));
    let slot = |_: &Ids, _, row| slots.get(&row).copied();
    passthrough::read(table, settings, rows.len(), |array| numbered.slots(array, slot))
}

/// The slot of each of some rows or customers.
fn slots_of(wanted: &[u32]) -> HashMap<u32, usize> {
    wanted.iter().copied().zip(0..).collect()
}

/// A column of all parts.
fn concatenated<T: Copy>(parts: &[Unordered], column: impl Fn(&Unordered) -> &[T]) -> Vec<T> {
    parts.iter().map(column).collect::<Vec<_>>().concat()
}

/// Some rows of a column, which may be empty for want of such a column.
fn taken<T: Copy>(column: &[T], rows: &[u32]) -> Vec<T> {
    if column.is_empty() {
        return Vec::new();
    }
    rows.iter().map(|&row| column[row as usize]).collect()
}

/// The columns that every customer's row is read with: pass-through columns are read when it is known whose are wanted.
pub(crate) fn read_needs(settings: &config::Customers) -> Vec<Need> {
    let mut needs = needs(settings);
    needs.retain(|need| need.role != Role::Any);
    needs
}

fn read_rows(
    batches: impl Iterator<Item = Result<RecordBatch>>,
    settings: &config::Customers,
    zone: &Zone,
    kind: IdKind,
) -> Result<Unordered> {
    let mut rows = Unordered::empty(settings, kind);
    let mut times = Times::new(zone);
    let mut instants = Vec::new();
    for batch in batches {
        let batch = batch?;
        rows.rows += batch.num_rows() as u64;
        let Some(ids) = batch.column_by_name(&settings.id) else { continue };
        let valid = read_ids(&mut rows.ids, ids);
        rows.quarantine.add(Reason::NullId, valid.iter().filter(|valid| !**valid).count() as u64);

        let day_columns = [&settings.signup, &settings.start, &settings.end];
        for (days, column) in rows.days.iter_mut().zip(day_columns) {
            let Some(column) = column else { continue };
            let nulls = times.fill_column(&batch, column, &mut instants);
            let instants = decode::valid(&instants, nulls.as_ref()).zip(&valid).filter(|(_, valid)| **valid);
            days.extend(instants.map(|(instant, _)| instant.map_or(NO_DAY, |instant| zone.day_of(instant).0)));
        }
        for (column, name) in rows.numeric.iter_mut().zip(&settings.numeric) {
            let largest = f64::from(f32::MAX);
            read_numbers(column, largest, &mut rows.odd, &batch, name, &valid);
        }
        if let Some(name) = &settings.value {
            read_numbers(&mut rows.value, f64::MAX, &mut rows.odd, &batch, name, &valid);
        }
        for (coded, name) in rows.categorical.iter_mut().zip(&settings.categorical) {
            read_levels(coded, &batch, name, &valid);
        }
    }
    Ok(rows)
}

/// Appends the numbers of the valid rows of a batch. Those that are infinite become null, those beyond the largest the
/// largest; the rows of both are told.
fn read_numbers(
    all: &mut Vec<f64>,
    largest: f64,
    odd: &mut Vec<OddRow>,
    batch: &RecordBatch,
    column: &str,
    valid: &[bool],
) {
    let Some(array) = batch.column_by_name(column) else {
        all.extend(valid.iter().filter(|valid| **valid).map(|_| f64::NAN));
        return;
    };

    let mut numbers = Vec::new();
    decode::numbers(array, &mut numbers);
    for (&number, _) in numbers.iter().zip(valid).filter(|(_, valid)| **valid) {
        let row = all.len() as u32;
        if number.is_infinite() {
            odd.push(OddRow { row, reason: Reason::NonFinite });
        } else if number.abs() > largest {
            odd.push(OddRow { row, reason: Reason::TooLarge });
        }
        all.push(if number.is_finite() { number.clamp(-largest, largest) } else { f64::NAN });
    }
}

/// The levels of the valid rows of a batch.
fn read_levels(coded: &mut Coded, batch: &RecordBatch, column: &str, valid: &[bool]) {
    let Some(array) = batch.column_by_name(column) else {
        coded.codes.extend(valid.iter().filter(|valid| **valid).map(|_| NO_LEVEL));
        return;
    };
    let texts = decode::texts(array);
    let mut codes: Vec<Option<u32>> = vec![None; texts.values.len()];
    for (position, _) in texts.positions.iter().zip(valid).filter(|(_, valid)| **valid) {
        let code = position.map_or(NO_LEVEL, |p| {
            let p = p as usize;
            *codes[p].get_or_insert_with(|| coded.code(&texts.values[p]))
        });
        coded.codes.push(code);
    }
}
