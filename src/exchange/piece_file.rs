//! Pieces in a file that a task writes itself, where all tasks see its folder: then the engine shuffles *places*, each
//! of which tells where a piece lies, and no row crosses it.
//!
//! ```text
//! magic 4 | JSON: the file, where the piece begins in it, and how many bytes it has
//! ```
//!
//! A file that no place tells of, as a task leaves it that failed, counts for nothing.

use super::table_file::create;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The first bytes of a place, which no piece begins with.
const MAGIC: [u8; 4] = *b"CHXF";

/// Where a piece lies.
#[derive(Serialize, Deserialize)]
struct Place {
    file: PathBuf,
    start: u64,
    bytes: u64,
}

/// The file of a task, from its first piece on.
pub(super) struct PieceFile {
    folder: PathBuf,
    /// What the name of the file begins with.
    stem: String,
    begun: Option<Begun>,
}

struct Begun {
    path: PathBuf,
    writer: BufWriter<File>,
    written: u64,
}

impl PieceFile {
    /// A file in a folder for the pieces of a table.
    pub fn new(folder: &Path, table: usize) -> PieceFile {
        // Tasks of one machine need not try each other's names; those of several may have to.
        let stem = format!("table-{table}-{}", std::process::id());
        PieceFile { folder: folder.to_owned(), stem, begun: None }
    }

    /// Adds a piece, and returns its place.
    ///
    /// # Errors
    /// Those of writing.
    pub fn add(&mut self, piece: &[u8]) -> Result<Vec<u8>> {
        let begun = match &mut self.begun {
            Some(begun) => begun,
            none => {
                // A task need not run in the folder in which its place is read.
                let folder = std::path::absolute(&self.folder).map_err(|e| Error::writing(&self.folder, &e))?;
                let (name, file) = create(&folder, |attempt| format!("{}-{attempt}.pieces", self.stem))?;
                none.insert(Begun { path: folder.join(name), writer: BufWriter::new(file), written: 0 })
            }
        };
        begun.writer.write_all(piece).map_err(|e| Error::writing(&begun.path, &e))?;

        let place = Place { file: begun.path.clone(), start: begun.written, bytes: piece.len() as u64 };
        begun.written += place.bytes;
        let mut bytes = MAGIC.to_vec();
        serde_json::to_writer(&mut bytes, &place).map_err(|e| {
            Error::Config(format!("the path {} cannot be told to the tasks of an engine: {e}", begun.path.display()))
        })?;
        Ok(bytes)
    }

    /// Ends the file, which others can read then.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(self) -> Result<()> {
        let Some(Begun { path, mut writer, .. }) = self.begun else { return Ok(()) };
        writer.flush().map_err(|e| Error::writing(&path, &e))
    }
}

/// The bytes of a piece, given these or its place.
///
/// # Errors
/// [`Error::Temporary`] for a place at which no piece lies.
pub(super) fn piece_of(given: &[u8]) -> Result<Cow<'_, [u8]>> {
    let Some(place) = given.strip_prefix(&MAGIC) else { return Ok(Cow::Borrowed(given)) };
    let place: Place = serde_json::from_slice(place).map_err(|e| {
        Error::Temporary(format!("the place of a piece came out of the shuffle damaged: {e}; run again"))
    })?;
    place.read().map(Cow::Owned)
}

impl Place {
    fn read(&self) -> Result<Vec<u8>> {
        let unread = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::UnexpectedEof => Error::Temporary(format!(
                "{}: a piece of rows that a task has written is not there: {error}. The file is gone, or this machine \
                 does not see its folder. Run again with an empty staging folder; where not all machines see it, let \
                 the engine hand over the rows (--scan spark)",
                self.file.display()
            )),
            _ => Error::reading(&self.file, &error),
        };
        let mut file = File::open(&self.file).map_err(unread)?;
        let is_whole = file.metadata().map_err(unread)?.len() >= self.start.saturating_add(self.bytes);
        if !is_whole {
            return Err(unread(ErrorKind::UnexpectedEof.into()));
        }
        file.seek(SeekFrom::Start(self.start)).map_err(unread)?;
        let mut bytes = vec![0; self.bytes as usize];
        file.read_exact(&mut bytes).map_err(unread)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_where_their_places_say() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = [PieceFile::new(folder.path(), 2), PieceFile::new(folder.path(), 2)];
        let places: Vec<Vec<u8>> =
            ["ab", "", "cde"].iter().map(|piece| files[0].add(piece.as_bytes()).unwrap()).collect();
        let other = files[1].add(b"xyz").unwrap();
        files.into_iter().try_for_each(PieceFile::finish).unwrap();

        let read: Vec<Vec<u8>> = places.iter().map(|place| piece_of(place).unwrap().into_owned()).collect();
        assert_eq!(read, [b"ab".to_vec(), Vec::new(), b"cde".to_vec()]);
        assert_eq!(*piece_of(&other).unwrap(), *b"xyz");
        assert_eq!(*piece_of(b"CHXP...").unwrap(), *b"CHXP...");
    }

    #[test]
    fn a_place_without_its_piece_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = PieceFile::new(folder.path(), 2);
        let place = file.add(b"abc").unwrap();
        let told = |place: &[u8]| match piece_of(place) {
            Err(Error::Temporary(message)) => message,
            other => panic!("{other:?}"),
        };
        // Nothing of the file is on disk yet.
        assert!(told(&place).contains("is not there"));
        file.finish().unwrap();
        assert!(piece_of(&place).is_ok());
        assert!(told(&place[..place.len() - 1]).contains("damaged"));

        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(told(&place).contains("empty staging folder"));
    }

    #[test]
    fn a_file_without_a_piece_is_none() {
        let folder = tempfile::tempdir().unwrap();
        PieceFile::new(folder.path(), 2).finish().unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
