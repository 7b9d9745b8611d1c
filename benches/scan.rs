//! The scan and the features of all as-of dates, and their floor: decoding the same columns of the same row groups
//! with the `parquet` crate and rayon, and nothing else. Both in turn, so that one is a multiple of the other.

use anyhow::{Context, Result};
use churn_risk::calendar::{Day, MICROS};
use churn_risk::config;
use churn_risk::dataset::{self, RowsPlan, ScanDays, Tables};
use churn_risk::memory::Memory;
use churn_risk::observer::Silent;
use churn_risk::sources::{self, parquet::OpenFile};
use clap::Parser;
use parquet::file::statistics::Statistics;
use rayon::prelude::*;
use std::hint::black_box;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Rows decoded at a time: the fastest of 4,096 to 65,536.
const BATCH_ROWS: usize = 16_384;

#[derive(Parser)]
struct Arguments {
    /// The configuration.
    #[arg(long)]
    config: PathBuf,
    /// An as-of date (repeatable).
    #[arg(long, required = true)]
    as_of: Vec<Day>,
    /// How often.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Cargo says so when it runs this.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A row group to decode.
struct Task<'a> {
    file: &'a OpenFile,
    group: usize,
    columns: Vec<&'a str>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let settings = config::load(Some(&arguments.config), &[], config::environment())?.settings;
    let plan = RowsPlan::from_settings(&settings);
    let tables = Tables::open(&plan, &Memory::unlimited(), &Silent)?;
    let today = tables.zone.day_of(jiff::Timestamp::now().as_microsecond());
    let newest = tables.sources.newest(&settings.signals, tables.zone.midnight(today.plus(1)), &tables.zone)?;
    let end = sources::data_end(&newest, &tables.zone).context("the signals are empty")?;
    let ScanDays { first, end: last } = plan.days(&arguments.as_of, false);
    let bounds = (tables.zone.midnight(first), tables.zone.midnight(last));
    let mut tasks = Vec::new();
    for (signal, table) in settings.signals.values().zip(&tables.sources.signals) {
        let mut columns = vec![signal.id.as_str(), signal.time.as_str()];
        columns.extend([&signal.value, &signal.category, &signal.instrument].into_iter().filter_map(|c| c.as_deref()));
        for file in &table.files {
            for group in 0..file.metadata.metadata().num_row_groups() {
                if time_range(file, group, &signal.time)?.is_none_or(|(min, max)| max >= bounds.0 && min < bounds.1) {
                    tasks.push(Task { file, group, columns: columns.clone() });
                }
            }
        }
    }
    let (mut floor, mut features, mut rows, mut feature_rows) = (Vec::new(), Vec::new(), 0, 0);
    let (mut floor_cpu, mut features_cpu) = (Vec::new(), Vec::new());
    for _ in 0..arguments.runs {
        let (started, cpu) = (Instant::now(), cpu_seconds());
        rows = tasks.par_iter().with_max_len(1).map(decode).sum::<Result<usize>>()?;
        floor.push(started.elapsed().as_secs_f64());
        floor_cpu.push(cpu_seconds() - cpu);
        let (started, cpu) = (Instant::now(), cpu_seconds());
        let data = dataset::build(&plan, &tables, &arguments.as_of, Some(end), &Silent)?;
        features.push(started.elapsed().as_secs_f64());
        features_cpu.push(cpu_seconds() - cpu);
        feature_rows = data.rows();
    }
    let result = serde_json::json!({
        "rows": rows,
        "row_groups": tasks.len(),
        "feature_rows": feature_rows,
        "floor_seconds": floor,
        "features_seconds": features,
        "floor_cpu_seconds": floor_cpu,
        "features_cpu_seconds": features_cpu,
    });
    writeln!(std::io::stdout(), "{result}")?;
    Ok(())
}

/// Processor time of this process so far, in user and system mode: the figure to trust on a shared machine. 0 where the
/// system does not tell.
fn cpu_seconds() -> f64 {
    /// Ticks a second in `/proc`, on every Linux.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name in brackets; fields 14 and 15 of all, counted from 1.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}

fn decode(task: &Task<'_>) -> Result<usize> {
    let mut rows = 0;
    for batch in task.file.read(&task.columns, Some(vec![task.group]), BATCH_ROWS)? {
        rows += black_box(batch?).num_rows();
    }
    Ok(rows)
}

/// The first and last instant of a row group, if its statistics tell: microseconds, as `churn simulate` writes them.
fn time_range(file: &OpenFile, group: usize, column: &str) -> Result<Option<(i64, i64)>> {
    let chunks = file.metadata.metadata().row_group(group).columns();
    let chunk = chunks.iter().find(|chunk| chunk.column_path().string() == column).context("no time column")?;
    let Some(Statistics::Int64(statistics)) = chunk.statistics() else { return Ok(None) };
    let range = statistics.min_opt().copied().zip(statistics.max_opt().copied());
    // Instants of this century in any other unit would be outside these years.
    anyhow::ensure!(
        range.is_none_or(|(min, _)| (946_684_800..4_102_444_800).contains(&(min / MICROS))),
        "{}: the times of {column} are not in microseconds",
        file.file.path.display()
    );
    Ok(range)
}
