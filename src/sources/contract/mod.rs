//! What the configuration asks of a source's columns, and what is said when a column is not like that.

use crate::error::Error;
use arrow_schema::{DataType, Schema};
use hashbrown::HashMap;

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
    /// Whether files, or record batches, without it are in order: their rows have null there. It must be in one at least.
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

    /// The problem that a place has two columns of that name.
    pub fn twice(&self, what: &str, place: &str) -> String {
        let Need { column, setting, .. } = self;
        format!(
            "{what}: column `{column}` ({setting}) is more than once in {place}: found several columns of that name, \
             expected one; rename the others, or leave them out"
        )
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

/// A place that holds columns: a file, or record batches of one schema.
pub(crate) struct Holder<'a> {
    /// As messages name it.
    name: String,
    /// How many others are just like it.
    alike: usize,
    columns: Vec<&'a str>,
    /// The type of each column, and how many columns have its name.
    types: HashMap<&'a str, (&'a DataType, usize)>,
    /// The columns that folders hold instead.
    folders: &'a [(String, Option<String>)],
}

impl<'a> Holder<'a> {
    /// A place with the columns of this schema and of these folders, and so many others just like it.
    pub fn new(name: String, alike: usize, schema: &'a Schema, folders: &'a [(String, Option<String>)]) -> Holder<'a> {
        let mut types: HashMap<&str, (&DataType, usize)> = HashMap::with_capacity(schema.fields().len());
        for field in schema.fields() {
            types.entry(field.name()).or_insert((field.data_type(), 0)).1 += 1;
        }
        let columns = schema.fields().iter().map(|field| field.name().as_str()).collect();
        Holder { name, alike, columns, types, folders }
    }

    fn and_more(&self, more: usize) -> String {
        match more {
            0 => self.name.clone(),
            more => format!("{} and {more} more", self.name),
        }
    }
}

/// Holds every place against the needs. Problems are appended to `problems`, a line each. Returned is the kind of the ids.
pub(crate) fn hold_against(what: &str, holders: &[Holder<'_>], needs: &[Need], problems: &mut Vec<String>) -> IdKind {
    let mut ids: Option<(IdKind, &Holder<'_>)> = None;
    for need in needs {
        let mut present = false;
        let mut missing: Vec<&Holder<'_>> = Vec::new();

        for holder in holders {
            let Some(&(found, count)) = holder.types.get(need.column.as_str()) else {
                if need.role != Role::Id && holder.folders.iter().any(|(name, _)| *name == need.column) {
                    present = true;
                } else {
                    missing.push(holder);
                }
                continue;
            };

            present = true;
            if count > 1 {
                problems.push(need.twice(what, &holder.and_more(holder.alike)));
            } else if !need.role.accepts(found) {
                problems.push(need.wrong_type(what, &holder.and_more(holder.alike), found));
            } else if need.role == Role::Id {
                let kind = IdKind::of_type(found);
                match ids {
                    None => ids = Some((kind, holder)),
                    Some((first, other)) if first != kind => problems.push(format!(
                        "{what}: the ids in column `{}` are {}s in {} but {}s in {}; write them as one type",
                        need.column,
                        first.name(),
                        other.name,
                        kind.name(),
                        holder.name,
                    )),
                    Some(_) => {}
                }
            }
        }

        if let (Some(first), true) = (missing.first(), !need.optional || !present) {
            let more = missing.iter().map(|holder| holder.alike + 1).sum::<usize>() - 1;
            problems.push(need.missing(what, &first.and_more(more), &first.columns));
        }
    }
    ids.map_or(IdKind::Integer, |(kind, _)| kind)
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
pub(crate) fn value_type(found: &DataType) -> &DataType {
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
