//! The page of the measures: churn, retention, NPS, CSAT and CES of the last periods, and segment by segment.

use super::pictures::{line, Frame, Guide, Point};
use super::run::PublishedRun;
use super::text::{shown, spaced};
use crate::error::Result;
use crate::kpis::segments::{ALL, MISSING};
use crate::kpis::{self, Unit};
use crate::language::{Numbers, Texts};
use minijinja::Value;
use serde::Serialize;

/// So many levels of a segment stand on the page; the others are in the file.
const MOST_LEVELS: usize = 25;
/// A measure over time.
#[derive(Serialize)]
pub struct Measure {
    name: String,
    latest: String,
    picture: Value,
    periods: Vec<Line>,
    levels_caption: String,
    levels: Vec<Line>,
    more: Option<String>,
}

/// A period, or a level of a segment.
#[derive(Serialize)]
struct Line {
    segment: String,
    name: String,
    value: String,
    interval: String,
    n: String,
}

/// A row of `kpis.parquet`.
struct Row {
    start: String,
    end: String,
    segment: String,
    level: String,
    measure: String,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    n: Option<f64>,
    is_running: bool,
}

/// The measures of a run; none if it was published without.
pub fn page(run: &PublishedRun, texts: &Texts) -> Result<Vec<Measure>> {
    let rows = read(run)?;
    let mut names: Vec<&str> = Vec::new();
    for row in &rows {
        if !names.contains(&row.measure.as_str()) {
            names.push(&row.measure);
        }
    }
    let mut known = kpis::Measure::all([]);
    known.retain(|measure| measure.definition().unit == Unit::Share);
    let shares = known.iter().map(kpis::Measure::name).collect();
    let writer = Writer { texts, numbers: texts.language().numbers(), shares };
    Ok(names.into_iter().map(|name| writer.measure(name, &rows)).collect())
}

fn read(run: &PublishedRun) -> Result<Vec<Row>> {
    let Some(table) = &run.measures else { return Ok(Vec::new()) };
    let [start, end, segment, level] =
        ["period_start", "period_end", "segment", "level"].map(|name| table.column(name));
    let (start, end, segment, level) = (start?, end?, segment?, level?);
    let [measure, value, low, high, n] = ["measure", "value", "low", "high", "n"].map(|name| table.column(name));
    let (measure, value, low, high, n) = (measure?, value?, low?, high?, n?);
    let running = table.find("running");
    let row = |row: usize| Row {
        start: start.text(row).unwrap_or_default(),
        end: end.text(row).unwrap_or_default(),
        segment: segment.text(row).unwrap_or_default(),
        level: level.text(row).unwrap_or_default(),
        measure: measure.text(row).unwrap_or_default(),
        value: value.number(row),
        low: low.number(row),
        high: high.number(row),
        n: n.number(row),
        is_running: running.and_then(|running| running.flag(row)).unwrap_or(false),
    };
    Ok((0..table.rows()).map(row).collect())
}

struct Writer<'a> {
    texts: &'a Texts,
    numbers: Numbers,
    /// The names of the measures that are shares.
    shares: Vec<String>,
}

impl Writer<'_> {
    fn measure(&self, name: &str, rows: &[Row]) -> Measure {
        let mine = rows.iter().filter(|row| row.measure == name);
        let mut whole: Vec<&Row> = mine.clone().filter(|row| row.segment == ALL).collect();
        whole.sort_by(|a, b| a.start.cmp(&b.start));

        // The newest period that is over, or the newest of all.
        let latest = whole.iter().rfind(|row| !row.is_running && row.value.is_some()).or(whole.last()).copied();
        let mut levels: Vec<&Row> =
            mine.filter(|row| row.segment != ALL && latest.is_some_and(|latest| latest.start == row.start)).collect();
        levels.sort_by(|a, b| {
            let by_size = b.n.unwrap_or(0.0).total_cmp(&a.n.unwrap_or(0.0));
            a.segment.cmp(&b.segment).then(by_size).then_with(|| a.level.cmp(&b.level))
        });
        let mut kept: Vec<&Row> = Vec::new();
        for row in &levels {
            if kept.iter().filter(|other| other.segment == row.segment).count() < MOST_LEVELS {
                kept.push(row);
            }
        }

        let title = self.name(name);
        let period = latest.map_or(String::new(), |row| self.period(row));
        let left_out = levels.len() - kept.len();
        Measure {
            latest: latest.map_or(String::new(), |row| self.written(name, row.value)),
            picture: Value::from_safe_string(self.picture(name, &title, &whole)),
            periods: whole.iter().rev().map(|row| self.line(name, self.period(row), row)).collect(),
            levels_caption: self.texts.with("measures-by-segment", &[("period", period.into())]),
            levels: kept.iter().map(|row| self.line(name, self.level(&row.level), row)).collect(),
            more: (left_out > 0).then(|| self.texts.with("measures-more", &[("count", left_out.into())])),
            name: title,
        }
    }

    /// What a measure is called: `logins_per_customer` is of the signal `logins`.
    fn name(&self, measure: &str) -> String {
        let key = format!("measure-{measure}");
        if self.texts.has(&key) {
            return self.texts.text(&key);
        }
        match measure.strip_suffix("_per_customer") {
            Some(signal) => self.texts.with("measure-per_customer", &[("signal", spaced(signal).into())]),
            None => spaced(measure),
        }
    }

    fn level(&self, level: &str) -> String {
        if level == MISSING {
            self.texts.text("level-missing")
        } else {
            shown(level)
        }
    }

    /// A date of the file.
    fn date(&self, date: &str) -> String {
        self.texts.language().date_from_text(date)
    }

    fn period(&self, row: &Row) -> String {
        let mut name = format!("{} – {}", self.date(&row.start), self.date(&row.end));
        if row.is_running {
            name.push_str(&format!(" ({})", self.texts.text("measures-running")));
        }
        name
    }

    fn written(&self, measure: &str, value: Option<f64>) -> String {
        let Some(value) = value else { return String::new() };
        if self.shares.iter().any(|share| share == measure) {
            self.numbers.percent(value, 1)
        } else {
            self.numbers.plain(value)
        }
    }

    fn line(&self, measure: &str, name: String, row: &Row) -> Line {
        let interval = row.low.zip(row.high);
        Line {
            segment: spaced(&row.segment),
            name,
            value: self.written(measure, row.value),
            interval: interval.map_or(String::new(), |(low, high)| {
                format!("{} … {}", self.written(measure, Some(low)), self.written(measure, Some(high)))
            }),
            n: row.n.map_or(String::new(), |n| self.numbers.decimals(n, 0)),
        }
    }

    fn picture(&self, measure: &str, title: &str, rows: &[&Row]) -> String {
        let known: Vec<(usize, &Row)> =
            rows.iter().enumerate().filter(|(_, row)| row.value.is_some()).map(|(place, row)| (place, *row)).collect();
        let (Some((_, first)), Some((_, last))) = (known.first(), known.last()) else { return String::new() };
        if known.len() < 2 {
            return String::new();
        }
        let point = |(place, row): &(usize, &Row)| Point {
            x: *place as f64,
            y: row.value.unwrap_or(0.0),
            band: row.low.zip(row.high).map(|(low, high)| [low, high]),
        };
        let points: Vec<Point> = known.iter().map(point).collect();
        let bounds = super::pictures::bounds(&points, Guide::None);
        let [_, _, y0, y1] = bounds;
        let [from, to] = [self.date(&first.start), self.date(&last.end)];
        let told = [("measure", title.into()), ("from", from.into()), ("to", to.into())];
        line(
            &points,
            &Frame {
                title: &self.texts.with("measures-chart", &told),
                x: [self.date(&first.start), self.date(&last.start)],
                y: [self.written(measure, Some(y0)), self.written(measure, Some(y1))],
                bounds,
                guide: Guide::None,
                steps: false,
            },
        )
    }
}
