//! The command line as written.

// The comments are the help as people read it, where brackets hold a section of the configuration and no link.
#![allow(rustdoc::broken_intra_doc_links)]

use crate::calendar::Day;
use crate::exchange::LeftOut;
use crate::jobs::train::Promote;
use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
   0  done
   1  internal error
   2  usage or configuration
   3  data contract broken
   4  data stale
   5  too little data
   6  drift gate blocked
   7  another run holds the lock
   8  model missing or incompatible
  75  temporary I/O, retry
 130  interrupted; nothing half-written is left

Try it:               churn demo
On your own data:     churn init --from DATA_DIR
                      churn check
                      churn train
                      churn score --as-of DATE
                      churn monitor
On a feature table:   churn train --features FILE
                      churn score --features FILE";

/// Ranked at-risk customer lists with reasons, from engagement signals in Parquet.
#[derive(Debug, Parser)]
#[command(name = "churn", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// What applies to every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The configuration file [default: churn.toml]
    #[arg(long, global = true, value_name = "FILE", env = "CHURN_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Override one setting, for example --set list.capacity=100 (repeatable)
    #[arg(long = "set", global = true, value_name = "KEY.PATH=VALUE")]
    pub sets: Vec<String>,
    /// Threads to use [default: all cores]
    #[arg(long, global = true, value_name = "N", env = "CHURN_THREADS", hide_env_values = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory to use at most, for example 2GiB; what does not fit is written to an unnamed file in TMPDIR [default: no
    /// limit]
    #[arg(long, global = true, value_name = "SIZE", env = "CHURN_MEMORY_LIMIT", hide_env_values = true, value_parser = crate::memory::parse_size)]
    pub memory_limit: Option<u64>,
    /// How messages on standard error are written
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "CHURN_LOG_FORMAT",
        hide_env_values = true,
        default_value = "text"
    )]
    pub log_format: LogFormat,
    /// What standard output gets
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub format: OutputFormat,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more (repeatable)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// How messages on standard error are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What standard output gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A summary for people.
    Text,
    /// JSON for machines.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a population in a new directory, train, score, and show the top of the list
    Demo {
        /// Where; created if need be
        #[arg(default_value = "churn-demo")]
        dir: PathBuf,
        /// Customers to simulate [default: 20000, or 8000 with --story]
        #[arg(long)]
        customers: Option<u32>,
        /// Seed of the simulation
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// Tell a year: a list each week, customers who answer the calls, a new model when the monitoring advises it,
        /// and at the end whether the lists were right and the calls helped
        #[arg(long)]
        story: bool,
        /// How many weeks the story has
        #[arg(long, default_value_t = 52, requires = "story", value_parser = clap::value_parser!(u16).range(1..=156))]
        weeks: u16,
    },
    /// Write a commented churn.toml
    Init {
        /// Where to write it
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// Infer the tables and signals from the Parquet files below this directory
        #[arg(long, value_name = "DATA_DIR")]
        from: Option<PathBuf>,
    },
    /// Write a seeded population with known churn drivers as Parquet, or go on with one that answers outreach
    Simulate(Simulate),
    /// Check the data contract, freshness, volume and history; train nothing
    Check {
        /// The date to check for [default: the day after the newest row]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Day>,
    },
    /// Write the feature table
    Features {
        /// One row per eligible customer on each of these dates (repeatable)
        #[arg(long, value_name = "DATE", required = true)]
        as_of: Vec<Day>,
        /// The Parquet file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Rows as for training, with the label where it has matured
        #[arg(long)]
        labels: bool,
        /// Write to FILE also where it is a link, or a file that a setting names
        #[arg(long)]
        force: bool,
    },
    /// Train a challenger, evaluate it on later snapshots, register it, promote it by rule
    Train {
        /// Train from a prepared feature table: a Parquet file, directory or glob, as [table] describes it
        #[arg(long, value_name = "FILE")]
        features: Option<PathBuf>,
        /// Use only what was known on this date [default: the day after the newest row]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Day>,
        /// Whether the challenger becomes champion: `auto` if it is known to rank held-out rows better than days since
        /// the last activity do, and is better than the champion, or fresher and not worse
        #[arg(long, value_name = "RULE", default_value = "auto")]
        promote: Promote,
        /// Tell what each step of the search tried, kept and dropped, with the log-loss and its standard error
        #[arg(long)]
        explain_choice: bool,
    },
    /// Repeat the training at earlier dates with what was known then, and judge it on what came next
    Backtest {
        /// Train on this prepared table (a file, a directory or a glob) instead of signals; see [table]
        #[arg(long, value_name = "FILE")]
        features: Option<PathBuf>,
        /// Use only what was known on this date [default: the day after the newest row]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Day>,
        /// At most so many origins, the newest as-of dates that have earlier ones to learn from
        #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..))]
        origins: u16,
        /// Judge each row by a model that has not seen its customer (five times the work)
        #[arg(long)]
        purge_customers: bool,
        /// Leave out the learning curves (how much history, how many customers are enough)
        #[arg(long)]
        no_curves: bool,
        /// Write the result to this file as JSON
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Write to FILE also where it is a link, or a file that a setting names
        #[arg(long, requires = "out")]
        force: bool,
    },
    /// The nightly job: check, features, score, reasons, rank, publish, deliver
    Score {
        /// The date of the list; rows dated on it or later are not seen [with --features, default: the table's newest
        /// as-of date, or today if it has none]
        #[arg(long, value_name = "DATE", required_unless_present = "features")]
        as_of: Option<Day>,
        /// Score a prepared feature table: a Parquet file, directory or glob, as [table] describes it
        #[arg(long, value_name = "FILE")]
        features: Option<PathBuf>,
        /// A version other than the champion
        #[arg(long, value_name = "VERSION")]
        model: Option<String>,
    },
    /// Make the report of a published run again, from its files alone
    Report {
        /// The date of the run [default: the newest]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Day>,
    },
    /// Deliver a published list again, from its files alone, as [deliveries.NAME] says
    Deliver {
        /// The date of the list [default: the newest]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Day>,
        /// This delivery alone [default: all of them]
        #[arg(long, value_name = "NAME")]
        to: Option<String>,
        /// Post messages also where the same list was posted before, or a later one
        #[arg(long)]
        again: bool,
    },
    /// One customer: contributions, raw values, history of risk, what changed
    Explain {
        /// The customer's id, which may begin with a hyphen; write one that is spelt like an option behind `--`
        #[arg(allow_hyphen_values = true)]
        customer: String,
        /// The date to explain the risk on; rows dated on it or later are not seen [with --features, default: the
        /// table's newest as-of date, or today if it has none]
        #[arg(long, value_name = "DATE", required_unless_present = "features")]
        as_of: Option<Day>,
        /// Explain a customer of a prepared feature table: a Parquet file, directory or glob, as [table] describes it
        #[arg(long, value_name = "FILE")]
        features: Option<PathBuf>,
        /// A version other than the champion
        #[arg(long, value_name = "VERSION")]
        model: Option<String>,
    },
    /// Judge earlier lists by what has become of the customers, and measure whether outreach helps
    Monitor {
        /// Use only what was known on this date [default: the day after the newest row]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Day>,
    },
    /// The registry of models
    Models {
        /// What to do
        #[command(subcommand)]
        action: Models,
    },
    /// The configuration
    Config {
        /// What to do
        #[command(subcommand)]
        action: Config,
    },
    /// Write a completion script for a shell to standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The kernels of an engine on many machines
    #[command(hide = true)]
    Exchange {
        /// What to do
        #[command(subcommand)]
        action: Exchange,
    },
}

/// What a task of an engine on many machines, or what drives it, can ask for.
#[derive(Debug, Subcommand)]
pub enum Exchange {
    /// Print the plan of a feature table, or of a list, and the tables that it is made of
    Plan {
        /// One row per eligible customer on each of these dates (repeatable)
        #[arg(long, value_name = "DATE", required = true)]
        as_of: Vec<Day>,
        /// How many buckets the customers are split into, a power of two
        #[arg(long, default_value_t = crate::exchange::BUCKETS)]
        buckets: u32,
        /// What a reducing task may take for the rows of a bucket
        #[arg(long, value_name = "SIZE", value_parser = crate::memory::parse_size)]
        reduce_memory: Option<u64>,
        /// The rows are for a list
        #[arg(long)]
        list: bool,
        /// The rows are as for training, with their labels
        #[arg(long, conflicts_with = "list")]
        labels: bool,
        /// Of a list, a version of the model other than the champion
        #[arg(long, value_name = "VERSION", requires = "list")]
        model: Option<String>,
    },
    /// Pack the rows of a table, a stream on standard input, into pieces on standard output
    Pack {
        /// The file of the plan
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// The table, as `signals.logins`
        #[arg(long, value_name = "SECTION")]
        table: String,
        /// Report rows that are left out, counts in JSON, of which those on standard input are examples
        #[arg(long, value_name = "JSON", value_parser = left_out)]
        left_out: Option<LeftOut>,
        /// Write the pieces to a new file in this folder, and their places to standard output
        #[arg(long, value_name = "DIR", conflicts_with = "left_out")]
        into: Option<PathBuf>,
    },
    /// Open some tables, and print what is needed of their files, divided among tasks
    Divide {
        /// The file of the plan
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// A table, as `signals.logins` (repeatable)
        #[arg(long, value_name = "SECTION", required = true)]
        table: Vec<String>,
        /// How many tasks there are to be, unless they have too much or too little to do
        #[arg(long)]
        tasks: usize,
    },
    /// Read and pack shares of files, a stream on standard input, into pieces on standard output
    Scan {
        /// The file of the plan
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// Write the pieces to new files in this folder, and their places to standard output
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
    /// Settle the plan by the reports of all packing tasks, lines on standard input
    Settle {
        /// The file of the plan
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
    },
    /// Turn pieces, a stream on standard input, into rows of the feature table on standard output
    Reduce {
        /// The file of the settled plan
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// Write the rows to a new file in this folder, and reports to standard output; of a list their places too
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
    /// Add up the reports of all buckets, lines on standard input, and check that nothing was lost
    Conclude {
        /// The file of the settled plan
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
    },
    /// Print the settled plan of a list with the customers whose rows it asks for once more
    Rank {
        /// The file of the settled plan
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// The file of what was reduced, with the pieces of the customers and of the cancellations
        #[arg(long, value_name = "FILE")]
        rows: PathBuf,
        /// A version of the model other than the champion
        #[arg(long, value_name = "VERSION")]
        model: Option<String>,
    },
    /// Pick the rows of these customers, from pieces or from the customers table: a stream on standard input
    Pick {
        /// The file of the plan that names them
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// The rows are those of the customers table
        #[arg(long)]
        customers: bool,
    },
    /// Publish the list
    Publish {
        /// The file of the plan that names the listed
        #[arg(long, value_name = "FILE")]
        plan: PathBuf,
        /// The file of what was reduced, with the pieces of the customers and of the cancellations
        #[arg(long, value_name = "FILE")]
        rows: PathBuf,
        /// The file of the picked rows of the customers table
        #[arg(long, value_name = "FILE")]
        customers: Option<PathBuf>,
        /// The file of the picked rows of signals
        #[arg(long, value_name = "FILE")]
        signals: Option<PathBuf>,
        /// A version of the model other than the champion
        #[arg(long, value_name = "VERSION")]
        model: Option<String>,
        /// The engine and its version
        #[arg(long, value_name = "NAME")]
        engine: String,
        /// How many tasks have reduced
        #[arg(long)]
        partitions: u32,
    },
    /// Print which columns of a prepared table a list is made of, given a stream with its columns on standard input
    TableColumns {
        /// A version of the model other than the champion
        #[arg(long, value_name = "VERSION")]
        model: Option<String>,
    },
    /// Print of rows with ids and as-of dates, a stream on standard input, whether a list is made of them
    TableDates {
        /// The date of the list [default: the newest]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Day>,
    },
    /// Publish the list of a prepared table
    PublishTable {
        /// A file of its rows (repeatable)
        #[arg(long, value_name = "FILE", required = true)]
        rows: Vec<PathBuf>,
        /// The date of the list [default: the newest]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Day>,
        /// A version of the model other than the champion
        #[arg(long, value_name = "VERSION")]
        model: Option<String>,
        /// The engine and its version
        #[arg(long, value_name = "NAME")]
        engine: String,
    },
}

/// What to simulate.
#[derive(Debug, Args)]
pub struct Simulate {
    /// How many customers
    #[arg(long, default_value_t = 20_000)]
    pub customers: u32,
    /// Days of history, or with --continue days more [default: 540, or 0]
    #[arg(long)]
    pub days: Option<u32>,
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// An empty or new directory
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The day after the last one simulated
    #[arg(long, value_name = "DATE", default_value = "2026-06-01")]
    pub end: Day,
    /// Ids like C00000042 instead of integers
    #[arg(long)]
    pub string_ids: bool,
    /// Go on with the population that an earlier `churn simulate` has written into this directory, which stays as it is
    #[arg(long = "continue", value_name = "DIR", conflicts_with_all = ["customers", "seed", "end", "string_ids"])]
    pub population: Option<PathBuf>,
    /// The folder of published lists whose contact group is saved, a known share of those who would leave soon; what
    /// happened up to the week of the first list stays as it was
    #[arg(long, value_name = "DIR", requires = "population")]
    pub lists: Option<PathBuf>,
    /// The share of them who stay
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, requires = "lists")]
    pub save_rate: f64,
    /// Another share of those who would leave for a cause, such as surveys=0.9; can be given several times. Causes:
    /// logins, visits, mentions, surveys, several, sudden
    #[arg(long, value_name = "CAUSE=SHARE", requires = "lists", value_parser = cause_and_share)]
    pub save_rate_of: Vec<(String, f64)>,
    /// Who would leave within so many days after the date of the list
    #[arg(long, value_name = "DAYS", default_value_t = 37, requires = "lists")]
    pub within: u32,
}

fn left_out(text: &str) -> Result<LeftOut, serde_json::Error> {
    serde_json::from_str(text)
}

fn cause_and_share(text: &str) -> Result<(String, f64), String> {
    let (cause, share) = text.split_once('=').ok_or("write it as CAUSE=SHARE, for example surveys=0.9")?;
    let share = share.parse().map_err(|_| format!("`{share}` is no number"))?;
    Ok((cause.to_owned(), share))
}

impl ValueEnum for Promote {
    fn value_variants<'a>() -> &'a [Promote] {
        &[Promote::Auto, Promote::Always, Promote::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Promote::Auto => {
                PossibleValue::new("auto").help("Unless it is worse than the champion on the held-out rows")
            }
            Promote::Always => PossibleValue::new("always").help("In any case"),
            Promote::Never => PossibleValue::new("never").help("In no case"),
        })
    }
}

/// What can be done with the registry.
#[derive(Debug, Subcommand)]
pub enum Models {
    /// All versions, the champion marked
    List,
    /// One version: data, metrics, coefficients [default: the champion]
    Show {
        /// The version
        version: Option<String>,
        /// Draw the curve of this feature instead
        #[arg(long, value_name = "FEATURE")]
        curve: Option<String>,
    },
    /// Two versions: metrics on rows that neither has seen, effects that turned, and how the last list would change
    Compare {
        /// The version to compare with, for example the champion
        first: String,
        /// The version that might take its place
        second: String,
        /// The date of the list [default: the newest one published, or else the day after the newest row]
        #[arg(long, value_name = "DATE")]
        as_of: Option<Day>,
    },
    /// All promotions: when, by whom, why
    History,
    /// Make a version the champion
    Promote {
        /// The version
        version: String,
        /// Why, for the history
        #[arg(long, default_value = "promoted by hand")]
        reason: String,
    },
    /// Make the champion before the present one champion again
    Rollback,
    /// Write a version for other programs [default: the champion]
    Export {
        /// The version
        version: Option<String>,
        /// What to write
        #[arg(long, value_name = "FORMAT", default_value = "onnx")]
        to: ExportFormat,
        /// The file (onnx) or the new folder (mlflow) to write
        #[arg(long, value_name = "PATH")]
        out: PathBuf,
        /// Write to PATH also where it is a link, or a file that a setting names
        #[arg(long)]
        force: bool,
    },
}

/// What a model is exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One file that onnxruntime runs: raw features in, probability and log-odds out.
    Onnx,
    /// A folder that `mlflow.pyfunc.load_model` reads: the same file, its signature and what it needs.
    Mlflow,
}

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Every resolved value and the layer that set it
    Show,
}

/// The arguments with every `--set` behind the others: of settings on both sides of a command's name, clap would keep
/// those behind it and silently forget the rest.
pub fn with_settings_last(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let (mut others, mut settings) = (Vec::new(), Vec::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        if text == "--" {
            settings.push(argument);
            settings.extend(arguments);
            break;
        } else if text == "--set" {
            settings.push(argument);
            settings.extend(arguments.next());
        } else if text.starts_with("--set=") {
            settings.push(argument);
        } else {
            others.push(argument);
        }
    }

    others.extend(settings);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_on_both_sides_of_the_command_count() {
        let given = ["churn", "--set", "a=1", "-q", "score", "--set=b=2", "--as-of", "2026-06-01", "--set", "c=3"];
        let cli = Cli::try_parse_from(with_settings_last(given.map(OsString::from))).unwrap();
        assert_eq!(cli.global.sets, ["a=1", "b=2", "c=3"]);
        assert!(cli.global.quiet);
        let after = with_settings_last(["churn", "--set", "a=1", "explain", "--", "--set"].map(OsString::from));
        assert_eq!(after, ["churn", "explain", "--set", "a=1", "--", "--set"].map(OsString::from));
        assert_eq!(with_settings_last(["churn", "--set"].map(OsString::from)), ["churn", "--set"].map(OsString::from));
    }
}
