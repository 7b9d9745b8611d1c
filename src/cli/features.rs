//! `churn features`

use super::{render, Session};
use crate::jobs::features;
use crate::jobs::features::Request;
use crate::jobs::Data;

pub fn run(session: &Session, request: &Request, force: bool) -> anyhow::Result<()> {
    let settings = session.settings()?;
    session.check_out(&settings, &Data::Signals, &request.out, force)?;
    let written = session.job(&settings, |context| features::run(context, request))?;
    session.done(&written, render::features::written);
    Ok(())
}
