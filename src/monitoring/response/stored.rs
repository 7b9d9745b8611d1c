//! `response.json` in the folder of the monitoring: what is known of the response, from which a list may be ranked.

use super::found::Response;
use super::model::ResponseModel;
use super::words;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::Path;

/// The name of the file.
pub const FILE: &str = "response.json";
/// Another number tells that it says something else.
const FORMAT: u32 = 1;

/// The file.
#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    program: String,
    #[serde(flatten)]
    response: Response,
}

impl Response {
    /// The text of the file.
    ///
    /// # Errors
    /// [`Error::Internal`] for a number that cannot be written.
    pub fn to_json(&self, program: String) -> Result<String> {
        let stored = Stored { format: FORMAT, program, response: self.clone() };
        let text = serde_json::to_string_pretty(&stored).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(text + "\n")
    }

    /// Reads the response model that a monitoring has left in its folder.
    ///
    /// # Errors
    /// [`Error::Config`] if there is none, because nothing is known or no response has been shown; [`Error::Model`] for
    /// a file that is damaged or of another version; [`Error::Temporary`] for one that cannot be read.
    pub fn read_shown(folder: &Path) -> Result<ResponseModel> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::Config(format!(
                "list.rank_by is \"expected_saving\", and nothing is known of how customers respond to outreach: there \
                 is no {}. Run `churn monitor` once lists with a control group have matured, and rank by probability \
                 until then",
                path.display()
            )),
            ErrorKind::InvalidData => unusable(&path, "it is no text"),
            _ => Error::Temporary(format!("{}: {error}", path.display())),
        })?;

        let format = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|value| value["format"].as_u64());
        if let Some(format) = format.filter(|&format| format != u64::from(FORMAT)) {
            return Err(unusable(&path, &format!("its format is {format}, and this program reads {FORMAT}")));
        }
        let stored: Stored = serde_json::from_str(&text).map_err(|error| unusable(&path, &error.to_string()))?;
        let mut response = stored.response;
        let Some(model) = response.model.take() else {
            return Err(Error::Config(format!(
                "list.rank_by is \"expected_saving\", and {} does not know who responds to outreach. {}. Rank by \
                 probability or expected_loss until then",
                path.display(),
                words::of_refusal(&response).join(". "),
            )));
        };
        match model.flaw() {
            Some(flaw) => Err(unusable(&path, flaw)),
            None => Ok(model),
        }
    }
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::Model(format!(
        "the response model {} cannot be used: {why}. Run `churn monitor` to make it again, or rank by probability \
         (list.rank_by)",
        path.display()
    ))
}
