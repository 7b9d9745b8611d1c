//! What a training made of rows of customers whom outreach had reached.

use crate::metrics::interval::Interval;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of the labelled rows that lists had to do with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outreach {
    /// What was done.
    pub treatment: Treatment,
    /// Why, in words.
    pub why: String,
    /// Labelled rows of customers whom a list named for contact.
    pub contacted: usize,
    /// Labelled rows of customers whom lists named for the control group alone.
    pub control: usize,
    /// How many of these churned.
    pub control_churners: usize,
    /// How many customers they stand for, each for one over the chance of having been left alone.
    pub control_stand_for: f64,
    /// Labelled rows of customers who were left alone: on no list, or in the control group.
    pub left_alone: usize,
    /// How many customers these stand for.
    pub stand_for: f64,
    /// As many rows of one weight as say as much: the square of the sum of the weights over the sum of their squares
    /// (Kish, *Survey Sampling*, 1965).
    pub effective_rows: f64,
    /// The effect of outreach, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<OutreachEffect>,
}

/// What was done with such rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// All rows counted once.
    Kept,
    /// Those of contacted customers were dropped, and those of the control group stood for them.
    Reweighted,
}

/// The effect of outreach, as the monitoring measures it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutreachEffect {
    /// The key of the draw of the control group; empty for the first.
    pub control_key: String,
    /// How many fewer of the contacted left, as a share; the interval is valid at every look.
    pub difference: Interval,
}

impl Outreach {
    /// Whether rows were dropped and others stand for them.
    pub fn is_reweighted(&self) -> bool {
        self.treatment == Treatment::Reweighted
    }
}

impl fmt::Display for Outreach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outreach { contacted, control, control_churners, control_stand_for, left_alone, stand_for, .. } = self;
        match self.treatment {
            Treatment::Kept => write!(f, "{contacted} rows of contacted customers are kept: {}", self.why)?,
            Treatment::Reweighted => write!(
                f,
                "{contacted} rows of contacted customers are dropped, and {control} rows of the control group \
                 ({control_churners} churned) stand for {control_stand_for:.0} customers: {}. The {left_alone} rows \
                 left stand for {stand_for:.0}, and say as much as {:.0} that count once",
                self.why, self.effective_rows
            )?,
        }
        if let Some(effect) = &self.effect {
            write!(f, ". {effect}")?;
        }
        Ok(())
    }
}

impl fmt::Display for OutreachEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval { estimate, lower, upper } = self.difference;
        write!(
            f,
            "Outreach keeps {:.1} of 100 contacted customers ({:.1} to {:.1}, valid at every look{})",
            100.0 * estimate,
            100.0 * lower,
            100.0 * upper,
            if self.control_key.is_empty() { String::new() } else { format!("; control key `{}`", self.control_key) },
        )
    }
}
