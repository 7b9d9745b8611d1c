//! Drift on a simulated population, from the training to the published run.

use crate::artefact::{Artefact, Distribution};
use crate::calendar::Day;
use crate::config::{DriftGate, Sample, Settings, Table};
use crate::dataset::{self, RowsPlan, Selection, Tables};
use crate::files::Unfinished;
use crate::jobs::train::Promote;
use crate::jobs::{features, score, train, Context, Data};
use crate::model::additive::Bins;
use crate::monitoring::drift::Drift;
use crate::monitoring::verdict::Verdict;
use crate::observer::Silent;
use crate::registry::Registry;
use crate::simulate::{simulate, Continued, Plan};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::OnceLock;

const CONFIG: &str = r#"
[customers]
path = "customers.parquet"
id = "customer_id"
signup = "signup_date"
numeric = ["monthly_revenue"]
categorical = ["plan", "region"]
[signals.logins]
kind = "event"
path = "logins"
id = "customer_id"
time = "ts"
[signals.surveys]
kind = "survey"
path = "surveys"
id = "customer_id"
time = "ts"
value = "score"
instrument = "kind"
[churn]
path = "churn.parquet"
id = "customer_id"
time = "churned_on"
[training]
snapshots = 4
[kpi]
period = "off"
[gates]
min_customers = 100
min_churners = 20
"#;

/// A population of 3,000 customers, made once for all tests.
fn population() -> &'static Path {
    static POPULATION: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = POPULATION.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            customers: 3_000,
            days: 400,
            seed: 3,
            out: folder.path().join("data"),
            string_ids: false,
            end: Plan::END,
            continued: Continued::default(),
            population: None,
        };
        simulate(&plan, &Unfinished::default(), &|_| ()).unwrap();
        folder
    });
    folder.path()
}

fn settings(folder: &Path, more: &str) -> Settings {
    let mut settings = Settings::from_toml_str(&format!("{CONFIG}{more}"), &population().join("data")).unwrap();
    settings.paths.lists = folder.join("lists");
    settings.paths.models = folder.join("models");
    settings
}

fn now() -> jiff::Timestamp {
    "2026-06-01T06:00:00Z".parse().unwrap()
}

fn trained(settings: &Settings, data: Data, threads: usize) -> Artefact {
    let context = Context { threads: NonZeroUsize::new(threads), ..Context::new(settings, now()) };
    let registry = Registry::at(&settings.paths.models);
    train::run(&context, &registry, &train::Request { data, as_of: None, promote: Promote::Always }).unwrap().model
}

fn distribution(model: &Artefact) -> &Distribution {
    model.distribution.as_ref().unwrap()
}

fn scored(settings: &Settings, model: &Artefact, data: &Data) -> score::Scored {
    let as_of = data.prepared().is_none().then_some(Plan::END);
    score::compute(&Context::new(settings, now()), model.clone(), data, as_of).unwrap()
}

/// That the shifts of the concepts sum to that of the mean log-odds.
fn check_sums(drift: &Drift) {
    let of =
        |measure: &str| drift.figures.iter().find(|figure| figure.measure == measure && figure.slice == "all").unwrap();
    let (mean, shift) = (of("drift_mean_log_odds"), of("drift_log_odds_shift"));
    assert!((shift.value - (mean.value - mean.reference)).abs() < 1e-9, "{shift:?} {mean:?}");
    for parts in ["concept=", "feature="] {
        let parts =
            drift.figures.iter().filter(|figure| figure.measure == shift.measure && figure.slice.starts_with(parts));
        assert!((parts.map(|figure| figure.value).sum::<f64>() - shift.value).abs() < 1e-9);
    }
}

/// The rows that the published model was fitted on, as they were.
fn check_means(settings: &Settings, model: &Artefact) {
    let plan = RowsPlan::from_settings(settings);
    let memory = crate::memory::Memory::unlimited();
    let tables = Tables::open(&plan, &memory, &Silent).unwrap();
    let dates = if model.refit { model.snapshots.all() } else { model.snapshots.training.clone() };
    let data = dataset::build(&plan, &tables, &dates, model.inputs.labels_until, &Silent).unwrap();
    let rows = Selection::labelled(&data, |_| true);

    let found = distribution(model);
    assert_eq!(found.training.all.rows, rows.count() as u64);
    let again = model.mean_scores(&data, &rows).unwrap();
    assert!((found.scores.log_odds - again.log_odds).abs() < 1e-9, "{:?} {again:?}", found.scores);
    assert!((found.scores.probability - again.probability).abs() < 1e-9);
    for (kept, found) in found.scores.effects.iter().zip(&again.effects) {
        assert!((kept - found).abs() < 1e-9);
    }
    for column in &found.training.columns {
        assert_eq!(column.all.iter().sum::<u64>(), rows.count() as u64, "{}", column.name);
    }
}

#[test]
fn both_forms_of_the_model_keep_their_training_and_find_a_sound_run_like_it() {
    type Case = (&'static str, fn(&mut Settings));
    let cases: [Case; 4] = [
        ("linear", |_| ()),
        ("curves", |_| ()),
        ("linear", |settings| settings.training.refit = false),
        ("linear", |settings| settings.training.sample = Sample::Share(0.5)),
    ];
    for (case, (form, change)) in cases.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path(), &format!("[model]\ncomplexity = \"{form}\""));
        change(&mut settings);
        let model = trained(&settings, Data::Signals, 1);
        check_means(&settings, &model);

        let drift = scored(&settings, &model, &Data::Signals).drift.unwrap();
        check_sums(&drift);
        println!("{form}: {:?} {:?} {}", drift.broken, drift.changed, drift.risk);
        assert_eq!(drift.verdict(), Verdict::Ok, "{form}: {:?} {:?}", drift.broken, drift.changed);

        let dates = if model.refit { model.snapshots.all() } else { model.snapshots.training.clone() };
        assert_eq!(distribution(&model).training.snapshots.len(), dates.len(), "{form}");
        assert_eq!(distribution(&model).held_out.snapshots.len(), 1);
        if case < 2 {
            let other = tempfile::tempdir().unwrap();
            settings.paths.models = other.path().join("models");
            let again = trained(&settings, Data::Signals, 2);
            assert_eq!(again.to_json().unwrap(), model.to_json().unwrap(), "two threads");
        }
    }
}

#[test]
fn broken_data_stop_a_run_where_the_settings_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path(), "[model]\ncomplexity = \"linear\"");
    let mut model = trained(&settings, Data::Signals, 2);
    let counts = &mut model.distribution.as_mut().unwrap().training;
    let plan = counts.columns.iter_mut().find(|column| column.name == "plan").unwrap();
    let Bins::Levels { levels } = &mut plan.bins else { panic!() };
    levels[0].push_str(" (as it was called then)");

    for gate in [DriftGate::Warn, DriftGate::Stop, DriftGate::Off] {
        settings.gates.drift = gate;
        settings.paths.lists = folder.path().join(gate.word());
        let found = scored(&settings, &model, &Data::Signals);
        assert_eq!(found.drift.as_ref().map(Drift::verdict), (gate != DriftGate::Off).then_some(Verdict::Act));
        let is_told = found.notes.iter().any(|note| note.text.contains("broken data? `plan`"));
        assert_eq!(is_told, gate != DriftGate::Off);

        let published = score::publish(&Context::new(&settings, now()), found);
        if gate == DriftGate::Stop {
            let error = published.err().unwrap();
            assert!(
                error.exit_code() == 6 && error.to_string().contains("levels that the training did not have"),
                "{error}"
            );
            assert!(crate::publish::runs::published(&settings.paths.lists).is_empty());
            continue;
        }
        let published = published.unwrap();
        let file = published.folder.join("drift.parquet");
        assert_eq!(file.exists(), gate == DriftGate::Warn);
        assert_eq!(published.manifest.drift.map(|drift| drift.verdict), file.exists().then(|| "act".to_owned()));
        if file.exists() {
            let figures = crate::monitoring::figures::read(&file).unwrap();
            assert!(figures
                .iter()
                .any(|figure| figure.slice == "feature=plan" && figure.verdict == Some(Verdict::Act)));
        }
    }
}

#[test]
fn a_model_of_before_scores_and_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), "[model]\ncomplexity = \"linear\"");
    let model = trained(&settings, Data::Signals, 2);
    let older = Artefact { distribution: None, ..model.clone() };
    let text = older.to_json().unwrap();
    assert!(!text.contains("\"distribution\"") && model.to_json().unwrap().contains("\"distribution\""));
    let path = folder.path().join("model.json");
    std::fs::write(&path, text).unwrap();

    let older = Artefact::read(&path).unwrap();
    let (found, expected) = (scored(&settings, &older, &Data::Signals), scored(&settings, &model, &Data::Signals));
    assert_eq!(found.scores.probabilities, expected.scores.probabilities);
    assert!(found.drift.is_none());
    assert!(found
        .notes
        .iter()
        .any(|note| note.text.contains("drift is not measured") && note.text.contains("train again")));
}

#[test]
fn models_of_prepared_tables_keep_their_training_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut plain = settings(folder.path(), "[model]\ncomplexity = \"linear\"");
    plain.table = Some(Table::default());

    let written = |name: &str, dates: &[Day], labels: bool| {
        let out = folder.path().join(name);
        let request = features::Request { as_of: dates.to_vec(), out: out.clone(), labels };
        features::run(&Context::new(&plain, now()), &request).unwrap();
        Data::Table(out)
    };
    let past: Vec<Day> = [127, 97, 67, 37].map(|days| Plan::END.earlier_by(days)).to_vec();
    let (training, run) = (written("past.parquet", &past, true), written("now.parquet", &[Plan::END], false));

    let model = trained(&plain, training, 2);
    let found = distribution(&model);
    assert_eq!(found.training.snapshots.len(), 4);
    let drift = scored(&plain, &model, &run).drift.unwrap();
    check_sums(&drift);
    assert_eq!(drift.verdict(), Verdict::Ok, "{:?} {:?}", drift.broken, drift.changed);

    // One date is no order in time: the rows are evaluated by folds, and have no snapshots.
    let training = written("one.parquet", &past[3..], true);
    let model = trained(&plain, training, 2);
    let found = distribution(&model);
    assert_eq!((found.training.snapshots.len(), found.training.snapshots[0].as_of), (1, None));
    assert_eq!(found.held_out.all.rows, found.training.all.rows);
    let drift = scored(&plain, &model, &run).drift.unwrap();
    check_sums(&drift);
    assert!(drift.figures.iter().all(|figure| figure.measure != "drift_rows"));
    assert!(drift.broken.is_empty(), "{:?}", drift.broken);
}
