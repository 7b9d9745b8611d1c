//! The page of the model: how good it is, and what a person should know before trusting it.

use super::pictures::{line, Frame, Guide, Point};
use super::run::{ModelFile, PublishedRun};
use super::text::{shown, Fact};
use crate::calendar::Day;
use crate::evaluation::{Evaluation, Level, Segment};
use crate::language::{Numbers, Texts};
use crate::metrics::interval::Interval;
use crate::metrics::Metrics;
use minijinja::Value;
use serde::Serialize;

#[derive(Serialize)]
pub struct Page {
    facts: Vec<Fact>,
    quality_note: String,
    baseline: String,
    metrics: Vec<MetricLine>,
    calibration: Vec<BinLine>,
    calibration_picture: Value,
    gains: Vec<GainLine>,
    gains_picture: Value,
    segments: Vec<SegmentLine>,
    advice: Vec<String>,
}

#[derive(Serialize)]
struct MetricLine {
    name: String,
    value: String,
    interval: String,
    baseline: String,
}

#[derive(Serialize)]
struct BinLine {
    predicted: String,
    observed: String,
    rows: String,
}

#[derive(Serialize)]
struct GainLine {
    depth: String,
    rows: String,
    found: String,
    precision: String,
    lift: String,
}

#[derive(Serialize)]
struct SegmentLine {
    by: String,
    level: String,
    rows: String,
    churn: String,
    predicted: String,
    gap: String,
    auc: String,
}

/// The page of a run; none if it was published without the figures of its model.
pub fn page(run: &PublishedRun, texts: &Texts) -> Option<Page> {
    let model = run.model.as_ref()?;
    let evaluation = &model.evaluation;
    let writer = Writer { texts, numbers: texts.language().numbers() };
    let (rows, churners) = (evaluation.metrics.rows, evaluation.metrics.churners);
    let is_judged = rows > 0;
    Some(Page {
        facts: writer.facts(model),
        quality_note: if is_judged {
            texts.with("model-quality-on", &[("rows", rows.into()), ("churners", churners.into())])
        } else {
            texts.text("model-quality-none")
        },
        baseline: {
            let name =
                texts.word("baseline", &evaluation.baseline_of).unwrap_or_else(|| shown(&evaluation.baseline_of));
            texts.with("model-baseline", &[("baseline", name.into())])
        },
        metrics: if is_judged { writer.metrics(evaluation) } else { Vec::new() },
        calibration: writer.calibration(evaluation),
        calibration_picture: Value::from_safe_string(writer.calibration_picture(evaluation)),
        gains: writer.gains(evaluation),
        gains_picture: Value::from_safe_string(writer.gains_picture(evaluation)),
        segments: evaluation.segments.iter().map(|segment| writer.segment(segment)).collect(),
        advice: {
            let advice = model.advice.0.iter().chain(&evaluation.advice.0);
            advice.map(|advice| shown(&advice.written(texts))).collect()
        },
    })
}

struct Writer<'a> {
    texts: &'a Texts,
    numbers: Numbers,
}

impl Writer<'_> {
    fn whole(&self, count: usize) -> String {
        self.numbers.decimals(count as f64, 0)
    }

    fn facts(&self, model: &ModelFile) -> Vec<Fact> {
        let texts = self.texts;
        let mut facts = Vec::new();
        let mut fact = |key: &str, value: String| facts.push(Fact { name: texts.text(key), value });

        fact("model-version", shown(&model.version));
        fact("model-trained", shown(&model.trained_at));
        fact("fact-predicts", shown(&model.predicts(texts)));
        fact("model-form", texts.text(if model.has_curves { "model-form-curves" } else { "model-form-linear" }));
        let (rows, churners) = (model.rows.into(), model.churners.into());
        fact("model-fitted", texts.with("model-fitted-on", &[("rows", rows), ("churners", churners)]));
        let language = texts.language();
        let dates = |days: &[Day]| days.iter().map(|&day| language.date(day)).collect::<Vec<_>>().join(", ");
        if !model.snapshots.is_empty() {
            fact("model-snapshots", dates(&model.snapshots));
        }
        if !model.evaluation.as_of.is_empty() {
            fact("model-held-out", dates(&model.evaluation.as_of));
        }
        facts
    }

    fn metrics(&self, evaluation: &Evaluation) -> Vec<MetricLine> {
        let (model, baseline) = (&evaluation.metrics, &evaluation.baseline);
        let intervals = &evaluation.intervals;
        let capacity = [("count", model.capacity.into())];
        let mut lines = Vec::new();
        let mut add = |name: String, of: fn(&Metrics) -> Option<f64>, interval: Option<Interval>| {
            let written = |value: Option<f64>| value.map_or(String::new(), |value| self.numbers.decimals(value, 4));
            lines.push(MetricLine {
                name,
                value: written(of(model)),
                interval: interval.map_or(String::new(), |interval| self.interval(&interval, 4)),
                baseline: written(of(baseline)),
            });
        };
        let text = |key: &str| self.texts.text(key);

        add(text("metric-base_rate"), |m| m.base_rate, intervals.base_rate);
        add(text("metric-roc_auc"), |m| m.roc_auc, intervals.roc_auc);
        add(text("metric-average_precision"), |m| m.average_precision, intervals.average_precision);
        add(text("metric-top_decile_lift"), |m| m.top_decile_lift, intervals.top_decile_lift);
        add(self.texts.with("metric-lift_at_capacity", &capacity), |m| m.lift_at_capacity, intervals.lift_at_capacity);
        add(text("metric-log_loss"), |m| m.log_loss, intervals.log_loss);
        add(text("metric-brier"), |m| m.brier, intervals.brier);
        add(text("metric-ece"), |m| m.ece, intervals.ece);
        lines
    }

    fn interval(&self, interval: &Interval, decimals: usize) -> String {
        let written = |value: f64| self.numbers.decimals(value, decimals);
        format!("{} … {}", written(interval.lower), written(interval.upper))
    }

    fn calibration(&self, evaluation: &Evaluation) -> Vec<BinLine> {
        let bins = evaluation.calibration.iter();
        bins.map(|bin| BinLine {
            predicted: self.numbers.percent(bin.mean_probability, 2),
            observed: self.numbers.percent(bin.churn_rate, 2),
            rows: self.whole(bin.rows),
        })
        .collect()
    }

    fn calibration_picture(&self, evaluation: &Evaluation) -> String {
        let point =
            |bin: &crate::metrics::CalibrationBin| Point { x: bin.mean_probability, y: bin.churn_rate, band: None };
        let points: Vec<Point> = evaluation.calibration.iter().map(point).collect();
        let most = points.iter().fold(1e-6_f64, |most, point| most.max(point.x).max(point.y));
        let ends = [self.numbers.percent(0.0, 0), self.numbers.percent(most, 1)];
        self.chart(&points, "model-calibration-title", ends.clone(), ends, [0.0, most, 0.0, most])
    }

    fn gains(&self, evaluation: &Evaluation) -> Vec<GainLine> {
        let gains = evaluation.gains.iter();
        gains
            .map(|gain| GainLine {
                depth: self.numbers.percent(gain.depth, 1),
                rows: self.whole(gain.rows),
                found: self.numbers.percent(gain.gain, 1),
                precision: self.numbers.percent(gain.precision, 1),
                lift: self.numbers.decimals(gain.lift, 2),
            })
            .collect()
    }

    fn gains_picture(&self, evaluation: &Evaluation) -> String {
        let start = Point { x: 0.0, y: 0.0, band: None };
        let gains = evaluation.gains.iter().map(|gain| Point { x: gain.depth, y: gain.gain, band: None });
        let points: Vec<Point> = std::iter::once(start).chain(gains).collect();
        let ends = [self.numbers.percent(0.0, 0), self.numbers.percent(1.0, 0)];
        self.chart(&points, "model-gains-title", ends.clone(), ends, [0.0, 1.0, 0.0, 1.0])
    }

    fn chart(&self, points: &[Point], title: &str, x: [String; 2], y: [String; 2], bounds: [f64; 4]) -> String {
        let title = &self.texts.text(title);
        line(points, &Frame { title, x, y, bounds, guide: Guide::Diagonal, steps: false })
    }

    /// What a group is called. The program has named bands of tenure, counts of signals, and what is left over.
    fn level(&self, segment: &Segment) -> String {
        match segment.named_level() {
            Level::Others(others) => self.texts.with("level-others", &[("count", others.into())]),
            Level::Signals(count, all) => self.texts.with("level-of", &[("count", count.into()), ("all", all.into())]),
            Level::Band(band) => self.texts.word("band", band).unwrap_or_else(|| shown(band)),
            Level::Missing => self.texts.text("level-missing"),
            Level::Named(level) => shown(level),
        }
    }

    fn segment(&self, segment: &Segment) -> SegmentLine {
        let numbers = self.numbers;
        let points =
            |value: f64| self.texts.with("unit-points", &[("points", numbers.signed(100.0 * value, 1).into())]);
        let gap = if segment.small { self.texts.text("model-small") } else { points(segment.gap.estimate) };
        SegmentLine {
            by: self.texts.word("segment", &segment.by).unwrap_or_else(|| super::text::spaced(&segment.by)),
            level: self.level(segment),
            rows: self.whole(segment.rows),
            churn: numbers.percent(segment.base_rate, 1),
            predicted: numbers.percent(segment.mean_probability, 1),
            gap,
            auc: segment.roc_auc.as_ref().map_or(String::new(), |auc| numbers.decimals(auc.estimate, 3)),
        }
    }
}
