use super::*;
use crate::dataset::{Block, Dataset, Selection, StoredValues};
use crate::features::{Catalogue, Feature};
use crate::memory::Arena;
use crate::sources::{CustomerTable, Ids, Levels, NO_LEVEL};
use std::sync::Arc;

/// Customers with a visit count and a plan on each of two dates, in blocks of these lengths.
fn dataset(lengths: &[u32]) -> Dataset {
    let mut first = 0;
    let mut blocks = Vec::new();
    for &length in lengths {
        let (mut block, mut visits) = (Block::default(), Vec::new());
        // Every third customer is there on the first date alone.
        for customer in first..first + length {
            for date in 0..if customer % 3 == 0 { 1 } else { 2 } {
                block.customers.push(customer);
                block.as_of.push(date);
                block.labels.push(Some(0));
                visits.push(if customer % 10 == 0 { f32::NAN } else { (customer % 7 + date) as f32 });
            }
        }
        block.values = StoredValues::new(&visits, visits.len(), &Arena::unlimited()).unwrap();
        blocks.push(block);
        first += length;
    }
    let codes = (0..first).map(|customer| [0, 1, 2, NO_LEVEL][customer as usize % 4]).collect();
    let names = ["basic", "pro", "team"].map(str::to_owned).to_vec();
    let customers = CustomerTable {
        ids: Ids::Integer((0..i64::from(first)).collect()),
        categorical: vec![Levels { names, codes }],
        rows: u64::from(first),
        ..CustomerTable::default()
    };
    Dataset {
        catalogue: Catalogue { numeric: vec![Feature::given("visits")], categorical: vec!["plan".to_owned()] },
        customers: Arc::new(customers),
        as_of: vec![Day(100), Day(130)],
        blocks,
        ..Dataset::default()
    }
}

fn labelled(dataset: &Dataset) -> Selection {
    Selection::labelled(dataset, |_| true)
}

#[test]
fn rows_are_counted_in_all_and_date_by_date() {
    let dataset = dataset(&[300]);
    let counts = Counts::learn(&dataset, &labelled(&dataset), true).unwrap();
    assert_eq!(counts.all, Sample { rows: 500, squares: 100 + 200 * 4 });
    let rows: Vec<u64> = counts.snapshots.iter().map(|snapshot| snapshot.sample.rows).collect();
    assert_eq!((rows, counts.snapshots[1].as_of), (vec![300, 200], Some(Day(130))));
    // 300 rows of as many customers are independent; 500 of them are not.
    assert_eq!(counts.snapshots[0].sample.effective_rows(), 300.0);
    assert!((counts.all.effective_rows() - 500.0 * 500.0 / 900.0).abs() < 1e-9);

    let [visits, plan] = counts.columns.as_slice() else { panic!() };
    assert_eq!((visits.name.as_str(), plan.name.as_str()), ("visits", "plan"));
    for column in [visits, plan] {
        assert_eq!(column.all.len(), column.bins.codes());
        assert_eq!(column.all.iter().sum::<u64>(), 500);
        let of_dates = column.snapshots.iter().flatten().sum::<u64>();
        assert_eq!(of_dates, 500);
    }
    assert_eq!(visits.snapshots[0][visits.bins.missing()], 30);
    assert_eq!(plan.snapshots[0], [75, 75, 75, 0, 75], "basic, pro, team, others, none");
}

#[test]
fn blocks_and_their_order_do_not_matter() {
    let (one, many) = (dataset(&[300]), dataset(&[40, 7, 200, 53]));
    let counts = Counts::learn(&one, &labelled(&one), true).unwrap();
    assert_eq!(Counts::learn(&many, &labelled(&many), true).unwrap(), counts);
    let again = counts.of_rows(&many, &labelled(&many)).unwrap();
    assert_eq!((again.all, again.snapshots.len()), (counts.all, 0));
    for (again, column) in again.columns.iter().zip(&counts.columns) {
        assert_eq!((&again.all, &again.bins), (&column.all, &column.bins));
    }
}

#[test]
fn rows_without_dates_are_one_snapshot_and_unknown_levels_are_counted_together() {
    let mut dataset = dataset(&[300]);
    let counts = Counts::learn(&dataset, &labelled(&dataset), false).unwrap();
    assert_eq!(counts.snapshots, [Snapshot { as_of: None, sample: counts.all }]);
    assert_eq!(counts.columns[0].snapshots, [counts.columns[0].all.clone()]);

    let mut customers = CustomerTable::clone(&dataset.customers);
    customers.categorical[0].names[1] = "Pro".to_owned();
    dataset.customers = Arc::new(customers);
    let renamed = counts.of_rows(&dataset, &labelled(&dataset)).unwrap();
    let (before, after) = (&counts.columns[1].all, &renamed.columns[1].all);
    let place = counts.columns[1].bins.level_code(Some("pro")) as usize;
    assert_eq!((after[place], after[3]), (0, before[place]));
}

#[test]
fn scores_are_counted_in_bins_of_their_own() {
    let dataset = dataset(&[300]);
    let rows = labelled(&dataset);
    let log_odds: Vec<f64> = (0..rows.count()).map(|row| row as f64 / 100.0).collect();
    let counts = Counts::learn_scores(&dataset, &rows, &log_odds, true);
    let [column] = counts.columns.as_slice() else { panic!() };
    assert_eq!(column.all.iter().sum::<u64>(), 500);
    assert!(column.all[..column.bins.missing()].iter().all(|&rows| (40..60).contains(&rows)), "{column:?}");
    let higher: Vec<f64> = log_odds.iter().map(|z| z + 10.0).collect();
    let of_others = counts.of_scores(&dataset, &rows, &higher);
    assert_eq!(of_others.columns[0].all[column.bins.missing() - 1], 500);
}
