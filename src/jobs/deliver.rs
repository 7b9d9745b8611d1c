//! Deliveries of a published list, made from its files alone.

use super::context::{Context, Job};
use super::report::chosen;
use crate::calendar::Day;
use crate::config::DeliveryKind;
use crate::delivery::{self, Courier, Delivered, Outcome, PublishedList, Undelivered, Why};
use crate::error::{Error, Result};
use crate::language::Message;
use crate::observer::Note;
use crate::publish::runs::Run;
use crate::spelling;
use serde::Serialize;

/// What to deliver.
#[derive(Clone, Debug)]
pub struct Request {
    /// The date of the list; the newest unless it is named.
    pub as_of: Option<Day>,
    /// The one delivery; all of them unless it is named.
    pub to: Option<String>,
    /// Whether to post what was posted before.
    pub again: bool,
}

/// What has become of the deliveries of a list.
#[derive(Debug, Serialize)]
pub struct Deliveries {
    /// The date of the list.
    pub as_of: Day,
    /// Each of them, in the order of their names.
    pub deliveries: Vec<Delivered>,
    /// What a person should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// Delivers a published list. Each delivery is tried, whatever becomes of the others.
///
/// # Errors
/// [`Error::Config`] for a date without a run, for a delivery that there is not, and where there is none at all;
/// [`Error::Contract`] for published files that are missing or damaged. What has become of each delivery is in the
/// result.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Deliveries> {
    context.run(|job| {
        let settings = job.settings();
        let known: Vec<&str> = settings.deliveries.keys().map(String::as_str).collect();
        let wanted = match &request.to {
            _ if known.is_empty() => {
                return Err(Error::Config(
                    "no delivery is configured; add a section [deliveries.NAME] to the configuration".to_owned(),
                ));
            }
            None => known,
            Some(name) if known.contains(&name.as_str()) => vec![name.as_str()],
            Some(name) => {
                let there_are = || format!("there are: {}", known.join(", "));
                let advice = spelling::did_you_mean(name, &known).unwrap_or_else(there_are);
                return Err(Error::Config(format!("there is no delivery {}; {advice}", spelling::named(name))));
            }
        };

        let run = chosen(&settings.paths.lists, request.as_of)?;
        let list = PublishedList::read(&run)?;
        let deliveries: Vec<Delivered> =
            wanted.into_iter().map(|name| deliver(job, name, &list, request.again)).collect();
        let made = deliveries.iter().filter(|delivered| delivered.failure().is_none());
        made.filter_map(Delivered::advice).for_each(|advice| job.warn(advice));
        Ok(Deliveries { as_of: run.as_of, deliveries, notes: job.notes() })
    })
}

/// Delivers a list that has just been published. What goes wrong is noted, and unmakes no list.
pub(super) fn after_publication(job: &Job<'_>, run: &Run) -> Vec<Delivered> {
    let deliveries = &job.settings().deliveries;
    if deliveries.is_empty() {
        return Vec::new();
    }

    let delivered: Vec<Delivered> = match PublishedList::read(run) {
        Ok(list) => deliveries.keys().map(|name| deliver(job, name, &list, false)).collect(),
        Err(error) => {
            let text = error.to_string();
            let failed = |name: &String| {
                let outcome = Outcome::Failed { error: Error::Contract(text.clone()) };
                noted(job, name, run.as_of, outcome)
            };
            deliveries.keys().map(failed).collect()
        }
    };
    delivered.iter().filter_map(Delivered::advice).for_each(|advice| job.warn(advice));
    let others = undelivered(job).into_iter().filter(|noted| noted.as_of != run.as_of);
    others.for_each(|noted| job.warn(noted.advice()));
    delivered
}

/// What is still to be delivered of lists published before.
fn undelivered(job: &Job<'_>) -> Vec<Undelivered> {
    let settings = job.settings();
    Undelivered::read(&settings.paths.lists, settings.deliveries.keys())
}

fn deliver(job: &Job<'_>, name: &str, list: &PublishedList, again: bool) -> Delivered {
    let settings = job.settings();
    let delivery = &settings.deliveries[name];
    let made = match delivery.kind {
        DeliveryKind::Csv => delivery::deliver_files(name, delivery, list, job.unfinished()),
        DeliveryKind::Webhook => {
            let lists = &settings.paths.lists;
            let courier = Courier { addresses: job.addresses(), lists, now: job.timestamp(), again };
            delivery::deliver_message(name, delivery, list, courier)
        }
    };
    noted(job, name, list.as_of, made.unwrap_or_else(|error| Outcome::Failed { error }))
}

/// A delivery with its outcome, which is noted for the runs to come: what has failed is to be repeated, until it or a
/// later one has been made.
fn noted(job: &Job<'_>, name: &str, as_of: Day, outcome: Outcome) -> Delivered {
    let settings = job.settings();
    let (lists, delivery) = (&settings.paths.lists, &settings.deliveries[name]);
    match &outcome {
        Outcome::Written { .. } | Outcome::Posted | Outcome::PostedBefore => {
            delivery::clear_undelivered(lists, name, as_of);
        }
        Outcome::Failed { error } => {
            let undelivered = Undelivered { name: name.to_owned(), as_of, why: Why(error.to_string().into()) };
            if let Err(error) = undelivered.write(lists, delivery.profile, None) {
                let message = Message::new("delivery-not-noted").text("name", name).day("date", as_of);
                job.warn(message.text("why", error.to_string()));
            }
        }
        Outcome::Older { .. } | Outcome::NoAddress { .. } | Outcome::Undelivered { .. } => {}
    }
    Delivered { name: name.to_owned(), kind: delivery.kind, as_of, outcome }
}

/// Notes what is still to be delivered, and what would keep deliveries from being made: of messages, that no address is
/// known.
pub(super) fn advise(job: &Job<'_>) {
    undelivered(job).into_iter().for_each(|noted| job.warn(noted.advice()));
    for (name, delivery) in &job.settings().deliveries {
        let Some(variable) = &delivery.url_env else { continue };
        match job.addresses().of(variable) {
            None => job.warn(format!("delivery {name} would not be posted: the variable {variable} is not set here")),
            Some(address) => {
                let problem = address.problem();
                problem.iter().for_each(|problem| job.warn(format!("delivery {name} would not be posted: {problem}")));
            }
        }
    }
}

impl Deliveries {
    /// What somebody who has asked for these deliveries and nothing else has to hear of as an error: all that failed,
    /// with the exit code of the first.
    pub fn failure(&self) -> Option<Error> {
        combined(self.deliveries.iter().filter_map(Delivered::failure))
    }
}

fn combined(errors: impl Iterator<Item = Error>) -> Option<Error> {
    let all: Vec<Error> = errors.collect();
    let text = all.iter().map(Error::to_string).collect::<Vec<_>>().join("\n");
    all.first().map(|first| first.reworded(text))
}
