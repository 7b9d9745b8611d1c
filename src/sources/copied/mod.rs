//! Columns that are copied from a source to the results: each value exactly as it is, or not at all.

mod convert;
pub mod kinds;
pub mod text;

use crate::error::{Error, Result};
use arrow_array::{new_null_array, Array, ArrayRef, LargeStringArray, UInt32Array};
use arrow_select::concat::concat;
use arrow_select::take::take;
use convert::convert;
use kinds::CopyType;
use std::sync::Arc;

/// A column of the results that is copied from a source.
#[derive(Clone, Debug)]
pub struct CopiedColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: CopyType,
    /// Its values, of the type of `kind`.
    pub values: ArrayRef,
}

/// A column in the making: the values of wanted rows, in the order in which they are met.
pub(crate) struct Gathered {
    /// Arrays as they are in their files, and what they hold there.
    arrays: Vec<(ArrayRef, CopyType)>,
    /// Where each value goes.
    slots: Vec<usize>,
    /// What an array could not be taken for, if any.
    failed: Option<Error>,
}

impl Gathered {
    /// Without any values yet.
    pub fn new() -> Gathered {
        Gathered { arrays: Vec::new(), slots: Vec::new(), failed: None }
    }

    /// Takes those rows of an array that have a slot, of a column that holds `own` in its file. What fails is told by
    /// [`Gathered::column`].
    pub fn add(&mut self, array: &ArrayRef, own: &CopyType, slots: &[Option<usize>]) {
        let wanted = (0u32..).zip(slots).filter(|(_, slot)| slot.is_some());
        let rows = UInt32Array::from_iter_values(wanted.map(|(row, _)| row));
        if rows.is_empty() {
            return;
        }
        let taken = if rows.len() == array.len() { Ok(array.clone()) } else { take(array, &rows, None) };
        // A column with another role besides may be decoded to another type than its file's.
        let decoded = CopyType::of_type(array.data_type()).map_err(str::to_owned);
        match (taken.map_err(|error| error.to_string()), decoded) {
            (Ok(taken), Ok(kind)) => {
                let kind = if *own == CopyType::Uuid { kind.marked_as_uuid() } else { kind };
                self.arrays.push((taken, kind));
                self.slots.extend(slots.iter().flatten());
            }
            (Err(error), _) | (_, Err(error)) => self.failed = Some(internal(error)),
        }
    }

    /// Gives some slots the text that a folder holds for all rows of its files.
    pub fn add_text(&mut self, text: Option<&str>, slots: &[Option<usize>]) {
        let texts: LargeStringArray = std::iter::repeat_n(text, slots.len()).collect();
        self.add(&(Arc::new(texts) as ArrayRef), &CopyType::TEXT, slots);
    }

    /// The column of so many slots, as what `kinds` have in common. Slots without a value are null, and text takes the
    /// place of a type that does not reach as far as a value (nanoseconds end in 2262).
    ///
    /// # Errors
    /// [`Error::Contract`] for a value that has no exact copy.
    pub fn column(self, name: &str, kinds: &[CopyType], length: usize) -> Result<CopiedColumn> {
        let Gathered { arrays, slots, failed } = self;
        if let Some(error) = failed {
            return Err(error);
        }

        let copied = CopyType::common(kinds.iter().chain(arrays.iter().map(|(_, kind)| kind))).and_then(|kind| {
            let arrays = converted(&arrays, &kind)?;
            Some((arrays, kind))
        });
        let copied = copied.or_else(|| Some((converted(&arrays, &CopyType::TEXT)?, CopyType::TEXT)));
        let Some((copied, kind)) = copied else {
            return Err(Error::Contract(format!(
                "column `{name}` (passthrough) holds values that cannot be copied exactly; write it as text"
            )));
        };

        let mut places: Vec<Option<u32>> = vec![None; length];
        (0u32..).zip(slots).for_each(|(place, slot)| places[slot] = Some(place));
        let copied: Vec<&dyn Array> = copied.iter().map(|array| array.as_ref()).collect();
        let values = match copied.as_slice() {
            [] => new_null_array(&kind.data_type(), length),
            copied => take(&concat(copied).map_err(internal)?, &UInt32Array::from(places), None).map_err(internal)?,
        };
        Ok(CopiedColumn { name: name.to_owned(), kind, values })
    }
}

fn converted(arrays: &[(ArrayRef, CopyType)], kind: &CopyType) -> Option<Vec<ArrayRef>> {
    arrays.iter().map(|(array, from)| convert(array, from, kind)).collect()
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("cannot copy a column: {error}"))
}

#[cfg(test)]
mod tests {
    use super::text::{flat, text};
    use super::*;
    use arrow_array::*;
    use arrow_buffer::i256;
    use arrow_schema::DataType;

    /// Arrays of three values, of which the second is null, of every type that is copied.
    fn arrays() -> Vec<ArrayRef> {
        let decimal = Decimal128Array::from(vec![Some(1230), None, Some(-5)]).with_precision_and_scale(38, 2);
        let small = Decimal32Array::from(vec![Some(1230), None, Some(-5)]).with_precision_and_scale(9, 2);
        let middle = Decimal64Array::from(vec![Some(1230), None, Some(-5)]).with_precision_and_scale(18, 0);
        let wide = Decimal256Array::from(vec![Some(i256::MAX), None, Some(i256::from_i128(-5))]);
        let hundreds = Decimal128Array::from(vec![Some(12), None, Some(-5)]).with_precision_and_scale(5, -2);
        let micros = TimestampMicrosecondArray::from(vec![Some(i64::MAX), None, Some(-1)]);
        let bytes = [Some(&b"\x00\xff"[..]), None, Some(b"gold")];
        let fixed = [Some([0u8, 1]), None, Some([255, 254])];
        let texts = [Some("01234"), None, Some("")];
        vec![
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
            Arc::new(Int8Array::from(vec![Some(i8::MIN), None, Some(1)])),
            Arc::new(Int16Array::from(vec![Some(i16::MIN), None, Some(1)])),
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(1)])),
            Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(1)])),
            Arc::new(UInt8Array::from(vec![Some(u8::MAX), None, Some(1)])),
            Arc::new(UInt16Array::from(vec![Some(u16::MAX), None, Some(1)])),
            Arc::new(UInt32Array::from(vec![Some(u32::MAX), None, Some(1)])),
            Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(1)])),
            Arc::new(Float32Array::from(vec![Some(0.1), None, Some(f32::NAN)])),
            Arc::new(Float64Array::from(vec![Some(0.1), None, Some(f64::NEG_INFINITY)])),
            Arc::new(decimal.unwrap()),
            Arc::new(small.unwrap()),
            Arc::new(middle.unwrap()),
            Arc::new(wide.with_precision_and_scale(76, 10).unwrap()),
            Arc::new(hundreds.unwrap()),
            Arc::new(Date32Array::from(vec![Some(i32::MIN), None, Some(1)])),
            Arc::new(Date64Array::from(vec![Some(86_400_000), None, Some(0)])),
            Arc::new(Date64Array::from(vec![Some(86_400_001), None, Some(0)])),
            Arc::new(Time32SecondArray::from(vec![Some(34_200), None, Some(0)])),
            Arc::new(Time32MillisecondArray::from(vec![Some(34_200_001), None, Some(0)])),
            Arc::new(Time64MicrosecondArray::from(vec![Some(34_200_000_001), None, Some(0)])),
            Arc::new(Time64NanosecondArray::from(vec![Some(34_200_000_000_001), None, Some(0)])),
            Arc::new(TimestampSecondArray::from(vec![Some(i64::MAX), None, Some(-1)])),
            Arc::new(TimestampSecondArray::from(vec![Some(1_777_636_800), None, Some(-1)])),
            Arc::new(TimestampMillisecondArray::from(vec![Some(i64::MAX), None, Some(-1)])),
            Arc::new(micros.clone()),
            Arc::new(micros.with_timezone("Europe/Berlin")),
            Arc::new(TimestampNanosecondArray::from(vec![Some(i64::MAX), None, Some(-1)])),
            Arc::new(StringArray::from_iter(texts)),
            Arc::new(LargeStringArray::from_iter(texts)),
            Arc::new(StringViewArray::from_iter(texts)),
            Arc::new(BinaryArray::from_iter(bytes)),
            Arc::new(LargeBinaryArray::from_iter(bytes)),
            Arc::new(BinaryViewArray::from_iter(bytes)),
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(fixed.into_iter(), 2).unwrap()),
        ]
    }

    /// The same values through a dictionary whose entries are in another order.
    fn in_dictionary(array: &ArrayRef) -> ArrayRef {
        let values = take(array, &UInt32Array::from(vec![2, 0]), None).unwrap();
        Arc::new(DictionaryArray::new(Int8Array::from(vec![Some(1), None, Some(0)]), values))
    }

    fn kind(array: &ArrayRef) -> CopyType {
        CopyType::of_type(array.data_type()).unwrap()
    }

    /// A column of these arrays, one after another in turn.
    fn column(arrays: &[&ArrayRef]) -> CopiedColumn {
        let mut gathered = Gathered::new();
        let length = 3 * arrays.len();
        for (place, array) in arrays.iter().enumerate() {
            let slot = |row: usize| (row * arrays.len() + place + 1) % length;
            gathered.add(array, &kind(array), &[Some(slot(0)), Some(slot(1)), Some(slot(2))]);
        }
        let kinds: Vec<CopyType> = arrays.iter().map(|array| kind(array)).collect();
        gathered.column("column", &kinds, length).unwrap()
    }

    /// Whether the slots hold what the arrays do: the same values as text, which tells all of them apart.
    fn holds(copied: &CopiedColumn, arrays: &[&ArrayRef], as_numbers: bool) {
        let length = copied.values.len();
        assert_eq!((length, copied.values.data_type()), (3 * arrays.len(), &copied.kind.data_type()));
        for (place, array) in arrays.iter().enumerate() {
            let array = flat((*array).clone());
            for row in 0..3 {
                let slot = (row * arrays.len() + place + 1) % length;
                let found = text(&copied.kind, &copied.values, slot);
                let expected = text(&kind(&array), &array, row);
                let trimmed = |text: Option<String>| match text {
                    Some(text) if as_numbers && text.contains('.') => {
                        Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
                    }
                    other => other,
                };
                let (found, expected) = (trimmed(found), trimmed(expected));
                assert_eq!(found, expected, "{} in {:?}", array.data_type(), copied.kind);
            }
        }
    }

    #[test]
    fn a_column_of_any_type_is_copied_exactly() {
        for array in arrays() {
            holds(&column(&[&array]), &[&array], false);
            let coded = in_dictionary(&array);
            holds(&column(&[&coded]), &[&coded], false);
        }
    }

    #[test]
    fn files_of_any_two_types_are_copied_exactly_or_refused() {
        let arrays = arrays();
        let nulls = new_null_array(&DataType::Null, 3);
        for first in &arrays {
            holds(&column(&[first, &nulls]), &[first, &nulls], false);
            for second in &arrays {
                let (a, b) = (kind(first), kind(second));
                if let Some(common) = CopyType::common([&a, &b]) {
                    let copied = column(&[first, second]);
                    let narrow_in_wide = matches!(common.data_type(), DataType::Float64) && a != b;
                    if common.data_type() == DataType::LargeBinary || narrow_in_wide {
                        continue;
                    }
                    holds(&copied, &[first, second], copied.kind != CopyType::TEXT);
                }
            }
        }
    }

    #[test]
    fn text_stays_as_it_is_written_beside_numbers() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(10_000), None, Some(7)]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("01234"), Some("7"), None]));
        let copied = column(&[&numbers, &texts]);
        assert_eq!(copied.kind, CopyType::TEXT);
        holds(&copied, &[&numbers, &texts], false);
    }

    #[test]
    fn slots_that_nobody_fills_are_null() {
        let copied = Gathered::new().column("column", &[CopyType::Plain(DataType::Int64)], 2).unwrap();
        assert_eq!((copied.values.null_count(), copied.values.data_type()), (2, &DataType::Int64));
    }
}
