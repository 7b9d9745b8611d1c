//! What is computed from the columns of a batch, in loops that become vector instructions.

use super::id_index::UNKNOWN;
use super::packing::KeyLayout;
use super::partition::Partitioning;
use super::row_layout::NO_CATEGORY;
use crate::calendar::MICROS;
use crate::numeric::{ordered_f32, ROUND};

/// The partition of a row that is left out.
pub(super) const LEFT_OUT: u32 = u32::MAX;

/// The partition of every id, unless the row is left out already; whether any id is `outside` those of the customers.
#[inline(always)]
pub(super) fn partitions(
    partitioning: &Partitioning,
    outside: impl Fn(i64) -> bool,
    ids: &[i64],
    targets: &mut [u32],
) -> bool {
    let mut some_outside = false;
    for (target, &id) in targets.iter_mut().zip(ids) {
        some_outside |= outside(id);
        // LEFT_OUT stays LEFT_OUT.
        *target |= partitioning.of_integer(id) as u32;
    }
    some_outside
}

/// As [`partitions`] and [`rests`] at once, by what [`Partitioning::narrow`] gives.
#[inline(always)]
pub(super) fn narrow_places(
    place: impl Fn(i64) -> (u32, u32),
    outside: impl Fn(i64) -> bool,
    ids: &[i64],
    targets: &mut [u32],
    rests: &mut [u32],
) -> bool {
    let mut some_outside = false;
    for ((target, rest), &id) in targets.iter_mut().zip(rests).zip(ids) {
        some_outside |= outside(id);
        let (partition, own) = place(id);
        *target |= partition;
        *rest = own;
    }
    some_outside
}

/// What tells each id from others of its partition.
#[inline(always)]
pub(super) fn rests(partitioning: &Partitioning, ids: &[i64], rests: &mut [u32]) {
    for (rest, &id) in rests.iter_mut().zip(ids) {
        *rest = partitioning.rest(id);
    }
}

/// The partition of every string id by its hash, unless the row is left out already.
#[inline(always)]
pub(super) fn partitions_of_hashes(partitioning: &Partitioning, hashes: &[u64], targets: &mut [u32]) {
    for (target, &hash) in targets.iter_mut().zip(hashes) {
        *target |= partitioning.of_hash(hash) as u32;
    }
}

/// Leaves out the rows of ids that no customer has, and returns how many these are.
#[inline(always)]
pub(super) fn leave_out_unknown(members: &[u32], targets: &mut [u32]) -> u64 {
    let mut count = 0;
    for (target, &member) in targets.iter_mut().zip(members) {
        count += u32::from((*target != LEFT_OUT) & (member == UNKNOWN));
        *target |= if member == UNKNOWN { LEFT_OUT } else { 0 };
    }
    u64::from(count)
}

/// Puts packed keys in the place of seconds.
#[inline(always)]
pub(super) fn put_keys(keys: &KeyLayout, rests: &[u32], codes: Option<&[u32]>, seconds: &mut [u32]) {
    match codes {
        Some(codes) => {
            for ((second, &rest), &code) in seconds.iter_mut().zip(rests).zip(codes) {
                *second = keys.pack(rest, code, *second);
            }
        }
        None => {
            for (second, &rest) in seconds.iter_mut().zip(rests) {
                *second = keys.pack(rest, NO_CATEGORY, *second);
            }
        }
    }
}

/// Whole seconds from `origin` to an instant; of one before it, or more than
/// [`MOST_SECONDS`](super::row_layout::MOST_SECONDS) later, whatever comes out.
#[inline(always)]
pub(super) fn second_since(origin: i64, instant: i64) -> u32 {
    // Floats become vector instructions, to and fro. 2^52 with a whole number below that in its lowest bits is their
    // sum.
    const TO: u64 = 0x4330_0000_0000_0000;
    // Rounded down is rounded to the nearest less half a second. Less half a microsecond more, nothing lies in the
    // middle of two seconds, nor so near to it as the product is rounded by: not by a quarter of a microsecond.
    let twice = (instant.wrapping_sub(origin) as u64) << 1 & (TO - 1);
    let halves = f64::from_bits(TO | twice) - f64::from_bits(TO) - (MICROS - 1) as f64;
    (halves * (0.5 / MICROS as f64) + ROUND).to_bits() as u32
}

/// [`second_since`] of many. Returns the first and the last instant.
#[inline(always)]
pub(super) fn seconds_since(origin: i64, instants: &[i64], seconds: &mut [u32]) -> (i64, i64) {
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for &instant in instants {
        (low, high) = (low.min(instant), high.max(instant));
    }
    for (second, &instant) in seconds.iter_mut().zip(instants) {
        *second = second_since(origin, instant);
    }
    (low, high)
}

/// Whether all values are within the bounds. None that is not finite is.
#[inline(always)]
pub(super) fn all_within(values: &[f64], low: f64, high: f64) -> bool {
    let mut all = true;
    for &value in values {
        all &= (value >= low) & (value <= high);
    }
    all
}

/// Whether all scores are on the scales of their instruments, as far as these are known.
pub(super) fn all_on_scale(scores: &[f64], instruments: &[u32], scales: &[[f64; 2]]) -> bool {
    let of_row = |(&score, &instrument): (&f64, &u32)| {
        scales.get(instrument as usize).is_none_or(|&[low, high]| (score >= low) & (score <= high))
    };
    scores.iter().zip(instruments).all(of_row)
}

/// The ordered bits of each value, which is exact in 32 bits.
#[inline(always)]
pub(super) fn ordered(values: &[f64], bits: &mut [u32]) {
    for (bits, &value) in bits.iter_mut().zip(values) {
        *bits = ordered_f32(value as f32);
    }
}

/// How many rows are not left out.
#[inline(always)]
pub(super) fn kept(targets: &[u32]) -> u64 {
    let mut kept = 0;
    for &target in targets {
        kept += u32::from(target != LEFT_OUT);
    }
    u64::from(kept)
}

/// The first and the last instant of the rows that are not left out.
pub(super) fn span(targets: &[u32], instants: &[i64]) -> (i64, i64) {
    let kept = targets.iter().zip(instants).filter(|(target, _)| **target != LEFT_OUT);
    kept.fold((i64::MAX, i64::MIN), |(low, high), (_, &instant)| (low.min(instant), high.max(instant)))
}

#[cfg(test)]
mod tests {
    use super::super::row_layout::MOST_SECONDS;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn seconds_are_those_of_a_division_of_integers(
            origin in -1i64 << 52..1i64 << 52,
            second in 0..MOST_SECONDS as u32,
            micros in prop_oneof![Just(0), Just(1), Just(MICROS - 1), 0..MICROS],
        ) {
            prop_assert_eq!(second_since(origin, origin + i64::from(second) * MICROS + micros), second);
        }

        #[test]
        fn rows_that_are_left_out_do_not_count(rows in proptest::collection::vec((any::<bool>(), any::<i64>()), 0..40)) {
            let targets: Vec<u32> = rows.iter().map(|row| if row.0 { 3 } else { LEFT_OUT }).collect();
            let instants: Vec<i64> = rows.iter().map(|row| row.1).collect();
            let left: Vec<i64> = rows.iter().filter(|row| row.0).map(|row| row.1).collect();
            prop_assert_eq!(kept(&targets), left.len() as u64);
            let span_of = left.iter().min().zip(left.iter().max()).map_or((i64::MAX, i64::MIN), |(&low, &high)| (low, high));
            prop_assert_eq!(span(&targets, &instants), span_of);
        }
    }
}
