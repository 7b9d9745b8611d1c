//! What the configuration asks of a source's columns, and what is said when a column is not like that.

use crate::error::Error;
use arrow_schema::DataType;

/// What a column is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A customer id: an integer or a string.
    Id,
    /// A timestamp of any unit, or a date.
    Time,
    /// An integer, a float, a decimal or a boolean.
    Number,
    /// A string; integers and booleans are read as their text.
    Text,
    /// 0 or 1, of any numeric type, or a boolean.
    Label,
    /// Anything, copied as it is.
    Any,
}

impl Role {
    fn expected(self) -> &'static str {
        match self {
            Role::Id => "an integer or a string",
            Role::Time => "a timestamp or a date",
            Role::Number => "a number",
            Role::Text => "a string",
            Role::Label => "0 or 1, or a boolean",
            Role::Any => "anything",
        }
    }

    /// Whether a column of this type, or a dictionary of such values, can be read.
    pub fn accepts(self, found: &DataType) -> bool {
        use DataType::*;

        let found = value_type(found);
        let integer = found.is_integer() || matches!(found, Decimal128(_, 0) | Decimal32(_, 0) | Decimal64(_, 0));
        let text = matches!(found, Utf8 | LargeUtf8 | Utf8View);
        let decimal = matches!(found, Decimal32(..) | Decimal64(..) | Decimal128(..));
        match self {
            Role::Id => integer || text,
            Role::Time => matches!(found, Timestamp(..) | Date32 | Date64),
            Role::Number | Role::Label => integer || decimal || matches!(found, Float16 | Float32 | Float64 | Boolean),
            Role::Text => text || integer || *found == Boolean,
            Role::Any => !found.is_nested(),
        }
    }
}

/// A column that a source must (or may) have.
#[derive(Clone, Debug)]
pub struct Need {
    /// The setting that names it, for messages: `signals.logins.time`.
    pub setting: String,
    /// Its name.
    pub column: String,
    /// What it is read as.
    pub role: Role,
    /// Whether files without it are in order: their rows have null there. It must be in one file at least.
    pub optional: bool,
}

impl Need {
    /// The column that `section.key` names, which every file must have.
    pub fn required(section: &str, key: &str, column: &str, role: Role) -> Need {
        Need { setting: format!("{section}.{key}"), column: column.to_owned(), role, optional: false }
    }

    /// The column that `section.key` names, which some files may lack.
    pub fn optional(section: &str, key: &str, column: &str, role: Role) -> Need {
        Need { optional: true, ..Need::required(section, key, column, role) }
    }

    /// The problem that the column is missing in a place with these `columns`.
    pub fn missing(&self, what: &str, place: &str, columns: &[&str]) -> String {
        let Need { column, setting, .. } = self;
        let (found, nearest) = (some_of(columns), nearest(column, columns));
        format!("{what}: column `{column}` ({setting}) is missing in {place}: found the columns {found}{nearest}")
    }

    /// The problem that the column has a type, in a place, that its role does not accept.
    pub fn wrong_type(&self, what: &str, place: &str, found: &DataType) -> String {
        let Need { column, setting, role, .. } = self;
        let (found, expected) = (type_name(found), role.expected());
        format!(
            "{what}: column `{column}` ({setting}) in {place} has the wrong type: found {found}, expected {expected}"
        )
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
    /// The kind of the ids in a column of this type.
    pub fn of_type(found: &DataType) -> IdKind {
        match value_type(found) {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => IdKind::Text,
            _ => IdKind::Integer,
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

/// The type itself, or that of the values of a dictionary.
fn value_type(found: &DataType) -> &DataType {
    match found {
        DataType::Dictionary(_, values) => values,
        plain => plain,
    }
}

/// A type as a person would name it, with the exact one behind it.
pub fn type_name(found: &DataType) -> String {
    let plain = match value_type(found) {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "a string",
        DataType::Boolean => "a boolean",
        DataType::Timestamp(..) => "a timestamp",
        DataType::Date32 | DataType::Date64 => "a date",
        DataType::Float16 | DataType::Float32 | DataType::Float64 => "a float",
        found if found.is_integer() => "an integer",
        _ => return found.to_string(),
    };
    match found {
        DataType::Dictionary(..) => plain.to_owned(),
        _ => format!("{plain} ({found})"),
    }
}

/// Problems with the data as one error, a line each.
pub(crate) fn in_one(problems: &[String]) -> Error {
    Error::Contract(match problems {
        [one] => one.clone(),
        many => format!("{} problems in the data:\n  {}", many.len(), many.join("\n  ")),
    })
}

/// Names for a message, which a table of ten thousand columns must not fill.
pub(crate) fn some_of(names: &[impl AsRef<str>]) -> String {
    const MOST: usize = 40;
    let shown: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn nearest(wanted: &str, columns: &[&str]) -> String {
    columns
        .iter()
        .map(|column| (strsim::jaro_winkler(wanted, column), column))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.75)
        .map(|(_, column)| format!("; did you mean `{column}`?"))
        .unwrap_or_default()
}
