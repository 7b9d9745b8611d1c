//! Numbers as the readers of a language write them.

/// How a language writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Between the whole part and the fraction.
    pub decimal: char,
    /// Between groups of three digits.
    pub group: char,
    /// What follows a share of a hundred, with the space before it where there is one.
    pub percent: &'static str,
}

impl Numbers {
    /// With this many decimals: "1,234.50". A value that rounds to nothing has no sign.
    pub fn decimals(&self, value: f64, decimals: usize) -> String {
        let written = format!("{value:.decimals$}");
        let digits = written.trim_start_matches('-');
        let is_negative = written.starts_with('-') && digits.contains(|digit: char| ('1'..='9').contains(&digit));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));

        let mut text = String::with_capacity(written.len() + written.len() / 3);
        text.extend(is_negative.then_some('−'));
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place) % 3 == 0 {
                text.push(self.group);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(self.decimal);
            text.push_str(fraction);
        }
        text
    }

    /// With a sign, also a plus: "+0.41".
    pub fn signed(&self, value: f64, decimals: usize) -> String {
        let written = self.decimals(value, decimals);
        let is_nothing = !written.contains(|digit: char| ('1'..='9').contains(&digit));
        if value > 0.0 && !is_nothing {
            format!("+{written}")
        } else {
            written
        }
    }

    /// A share as per cent: "43.2 %" where the language says so.
    pub fn percent(&self, share: f64, decimals: usize) -> String {
        format!("{}{}", self.decimals(100.0 * share, decimals), self.percent)
    }

    /// As many decimals as it deserves: three significant digits, and none that say nothing.
    pub fn plain(&self, value: f64) -> String {
        if value == 0.0 || !value.is_finite() {
            return self.decimals(value, 0);
        }
        let size = value.abs().log10().floor();
        let decimals = (2.0 - size).clamp(0.0, 8.0) as usize;
        let written = self.decimals(value, decimals);
        if decimals == 0 {
            return written;
        }
        written.trim_end_matches('0').trim_end_matches(self.decimal).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Numbers = Numbers { decimal: '.', group: ',', percent: "%" };
    const GERMAN: Numbers = Numbers { decimal: ',', group: '.', percent: " %" };

    #[test]
    fn numbers_have_groups_and_decimals() {
        assert_eq!(ENGLISH.decimals(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(GERMAN.decimals(-1_234.5, 1), "−1.234,5");
        assert_eq!(ENGLISH.decimals(-0.04, 1), "0.0");
        assert_eq!(ENGLISH.signed(0.0049, 2), "0.00");
        assert_eq!(ENGLISH.signed(0.41, 2), "+0.41");
        assert_eq!(GERMAN.percent(0.4321, 1), "43,2 %");
    }

    #[test]
    fn plain_numbers_have_no_idle_digits() {
        let written = [0.0, 12.0, 1_234.6, 4.5, 0.0350, -0.25, 999_999.0].map(|value| ENGLISH.plain(value));
        assert_eq!(written, ["0", "12", "1,235", "4.5", "0.035", "−0.25", "999,999"]);
    }
}
