//! `churn deliver`

use super::{render, Session};
use crate::jobs::deliver::{self, Request};
use crate::language::Texts;

pub fn run(session: &Session, request: &Request) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let made = session.job(&settings, |context| deliver::run(context, request))?;
    let texts = Texts::shared(settings.list.language)?;
    session.done(&made, |made| render::deliver::delivered(&made.deliveries, &texts));
    made.failure().map_or(Ok(()), |error| Err(error.into()))
}
