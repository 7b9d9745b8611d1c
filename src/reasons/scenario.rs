//! A customer's features if one number of a signal were another one.

use super::catalogue::rows_before;
use crate::config::Instrument;
use crate::features::{Catalogue, Measure};

/// Where the features of a signal are among those of a catalogue: of a survey, those of one instrument.
pub(super) struct SignalColumns {
    /// The windows in which it is counted, ascending.
    windows: Vec<u32>,
    columns: Vec<SignalColumn>,
}

struct SignalColumn {
    measure: Measure,
    window: Option<u32>,
    column: usize,
}

impl SignalColumns {
    /// Those of a signal, and of one of its instruments.
    pub fn new(catalogue: &Catalogue, signal: &str, instrument: Option<Instrument>) -> SignalColumns {
        let mut columns = Vec::new();
        for (column, feature) in catalogue.numeric.iter().enumerate() {
            // Features that no instrument has are about all of them.
            let is_its_own = feature.instrument.is_none() || feature.instrument == instrument;
            if feature.signal.as_deref() == Some(signal) && is_its_own {
                columns.push(SignalColumn { measure: feature.measure, window: feature.window_days, column });
            }
        }
        let mut windows: Vec<u32> = columns.iter().filter_map(|column| column.window).collect();
        windows.sort_unstable();
        windows.dedup();
        SignalColumns { windows, columns }
    }

    fn find(&self, measure: Measure, window: Option<u32>) -> Option<usize> {
        let is_it = |column: &&SignalColumn| column.measure == measure && column.window == window;
        self.columns.iter().find(is_it).map(|found| found.column)
    }
}

/// A customer's features while one number of a signal is moved. Rows that are added, or thought away, lie evenly in the
/// days of the main window; longer windows have as many more or fewer. From the counts of each window follow the days
/// with a row (as many a row as before), the trend, the gaps, the time since the last row and the sum; what the rows
/// are worth stays, and where there were none it is that of the longest window, or that of a typical comparable
/// customer. The whole history has as many rows more or fewer as the longest window.
pub(super) struct Scenario<'a> {
    signal: &'a SignalColumns,
    typical: &'a [[f64; 3]],
    raw: Vec<f32>,
}

impl<'a> Scenario<'a> {
    /// Of a customer's numeric features. `typical` has the tenth, the middle and the ninetieth percentile of each among
    /// comparable customers.
    pub fn new(signal: &'a SignalColumns, typical: &'a [[f64; 3]], raw: &[f32]) -> Scenario<'a> {
        Scenario { signal, typical, raw: raw.to_vec() }
    }

    /// The features as they would be.
    pub fn into_features(self) -> Vec<f32> {
        self.raw
    }

    /// One of some features; none if it is null.
    fn value(&self, features: &[f32], measure: Measure, window: Option<u32>) -> Option<f64> {
        let value = f64::from(*features.get(self.signal.find(measure, window)?)?);
        value.is_finite().then_some(value)
    }

    /// A feature as it is by now; none if it is null.
    fn get(&self, measure: Measure, window: Option<u32>) -> Option<f64> {
        self.value(&self.raw, measure, window)
    }

    fn set(&mut self, measure: Measure, window: Option<u32>, value: f64) {
        if let Some(column) = self.signal.find(measure, window) {
            self.raw[column] = value as f32;
        }
    }

    fn count(&self, window: u32) -> f64 {
        self.get(Measure::Count, Some(window)).unwrap_or(0.0)
    }

    /// The rows of the window of equal length before a window, recovered from the trend.
    fn count_before(&self, window: u32) -> f64 {
        let trend = self.get(Measure::Trend, Some(window)).unwrap_or(0.0);
        rows_before(self.count(window), trend).max(0.0)
    }

    /// What rows of a window are worth that had none.
    fn usual(&self, measure: Measure, window: u32) -> f64 {
        let longest = self.signal.windows.last().and_then(|&longest| self.get(measure, Some(longest)));
        let typical = || self.signal.find(measure, Some(window)).map_or(f64::NAN, |column| self.typical[column][1]);
        longest.unwrap_or_else(typical)
    }

    pub fn set_count(&mut self, main: u32, target: f64) {
        let before = self.raw.clone();
        self.set_windows(main, target);
        self.carry_to_lifetime(&before);
    }

    fn set_windows(&mut self, main: u32, target: f64) {
        let before_all = self.count(main);
        let is_up = target > before_all;
        let active = self.get(Measure::ActiveDays, Some(main)).unwrap_or(before_all);
        let days_a_row = if before_all > 0.0 { active / before_all } else { 1.0 };
        let nearer = |old: f64, steady: f64| if is_up { old.max(steady) } else { old.min(steady) };

        let (main_days, mut counts) = (f64::from(main), Vec::new());
        for &window in &self.signal.windows {
            let (old, days) = (self.count(window), f64::from(window));
            let steady = (target * days / main_days).round().min(target);
            let overlap = (main_days - days).clamp(0.0, days);
            let (count, before) = if window == main {
                (target, self.count_before(window))
            } else if window > main {
                ((old + target - before_all).max(target), self.count_before(window))
            } else {
                (nearer(old, steady), nearer(self.count_before(window), (target * overlap / main_days).round()))
            };
            counts.push((window, old, count, before));
        }
        for &(window, old, count, before) in &counts {
            let days = f64::from(window);
            let active =
                nearer(self.get(Measure::ActiveDays, Some(window)).unwrap_or(0.0), (count * days_a_row).ceil());
            let gap = if count < 2.0 { f64::NAN } else { days / count };
            let gap = match self.get(Measure::MeanGap, Some(window)) {
                Some(old) if is_up => old.min(gap),
                Some(old) => old.max(gap),
                None => gap,
            };
            self.set_rows(window, count, before, active.min(count).min(days));
            self.set(Measure::MeanGap, Some(window), if count < 2.0 { f64::NAN } else { gap });
            self.set_worth(window, old, count);
        }

        let recency = self.get(Measure::DaysSinceLast, None);
        let recency = match (recency, counts.iter().any(|&(_, _, count, _)| count > 0.0)) {
            (_, false) => f64::NAN,
            (Some(old), true) if is_up => old.min(main_days / target / 2.0),
            (Some(old), true) if target == 0.0 => old.max(main_days),
            (Some(old), true) => old,
            (None, true) => main_days / target / 2.0,
        };
        self.set(Measure::DaysSinceLast, None, recency);
    }

    /// Gives the whole history what the longest window has more, or less, than before.
    fn carry_to_lifetime(&mut self, before: &[f32]) {
        let Some(&longest) = self.signal.windows.last() else { return };
        let was = |measure, window| self.value(before, measure, window);
        let more = |measure| {
            let (was, is) = (was(measure, Some(longest)), self.get(measure, Some(longest)));
            is.unwrap_or(0.0) - was.unwrap_or(0.0)
        };

        let Some(rows) = was(Measure::LifetimeCount, None) else { return };
        let count = (rows + more(Measure::Count)).max(0.0);
        let days = was(Measure::LifetimeActiveDays, None).unwrap_or(0.0) + more(Measure::ActiveDays);
        let sum = was(Measure::LifetimeSum, None).unwrap_or(0.0) + more(Measure::Sum);

        // The first row stays where it is, and the last one comes as much nearer as the silence is shorter.
        let gap = was(Measure::GapMean, None);
        let silent = gap.zip(was(Measure::DaysSinceLastOverGap, None)).map(|(gap, over_gap)| gap * over_gap);
        let silence = self.get(Measure::DaysSinceLast, None).or(silent);
        let span = gap.zip(silent).zip(silence).map(|((gap, was), is)| gap * (rows - 1.0) + was - is);
        let gap = match span {
            Some(span) if count > 1.0 => span.max(0.0) / (count - 1.0),
            None if count > 1.0 => self.get(Measure::MeanGap, Some(longest)).unwrap_or(f64::NAN),
            _ => f64::NAN,
        };
        let over_gap = if gap > 0.0 { silence.unwrap_or(f64::NAN) / gap } else { f64::NAN };

        self.set(Measure::LifetimeCount, None, count);
        self.set(Measure::LifetimeActiveDays, None, days.clamp(0.0, count));
        self.set(Measure::LifetimeSum, None, sum);
        self.set(Measure::GapMean, None, gap);
        self.set(Measure::DaysSinceLastOverGap, None, over_gap);
        self.carry_worth_to_lifetime(before);
    }

    /// Gives the mean and the negative share of the whole history what the rows of the longest window are worth more,
    /// or less, than before, and at least as many categories as it has.
    fn carry_worth_to_lifetime(&mut self, before: &[f32]) {
        let Some(&longest) = self.signal.windows.last() else { return };
        let was = |measure, window| self.value(before, measure, window);
        let Some(rows_before) = was(Measure::LifetimeCount, None) else { return };
        let rows = self.get(Measure::LifetimeCount, None).unwrap_or(0.0);

        let worth = |measure, of_lifetime| {
            let times = |value: Option<f64>, rows: f64| value.unwrap_or(0.0) * rows;
            let in_longest = was(Measure::Count, Some(longest)).unwrap_or(0.0);
            let all = times(was(of_lifetime, None), rows_before) - times(was(measure, Some(longest)), in_longest)
                + times(self.get(measure, Some(longest)), self.count(longest));
            if rows > 0.0 {
                all / rows
            } else {
                f64::NAN
            }
        };
        let mean = worth(Measure::Mean, Measure::LifetimeMean);
        let share = worth(Measure::NegativeShare, Measure::LifetimeNegativeShare);
        let categories = was(Measure::LifetimeCategories, None).unwrap_or(0.0);
        let categories = categories.max(self.get(Measure::Categories, Some(longest)).unwrap_or(0.0)).min(rows);

        self.set(Measure::LifetimeMean, None, mean);
        self.set(Measure::LifetimeNegativeShare, None, share.clamp(0.0, 1.0));
        self.set(Measure::LifetimeCategories, None, categories);
    }

    fn set_rows(&mut self, window: u32, count: f64, before: f64, active: f64) {
        self.set(Measure::Count, Some(window), count);
        self.set(Measure::ActiveDays, Some(window), active);
        self.set(Measure::Trend, Some(window), ((count + 1.0) / (before + 1.0)).ln());
    }

    /// What the rows of a window are worth once there are more or fewer.
    fn set_worth(&mut self, window: u32, old: f64, count: f64) {
        let at = Some(window);
        let mean = self.get(Measure::Mean, at).unwrap_or_else(|| self.usual(Measure::Mean, window));
        if let (Some(sum), true) = (self.get(Measure::Sum, at), mean.is_finite()) {
            self.set(Measure::Sum, at, if count == 0.0 { 0.0 } else { sum + (count - old) * mean });
        }
        if count == 0.0 {
            self.set(Measure::Mean, at, f64::NAN);
            self.set(Measure::NegativeShare, at, f64::NAN);
            self.set(Measure::Categories, at, 0.0);
        } else if old == 0.0 {
            let share = self.usual(Measure::NegativeShare, window);
            self.set(Measure::Mean, at, mean);
            self.set(Measure::NegativeShare, at, share);
            self.set(Measure::Categories, at, 1.0);
        }
    }

    /// Every row of a window, and of the shorter ones, is worth so much; those of longer ones as much as that makes of
    /// them.
    pub fn set_value(&mut self, main: u32, target: f64) {
        let signal = self.signal;
        let before = self.raw.clone();
        let old = self.get(Measure::Mean, Some(main)).unwrap_or(target);
        for &window in &signal.windows {
            let Some(mean) = self.get(Measure::Mean, Some(window)) else { continue };
            let share = if window <= main { 1.0 } else { self.count(main) / self.count(window).max(1.0) };
            let mean = if window <= main { target } else { mean + share * (target - old) };
            self.set(Measure::Mean, Some(window), mean);
            self.set(Measure::Sum, Some(window), mean * self.count(window));
        }
        self.carry_to_lifetime(&before);
    }

    /// The mood of every window is at least so good, and the share of negative rows falls in proportion.
    pub fn set_mood(&mut self, target: f64) {
        let signal = self.signal;
        let before = self.raw.clone();
        for &window in &signal.windows {
            let Some(mean) = self.get(Measure::Mean, Some(window)).filter(|mean| *mean < target) else { continue };
            self.set(Measure::Mean, Some(window), target);
            if let Some(share) = self.get(Measure::NegativeShare, Some(window)) {
                self.set(Measure::NegativeShare, Some(window), share * (1.0 - target) / (1.0 - mean));
            }
        }
        self.carry_worth_to_lifetime(&before);
    }

    /// So many categories in a window and in longer ones, in shorter ones as many of them as there are rows.
    pub fn set_categories(&mut self, main: u32, target: f64) {
        let signal = self.signal;
        let before = self.raw.clone();
        let is_up = target > self.get(Measure::Categories, Some(main)).unwrap_or(0.0);
        for &window in &signal.windows {
            let Some(old) = self.get(Measure::Categories, Some(window)) else { continue };
            let most = if window < main { self.count(window) } else { f64::INFINITY };
            self.set(
                Measure::Categories,
                Some(window),
                if is_up { old.max(target.min(most)) } else { old.min(target) },
            );
        }
        self.carry_worth_to_lifetime(&before);
    }

    /// One more answer, yesterday.
    pub fn add_answer(&mut self, score: f64) {
        let signal = self.signal;
        let before = self.raw.clone();
        let (last, mean) = (self.get(Measure::SurveyLast, None), self.get(Measure::SurveyMean, None));
        // How many answers there were is not kept: two, if there is a change.
        let answers = if self.get(Measure::SurveyChange, None).is_some() { 2.0 } else { 1.0 };
        self.set(Measure::SurveyLast, None, score);
        self.set(Measure::SurveyMean, None, mean.map_or(score, |mean| (answers * mean + score) / (answers + 1.0)));
        self.set(Measure::SurveyChange, None, last.map_or(f64::NAN, |last| score - last));
        self.set(Measure::SurveyDaysSinceLast, None, 1.0);

        for &window in &signal.windows {
            let (count, earlier) = (self.count(window) + 1.0, self.count_before(window));
            let active = self.get(Measure::ActiveDays, Some(window)).unwrap_or(0.0) + 1.0;
            self.set_rows(window, count, earlier, active.min(f64::from(window)));
        }
        self.set(Measure::DaysSinceLast, None, 1.0);
        self.carry_to_lifetime(&before);
    }
}
