//! What is known of the published runs: which model made them, and whom they named, for contact or for the control
//! group.

use crate::calendar::Day;
use crate::digest::sha256;
use crate::error::Result;
use crate::language::Language;
use crate::publish::manifest::DriftSummary;
use crate::publish::report::{Cells, Table};
use crate::publish::runs::Run;
use crate::ranking::{Group, Tier};
use crate::sources::Ids;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The reasons of a list that are kept.
pub const REASONS: usize = crate::published::REASONS as usize;

/// A published run, with what its manifest says.
#[derive(Clone, Debug)]
pub struct KnownRun {
    /// Its date and folder.
    pub run: Run,
    /// The model that made it.
    pub model_version: String,
    /// When it was published, UTC; empty if that is not known.
    pub published_at: String,
    /// The language of its texts.
    pub language: Language,
    /// The key of the draw of its control group.
    pub control_key: String,
    /// The share of its list that is left alone; none if a version wrote it that did not say so.
    pub control_fraction: Option<f64>,
    /// How its rows differ from those of its model's training, if that was measured.
    pub drift: Option<DriftSummary>,
    /// Digests of its scores and of its list: another digest is another run.
    pub digest: String,
}

#[derive(Deserialize)]
struct Manifest {
    model_version: String,
    #[serde(default)]
    published_at: String,
    #[serde(default)]
    language: Language,
    #[serde(default)]
    control_key: String,
    control_power: Option<ControlPower>,
    drift: Option<DriftSummary>,
    files: Vec<File>,
}

impl Manifest {
    /// The digest of a table: that of its file, or of those of its parts.
    fn digest_of(&self, table: &str) -> Option<String> {
        let is_of_it = |file: &&File| Path::new(&file.name).starts_with(table);
        let digests: Vec<&str> = self.files.iter().filter(is_of_it).map(|file| file.sha256.as_str()).collect();
        match digests[..] {
            [] => None,
            [of_all] => Some(of_all.to_owned()),
            _ => Some(sha256(&digests.join(" "))),
        }
    }
}

#[derive(Deserialize)]
struct ControlPower {
    control_fraction: f64,
}

#[derive(Deserialize)]
struct File {
    name: String,
    sha256: String,
}

impl KnownRun {
    /// Reads the manifest of a run.
    ///
    /// # Errors
    /// In words, when it cannot be read, or an older version wrote it.
    pub fn read(run: &Run) -> std::result::Result<KnownRun, String> {
        let path = run.folder.join("manifest.json");
        let told = |why: String| format!("{}: {why}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| told(error.to_string()))?;
        let manifest: Manifest = serde_json::from_str(&text).map_err(|error| told(error.to_string()))?;

        let scores = manifest.digest_of("scores.parquet");
        let scores = scores.ok_or_else(|| told("it names no scores.parquet".to_owned()))?;
        let list = manifest.digest_of("at_risk.parquet").unwrap_or_default();
        Ok(KnownRun {
            run: run.clone(),
            digest: format!("{scores} {list}"),
            drift: manifest.drift,
            model_version: manifest.model_version,
            published_at: manifest.published_at,
            language: manifest.language,
            control_key: manifest.control_key,
            control_fraction: manifest.control_power.map(|power| power.control_fraction),
        })
    }

    /// Its date.
    pub fn as_of(&self) -> Day {
        self.run.as_of
    }

    /// How many customers one of the control group stands for; none if it has none.
    pub fn control_weight(&self) -> Option<f64> {
        self.control_fraction.filter(|&fraction| fraction > 0.0).map(|fraction| 1.0 / fraction)
    }
}

/// A customer on a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Listed {
    /// The place in the customers table; none of a customer whom it does not have any more.
    pub customer: Option<u32>,
    /// The probability of churn.
    pub probability: f64,
    /// Whether to be contacted.
    pub group: Group,
    /// How high the risk is.
    pub tier: Tier,
    /// The reasons, as their places in [`Codes`].
    pub reasons: [Option<u16>; REASONS],
    /// Money a month at stake; NaN without.
    pub value: f64,
}

/// The reason codes of all lists.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    names: Vec<String>,
    places: BTreeMap<String, u16>,
}

impl Codes {
    /// The place of a code.
    pub fn place(&mut self, code: &str) -> u16 {
        if let Some(&place) = self.places.get(code) {
            return place;
        }
        // Far more codes than any catalogue has share the last place.
        let place = u16::try_from(self.names.len()).unwrap_or(u16::MAX);
        self.names.push(code.to_owned());
        self.places.insert(code.to_owned(), place);
        place
    }

    /// The code at a place.
    pub fn name(&self, place: u16) -> &str {
        self.names.get(usize::from(place)).map_or("", String::as_str)
    }
}

/// Reads whom a run named, in rank order: from its list, or from its scores where the list was not written as Parquet;
/// these have no reasons.
///
/// # Errors
/// [`Error::Contract`](crate::Error::Contract) for a file that cannot be read or lacks a column.
pub fn listed(run: &Run, ids: &Ids, codes: &mut Codes) -> Result<Vec<Listed>> {
    const COLUMNS: [&str; 9] = [
        "customer_id",
        "churn_probability",
        "group",
        "risk_tier",
        "value_at_risk",
        "reason_1_code",
        "reason_2_code",
        "reason_3_code",
        "reason_4_code",
    ];
    let path = if run.list().exists() { run.list() } else { run.scores() };
    let table = Table::read_columns(&path, &COLUMNS)?;
    let [id, probability, group, tier] =
        [COLUMNS[0], COLUMNS[1], COLUMNS[2], COLUMNS[3]].map(|name| table.column(name));
    let (id, probability, group, tier) = (id?, probability?, group?, tier?);
    let value = table.find(COLUMNS[4]);
    let reasons: [Option<Cells<'_>>; REASONS] = std::array::from_fn(|at| table.find(COLUMNS[5 + at]));

    let mut listed = Vec::new();
    for row in 0..table.rows() {
        let Some(group) = group.plain_text(row).and_then(Group::named) else { continue };
        listed.push(Listed {
            customer: id.customer(row, ids).map(|place| place as u32),
            probability: probability.number(row).unwrap_or(f64::NAN),
            group,
            tier: tier.plain_text(row).and_then(Tier::named).unwrap_or(Tier::Low),
            reasons: reasons.map(|cells| cells?.plain_text(row).map(|code| codes.place(code))),
            value: value.and_then(|value| value.number(row)).unwrap_or(f64::NAN),
        });
    }
    Ok(listed)
}
