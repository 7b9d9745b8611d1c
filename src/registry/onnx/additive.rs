//! An additive model in a graph: codes by comparing with edges, terms by looking up tables.

use super::graph::{Graph, LevelNumber, Value};
use crate::model::additive::{Additive, Bins, Feature, Lookup};

/// What each term adds to the log-odds.
pub fn terms(graph: &mut Graph, model: &Additive) -> Vec<Value> {
    let used = |place: usize| model.terms.iter().any(|term| term.features().contains(&place));
    let codes: Vec<Option<Value>> =
        model.features.iter().enumerate().map(|(place, feature)| used(place).then(|| code(graph, feature))).collect();

    let mut effects = Vec::with_capacity(model.terms.len());
    for term in &model.terms {
        if let Some(cell) = cell(graph, &term.lookup, &codes) {
            let table = graph.doubles(&[term.table.len()], &term.table);
            effects.push(graph.gather(&table, &cell));
        }
    }
    effects
}

/// The place in a term's table, given the codes of the features.
fn cell(graph: &mut Graph, lookup: &Lookup, codes: &[Option<Value>]) -> Option<Value> {
    let (features, groups, width) = match lookup {
        Lookup::Curve { feature } => return codes[*feature].clone(),
        Lookup::Interaction { features, groups, width } => (features, groups, *width as i64),
    };

    let [rows, columns] = groups;
    let starts: Vec<i64> = rows.iter().map(|&group| i64::from(group) * width).collect();
    let offsets: Vec<i64> = columns.iter().map(|&group| i64::from(group)).collect();
    let starts = graph.int64s(&[starts.len()], &starts);
    let offsets = graph.int64s(&[offsets.len()], &offsets);

    let row = graph.gather(&starts, codes[features[0]].as_ref()?);
    let column = graph.gather(&offsets, codes[features[1]].as_ref()?);
    Some(graph.op("Add", &[&row, &column]))
}

/// The code of a feature: the bin of its value, or the number of its level.
fn code(graph: &mut Graph, feature: &Feature) -> Value {
    let missing = feature.bins.missing() as i64;
    match &feature.bins {
        Bins::Numeric { edges } => {
            let value = graph.number(&feature.name);
            let bin = if edges.is_empty() {
                graph.int64s(&[], &[0])
            } else {
                let edges = graph.floats(&[1, edges.len()], edges);
                graph.count("Less", &edges, &value)
            };

            let is_missing = graph.op("IsNaN", &[&value]);
            let missing = graph.int64s(&[], &[missing]);
            graph.op("Where", &[&is_missing, &missing, &bin])
        }
        Bins::Levels { levels } => {
            let numbers = levels.iter().zip(0..).map(|(level, number)| LevelNumber { level, number }).collect();
            graph.level(&feature.name, numbers, levels.len() as i64, missing)
        }
    }
}
