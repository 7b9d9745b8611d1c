//! The rows of a task as a file of the feature table, where the task writes it itself: then they do not cross the
//! engine. A file counts once the engine has taken the report of its task, and no other does.

use crate::error::{Error, Result};
use crate::publish::features::PartWriter;
use crate::sources::RecordBatch;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a task has written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// The name of the file in its folder.
    pub file: String,
    /// The first of its buckets.
    pub bucket: u32,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

/// The file of a task, from its first bucket on.
pub(super) struct TableFile {
    folder: PathBuf,
    begun: Option<Begun>,
}

struct Begun {
    name: String,
    bucket: u32,
    writer: PartWriter,
}

impl TableFile {
    /// A file in a folder.
    pub fn new(folder: &Path) -> TableFile {
        TableFile { folder: folder.to_owned(), begun: None }
    }

    /// Adds the rows of a bucket.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&mut self, bucket: u32, rows: &RecordBatch) -> Result<()> {
        let begun = match &mut self.begun {
            Some(begun) => begun,
            none => {
                let (name, file) = create(&self.folder, |attempt| format!("part-{bucket:05}-{attempt}.parquet"))?;
                let writer = PartWriter::new(&self.folder.join(&name), file, rows.schema())?;
                none.insert(Begun { name, bucket, writer })
            }
        };
        begun.writer.write(rows)
    }

    /// Ends the file and tells of it; none of a task without a bucket.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(self) -> Result<Option<FileReport>> {
        let Some(Begun { name, bucket, writer }) = self.begun else { return Ok(None) };
        let rows = writer.rows();
        Ok(Some(FileReport { file: name, bucket, rows, bytes: writer.close()? }))
    }
}

/// A new file, by the first name that is free. Another attempt at the same task may have left one, or be writing it
/// still.
pub(super) fn create(folder: &Path, name: impl Fn(u32) -> String) -> Result<(String, File)> {
    let mut attempt = 0;
    loop {
        let name = name(attempt);
        let path = folder.join(&name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((name, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => attempt += 1,
            Err(error) => return Err(Error::writing(&path, &error)),
        }
    }
}
