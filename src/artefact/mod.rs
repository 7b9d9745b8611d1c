//! The artefact: everything that scoring needs, and everything that a doubt about the model asks for, as readable JSON.

mod fit;
mod pair;

pub use fit::FitRecord;
pub use pair::ModelPair;

use crate::calendar::Day;
use crate::config::{Churn, ChurnDefinition, Eligibility, Settings};
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Block, Dataset, Selection};
use crate::digest;
use crate::error::{Error, Result};
use crate::evaluation::Evaluation;
use crate::features::Catalogue;
use crate::model::additive::Additive;
use crate::model::calibration::ChosenCalibration;
use crate::model::design::columns::DesignColumns;
use crate::model::design::recipe::{NumericStep, Recipe, Role, Source, Term};
use crate::model::univariate::screening::Screening;
use crate::sources::{CustomerTable, Sources, Table};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The format of the file. A newer one than this is refused.
pub const FORMAT: u32 = 2;

/// What identifies the data a model was trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The first day that the labels know nothing about.
    pub labels_until: Option<Day>,
    /// Each source by name.
    pub sources: BTreeMap<String, InputDigest>,
}

/// One source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputDigest {
    /// Its files.
    pub files: usize,
    /// Their rows.
    pub rows: u64,
    /// Their size.
    pub bytes: u64,
    /// SHA-256 of every file's name, size and footer (sizes and statistics of every column chunk). Not of the pages:
    /// reading all of those again would take as long as the training.
    pub footers_sha256: String,
}

impl Inputs {
    /// Describes the opened sources.
    pub fn from_sources<'a>(
        sources: &Sources,
        signals: impl Iterator<Item = &'a String>,
        labels_until: Option<Day>,
    ) -> Inputs {
        let mut tables = vec![("customers".to_owned(), &sources.customers)];
        tables.extend(signals.cloned().zip(&sources.signals));
        tables.extend(sources.churn.iter().map(|table| ("churn".to_owned(), table)));
        let digest = |(name, table): (String, &Table)| (name, InputDigest::from_table(table));
        Inputs { labels_until, sources: tables.into_iter().map(digest).collect() }
    }

    /// Describes a prepared table.
    pub fn from_table(table: &Table) -> Inputs {
        Inputs { labels_until: None, sources: [("table".to_owned(), InputDigest::from_table(table))].into() }
    }
}

impl InputDigest {
    fn from_table(table: &Table) -> InputDigest {
        InputDigest {
            files: table.files.len(),
            rows: table.files.iter().map(|f| f.rows()).sum(),
            bytes: table.files.iter().map(|f| f.bytes).sum(),
            footers_sha256: table.footers_sha256(),
        }
    }
}

/// What the labels that a model learned from mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChurnMeaning {
    /// How churn is known.
    pub definition: ChurnDefinition,
    /// The signals whose silence is churn, for churn by inactivity.
    pub signals: Vec<String>,
    /// Days between the as-of date and the label window.
    pub gap_days: u32,
    /// Days of the label window.
    pub horizon_days: u32,
    /// The column of the labels, for a prepared table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl ChurnMeaning {
    /// What the settings say of a prepared table, whose labels are a column.
    pub fn for_table(settings: &Settings) -> ChurnMeaning {
        ChurnMeaning {
            definition: ChurnDefinition::Event,
            signals: Vec::new(),
            gap_days: settings.churn.gap_days,
            horizon_days: settings.churn.horizon_days,
            label: Some(settings.table.clone().unwrap_or_default().label),
        }
    }

    /// What the settings say of signals.
    pub fn for_signals(churn: &Churn) -> ChurnMeaning {
        let signals = match churn.definition {
            ChurnDefinition::Event => Vec::new(),
            ChurnDefinition::Inactivity => churn.signals.clone(),
        };
        ChurnMeaning {
            definition: churn.definition,
            signals,
            gap_days: churn.gap_days,
            horizon_days: churn.horizon_days,
            label: None,
        }
    }
}

impl std::fmt::Display for ChurnMeaning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(label) = &self.label {
            return write!(f, "column `{label}` of a prepared table");
        }
        match self.definition {
            ChurnDefinition::Event => write!(f, "a cancellation")?,
            ChurnDefinition::Inactivity => write!(f, "silence of {}", self.signals.join(", "))?,
        }
        write!(f, " within {} days after a gap of {}", self.horizon_days, self.gap_days)
    }
}

/// A trained model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artefact {
    /// The format of this file.
    pub format: u32,
    /// The program that wrote it.
    pub program: String,
    /// Its version in the registry.
    pub version: String,
    /// When it was trained, UTC.
    pub trained_at: String,
    /// What churn means.
    pub churn: ChurnMeaning,
    /// Which rows exist.
    pub eligibility: Eligibility,
    /// The feature windows.
    pub windows_days: Vec<u32>,
    /// The seed of the folds.
    pub seed: u64,
    /// Whether the published model was fitted on all snapshots after the evaluation.
    pub refit: bool,
    /// The as-of dates.
    pub snapshots: Snapshots,
    /// The raw features it expects.
    pub catalogue: Catalogue,
    /// How they were chosen from a table with more columns than one model takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screening: Option<Screening>,
    /// How they become columns.
    pub recipe: Recipe,
    /// The fit.
    #[serde(flatten)]
    pub fit: FitRecord,
    /// From log-odds to probabilities.
    pub calibration: ChosenCalibration,
    /// How good a model trained in the same way is on later, unseen rows.
    pub evaluation: Evaluation,
    /// The data.
    pub inputs: Inputs,
    /// SHA-256 of this file's JSON with an empty checksum.
    pub checksum: String,
}

/// The scores of some rows.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    /// Each row's customer, as its place in the customers table.
    pub customers: Vec<u32>,
    /// Where each row lies: block, row.
    pub places: Vec<(u32, u32)>,
    /// The model's log-odds.
    pub log_odds: Vec<f64>,
    /// The calibrated probabilities.
    pub probabilities: Vec<f64>,
    /// The mean of these rows, term by term.
    pub mean: Row,
}

/// What each term makes of a row, or of several on average. A term is a column of a linear model, a feature of an
/// additive one; see [`Artefact::terms`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// What it adds to the log-odds. With the intercept, the effects sum to them.
    pub effects: Vec<f64>,
    /// The standardised value: of a linear model the column, of an additive one the feature (0 where there is none).
    pub values: Vec<f64>,
}

impl Row {
    /// Without effects or values, for so many terms.
    pub fn zeros(terms: usize) -> Row {
        Row { effects: vec![0.0; terms], values: vec![0.0; terms] }
    }

    /// Adds a share of another row.
    pub fn add(&mut self, other: &Row, share: f64) {
        let add = |to: &mut Vec<f64>, from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += share * from);
        add(&mut self.effects, &other.effects);
        add(&mut self.values, &other.values);
    }
}

impl Artefact {
    /// What contributions are of, in order: the columns of a linear model, the features of an additive one.
    pub fn terms(&self) -> Vec<Term> {
        let of_feature = |feature: &crate::model::additive::Feature| Term {
            name: feature.name.clone(),
            source: feature.source,
            about: self.recipe.about(feature.source),
            role: Role::Value,
        };
        match &self.fit.additive {
            Some(additive) => additive.features.iter().map(of_feature).collect(),
            None => self.recipe.terms(),
        }
    }

    /// The slope of each term of a linear model; none for an additive one.
    pub fn slopes(&self) -> Option<Vec<f64>> {
        self.fit.additive.is_none().then(|| self.weights())
    }

    /// The coefficient of each column of a linear model.
    pub fn weights(&self) -> Vec<f64> {
        self.fit.coefficients.iter().skip(1).map(|c| c.estimate).collect()
    }

    /// Fails unless the model predicts what the settings call churn, from exactly the features they describe.
    pub fn check_compatible(&self, settings: &Settings) -> Result<()> {
        let meaning = ChurnMeaning::for_signals(&settings.churn);
        if let Some(label) = &self.churn.label {
            return Err(Error::Model(format!(
                "model {} was trained on a prepared table and predicts its column `{label}`, so it cannot score signals. \
                 Name the table with --features FILE, or train a model from the signals (`churn train`)",
                self.version,
            )));
        }
        if self.churn != meaning {
            return Err(Error::Model(format!(
                "model {} predicts {}, the configuration says that churn is {meaning}. Train a new model (`churn \
                 train`), or use the configuration that it was trained with",
                self.version, self.churn,
            )));
        }
        let catalogue = Catalogue::new(&settings.signals, &settings.features, settings.customers.as_ref());
        self.check_features(&catalogue, "the configuration describes", "configuration")
    }

    /// Fails unless the model was trained on a prepared table with the label column of the settings. Whether a table has
    /// the model's columns is found out when it is opened.
    pub fn check_prepared(&self, settings: &Settings) -> Result<()> {
        let label = settings.table.clone().unwrap_or_default().label;
        match &self.churn.label {
            Some(mine) if *mine == label => Ok(()),
            Some(_) => Err(Error::Model(format!(
                "model {} predicts {}, the configuration says that the label is `{label}` (table.label). Train a new model \
                 (`churn train --features FILE`), or use the configuration that it was trained with",
                self.version, self.churn,
            ))),
            None => Err(Error::Model(format!(
                "model {} was trained from signals and predicts {}, so it cannot score a prepared table. Train one with \
                 `churn train --features FILE`, name another version with --model, or leave --features out",
                self.version, self.churn,
            ))),
        }
    }

    /// Fails unless these are exactly the features that the model expects; `whose` and `there` name them in the message.
    pub fn check_features(&self, catalogue: &Catalogue, whose: &str, there: &str) -> Result<()> {
        let (expected, found): (Vec<&str>, Vec<&str>) = (self.catalogue.names().collect(), catalogue.names().collect());
        if expected == found {
            return Ok(());
        }
        let only = |these: &[&str], those: &[&str]| -> String {
            let mut names: Vec<String> =
                these.iter().filter(|name| !those.contains(name)).map(|name| format!("`{name}`")).collect();
            let more = names.len().saturating_sub(5);
            names.truncate(5);
            match (names.is_empty(), more) {
                (true, _) => "none".to_owned(),
                (false, 0) => names.join(", "),
                (false, more) => format!("{} and {more} more", names.join(", ")),
            }
        };
        Err(Error::Model(format!(
            "model {} was trained on other features than {whose}. Only in the model: {}; only in the {there}: {}. Train a \
             new model (`churn train`), or use the configuration that it was trained with",
            self.version,
            only(&expected, &found),
            only(&found, &expected),
        )))
    }

    /// Scores the selected rows of a data set whose features have been checked.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn score(&self, dataset: &Dataset, customers: &CustomerTable, selection: &Selection) -> Result<Scores> {
        let (terms, columns) = (self.terms(), self.recipe.columns(customers));
        let parts: Vec<(Vec<f64>, Vec<f64>, Row)> = dataset
            .blocks
            .par_iter()
            .enumerate()
            .map(|(index, block)| {
                let (log_odds, sums) = match &self.fit.additive {
                    Some(additive) => self.score_additive(additive, &terms, block, selection.rows(index), customers)?,
                    None => self.score_linear(&columns, block, selection.rows(index))?,
                };
                let probabilities = log_odds.iter().map(|&z| self.calibration.apply(z)).collect();
                Ok((log_odds, probabilities, sums))
            })
            .collect::<Result<_>>()?;
        let mut scores =
            Scores { customers: selection.customers(dataset), mean: Row::zeros(terms.len()), ..Scores::default() };
        let rows = scores.customers.len().max(1) as f64;
        for (index, (log_odds, probabilities, sums)) in parts.into_iter().enumerate() {
            scores.places.extend(selection.rows(index).iter().map(|&row| (index as u32, row)));
            scores.probabilities.extend(probabilities);
            scores.log_odds.extend(log_odds);
            scores.mean.add(&sums, 1.0 / rows);
        }
        Ok(scores)
    }

    /// The log-odds of some rows of a block, and the sums of their effects and values.
    fn score_linear(&self, columns: &DesignColumns<'_>, block: &Block, rows: &[u32]) -> Result<(Vec<f64>, Row)> {
        let weights = self.weights();
        let (log_odds, values) = columns.score(block, &block.values()?, rows, (self.fit.intercept, &weights));
        let effects = values.iter().zip(&weights).map(|(value, weight)| value * weight).collect();
        Ok((log_odds, Row { effects, values }))
    }

    fn score_additive(
        &self,
        additive: &Additive,
        terms: &[Term],
        block: &Block,
        rows: &[u32],
        customers: &CustomerTable,
    ) -> Result<(Vec<f64>, Row)> {
        let values = block.values()?;
        let codes = additive.codes((block, &values), rows, customers);
        let mut sums = Row::zeros(terms.len());
        let mut effects = vec![0.0; additive.terms.len()];
        let mut log_odds = vec![additive.intercept; rows.len()];
        for (term, sum) in additive.terms.iter().zip(&mut effects) {
            for (row, z) in log_odds.iter_mut().enumerate() {
                let effect = term.table[term.lookup.cell(|feature| codes[feature][row])];
                *z += effect;
                *sum += effect;
            }
        }
        sums.effects = additive.by_feature(&effects);
        let mut column = Vec::with_capacity(rows.len());
        for (term, sum) in terms.iter().zip(&mut sums.values) {
            if let Some((index, step)) = self.standardisation(term) {
                column.clear();
                values.append_rows(index, rows, &mut column);
                *sum = column.iter().map(|&value| f64::from(step.standardised(value))).sum();
            }
        }
        Ok((log_odds, sums))
    }

    /// The column of a term and how its values are standardised, if they are numbers.
    fn standardisation(&self, term: &Term) -> Option<(usize, &NumericStep)> {
        match term.source {
            Source::Numeric(index) => {
                let step = &self.recipe.numeric[index];
                (step.scale > 0.0).then_some((index, step))
            }
            Source::Categorical(_) => None,
        }
    }

    /// What each term makes of one row.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn row(&self, dataset: &Dataset, customers: &CustomerTable, (block, row): (u32, u32)) -> Result<Row> {
        let block = &dataset.blocks[block as usize];
        let terms = self.terms();
        let sums = match &self.fit.additive {
            Some(additive) => self.score_additive(additive, &terms, block, &[row], customers)?,
            None => self.score_linear(&self.recipe.columns(customers), block, &[row])?,
        };
        Ok(sums.1)
    }

    /// The file's text, with its checksum.
    pub fn to_json(&self) -> Result<String> {
        let unwritable = |e: serde_json::Error| Error::Internal(format!("model: {e}"));
        let text = serde_json::to_string(self).map_err(unwritable)?;
        let mut content: serde_json::Value = serde_json::from_str(&text).map_err(unwritable)?;
        let checksum = checksum_of(&mut content);
        content["checksum"] = checksum.into();
        Ok(serde_json::to_string_pretty(&content).map_err(unwritable)? + "\n")
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Model`] when it is missing, damaged, or of a newer format.
    pub fn read(path: &Path) -> Result<Artefact> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::Model(format!("the model file {} cannot be read: {e}; train one with `churn train`", path.display()))
        })?;
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        let damaged = |why: String| {
            Error::Model(format!(
                "the model file {} is damaged: {why}. Restore it, or choose another version (`churn models list`)",
                path.display()
            ))
        };
        let header: Header = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
        if header.format != FORMAT {
            return Err(Error::Model(format!(
                "the model file {} is of format {}, this program reads format {FORMAT}; use the program that wrote it, or \
                 train a new model",
                path.display(),
                header.format,
            )));
        }
        let artefact: Artefact = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
        // Of what is in the file, which may know fewer fields than this program does.
        let expected = checksum_of(&mut serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?);
        if artefact.checksum != expected {
            return Err(damaged(format!("its checksum is {}, its content gives {expected}", artefact.checksum)));
        }
        Ok(artefact)
    }
}

/// The SHA-256 of a model file's content with an empty checksum, which it is left with.
fn checksum_of(content: &mut serde_json::Value) -> String {
    content["checksum"] = "".into();
    digest::sha256(&content.to_string())
}
