//! What is packed, shuffled and reduced is what one machine makes of the same tables, bit for bit.

mod division;
mod labels;
mod list;

use super::plan::program;
use super::*;
use crate::calendar::{Day, DAY_SECONDS};
use crate::config::Settings;
use crate::dataset::{self, Dataset, Tables};
use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::observer::Silent;
use crate::{publish, sources};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, Date32Array, Float32Array, Float64Array, Int64Array, LargeStringArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_select::concat::{concat, concat_batches};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const FIRST: i64 = 20_000;

/// How ids are written.
#[derive(Clone, Copy, Debug)]
enum Written {
    Integers,
    /// `C000042`.
    Numbered,
    /// As UUIDs, which no number is in.
    Scattered,
}

/// Numbers below others, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn one_in(&mut self, most: u64) -> bool {
        self.below(most) == 0
    }
}

fn ids(written: Written, numbers: &[Option<i64>]) -> ArrayRef {
    let text = |number: i64| match written {
        Written::Integers | Written::Numbered => format!("C{number:06}"),
        Written::Scattered => format!("{:016x}-{number}", (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
    };
    match written {
        Written::Integers => Arc::new(Int64Array::from(numbers.to_vec())),
        Written::Numbered | Written::Scattered => {
            Arc::new(numbers.iter().map(|number| number.map(text)).collect::<StringArray>())
        }
    }
}

/// The tables of a population, some of whose rows cannot be used for one reason or another.
fn population(seed: u64, written: Written) -> BTreeMap<&'static str, RecordBatch> {
    const CUSTOMERS: u64 = 60;
    let mut dice = Dice(seed);
    let some_id = |dice: &mut Dice| (!dice.one_in(40)).then(|| 3 * dice.below(CUSTOMERS + 5) as i64);
    let batch = |columns: Vec<(&str, ArrayRef)>| {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    };

    let mut numbers: Vec<Option<i64>> = (0..CUSTOMERS as i64).map(|number| Some(3 * number)).collect();
    numbers.extend([Some(6), Some(9), None]);
    let rows = numbers.len();
    let column = |dice: &mut Dice, value: &dyn Fn(&mut Dice) -> f64| -> Vec<Option<f64>> {
        (0..rows).map(|_| (!dice.one_in(8)).then(|| value(dice))).collect()
    };
    let signup = column(&mut dice, &|dice| (FIRST + dice.below(300) as i64) as f64);
    let worth = column(&mut dice, &|dice| if dice.one_in(20) { f64::INFINITY } else { dice.below(900) as f64 / 7.0 });
    let plans: Vec<Option<&str>> =
        (0..rows).map(|_| [Some("basic"), Some("pro"), None][dice.below(3) as usize]).collect();
    let days: Vec<Option<i32>> = signup.iter().map(|day| day.map(|day| day as i32)).collect();
    let customers = batch(vec![
        ("customer_id", ids(written, &numbers)),
        ("signup", Arc::new(Date32Array::from(days)) as ArrayRef),
        ("worth", Arc::new(Float64Array::from(worth)) as ArrayRef),
        ("plan", Arc::new(StringArray::from(plans)) as ArrayRef),
    ]);

    let some_time = |dice: &mut Dice| -> Option<i64> {
        let second = FIRST * DAY_SECONDS + dice.below(400 * DAY_SECONDS as u64) as i64;
        let micros = if dice.one_in(3) { dice.below(1_000_000) as i64 } else { 0 };
        (!dice.one_in(50)).then_some(1_000_000 * second + micros)
    };
    let times = |dice: &mut Dice, rows: usize| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from((0..rows).map(|_| some_time(dice)).collect::<Vec<_>>()))
    };

    let mut all = BTreeMap::from([("customers", customers)]);
    let cancelled = dice.below(25) as usize;
    let who: Vec<Option<i64>> = (0..cancelled).map(|_| some_id(&mut dice)).collect();
    all.insert("churn", batch(vec![("id", ids(written, &who)), ("left", times(&mut dice, cancelled))]));

    for name in ["logins", "visits", "surveys"] {
        let rows = dice.below(if name == "surveys" { 120 } else { 700 }) as usize;
        let who: Vec<Option<i64>> = (0..rows).map(|_| some_id(&mut dice)).collect();
        let mut columns = vec![("id", ids(written, &who)), ("ts", times(&mut dice, rows))];
        match name {
            "logins" if rows > 0 => {
                // A time that stands for "unknown", and a row of somebody before all others.
                let odd = [Some(0), Some(FIRST * DAY_SECONDS * 1_000_000)];
                columns = vec![
                    ("id", concat(&[&ids(written, &[Some(0); 2]), &columns[0].1]).unwrap()),
                    ("ts", concat(&[&TimestampMicrosecondArray::from(odd.to_vec()), &columns[1].1]).unwrap()),
                ];
            }
            "visits" => {
                let amounts: Vec<Option<f64>> = (0..rows)
                    .map(|_| match dice.below(30) {
                        0 => None,
                        1 => Some(f64::NAN),
                        2 => Some(1e300),
                        _ => Some(dice.below(1000) as f64 / 3.0),
                    })
                    .collect();
                let channels: Vec<Option<&str>> =
                    (0..rows).map(|_| [Some("web"), Some("app"), Some(""), None][dice.below(4) as usize]).collect();
                columns.push(("amount", Arc::new(Float64Array::from(amounts)) as ArrayRef));
                columns.push(("channel", Arc::new(StringArray::from(channels)) as ArrayRef));
            }
            "surveys" => {
                let scores: Vec<Option<f32>> = (0..rows).map(|_| Some(dice.below(12) as f32)).collect();
                let kinds = [Some("nps"), Some("csat"), Some("ces"), Some("other"), None];
                let kinds: Vec<Option<&str>> = (0..rows).map(|_| kinds[dice.below(5) as usize]).collect();
                columns.push(("score", Arc::new(Float32Array::from(scores)) as ArrayRef));
                columns.push(("kind", Arc::new(StringArray::from(kinds)) as ArrayRef));
            }
            _ => {}
        }
        // Some rows are there twice.
        let once = batch(columns);
        let again = once.slice(0, rows / 5);
        all.insert(name, concat_batches(&once.schema(), [&once, &again]).unwrap());
    }
    all
}

fn settings(folder: &Path, zone: &str, inactivity: bool) -> Settings {
    let churn = if inactivity {
        "definition = \"inactivity\"\nsignals = [\"logins\"]"
    } else {
        "path = \"churn.parquet\"\nid = \"id\"\ntime = \"left\""
    };
    let text = format!(
        "[time]\nzone = \"{zone}\"\n\
         [customers]\npath = \"customers.parquet\"\nid = \"customer_id\"\nsignup = \"signup\"\nvalue = \"worth\"\n\
         numeric = [\"worth\"]\ncategorical = [\"plan\"]\n\
         [signals.logins]\nkind = \"event\"\npath = \"logins.parquet\"\nid = \"id\"\ntime = \"ts\"\n\
         [signals.visits]\nkind = \"amount\"\npath = \"visits.parquet\"\nid = \"id\"\ntime = \"ts\"\n\
         value = \"amount\"\ncategory = \"channel\"\ndeduplicate = true\n\
         [signals.surveys]\nkind = \"survey\"\npath = \"surveys.parquet\"\nid = \"id\"\ntime = \"ts\"\n\
         value = \"score\"\ninstrument = \"kind\"\n\
         [churn]\n{churn}\n\
         [gates]\nmax_quarantine_share = 1.0\n"
    );
    Settings::from_toml_str(&text, folder).unwrap()
}

/// The rows of a feature table by date and id, every value as its bits.
fn by_row(batches: &[RecordBatch]) -> BTreeMap<(i32, String), Vec<String>> {
    let mut all = BTreeMap::new();
    for batch in batches {
        let ids = batch.column_by_name("customer_id").unwrap();
        let days = batch.column_by_name("as_of").unwrap().as_primitive::<Date32Type>();
        for row in 0..batch.num_rows() {
            let id = match ids.as_primitive_opt::<Int64Type>() {
                Some(ids) => ids.value(row).to_string(),
                None => ids.as_string::<i64>().value(row).to_owned(),
            };
            let cell = |column: &ArrayRef| {
                if column.is_null(row) {
                    return "null".to_owned();
                }
                let label = column.as_primitive_opt::<Int64Type>().map(|numbers| numbers.value(row).to_string());
                match column.as_primitive_opt::<Float64Type>() {
                    Some(numbers) => format!("{:x}", numbers.value(row).to_bits()),
                    None if label.is_some() => label.unwrap_or_default(),
                    None => column.as_string_opt::<i64>().map_or(String::new(), |texts| texts.value(row).to_owned()),
                }
            };
            let cells = batch.columns().iter().map(cell).collect();
            assert!(all.insert((days.value(row), id), cells).is_none(), "a row is there twice");
        }
    }
    all
}

/// How rows come to packing tasks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Handed {
    /// All of them, in batches.
    All,
    /// In batches, without those of days that are not needed.
    Needed,
    /// Tasks read the files.
    Files,
}

fn handed() -> impl Strategy<Value = Handed> {
    prop_oneof![Just(Handed::All), Just(Handed::Needed), Just(Handed::Files)]
}

/// A batch whose texts have offsets of 64 bits, as those of a feature table in memory.
fn with_long_texts(batch: &RecordBatch) -> RecordBatch {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns()).map(|(field, array)| {
        let long = array.as_string_opt::<i32>().map(|texts| texts.iter().collect::<LargeStringArray>());
        (field.name().clone(), long.map_or_else(|| array.clone(), |texts| Arc::new(texts) as ArrayRef), true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// How an exchange is done.
#[derive(Clone, Copy, Debug)]
struct How {
    buckets: u32,
    /// Rows of a batch, at most.
    cut: usize,
    seed: u64,
    handed: Handed,
    /// Tasks write their pieces to files.
    in_files: bool,
}

/// The rows of a table that are handed to tasks where others are left out, and what is reported of these, as somebody
/// sees it who does not know the zone.
fn left_out(plan: &Plan, source: &Source, table: &RecordBatch) -> Result<(RecordBatch, Vec<RecordBatch>)> {
    const DAY: i64 = DAY_SECONDS * 1_000_000;
    let zone = plan.settings.zone();
    let packer = Packer::new(plan, source, &zone)?;
    let rows = table.num_rows();
    let Some((time, days)) = source.days() else {
        return Ok((table.clone(), packer.finish_left_out(LeftOut { left: rows as u64, ..LeftOut::default() })?));
    };

    let near = |day: Day| i64::from(day.0 - 2) * DAY..i64::from(day.0 + 2) * DAY;
    let (from, to) = (near(days.start).start, near(days.end).end);
    let unclear: Vec<Range<i64>> = [Some(Day(0)), plan.labels_before].into_iter().flatten().map(near).collect();
    let times = table.column_by_name(time).unwrap().as_primitive::<TimestampMicrosecondType>();
    let (mut kept, mut out, mut examples) = (Vec::new(), LeftOut::default(), [None::<(i64, usize)>; 2]);
    for row in 0..rows {
        let time = times.value(row);
        if times.is_null(row) {
            out.without_time += 1;
        } else if (from..to).contains(&time) || unclear.iter().any(|range| range.contains(&time)) {
            kept.push(row);
        } else {
            *(if time < from { &mut out.before } else { &mut out.after }) += 1;
            if time > 0 {
                examples[0] = examples[0].into_iter().chain([(time, row)]).min();
            }
            if plan.labels_before.is_some_and(|day| time < near(day).start) {
                examples[1] = examples[1].max(Some((time, row)));
            }
        }
    }
    out.left = kept.len() as u64;

    let taken = |rows: &mut dyn Iterator<Item = usize>| -> RecordBatch {
        let rows: Vec<RecordBatch> = rows.map(|row| table.slice(row, 1)).collect();
        concat_batches(&table.schema(), &rows).unwrap()
    };
    let mut packer = packer;
    assert!(packer.push(&taken(&mut examples.into_iter().flatten().map(|(_, row)| row)))?.is_empty());
    Ok((taken(&mut kept.into_iter()), packer.finish_left_out(out)?))
}

/// What tasks pack that read the files of all tables, and what is reported before that.
fn scanned(plan: &Plan, into: Option<&Path>, reports: &mut Vec<PackReport>) -> Result<Vec<RecordBatch>> {
    let names: Vec<String> = plan.sources()?.into_iter().map(|source| source.name).collect();
    let division = divide(plan, &names, 3)?;
    reports.extend(division.reports);

    let mut packed = Vec::new();
    for share in division.shares {
        let share = Share::from_json(&share.to_json()?)?;
        share.pack(plan, into, |batch| {
            packed.push(batch);
            Ok(())
        })?;
    }
    Ok(packed)
}

/// What an exchange in memory has made.
struct Shuffled {
    /// The settled plan.
    plan: Plan,
    /// What packing has returned.
    packed: RecordBatch,
    /// What reducing has returned.
    reduced: Vec<RecordBatch>,
    /// Where tasks have written their files.
    _folder: TempDir,
}

/// Packs, settles, shuffles and reduces in memory.
fn shuffled(plan: Plan, tables: &BTreeMap<&'static str, RecordBatch>, how: How) -> Result<Shuffled> {
    let mut dice = Dice(how.seed);
    let settings = plan.settings.clone();
    let zone = settings.zone();
    let folder = tempfile::tempdir().unwrap();
    let into = how.in_files.then(|| folder.path());
    let (mut pieces, mut reports) = (Vec::new(), Vec::new());
    if how.handed == Handed::Files {
        pieces = scanned(&plan, into, &mut reports)?;
    }
    for source in plan.sources()?.into_iter().filter(|_| how.handed != Handed::Files) {
        let mut table = tables[source.name.trim_start_matches("signals.")].clone();
        let packer = || -> Result<Packer<'_>> {
            let packer = Packer::new(&plan, &source, &zone)?;
            Ok(match into {
                Some(folder) => packer.writing_into(folder),
                None => packer,
            })
        };
        let mut packers: Vec<Packer<'_>> = (0..3).map(|_| packer()).collect::<Result<_>>()?;
        let mut at = 0;
        let mut packed = Vec::new();
        if how.handed == Handed::Needed {
            (table, packed) = left_out(&plan, &source, &table)?;
        }
        while at < table.num_rows() {
            let rows = (1 + dice.below(how.cut as u64) as usize).min(table.num_rows() - at);
            packed.extend(packers[dice.below(3) as usize].push(&table.slice(at, rows))?);
            at += rows;
        }
        for packer in packers {
            packed.extend(packer.finish()?);
        }
        pieces.extend(packed);
    }
    for batch in &pieces {
        let texts = batch.column_by_name("report").unwrap().as_string::<i32>();
        reports.extend(texts.iter().flatten().map(|text| serde_json::from_str(text).unwrap()));
    }

    let plan = settle(plan, &reports)?;
    let plan = Plan::from_json(&plan.to_json()?)?;
    let all = concat_batches(&pieces[0].schema(), &pieces).unwrap();
    let buckets = all.column_by_name("bucket").unwrap().clone();
    let buckets = buckets.as_primitive::<arrow_array::types::Int32Type>();
    let mut order: Vec<(i32, u64, usize)> = (0..all.num_rows())
        .filter(|&row| buckets.is_valid(row))
        .map(|row| (buckets.value(row), dice.below(1 << 30), row))
        .collect();
    order.sort_unstable();

    // Two tasks, each of which gets the pieces of some buckets.
    let settled = plan.clone();
    let reducer = || -> Result<Reducer<'_>> {
        let reducer = Reducer::new(&settled)?;
        // Rows of the feature table would be in files that are no streams.
        Ok(match into.filter(|_| settled.for_list) {
            Some(folder) => reducer.writing_into(folder),
            None => reducer,
        })
    };
    let mut reducers = vec![reducer()?, reducer()?];
    let mut reduced = Vec::new();
    for (bucket, _, row) in order {
        reduced.extend(reducers[bucket as usize % 2].push(&all.slice(row, 1))?);
    }
    for reducer in reducers {
        reduced.extend(reducer.finish()?);
    }
    Ok(Shuffled { plan, packed: all, reduced, _folder: folder })
}

/// The rows and the summary of an exchange in memory.
fn exchanged(
    settings: &Settings,
    as_of: &[Day],
    tables: &BTreeMap<&'static str, RecordBatch>,
    how: How,
) -> Result<(Vec<RecordBatch>, Summary)> {
    concluded(shuffled(Plan::new(settings.clone(), as_of, how.buckets)?, tables, how)?)
}

fn concluded(shuffled: Shuffled) -> Result<(Vec<RecordBatch>, Summary)> {
    let Shuffled { plan, reduced, .. } = shuffled;
    let (mut rows, mut reports) = (Vec::new(), Vec::new());
    for batch in reduced {
        let told = batch.column_by_name(REPORT).unwrap();
        let texts = told.as_string::<i32>().iter().flatten();
        let before = reports.len();
        reports.extend(texts.map(|text| serde_json::from_str::<BucketReport>(text).unwrap()));
        if reports.len() == before {
            let own: Vec<usize> = (0..batch.num_columns() - 1).collect();
            rows.push(batch.project(&own).unwrap());
        }
    }
    Ok((rows, conclude(&plan, &reports)?))
}

fn locally(settings: &Settings, as_of: &[Day]) -> (Dataset, Tables) {
    let (plan, memory) = (dataset::RowsPlan::from_settings(settings), Memory::unlimited());
    let tables = Tables::open(&plan, &memory, &Silent).unwrap();
    let data = dataset::build(&plan, &tables, as_of, None, &Silent).unwrap();
    (data, tables)
}

fn written(folder: &Path, tables: &BTreeMap<&'static str, RecordBatch>) {
    for (name, table) in tables {
        let file = File::create(folder.join(format!("{name}.parquet"))).unwrap();
        let groups = WriterProperties::builder().set_max_row_group_row_count(Some(150)).build();
        let mut writer = ArrowWriter::try_new(file, table.schema(), Some(groups)).unwrap();
        writer.write(table).unwrap();
        writer.close().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn an_exchange_gives_what_one_machine_gives(
        seed: u64,
        written_as in prop_oneof![Just(Written::Integers), Just(Written::Numbered), Just(Written::Scattered)],
        buckets in prop_oneof![Just(1u32), Just(2), Just(64), Just(4096)],
        cut in prop_oneof![Just(1usize), Just(17), Just(10_000)],
        zone in prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("America/New_York")],
        inactivity: bool,
        order: u64,
        handed in handed(),
        in_files: bool,
        dates in proptest::collection::vec(100i32..420, 1..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let tables = population(seed, written_as);
        written(folder.path(), &tables);
        let settings = settings(folder.path(), zone, inactivity);
        let as_of: Vec<Day> = dates.iter().map(|day| Day(FIRST as i32 + day)).collect();

        let (data, local) = locally(&settings, &as_of);
        let how = How { buckets, cut, seed: order, handed, in_files };
        let (rows, summary) = exchanged(&settings, &as_of, &tables, how).unwrap();
        prop_assert_eq!(by_row(&rows), by_row(&[publish::features::batch(&data, false).unwrap()]));

        let excluded: Vec<_> = data.exclusions.iter().map(|excluded| excluded.counts()).collect();
        prop_assert_eq!(summary.as_of.iter().map(|date| date.excluded.clone()).collect::<Vec<_>>(), excluded);
        prop_assert_eq!(summary.rows, data.rows() as u64);
        prop_assert_eq!(&summary.sources["customers"].quarantine, &local.customers.quarantine.counts());
        if !inactivity {
            prop_assert_eq!(&summary.sources["churn"].quarantine, &local.cancellations.quarantine.counts());
        }
        for (name, report) in settings.signals.keys().zip(&data.reports) {
            let read = &summary.sources[&format!("signals.{name}")];
            if report.pruned_row_groups > 0 {
                // One machine has not looked for rows without a time there.
                continue;
            }
            // A row with several faults is counted for another of them where ids are looked up earlier.
            prop_assert_eq!(read.quarantine.values().sum::<u64>(), report.rows.quarantine.total());
            prop_assert_eq!((read.rows_read, read.rows_used), (report.rows.read, report.rows.kept));
        }
    }
}

#[test]
fn a_table_that_changes_while_it_is_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan::new(settings(folder.path(), "UTC", false), &[Day(FIRST as i32 + 300)], 4).unwrap();
    let (tables, sources) = (population(7, Written::Integers), plan.sources().unwrap());
    let report = |batches: &[RecordBatch]| -> PackReport {
        let texts = batches.last().unwrap().column_by_name("report").unwrap().as_string::<i32>();
        serde_json::from_str(texts.iter().flatten().next().unwrap()).unwrap()
    };

    let zone = plan.settings.zone();
    let (table, counted) = (&tables["customers"], left_out(&plan, &sources[0], &tables["customers"]).unwrap().1);
    let mut packer = Packer::new(&plan, &sources[0], &zone).unwrap();
    packer.push(&table.slice(0, table.num_rows() - 1)).unwrap();
    let fewer = report(&packer.finish().unwrap());
    let error = settle(plan.clone(), &[report(&counted), fewer]).unwrap_err();
    assert!(error.exit_code() == 75 && error.to_string().contains("it changes while it is read"), "{error}");

    // A row that is needed is never left out.
    let mut packer = Packer::new(&plan, &sources[0], &zone).unwrap();
    packer.push(table).unwrap();
    assert_eq!(packer.finish_left_out(LeftOut::default()).unwrap_err().exit_code(), 1);
}

/// A small exchange whose pieces somebody has tampered with.
fn tampered(change: impl Fn(&mut Vec<RecordBatch>)) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let tables = population(7, Written::Integers);
    let settings = settings(folder.path(), "UTC", false);
    let plan = Plan::new(settings.clone(), &[Day(FIRST as i32 + 300)], 4).unwrap();
    let zone = settings.zone();

    let (mut pieces, mut reports) = (Vec::new(), Vec::new());
    for source in plan.sources().unwrap() {
        let mut packer = Packer::new(&plan, &source, &zone).unwrap();
        let mut packed = packer.push(&tables[source.name.trim_start_matches("signals.")]).unwrap();
        packed.extend(packer.finish().unwrap());
        for batch in packed {
            for row in 0..batch.num_rows() {
                let text = batch.column_by_name("report").unwrap().as_string::<i32>();
                if text.is_valid(row) {
                    reports.push(serde_json::from_str(text.value(row)).unwrap());
                } else {
                    pieces.push(batch.slice(row, 1));
                }
            }
        }
    }
    let plan = settle(plan, &reports).unwrap();
    pieces.sort_by_key(|piece| piece.column(0).as_primitive::<arrow_array::types::Int32Type>().value(0));
    change(&mut pieces);

    let mut reducer = Reducer::new(&plan).unwrap();
    let mut reduced = Vec::new();
    for piece in &pieces {
        match reducer.push(piece) {
            Ok(batches) => reduced.extend(batches),
            Err(error) => return error,
        }
    }
    reduced.extend(reducer.finish().unwrap());
    let texts = reduced.iter().map(|batch| batch.column_by_name(REPORT).unwrap().as_string::<i32>().clone());
    let reports = texts.flat_map(|texts| texts.iter().flatten().map(str::to_owned).collect::<Vec<_>>());
    let reports: Vec<BucketReport> = reports.map(|text| serde_json::from_str(&text).unwrap()).collect();
    conclude(&plan, &reports).unwrap_err()
}

#[test]
fn a_piece_that_is_lost_or_doubled_is_found() {
    let lost = tampered(|pieces| drop(pieces.remove(3)));
    assert!(matches!(&lost, Error::Temporary(text) if text.contains("lost or doubled")), "{lost}");
    let doubled = tampered(|pieces| pieces.insert(3, pieces[3].clone()));
    assert!(matches!(&doubled, Error::Temporary(text) if text.contains("lost or doubled")), "{doubled}");
}

#[test]
fn an_engine_that_breaks_its_promise_is_told() {
    let unsorted = tampered(|pieces| pieces.reverse());
    assert!(unsorted.exit_code() == 1 && unsorted.to_string().contains("not sorted"), "{unsorted}");
}

#[test]
fn a_bucket_that_takes_too_much_is_told_with_the_customers_who_have_the_most_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut tables = population(7, Written::Integers);
    let visits = &tables["visits"];
    let all = vec![visits.slice(3, 1); 5_000];
    let of_one = concat_batches(&visits.schema(), &all).unwrap();
    tables.insert("visits", of_one);
    let as_of = [Day(FIRST as i32 + 420)];
    let plan = Plan::new(settings(folder.path(), "UTC", false), &as_of, 4).unwrap();
    let how = How { buckets: 4, cut: 100, seed: 1, handed: Handed::All, in_files: true };
    assert!(shuffled(plan.clone(), &tables, how).is_ok());

    let error = shuffled(Plan { reduce_memory: 300_000, ..plan }, &tables, how).err().unwrap();
    let who = tables["visits"].column(0).as_primitive::<Int64Type>().value(0);
    let (text, most) = (error.to_string(), format!("Most rows are of `{who}` ("));
    assert!(error.exit_code() == 2 && text.contains(&most) && text.contains("--reduce-memory"), "{text}");
}

#[test]
fn tables_that_do_not_fit_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), "UTC", false);
    let as_of = [Day(FIRST as i32 + 300)];
    let how = How { buckets: 4, cut: 100, seed: 1, handed: Handed::Needed, in_files: false };
    let tables = population(7, Written::Integers);

    let mut mixed = tables.clone();
    mixed.insert("logins", population(7, Written::Numbered)["logins"].clone());
    let error = exchanged(&settings, &as_of, &mixed, how).unwrap_err();
    assert!(error.exit_code() == 3 && error.to_string().contains("signal `logins`: the ids in column `id`"), "{error}");

    let mut missing = tables.clone();
    missing.insert("visits", tables["visits"].project(&[0, 1]).unwrap());
    let error = exchanged(&settings, &as_of, &missing, how).unwrap_err();
    assert!(error.exit_code() == 3 && error.to_string().contains("column `amount`"), "{error}");

    let mut nobody = tables.clone();
    nobody.insert("customers", tables["customers"].slice(0, 0));
    assert_eq!(exchanged(&settings, &as_of, &nobody, how).unwrap_err().exit_code(), 5);
}

#[test]
fn a_plan_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan::new(settings(folder.path(), "UTC", false), &[Day(FIRST as i32)], 4).unwrap();
    let other = plan.to_json().unwrap().replace(&program(), "churn-risk 99.0.0");
    let error = Plan::from_json(&other).unwrap_err();
    assert!(error.exit_code() == 2 && error.to_string().contains("99.0.0"), "{error}");
    assert!(Plan::new(plan.settings.clone(), &[], 3).is_err());

    let later = Plan::new(plan.settings, &[Day(FIRST as i32 + 1)], 4).unwrap();
    let report = PackReport { plan: 7, ..PackReport::default() };
    let error = settle(later, &[report]).unwrap_err();
    assert!(error.exit_code() == 2 && error.to_string().contains("other dates"), "{error}");
}

#[test]
fn a_stream_gives_what_its_batches_give() {
    let folder = tempfile::tempdir().unwrap();
    let tables = population(11, Written::Numbered);
    let settings = settings(folder.path(), "UTC", false);
    let as_of = [Day(FIRST as i32 + 300)];
    let how = How { buckets: 8, cut: 10_000, seed: 5, handed: Handed::All, in_files: false };
    let (expected, summary) = exchanged(&settings, &as_of, &tables, how).unwrap();

    let bytes_of = |batch: &RecordBatch| {
        let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.into_inner().unwrap()
    };
    let read = |bytes: &[u8]| -> Vec<RecordBatch> {
        arrow_ipc::reader::StreamReader::try_new(bytes, None).unwrap().map(|batch| batch.unwrap()).collect()
    };
    let plan = Plan::new(settings, &as_of, how.buckets).unwrap();
    let (mut pieces, mut lines) = (Vec::new(), String::new());
    for source in plan.sources().unwrap() {
        let mut out = Vec::new();
        let table = &tables[source.name.trim_start_matches("signals.")];
        stream::pack(&plan, &source.name, None, bytes_of(table).as_slice(), &mut out).unwrap();
        for batch in read(&out) {
            let texts = batch.column_by_name("report").unwrap().as_string::<i32>();
            texts.iter().flatten().for_each(|text| lines += &format!("{text}\n"));
            pieces.push(batch);
        }
    }
    assert!(stream::pack(&plan, "signals.attic", None, &[][..], Vec::new()).is_err());

    let plan = settle(plan, &stream::pack_reports(lines.as_bytes()).unwrap()).unwrap();
    let ddl = stream::reduced_ddl(&plan).unwrap();
    assert!(ddl.starts_with("`customer_id` STRING, `as_of` DATE, ") && ddl.ends_with("`churn_report` STRING"), "{ddl}");
    let all = concat_batches(&pieces[0].schema(), &pieces).unwrap();
    let mut rows: Vec<usize> = (0..all.num_rows()).filter(|&row| all.column(0).is_valid(row)).collect();
    rows.sort_by_key(|&row| all.column(0).as_primitive::<arrow_array::types::Int32Type>().value(row));
    let ordered: Vec<RecordBatch> = rows.into_iter().map(|row| all.slice(row, 1)).collect();
    let mut out = Vec::new();
    let pieces = bytes_of(&concat_batches(&all.schema(), &ordered).unwrap());
    stream::reduce(&plan, None, pieces.as_slice(), &mut out).unwrap();

    let mut lines = String::new();
    let mut rows = Vec::new();
    for batch in read(&out) {
        let last = batch.num_columns() - 1;
        let texts = batch.column(last).as_string::<i32>();
        texts.iter().flatten().for_each(|text| lines += &format!("{text}\n"));
        if texts.null_count() == batch.num_rows() {
            rows.push(batch.project(&(0..last).collect::<Vec<_>>()).unwrap());
        }
    }
    assert_eq!(by_row(&rows), by_row(&expected));
    assert_eq!(conclude(&plan, &stream::bucket_reports(lines.as_bytes()).unwrap()).unwrap(), summary);

    // The rows in a file, twice, as of two attempts at a task.
    for attempt in 0..2 {
        let mut told = Vec::new();
        stream::reduce(&plan, Some(folder.path()), pieces.as_slice(), &mut told).unwrap();
        let told = read(&told);
        let files = told.iter().flat_map(|batch| batch.column(1).as_string::<i32>().iter().flatten());
        let files: Vec<FileReport> = files.map(|text| serde_json::from_str(text).unwrap()).collect();
        let name = format!("part-00000-{attempt}.parquet");
        assert_eq!((files.len(), files[0].file == name, files[0].rows), (1, true, summary.rows));
        let file = File::open(folder.path().join(&name)).unwrap();
        assert_eq!(file.metadata().unwrap().len(), files[0].bytes);
        let rows = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        let rows: Vec<RecordBatch> = rows.map(|batch| with_long_texts(&batch.unwrap())).collect();
        assert_eq!(by_row(&rows), by_row(&expected));
        let reports = told.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
        let reports: Vec<BucketReport> = reports.map(|text| serde_json::from_str(text).unwrap()).collect();
        assert_eq!(conclude(&plan, &reports).unwrap(), summary);
    }

    // A task without rows.
    let mut nothing = Vec::new();
    stream::reduce(&plan, None, &[][..], &mut nothing).unwrap();
    assert_eq!(read(&nothing).iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
}
