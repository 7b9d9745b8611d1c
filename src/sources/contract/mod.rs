//! What the configuration asks of a source's columns, and what is said when a column is not like that.

pub(crate) mod convert;
mod types;

pub use types::{type_name, IdKind, ReadIds, Role};
pub(crate) use types::{Form, Values, Verdict, EXTENSION, UUID};

use crate::config::EpochUnit;
use crate::error::Error;
use crate::sources::copied::kinds::CopyType;
use crate::spelling::{did_you_mean, named, some_of};
use arrow_schema::{Field, Schema};
use hashbrown::HashMap;

/// A column that a source must (or may) have.
#[derive(Clone, Debug)]
pub struct Need {
    /// The setting that names it, for messages: `signals.logins.time`.
    pub setting: String,
    /// Its name.
    pub column: String,
    /// What it is read as.
    pub role: Role,
    /// Whether files, or record batches, without it are in order: their rows have null there. It must be in one at
    /// least.
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
        let nearest = did_you_mean(column, columns).map_or_else(String::new, |question| format!("; {question}"));
        let (name, found) = (named(column), some_of(columns));
        format!("{what}: column {name} ({setting}) is missing in {place}: found the columns {found}{nearest}")
    }

    /// The problem that a place has two columns of that name.
    pub fn twice(&self, what: &str, place: &str) -> String {
        let Need { column, setting, .. } = self;
        format!(
            "{what}: column `{column}` ({setting}) is more than once in {place}: found several columns of that name, \
             expected one; rename the others, or leave them out"
        )
    }

    /// The problem that no type holds what the column holds in each of the places.
    fn without_common_copy(&self, what: &str, holders: &[Holder<'_>]) -> Option<String> {
        let Need { column, setting, .. } = self;
        let mut found: Vec<(&Field, &Holder<'_>)> = Vec::new();
        for holder in holders {
            let own = holder.fields.get(column.as_str()).map(|(own, _)| *own);
            let is_new = |own: &&Field| found.iter().all(|(known, _)| known.data_type() != own.data_type());
            found.extend(own.filter(is_new).map(|own| (own, holder)));
        }

        let kinds: Option<Vec<CopyType>> = found.iter().map(|(own, _)| CopyType::of_field(own).ok()).collect();
        if CopyType::common(&kinds?).is_some() {
            return None;
        }
        let types: Vec<String> =
            found.iter().map(|(own, holder)| format!("{} in {}", type_name(own), holder.name)).collect();
        Some(format!(
            "{what}: column `{column}` ({setting}) has types that no one type holds exactly: {}; write it as text in \
             all files",
            types.join(", ")
        ))
    }

    /// The problem that the column has a type, in a place, from which its role cannot be read.
    pub fn wrong_type(&self, what: &str, place: &str, found: &Field) -> String {
        let Need { column, setting, role, .. } = self;
        let (expected, name) = (role.expected(), type_name(found));
        let remedy = match role.verdict(found) {
            Verdict::Refused(remedy) => format!("; {remedy}"),
            Verdict::Read(_) => String::new(),
        };
        format!(
            "{what}: column `{column}` ({setting}) in {place} has the wrong type: found {name}, expected \
             {expected}{remedy}"
        )
    }
}

/// The greatest value of a column of integers, by its name.
type Greatest<'a> = Box<dyn Fn(&str) -> Option<i64> + 'a>;

/// A place that holds columns: a file, or record batches of one schema.
pub(crate) struct Holder<'a> {
    /// As messages name it.
    name: String,
    /// How many others are just like it.
    alike: usize,
    columns: Vec<&'a str>,
    /// Each column, and how many have its name.
    fields: HashMap<&'a str, (&'a Field, usize)>,
    /// The columns that folders hold instead.
    folders: &'a [(String, Option<String>)],
    /// The greatest value of a column of integers, if it is known.
    greatest: Greatest<'a>,
}

impl<'a> Holder<'a> {
    /// A place with the columns of this schema and of these folders, and so many others just like it.
    pub fn new(name: String, alike: usize, schema: &'a Schema, folders: &'a [(String, Option<String>)]) -> Holder<'a> {
        let mut fields: HashMap<&str, (&Field, usize)> = HashMap::with_capacity(schema.fields().len());
        for field in schema.fields() {
            fields.entry(field.name()).or_insert((field, 0)).1 += 1;
        }
        let columns = schema.fields().iter().map(|field| field.name().as_str()).collect();
        Holder { name, alike, columns, fields, folders, greatest: Box::new(|_| None) }
    }

    /// With what is known of its integers.
    pub fn with_greatest(self, greatest: impl Fn(&str) -> Option<i64> + 'a) -> Holder<'a> {
        Holder { greatest: Box::new(greatest), ..self }
    }

    /// What a column of numbers looks like that should hold times.
    fn epoch_advice(&self, column: &str) -> String {
        match (self.greatest)(column).and_then(EpochUnit::likely) {
            Some(unit) => format!(" (the values look like {}: `time_unit = \"{}\"`)", unit.word(), unit.word()),
            None => String::new(),
        }
    }

    fn and_more(&self, more: usize) -> String {
        match more {
            0 => self.name.clone(),
            more => format!("{} and {more} more", self.name),
        }
    }
}

/// Holds every place against the needs. Problems are appended to `problems`, a line each. Returned is the kind of the
/// ids; none where no place has any.
pub(crate) fn hold_against(
    what: &str,
    holders: &[Holder<'_>],
    needs: &[Need],
    problems: &mut Vec<String>,
) -> Option<IdKind> {
    let mut ids: Option<(IdKind, &Holder<'_>)> = None;
    for need in needs {
        let mut present = false;
        let mut missing: Vec<&Holder<'_>> = Vec::new();

        for holder in holders {
            let Some(&(found, count)) = holder.fields.get(need.column.as_str()) else {
                if holder.folders.iter().any(|(name, _)| *name == need.column) {
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
                let mut problem = need.wrong_type(what, &holder.and_more(holder.alike), found);
                if need.role == Role::Time {
                    problem.push_str(&holder.epoch_advice(&need.column));
                }
                problems.push(problem);
            } else if let (Role::Id, Some(kind)) = (need.role, IdKind::of_column(found)) {
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

        if need.role == Role::Any {
            problems.extend(need.without_common_copy(what, holders));
        }
        if let (Some(first), true) = (missing.first(), !need.optional || !present) {
            let more = missing.iter().map(|holder| holder.alike + 1).sum::<usize>() - 1;
            problems.push(need.missing(what, &first.and_more(more), &first.columns));
        }
    }
    ids.map(|(kind, _)| kind)
}

/// Problems with the data as one error, a line each.
pub(crate) fn in_one(problems: &[String]) -> Error {
    Error::Contract(match problems {
        [one] => one.clone(),
        many => format!("{} problems in the data:\n  {}", many.len(), many.join("\n  ")),
    })
}
