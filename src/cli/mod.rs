//! The command line: one straight-line file a command; errors to exit codes. Data goes to standard output, everything
//! else to standard error.

pub mod args;
mod backtest;
mod check;
mod compare;
mod deliver;
mod demo;
mod exchange;
mod explain;
mod features;
mod init;
mod models;
mod monitor;
mod progress;
mod render;
mod report;
mod score;
mod simulate;
mod story;
mod train;

use crate::config::{self, Settings};
use crate::delivery::Addresses;
use crate::error::Error;
use crate::files::{self, Guarded, Unfinished};
use crate::jobs::{self, Context, Data};
use crate::memory::Memory;
use crate::observer::Observer;
use crate::sources::parquet::guard::is_decoding;
use crate::spelling;
use anyhow::Context as _;
use args::{Cli, Command, Global, LogFormat, OutputFormat};
use clap::{CommandFactory, Parser};
use progress::Progress;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// The exit code after Ctrl-C or SIGTERM, as shells have it.
const INTERRUPTED: i32 = 130;

/// What every command works with.
struct Session {
    /// What applies to every command.
    global: Global,
    /// What the command has not finished yet.
    unfinished: Unfinished,
}

impl Session {
    /// Reads the configuration through all its layers.
    fn resolve(&self) -> crate::Result<config::Resolved> {
        config::load(self.global.config.as_deref(), &self.global.sets, config::environment())
    }

    /// The resolved settings alone.
    fn settings(&self) -> crate::Result<Settings> {
        Ok(self.resolve()?.settings)
    }

    /// The settings of a run on these data: one on a prepared table needs less.
    fn settings_for(&self, data: &Data) -> crate::Result<Settings> {
        match data {
            Data::Signals => self.settings(),
            Data::Table(_) | Data::Batches(_) => {
                let (file, sets) = (self.global.config.as_deref(), &self.global.sets);
                Ok(config::load_for_table(file, sets, config::environment())?.settings)
            }
        }
    }

    /// Runs a job with what this process knows of the world: its clock, its user, its terminal.
    fn job<T>(&self, settings: &Settings, job: impl FnOnce(&Context<'_>) -> crate::Result<T>) -> crate::Result<T> {
        self.job_heard_by(&self.progress(), settings, job)
    }

    /// The same, heard by another observer.
    fn job_heard_by<T>(
        &self,
        observer: &dyn Observer,
        settings: &Settings,
        job: impl FnOnce(&Context<'_>) -> crate::Result<T>,
    ) -> crate::Result<T> {
        job(&self.context(settings, observer))
    }

    fn context<'a>(&self, settings: &'a Settings, observer: &'a dyn Observer) -> Context<'a> {
        Context {
            settings,
            now: jiff::Timestamp::now(),
            user: user(),
            // Those of the process, which are as many as were asked for.
            threads: None,
            memory: self.memory(),
            addresses: Addresses::from_environment(settings, &|name| std::env::var(name).ok()),
            unfinished: self.unfinished.clone(),
            observer,
        }
    }

    /// What the process may hold; what does not fit goes into the folder that `TMPDIR` names.
    fn memory(&self) -> Memory {
        let memory = self.global.memory_limit.map_or_else(Memory::unlimited, Memory::of_process);
        match std::env::var_os("TMPDIR") {
            Some(folder) if !folder.is_empty() => memory.with_scratch_folder(PathBuf::from(folder)),
            _ => memory,
        }
    }

    /// Progress bars, if a person is watching.
    fn progress(&self) -> Progress {
        Progress::new(!self.global.quiet && self.global.log_format == LogFormat::Text)
    }

    /// Fails if `--out` would replace what a run with these settings reads or keeps, or what is no plain file.
    fn check_out(&self, settings: &Settings, data: &Data, out: &Path, force: bool) -> crate::Result<()> {
        let guard = |name: &str, path: &Path| Guarded { name: name.to_owned(), path: path.to_owned() };
        let config = self.global.config.as_deref().unwrap_or(Path::new(config::DEFAULT_FILE));
        let mut guarded = vec![
            guard("the configuration file", config),
            guard("the model registry", &settings.paths.models),
            guard("the folder of the lists", &settings.paths.lists),
            guard("the folder of the monitoring", &settings.paths.monitor),
        ];

        guarded.extend(settings.customers.iter().map(|table| guard("the customers table", &table.path)));
        let signals = settings.signals.iter();
        guarded.extend(signals.map(|(name, signal)| guard(&format!("the table of signal `{name}`"), &signal.path)));
        guarded.extend(settings.churn.path.iter().map(|path| guard("the table of cancellations", path)));
        let deliveries = settings.deliveries.iter();
        guarded.extend(deliveries.filter_map(|(name, delivery)| {
            delivery.path.as_ref().map(|path| guard(&format!("the folder of delivery `{name}`"), path))
        }));
        if let Data::Table(path) = data {
            guarded.push(guard("the prepared table", path));
        }
        files::check_target(out, &guarded, force)
    }

    /// Whether standard output is for machines.
    fn json(&self) -> bool {
        self.global.format == OutputFormat::Json
    }

    /// Writes what a command is for to standard output: as JSON for machines, or as `text` says it for people.
    fn result<T: serde::Serialize>(&self, result: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        if self.json() {
            self.print_json(result)
        } else {
            self.print(&text(result))
        }
    }

    /// Writes to standard output, nothing of which a terminal obeys. A reader that has gone away is no error.
    fn print(&self, text: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        let text = spelling::harmless(text);
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(e) => Err(Error::writing(Path::new("standard output"), &e).into()),
            Ok(()) => Ok(()),
        }
    }

    /// Writes JSON to standard output.
    fn print_json(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(value).context("cannot write JSON")?;
        self.print(&(text + "\n"))
    }

    /// As [`Session::result`], of something that is done by now: a list that is published stays so where nobody can be
    /// told.
    fn done<T: serde::Serialize>(&self, result: &T, text: impl FnOnce(&T) -> String) {
        if let Err(error) = self.result(result, text) {
            tracing::warn!("{error:#}. The command itself has succeeded; only what it says of it is lost");
        }
    }
}

/// The operating system's user, as far as the environment tells.
fn user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
}

/// Where the rows of a command come from.
fn data(features: Option<PathBuf>) -> Data {
    features.map_or(Data::Signals, Data::Table)
}

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(args::with_settings_last(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => return said_by_clap(&error),
    };

    let log_format = cli.global.log_format;
    start_logging(&cli.global);
    report_no_damaged_files();

    // Told to end (Ctrl-C, or SIGTERM from a scheduler), the program leaves nothing half-written behind. Without a
    // handler the next run clears up instead.
    let unfinished = Unfinished::default();
    let left = unfinished.clone();
    let told_to_end = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&told_to_end);
    let _ = ctrlc::set_handler(move || {
        heard.store(true, Ordering::SeqCst);
        left.remove();
        std::process::exit(INTERRUPTED);
    });

    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| run(cli, unfinished)));
    let error = match outcome {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => error,
        Err(_) => anyhow::Error::new(Error::bug()),
    };
    // A run that is told to end is bereft of the folders that it writes into: that it failed is no news then.
    while told_to_end.load(Ordering::SeqCst) {
        std::thread::park();
    }

    let code = error.downcast_ref::<Error>().map_or(1, Error::exit_code);
    let message = match error.downcast_ref::<Error>() {
        Some(expected) => expected.to_string(),
        None => format!("{error:#}"),
    };

    let line = match log_format {
        LogFormat::Text => format!("error: {message}\n"),
        LogFormat::Json => {
            let line = serde_json::json!({"level": "ERROR", "exit_code": code, "message": message});
            format!("{line}\n")
        }
    };

    // Nothing can be done if standard error is gone too.
    let _ = std::io::stderr().write_all(spelling::harmless(&line).as_bytes());
    ExitCode::from(code)
}

/// The exit code after help or the version, which are what was asked for, or after a mistake in the command line.
fn said_by_clap(error: &clap::Error) -> ExitCode {
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    match printed {
        _ if error.use_stderr() => ExitCode::from(2),
        Err(full) if full.kind() != std::io::ErrorKind::BrokenPipe => {
            let error = Error::writing(Path::new("standard output"), &full);
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Keeps a panic of the decoder, which says that a file is damaged, from being printed as if it were a bug.
fn report_no_damaged_files() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_decoding() {
            report(panic);
        }
    }));
}

fn start_logging(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => tracing::Level::ERROR,
        (_, 0) => tracing::Level::WARN,
        (_, 1) => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    // A second subscriber in one process (tests do that) is refused; the first one stays.
    let _ = match global.log_format {
        LogFormat::Text => builder.without_time().compact().try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

fn run(cli: Cli, unfinished: Unfinished) -> anyhow::Result<()> {
    if let Some(threads) = cli.global.threads {
        // Fails only if the pool exists already, and then it has its size.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global();
    }

    let session = Session { global: cli.global, unfinished };

    match cli.command {
        Command::Demo { dir, customers, seed, story, weeks } if story => {
            story::run(&session, &story::Request { dir: &dir, customers, seed, weeks })
        }
        Command::Demo { dir, customers, seed, .. } => demo::run(&session, &dir, customers, seed),
        Command::Init { dir, from } => init::run(&session, &dir, from.as_deref()),
        Command::Simulate(request) => simulate::run(&session, request),
        Command::Check { as_of } => check::run(&session, as_of),
        Command::Features { as_of, out, labels, force } => {
            features::run(&session, &jobs::features::Request { as_of, out, labels }, force)
        }
        Command::Train { features, as_of, promote, explain_choice } => {
            train::run(&session, &jobs::train::Request { data: data(features), as_of, promote }, explain_choice)
        }
        Command::Backtest { features, as_of, origins, purge_customers, no_curves, out, force } => {
            let request = jobs::backtest::Request {
                data: data(features),
                as_of,
                origins: usize::from(origins),
                purge_customers,
                learning_curves: !no_curves,
            };
            backtest::run(&session, &request, out.as_deref(), force)
        }
        Command::Score { as_of, features, model } => {
            score::run(&session, &jobs::score::Request { data: data(features), as_of, model })
        }
        Command::Report { as_of } => report::run(&session, &jobs::report::Request { as_of }),
        Command::Deliver { as_of, to, again } => deliver::run(&session, &jobs::deliver::Request { as_of, to, again }),
        Command::Explain { customer, as_of, features, model } => {
            explain::run(&session, &jobs::explain::Request { customer, data: data(features), as_of, model })
        }
        Command::Monitor { as_of } => monitor::run(&session, &jobs::monitor::Request { as_of }),
        Command::Models { action } => models::run(&session, action),
        Command::Config { action: args::Config::Show } => {
            let resolved = session.resolve()?;
            if session.json() {
                session.print(&(resolved.to_json()? + "\n"))
            } else {
                session.print(&resolved.to_toml())
            }
        }
        Command::Exchange { action } => exchange::run(&session, action),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "churn", &mut script);
            session.print(&String::from_utf8_lossy(&script))
        }
    }
}
