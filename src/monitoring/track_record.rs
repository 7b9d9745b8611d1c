//! What has become of a model's lists, beside what its evaluation promised: read from what the last monitoring found.
//!
//! Lists count that were published since the model was promoted for the first time, by the clock that both carry, and
//! whose customers' fate the model had not learned: a list of an earlier date, made afterwards, is no forecast.

use super::figures::{self, Figure, ALL};
use super::performance::LIST;
use super::state::{self, State};
use super::verdict::Verdict;
use crate::artefact::Artefact;
use crate::calendar::Day;
use crate::config::Settings;
use crate::error::Result;
use crate::written::{counted, percent};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

/// What the last monitoring found of all models.
pub struct TrackRecords {
    folder: PathBuf,
    /// The first day of which it knew nothing.
    pub known_until: Day,
    figures: Vec<Figure>,
    /// When the run of each date was published, UTC; empty if that is not known.
    published_at: BTreeMap<Day, String>,
}

/// What has become of the lists of one model, on customers who were left alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackRecord {
    /// The first day of which nothing was known.
    pub known_until: Day,
    /// When the model was promoted for the first time, UTC; none if it never was, so that all its forecasts count.
    pub promoted_at: Option<String>,
    /// Its lists since then whose label had matured.
    pub matured_lists: usize,
    /// Matured lists of it that do not count: made before it was promoted, or of dates whose outcomes it had learned.
    pub left_out: usize,
    /// The date of the oldest of them.
    pub oldest: Day,
    /// The date of the newest, which the figures are of.
    pub newest: Day,
    /// The AUC; promised is that of the evaluation.
    pub roc_auc: Option<Realised>,
    /// What would have to be added to every log-odds; promised is 0.
    pub calibration_in_the_large: Option<Realised>,
    /// The share of the customers on the list that left; promised is their mean risk.
    pub precision: Option<Realised>,
}

/// A figure as it turned out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Realised {
    /// Of the newest list.
    pub value: f64,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// What the model had promised.
    pub promised: Option<f64>,
    /// What it asks for.
    pub verdict: Option<Verdict>,
    /// The mean over the lists; without an interval, because their label windows overlap.
    pub mean: f64,
}

/// A figure as it turned out, in words.
pub struct Line {
    /// What it is.
    pub name: &'static str,
    /// Of the newest list.
    pub newest: String,
    /// Its 95 % interval.
    pub interval: String,
    /// What the model had promised.
    pub promised: String,
    /// The mean over the lists.
    pub mean: String,
    /// What it asks for.
    pub verdict: &'static str,
}

impl TrackRecords {
    /// Reads what the last monitoring wrote into `paths.monitor`; in words, why that says nothing.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) for settings that cannot be told apart.
    pub fn read(settings: &Settings) -> Result<std::result::Result<TrackRecords, String>> {
        let folder = &settings.paths.monitor;
        let shown = folder.display();
        let path = folder.join(figures::FILE);
        if !folder.join(state::FILE).exists() && !path.exists() {
            return Ok(Err(format!("There is no monitoring in {shown}; run `churn monitor` once a list has matured")));
        }
        let state = State::read(folder, &state::settings_sha256(settings)?);
        let Some(known_until) = state.known_until else {
            return Ok(Err(format!(
                "The monitoring in {shown} is of other settings, of another project or of another version of the \
                 program; run `churn monitor` to judge the lists by these settings, or set paths.monitor"
            )));
        };
        Ok(match figures::read(&path) {
            Ok(figures) => {
                let published_at = state.runs.into_iter().map(|run| (run.as_of, run.published_at)).collect();
                Ok(TrackRecords { folder: folder.clone(), known_until, figures, published_at })
            }
            Err(_) => Err(format!("{} is missing or damaged; `churn monitor` writes it again", path.display())),
        })
    }

    /// The record of a model that was promoted for the first time at an instant (UTC), if it ever was; in words, why
    /// there is none.
    pub fn of(&self, model: &Artefact, promoted: Option<&str>) -> std::result::Result<TrackRecord, String> {
        let version = model.version.as_str();
        let is_ours = |figure: &&Figure| figure.model_version.as_deref() == Some(version);
        let ours: Vec<&Figure> = self.figures.iter().filter(is_ours).collect();
        let of = |measure: &'static str, slice: &'static str| {
            ours.iter().copied().filter(move |figure| figure.measure == measure && figure.slice == slice)
        };

        // Every registry calls its first model v0001.
        let evaluated = model.evaluation.metrics.roc_auc.unwrap_or(f64::NAN);
        let is_other = |figure: &Figure| !figure.reference.is_nan() && figure.reference != evaluated;
        if of("roc_auc", ALL).any(is_other) {
            return Err(format!(
                "The monitoring in {} is of another model {version}, whose evaluation was another: set paths.monitor \
                 to where this project's is, or run `churn monitor` into a new folder",
                self.folder.display()
            ));
        }

        let all: BTreeSet<Day> = of("customers", ALL).map(|figure| figure.as_of).collect();
        let dates: BTreeSet<Day> = all.iter().copied().filter(|&date| self.counts(date, model, promoted)).collect();
        let left_out = all.len() - dates.len();
        let (Some(&oldest), Some(&newest)) = (dates.first(), dates.last()) else {
            return Err(none_matured(version, promoted, self.known_until, left_out));
        };
        let realised = |measure: &'static str, slice: &'static str| {
            let counted = || of(measure, slice).filter(|figure| dates.contains(&figure.as_of));
            let figure = counted().find(|figure| figure.as_of == newest)?;
            let (count, sum) = counted().fold((0.0, 0.0), |(count, sum), it| (count + 1.0, sum + it.value));
            Some(Realised::new(figure, sum / count))
        };
        Ok(TrackRecord {
            known_until: self.known_until,
            promoted_at: promoted.map(str::to_owned),
            matured_lists: dates.len(),
            left_out,
            oldest,
            newest,
            roc_auc: realised("roc_auc", ALL),
            calibration_in_the_large: realised("calibration_in_the_large", ALL),
            precision: realised("precision", LIST),
        })
    }

    /// Whether the list of a date counts. Times are texts of one form, which sort as they do.
    fn counts(&self, date: Day, model: &Artefact, promoted: Option<&str>) -> bool {
        let published_at = self.published_at.get(&date).map_or("", String::as_str);
        let is_since = promoted.is_none_or(|promoted| published_at.is_empty() || published_at >= promoted);
        is_since && model.forecasts(date)
    }
}

/// Why a model has no record.
fn none_matured(version: &str, promoted: Option<&str>, known_until: Day, left_out: usize) -> String {
    let since = promoted.map_or_else(String::new, |at| format!(" since its promotion on {}", day_of(at)));
    let others = others_left_out(left_out).map_or_else(String::new, |others| format!(". {others}"));
    format!("No list of model {version}{since} had matured before {known_until}{others}")
}

/// What is said of lists that do not count.
fn others_left_out(left_out: usize) -> Option<String> {
    let why = "made before it was promoted, or of dates whose outcomes it was trained on";
    (left_out > 0).then(|| format!("Not counted: {}, {why}", counted(left_out as u64, "list")))
}

/// The day of an instant, as it is written.
fn day_of(instant: &str) -> &str {
    instant.split('T').next().unwrap_or(instant)
}

impl TrackRecord {
    /// What the figures below are of.
    pub fn sentence(&self) -> String {
        let since = match &self.promoted_at {
            Some(at) => format!(" since its promotion on {}", day_of(at)),
            None => ", which was never promoted,".to_owned(),
        };
        let others = others_left_out(self.left_out).map_or_else(String::new, |others| format!(" {others}."));
        format!(
            "{} of this model{since} matured before {}, the newest that of {}.{others} On customers left alone:",
            counted(self.matured_lists as u64, "list"),
            self.known_until,
            self.newest
        )
    }

    /// The figures that are known.
    pub fn lines(&self) -> Vec<Line> {
        let lines = [
            self.roc_auc.as_ref().map(|it| it.line("AUC", digits)),
            self.calibration_in_the_large.as_ref().map(|it| it.line("calibration in the large", signed)),
            self.precision.as_ref().map(|it| it.line("share of the list that left", percent)),
        ];
        lines.into_iter().flatten().collect()
    }

    /// A section of a model's card.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "## Outcomes\n\n{}\n\n| | newest list | 95 % interval | promised | mean of its lists | verdict |\n\
             |---|---:|---:|---:|---:|---|\n",
            self.sentence()
        );
        for Line { name, newest, interval, promised, mean, verdict } in self.lines() {
            let _ = writeln!(text, "| {name} | {newest} | {interval} | {promised} | {mean} | {verdict} |");
        }
        text + "\n"
    }
}

/// Of an AUC: "0.812".
pub fn digits(value: f64) -> String {
    format!("{value:.3}")
}

/// Of log-odds: "+0.12".
pub fn signed(value: f64) -> String {
    format!("{:+.2}", value + 0.0)
}

impl Realised {
    fn line(&self, name: &'static str, shown: fn(f64) -> String) -> Line {
        Line {
            name,
            newest: shown(self.value),
            interval: self.interval(shown),
            promised: self.promised(shown),
            mean: shown(self.mean),
            verdict: self.verdict.map_or("", Verdict::name),
        }
    }

    /// Its interval, each end written alike; a dash where there is none.
    pub fn interval(&self, shown: fn(f64) -> String) -> String {
        let ends = self.low.zip(self.high);
        ends.map_or_else(|| "-".to_owned(), |(low, high)| format!("{} to {}", shown(low), shown(high)))
    }

    /// What was promised; a dash where nothing was.
    pub fn promised(&self, shown: fn(f64) -> String) -> String {
        self.promised.map_or_else(|| "-".to_owned(), shown)
    }

    fn new(figure: &Figure, mean: f64) -> Realised {
        let known = |value: f64| Some(value).filter(|value| !value.is_nan());
        Realised {
            value: figure.value,
            low: known(figure.low),
            high: known(figure.high),
            promised: known(figure.reference),
            verdict: figure.verdict,
            mean,
        }
    }
}
