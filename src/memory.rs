//! How much memory the process may use, and the scratch file for what does not fit.
//!
//! The limit is the process's, as its threads are: set once, before any work. Whoever is about to hold much asks for a
//! [`Budget`] first and writes the rest to a [`Scratch`] file. What is held and what is written depends on the limit and
//! on threads; what is computed from it never does. The one exception is announced wherever it is made: a training on more
//! rows than half of the limit holds as bytes is one on a sample (`model::sampling`).

use crate::error::{Error, Result};
use bytemuck::Pod;
use std::borrow::Cow;
use std::fs::File;
use std::marker::PhantomData;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

const KIB: u64 = 1 << 10;
/// Bytes in a mebibyte.
pub const MIB: u64 = 1 << 20;

static LIMIT: OnceLock<u64> = OnceLock::new();

/// Limits the memory of the process. Only the first call counts.
pub fn set_limit(bytes: u64) {
    // A second call finds the limit set, and leaves it.
    let _ = LIMIT.set(bytes);
}

/// The limit, in bytes.
pub fn limit() -> Option<u64> {
    LIMIT.get().copied()
}

/// The memory that the process occupies now, in bytes; 0 where the system does not tell.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * KIB
}

/// What is left below the limit, now that `reserved` bytes more are spoken for; none without a limit.
pub fn room(reserved: u64) -> Option<u64> {
    limit().map(|limit| limit.saturating_sub(resident()).saturating_sub(reserved))
}

/// Fails if the limit leaves no room for `bytes` more.
///
/// # Errors
/// [`Error::Config`] with what was found and what is needed for `what`.
pub fn require(what: &str, bytes: u64) -> Result<()> {
    let Some(limit) = limit() else { return Ok(()) };
    let needed = resident() + bytes;
    if needed <= limit {
        return Ok(());
    }
    // A little more than that, so that the next attempt does not fail by a page.
    let enough = needed + needed / 16;
    Err(Error::Config(format!(
        "the memory limit of {} is too small for {what}: {} are needed. Set --memory-limit (or CHURN_MEMORY_LIMIT) to {} or \
         more, or use fewer threads",
        display_size(limit),
        display_size(needed),
        display_size(enough),
    )))
}

/// Reads a size: plain bytes, or a number with a unit (`512MB`, `2GiB`, `1.5 GiB`).
pub fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size; write bytes or a number with a unit, for example 512MB or 2GiB");
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => KIB,
        "kb" => 1000,
        "m" | "mib" => MIB,
        "mb" => 1_000_000,
        "g" | "gib" => KIB * MIB,
        "gb" => 1_000_000_000,
        "t" | "tib" => MIB * MIB,
        "tb" => 1_000_000_000_000,
        _ => return Err(wrong()),
    };
    let bytes = match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(factor).ok_or_else(wrong)?,
        Err(_) => {
            let number: f64 = number.parse().map_err(|_| wrong())?;
            (number * factor as f64) as u64
        }
    };
    if bytes == 0 {
        return Err(wrong());
    }
    Ok(bytes)
}

/// A size as people write it, rounded up to whole mebibytes.
pub fn display_size(bytes: u64) -> String {
    format!("{}MiB", bytes.div_ceil(MIB))
}

/// Bytes that may still be held.
#[derive(Debug)]
pub struct Budget {
    /// What may be held at once; none for as much as there is.
    limit: Option<u64>,
    held: AtomicU64,
}

impl Budget {
    /// Of so many bytes, or without an end.
    pub fn of(limit: Option<u64>) -> Budget {
        Budget { limit, held: AtomicU64::new(0) }
    }

    /// Takes bytes if they are left.
    pub fn take(&self, bytes: u64) -> bool {
        let Some(limit) = self.limit else { return true };
        let more = |held: u64| held.checked_add(bytes).filter(|&sum| sum <= limit);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Takes bytes whether or not they are left, and tells whether they were.
    pub fn force(&self, bytes: u64) -> bool {
        match self.limit {
            None => true,
            Some(limit) => self.held.fetch_add(bytes, Ordering::Relaxed) + bytes <= limit,
        }
    }

    /// Whether more is held than there may be.
    pub fn exceeded(&self) -> bool {
        self.limit.is_some_and(|limit| self.held.load(Ordering::Relaxed) > limit)
    }

    /// Gives bytes back.
    pub fn give_back(&self, bytes: u64) {
        if self.limit.is_some() {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

/// A file that has no name: whatever ends the process, the disk space is free again.
#[derive(Debug)]
pub struct Scratch {
    file: File,
    folder: PathBuf,
    end: AtomicU64,
}

impl Scratch {
    /// An empty one, in the folder that `TMPDIR` names; else in `/var/tmp`, since `/tmp` often lies in memory itself.
    pub fn create() -> Result<Scratch> {
        let folder = match std::env::var_os("TMPDIR") {
            Some(folder) if !folder.is_empty() => PathBuf::from(folder),
            _ => Some(PathBuf::from("/var/tmp")).filter(|p| p.is_dir()).unwrap_or_else(std::env::temp_dir),
        };
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

/// Numbers that lie in memory, or in a scratch file where the limit leaves no room for them.
#[derive(Clone, Debug)]
pub struct Stored<T>(Place<T>);

#[derive(Clone, Debug)]
enum Place<T> {
    Held(Vec<T>),
    Spilled { scratch: Arc<Scratch>, at: u64, len: usize, of: PhantomData<T> },
}

impl<T> Default for Stored<T> {
    fn default() -> Stored<T> {
        Stored(Place::Held(Vec::new()))
    }
}

impl<T> From<Vec<T>> for Stored<T> {
    fn from(values: Vec<T>) -> Stored<T> {
        Stored(Place::Held(values))
    }
}

impl<T> FromIterator<T> for Stored<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Stored<T> {
        Stored(Place::Held(values.into_iter().collect()))
    }
}

impl<T: Pod> Stored<T> {
    /// How many.
    pub fn len(&self) -> usize {
        match &self.0 {
            Place::Held(values) => values.len(),
            Place::Spilled { len, .. } => *len,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether they lie in memory.
    pub fn is_held(&self) -> bool {
        matches!(self.0, Place::Held(_))
    }

    /// All of them: borrowed, or read into memory until they are dropped.
    ///
    /// # Errors
    /// [`Error::Temporary`] when the scratch file cannot be read.
    pub fn all(&self) -> Result<Cow<'_, [T]>> {
        self.range(0..self.len())
    }

    /// Some of them.
    ///
    /// # Errors
    /// As [`Stored::all`].
    pub fn range(&self, range: Range<usize>) -> Result<Cow<'_, [T]>> {
        match &self.0 {
            Place::Held(values) => Ok(Cow::Borrowed(&values[range])),
            Place::Spilled { scratch, at, len, .. } => {
                debug_assert!(range.end <= *len);
                let mut values = vec![T::zeroed(); range.len()];
                let from = at + (range.start * size_of::<T>()) as u64;
                scratch.read(from, bytemuck::cast_slice_mut(&mut values))?;
                Ok(Cow::Owned(values))
            }
        }
    }
}

/// Keeps numbers: in memory while its budget lasts, then in a scratch file of its own.
#[derive(Debug)]
pub struct Shelf {
    budget: Budget,
    scratch: Mutex<Option<Arc<Scratch>>>,
}

impl Shelf {
    /// Whose contents may take so many bytes of memory, or any number.
    pub fn of(limit: Option<u64>) -> Shelf {
        Shelf { budget: Budget::of(limit), scratch: Mutex::new(None) }
    }

    /// Keeps some numbers.
    ///
    /// # Errors
    /// [`Error::Temporary`] when they have to be written and the disk is full.
    pub fn put<T: Pod>(&self, values: Vec<T>) -> Result<Stored<T>> {
        if self.budget.take((values.capacity() * size_of::<T>()) as u64) {
            return Ok(values.into());
        }
        let scratch = {
            let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
            match &*scratch {
                Some(scratch) => scratch.clone(),
                None => scratch.insert(Arc::new(Scratch::create()?)).clone(),
            }
        };
        let at = scratch.append(bytemuck::cast_slice(&values))?;
        Ok(Stored(Place::Spilled { scratch, at, len: values.len(), of: PhantomData }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("1048576", 1 << 20),
            ("512MB", 512_000_000),
            ("2GiB", 2 << 30),
            ("2 gib", 2 << 30),
            ("1.5G", 3 << 29),
            ("64k", 64 << 10),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "GiB", "-1", "12 parsecs", "0", "1e30GB", "99999999999GiB"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(display_size(3 * MIB - 1), "3MiB");
    }

    #[test]
    fn a_shelf_keeps_what_it_is_given_in_memory_or_not() {
        let shelf = Shelf::of(Some(40));
        let stored: Vec<Stored<f32>> = (0..5).map(|i| shelf.put(vec![i as f32; 4 + i]).unwrap()).collect();
        assert_eq!(stored.iter().filter(|s| s.is_held()).count(), 2);
        for (i, stored) in stored.iter().enumerate() {
            assert_eq!(stored.all().unwrap().as_ref(), vec![i as f32; 4 + i]);
            assert_eq!(stored.range(1..3).unwrap().as_ref(), [i as f32; 2]);
        }
        assert!(Shelf::of(None).put(vec![1u8; 1000]).unwrap().is_held());
    }

    #[test]
    fn a_budget_has_an_end() {
        let budget = Budget::of(Some(10));
        assert!(budget.take(6) && !budget.take(6) && budget.take(4) && !budget.exceeded());
        assert!(!budget.force(1) && budget.exceeded());
        budget.give_back(7);
        assert!(!budget.exceeded() && budget.force(6));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_knows_its_size() {
        assert!(resident() > MIB);
    }
}
