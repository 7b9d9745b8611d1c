//! The index that pandas writes as columns: numbers of rows, which say nothing about a customer.

use super::OpenFile;
use hashbrown::HashSet;

/// The key under which pandas describes its columns.
pub(crate) const DESCRIPTION: &str = "pandas";

/// The columns of a file that are pandas' index.
pub(crate) fn index_columns_of(file: &OpenFile) -> HashSet<String> {
    let footer = file.metadata.metadata().file_metadata().key_value_metadata();
    let description = footer.into_iter().flatten().find(|pair| pair.key == DESCRIPTION);
    index_columns(file.columns(), description.and_then(|pair| pair.value.as_deref()))
}

/// Those of the columns that are pandas' index, by its description of them or by their names.
pub(crate) fn index_columns<'a>(
    columns: impl IntoIterator<Item = &'a str>,
    description: Option<&str>,
) -> HashSet<String> {
    let named = description.map(described).unwrap_or_default();
    let is_index = |column: &&str| is_nameless_index(column) || named.iter().any(|name| name == column);
    columns.into_iter().filter(is_index).map(str::to_owned).collect()
}

/// The index columns that a description by pandas names. An index that is a mere range has no column.
fn described(description: &str) -> Vec<String> {
    let Ok(description) = serde_json::from_str::<serde_json::Value>(description) else { return Vec::new() };
    let columns = description.get("index_columns").and_then(|columns| columns.as_array()).cloned().unwrap_or_default();
    columns.iter().filter_map(|column| column.as_str().map(str::to_owned)).collect()
}

/// Whether a column is called as pandas calls an index that has no name: `__index_level_0__`, or `Unnamed: 0` where one
/// came through a CSV file.
fn is_nameless_index(column: &str) -> bool {
    let level = column.strip_prefix("__index_level_").and_then(|rest| rest.strip_suffix("__"));
    let unnamed = column.strip_prefix("Unnamed: ");
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    level.or(unnamed).is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(columns: &[&str], description: &str) -> Vec<String> {
        let mut found: Vec<String> = index_columns(columns.iter().copied(), Some(description)).into_iter().collect();
        found.sort();
        found
    }

    #[test]
    fn an_index_is_known_by_its_name_or_by_its_description() {
        let columns =
            ["id", "__index_level_0__", "__index_level_x__", "Unnamed: 0", "Unnamed: 0.1", "row", "Unnamed: x"];
        let nameless = ["Unnamed: 0", "Unnamed: 0.1", "__index_level_0__"];
        assert_eq!(found(&columns, "not JSON"), nameless);
        assert_eq!(found(&columns, r#"{"index_columns": [{"kind": "range"}]}"#), nameless);
        assert_eq!(found(&columns[..1], r#"{"index_columns": ["row", "id"]}"#), ["id"]);
        assert_eq!(found(&["row"], r#"{"index_columns": ["row"]}"#), ["row"]);
        assert!(index_columns(["row"], None).is_empty());
    }
}
