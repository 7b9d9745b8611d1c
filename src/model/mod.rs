//! The churn model: a design matrix in, log-odds and probabilities out. Here are fits and nothing else.
//!
//! | room | holds |
//! |---|---|
//! | `design` | the [design matrix](design::Design) in blocks of rows, with labels and folds; the recipe that makes columns of features |
//! | `solver` | how objectives are minimised: linear algebra, steps under bounds and penalties; it knows no rows |
//! | `linear` | the [logistic fit](linear::LogisticFit) behind linfa's traits: coefficients, their uncertainty, advice, certificate |
//! | `additive` | the richer model: [curves and interactions](additive::Additive) as look-up tables, behind linfa's traits too |
//! | `records` | what both forms ask of ndarray records, as linfa hands them over |
//! | `penalty` | the strengths of the penalty that are tried, and the choice among them |
//! | `restrictions` | what a model was asked to [keep to](restrictions::Restrictions): directions, and what its penalty dropped |
//! | `calibration` | from log-odds to [probabilities](calibration::Calibration), learned on rows of its own; another base rate |
//! | `sampling` | a sample of those who stayed, where the rows are more than memory allows |
//! | `univariate` | what each column says [by itself](univariate::Single) |
//!
//! **Conventions.** The positive class is *churned* = 1 and a score is the log-odds of it. A parameter vector inside
//! the room holds one coefficient per column in the order of the design, then the intercept. The penalty strength
//! `alpha` is per row: the objective is `mean log-loss + alpha / 2 * |coefficients|^2`, the intercept unpenalised.
//!
//! **Same bytes for any number of threads.** Rows come in blocks whose number and order do not depend on threads. A
//! pass adds up fixed groups of blocks in parallel and then the groups in their order; no float is ever summed in
//! the order in which threads happen to finish.

pub mod additive;
pub mod calibration;
pub mod design;
pub mod linear;
pub mod penalty;
mod records;
pub mod restrictions;
pub mod sampling;
pub mod solver;
pub mod univariate;
