//! Drift in messages: what is broken, what has changed, and what it does to the risk.

use super::judge::{Judged, Kind};
use crate::artefact::MeanScores;
use crate::language::Message;
use crate::monitoring::verdict::Verdict;
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

/// A message for each kind of finding with this verdict and each signal, or column without a signal.
pub fn findings(judged: &[Judged], columns: &[Column<'_>], verdict: Verdict) -> Vec<Message> {
    let found: Vec<&Judged> = judged.iter().filter(|it| it.verdict == Some(verdict)).collect();
    let mut messages: Vec<Message> =
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
            messages.extend(shares(kind, &same));
            of_kind = others;
        }
    }
    messages
}

fn volume(judged: &Judged) -> Message {
    let look = &judged.look;
    Message::new("drift-rows").decimals("rows", look.value, 0).decimals("usual", look.reference, 0)
}

/// What is said of the columns of one signal, or of a column without one.
fn shares(kind: Kind, found: &[(Column<'_>, &Judged)]) -> Option<Message> {
    let difference = |it: &Judged| (it.look.value - it.look.reference).abs();
    let mut strongest = found.to_vec();
    strongest.sort_by(|(_, a), (_, b)| difference(b).total_cmp(&difference(a)));
    let &(column, judged) = strongest.first()?;
    let name = spelling::named(column.name);
    let what = match column.signal.filter(|_| found.len() > 1) {
        Some(signal) => Message::new("drift-features")
            .text("signal", spelling::named(signal))
            .count("count", found.len())
            .text("name", name),
        None => name.into(),
    };

    let message = match kind {
        Kind::OneValue if judged.look.value > judged.look.reference => Message::new("drift-stopped"),
        Kind::OneValue => Message::new("drift-begun"),
        Kind::Unknown => Message::new("drift-levels"),
        _ => Message::new("drift-missing"),
    };
    Some(message.message("what", what).percent("now", judged.look.value, 1).percent("before", judged.look.reference, 1))
}

/// A message about the columns whose distribution has changed, those first that moved the risk most; none if none
/// has.
pub fn distances(judged: &[Judged], columns: &[Column<'_>]) -> Option<Message> {
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
        let mut parts = vec![Message::new("drift-psi").decimals("psi", psi, 2)];
        parts.extend((!usual.is_nan()).then(|| Message::new("drift-usual").decimals("psi", usual, 2)));
        let is_moved = column.moved.abs() >= LEAST;
        parts.extend(is_moved.then(|| Message::new("drift-log-odds").signed("moved", column.moved, 2)));
        Message::new("drift-column").text("name", spelling::named(column.name)).list("parts", parts)
    };
    let message = || Message::new("drift-changed").some_of("columns", changed.iter().map(named), NAMED_COLUMNS);
    (!changed.is_empty()).then(message)
}

/// What has become of the mean risk since the training, and which concepts have moved it.
pub fn risk(trained: &MeanScores, now: &MeanScores, shifts: &[Shift]) -> Message {
    let with_risks =
        |message: Message| message.percent("before", trained.probability, 1).percent("now", now.probability, 1);
    let mut strongest: Vec<&Shift> = shifts.iter().filter(|shift| shift.log_odds.abs() >= LEAST).collect();
    strongest.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()).then(a.code.cmp(&b.code)));
    if strongest.is_empty() {
        return with_risks(Message::new("drift-risk-unmoved"));
    }

    let concept = |shift: &&Shift| {
        Message::new("drift-concept").text("name", spelling::shown(&shift.name)).signed("moved", shift.log_odds, 2)
    };
    let mut parts: Vec<Message> = strongest.iter().take(NAMED_CONCEPTS).map(concept).collect();
    let named: f64 = strongest.iter().take(NAMED_CONCEPTS).map(|shift| shift.log_odds).sum();
    let rest = shifts.iter().map(|shift| shift.log_odds).sum::<f64>() - named;
    parts.extend((rest.abs() >= LEAST).then(|| Message::new("drift-others").signed("moved", rest, 2)));

    let message = match now.probability - trained.probability {
        difference if difference > 0.0 => Message::new("drift-risk-rose"),
        difference if difference < 0.0 => Message::new("drift-risk-fell"),
        _ => Message::new("drift-risk-stayed"),
    };
    with_risks(message).list("parts", parts)
}
