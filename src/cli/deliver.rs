//! `churn deliver`

use super::{render, Session};
use crate::jobs::deliver::{self, Request};

pub fn run(session: &Session, request: &Request) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let made = session.job(&settings, |context| deliver::run(context, request))?;
    session.done(&made, |made| render::deliver::delivered(&made.deliveries));
    made.failure().map_or(Ok(()), |error| Err(error.into()))
}
