//! What contact is expected to change for each customer, by the response that monitoring has learned from earlier
//! lists; and what the risks of a list are made of, from which it learns.

use super::changes::Row;
use super::context::Job;
use crate::artefact::{Artefact, Scores};
use crate::config::RankBy;
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::monitoring::response::{published_log_odds, Chances, Response, ResponseModel};
use crate::parallel;
use crate::publish::contributions::Contributions;
use crate::ranking::Savings;
use crate::reasons::{Attribution, Concepts};

/// The response model that a list is to be ranked by; none if it is ranked by something else.
///
/// # Errors
/// [`Error::Config`] if no response has been shown; [`Error::Model`] for a file that cannot be used.
pub(super) fn response(job: &Job<'_>) -> Result<Option<ResponseModel>> {
    let settings = job.settings();
    if settings.list.rank_by != RankBy::ExpectedSaving {
        return Ok(None);
    }
    Ok(Some(Response::read_shown(&settings.paths.monitor)?))
}

/// What contact changes for the scored customers of a date.
///
/// # Errors
/// [`Error::Model`] if the response depends on a concept that the model does not know; when features that lie on disk
/// cannot be read.
pub(super) fn savings(
    job: &Job<'_>,
    model: &Artefact,
    data: &Dataset,
    scores: &Scores,
    response: &ResponseModel,
) -> Result<Savings> {
    let concepts = concepts(job, model, scores)?;
    let place = |code: &str| {
        concepts.codes().iter().position(|known| known == code).ok_or_else(|| {
            Error::Model(format!(
                "list.rank_by is \"expected_saving\", and the response depends on {code}, of which model {} knows \
                 nothing (or which reasons.untold hides): it was learned from lists of models with other features. Run \
                 `churn monitor` once lists of this model have matured, and rank by probability until then",
                model.version
            ))
        })
    };
    let places: Vec<usize> = response.concepts().map(place).collect::<Result<_>>()?;

    let rows = model.row_scorer(&data.customers);
    let chances = |position: usize| {
        let row = Row::read(&rows, data, scores.places[position])?;
        let contributions = row.contributions(&concepts);
        let of_terms = places.iter().map(|&place| contributions[place]);
        Ok(response.chances(published_log_odds(scores.probabilities[position]), of_terms))
    };
    let chances = parallel::map_rows(scores.customers.len(), chances);
    let chances: Vec<Chances> = chances.into_iter().collect::<Result<_>>()?;

    let economics = &job.settings().economics;
    let saving = |(chances, &customer): (&Chances, &u32)| {
        let stays = 1.0 - chances.contacted;
        let value = economics.value_of(data.customers.value_of(customer));
        chances.effect() * value - economics.contact_cost - stays * economics.offer_cost
    };
    let has_values = !data.customers.value.is_empty();
    Ok(Savings {
        effects: chances.iter().map(Chances::effect).collect(),
        savings: if has_values { chances.iter().zip(&scores.customers).map(saving).collect() } else { Vec::new() },
    })
}

/// The contributions of some scored customers, given by their positions.
///
/// # Errors
/// When features that lie on disk cannot be read.
pub(super) fn contributions(
    job: &Job<'_>,
    model: &Artefact,
    data: &Dataset,
    scores: &Scores,
    positions: &[u32],
) -> Result<Contributions> {
    let concepts = concepts(job, model, scores)?;
    let rows = model.row_scorer(&data.customers);
    let of = |&position: &u32| {
        let row = Row::read(&rows, data, scores.places[position as usize])?;
        Ok(row.contributions(&concepts))
    };
    let of_listed = parallel::try_map(positions, of)?;
    Ok(Contributions { codes: concepts.codes().to_vec(), of_listed })
}

/// The concepts of a model, against the mean of all scored customers whatever reasons are measured from.
fn concepts(job: &Job<'_>, model: &Artefact, scores: &Scores) -> Result<Concepts> {
    let settings = job.settings();
    let attribution = Attribution::new(model.slopes(), model.fit.intercept, scores.mean.clone())?;
    let untold = &settings.reasons.untold;
    Ok(Concepts::new(&settings.signals, &model.catalogue, &model.terms(), untold, attribution))
}
