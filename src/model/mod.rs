//! The churn model: a design matrix in, log-odds, probabilities and their quality out.
//!
//! | file | holds |
//! |---|---|
//! | `design` | the [design matrix](design::Design) in blocks of rows, with labels and cross-fitting folds |
//! | `logistic` | the [logistic fit](linear::LogisticFit) behind linfa's traits: coefficients, their uncertainty, advice, certificate |
//! | `additive` | the richer model: [curves and interactions](additive::Additive) as look-up tables |
//! | `cross_fit` | log-odds of every row from a model that has not seen its customer; the choice of the penalty |
//! | `calibration` | from log-odds to [probabilities](calibration::Calibration), learned on rows of its own |
//! | `base_rate` | probabilities for another base rate than that of the rows fitted on |
//! | `sampling` | a sample of those who stayed, where the rows are more than memory allows |
//! | `metrics` | how good scores are, as scikit-learn defines it |
//! | `bootstrap` | [intervals](bootstrap::Bootstrap) of the metrics, and of their differences, by resampling customers |
//! | `recipe` | what turns raw features into the columns of the design, learned on training rows |
//! | `columns` | the recipe applied: rows of a data set as columns of the design |
//! | `training` | the steps of a training |
//! | `evaluation` | how good it is on later, unseen rows: with intervals, in money, group by group |
//! | `folds` | the evaluation by held-out folds, where there is no time to split by |
//! | `forward` | the penalty judged [forward in time](forward::Origin) |
//! | `backtest` | the whole training repeated at earlier dates; how much history is enough |
//! | `leakage` | [suspects](leakage::suspects): columns that know the label |
//! | `screening` | what each column says [by itself](screening::Single) |
//! | `artefact` | the model as a readable, checked file |
//! | `restrictions` | what a model was asked to [keep to](restrictions::Restrictions): directions, and what its penalty dropped |
//! | `structure` | the linear fit under such restrictions |
//! | `proximal` | the fit where coefficients have signs, or a penalty drops features |
//! | `newton`, `kernel`, `gram`, `cholesky` | how the fit is computed: the iterations, the passes over the rows, the sums of products, the linear algebra |
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
pub mod restrictions;
pub mod sampling;
pub mod solver;
