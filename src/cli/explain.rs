//! `churn explain`

use super::{render, Session};
use crate::jobs::explain;
use crate::jobs::explain::Request;
use crate::registry::Registry;

pub fn run(session: &Session, request: &Request) -> anyhow::Result<()> {
    let settings = session.settings_for(&request.data)?;
    let registry = Registry::at(&settings.paths.models);
    let report = session.job(&settings, |context| explain::run(context, &registry, request))?;
    session.result(&report, render::explain::report)
}
