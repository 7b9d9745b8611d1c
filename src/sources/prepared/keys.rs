//! The keys of a prepared table: id, as-of date and label of every row; and the rows that a run uses, by them.

use super::origin::WHAT;
use super::part::Part;
use super::text_room::{TextColumn, TextRoom};
use super::{PreparedTable, UNUSED};
use crate::calendar::{Day, Zone};
use crate::error::{Error, Result};
use crate::parallel;
use crate::sources::contract::IdKind;
use crate::sources::customers::ids::Ids;
use crate::sources::customers::NO_DAY;
use crate::sources::parquet::decode::{self, Times};
use crate::sources::quarantine::{Quarantine, Reason};
use crate::spelling;
use rayon::prelude::*;
use std::cmp::Ordering;

impl PreparedTable {
    /// Reads id, as-of date and label of every row.
    ///
    /// # Errors
    /// [`Error::Contract`] when a file cannot be decoded, or a label is neither 0 nor 1.
    pub fn keys(&self, zone: &Zone) -> Result<Keys> {
        let groups: Vec<(Part<'_>, usize)> = self.origin.parts().into_iter().flat_map(row_groups).collect();
        let room = TextRoom::new(&self.memory);
        let parts: Vec<Keys> = parallel::try_map(groups, |(part, group)| self.keys_of(part, group, zone, &room))?;
        let mut keys = Keys::default();

        for part in parts {
            keys.integers.extend(part.integers);
            keys.without_id.extend(part.without_id);
            keys.texts.extend(part.texts);
            keys.days.extend(part.days);
            keys.labels.extend(part.labels);
            keys.odd_labels += part.odd_labels;
            keys.odd_label = keys.odd_label.or(part.odd_label);
            keys.groups.push(part.groups.iter().sum());
        }

        if let (Some(odd), Some(label)) = (keys.odd_label, &self.label) {
            return Err(Error::Contract(format!(
                "{WHAT}: column `{label}` (table.label) holds {odd}, and {} of {} rows hold neither 0 nor 1. A label \
                 is 0 or false (stayed), 1 or true (churned), or null (not known yet); write it as that",
                keys.odd_labels,
                keys.rows(),
            )));
        }

        if u32::try_from(keys.rows()).map_or(true, |rows| rows == UNUSED) {
            return Err(Error::Contract(format!("{WHAT}: {} rows are more than one run can hold", keys.rows())));
        }
        Ok(keys)
    }

    fn keys_of(&self, part: Part<'_>, group: usize, zone: &Zone, room: &TextRoom) -> Result<Keys> {
        let mut columns = vec![self.id.as_str()];
        columns.extend(self.label.as_deref());
        columns.extend(self.as_of.as_deref());
        let as_of = columns.len() - 1;
        let mut keys = Keys::default();
        let mut times = Times::new(zone);
        let (mut ids, mut instants, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        let mut entered = Ok(());

        part.read(&columns, &[group], |rows, arrays| {
            if entered.is_err() {
                return;
            }
            keys.groups.push(rows);
            if let Some(array) = &arrays[0] {
                match self.origin.id_kind() {
                    IdKind::Integer => {
                        let ids = decode::integers_of(array, &mut ids);
                        keys.integers.extend_from_slice(ids.values);
                        keys.without_id.extend(ids.iter().map(|id| id.is_none()));
                    }
                    IdKind::Text => {
                        let texts = decode::texts(array);
                        let text = |p: &Option<u32>| p.and_then(|p| texts.values.get(p as usize).cloned());
                        let first = keys.texts.len();
                        keys.texts.extend(texts.positions.iter().map(text));
                        let bytes = keys.texts[first..].iter().map(|id| bytes_of_id(id.as_deref().unwrap_or_default()));
                        entered = room.enter(TextColumn::Ids, &self.id, bytes.sum());
                    }
                }
            }

            if let (Some(_), Some(Some(array))) = (&self.as_of, arrays.get(as_of)) {
                let nulls = times.fill(array, &mut instants);
                keys.days.extend(decode::valid(&instants, nulls.as_ref()).map(|t| day_of(t, zone)));
            }

            if let (Some(_), Some(Some(array))) = (&self.label, arrays.get(1)) {
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
        })?;
        entered.map(|()| keys)
    }
}

/// Bytes that an id takes at most: as it was read, in memory of its own, beside the table of ids that is made of it.
fn bytes_of_id(id: &str) -> u64 {
    /// What an allocator adds to a text, and the text's place in a list while the list grows.
    const HELD: usize = 16 + 2 * size_of::<Option<String>>();
    (HELD + 2 * id.len() + size_of::<usize>()) as u64
}

fn row_groups(part: Part<'_>) -> impl Iterator<Item = (Part<'_>, usize)> {
    (0..part.groups()).map(move |group| (part, group))
}

pub(super) fn day_of(instant: Option<i64>, zone: &Zone) -> i32 {
    instant.map_or(NO_DAY, |instant| zone.day_of(instant).0)
}

/// Id, as-of date and label of every row of the files, in their order.
#[derive(Default)]
pub struct Keys {
    /// Integer ids, and which rows have none.
    integers: Vec<i64>,
    without_id: Vec<bool>,
    /// String ids.
    texts: Vec<Option<String>>,
    /// As-of dates; empty without such a column.
    days: Vec<i32>,
    /// Labels; empty when they are not wanted.
    labels: Vec<Option<u8>>,
    odd_labels: u64,
    odd_label: Option<f64>,
    /// SelectedRows of each row group.
    groups: Vec<usize>,
}

impl Keys {
    /// SelectedRows read.
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

    /// The as-of date of every row; empty without such a column.
    pub fn days(&self) -> &[i32] {
        &self.days
    }

    fn has_id(&self, row: usize) -> bool {
        match self.texts.get(row) {
            Some(text) => text.is_some(),
            None => !self.without_id[row],
        }
    }

    fn day(&self, row: usize) -> Option<i32> {
        self.days.get(row).copied()
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let ids = if self.texts.is_empty() {
            self.integers[a].cmp(&self.integers[b])
        } else {
            self.texts[a].cmp(&self.texts[b])
        };
        ids.then_with(|| self.day(a).cmp(&self.day(b)))
    }

    /// The rows of the wanted as-of dates (of all rows when there is no such column); with `labelled`, only those with
    /// a label.
    ///
    /// # Errors
    /// [`Error::Contract`] naming the ids that occur twice, within an as-of date if there are any.
    pub fn select(self, opened: &PreparedTable, wanted: impl Fn(Day) -> bool, labelled: bool) -> Result<SelectedRows> {
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
        self.check_unique(&order, opened)?;
        let unlabelled = order.len();
        if labelled {
            order.retain(|&row| self.labels[row as usize].is_some());
        }
        let unlabelled = (unlabelled - order.len()) as u64;

        let ids = match opened.origin.id_kind() {
            IdKind::Integer => Ids::Integer(order.iter().map(|&row| self.integers[row as usize]).collect()),
            IdKind::Text => {
                let mut bytes = String::new();
                let mut ends = Vec::with_capacity(order.len());
                for &row in &order {
                    bytes.push_str(self.texts[row as usize].as_deref().unwrap_or_default());
                    ends.push(bytes.len());
                }
                Ids::Text { bytes, ends }
            }
        };
        let mut positions = vec![UNUSED; all];
        for (position, &row) in (0u32..).zip(&order) {
            positions[row as usize] = position;
        }

        // Row groups without any row of the run are not read again.
        let parts = opened.origin.parts();
        let mut groups: Vec<Vec<(usize, usize)>> = vec![Vec::new(); parts.len()];
        let mut kept = Vec::with_capacity(all);
        let mut start = 0;
        let numbered = parts.into_iter().enumerate();
        let all_groups = numbered.flat_map(|(place, part)| row_groups(part).map(move |(_, group)| (place, group)));
        for ((place, group), &count) in all_groups.zip(&self.groups) {
            let part = &positions[start..start + count];
            start += count;
            if part.iter().any(|&position| position != UNUSED) {
                groups[place].push((group, count));
                kept.extend_from_slice(part);
            }
        }

        Ok(SelectedRows {
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

    fn check_unique(&self, order: &[u32], opened: &PreparedTable) -> Result<()> {
        let same = |a: u32, b: u32| self.compare(a as usize, b as usize) == Ordering::Equal;
        let mut twice: Vec<u32> = order.windows(2).filter(|pair| same(pair[0], pair[1])).map(|pair| pair[0]).collect();
        if twice.is_empty() {
            return Ok(());
        }

        let rows = twice.len();
        twice.dedup_by(|a, b| same(*a, *b));
        let named = twice.iter().take(5).map(|&row| {
            let id = match self.texts.get(row as usize) {
                Some(text) => text.clone().unwrap_or_default(),
                None => self.integers[row as usize].to_string(),
            };
            let id = spelling::value(&id);
            match self.day(row as usize) {
                Some(day) => format!("{id} on {}", Day(day)),
                None => id,
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
            if rows == twice.len() { String::new() } else { format!(" ({rows} rows too many)") },
            named.join(", "),
        )))
    }
}

/// The rows that a run uses, in the order of their ids and then of their as-of dates.
pub struct SelectedRows {
    count: usize,
    /// Their ids, ascending; a customer has a row for each as-of date.
    pub ids: Ids,
    /// Their as-of dates; empty without such a column.
    pub days: Vec<i32>,
    /// Their labels; empty when they are not wanted.
    pub labels: Vec<Option<u8>>,
    /// SelectedRows of the files.
    pub read: u64,
    /// SelectedRows left out because they have no label.
    pub unlabelled: u64,
    /// SelectedRows that could not be used.
    pub quarantine: Quarantine,
    /// Of each row of the row groups to read, in file order, its place among these rows.
    pub(super) positions: Vec<u32>,
    /// The row groups of each file or batch, with their rows.
    pub(super) groups: Vec<Vec<(usize, usize)>>,
}

impl SelectedRows {
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
