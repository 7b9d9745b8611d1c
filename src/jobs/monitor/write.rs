//! Writing what has been found.

use super::drift::Drifts;
use super::found::{Monitored, ResponseInWords, StudyInWords};
use super::judge::{Judged, World};
use super::tables;
use crate::digest;
use crate::error::{Error, Result};
use crate::files;
use crate::monitoring::drift::newest::{is_drift, NewestDrift};
use crate::monitoring::effect::Study;
use crate::monitoring::figures::{self, Figure, ALL};
use crate::monitoring::performance::{self, means, Advice};
use crate::monitoring::response::{stored, words as response_words, Response};
use crate::monitoring::state::{self, Manifest};
use crate::monitoring::{effect_table, leavers, page, words};
use crate::publish::manifest::OutputFile;

/// The share of scored customers who are not in the customers table any more from which on that is told.
const MANY_UNKNOWN: f64 = 0.005;

/// What is known of outreach.
pub(super) struct Outreach {
    /// The effect under each key.
    pub studies: Vec<Study>,
    /// Whether customers respond differently.
    pub response: Response,
}

/// Writes everything but the outcomes, the manifest last.
pub(super) fn write(world: &World<'_>, judged: Judged, outreach: Outreach, drifts: Drifts) -> Result<Monitored> {
    let Judged { mut figures, state, judged_now, leavers, no_forecasts } = judged;
    let Outreach { studies, response } = outreach;
    let broken = || Error::TooLittle("no run that has matured can be judged; the notes above say why".to_owned());
    let newest = state.runs.last().map(|run| run.as_of).ok_or_else(broken)?;
    let advice = Advice::new(&figures, newest).ok_or_else(broken)?;
    let difference = performance::difference_in_words(&figures, newest);
    tell_of_champion(world, &advice);
    tell_of_unknown(world, &figures);

    figures.extend(means(figures.iter().filter(|figure| !no_forecasts.contains(&figure.as_of))));
    figures.extend(studies.iter().flat_map(effect_table::figures));
    figures.extend(response.figures());
    let Drifts { figures: of_drift, newest: drift } = drifts;
    figures.extend(of_drift);
    let last_reasons = leavers::last_reasons(&leavers, world.codes);
    let left_unlisted = leavers::never_listed(&leavers);

    let (folder, unfinished) = (world.monitor(), world.job.unfinished());
    let mut files = Vec::new();
    let part = |range| Ok(figures::table(range, &figures));
    files.push(tables::replace(&folder.join(figures::FILE), unfinished, figures.len(), part)?);
    let rows = effect_table::rows(&studies);
    let part = |range| Ok(effect_table::table(range, &rows));
    files.push(tables::replace(&folder.join("effect.parquet"), unfinished, rows.len(), part)?);
    let part = |range| Ok(leavers::table(range, &leavers, world.history, world.codes));
    files.push(tables::replace(&folder.join("leavers.parquet"), unfinished, leavers.len(), part)?);

    let page = page::html(&page::Told {
        program: program(),
        known_until: world.history.until,
        advice: &advice,
        difference: difference.as_deref(),
        figures: &figures,
        drift: drift.as_ref(),
        studies: &studies,
        response: &response,
        left: leavers.len() as u64,
        left_unlisted,
        last_reasons: &last_reasons,
        warnings: world.job.warnings(),
    })?;
    files::write_atomically(&folder.join(page::FILE), page.as_bytes())?;
    let (bytes, sha256) = (page.len() as u64, digest::sha256(&page));
    files.push(OutputFile { name: page::FILE.to_owned(), rows: state.runs.len() as u64, bytes, sha256 });

    let text = response.to_json(program())?;
    files::write_atomically(&folder.join(stored::FILE), text.as_bytes())?;
    let (bytes, sha256) = (text.len() as u64, digest::sha256(&text));
    files.push(OutputFile { name: stored::FILE.to_owned(), rows: response.listings(), bytes, sha256 });

    let manifest = Manifest {
        program: program(),
        monitored_at: world.job.now(),
        state: &state,
        warnings: world.job.warnings(),
        files,
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(|e| Error::Internal(e.to_string()))?;
    files::write_atomically(&folder.join(state::FILE), (text + "\n").as_bytes())?;

    let in_words = |study: Study| StudyInWords { verdict: study.verdict(), sentences: words::of_study(&study), study };
    let of_newest = |figure: &Figure| figure.as_of == newest && figure.model_version.is_some() && !is_drift(figure);
    figures.retain(|figure| of_newest(figure) || figure.model_version.is_none());
    Ok(Monitored {
        folder: folder.to_owned(),
        known_until: world.history.until,
        runs: state.runs.len(),
        judged_now,
        advice_text: advice.sentence(),
        advice,
        difference,
        figures,
        drift_advice: drift.as_ref().map(NewestDrift::advice),
        drift,
        effect: studies.into_iter().map(in_words).collect(),
        response: ResponseInWords { sentences: response_words::of_response(&response), response },
        left_unlisted,
        last_reasons,
        notes: world.job.notes(),
    })
}

fn program() -> String {
    format!("churn-risk {}", env!("CARGO_PKG_VERSION"))
}

/// Tells where many of the scored customers are not in the customers table any more. If their ids have changed, nobody
/// can know that: each of them counts as another customer under each id.
fn tell_of_unknown(world: &World<'_>, figures: &[Figure]) {
    let of = |measure: &'static str| figures.iter().filter(move |it| it.measure == measure && it.slice == ALL);
    let (unknown, scored) =
        (of(performance::UNKNOWN).map(|it| it.value).sum::<f64>(), of("customers").map(|it| it.value).sum::<f64>());
    let mut dates = of(performance::UNKNOWN).filter(|it| it.value > 0.0).map(|it| it.as_of);
    if let Some(first) = dates.next().filter(|_| unknown > MANY_UNKNOWN * scored) {
        let last = dates.next_back().unwrap_or(first);
        world.job.warn(format!(
            "{:.1} % of the scored customers of matured runs (those from {first} to {last}) are not in the customers \
             table any more, so nothing is known of them. If their ids have changed, give the table the old ones: a \
             customer who is listed under two ids counts twice",
            100.0 * unknown / scored
        ));
    }
}

/// Tells that the present champion is not the model that could be judged.
fn tell_of_champion(world: &World<'_>, advice: &Advice) {
    let champion = world.registry.champion_version().ok().flatten();
    if let Some(champion) = champion.filter(|champion| *champion != advice.model_version) {
        world.job.warn(format!(
            "the newest run that can be judged was made by model {}; nothing is known yet of the champion {champion}",
            advice.model_version
        ));
    }
}
