//! Drift in sentences: what is broken, what has changed, and what it does to the risk.

use super::judge::{Judged, Kind};
use crate::artefact::MeanScores;
use crate::monitoring::verdict::Verdict;
use crate::monitoring::words::percent;
use crate::reasons::shift::Shift;
use crate::spelling;

/// Concepts that are named by themselves.
const NAMED_CONCEPTS: usize = 4;
/// Log-odds from which the part of a concept is worth a word.
const LEAST: f64 = 0.005;
/// Columns that are named.
const NAMED_COLUMNS: usize = 3;

/// What a column is called, and which signal it is made of.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// The name.
    pub name: &'a str,
    /// The signal, where it is made of one.
    pub signal: Option<&'a str>,
    /// How far it has moved the mean log-odds.
    pub moved: f64,
}

/// A sentence for each kind of finding with this verdict and each signal, or column without a signal.
pub fn findings(judged: &[Judged], columns: &[Column<'_>], verdict: Verdict) -> Vec<String> {
    let found: Vec<&Judged> = judged.iter().filter(|it| it.verdict == Some(verdict)).collect();
    let mut sentences: Vec<String> =
        found.iter().filter(|it| it.look.kind == Kind::Volume).map(|it| volume(it)).collect();
    for kind in [Kind::OneValue, Kind::Missing, Kind::Unknown] {
        let mut of_kind: Vec<(Column<'_>, &Judged)> = Vec::new();
        for it in found.iter().filter(|it| it.look.kind == kind) {
            let column = it.look.column.and_then(|place| columns.get(place));
            of_kind.extend(column.map(|&column| (column, *it)));
        }
        while let Some(&(first, _)) = of_kind.first() {
            let is_same = |(column, _): &(Column<'_>, &Judged)| match first.signal {
                Some(_) => column.signal == first.signal,
                None => column.name == first.name,
            };
            let (same, others): (Vec<_>, Vec<_>) = of_kind.into_iter().partition(is_same);
            sentences.push(shares(kind, &same));
            of_kind = others;
        }
    }
    sentences
}

fn volume(judged: &Judged) -> String {
    let look = &judged.look;
    format!("{:.0} customers are scored, where the nearest training snapshot has {:.0}", look.value, look.reference)
}

/// What is said of the columns of one signal, or of a column without one.
fn shares(kind: Kind, found: &[(Column<'_>, &Judged)]) -> String {
    let difference = |it: &Judged| (it.look.value - it.look.reference).abs();
    let mut strongest = found.to_vec();
    strongest.sort_by(|(_, a), (_, b)| difference(b).total_cmp(&difference(a)));
    let Some(&(column, judged)) = strongest.first() else { return String::new() };
    let (now, then) = (percent(judged.look.value), percent(judged.look.reference));
    let whose = match column.signal.filter(|_| found.len() > 1) {
        Some(signal) => format!("signal {}, {} features, such as ", spelling::named(signal), found.len()),
        None => String::new(),
    };
    let name = spelling::named(column.name);
    match kind {
        Kind::OneValue if judged.look.value > judged.look.reference => {
            format!("{whose}{name} has stopped to vary: {now} of the rows have one value, in the training {then}")
        }
        Kind::OneValue => {
            format!("{whose}{name} has begun to vary: {now} of the rows have the one value of {then} in the training")
        }
        Kind::Unknown => {
            format!("{whose}{name}: {now} of the rows have levels that the training did not have (there {then})")
        }
        _ => format!("{whose}{name} is missing in {now} of the rows, in the training in {then}"),
    }
}

/// A sentence about the columns whose distribution has changed, those first that moved the risk most; none if none
/// has.
pub fn distances(judged: &[Judged], columns: &[Column<'_>]) -> Option<String> {
    let changed = judged.iter().filter(|it| it.look.kind == Kind::Distance && it.verdict > Some(Verdict::Ok));
    let mut changed: Vec<(Column<'_>, &Judged)> =
        changed.filter_map(|it| Some((*columns.get(it.look.column?)?, it))).collect();
    changed.sort_by(|(a, of_a), (b, of_b)| {
        b.moved
            .abs()
            .total_cmp(&a.moved.abs())
            .then(of_b.look.value.total_cmp(&of_a.look.value))
            .then(a.name.cmp(b.name))
    });
    let named = |(column, it): &(Column<'_>, &Judged)| {
        let (psi, usual) = (it.look.value, it.look.reference);
        let usual =
            if usual.is_nan() { String::new() } else { format!(", between training snapshots up to {usual:.2}") };
        let moved = if column.moved.abs() < LEAST { String::new() } else { format!(", {:+.2} log-odds", column.moved) };
        format!("{} (PSI {psi:.2}{usual}{moved})", spelling::named(column.name))
    };
    let named: Vec<String> = changed.iter().take(NAMED_COLUMNS).map(named).collect();
    let more = match changed.len().saturating_sub(NAMED_COLUMNS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!named.is_empty())
        .then(|| format!("customers are distributed otherwise than at the training: {}{more}", named.join(", ")))
}

/// What has become of the mean risk since the training, and which concepts have moved it.
pub fn risk(trained: &MeanScores, now: &MeanScores, shifts: &[Shift]) -> String {
    let (before, after) = (percent(trained.probability), percent(now.probability));
    let mut strongest: Vec<&Shift> = shifts.iter().filter(|shift| shift.log_odds.abs() >= LEAST).collect();
    strongest.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()).then(a.code.cmp(&b.code)));
    if strongest.is_empty() {
        return format!("mean risk is {after}, of the training rows {before}; no concept has moved it");
    }
    let mut parts: Vec<String> = strongest
        .iter()
        .take(NAMED_CONCEPTS)
        .map(|shift| format!("{} {:+.2}", spelling::shown(&shift.name), shift.log_odds))
        .collect();
    let named: f64 = strongest.iter().take(NAMED_CONCEPTS).map(|shift| shift.log_odds).sum();
    let rest = shifts.iter().map(|shift| shift.log_odds).sum::<f64>() - named;
    parts.extend((rest.abs() >= LEAST).then(|| format!("others {rest:+.2}")));
    let verb = match now.probability - trained.probability {
        difference if difference > 0.0 => "rose",
        difference if difference < 0.0 => "fell",
        _ => "stayed",
    };
    format!("mean risk {verb} from {before} to {after}: {} log-odds", parts.join(", "))
}
