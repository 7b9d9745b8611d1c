//! Judging: each run by its outcomes, unless it is known already what comes of it, and the effect of outreach.

use super::input::{around, Contacts, PublishedList};
use super::tables::{self, PART};
use crate::artefact::Artefact;
use crate::calendar::Day;
use crate::config::Settings;
use crate::digest;
use crate::error::Result;
use crate::jobs::context::Job;
use crate::kpis::Segments;
use crate::labels;
use crate::monitoring::drift::newest::is_drift;
use crate::monitoring::effect::{self, Aftermath, Exposures, Study};
use crate::monitoring::figures::{self, Figure};
use crate::monitoring::history::CustomerHistory;
use crate::monitoring::leavers::{self, Leaver};
use crate::monitoring::left_alone::Weights;
use crate::monitoring::lists::{Codes, KnownRun, Listed, REASONS};
use crate::monitoring::outcomes::RunOutcomes;
use crate::monitoring::performance;
use crate::monitoring::state::{self, JudgedRun, State};
use crate::observer::Observer;
use crate::parallel;
use crate::reasons::Playbook;
use crate::registry::Registry;
use crate::written::counted;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folder of the outcomes, one folder a run below it.
const OUTCOMES: &str = "outcomes.parquet";

/// What is judged, and by what.
pub(super) struct World<'a> {
    pub job: &'a Job<'a>,
    pub registry: &'a Registry,
    pub lists: &'a [PublishedList],
    pub history: &'a CustomerHistory<'a>,
    pub codes: &'a Codes,
}

/// What has been found of all runs.
pub(super) struct Judged {
    pub figures: Vec<Figure>,
    /// What need not be found again.
    pub state: State,
    pub judged_now: usize,
    pub leavers: Vec<Leaver>,
    /// The dates of runs whose model had learned from what became of their customers.
    pub no_forecasts: BTreeSet<Day>,
}

/// What the runs of a model are held against.
struct Promise {
    /// The AUC that it had in its evaluation; NaN if that is not known.
    auc: f64,
    /// The model; none if it is not in the registry any more.
    model: Option<Artefact>,
}

impl World<'_> {
    pub fn settings(&self) -> &Settings {
        self.job.settings()
    }

    pub fn monitor(&self) -> &Path {
        &self.settings().paths.monitor
    }

    fn lists(&self) -> impl Iterator<Item = (&KnownRun, &[Listed])> {
        self.lists.iter().map(|list| (&list.run, list.listed.as_slice()))
    }

    /// The lists whose outreach may have reached the customers of a date before the end of its label window.
    fn lists_around(&self, as_of: Day) -> &[PublishedList] {
        around(self.lists, as_of, labels::span_days(&self.settings().churn))
    }

    /// What identifies these lists.
    fn digest_around(&self, as_of: Day) -> String {
        let around = self.lists_around(as_of).iter();
        let all: Vec<String> = around.map(|list| format!("{} {}", list.run.as_of(), list.run.digest)).collect();
        digest::sha256(&all.join("\n"))
    }

    /// Judges the runs of these dates, as far as it is not known already what comes of it.
    pub fn judge_all(&self, matured: &[Day]) -> Result<Judged> {
        let settings_sha256 = state::settings_sha256(self.settings())?;
        let before = State::read(self.monitor(), &settings_sha256);
        let known = if before.runs.is_empty() {
            Vec::new()
        } else {
            let mut known = figures::read(&self.monitor().join(figures::FILE)).unwrap_or_default();
            // Drift is read from the runs themselves.
            known.retain(|figure| !is_drift(figure));
            known
        };

        let known_dates: BTreeSet<Day> =
            known.iter().filter(|figure| figure.model_version.is_some()).map(|figure| figure.as_of).collect();

        let matured_lists: Vec<&PublishedList> =
            self.lists.iter().filter(|list| matured.contains(&list.run.as_of())).collect();
        let mut restated = Vec::new();
        let mut kept: BTreeMap<Day, JudgedRun> = BTreeMap::new();
        for list in &matured_lists {
            let as_of = list.run.as_of();
            let Some(run) = before.of(as_of) else { continue };
            let has_figures = known_dates.contains(&as_of);
            if !has_figures || !run.is_of(&list.run.digest, &self.digest_around(as_of)) || !self.has_part(run) {
                continue;
            }
            let found = self.history.fingerprint(as_of);
            if run.has_outcomes(found) {
                kept.insert(as_of, JudgedRun { published_at: list.run.published_at.clone(), ..run.clone() });
            } else {
                restated.push((as_of, run.cancellations, found.cancellations));
            }
        }
        self.tell_restated(&restated);

        let segments = self.segments();
        let promises = self.promises();
        let no_forecasts = self.no_forecasts(&matured_lists, &promises);
        let new = matured_lists.iter().filter(|list| !kept.contains_key(&list.run.as_of()));
        let new: Vec<&&PublishedList> = new.collect();
        let found: Vec<Option<(JudgedRun, Vec<Figure>)>> =
            parallel::try_map(&new, |list| self.judge(list, &segments, &promises))?
                .into_iter()
                .map(|found| found.map_err(|why| self.job.warn(why)).ok())
                .collect();

        let mut figures: Vec<Figure> =
            known.into_iter().filter(|it| it.model_version.is_some() && kept.contains_key(&it.as_of)).collect();
        figures.retain(|it| !it.measure.starts_with(performance::MEAN));
        let judged_now = found.iter().flatten().count();
        for (run, of_run) in found.into_iter().flatten() {
            kept.insert(run.as_of, run);
            figures.extend(of_run);
        }
        figures.sort_by_key(|figure| figure.as_of);

        let newest = matured_lists.iter().rev().find(|list| kept.contains_key(&list.run.as_of()));
        let leavers = match newest {
            Some(list) => self.leavers(list)?,
            None => Vec::new(),
        };
        let known_until = Some(self.history.until);
        let runs = kept.into_values().collect();
        let state = State { format: state::FORMAT, settings_sha256, known_until, runs };
        Ok(Judged { figures, state, judged_now, leavers, no_forecasts })
    }

    /// Whether the outcomes of a run are where they were written, and are the ones.
    fn has_part(&self, run: &JudgedRun) -> bool {
        let path = self.part_folder(run.as_of).join(PART);
        let has_size = std::fs::metadata(&path).is_ok_and(|file| file.len() == run.bytes);
        let is_same = has_size && tables::sha256_of(&path).is_some_and(|found| found == run.sha256);
        if !is_same && path.exists() {
            self.job.warn(format!(
                "{} holds the outcomes of something else than the run of {}; they are written again",
                path.display(),
                run.as_of
            ));
        }
        is_same
    }

    fn part_folder(&self, as_of: Day) -> PathBuf {
        self.monitor().join(OUTCOMES).join(format!("as_of={as_of}"))
    }

    /// Tells that who left in the past is not who had left before.
    fn tell_restated(&self, restated: &[(Day, u64, u64)]) {
        let (Some((first, ..)), Some((last, ..))) = (restated.first(), restated.last()) else { return };
        let before: u64 = restated.iter().map(|(_, before, _)| before).sum();
        let now: u64 = restated.iter().map(|(.., now)| now).sum();
        let what = if now < before { "has shrunk" } else { "says otherwise than it did" };
        self.job.warn(format!(
            "the churn table {what} about the past: in the label windows of {} runs from {first} to {last} there were \
             {before} departures in all, and are {now} now. These runs are judged again; if that is not as it should \
             be, load the table again",
            restated.len(),
        ));
    }

    fn segments(&self) -> Segments {
        let settings = self.settings();
        let categorical = settings.customers.as_ref().map_or(&[][..], |customers| &customers.categorical);
        let mut wanted = settings.kpi.segments.clone().unwrap_or_else(|| categorical.to_vec());
        // What nothing tells is no segment either.
        wanted.retain(|name| !settings.reasons.untold.contains(name));
        Segments::new(self.history.customers, categorical, Some(&wanted), &|note| self.job.note(&note))
    }

    /// What each model has promised.
    fn promises(&self) -> BTreeMap<&str, Promise> {
        let mut promises = BTreeMap::new();
        for list in self.lists {
            promises.entry(list.run.model_version.as_str()).or_insert_with_key(|version| {
                let model = self.registry.load(version).ok();
                let auc = model.as_ref().and_then(|model| model.evaluation.metrics.roc_auc);
                Promise { auc: auc.unwrap_or(f64::NAN), model }
            });
        }
        promises
    }

    /// The dates of the lists that are no forecasts, which is told: a date that was scored afterwards, by a model that
    /// had learned what became of its customers, makes that model look better than it is.
    fn no_forecasts(&self, lists: &[&PublishedList], promises: &BTreeMap<&str, Promise>) -> BTreeSet<Day> {
        let mut by_model: BTreeMap<&str, Vec<Day>> = BTreeMap::new();
        for list in lists {
            let (version, as_of) = (list.run.model_version.as_str(), list.run.as_of());
            let model = promises.get(version).and_then(|promise| promise.model.as_ref());
            if model.is_some_and(|model| !model.forecasts(as_of)) {
                by_model.entry(version).or_default().push(as_of);
            }
        }

        for (version, dates) in &by_model {
            let (Some(first), Some(last)) = (dates.first(), dates.last()) else { continue };
            self.job.warn(format!(
                "model {version} was trained on what became of the customers of {} from {first} to {last}, so these \
                 are no forecasts, and it looks better by them than it is. No mean over its lists counts them",
                counted(dates.len() as u64, "run"),
            ));
        }
        by_model.into_values().flatten().collect()
    }

    /// Judges a run, and writes its outcomes; of one that cannot be read, says why in words.
    fn judge(
        &self,
        list: &PublishedList,
        segments: &Segments,
        promises: &BTreeMap<&str, Promise>,
    ) -> Result<std::result::Result<(JudgedRun, Vec<Figure>), String>> {
        let as_of = list.run.as_of();
        let run = match self.outcomes(list) {
            Ok(run) => run,
            Err(error) => return Ok(Err(format!("the run of {as_of} is not judged: {error}"))),
        };

        let context = performance::Context {
            evaluated_auc: promises
                .get(list.run.model_version.as_str())
                .map(|promise| promise.auc)
                .filter(|auc| auc.is_finite()),
            customers: self.history.customers,
            segments,
            codes: self.codes,
        };
        let figures = performance::figures(&run, &context);

        let part = |range| Ok(run.table(range, self.codes));
        let file = tables::replace_part(&self.part_folder(as_of), self.job.unfinished(), run.rows.len(), part)?;
        let found = self.history.fingerprint(as_of);
        let judged = JudgedRun {
            as_of,
            published_at: list.run.published_at.clone(),
            run: list.run.digest.clone(),
            lists: self.digest_around(as_of),
            cancellations: found.cancellations,
            churn: state::hash(found),
            rows: file.rows,
            bytes: file.bytes,
            sha256: file.sha256,
        };
        Ok(Ok((judged, figures)))
    }

    fn outcomes<'a>(&'a self, list: &'a PublishedList) -> Result<RunOutcomes<'a>> {
        let around = self.lists_around(list.run.as_of()).iter();
        let weights = Weights::new(around.map(|list| (&list.run, list.listed.as_slice())));
        RunOutcomes::read(&list.run, &list.listed, self.history, &weights)
    }

    fn leavers(&self, list: &PublishedList) -> Result<Vec<Leaver>> {
        let run = self.outcomes(list)?;
        Ok(leavers::leavers(&run, self.history, self.lists()))
    }

    /// The first listings under each key.
    pub fn exposures(&self, contacts: Option<&Contacts>) -> BTreeMap<String, Exposures> {
        let label_days = labels::span_days(&self.settings().churn);
        effect::exposures(self.lists(), &Known { history: self.history, contacts, label_days })
    }

    /// The effect of outreach under each key, the newest last.
    pub fn studies(&self, by_key: &BTreeMap<String, Exposures>) -> Vec<Study> {
        let settings = self.settings();
        let playbook = Playbook::new(&settings.playbook);
        let action = |reasons: &[Option<u16>; REASONS]| {
            effect::action_of(reasons, self.codes, |code| playbook.action_for(code).map(str::to_owned))
        };
        let plan = effect::Plan {
            economics: &settings.economics,
            action: &action,
            label_days: labels::span_days(&settings.churn),
            most: self.history.customers.len() as u64,
        };
        let mut studies: Vec<Study> =
            by_key.iter().filter_map(|(key, exposures)| Study::new(key, exposures, &plan)).collect();
        studies.sort_by_key(|study| study.as_of);
        studies
    }
}

/// What is known of customers after their first listing.
struct Known<'a> {
    history: &'a CustomerHistory<'a>,
    contacts: Option<&'a Contacts>,
    label_days: u32,
}

impl Aftermath for Known<'_> {
    fn has_matured(&self, as_of: Day) -> bool {
        self.history.has_matured(as_of)
    }

    fn left(&self, customer: Option<u32>, as_of: Day) -> Option<bool> {
        self.has_matured(as_of).then(|| self.history.outcome(customer, as_of).left()).flatten()
    }

    fn contacted(&self, customer: Option<u32>, as_of: Day) -> Option<bool> {
        let contacts = self.contacts?;
        let days = customer.and_then(|customer| contacts.get(&customer)).map_or(&[][..], Vec::as_slice);
        let window = as_of..as_of.later_by(self.label_days);
        Some(days.iter().any(|day| day.is_none_or(|day| window.contains(&day))))
    }
}
