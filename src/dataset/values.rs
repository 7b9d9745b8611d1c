//! The numeric features of a block: a column each, in as few bytes as hold all of its values exactly.
//!
//! Four in ten columns count something, and are below 255 in most blocks: they take a byte a value instead of four.
//! What is not written needs no memory that the system has to find and zero first, and need not be read again.

use crate::error::Result;
use crate::memory::{Arena, Stored};
use crate::numeric::vectorised;
use bytemuck::Pod;
use std::borrow::Cow;
use std::ops::Range;

/// Values looked at before it is asked whether a column can be codes.
const LOOKED_AT: usize = 256;
/// What is added to a whole number below 2²² for its code, one more than itself, to be in the bits below the exponent:
/// the numbers from 2²³ to 2²⁴ lie 1 apart.
const CODED: f32 = 8_388_609.0;
const CODE_BITS: u32 = (1 << 23) - 1;

/// The numeric features of a block. Under a memory limit they may lie on disk.
#[derive(Clone, Debug, Default)]
pub struct StoredValues {
    rows: usize,
    columns: Vec<Column>,
    words: Stored<u32>,
}

/// Where a column is among the words, and how its values are kept.
#[derive(Clone, Copy, Debug)]
struct Column {
    at: usize,
    width: Width,
}

/// How the values of a column are kept: as codes, one more than a whole number each and 0 for null, or as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Byte,
    Half,
    Word,
}

impl Width {
    /// The least for all of the values.
    fn for_values(values: &[f32]) -> Width {
        let mut most = 0;
        for values in values.chunks(LOOKED_AT) {
            match vectorised!(codes_within(values)) {
                Some(codes) => most |= codes,
                None => return Width::Word,
            }
        }
        match most {
            0..=0xff => Width::Byte,
            0x100..=0xffff => Width::Half,
            _ => Width::Word,
        }
    }

    /// Values in a word.
    fn in_word(self) -> usize {
        match self {
            Width::Byte => 4,
            Width::Half => 2,
            Width::Word => 1,
        }
    }

    /// Words for so many values. Behind the last value there may be anything.
    fn words(self, rows: usize) -> usize {
        rows.div_ceil(self.in_word())
    }
}

impl StoredValues {
    /// Keeps the features of so many rows, column-major; NaN is null.
    ///
    /// # Errors
    /// As [`Arena::put`].
    pub fn new(values: &[f32], rows: usize, arena: &Arena) -> Result<StoredValues> {
        if rows == 0 {
            return Ok(StoredValues::default());
        }
        let widths = values.chunks_exact(rows).map(Width::for_values);
        StoredValues::filled(rows, widths, arena, |index, width, words| {
            let values = &values[index * rows..(index + 1) * rows];
            match width {
                Width::Byte => vectorised!(put(values, bytemuck::cast_slice_mut(words), |code| code as u8)),
                Width::Half => vectorised!(put(values, bytemuck::cast_slice_mut(words), |code| code as u16)),
                Width::Word => bytemuck::cast_slice_mut(words).copy_from_slice(values),
            }
        })
    }

    /// Columns of these widths, each of whose words `fill` sets.
    fn filled(
        rows: usize,
        widths: impl Iterator<Item = Width>,
        arena: &Arena,
        fill: impl Fn(usize, Width, &mut [u32]),
    ) -> Result<StoredValues> {
        let mut all = 0;
        let place = |width: Width| {
            let at = all;
            all += width.words(rows);
            Column { at, width }
        };

        let columns: Vec<Column> = widths.map(place).collect();
        let words = arena.fill(all, |words| {
            for (index, &Column { at, width }) in columns.iter().enumerate() {
                fill(index, width, &mut words[at..at + width.words(rows)]);
            }
        })?;

        Ok(StoredValues { rows, columns, words })
    }

    /// Whether they lie in memory.
    pub fn is_held(&self) -> bool {
        self.words.is_held()
    }

    /// All of them: borrowed, or read into memory until they are dropped.
    ///
    /// # Errors
    /// As [`Stored::all`].
    pub fn all(&self) -> Result<Values<'_>> {
        Ok(Values { rows: self.rows, columns: &self.columns, words: self.words.all()? })
    }

    /// Those of some rows, in the arena, each column in as many bytes as here.
    ///
    /// # Errors
    /// As [`Stored::all`] and [`Arena::put`].
    pub fn select_rows(&self, rows: &[u32], arena: &Arena) -> Result<StoredValues> {
        fn take<T: Pod>(from: &[u32], rows: &[u32], to: &mut [u32]) {
            let from: &[T] = bytemuck::cast_slice(from);
            let to: &mut [T] = bytemuck::cast_slice_mut(to);
            to.iter_mut().zip(rows).for_each(|(to, &row)| *to = from[row as usize]);
        }
        let all = self.all()?;
        let widths = self.columns.iter().map(|column| column.width);
        StoredValues::filled(rows.len(), widths, arena, |index, width, to| {
            let (from, _) = all.words(index);
            match width {
                Width::Byte => take::<u8>(from, rows, to),
                Width::Half => take::<u16>(from, rows, to),
                Width::Word => take::<u32>(from, rows, to),
            }
        })
    }

    /// Those of one row.
    ///
    /// # Errors
    /// As [`Stored::all`].
    pub fn row(&self, row: usize) -> Result<Vec<f32>> {
        let value = |column: &Column| {
            let at = column.at + row / column.width.in_word();
            Ok(value(&self.words.range(at..at + 1)?, column.width, row % column.width.in_word()))
        };
        self.columns.iter().map(value).collect()
    }
}

/// The numeric features of a block, in memory.
pub struct Values<'a> {
    rows: usize,
    columns: &'a [Column],
    words: Cow<'a, [u32]>,
}

impl Values<'_> {
    /// Appends the values of a column in some rows, which ascend; NaN is null.
    pub fn append_rows(&self, index: usize, rows: &[u32], out: &mut Vec<f32>) {
        match *rows {
            // A block without rows has no columns either.
            [] => {}
            [first, .., last] if (last - first) as usize + 1 == rows.len() => {
                self.append(index, first as usize..last as usize + 1, out);
            }
            _ => {
                let before = out.len();
                out.resize(before + rows.len(), 0.0);
                let rows = rows.iter().copied().zip(&mut out[before..]);
                self.visit(index, rows, |out, value| *out = value);
            }
        }
    }

    fn append(&self, index: usize, rows: Range<usize>, out: &mut Vec<f32>) {
        let (words, width) = self.words(index);
        if width == Width::Word {
            return out.extend_from_slice(&bytemuck::cast_slice(words)[rows]);
        }
        let before = out.len();
        out.resize(before + rows.len(), 0.0);
        let out = &mut out[before..];
        match width {
            Width::Half => vectorised!(decode::<u16>(&bytemuck::cast_slice(words)[rows], out)),
            _ => vectorised!(decode::<u8>(&bytemuck::cast_slice(words)[rows], out)),
        }
    }

    /// Shows the values of some rows of a column, each with what comes with the row.
    pub fn visit<T>(&self, index: usize, rows: impl Iterator<Item = (u32, T)>, mut visit: impl FnMut(T, f32)) {
        let (words, width) = self.words(index);
        // The width is asked for once, not in every row.
        match width {
            Width::Byte => rows.for_each(|(row, with)| visit(with, value(words, Width::Byte, row as usize))),
            Width::Half => rows.for_each(|(row, with)| visit(with, value(words, Width::Half, row as usize))),
            Width::Word => rows.for_each(|(row, with)| visit(with, value(words, Width::Word, row as usize))),
        }
    }

    /// One value of a column.
    pub fn value(&self, index: usize, row: usize) -> f32 {
        let (words, width) = self.words(index);
        value(words, width, row)
    }

    fn words(&self, index: usize) -> (&[u32], Width) {
        let Column { at, width } = self.columns[index];
        (&self.words[at..][..width.words(self.rows)], width)
    }
}

/// One value of a column that is kept in these words.
#[inline(always)]
fn value(words: &[u32], width: Width, row: usize) -> f32 {
    match width {
        Width::Byte => decoded(u32::from(bytemuck::cast_slice::<u32, u8>(words)[row])),
        Width::Half => decoded(u32::from(bytemuck::cast_slice::<u32, u16>(words)[row])),
        Width::Word => f32::from_bits(words[row]),
    }
}

/// The code of a whole number below 2²², or of null. Of anything else, a code that does not stand for it.
#[inline(always)]
fn coded(value: f32) -> u32 {
    let code = (value + CODED).to_bits() & CODE_BITS;
    if value.is_nan() {
        0
    } else {
        code
    }
}

/// What a code stands for.
#[inline(always)]
fn decoded(code: u32) -> f32 {
    // Signed numbers are the ones that vector instructions turn into floats.
    let value = code as i32 as f32 - 1.0;
    if code == 0 {
        f32::NAN
    } else {
        value
    }
}

/// The bits that are set in the codes of some values, if all of them have one.
#[inline(always)]
fn codes_within(values: &[f32]) -> Option<u32> {
    let (mut codes, mut different) = (0, 0);
    for &value in values {
        let code = coded(value);
        let bits = decoded(code).to_bits() ^ value.to_bits();
        different |= if value.is_nan() { 0 } else { bits };
        codes |= code;
    }
    (different == 0).then_some(codes)
}

#[inline(always)]
fn put<C>(values: &[f32], codes: &mut [C], narrow: impl Fn(u32) -> C) {
    codes.iter_mut().zip(values).for_each(|(code, &value)| *code = narrow(coded(value)));
}

#[inline(always)]
fn decode<C: Copy + Into<u32>>(codes: &[C], values: &mut [f32]) {
    values.iter_mut().zip(codes).for_each(|(value, &code)| *value = decoded(code.into()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;
    use proptest::prelude::*;

    /// Columns of one kind each, some with nulls.
    fn columns(rows: usize) -> impl Strategy<Value = Vec<Vec<f32>>> {
        let most = prop::sample::select(vec![1u32, 254, 255, 256, 65_534, 65_535, 1 << 22, 1 << 24]);
        let whole = most.prop_flat_map(move |most| {
            prop::collection::vec(prop_oneof![4 => (0..=most).prop_map(|n| n as f32), 1 => Just(f32::NAN)], rows)
        });
        let any = prop::collection::vec(any::<f32>(), rows);
        let odd = (0..rows, prop::sample::select(vec![-0.0, -1.0, 0.5, f32::INFINITY, f32::MIN_POSITIVE, 1e30]));
        let nearly = odd.prop_map(move |(row, odd)| {
            let mut values = vec![3.0; rows];
            values[row] = odd;
            values
        });
        prop::collection::vec(prop_oneof![whole, any, nearly], 0..6)
    }

    proptest! {
        #[test]
        fn values_come_back_as_they_were(
            (rows, columns) in (1usize..600).prop_flat_map(|rows| (Just(rows), columns(rows))),
            limit in prop::sample::select(vec![None, Some(0)]),
        ) {
            let bits = |values: &[f32]| -> Vec<u32> {
                values.iter().map(|value| if value.is_nan() { f32::NAN } else { *value }.to_bits()).collect()
            };
            let arena = Arena::new(Memory::unlimited().budget(limit));
            let stored = StoredValues::new(&columns.concat(), rows, &arena).unwrap();
            drop(arena);
            prop_assert_eq!(stored.columns.len(), columns.len());
            let values = stored.all().unwrap();

            for (index, column) in columns.iter().enumerate() {
                let one_by_one: Vec<f32> = (0..rows).map(|row| values.value(index, row)).collect();
                prop_assert_eq!(bits(&one_by_one), bits(column));
            }

            let rows_of = |from: usize, step: usize| -> Vec<u32> {
                (from..rows).step_by(step).map(|row| row as u32).collect()
            };
            for some in [rows_of(0, 1), rows_of(rows / 2, 1), rows_of(1, 3), rows_of(rows, 1)] {
                let of_rows = stored.select_rows(&some, &Arena::new(Memory::unlimited().budget(limit))).unwrap();
                let of_rows_values = of_rows.all().unwrap();
                for (index, column) in columns.iter().enumerate() {
                    let expected: Vec<f32> = some.iter().map(|&row| column[row as usize]).collect();
                    let mut appended = vec![7.0];
                    values.append_rows(index, &some, &mut appended);
                    prop_assert_eq!(bits(&appended[1..]), bits(&expected));
                    let one_by_one: Vec<f32> = (0..some.len()).map(|row| of_rows_values.value(index, row)).collect();
                    prop_assert_eq!(bits(&one_by_one), bits(&expected));
                }
            }

            for row in [0, rows / 2, rows - 1] {
                let expected: Vec<f32> = columns.iter().map(|column| column[row]).collect();
                prop_assert_eq!(bits(&stored.row(row).unwrap()), bits(&expected));
            }
        }
    }

    #[test]
    fn counts_take_a_byte_and_what_has_fractions_four() {
        let rows = 10;
        let column = |most: f32| -> Vec<f32> { (0..rows).map(|row| most - row as f32).collect() };
        let widths = |values: &[f32]| Width::for_values(values);
        assert_eq!(widths(&column(254.0)), Width::Byte);
        assert_eq!(widths(&column(255.0)), Width::Half);
        assert_eq!(widths(&column(65_534.0)), Width::Half);
        assert_eq!(widths(&column(65_535.0)), Width::Word);
        assert_eq!(widths(&[f32::NAN; 3]), Width::Byte);
        for odd in [-0.0, -1.0, 0.5, f32::INFINITY, f32::NEG_INFINITY, 1e20, 254.5] {
            assert_eq!(widths(&[1.0, odd]), Width::Word, "{odd}");
        }
        let arena = Arena::new(Memory::unlimited().budget(Some(1000)));
        let values = [column(20.0), column(300.0), column(0.5)].concat();
        let stored = StoredValues::new(&values, rows, &arena).unwrap();
        assert_eq!(stored.words.len(), 3 + 5 + 10);
    }
}
