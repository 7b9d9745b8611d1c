//! `churn report`

use super::Session;
use crate::jobs::report::{self, Request};

pub fn run(session: &Session, request: &Request) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let made = session.job(&settings, |context| report::run(context, request))?;
    session.done(&made, |made| format!("Wrote the report of {} to {}\n", made.as_of, made.path.display()));
    Ok(())
}
