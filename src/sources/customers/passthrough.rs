//! Pass-through columns of the customers table: copied to the results from the row that stands for each customer.

use crate::config;
use crate::error::Result;
use crate::sources::contract::{Need, Role};
use crate::sources::copied::kinds::CopyType;
use crate::sources::copied::{CopiedColumn, Gathered};
use crate::sources::parquet::pieces::table_pieces;
use crate::sources::parquet::{OpenFile, Table};
use arrow_array::{ArrayRef, RecordBatch};

const BATCH_ROWS: usize = 16_384;

/// Reads the pass-through columns of some rows into `length` slots. `slots` says of each batch of ids, in the order of
/// the table, where its rows go. A list is short and the table long, so this is done when it is known whose rows are
/// wanted.
pub(super) fn read(
    table: &Table,
    settings: &config::Customers,
    length: usize,
    mut slots: impl FnMut(&ArrayRef) -> Vec<Option<usize>>,
) -> Result<Vec<CopiedColumn>> {
    let columns = &settings.passthrough;
    let mut needs = vec![Need::required("customers", "id", &settings.id, Role::Id)];
    needs.extend(columns.iter().map(|column| Need::optional("customers", "passthrough", column, Role::Any)));

    let mut gathered: Vec<Gathered> = columns.iter().map(|_| Gathered::new()).collect();
    let pieces = if columns.is_empty() || length == 0 { Vec::new() } else { table_pieces(table, usize::MAX) };
    for piece in pieces {
        let kinds: Vec<Option<CopyType>> = columns.iter().map(|column| piece.file().copy_type(column)).collect();
        for batch in piece.read(&needs, BATCH_ROWS)? {
            let batch = batch?;
            let Some(ids) = batch.column_by_name(&settings.id) else { continue };
            let slots = slots(ids);
            for ((column, kind), gathered) in columns.iter().zip(&kinds).zip(&mut gathered) {
                if let (Some(array), Some(kind)) = (batch.column_by_name(column), kind) {
                    gathered.add(array, kind, &slots);
                }
            }
        }
    }

    let finished = columns.iter().zip(gathered).map(|(column, gathered)| {
        let kinds: Vec<CopyType> = table.files.iter().filter_map(|file: &OpenFile| file.copy_type(column)).collect();
        gathered.column(column, &kinds, length)
    });
    finished.collect()
}

/// As [`read`], of rows that come as record batches: each as it is, and as its ids are read.
pub(super) fn of_batches(
    batches: &[(RecordBatch, RecordBatch)],
    settings: &config::Customers,
    length: usize,
    mut slots: impl FnMut(&ArrayRef) -> Vec<Option<usize>>,
) -> Result<Vec<CopiedColumn>> {
    let columns = &settings.passthrough;
    let kind =
        |batch: &RecordBatch, column: &str| CopyType::of_field(batch.schema().field_with_name(column).ok()?).ok();
    let mut gathered: Vec<Gathered> = columns.iter().map(|_| Gathered::new()).collect();
    for (batch, read) in batches {
        let Some(ids) = read.column_by_name(&settings.id) else { continue };
        let slots = slots(ids);
        for (column, gathered) in columns.iter().zip(&mut gathered) {
            if let (Some(array), Some(kind)) = (batch.column_by_name(column), kind(batch, column)) {
                gathered.add(array, &kind, &slots);
            }
        }
    }

    let finished = columns.iter().zip(gathered).map(|(column, gathered)| {
        let kinds: Vec<CopyType> = batches.iter().filter_map(|(batch, _)| kind(batch, column)).collect();
        gathered.column(column, &kinds, length)
    });
    finished.collect()
}
