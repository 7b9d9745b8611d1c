//! From counts to measures. The counts of every level and period are the rows of a frame; each measure is a frame of
//! its own with a value where it is known, and all of them, one below the other and sorted, are the measures of the
//! run.

use super::answers::Moments;
use super::definitions::Measure;
use super::intervals::Told;
use super::segments::Cell;
use super::table::{Kpis, Row};
use super::tally::{Counted, Counts};
use crate::config::{Instrument, Scale, Signal};
use crate::error::{Error, Result};
use crate::language::Message;
use crate::numeric::FixedSum;
use crate::observer::Note;
use crate::sources::CustomerTable;
use polars::prelude::*;
use std::collections::BTreeMap;

/// What the newest run says of its customers.
#[derive(Clone, Copy, Debug)]
pub struct Risks<'a> {
    /// The table that the customers are of.
    pub customers: &'a CustomerTable,
    /// Those who are scored, as their places there.
    pub scored: &'a [u32],
    /// Their probabilities of churn.
    pub probabilities: &'a [f64],
}

/// What is summed of the scored customers of a level.
#[derive(Clone, Copy, Default)]
struct AtRisk {
    scored: u64,
    churners: FixedSum<40>,
    valued: u64,
    value: FixedSum<40>,
}

/// The measures. What cannot be told is noted.
///
/// # Errors
/// [`Error::Internal`] when frames do not fit each other.
pub fn measures(
    counts: &Counts,
    signals: &BTreeMap<String, Signal>,
    risks: &Risks<'_>,
    note: &dyn Fn(Note),
) -> Result<Kpis> {
    let names = if counts.recorded.is_empty() { Vec::new() } else { signals.keys().map(String::as_str).collect() };
    let measures = Measure::all(names);
    let at_risk = at_risk(counts, risks);
    let scales = Scales::new(counts, signals, note);
    let places = places(counts);

    let frames = || -> PolarsResult<DataFrame> {
        let index = index(&places)?;
        let mut all: Option<DataFrame> = None;
        for (place, measure) in (0u32..).zip(&measures) {
            let told = |at: &Place| {
                let told = tell(measure, counts, at, &at_risk, &scales)?;
                Some(told).filter(|told| told.value.is_finite())
            };
            let told: Vec<Option<Told>> = places.iter().map(told).collect();
            let frame = with_values(&index, place, &told)?;
            match &mut all {
                Some(all) => drop(all.vstack_mut(&frame)?),
                None => all = Some(frame),
            }
        }
        let mut all = all.unwrap_or_default();
        // A sort looks rows up, which takes as long as there are pieces.
        all.rechunk_mut();
        let order = SortMultipleOptions::default();
        all.sort(["period", "segment", "level", "measure"], order)
    };

    let rows = frames().and_then(|frame| rows(&frame));
    Ok(Kpis {
        rows: rows.map_err(|error| Error::Internal(format!("the frames of the measures: {error}")))?,
        periods: counts.periods.clone(),
        segments: counts.segments.all().to_vec(),
        measures,
    })
}

/// A level in a period.
struct Place {
    segment: u32,
    level: u32,
    cell: usize,
    period: usize,
}

fn places(counts: &Counts) -> Vec<Place> {
    let mut places = Vec::new();
    for (cell, Cell { segment, level }) in counts.segments.of_cells().enumerate() {
        places.extend((0..counts.periods.len()).map(|period| Place { segment, level, cell, period }));
    }
    places
}

/// The columns that say what a value is of.
fn index(places: &[Place]) -> PolarsResult<DataFrame> {
    let column = |name: &str, of: fn(&Place) -> u32| {
        let values: UInt32Chunked = places.iter().map(|place| Some(of(place))).collect();
        values.with_name(name.into()).into_series().into_column()
    };
    DataFrame::new(
        places.len(),
        vec![
            column("period", |place| place.period as u32),
            column("segment", |place| place.segment),
            column("level", |place| place.level),
        ],
    )
}

/// The frame of a measure: the rows that have a value.
fn with_values(index: &DataFrame, measure: u32, told: &[Option<Told>]) -> PolarsResult<DataFrame> {
    let floats = |name: &str, of: fn(&Told) -> Option<f64>| {
        let values: Float64Chunked = told.iter().map(|told| told.as_ref().and_then(of)).collect();
        values.with_name(name.into()).into_series()
    };
    let values = floats("value", |told| Some(told.value));
    let counts: UInt64Chunked = told.iter().map(|told| told.map(|told| told.n)).collect();
    let measure: UInt32Chunked = told.iter().map(|_| Some(measure)).collect();

    let is_known = values.is_not_null();
    let columns = [
        measure.with_name("measure".into()).into_series(),
        values,
        floats("low", |told| Some(told.interval?.0)),
        floats("high", |told| Some(told.interval?.1)),
        counts.with_name("n".into()).into_series(),
    ];
    index.hstack(&columns.map(IntoColumn::into_column))?.filter(&is_known)
}

fn rows(frame: &DataFrame) -> PolarsResult<Vec<Row>> {
    let [period, segment, level, measure] = ["period", "segment", "level", "measure"].map(|name| frame.column(name));
    let (period, segment) = (period?.u32()?, segment?.u32()?);
    let (level, measure) = (level?.u32()?, measure?.u32()?);
    let (value, low, high) = (frame.column("value")?.f64()?, frame.column("low")?.f64()?, frame.column("high")?.f64()?);
    let n = frame.column("n")?.u64()?;

    let row = |at: usize| {
        Some(Row {
            period: period.get(at)?,
            segment: segment.get(at)?,
            level: level.get(at)?,
            measure: measure.get(at)?,
            value: value.get(at)?,
            interval: low.get(at).zip(high.get(at)),
            n: n.get(at)?,
        })
    };
    Ok((0..frame.height()).filter_map(row).collect())
}

/// A measure of a level in a period, if it is known.
fn tell(measure: &Measure, counts: &Counts, at: &Place, at_risk: &[AtRisk], scales: &Scales) -> Option<Told> {
    let counted = counts.of(at.cell, at.period);
    let there = counted.there();
    let is_there = there > 0 && counts.knows_who_is_there(at.period);
    let knows_who_left = there > 0 && counts.knows_who_left(at.period);
    // What the run says is of now.
    let now = at_risk.get(at.cell).filter(|_| at.period + 1 == counts.periods.len());

    match measure {
        Measure::ChurnRate => knows_who_left.then(|| Told::share(counted.left(), there)),
        Measure::RetentionRate => knows_who_left.then(|| Told::share(counted.stayed(), there)),
        Measure::CustomersEndToStart => {
            knows_who_left.then(|| Told::plain(counted.at_end() as f64 / there as f64, there))
        }
        Measure::Nps | Measure::CsatMean | Measure::CsatSatisfiedShare | Measure::CesMean | Measure::CesEase => {
            tell_answers(measure, counted, scales)
        }
        Measure::ActiveShare => {
            let is_recorded = (0..counts.recorded.len()).any(|signal| counts.is_recorded(signal, at.period));
            (is_there && is_recorded).then(|| Told::share(counted.active(), there))
        }
        Measure::PerCustomer(name) => {
            let signal = scales.signals.iter().position(|signal| signal == name)?;
            let (rows, squares) = counted.rows(signal);
            let moments = Moments::new(there, u128::from(rows), u128::from(squares), 1.0);
            let is_known = is_there && counts.is_recorded(signal, at.period);
            is_known.then(|| Told::mean(moments, (0.0, f64::INFINITY), |mean| mean))
        }
        Measure::MeanRisk => {
            let risks = now.filter(|risks| risks.scored > 0)?;
            Some(Told::plain(risks.churners.value() / risks.scored as f64, risks.scored))
        }
        Measure::ExpectedChurners => {
            let risks = now.filter(|risks| risks.scored > 0)?;
            Some(Told::plain(risks.churners.value(), risks.scored))
        }
        Measure::ValueAtRisk => {
            let risks = now.filter(|risks| risks.valued > 0)?;
            Some(Told::plain(risks.value.value(), risks.valued))
        }
    }
}

/// A measure of answers, if there are any.
fn tell_answers(measure: &Measure, counted: Counted<'_>, scales: &Scales) -> Option<Told> {
    let instrument = match measure {
        Measure::Nps => Instrument::Nps,
        Measure::CesMean | Measure::CesEase => Instrument::Ces,
        _ => Instrument::Csat,
    };
    let answers = counted.answers(instrument);
    if answers.count == 0 {
        return None;
    }

    match measure {
        Measure::Nps => {
            let is_nps = scales.tells_nps;
            is_nps.then(|| Told::mean(answers.net_promoters(), (-100.0, 100.0), |mean| 100.0 * mean))
        }
        Measure::CsatSatisfiedShare => Some(Told::share(answers.satisfied, answers.count)),
        Measure::CesEase => Some(Told::mean(answers.goodness(), (0.0, 100.0), |mean| 100.0 * mean)),
        _ => {
            let scale = scales.common[instrument as usize]?;
            Some(Told::mean(answers.goodness(), (scale.from, scale.to), |mean| scale.score(mean)))
        }
    }
}

/// What the scales of all surveys are.
struct Scales {
    /// The signals' names.
    signals: Vec<String>,
    /// Of each instrument the scale that all surveys give it, if they agree.
    common: [Option<Scale>; Instrument::ALL.len()],
    /// Whether all answers to the net promoter score are on its scale.
    tells_nps: bool,
}

impl Scales {
    fn new(counts: &Counts, signals: &BTreeMap<String, Signal>, note: &dyn Fn(Note)) -> Scales {
        let has_answers =
            |instrument| (0..counts.periods.len()).any(|period| counts.of(0, period).answers(instrument).count > 0);
        let of_surveys = |instrument: Instrument| {
            let asks = move |signal: &&Signal| signal.instruments().contains(&instrument);
            signals.values().filter(asks).map(move |signal| signal.scale(instrument))
        };

        let common = Instrument::ALL.map(|instrument| {
            let first = of_surveys(instrument).next()?;
            let agree = of_surveys(instrument).all(|scale| scale == first);
            if !agree && instrument != Instrument::Nps && has_answers(instrument) {
                let name = instrument.name();
                note(Note::warning(
                    Message::new("kpi-scales").text("instrument", name).text("measure", format!("{name}_mean")),
                ));
            }
            agree.then_some(first)
        });

        let tells_nps = of_surveys(Instrument::Nps).all(|scale| (0.0..=1.0).contains(&scale.from) && scale.to == 10.0);
        if !tells_nps && has_answers(Instrument::Nps) {
            note(Note::warning(Message::new("kpi-no-nps")));
        }
        Scales { signals: signals.keys().cloned().collect(), common, tells_nps }
    }
}

/// The sums over the scored customers of each cell.
fn at_risk(counts: &Counts, risks: &Risks<'_>) -> Vec<AtRisk> {
    let mut all = vec![AtRisk::default(); counts.segments.cells() as usize];
    let mut cells = Vec::new();
    for (&customer, &probability) in risks.scored.iter().zip(risks.probabilities) {
        cells.clear();
        counts.segments.cells_of(risks.customers, customer, &mut cells);
        let value = risks.customers.value_of(customer);
        for &cell in &cells {
            let cell = &mut all[cell as usize];
            cell.scored += 1;
            cell.churners.add(probability);
            if let Some(value) = value {
                cell.valued += 1;
                cell.value.add(probability * value);
            }
        }
    }
    all
}
