//! `drivers.parquet`: what raises and lowers risk under the model of a run, tidy: a row for each piece of a curve, each
//! level and each coefficient.

use super::columns::Columns;
use crate::artefact::Artefact;
use crate::features::Feature;
use crate::measures::Measure;
use crate::model::additive::{Additive, Bins, Effect, Lookup};
use crate::numeric::Z_95;
use crate::published::Content;
use std::ops::Range;

/// A piece of a term.
#[derive(Clone, Debug, PartialEq)]
pub struct Driver {
    /// The term: its feature, or its two features with a cross between them.
    pub term: String,
    /// What the row is.
    pub kind: Kind,
    /// The signal that the feature is about.
    pub signal: Option<String>,
    /// What it measures.
    pub measure: Option<Measure>,
    /// The window, in days.
    pub window_days: Option<u32>,
    /// The survey instrument.
    pub instrument: Option<&'static str>,
    /// The piece holds the values above this one.
    pub above: Option<f64>,
    /// And up to this one.
    pub up_to: Option<f64>,
    /// Or this level.
    pub level: Option<String>,
    /// What it adds to the log-odds.
    pub effect: f64,
    /// The 95 % band around it; none where it is not known.
    pub band: Option<[f64; 2]>,
    /// How much the whole term matters: the standard deviation of what it adds.
    pub spread: f64,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The values between two edges.
    Piece,
    /// A level.
    Level,
    /// Where there is no value.
    Missing,
    /// A term of two features, as a whole.
    Interaction,
    /// The coefficient of a column.
    Coefficient,
}

impl Kind {
    /// As the file names it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Piece => "piece",
            Kind::Level => "level",
            Kind::Missing => "missing",
            Kind::Interaction => "interaction",
            Kind::Coefficient => "coefficient",
        }
    }
}

/// The rows of a model, the strongest term first.
pub fn drivers(model: &Artefact) -> Vec<Driver> {
    match &model.fit.additive {
        Some(additive) => of_curves(model, additive),
        None => of_coefficients(model),
    }
}

/// The table of all rows.
pub fn table(drivers: &[Driver], rows: Range<usize>) -> Columns<'_> {
    let mut table = Columns::for_rows(rows);
    table.mark(Content::Drivers);
    table.texts("term", |row| Some(drivers[row].term.as_str()));
    table.texts("kind", |row| Some(drivers[row].kind.name()));
    table.texts("signal", |row| drivers[row].signal.as_deref());
    table.texts("measure", |row| drivers[row].measure.map(Measure::name));
    table.integers("window_days", |row| drivers[row].window_days.map(i64::from));
    table.texts("instrument", |row| drivers[row].instrument);
    table.floats("above", |row| drivers[row].above.unwrap_or(f64::NAN));
    table.floats("up_to", |row| drivers[row].up_to.unwrap_or(f64::NAN));
    table.texts("level", |row| drivers[row].level.as_deref());
    table.floats("effect", |row| drivers[row].effect);
    table.floats("low", |row| drivers[row].band.map_or(f64::NAN, |band| band[0]));
    table.floats("high", |row| drivers[row].band.map_or(f64::NAN, |band| band[1]));
    table.floats("spread", |row| drivers[row].spread);
    table
}

fn of_curves(model: &Artefact, additive: &Additive) -> Vec<Driver> {
    let mut strongest: Vec<&Effect> = additive.terms.iter().collect();
    strongest.sort_by(|a, b| b.spread.total_cmp(&a.spread));

    let mut rows = Vec::new();
    for term in strongest {
        let name = additive.term_name(term);
        let Lookup::Curve { feature } = &term.lookup else {
            rows.push(Driver { kind: Kind::Interaction, ..Driver::about(None, name, term.spread) });
            continue;
        };

        let feature = &additive.features[*feature];
        let known = model.catalogue.numeric.iter().find(|known| known.name == feature.name);
        for (code, &effect) in term.table.iter().enumerate() {
            let band = term.standard_errors.get(code).map(|error| [effect - Z_95 * error, effect + Z_95 * error]);
            let mut row = Driver { effect, band, ..Driver::about(known, name.clone(), term.spread) };
            row.hold(&feature.bins, code);
            rows.push(row);
        }
    }
    rows
}

fn of_coefficients(model: &Artefact) -> Vec<Driver> {
    let mut strongest: Vec<_> = model.fit.coefficients.iter().skip(1).collect();
    strongest.sort_by(|a, b| b.estimate.abs().total_cmp(&a.estimate.abs()).then_with(|| a.name.cmp(&b.name)));
    let row = |coefficient: &crate::model::linear::Coefficient| {
        let known = model.catalogue.numeric.iter().find(|feature| feature.name == coefficient.name);
        Driver {
            kind: Kind::Coefficient,
            effect: coefficient.estimate,
            band: (coefficient.standard_error > 0.0).then_some([coefficient.lower, coefficient.upper]),
            ..Driver::about(known, coefficient.name.clone(), coefficient.estimate.abs())
        }
    };
    strongest.into_iter().map(row).collect()
}

impl Driver {
    /// About a feature, with nothing said of it yet.
    fn about(feature: Option<&Feature>, term: String, spread: f64) -> Driver {
        Driver {
            term,
            kind: Kind::Piece,
            signal: feature.and_then(|feature| feature.signal.clone()),
            measure: feature.map(|feature| feature.measure),
            window_days: feature.and_then(|feature| feature.window_days),
            instrument: feature.and_then(|feature| feature.instrument).map(|instrument| instrument.name()),
            above: None,
            up_to: None,
            level: None,
            effect: f64::NAN,
            band: None,
            spread,
        }
    }

    /// Says which values a code holds.
    fn hold(&mut self, bins: &Bins, code: usize) {
        if code == bins.missing() {
            self.kind = Kind::Missing;
            return;
        }
        match bins {
            Bins::Numeric { edges } => {
                self.above = code.checked_sub(1).and_then(|below| edges.get(below)).map(|&edge| f64::from(edge));
                self.up_to = edges.get(code).map(|&edge| f64::from(edge));
            }
            Bins::Levels { levels } => {
                self.kind = Kind::Level;
                // None for all the rare ones together.
                self.level = levels.get(code).cloned();
            }
        }
    }
}
