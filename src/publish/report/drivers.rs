//! The page of the drivers: what puts customers on the list, and what raises the risk in the population.

use super::pictures::{bar, bounds, line, Frame, Guide, Point};
use super::run::PublishedRun;
use super::table::Table;
use super::text::{shown, spaced};
use crate::error::Result;
use crate::language::{Numbers, Texts};
use crate::publish::runs;
use crate::published::{Column, Part, REASONS};
use minijinja::Value;
use serde::Serialize;
use std::collections::BTreeMap;

/// Reasons, curves, pairs and coefficients beyond so many are left to the files.
const MOST_REASONS: usize = 30;
const MOST_CURVES: usize = 24;
const MOST_PAIRS: usize = 12;
const MOST_COEFFICIENTS: usize = 40;

#[derive(Serialize)]
pub struct Page {
    reasons: Vec<Reason>,
    curves: Vec<Curve>,
    pairs: Vec<Piece>,
    coefficients: Vec<Piece>,
}

/// A reason code, and how many customers it is told of.
#[derive(Serialize)]
struct Reason {
    code: String,
    first: String,
    any: String,
    share: String,
    bar: Value,
    before: String,
    change: String,
    example: String,
}

/// A curve with the numbers beside it.
#[derive(Serialize)]
struct Curve {
    name: String,
    code: String,
    head: String,
    picture: Value,
    pieces: Vec<Piece>,
}

#[derive(Serialize)]
struct Piece {
    name: String,
    effect: String,
    band: String,
}

/// The page of a run.
pub fn page(run: &PublishedRun, texts: &Texts) -> Result<Page> {
    let mut page =
        Page { reasons: reasons(run, texts)?, curves: Vec::new(), pairs: Vec::new(), coefficients: Vec::new() };
    let Some(drivers) = &run.drivers else { return Ok(page) };

    let terms = Terms::read(drivers)?;
    let writer = Writer { texts, numbers: texts.language().numbers() };
    for (name, rows) in &terms.0 {
        match rows.first().map(|row| row.kind.as_str()) {
            Some("interaction") if page.pairs.len() < MOST_PAIRS => page.pairs.push(Piece {
                name: shown(name),
                effect: writer.numbers.decimals(rows[0].spread, 3),
                band: String::new(),
            }),
            Some("coefficient") if page.coefficients.len() < MOST_COEFFICIENTS => {
                page.coefficients.push(writer.piece(shown(name), &rows[0]));
            }
            Some("piece" | "level" | "missing") if page.curves.len() < MOST_CURVES => {
                page.curves.push(writer.curve(name, rows));
            }
            _ => {}
        }
    }
    Ok(page)
}

/// How often each reason is told, and how often the run before told it.
#[derive(Default)]
struct Counts {
    first: usize,
    any: usize,
    example: String,
}

fn counts(list: &Table) -> Result<BTreeMap<String, Counts>> {
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for number in 1..=REASONS as usize {
        let codes = list.column(&Column::Reason(number, Part::Code).name())?;
        let told = list.column(&Column::Reason(number, Part::Text).name())?;
        for row in 0..list.rows() {
            let Some(code) = codes.text(row) else { continue };
            let count = counts.entry(code).or_default();
            if count.any == 0 {
                count.example = told.text(row).map_or(String::new(), |text| shown(&text));
            }
            count.first += usize::from(number == 1);
            count.any += 1;
        }
    }
    Ok(counts)
}

fn reasons(run: &PublishedRun, texts: &Texts) -> Result<Vec<Reason>> {
    let numbers = texts.language().numbers();
    let now = counts(&run.list)?;
    let before = runs::before(&run.lists, run.as_of).pop().map(|earlier| earlier.list());
    let before = before.filter(|path| path.exists()).map(|path| Table::read(&path)).transpose()?;
    let before = match &before {
        Some(list) => Some((list.rows(), counts(list)?)),
        None => None,
    };

    let share = |count: usize, rows: usize| count as f64 / rows.max(1) as f64;
    let mut order: Vec<(&String, &Counts)> = now.iter().collect();
    order.sort_by(|a, b| b.1.first.cmp(&a.1.first).then(b.1.any.cmp(&a.1.any)).then(a.0.cmp(b.0)));
    let reason = |(code, counts): (&String, &Counts)| {
        let mine = share(counts.any, run.list.rows());
        let theirs = before.as_ref().map(|(rows, counts)| share(counts.get(code).map_or(0, |c| c.any), *rows));
        let points = |theirs: f64| {
            let points = numbers.signed(100.0 * (mine - theirs), 1);
            texts.with("unit-points", &[("points", points.into())])
        };
        let written = numbers.percent(mine, 1);
        Reason {
            code: code.clone(),
            first: numbers.decimals(counts.first as f64, 0),
            any: numbers.decimals(counts.any as f64, 0),
            bar: Value::from_safe_string(bar(mine, &format!("{code}: {written}"))),
            share: written,
            before: theirs.map_or(String::new(), |theirs| numbers.percent(theirs, 1)),
            change: theirs.map_or(String::new(), points),
            example: counts.example.clone(),
        }
    };
    Ok(order.into_iter().take(MOST_REASONS).map(reason).collect())
}

/// A row of `drivers.parquet`.
struct TermRow {
    kind: String,
    signal: Option<String>,
    measure: Option<String>,
    window_days: Option<f64>,
    instrument: Option<String>,
    above: Option<f64>,
    up_to: Option<f64>,
    level: Option<String>,
    effect: f64,
    low: Option<f64>,
    high: Option<f64>,
    spread: f64,
}

/// The rows, term by term in the order of the file.
struct Terms(Vec<(String, Vec<TermRow>)>);

impl Terms {
    fn read(drivers: &Table) -> Result<Terms> {
        let [term, kind, signal, measure] = ["term", "kind", "signal", "measure"].map(|name| drivers.column(name));
        let (term, kind, signal, measure) = (term?, kind?, signal?, measure?);
        let [window, instrument, above, up_to] =
            ["window_days", "instrument", "above", "up_to"].map(|name| drivers.column(name));
        let (window, instrument, above, up_to) = (window?, instrument?, above?, up_to?);
        let [level, effect, low, high, spread] =
            ["level", "effect", "low", "high", "spread"].map(|name| drivers.column(name));
        let (level, effect, low, high, spread) = (level?, effect?, low?, high?, spread?);

        let mut terms: Vec<(String, Vec<TermRow>)> = Vec::new();
        for row in 0..drivers.rows() {
            let name = term.text(row).unwrap_or_default();
            if terms.last().is_none_or(|(last, _)| *last != name) {
                terms.push((name, Vec::new()));
            }
            let read = TermRow {
                kind: kind.text(row).unwrap_or_default(),
                signal: signal.text(row),
                measure: measure.text(row),
                window_days: window.number(row),
                instrument: instrument.text(row),
                above: above.number(row),
                up_to: up_to.number(row),
                level: level.text(row),
                effect: effect.number(row).unwrap_or(0.0),
                low: low.number(row),
                high: high.number(row),
                spread: spread.number(row).unwrap_or(0.0),
            };
            if let Some((_, rows)) = terms.last_mut() {
                rows.push(read);
            }
        }
        Ok(Terms(terms))
    }
}

struct Writer<'a> {
    texts: &'a Texts,
    numbers: Numbers,
}

impl Writer<'_> {
    /// What a feature is, in words.
    fn feature(&self, name: &str, row: &TermRow) -> String {
        let key = row.measure.as_ref().map(|measure| format!("feature-{measure}"));
        let Some(key) = key.filter(|key| self.texts.has(key)) else { return spaced(name) };
        let signal = row.signal.as_deref().map_or(String::new(), spaced);
        let instrument = row.instrument.as_deref().unwrap_or_default().to_uppercase();
        let days = row.window_days.unwrap_or(0.0) as i64;
        let values = [("signal", signal.into()), ("instrument", instrument.into()), ("days", days.into())];
        let words = self.texts.with(&key, &values);
        let mut letters = words.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    }

    fn piece(&self, name: String, row: &TermRow) -> Piece {
        let band = row.low.zip(row.high);
        Piece {
            name,
            effect: self.numbers.signed(row.effect, 3),
            band: band.map_or(String::new(), |(low, high)| {
                format!("{} … {}", self.numbers.signed(low, 3), self.numbers.signed(high, 3))
            }),
        }
    }

    fn curve(&self, term: &str, rows: &[TermRow]) -> Curve {
        let name = rows.first().map_or_else(|| shown(term), |row| self.feature(term, row));
        let is_numeric = rows.iter().any(|row| row.kind == "piece");
        let pieces = rows.iter().map(|row| self.piece(self.values(row), row)).collect();
        let picture = if is_numeric { self.steps(&name, rows) } else { self.bars(&name, rows) };
        let head = self.texts.text(if is_numeric { "measures-value" } else { "drivers-level" });
        Curve { name, code: shown(term), head, picture: Value::from_safe_string(picture), pieces }
    }

    /// Which values a row is about.
    fn values(&self, row: &TermRow) -> String {
        match (row.kind.as_str(), &row.level, row.above, row.up_to) {
            ("missing", ..) => self.texts.text("drivers-missing"),
            ("level", Some(level), ..) => shown(level),
            ("level", None, ..) => self.texts.text("drivers-rare"),
            (_, _, Some(above), Some(up_to)) => {
                format!("> {} … ≤ {}", self.numbers.plain(above), self.numbers.plain(up_to))
            }
            (_, _, Some(above), None) => format!("> {}", self.numbers.plain(above)),
            (_, _, None, Some(up_to)) => format!("≤ {}", self.numbers.plain(up_to)),
            _ => String::new(),
        }
    }

    /// A curve in steps: each piece from its lower to its upper edge; the outermost are as wide as their neighbours.
    fn steps(&self, name: &str, rows: &[TermRow]) -> String {
        let pieces: Vec<&TermRow> = rows.iter().filter(|row| row.kind == "piece").collect();
        let edges: Vec<f64> = pieces.iter().filter_map(|row| row.up_to).collect();
        let (Some(&first), Some(&last)) = (edges.first(), edges.last()) else { return String::new() };
        let margin = ((last - first) / edges.len() as f64).max(1e-9);

        let mut points: Vec<Point> = Vec::new();
        for row in &pieces {
            let band = row.low.zip(row.high).map(|(low, high)| [low, high]);
            points.push(Point { x: row.above.unwrap_or(first - margin), y: row.effect, band });
        }
        if let Some(end) = points.last().copied() {
            points.push(Point { x: last + margin, ..end });
        }

        let frame = bounds(&points, Guide::Zero);
        let [x0, x1, y0, y1] = frame;
        let low = pieces.iter().fold(f64::INFINITY, |low, row| low.min(row.effect));
        let high = pieces.iter().fold(f64::NEG_INFINITY, |high, row| high.max(row.effect));
        let (low, high) = (self.numbers.signed(low, 2), self.numbers.signed(high, 2));
        let told = [("feature", name.into()), ("low", low.into()), ("high", high.into())];
        line(
            &points,
            &Frame {
                title: &self.texts.with("drivers-curve-title", &told),
                x: [self.numbers.plain(x0.max(first - margin)), self.numbers.plain(x1.min(last + margin))],
                y: [self.numbers.signed(y0, 1), self.numbers.signed(y1, 1)],
                bounds: frame,
                guide: Guide::Zero,
                steps: true,
            },
        )
    }

    /// The levels of a category as bars to either side of zero.
    fn bars(&self, name: &str, rows: &[TermRow]) -> String {
        let level = |row: &TermRow| super::pictures::Bar {
            label: self.values(row).chars().take(24).collect(),
            value: row.effect,
            written: self.numbers.signed(row.effect, 2),
        };
        let levels: Vec<_> = rows.iter().take(12).map(level).collect();
        super::pictures::bars(&levels, name)
    }
}
