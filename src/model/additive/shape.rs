//! Which terms a model has, and how they can bend.

use super::basis::{curve, interaction, Detail, PAIR_GROUPS};
use super::bins::Grid;
use super::codes::Lookup;
use super::passes::{Term, Terms};

/// The terms of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// Features with a curve, ascending.
    pub features: Vec<usize>,
    /// Interactions, strongest first.
    pub pairs: Vec<[usize; 2]>,
    /// How closely these follow the cells.
    pub detail: Detail,
    /// A scale a term: of the curves, then of the interactions; empty if all are one.
    pub scales: Vec<f64>,
}

impl Shape {
    /// The terms, over these features.
    pub fn terms(&self, grids: &[Grid]) -> Terms {
        let curve = |&feature: &usize| (Lookup::Curve { feature }, curve(&grids[feature]));
        let pair = |&[a, b]: &[usize; 2]| {
            let groups = [grids[a].groups(PAIR_GROUPS), grids[b].groups(PAIR_GROUPS)];
            let width = groups[1].iter().copied().max().map_or(0, |last| usize::from(last) + 1);
            let basis = interaction((&grids[a], &groups[0]), (&grids[b], &groups[1]), self.detail);
            (Lookup::Interaction { features: [a, b], groups, width }, basis)
        };
        let terms = self.features.iter().map(curve).chain(self.pairs.iter().map(pair)).enumerate();
        let terms = Terms::new(terms.map(|(at, (lookup, basis))| match self.scales.get(at) {
            Some(&scale) => Term { lookup, basis: basis.scaled(scale) },
            None => Term { lookup, basis },
        }));
        match self.detail {
            Detail::Smooth => terms,
            Detail::Fine => terms.with_interactions_apart(),
        }
    }
}
