//! One customer: what raises and lowers the risk, the history of it, and what it was before.

use super::changes::Row;
use super::context::{Context, Job};
use super::details::WhatToDo;
use super::input::{self, Also, Data};
use super::{savings, scored};
use crate::artefact::{Artefact, RowScorer, Scores};
use crate::calendar::Day;
use crate::config::{Reference, Settings};
use crate::dataset::{Dataset, Place, RowsPlan, Selection};
use crate::eligibility::{Exclusion, Purpose, Rules};
use crate::error::{Error, Result};
use crate::observer::Note;
use crate::publish::previous::{self, PublishedRisk};
use crate::publish::runs::{self, Run};
use crate::ranking::Ranking;
use crate::reasons::change::{Between, Standing};
use crate::reasons::reach::Improvement;
use crate::reasons::{Action, Explainer, Reason};
use crate::registry::Registry;
use crate::sources::Cancellations;
use crate::spelling;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// How many days before the as-of date the history looks at.
const HISTORY_DAYS: [i32; 5] = [84, 56, 28, 7, 0];
/// The earlier date that today is compared with.
const COMPARED_DAYS: i32 = 28;
/// How many published runs are looked at.
const RUNS: usize = 6;

/// Whom to explain.
#[derive(Clone, Debug)]
pub struct Request {
    /// The customer's id, as people write it.
    pub customer: String,
    /// Where the rows come from.
    pub data: Data,
    /// The date. Of signals it has to be named; of a prepared table it is the newest one unless it is.
    pub as_of: Option<Day>,
    /// A version other than the champion.
    pub model: Option<String>,
}

/// All that is known of one customer's risk.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerReport {
    /// The id, as it was asked for.
    pub customer_id: String,
    /// The date.
    pub as_of: Day,
    /// The model.
    pub model_version: String,
    /// The customer's log-odds of churn.
    pub log_odds: f64,
    /// What contributions are measured against.
    #[serde(skip)]
    pub reference: Reference,
    /// Its log-odds: with all contributions they sum to the customer's.
    pub reference_log_odds: f64,
    /// The risk on some dates, oldest first.
    pub history: Vec<PastRisk>,
    /// What the last published runs said, oldest first, and what had changed since the one before.
    pub published: Vec<PublishedRisk>,
    /// What the playbook says to do, if the customer would be on the list and not in the control group.
    pub action: Option<Action>,
    /// Single changes that would take the customer below the list, if the customer would be on it.
    pub improvements: Vec<Improvement>,
    /// The same as a sentence.
    #[serde(skip)]
    pub improvement_text: Option<String>,
    /// Every concept's part in the risk, greatest contribution first.
    pub contributions: Vec<Reason>,
    /// The same on an earlier date, if the customer was eligible then.
    pub before: Option<EarlierReasons>,
    /// Every raw feature and its value now.
    #[serde(serialize_with = "as_map")]
    pub values: Vec<FeatureValue>,
    /// What a person should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// A customer's risk on a date.
#[derive(Clone, Debug, Serialize)]
pub struct PastRisk {
    /// The date.
    pub as_of: Day,
    /// The calibrated probability of churn.
    pub churn_probability: f64,
    /// The rank among the eligible customers of that date, from 1.
    pub rank: usize,
    /// How many there were.
    pub eligible: usize,
}

/// What made a customer's risk on an earlier date.
#[derive(Clone, Debug, Serialize)]
pub struct EarlierReasons {
    /// The date.
    pub as_of: Day,
    /// Every concept's part in the risk.
    pub contributions: Vec<Reason>,
}

/// A raw feature of a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureValue {
    /// The feature.
    pub name: String,
    /// Its value; none is null.
    pub value: Option<f32>,
}

fn as_map<S: Serializer>(values: &[FeatureValue], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter().map(|feature| (&feature.name, feature.value)))
}

/// Explains one customer's risk.
///
/// # Errors
/// [`Error::Config`] for an unknown customer; [`Error::TooLittle`] for one who is not eligible on the date; and those
/// of [`score::compute`](super::score::compute).
pub fn run(context: &Context<'_>, registry: &Registry, request: &Request) -> Result<CustomerReport> {
    context.run(|job| {
        job.not_after_today(request.as_of)?;
        let model = registry.load_chosen(request.model.as_deref())?;
        let rows = rows(job, &model, request)?;
        report(job, &model, &rows, request)
    })
}

/// The rows of the dates that are looked at.
struct Rows {
    as_of: Day,
    /// The earlier date that is compared with, if there is one.
    compared: Option<Day>,
    /// The dates of the history.
    history: Vec<Day>,
    /// The last published runs, up to that date.
    runs: Vec<Run>,
    data: Dataset,
    /// Of the customers; none of a prepared table.
    cancellations: Option<Cancellations>,
}

fn rows(job: &Job<'_>, model: &Artefact, request: &Request) -> Result<Rows> {
    let settings = job.settings();
    match (request.data.prepared(), request.as_of) {
        (Some(table), as_of) => {
            model.check_prepared(settings.table.as_ref())?;
            let input = input::from_table(job, model, table, as_of, Also::Newest(HISTORY_DAYS.len()))?;
            let compared = input.data.as_of.iter().copied().rfind(|&day| day < input.as_of);
            let (as_of, history) = (input.as_of, input.data.as_of.clone());
            let (runs, cancellations) = (last_runs(job, as_of), None);
            Ok(Rows { as_of, compared, history, runs, data: input.data, cancellations })
        }
        (None, Some(as_of)) => {
            model.check_compatible(&RowsPlan::from_settings(settings))?;
            let history: Vec<Day> = HISTORY_DAYS.iter().map(|&days| as_of.plus(-days)).collect();
            let runs = last_runs(job, as_of);
            let dates: Vec<Day> = history.iter().copied().chain(runs.iter().map(|run| run.as_of)).collect();
            let tables = input::open_tables_for(job, &dates)?;
            let data = input::build(job, &tables, &dates, None)?;
            let (compared, cancellations) = (Some(as_of.plus(-COMPARED_DAYS)), Some(tables.cancellations));
            Ok(Rows { as_of, compared, history, runs, data, cancellations })
        }
        (None, None) => Err(Error::Config("name the date with --as-of DATE".to_owned())),
    }
}

/// The last published runs up to a date, oldest first.
fn last_runs(job: &Job<'_>, as_of: Day) -> Vec<Run> {
    let mut runs = runs::before(&job.settings().paths.lists, as_of.plus(1));
    runs.split_off(runs.len().saturating_sub(RUNS))
}

fn report(job: &Job<'_>, model: &Artefact, rows: &Rows, request: &Request) -> Result<CustomerReport> {
    let Rows { as_of, compared, history: dates, runs, data, .. } = rows;
    let customers = &data.customers;
    let Some(entry) = customers.ids.find(&request.customer) else {
        return Err(Error::Config(format!(
            "there is no customer {} among the {} of the {} table; ids are {}s there",
            spelling::value(&request.customer),
            customers.len(),
            if request.data.prepared().is_some() { "prepared" } else { "customers" },
            customers.ids.kind().name(),
        )));
    };
    let customer = data.customer(entry as u32);

    let texts = job.texts();
    let response = savings::response(job)?;
    let scorer = model.row_scorer(customers);
    let mut found = None;
    let mut before = None;
    let mut history = Vec::new();
    let mut places: BTreeMap<Day, Place> = BTreeMap::new();
    for &day in &data.as_of {
        let scores = model.score(data, &Selection::scored(data, day))?;
        let Some(position) = scores.customers.iter().position(|&entry| data.customer(entry) == customer) else {
            continue;
        };
        let place = scores.places[position];
        places.insert(day, place);
        if !dates.contains(&day) {
            continue;
        }
        let ranking = scored::ranked(job, model, data, &scores, response.as_ref())?;
        let rank = ranking.order.iter().position(|&p| p as usize == position).map_or(0, |place| place + 1);
        let churn_probability = scores.probabilities[position];
        history.push(PastRisk { as_of: day, churn_probability, rank, eligible: scores.customers.len() });
        if day != *as_of && Some(day) != *compared {
            continue;
        }

        let explainer = scored::explainer(job, model, data, &scores, &ranking, day, texts)?;
        let row = Row::read(&scorer, data, place)?;
        let explanation = row.explained(&explainer);
        if day == *as_of {
            let what = Today { position, rank, row: &row, reasons: &explanation.reasons };
            let (action, improvements) = what_to_do(job, model, data, (&scores, &ranking), &explainer, &what)?;
            found = Some(Found {
                contributions: explanation.all,
                log_odds: scores.log_odds[position],
                reference_log_odds: explainer.reference_log_odds(),
                values: row.numbers().raw.to_vec(),
                action,
                improvements,
                explainer,
            });
        } else {
            before = Some(EarlierReasons { as_of: day, contributions: explanation.all });
        }
    }

    let Some(found) = found else { return Err(not_eligible(job, rows, customer, request)) };
    let mut notes = Vec::new();
    let published = previous::of_customer(runs, &request.customer, &mut notes);
    notes.into_iter().for_each(|note| job.warn(note));
    let published = with_texts(&scorer, data, &found.explainer, &places, published)?;

    let values = model.catalogue.numeric.iter().zip(found.values);
    Ok(CustomerReport {
        customer_id: request.customer.clone(),
        as_of: *as_of,
        model_version: model.version.clone(),
        log_odds: found.log_odds,
        reference: job.settings().list.reference,
        reference_log_odds: found.reference_log_odds,
        history,
        published,
        action: found.action,
        improvement_text: found.explainer.improvements_told(&found.improvements),
        improvements: found.improvements,
        contributions: found.contributions,
        before,
        values: values
            .map(|(feature, value)| FeatureValue {
                name: feature.name.clone(),
                value: Some(value).filter(|v| !v.is_nan()),
            })
            .collect(),
        notes: job.notes(),
    })
}

/// A customer's row of the date that is explained.
struct Today<'a> {
    position: usize,
    rank: usize,
    row: &'a Row<'a>,
    reasons: &'a [Reason],
}

/// What is known of the customer on that date.
struct Found {
    contributions: Vec<Reason>,
    log_odds: f64,
    reference_log_odds: f64,
    values: Vec<f32>,
    action: Option<Action>,
    improvements: Vec<Improvement>,
    explainer: Explainer,
}

/// What the list would say to do about the customer, and what would help; nothing about one who is not on it.
fn what_to_do(
    job: &Job<'_>,
    model: &Artefact,
    data: &Dataset,
    (scores, ranking): (&Scores, &Ranking),
    explainer: &Explainer,
    today: &Today<'_>,
) -> Result<(Option<Action>, Vec<Improvement>)> {
    if today.rank > ranking.listed {
        return Ok((None, Vec::new()));
    }
    let settings = job.settings();
    let customer = scores.customers[today.position];
    let as_of = data.as_of[data.as_of.len() - 1];
    let what_to_do = WhatToDo::new(settings, model, data, as_of, scores, ranking);
    let action = what_to_do.action(Ranking::group(&settings.list, &data.customers.ids, customer), today.reasons);
    Ok((action, what_to_do.improvements(explainer, customer, today.row.scored(), today.reasons)?))
}

/// What runs said of a customer, with what had changed: where the list did not say it, by the model at hand from the
/// rows of both dates.
fn with_texts(
    scorer: &RowScorer<'_>,
    data: &Dataset,
    explainer: &Explainer,
    places: &BTreeMap<Day, Place>,
    published: Vec<PublishedRisk>,
) -> Result<Vec<PublishedRisk>> {
    let mut changes: Vec<PublishedRisk> = Vec::with_capacity(published.len());
    for risk in published {
        let mut text = risk.change_reason_text.clone();
        if let (None, Some(before)) = (&text, changes.last()) {
            if let (Some(&then), Some(&now)) = (places.get(&before.as_of), places.get(&risk.as_of)) {
                let (then, now) = (Row::read(scorer, data, then)?, Row::read(scorer, data, now)?);
                let between = Between { then: before.as_of, now: risk.as_of };
                let moved = explainer.moved(between, then.numbers(), now.numbers());
                let standing = match (before.listed, risk.listed) {
                    (true, false) => Standing::Left,
                    (false, true) => Standing::New,
                    _ => Standing::Stayed,
                };
                text = Some(explainer.change_told(standing, between, &moved, None));
            }
        }
        changes.push(PublishedRisk { change_reason_text: text, ..risk });
    }
    Ok(changes)
}

/// Why the customer has no risk on the date.
fn not_eligible(job: &Job<'_>, rows: &Rows, customer: u32, request: &Request) -> Error {
    let (id, as_of) = (spelling::value(&request.customer), rows.as_of);
    let Some(cancellations) = &rows.cancellations else {
        return Error::TooLittle(format!("customer {id} has no row of {as_of} in the prepared table"));
    };

    let Settings { eligibility, churn, .. } = job.settings();
    let customers = &rows.data.customers;
    let rules = Rules { eligibility, churn, customers, cancellations, purpose: Purpose::Scoring };
    // Whom no other rule excludes has been inactive.
    let why = rules.dates(&[customer]).first().and_then(|dates| rules.judge(dates, as_of, || false).err());
    let signup = customers.signup.get(customer as usize).map_or_else(String::new, |&day| Day(day).to_string());
    let because = match why.unwrap_or(Exclusion::Inactive) {
        Exclusion::NotYetSignedUp => format!("the sign-up is on {signup}"),
        Exclusion::ChurnedBefore => "cancelled before".to_owned(),
        Exclusion::GaveNotice => "it was known before that the customer leaves (churn.known)".to_owned(),
        Exclusion::ContractNotRunning => "the contract has not begun, or has ended".to_owned(),
        Exclusion::TenureTooShort => format!(
            "signed up on {signup}, less than {} days before (eligibility.min_tenure_days)",
            eligibility.min_tenure_days
        ),
        Exclusion::Inactive => format!(
            "without a row of {} in the {} days before (eligibility.active_within_days)",
            eligibility.activity(),
            eligibility.active_within_days
        ),
        training_only => training_only.words().to_owned(),
    };
    Error::TooLittle(format!("customer {id} is not eligible on {as_of}: {because}"))
}
