//! `churn models compare`

use super::{render, Session};
use crate::jobs::compare;
use crate::jobs::compare::Request;
use crate::registry::Registry;

pub fn run(session: &Session, request: &Request) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let registry = Registry::at(&settings.paths.models);
    let comparison = session.job(&settings, |context| compare::run(context, &registry, request))?;
    session.result(&comparison, |found| render::comparison::compared(found, settings.list.capacity))
}
