//! Tables that appear whole or not at all.

use crate::digest::DigestWriter;
use crate::error::{Error, Result};
use crate::files::{self, Unfinished};
use crate::publish::columns::{write_parquet, Columns};
use crate::publish::manifest::OutputFile;
use std::fs::File;
use std::ops::Range;
use std::path::Path;

/// The name of a table in a folder of its own.
pub(super) const PART: &str = "part.parquet";

/// Writes a table of so many rows into a folder of its own, in the place of the one before.
pub(super) fn replace_part<'a>(
    folder: &Path,
    unfinished: &Unfinished,
    rows: usize,
    part: impl Fn(Range<usize>) -> Result<Columns<'a>> + Sync,
) -> Result<OutputFile> {
    let parent = folder.parent().unwrap_or(folder);
    files::create_folder(parent)?;
    let staged = unfinished.folder(parent, ".staged-")?;
    let file = write(&staged.path().join(PART), rows, part)?;
    files::publish_folder(staged, folder)?;
    Ok(file)
}

/// Writes a table of so many rows in the place of the one before.
pub(super) fn replace<'a>(
    path: &Path,
    unfinished: &Unfinished,
    rows: usize,
    part: impl Fn(Range<usize>) -> Result<Columns<'a>> + Sync,
) -> Result<OutputFile> {
    let name = path.file_name().unwrap_or_default();
    let staged = unfinished.folder(path.parent().unwrap_or(path), ".staged-")?;
    let beside = staged.path().join(name);
    let file = write(&beside, rows, part)?;
    std::fs::rename(&beside, path).map_err(|e| Error::writing(path, &e))?;
    Ok(file)
}

fn write<'a>(
    path: &Path,
    rows: usize,
    part: impl Fn(Range<usize>) -> Result<Columns<'a>> + Sync,
) -> Result<OutputFile> {
    let failed = |e: std::io::Error| Error::writing(path, &e);
    let mut out = DigestWriter::new(File::create(path).map_err(failed)?);
    write_parquet(path, &mut out, rows, part)?;
    let written = out.finish();
    written.inner.sync_all().map_err(failed)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(OutputFile { name, rows: rows as u64, bytes: written.bytes, sha256: written.sha256 })
}

/// The digest of a file; none if it cannot be read.
pub(super) fn sha256_of(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mut out = DigestWriter::new(std::io::sink());
    std::io::copy(&mut file, &mut out).ok()?;
    Some(out.finish().sha256)
}
