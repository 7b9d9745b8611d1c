//! The customers of a date, scored, ranked and explained.

use super::changes::{Changes, Words};
use super::context::Job;
use super::definition::{self, Who};
use super::details;
use super::drift;
use super::input::Input;
use super::savings;
use crate::artefact::{Artefact, Row, Scores};
use crate::calendar::Day;
use crate::clock::Clock;
use crate::config::{List, Reference};
use crate::dataset::silence::Silence;
use crate::dataset::{Dataset, Place, Selection};
use crate::error::Result;
use crate::kpis::{self, Kpis, Risks};
use crate::language::{Message, Texts};
use crate::monitoring::drift::Drift;
use crate::monitoring::response::ResponseModel;
use crate::observer::{Note, Observer};
use crate::power::{Accrual, ControlPower};
use crate::publish::contributions::Contributions;
use crate::publish::latest::Leaver;
use crate::publish::list::{Details, Move, Results};
use crate::ranking::Ranking;
use crate::reasons::{Attribution, Background, Explainer, Usual};
use crate::registry::Registry;
use std::sync::Arc;
use std::time::Instant;

/// The customers of a date, scored, ranked and explained; nothing is published yet.
pub struct Scored {
    /// The model.
    pub model: Artefact,
    /// The order, and how many are listed.
    pub ranking: Ranking,
    /// What the list tells of the listed customers beyond their scores, in rank order.
    pub details: Vec<Details>,
    /// Who has left the list since the run before.
    pub leavers: Vec<Leaver>,
    /// The date of the run before; none if there is none to compare with.
    pub compared_with: Option<Day>,
    /// What the control group can show.
    pub control_power: ControlPower,
    /// The log-odds that contributions are measured from.
    pub reference_log_odds: f64,
    /// For how long the listed customers have been silent; not known of a prepared table.
    pub silence: Option<Silence>,
    /// How the rows differ from those that the model was fitted on; none where that is not measured.
    pub drift: Option<Drift>,
    /// The measures; none where there are to be none.
    pub kpis: Option<Kpis>,
    /// What the risks of the listed customers are made of.
    pub contributions: Contributions,
    /// What a person should know.
    pub notes: Vec<Note>,
    pub(super) scores: Scores,
    pub(super) input: Input,
    pub(super) texts: Arc<Texts>,
    pub(super) started: Instant,
    moves: Vec<Move>,
    list: List,
}

impl Scored {
    /// The as-of date.
    pub fn as_of(&self) -> Day {
        self.input.as_of
    }

    /// How many customers are eligible; all of them are scored.
    pub fn eligible(&self) -> usize {
        self.scores.customers.len()
    }

    pub(super) fn results(&self) -> Results<'_> {
        results(&self.input, &self.scores, &self.ranking, &self.moves, &self.model, &self.list)
    }
}

fn results<'a>(
    input: &'a Input,
    scores: &'a Scores,
    ranking: &'a Ranking,
    moves: &'a [Move],
    model: &'a Artefact,
    settings: &'a List,
) -> Results<'a> {
    let customers = &input.data.customers;
    Results { as_of: input.as_of, customers, scores, ranking, moves, model_version: &model.version, settings }
}

/// Scores, ranks and explains the rows of a date.
///
/// # Errors
/// When features that lie on disk cannot be read.
pub(super) fn scored(
    job: &Job<'_>,
    registry: &Registry,
    model: Artefact,
    input: Input,
    response: Option<&ResponseModel>,
    started: Instant,
) -> Result<Scored> {
    let settings = job.settings();
    let data = &input.data;
    if let Some(until) = model.outcomes_until().filter(|_| !model.forecasts(input.as_of)) {
        job.warn(
            Message::new("score-no-forecast")
                .text("model", &model.version)
                .day("until", until)
                .day("date", input.as_of)
                .text("option", input.as_of.to_string()),
        );
    }

    let mut clock = Clock::start(job);
    let scores = model.score(data, &Selection::scored(data, input.as_of))?;
    clock.lap("scores");

    let unknown = model.unknown_levels(&data.customers, &scores.customers);
    unknown.into_iter().for_each(|told| job.warn(told));
    let drift = drift::measured(job, &model, &input, &scores)?;
    clock.lap("drift");

    let ranking = ranked(job, &model, data, &scores, response)?;
    clock.lap("ranking");

    let listed: Vec<Place> =
        ranking.order[..ranking.listed].iter().map(|&position| scores.places[position as usize]).collect();
    let silence = definition::silence(job, data, &Selection::from_places(data.blocks.len(), &listed))?;
    definition::warn_of_those_who_left(job, Who::Listed, silence.as_ref());

    let changes = Changes::new(job, registry, &model, &input, &scores, &ranking.order[..ranking.listed])?;
    clock.lap("earlier lists");

    let texts = job.texts();
    let explainer = explainer(job, &model, data, &scores, &ranking, input.as_of, texts)?;
    let rows = model.row_scorer(&data.customers);
    let words = Words { job, input: &input, model: &model, rows: &rows, scores: &scores, explainer: &explainer };
    details::unmatched_plays(words).into_iter().for_each(|told| job.warn(told));
    let results = results(&input, &scores, &ranking, &changes.moves, &model, &settings.list);
    let details = details::of_list(words, &results, &changes)?;
    let leavers = changes.leavers(words)?;
    let contributions = savings::contributions(job, &model, data, &scores, results.listed())?;
    let control_power = control_power(&results, &changes);
    clock.lap("reasons");

    let risks = Risks { customers: &data.customers, scored: &scores.customers, probabilities: &scores.probabilities };
    let told = input.counts.as_ref().map(|counts| {
        let note = |note: Note| job.note(&note);
        kpis::measures(counts, &settings.signals, &risks, &note)
    });
    let kpis = told.transpose()?;
    clock.lap("measures");

    Ok(Scored {
        compared_with: changes.history.earlier.as_ref().map(|earlier| earlier.run.as_of),
        moves: changes.moves,
        details,
        contributions,
        leavers,
        control_power,
        drift,
        kpis,
        reference_log_odds: explainer.reference_log_odds(),
        silence,
        notes: job.notes(),
        ranking,
        model,
        scores,
        input,
        list: settings.list.clone(),
        texts: Arc::clone(texts),
        started,
    })
}

/// What the control group can show, if as many of the listed churn as the model says.
fn control_power(results: &Results<'_>, changes: &Changes) -> ControlPower {
    let listed = results.listed();
    let churn: f64 = listed.iter().map(|&position| results.scores.probabilities[position as usize]).sum();
    let (list, eligible) = (results.settings, results.ranking.order.len() as u64);
    let accrual = Accrual::new(u64::from(list.capacity), eligible, &changes.history.so_far, changes.label_days);
    ControlPower::new(churn / listed.len().max(1) as f64, list.control_fraction, accrual)
}

/// The customers in the order of the list, which is that of what contact changes if there is a response model.
///
/// # Errors
/// As [`savings::savings`].
pub(super) fn ranked(
    job: &Job<'_>,
    model: &Artefact,
    data: &Dataset,
    scores: &Scores,
    response: Option<&ResponseModel>,
) -> Result<Ranking> {
    let savings = response.map(|response| savings::savings(job, model, data, scores, response)).transpose()?;
    let value = |customer: u32| data.customers.value_of(customer);
    let list = &job.settings().list;
    Ok(Ranking::new(list, &scores.customers, &scores.probabilities, &scores.log_odds, value, savings))
}

/// What explains the scores of a date, against the reference that the settings name.
pub(super) fn explainer(
    job: &Job<'_>,
    model: &Artefact,
    data: &Dataset,
    scores: &Scores,
    ranking: &Ranking,
    as_of: Day,
    texts: &Arc<Texts>,
) -> Result<Explainer> {
    let reference = match job.settings().list.reference {
        Reference::Population => scores.mean.clone(),
        Reference::CutOff => mean_at_cut_off(model, data, scores, ranking)?,
    };
    let attribution = Attribution::new(model.slopes(), model.fit.intercept, reference)?;
    let settings = job.settings();
    let background = Background {
        signals: &settings.signals,
        features: &settings.features,
        most: settings.list.reasons,
        untold: &settings.reasons.untold,
        usual: Usual::new(data, scores, &settings.signals, as_of)?,
        texts: Arc::clone(texts),
    };
    Explainer::new(background, &model.catalogue, &model.terms(), attribution)
}

/// The mean row of the last tenth of the list, but of at least 50 customers, so that it is steady.
fn mean_at_cut_off(model: &Artefact, data: &Dataset, scores: &Scores, ranking: &Ranking) -> Result<Row> {
    let length = (ranking.listed / 10).max(50).min(ranking.listed);
    let nearest = &ranking.order[ranking.listed - length..ranking.listed];
    let places: Vec<Place> = nearest.iter().map(|&position| scores.places[position as usize]).collect();
    model.mean_row(data, &places)
}
