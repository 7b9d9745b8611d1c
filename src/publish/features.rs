//! The feature table as a file: `customer_id`, `as_of`, the features, the categoricals, and `churned` if asked for.

use super::columns::{self, Columns};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::sources::CustomerTable;
use std::ops::Range;
use std::path::Path;

/// Writes the rows in the order of as-of dates, then ids. Returns how many there are.
pub fn write(path: &Path, dataset: &Dataset, customers: &CustomerTable, labels: bool) -> Result<usize> {
    let mut places: Vec<(u32, u32, u32, u32)> = Vec::with_capacity(dataset.rows());
    for (index, block) in (0u32..).zip(&dataset.blocks) {
        let rows = (0u32..).zip(block.as_of.iter().zip(&block.customers));
        places.extend(rows.map(|(row, (&as_of, &customer))| (as_of, customer, index, row)));
    }
    places.sort_unstable();
    let part = |rows: Range<usize>| table(&places[rows], dataset, customers, labels);
    Columns::write_parquet(path, columns::parts(places.len()).map(part))
}

fn table(
    places: &[(u32, u32, u32, u32)],
    dataset: &Dataset,
    customers: &CustomerTable,
    labels: bool,
) -> Result<Columns> {
    let mut table = Columns::default();
    let ids: Vec<u32> = places.iter().map(|&(_, customer, ..)| customer).collect();
    table.ids("customer_id", &customers.ids, &ids);
    table.days("as_of", places.iter().map(|&(as_of, ..)| Some(dataset.as_of[as_of as usize].0)).collect())?;
    let rows: Vec<(u32, u32)> = places.iter().map(|&(_, _, block, row)| (block, row)).collect();
    let values = dataset.gather(&rows)?;
    for (index, feature) in dataset.catalogue.numeric.iter().enumerate() {
        let column = &values[index * rows.len()..(index + 1) * rows.len()];
        table.floats(&feature.name, column.iter().map(|&value| f64::from(value)));
    }
    for (name, levels) in dataset.catalogue.categorical.iter().zip(&customers.categorical) {
        let texts: Vec<Option<&str>> = ids.iter().map(|&customer| levels.get(customer as usize)).collect();
        table.texts(name, &texts);
    }
    if labels {
        let label = |&(_, _, block, row): &(u32, u32, u32, u32)| {
            dataset.blocks[block as usize].labels.get(row as usize).copied().flatten().map(i64::from)
        };
        table.integers("churned", places.iter().map(label));
    }
    Ok(table)
}
