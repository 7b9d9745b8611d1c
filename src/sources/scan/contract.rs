//! What the rows of a signal must be like, and what they become.

use super::categories::Categories;
use super::row_layout::RowLayout;
use super::signal;
use crate::config::{Instrument, Scale, Signal, SignalKind};
use crate::error::{Error, Result};
use crate::sources::contract::{IdKind, Need};
use arrow_array::RecordBatch;
use std::ops::Range;

/// What the rows of a signal must be like, and what they become.
pub(super) struct SignalContract<'a> {
    name: &'a str,
    pub(super) settings: &'a Signal,
    /// The columns.
    pub needs: Vec<Need>,
    /// The words that rows become.
    pub layout: RowLayout,
    /// The instants of rows that are kept.
    pub(super) instants: Range<i64>,
    /// The instant that seconds count from.
    pub(super) origin: i64,
    /// The codes of its categories.
    pub(super) categories: Categories,
    /// The lowest and highest valid score of each instrument.
    pub(super) scales: [[f64; 2]; Instrument::ALL.len()],
}

impl<'a> SignalContract<'a> {
    /// For rows within some instants, whose values take so many words, and whose categories, if they are kept, have
    /// their codes from there.
    pub fn new(
        name: &'a str,
        settings: &'a Signal,
        value_words: usize,
        keeps_category: bool,
        instants: Range<i64>,
        origin: i64,
        categories: Categories,
    ) -> SignalContract<'a> {
        let is_survey = settings.kind == SignalKind::Survey;
        let mut needs = signal::needs(name, settings);
        let category = format!("signals.{name}.category");
        needs.retain(|need| keeps_category || need.setting != category);
        SignalContract {
            name,
            settings,
            needs,
            layout: RowLayout {
                fraction: is_survey || settings.deduplicate,
                value_words,
                category: settings.category.is_some() && keeps_category,
                instrument: is_survey,
            },
            instants,
            origin,
            categories,
            scales: Instrument::ALL.map(|instrument| {
                let Scale { from, to, .. } = settings.scale(instrument);
                [from, to]
            }),
        }
    }

    /// Distinct category codes given out.
    pub fn category_count(&self) -> u32 {
        self.categories.len()
    }

    /// Bytes that the categories take more than when this was asked before.
    ///
    /// # Errors
    /// [`Error::Config`] when the memory limit has no room for them all.
    pub fn category_growth(&self) -> Result<u64> {
        if !self.categories.is_full() {
            return Ok(self.categories.growth());
        }
        Err(Error::Config(format!(
            "the memory limit is too small for the categories of signal `{name}`: {} different texts of `{column}` are \
             in memory already, and there are more. Leave the category out (signals.{name}.category), name a column \
             with fewer, or set --memory-limit (or CHURN_MEMORY_LIMIT) higher",
            self.category_count(),
            name = self.name,
            column = self.settings.category.as_deref().unwrap_or_default(),
        )))
    }

    /// Fails unless the columns of a batch are as they must be.
    pub(super) fn check_columns(&self, batch: &RecordBatch, kind: IdKind) -> Result<()> {
        const PLACE: &str = "a record batch";
        let what = || format!("signal `{}`", self.name);

        for need in &self.needs {
            let schema = batch.schema_ref();
            let Some((_, field)) = schema.column_with_name(&need.column) else {
                if need.optional {
                    continue;
                }
                let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                return Err(Error::Contract(need.missing(&what(), PLACE, &columns)));
            };
            if !need.role.accepts(field) {
                return Err(Error::Contract(need.wrong_type(&what(), PLACE, field)));
            }
        }

        let ids = batch.schema_ref().column_with_name(&self.settings.id);
        match ids.and_then(|(_, ids)| IdKind::of_column(ids)) {
            Some(found) if found != kind => Err(Error::Contract(format!(
                "{}: the ids in column `{}` of {PLACE} are {}s, but those of the customers table are {}s; they are \
                 compared as what they are, so write both as one type",
                what(),
                self.settings.id,
                found.name(),
                kind.name(),
            ))),
            _ => Ok(()),
        }
    }
}
