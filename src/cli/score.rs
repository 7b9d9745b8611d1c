//! `churn score`

use super::{render, Session};
use crate::jobs::score;
use crate::jobs::score::Request;
use crate::registry::Registry;

pub fn run(session: &Session, request: &Request) -> anyhow::Result<()> {
    let settings = session.settings_for(&request.data)?;
    let registry = Registry::at(&settings.paths.models);
    let published = session.job(&settings, |context| score::run(context, &registry, request))?;
    session.done(&published, render::list::published);
    Ok(())
}
