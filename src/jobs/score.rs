//! The nightly job: the rows of a date scored, ranked and explained, and the list published.

use super::changes::{Changes, Words};
use super::context::{Context, Job};
use super::definition;
use super::deliver;
use super::details;
use super::input::{self, Also, Data, Input};
use crate::artefact::{Artefact, Row, Scores};
use crate::calendar::Day;
use crate::clock::Clock;
use crate::config::{Format, List, Reference, Settings};
use crate::dataset::silence::Silence;
use crate::dataset::{Dataset, Place, RowsPlan, Selection};
use crate::delivery::Delivered;
use crate::digest;
use crate::error::{Error, Result};
use crate::kpis::{self, Kpis, Risks};
use crate::language::Texts;
use crate::observer::{Note, Observer};
use crate::power::{Accrual, ControlPower};
use crate::publish::columns::Csv;
use crate::publish::details::{Activity, DETAILED};
use crate::publish::latest::{self, Latest, Leaver};
use crate::publish::list::{Details, Move, Results};
use crate::publish::manifest::Manifest;
use crate::publish::runs::Run;
use crate::publish::split::Split;
use crate::publish::{self, drivers, report, workbook, Placed, Staged};
use crate::ranking::{Group, Ranking};
use crate::reasons::{Attribution, Background, Explainer, Explanation, Usual};
use crate::registry::Registry;
use crate::sources::CopiedColumn;
use crate::spelling;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What to score.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the rows come from.
    pub data: Data,
    /// The date of the list. Of signals it has to be named; of a prepared table it is the newest one unless it is.
    pub as_of: Option<Day>,
    /// A version other than the champion.
    pub model: Option<String>,
}

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
    /// The measures; none where there are to be none.
    pub kpis: Option<Kpis>,
    /// What a person should know.
    pub notes: Vec<Note>,
    scores: Scores,
    moves: Vec<Move>,
    input: Input,
    list: List,
    texts: Arc<Texts>,
    started: Instant,
}

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

/// The nightly job: check, features, score, reasons, rank, publish. The lock on the lists is held all the way.
///
/// # Errors
/// [`Error::Model`] when the model is missing, damaged or of other features; [`Error::Contract`], [`Error::Stale`] and
/// [`Error::TooLittle`] when the data are not fit for a list; [`Error::Locked`] when another run publishes; and what
/// reading and writing can end with. Then nothing was published.
pub fn run(context: &Context<'_>, registry: &Registry, request: &Request) -> Result<Published> {
    context.run(|job| {
        let started = Instant::now();
        job.not_after_today(request.as_of)?;
        let model = registry.load_chosen(request.model.as_deref())?;
        let (input, staged) = read(job, &model, &request.data, request.as_of, |day| begin(job, day))?;
        publish_into(job, staged, scored(job, registry, model, input, started)?)
    })
}

/// Scores, ranks and explains the customers of a date, against the run before in the folder of lists, and writes nothing.
///
/// # Errors
/// As [`run`], but for those of writing.
pub fn compute(context: &Context<'_>, model: Artefact, data: &Data, as_of: Option<Day>) -> Result<Scored> {
    context.run(|job| {
        let started = Instant::now();
        job.not_after_today(as_of)?;
        let (input, ()) = read(job, &model, data, as_of, |_| Ok(()))?;
        scored(job, &Registry::at(&job.settings().paths.models), model, input, started)
    })
}

/// Publishes what was computed, under the lock of the lists.
///
/// # Errors
/// [`Error::Locked`] when another run publishes; what reading earlier lists and writing can end with.
pub fn publish(context: &Context<'_>, scored: Scored) -> Result<Published> {
    context.run(|job| publish_into(job, begin(job, scored.input.as_of)?, scored))
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

    fn results(&self) -> Results<'_> {
        results(&self.input, &self.scores, &self.ranking, &self.moves, &self.model, &self.list)
    }
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

/// The rows to be scored, of which the model expects what they have. `begin` is told their date as soon as it is known:
/// that of signals before they are read.
fn read<T>(
    job: &Job<'_>,
    model: &Artefact,
    data: &Data,
    as_of: Option<Day>,
    begin: impl FnOnce(Day) -> Result<T>,
) -> Result<(Input, T)> {
    let settings = job.settings();
    if let Some(table) = data.prepared() {
        model.check_prepared(settings.table.as_ref())?;
        let input = input::from_table(job, model, table, as_of, Also::RunBefore)?;
        let begun = begin(input.as_of)?;
        return Ok((input, begun));
    }

    let Some(as_of) = as_of else {
        return Err(Error::Config("name the date of the list with --as-of DATE".to_owned()));
    };
    model.check_compatible(&RowsPlan::from_settings(settings))?;
    let begun = begin(as_of)?;
    Ok((input::from_signals(job, as_of)?, begun))
}

fn begin(job: &Job<'_>, as_of: Day) -> Result<Staged> {
    Staged::begin(&job.settings().paths.lists, as_of, job.unfinished())
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

fn scored(job: &Job<'_>, registry: &Registry, model: Artefact, input: Input, started: Instant) -> Result<Scored> {
    let settings = job.settings();
    let data = &input.data;
    if let Some(until) = model.outcomes_until().filter(|&until| input.as_of < until) {
        job.warn(format!(
            "model {} was trained on what customers did until {until}, so it has seen what came after {}: these risks are no \
             forecast. Train with --as-of {} for a list that could have been made then",
            model.version, input.as_of, input.as_of,
        ));
    }

    let mut clock = Clock::start(job);
    let scores = model.score(data, &Selection::scored(data, input.as_of))?;
    clock.lap("scores");

    let unknown = model.unknown_levels(&data.customers, &scores.customers);
    unknown.iter().for_each(|sentence| job.warn(sentence));
    let ranking = ranked(job, data, &scores);
    clock.lap("ranking");

    let listed: Vec<Place> =
        ranking.order[..ranking.listed].iter().map(|&position| scores.places[position as usize]).collect();
    let silence = definition::silence(job, data, &Selection::from_places(data.blocks.len(), &listed))?;
    definition::warn_of_those_who_left(job, "the listed customers", silence.as_ref());

    let changes = Changes::new(job, registry, &model, &input, &scores, &ranking.order[..ranking.listed])?;
    clock.lap("earlier lists");

    let texts = Arc::new(Texts::new(settings.list.language)?);
    let explainer = explainer(job, &model, data, &scores, &ranking, input.as_of, &texts)?;
    let words = Words { job, input: &input, model: &model, scores: &scores, explainer: &explainer };
    details::unmatched_plays(words).into_iter().for_each(|sentence| job.warn(sentence));
    let results = results(&input, &scores, &ranking, &changes.moves, &model, &settings.list);
    let details = details::of_list(words, &results, &changes)?;
    let leavers = changes.leavers(words)?;
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
        leavers,
        control_power,
        kpis,
        reference_log_odds: explainer.reference_log_odds(),
        silence,
        notes: job.notes(),
        ranking,
        model,
        scores,
        input,
        list: settings.list.clone(),
        texts,
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

fn publish_into(job: &Job<'_>, mut staged: Staged, scored: Scored) -> Result<Published> {
    let settings = job.settings();
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
    staged.parquet("scores.parquet", everybody, |places| Ok(results.scores_table(places, &in_scores)))?;
    if let Some(kpis) = &scored.kpis {
        staged.parquet("kpis.parquet", kpis.rows.len(), |places| Ok(publish::kpis::table(places, kpis)))?;
    }
    if has_report {
        stage_details(job, &mut staged, &scored, &results)?;
    }
    clock.lap("tables");

    let rows = Latest::new(&results, &scored.details, &scored.leavers);
    if rows.left_out > 0 {
        job.warn(format!(
            "latest/risk.parquet lacks {} customers who have left the list: their ids are texts in the run before, and integers \
             now",
            rows.left_out
        ));
    }
    let latest = latest::Staged::write(&settings.paths.lists, results.as_of, &rows, job.unfinished())?;
    clock.lap("newest risks");

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
        sources: scored.input.sources.clone(),
        quarantine: scored.input.quarantine.clone(),
        coverage: scored.input.coverage.clone(),
        warnings: Note::warnings(&scored.notes),
        files: staged.files().to_vec(),
    };
    if has_report || has_workbook {
        stage_for_people(&mut staged, &manifest, &settings.paths.lists, formats, &scored.texts)?;
        manifest.files = staged.files().to_vec();
        clock.lap("report and workbook");
    }
    let Placed { folder, stale } = staged.publish(&manifest, latest)?;
    if let Some(error) = stale {
        job.warn(format!(
            "the list is published, but latest/risk.parquet is still that of before: {error}; run it again"
        ));
    }
    clock.lap("published");
    let deliveries = deliver::after_publication(job, &Run { as_of: results.as_of, folder: folder.clone() });
    if !deliveries.is_empty() {
        clock.lap("deliveries");
    }
    let value_column = scored.input.value_column(job);
    Ok(Published { folder, manifest, deliveries, scored, value_column })
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

/// Writes the workbook and the report, from the files that are staged.
fn stage_for_people(
    staged: &mut Staged,
    manifest: &Manifest,
    lists: &Path,
    formats: &[Format],
    texts: &Arc<Texts>,
) -> Result<()> {
    let manifest = serde_json::to_string(manifest).map_err(|e| Error::Internal(e.to_string()))?;
    let run = report::PublishedRun::read(staged.folder(), lists, &manifest)?;
    if formats.contains(&Format::Xlsx) {
        staged.bytes(workbook::FILE, run.list.rows(), &workbook::workbook(&run, texts)?)?;
    }
    if formats.contains(&Format::Html) {
        staged.bytes(report::FILE, run.list.rows(), report::html(&run, Arc::clone(texts))?.as_bytes())?;
    }
    Ok(())
}

/// The customers in the order of the list.
pub(super) fn ranked(job: &Job<'_>, data: &Dataset, scores: &Scores) -> Ranking {
    let value = |customer: u32| data.customers.value_of(customer);
    let list = &job.settings().list;
    Ranking::new(list, &scores.customers, &scores.probabilities, &scores.log_odds, value)
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
