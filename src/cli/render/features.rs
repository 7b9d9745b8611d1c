//! A written feature table.

use super::{count, population_line};
use crate::jobs::features::Written;

/// After `features`.
pub fn written(table: &Written) -> String {
    let mut text =
        format!("Wrote {} rows of {} features to {}\n", count(table.rows as u64), table.features, table.file.display());
    for date in &table.as_of {
        text += &population_line(date.as_of, date.rows, &date.excluded);
    }
    text
}
