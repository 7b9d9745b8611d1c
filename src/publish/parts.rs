//! A table as a folder of parts: how a run whose rows an engine has made has the scores of everybody. Each part is a
//! file of its own with the rows of a row group, and their names have the order of the rows.

use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// The name of a part in the folder of its table.
pub fn name(number: usize) -> String {
    format!("part-{number:05}.parquet")
}

/// The files of a published table in the order of their rows: the table itself where it is one file, or its parts.
///
/// # Errors
/// When the table is not there, or when a folder has no parts, or lacks one before its last.
pub fn files(table: &Path) -> Result<Vec<PathBuf>> {
    if !table.metadata()?.is_dir() {
        return Ok(vec![table.to_owned()]);
    }

    let mut names = Vec::new();
    for entry in table.read_dir()? {
        names.extend(entry?.file_name().into_string().ok().filter(|name| is_part(name)));
    }
    names.sort_unstable();
    let lacks = (0..names.len().max(1)).map(name).find(|name| names.binary_search(name).is_err());
    if let Some(lacks) = lacks {
        return Err(Error::new(ErrorKind::NotFound, format!("the folder lacks {lacks}")));
    }
    Ok(names.iter().map(|name| table.join(name)).collect())
}

/// Whether a file is a part: others may lie beside them, such as the checksums that Hadoop writes.
fn is_part(name: &str) -> bool {
    name.starts_with("part-") && name.ends_with(".parquet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_their_order_and_one_that_is_gone_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let said = |table: &Path| files(table).unwrap_err().to_string();
        assert_eq!(said(folder.path()), "the folder lacks part-00000.parquet");
        for number in [2, 0, 1, 10, 3, 4, 5, 6, 7, 8, 9] {
            std::fs::write(folder.path().join(name(number)), "").unwrap();
        }
        std::fs::write(folder.path().join(".part-00000.parquet.crc"), "").unwrap();
        let expected: Vec<PathBuf> = (0..11).map(|number| folder.path().join(name(number))).collect();
        assert_eq!(files(folder.path()).unwrap(), expected);
        assert_eq!(files(&expected[3]).unwrap(), &expected[3..4]);

        std::fs::remove_file(&expected[1]).unwrap();
        assert_eq!(said(folder.path()), "the folder lacks part-00001.parquet");
        assert_eq!(files(&expected[1]).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
