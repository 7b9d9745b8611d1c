//! What becomes of training rows of customers whom outreach has reached.
//!
//! Acting on a list makes its model look worse, and a model that is trained on the outcomes unlearns what it knew: a
//! customer who was saved looks like one who never meant to leave. So rows of customers whom a list named for contact
//! are dropped, and rows of the control group stand for them, each for one over the chance of having been left alone.
//! Who was left alone, and for how many each stands, is the definition of the
//! [monitoring](crate::monitoring::left_alone).

use super::context::Job;
use super::monitor::PublishedOutreach;
use crate::artefact::{Outreach, OutreachEffect, Treatment};
use crate::calendar::Day;
use crate::config::Contacted;
use crate::dataset::{Dataset, Tables};
use crate::error::{Error, Result};
use crate::monitoring::effect::Study;
use crate::monitoring::left_alone::Weights;
use crate::monitoring::performance::LEAST_CHURNERS;
use crate::observer::{Note, Observer};
use crate::parallel;
use crate::registry::Registry;
use std::collections::BTreeSet;

/// Who was left alone around each as-of date, and what is to be made of it.
pub(super) struct Exposure {
    dates: Vec<(Day, Weights)>,
    /// What is told of it in the model.
    pub told: Outreach,
}

/// The labelled rows of a data set by what lists had to do with them.
#[derive(Default)]
struct ExposedRows {
    contacted: usize,
    control: usize,
    control_churners: usize,
    control_stand_for: f64,
    left_alone: usize,
    stand_for: f64,
    squares: f64,
}

impl Exposure {
    /// What lists have to do with the labelled rows of a data set, by what was known before `until`, and whether rows
    /// are to be reweighted for it. None where the settings keep all rows, and where no list has to do with any.
    ///
    /// # Errors
    /// [`Error::Config`] when the settings ask for weights and there is no list, or customers of some list were all
    /// contacted, so that nobody stands for them; those of reading what the effect is measured by.
    pub fn judge(
        job: &Job<'_>,
        registry: &Registry,
        tables: &Tables,
        data: &Dataset,
        until: Day,
    ) -> Result<Option<Exposure>> {
        let asked = job.settings().training.contacted;
        if asked == Contacted::Keep {
            return Ok(None);
        }
        job.step("reading the lists");
        let published = PublishedOutreach::read(job, registry, tables, until);
        if published.lists.is_empty() {
            return if asked == Contacted::Reweight { Err(no_lists(job)) } else { Ok(None) };
        }

        let weights_around = |&as_of: &Day| {
            let around = published.around(job, as_of).iter();
            (as_of, Weights::new(around.map(|list| (&list.run, list.listed.as_slice()))))
        };
        let dates: Vec<(Day, Weights)> = data.as_of.iter().map(weights_around).collect();
        let rows = ExposedRows::count(data, &dates);
        if rows.contacted == 0 && rows.control == 0 {
            if asked == Contacted::Reweight {
                job.note(&Note::detail(
                    "no list named a customer from one label span before a snapshot to the end of its label window, so \
                     every row counts once (training.contacted)",
                ));
            }
            return Ok(None);
        }

        let without_control = without_control(job, &published, data);
        let studies = published.studies(job, registry, tables)?;
        if asked == Contacted::Auto && studies.is_empty() {
            // Nothing is known of what outreach does: as if there were no lists.
            return Ok(None);
        }
        let study = studies.iter().rev().find(|study| study.is_shown()).or(studies.last());
        let broken = broken_draw(job, &published, data, &studies);
        let verdict = match asked {
            Contacted::Reweight => match impossible(&rows, &without_control) {
                Some(why) => return Err(no_control(&why)),
                None => as_asked(job, broken),
            },
            _ => by_rule(&rows, &without_control, study, broken),
        };
        Ok(Some(Exposure { dates, told: rows.told(verdict, study) }))
    }

    /// Gives the rows of a data set the weights, if they are to have any.
    pub fn apply(&self, data: &mut Dataset) {
        if !self.told.is_reweighted() {
            return;
        }
        let of_dates: Vec<Option<&Weights>> = data.as_of.iter().map(|&day| self.weights_of(day)).collect();
        let first_entries = &data.first_entries;
        parallel::for_each(&mut data.blocks, |block| {
            let weight = |(&entry, &date): (&u32, &u32)| {
                let customer = first_entries.get(entry as usize).copied().unwrap_or(entry);
                of_dates[date as usize].map_or(1.0, |weights| weights.of(customer))
            };
            block.weights = block.customers.iter().zip(&block.as_of).map(weight).collect();
        });
    }

    fn weights_of(&self, day: Day) -> Option<&Weights> {
        self.dates.iter().find(|(date, _)| *date == day).map(|(_, weights)| weights)
    }
}

impl ExposedRows {
    fn count(data: &Dataset, dates: &[(Day, Weights)]) -> ExposedRows {
        let mut rows = ExposedRows::default();
        for block in &data.blocks {
            for row in 0..block.rows() {
                let Some(label) = block.label(row) else { continue };
                let (_, weights) = &dates[block.as_of[row] as usize];
                rows.add(weights.of(data.customer(block.customers[row])), label == 1);
            }
        }
        rows
    }

    fn add(&mut self, weight: f64, churned: bool) {
        if weight == 0.0 {
            self.contacted += 1;
            return;
        }
        self.left_alone += 1;
        self.stand_for += weight;
        self.squares += weight * weight;
        if weight > 1.0 {
            self.control += 1;
            self.control_churners += usize::from(churned);
            self.control_stand_for += weight;
        }
    }

    fn told(&self, Verdict { treatment, why }: Verdict, study: Option<&Study>) -> Outreach {
        let effect = |study: &Study| {
            let difference = study.at_every_look?;
            Some(OutreachEffect { control_key: study.control_key.clone(), difference })
        };
        Outreach {
            treatment,
            why,
            contacted: self.contacted,
            control: self.control,
            control_churners: self.control_churners,
            control_stand_for: self.control_stand_for,
            left_alone: self.left_alone,
            stand_for: self.stand_for,
            effective_rows: self.stand_for * self.stand_for / self.squares.max(f64::MIN_POSITIVE),
            effect: study.and_then(effect),
        }
    }
}

/// What is to be done, and why.
struct Verdict {
    treatment: Treatment,
    why: String,
}

impl Verdict {
    fn keep(why: impl Into<String>) -> Verdict {
        Verdict { treatment: Treatment::Kept, why: why.into() }
    }

    fn reweight(why: impl Into<String>) -> Verdict {
        Verdict { treatment: Treatment::Reweighted, why: why.into() }
    }
}

/// As the settings ask, with a word of warning where the groups are not what was drawn.
fn as_asked(job: &Job<'_>, broken: Option<&Study>) -> Verdict {
    if let Some(study) = broken {
        job.warn(format!(
            "{} (training.contacted): find out what removes customers of one group, with `churn monitor`",
            not_as_drawn(study)
        ));
    }
    Verdict::reweight("as training.contacted asks")
}

/// The rule of `auto`: where the effect is shown, and the control group is as large as a verdict of the monitoring
/// asks.
fn by_rule(
    rows: &ExposedRows,
    without_control: &BTreeSet<Day>,
    study: Option<&Study>,
    broken: Option<&Study>,
) -> Verdict {
    if let Some(why) = impossible(rows, without_control) {
        return Verdict::keep(why);
    }
    if let Some(study) = broken {
        return Verdict::keep(not_as_drawn(study));
    }
    if !study.is_some_and(Study::is_shown) {
        return Verdict::keep("no effect of outreach has been shown");
    }
    if rows.control_churners < LEAST_CHURNERS {
        return Verdict::keep(format!(
            "only {} rows of the control group churned, and {LEAST_CHURNERS} are needed for them to stand for others",
            rows.control_churners
        ));
    }
    Verdict::reweight("outreach is known to have an effect")
}

/// The study of a draw that lists around a snapshot made, and whose groups are not as large as they were drawn.
fn broken_draw<'a>(
    job: &Job<'_>,
    published: &PublishedOutreach,
    data: &Dataset,
    studies: &'a [Study],
) -> Option<&'a Study> {
    let around = data.as_of.iter().flat_map(|&as_of| published.around(job, as_of));
    let keys: BTreeSet<&str> = around.map(|list| list.run.control_key.as_str()).collect();
    studies.iter().find(|study| keys.contains(study.control_key.as_str()) && study.allocation_is_broken())
}

fn not_as_drawn(study: &Study) -> String {
    let of_key = match study.control_key.as_str() {
        "" => String::new(),
        key => format!(" under the key `{key}`"),
    };
    format!(
        "the groups of the lists are not as large as they were drawn{of_key}, so the control group may not be like the \
         customers that it would stand for"
    )
}

/// Why nobody stands for some of those who were contacted, if so.
fn impossible(rows: &ExposedRows, without_control: &BTreeSet<Day>) -> Option<String> {
    if let (Some(first), Some(last)) = (without_control.first(), without_control.last()) {
        return Some(format!(
            "{} lists from {first} to {last} left nobody alone, or do not say how many, so nobody stands for their \
             customers",
            without_control.len()
        ));
    }
    (rows.control == 0).then(|| "everybody whom a list named was contacted, so nobody stands for them".to_owned())
}

/// The dates of lists without a control group that named customers around a snapshot.
fn without_control(job: &Job<'_>, published: &PublishedOutreach, data: &Dataset) -> BTreeSet<Day> {
    let around = data.as_of.iter().flat_map(|&as_of| published.around(job, as_of));
    let nobody_alone = around.filter(|list| list.run.control_weight().is_none() && !list.listed.is_empty());
    nobody_alone.map(|list| list.run.as_of()).collect()
}

fn no_lists(job: &Job<'_>) -> Error {
    Error::Config(format!(
        "training.contacted is \"reweight\", but there is no published run in {} before the end of the labels, so \
         nobody knows who was contacted. Set paths.lists to where the lists are, or training.contacted to \"auto\", \
         which keeps all rows until there are lists",
        job.settings().paths.lists.display()
    ))
}

fn no_control(why: &str) -> Error {
    Error::Config(format!(
        "training.contacted is \"reweight\", but {why}. Train on snapshots that these lists do not reach \
         (training.as_of), leave a control group alone from now on (list.control_fraction), or set training.contacted \
         to \"keep\""
    ))
}
