//! `churn init`

use super::Session;
use crate::config;
use crate::error::Error;
use crate::files;
use crate::sources::infer;
use std::path::Path;

pub fn run(session: &Session, dir: &Path, from: Option<&Path>) -> anyhow::Result<()> {
    let path = dir.join("churn.toml");
    if path.symlink_metadata().is_ok() {
        return Err(Error::Config(format!(
            "{} exists already and stays as it is; move it away, or name another directory",
            path.display()
        ))
        .into());
    }

    let text = match from {
        Some(data) => infer::infer(data, dir)?,
        None => config::DEFAULT_TOML.to_owned(),
    };

    files::create_folder(dir)?;
    files::write_atomically(&path, text.as_bytes())?;
    let next = match from {
        Some(_) => "Read it through: what was inferred is marked. Then run `churn check`.",
        None => "Name your tables in it, then run `churn check`.",
    };

    let json = serde_json::json!({ "written": path });
    session.done(&json, |_| format!("Wrote {}. {next}\n", path.display()));
    Ok(())
}
