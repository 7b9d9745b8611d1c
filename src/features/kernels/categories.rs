//! Distinct categories.

use super::{Row, Span};

/// Remembers which categories the current customer and as-of date have shown, without clearing between them.
#[derive(Default)]
pub struct Seen {
    stamps: Vec<u32>,
    stamp: u32,
}

impl Seen {
    /// Room for `categories` codes.
    pub fn with_categories(categories: u32) -> Seen {
        Seen { stamps: vec![0; categories as usize], stamp: 0 }
    }

    /// Fills `{s}_categories_{w}d` from the first of consecutive columns. `codes` at and above the room are null.
    pub fn fill(&mut self, out: &mut Row<'_>, column: usize, codes: &[u32], spans: &[Span], to: usize) {
        self.stamp = match self.stamp.checked_add(1) {
            Some(next) => next,
            None => {
                self.stamps.fill(0);
                1
            }
        };
        let (mut distinct, mut end) = (0u32, to);
        for (window, span) in spans.iter().enumerate() {
            for &code in codes[span.from..end].iter().rev() {
                if let Some(stamp) = self.stamps.get_mut(code as usize) {
                    distinct += u32::from(*stamp != self.stamp);
                    *stamp = self.stamp;
                }
            }
            end = span.from;
            out.set(column + window, f64::from(distinct));
        }
    }
}
