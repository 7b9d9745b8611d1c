//! A training.

use super::{count, counted, evaluation, model, notes};
use crate::artefact::Artefact;
use crate::calendar::Day;
use crate::jobs::train::Trained;
use crate::language::Texts;
use std::fmt::Write;

/// How many columns of a wide table are named.
const NAMED: usize = 10;

/// After `train`.
pub fn trained(trained: &Trained, texts: &Texts) -> String {
    let Trained { model, decision, .. } = trained;
    let mut text = String::new();
    let dates: Vec<String> = model.snapshots.training.iter().map(Day::to_string).collect();

    let _ = writeln!(text, "Model {} trained\n", model.version);

    let _ = match &model.evaluation.folds {
        None => writeln!(
            text,
            "Evaluated after training on {}: {}",
            counted(dates.len() as u64, "snapshot"),
            dates.join(", ")
        ),
        Some(folds) => writeln!(
            text,
            "Evaluated on {}{}, each after training on all other rows",
            counted(folds.by_fold.len() as u64, "held-out fold"),
            folds.column.as_ref().map_or_else(String::new, |column| format!(" of column `{column}`")),
        ),
    };

    text += &evaluation::brief(model);
    screened(&mut text, model);
    model::steps(&mut text, model);

    let _ = writeln!(
        text,
        "{} on {}, {} churned; {}, penalty {:.0e}, calibration {}",
        if model.evaluation.folds.is_some() || model.refit {
            "Published model: fitted once more"
        } else {
            "Published model: fitted"
        },
        counted(model.fit.rows as u64, "row"),
        count(model.fit.churners as u64),
        terms(model),
        model.fit.alpha,
        model::calibration_name(model),
    );

    for sentence in model.fit.restrictions.sentences() {
        let _ = writeln!(text, "{sentence}");
    }
    if let Some(outreach) = &model.outreach {
        let _ = writeln!(text, "Outreach: {outreach}");
    }
    if let Some(sampling) = &model.fit.sampling {
        let _ = writeln!(text, "Sampled: {sampling}");
    }

    let _ = write!(
        text,
        "Fit {} in {} ",
        if model.fit.report.converged { "converged" } else { "DID NOT CONVERGE" },
        model.fit.report.iterations,
    );
    let _ = match model.fit.additive {
        Some(_) => writeln!(text, "passes over the rows; {}", model.fit.certificate),
        None => writeln!(text, "Newton steps; {}", model.fit.certificate),
    };

    notes(&mut text, &model.fit.advice.0);
    if let Some(power) = &trained.control_power {
        power.sentences(texts).iter().for_each(|sentence| text += &format!("{sentence}\n"));
    }
    let _ = writeln!(
        text,
        "{}: {}\nModel file: {}",
        if decision.promoted { "Champion now" } else { "Not promoted" },
        decision.reason,
        trained.file.display()
    );

    text
}

/// Which columns of a wide table the model learned from.
fn screened(text: &mut String, model: &Artefact) {
    let Some(screening) = &model.screening else { return };
    let names: Vec<&str> = screening.kept.iter().take(NAMED).map(|column| column.name.as_str()).collect();
    let more = match screening.kept.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more (all are in the model card)"),
    };
    let _ = writeln!(text, "{screening}.\nKept, the strongest first: {}{more}", names.join(", "));
}

/// "45 columns", or "19 curves and 10 interactions".
fn terms(model: &Artefact) -> String {
    match &model.fit.additive {
        None => counted(model.fit.coefficients.len().saturating_sub(1) as u64, "column"),
        Some(additive) => {
            let curves = additive.terms.iter().filter(|term| term.features().len() == 1).count();
            let interactions = additive.terms.len() - curves;
            format!("{} and {}", counted(curves as u64, "curve"), counted(interactions as u64, "interaction"))
        }
    }
}
