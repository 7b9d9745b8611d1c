//! Stable scalar functions, sums in a fixed order, and sums in any order.

/// Calls an `#[inline(always)]` function, compiled for the widest vector instructions of the machine. This fuses and
/// reorders nothing: results are the same on all machines.
macro_rules! vectorised {
    ($call:expr) => {
        $crate::numeric::vectorised!(_ => $call)
    };
    ($simd:pat => $call:expr) => {
        fearless_simd::dispatch!(fearless_simd::Level::new(), $simd => $call)
    };
}
pub(crate) use vectorised;

/// The 97.5 % point of the normal distribution.
pub(crate) const Z_95: f64 = 1.959_963_984_540_054;

/// 1.5 * 2^52. Adding it rounds a float to an integer, which the lowest bits of the sum then hold; adding an integer to
/// the bits of the sum adds it to the value.
pub(crate) const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts. The first ends in 21 zero bits, so that its multiples are exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// A mean, and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// A number as features are kept; one too large for that becomes the largest, never infinite. NaN stays NaN.
#[inline(always)]
pub(crate) fn clamped(value: f64) -> f32 {
    value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}

/// The logistic function `1 / (1 + exp(-x))`, without overflow for any finite `x`.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// `ln(1 + exp(x))`, without overflow for any finite `x`.
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `exp(x)` for `x <= 0`, with a relative error of at most 2e-16. Arguments below -708 give `exp(-708)`.
///
/// It takes the place of the standard library's function because it has no branch and no call: a loop over it becomes
/// vector instructions, four to eight times as fast. The argument is reduced to `n ln 2 + r` with `|r| <= ln 2 / 2`
/// (Cody & Waite 1980, "Software Manual for the Elementary Functions"), where the Taylor polynomial of degree 13 is
/// exact to 4e-18.
#[inline(always)]
pub(crate) fn exp_of_negative(x: f64) -> f64 {
    let x = x.max(-708.0);
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;

    let mut polynomial = 1.0 / 6_227_020_800.0;
    for coefficient in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        polynomial = polynomial * r + coefficient;
    }

    // Multiply by 2^n, the float whose exponent bits hold n + 1023.
    polynomial * f64::from_bits((rounded.to_bits() << 52).wrapping_add(1023 << 52))
}

/// `ln(1 + x)` for `x >= 0`, with a relative error of at most 4e-16. The result for any other argument is meaningless.
#[inline(always)]
pub(crate) fn ln_1p(x: f64) -> f64 {
    let y = 1.0 + x;
    // What rounding took from `1 + x` comes back to first order.
    let lost = x - (y - 1.0);
    ln_with(y, lost / y)
}

/// `ln(1 + x)` for an `x >= 0` that is a single-precision number, to 4e-16. For these, `1 + x` is exact, or `x` is too
/// small to matter next to 1: rounding takes nothing that has to come back, which saves a division.
#[inline(always)]
pub(crate) fn ln_1p_of_single(x: f64) -> f64 {
    ln_with(1.0 + x, 0.0)
}

/// `ln(y) + rest` for `y >= 1` and a tiny `rest`.
///
/// It has no branch and no call for the same reason as [`exp_of_negative`]. `y` is split into `2^k m` with `m` between
/// the square roots of 1/2 and 2, and `ln m` is `2 atanh((m - 1) / (m + 1))`, whose series is exact to 3e-17 after ten
/// terms.
#[inline(always)]
fn ln_with(y: f64, rest: f64) -> f64 {
    /// The bits of the square root of 1/2 as a float.
    const ROOT_OF_HALF: u64 = 0x3fe6_a09e_667f_3bcd;

    let k = y.to_bits().wrapping_sub(ROOT_OF_HALF) >> 52;
    let f = f64::from_bits(y.to_bits().wrapping_sub(k << 52)) - 1.0;
    let k = f64::from_bits(ROUND.to_bits().wrapping_add(k)) - ROUND;

    let s = f / (2.0 + f);
    let z = s * s;
    let mut series = 1.0 / 19.0;
    for odd in [17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = series * z + 1.0 / odd;
    }

    k * LN_2_HIGH + (2.0 * s + (2.0 * s * (z * series) + (k * LN_2_LOW + rest)))
}

/// The bits of a float, rearranged so that they compare as IEEE 754's total order does. Integers are sorted without a
/// branch, and one integer can hold several parts of a sort key.
#[inline]
pub(crate) fn ordered_f32(value: f32) -> u32 {
    let bits = value.to_bits();
    bits ^ ((bits.cast_signed() >> 31).cast_unsigned() | 1 << 31)
}

/// The float that [`ordered_f32`] made the bits from.
#[inline]
pub(crate) fn from_ordered_f32(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits ^ 1 << 31 } else { !bits })
}

/// [`ordered_f32`] for double precision.
#[inline]
pub(crate) fn ordered_f64(value: f64) -> u64 {
    let bits = value.to_bits();
    bits ^ ((bits.cast_signed() >> 63).cast_unsigned() | 1 << 63)
}

/// [`from_ordered_f32`] for double precision.
#[inline]
pub(crate) fn from_ordered_f64(bits: u64) -> f64 {
    f64::from_bits(if bits >> 63 == 1 { bits ^ 1 << 63 } else { !bits })
}

/// The 95 % interval of Wilson (1927) of a share `p` of `n`, above 0, which need not be a whole number.
pub fn wilson(p: f64, n: f64) -> (f64, f64) {
    let z2 = Z_95 * Z_95;
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At 0 and 1 the ends are these, but for rounding.
    ((middle - half).clamp(0.0, p), (middle + half).clamp(p, 1.0))
}

/// To three digits, without the sign of a zero.
pub fn to_thousandths(x: f64) -> f64 {
    (1000.0 * x).round() / 1000.0 + 0.0
}

/// The log-odds of a probability, which is clipped to `[1e-15, 1 - 1e-15]`.
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-15, 1.0 - 1e-15);
    (p / (1.0 - p)).ln()
}

/// The sum of `values` in their order. Rounding errors are carried along (Neumaier, 1974), so that for any realistic
/// number of values the result is as good as rounding the exact sum once.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut carry) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        carry += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }

    // Infinities make the carry undefined; the plain sum is then the answer.
    if carry.is_finite() {
        sum + carry
    } else {
        sum
    }
}

/// A sum that follows from its values alone, whatever their order and however they are divided into parts that are
/// [merged](FixedSum::merge): among threads, blocks or machines.
///
/// Each value is rounded to the nearest multiple of `2^-BITS`, and the multiples are added as integers, which commutes.
/// A value is at most `2^-(BITS + 1)` off, so a mean is too, but for one rounding of the sum and one of the division. A
/// float whose last bit is worth `2^-BITS` or more is not rounded at all.
///
/// A value that is not a number, is infinite or lies beyond `2^(86 - BITS)` makes the sum NaN. Of the others at least
/// `2^41` can be added without an overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedSum<const BITS: u32> {
    units: i128,
    undefined: bool,
}

impl<const BITS: u32> FixedSum<BITS> {
    const UNITS_OF_ONE: f64 = (1u64 << BITS) as f64;
    /// Units that a value may have.
    const MOST: f64 = (1u128 << 86) as f64;
    /// Bits of an absolute value in single precision from which on it has `2^51` units: more than [`ROUND`] rounds.
    const MOST_OF_SINGLE: u32 = ((1u64 << 51) as f32 / (1u64 << BITS) as f32).to_bits();

    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        let units = (value * Self::UNITS_OF_ONE).round_ties_even();
        if units.abs() <= Self::MOST {
            self.units += units as i128;
        } else {
            self.undefined = true;
        }
    }

    /// Adds many values: the same as adding one after the other, in a tenth of the time.
    pub fn add_all(&mut self, values: &[f32]) {
        /// So many values of less than `2^51` units have fewer than `2^63`.
        const CHUNK: usize = 1 << 12;
        for chunk in values.chunks(CHUNK) {
            let (units, largest) = vectorised!(units_of(chunk, Self::UNITS_OF_ONE));
            if largest < Self::MOST_OF_SINGLE {
                self.units += i128::from(units);
            } else {
                chunk.iter().for_each(|&value| self.add(f64::from(value)));
            }
        }
    }

    /// Adds the values of another sum.
    pub fn merge(&mut self, other: &Self) {
        self.units += other.units;
        self.undefined |= other.undefined;
    }

    /// The sum.
    pub fn value(&self) -> f64 {
        if self.undefined {
            f64::NAN
        } else {
            self.units as f64 / Self::UNITS_OF_ONE
        }
    }
}

/// How many units the values have in all, and the bits of the largest absolute value: those of a NaN are above all
/// others.
#[inline(always)]
fn units_of(values: &[f32], units_of_one: f64) -> (i64, u32) {
    /// Sums side by side, so that one addition need not wait for the other.
    const LANES: usize = 8;
    let (mut bits, mut largest) = ([0u64; LANES], [0u32; LANES]);
    let mut add = |values: &[f32]| {
        for ((bits, largest), &value) in bits.iter_mut().zip(&mut largest).zip(values) {
            *bits = bits.wrapping_add((f64::from(value) * units_of_one + ROUND).to_bits());
            *largest = (*largest).max(value.to_bits() & !(1 << 31));
        }
    };
    let (lanes, rest) = values.as_chunks::<LANES>();
    lanes.iter().for_each(|lanes| add(lanes));
    add(rest);

    let bits = bits.iter().fold(0u64, |sum, &lane| sum.wrapping_add(lane));
    let rounding = ROUND.to_bits().wrapping_mul(values.len() as u64);
    (bits.wrapping_sub(rounding).cast_signed(), largest.into_iter().max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The sum of values in parts of these lengths, some added at once and some one by one; parts are merged from the
    /// end.
    fn in_parts(values: &[f32], lengths: &[usize]) -> FixedSum<40> {
        let mut rest = values;
        let mut parts = Vec::new();
        for (place, &length) in lengths.iter().chain([&usize::MAX]).enumerate() {
            let (part, after) = rest.split_at(length.min(rest.len()));
            rest = after;
            let mut sum = FixedSum::default();
            if place % 2 == 0 {
                sum.add_all(part);
            } else {
                part.iter().for_each(|&value| sum.add(f64::from(value)));
            }
            parts.push(sum);
        }
        parts.iter().rev().fold(FixedSum::default(), |mut sum, part| {
            sum.merge(part);
            sum
        })
    }

    /// Values as columns have them, tiny and huge ones among them.
    fn some_value() -> impl Strategy<Value = f32> {
        prop_oneof![
            8 => -30.0f32..30.0,
            2 => proptest::num::f32::NORMAL.prop_map(|x| x % 1e6),
            1 => prop_oneof![Just(0.0), Just(-0.0), Just(2047.9), Just(2048.0), Just(-2048.0), Just(1e-30), Just(3e13)],
        ]
    }

    #[test]
    fn numbers_too_large_for_a_feature_stay_finite() {
        assert_eq!([1e300, f64::INFINITY, -1e39].map(clamped), [f32::MAX, f32::MAX, f32::MIN]);
        assert!(clamped(f64::NAN).is_nan() && clamped(0.1) == 0.1f32);
    }

    proptest! {
        #[test]
        fn a_fixed_sum_has_no_order_and_no_parts(
            (values, shuffled) in prop::collection::vec(some_value(), 0..9000)
                .prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle())),
            lengths in prop::collection::vec(0usize..3000, 0..6),
        ) {
            let mut one_by_one = FixedSum::<40>::default();
            values.iter().for_each(|&value| one_by_one.add(f64::from(value)));
            prop_assert_eq!(in_parts(&values, &[]), one_by_one);
            prop_assert_eq!(in_parts(&shuffled, &lengths), one_by_one);

            let exact = sum(values.iter().map(|&value| f64::from(value)));
            let bound = values.len() as f64 * 2f64.powi(-41) + exact.abs() * f64::EPSILON;
            prop_assert!((one_by_one.value() - exact).abs() <= bound, "{} against {exact}", one_by_one.value());
        }
    }

    #[test]
    fn a_fixed_sum_of_what_has_no_sum_is_not_a_number() {
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e15, f32::MIN] {
            let mut values = vec![1.0; 5000];
            values[4321] = odd;
            assert!(in_parts(&values, &[]).value().is_nan(), "{odd}");
            assert_eq!(in_parts(&values, &[4000, 700]), in_parts(&values, &[]));
        }
        let mut wide = FixedSum::<62>::default();
        (0..3).for_each(|_| wide.add(2f64.powi(24)));
        assert_eq!(wide.value(), 3.0 * 2f64.powi(24));
        assert_eq!(FixedSum::<62>::default().value(), 0.0);
    }

    #[test]
    fn a_fixed_sum_of_probabilities_is_as_good_as_their_sum() {
        let p: Vec<f64> = (1..=10_000).map(|i| 1.0 / f64::from(i * 37)).collect();
        let mut fixed = FixedSum::<62>::default();
        p.iter().for_each(|&p| fixed.add(p));
        assert!((fixed.value() / sum(p) - 1.0).abs() <= f64::EPSILON);
    }

    #[test]
    fn bits_compare_as_floats_do_and_turn_back() {
        let values = [f64::NEG_INFINITY, -2.5, -1e-300, -0.0, 0.0, 1e-300, 1.0, 7.25, f64::INFINITY, f64::NAN];
        for pair in values.windows(2) {
            assert!(ordered_f64(pair[0]) < ordered_f64(pair[1]), "{pair:?}");
            assert!(ordered_f32(pair[0] as f32) <= ordered_f32(pair[1] as f32), "{pair:?}");
        }

        for value in values {
            assert_eq!(from_ordered_f64(ordered_f64(value)).to_bits(), value.to_bits());
            assert_eq!(from_ordered_f32(ordered_f32(value as f32)).to_bits(), (value as f32).to_bits());
        }
    }

    #[test]
    fn the_exponential_is_that_of_the_standard_library() {
        for i in 0..=708_000 {
            let x = -f64::from(i) / 1000.0 - f64::from(i % 7) * 1e-5;
            let (found, expected) = (exp_of_negative(x), x.max(-708.0).exp());
            assert!((found / expected - 1.0).abs() < 5e-16, "exp({x}) is {expected}, not {found}");
        }

        assert_eq!(exp_of_negative(0.0), 1.0);
        assert_eq!(exp_of_negative(-1e300), exp_of_negative(-708.0));
        assert_eq!(exp_of_negative(f64::NEG_INFINITY), exp_of_negative(-708.0));
    }

    #[test]
    fn the_logarithm_is_that_of_the_standard_library() {
        let integers = (0..200_000).map(f64::from);
        let fractions = (0..200_000).map(|i| f64::from(i) * 1.37e-5);
        let powers = (-1000..1000).map(|power| 2f64.powi(power / 2) * 1.1);
        for x in integers.chain(fractions).chain(powers) {
            let (found, expected) = (ln_1p(x), x.ln_1p());
            assert!((found - expected).abs() <= 5e-16 * expected, "ln(1 + {x}) is {expected}, not {found}");
        }
        assert_eq!(ln_1p(0.0), 0.0);
        assert!(ln_1p(f64::MAX) > 709.0);

        let fractions = (0..200_000).map(|i| i as f32 * 0.37);
        let powers = (-100..100).map(|power| 2f32.powi(power) * 1.1);
        for x in fractions.chain(powers).map(f64::from) {
            let (found, expected) = (ln_1p_of_single(x), x.ln_1p());
            assert!((found - expected).abs() <= 5e-16 * expected.max(1.0), "ln(1 + {x}) is {expected}, not {found}");
        }
    }

    #[test]
    fn a_sum_keeps_what_plain_addition_loses() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(vec![0.1; 1_000_000]), 1e5);
        assert_eq!(sum([]), 0.0);
        assert_eq!(sum([1.0, f64::INFINITY]), f64::INFINITY);
    }
}
