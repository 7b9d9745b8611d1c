//! The lives of a sample of customers: on which days they did something, and when they signed up and left. The sample
//! is drawn by a hash of the id, so that it holds all rows of a customer, in every table alike, and is the same
//! whatever the order of files and the number of threads.

use super::candidate::{Candidate, Column, CustomersId};
use super::names::is_person_id;
use crate::calendar::{Day, DAY_SECONDS, MICROS};
use crate::config::EpochUnit;
use crate::error::Result;
use crate::parallel;
use crate::sources::contract::{Need, Role};
use crate::sources::parquet::pieces::{table_pieces, FilePiece};
use crate::sources::profile::{Profile, Value};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;

const PIECE_ROWS: usize = 1 << 17;
const BATCH_ROWS: usize = 16_384;
/// Days of customers that are kept of a table, at most.
const MOST_DAYS: usize = 3_000_000;
/// Customers whose lives are looked at, at most.
const MOST_LIVES: usize = 60_000;
/// The share of a week's rows, of those that a week has usually, below which a table has ended.
const TRICKLE: f64 = 0.1;

/// A customer on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Presence {
    id: u64,
    day: i32,
}

/// What the rows of a table say of customers and days.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub rows: u64,
    pub with_id: u64,
    /// Rows on each day.
    pub days: BTreeMap<i32, u64>,
    /// Each customer of the sample on each day with a row.
    present: Vec<Presence>,
    /// The sample is one in `2^level` customers.
    level: u32,
}

impl Rows {
    /// Reads the ids and the times of a table.
    ///
    /// # Errors
    /// A file that cannot be read or decoded.
    pub fn read(table: &Candidate, id: &Column, time: Option<&Column>) -> Result<Rows> {
        let mut needs = vec![Need::required("table", "id", &id.name, Role::Any)];
        needs.extend(time.map(|time| Need::required("table", "time", &time.name, Role::Any)));

        let pieces = table_pieces(&table.table, PIECE_ROWS);
        let parts: Vec<Rows> = parallel::try_map(pieces, |piece| Rows::of_piece(&piece, &needs, time))?;
        let mut rows = Rows::default();
        for part in parts {
            rows.merge(part);
        }
        rows.thin_out();
        Ok(rows)
    }

    fn of_piece(piece: &FilePiece<'_>, needs: &[Need], time: Option<&Column>) -> Result<Rows> {
        let mut rows = Rows::default();
        for batch in piece.read(needs, BATCH_ROWS)? {
            let batch = batch?;
            let column = |place: usize| batch.column_by_name(&needs.get(place)?.column);
            let Some(ids) = column(0) else { continue };
            rows.rows += batch.num_rows() as u64;

            for row in 0..batch.num_rows() {
                let Some(id) = hash_of(Value::new(ids, row)) else { continue };
                rows.with_id += 1;
                let day = match (time, column(1)) {
                    (None, _) => Some(0),
                    (Some(time), Some(times)) => day_of(Value::new(times, row), time.time_unit()),
                    (Some(_), None) => None,
                };
                let Some(day) = day else { continue };
                *rows.days.entry(day).or_default() += 1;
                if is_sampled(id, rows.level) {
                    rows.present.push(Presence { id, day });
                }
            }
            if rows.present.len() > 2 * MOST_DAYS {
                rows.thin_out();
            }
        }
        rows.thin_out();
        Ok(rows)
    }

    fn merge(&mut self, other: Rows) {
        self.rows += other.rows;
        self.with_id += other.with_id;
        for (day, count) in other.days {
            *self.days.entry(day).or_default() += count;
        }
        self.present.extend(other.present);
        self.level = self.level.max(other.level);
        if self.present.len() > 2 * MOST_DAYS {
            self.thin_out();
        }
    }

    /// Puts the sample in order, each customer and day once, and halves it until it is small enough.
    fn thin_out(&mut self) {
        self.restrict(self.level);
        self.present.sort_unstable();
        self.present.dedup();
        while self.present.len() > MOST_DAYS {
            self.restrict(self.level + 1);
        }
    }

    fn restrict(&mut self, level: u32) {
        self.level = level;
        self.present.retain(|presence| is_sampled(presence.id, level));
    }

    /// How many customers have a row: exactly, or estimated from the sample.
    pub fn customers(&self) -> u64 {
        let sampled = self.present.chunk_by(|a, b| a.id == b.id).count() as u64;
        sampled << self.level
    }

    /// Whether the number of customers is an estimate.
    pub fn is_sample(&self) -> bool {
        self.level > 0
    }

    /// The share of its customers that are among these.
    pub fn share_known(&self, ids: &Ids) -> f64 {
        let (mut known, mut all) = (0u64, 0u64);
        for customer in self.present.chunk_by(|a, b| a.id == b.id).filter_map(<[Presence]>::first) {
            if is_sampled(customer.id, ids.level) {
                all += 1;
                known += u64::from(ids.ids.contains(&customer.id));
            }
        }
        known as f64 / all.max(1) as f64
    }

    pub fn first(&self) -> Option<Day> {
        self.days.keys().next().map(|&day| Day(day))
    }

    pub fn last(&self) -> Option<Day> {
        self.days.keys().next_back().map(|&day| Day(day))
    }

    /// The last day before the rows become a trickle: the weeks up to it have a tenth of a usual week's rows.
    pub fn last_busy(&self) -> Option<Day> {
        let (first, last) = (self.first()?.0, self.last()?.0);
        let mut weeks: BTreeMap<i32, u64> = BTreeMap::new();
        for (&day, &count) in &self.days {
            *weeks.entry((last - day) / 7).or_default() += count;
        }
        let mut usual: Vec<u64> = weeks.values().copied().collect();
        usual.sort_unstable();
        let usual = usual.get(usual.len() / 2).copied().unwrap_or(0) as f64;
        // A week or two of rows are no history to judge by.
        if last - first < 28 {
            return Some(Day(last));
        }

        let week = weeks.iter().find(|(_, &count)| count as f64 >= TRICKLE * usual).map_or(0, |(&week, _)| week);
        self.days.range(..=last - 7 * week).next_back().map(|(&day, _)| Day(day))
    }

    /// The longest stretch of days without a row, but for the last one.
    pub fn longest_hole(&self) -> i32 {
        let days: Vec<i32> = self.days.keys().copied().collect();
        days.windows(2).map(|pair| pair[1] - pair[0] - 1).max().unwrap_or(0)
    }

    /// How many days after their last row in another table customers have their last row in this one, and how many of
    /// them.
    pub fn days_after(&self, other: &Rows) -> BTreeMap<i32, usize> {
        let level = self.level.max(other.level);
        let last = |rows: &Rows| -> HashMap<u64, i32> {
            let sampled = rows.present.iter().filter(|presence| is_sampled(presence.id, level));
            // In order of days, so that the last one stays.
            sampled.map(|presence| (presence.id, presence.day)).collect()
        };
        let theirs = last(other);
        let mut days = BTreeMap::new();
        for (id, day) in last(self) {
            if let Some(before) = theirs.get(&id) {
                *days.entry(day - before).or_default() += 1;
            }
        }
        days
    }

    /// The newest day with a row before another.
    pub fn newest_before(&self, end: Day) -> Option<Day> {
        self.days.range(..end.0).next_back().map(|(&day, _)| Day(day))
    }
}

/// The ids of the customers table.
pub(super) struct Ids {
    ids: HashSet<u64>,
    level: u32,
}

impl Ids {
    pub fn new(rows: &Rows) -> Ids {
        Ids { ids: rows.present.iter().map(|presence| presence.id).collect(), level: rows.level }
    }

    /// The share of the different values of a column, as far as they were counted, that are such ids.
    pub fn share(&self, profile: &Profile) -> f64 {
        let is_whole = profile.numbers.count > 0;
        let hashes = profile.values.keys().filter_map(|text| match text.parse::<i128>() {
            Ok(number) if is_whole => hash_of(Value::Whole(number)),
            _ => hash_of(Value::Text(text)),
        });
        let (mut known, mut all) = (0u64, 0u64);
        for hash in hashes.filter(|hash| is_sampled(*hash, self.level)) {
            all += 1;
            known += u64::from(self.ids.contains(&hash));
        }
        known as f64 / all.max(1) as f64
    }

    /// As [`Candidate::id`]; of several columns of ids of people, the one whose ids the customers have, and a column of
    /// texts that nearly all are such ids, whatever it is called.
    pub fn column_of<'c>(&self, table: &'c Candidate, of_customers: Option<&CustomersId>) -> Option<&'c Column> {
        let Some(customers_id) = of_customers else { return table.id(None) };
        let by_name = table.id(of_customers);
        if by_name.is_some_and(|column| self.share(&column.profile) >= 0.5) {
            return by_name;
        }

        let is_alike = |column: &&Column| customers_id.is_text == column.is_text();
        let is_known = |column: &&Column| {
            let share = self.share(&column.profile);
            is_person_id(&column.name) && share >= 0.5 || column.is_text() && share >= 0.9
        };
        table.those(Column::is_id).filter(is_alike).find(is_known).or(by_name)
    }
}

/// The life of a customer. Days are those since 1970.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    pub signup: Option<i32>,
    pub start: Option<i32>,
    pub end: Option<i32>,
    pub left: Option<i32>,
    /// The days on which the customer did something, in order.
    pub active: Vec<i32>,
}

/// The lives of a sample of customers.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives {
    pub lives: Vec<Life>,
    /// How many customers each of them stands for.
    pub weight: u64,
}

impl Lives {
    /// Of the customers in these rows, from what they did in some tables and the days on which some left.
    pub fn new(
        customers: &Rows,
        columns: [Option<Rows>; 3],
        activity: &[&Rows],
        cancellations: Option<&Rows>,
    ) -> Lives {
        let others = columns.iter().flatten().chain(activity.iter().copied()).chain(cancellations);
        let mut level = others.map(|rows| rows.level).max().unwrap_or(0).max(customers.level);
        let mut lives: HashMap<u64, Life> = customers.present.iter().map(|one| (one.id, Life::default())).collect();
        lives.retain(|id, _| is_sampled(*id, level));
        while lives.len() > MOST_LIVES {
            level += 1;
            lives.retain(|id, _| is_sampled(*id, level));
        }

        let [signup, start, end] = &columns;
        let mut set = |rows: Option<&Rows>, set: fn(&mut Life, i32)| {
            for presence in rows.into_iter().flat_map(|rows| &rows.present) {
                if let Some(life) = lives.get_mut(&presence.id) {
                    set(life, presence.day);
                }
            }
        };
        set(signup.as_ref(), |life, day| life.signup = life.signup.or(Some(day)));
        set(start.as_ref(), |life, day| life.start = life.start.or(Some(day)));
        set(end.as_ref(), |life, day| life.end = Some(day));
        set(cancellations, |life, day| life.left = life.left.or(Some(day)));
        for rows in activity {
            set(Some(rows), |life, day| life.active.push(day));
        }

        let mut lives: Vec<(u64, Life)> = lives.into_iter().collect();
        lives.sort_unstable_by_key(|(id, _)| *id);
        let mut lives: Vec<Life> = lives.into_iter().map(|(_, life)| life).collect();
        for life in &mut lives {
            life.active.sort_unstable();
            life.active.dedup();
        }
        Lives { lives, weight: 1 << level }
    }
}

impl Life {
    /// Whether the customer did something on a day from `from` on and before `to`.
    pub fn is_active(&self, from: i32, to: i32) -> bool {
        let next = self.active.partition_point(|&day| day < from);
        self.active.get(next).is_some_and(|&day| day < to)
    }
}

fn is_sampled(id: u64, level: u32) -> bool {
    level == 0 || id >> (64 - level.min(63)) == 0
}

/// A number that stands for an id. Whole numbers are alike whatever their width; a UUID is like its text.
fn hash_of(id: Value<'_>) -> Option<u64> {
    let hash = |bytes: &[u8]| xxhash_rust::xxh3::xxh3_64(bytes);
    match id {
        Value::Whole(number) => Some(hash(&number.to_le_bytes())),
        Value::Text(text) => Some(hash(text.as_bytes())),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Some(hash(text.as_bytes())),
            Err(_) => Some(hash(uuid(bytes).as_bytes())),
        },
        // Whole floats are ids, as the integers that they are.
        Value::Number(number) if number.fract() == 0.0 => Some(hash(&(number as i128).to_le_bytes())),
        Value::Flag(_) | Value::Number(_) | Value::Null | Value::Time(..) | Value::Day(_) | Value::Other => None,
    }
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&place) {
            text.push('-');
        }
        text += &format!("{byte:02x}");
    }
    text
}

/// The day of a time, or of a number that counts this unit since 1970.
fn day_of(time: Value<'_>, unit: Option<EpochUnit>) -> Option<i32> {
    let in_range = |day: i64| i32::try_from(day).ok();
    let in_a_second = unit.map_or(1, EpochUnit::in_a_second);
    match time {
        Value::Time(micros, _) => in_range(micros.div_euclid(DAY_SECONDS * MICROS)),
        Value::Day(day) => Some(day.0),
        Value::Whole(number) => in_range(i64::try_from(number).ok()?.div_euclid(in_a_second * DAY_SECONDS)),
        Value::Number(number) => in_range((number / in_a_second as f64).div_euclid(DAY_SECONDS as f64) as i64),
        Value::Null | Value::Flag(_) | Value::Text(_) | Value::Bytes(_) | Value::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(present: impl Iterator<Item = (i64, i32)>) -> Rows {
        let mut rows = Rows::default();
        for (id, day) in present {
            rows.rows += 1;
            *rows.days.entry(day).or_default() += 1;
            rows.present.push(Presence { id: hash_of(Value::Whole(id.into())).unwrap(), day });
        }
        rows.thin_out();
        rows
    }

    #[test]
    fn a_sample_holds_whole_customers_in_any_order() {
        let mut one = rows((0..1000).map(|i| (i % 100, (i / 100) as i32)));
        let mut other = rows((0..1000).rev().map(|i| (i % 100, (i / 100) as i32)));
        assert_eq!((one.customers(), &one.present), (100, &other.present));

        one.restrict(2);
        other.restrict(1);
        other.merge(one.clone());
        other.thin_out();
        assert_eq!((other.level, &other.present), (2, &one.present));
        assert_eq!(one.present.len() % 10, 0, "each customer has ten days");
        assert!((50..200).contains(&one.customers()), "{}", one.customers());
    }

    #[test]
    fn a_trickle_is_not_the_end_of_the_data() {
        let daily = (0..200).flat_map(|day| (0..20).map(move |id| (id, day)));
        let late = (200..400).step_by(40).map(|day| (1, day));
        let rows = rows(daily.chain(late));
        assert_eq!(rows.last(), Some(Day(360)));
        let busy = rows.last_busy().unwrap();
        assert!((193..=206).contains(&busy.0), "{busy:?}");
    }

    #[test]
    fn numbers_and_uuids_are_the_ids_that_their_other_forms_are() {
        let bytes = [0x9f; 16];
        assert_eq!(hash_of(Value::Bytes(&bytes)), hash_of(Value::Text("9f9f9f9f-9f9f-9f9f-9f9f-9f9f9f9f9f9f")));
        assert_eq!(day_of(Value::Whole(86_400_000), Some(EpochUnit::Milliseconds)), Some(1));
    }
}
