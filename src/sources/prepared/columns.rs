//! The columns of the rows that a run uses, several at a time, each decoded once.

use super::keys::{day_of, SelectedRows};
use super::part::Part;
use super::text_room::{TextColumn, TextRoom};
use super::{PreparedTable, UNUSED};
use crate::calendar::Zone;
use crate::error::Result;
use crate::parallel;
use crate::sources::copied::kinds::CopyType;
use crate::sources::copied::{CopiedColumn, Gathered};
use crate::sources::customers::levels::{Coded, Levels, NO_LEVEL};
use crate::sources::customers::NO_DAY;
use crate::sources::parquet::decode::{self, Times};
use arrow_array::{Array, ArrayRef};

/// At least this many groups of columns are read independently of each other.
const GROUPS: usize = 64;

impl PreparedTable {
    /// Fills numeric columns in: `columns` holds, feature by feature, one slice a block, and `places` gives the block
    /// and the row of each row of the run. Null, NaN and values that are not finite become NaN, those too large the
    /// largest that is kept; returned is how many values of each feature were such.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn fill_numeric(
        &self,
        rows: &SelectedRows,
        names: &[String],
        places: &[(u32, u32)],
        columns: Vec<Target<'_>>,
    ) -> Result<Vec<OddNumbers>> {
        let mut tasks: Vec<(&[String], Vec<Target<'_>>)> = Vec::new();
        let each = columns.len().div_ceil(GROUPS).max(1);
        let mut columns = columns.into_iter();
        for names in names.chunks(each) {
            tasks.push((names, columns.by_ref().take(each).collect()));
        }

        let filled: Vec<Vec<OddNumbers>> = parallel::try_map(tasks, |(names, mut targets)| {
            let mut odd = vec![OddNumbers::default(); names.len()];
            let mut numbers = Vec::new();
            self.read(rows, names, |column, positions, source| {
                let target = &mut targets[column];
                let mut put = |&position: &u32, value: f64| {
                    if position != UNUSED {
                        let (block, row) = places[position as usize];
                        odd[column].count(value);
                        target[block as usize][row as usize] = narrowed(value);
                    }
                };
                source.numbers(positions.len(), &mut numbers);
                positions.iter().zip(&numbers).for_each(|(position, &value)| put(position, value));
            })?;
            Ok(odd)
        })?;

        Ok(filled.concat())
    }

    /// Some columns as levels, with a code for each row of the run.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn levels(&self, rows: &SelectedRows, columns: &[String]) -> Result<Vec<Levels>> {
        let room = TextRoom::new(&self.memory);
        let levels: Vec<Vec<Levels>> =
            parallel::try_map(columns.chunks(columns.len().div_ceil(GROUPS).max(1)), |names| {
                let mut found: Vec<Coded> = names.iter().map(|_| Coded::nulls(rows.len())).collect();
                let mut entered = Ok(());
                self.read(rows, names, |column, positions, source| {
                    if entered.is_err() {
                        return;
                    }
                    let found = &mut found[column];
                    let before = found.text_bytes();
                    match source {
                        Values::Array(array, _) => {
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
                    entered = room.enter(TextColumn::Others, &names[column], found.text_bytes() - before);
                })?;
                entered?;
                Ok(found.into_iter().map(Coded::in_order).collect())
            })?;
        Ok(levels.into_iter().flatten().collect())
    }

    /// The dates of some columns, as days ([`NO_DAY`] is null), one for each row of the run.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn days(&self, rows: &SelectedRows, columns: &[String], zone: &Zone) -> Result<Vec<Vec<i32>>> {
        let day = |column: &String| {
            let mut days = vec![NO_DAY; rows.len()];
            let (mut times, mut instants) = (Times::new(zone), Vec::new());
            self.read(rows, std::slice::from_ref(column), |_, positions, source| {
                let Values::Array(array, _) = source else { return };
                let nulls = times.fill(array, &mut instants);
                let instants = decode::valid(&instants, nulls.as_ref());
                for (&position, instant) in positions.iter().zip(instants).filter(|(&p, _)| p != UNUSED) {
                    days[position as usize] = day_of(instant, zone);
                }
            })?;
            Ok(days)
        };
        parallel::try_map(columns, day)
    }

    /// The numbers of a column, one for each row of the run (NaN is null), and how many values were infinite; they
    /// become null.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn numbers(&self, rows: &SelectedRows, column: &String) -> Result<(Vec<f64>, u64)> {
        let (mut all, mut numbers, mut odd) = (vec![f64::NAN; rows.len()], Vec::new(), 0);
        self.read(rows, std::slice::from_ref(column), |_, positions, source| {
            source.numbers(positions.len(), &mut numbers);
            for (&position, &value) in positions.iter().zip(&numbers).filter(|(&position, _)| position != UNUSED) {
                if value.is_infinite() {
                    odd += 1;
                } else {
                    all[position as usize] = value;
                }
            }
        })?;
        Ok((all, odd))
    }

    /// The columns to be passed through, for some of the rows of the run, in that order.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn passthrough(&self, rows: &SelectedRows, wanted: &[u32]) -> Result<Vec<CopiedColumn>> {
        let mut slot_of = vec![None; rows.len()];
        wanted.iter().enumerate().for_each(|(slot, &position)| slot_of[position as usize] = Some(slot));
        let parts = self.origin.parts();
        let room = TextRoom::new(&self.memory);

        let column = |name: &String| {
            let mut gathered = Gathered::new();
            self.read(rows, std::slice::from_ref(name), |_, positions, source| {
                let slots: Vec<Option<usize>> =
                    positions.iter().map(|&position| slot_of.get(position as usize).copied().flatten()).collect();
                match source {
                    Values::Array(array, part) => {
                        if let Some(kind) = part.copy_type(name) {
                            gathered.add(array, &kind, &slots);
                        }
                    }
                    Values::Constant(text) => gathered.add_text(text, &slots),
                }
            })?;
            let kinds: Vec<CopyType> = parts.iter().filter_map(|part| part.copy_type(name)).collect();
            let copied = gathered.column(name, &kinds, wanted.len())?;
            room.enter(TextColumn::Others, name, copied.values.get_array_memory_size() as u64)?;
            Ok(copied)
        };
        self.passthrough.iter().map(column).collect()
    }

    /// Reads some columns of the row groups that hold rows of the run, in their order. `take` gets the number of the
    /// column, the position of each row in the run, and the rows' values.
    fn read(
        &self,
        rows: &SelectedRows,
        columns: &[String],
        mut take: impl FnMut(usize, &[u32], Values<'_>),
    ) -> Result<()> {
        let mut start = 0;
        for (part, groups) in self.origin.parts().into_iter().zip(&rows.groups) {
            let count: usize = groups.iter().map(|&(_, rows)| rows).sum();
            let positions = &rows.positions[start..start + count];
            start += count;
            let (stored, constant): (Vec<usize>, Vec<usize>) =
                (0..columns.len()).partition(|&column| part.has(&columns[column]));
            for column in constant {
                take(column, positions, Values::Constant(part.folder_value(&columns[column])));
            }
            if stored.is_empty() || groups.is_empty() {
                continue;
            }

            let names: Vec<&str> = stored.iter().map(|&column| columns[column].as_str()).collect();
            let groups: Vec<usize> = groups.iter().map(|&(group, _)| group).collect();
            let mut done = 0;
            part.read(&names, &groups, |count, arrays| {
                let positions = &positions[done..done + count];
                done += count;
                for (&column, array) in stored.iter().zip(arrays) {
                    if let Some(array) = array {
                        take(column, positions, Values::Array(array, part));
                    }
                }
            })?;
        }
        Ok(())
    }
}

/// How many values of a feature could not be kept as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OddNumbers {
    /// Infinite ones, which count as missing.
    pub infinite: u64,
    /// Finite ones beyond the range of single precision, for which its largest number stands.
    pub too_large: u64,
}

impl OddNumbers {
    fn count(&mut self, value: f64) {
        let is_beyond = value.abs() > f64::from(f32::MAX);
        self.infinite += u64::from(value.is_infinite());
        self.too_large += u64::from(is_beyond && value.is_finite());
    }
}

/// Where a numeric feature goes: a slice a block.
pub type Target<'a> = Vec<&'a mut [f32]>;

/// The values of some rows of a column.
enum Values<'a> {
    /// As decoded, with where they are from.
    Array(&'a ArrayRef, Part<'a>),
    /// All of them the one of the file's partition folder, or null.
    Constant(Option<&'a str>),
}

impl Values<'_> {
    /// As numbers; NaN is null.
    fn numbers(&self, count: usize, numbers: &mut Vec<f64>) {
        match self {
            Values::Array(array, _) => decode::numbers(array, numbers),
            Values::Constant(text) => {
                let value = text.and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
                numbers.clear();
                numbers.resize(count, value);
            }
        }
    }
}

/// A value as the data set keeps it. A finite one stays finite.
pub(crate) fn narrowed(value: f64) -> f32 {
    if value.is_finite() {
        value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
    } else {
        f32::NAN
    }
}
