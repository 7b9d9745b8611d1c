//! A model as an ONNX file: a table of raw features in, risk out, for any program that runs ONNX.
//!
//! The graph computes what [`Artefact::score`] computes, step by step and in the same precision. A linear model
//! transforms, clips and standardises values in 64 bits and then rounds them to 32, as the design holds them; an
//! additive one compares them with the edges of its bins in 32 bits. The log-odds and their calibration are in 64 bits.
//!
//! Inputs are the columns of the feature table by name, one value a row: 32-bit floats with NaN for a missing value,
//! and texts with the empty text for a missing level. A feature that the model does not use is no input.

mod additive;
mod graph;
mod protobuf;

use crate::artefact::Artefact;
use crate::error::{Error, Result};
use crate::model::calibration::{Calibration, ChosenCalibration};
use crate::model::design::recipe::{CategoricalStep, NumericStep, Role, Source, Transform};
use graph::{About, Element, Graph, LevelNumber, Value};

pub use graph::Input;

/// The output with the calibrated probability of churn.
pub const PROBABILITY: &str = "probability";
/// The output with the model's log-odds, before calibration.
pub const LOG_ODDS: &str = "log_odds";

/// A model as an ONNX file.
pub struct File {
    /// Its content.
    pub bytes: Vec<u8>,
    /// The inputs.
    pub inputs: Vec<Input>,
}

/// Writes a model.
///
/// # Errors
/// [`Error::Model`] when a feature has the name of an output, or when the model has no features.
pub fn file(model: &Artefact) -> Result<File> {
    if let Some(name) = model.catalogue.names().find(|name| [PROBABILITY, LOG_ODDS].contains(name)) {
        return Err(Error::Model(format!(
            "the feature `{name}` of model {} has the name of an output of the ONNX file; rename the column and train \
             again",
            model.version
        )));
    }

    let mut graph = Graph::default();
    let (intercept, parts) = match &model.fit.additive {
        Some(additive) => (additive.intercept, additive::terms(&mut graph, additive)),
        None => (model.fit.intercept, linear(&mut graph, model)),
    };

    if parts.is_empty() {
        return Err(Error::Model(format!(
            "model {} has no features: every customer has the risk {:.1} %, which needs no file to compute",
            model.version,
            100.0 * model.calibration.apply(intercept)
        )));
    }

    let mut log_odds = graph.double(intercept);
    for part in parts {
        log_odds = graph.op("Add", &[&log_odds, &part]);
    }
    let probability = calibrated(&mut graph, &model.calibration, &log_odds);

    graph.output(PROBABILITY, Element::Double, "the calibrated probability of churn", &probability);
    graph.output(LOG_ODDS, Element::Double, "the log-odds of churn before calibration", &log_odds);
    let inputs = graph.inputs().to_vec();

    let facts = [
        ("version", model.version.clone()),
        ("checksum", model.checksum.clone()),
        ("trained_at", model.trained_at.clone()),
        ("churn", model.churn.to_string()),
    ];

    let text = format!("Churn: {}. One row a customer on an as-of date.", model.churn);
    let (program, program_version) = model.program.split_once(' ').unwrap_or((&model.program, ""));
    let about = About { name: "churn", text: &text, program, program_version, facts: &facts };
    Ok(File { bytes: graph.into_file(&about), inputs })
}

/// What the numeric features together and each categorical one add to the log-odds of a linear model.
fn linear(graph: &mut Graph, model: &Artefact) -> Vec<Value> {
    let mut parts: Vec<Value> = numeric(graph, model).into_iter().collect();
    for (index, step) in model.recipe.categorical.iter().enumerate() {
        parts.extend(categorical(graph, step, &effects(model, Source::Categorical(index))));
    }
    parts
}

/// What a column of a feature adds to the log-odds.
struct Effect {
    role: Role,
    weight: f64,
}

/// The effects of the columns of a feature.
fn effects(model: &Artefact, source: Source) -> Vec<Effect> {
    let terms = model.terms().into_iter().zip(model.weights());
    terms.filter(|(term, _)| term.source == source).map(|(term, weight)| Effect { role: term.role, weight }).collect()
}

/// A numeric feature with a column.
struct UsedFeature<'a> {
    step: &'a NumericStep,
    /// What the value is multiplied by.
    weight: f64,
    /// What a missing value adds.
    missing_weight: f64,
}

/// The numeric features that have a column.
fn used(model: &Artefact) -> Vec<UsedFeature<'_>> {
    let mut used = Vec::new();
    for (index, step) in model.recipe.numeric.iter().enumerate() {
        let effects = effects(model, Source::Numeric(index));
        let weight = |role: Role| effects.iter().find(|effect| effect.role == role).map_or(0.0, |effect| effect.weight);
        if !effects.is_empty() {
            used.push(UsedFeature { step, weight: weight(Role::Value), missing_weight: weight(Role::Missing) });
        }
    }
    used
}

/// What all numeric features together add to the log-odds. All tensors from `table` on have a column a feature.
fn numeric(graph: &mut Graph, model: &Artefact) -> Option<Value> {
    let used = used(model);
    if used.is_empty() {
        return None;
    }

    let behind = graph.int64s(&[1], &[1]);
    let mut columns = Vec::with_capacity(used.len());
    for feature in &used {
        let input = graph.number(&feature.step.feature);
        columns.push(graph.op("Unsqueeze", &[&input, &behind]));
    }
    let table = graph.concat(&columns);
    let missing = graph.op("IsNaN", &[&table]);
    let raw = graph.cast(&table, Element::Double);
    let zero = graph.double(0.0);
    let filled = graph.op("Where", &[&missing, &zero, &raw]);

    let transformed = transformed(graph, &used, &filled);
    let standardised = standardised(graph, &used, &transformed);
    let present = graph.op("Where", &[&missing, &zero, &standardised]);
    let weights: Vec<f64> = used.iter().map(|feature| feature.weight).collect();
    let weights = graph.doubles(&[used.len()], &weights);
    let effects = graph.op("MatMul", &[&present, &weights]);

    let missing_weights: Vec<f64> = used.iter().map(|feature| feature.missing_weight).collect();
    if missing_weights.iter().all(|&weight| weight == 0.0) {
        return Some(effects);
    }
    let missing_weights = graph.doubles(&[used.len()], &missing_weights);
    let missing = graph.cast(&missing, Element::Double);
    let missing_effects = graph.op("MatMul", &[&missing, &missing_weights]);
    Some(graph.op("Add", &[&effects, &missing_effects]))
}

/// The values as their recipe has them: the signed logarithm of some features, and the others as they are.
fn transformed(graph: &mut Graph, used: &[UsedFeature<'_>], filled: &Value) -> Value {
    let one = graph.double(1.0);
    let sign = graph.op("Sign", &[filled]);
    let size = graph.op("Abs", &[filled]);
    let beyond_one = graph.op("Add", &[&size, &one]);
    let logarithm = graph.op("Log", &[&beyond_one]);
    let signed = graph.op("Mul", &[&sign, &logarithm]);

    let is_logarithmic: Vec<bool> = used.iter().map(|feature| feature.step.transform == Transform::SignedLog).collect();
    let is_logarithmic = graph.bools(&[1, used.len()], &is_logarithmic);
    graph.op("Where", &[&is_logarithmic, &signed, filled])
}

/// The transformed values clipped, standardised, and rounded to 32 bits.
fn standardised(graph: &mut Graph, used: &[UsedFeature<'_>], transformed: &Value) -> Value {
    let low = row(graph, used, |step| step.low);
    let high = row(graph, used, |step| step.high);
    let mean = row(graph, used, |step| step.mean);
    // Without a scale there is no column of the value, and its weight is 0.
    let scale = row(graph, used, |step| if step.scale > 0.0 { step.scale } else { 1.0 });

    let raised = graph.op("Max", &[transformed, &low]);
    let clipped = graph.op("Min", &[&raised, &high]);
    let centred = graph.op("Sub", &[&clipped, &mean]);
    let scaled = graph.op("Div", &[&centred, &scale]);
    let single = graph.cast(&scaled, Element::Float);
    graph.cast(&single, Element::Double)
}

/// A constant with a number for each feature.
fn row(graph: &mut Graph, used: &[UsedFeature<'_>], number: impl Fn(&NumericStep) -> f64) -> Value {
    let numbers: Vec<f64> = used.iter().map(|feature| number(feature.step)).collect();
    graph.doubles(&[1, used.len()], &numbers)
}

/// What a categorical feature adds: the effect of its level, looked up by the number of the level. Number 0 adds
/// nothing: it is that of the baseline and of a missing level.
fn categorical(graph: &mut Graph, step: &CategoricalStep, effects: &[Effect]) -> Option<Value> {
    if effects.is_empty() {
        return None;
    }
    let mut table = vec![0.0];
    let mut numbers: Vec<LevelNumber> = step.baseline.iter().map(|level| LevelNumber { level, number: 0 }).collect();
    let mut otherwise = 0;

    for Effect { role, weight } in effects {
        let number = table.len() as i64;
        match role {
            Role::Level(level) => numbers.push(LevelNumber { level, number }),
            Role::OtherLevel => otherwise = number,
            Role::Value | Role::Missing => continue,
        }
        table.push(*weight);
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
/// `-ln(1 - p)` is the softplus, the larger of the log-odds and 0 plus `ln(1 + exp(-|log-odds|))`.
fn beta(graph: &mut Graph, [a, b, intercept]: [f64; 3], log_odds: &Value) -> Value {
    let [zero, one] = [0.0, 1.0].map(|constant| graph.double(constant));
    let size = graph.op("Abs", &[log_odds]);
    let negative = graph.op("Neg", &[&size]);
    let e = graph.op("Exp", &[&negative]);
    let beyond_one = graph.op("Add", &[&e, &one]);
    let remainder = graph.op("Log", &[&beyond_one]);
    let hinge = graph.op("Max", &[log_odds, &zero]);
    let softplus = graph.op("Add", &[&hinge, &remainder]);
    let ln_p = graph.op("Sub", &[log_odds, &softplus]);

    let (a, b, intercept) = (graph.double(a), graph.double(b), graph.double(intercept));
    let (left, right) = (graph.op("Mul", &[&ln_p, &a]), graph.op("Mul", &[&softplus, &b]));
    let turned = graph.op("Add", &[&left, &right]);
    let moved = graph.op("Add", &[&turned, &intercept]);
    graph.op("Sigmoid", &[&moved])
}

/// The line between the knots on either side of each log-odds; before the first and after the last knot it is level.
fn isotonic(graph: &mut Graph, knots: &[f64], probabilities: &[f64], log_odds: &Value) -> Value {
    let edges = graph.doubles(&[1, knots.len()], knots);
    let below = graph.count("LessOrEqual", &edges, log_odds);
    let (zero, one) = (graph.int64s(&[], &[0]), graph.int64s(&[], &[1]));
    let last = graph.int64s(&[], &[knots.len() as i64 - 1]);

    let before = graph.op("Sub", &[&below, &one]);
    let left = graph.op("Max", &[&before, &zero]);
    let right = graph.op("Min", &[&below, &last]);
    let beyond = graph.op("Equal", &[&left, &right]);

    let (x, y) = (graph.doubles(&[knots.len()], knots), graph.doubles(&[knots.len()], probabilities));
    let (x0, x1) = (graph.gather(&x, &left), graph.gather(&x, &right));
    let (y0, y1) = (graph.gather(&y, &left), graph.gather(&y, &right));
    let (run, rise) = (graph.op("Sub", &[&x1, &x0]), graph.op("Sub", &[&y1, &y0]));
    let unit = graph.double(1.0);
    let run = graph.op("Where", &[&beyond, &unit, &run]);

    let along = graph.op("Sub", &[log_odds, &x0]);
    let share = graph.op("Div", &[&along, &run]);
    let risen = graph.op("Mul", &[&rise, &share]);
    let line = graph.op("Add", &[&y0, &risen]);
    graph.op("Min", &[&line, &y1])
}
