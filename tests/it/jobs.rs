//! The jobs as functions of the library: what they hear and tell, and that they leave each other alone.

use crate::common::Population;
use churn_risk::config::{DriftGate, Settings};
use churn_risk::jobs::train::Promote;
use churn_risk::jobs::{check, score, train, Context, Data};
use churn_risk::memory::Memory;
use churn_risk::observer::{Note, Observer, Stage};
use churn_risk::registry::Registry;
use churn_risk::Error;
use jiff::Timestamp;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::Mutex;

const MIB: u64 = 1 << 20;

/// The settings of the shared population, with lists and models of the test's own.
fn settings(folder: &Path) -> Settings {
    let population = &Population::shared().folder;
    let text = fs::read_to_string(population.join("churn.toml")).unwrap();
    let mut settings = Settings::from_toml_str(&text, population).unwrap();
    settings.paths.lists = folder.join("lists");
    settings.paths.models = folder.join("models");
    settings
}

/// The registry of the shared population, whose champion scores.
fn shared_registry() -> Registry {
    Registry::at(&Population::shared().folder.join("models"))
}

fn this_morning() -> Timestamp {
    "2026-06-01T06:00:00Z".parse().unwrap()
}

fn list_of_today() -> score::Request {
    score::Request { data: Data::Signals, as_of: Some(Population::AS_OF.parse().unwrap()), model: None }
}

fn training() -> train::Request {
    train::Request { data: Data::Signals, as_of: Some(Population::AS_OF.parse().unwrap()), promote: Promote::Auto }
}

#[test]
fn jobs_with_other_limits_and_threads_leave_each_other_alone() {
    // Too little for all rows at once, which then go to the scratch file; nearly nothing; and as much as there is.
    let memories = [Memory::of_job(48 * MIB), Memory::of_job(MIB), Memory::unlimited(), Memory::unlimited()];
    let outcomes: Vec<Result<Vec<u8>, Error>> = std::thread::scope(|scope| {
        let jobs: Vec<_> = memories
            .into_iter()
            .enumerate()
            .map(|(index, memory)| {
                scope.spawn(move || {
                    let folder = tempfile::tempdir().unwrap();
                    let settings = settings(folder.path());
                    let threads = NonZeroUsize::new(index + 1);
                    let context = Context { threads, memory, ..Context::new(&settings, this_morning()) };
                    let published = score::run(&context, &shared_registry(), &list_of_today())?;
                    Ok(fs::read(published.folder.join("scores.parquet")).unwrap())
                })
            })
            .collect();
        jobs.into_iter().map(|job| job.join().unwrap()).collect()
    });

    let [limited, refused, free, free_too] = outcomes.try_into().unwrap();
    let scores = free.unwrap();
    assert!(limited.unwrap() == scores && free_too.unwrap() == scores);
    let refused = refused.unwrap_err();
    assert!(refused.exit_code() == 2 && refused.to_string().contains("the memory limit of 1MiB"), "{refused}");
}

#[test]
fn a_job_keeps_in_its_result_what_its_observer_heard() {
    #[derive(Default)]
    struct Listener {
        notes: Mutex<Vec<Note>>,
        stages: Mutex<Vec<String>>,
        rows: Mutex<Vec<(u64, u64)>>,
    }
    impl Observer for Listener {
        fn stage(&self, stage: &Stage<'_>) {
            self.stages.lock().unwrap().push(stage.name.to_owned());
        }
        fn rows(&self, read: u64, of: u64) {
            self.rows.lock().unwrap().push((read, of));
        }
        fn note(&self, note: &Note) {
            self.notes.lock().unwrap().push(note.clone());
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.gates.max_psi = 0.2;
    settings.gates.drift = DriftGate::Off;
    let listener = Listener::default();
    let context = Context { observer: &listener, ..Context::new(&settings, this_morning()) };
    let published = score::run(&context, &shared_registry(), &list_of_today()).unwrap();

    let notes = listener.notes.into_inner().unwrap();
    let texts: Vec<String> = notes.iter().map(|note| note.text.clone()).collect();
    assert!(texts.iter().any(|text| text.contains("gates.max_psi")), "{texts:?}");
    assert_eq!(published.scored.notes, notes);
    assert_eq!(published.manifest.warnings, texts);

    let stages = listener.stages.into_inner().unwrap();
    for name in ["scan", "features", "scores", "ranking", "reasons", "tables"] {
        assert!(stages.iter().any(|stage| stage == name), "{name} is not among {stages:?}");
    }
    let rows = listener.rows.into_inner().unwrap();
    let all = rows[0].1;
    assert!(all > 0 && rows.iter().all(|&(read, of)| of == all && read <= all), "{rows:?}");
    assert!(published.list().zip(1..).all(|(customer, rank)| customer.rank == rank));
}

#[test]
fn an_observer_that_panics_ends_the_job_and_leaves_nothing() {
    struct PanicsAt(&'static str);
    impl Observer for PanicsAt {
        fn stage(&self, stage: &Stage<'_>) {
            assert!(stage.name != self.0, "the observer panics at `{}`, as this test wants it to", self.0);
        }
        fn rows(&self, _: u64, _: u64) {
            assert!(self.0 != "rows", "the observer panics while rows are read, as this test wants it to");
        }
    }

    for stage in ["rows", "features", "reasons", "earlier lists", "tables", "newest risks, workbook and report"] {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let observer = PanicsAt(stage);
        let context = Context { observer: &observer, ..Context::new(&settings, this_morning()) };
        let error = score::run(&context, &shared_registry(), &list_of_today()).err().unwrap();
        assert_eq!(error.exit_code(), 1, "{stage}: {error}");
        let left = names(&settings.paths.lists);
        assert!(left.is_empty(), "{stage}: {left:?}");
        // The lock is free again.
        score::run(&Context::new(&settings, this_morning()), &shared_registry(), &list_of_today()).unwrap();
    }

    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let registry = Registry::at(&settings.paths.models);
    let observer = PanicsAt("leaks");
    let context = Context { observer: &observer, ..Context::new(&settings, this_morning()) };
    let error = train::run(&context, &registry, &training()).err().unwrap();
    assert!(error.exit_code() == 1 && names(&settings.paths.models).is_empty(), "{error}");
}

/// What lies in a folder, but for the lock.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name != ".lock").collect()
}

#[test]
fn two_trainings_at_once_on_one_registry_do_not_mix() {
    /// Stops at its first step until it is told to go on.
    struct Waits {
        started: SyncSender<()>,
        go_on: Mutex<Option<Receiver<()>>>,
    }
    impl Observer for Waits {
        fn step(&self, _: &str) {
            if let Some(go_on) = self.go_on.lock().unwrap().take() {
                self.started.send(()).unwrap();
                go_on.recv().unwrap();
            }
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.model.complexity = churn_risk::config::Complexity::Linear;
    let registry = Registry::at(&settings.paths.models);
    let (started, first_has_started) = std::sync::mpsc::sync_channel(1);
    let (tell, go_on) = std::sync::mpsc::sync_channel(1);
    let waits = Waits { started, go_on: Mutex::new(Some(go_on)) };

    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let context = Context { observer: &waits, ..Context::new(&settings, this_morning()) };
            train::run(&context, &registry, &training())
        });
        first_has_started.recv().unwrap();
        let second = train::run(&Context::new(&settings, this_morning()), &registry, &training());
        assert_eq!(second.unwrap_err().exit_code(), 7);
        tell.send(()).unwrap();
        assert_eq!(first.join().unwrap().unwrap().model.version, "v0001");
    });

    let context = Context { user: Some("grace".to_owned()), ..Context::new(&settings, this_morning()) };
    let trained = train::run(&context, &registry, &train::Request { promote: Promote::Always, ..training() }).unwrap();
    assert_eq!(trained.model.version, "v0002");
    let promotion = registry.champion().unwrap().history.pop().unwrap();
    assert_eq!((promotion.by.as_deref(), promotion.at.as_str()), (Some("grace"), "2026-06-01T06:00:00Z"));
    assert_eq!(registry.versions().unwrap(), ["v0001", "v0002"]);
}

#[test]
fn the_time_is_that_of_the_context() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let check_at = |now: &str| check::run(&Context::new(&settings, now.parse().unwrap()), None);

    assert_eq!(check_at("2026-06-01T06:00:00Z").unwrap().as_of.to_string(), "2026-06-01");
    // A month earlier the rows of May have not happened yet.
    assert_eq!(check_at("2026-04-30T06:00:00Z").unwrap().as_of.to_string(), "2026-05-01");
}
