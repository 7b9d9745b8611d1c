//! How the rows of a batch are packed: wide, or with id, time and code in one word.
//!
//! Signals are written in the order of time as a rule, so that a batch spans hours or days: seconds from its first take
//! few bits, as do what tells an id from the others of its partition and the code of a category. Whatever does not fit
//! together is packed wide, batch by batch.

use super::row_layout::RowLayout;

/// How the rows of a batch are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Packing {
    /// As [`RowLayout`] says: the id, then the words that put a customer's rows in order.
    #[default]
    Wide,
    /// A packed key, then those of these words that are not in it.
    Compact(KeyLayout),
}

/// Where in a packed key, which is one word, the parts of a row lie: from the lowest bit up the rest of its id, its
/// last code where rows have codes, and its second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyLayout {
    /// The second that the others count from.
    first: u32,
    rest_bits: u32,
    code_bits: u32,
}

impl KeyLayout {
    /// One for ids whose rests have so many bits, codes below `codes`, and, to begin with, rows of these seconds; none
    /// if they do not fit.
    pub fn fitting(rest_bits: u32, codes: u32, (low, high): (u32, u32)) -> Option<KeyLayout> {
        let code_bits = code_bits(codes);
        if rest_bits + code_bits >= u32::BITS {
            return None;
        }
        let most = u32::MAX >> (rest_bits + code_bits);
        // Rows that follow may be a little earlier too.
        let spare = most.checked_sub(high.checked_sub(low)?)?;
        Some(KeyLayout { first: low.saturating_sub(spare / 4), rest_bits, code_bits })
    }

    /// Whether rows of such codes and seconds fit as well.
    pub fn fits(&self, codes: u32, (low, high): (u32, u32)) -> bool {
        let most = u32::MAX >> (self.rest_bits + self.code_bits);
        code_bits(codes) <= self.code_bits && low >= self.first && high - self.first <= most
    }

    /// The packed key of a row.
    #[inline]
    pub fn pack(&self, rest: u32, code: u32, second: u32) -> u32 {
        // Null, the greatest code, becomes 0.
        let code = code.wrapping_add(1);
        rest | code << self.rest_bits | second.wrapping_sub(self.first) << (self.rest_bits + self.code_bits)
    }

    #[inline]
    pub fn rest(&self, key: u32) -> u32 {
        key & !(u32::MAX << self.rest_bits)
    }

    #[inline]
    pub fn code(&self, key: u32) -> u32 {
        (key >> self.rest_bits & !(u32::MAX << self.code_bits)).wrapping_sub(1)
    }

    #[inline]
    pub fn second(&self, key: u32) -> u32 {
        self.first + (key >> (self.rest_bits + self.code_bits))
    }

    /// A row without its id, from what it is packed into; `CODED` tells whether there is a code in the key.
    #[inline]
    pub fn ordered<const ORDERED: usize, const CODED: bool>(&self, packed: &[u32]) -> [u32; ORDERED] {
        std::array::from_fn(|word| match word {
            0 => self.second(packed[0]),
            _ if CODED && word + 1 == ORDERED => self.code(packed[0]),
            _ => packed[word],
        })
    }
}

/// Bits for codes below `codes`, and for null; none where there are no codes.
fn code_bits(codes: u32) -> u32 {
    u32::BITS - codes.leading_zeros()
}

impl Packing {
    /// Words of a row.
    pub fn words(&self, layout: &RowLayout) -> usize {
        match self {
            Packing::Wide => layout.words(),
            Packing::Compact(_) => layout.compact_words(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_fits_comes_back(
            rest_bits in 0u32..16,
            codes in 0u32..70,
            first in any::<u32>(),
            span in 0u32..200_000,
            later in 0u32..200_000,
        ) {
            let seconds = (first, first.saturating_add(span));
            let Some(keys) = KeyLayout::fitting(rest_bits, codes, seconds) else {
                let room = 1u64 << (32 - rest_bits - code_bits(codes));
                prop_assert!(u64::from(seconds.1 - seconds.0) >= room);
                return Ok(());
            };

            prop_assert!(keys.fits(codes, seconds));
            prop_assert!(!keys.fits(2 * codes + 1, seconds));
            let follow = seconds.1.saturating_add(later);
            let far = u64::from(follow - keys.first) >= 1 << (32 - rest_bits - keys.code_bits);
            prop_assert_eq!(keys.fits(codes, (first, follow)), !far);

            for second in [seconds.0, seconds.1] {
                let rest = !(u32::MAX << rest_bits);
                for code in (0..codes).chain([u32::MAX]) {
                    let key = keys.pack(rest, code, second);
                    prop_assert_eq!((keys.rest(key), keys.code(key), keys.second(key)), (rest, code, second));
                }
            }
        }
    }
}
