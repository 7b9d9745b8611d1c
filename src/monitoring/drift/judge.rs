//! Which differences between the rows of a run and those of a training are drift. Two things are asked at once: that
//! chance does not explain the difference, and that it matters, beyond what the training snapshots have differed by.

use super::distance::{g_test, g_test_of_shares, holm, psi, scaled};
use crate::artefact::distribution::{ColumnCounts, Counts, Sample};
use crate::metrics::interval::Interval;
use crate::model::additive::Bins;
use crate::monitoring::verdict::Verdict;
use crate::numeric::wilson;

/// What is explained by chance less often than this, in one of all the looks of a run, is not explained by chance.
pub const LEVEL: f64 = 0.05;
/// With fewer rows, nothing is said of their columns.
const LEAST_ROWS: f64 = 100.0;
/// How many times the largest difference between neighbouring training snapshots a difference has to be: a run is
/// further from the newest of them than these are from each other, because labels have to mature.
const SLACK: f64 = 2.0;
/// From which difference of a share on it is watched, and acted on: of missing values ...
const MISSING: Sizes = Sizes { watch: 0.05, act: 0.1 };
/// ... of levels that the training did not have ...
const UNKNOWN: Sizes = Sizes { watch: 0.01, act: 0.05 };
/// ... and of the number of rows, as a logarithm: a fifth more or a sixth fewer, and a third fewer.
const VOLUME: Sizes = Sizes { watch: 0.182, act: 0.405 };
/// The share of the rows with one value from which a column does not vary, and below which it does.
const CONSTANT: f64 = 0.995;
const VARIED: f64 = 0.95;

/// From which size on a difference is watched, and acted on.
#[derive(Clone, Copy)]
struct Sizes {
    watch: f64,
    act: f64,
}

impl Sizes {
    /// What a difference asks for, where neighbouring snapshots have differed by as much as `usual`.
    fn verdict(self, difference: f64, usual: f64) -> Verdict {
        if difference < self.watch.max(SLACK * usual) {
            Verdict::Ok
        } else if difference < self.act {
            Verdict::Watch
        } else {
            Verdict::Act
        }
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// How many rows there are.
    Volume,
    /// The share of missing values of a column.
    Missing,
    /// The share of levels that the training did not have.
    Unknown,
    /// The share of the commonest value: a column that stops to vary, or begins to.
    OneValue,
    /// How far the distribution of a column is from that of the training.
    Distance,
}

/// A look at one difference.
#[derive(Clone, Debug)]
pub struct Look {
    /// What is looked at.
    pub kind: Kind,
    /// The column, by its place; none of the number of rows.
    pub column: Option<usize>,
    /// What was found.
    pub value: f64,
    /// Its 95 % interval, where it has one.
    pub interval: Option<Interval>,
    /// What it is compared with: the share in the training; the largest distance between neighbouring snapshots.
    pub reference: f64,
    /// The probability that chance makes such a difference; none where nothing can be said.
    pub p_value: Option<f64>,
    /// What the size asks for, if chance does not explain it.
    size: Verdict,
}

/// A look with its verdict; none where nothing can be said.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The look.
    pub look: Look,
    /// What it asks for.
    pub verdict: Option<Verdict>,
}

/// Judges the looks of one run, as one family: if nothing has drifted, at most one run in twenty has any verdict but
/// `ok`.
pub fn judged(looks: Vec<Look>) -> Vec<Judged> {
    let p_values: Vec<f64> = looks.iter().filter_map(|look| look.p_value).collect();
    let mut adjusted = holm(&p_values).into_iter();
    let verdict = |look: &Look, adjusted: f64| if adjusted < LEVEL { look.size } else { Verdict::Ok };
    looks
        .into_iter()
        .map(|look| {
            let adjusted = look.p_value.and_then(|_| adjusted.next());
            Judged { verdict: adjusted.map(|adjusted| verdict(&look, adjusted)), look }
        })
        .collect()
}

/// The look at the number of rows; none where the training rows have no dates.
pub fn volume(training: &Counts, run: Sample) -> Option<Look> {
    let dated = training.snapshots.iter().filter(|snapshot| snapshot.as_of.is_some() && snapshot.sample.rows > 0);
    let rows: Vec<f64> = dated.map(|snapshot| snapshot.sample.rows as f64).collect();
    let now = run.rows as f64;
    let distance = |a: f64, b: f64| (a.max(1.0) / b.max(1.0)).ln().abs();
    let nearest = rows.iter().copied().min_by(|&a, &b| distance(now, a).total_cmp(&distance(now, b)))?;
    let usual = rows.windows(2).map(|pair| distance(pair[0], pair[1])).fold(0.0, f64::max);
    // A population may grow for ever, and nothing is broken.
    let most = if now > nearest { Verdict::Watch } else { Verdict::Act };
    // Two counts of independent events, given their sum.
    let deviations = (now - nearest).abs() / (now + nearest).sqrt();
    Some(Look {
        kind: Kind::Volume,
        column: None,
        value: now,
        interval: None,
        reference: nearest,
        p_value: Some(libm::erfc(deviations / std::f64::consts::SQRT_2)),
        size: VOLUME.verdict(distance(now, nearest), usual).min(most),
    })
}

/// The looks at the columns of some rows, given as they were counted at the training and now. `least_psi` is the
/// distance that matters.
pub fn columns(training: &Counts, run: &Counts, least_psi: f64) -> Vec<Look> {
    let (before, after) = (training.all.effective_rows(), run.all.effective_rows());
    let is_said = before >= LEAST_ROWS && after >= LEAST_ROWS;
    let mut looks = Vec::new();
    for (place, (trained, found)) in training.columns.iter().zip(&run.columns).enumerate() {
        let pair = Pair { trained, found, past: past(training, place), before, after };
        let of_column = [Some(pair.distance(least_psi)), Some(pair.missing()), pair.unknown(), Some(pair.one_value())];
        looks.extend(of_column.into_iter().flatten().map(|look| Look {
            column: Some(place),
            p_value: look.p_value.filter(|_| is_said),
            ..look
        }));
    }
    looks
}

/// The look at the distance of scores alone, as a column with this place.
pub fn scores(held_out: &Counts, run: &Counts, least_psi: f64, place: usize) -> Option<Look> {
    let mut looks = columns(held_out, run, least_psi).into_iter();
    looks.find(|look| look.kind == Kind::Distance).map(|look| Look { column: Some(place), ..look })
}

/// The counts of a column in the training snapshots that are large enough; of all rows where there is none.
fn past(training: &Counts, place: usize) -> Vec<&[u64]> {
    let column = &training.columns[place];
    let large = training.snapshots.iter().zip(&column.snapshots);
    let large = large.filter(|(snapshot, _)| snapshot.sample.effective_rows() >= LEAST_ROWS);
    let past: Vec<&[u64]> = large.map(|(_, counts)| counts.as_slice()).collect();
    if past.is_empty() {
        vec![&column.all]
    } else {
        past
    }
}

/// A column then and now.
struct Pair<'a> {
    trained: &'a ColumnCounts,
    found: &'a ColumnCounts,
    /// The training snapshots, oldest first.
    past: Vec<&'a [u64]>,
    /// As many independent rows of the training as say as much.
    before: f64,
    /// The same of the run.
    after: f64,
}

impl Pair<'_> {
    /// A look at the distribution. The distance is that to the nearest snapshot: a season that the training knows is
    /// no drift.
    fn distance(&self, least_psi: f64) -> Look {
        let found = &self.found.all;
        let nearest = self.past.iter().map(|past| psi(past, found)).fold(f64::INFINITY, f64::min);
        let usual = self.usual(psi);
        let sizes = Sizes { watch: least_psi, act: f64::INFINITY };
        Look {
            kind: Kind::Distance,
            column: None,
            value: nearest,
            interval: None,
            reference: if self.past.len() > 1 { usual } else { f64::NAN },
            p_value: Some(g_test(&scaled(&self.trained.all, self.before), &scaled(found, self.after))),
            size: sizes.verdict(nearest, usual),
        }
    }

    fn missing(&self) -> Look {
        self.share(Kind::Missing, self.trained.bins.missing(), |difference, usual| {
            MISSING.verdict(difference.abs(), usual)
        })
    }

    /// A look at levels that the training did not have; none of a number.
    fn unknown(&self) -> Option<Look> {
        let Bins::Levels { levels } = &self.trained.bins else { return None };
        Some(self.share(Kind::Unknown, levels.len(), |difference, usual| UNKNOWN.verdict(difference, usual)))
    }

    /// A look at whether the column has stopped to vary, or has begun to.
    fn one_value(&self) -> Look {
        let trained_on = commonest(&self.trained.all);
        let code =
            if share(&self.trained.all, trained_on) >= CONSTANT { trained_on } else { commonest(&self.found.all) };
        let now = share(&self.found.all, code);
        let is_one = holds_one_value(&self.trained.bins, code);
        let has_stopped =
            is_one && now >= CONSTANT && self.past.iter().all(|past| share(past, commonest(past)) < VARIED);
        let has_begun = is_one && now < VARIED && self.past.iter().all(|past| share(past, code) >= CONSTANT);
        self.share(Kind::OneValue, code, |_, _| if has_stopped || has_begun { Verdict::Act } else { Verdict::Ok })
    }

    /// A look at the share of one code, given what its difference to the nearest snapshot asks for where neighbouring
    /// ones have differed by so much.
    fn share(&self, kind: Kind, code: usize, size: impl Fn(f64, f64) -> Verdict) -> Look {
        let now = share(&self.found.all, code);
        let trained = share(&self.trained.all, code);
        let differences = self.past.iter().map(|past| now - share(past, code));
        let nearest = differences.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
        let (lower, upper) = wilson(now, self.after);
        let [before, after] = [(trained, self.before), (now, self.after)].map(|(share, rows)| (share * rows, rows));
        Look {
            kind,
            column: None,
            value: now,
            interval: (self.after > 0.0).then_some(Interval { estimate: now, lower, upper }),
            reference: trained,
            p_value: Some(g_test_of_shares(before, after)),
            size: size(nearest, self.usual(|a, b| (share(a, code) - share(b, code)).abs())),
        }
    }

    /// The largest distance between neighbouring snapshots.
    fn usual(&self, distance: impl Fn(&[u64], &[u64]) -> f64) -> f64 {
        self.past.windows(2).map(|pair| distance(pair[0], pair[1])).fold(0.0, f64::max)
    }
}

/// Whether all rows with a code have the same value: one level, or a number with a bin of its own. That they have
/// none is another look.
fn holds_one_value(bins: &Bins, code: usize) -> bool {
    match bins {
        Bins::Levels { levels } => code < levels.len(),
        Bins::Numeric { edges } => {
            let [below, edge] = [code.checked_sub(1), Some(code)].map(|place| place.and_then(|place| edges.get(place)));
            below.zip(edge).is_some_and(|(below, edge)| *below == edge.next_down())
        }
    }
}

/// The share of a code.
fn share(counts: &[u64], code: usize) -> f64 {
    counts.get(code).copied().unwrap_or(0) as f64 / counts.iter().sum::<u64>().max(1) as f64
}

/// The code that most rows have; the first of several.
fn commonest(counts: &[u64]) -> usize {
    (0..counts.len()).max_by_key(|&code| (counts[code], std::cmp::Reverse(code))).unwrap_or(0)
}
