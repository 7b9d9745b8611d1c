//! Stable scalar functions and sums in a fixed order.

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

/// The log-odds of a probability, which is clipped to `[1e-15, 1 - 1e-15]`.
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-15, 1.0 - 1e-15);
    (p / (1.0 - p)).ln()
}

/// The sum of `values` in their order, with the rounding errors carried along (Neumaier, 1974), so that the result
/// is as good as one rounding of the exact sum for any realistic length.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut carry) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        carry += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    // Infinities make the carry undefined; the plain sum then says what there is to say.
    if carry.is_finite() {
        sum + carry
    } else {
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_keeps_what_plain_addition_loses() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(vec![0.1; 1_000_000]), 1e5);
        assert_eq!(sum([]), 0.0);
        assert_eq!(sum([1.0, f64::INFINITY]), f64::INFINITY);
    }
}
