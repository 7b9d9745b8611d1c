//! What has become of a model's lists, beside what its evaluation promised: read from what the last monitoring found.

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
use std::fmt::Write;
use std::path::PathBuf;

/// What the last monitoring found of all models.
pub struct TrackRecords {
    folder: PathBuf,
    /// The first day of which it knew nothing.
    pub known_until: Day,
    figures: Vec<Figure>,
}

/// What has become of the lists of one model, on customers who were left alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackRecord {
    /// The first day of which nothing was known.
    pub known_until: Day,
    /// Its lists whose label had matured.
    pub matured_lists: usize,
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
            Ok(figures) => Ok(TrackRecords { folder: folder.clone(), known_until, figures }),
            Err(_) => Err(format!("{} is missing or damaged; `churn monitor` writes it again", path.display())),
        })
    }

    /// The record of a model; in words, why there is none.
    pub fn of(&self, model: &Artefact) -> std::result::Result<TrackRecord, String> {
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

        let dates: Vec<Day> = of("customers", ALL).map(|figure| figure.as_of).collect();
        let (Some(&oldest), Some(&newest)) = (dates.iter().min(), dates.iter().max()) else {
            return Err(format!("No list of model {version} had matured before {}", self.known_until));
        };
        let realised = |measure: &'static str, slice: &'static str| {
            let figure = of(measure, slice).find(|figure| figure.as_of == newest)?;
            let (count, sum) = of(measure, slice).fold((0.0, 0.0), |(count, sum), it| (count + 1.0, sum + it.value));
            Some(Realised::new(figure, sum / count))
        };
        Ok(TrackRecord {
            known_until: self.known_until,
            matured_lists: dates.len(),
            oldest,
            newest,
            roc_auc: realised("roc_auc", ALL),
            calibration_in_the_large: realised("calibration_in_the_large", ALL),
            precision: realised("precision", LIST),
        })
    }
}

impl TrackRecord {
    /// What the figures below are of.
    pub fn sentence(&self) -> String {
        format!(
            "{} of this model matured before {}, the newest that of {}. On customers left alone:",
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
