//! The strengths of the penalty that are tried, and the choice among them.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The penalty strengths per row that are tried, strongest first: half a power of ten apart.
pub const ALPHA_PATH: [f64; 11] = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6];

/// The group penalties tried, as shares of the least one that drops everything, strongest first.
pub const SHARES: [f64; 15] =
    [0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.09, 0.06, 0.045, 0.03, 0.022, 0.015, 0.011, 0.008, 0.0055];

/// Strengths that may do worse than the best before a search ends: a weaker penalty only follows the noise more
/// closely.
pub const PATIENCE: usize = 2;

/// A search that goes on until [`PATIENCE`] ends.
pub struct Patience {
    best: f64,
    worse: usize,
}

impl Patience {
    /// With strengths that have to do better than this loss from the beginning.
    pub fn from(best: f64) -> Patience {
        Patience { best, worse: 0 }
    }

    /// Whether the search ends with a strength of this loss.
    pub fn ends_with(&mut self, loss: f64) -> bool {
        self.worse = if loss < self.best { 0 } else { self.worse + 1 };
        self.best = self.best.min(loss);
        self.worse == PATIENCE
    }
}

/// The penalty and how it was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlphaChoice {
    /// The strength per row of all rows with the lowest out-of-fold log-loss; the stronger of equals.
    pub alpha: f64,
    /// Rows the choice is based on.
    pub rows: usize,
    /// What was tried, strongest first.
    pub path: Vec<AlphaScore>,
}

/// How well one penalty did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlphaScore {
    /// Strength per row.
    pub alpha: f64,
    /// Mean log-loss of rows whose fold the model has not seen.
    pub log_loss: f64,
    /// Standard error of that mean, from the spread between folds (as glmnet's `cv.glmnet`).
    pub standard_error: f64,
}

/// How well models do on rows that they have not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOutLoss {
    /// How many rows.
    pub rows: usize,
    /// How many customers they stand for.
    pub weight: f64,
    /// Their mean log-loss.
    pub log_loss: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl AlphaScore {
    /// The score of a strength from its losses on the rows of several splits.
    fn pooled(alpha: f64, losses: &[HeldOutLoss]) -> AlphaScore {
        let all: f64 = losses.iter().map(|loss| loss.weight).sum();
        let (mut log_loss, mut variance) = (0.0, 0.0);
        for loss in losses {
            let share = loss.weight / all.max(f64::MIN_POSITIVE);
            log_loss += share * loss.log_loss;
            variance += (share * loss.standard_error).powi(2);
        }
        AlphaScore { alpha, log_loss, standard_error: variance.sqrt() }
    }
}

/// The strength with the lowest loss over all splits, until [`PATIENCE`] ends. `judge` fits the models of a split
/// with a strength and judges them; it is called with the strongest first, so that each fit can start from the one before.
///
/// # Errors
/// As `judge`; [`Error::Internal`] if there is no strength.
pub fn search<S>(
    mut strengths: Vec<f64>,
    splits: &mut [S],
    mut judge: impl FnMut(&mut S, f64) -> Result<HeldOutLoss>,
) -> Result<AlphaChoice> {
    strengths.sort_by(|a, b| b.total_cmp(a));
    let (mut rows, mut path) = (0, Vec::with_capacity(strengths.len()));
    let mut patience = Patience::from(f64::INFINITY);
    for alpha in strengths {
        let losses: Vec<HeldOutLoss> = splits.iter_mut().map(|split| judge(split, alpha)).collect::<Result<_>>()?;
        rows = losses.iter().map(|loss| loss.rows).sum();
        let score = AlphaScore::pooled(alpha, &losses);
        path.push(score);
        if patience.ends_with(score.log_loss) {
            break;
        }
    }

    let chosen = choose(&path, false).ok_or_else(|| Error::Internal("there is no penalty to choose from".into()))?;
    Ok(AlphaChoice { alpha: path[chosen].alpha, rows, path })
}

/// The place of the score with the lowest log-loss, the strongest of equals; or of the strongest penalty within one
/// standard error of it. None of an empty path.
pub fn choose(path: &[AlphaScore], within_one_standard_error: bool) -> Option<usize> {
    let lowest = (0..path.len()).min_by(|&a, &b| path[a].log_loss.total_cmp(&path[b].log_loss))?;
    let slack = if within_one_standard_error { path[lowest].standard_error } else { 0.0 };
    let enough = path[lowest].log_loss + slack;
    Some(path.iter().position(|score| score.log_loss <= enough).unwrap_or(lowest))
}
