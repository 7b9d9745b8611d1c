//! What a job may know of the world around it.

use crate::calendar::{Day, Zone};
use crate::clock;
use crate::config::Settings;
use crate::delivery::Addresses;
use crate::error::{Error, Result};
use crate::files::Unfinished;
use crate::language::{Language, Message, Texts};
use crate::memory::Memory;
use crate::observer::{Note, Observer, Silent, Stage};
use crate::registry::Signature;
use jiff::Timestamp;
use std::num::NonZeroUsize;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

/// What a job may know of the world around it. A job reads nothing of the process: neither its clock nor its
/// environment, and two jobs with contexts of their own do not disturb each other.
pub struct Context<'a> {
    /// The resolved settings.
    pub settings: &'a Settings,
    /// The time at which the job runs: what is dated later has not happened yet.
    pub now: Timestamp,
    /// Who runs it, for the history of promotions.
    pub user: Option<String>,
    /// The threads that it may use; none for those of the thread pool that it is called in.
    pub threads: Option<NonZeroUsize>,
    /// What it may hold in memory.
    pub memory: Memory,
    /// The addresses of webhooks.
    pub addresses: Addresses,
    /// Where it notes its temporary folders, for whoever ends it from outside.
    pub unfinished: Unfinished,
    /// Who hears what it does.
    pub observer: &'a dyn Observer,
}

impl<'a> Context<'a> {
    /// With these settings, at this time, by nobody in particular, in as much memory as there is, heard by nobody.
    pub fn new(settings: &'a Settings, now: Timestamp) -> Context<'a> {
        Context {
            settings,
            now,
            user: None,
            threads: None,
            memory: Memory::unlimited(),
            addresses: Addresses::default(),
            unfinished: Unfinished::default(),
            observer: &Silent,
        }
    }

    /// Runs a job that makes a list, or tells of one, in the language of the list: on threads of its own if the context
    /// says how many, and so that a panic, its own or an observer's, ends the job with an error and not the process.
    pub(super) fn run<T: Send>(&self, work: impl FnOnce(&Job<'_>) -> Result<T> + Send) -> Result<T> {
        self.run_in(self.settings.list.language, work)
    }

    /// As [`Context::run`], for a job that makes no list: its result is in English, so what it notes is, too.
    pub(super) fn run_in_english<T: Send>(&self, work: impl FnOnce(&Job<'_>) -> Result<T> + Send) -> Result<T> {
        self.run_in(Language::En, work)
    }

    fn run_in<T: Send>(&self, language: Language, work: impl FnOnce(&Job<'_>) -> Result<T> + Send) -> Result<T> {
        let (mut work, mut made) = (Some(work), None);
        self.guard(language, &mut |job| made = work.take().map(|work| work(job)))?;
        made.unwrap_or_else(|| Err(Error::bug()))
    }

    /// Where a job runs, whatever it returns.
    fn guard(&self, language: Language, work: &mut (dyn FnMut(&Job<'_>) + Send)) -> Result<()> {
        let texts = Texts::shared(language)?;
        let job = Job { context: self, texts, notes: Mutex::default() };
        let work = || {
            self.settings.without_effect().into_iter().for_each(|note| job.warn(note));
            work(&job);
        };
        let guarded = || catch_unwind(AssertUnwindSafe(work)).map_err(|_| Error::bug());

        let Some(threads) = self.threads else { return guarded() };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build()
            .map_err(|e| Error::Temporary(format!("cannot start {threads} threads: {e}; use fewer, or retry")))?;
        pool.install(guarded)
    }
}

/// A job at work: its context, and the notes that it has taken so far.
pub(super) struct Job<'a> {
    context: &'a Context<'a>,
    texts: Arc<Texts>,
    notes: Mutex<Vec<Note>>,
}

impl<'a> Job<'a> {
    /// The resolved settings.
    pub fn settings(&self) -> &'a Settings {
        self.context.settings
    }

    /// The language that it speaks: that of the list, or English where it makes none.
    pub fn texts(&self) -> &Arc<Texts> {
        &self.texts
    }

    /// The configured zone.
    pub fn zone(&self) -> Zone {
        self.context.settings.zone()
    }

    /// Today in the configured zone.
    pub fn today(&self) -> Day {
        self.zone().day_of(self.context.now.as_microsecond())
    }

    /// Refuses dates that have not come yet: of such a day nothing is recorded, and missing rows would be taken for
    /// silence.
    ///
    /// # Errors
    /// [`Error::Config`] if one of the dates is after today.
    pub fn not_after_today(&self, dates: impl IntoIterator<Item = Day>) -> Result<()> {
        let today = self.today();
        match dates.into_iter().max().filter(|&newest| newest > today) {
            None => Ok(()),
            Some(newest) => Err(Error::Config(format!(
                "the as-of date {newest} has not come yet: today is {today} in {}. Nothing is recorded of the days to \
                 come, and their missing rows would be taken for silence; choose {today} or an earlier date",
                self.zone().name(),
            ))),
        }
    }

    /// The time, UTC, to the second, as files have it.
    pub fn now(&self) -> String {
        clock::to_second(self.context.now)
    }

    /// The time.
    pub fn timestamp(&self) -> Timestamp {
        self.context.now
    }

    /// The addresses of webhooks.
    pub fn addresses(&self) -> &'a Addresses {
        &self.context.addresses
    }

    /// What the job may hold in memory.
    pub fn memory(&self) -> &'a Memory {
        &self.context.memory
    }

    /// Where the job notes its temporary folders.
    pub fn unfinished(&self) -> &'a Unfinished {
        &self.context.unfinished
    }

    /// The time and who runs the job, for the registry.
    pub fn signature(&self) -> Signature {
        Signature { at: self.now(), by: self.context.user.clone() }
    }

    /// Tells the observer what is worth a look, in the language that it speaks, and keeps it for the result.
    pub fn warn(&self, message: impl Into<Message>) {
        self.note(&Note::warning(message));
    }

    /// The notes taken so far.
    pub fn notes(&self) -> Vec<Note> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The sentences of the notes that are worth a look.
    pub fn warnings(&self) -> Vec<String> {
        Note::warnings(&self.notes())
    }
}

impl Observer for Job<'_> {
    fn step(&self, what: &str) {
        self.context.observer.step(what);
    }

    fn stage(&self, stage: &Stage<'_>) {
        self.context.observer.stage(stage);
    }

    fn rows(&self, read: u64, of: u64) {
        self.context.observer.rows(read, of);
    }

    fn note(&self, note: &Note) {
        let note = note.written(&self.texts);
        self.context.observer.note(&note);
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }
}
