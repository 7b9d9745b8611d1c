//! The distribution of chi-squared.

/// The logarithm of the probability that chi-squared with so many degrees of freedom is greater: of the regularised
/// upper incomplete gamma function, by its power series or its continued fraction (DLMF 8.7.1, 8.9.2).
pub fn log_survival(statistic: f64, degrees: usize) -> f64 {
    const PRECISE: f64 = 1e-14;
    let (a, x) = (degrees as f64 / 2.0, statistic / 2.0);
    if x <= 0.0 {
        return 0.0;
    }
    let front = a * x.ln() - x - libm::lgamma(a);

    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > PRECISE * sum {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return (-(front + sum.ln()).exp()).ln_1p();
    }

    // Lentz's method: 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - …))).
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (f64::MAX, 1.0 / b);
    let mut fraction = d;

    for n in 1..10_000 {
        let n = f64::from(n);
        let numerator = -n * (n - a);
        b += 2.0;
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        fraction *= c * d;
        if (c * d - 1.0).abs() < PRECISE {
            break;
        }
    }

    front + fraction.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: [(f64, usize, f64); 7] = [
        (17.260924347106844, 1, 10.331754223277557),
        (35.38004354198607, 2, 17.690021770993035),
        (1000.0, 1, 503.6806665043817),
        (800.0, 15, 368.5735029634401),
        (3.0, 7, 0.12216511234670818),
        (0.01, 2, 0.005),
        (14.0, 15, 0.6433496577315984),
    ];

    #[test]
    fn improbable_values_of_chi_squared_are_those_of_scipy() {
        // -scipy.stats.chi2.logsf(statistic, degrees)
        for (statistic, degrees, exact) in EXACT {
            let found = -log_survival(statistic, degrees);
            assert!((found / exact - 1.0).abs() < 1e-9, "{statistic} {degrees}: {found} {exact}");
        }
        assert_eq!(log_survival(0.0, 3), 0.0);
    }
}
