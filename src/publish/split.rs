//! `by_{column}/`: the list once more for each value of a column, so that everybody has a list of their own. It is
//! made from the published list, and the same list gives the same bytes.

use super::columns::{Columns, Csv};
use super::report::Table;
use super::workbook;
use super::Staged;
use crate::calendar::Day;
use crate::digest::sha256;
use crate::error::Result;
use crate::language::Texts;
use std::collections::{BTreeMap, BTreeSet};

/// The name of the file for customers without a value. No value is called so.
const NONE: &str = "_without_value";
/// The most characters and bytes of a name that a value keeps.
const MOST_CHARACTERS: usize = 60;
const MOST_BYTES: usize = 150;
/// The digits of a digest that tell two values apart.
const DIGITS: usize = 12;

/// What is written for each value.
pub struct Split<'a> {
    /// The column.
    pub column: &'a str,
    /// The value of each listed customer, in rank order.
    pub values: Vec<Option<String>>,
    /// The date.
    pub as_of: Day,
    /// Whether, and how, as CSV.
    pub csv: Option<Csv>,
    /// Whether as a workbook, and in which language.
    pub workbook: Option<&'a Texts>,
}

impl Split<'_> {
    /// Writes the files into the run's folder.
    ///
    /// # Errors
    /// Those of writing.
    pub fn stage(&self, staged: &mut Staged, list: &Table) -> Result<()> {
        let mut rows: BTreeMap<Option<&str>, Vec<u32>> = BTreeMap::new();
        for (row, value) in (0u32..).zip(&self.values) {
            rows.entry(value.as_deref()).or_default().push(row);
        }
        let values: Vec<Option<&str>> = rows.keys().copied().collect();
        let folder = format!("by_{}", &names(&[Some(self.column)])[0]);
        staged.create_folder(&folder)?;

        for (name, rows) in names(&values).into_iter().zip(rows.values()) {
            let part = list.part(rows)?;
            let columns = part.to_copied();
            let table = |places| {
                let mut table = Columns::for_rows(places);
                columns.iter().for_each(|column| table.copied(column));
                Ok(table)
            };
            if let Some(csv) = self.csv {
                staged.csv(&format!("{folder}/{name}.csv"), rows.len(), csv, table)?;
            }
            if let Some(texts) = self.workbook {
                let bytes = workbook::of_list(self.as_of, &part, texts)?;
                staged.bytes(&format!("{folder}/{name}.xlsx"), rows.len(), &bytes)?;
            }
        }
        Ok(())
    }
}

/// A name for each of these distinct values which every file system takes and no two of them share, also where
/// capitals are not told apart: the value itself if it can be one, or else what can be kept of it and a digest.
fn names(values: &[Option<&str>]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut shared = BTreeSet::new();
    for value in values.iter().flatten() {
        if !seen.insert(folded(value)) {
            shared.insert(folded(value));
        }
    }

    let name = |value: &Option<&str>, digits: usize| match value {
        None => NONE.to_owned(),
        Some(value) if is_name(value) && !shared.contains(&folded(value)) => (*value).to_owned(),
        Some(value) => format!("{}-{}", kept(value), &sha256(value)[..digits]),
    };
    let short: Vec<String> = values.iter().map(|value| name(value, DIGITS)).collect();
    let distinct: BTreeSet<String> = short.iter().map(|name| folded(name)).collect();
    if distinct.len() == short.len() {
        return short;
    }
    // Somebody has looked for values whose digests begin alike.
    values.iter().map(|value| name(value, 2 * 32)).collect()
}

/// A text in which what a file system may take for the same is the same.
fn folded(value: &str) -> String {
    value.to_uppercase().to_lowercase()
}

/// Whether a value can be a name as it is.
fn is_name(value: &str) -> bool {
    let is_short = value.len() <= MOST_BYTES && value.chars().count() <= MOST_CHARACTERS;
    let ends_in_digest = value
        .rsplit_once('-')
        .is_some_and(|(_, end)| [DIGITS, 64].contains(&end.len()) && end.chars().all(|c| c.is_ascii_hexdigit()));
    is_short && kept(value) == value && !value.starts_with(['_', '-']) && !ends_in_digest && !is_reserved(value)
}

/// What can be kept of a value: letters and digits of any language and some marks, the rest as `_`.
fn kept(value: &str) -> String {
    let is_kept = |c: char| (c.is_alphanumeric() && is_one(c)) || matches!(c, '-' | '_' | '.' | ' ' | '@');
    let mut name = String::new();
    for c in value.chars().take(MOST_CHARACTERS) {
        let c = if is_kept(c) { c } else { '_' };
        if name.len() + c.len_utf8() > MOST_BYTES {
            break;
        }
        name.push(c);
    }
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() {
        "value".to_owned()
    } else {
        name.to_owned()
    }
}

/// Whether a letter is written in one way only: some file systems take a syllable and its parts for the same, or two
/// letters that Unicode keeps apart for the sake of older character sets alone.
fn is_one(c: char) -> bool {
    let is_part_or_twin = matches!(
        c,
        '\u{0300}'..='\u{036f}' | '\u{1100}'..='\u{11ff}' | '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}'
    );
    !is_part_or_twin
}

/// Whether Windows takes a name for that of a device, whatever follows its first dot.
fn is_reserved(value: &str) -> bool {
    let stem = value.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let is_numbered = |head: &str| {
        stem.strip_prefix(head)
            .is_some_and(|rest| rest.chars().count() == 1 && rest.chars().all(|c| "0123456789¹²³".contains(c)))
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || is_numbered("COM")
        || is_numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_keeps_its_name_where_it_can() {
        let plain = ["alice", "Bob Meyer", "carol@example.com", "Müller", "田中", "team-7", "a.b"];
        assert_eq!(names(&plain.map(Some)), plain);
        assert_eq!(names(&[None]), [NONE]);
        for hostile in [
            "",
            ".",
            "..",
            "../../etc/passwd",
            "a/b",
            "a\\b",
            "a\0b",
            "CON",
            "com1.txt",
            "nul ",
            "x.",
            " x",
            "-rf",
            "_without_value",
            "a:b",
            "a*?",
            "u\u{308}",
            "\u{202e}gpj",
            "alice-0123456789ab",
            &"é".repeat(300),
        ] {
            let name = &names(&[Some(hostile)])[0];
            assert!(name.ends_with(&format!("-{}", &sha256(hostile)[..DIGITS])), "{hostile:?}: {name}");
            assert!(name.len() <= MOST_BYTES + 1 + DIGITS && !name.contains(['/', '\\', '\0', ':']), "{name}");
        }
        let both = names(&[Some("Alice"), Some("alice"), Some("bob")]);
        assert!(both[0].starts_with("Alice-") && both[1].starts_with("alice-") && both[2] == "bob");
    }

    proptest! {
        #[test]
        fn no_two_values_share_a_file(values in prop::collection::btree_set(prop::option::of(".{0,80}|[aA./ -]{0,3}"), 0..30)) {
            let values: Vec<Option<&str>> = values.iter().map(|value| value.as_deref()).collect();
            let found = names(&values);
            let distinct: BTreeSet<String> = found.iter().map(|name| folded(name)).collect();
            assert_eq!(distinct.len(), values.len(), "{found:?}");
            let folder = tempfile::tempdir().unwrap();
            for name in &found {
                let path = folder.path().join(format!("{name}.csv"));
                assert_eq!(path.parent(), Some(folder.path()));
                std::fs::write(&path, "").unwrap();
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), values.len());
        }
    }
}
