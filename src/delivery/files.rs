//! A delivery of kind csv: files that another system loads, in the order of their dates.

use super::outcome::Outcome;
use super::parts;
use super::profiles::Form;
use super::record::{self, Comparison, Entry, Record, Version};
use super::run::PublishedList;
use crate::config::Delivery;
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::files::{self, Lock, Unfinished};
use crate::numeric::to_thousandths;
use crate::publish::folder;
use crate::published::{Column, Holds, LIST};
use std::collections::HashSet;
use std::path::Path;

/// The customers of a list as they are delivered.
struct Customers {
    keys: Vec<String>,
    values: Vec<Vec<Option<String>>>,
    /// Who has no key, or one that a customer before them has.
    without_key: usize,
}

/// Writes the files of a list into `{path}/as_of=DATE/`, which appears whole or not at all.
///
/// # Errors
/// [`Error::Contract`] for a list without a column that is delivered, and for a damaged record; [`Error::Locked`] while
/// somebody else delivers to the same place; those of writing.
pub fn deliver(name: &str, delivery: &Delivery, list: &PublishedList, unfinished: &Unfinished) -> Result<Outcome> {
    let path = delivery.path.as_deref().ok_or_else(|| Error::Internal(format!("delivery {name} has no path")))?;
    let columns = Columns::new(delivery);
    let customers = customers(list, delivery, &columns)?;
    let lock = Lock::take(&path.join(record::FOLDER))?;
    lock.clear_leftovers()?;
    files::clear_abandoned(path);

    let identity = identity(delivery, list)?;
    let record = Record::read(path)?;
    if let Some(newest) = record.as_ref().map(Record::as_of).filter(|&newest| newest > list.as_of) {
        return Ok(Outcome::Older { newest });
    }
    let before = match record {
        // Keys of another kind cannot be cleared by this one.
        Some(record) if record.key() != columns.key => {
            return Err(Error::Config(format!(
                "the key of the last delivery was `{}` and is `{}` now, so nobody who has left the list could be \
                 cleared. Deliver to another folder, or move {} away to begin again",
                record.key(),
                columns.key,
                path.join(record::FOLDER).display()
            )));
        }
        Some(record) => record.before(list.as_of, &identity),
        None => Vec::new(),
    };
    let digests: Vec<String> = customers.values.iter().map(|values| columns.digest(values)).collect();
    let now = Version::new(identity, &customers.keys, &digests)?;
    let comparison = now.compared_with(&before)?;

    let entry = Entry { folder: path, as_of: list.as_of, key: columns.key, before: &before, now: &now };
    entry.write(false)?;
    let staged = unfinished.folder(path, ".staged-")?;
    let written = write(staged.path(), name, delivery, &columns, &customers, &comparison)?;
    files::publish_folder(staged, &folder(path, list.as_of))?;
    entry.write(true)?;
    Ok(Outcome::Written {
        folder: folder(path, list.as_of),
        files: written.files,
        customers: written.customers,
        cleared: comparison.left.len(),
        unchanged: customers.keys.len() - written.customers,
        without_key: customers.without_key,
    })
}

/// What two deliveries of the same bytes have in common.
fn identity(delivery: &Delivery, list: &PublishedList) -> Result<String> {
    let how = (delivery.profile, &delivery.key, &delivery.columns, delivery.changed_only, delivery.control);
    let how = serde_json::to_string(&how).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(sha256(&format!("{} {how}", list.sha256)))
}

/// The columns of the files.
struct Columns<'a> {
    /// The head of the key's column, which is the first.
    key: &'a str,
    /// The others: head and list column.
    others: Vec<(&'a str, &'a str)>,
}

impl<'a> Columns<'a> {
    fn new(delivery: &'a Delivery) -> Columns<'a> {
        let pairs = delivery.columns.0.iter().map(|(head, column)| (head.as_str(), column.as_str()));
        let (keys, others): (Vec<_>, Vec<_>) = pairs.partition(|(_, column)| *column == delivery.key);
        Columns { key: keys.first().map_or(delivery.key.as_str(), |(head, _)| *head), others }
    }

    fn heads(&self) -> Vec<String> {
        std::iter::once(self.key).chain(self.others.iter().map(|(head, _)| *head)).map(str::to_owned).collect()
    }

    /// The digest of a customer's values, in which their columns count: a column more or less is a change.
    fn digest(&self, values: &[Option<String>]) -> String {
        let named: Vec<(&str, &Option<String>)> = self.others.iter().map(|(head, _)| *head).zip(values).collect();
        // Texts and nulls can always be written.
        sha256(&serde_json::to_string(&named).unwrap_or_default())
    }
}

fn customers(list: &PublishedList, delivery: &Delivery, columns: &Columns<'_>) -> Result<Customers> {
    let key = list.table.column(&delivery.key)?;
    let cells = columns.others.iter().map(|(_, column)| Ok((*column, list.table.column(column)?)));
    let cells = cells.collect::<Result<Vec<_>>>()?;
    let mut customers = Customers { keys: Vec::new(), values: Vec::new(), without_key: 0 };
    let mut seen = HashSet::new();

    for row in list.rows(delivery.control)? {
        let key = key.text(row).filter(|key| !key.trim().is_empty());
        let Some(key) = key.filter(|key| seen.insert(key.clone())) else {
            customers.without_key += 1;
            continue;
        };
        let value = |(column, cells): &(&str, crate::publish::report::Cells<'_>)| match cells.number(row) {
            Some(number) if is_rounded(column) => Some(to_thousandths(number).to_string()),
            _ => cells.text(row).filter(|text| !text.is_empty()),
        };
        customers.keys.push(key);
        customers.values.push(cells.iter().map(value).collect());
    }
    Ok(customers)
}

/// Whether a column is delivered to three digits, so that it changes when it says something else: what the model
/// computes.
fn is_rounded(column: &str) -> bool {
    let is_computed = |known: &Column| known.definition().holds == Holds::Float && *known != Column::ValueAtRisk;
    LIST.iter().any(|known| known.name() == column && is_computed(known))
}

struct Written {
    files: Vec<String>,
    customers: usize,
}

fn write(
    staged: &Path,
    name: &str,
    delivery: &Delivery,
    columns: &Columns<'_>,
    customers: &Customers,
    comparison: &Comparison,
) -> Result<Written> {
    let form = Form::of(delivery.profile);
    let is_written = |row: &usize| !delivery.changed_only || !comparison.is_known[*row];
    let rows: Vec<usize> = (0..customers.keys.len()).filter(is_written).collect();
    let record = |row: &usize| {
        let values = customers.values[*row].iter().map(|value| value.clone().unwrap_or(form.none.to_owned()));
        std::iter::once(customers.keys[*row].clone()).chain(values).collect::<Vec<String>>()
    };
    let cleared = |key: &String| {
        let nothing = std::iter::repeat_n(form.none.to_owned(), columns.others.len());
        std::iter::once(key.clone()).chain(nothing).collect::<Vec<String>>()
    };

    let records = rows.iter().map(record).chain(comparison.left.iter().map(cleared));
    let files = parts::write(staged, name, &form, &columns.heads(), records)?;
    Ok(Written { files, customers: rows.len() })
}
