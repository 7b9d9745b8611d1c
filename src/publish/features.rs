//! The feature table as a file: `customer_id`, `as_of`, the features, the categoricals, and `churned` if asked for.

use super::columns::{self, Columns};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A row of the table and where it lies, in the order of the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    as_of: u32,
    customer: u32,
    block: u32,
    row: u32,
}

/// Writes the rows in the order of as-of dates, then ids. Returns how many there are.
pub fn write(path: &Path, dataset: &Dataset, labels: bool) -> Result<usize> {
    let mut places: Vec<Place> = Vec::with_capacity(dataset.rows());
    for (index, block) in (0u32..).zip(&dataset.blocks) {
        let rows = (0u32..).zip(block.as_of.iter().zip(&block.customers));
        places.extend(rows.map(|(row, (&as_of, &customer))| Place { as_of, customer, block: index, row }));
    }
    places.sort_unstable();

    let failed = |e: std::io::Error| Error::writing(path, &e);
    let file = File::create(path).map_err(failed)?;
    columns::write_parquet(path, &file, places.len(), |rows| part(rows, &places, dataset, labels))?;
    file.sync_all().map_err(failed)?;
    Ok(places.len())
}

fn part<'a>(rows: Range<usize>, places: &'a [Place], dataset: &'a Dataset, labels: bool) -> Result<Columns<'a>> {
    let (first, count) = (rows.start, rows.len());
    let gathered: Vec<(u32, u32)> = places[rows.clone()].iter().map(|place| (place.block, place.row)).collect();
    let values = Arc::new(dataset.gather(&gathered)?);
    let customer = |row: usize| places[row].customer;

    let mut table = Columns::for_rows(rows);
    table.ids("customer_id", &dataset.customers.ids, customer);
    table.days("as_of", |row| Some(dataset.as_of[places[row].as_of as usize].0));
    for (index, feature) in dataset.catalogue.numeric.iter().enumerate() {
        let values = values.clone();
        table.floats(&feature.name, move |row| f64::from(values[index * count + row - first]));
    }
    for (name, levels) in dataset.catalogue.categorical.iter().zip(&dataset.customers.categorical) {
        table.texts(name, move |row| levels.get(customer(row) as usize));
    }
    if labels {
        table.integers("churned", |row| {
            let place = places[row];
            dataset.blocks[place.block as usize].label(place.row as usize).map(i64::from)
        });
    }
    Ok(table)
}
