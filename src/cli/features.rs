//! `churn features`

use super::{render, Session};
use crate::jobs::features;
use crate::jobs::features::Request;

pub fn run(session: &Session, request: &Request) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let written = session.job(&settings, |context| features::run(context, request))?;
    session.result(&written, render::features::written)
}
