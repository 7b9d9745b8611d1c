//! The logistic fit alone, without standard errors, on a matrix from a file, for the comparison with scikit-learn.
//!
//! `benches/peers/fit_sklearn.py` writes the file: rows and columns (u64), the values (f32, column after column), the
//! labels (u8), all little-endian. Reading it is not timed.

use anyhow::{ensure, Context, Result};
use churn_risk::memory::Arena;
use churn_risk::model::design::{Design, DesignBlock, DesignRows};
use churn_risk::model::linear::{self, LogisticParams};
use churn_risk::weights::RowWeights;
use clap::Parser;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Rows of a block, as many as a partition of the customers has on three as-of dates.
const BLOCK_ROWS: usize = 4096;

#[derive(Parser)]
struct Arguments {
    /// The file.
    #[arg(long)]
    matrix: PathBuf,
    /// The penalty per row.
    #[arg(long)]
    alpha: f64,
    /// Cargo says so when it runs this.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let design = read(&arguments.matrix)?;
    let started = Instant::now();
    let fit = linear::fit(&design, &LogisticParams::new(arguments.alpha).coefficients_only())?;
    let seconds = started.elapsed().as_secs_f64();
    let result = serde_json::json!({
        "seconds": seconds,
        "iterations": fit.report.iterations,
        "gradient_norm": fit.report.gradient_norm,
        "converged": fit.report.converged,
        "intercept": fit.intercept,
        "coefficients": fit.coefficients,
    });
    writeln!(std::io::stdout(), "{result}")?;
    Ok(())
}

fn read(path: &Path) -> Result<Design> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (head, rest) = bytes.split_at_checked(16).context("the file has no head")?;
    let number = |at: usize| -> Result<usize> { Ok(u64::from_le_bytes(head[at..at + 8].try_into()?).try_into()?) };
    let (rows, columns) = (number(0)?, number(8)?);
    ensure!(rest.len() == rows * (4 * columns + 1), "the file has {} bytes behind its head", rest.len());
    let (values, labels) = rest.split_at(4 * rows * columns);
    let value = |row: usize, column: usize| {
        let at = 4 * (column * rows + row);
        f32::from_le_bytes([values[at], values[at + 1], values[at + 2], values[at + 3]])
    };
    let blocks = (0..rows)
        .step_by(BLOCK_ROWS)
        .map(|first| {
            let range = first..(first + BLOCK_ROWS).min(rows);
            let places = (0..columns).flat_map(|column| range.clone().map(move |row| (row, column)));
            let x: Vec<f32> = places.map(|(row, column)| value(row, column)).collect();
            let customer = range.clone().map(|row| row as u32).collect();
            let of_rows = DesignRows {
                y: labels[range.clone()].to_vec(),
                fold: vec![0; range.len()],
                weights: RowWeights::unit(),
                customer,
            };
            Ok(DesignBlock::new(&x, of_rows, (range.start / BLOCK_ROWS) as u32, &Arena::unlimited())?)
        })
        .collect::<Result<_>>()?;
    Ok(Design { names: (0..columns).map(|column| format!("x{column}")).collect(), blocks })
}
