//! Whether the last day of a signal is whole. A day can be there and yet be half loaded: one fresh row is no proof that
//! the rest has come. The last day with a row is held against the same weekdays before. It is not whole if it
//!
//! - is *cut off*: its rows end at a time after which these weekdays have many of theirs; or
//! - is *thin*: it, and perhaps days before it, have a fraction of the usual rows, all of a sudden and as no days before.
//!
//! Of a signal that is allowed to be later than others, only more thin days than it may be late are a gap: it comes now
//! and then. Days that are thin in several signals alike are holidays. A signal that thins out over weeks has an end,
//! not a gap.

use super::days::{Days, Usual, IDLE_SHARE};
use crate::calendar::Day;
use crate::language::Message;
use crate::spelling;
use serde::Serialize;

/// The share of the rows that comes after the last row's hour on the same weekdays, from which a day is cut off.
const LATER_SHARE: f64 = 0.25;
/// Rows that are missing, as far as the weekdays tell, from which a day is cut off.
const LEAST_CUT_OFF: f64 = 20.0;
/// Rows that are expected from which a day can be thin.
const LEAST_EXPECTED: f64 = 50.0;
/// The share of the usual rows below which a day is quiet, which is worth a word.
const QUIET_SHARE: f64 = 0.6;
/// How far a quiet day is from what is expected, in standard deviations.
const QUIET_DEVIATIONS: f64 = 6.0;
/// Signals that fell alike: the greatest share of the usual rows is so many times the least at most.
const ALIKE: f64 = 2.5;
/// A holiday leaves this share of the rows at least.
const HOLIDAY_SHARE: f64 = 0.05;
/// Days over which a gap is followed back.
const LONGEST_GAP: usize = 120;
/// How much older than the last day what is usual is taken from: a long gap must not become usual.
const OFFSETS: [usize; 4] = [0, 28, 56, 84];
/// Weekdays that are needed to say when a day ends.
const LEAST_WEEKS: u8 = 3;
/// Days before the last one that show a change of habit, and how many of them must have it.
const LATELY: usize = 6;
const MANY_LATELY: usize = 3;
/// Days before the last one that are searched for a gap.
const SEARCHED_DAYS: usize = 28;
/// Days that are searched for one as quiet.
const COMPARED_DAYS: usize = 56;

/// A signal's last days.
pub struct LastDay<'a> {
    /// Its rows day by day.
    pub days: &'a Days,
    /// How many days old the newest row may be.
    pub allowed: u32,
    /// Whether that is more than of other signals.
    pub is_late: bool,
    /// The share of the usual rows that the last day needs; 0 leaves it unjudged.
    pub least_share: f64,
}

/// What is wrong with a signal's last day.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Its rows end hours before they usually do.
    CutOff {
        /// The day.
        day: Day,
        /// The hour, from 1 to 24, by the end of which its rows end.
        hour: usize,
        /// The share of the rows that come later on the same weekdays.
        later: f64,
        /// The rows that seem to be missing.
        missing: f64,
    },
    /// It, and perhaps days before it, have a fraction of the usual rows.
    Thin(Shortfall),
    /// It has clearly fewer rows than usual, but not so few that something must be missing.
    Quiet(Shortfall),
}

/// Days with too few rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shortfall {
    /// The first of them.
    pub first: Day,
    /// The last of them.
    pub last: Day,
    /// Their rows.
    pub rows: u64,
    /// What would be usual.
    pub usual: f64,
}

impl Found {
    /// In words that follow "signal logins:".
    pub fn message(&self) -> Message {
        match self {
            Found::CutOff { day, hour, later, missing } => Message::new("day-cut-off")
                .day("day", *day)
                .text("time", format!("{hour:02}:00"))
                .percent("later", *later, 0)
                .decimals("missing", *missing, 0),
            Found::Thin(short) => short.message(),
            Found::Quiet(short) => {
                Message::new("day-quiet").message("text", short.message()).percent("share", short.share(), 0)
            }
        }
    }

    /// Whether the run must stop: rows are missing.
    pub fn is_stale(&self) -> bool {
        !matches!(self, Found::Quiet(_))
    }
}

impl Shortfall {
    /// In words that follow "signal logins:".
    pub fn message(&self) -> Message {
        let Shortfall { first, last, rows, usual } = self;
        let message = if first == last {
            Message::new("day-thin").day("day", *last)
        } else {
            Message::new("days-thin").day("first", *first).day("last", *last)
        };
        message.count("rows", *rows).decimals("usual", *usual, 0)
    }

    /// In a sentence about a signal that goes on behind these days.
    pub fn gap_message(&self, signal: &str) -> Message {
        Message::new("day-gap").text("signal", spelling::named(signal)).message("text", self.message())
    }

    fn share(&self) -> f64 {
        self.rows as f64 / self.usual.max(1.0)
    }
}

/// Judges the last day of each signal; none where it is whole, or too little is known to tell.
pub fn verdicts(signals: &[LastDay<'_>]) -> Vec<Option<Found>> {
    let mut found: Vec<Option<Found>> = signals.iter().map(judge).collect();
    if is_holiday(signals, &found) {
        found.iter_mut().filter(|found| found.as_ref().is_some_and(|found| one_day(found).is_some())).for_each(
            |found| {
                *found = None;
            },
        );
    }
    found
}

/// The gaps of each signal before its last day, within four weeks: days that are thin, though days before and after
/// them are whole. A signal without a rhythm has none. What a signal lacks of rows on a day on which half of the signals
/// or more lack them in the same measure was a holiday.
pub fn gaps(signals: &[LastDay<'_>]) -> Vec<Vec<Shortfall>> {
    let mut found: Vec<Vec<Shortfall>> = signals.iter().map(gaps_of).collect();
    let all: Vec<Shortfall> = found.iter().flatten().cloned().collect();
    let is_holiday = |short: &Shortfall| {
        let alike = all.iter().filter(|other| (other.first, other.last) == (short.first, short.last));
        let alike = alike.filter(|other| other.share() >= HOLIDAY_SHARE && other.share() <= ALIKE * short.share());
        let count = alike.count();
        short.share() >= HOLIDAY_SHARE && count > 1 && 2 * count >= signals.len()
    };
    found.iter_mut().for_each(|gaps| gaps.retain(|short| !is_holiday(short)));
    found
}

fn gaps_of(signal: &LastDay<'_>) -> Vec<Shortfall> {
    let LastDay { days, least_share, .. } = *signal;
    let Some(last) = days.newest().filter(|_| least_share > 0.0) else { return Vec::new() };
    let mut gaps = Vec::new();
    let mut back = last + 1;
    while back <= last + SEARCHED_DAYS {
        match thin(days, back, 0, least_share, 1) {
            Some(Found::Thin(short)) => {
                back += (short.last.0 - short.first.0) as usize + 1;
                if days.usual(back).is_some_and(|usual| usual.is_steady(days)) {
                    gaps.push(short);
                }
            }
            _ => back += 1,
        }
    }
    gaps
}

fn judge(signal: &LastDay<'_>) -> Option<Found> {
    let LastDay { days, allowed, is_late, least_share } = *signal;
    // An older one is stale in any case.
    let last = days.newest().filter(|&last| last <= allowed as usize)?;
    if least_share <= 0.0 {
        return None;
    }

    let least_days = if is_late { allowed as usize + 1 } else { 1 };
    let thin = || OFFSETS.into_iter().find_map(|offset| thin(days, last, offset, least_share, least_days));
    if is_late {
        return thin();
    }
    thin().or_else(|| cut_off(days, last)).or_else(|| quiet(days, last))
}

/// Whether the rows of the last day end hours before they usually do.
fn cut_off(days: &Days, last: usize) -> Option<Found> {
    let hour = days.last_hour(last)?;
    let (mut before, mut after, mut weeks) = (0, 0, 0u8);
    for back in days.weekdays(last, last + 1).filter(|&back| days.rows(back) > 0) {
        let (earlier, later) = days.around(back, hour);
        // It was no earlier on a day that was whole.
        if later == 0 {
            return None;
        }
        (before, after, weeks) = (before + earlier, after + later, weeks + 1);
    }

    let ends_as_early = |back: &usize| days.last_hour(*back).is_some_and(|last_hour| last_hour <= hour);
    let lately = (last + 1..=last + LATELY).filter(ends_as_early).count();
    if weeks < LEAST_WEEKS || lately >= MANY_LATELY {
        return None;
    }

    let later = after as f64 / (before + after) as f64;
    // As busy as the day was until then; a day that ends before any other began was as busy as the others.
    let missing = match before {
        0 => after as f64 / f64::from(weeks),
        _ => days.rows(last) as f64 * after as f64 / before as f64,
    };
    (later >= LATER_SHARE && missing >= LEAST_CUT_OFF).then(|| Found::CutOff {
        day: days.day(last),
        hour: hour + 1,
        later,
        missing,
    })
}

/// Whether the last day, with those before it that are like it, has fewer than the least share of the usual rows: also
/// of what the recent trend lets expect, and as no days of the weeks before.
fn thin(days: &Days, last: usize, offset: usize, least_share: f64, least_days: usize) -> Option<Found> {
    let usual = days.usual(last + 1 + offset)?;
    // On days that usually have hardly a row, such as Sundays, one is no sign of life either.
    let least = |back: usize| least_share * usual.rows(back).max(IDLE_SHARE * usual.mean());
    let is_thin = |back: &usize| (days.rows(*back) as f64) < least(*back);
    let count = (last..days.len()).take(LONGEST_GAP).take_while(is_thin).count();
    let whole = last + count;
    if count < least_days || whole >= days.len() {
        return None;
    }

    let trend = usual.trend(days, whole);
    let expected = trend * usual.rows_of(last..whole);
    let rows = days.rows_of(last..whole);
    // What thins out over weeks falls little from one day to the next.
    let is_below_trend = |back: usize| (days.rows(back) as f64) < trend * least(back);
    let is_sudden = (rows as f64) < least_share * expected && is_below_trend(last) && is_below_trend(whole - 1);
    let compared = Compared { usual: &usual, from: whole, count, least_expected: expected / 2.0 };
    if expected < LEAST_EXPECTED || !is_sudden || compared.was_as_quiet(days, least_share) {
        return None;
    }
    Some(Found::Thin(Shortfall { first: days.day(whole - 1), last: days.day(last), rows, usual: expected }))
}

/// The days that some are compared with.
struct Compared<'a> {
    usual: &'a Usual,
    /// The newest of them.
    from: usize,
    /// How many days in a row.
    count: usize,
    /// What has to be usual for so many days: few rows are missing easily.
    least_expected: f64,
}

impl Compared<'_> {
    /// Whether so many days in a row had at most a share of the usual rows, within eight weeks.
    fn was_as_quiet(&self, days: &Days, share: f64) -> bool {
        let until = days.len().min(self.from + COMPARED_DAYS);
        (self.from..until.saturating_sub(self.count - 1)).any(|back| {
            let expected = self.usual.rows_of(back..back + self.count);
            expected >= self.least_expected && days.rows_of(back..back + self.count) as f64 <= share * expected
        })
    }
}

/// Whether the last day has clearly fewer rows than usual, and than any day of the weeks before.
fn quiet(days: &Days, last: usize) -> Option<Found> {
    let usual = days.usual(last + 1)?;
    let expected = usual.trend(days, last + 1) * usual.rows(last);
    let rows = days.rows(last);
    let share = rows as f64 / expected.max(1.0);

    let deviation = (expected + usual.spread(days).powi(2)).sqrt();
    let is_clear = expected - rows as f64 >= QUIET_DEVIATIONS * deviation && share < QUIET_SHARE;
    let compared = Compared { usual: &usual, from: last + 1, count: 1, least_expected: expected / 2.0 };
    if expected < LEAST_EXPECTED || !is_clear || compared.was_as_quiet(days, share) {
        return None;
    }
    Some(Found::Quiet(Shortfall { first: days.day(last), last: days.day(last), rows, usual: expected }))
}

/// Whether a finding is that one day has too few rows, all day long.
fn one_day(found: &Found) -> Option<&Shortfall> {
    match found {
        Found::Thin(short) | Found::Quiet(short) if short.first == short.last => Some(short),
        _ => None,
    }
}

/// Whether several signals, half of them at least, have fewer rows on one day, in about the same measure: people were
/// elsewhere. A load that failed leaves hardly anything, or other shares of each signal.
fn is_holiday(signals: &[LastDay<'_>], found: &[Option<Found>]) -> bool {
    let Some(day) = found.iter().flatten().find_map(one_day).map(|short| short.last) else { return false };
    let mut shares = Vec::new();
    for LastDay { days, .. } in signals {
        let Some(last) = days.newest().filter(|&last| days.day(last) == day) else { continue };
        let Some(usual) = days.usual(last + 1) else { continue };
        let expected = usual.trend(days, last + 1) * usual.rows(last);
        if expected >= LEAST_EXPECTED {
            shares.push(days.rows(last) as f64 / expected);
        }
    }

    let judged = shares.len();
    shares.retain(|share| *share < QUIET_SHARE);
    let least = shares.iter().copied().fold(f64::INFINITY, f64::min);
    let most = shares.iter().copied().fold(0.0, f64::max);
    let are_several = shares.len() > 1 && 2 * shares.len() >= judged;
    are_several && least >= HOLIDAY_SHARE && most <= ALIKE * least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Zone;
    use proptest::prelude::*;

    const USUAL: u64 = 240;

    fn end() -> Day {
        "2026-06-01".parse().unwrap()
    }

    /// Half a year in which each day has 240 rows, weekends a fifth of it, but for a few days before the end.
    fn days(last: &[u64]) -> Days {
        let usual = |back: usize| if weekend(back) { USUAL / 5 } else { USUAL };
        let counts: Vec<u64> = (0..180).map(|back| last.get(back).copied().unwrap_or(usual(back))).collect();
        Days::of_counts(end(), &counts)
    }

    /// The last day, 2026-05-31, is a Sunday here only in name: the week's pattern begins with two busy days.
    fn weekend(back: usize) -> bool {
        back % 7 >= 5
    }

    fn judged(days: &Days) -> Option<Found> {
        judge(&LastDay { days, allowed: 3, is_late: false, least_share: 0.25 })
    }

    #[test]
    fn gaps_before_the_last_day_are_found() {
        let of = |last: &[u64]| {
            let days = days(last);
            let signal = || LastDay { days: &days, allowed: 3, is_late: false, least_share: 0.25 };
            (gaps(&[signal()]).remove(0), gaps(&[signal(), signal(), signal()]).concat().len())
        };
        let (found, _) = of(&[USUAL, USUAL, 0]);
        let day = end().plus(-3);
        assert_eq!(found, [Shortfall { first: day, last: day, rows: 0, usual: 240.0 }]);
        let (found, _) = of(&[USUAL, 10, 0, USUAL, USUAL, 48, 48, 240, 3]);
        let days: Vec<(Day, Day)> = found.iter().map(|short| (short.first, short.last)).collect();
        assert_eq!(days, [(end().plus(-3), end().plus(-2)), (end().plus(-9), end().plus(-9))]);

        // Where rows come as deadlines fall, days without any are nothing to speak of.
        let deadlines: Vec<u64> =
            (0..180).map(|back| [120, 60, 0, 180, 60, 900, 0, 0, 0, 900][back * back % 11]).collect();
        assert_eq!(of(&[&deadlines[..5], &[0; 3], &deadlines[8..]].concat()).0, []);

        assert_eq!(of(&[]).0, [], "weekends are quiet every week");
        assert_eq!(of(&[0]).0, [], "a last day that is late is another gate's");
        assert_eq!(of(&[USUAL, 0]).1, 3, "no holiday leaves nothing in all signals");
        assert_eq!(of(&[USUAL, 50]), (of(&[USUAL, 50]).0, 0), "a holiday");
        assert_eq!(of(&[USUAL, 50]).0.len(), 1, "of a single signal nobody can say that it was one");
    }

    #[test]
    fn a_day_that_is_missing_but_for_a_row_is_stale() {
        let found = judged(&days(&[1])).unwrap();
        assert!(found.is_stale());
        assert_eq!(found.message().to_string(), "2026-05-31 has 1 of about 240 usual rows");
        for gap in [2, 10, 30, 60, 80] {
            let mut last = vec![0; gap];
            last[0] = 1;
            let Some(Found::Thin(short)) = judged(&days(&last)) else { panic!("a gap of {gap} days") };
            assert_eq!((short.first, short.last), (end().plus(-(gap as i32)), end().plus(-1)), "a gap of {gap} days");
        }
        // Days without any row are late, which another gate judges.
        assert_eq!(judged(&days(&[0, 0, 0])), None);
        assert_eq!(judged(&days(&[0, 0, 0, 0, 1])), None);
    }

    #[test]
    fn whole_days_are_whole() {
        assert_eq!(judged(&days(&[])), None);
        assert_eq!(judged(&days(&[200])), None);
        assert!(matches!(judged(&days(&[100])), Some(Found::Quiet(_))));
        // As quiet as a week ago.
        let mut last = vec![240; 9];
        (last[0], last[8]) = (30, 30);
        assert_eq!(judged(&days(&last)), None);
        // It thins out over weeks, as a course does at its end.
        let ending: Vec<u64> = (0..80).map(|back| USUAL * back * back / 6400 + 1).collect();
        assert_eq!(judged(&days(&ending)), None);
        // Too little is known.
        let young = Days::of_counts(end(), &[1, 240, 240, 240, 240, 240, 240, 240, 240, 240]);
        assert_eq!(judged(&young), None);
        // Nothing is switched on.
        assert_eq!(judge(&LastDay { days: &days(&[1]), allowed: 3, is_late: false, least_share: 0.0 }), None);
    }

    #[test]
    fn a_signal_that_may_be_late_has_thin_days() {
        let judged = |gap: usize| {
            let mut last = vec![0; gap];
            last[0] = 1;
            judge(&LastDay { days: &days(&last), allowed: 14, is_late: true, least_share: 0.25 })
        };
        assert_eq!(judged(1), None);
        assert_eq!(judged(14), None);
        assert!(judged(15).is_some_and(|found| found.is_stale()));
    }

    #[test]
    fn a_stray_row_on_an_idle_day_is_no_sign_of_life() {
        // The last two days of each week usually have a row at most.
        let idle = |last: &[u64]| {
            let usual = |back: usize| if back % 7 < 2 { u64::from(back.is_multiple_of(3)) } else { USUAL };
            let counts: Vec<u64> = (0..180).map(|back| last.get(back).copied().unwrap_or(usual(back))).collect();
            judged(&Days::of_counts(end(), &counts))
        };
        assert_eq!(idle(&[]), None);
        assert_eq!(idle(&[1, 1]), None);
        assert!(idle(&[1, 0, 0, 0]).is_some_and(|found| found.is_stale()));
        assert!(idle(&[1, 0, 3]).is_some_and(|found| found.is_stale()));
    }

    #[test]
    fn a_day_that_ends_at_noon_is_cut_off() {
        let zone = Zone::utc();
        let with_last = |rows_of: &dyn Fn(usize, usize) -> u32| {
            let hours: Vec<u32> = (0..24 * 100).map(|hour| rows_of(hour / 24, 23 - hour % 24)).collect();
            judged(&Days::new(&hours, end(), end().plus(-90), &zone))
        };
        let noon = |day: usize, hour: usize| if day == 0 && hour >= 12 { 0 } else { 10 };
        let Some(Found::CutOff { day, hour, later, missing }) = with_last(&noon) else { panic!("not cut off") };
        assert_eq!((day, hour, later, missing), (end().plus(-1), 12, 0.5, 120.0));

        // In the evening little comes; on another day of the same weekday nothing did; lately nothing does.
        assert_eq!(with_last(&|day, hour| if day == 0 && hour >= 20 { 0 } else { 10 }), None);
        assert_eq!(with_last(&|day, hour| if (day == 0 || day == 21) && hour >= 12 { 0 } else { 10 }), None);
        assert_eq!(with_last(&|day, hour| if day < 5 && hour >= 12 { 0 } else { 10 }), None);
        // Rows that all have the first hour are days, not times.
        assert_eq!(with_last(&|_, hour| if hour == 0 { 240 } else { 0 }), None);
    }

    #[test]
    fn what_falls_in_several_signals_alike_is_a_holiday() {
        let of = |a: &[u64], b: &[u64]| {
            let (a, b) = (days(a), days(b));
            let signal = |days| LastDay { days, allowed: 3, is_late: false, least_share: 0.25 };
            verdicts(&[signal(&a), signal(&b)]).iter().map(Option::is_some).collect::<Vec<_>>()
        };
        assert_eq!(of(&[40], &[50]), [false, false]);
        assert_eq!(of(&[40], &[240]), [true, false]);
        assert_eq!(of(&[2], &[2]), [true, true], "a load that failed in both");
        assert_eq!(of(&[20], &[130]), [true, true], "fallen, but not alike");
        assert_eq!(of(&[20, 20, 20], &[20, 20, 20]), [true, true], "three days are no holiday");
    }

    proptest! {
        #[test]
        fn ordinary_noise_is_silent(seed in proptest::collection::vec(0.75f64..1.25, 180)) {
            let counts: Vec<u64> =
                seed.iter().enumerate().map(|(back, noise)| {
                    let usual = if weekend(back) { USUAL / 5 } else { USUAL };
                    (usual as f64 * noise) as u64
                }).collect();
            prop_assert_eq!(judged(&Days::of_counts(end(), &counts)), None);
        }
    }
}
