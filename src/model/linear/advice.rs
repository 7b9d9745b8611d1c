//! Advice about a fit: whether it converged, and what is wrong with its columns.

use super::loss::{self, Point};
use super::newton::Newton;
use crate::error::Result;
use crate::language::Message;
use crate::model::design::{ColumnProfile, Design, DesignBlock, INTERCEPT};
use serde::{Deserialize, Serialize};

/// Log-odds beyond which a probability is 0 or 1 for all practical purposes, and worth a look for separation.
const EXTREME: f64 = 12.0;

/// Variance inflation worth a word: nine tenths of ten would be the textbooks' rule, but windows of one signal are
/// meant to overlap.
const INFLATED: f64 = 100.0;

/// What a person should know about a fit. The message says what was found and what to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Advice {
    /// The optimum was not reached, or does not exist.
    NotConverged {
        /// Newton steps taken.
        iterations: u32,
        /// The scaled gradient where they ended.
        gradient_norm: f64,
        /// What it should have come down to.
        tolerance: f64,
    },
    /// Columns tell churners and others apart without error: the likelihood grows forever with their coefficients
    /// (Albert & Anderson, *Biometrika* 71, 1984).
    Separation {
        /// Whether they tell all rows apart, or (quasi-complete) all but ties.
        complete: bool,
        /// The columns, each by itself if one suffices, else together.
        columns: Vec<String>,
        /// Whether a penalty keeps the coefficients finite all the same.
        penalised: bool,
    },
    /// Columns that are linear combinations of others, so that their effects cannot be told apart.
    Collinear {
        /// The columns.
        columns: Vec<String>,
    },
    /// Columns that have so much in common with others that their own coefficients are a matter of chance.
    Inflated {
        /// Those with the largest variance inflation, at most five.
        columns: Vec<String>,
        /// How many there are in all.
        count: usize,
        /// The largest variance inflation.
        most: f64,
    },
    /// Columns with one value in every row.
    Constant {
        /// The columns.
        columns: Vec<String>,
    },
}

impl Advice {
    /// What is told of it.
    pub fn message(&self) -> Message {
        match self {
            Advice::NotConverged { iterations, gradient_norm, tolerance } => Message::new("fit-not-converged")
                .count("iterations", *iterations)
                .scientific("gradient", *gradient_norm, 1)
                .scientific("tolerance", *tolerance, 1),
            Advice::Separation { complete, columns, penalised } => Message::new("fit-separates")
                .list("columns", columns.iter().map(|name| column(name)))
                .count("count", columns.len())
                .text("who", if *complete { "all" } else { "some" })
                .text("penalty", if *penalised { "yes" } else { "no" }),
            Advice::Collinear { columns } => {
                Message::new("fit-collinear").list("columns", columns.iter().map(|name| column(name)))
            }
            Advice::Inflated { columns, count, most } => Message::new("fit-inflated")
                .count("count", *count)
                .decimals("most", *most, 0)
                .list("columns", columns.iter().map(|name| column(name))),
            Advice::Constant { columns } => Message::new("fit-constant")
                .list("columns", columns.iter().map(|name| column(name)))
                .count("count", columns.len()),
        }
    }
}

/// A column of the design, by the name that it has there.
fn column(name: &str) -> Message {
    let of = |key, feature: &str| Message::new(key).text("name", feature);
    match (name.strip_suffix(" is missing"), name.strip_suffix(" is rare")) {
        (Some(feature), _) => of("column-missing", feature),
        (None, Some(feature)) => of("column-rare", feature),
        (None, None) if name == INTERCEPT => Message::new("column-intercept"),
        (None, None) => name.into(),
    }
}

/// A direction along which the likelihood never falls.
pub struct Separating {
    complete: bool,
    /// The coefficients, then the intercept.
    direction: Vec<f64>,
}

impl Separating {
    /// Whether the classes are separated at, or in the direction of, the latest step of a fit.
    pub fn find(blocks: &[&DesignBlock], columns: usize, alpha: f64, newton: &Newton) -> Result<Option<Separating>> {
        let Some(sums) = &newton.sums else { return Ok(None) };
        if sums.lowest_margin > 0.0 {
            return Ok(Some(Separating { complete: true, direction: newton.theta.clone() }));
        }
        if alpha > 0.0 || sums.largest < EXTREME {
            return Ok(None);
        }
        // Under quasi-complete separation all but the separated rows have settled while those still move on by about
        // one per step, none of them backwards.
        let direction: Vec<f64> = newton.step.iter().map(|step| -step).collect();
        let point = Point { theta: &direction, without: None, curvature: None, scatter: false };
        let moved = loss::evaluate(blocks, columns, &[point])?.remove(0);
        Ok((moved.largest > 0.1 && moved.lowest_margin > -1e-3 * moved.largest)
            .then_some(Separating { complete: false, direction }))
    }
}

/// Advice about columns: those that separate, those that depend on others, those that say nothing.
pub fn column_advice(
    design: &Design,
    profile: &[ColumnProfile],
    scale: &[f64],
    alpha: f64,
    separating: Option<&Separating>,
    dependent: &[usize],
) -> Vec<Advice> {
    let named = |keep: &dyn Fn(usize) -> bool| -> Vec<String> {
        (0..design.columns()).filter(|&j| keep(j)).map(|j| design.names[j].clone()).collect()
    };

    let mut advice = Vec::new();
    let penalised = alpha > 0.0;
    let alone = named(&|j| profile[j].separates());
    let almost = named(&|j| !profile[j].constant() && profile[j].nearly_separates());
    if !alone.is_empty() {
        advice.push(Advice::Separation { complete: true, columns: alone, penalised });
    } else if !almost.is_empty() {
        advice.push(Advice::Separation { complete: false, columns: almost, penalised });
    } else if let Some(Separating { complete, direction }) = separating {
        let effect = |j: usize| direction[j].abs() * scale[j];
        let most = (0..design.columns()).map(effect).fold(0.0, f64::max);
        let columns = named(&|j| effect(j) > 0.1 * most);
        advice.push(Advice::Separation { complete: *complete, columns, penalised });
    }

    let constant = named(&|j| profile[j].constant());
    let mut columns = named(&|j| dependent.contains(&j) && !profile[j].constant());
    if dependent.contains(&design.columns()) && constant.is_empty() {
        columns.push(INTERCEPT.into());
    }
    if !columns.is_empty() {
        advice.push(Advice::Collinear { columns });
    }
    if !constant.is_empty() {
        advice.push(Advice::Constant { columns: constant });
    }
    advice
}

/// One piece of advice about all columns whose coefficients mean little by themselves.
pub fn inflation_advice(names: &[String], variance_inflation: &[f64]) -> Option<Advice> {
    let mut inflated: Vec<(f64, &String)> = variance_inflation
        .iter()
        .copied()
        .zip(names)
        .filter(|(inflation, _)| *inflation > INFLATED && inflation.is_finite())
        .collect();
    inflated.sort_by(|a, b| b.0.total_cmp(&a.0));
    let most = inflated.first()?.0;
    let count = inflated.len();
    Some(Advice::Inflated {
        columns: inflated.into_iter().take(5).map(|(_, name)| name.clone()).collect(),
        count,
        most,
    })
}
