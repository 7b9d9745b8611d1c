//! The `churn` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    churn_risk::cli::main()
}
