//! The curve of a feature, drawn for a terminal.

use super::table;
use crate::artefact::Artefact;
use crate::error::{Error, Result};
use crate::model::additive::{Additive, Effect};
use crate::numeric::Z_95;
use std::fmt::Write;

/// Characters of the longest bar.
const LONGEST: usize = 30;
/// Curves that are named where one is not found.
const NAMED: usize = 10;

/// What each bin of a feature adds to the log-odds: to the left of the axis it lowers risk, to the right it raises it.
///
/// # Errors
/// [`Error::Config`] when the model is linear, or has no curve of that name.
pub fn curve(model: &Artefact, feature: &str) -> Result<String> {
    let Some(additive) = &model.fit.additive else {
        return Err(Error::Config(format!(
            "model {} is linear and has no curves: its effects are in `churn models show {}`",
            model.version, model.version
        )));
    };

    let is_curve = |term: &&Effect| term.features().len() == 1;
    let found = additive.terms.iter().filter(is_curve).find(|term| additive.term_name(term) == feature);
    let Some(term) = found else { return Err(no_such_curve(model, additive, feature)) };

    let bins = &additive.features[term.features()[0]].bins;
    let most = term.table.iter().fold(f64::MIN_POSITIVE, |most, effect| most.max(effect.abs()));
    let mut list = table(&["values", "effect", ""], &[1]);
    for (code, &effect) in term.table.iter().enumerate() {
        let length = (effect.abs() / most * LONGEST as f64).round() as usize;
        let bar = "█".repeat(length);
        let picture = if effect < 0.0 { format!("{bar:>LONGEST$}│") } else { format!("{:>LONGEST$}│{bar}", "") };
        let error = term.standard_errors.get(code).map_or_else(String::new, |error| format!(" ± {:.3}", Z_95 * error));
        list.add_row([bins.describe(code).to_string(), format!("{effect:+.3}{error}"), picture]);
    }

    let mut text = String::new();
    let _ = writeln!(text, "Curve of `{feature}` in model {}\n{list}", model.version);
    text += "Effects are log-odds of churn against the mean customer, ± half of the 95 % band where it is known. What \
             `×` terms add is not in them.\n";
    Ok(text)
}

fn no_such_curve(model: &Artefact, additive: &Additive, feature: &str) -> Error {
    let mut curves: Vec<&Effect> = additive.terms.iter().filter(|term| term.features().len() == 1).collect();
    curves.sort_by(|a, b| b.spread.total_cmp(&a.spread));
    let names: Vec<String> = curves.iter().take(NAMED).map(|term| format!("`{}`", additive.term_name(term))).collect();
    if names.is_empty() {
        return Error::Config(format!("model {} has no curves: it is without features", model.version));
    }
    Error::Config(format!(
        "model {} has no curve of `{feature}`; its strongest are {}. `churn models show` lists all terms",
        model.version,
        names.join(", ")
    ))
}
