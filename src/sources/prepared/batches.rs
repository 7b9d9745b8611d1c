//! A prepared table that comes as record batches: how they are cut, and how their columns are encoded, says nothing.

use super::part::Part;
use crate::calendar::Zone;
use crate::digest;
use crate::parallel;
use crate::sources::contract::convert::{Conversions, Unfit, Why};
use crate::sources::contract::{hold_against, Form, Holder, IdKind, Need, ReadIds, Role, Verdict};
use crate::sources::parquet::decode::{self, Times};
use arrow_array::{new_null_array, RecordBatch};
use arrow_schema::{DataType, Schema};
use hashbrown::HashMap;
use sha2::{Digest, Sha256};

/// Record batches that satisfy their needs.
pub struct Batches {
    batches: Vec<RecordBatch>,
    /// Of each batch, which of the schemas it has.
    schema_of: Vec<usize>,
    /// Of each schema, the place of each column.
    places: Vec<HashMap<String, usize>>,
    id_kind: IdKind,
}

/// A schema, the first batch that has it, and how many others do.
struct Shared<'a> {
    schema: &'a Schema,
    first: usize,
    others: usize,
}

impl Batches {
    /// Holds every batch against the needs. Problems are appended to `problems`, a line for each schema.
    pub(super) fn open(
        what: &str,
        batches: &[RecordBatch],
        needs: &[Need],
        problems: &mut Vec<String>,
    ) -> Option<Batches> {
        if batches.is_empty() {
            problems.push(format!(
                "{what}: found no record batch, expected at least one; a batch without rows says which columns there \
                 are"
            ));
            return None;
        }

        // As a rule all batches share a schema: then one look is enough for a thousand.
        let mut schemas: Vec<Shared<'_>> = Vec::new();
        let mut schema_of = Vec::with_capacity(batches.len());
        for (index, batch) in batches.iter().enumerate() {
            let schema = batch.schema_ref().as_ref();
            let same = |known: &Shared<'_>| std::ptr::eq(known.schema, schema) || known.schema.fields == schema.fields;
            match schemas.iter().position(same) {
                Some(known) => {
                    schemas[known].others += 1;
                    schema_of.push(known);
                }
                None => {
                    schema_of.push(schemas.len());
                    schemas.push(Shared { schema, first: index, others: 0 });
                }
            }
        }

        let before = problems.len();
        let holders: Vec<Holder<'_>> = schemas
            .iter()
            .map(|shared| Holder::new(format!("batch {}", shared.first + 1), shared.others, shared.schema, &[]))
            .collect();
        let own_kind = hold_against(what, &holders, needs, problems);
        if problems.len() > before {
            return None;
        }

        // Ids too large for 64 bits with a sign are compared as their digits.
        let own_kind = own_kind.unwrap_or(IdKind::Integer);
        let read = match converted(batches, needs, own_kind) {
            Err((_, Unfit { why: Why::TooLarge(_), .. })) if own_kind == IdKind::Integer => {
                converted(batches, needs, IdKind::Text).map(|batches| (batches, IdKind::Text))
            }
            other => other.map(|batches| (batches, own_kind)),
        };
        match read {
            Ok((batches, id_kind)) => {
                let places = schemas.iter().map(|shared| places(shared.schema)).collect();
                Some(Batches { batches, schema_of, places, id_kind })
            }
            Err((batch, Unfit { column, row, why })) => {
                problems.push(format!("{what}: column `{column}`, row {row} of batch {} (from 0): {why}", batch + 1));
                None
            }
        }
    }

    /// How many rows they have.
    pub fn rows(&self) -> u64 {
        self.batches.iter().map(|batch| batch.num_rows() as u64).sum()
    }

    pub(super) fn id_kind(&self) -> IdKind {
        self.id_kind
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.batches.iter().zip(&self.schema_of).map(|(batch, &schema)| Part::Batch(batch, &self.places[schema]))
    }

    /// SHA-256 of the values of the needed columns, in the order of the rows.
    pub(super) fn sha256(&self, needs: &[Need]) -> String {
        let columns: Vec<[u8; 32]> = parallel::map(needs, |need| self.column_sha256(need));
        let mut hash = Sha256::new();
        for (need, column) in needs.iter().zip(columns) {
            hash.update(need.column.as_bytes());
            hash.update([0]);
            hash.update(column);
        }
        digest::hex(&hash.finalize())
    }

    /// That of one column: of the values that are read of it, whatever array they lie in.
    fn column_sha256(&self, need: &Need) -> [u8; 32] {
        let zone = Zone::utc();
        let (mut times, mut integers, mut numbers) = (Times::new(&zone), Vec::new(), Vec::new());
        let mut hash = Sha256::new();

        for (batch, &schema) in self.batches.iter().zip(&self.schema_of) {
            let array = match self.places[schema].get(&need.column) {
                Some(&place) => batch.column(place).clone(),
                None => new_null_array(&DataType::Null, batch.num_rows()),
            };
            match (need.role, self.id_kind) {
                (Role::Number | Role::Label, _) => {
                    decode::numbers(&array, &mut numbers);
                    numbers.iter().for_each(|number| hash.update(canonical(*number).to_le_bytes()));
                }
                (Role::Time | Role::Epoch(_), _) => {
                    times.fill(&array, &mut integers);
                    integers.iter().for_each(|instant| hash.update(instant.to_le_bytes()));
                }
                (Role::Id, IdKind::Integer) => {
                    decode::integers(&array, &mut integers);
                    integers.iter().for_each(|id| hash.update(id.to_le_bytes()));
                }
                (Role::Id | Role::Text, _) => {
                    let texts = decode::texts(&array);
                    for position in texts.positions {
                        let text = position.map(|position| texts.values[position as usize].as_bytes());
                        hash.update(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
                        hash.update(text.unwrap_or_default());
                    }
                }
                (Role::Any, _) => {}
            }
        }
        hash.finalize().into()
    }
}

/// The batches with each column in the form that its role is read in. What is wrong comes with the place of its batch.
fn converted(batches: &[RecordBatch], needs: &[Need], ids: IdKind) -> Result<Vec<RecordBatch>, (usize, Unfit)> {
    let convert = |(place, batch): (usize, &RecordBatch)| {
        let forms = needs.iter().filter_map(|need| {
            let (_, field) = batch.schema_ref().column_with_name(&need.column)?;
            match need.role.verdict(field) {
                Verdict::Read(form) if form != Form::AsIs => Some((need.column.clone(), form)),
                Verdict::Read(_) | Verdict::Refused(_) => None,
            }
        });
        Conversions::new(forms.collect(), ReadIds::of_kind(ids)).apply(batch.clone()).map_err(|unfit| (place, unfit))
    };
    parallel::map(batches.iter().enumerate(), convert).into_iter().collect()
}

/// The bits of a number, of which every NaN has the same.
fn canonical(number: f64) -> u64 {
    if number.is_nan() {
        f64::NAN.to_bits()
    } else {
        number.to_bits()
    }
}

fn places(schema: &Schema) -> HashMap<String, usize> {
    schema.fields().iter().enumerate().map(|(place, field)| (field.name().clone(), place)).collect()
}
