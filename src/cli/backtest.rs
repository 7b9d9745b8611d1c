//! `churn backtest`

use super::{render, Session};
use crate::error::Error;
use crate::files;
use crate::jobs::backtest;
use crate::jobs::backtest::{Backtested, Request};
use std::path::Path;

pub fn run(session: &Session, request: &Request, out: Option<&Path>, force: bool) -> anyhow::Result<()> {
    let settings = session.settings_for(&request.data)?;
    if let Some(out) = out {
        session.check_out(&settings, &request.data, out, force)?;
    }
    let backtested = session.job(&settings, |context| backtest::run(context, request))?;
    let text = |found: &Backtested| render::backtest::backtested(&found.result, request.purge_customers);
    match out {
        None => session.result(&backtested, text),
        Some(out) => {
            write(out, &backtested)?;
            session.done(&backtested, text);
            Ok(())
        }
    }
}

fn write(out: &Path, backtested: &Backtested) -> crate::Result<()> {
    let text = serde_json::to_string_pretty(backtested).map_err(|e| Error::Internal(format!("backtest: {e}")))?;
    files::write_atomically(out, (text + "\n").as_bytes())
}
