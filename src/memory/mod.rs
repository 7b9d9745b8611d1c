//! How much memory the process may use, and the scratch file for what does not fit.
//!
//! The limit is the process's, as its threads are: set once, before any work. Whoever is about to hold much asks for a
//! [`Budget`] first and writes the rest to a [`Scratch`] file. What is held and what is written depends on the limit and
//! on threads; what is computed from it never does. The one exception is announced wherever it is made: a training on more
//! rows than half of the limit holds as bytes is one on a sample (`model::sampling`).

mod pages;
mod scratch;
mod shelf;

use crate::error::{Error, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

pub use pages::Pages;
pub use scratch::Scratch;
pub use shelf::{Shelf, Stored};

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
    // A little more than that, so that the next attempt does not fail by a page: what the program itself occupies at a
    // given step varies by some hundred kilobytes.
    let enough = needed + needed / 16 + 2 * MIB;
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

    /// Whether there is an end.
    pub fn is_limited(&self) -> bool {
        self.limit.is_some()
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
