//! Panics inside the decoder. A file with a few bytes overwritten can lead it anywhere, and an index out of bounds
//! there says something about the file, not about this program.

use std::cell::Cell;
use std::panic::{catch_unwind, AssertUnwindSafe};

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside the decoder, where a panic is no bug to be reported.
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Runs a part of the decoder; a panic in it becomes an error with what it said.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = DECODING.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    DECODING.set(before);

    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        text.unwrap_or("the decoder cannot make sense of it").lines().next().unwrap_or_default().to_owned()
    })
}
