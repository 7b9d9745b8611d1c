//! Distinct categories.

use super::Row;

/// Remembers which categories the current customer and as-of date have shown, without clearing between them.
#[derive(Default)]
pub struct Categories {
    stamps: Vec<u32>,
    stamp: u32,
}

impl Categories {
    /// Room for `categories` codes.
    pub fn new(categories: u32) -> Categories {
        Categories { stamps: vec![0; categories as usize], stamp: 0 }
    }

    /// Fills `{s}_categories_{w}d` from the first of consecutive columns. `codes` at and above the room are null; `..to` of
    /// them lie before the as-of date, and each window begins at the place of its entry in `from`.
    pub fn fill(&mut self, out: &mut Row<'_>, column: usize, codes: &[u32], from: &[usize], to: usize) {
        self.stamp = match self.stamp.checked_add(1) {
            Some(next) => next,
            None => {
                self.stamps.fill(0);
                1
            }
        };
        let (mut distinct, mut end) = (0u32, to);
        for (window, &from) in from.iter().enumerate() {
            for &code in codes[from..end].iter().rev() {
                if let Some(stamp) = self.stamps.get_mut(code as usize) {
                    distinct += u32::from(*stamp != self.stamp);
                    *stamp = self.stamp;
                }
            }
            end = from;
            out.set(column + window, f64::from(distinct));
        }
    }
}
