//! `churn check`

use super::{render, Session};
use crate::calendar::Day;
use crate::jobs::check;
use crate::language::{Language, Texts};

pub fn run(session: &Session, as_of: Option<Day>) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let checked = session.job(&settings, |context| check::run(context, as_of))?;
    let texts = Texts::shared(Language::En)?;
    session.result(&checked, |checked| render::check::checked(checked, &texts))
}
