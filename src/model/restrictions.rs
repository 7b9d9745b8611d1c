//! What was asked of a model beyond a good fit: directions of effects, and features dropped by the penalty.

use crate::config::{Direction, Penalty};
use crate::error::Error;
use crate::language::Message;
use serde::{Deserialize, Serialize};

/// A feature whose effect must have a direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directed {
    /// Its name.
    pub feature: String,
    /// How risk moves with it.
    pub direction: Direction,
    /// Whether nothing is left of its effect: the rows ask for the other direction, or for none.
    pub flat: bool,
}

/// The restrictions that a published model keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restrictions {
    /// What keeps its coefficients small.
    pub penalty: Penalty,
    /// The features with a direction, in the order of the catalogue.
    pub directed: Vec<Directed>,
    /// The features that the penalty has dropped, in the order of the catalogue.
    pub dropped: Vec<String>,
}

impl Restrictions {
    /// Whether there are none: an L2 penalty and no directions.
    pub fn is_none(&self) -> bool {
        *self == Restrictions::default()
    }

    /// What they are, a sentence each.
    pub fn sentences(&self) -> Vec<String> {
        let with = |direction: Direction| -> Vec<&str> {
            self.directed.iter().filter(|d| d.direction == direction).map(|d| d.feature.as_str()).collect()
        };
        let mut sentences = Vec::new();
        for (direction, verb) in [(Direction::Rises, "falls"), (Direction::Falls, "rises")] {
            let features = with(direction);
            if !features.is_empty() {
                sentences.push(format!("Risk never {verb} with: {}.", features.join(", ")));
            }
        }
        if self.penalty == Penalty::Group {
            sentences.push(match self.dropped.len() {
                0 => "The group penalty dropped no feature.".to_owned(),
                count => format!("The group penalty dropped {count} features: {}.", self.dropped.join(", ")),
            });
        }
        sentences
    }

    /// What a person should look into.
    pub fn advice(&self) -> Option<Message> {
        let flat: Vec<&str> = self.directed.iter().filter(|d| d.flat).map(|d| d.feature.as_str()).collect();
        (!flat.is_empty()).then(|| Message::new("fit-flat").count("count", flat.len()).list("columns", flat))
    }
}

/// What to do about a group penalty under which nothing is left.
pub(super) fn nothing_left(alpha: f64, is_fixed: bool) -> Error {
    if is_fixed {
        Error::Config(format!(
            "the group penalty of model.alpha = {alpha} drops every feature, so there is no model; lower model.alpha, \
             or set it to \"auto\""
        ))
    } else {
        Error::TooLittle(format!(
            "the group penalty ({alpha:.1e} a row, chosen by cross-validation) drops every feature: the rows show no \
             signal that can be told from noise. Use more history, or set model.penalty to \"l2\" or model.alpha to a \
             number"
        ))
    }
}
