//! The memory that the texts of a prepared table may take: its ids, levels and what is copied. How many different ones
//! there are, no footer tells.

use crate::error::{Error, Result};
use crate::memory::{display_size, Memory, MIB};
use crate::spelling;
use std::sync::atomic::{AtomicU64, Ordering};

/// Texts of so many bytes are in order under any limit.
const LEAST: u64 = MIB;

/// What to do about a column of texts that there is no room for.
#[derive(Clone, Copy, Debug)]
pub(super) enum TextColumn {
    /// Without its ids there is no table.
    Ids,
    /// A run can do without it.
    Others,
}

impl TextColumn {
    fn advice(self) -> &'static str {
        match self {
            TextColumn::Ids => "Write shorter ids, or numbers",
            TextColumn::Others => "Leave that column out (table.ignore) if it is a name rather than a level",
        }
    }
}

/// What the memory limit leaves for the texts of one reading.
pub(super) struct TextRoom {
    limit: Option<u64>,
    /// Bytes that they may take; none for as much as there is.
    most: Option<u64>,
    held: AtomicU64,
}

impl TextRoom {
    /// What is left now.
    pub fn new(memory: &Memory) -> TextRoom {
        let most = memory.room(0).map(|room| room.max(LEAST));
        TextRoom { limit: memory.limit(), most, held: AtomicU64::new(0) }
    }

    /// Enters so many bytes of texts of a column.
    ///
    /// # Errors
    /// [`Error::Config`] where the limit has no room for them.
    pub fn enter(&self, kind: TextColumn, column: &str, bytes: u64) -> Result<()> {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if self.most.is_none_or(|most| held <= most) {
            return Ok(());
        }
        Err(Error::Config(format!(
            "the memory limit of {} is too small for the texts of the prepared table: {} of them are in memory with \
             those of column {}, and there are more. {}, or set --memory-limit (or CHURN_MEMORY_LIMIT) higher",
            self.limit.map_or_else(String::new, display_size),
            display_size(held),
            spelling::named(column),
            kind.advice(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_take_no_more_than_is_left() {
        let room = TextRoom::new(&Memory::of_job(4 * MIB));
        room.enter(TextColumn::Others, "a", 3 * MIB).unwrap();
        let error = room.enter(TextColumn::Ids, "b", 2 * MIB).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("`b`"), "{error}");
        assert!(!error.to_string().contains("ignore"), "{error}");
        assert!(error.to_string().contains("5MiB of them"), "{error}");

        // Few texts are in order where other things have taken all there is.
        let memory = Memory::of_job(MIB);
        memory.enter(2 * MIB);
        TextRoom::new(&memory).enter(TextColumn::Others, "a", MIB / 2).unwrap();
        TextRoom::new(&Memory::unlimited()).enter(TextColumn::Others, "a", u64::MAX / 2).unwrap();
    }
}
