//! What a person at a terminal sees of a job: a bar while rows are read, a spinner for every other step, notes as they
//! come. In a pipe there are only the notes.

use crate::observer::{Note, Observer, Severity, Stage};
use crate::spelling;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const BAR: &str = "{spinner} {msg:<12} {wide_bar} {human_pos} of {human_len} {prefix} {eta}";
const SPINNER: &str = "{spinner} {msg}";

/// The observer of the command line.
pub struct Progress {
    visible: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    /// Bars are visible only if they are wanted and standard error is a terminal.
    pub fn new(wanted: bool) -> Progress {
        Progress { visible: wanted && std::io::stderr().is_terminal(), bar: Mutex::default() }
    }

    /// Shows how far something countable is.
    pub fn count(&self, unit: &str, done: u64, of: u64) {
        self.with_bar(|bar| {
            if bar.length() != Some(of) {
                bar.set_prefix(unit.to_owned());
                bar.set_length(of);
                self.style(bar, BAR);
            }
            bar.set_position(done);
        });
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }

    fn with_bar(&self, show: impl FnOnce(&ProgressBar)) {
        if !self.visible {
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        show(bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        }));
    }

    fn style(&self, bar: &ProgressBar, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
    }
}

impl Observer for Progress {
    fn step(&self, what: &str) {
        self.with_bar(|bar| {
            bar.unset_length();
            self.style(bar, SPINNER);
            bar.set_message(what.to_owned());
        });
    }

    fn stage(&self, stage: &Stage<'_>) {
        tracing::info!(step = stage.name, seconds = stage.seconds);
    }

    fn rows(&self, read: u64, of: u64) {
        self.count("rows", read, of);
    }

    fn note(&self, note: &Note) {
        let text = spelling::harmless(&note.text);
        let log = || match note.severity {
            Severity::Warning => tracing::warn!("{text}"),
            Severity::Detail => tracing::info!("{text}"),
        };
        match &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(bar) => bar.suspend(log),
            None => log(),
        }
    }
}

/// What a job does, without its notes: for whoever tells what is in its result.
pub struct WithoutNotes(pub Progress);

impl Observer for WithoutNotes {
    fn step(&self, what: &str) {
        self.0.step(what);
    }

    fn stage(&self, stage: &Stage<'_>) {
        self.0.stage(stage);
    }

    fn rows(&self, read: u64, of: u64) {
        self.0.rows(read, of);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
