//! Holds documents against the definitions in the code: a table below a marker in a document is written from them. A
//! test fails where the two differ; with `CHURN_BLESS` set it writes the document instead.

use crate::published::{Definition, Holds};
use std::path::Path;

/// The rows of a table of Markdown, the first of them its head.
pub type Rows = Vec<Vec<String>>;

/// The rows of the table of some columns. The columns of a second reason are defined as those of the first, and left
/// out.
pub fn columns_of(columns: impl IntoIterator<Item = Definition>) -> Rows {
    let mut rows = vec![["column", "type", "meaning"].map(str::to_owned).to_vec()];
    for Definition { name, holds, meaning } in columns {
        let kind = match holds {
            Holds::FolderDay | Holds::Text => "text",
            Holds::Day => "date",
            Holds::Flag => "boolean",
            Holds::Integer => "integer",
            Holds::Float => "float",
            Holds::Id => "as in the customers table",
        };
        let row = vec![format!("`{name}`"), kind.to_owned(), meaning.to_owned()];
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows
}

/// Holds a file of the repository against what it should be.
///
/// # Panics
/// When they differ and `CHURN_BLESS` is not set.
pub fn hold(path: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    if found == expected {
        return;
    }
    assert!(
        std::env::var_os("CHURN_BLESS").is_some(),
        "{path} is not what the definitions say. If they are right, write it again with\n\n    \
         CHURN_BLESS=1 cargo test --release --lib written_from\n\nIt should read:\n\n{expected}"
    );
    std::fs::write(&file, expected).unwrap();
}

/// Holds the tables of a document, each below its line `<!-- MARKER -->`, against their rows.
pub fn hold_tables(path: &str, tables: &[(&str, Rows)]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let found = std::fs::read_to_string(file).unwrap();
    let expected = tables.iter().fold(found, |text, (marker, rows)| with_table(&text, path, marker, rows));
    hold(path, &expected);
}

/// The text with the table below the marker replaced.
fn with_table(text: &str, path: &str, marker: &str, rows: &[Vec<String>]) -> String {
    let line = format!("<!-- {marker} -->\n\n");
    let (before, after) = text.split_once(&line).unwrap_or_else(|| panic!("{path} has no line `{}`", line.trim()));
    let rest: String = after.split_inclusive('\n').skip_while(|line| line.starts_with('|')).collect();

    let mut table = String::new();
    for (place, row) in rows.iter().enumerate() {
        table += &format!("| {} |\n", row.join(" | "));
        if place == 0 {
            table += &format!("|{}\n", "---|".repeat(row.len()));
        }
    }
    if !rest.is_empty() && !rest.starts_with('\n') {
        table.push('\n');
    }
    format!("{before}{line}{table}{rest}")
}

#[test]
fn a_table_below_its_marker_is_replaced() {
    let rows = [["key", "meaning"], ["`a`", "first"]].map(|row| row.map(str::to_owned).to_vec());
    let text = "# Title\n\n<!-- keys -->\n\n| old |\n|---|\n\nMore.\n";
    let expected = "# Title\n\n<!-- keys -->\n\n| key | meaning |\n|---|---|\n| `a` | first |\n\nMore.\n";
    assert_eq!(with_table(text, "x.md", "keys", &rows), expected);
    assert_eq!(with_table(expected, "x.md", "keys", &rows), expected);
}
