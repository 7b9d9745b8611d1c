//! An additive model in a graph: codes by comparing with edges, terms by looking up tables.

use super::graph::{Graph, Value};
use crate::model::additive::{Additive, Bins, Feature, Lookup};

/// What each term adds to the log-odds.
pub fn terms(graph: &mut Graph, model: &Additive) -> Vec<Value> {
    let used = |place: usize| model.terms.iter().any(|term| term.features().contains(&place));
    let codes: Vec<Option<Value>> =
        model.features.iter().enumerate().map(|(place, feature)| used(place).then(|| code(graph, feature))).collect();
    model
        .terms
        .iter()
        .filter_map(|term| {
            let cell = match &term.lookup {
                Lookup::Curve { feature } => codes[*feature].clone()?,
                Lookup::Interaction { features: [a, b], groups: [first, second], width } => {
                    let starts: Vec<i64> = first.iter().map(|&group| i64::from(group) * *width as i64).collect();
                    let offsets: Vec<i64> = second.iter().map(|&group| i64::from(group)).collect();
                    let (starts, offsets) =
                        (graph.int64s(&[starts.len()], &starts), graph.int64s(&[offsets.len()], &offsets));
                    let row = graph.gather(&starts, codes[*a].as_ref()?);
                    let column = graph.gather(&offsets, codes[*b].as_ref()?);
                    graph.op("Add", &[&row, &column])
                }
            };
            let table = graph.doubles(&[term.table.len()], &term.table);
            Some(graph.gather(&table, &cell))
        })
        .collect()
}

/// The code of a feature: the bin of its value, or the number of its level.
fn code(graph: &mut Graph, feature: &Feature) -> Value {
    let missing = feature.bins.missing() as i64;
    match &feature.bins {
        Bins::Numeric { edges } => {
            let value = graph.number(&feature.name);
            let bin = match edges.is_empty() {
                true => graph.int64s(&[], &[0]),
                false => {
                    let edges = graph.floats(&[1, edges.len()], edges);
                    graph.count("Less", &edges, &value)
                }
            };
            let is_missing = graph.op("IsNaN", &[&value]);
            let missing = graph.int64s(&[], &[missing]);
            graph.op("Where", &[&is_missing, &missing, &bin])
        }
        Bins::Levels { levels } => {
            let numbers = levels.iter().zip(0..).map(|(level, number)| (level.as_str(), number)).collect();
            graph.level(&feature.name, numbers, levels.len() as i64, missing)
        }
    }
}
