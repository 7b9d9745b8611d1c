//! The scratch file.

use super::Memory;
use crate::error::{Error, Result};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(unix))]
use std::sync::{Mutex, PoisonError};

/// A file that has no name: whatever ends the process, the disk space is free again.
#[derive(Debug)]
pub struct Scratch {
    file: File,
    folder: PathBuf,
    end: AtomicU64,
}

impl Scratch {
    /// An empty one, in the folder that the memory names for it.
    ///
    /// # Errors
    /// [`Error::Config`] when the folder cannot be written to; [`Error::Temporary`] on a full disk.
    pub fn create(memory: &Memory) -> Result<Scratch> {
        let folder = memory.scratch_folder().to_owned();
        let file = tempfile::tempfile_in(&folder).map_err(|e| trouble(&folder, &e))?;
        Ok(Scratch { file, folder, end: AtomicU64::new(0) })
    }

    /// Writes at the end, and tells where.
    ///
    /// # Errors
    /// [`Error::Temporary`] on a full disk.
    pub fn append(&self, bytes: &[u8]) -> Result<u64> {
        let at = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        write_at(&self.file, bytes, at).map_err(|e| trouble(&self.folder, &e))?;
        Ok(at)
    }

    /// Reads what was written.
    pub fn read(&self, at: u64, into: &mut [u8]) -> Result<()> {
        read_at(&self.file, into, at).map_err(|e| {
            Error::Temporary(format!("cannot read the scratch file in {}: {e}; retry", self.folder.display()))
        })
    }

    /// Bytes written.
    pub fn bytes(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }
}

fn trouble(folder: &Path, error: &std::io::Error) -> Error {
    let said = Error::writing(&folder.join("the scratch file of --memory-limit"), error);
    let advice = "TMPDIR names another folder for it";
    match said {
        Error::Config(text) => Error::Config(format!("{text}; {advice}")),
        Error::Temporary(text) => Error::Temporary(format!("{text}; {advice}")),
        other => other,
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(not(unix))]
static CURSOR: Mutex<()> = Mutex::new(());

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], at: u64) -> std::io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    let _turn = CURSOR.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, into: &mut [u8], at: u64) -> std::io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    let _turn = CURSOR.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(into)
}
