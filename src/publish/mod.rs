//! Publishing: one folder an as-of date, which appears whole or not at all.
//!
//! `{paths.lists}/as_of=YYYY-MM-DD/` holds the scores of every eligible customer, the list in the configured formats,
//! the manifest, and `_SUCCESS`, written last. A rerun replaces the folder in one step. `latest/risk.parquet` beside
//! these folders is replaced with the newest of them.

pub mod columns;
pub mod contributions;
pub mod details;
pub mod drivers;
pub mod features;
pub mod frame;
pub mod kpis;
pub mod latest;
pub mod list;
pub mod manifest;
pub mod parts;
pub mod previous;
pub mod report;
pub mod runs;
pub mod split;
pub mod workbook;

use crate::calendar::Day;
use crate::digest::DigestWriter;
use crate::error::{Error, Result};
use crate::files::{self, Lock, Unfinished};
use columns::{Columns, Csv};
use manifest::{Manifest, OutputFile};
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The folder of an as-of date.
pub fn folder(lists: &Path, as_of: Day) -> PathBuf {
    lists.join(format!("as_of={as_of}"))
}

/// A run's folder in the making, under the lock of the lists. Dropped without [`Staged::publish`], it leaves nothing.
pub struct Staged {
    lock: Lock,
    folder: tempfile::TempDir,
    target: PathBuf,
    files: Vec<OutputFile>,
}

impl Staged {
    /// Takes the lock, clears what killed runs left behind, and begins a folder.
    pub fn begin(lists: &Path, as_of: Day, unfinished: &Unfinished) -> Result<Staged> {
        let lock = Lock::take(lists)?;
        lock.clear_leftovers()?;
        let folder = unfinished.folder(lists, ".staged-")?;
        Ok(Staged { lock, folder, target: self::folder(lists, as_of), files: Vec::new() })
    }

    /// Writes a data file of so many rows as Parquet, part by part.
    pub fn parquet<'a>(
        &mut self,
        name: &str,
        rows: usize,
        part: impl Fn(Range<usize>) -> Result<Columns<'a>> + Sync,
    ) -> Result<()> {
        self.write(name, rows, |path, out| columns::write_parquet(path, out, rows, part))
    }

    /// Writes a data file of so many rows as a folder of Parquet files, of which each has the rows of one row group.
    ///
    /// # Errors
    /// Those of writing, and what `part` fails with.
    pub fn parquet_parts<'a>(
        &mut self,
        name: &str,
        rows: usize,
        part: impl Fn(Range<usize>) -> Result<Columns<'a>> + Sync,
    ) -> Result<()> {
        self.create_folder(name)?;
        for (number, some) in columns::file_parts(rows).enumerate() {
            let of_part = |rows: Range<usize>| part(some.start + rows.start..some.start + rows.end);
            self.parquet(&format!("{name}/{}", parts::name(number)), some.len(), of_part)?;
        }
        Ok(())
    }

    /// Writes a data file of so many rows as CSV, part by part.
    pub fn csv<'a>(
        &mut self,
        name: &str,
        rows: usize,
        csv: Csv,
        part: impl Fn(Range<usize>) -> Result<Columns<'a>>,
    ) -> Result<()> {
        self.write(name, rows, |path, out| columns::write_csv(path, out, rows, csv, part))
    }

    fn write(
        &mut self,
        name: &str,
        rows: usize,
        write: impl FnOnce(&Path, &mut DigestWriter<File>) -> Result<()>,
    ) -> Result<()> {
        let path = self.folder.path().join(name);
        let failed = |e: std::io::Error| Error::writing(&path, &e);
        let mut out = DigestWriter::new(File::create(&path).map_err(failed)?);
        write(&path, &mut out)?;
        let written = out.finish();
        written.inner.sync_all().map_err(failed)?;
        let (bytes, sha256) = (written.bytes, written.sha256);
        self.files.push(OutputFile { name: name.to_owned(), rows: rows as u64, bytes, sha256 });
        Ok(())
    }

    /// Makes a folder for some of the files.
    pub fn create_folder(&self, name: &str) -> Result<()> {
        files::create_folder(&self.folder.path().join(name))
    }

    /// Writes a file that is made already; `rows` says of how many customers it tells.
    pub fn bytes(&mut self, name: &str, rows: usize, bytes: &[u8]) -> Result<()> {
        self.write(name, rows, |path, out| out.write_all(bytes).map_err(|e| Error::writing(path, &e)))
    }

    /// The folder as it is so far.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data files so far.
    pub fn files(&self) -> &[OutputFile] {
        &self.files
    }

    /// Writes the manifest and `_SUCCESS`, and puts the folder in its place, and then the newest risks in theirs.
    pub fn publish(self, manifest: &Manifest, latest: Option<latest::Staged>) -> Result<Placed> {
        write_manifest(self.folder.path(), manifest)?;
        files::write_atomically(&self.folder.path().join("_SUCCESS"), b"")?;
        files::publish_folder(self.folder, &self.target)?;
        Ok(Placed { _lock: self.lock, folder: self.target, stale: latest.and_then(|latest| latest.put().err()) })
    }
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<()> {
    let text = serde_json::to_string_pretty(manifest).map_err(|e| Error::Internal(e.to_string()))?;
    files::write_atomically(&folder.join("manifest.json"), (text + "\n").as_bytes())
}

/// What has been put in its place, still under the lock of the lists.
pub struct Placed {
    _lock: Lock,
    /// The run's folder.
    pub folder: PathBuf,
    /// Why the newest risks are still those of before.
    pub stale: Option<Error>,
}

impl Placed {
    /// Writes the manifest once more, with what has become known since.
    ///
    /// # Errors
    /// Those of writing; then the manifest is that of before.
    pub fn amend(&self, manifest: &Manifest) -> Result<()> {
        write_manifest(&self.folder, manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranks<'a>(rows: Range<usize>) -> Result<Columns<'a>> {
        let mut table = Columns::for_rows(rows);
        table.integers("rank", |row| Some(row as i64 + 1));
        Ok(table)
    }

    #[test]
    fn the_manifest_hears_of_the_bytes_that_are_there() {
        let lists = tempfile::tempdir().unwrap();
        let mut staged = Staged::begin(lists.path(), Day(0), &Unfinished::default()).unwrap();
        staged.csv("t.csv", 2, Csv::Machine, ranks).unwrap();
        staged.parquet("t.parquet", 3, ranks).unwrap();
        let [csv, parquet] = staged.files() else { panic!("{:?}", staged.files()) };
        assert_eq!((csv.rows, csv.bytes, parquet.rows), (2, 12, 3));
        assert_eq!(csv.sha256, crate::digest::sha256("rank\r\n1\r\n2\r\n"));
        let bytes = std::fs::read(staged.folder.path().join("t.parquet")).unwrap();
        let mut out = DigestWriter::new(Vec::new());
        out.write_all(&bytes).unwrap();
        let written = out.finish();
        assert_eq!((written.sha256, written.bytes), (parquet.sha256.clone(), parquet.bytes));
    }

    #[test]
    fn parts_hold_the_rows_of_one_file() {
        let lists = tempfile::tempdir().unwrap();
        let mut staged = Staged::begin(lists.path(), Day(0), &Unfinished::default()).unwrap();
        for (rows, expected) in [(0, vec![0]), (1, vec![1]), (131_072, vec![131_072]), (131_075, vec![131_072, 3])] {
            let (file, folder) = (format!("{rows}.parquet"), format!("{rows}_parts.parquet"));
            let before = staged.files().len() + 1;
            staged.parquet(&file, rows, ranks).unwrap();
            staged.parquet_parts(&folder, rows, ranks).unwrap();
            let parts = &staged.files()[before..];
            let told: Vec<u64> = parts.iter().map(|part| part.rows).collect();
            assert_eq!(told, expected.iter().map(|&rows| rows as u64).collect::<Vec<u64>>());
            assert_eq!(parts[0].name, format!("{folder}/part-00000.parquet"));
            if let [whole] = parts {
                assert_eq!(whole.sha256, staged.files()[before - 1].sha256);
            }

            let [file, folder] = [file, folder].map(|name| staged.folder().join(name));
            let [one, other] = [&file, &folder].map(|path| frame::read(path, &["rank"]).unwrap());
            assert!(one.equals(&other) && other.height() == rows);
            assert_eq!(frame::columns_of(&folder).unwrap(), ["rank"]);
            for some in [1, 131_072, 131_073] {
                let first = frame::read_first(&folder, &["rank"], Some(some)).unwrap();
                assert!(first.equals(&one.head(Some(some))), "{some} of {rows}");
            }
            let [one, other] = [&file, &folder].map(|path| report::Table::read(path).unwrap());
            assert_eq!((other.rows(), other.names().collect::<Vec<_>>()), (rows, vec!["rank"]));
            let ranks = |table: &report::Table| -> Vec<Option<f64>> {
                (0..rows).map(|row| table.column("rank").unwrap().number(row)).collect()
            };
            assert_eq!(ranks(&one), ranks(&other));
        }
    }

    #[test]
    fn a_folder_that_is_gone_is_named() {
        let lists = tempfile::tempdir().unwrap();
        let mut staged = Staged::begin(lists.path(), Day(0), &Unfinished::default()).unwrap();
        std::fs::remove_dir(staged.folder.path()).unwrap();
        for error in [
            staged.parquet("t.parquet", 3, ranks).unwrap_err(),
            staged.csv("t.csv", 3, Csv::Machine, ranks).unwrap_err(),
        ] {
            let path = staged.folder.path().to_string_lossy();
            assert!(error.exit_code() == 2 && error.to_string().contains(&*path), "{error}");
        }
    }
}
