//! `churn demo --story`: week by week a list is published, the team calls, customers answer or leave, the monitoring
//! says what it knows by then, and the model is trained again when it advises so. Each step is the job of a command:
//! whoever types the commands gets the same files.

use super::progress::WithoutNotes;
use super::render::story::{Ending, Known, Retrained, Week};
use super::{demo, render, simulate, Session};
use crate::calendar::Day;
use crate::config::{Format, KpiPeriod, Settings};
use crate::error::Error;
use crate::jobs::monitor::{self, Monitored};
use crate::jobs::score::{self, Published};
use crate::jobs::train::{self, Promote, Trained};
use crate::jobs::{Context, Data};
use crate::labels;
use crate::monitoring::effect::Study;
use crate::monitoring::figures::{find, ALL};
use crate::monitoring::performance::{Remedy, LIST};
use crate::monitoring::verdict::Verdict;
use crate::registry::Registry;
use crate::simulate::{Continued, Outreach, Plan};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The story's lists, behind the demo's configuration.
const STORY_TOML: &str = include_str!("story.toml");

/// Customers, unless it is said how many: enough for an effect to be shown within a year, and few enough for a minute.
const CUSTOMERS: u32 = 8_000;

/// Days of history before the first list: six snapshots, with what they look back on and ahead to.
const DAYS: u32 = 400;

/// The share that stays of the contacted who would leave in the label window.
const SAVE_RATE: f64 = 0.4;

/// Where the tables of the next week are written, before they take the place of those before them.
const NEXT: &str = "data/next";

/// What a story is about.
pub struct Request<'a> {
    pub dir: &'a Path,
    pub customers: Option<u32>,
    pub seed: u64,
    pub weeks: u16,
}

/// The whole story.
#[derive(Serialize)]
struct Story<'a> {
    dir: &'a Path,
    weeks: Vec<Week>,
    /// Customers whom outreach has saved, which the simulation alone knows.
    saved: usize,
    save_rate: f64,
    /// What the monitoring says at the end.
    monitored: Option<Monitored>,
    /// The newest list.
    folder: PathBuf,
}

pub fn run(session: &Session, request: &Request<'_>) -> anyhow::Result<()> {
    let &Request { dir, seed, weeks, .. } = request;
    demo::claim(dir)?;
    let customers = request.customers.unwrap_or(CUSTOMERS);
    let end = Plan::END.plus(-7 * i32::from(weeks));
    let (out, continued) = (dir.join(demo::DATA), Continued::default());
    let plan = Plan { customers, days: DAYS, seed, out, end, string_ids: false, continued, population: None };
    simulate::simulated(session, &plan)?;

    let toml = demo::DEMO_TOML.to_owned() + STORY_TOML;
    let (settings, promote) = demo::configured(session, dir, &toml, customers)?;
    let registry = Registry::at(&settings.paths.models);
    let drift = Verdict::Ok.name().to_owned();
    let mut project = Project { session, dir, settings, registry, promote, saved: 0, trained_on: end, drift };
    project.say(|| render::story::beginning(&plan, weeks, SAVE_RATE))?;
    let trained = project.train(end)?;
    project.say(|| render::story::trained(&trained))?;

    let mut told = Vec::new();
    for number in 0..weeks {
        told.push(project.monday(number, end.plus(7 * i32::from(number)), Lists::Brief)?.0);
        project.go_on()?;
    }
    let (week, published) = project.monday(weeks, Plan::END, Lists::AsConfigured)?;
    told.push(week);
    // Once more, with the newest list among those that are looked at.
    let monitored = project.monitor(weeks, Plan::END)?;

    let saved = project.saved;
    if session.json() {
        let folder = published.folder;
        return session.print_json(&Story { dir, weeks: told, saved, save_rate: SAVE_RATE, monitored, folder });
    }
    let (monitored, published, weeks) = (monitored.as_ref(), &published, told.as_slice());
    session.print(&render::story::ending(&Ending { dir, weeks, saved, save_rate: SAVE_RATE, monitored, published }))
}

/// What is published on a Monday.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    /// The list and the scores as Parquet alone.
    Brief,
    /// The list, the workbook and the report, as the configuration says.
    AsConfigured,
}

/// The project of a story, as far as it has come.
struct Project<'a> {
    session: &'a Session,
    dir: &'a Path,
    settings: Settings,
    registry: Registry,
    promote: Promote,
    /// Customers whom outreach has saved.
    saved: usize,
    /// When the last model was trained.
    trained_on: Day,
    /// The verdict on the drift of the last list.
    drift: String,
}

impl Project<'_> {
    /// Tells a part of the story as soon as it is known; machines get all of it at the end.
    fn say(&self, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.session.json() {
            return Ok(());
        }
        self.session.print(&text())
    }

    /// Runs a job whose notes are in its result; the timeline tells what it has room for.
    fn job<T>(&self, settings: &Settings, job: impl FnOnce(&Context<'_>) -> crate::Result<T>) -> crate::Result<T> {
        self.session.job_heard_by(&WithoutNotes(self.session.progress()), settings, job)
    }

    /// What is told of the drift of a list, if its verdict is another than that of the list before.
    fn drift(&mut self, published: &Published) -> Option<String> {
        let drift = published.manifest.drift.as_ref()?;
        let is_told = drift.verdict != self.drift;
        self.drift.clone_from(&drift.verdict);
        let sentence = drift.broken.iter().chain(&drift.changed).next().unwrap_or(&drift.risk);
        is_told.then(|| format!("{}: {sentence}", drift.verdict))
    }

    fn label_days(&self) -> u32 {
        labels::span_days(&self.settings.churn)
    }

    /// A Monday: look back, train again if that is advised, publish a list.
    fn monday(&mut self, number: u16, as_of: Day, lists: Lists) -> anyhow::Result<(Week, Published)> {
        let monitored = self.monitor(number, as_of)?;
        let trained = match &monitored {
            Some(found) if self.is_to_be_trained(found, as_of)? => Some(self.train(as_of)?),
            _ => None,
        };

        let mut settings = self.settings.clone();
        if lists == Lists::Brief {
            settings.publish.formats = vec![Format::Parquet];
            settings.kpi.period = KpiPeriod::Off;
        }
        let request = score::Request { data: Data::Signals, as_of: Some(as_of), model: None };
        let published = self.job(&settings, |context| score::run(context, &self.registry, &request))?;
        let week = Week {
            number,
            as_of,
            known: monitored.as_ref().map(known),
            trained: trained.map(|Trained { model, decision, .. }| Retrained {
                version: model.version,
                promoted: decision.promoted,
                reason: decision.reason,
            }),
            drift: self.drift(&published),
            customers: published.manifest.eligible,
            model_version: published.manifest.model_version.clone(),
        };
        self.say(|| render::story::week(&week))?;
        Ok((week, published))
    }

    /// What the monitoring says; nothing before the first list has matured.
    fn monitor(&self, number: u16, as_of: Day) -> crate::Result<Option<Monitored>> {
        if 7 * u32::from(number) < self.label_days() {
            return Ok(None);
        }
        let request = monitor::Request { as_of: Some(as_of) };
        self.job(&self.settings, |context| monitor::run(context, &self.registry, &request)).map(Some)
    }

    /// Whether something is to be done about the champion, of which a list has matured.
    fn is_to_be_trained(&self, found: &Monitored, as_of: Day) -> crate::Result<bool> {
        use Remedy::{RecalibrateIntercept, RecalibrateInterceptAndSlope, Retrain};
        let is_advised = matches!(found.advice.remedy, Retrain | RecalibrateIntercept | RecalibrateInterceptAndSlope);
        let is_of_champion = self.registry.champion_version()?.as_ref() == Some(&found.advice.model_version);
        Ok(is_advised && is_of_champion && as_of >= self.trained_on.later_by(self.label_days()))
    }

    fn train(&mut self, as_of: Day) -> crate::Result<Trained> {
        self.trained_on = as_of;
        let request = train::Request { data: Data::Signals, as_of: Some(as_of), promote: self.promote };
        self.job(&self.settings, |context| train::run(context, &self.registry, &request))
    }

    /// The team calls those to be contacted, and a week passes.
    fn go_on(&mut self) -> crate::Result<()> {
        let (data, next) = (self.dir.join(demo::DATA), self.dir.join(NEXT));
        let mut plan = Plan::read(&data, next.clone())?;
        plan.continued.days += 7;
        let (lists, within_days) = (self.settings.paths.lists.clone(), self.label_days());
        Outreach { lists, save_rate: SAVE_RATE, by_cause: BTreeMap::new(), within_days }.save(&mut plan)?;
        self.saved = plan.continued.saved.len();
        simulate::simulated(self.session, &plan)?;

        fs::remove_dir_all(&data).map_err(|error| Error::writing(&data, &error))?;
        fs::rename(&next, &data).map_err(|error| Error::writing(&data, &error))
    }
}

/// What the timeline tells of a monitoring.
fn known(found: &Monitored) -> Known {
    let newest = found.advice.as_of;
    let figure = |measure: &str, slice: &str| find(&found.figures, newest, measure, slice).cloned();
    let study = found.effect.last().map(|it| &it.study);
    Known {
        newest,
        churn_rate: figure("churn_rate", ALL),
        precision: figure("precision", LIST),
        effect: study.and_then(|study| study.at_every_look),
        is_shown: study.is_some_and(Study::is_shown),
        remedy: found.advice.remedy,
    }
}
