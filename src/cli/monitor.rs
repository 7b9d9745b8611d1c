//! `churn monitor`

use super::{render, Session};
use crate::jobs::monitor::{self, Request};
use crate::registry::Registry;

pub fn run(session: &Session, request: &Request) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let registry = Registry::at(&settings.paths.models);
    let found = session.job(&settings, |context| monitor::run(context, &registry, request))?;
    session.done(&found, render::monitor::monitored);
    Ok(())
}
