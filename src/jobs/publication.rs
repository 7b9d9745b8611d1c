//! A list in the folder of its run: its tables, report and workbook, the newest risks, the manifest, and its
//! deliveries.

use super::context::Job;
use super::deliver;
use super::drift;
use super::scored::Scored;
use crate::clock::Clock;
use crate::config::{Format, Settings};
use crate::delivery::Delivered;
use crate::digest;
use crate::error::{Error, Result};
use crate::language::{Message, Texts};
use crate::monitoring::drift::{Drift, FILE as DRIFT_FILE};
use crate::monitoring::figures;
use crate::observer::Note;
use crate::publish::columns::Csv;
use crate::publish::contributions;
use crate::publish::details::{Activity, DETAILED};
use crate::publish::latest::{self, Latest};
use crate::publish::list::{Details, Results};
use crate::publish::manifest::Manifest;
use crate::publish::runs::Run;
use crate::publish::split::Split;
use crate::publish::{self, drivers, report, workbook, Placed, Staged};
use crate::ranking::Group;
use crate::reasons::Explanation;
use crate::sources::CopiedColumn;
use crate::spelling;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A published run.
#[derive(Serialize)]
pub struct Published {
    /// The run's folder.
    pub folder: PathBuf,
    /// What was read, decided and written.
    pub manifest: Manifest,
    /// What has become of its deliveries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivered>,
    /// What was published.
    #[serde(skip)]
    pub scored: Scored,
    /// The column of the money a month at stake, if there is one.
    #[serde(skip)]
    pub value_column: Option<String>,
}

/// A customer on a published list.
#[derive(Clone, Debug)]
pub struct ListedCustomer<'a> {
    /// From 1 for the customer most at risk.
    pub rank: usize,
    /// The id, as people write it.
    pub customer_id: String,
    /// The calibrated probability of churn.
    pub churn_probability: f64,
    /// The money a month at stake, if it is known.
    pub value_at_risk: Option<f64>,
    /// Contact, or control.
    pub group: Group,
    /// The status against the lists before: `new`, `up`, `down`, `same` or `returned`.
    pub status: &'static str,
    /// Why.
    pub explanation: &'a Explanation,
    /// All that the list tells beyond the score: why, what has changed, what to do, what would help.
    pub details: &'a Details,
}

impl Published {
    /// The language of the list.
    pub fn texts(&self) -> &Texts {
        &self.scored.texts
    }

    /// The list, in rank order.
    pub fn list(&self) -> impl Iterator<Item = ListedCustomer<'_>> {
        let results = self.scored.results();
        let positions = self.scored.ranking.order.iter().zip(&self.scored.details);
        positions.enumerate().map(move |(place, (&position, details))| {
            let customer = results.customer(position);
            ListedCustomer {
                rank: place + 1,
                customer_id: results.customers.ids.display(customer as usize),
                churn_probability: results.scores.probabilities[position as usize],
                value_at_risk: results.customers.value_of(customer),
                group: results.group(position),
                status: details.status.name(),
                explanation: &details.explanation,
                details,
            }
        })
    }
}

/// Publishes a list into the folder that was begun for it, and delivers it.
///
/// # Errors
/// [`Error::Drift`] for broken data, if the settings ask for that; what reading earlier lists and writing can end
/// with; then nothing was published.
pub(super) fn publish_into(job: &Job<'_>, mut staged: Staged, scored: Scored) -> Result<Published> {
    drift::check(job, scored.drift.as_ref())?;
    let settings = job.settings();
    let told_before = job.warnings().len();
    let mut clock = Clock::start(job);
    let results = scored.results();
    let customers_of = |places: &[u32]| -> Vec<u32> { places.iter().map(|&place| results.customer(place)).collect() };

    let listed = customers_of(results.listed());
    let passthrough = scored.input.passthrough(job, &listed)?;
    let in_scores = scored.input.passthrough_of_scores(&customers_of(&scored.ranking.order))?;
    let formats = &settings.publish.formats;
    let has_report = formats.contains(&Format::Html);
    let has_workbook = formats.contains(&Format::Xlsx);
    let list = |places| Ok(results.list_table(places, &scored.details, &passthrough));
    if formats.contains(&Format::Csv) {
        let csv = Csv::Spreadsheet { byte_order_mark: settings.publish.csv_bom };
        staged.csv("at_risk.csv", listed.len(), csv, list)?;
    }
    if formats.contains(&Format::CsvPlain) {
        staged.csv("at_risk_plain.csv", listed.len(), Csv::Machine, list)?;
    }
    // The report, the workbook, deliveries and the lists by value are made from it.
    let is_read_back =
        has_report || has_workbook || !settings.deliveries.is_empty() || settings.list.split_by.is_some();
    if is_read_back || formats.contains(&Format::Parquet) {
        staged.parquet("at_risk.parquet", listed.len(), list)?;
    }
    stage_split(&mut staged, &scored, &results, &passthrough, settings)?;
    let everybody = scored.ranking.order.len();
    let scores = |places| Ok(results.scores_table(places, &in_scores));
    if scored.input.engine.is_some() {
        staged.parquet_parts("scores.parquet", everybody, scores)?;
    } else {
        staged.parquet("scores.parquet", everybody, scores)?;
    }
    if let Some(kpis) = &scored.kpis {
        staged.parquet("kpis.parquet", kpis.rows.len(), |places| Ok(publish::kpis::table(places, kpis)))?;
    }
    let made_of = &scored.contributions;
    staged.parquet(contributions::FILE, made_of.rows(), |rows| Ok(made_of.table(rows, &results)))?;
    if let Some(Drift { figures, .. }) = &scored.drift {
        staged.parquet(DRIFT_FILE, figures.len(), |rows| Ok(figures::table(rows, figures)))?;
    }
    if has_report {
        stage_details(job, &mut staged, &scored, &results)?;
    }
    clock.lap("tables");

    let rows = Latest::new(&results, &scored.details, &scored.leavers);
    if rows.left_out > 0 {
        job.warn(Message::new("latest-lacks").count("customers", rows.left_out));
    }

    let mut manifest = Manifest {
        program: format!("churn-risk {}", env!("CARGO_PKG_VERSION")),
        as_of: results.as_of,
        model_version: scored.model.version.clone(),
        model_checksum: scored.model.checksum.clone(),
        language: settings.list.language,
        settings_sha256: digest::sha256(&settings.canonical_json()?),
        published_at: job.now(),
        seconds: scored.started.elapsed().as_secs_f64(),
        eligible: everybody as u64,
        excluded: scored.input.data.exclusions.last().copied().unwrap_or_default(),
        listed: listed.len() as u64,
        control: results.listed().iter().filter(|&&place| results.group(place) == Group::Control).count() as u64,
        control_key: settings.list.control_key.clone(),
        control_power: scored.control_power.clone(),
        compared_with: scored.compared_with,
        left: scored.leavers.len() as u64,
        mean_probability: scored.scores.mean_probability(),
        silence: scored.silence.clone(),
        reference_log_odds: scored.reference_log_odds,
        drift: scored.drift.as_ref().map(|drift| drift.summary(&scored.texts)),
        engine: scored.input.engine.clone(),
        sources: scored.input.sources.clone(),
        quarantine: scored.input.quarantine.clone(),
        coverage: scored.input.coverage.clone(),
        warnings: warnings(job, &scored, told_before),
        files: staged.files().to_vec(),
    };
    let (latest, for_people) = rayon::join(
        || latest::Staged::write(&settings.paths.lists, results.as_of, &rows, job.unfinished()),
        || ForPeople::make(staged.folder(), &manifest, &settings.paths.lists, formats, &scored.texts),
    );
    let latest = latest?;
    for_people?.stage(&mut staged)?;
    manifest.files = staged.files().to_vec();
    clock.lap("newest risks, workbook and report");
    let placed = staged.publish(&manifest, latest)?;
    if let Some(error) = &placed.stale {
        job.warn(Message::new("latest-stale").text("why", error.to_string()));
    }
    clock.lap("published");

    let deliveries = deliver::after_publication(job, &Run { as_of: results.as_of, folder: placed.folder.clone() });
    if !deliveries.is_empty() {
        clock.lap("deliveries");
    }
    amend(job, &placed, &mut manifest, warnings(job, &scored, told_before));
    let value_column = scored.input.value_column(job);
    Ok(Published { folder: placed.folder, manifest, deliveries, scored, value_column })
}

/// What a person should know of a run so far: what was found when it was scored, and what its publication has added to
/// the warnings told before it.
fn warnings(job: &Job<'_>, scored: &Scored, told_before: usize) -> Vec<String> {
    let mut warnings = Note::warnings(&scored.notes);
    warnings.extend(job.warnings().into_iter().skip(told_before));
    warnings
}

/// Enters what has become known after the publication into the manifest. That it cannot be unmakes no list.
fn amend(job: &Job<'_>, placed: &Placed, manifest: &mut Manifest, warnings: Vec<String>) {
    if warnings == manifest.warnings {
        return;
    }
    manifest.warnings = warnings;
    if let Err(error) = placed.amend(manifest) {
        job.warn(Message::new("manifest-lacks").text("why", error.to_string()));
    }
}

/// Writes the lists by the values of a column, if they are asked for.
fn stage_split(
    staged: &mut Staged,
    scored: &Scored,
    results: &Results<'_>,
    passthrough: &[CopiedColumn],
    settings: &Settings,
) -> Result<()> {
    let formats = &settings.publish.formats;
    let (has_csv, has_workbook) = (formats.contains(&Format::Csv), formats.contains(&Format::Xlsx));
    let Some(column) = settings.list.split_by.as_deref().filter(|_| has_csv || has_workbook) else { return Ok(()) };
    let list = report::Table::read(&staged.folder().join("at_risk.parquet"))?;
    let split = Split {
        column,
        values: values_of(column, scored, results, passthrough, &list)?,
        as_of: results.as_of,
        csv: has_csv.then_some(Csv::Spreadsheet { byte_order_mark: settings.publish.csv_bom }),
        workbook: has_workbook.then_some(&*scored.texts),
    };
    split.stage(staged, &list)
}

/// The values of a pass-through or categorical column, of each listed customer in rank order.
fn values_of(
    column: &str,
    scored: &Scored,
    results: &Results<'_>,
    passthrough: &[CopiedColumn],
    list: &report::Table,
) -> Result<Vec<Option<String>>> {
    if passthrough.iter().any(|copied| copied.name == column) {
        let cells = list.column(column)?;
        return Ok((0..list.rows()).map(|row| cells.text(row)).collect());
    }

    let categorical = &scored.input.data.catalogue.categorical;
    let Some(place) = categorical.iter().position(|name| name == column) else {
        let copied = passthrough.iter().map(|copied| copied.name.as_str());
        let known: Vec<&str> = copied.chain(categorical.iter().map(String::as_str)).collect();
        let advice =
            spelling::did_you_mean(column, &known).unwrap_or_else(|| format!("there are: {}", known.join(", ")));
        let named = spelling::named(column);
        return Err(Error::Config(format!(
            "`list.split_by`: {named} is neither a pass-through nor a categorical column of these data; {advice}"
        )));
    };
    let levels = &results.customers.categorical[place];
    let level = |&position: &u32| levels.get(results.customer(position) as usize).map(str::to_owned);
    Ok(results.listed().iter().map(level).collect())
}

/// Writes what a report tells beyond the list and the manifest.
fn stage_details(job: &Job<'_>, staged: &mut Staged, scored: &Scored, results: &Results<'_>) -> Result<()> {
    let detailed = results.listed().iter().take(DETAILED).map(|&place| results.customer(place));
    let recent = scored.input.recent(job, &detailed.collect::<Vec<u32>>())?;
    let activity = recent.map(|recent| Activity {
        recent,
        signals: job.settings().signals.keys().map(String::as_str).collect(),
        first_days: scored.input.first_days(),
    });
    let (segments, untold) = (&scored.model.catalogue.categorical, &job.settings().reasons.untold);
    let details = publish::details::details(results, &scored.details, segments, untold, activity.as_ref());
    staged.parquet("details.parquet", details.len(), |rows| Ok(publish::details::table(results, &details, rows)))?;
    let drivers = drivers::drivers(&scored.model);
    staged.parquet("drivers.parquet", drivers.len(), |rows| Ok(drivers::table(&drivers, rows)))?;
    let model = report::ModelFile::from_model(&scored.model);
    let model = serde_json::to_string_pretty(&model).map_err(|e| Error::Internal(e.to_string()))?;
    staged.bytes(report::MODEL_FILE, 1, (model + "\n").as_bytes())
}

/// The workbook and the report of a run, as far as they are asked for.
#[derive(Default)]
struct ForPeople {
    rows: usize,
    workbook: Option<Vec<u8>>,
    report: Option<String>,
}

impl ForPeople {
    /// Makes them from the files that are staged in a folder.
    fn make(
        folder: &Path,
        manifest: &Manifest,
        lists: &Path,
        formats: &[Format],
        texts: &Arc<Texts>,
    ) -> Result<ForPeople> {
        let is_asked_for = |format| formats.contains(&format);
        if !is_asked_for(Format::Xlsx) && !is_asked_for(Format::Html) {
            return Ok(ForPeople::default());
        }

        let manifest = serde_json::to_string(manifest).map_err(|e| Error::Internal(e.to_string()))?;
        let run = report::PublishedRun::read(folder, lists, &manifest)?;
        // Each is made by one thread.
        let (workbook, report) = rayon::join(
            || is_asked_for(Format::Xlsx).then(|| workbook::workbook(&run, texts)).transpose(),
            || is_asked_for(Format::Html).then(|| report::html(&run, Arc::clone(texts))).transpose(),
        );
        Ok(ForPeople { rows: run.list.rows(), workbook: workbook?, report: report? })
    }

    /// Writes them beside these files.
    fn stage(self, staged: &mut Staged) -> Result<()> {
        if let Some(workbook) = self.workbook {
            staged.bytes(workbook::FILE, self.rows, &workbook)?;
        }
        if let Some(report) = self.report {
            staged.bytes(report::FILE, self.rows, report.as_bytes())?;
        }
        Ok(())
    }
}
