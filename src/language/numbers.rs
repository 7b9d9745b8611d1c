//! Numbers and dates as the readers of a language write them.

use super::Language;
use crate::calendar::Day;

/// How a language writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Between the whole part and the fraction.
    pub decimal: char,
    /// Between groups of three digits.
    pub group: char,
    /// The fewest digits of a whole part that is grouped.
    pub grouped_from: usize,
    /// What follows a share of a hundred, with the space before it where there is one.
    pub percent: &'static str,
    /// What stands before a number below zero.
    pub minus: char,
}

impl Language {
    /// How pages and tables of this language have numbers, after the Unicode CLDR.
    pub fn numbers(self) -> Numbers {
        let (decimal, group, grouped_from, percent) = match self {
            Language::En | Language::Ja => ('.', ',', 4, "%"),
            Language::De => (',', '.', 4, "\u{a0}%"),
            Language::Fr => (',', '\u{202f}', 4, "\u{202f}%"),
            Language::Es => (',', '.', 5, "\u{a0}%"),
        };
        Numbers { decimal, group, grouped_from, percent, minus: '−' }
    }

    /// How its sentences have them: with a minus that can be typed and searched for.
    pub fn numbers_in_sentences(self) -> Numbers {
        let numbers = self.numbers();
        let percent = if self == Language::En { " %" } else { numbers.percent };
        Numbers { percent, minus: '-', ..numbers }
    }

    /// How its warnings and advice have them: in English, programs that log and search them find numbers without
    /// separators.
    pub fn numbers_in_messages(self) -> Numbers {
        let numbers = self.numbers_in_sentences();
        let grouped_from = if self == Language::En { usize::MAX } else { numbers.grouped_from };
        Numbers { grouped_from, ..numbers }
    }

    /// A date in digits.
    pub fn date(self, day: Day) -> String {
        let date = day.date();
        let (year, month, day) = (date.year(), date.month(), date.day());
        match self {
            Language::En => date.to_string(),
            Language::Ja => format!("{year}/{month:02}/{day:02}"),
            Language::De => format!("{day:02}.{month:02}.{year}"),
            Language::Fr | Language::Es => format!("{day:02}/{month:02}/{year}"),
        }
    }

    /// A date that is written as in the published files, in the language; what is no date stays as it is.
    pub fn date_from_text(self, text: &str) -> String {
        text.parse().map_or_else(|_| text.to_owned(), |day| self.date(day))
    }
}

impl Numbers {
    /// With this many decimals: "1,234.50". A value that rounds to nothing has no sign.
    pub fn decimals(&self, value: f64, decimals: usize) -> String {
        let written = format!("{value:.decimals$}");
        let digits = written.trim_start_matches('-');
        let is_negative = written.starts_with('-') && digits.contains(|digit: char| ('1'..='9').contains(&digit));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));

        let mut text = String::with_capacity(written.len() + written.len() / 3);
        text.extend(is_negative.then_some(self.minus));
        let is_grouped = whole.len() >= self.grouped_from;
        for (place, digit) in whole.chars().enumerate() {
            if is_grouped && place > 0 && (whole.len() - place) % 3 == 0 {
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

    /// A whole number: "1,234".
    pub fn whole(&self, value: f64) -> String {
        self.decimals(value, 0)
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

    /// A share as per cent, of which only what is certain is "0.0 %" or "100.0 %".
    pub fn risk(&self, share: f64) -> String {
        match 100.0 * share {
            percent if percent > 0.0 && percent < 0.05 => format!("< {}", self.percent(0.001, 1)),
            percent if (99.95..100.0).contains(&percent) => format!("> {}", self.percent(0.999, 1)),
            _ => self.percent(share, 1),
        }
    }

    /// As many decimals as it deserves: three significant digits, and none that say nothing.
    pub fn plain(&self, value: f64) -> String {
        if value == 0.0 || !value.is_finite() {
            return self.decimals(value, 0);
        }
        let size = value.abs().log10().floor();
        let decimals = (2.0 - size).clamp(0.0, 8.0) as usize;
        self.trimmed(self.decimals(value, decimals), decimals)
    }

    /// A measured value: two decimals, three digits of what is below one, none of what is large, and none that say
    /// nothing: "1,234.5", "4.5", "0.035".
    pub fn measured(&self, value: f64) -> String {
        let size = value.abs();
        if size != 0.0 && !(1e-6..1e15).contains(&size) {
            return format!("{value:.2e}").replace('.', &self.decimal.to_string());
        }

        let places = if size == 0.0 || size >= 1e5 {
            0
        } else if size >= 1.0 {
            2
        } else {
            // Three digits from the first that is not zero.
            (2.0 - size.log10().floor()) as usize
        };
        self.trimmed(self.decimals(value, places), places)
    }

    /// A number that was written with so many decimals, without those that say nothing.
    fn trimmed(&self, written: String, decimals: usize) -> String {
        if decimals == 0 {
            return written;
        }
        written.trim_end_matches('0').trim_end_matches(self.decimal).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_groups_and_decimals() {
        let [english, german] = [Language::En, Language::De].map(Language::numbers);
        assert_eq!(english.decimals(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(german.decimals(-1_234.5, 1), "−1.234,5");
        assert_eq!(english.decimals(-0.04, 1), "0.0");
        assert_eq!(english.signed(0.0049, 2), "0.00");
        assert_eq!(english.signed(0.41, 2), "+0.41");
        assert_eq!(german.percent(0.4321, 1), "43,2\u{a0}%");
    }

    #[test]
    fn every_language_has_its_own_signs() {
        let written = |language: Language| {
            let numbers = language.numbers();
            [numbers.decimals(-1_234.5, 1), numbers.whole(12_345.0), numbers.percent(0.125, 1)]
        };
        assert_eq!(written(Language::En), ["−1,234.5", "12,345", "12.5%"]);
        assert_eq!(written(Language::Ja), written(Language::En));
        assert_eq!(written(Language::De), ["−1.234,5", "12.345", "12,5\u{a0}%"]);
        assert_eq!(written(Language::Fr), ["−1\u{202f}234,5", "12\u{202f}345", "12,5\u{202f}%"]);
        // Spanish leaves numbers of four digits whole.
        assert_eq!(written(Language::Es), ["−1234,5", "12.345", "12,5\u{a0}%"]);

        let sentences = Language::ALL.map(|language| language.numbers_in_sentences().percent(-0.5, 0));
        assert_eq!(sentences, ["-50 %", "-50%", "-50\u{a0}%", "-50\u{202f}%", "-50\u{a0}%"]);
        let day: Day = "2026-06-01".parse().unwrap();
        let dates = Language::ALL.map(|language| language.date(day));
        assert_eq!(dates, ["2026-06-01", "2026/06/01", "01.06.2026", "01/06/2026", "01/06/2026"]);
        assert_eq!(Language::De.date_from_text("2026-06-01"), "01.06.2026");
        assert_eq!(Language::De.date_from_text("<b>"), "<b>");
    }

    #[test]
    fn risks_are_certain_only_where_they_are() {
        let written = [0.0, 0.0004, 0.0006, 0.9994, 0.9996, 1.0].map(|risk| Language::En.numbers().risk(risk));
        assert_eq!(written, ["0.0%", "< 0.1%", "0.1%", "99.9%", "> 99.9%", "100.0%"]);
    }

    #[test]
    fn plain_numbers_have_no_idle_digits() {
        let english = Language::En.numbers();
        let written = [0.0, 12.0, 1_234.6, 4.5, 0.0350, -0.25, 999_999.0].map(|value| english.plain(value));
        assert_eq!(written, ["0", "12", "1,235", "4.5", "0.035", "−0.25", "999,999"]);
    }
}
