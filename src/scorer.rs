//! A model that scores rows in memory: record batches in, scores out. For a service that scores a customer at a time,
//! and for programs that have their features at hand. It knows neither settings nor files, the registry or the time.
//!
//! ```
//! use arrow_array::cast::AsArray;
//! use arrow_array::types::Float64Type;
//! use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
//! use churn_risk::artefact::Artefact;
//! use churn_risk::scorer::Scorer;
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Artefact::read(Path::new("models/v0001/model.json"))?;
//! let catalogue = model.catalogue.clone();
//! let scorer = Scorer::new(model);
//!
//! // Two customers of whom little else is known: one logs in every day, the other has not for a month.
//! let numbers = catalogue.numeric.iter().map(|feature| {
//!     let values = match feature.name.as_str() {
//!         "logins_count_28d" => [Some(28.0), Some(0.0)],
//!         "logins_days_since_last" => [Some(0.5), Some(31.0)],
//!         _ => [None, None],
//!     };
//!     (feature.name.clone(), Arc::new(Float64Array::from(values.to_vec())) as ArrayRef)
//! });
//! let levels = catalogue.categorical.iter().map(|name| {
//!     (name.clone(), Arc::new(StringArray::from(vec!["basic", "basic"])) as ArrayRef)
//! });
//! let scores = scorer.score(&RecordBatch::try_from_iter(numbers.chain(levels))?)?;
//!
//! let risk = scores["churn_probability"].as_primitive::<Float64Type>();
//! assert!(risk.value(0) < risk.value(1));
//! # Ok(())
//! # }
//! ```

use crate::artefact::Artefact;
use crate::error::{Error, Result};
use crate::model::additive::{Additive, Bins};
use crate::model::calibration::ChosenCalibration;
use crate::model::design::recipe::{Recipe, Role as TermRole, Source, Term};
use crate::parallel;
use crate::sources::contract::convert::converted_column;
use crate::sources::contract::{in_one, Form as ReadAs, IdKind, Need, ReadIds, Role, Verdict};
use crate::sources::parquet::decode::{self, Texts};
use crate::sources::prepared::columns::narrowed;
use crate::spelling;
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use hashbrown::HashMap;
use std::sync::Arc;

/// Rows scored by one thread at a time. Fewer are scored by the thread that asks.
const PIECE: usize = 8192;

/// A model, ready to score record batches. One is enough for all threads.
pub struct Scorer {
    version: String,
    /// The raw features: the numeric ones, then the categorical ones.
    features: Vec<Need>,
    /// The place of each among them.
    places: HashMap<String, usize>,
    numeric: usize,
    form: Form,
    intercept: f64,
    calibration: ChosenCalibration,
    scores: SchemaRef,
    contributions: SchemaRef,
}

/// What a row's log-odds are made of.
enum Form {
    /// The columns of the design, each with its coefficient.
    Linear { recipe: Recipe, terms: Vec<(Term, f64)> },
    /// Look-up tables.
    Additive(Additive),
}

/// The raw features of some rows.
struct Rows {
    count: usize,
    /// The numeric ones, one after another, as a data set has them; NaN is missing.
    numbers: Vec<f32>,
    /// The categorical ones.
    levels: Vec<Texts>,
}

impl Scorer {
    /// Prepares everything that does not depend on the rows.
    pub fn new(model: Artefact) -> Scorer {
        let catalogue = &model.catalogue;
        let numeric = catalogue.numeric.iter().map(|feature| feature_need(&feature.name, Role::Number));
        let categorical = catalogue.categorical.iter().map(|name| feature_need(name, Role::Text));
        let features: Vec<Need> = numeric.chain(categorical).collect();

        let column = |name: &str| Field::new(name, DataType::Float64, false);
        let scores = Schema::new(["log_odds", "churn_probability"].map(column).to_vec());
        let contributions = Schema::new(features.iter().map(|need| column(&need.column)).collect::<Vec<_>>());

        let weights = model.weights();
        let (intercept, form) = match model.fit.additive {
            Some(additive) => (additive.intercept, Form::Additive(additive)),
            None => {
                let terms = model.recipe.terms().into_iter().zip(weights).collect();
                (model.fit.intercept, Form::Linear { recipe: model.recipe, terms })
            }
        };
        Scorer {
            version: model.version,
            places: features.iter().enumerate().map(|(place, need)| (need.column.clone(), place)).collect(),
            numeric: model.catalogue.numeric.len(),
            features,
            form,
            intercept,
            calibration: model.calibration,
            scores: Arc::new(scores),
            contributions: Arc::new(contributions),
        }
    }

    /// Scores the rows of a batch, in their order: columns `log_odds` and `churn_probability`, to the bit what the
    /// nightly job gives a table with these rows.
    ///
    /// The batch needs a column for each raw feature of the model, named as in its catalogue. A numeric one may be of
    /// any type of numbers or boolean; a categorical one may hold strings, integers or booleans; either may be a
    /// dictionary. Null is missing, and so are NaN and infinite numbers. Other columns are ignored.
    ///
    /// # Errors
    /// [`Error::Contract`] with a line for every column that is missing, there twice or of another type.
    pub fn score(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let arrays = self.arrays(rows)?;
        let pieces = self.by_pieces(&arrays, rows.num_rows(), |rows| {
            let mut log_odds = vec![self.intercept; rows.count];
            self.visit_effects(rows, |_, row, effect| log_odds[row] += effect);
            log_odds
        });

        let log_odds = pieces.concat();
        let probabilities: Vec<f64> = log_odds.iter().map(|&z| self.calibration.apply(z)).collect();
        batch(&self.scores, vec![log_odds, probabilities])
    }

    /// What each raw feature adds to the log-odds of each row: a column for each, in the order of the catalogue. With
    /// [`Scorer::intercept`] they sum to `log_odds`. Two features share what their interaction adds in equal parts.
    ///
    /// # Errors
    /// As [`Scorer::score`].
    pub fn contributions(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let arrays = self.arrays(rows)?;
        let pieces = self.by_pieces(&arrays, rows.num_rows(), |rows| {
            let mut columns = vec![vec![0.0; rows.count]; self.features.len()];
            self.visit_effects(rows, |sources, row, effect| {
                for source in sources {
                    columns[self.place(*source)][row] += effect / sources.len() as f64;
                }
            });
            columns
        });

        let column = |place: usize| -> Vec<f64> { pieces.iter().flat_map(|columns| columns[place].clone()).collect() };
        batch(&self.contributions, (0..self.features.len()).map(column).collect())
    }

    /// The log-odds that contributions are added to.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    fn place(&self, source: Source) -> usize {
        match source {
            Source::Numeric(index) => index,
            Source::Categorical(index) => self.numeric + index,
        }
    }

    /// The columns of the features, in their order.
    fn arrays(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let mut found: Vec<Option<ArrayRef>> = vec![None; self.features.len()];
        let mut fits = true;
        for (field, array) in rows.schema_ref().fields().iter().zip(rows.columns()) {
            let Some(&place) = self.places.get(field.name()) else { continue };
            match self.features[place].role.verdict(field) {
                Verdict::Read(form) if found[place].is_none() => {
                    found[place] = Some(converted(array, form, &self.features[place].column)?);
                }
                Verdict::Read(_) | Verdict::Refused(_) => fits = false,
            }
        }

        let all: Option<Vec<ArrayRef>> = found.into_iter().collect();
        all.filter(|_| fits).ok_or_else(|| self.mismatches(rows.schema_ref()))
    }

    /// Everything in which a batch differs from what the model needs.
    fn mismatches(&self, schema: &Schema) -> Error {
        let what = format!("model {}", self.version);
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut missing: Vec<&str> = Vec::new();
        let mut problems = Vec::new();

        for need in &self.features {
            let mut named = schema.fields().iter().filter(|field| *field.name() == need.column);
            match (named.next(), named.next()) {
                (None, _) => missing.push(&need.column),
                (Some(_), Some(_)) => problems.push(need.twice(&what, "the record batch")),
                (Some(field), None) if !need.role.accepts(field) => {
                    problems.push(need.wrong_type(&what, "the record batch", field));
                }
                (Some(_), None) => {}
            }
        }
        if !missing.is_empty() {
            problems.push(format!(
                "{what}: {} missing in the record batch, which the model was trained on: {}; found the columns {}",
                if missing.len() == 1 { "1 column is".to_owned() } else { format!("{} columns are", missing.len()) },
                spelling::missing(&missing, &columns),
                if columns.is_empty() { "none".to_owned() } else { spelling::some_of(&columns) },
            ));
        }
        in_one(&problems)
    }

    /// Does the same for some rows at a time, in parallel if there are many.
    fn by_pieces<T: Send>(&self, arrays: &[ArrayRef], rows: usize, work: impl Fn(&Rows) -> T + Sync) -> Vec<T> {
        if rows <= PIECE {
            return vec![work(&self.read(arrays, rows))];
        }
        let piece = |index: usize| {
            let start = index * PIECE;
            let count = PIECE.min(rows - start);
            let arrays: Vec<ArrayRef> = arrays.iter().map(|array| array.slice(start, count)).collect();
            work(&self.read(&arrays, count))
        };
        parallel::map(0..rows.div_ceil(PIECE), piece)
    }

    fn read(&self, arrays: &[ArrayRef], count: usize) -> Rows {
        let (numeric, categorical) = arrays.split_at(self.numeric);
        let mut numbers = Vec::with_capacity(self.numeric * count);
        let mut column = Vec::with_capacity(count);
        for array in numeric {
            decode::numbers(array, &mut column);
            numbers.extend(column.iter().map(|&value| narrowed(value)));
        }
        Rows { count, numbers, levels: categorical.iter().map(decode::texts).collect() }
    }

    /// Shows what each term adds to the log-odds of each row, and of which features it is; term by term, so that sums
    /// are those of any other way to score.
    fn visit_effects(&self, rows: &Rows, mut visit: impl FnMut(&[Source], usize, f64)) {
        match &self.form {
            Form::Linear { recipe, terms } => {
                for (term, weight) in terms {
                    visit_column(recipe, term, rows, |row, x| visit(&[term.source], row, weight * f64::from(x)));
                }
            }
            Form::Additive(additive) => {
                let codes: Vec<Vec<u8>> =
                    additive.features.iter().map(|feature| codes(feature.source, &feature.bins, rows)).collect();
                for term in &additive.terms {
                    let sources: Vec<Source> =
                        term.features().iter().map(|&feature| additive.features[feature].source).collect();
                    let effect = |row: usize| term.table[term.lookup.cell(|feature| codes[feature][row])];
                    (0..rows.count).for_each(|row| visit(&sources, row, effect(row)));
                }
            }
        }
    }
}

fn feature_need(name: &str, role: Role) -> Need {
    let setting = if role == Role::Text { "a categorical feature" } else { "a numeric feature" };
    Need { setting: setting.to_owned(), column: name.to_owned(), role, optional: false }
}

/// A column in the form that its feature is read in.
fn converted(array: &ArrayRef, form: ReadAs, column: &str) -> Result<ArrayRef> {
    converted_column(array, form, ReadIds::of_kind(IdKind::Integer)).map_err(|(row, why)| {
        Error::Contract(format!("column `{column}`, row {row} of the record batch (from 0): {why}"))
    })
}

/// Shows the value that a column of the design has in each row.
fn visit_column(recipe: &Recipe, term: &Term, rows: &Rows, mut visit: impl FnMut(usize, f32)) {
    match term.source {
        Source::Numeric(index) => {
            let step = &recipe.numeric[index];
            for (row, &value) in rows.column(index).iter().enumerate() {
                match term.role {
                    TermRole::Missing => visit(row, f32::from(u8::from(value.is_nan()))),
                    _ => visit(row, step.standardised(value)),
                }
            }
        }
        Source::Categorical(index) => {
            let (step, texts) = (&recipe.categorical[index], &rows.levels[index]);
            let sets: Vec<bool> = texts.values.iter().map(|level| step.sets(&term.role, level)).collect();
            for (row, position) in texts.positions.iter().enumerate() {
                visit(row, f32::from(u8::from(position.is_some_and(|position| sets[position as usize]))));
            }
        }
    }
}

/// The code of a feature in each row.
fn codes(source: Source, bins: &Bins, rows: &Rows) -> Vec<u8> {
    match (source, bins) {
        (Source::Numeric(index), Bins::Numeric { edges }) => Bins::encode(edges, rows.column(index)),
        (Source::Numeric(_), Bins::Levels { .. }) => vec![bins.level_code(None); rows.count],
        (Source::Categorical(index), _) => {
            let texts = &rows.levels[index];
            let known: Vec<u8> = texts.values.iter().map(|level| bins.level_code(Some(level))).collect();
            let missing = bins.level_code(None);
            let code = |position: &Option<u32>| position.map_or(missing, |position| known[position as usize]);
            texts.positions.iter().map(code).collect()
        }
    }
}

impl Rows {
    /// A numeric feature.
    fn column(&self, index: usize) -> &[f32] {
        &self.numbers[index * self.count..(index + 1) * self.count]
    }
}

fn batch(schema: &SchemaRef, columns: Vec<Vec<f64>>) -> Result<RecordBatch> {
    let arrays = columns.into_iter().map(|column| Arc::new(Float64Array::from(column)) as ArrayRef).collect();
    RecordBatch::try_new(schema.clone(), arrays).map_err(|error| Error::Internal(format!("scores: {error}")))
}
