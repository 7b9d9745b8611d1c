//! `churn check`

use super::{render, Session};
use crate::calendar::Day;
use crate::jobs::check;

pub fn run(session: &Session, as_of: Option<Day>) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let checked = session.job(&settings, |context| check::run(context, as_of))?;
    session.result(&checked, render::check::checked)
}
