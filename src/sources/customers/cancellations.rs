//! The churn table: dated cancellations, by customer.

use crate::calendar::{Day, Zone};
use crate::config;
use crate::error::Result;
use crate::language::Message;
use crate::parallel;
use crate::sources::contract::{IdKind, Need, Role};
use crate::sources::customers::{CustomerTable, NO_DAY};
use crate::sources::parquet::decode::{self, Times};
use crate::sources::parquet::pieces::table_pieces;
use crate::sources::parquet::Table;
use crate::sources::quarantine::{Quarantine, Reason};
use arrow_array::{ArrayRef, RecordBatch};
use prefetch_index::prefetch_index;
use rayon::prelude::*;
use std::ops::Range;

/// Rows that a piece of a row group has at least.
const PIECE_ROWS: usize = 1 << 15;
/// Rows decoded at a time.
const BATCH_ROWS: usize = 16_384;

/// Each customer's cancellation days, ascending. Those before the sign-up are of an earlier stay, and left out.
#[derive(Clone, Debug, Default)]
pub struct Cancellations {
    starts: Vec<u32>,
    days: Vec<i32>,
    /// When each became known ([`NO_DAY`] is null); empty without such a column.
    known: Vec<i32>,
    /// Rows read.
    pub rows: u64,
    /// Rows without a date: these customers have not left.
    pub open: u64,
    /// Rows of an earlier stay: dated before the sign-up that the customers table has.
    pub before_sign_up: u64,
    /// Rows that could not be used.
    pub quarantine: Quarantine,
}

/// Cancellations from which on one day may have too many of them.
const MANY: usize = 20;
/// Cancellations before the sign-up from which on it may be most of them.
const SEVERAL: u64 = 5;

impl Cancellations {
    /// No cancellations, for `customers` customers.
    pub fn none(customers: usize) -> Cancellations {
        Cancellations { starts: vec![0; customers + 1], ..Cancellations::default() }
    }

    /// Asks the machine to fetch what [`Cancellations::days`] will look at first.
    pub fn fetch(&self, customer: u32) {
        prefetch_index(self.starts.as_slice(), customer as usize);
    }

    /// Reads the whole table.
    pub fn read(
        table: &Table,
        settings: &config::Churn,
        customers: &CustomerTable,
        zone: &Zone,
    ) -> Result<Cancellations> {
        let pieces = table_pieces(table, PIECE_ROWS);
        let needs = needs(settings);
        let read: Vec<PieceOfTable> =
            parallel::try_map(pieces, |piece| read_rows(piece.read(&needs, BATCH_ROWS)?, settings, customers, zone))?;
        Ok(Cancellations::joined(read, settings, customers))
    }

    /// As [`Cancellations::read`], of rows that come as record batches.
    ///
    /// # Errors
    /// None as long as the columns have types that their roles are read from.
    pub fn from_batches(
        batches: &[RecordBatch],
        settings: &config::Churn,
        customers: &CustomerTable,
        zone: &Zone,
    ) -> Result<Cancellations> {
        let rows = read_rows(batches.iter().cloned().map(Ok), settings, customers, zone)?;
        Ok(Cancellations::joined(vec![rows], settings, customers))
    }

    fn joined(read: Vec<PieceOfTable>, settings: &config::Churn, customers: &CustomerTable) -> Cancellations {
        let mut out = Cancellations::none(customers.len());
        let mut cancelled = Vec::new();
        for piece in read {
            cancelled.extend(piece.cancelled);
            out.rows += piece.rows;
            out.open += piece.open;
            out.before_sign_up += piece.before_sign_up;
            out.quarantine.merge(&piece.quarantine);
        }
        // Of several rows of one day, the one that became known first; null, which is the least day, comes last.
        let order = |row: &Cancelled| (row.customer, row.day, row.known == NO_DAY, row.known);
        cancelled.par_sort_unstable_by_key(order);
        cancelled.dedup_by_key(|row| (row.customer, row.day));

        for row in &cancelled {
            out.starts[row.customer as usize + 1] += 1;
        }
        for customer in 0..customers.len() {
            out.starts[customer + 1] += out.starts[customer];
        }
        out.days = cancelled.iter().map(|row| row.day).collect();
        if settings.known.is_some() {
            out.known = cancelled.iter().map(|row| row.known).collect();
        }
        out
    }

    /// What to say about dates that do not seem to mean what they should.
    pub fn doubts(&self) -> impl Iterator<Item = Message> {
        self.placeholder().into_iter().chain(self.mostly_before_sign_up())
    }

    /// What to say about cancellations before the sign-up, if most are: then the two dates do not mean what they
    /// should.
    pub fn mostly_before_sign_up(&self) -> Option<Message> {
        let dated = self.days.len() as u64 + self.before_sign_up;
        (self.before_sign_up >= SEVERAL && 2 * self.before_sign_up > dated)
            .then(|| Message::new("cancelled-before-sign-up").count("rows", self.before_sign_up).count("all", dated))
    }

    /// Every day with a cancellation, once for each, ascending.
    pub fn sorted_days(&self) -> Vec<i32> {
        let mut days = self.days.clone();
        days.par_sort_unstable();
        days
    }

    /// What to say about a date that seems to stand for "has not left": one that most cancellations have, or one before
    /// anybody recorded any, such as 1970-01-01.
    pub fn placeholder(&self) -> Option<Message> {
        let days = self.sorted_days();
        let share = |rows: usize| rows as f64 / days.len() as f64;
        let runs: Vec<(i32, usize)> = days.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();

        let commonest = runs.iter().max_by_key(|(_, rows)| *rows);
        let commonest = commonest.filter(|(_, rows)| days.len() >= MANY && share(*rows) > 0.5);
        let oldest = runs.iter().filter(|(day, _)| *day <= 0).max_by_key(|(_, rows)| *rows);
        let &(day, rows) = commonest.or(oldest)?;
        let message = Message::new("cancelled-one-day").count("rows", rows).count("all", days.len());
        Some(message.percent("share", share(rows), 0).day("day", Day(day)))
    }

    /// The day of the newest cancellation.
    pub fn newest(&self) -> Option<Day> {
        self.days.iter().max().map(|&day| Day(day))
    }

    /// The cancellation days of a customer, ascending.
    pub fn days(&self, customer: u32) -> &[i32] {
        &self.days[self.places(customer)]
    }

    /// When each of a customer's cancellations became known, in the order of [`Cancellations::days`]; empty where
    /// nobody says.
    pub fn known(&self, customer: u32) -> &[i32] {
        self.known.get(self.places(customer)).unwrap_or_default()
    }

    fn places(&self, customer: u32) -> Range<usize> {
        let customer = customer as usize;
        self.starts[customer] as usize..self.starts[customer + 1] as usize
    }

    /// How many customers have one before a day.
    pub fn customers_before(&self, day: Day) -> u64 {
        let first = |pair: &[u32]| self.days[pair[0] as usize..pair[1] as usize].first();
        self.starts.windows(2).filter(|pair| first(pair).is_some_and(|&first| first < day.0)).count() as u64
    }
}

/// What the table of cancellations must look like.
pub(crate) fn needs(settings: &config::Churn) -> Vec<Need> {
    let time = Role::time(settings.time_unit);
    let mut needs = vec![
        Need::required("churn", "id", &settings.id, Role::Id),
        Need::required("churn", "time", &settings.time, time),
    ];
    needs.extend(settings.known.iter().map(|column| Need::optional("churn", "known", column, time)));
    needs
}

/// A cancellation.
#[derive(Clone, Copy, Debug)]
struct Cancelled {
    customer: u32,
    day: i32,
    /// When it became known; [`NO_DAY`] where nobody says.
    known: i32,
}

/// What some rows of the table say.
#[derive(Default)]
struct PieceOfTable {
    cancelled: Vec<Cancelled>,
    rows: u64,
    /// Without a date.
    open: u64,
    before_sign_up: u64,
    quarantine: Quarantine,
}

fn read_rows(
    batches: impl Iterator<Item = Result<RecordBatch>>,
    settings: &config::Churn,
    customers: &CustomerTable,
    zone: &Zone,
) -> Result<PieceOfTable> {
    let mut out = PieceOfTable::default();
    let mut times = Times::new(zone);
    let (mut instants, mut known) = (Vec::new(), Vec::new());

    for batch in batches {
        let batch = batch?;
        out.rows += batch.num_rows() as u64;
        let Some(ids) = batch.column_by_name(&settings.id) else { continue };
        known.clear();
        if let Some(column) = &settings.known {
            let nulls = times.fill_column(&batch, column, &mut instants);
            let days = decode::valid(&instants, nulls.as_ref());
            known.extend(days.map(|instant| instant.map_or(NO_DAY, |instant| zone.day_of(instant).0)));
        }

        let nulls = times.fill_column(&batch, &settings.time, &mut instants);
        let instants = decode::valid(&instants, nulls.as_ref());
        for (row, (found, instant)) in find_customers(ids, customers).into_iter().zip(instants).enumerate() {
            match (found, instant) {
                (Err(reason), _) => out.quarantine.add(reason, 1),
                (Ok(_), None) => out.open += 1,
                (Ok(customer), Some(instant)) => {
                    let day = zone.day_of(instant).0;
                    if customers.signup.get(customer as usize).is_some_and(|&signup| day < signup) {
                        out.before_sign_up += 1;
                    } else {
                        let known = known.get(row).copied().unwrap_or(NO_DAY);
                        out.cancelled.push(Cancelled { customer, day, known });
                    }
                }
            }
        }
    }

    Ok(out)
}

/// The customer that each id belongs to, or why there is none.
fn find_customers(ids: &ArrayRef, customers: &CustomerTable) -> Vec<Result<u32, Reason>> {
    let known = |found: Option<usize>| found.map(|customer| customer as u32).ok_or(Reason::UnknownCustomer);
    match customers.ids.kind() {
        IdKind::Integer => {
            let mut integers = Vec::new();
            let ids = decode::integers_of(ids, &mut integers);
            ids.iter().map(|id| known(customers.ids.find_integer(id.ok_or(Reason::NullId)?))).collect()
        }
        IdKind::Text => {
            let texts = decode::texts(ids);
            let found: Vec<_> = texts.values.iter().map(|id| known(customers.ids.find_text(id))).collect();
            texts.positions.iter().map(|position| position.map_or(Err(Reason::NullId), |p| found[p as usize])).collect()
        }
    }
}
