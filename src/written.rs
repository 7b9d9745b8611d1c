//! Numbers as English texts have them: in the terminal, and on the card of a model.

/// A whole number with thousands separators.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "1 customer", "2 customers".
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// "0.012", "< 0.001": a p-value, of which none is 0.
pub fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

/// "12.3 %". Only what is certain is shown as "0.0 %" or "100.0 %".
pub fn percent(share: f64) -> String {
    match 100.0 * share {
        percent if percent > 0.0 && percent < 0.05 => "< 0.1 %".to_owned(),
        percent if (99.95..100.0).contains(&percent) => "> 99.9 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_nothing_is_not_written_as_nothing() {
        assert_eq!([0.0, 0.000_4, 0.001, 0.012_3, 1.0].map(p_value), ["< 0.001", "< 0.001", "0.001", "0.012", "1.000"]);
        assert_eq!(
            [0.0, 0.000_4, 0.123, 0.999_9, 1.0].map(percent),
            ["0.0 %", "< 0.1 %", "12.3 %", "> 99.9 %", "100.0 %"]
        );
    }
}
