//! String ids that are numbers in disguise: some letters that all have in common, then digits, as in `C00000042` or
//! `user-7`. These are worked on as the integers that they spell.

use crate::parallel;
use crate::sources::customers::ids::Ids;
use arrow_array::StringViewArray;
use std::ops::Range;

/// The most digits: any number of so many is below 2⁶³.
const MOST_DIGITS: usize = 18;
/// Stands for the number of a text that spells none: below those of all customers.
const NO_NUMBER: i64 = -1;

/// How string ids spell numbers. No number has two spellings, so that ids are equal where their numbers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Numbering {
    /// What they have in common.
    prefix: Vec<u8>,
    /// How many digits follow; where their number differs, as many as it takes, without zeros in front.
    digits: Option<usize>,
}

impl Numbering {
    /// How some of the ids, `is_known`, are numbered, if all of them are alike.
    pub fn detect(ids: &Ids, is_known: impl Fn(usize) -> bool + Sync) -> Option<Numbering> {
        let id = |index| ids.text(index).as_bytes();
        let first = id((0..ids.len()).find(|&index| is_known(index))?);
        let all = |holds: &(dyn Fn(&[u8]) -> bool + Sync)| {
            let in_block = |mut rows: Range<usize>| rows.all(|index| !is_known(index) || holds(id(index)));
            parallel::map(parallel::blocks(ids.len()), in_block).into_iter().all(|held| held)
        };
        let prefix = first.len() - first.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let same_length = all(&|id| id.len() == first.len());
        let digits = same_length.then(|| first.len() - prefix);
        let numbering = Numbering { prefix: first[..prefix].to_vec(), digits };
        all(&|id| numbering.number(id).is_some()).then_some(numbering)
    }

    /// Fills `out` with the number of each row's id; what that of a null is has no meaning.
    pub fn read(&self, texts: &StringViewArray, out: &mut Vec<i64>) {
        out.clear();
        out.extend(texts.bytes_iter().map(|id| self.number(id).unwrap_or(NO_NUMBER)));
    }

    /// The number that an id spells, from 0 to 10¹⁸.
    #[inline]
    pub fn number(&self, id: &[u8]) -> Option<i64> {
        let (prefix, digits) = id.split_at_checked(self.prefix.len())?;
        let (&first, _) = digits.split_first()?;
        let shaped = match self.digits {
            Some(count) => digits.len() == count,
            None => first != b'0' || digits.len() == 1,
        };

        if !shaped || digits.len() > MOST_DIGITS {
            return None;
        }
        // Byte by byte: they are few, and a call that compares any number of them takes longer.
        if prefix.iter().zip(&self.prefix).fold(0, |wrong, (byte, own)| wrong | (byte ^ own)) != 0 {
            return None;
        }
        match (digits.split_last_chunk(), id.last_chunk()) {
            (Some((front, last)), _) => {
                let front = front.iter().try_fold(0, |number, byte| Some(10 * number + one(*byte)?))?;
                Some(100_000_000 * front + eight(u64::from_le_bytes(*last))?)
            }
            (None, Some(last)) => {
                // Zeros in the place of what is in front of them.
                let others = u64::MAX >> (8 * digits.len());
                Some(eight(u64::from_le_bytes(*last) & !others | ZEROS & others)?)
            }
            (None, None) => digits.iter().try_fold(0, |number, byte| Some(10 * number + one(*byte)?)),
        }
    }
}

/// Eight digits 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The digit that a byte stands for.
fn one(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

/// The number that eight digits spell, of which the first is the lowest byte: in pairs, then fours, then all (D.
/// Lemire, "Quickly parsing eight digits", 2018).
#[inline]
fn eight(text: u64) -> Option<i64> {
    // A digit has 3 as its upper half, and still has it when 6 is added.
    const HALVES: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    let digits = (text & HALVES) == ZEROS && (text.wrapping_add(0x0606_0606_0606_0606) & HALVES) == ZEROS;
    let pairs = text.wrapping_sub(ZEROS).wrapping_mul(10 << 8 | 1) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(100 << 16 | 1) >> 16;
    let all = (fours & 0x0000_ffff_0000_ffff).wrapping_mul(10_000 << 32 | 1) >> 32;
    digits.then_some(all as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ids(texts: &[&str]) -> Ids {
        let mut ids = Ids::Text { bytes: String::new(), ends: Vec::new() };
        for text in texts {
            ids.extend(&Ids::Text { bytes: (*text).to_owned(), ends: vec![text.len()] });
        }
        ids
    }

    #[test]
    fn ids_are_numbered_if_all_are_alike() {
        let numbers = |texts: &[&str]| {
            let numbering = Numbering::detect(&ids(texts), |_| true)?;
            texts.iter().map(|text| numbering.number(text.as_bytes())).collect::<Option<Vec<_>>>()
        };

        assert_eq!(numbers(&["C00000042", "C00000107"]), Some(vec![42, 107]));
        assert_eq!(numbers(&["user-0", "user-10", "user-7"]), Some(vec![0, 10, 7]));
        assert_eq!(numbers(&["007", "042"]), Some(vec![7, 42]));
        assert_eq!(numbers(&["12", "7"]), Some(vec![12, 7]));
        assert_eq!(numbers(&["a999999999999999999"]), Some(vec![999_999_999_999_999_999]));

        for different in [
            &["C01", "D02"][..],
            &["C01", "C2"],
            &["C1", "C02"],
            &["C1", "CC"],
            &["C", "C1"],
            &["", "1"],
            &["a1000000000000000000"],
            &["2f1e-9a", "2f1e-9b"],
            &[],
        ] {
            assert_eq!(numbers(different), None, "{different:?}");
        }

        assert_eq!(numbers(&["c-1234567", "c-7654321"]), Some(vec![1_234_567, 7_654_321]));
        assert_eq!(numbers(&["12345678", "87654321"]), Some(vec![12_345_678, 87_654_321]));
        assert_eq!(numbers(&["a1234567890123456789"]), None);
        assert_eq!(numbers(&["a123456789012345678"]), Some(vec![123_456_789_012_345_678]));

        // Only those that are known count.
        let all = ids(&["A-1", "C01", "C02", "x"]);
        let numbering = Numbering::detect(&all, |index| (1..3).contains(&index)).unwrap();
        assert_eq!(
            [0, 1, 2, 3].map(|index| numbering.number(all.text(index).as_bytes())),
            [None, Some(1), Some(2), None]
        );
    }

    proptest! {
        #[test]
        fn a_number_is_what_parsing_it_gives(prefix in "[a-z-]{0,9}", digits in "[0-9]{1,18}", place in 0usize..30, byte: u8) {
            let numbering = Numbering { prefix: prefix.clone().into_bytes(), digits: Some(digits.len()) };
            let mut id = format!("{prefix}{digits}").into_bytes();
            prop_assert_eq!(numbering.number(&id), digits.parse().ok());
            // And with any other byte somewhere.
            let place = place % id.len();
            id[place] = byte;
            let text = std::str::from_utf8(&id).ok().and_then(|id| id.strip_prefix(&prefix));
            let other = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).and_then(|text| text.parse().ok());
            prop_assert_eq!(numbering.number(&id), other);
        }

        #[test]
        fn no_number_has_two_spellings(texts in proptest::collection::vec("[ab]{0,1}[0-9]{0,3}|[0-9]{17,20}", 1..5), other in "[ab0-9]{0,5}") {
            let mut known: Vec<&str> = texts.iter().map(String::as_str).collect();
            known.sort_unstable();
            known.dedup();
            if let Some(numbering) = Numbering::detect(&ids(&known), |_| true) {
                let number = numbering.number(other.as_bytes());
                for text in known {
                    let same = number == numbering.number(text.as_bytes());
                    prop_assert_eq!(same, text == other, "{:?} {:?} {:?}", text, other, &numbering);
                }
            }
        }
    }
}
