//! The files of a delivery: CSV for machines, cut where a file would be larger than its receiver takes.

use super::profiles::Form;
use crate::error::{Error, Result};
use csv::{Writer, WriterBuilder};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes records below a head into a folder: `NAME.csv`, or `NAME-001.csv` and so on if one file does not hold them.
/// Returns the names.
///
/// # Errors
/// Those of writing.
pub fn write(
    folder: &Path,
    name: &str,
    form: &Form,
    head: &[String],
    records: impl Iterator<Item = Vec<String>>,
) -> Result<Vec<String>> {
    let mut parts = Parts { folder, name, form, head, names: Vec::new(), part: None };
    parts.begin()?;
    for record in records {
        parts.add(&record)?;
    }
    parts.end()?;

    if let [only] = parts.names.as_slice() {
        let (from, to) = (folder.join(only), format!("{name}.csv"));
        fs::rename(from, folder.join(&to)).map_err(|e| Error::writing(&folder.join(&to), &e))?;
        return Ok(vec![to]);
    }
    Ok(parts.names)
}

struct Parts<'a> {
    folder: &'a Path,
    name: &'a str,
    form: &'a Form,
    head: &'a [String],
    names: Vec<String>,
    part: Option<Part>,
}

/// A file in the making.
struct Part {
    path: PathBuf,
    writer: Writer<BufWriter<File>>,
    bytes: u64,
    rows: u64,
}

impl Parts<'_> {
    fn begin(&mut self) -> Result<()> {
        let name = format!("{}-{:03}.csv", self.name, self.names.len() + 1);
        let path = self.folder.join(&name);
        let file = File::create(&path).map_err(|e| Error::writing(&path, &e))?;
        let writer = WriterBuilder::new().terminator(self.form.terminator).from_writer(BufWriter::new(file));
        let mut part = Part { path, writer, bytes: 0, rows: 0 };
        part.write(self.head)?;
        self.names.push(name);
        self.part = Some(part);
        Ok(())
    }

    fn add(&mut self, record: &[String]) -> Result<()> {
        let is_full = self.part.as_ref().is_some_and(|part| {
            part.rows >= self.form.rows || (part.rows > 0 && part.bytes + most_bytes(record) > self.form.bytes)
        });
        if is_full {
            self.end()?;
            self.begin()?;
        }
        if let Some(part) = &mut self.part {
            part.write(record)?;
            part.rows += 1;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let path = part.path;
        let failed = |e: std::io::Error| Error::writing(&path, &e);
        let mut file = part.writer.into_inner().map_err(|e| failed(e.into_error()))?;
        file.flush().map_err(failed)?;
        file.get_ref().sync_all().map_err(failed)
    }
}

impl Part {
    fn write(&mut self, record: &[String]) -> Result<()> {
        self.bytes += most_bytes(record);
        self.writer.write_record(record).map_err(|e| Error::writing(&self.path, &e.into()))
    }
}

/// The most bytes that a record becomes: every cell in quotes, quotes doubled, and two bytes for the end of the line.
fn most_bytes(record: &[String]) -> u64 {
    let cell = |cell: &String| cell.len() + cell.bytes().filter(|byte| *byte == b'"').count() + 3;
    record.iter().map(cell).sum::<usize>() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;
    use proptest::prelude::*;

    fn read(path: &Path) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn parts_hold_every_record_once_and_none_is_too_large(
            records in prop::collection::vec(prop::collection::vec("[a-z\"\n\r, ü=#]{0,12}", 3), 0..40),
            bytes in 30u64..400,
            rows in 1u64..20,
            is_salesforce in any::<bool>(),
        ) {
            let profile = if is_salesforce { Profile::Salesforce } else { Profile::HubSpot };
            let form = Form { bytes, rows, ..Form::of(profile) };
            let head = ["a", "b", "c"].map(str::to_owned);
            let folder = tempfile::tempdir().unwrap();
            let names = write(folder.path(), "crm", &form, &head, records.iter().cloned()).unwrap();

            let mut found = Vec::new();
            for name in &names {
                let path = folder.path().join(name);
                let mut part = read(&path);
                assert_eq!(part.remove(0), head);
                let size = fs::metadata(&path).unwrap().len();
                assert!(part.len() as u64 <= rows && (size <= bytes || part.len() == 1 || part.is_empty()), "{name}: {size}");
                assert!(!part.is_empty() || names.len() == 1);
                found.extend(part);
            }
            assert_eq!(found, records);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len());
            assert_eq!(names[0], if names.len() == 1 { "crm.csv" } else { "crm-001.csv" });
        }
    }

    #[test]
    fn lines_end_as_their_receiver_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let head = ["k".to_owned(), "v".to_owned()];
        let record = || std::iter::once(vec!["-12".to_owned(), "=1+1".to_owned()]);
        for (profile, expected) in [(Profile::Salesforce, "k,v\n-12,=1+1\n"), (Profile::Plain, "k,v\r\n-12,=1+1\r\n")] {
            write(folder.path(), "x", &Form::of(profile), &head, record()).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("x.csv")).unwrap(), expected);
        }
    }
}
