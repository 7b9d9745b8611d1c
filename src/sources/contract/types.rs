//! The table of types and roles: whether a column of an Arrow type can be read as what the configuration wants of it,
//! and how.
//!
//! Every type has its line in [`Values::of_type`] and every pair its verdict in [`Role::verdict`], without a default: a
//! type that Arrow adds does not compile until somebody has decided about it.

use crate::config::EpochUnit;
use crate::sources::copied::kinds::CopyType;
use arrow_schema::{DataType, Field};
use serde::{Deserialize, Serialize};

/// What a column is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A customer id: a whole number or a text.
    Id,
    /// A timestamp of any unit, or a date.
    Time,
    /// As [`Role::Time`]; numbers are counted in this unit from 1970-01-01 00:00 UTC.
    Epoch(EpochUnit),
    /// An integer, a float, a decimal or a boolean.
    Number,
    /// A text; whole numbers and booleans are read as their text.
    Text,
    /// 0 or 1, of any numeric type, or a boolean.
    Label,
    /// Anything that is not nested, copied as it is.
    Any,
}

impl Role {
    /// The role of a column of times, of which numbers have this unit, if one is set.
    pub fn time(unit: Option<EpochUnit>) -> Role {
        unit.map_or(Role::Time, Role::Epoch)
    }

    /// Whether the column holds times.
    pub fn is_time(self) -> bool {
        matches!(self, Role::Time | Role::Epoch(_))
    }

    /// What it can be read from, for messages.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Role::Id => "an integer, a decimal or float whose values are whole, a string, or a UUID",
            Role::Time => "a timestamp or a date, or a number with a `time_unit`",
            Role::Epoch(_) => "a timestamp, a date or a number",
            Role::Number => "a number (integer, float or decimal) or a boolean",
            Role::Text => "a string, an integer, a UUID or a boolean",
            Role::Label => "0 or 1 as a number, or a boolean",
            Role::Any => "a type that Parquet holds, one value a row",
        }
    }

    /// Whether a column can be read.
    pub fn accepts(self, column: &Field) -> bool {
        matches!(self.verdict(column), Verdict::Read(_))
    }

    /// The verdict on a column.
    pub(crate) fn verdict(self, column: &Field) -> Verdict {
        use Form::*;
        use Values as V;
        use Verdict::{Read, Refused};

        let values = Values::of_column(column);
        match self {
            Role::Id => match values {
                V::None | V::Text => Read(AsIs),
                V::Integer | V::WholeDecimal | V::Decimal | V::Float => Read(Whole),
                V::Bytes => Read(Utf8),
                V::Uuid => Read(UuidText),
                V::FixedBytes => Refused("cast it to text, or mark it as a UUID if that is what its 16 bytes are"),
                V::Boolean | V::Instant | V::Date | V::TimeOfDay | V::Span => {
                    Refused("name the column that tells customers apart, or cast this one to text")
                }
                V::Nested => Refused(NESTED),
                V::Runs => Refused(RUNS),
            },
            Role::Time | Role::Epoch(_) => match (values, self) {
                (V::None | V::Instant | V::Date, _) => Read(AsIs),
                (V::Integer | V::WholeDecimal | V::Decimal | V::Float, Role::Epoch(unit)) => Read(Instants(unit)),
                (V::Integer | V::WholeDecimal | V::Decimal | V::Float, _) => {
                    Refused("say with `time_unit` what the number counts from 1970-01-01 UTC")
                }
                (V::Text | V::Bytes, _) => Refused("cast it to a timestamp or a date"),
                (V::TimeOfDay, _) => Refused("a time of day needs its date: add the two up to a timestamp"),
                (V::Span | V::Boolean | V::Uuid | V::FixedBytes, _) => {
                    Refused("name the column that says when it happened")
                }
                (V::Nested, _) => Refused(NESTED),
                (V::Runs, _) => Refused(RUNS),
            },
            Role::Number | Role::Label => match values {
                V::None | V::Boolean | V::Integer | V::WholeDecimal | V::Decimal | V::Float => Read(AsIs),
                V::Text | V::Bytes if self == Role::Label => Refused("cast it to a boolean, or to 0 and 1"),
                V::Text | V::Bytes => Refused("cast it to DOUBLE"),
                V::Instant | V::Date | V::TimeOfDay | V::Span => {
                    Refused("turn it into a number, such as the days since then")
                }
                V::Uuid | V::FixedBytes => Refused("name a column of numbers"),
                V::Nested => Refused(NESTED),
                V::Runs => Refused(RUNS),
            },
            Role::Text => match values {
                V::None | V::Text | V::Integer | V::WholeDecimal | V::Boolean => Read(AsIs),
                V::Bytes => Read(Utf8),
                V::Uuid => Read(UuidText),
                V::Float | V::Decimal => Refused("cast it to text, or use it as a number"),
                V::Instant | V::Date | V::TimeOfDay | V::Span | V::FixedBytes => Refused("cast it to text"),
                V::Nested => Refused(NESTED),
                V::Runs => Refused(RUNS),
            },
            Role::Any => match CopyType::of_field(column) {
                Ok(_) => Read(AsIs),
                Err(remedy) => Refused(remedy),
            },
        }
    }
}

const NESTED: &str = "take the part that is wanted out of it as a column of its own, or cast it to text";
const RUNS: &str = "decode its runs";

/// What becomes of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is read in this form.
    Read(Form),
    /// It is not, and this is the way out.
    Refused(&'static str),
}

/// How a column becomes what the readers of its role know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// It is that already.
    AsIs,
    /// Bytes become the text that they spell in UTF-8.
    Utf8,
    /// 16 bytes become a UUID as people write it.
    UuidText,
    /// Numbers become 64-bit integers, or their digits where ids are texts.
    Whole,
    /// Numbers become instants.
    Instants(EpochUnit),
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// The type without values: all rows are null.
    None,
    Boolean,
    Integer,
    /// Decimals of scale 0.
    WholeDecimal,
    Decimal,
    Float,
    Instant,
    Date,
    TimeOfDay,
    /// Durations and intervals.
    Span,
    Text,
    /// Bytes of any number.
    Bytes,
    Uuid,
    /// As many bytes in each row.
    FixedBytes,
    /// Lists, structs, maps and unions.
    Nested,
    /// Runs of equal values.
    Runs,
}

impl Values {
    /// Those of a column, which may be marked as UUIDs.
    pub(crate) fn of_column(column: &Field) -> Values {
        if is_uuid(column) {
            return Values::Uuid;
        }
        Values::of_type(column.data_type())
    }

    /// Those of an array of this type.
    pub(crate) fn of_type(data_type: &DataType) -> Values {
        match data_type {
            DataType::Null => Values::None,
            DataType::Boolean => Values::Boolean,
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Values::Integer,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Values::Integer,
            DataType::Decimal32(_, 0)
            | DataType::Decimal64(_, 0)
            | DataType::Decimal128(_, 0)
            | DataType::Decimal256(_, 0) => Values::WholeDecimal,
            DataType::Decimal32(..) | DataType::Decimal64(..) => Values::Decimal,
            DataType::Decimal128(..) | DataType::Decimal256(..) => Values::Decimal,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Values::Float,
            DataType::Timestamp(..) => Values::Instant,
            DataType::Date32 | DataType::Date64 => Values::Date,
            DataType::Time32(_) | DataType::Time64(_) => Values::TimeOfDay,
            DataType::Duration(_) | DataType::Interval(_) => Values::Span,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Values::Text,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Values::Bytes,
            DataType::FixedSizeBinary(_) => Values::FixedBytes,
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => Values::Nested,
            DataType::ListView(_) | DataType::LargeListView(_) => Values::Nested,
            DataType::Struct(_) | DataType::Map(..) | DataType::Union(..) => Values::Nested,
            DataType::Dictionary(_, values) => Values::of_type(values),
            DataType::RunEndEncoded(..) => Values::Runs,
        }
    }

    /// As a person would name one of them.
    fn name(self) -> &'static str {
        match self {
            Values::None => "a column without values",
            Values::Boolean => "a boolean",
            Values::Integer => "an integer",
            Values::WholeDecimal | Values::Decimal => "a decimal",
            Values::Float => "a float",
            Values::Instant => "a timestamp",
            Values::Date => "a date",
            Values::TimeOfDay => "a time of day",
            Values::Span => "a span of time",
            Values::Text => "a string",
            Values::Bytes => "bytes without a mark as text",
            Values::Uuid => "a UUID",
            Values::FixedBytes => "bytes of a fixed length",
            Values::Nested => "a nested column",
            Values::Runs => "runs of values",
        }
    }
}

/// Whether ids are integers or strings. They are compared as what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// 64-bit signed integers.
    Integer,
    /// Strings, by their bytes.
    Text,
}

impl IdKind {
    /// The kind of the ids in a column; none if it has no values.
    pub fn of_column(column: &Field) -> Option<IdKind> {
        match Values::of_column(column) {
            Values::None => None,
            Values::Text | Values::Bytes | Values::Uuid => Some(IdKind::Text),
            _ => Some(IdKind::Integer),
        }
    }

    /// As messages name it.
    pub fn name(self) -> &'static str {
        match self {
            IdKind::Integer => "integer",
            IdKind::Text => "string",
        }
    }
}

/// How ids are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadIds {
    /// As 64-bit integers. A number that these do not hold becomes `too_large`, if there is one that no customer has,
    /// and is an error otherwise.
    Integers {
        /// No customer's id.
        too_large: Option<i64>,
    },
    /// As texts, numbers as their digits.
    Texts,
}

impl ReadIds {
    /// Ids of a kind.
    pub fn of_kind(kind: IdKind) -> ReadIds {
        match kind {
            IdKind::Integer => ReadIds::Integers { too_large: None },
            IdKind::Text => ReadIds::Texts,
        }
    }

    /// The kind that they are then.
    pub fn kind(self) -> IdKind {
        match self {
            ReadIds::Integers { .. } => IdKind::Integer,
            ReadIds::Texts => IdKind::Text,
        }
    }
}

/// The key and the value with which Arrow marks a column as one of UUIDs.
pub(crate) const EXTENSION: &str = "ARROW:extension:name";
pub(crate) const UUID: &str = "arrow.uuid";

fn is_uuid(column: &Field) -> bool {
    let is_16_bytes = *value_type(column.data_type()) == DataType::FixedSizeBinary(16);
    is_16_bytes && column.metadata().get(EXTENSION).is_some_and(|name| name == UUID)
}

/// The type itself, or that of the values of a dictionary.
pub(crate) fn value_type(found: &DataType) -> &DataType {
    match found {
        DataType::Dictionary(_, values) => values,
        plain => plain,
    }
}

/// A type as a person would name it, with the exact one behind it.
pub fn type_name(column: &Field) -> String {
    let plain = Values::of_column(column).name();
    match column.data_type() {
        DataType::Dictionary(..) => plain.to_owned(),
        found => format!("{plain} ({found})"),
    }
}
