//! `churn check`

use super::{score, summary, train, Session};
use crate::calendar::Day;
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Dataset, Tables};
use crate::error::{Error, Result};
use crate::publish::manifest::SourceSummary;

pub fn run(session: &Session, as_of: Option<Day>) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let tables = Tables::open(&settings, None)?;
    let as_of = match as_of {
        Some(day) => day,
        None => train::data_end(&settings, &tables, None)?,
    };
    let data = score::built(session, &settings, &tables, &[as_of], None)?;
    let warnings = score::gates(&settings, &tables, &data, as_of)?;
    // Training needs more than scoring: matured labels, and enough churners.
    let history = history(session, &settings, &tables, as_of)?;
    if session.json() {
        let sources: std::collections::BTreeMap<_, _> =
            settings.signals.keys().cloned().zip(data.reports.iter().map(SourceSummary::of)).collect();
        return session.print_json(&serde_json::json!({
            "as_of": as_of,
            "eligible": data.counts(0).0,
            "excluded": data.exclusions[0],
            "sources": sources,
            "quarantine": score::quarantine(&settings, &tables, &data),
            "training": {
                "snapshots": history.0,
                "rows": history.1.rows(),
                "churners": churners(&history.1),
            },
            "warnings": warnings,
        }));
    }
    session.print(&summary::checked(&settings, &tables, &data, as_of, &history, &warnings))
}

/// The training snapshots, and their rows with labels.
fn history(
    session: &Session,
    settings: &crate::config::Settings,
    tables: &Tables,
    as_of: Day,
) -> Result<(Snapshots, Dataset)> {
    let end = train::data_end(settings, tables, Some(as_of))?;
    let snapshots = Snapshots::choose(settings, end)?;
    let data = score::built(session, settings, tables, &snapshots.all(), Some(end))?;
    let found = churners(&data);
    if found < u64::from(settings.gates.min_churners) {
        return Err(Error::TooLittle(format!(
            "training needs {} churners (gates.min_churners), found {found} in {} rows of {} snapshots; add snapshots or \
             a longer horizon, or lower the gate",
            settings.gates.min_churners,
            data.rows(),
            data.as_of.len(),
        )));
    }
    Ok((snapshots, data))
}

fn churners(data: &Dataset) -> u64 {
    (0..data.as_of.len()).map(|date| data.counts(date).1).sum()
}
