//! The tables of a world as Parquet, in one of the shapes in which such tables are found.

use super::world::{Event, World, DAY};
use crate::common::write_as;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Float64Array,
    Int32Array, Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, UInt32Array, UInt64Array,
};
use arrow_schema::{Field, Schema};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// How ids are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdShape {
    Whole,
    Narrow,
    Unsigned,
    Decimal,
    DecimalWithDigits,
    AboveSigned,
    BelowEverything,
    Text,
    LargeText,
    Dictionary,
    Bytes,
    RawBytes,
    Float,
    /// The customers' as numbers, those of the signals as text.
    Differing,
}

/// How instants are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeShape {
    Micros,
    Millis,
    Nanos,
    NoZone,
    EpochMillis,
    Text,
}

/// How a table's file is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Encoding {
    pub compression: Compression,
    pub dictionary: bool,
    pub version: WriterVersion,
    pub statistics: EnabledStatistics,
    pub group_rows: usize,
}

impl Default for Encoding {
    fn default() -> Encoding {
        Encoding {
            compression: Compression::ZSTD(ZstdLevel::default()),
            dictionary: true,
            version: WriterVersion::PARQUET_1_0,
            statistics: EnabledStatistics::Page,
            group_rows: 2000,
        }
    }
}

impl Encoding {
    pub fn properties(&self) -> WriterPropertiesBuilder {
        WriterProperties::builder()
            .set_compression(self.compression)
            .set_dictionary_enabled(self.dictionary)
            .set_writer_version(self.version)
            .set_statistics_enabled(self.statistics)
            .set_max_row_group_row_count(Some(self.group_rows))
    }
}

/// A table in columns.
pub type Columns = Vec<(String, ArrayRef)>;

pub fn ids(shape: IdShape, keys: &[Option<i64>]) -> ArrayRef {
    let texts = || keys.iter().map(|key| key.map(|key| format!("c-{key:04}")));
    let decimals = |digits: i128| keys.iter().map(move |key| key.map(|key| i128::from(key) * digits));
    match shape {
        IdShape::Whole | IdShape::Differing => Arc::new(Int64Array::from(keys.to_vec())),
        IdShape::Narrow => Arc::new(keys.iter().map(|key| key.map(|key| key as i32)).collect::<Int32Array>()),
        IdShape::Unsigned => Arc::new(keys.iter().map(|key| key.map(|key| key as u32)).collect::<UInt32Array>()),
        IdShape::AboveSigned => {
            Arc::new(keys.iter().map(|key| key.map(|key| (1 << 63) + key as u64)).collect::<UInt64Array>())
        }
        IdShape::BelowEverything => {
            Arc::new(keys.iter().map(|key| key.map(|key| i64::MIN + key - 1)).collect::<Int64Array>())
        }
        IdShape::Decimal => Arc::new(decimals(1).collect::<Decimal128Array>().with_precision_and_scale(38, 0).unwrap()),
        IdShape::DecimalWithDigits => {
            Arc::new(decimals(10_000_000_000).collect::<Decimal128Array>().with_precision_and_scale(38, 10).unwrap())
        }
        IdShape::Text => Arc::new(texts().collect::<StringArray>()),
        IdShape::LargeText => Arc::new(texts().collect::<LargeStringArray>()),
        IdShape::Dictionary => {
            let texts: Vec<Option<String>> = texts().collect();
            Arc::new(texts.iter().map(Option::as_deref).collect::<DictionaryArray<Int32Type>>())
        }
        IdShape::Bytes => Arc::new(texts().map(|text| text.map(String::into_bytes)).collect::<BinaryArray>()),
        IdShape::RawBytes => {
            let bytes = keys.iter().map(|key| key.map(|key| (key as u128).to_be_bytes()));
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes, 16).unwrap())
        }
        IdShape::Float => Arc::new(keys.iter().map(|key| key.map(|key| key as f64 + 0.5)).collect::<Float64Array>()),
    }
}

/// An id as the program writes it.
pub fn id_text(shape: IdShape, key: i64) -> String {
    match shape {
        IdShape::Text | IdShape::LargeText | IdShape::Dictionary | IdShape::Bytes => format!("c-{key:04}"),
        IdShape::AboveSigned => ((1 << 63) + key as u64).to_string(),
        IdShape::BelowEverything => (i64::MIN + key - 1).to_string(),
        _ => key.to_string(),
    }
}

pub fn times(shape: TimeShape, seconds: &[Option<i64>]) -> ArrayRef {
    let scaled = |by: i64| seconds.iter().map(move |second| second.map(|second| second * by));
    match shape {
        TimeShape::Micros => Arc::new(scaled(1_000_000).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        TimeShape::Millis => Arc::new(scaled(1000).collect::<TimestampMillisecondArray>().with_timezone("UTC")),
        TimeShape::Nanos => Arc::new(scaled(1_000_000_000).collect::<TimestampNanosecondArray>().with_timezone("UTC")),
        TimeShape::NoZone => Arc::new(scaled(1_000_000).collect::<TimestampMicrosecondArray>()),
        TimeShape::EpochMillis => Arc::new(scaled(1000).collect::<Int64Array>()),
        TimeShape::Text => {
            let texts = seconds.iter().map(|second| second.map(|second| format!("at {second}")));
            Arc::new(texts.collect::<StringArray>())
        }
    }
}

/// The columns of a signal.
pub fn signal(rows: &[Event], ids_as: IdShape, times_as: TimeShape, amounts: bool) -> Columns {
    let keys: Vec<Option<i64>> = rows.iter().map(|row| row.key).collect();
    let seconds: Vec<Option<i64>> = rows.iter().map(|row| row.second).collect();
    let ids_as = if ids_as == IdShape::Differing { IdShape::Text } else { ids_as };
    let mut columns =
        vec![("customer_id".to_owned(), ids(ids_as, &keys)), ("ts".to_owned(), times(times_as, &seconds))];
    if amounts {
        let amounts: Float64Array = rows.iter().map(|row| Some(row.amount)).collect();
        let channels: StringArray = rows.iter().map(|row| row.channel).collect();
        columns.push(("amount".to_owned(), Arc::new(amounts)));
        columns.push(("channel".to_owned(), Arc::new(channels)));
    }
    columns
}

/// The columns of the customers table.
pub fn customers(world: &World, ids_as: IdShape) -> Columns {
    let keys: Vec<Option<i64>> = world.customers.iter().map(|customer| Some(customer.key)).collect();
    let signup: Date32Array = world.customers.iter().map(|customer| Some(customer.signup as i32)).collect();
    let plan: StringArray = world.customers.iter().map(|customer| Some(customer.plan)).collect();
    let revenue: Float64Array = world.customers.iter().map(|customer| customer.revenue).collect();
    vec![
        ("customer_id".to_owned(), ids(ids_as, &keys)),
        ("signup_date".to_owned(), Arc::new(signup)),
        ("plan".to_owned(), Arc::new(plan)),
        ("monthly_revenue".to_owned(), Arc::new(revenue)),
    ]
}

/// The columns of the table of cancellations.
pub fn cancelled(world: &World, ids_as: IdShape) -> Columns {
    let keys: Vec<Option<i64>> = world.cancelled.iter().map(|(key, _)| Some(*key)).collect();
    let days: Date32Array = world.cancelled.iter().map(|(_, day)| day.map(|day| day as i32)).collect();
    vec![("customer_id".to_owned(), ids(ids_as, &keys)), ("churned_on".to_owned(), Arc::new(days))]
}

/// The same columns, of which none has a value or a row.
pub fn without_rows(columns: &Columns) -> Columns {
    columns.iter().map(|(name, _)| (name.clone(), Arc::new(NullArray::new(0)) as ArrayRef)).collect()
}

pub fn batch(columns: &Columns) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.iter().map(|(_, array)| array.clone()).collect())
        .unwrap()
}

pub fn write_file(path: &Path, columns: &Columns, encoding: &Encoding) {
    write_as(path, &[batch(columns)], encoding.properties());
}

/// Writes rows into a folder of each day, named by `name`.
pub fn write_days(
    folder: &Path,
    rows: &[Event],
    encoding: &Encoding,
    name: impl Fn(i64) -> String,
    columns: impl Fn(&[Event]) -> Columns,
) {
    let mut days: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
    for row in rows {
        // A row without a time lies with those of some day.
        days.entry(row.second.unwrap_or(19_900 * DAY).div_euclid(DAY)).or_default().push(row.clone());
    }
    for (day, rows) in days {
        write_file(&folder.join(name(day)).join("part-0.parquet"), &columns(&rows), encoding);
    }
}

/// Writes rows in so many files.
pub fn write_parts(
    folder: &Path,
    columns: &Columns,
    parts: usize,
    encoding: &Encoding,
    name: impl Fn(usize) -> String,
) {
    let whole = batch(columns);
    let each = whole.num_rows().div_ceil(parts).max(1);
    for part in 0..parts {
        let first = (part * each).min(whole.num_rows());
        let rows = whole.slice(first, each.min(whole.num_rows() - first));
        let path = folder.join(name(part));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_as(&path, &[rows], encoding.properties());
    }
}
