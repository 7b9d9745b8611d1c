//! `churn init`

use super::{render, Session};
use crate::config;
use crate::error::Error;
use crate::files;
use crate::infer::{self, Inferred};
use serde::Serialize;
use std::path::Path;

pub fn run(session: &Session, dir: &Path, from: Option<&Path>) -> anyhow::Result<()> {
    let path = dir.join("churn.toml");
    if path.exists() {
        return Err(Error::Config(format!(
            "{} exists already and stays as it is; move it away, or name another directory",
            path.display()
        ))
        .into());
    }

    let inferred = from.map(|data| infer::infer(data, dir)).transpose()?;
    let text = inferred.as_ref().map_or(config::DEFAULT_TOML, |inferred| &inferred.text);
    files::create_folder(dir)?;
    files::write_atomically(&path, text.as_bytes())?;

    let written = Written { written: &path, inferred: inferred.as_ref() };
    session.done(&written, |_| match &inferred {
        Some(inferred) => render::init::inferred(&path, inferred),
        None => format!("Wrote {}. Name your tables in it, then run `churn check`.\n", path.display()),
    });
    Ok(())
}

/// What was written, and from what.
#[derive(Serialize)]
struct Written<'a> {
    written: &'a Path,
    #[serde(flatten)]
    inferred: Option<&'a Inferred>,
}
