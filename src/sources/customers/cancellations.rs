//! The churn table: dated cancellations, by customer.

use crate::calendar::Zone;
use crate::config;
use crate::error::Result;
use crate::sources::contract::{IdKind, Need, Role};
use crate::sources::customers::CustomerTable;
use crate::sources::parquet::decode::{self, Times, NULL_ID, NULL_TIME};
use crate::sources::parquet::pieces::{table_pieces, FilePiece};
use crate::sources::parquet::Table;
use crate::sources::quarantine::{Quarantine, Reason};
use prefetch_index::prefetch_index;
use rayon::prelude::*;

/// Rows that a piece of a row group has at least.
const PIECE_ROWS: usize = 1 << 15;

/// Each customer's cancellation days, ascending.
#[derive(Clone, Debug, Default)]
pub struct Cancellations {
    starts: Vec<u32>,
    days: Vec<i32>,
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be used.
    pub quarantine: Quarantine,
}

impl Cancellations {
    /// No cancellations, for `customers` customers.
    pub fn none(customers: usize) -> Cancellations {
        Cancellations { starts: vec![0; customers + 1], ..Cancellations::default() }
    }

    /// Asks the machine to fetch what [`Cancellations::of`] will look at first.
    pub fn fetch(&self, customer: u32) {
        prefetch_index(self.starts.as_slice(), customer as usize);
    }

    /// Reads the whole table.
    pub fn read(
        table: &Table,
        settings: &config::Churn,
        customers: &CustomerTable,
        zone: &Zone,
    ) -> Result<Cancellations> {
        let read = |piece| read_part(&piece, settings, customers, zone);
        let parts: Vec<Part> = table_pieces(table, PIECE_ROWS).into_par_iter().map(read).collect::<Result<_>>()?;
        let mut out = Cancellations::none(customers.len());
        let mut pairs = Vec::new();
        for part in parts {
            pairs.extend(part.pairs);
            out.rows += part.rows;
            out.quarantine.merge(&part.quarantine);
        }
        pairs.par_sort_unstable();
        pairs.dedup();
        for &(customer, _) in &pairs {
            out.starts[customer as usize + 1] += 1;
        }
        for i in 0..customers.len() {
            out.starts[i + 1] += out.starts[i];
        }
        out.days = pairs.into_iter().map(|(_, day)| day).collect();
        Ok(out)
    }

    /// The cancellation days of a customer, ascending.
    pub fn of(&self, customer: u32) -> &[i32] {
        let customer = customer as usize;
        &self.days[self.starts[customer] as usize..self.starts[customer + 1] as usize]
    }
}

/// What the table of cancellations must look like.
pub(crate) fn needs(settings: &config::Churn) -> [Need; 2] {
    [Need::required("churn", "id", &settings.id, Role::Id), Need::required("churn", "time", &settings.time, Role::Time)]
}

/// Some rows of one row group.
#[derive(Default)]
struct Part {
    /// Customer and day.
    pairs: Vec<(u32, i32)>,
    rows: u64,
    quarantine: Quarantine,
}

fn read_part(piece: &FilePiece<'_>, settings: &config::Churn, customers: &CustomerTable, zone: &Zone) -> Result<Part> {
    let mut part = Part::default();
    let mut times = Times::new(zone);
    let (mut instants, mut integers) = (Vec::new(), Vec::new());
    for batch in piece.read(&needs(settings), 16_384)? {
        let batch = batch?;
        part.rows += batch.num_rows() as u64;
        let Some(ids) = batch.column_by_name(&settings.id) else { continue };
        times.fill_column(&batch, &settings.time, &mut instants);
        // A customer, or why there is none.
        let found: Vec<Result<u32, Reason>> = match customers.ids.kind() {
            IdKind::Integer => {
                decode::integers(ids, &mut integers);
                let find = |&id: &i64| match id {
                    NULL_ID => Err(Reason::NullId),
                    id => customers.ids.find_integer(id).map(|i| i as u32).ok_or(Reason::UnknownCustomer),
                };
                integers.iter().map(find).collect()
            }
            IdKind::Text => {
                let texts = decode::texts(ids);
                let known: Vec<Option<u32>> =
                    texts.values.iter().map(|id| customers.ids.find_text(id).map(|i| i as u32)).collect();
                let find = |p: &Option<u32>| match p {
                    None => Err(Reason::NullId),
                    Some(p) => known[*p as usize].ok_or(Reason::UnknownCustomer),
                };
                texts.positions.iter().map(find).collect()
            }
        };
        for (found, &instant) in found.iter().zip(&instants) {
            match found {
                Err(reason) => part.quarantine.add(*reason, 1),
                Ok(_) if instant == NULL_TIME => part.quarantine.add(Reason::NullTime, 1),
                Ok(customer) => part.pairs.push((*customer, zone.day_of(instant).0)),
            }
        }
    }
    Ok(part)
}
