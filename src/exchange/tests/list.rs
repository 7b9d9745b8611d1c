//! What a list is made of after an exchange is what one machine has: the same data set, block by block.

use super::*;
use crate::dataset::{build_visited, visit, RowsPlan, Visited};
use crate::exchange::wire::{list_schema, pieces};
use crate::kpis::{Period, Scope, Segments, Tally};
use crate::sources::{Ids, PartitionRows, RowCounts};
use arrow_array::{new_null_array, UInt64Array};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::DataType;
use std::path::PathBuf;

/// Writes what a driver fetches: the pieces of the small tables, and what was reduced.
fn fetched(folder: &Path, shuffled: &Shuffled) -> PathBuf {
    let path = folder.join("rows");
    let mut writer = StreamWriter::try_new(File::create(&path).unwrap(), &list_schema()).unwrap();
    let sources = shuffled.packed.column_by_name("source").unwrap();
    let sources = sources.as_primitive::<arrow_array::types::Int32Type>();
    // The small tables may as well come last.
    shuffled.reduced.iter().for_each(|batch| writer.write(batch).unwrap());
    for row in (0..sources.len()).filter(|&row| sources.is_valid(row) && sources.value(row) <= 1) {
        let piece = shuffled.packed.column_by_name("piece").unwrap().slice(row, 1);
        let none = new_null_array(&DataType::Utf8, 1);
        writer.write(&RecordBatch::try_new(list_schema(), vec![piece, none.clone(), none]).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// What one machine counts for the measures of a list, and the rows that no feature looks at, if it counts any.
fn measured<'a>(
    settings: &'a Settings,
    plan: &'a RowsPlan<'a>,
    tables: &'a Tables,
    dates: &[Day],
) -> (Tally<'a>, Vec<RowCounts>) {
    let as_of = *dates.last().unwrap();
    let scope = Scope {
        periods: Period::before(as_of, settings.kpi.period),
        as_of,
        zone: tables.zone.clone(),
        signals: &settings.signals,
        churn: &settings.churn,
        customers: &tables.customers,
        cancellations: &tables.cancellations,
    };
    let segments = Segments::new(&tables.customers, &settings.customers.as_ref().unwrap().categorical, None, &|_| ());
    let tally = Tally::new(scope, segments, &Memory::unlimited()).unwrap();
    let (earlier, recent) = tally.passes(plan.days(dates, false).first);
    let mut seen = Vec::new();
    if let Some(pass) = &earlier {
        let visitor = |rows: &PartitionRows, members: &[u32]| tally.add(pass, rows, members);
        seen = visit(plan, Visited::all(tables).unwrap(), |_| pass.first(), pass.end(), &Silent, &visitor).unwrap();
    }
    let visitor = |rows: &PartitionRows, members: &[u32]| tally.add(&recent, rows, members);
    build_visited(plan, tables, dates, None, &Silent, &visitor).unwrap();
    (tally, seen.into_iter().map(|seen| seen.rows).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_list_is_made_of_what_one_machine_has(
        seed: u64,
        written_as in prop_oneof![Just(Written::Integers), Just(Written::Numbered), Just(Written::Scattered)],
        buckets in prop_oneof![Just(1u32), Just(2), Just(64), Just(4096)],
        zone in prop_oneof![Just("UTC"), Just("Europe/Berlin")],
        inactivity: bool,
        lifetime: bool,
        order: u64,
        handed in handed(),
        in_files: bool,
        dates in proptest::collection::btree_set(100i32..420, 1..3),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let tables = population(seed, written_as);
        written(folder.path(), &tables);
        let mut settings = settings(folder.path(), zone, inactivity);
        settings.features.lifetime = lifetime;
        let as_of: Vec<Day> = dates.iter().map(|day| Day(FIRST as i32 + day)).collect();
        let (expected, local) = locally(&settings, &as_of);

        let plan = Plan::for_list(settings.clone(), &as_of, buckets).unwrap();
        let made = shuffled(plan, &tables, How { buckets, cut: 50, seed: order, handed, in_files }).unwrap();
        let found = gather(&made.plan, &fetched(folder.path(), &made), &Memory::unlimited()).unwrap();

        prop_assert_eq!(&found.customers.ids, &local.customers.ids);
        prop_assert_eq!(&found.customers.categorical, &local.customers.categorical);
        prop_assert_eq!(&found.customers.quarantine, &local.customers.quarantine);
        for customer in 0..local.customers.len() as u32 {
            prop_assert_eq!(found.cancellations.days(customer), local.cancellations.days(customer));
        }

        let (data, catalogue) = (&found.data, &expected.catalogue);
        prop_assert_eq!((&data.as_of, &data.exclusions, &data.catalogue), (&as_of, &expected.exclusions, catalogue));
        prop_assert_eq!(data.blocks.len(), expected.blocks.len());
        for (found, expected) in data.blocks.iter().zip(&expected.blocks) {
            prop_assert_eq!((&found.customers, &found.as_of), (&expected.customers, &expected.as_of));
            let bits = |block: &dataset::Block| -> Vec<u32> {
                let rows = 0..block.rows();
                rows.flat_map(|row| block.row(row).unwrap()).map(f32::to_bits).collect()
            };
            prop_assert_eq!(bits(found), bits(expected));
        }

        for (found, expected) in data.reports.iter().zip(&expected.reports) {
            prop_assert_eq!((found.rows.kept, found.rows.newest), (expected.rows.kept, expected.rows.newest));
        }
        for (found, expected) in data.histories.iter().zip(&expected.histories) {
            // Of a signal that begins later no list is made, and files that end before what is scanned are not opened:
            // if times that stand for "unknown" lie in them, they do not tell which row is their first.
            let begins = |first: Option<Day>| first.filter(|&day| day < expected.to).map(|day| day.max(expected.from));
            prop_assert_eq!(begins(found.first), begins(expected.first));
            prop_assert_eq!(found.last, expected.last);
            prop_assert_eq!((found.from, found.to, &found.tally), (expected.from, expected.to, &expected.tally));
        }

        let plan = RowsPlan::from_settings(&settings);
        let (tally, earlier) = measured(&settings, &plan, &local, &as_of);
        let told = |rows: &RowCounts| (rows.kept, rows.before > 0);
        let earlier: Vec<(u64, bool)> = earlier.iter().map(told).collect();
        prop_assert_eq!(found.earlier.iter().map(told).collect::<Vec<_>>(), earlier);
        // What was told is counted no more.
        let expected = tally.counted();
        tally.add_counted(found.measured.unwrap()).unwrap();
        prop_assert_eq!(tally.counted(), expected);
    }
}

#[test]
fn the_rows_of_the_listed_are_picked() {
    let folder = tempfile::tempdir().unwrap();
    let tables = population(3, Written::Numbered);
    let as_of = [Day(FIRST as i32 + 300)];
    let plan = Plan::for_list(settings(folder.path(), "UTC", false), &as_of, 8).unwrap();
    let how = How { buckets: 8, cut: 50, seed: 1, handed: Handed::All, in_files: true };
    let Shuffled { plan, packed, _folder, .. } = shuffled(plan, &tables, how).unwrap();
    let sources = plan.sources().unwrap();
    assert_eq!(Picker::of_listed(&plan, &sources).err().unwrap().exit_code(), 2);

    let some = ["C000006", "C000030"].map(str::to_owned);
    let picked = Picked { listed: some.to_vec(), detailed: some[1..].to_vec() };
    let plan = Plan { picked: Some(picked), ..plan };
    let table = &tables["customers"];
    let rows = Picker::of_listed(&plan, &sources).unwrap().customers(&plan, table).unwrap();
    let ids = |batch: &RecordBatch| -> Vec<String> {
        batch.column(0).as_string::<i32>().iter().map(|id| id.unwrap().to_owned()).collect()
    };
    // One of them is there twice.
    assert_eq!(ids(&rows), [some[0].clone(), some[1].clone(), some[0].clone()]);
    assert_eq!(rows.schema(), table.schema());

    let batch = Picker::of_detailed(&plan, &sources).unwrap().signals(&packed).unwrap();
    let path = folder.path().join("signals");
    let mut writer = StreamWriter::try_new(File::create(&path).unwrap(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    assert!(pieces(&batch).all(|piece| piece.is_ok()) && batch.num_rows() > 0);
    let found = PickedRows::read(&plan, None, Some(&path)).unwrap();
    let rows: usize = found.signals().iter().flatten().map(RecordBatch::num_rows).sum();
    let days = FIRST * DAY_SECONDS * 1_000_000..(FIRST + 300) * DAY_SECONDS * 1_000_000;
    let expected = ["logins", "visits", "surveys"].map(|name| {
        let (ids, times) = (tables[name].column(0).as_string::<i32>(), tables[name].column(1));
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let is_its = |row: &usize| ids.is_valid(*row) && ids.value(*row) == some[1];
        (0..ids.len()).filter(is_its).filter(|&row| times.is_valid(row) && days.contains(&times.value(row))).count()
    });
    assert_eq!(rows, expected.iter().sum::<usize>());
    let none = found.passthrough(&plan, &Ids::default()).unwrap();
    assert!(none.is_empty(), "no column is copied");
}

#[test]
fn ids_beyond_64_bits_are_picked_by_their_digits() {
    let folder = tempfile::tempdir().unwrap();
    let tables = population(3, Written::Numbered);
    let plan = Plan::for_list(settings(folder.path(), "UTC", false), &[Day(FIRST as i32 + 300)], 8).unwrap();
    let how = How { buckets: 8, cut: 50, seed: 1, handed: Handed::All, in_files: false };
    let Shuffled { plan, .. } = shuffled(plan, &tables, how).unwrap();

    // Here an engine hands over as numbers what files have told to be texts.
    let table = &tables["customers"];
    let numbers = (0..table.num_rows() as u64).map(|row| (1 << 63) + row).collect::<UInt64Array>();
    let columns =
        table.schema_ref().fields().iter().zip(table.columns()).enumerate().map(|(place, (field, column))| {
            let array = if place == 0 { Arc::new(numbers.clone()) as ArrayRef } else { column.clone() };
            (field.name().clone(), array, true)
        });
    let table = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let picked = Picked { listed: vec![((1u64 << 63) + 4).to_string()], detailed: Vec::new() };
    let plan = Plan { picked: Some(picked), ..plan };
    let sources = plan.sources().unwrap();
    let rows = Picker::of_listed(&plan, &sources).unwrap().customers(&plan, &table).unwrap();
    assert_eq!(rows, table.slice(4, 1));
}

#[test]
fn what_is_missing_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let tables = population(5, Written::Integers);
    let plan = Plan::for_list(settings(folder.path(), "UTC", false), &[Day(FIRST as i32 + 300)], 4).unwrap();
    let how = How { buckets: 4, cut: 50, seed: 1, handed: Handed::All, in_files: true };
    let made = shuffled(plan, &tables, how).unwrap();
    let gathered = |made: &Shuffled| gather(&made.plan, &fetched(folder.path(), made), &Memory::unlimited());
    assert!(gathered(&made).is_ok());
    let error = |reduced: Vec<RecordBatch>, packed: RecordBatch| {
        gathered(&Shuffled { plan: made.plan.clone(), packed, reduced, _folder: tempfile::tempdir().unwrap() })
            .err()
            .unwrap()
    };

    // The rows of a bucket without its first piece, and a table of customers without a piece.
    let batch = &made.reduced[0];
    let mut reduced = made.reduced.clone();
    reduced[0] = batch.slice(1, batch.num_rows() - 1);
    let lost = error(reduced, made.packed.clone());
    assert!(lost.exit_code() == 75 && lost.to_string().contains("rows of features"), "{lost}");
    let lost = error(made.reduced.clone(), made.packed.slice(1, made.packed.num_rows() - 1));
    assert!(lost.exit_code() == 75 && lost.to_string().contains("customers or cancellations"), "{lost}");

    let other = Plan { buckets: 8, ..made.plan.clone() };
    let other = gather(&other, &fetched(folder.path(), &made), &Memory::unlimited()).err().unwrap();
    assert!(other.exit_code() == 2 && other.to_string().contains("other pieces"), "{other}");
}
