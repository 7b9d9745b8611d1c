//! A table that has been made for a model already: a row for each customer, a label, and no times.

use super::candidate::{Candidate, Column, Holds};
use super::names::{has_word, is_gone, words};
use super::written::{list, one_line, quoted};
use std::fmt::Write;

const LABELS: &[&str] = &["label", "target", "exited", "left", "attrited"];
/// Columns that are filled in when the answer is known.
const TOLD_AFTERWARDS: &[&str] = &["reason", "prediction", "predicted", "predictions", "truth"];

/// A prepared table, as far as it is one.
pub(super) struct Prepared<'a> {
    table: &'a Candidate,
    label: &'a Column,
    id: Option<&'a Column>,
}

impl<'a> Prepared<'a> {
    /// The table as a prepared one, if it has a label.
    pub fn find(table: &'a Candidate) -> Option<Prepared<'a>> {
        let named = |column: &&Column| is_gone(&column.name) || has_word(&column.name, LABELS);
        let label = table.columns.iter().filter(named).find(|column| is_answer(column))?;
        let id = table.id(None).or_else(|| {
            let alone = |column: &&Column| words(&column.name).last().is_some_and(|word| word == "id");
            table.those(Column::is_id).find(alone)
        });
        Some(Prepared { table, label, id })
    }

    pub fn table(&self) -> &'a Candidate {
        self.table
    }

    /// What is missing to train from it.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.id.is_none() {
            missing.push(format!(
                "{} has no column with the customer's id, which every row of a prepared table needs: add one, for \
                 example the number of the row, and name it as [table] id",
                self.table.name
            ));
        }
        if self.label.is_text() {
            missing.push(format!(
                "the label `{}` holds texts ({}); write 1 for those who churned and 0 for the others",
                self.label.name,
                self.label.levels().unwrap_or_default().join(", ")
            ));
        }
        missing
    }

    /// Writes the section.
    pub fn write(&self, text: &mut String) {
        let path = one_line(&self.table.path.display().to_string());
        let _ = writeln!(text, "# A prepared feature table: `churn train --features {path}`\n[table]");
        match self.id {
            Some(id) => {
                let _ = writeln!(text, "id = {}  # guessed: from its name", quoted(&id.name));
            }
            None => *text += "# Missing: the column of the customer's id.\n#id = \"customer_id\"\n",
        }
        let _ = writeln!(text, "label = {}  # guessed: from its name, and it has two values", quoted(&self.label.name));
        if let Some(as_of) = self.table.those(Column::is_time).find(|column| words(&column.name) == ["as", "of"]) {
            let _ = writeln!(text, "as_of = {}  # guessed: from its name", quoted(&as_of.name));
        }
        if let Some(fold) = self.table.column("fold") {
            let _ = writeln!(text, "fold = {}  # guessed: from its name", quoted(&fold.name));
        }

        let ignored: Vec<String> = self.ignored().into_iter().map(|column| column.name.clone()).collect();
        *text += "# Columns that the model must not see, because they are known only afterwards, or tell rows apart.\n";
        if ignored.is_empty() {
            *text += "#ignore = []\n";
        } else {
            let _ = writeln!(text, "ignore = {}  # guessed: from their names and values", list(&ignored));
        }
    }

    fn ignored(&self) -> Vec<&'a Column> {
        let roles = [Some(&self.label.name), self.id.map(|id| &id.name)];
        let is_role = |column: &Column| {
            roles.contains(&Some(&column.name)) || column.name == "fold" || words(&column.name) == ["as", "of"]
        };
        let tells_rows_apart = |column: &Column| {
            column.is_text()
                && column.levels().is_none()
                && 2 * column.profile.values.len() as u64 > column.profile.filled()
        };
        let is_ignored = |column: &&Column| {
            let told_afterwards = is_gone(&column.name) || has_word(&column.name, TOLD_AFTERWARDS);
            !is_role(column) && (column.is_index || told_afterwards || tells_rows_apart(column) || column.is_time())
        };
        self.table.columns.iter().filter(is_ignored).collect()
    }
}

/// Whether a column has two values that say yes and no.
fn is_answer(column: &Column) -> bool {
    let levels = column.profile.levels(2).unwrap_or_default();
    let pairs = [["0", "1"], ["false", "true"], ["no", "yes"], ["n", "y"], ["f", "t"]];
    let mut lower: Vec<String> = levels.iter().map(|level| level.to_lowercase()).collect();
    lower.sort();
    !matches!(column.holds, Holds::Time | Holds::Epoch(_)) && pairs.iter().any(|pair| lower == *pair)
}
