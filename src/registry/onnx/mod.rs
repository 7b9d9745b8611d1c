//! A model as an ONNX file: a table of raw features in, risk out, for any program that runs ONNX.
//!
//! The graph computes what [`Artefact::score`] computes, step by step and in the same precision: of a linear model, values
//! are transformed, clipped and standardised in 64 bits and then rounded to 32, as the design holds them; of an additive one, they
//! are compared with the edges of its bins in 32 bits; the log-odds and their calibration are in 64 bits. Inputs are the columns of the feature table by name, one value a row: 32-bit floats with NaN for a
//! missing value, and texts with the empty text for a missing level. A feature that the model does not use is no input.

mod additive;
mod graph;
mod protobuf;

use crate::artefact::Artefact;
use crate::error::{Error, Result};
use crate::model::calibration::{Calibration, ChosenCalibration};
use crate::model::design::recipe::{CategoricalStep, NumericStep, Role, Source, Transform};
use graph::{Element, Graph, Value};

/// The output with the calibrated probability of churn.
pub const PROBABILITY: &str = "probability";
/// The output with the model's log-odds, before calibration.
pub const LOG_ODDS: &str = "log_odds";

/// A model as an ONNX file.
pub struct File {
    /// Its content.
    pub bytes: Vec<u8>,
    /// The inputs: name, and whether it is a text.
    pub inputs: Vec<(String, bool)>,
}

/// Writes a model.
///
/// # Errors
/// [`Error::Model`] when a feature has the name of an output.
pub fn file(model: &Artefact) -> Result<File> {
    if let Some(name) = model.catalogue.names().find(|name| [PROBABILITY, LOG_ODDS].contains(name)) {
        return Err(Error::Model(format!(
            "the feature `{name}` of model {} has the name of an output of the ONNX file; rename the column and train again",
            model.version
        )));
    }

    let mut graph = Graph::default();
    let (intercept, parts) = match &model.fit.additive {
        Some(additive) => (additive.intercept, additive::terms(&mut graph, additive)),
        None => (model.fit.intercept, linear(&mut graph, model)),
    };

    let mut log_odds = graph.double(intercept);
    for part in parts {
        log_odds = graph.op("Add", &[&log_odds, &part]);
    }
    let probability = calibrated(&mut graph, &model.calibration, &log_odds);
    graph.output(PROBABILITY, Element::Double, "the calibrated probability of churn", &probability);
    graph.output(LOG_ODDS, Element::Double, "the log-odds of churn before calibration", &log_odds);
    let about = format!("Churn: {}. One row a customer on an as-of date.", model.churn);

    let facts = [
        ("version", model.version.clone()),
        ("checksum", model.checksum.clone()),
        ("trained_at", model.trained_at.clone()),
        ("churn", model.churn.to_string()),
    ];

    let program = model.program.split_once(' ').unwrap_or((&model.program, ""));
    let inputs = graph.inputs().to_vec();
    Ok(File { bytes: graph.into_file("churn", &about, program, &facts), inputs })
}

/// What the numeric features together and each categorical one add to the log-odds of a linear model.
fn linear(graph: &mut Graph, model: &Artefact) -> Vec<Value> {
    let mut parts: Vec<Value> = numeric(graph, model).into_iter().collect();
    for (index, step) in model.recipe.categorical.iter().enumerate() {
        parts.extend(categorical(graph, step, &effects(model, Source::Categorical(index))));
    }
    parts
}

/// What each column of a feature adds to the log-odds.
fn effects(model: &Artefact, source: Source) -> Vec<(Role, f64)> {
    let terms = model.terms().into_iter().zip(model.weights());
    terms.filter(|(term, _)| term.source == source).map(|(term, weight)| (term.role, weight)).collect()
}

/// The numeric features with a column: the step, the weight of the value and that of its absence.
fn used(model: &Artefact) -> Vec<(&NumericStep, f64, f64)> {
    let steps = model.recipe.numeric.iter().enumerate();
    steps
        .filter_map(|(index, step)| {
            let effects = effects(model, Source::Numeric(index));
            let weight = |role: Role| effects.iter().find(|(of, _)| *of == role).map_or(0.0, |(_, weight)| *weight);
            (!effects.is_empty()).then(|| (step, weight(Role::Value), weight(Role::Missing)))
        })
        .collect()
}

/// What all numeric features together add to the log-odds.
fn numeric(graph: &mut Graph, model: &Artefact) -> Option<Value> {
    let used = used(model);
    if used.is_empty() {
        return None;
    }
    let width = used.len();
    let behind = graph.int64s(&[1], &[1]);
    let columns: Vec<Value> = used
        .iter()
        .map(|(step, ..)| {
            let input = graph.number(&step.feature);
            graph.op("Unsqueeze", &[&input, &behind])
        })
        .collect();
    let table = graph.concat(&columns);
    let missing = graph.op("IsNaN", &[&table]);
    let raw = graph.cast(&table, Element::Double);
    let zero = graph.double(0.0);
    let filled = graph.op("Where", &[&missing, &zero, &raw]);

    let one = graph.double(1.0);
    let sign = graph.op("Sign", &[&filled]);
    let size = graph.op("Abs", &[&filled]);
    let beyond_one = graph.op("Add", &[&size, &one]);
    let logarithm = graph.op("Log", &[&beyond_one]);
    let signed = graph.op("Mul", &[&sign, &logarithm]);
    let logarithmic: Vec<bool> = used.iter().map(|(step, ..)| step.transform == Transform::SignedLog).collect();
    let logarithmic = graph.bools(&[1, width], &logarithmic);
    let transformed = graph.op("Where", &[&logarithmic, &signed, &filled]);

    let mut row = |of: &dyn Fn(&NumericStep) -> f64| {
        let values: Vec<f64> = used.iter().map(|(step, ..)| of(step)).collect();
        graph.doubles(&[1, width], &values)
    };
    let (low, high, mean) = (row(&|step| step.low), row(&|step| step.high), row(&|step| step.mean));
    // Without a scale there is no column of the value, and its weight is 0.
    let scale = row(&|step| if step.scale > 0.0 { step.scale } else { 1.0 });
    let raised = graph.op("Max", &[&transformed, &low]);
    let clipped = graph.op("Min", &[&raised, &high]);
    let centred = graph.op("Sub", &[&clipped, &mean]);
    let scaled = graph.op("Div", &[&centred, &scale]);
    let single = graph.cast(&scaled, Element::Float);
    let standardised = graph.cast(&single, Element::Double);
    let present = graph.op("Where", &[&missing, &zero, &standardised]);

    let weights: Vec<f64> = used.iter().map(|&(_, weight, _)| weight).collect();
    let weights = graph.doubles(&[width], &weights);
    let of_values = graph.op("MatMul", &[&present, &weights]);
    let absence: Vec<f64> = used.iter().map(|&(.., weight)| weight).collect();
    if absence.iter().all(|&weight| weight == 0.0) {
        return Some(of_values);
    }
    let absence = graph.doubles(&[width], &absence);
    let missing = graph.cast(&missing, Element::Double);
    let of_absence = graph.op("MatMul", &[&missing, &absence]);
    Some(graph.op("Add", &[&of_values, &of_absence]))
}

/// What a categorical feature adds: the effect of its level, by a number a level. Number 0 adds nothing: the baseline
/// and the missing level.
fn categorical(graph: &mut Graph, step: &CategoricalStep, effects: &[(Role, f64)]) -> Option<Value> {
    if effects.is_empty() {
        return None;
    }
    let mut table = vec![0.0];
    let mut numbers: Vec<(&str, i64)> = step.baseline.iter().map(|level| (level.as_str(), 0)).collect();
    let mut otherwise = 0;

    for (role, effect) in effects {
        let number = table.len() as i64;
        match role {
            Role::Level(level) => numbers.push((level, number)),
            Role::OtherLevel => otherwise = number,
            Role::Value | Role::Missing => continue,
        }
        table.push(*effect);
    }

    let number = graph.level(&step.feature, numbers, otherwise, 0);
    let table = graph.doubles(&[table.len()], &table);
    Some(graph.gather(&table, &number))
}

/// From log-odds to the probability.
fn calibrated(graph: &mut Graph, chosen: &ChosenCalibration, log_odds: &Value) -> Value {
    let p = match &chosen.calibration {
        Calibration::None => graph.op("Sigmoid", &[log_odds]),
        Calibration::Platt { slope, intercept } => {
            let (slope, intercept) = (graph.double(*slope), graph.double(*intercept));
            let turned = graph.op("Mul", &[log_odds, &slope]);
            let moved = graph.op("Add", &[&turned, &intercept]);
            graph.op("Sigmoid", &[&moved])
        }
        Calibration::Beta { a, b, intercept } => beta(graph, [*a, *b, *intercept], log_odds),
        Calibration::Isotonic { log_odds: knots, probabilities } => isotonic(graph, knots, probabilities, log_odds),
    };
    let [least, most] = chosen.limits.map(|limit| graph.double(limit));
    graph.op("Clip", &[&p, &least, &most])
}

/// The logistic curve of the logarithms of both probabilities: `ln p` is the log-odds less their softplus, and
/// `-ln(1 - p)` the softplus.
fn beta(graph: &mut Graph, [a, b, intercept]: [f64; 3], log_odds: &Value) -> Value {
    let [zero, one] = [0.0, 1.0].map(|constant| graph.double(constant));
    let size = graph.op("Abs", &[log_odds]);
    let negative = graph.op("Neg", &[&size]);
    let e = graph.op("Exp", &[&negative]);
    let beyond_one = graph.op("Add", &[&e, &one]);
    let bend = graph.op("Log", &[&beyond_one]);
    let hinge = graph.op("Max", &[log_odds, &zero]);
    let right = graph.op("Add", &[&hinge, &bend]);
    let left = graph.op("Sub", &[log_odds, &right]);
    let (a, b, intercept) = (graph.double(a), graph.double(b), graph.double(intercept));
    let (left, right) = (graph.op("Mul", &[&left, &a]), graph.op("Mul", &[&right, &b]));
    let turned = graph.op("Add", &[&left, &right]);
    let moved = graph.op("Add", &[&turned, &intercept]);
    graph.op("Sigmoid", &[&moved])
}

/// The line between the knots around each log-odds; level beyond the first and the last knot.
fn isotonic(graph: &mut Graph, knots: &[f64], probabilities: &[f64], log_odds: &Value) -> Value {
    let edges = graph.doubles(&[1, knots.len()], knots);
    let below = graph.count("LessOrEqual", &edges, log_odds);
    let (zero, one) = (graph.int64s(&[], &[0]), graph.int64s(&[], &[1]));
    let last = graph.int64s(&[], &[knots.len() as i64 - 1]);
    let before = graph.op("Sub", &[&below, &one]);
    let left = graph.op("Max", &[&before, &zero]);
    let right = graph.op("Min", &[&below, &last]);
    let beyond = graph.op("Equal", &[&left, &right]);
    let curve = (graph.doubles(&[knots.len()], knots), graph.doubles(&[knots.len()], probabilities));
    let (x0, x1) = (graph.gather(&curve.0, &left), graph.gather(&curve.0, &right));
    let (y0, y1) = (graph.gather(&curve.1, &left), graph.gather(&curve.1, &right));
    let (run, rise) = (graph.op("Sub", &[&x1, &x0]), graph.op("Sub", &[&y1, &y0]));
    let unit = graph.double(1.0);
    let run = graph.op("Where", &[&beyond, &unit, &run]);
    let along = graph.op("Sub", &[log_odds, &x0]);
    let share = graph.op("Div", &[&along, &run]);
    let risen = graph.op("Mul", &[&rise, &share]);
    let line = graph.op("Add", &[&y0, &risen]);
    graph.op("Min", &[&line, &y1])
}
