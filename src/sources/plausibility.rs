//! What looks as if it were not what it is taken for: moods that are never below 0, midnights of another zone, values
//! that stand for "unknown". Only a person can tell, so all of this is advice. `churn init` and `churn check` share it;
//! both look at a sample of the rows.

use super::profile::{self, Numbers, Profile, Value};
use super::{Sources, Table};
use crate::calendar::{Day, Zone, DAY_SECONDS, MICROS};
use crate::config::{Settings, Signal};
use crate::error::Result;
use crate::measures::{Instrument, SignalKind};

/// Values that a column needs before something can be said of them.
const LEAST: u64 = 50;
/// Moods of which some should be below 0.
const LEAST_MOODS: u64 = 1000;
/// The share of a column's values from which a placeholder is worth a word.
const PLACEHOLDER_SHARE: f64 = 0.005;
/// Numbers that people write for "unknown".
const PLACEHOLDERS: [f64; 12] =
    [-1.0, -9.0, -99.0, -999.0, -9999.0, -99_999.0, 999.0, 9999.0, 99_999.0, 999_999.0, 9_999_999.0, 99_999_999.0];
/// Scales that scores and moods come on, the narrowest first.
const SCALES: [[f64; 2]; 7] = [[0.0, 1.0], [1.0, 5.0], [0.0, 5.0], [1.0, 7.0], [1.0, 10.0], [0.0, 10.0], [0.0, 100.0]];

/// Advice on the tables of a configuration, of a sample of their rows.
///
/// # Errors
/// A file that cannot be read or decoded.
pub fn advice(settings: &Settings, sources: &Sources, zone: &Zone) -> Result<Vec<String>> {
    let mut advice = Vec::new();

    if let Some(customers) = &settings.customers {
        let times: Vec<&str> =
            [&customers.signup, &customers.start, &customers.end].into_iter().flatten().map(String::as_str).collect();
        let mut numbers: Vec<&str> = customers.numeric.iter().chain(&customers.value).map(String::as_str).collect();
        numbers.sort_unstable();
        numbers.dedup();
        about_columns(&sources.customers, &times, &numbers, zone, &mut advice)?;
    }

    for ((name, signal), table) in settings.signals.iter().zip(&sources.signals) {
        about_signal(signal, table, zone, &mut advice)?;
        if signal.kind == SignalKind::Survey {
            about_scores(name, signal, table, &mut advice)?;
        }
    }

    if let Some(table) = &sources.churn {
        about_columns(table, &[&settings.churn.time], &[], zone, &mut advice)?;
    }
    Ok(advice)
}

fn about_signal(signal: &Signal, table: &Table, zone: &Zone, advice: &mut Vec<String>) -> Result<()> {
    let numbers: Vec<&str> = match (&signal.value, signal.kind) {
        (Some(value), SignalKind::Amount) => vec![value],
        _ => Vec::new(),
    };
    about_columns(table, &[&signal.time], &numbers, zone, advice)?;

    if let (SignalKind::Sentiment, Some(value)) = (signal.kind, &signal.value) {
        let profile = &profile::profiles(table, &[value])?[0];
        if let Some(found) = mood(value, profile).filter(|_| profile.numbers.count >= LEAST_MOODS) {
            advice.push(format!("{}: {}", table.what, found.text));
        }
    }
    Ok(())
}

/// Advice on scores beyond the scales of their instruments.
fn about_scores(name: &str, signal: &Signal, table: &Table, advice: &mut Vec<String>) -> Result<()> {
    let Some(value) = &signal.value else { return Ok(()) };
    let numbers = match (signal.instrument_name, &signal.instrument) {
        (Some(_), _) => vec![profile::profiles(table, &[value])?[0].numbers],
        (None, Some(column)) => scores_by_instrument(table, column, value)?,
        (None, None) => return Ok(()),
    };

    for (instrument, numbers) in signal.instruments().into_iter().zip(numbers) {
        let scale = signal.scale(instrument);
        let (from, to) = (scale.from, scale.to);
        if numbers.count < LEAST || numbers.lie_in(from, to) {
            continue;
        }
        let (what, instrument) = (&table.what, instrument.name());
        let [low, high] = scale_around(numbers.lowest, numbers.highest);
        let set = match instrument {
            "nps" => "NPS is defined on 0 to 10: convert them".to_owned(),
            _ => format!(
                "if that is their scale, set signals.{name}.scales = {{ {instrument} = {{ from = {low}, to = {high} }} \
                 }}, with best = \"low\" if a low score is the good one"
            ),
        };
        advice.push(format!(
            "{what}: the {instrument} scores in `{value}` go from {} to {}, beyond the scale from {from} to {to}; \
             {set}",
            numbers.lowest, numbers.highest
        ));
    }
    Ok(())
}

/// What the scores of each instrument are like, in the order of [`Instrument::ALL`], by a sample of the rows.
pub(crate) fn scores_by_instrument(table: &Table, instrument: &str, score: &str) -> Result<Vec<Numbers>> {
    let mut profiles = vec![Profile::default(); Instrument::ALL.len()];
    profile::sample(table, &[instrument, score], |values| {
        let named = match values[0] {
            Value::Text(text) => Instrument::named(text),
            Value::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(Instrument::named),
            _ => None,
        };
        if let Some(profile) = named.and_then(|named| profiles.get_mut(named as usize)) {
            profile.add(values[1]);
        }
    })?;
    Ok(profiles.into_iter().map(|profile| profile.numbers).collect())
}

/// Advice on columns of times and on columns of numbers.
fn about_columns(table: &Table, times: &[&str], numbers: &[&str], zone: &Zone, advice: &mut Vec<String>) -> Result<()> {
    let columns = [times, numbers].concat();
    let profiles = profile::profiles(table, &columns)?;
    for (column, profile) in columns.iter().zip(&profiles) {
        let found =
            [local_midnights(column, profile, zone), placeholder_day(column, profile), placeholder(column, profile)];
        advice.extend(found.into_iter().flatten().map(|text| format!("{}: {text}", table.what)));
    }
    Ok(())
}

/// Advice on a column of scores or moods, and the range that its values seem to have.
pub(crate) struct Scale {
    pub text: String,
    pub range: [f64; 2],
}

/// Advice on a column of moods that are not on the scale from -1 to 1.
pub(crate) fn mood(column: &str, profile: &Profile) -> Option<Scale> {
    let numbers = profile.numbers;
    if numbers.count < LEAST || numbers.below_zero > 0 && numbers.lie_in(-1.0, 1.0) {
        return None;
    }

    let range = scale_around(numbers.lowest, numbers.highest);
    let [lowest, highest] = range;
    let text = if numbers.below_zero > 0 {
        format!(
            "the moods in `{column}` go from {} to {}, but -1 to 1 is expected; set `range`, or divide them by \
             {highest}",
            numbers.lowest, numbers.highest
        )
    } else {
        format!(
            "none of {} moods in `{column}` is below 0: they go from {} to {}. A mood goes from -1 to 1, and below 0 \
             is negative. If this is a scale from {lowest} to {highest}, shift it so that its middle becomes 0; if it \
             is a classifier's confidence, it is no mood",
            numbers.count, numbers.lowest, numbers.highest
        )
    };
    Some(Scale { text, range })
}

/// The narrowest usual scale that holds these values; else the values' own bounds.
pub(crate) fn scale_around(lowest: f64, highest: f64) -> [f64; 2] {
    let holds = |scale: &&[f64; 2]| scale[0] <= lowest && highest <= scale[1];
    SCALES.iter().find(holds).copied().unwrap_or_else(|| {
        let reach = lowest.abs().max(highest.abs()).ceil();
        [if lowest < 0.0 { -reach } else { 0.0 }, reach]
    })
}

/// Advice on times that are all of one hour, or of two where clocks change, as midnights of another zone are.
pub(crate) fn local_midnights(column: &str, profile: &Profile, zone: &Zone) -> Option<String> {
    let times = &profile.times;
    let is_instant = times.instants > 0;
    if times.count < LEAST || times.has_more_seconds {
        return None;
    }

    let mut hours: Vec<i64> = times.seconds.keys().copied().collect();
    if is_instant && !zone.is_utc() {
        hours = of_zone(times.days.keys().next().copied()?, times.days.keys().last().copied()?, &hours, zone);
    }
    let is_midnight = hours.contains(&0);
    let are_close = hours.iter().max()? - hours.iter().min()? <= 3600;
    if is_midnight || !are_close || hours.len() > 2 || hours.iter().any(|second| second % 900 != 0) {
        return None;
    }

    let shown: Vec<String> =
        hours.iter().map(|second| format!("{:02}:{:02}", second / 3600, second % 3600 / 60)).collect();
    Some(format!(
        "all times in `{column}` are at {} {}, as the midnights of another zone are: days and windows would begin on \
         the wrong day. Set `time.zone` to the zone of these days, or write them as dates",
        shown.join(" or "),
        zone.name(),
    ))
}

/// The seconds of the day that times have in a zone, given those that they have in UTC, early and late in the data.
fn of_zone(first: i32, last: i32, seconds: &[i64], zone: &Zone) -> Vec<i64> {
    let mut local: Vec<i64> = Vec::new();
    for day in [first, first.midpoint(last), last] {
        for second in seconds {
            let instant = (i64::from(day) * DAY_SECONDS + second) * MICROS;
            local.push((instant - zone.midnight(zone.day_of(instant))) / MICROS);
        }
    }
    local.sort_unstable();
    local.dedup();
    // Each of the times in UTC is midnight in one half of the year.
    if local.contains(&0) {
        return vec![0];
    }
    local
}

/// Advice on a day that stands for "unknown".
pub(crate) fn placeholder_day(column: &str, profile: &Profile) -> Option<String> {
    let times = &profile.times;
    let unlikely = |day: i32| {
        let date = Day(day).date();
        day == 0 || day == -1 || date.year() <= 1901 || date.year() >= 2099
    };
    let (day, count) = times.days.iter().filter(|(day, _)| unlikely(**day)).max_by_key(|(_, count)| **count)?;
    if *count as f64 <= PLACEHOLDER_SHARE * times.count as f64 {
        return None;
    }
    Some(format!(
        "{count} of {} times in `{column}` are of {}, which looks like a placeholder for an unknown date; write null \
         there",
        times.count,
        Day(*day)
    ))
}

/// Advice on a number that stands for "unknown": it is the lowest or the highest, and far from all others.
pub(crate) fn placeholder(column: &str, profile: &Profile) -> Option<String> {
    let numbers = profile.numbers;
    if numbers.count < LEAST || profile.has_more_values && numbers.count == 0 {
        return None;
    }

    let others = |wanted: f64| {
        let values = profile.values.keys().filter_map(|text| text.parse::<f64>().ok());
        values.filter(move |value| *value != wanted)
    };
    for value in PLACEHOLDERS.into_iter().filter(|value| [numbers.lowest, numbers.highest].contains(value)) {
        let count = profile.values.get(&value.to_string()).copied().unwrap_or(0);
        let reach = others(value).fold(0.0, |reach: f64, other| reach.max(other.abs()));
        let is_apart = if value < 0.0 { others(value).all(|other| other >= 0.0) } else { reach < value / 2.0 };
        if is_apart && count as f64 > PLACEHOLDER_SHARE * numbers.count as f64 {
            return Some(format!(
                "{count} of {} values of `{column}` are {value}, far from the others, which looks like a placeholder \
                 for an unknown value; write null there",
                numbers.count
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile<'a>(values: impl IntoIterator<Item = Value<'a>>) -> Profile {
        let mut profile = Profile::default();
        values.into_iter().for_each(|value| profile.add(value));
        profile
    }

    #[test]
    fn moods_go_below_zero() {
        let moods = |low: i32, high: i32, by: f64| {
            profile((0..2000).map(|i| Value::Number(f64::from(low + i % (high - low + 1)) / by)))
        };
        assert!(mood("m", &moods(-100, 100, 100.0)).is_none());
        assert_eq!(mood("m", &moods(50, 100, 100.0)).unwrap().range, [0.0, 1.0]);
        assert_eq!(mood("m", &moods(1, 5, 1.0)).unwrap().range, [1.0, 5.0]);
        assert_eq!(mood("m", &moods(-100, 100, 1.0)).unwrap().range, [-100.0, 100.0]);
        assert!(mood("m", &profile([Value::Number(0.5)])).is_none(), "one value says nothing");
    }

    #[test]
    fn midnights_of_another_zone_are_told() {
        let at = |hours: &[i64], is_instant: bool| {
            let times = (0..200).map(|day| {
                let hour = hours[day as usize * hours.len() / 200];
                Value::Time((day * DAY_SECONDS + hour * 3600) * MICROS, is_instant)
            });
            profile(times)
        };
        let (utc, berlin) = (Zone::utc(), Zone::named("Europe/Berlin").unwrap());
        assert!(local_midnights("t", &at(&[22], true), &utc).unwrap().contains("22:00"));
        assert!(local_midnights("t", &at(&[23, 22], true), &utc).unwrap().contains("time.zone"));
        assert!(local_midnights("t", &at(&[23, 22], true), &berlin).is_none(), "midnight there");
        assert!(local_midnights("t", &at(&[0], true), &utc).is_none());
        assert!(local_midnights("t", &at(&[9, 15], true), &utc).is_none());
        assert!(local_midnights("t", &profile((0..200).map(|day| Value::Day(Day(day)))), &berlin).is_none());
    }

    #[test]
    fn placeholders_stand_apart() {
        let ages = |other: f64| {
            profile((0..200).map(|i| Value::Number(if i % 10 == 0 { other } else { f64::from(20 + i % 50) })))
        };
        assert!(placeholder("age", &ages(-999.0)).unwrap().contains("-999"));
        assert!(placeholder("age", &ages(999.0)).is_some());
        assert!(placeholder("age", &ages(70.0)).is_none());
        let balances = profile((-500..500).map(|i| Value::Whole(i128::from(2 * i - 1))));
        assert!(placeholder("balance", &balances).is_none(), "-999 among others like it");

        let days =
            |other: i32| profile((0..200).map(|i| Value::Day(Day(if i % 10 == 0 { other } else { 20_000 + i }))));
        assert!(placeholder_day("left", &days(0)).unwrap().contains("1970-01-01"));
        assert!(placeholder_day("left", &days(-25_567)).is_some());
        assert!(placeholder_day("left", &days(20_001)).is_none());
    }
}
