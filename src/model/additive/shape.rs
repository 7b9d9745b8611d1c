//! Which terms a model has, and how they can bend.

use super::basis::{curve, interaction, side, Detail, Side, PAIR_GROUPS};
use super::bins::Grid;
use super::codes::Lookup;
use super::passes::{Term, Terms};
use std::collections::BTreeMap;

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
        self.terms_with(grids, &[])
    }

    /// The terms, over these features, with those curves that are known already.
    pub fn terms_with(&self, grids: &[Grid], known: &[Term]) -> Terms {
        let curve = |&feature: &usize| {
            let lookup = Lookup::Curve { feature };
            let known = known.iter().find(|term| term.lookup == lookup);
            let basis = known.map_or_else(|| curve(&grids[feature]), |term| term.basis.clone());
            (lookup, basis)
        };

        // A feature is the same in all of its interactions, and its components take longer than all else.
        let mut sides: BTreeMap<usize, (Vec<u8>, Side)> = BTreeMap::new();
        for &feature in self.pairs.iter().flatten() {
            sides.entry(feature).or_insert_with(|| {
                let groups = grids[feature].groups(PAIR_GROUPS);
                let side = side(&grids[feature], &groups, self.detail);
                (groups, side)
            });
        }
        let pair = |&[a, b]: &[usize; 2]| {
            let ((groups_a, side_a), (groups_b, side_b)) = (&sides[&a], &sides[&b]);
            let width = groups_b.iter().copied().max().map_or(0, |last| usize::from(last) + 1);
            let groups = [groups_a.clone(), groups_b.clone()];
            (Lookup::Interaction { features: [a, b], groups, width }, interaction(side_a, side_b))
        };
        let terms = self.features.iter().map(curve).chain(self.pairs.iter().map(pair)).enumerate();
        let terms = Terms::new(terms.map(|(at, (lookup, basis))| match self.scales.get(at) {
            Some(&scale) => Term { lookup, basis: basis.scaled(scale) },
            None => Term { lookup, basis },
        }));
        if self.detail.is_fine() {
            terms.with_interactions_apart()
        } else {
            terms
        }
    }
}
