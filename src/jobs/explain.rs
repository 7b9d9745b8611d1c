//! One customer: what raises and lowers the risk, the history of it, and what it was before.

use super::context::{Context, Job};
use super::input::{self, Data};
use super::score;
use crate::artefact::Artefact;
use crate::calendar::Day;
use crate::config::Reference;
use crate::dataset::{Dataset, RowsPlan, Selection};
use crate::error::{Error, Result};
use crate::observer::Note;
use crate::reasons::Reason;
use crate::registry::Registry;
use crate::spelling;
use serde::{Serialize, Serializer};

/// How many days before the as-of date the history looks at.
const HISTORY_DAYS: [i32; 5] = [84, 56, 28, 7, 0];
/// The earlier date that today is compared with.
const COMPARED_DAYS: i32 = 28;

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
/// of [`score::compute`].
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
    data: Dataset,
}

fn rows(job: &Job<'_>, model: &Artefact, request: &Request) -> Result<Rows> {
    let settings = job.settings();
    match (request.data.prepared(), request.as_of) {
        (Some(table), as_of) => {
            model.check_prepared(settings.table.as_ref())?;
            let input = input::from_table(job, model, table, as_of, HISTORY_DAYS.len())?;
            let compared = input.data.as_of.iter().copied().rfind(|&day| day < input.as_of);
            Ok(Rows { as_of: input.as_of, compared, data: input.data })
        }
        (None, Some(as_of)) => {
            model.check_compatible(&RowsPlan::from_settings(settings))?;
            let dates: Vec<Day> = HISTORY_DAYS.iter().map(|&days| as_of.plus(-days)).collect();
            let tables = input::open_tables_for(job, &dates)?;
            let data = input::build(job, &tables, &dates, None)?;
            Ok(Rows { as_of, compared: Some(as_of.plus(-COMPARED_DAYS)), data })
        }
        (None, None) => Err(Error::Config("name the date with --as-of DATE".to_owned())),
    }
}

fn report(job: &Job<'_>, model: &Artefact, rows: &Rows, request: &Request) -> Result<CustomerReport> {
    let Rows { as_of, compared, data } = rows;
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

    let mut found = None;
    let mut before = None;
    let mut history = Vec::new();
    for &day in &data.as_of {
        let scores = model.score(data, &Selection::scored(data, day))?;
        let Some(position) = scores.customers.iter().position(|&entry| data.customer(entry) == customer) else {
            continue;
        };
        let ranking = score::ranked(job, data, &scores);
        let rank = ranking.order.iter().position(|&p| p as usize == position).map_or(0, |place| place + 1);
        let churn_probability = scores.probabilities[position];
        history.push(PastRisk { as_of: day, churn_probability, rank, eligible: scores.customers.len() });
        if day != *as_of && Some(day) != *compared {
            continue;
        }

        let explainer = score::explainer(job, model, data, &scores, &ranking)?;
        let place = scores.places[position];
        let contributions = score::explain(&explainer, model, data, place)?.all;
        if day == *as_of {
            let (block, row) = data.at(place);
            let values = block.row(row)?;
            found = Some((contributions, scores.log_odds[position], explainer.reference_log_odds(), values));
        } else {
            before = Some(EarlierReasons { as_of: day, contributions });
        }
    }

    let Some((contributions, log_odds, reference_log_odds, values)) = found else {
        return Err(not_eligible(job, *as_of, request));
    };
    let values = model.catalogue.numeric.iter().zip(values);
    Ok(CustomerReport {
        customer_id: request.customer.clone(),
        as_of: *as_of,
        model_version: model.version.clone(),
        log_odds,
        reference: job.settings().list.reference,
        reference_log_odds,
        history,
        contributions,
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

fn not_eligible(job: &Job<'_>, as_of: Day, request: &Request) -> Error {
    let id = spelling::value(&request.customer);
    if request.data.prepared().is_some() {
        return Error::TooLittle(format!("customer {id} has no row of {as_of} in the prepared table"));
    }
    let rules = &job.settings().eligibility;
    Error::TooLittle(format!(
        "customer {id} is not eligible on {as_of}: not signed up for {} days, cancelled before, without a \
         running contract, or without a row of any signal in {} days ([eligibility])",
        rules.min_tenure_days, rules.active_within_days,
    ))
}
