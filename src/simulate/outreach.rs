//! Outreach: some of the customers whom published lists name for contact, and who would leave soon, stay.

use crate::error::{Error, Result};
use crate::publish::frame;
use crate::publish::runs::{self, Run};
use crate::ranking::Group;
use crate::simulate::chance::{stream, OUTREACH};
use crate::simulate::customer::{outreach_works_from, Customer};
use crate::simulate::decline::Cause;
use crate::simulate::plan::Plan;
use crate::spelling;
use polars::prelude::*;
use rand::RngExt;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How a population answers the lists of a folder.
#[derive(Clone, Debug)]
pub struct Outreach {
    /// The folder of the published lists.
    pub lists: PathBuf,
    /// The share of the contacted who would leave within [`Outreach::within_days`], and stay.
    pub save_rate: f64,
    /// The same share of those who would leave for a cause, where it is another one.
    pub by_cause: BTreeMap<String, f64>,
    /// Days after the date of a list within which a customer would leave.
    pub within_days: u32,
}

impl Outreach {
    /// Notes in a plan who is saved. A customer is saved, or not, by one draw: to be listed again is no second chance.
    ///
    /// # Errors
    /// [`Error::Config`] for an impossible share, or without a list; [`Error::Contract`] for a list that cannot be
    /// read, or that is of other customers.
    pub fn save(&self, plan: &mut Plan) -> Result<()> {
        plan.check()?;
        self.check()?;

        let runs = runs::published(&self.lists);
        if runs.is_empty() {
            return Err(Error::Config(format!(
                "there is no published list in {}; name the folder of the lists (paths.lists), or publish one with \
                 `churn score --as-of DATE`",
                self.lists.display()
            )));
        }

        let customers = Customer::population(plan);
        for run in &runs {
            for index in contacted(run, customers.len())? {
                let Some(on) = customers[index as usize].churned_on() else { continue };
                let is_soon = on >= outreach_works_from(run.as_of) && on < run.as_of.later_by(self.within_days);
                let rate = self.rate(&customers[index as usize]);
                if is_soon && stream(plan.seed, index, OUTREACH).random::<f64>() < rate {
                    let first = plan.continued.saved.entry(index).or_insert(run.as_of);
                    *first = run.as_of.min(*first);
                }
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if let Some(rate) = [&self.save_rate].into_iter().chain(self.by_cause.values()).find(|rate| !is_share(**rate)) {
            return Err(Error::Config(format!(
                "cannot save a share of {rate} of the contacted; ask for one from 0 to 1"
            )));
        }
        match self.by_cause.keys().find(|name| Cause::named(name).is_none()) {
            None => Ok(()),
            Some(unknown) => Err(Error::Config(format!(
                "there is no cause of churn {}; there are: {}",
                spelling::named(unknown),
                Cause::names().join(", ")
            ))),
        }
    }

    fn rate(&self, customer: &Customer) -> f64 {
        let of_cause = customer.cause().and_then(|cause| self.by_cause.get(cause.name()));
        of_cause.copied().unwrap_or(self.save_rate)
    }
}

fn is_share(rate: f64) -> bool {
    (0.0..=1.0).contains(&rate)
}

/// The customers whom a list names for contact, by their indices in the population.
fn contacted(run: &Run, customers: usize) -> Result<Vec<u32>> {
    let path = run.scores();
    let broken = |why: String| {
        Error::Contract(format!(
            "the list of {}: {}: {why}. Name the lists of this very population, or score that date again",
            run.as_of,
            path.display()
        ))
    };
    let ids = contacted_ids(run).map_err(|error| broken(error.to_string()))?;
    let index = |id: &String| {
        let number: u32 = id.strip_prefix('C').unwrap_or(id).parse().ok()?;
        number.checked_sub(1).filter(|&index| (index as usize) < customers)
    };
    ids.iter().map(|id| index(id).ok_or_else(|| broken(format!("there is no customer {id}")))).collect()
}

fn contacted_ids(run: &Run) -> PolarsResult<Vec<String>> {
    let scores = frame::read(&run.scores(), &["customer_id", "group"])?;
    let is_contact: BooleanChunked = scores.column("group")?.str()?.equal(Group::Contact.name());
    let contacted = scores.filter(&is_contact)?;
    let ids = contacted.column("customer_id")?.cast(&DataType::String)?;
    Ok(ids.str()?.iter().flatten().map(str::to_owned).collect())
}
