//! How much memory a job may use, and the scratch file for what does not fit.
//!
//! A [`Memory`] is handed to whatever is about to hold much. It knows the limit, what is held already, and the pieces
//! of memory that can be used again. Whoever holds much asks for a [`Budget`] first and writes the rest to a
//! [`Scratch`] file. What is held and what is written depends on the limit and on threads; what is computed from it
//! never does. The one exception is announced wherever it is made: a training on more rows than the limit leaves
//! room for as bytes is one on a sample (`model::sampling`).

mod arena;
mod pages;
mod scratch;

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

pub use arena::{Arena, Stored};
pub use pages::Pages;
pub use scratch::Scratch;

const KIB: u64 = 1 << 10;
/// Bytes in a mebibyte.
pub const MIB: u64 = 1 << 20;

/// What a job may hold in memory. Clones are the same memory: they share its limit, its account, and its pieces.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Bytes that may be held.
    limit: Option<u64>,
    held: Held,
    /// Where the scratch file goes.
    scratch_folder: PathBuf,
    /// Pieces that nobody uses.
    free: pages::Pool,
}

/// How it is known what is held.
#[derive(Debug)]
enum Held {
    /// The system is asked what the whole process occupies.
    ByTheProcess,
    /// The job keeps an account of its large holdings, in bytes.
    ByTheJob(AtomicU64),
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::unlimited()
    }
}

impl Memory {
    /// As much as there is.
    pub fn unlimited() -> Memory {
        Memory::new(None, Held::ByTheJob(AtomicU64::new(0)))
    }

    /// At most so many bytes for a job among others in its process: what the others hold does not count.
    pub fn of_job(limit: u64) -> Memory {
        Memory::new(Some(limit), Held::ByTheJob(AtomicU64::new(0)))
    }

    /// At most so many bytes for the whole process, whose only job this is.
    pub fn of_process(limit: u64) -> Memory {
        Memory::new(Some(limit), Held::ByTheProcess)
    }

    fn new(limit: Option<u64>, held: Held) -> Memory {
        // `/tmp` often lies in memory itself.
        let disk = Some(PathBuf::from("/var/tmp")).filter(|folder| folder.is_dir());
        let scratch_folder = disk.unwrap_or_else(std::env::temp_dir);
        Memory(Arc::new(Shared { limit, held, scratch_folder, free: pages::Pool::default() }))
    }

    /// The same limit with the scratch file in this folder; by default it is `/var/tmp`.
    #[must_use]
    pub fn with_scratch_folder(self, folder: PathBuf) -> Memory {
        let held = match self.0.held {
            Held::ByTheProcess => Held::ByTheProcess,
            Held::ByTheJob(_) => Held::ByTheJob(AtomicU64::new(0)),
        };
        let Shared { limit, .. } = *self.0;
        Memory(Arc::new(Shared { limit, held, scratch_folder: folder, free: pages::Pool::default() }))
    }

    /// The limit, in bytes.
    pub fn limit(&self) -> Option<u64> {
        self.0.limit
    }

    /// What is held now, in bytes.
    fn held(&self) -> u64 {
        match &self.0.held {
            Held::ByTheProcess => resident(),
            Held::ByTheJob(account) => account.load(Ordering::Relaxed),
        }
    }

    /// Puts bytes on the account that are held as long as the job runs.
    pub fn enter(&self, bytes: u64) {
        if let Held::ByTheJob(account) = &self.0.held {
            account.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Takes bytes off the account.
    fn leave(&self, bytes: u64) {
        if let Held::ByTheJob(account) = &self.0.held {
            account.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// What is left below the limit, now that `reserved` bytes more are spoken for; none without a limit.
    pub fn room(&self, reserved: u64) -> Option<u64> {
        self.limit().map(|limit| limit.saturating_sub(self.held()).saturating_sub(reserved))
    }

    /// Fails if the limit leaves no room for `bytes` more.
    ///
    /// # Errors
    /// [`Error::Config`] with what was found and what is needed for `what`.
    pub fn require(&self, what: &str, bytes: u64) -> Result<()> {
        let Some(limit) = self.limit() else { return Ok(()) };
        let needed = self.held() + bytes;
        if needed <= limit {
            return Ok(());
        }
        // A little more than that, so that the next attempt does not fail by a page: what the program itself occupies
        // at a given step varies by some hundred kilobytes.
        let enough = needed + needed / 16 + 2 * MIB;
        Err(Error::Config(format!(
            "the memory limit of {} is too small for {what}: {} are needed. Set --memory-limit (or CHURN_MEMORY_LIMIT) \
             to {} or more, or use fewer threads",
            display_size(limit),
            display_size(needed),
            display_size(enough),
        )))
    }

    /// A share of it: so many bytes, or as much as there is.
    pub fn budget(&self, limit: Option<u64>) -> Budget {
        Budget { memory: self.clone(), limit, held: AtomicU64::new(0) }
    }

    /// The folder of the scratch file.
    fn scratch_folder(&self) -> &Path {
        &self.0.scratch_folder
    }
}

/// The memory that the process occupies now, in bytes; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * KIB
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

/// A share of a memory: bytes of it that may be held for one purpose.
#[derive(Debug)]
pub struct Budget {
    memory: Memory,
    /// What may be held at once; none for as much as there is.
    limit: Option<u64>,
    held: AtomicU64,
}

impl Budget {
    /// The memory that it is a share of.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What may be held at once, in bytes; none for as much as there is.
    pub fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// The same share, less some bytes.
    #[must_use]
    pub fn less(self, bytes: u64) -> Budget {
        Budget { limit: self.limit.map(|limit| limit.saturating_sub(bytes)), ..self }
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
    fn a_budget_has_an_end() {
        let budget = Memory::unlimited().budget(Some(10));
        assert!(budget.take(6) && !budget.take(6) && budget.take(4) && !budget.exceeded());
        assert!(!budget.force(1) && budget.exceeded());
        budget.give_back(7);
        assert!(!budget.exceeded() && budget.force(6));
    }

    #[test]
    fn a_job_counts_what_it_holds_itself() {
        let (small, large) = (Memory::of_job(10 * MIB), Memory::of_job(100 * MIB));
        large.enter(60 * MIB);
        assert_eq!((small.room(MIB), large.room(MIB)), (Some(9 * MIB), Some(39 * MIB)));
        assert!(small.require("much", 9 * MIB).is_ok() && large.require("more", 50 * MIB).is_err());
        assert!(Memory::unlimited().room(MIB).is_none());

        let pages = Pages::new(&small, 4 * MIB as usize);
        assert_eq!(small.clone().room(0), Some(6 * MIB));
        drop(pages);
        let stored = Arena::new(small.budget(Some(2 * MIB))).put(&vec![0u8; MIB as usize]).unwrap();
        let copy = stored.clone();
        assert_eq!(small.room(0), Some(8 * MIB));
        drop((stored, copy));
        assert_eq!(small.room(0), Some(10 * MIB));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_knows_its_size() {
        assert!(resident() > MIB);
    }
}
