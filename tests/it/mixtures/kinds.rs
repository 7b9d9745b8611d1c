//! What happens to tables, one kind at a time.

use super::tables::{self, Columns, Encoding, IdShape, TimeShape};
use super::world::{Event, World, CHANNELS, CUSTOMERS, DAY};
use arrow_array::types::Float32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, Decimal128Array, Float64Array, ListArray, NullArray, PrimitiveArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, UInt64Array,
};
use churn_risk::calendar::Day;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterVersion};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// What a run may say when it refuses a mixture.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// One of these is in the message.
    pub names: Vec<String>,
    /// Whether the run may not go on.
    pub must: bool,
}

/// How the files of the logins lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    OneFile,
    Parts,
    Days,
    CompactDays,
    YearMonthDay,
    NoExtension,
}

/// Something in the folder of the logins that is no row of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    Markers,
    Temporary,
    EmptyFile,
    Link,
    Delta,
    Hudi,
    OwnList,
}

/// A world, and what has happened to its tables.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// What is true.
    pub truth: World,
    /// What the tables hold.
    rows: World,
    ids: IdShape,
    times: TimeShape,
    encoding: Encoding,
    layout: Layout,
    beside: Vec<Beside>,
    glob: Option<&'static str>,
    extra: Columns,
    passthrough: Vec<&'static str>,
    time_unit: bool,
    renamed_id: Option<&'static str>,
    id_twice: bool,
    churn_in_customers: bool,
    damaged: Option<Damage>,
    stale_days: i64,
    /// The second from which on the last day has no rows.
    cut_off: Option<i64>,
    /// The first day without cancellations, where they end before the rest.
    pub labels_until: Option<i64>,
    repeated_customers: usize,
    /// What runs may say against it.
    pub refusals: Vec<Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Cut,
    Emptied,
    Text,
}

impl Mixture {
    /// The world in plain tables.
    pub fn new(truth: World) -> Mixture {
        Mixture {
            rows: truth.clone(),
            truth,
            ids: IdShape::Whole,
            times: TimeShape::Micros,
            encoding: Encoding::default(),
            layout: Layout::OneFile,
            beside: Vec::new(),
            glob: None,
            extra: Vec::new(),
            passthrough: Vec::new(),
            time_unit: false,
            renamed_id: None,
            id_twice: false,
            churn_in_customers: false,
            damaged: None,
            stale_days: 0,
            cut_off: None,
            labels_until: None,
            repeated_customers: 0,
            refusals: Vec::new(),
        }
    }

    pub fn must_be_refused(&self) -> bool {
        self.refusals.iter().any(|refusal| refusal.must)
    }

    /// The id of a customer as the program writes it.
    pub fn id_text(&self, key: i64) -> String {
        tables::id_text(self.ids, key)
    }

    fn refused(&mut self, must: bool, names: &[&str]) {
        self.refusals.push(Refusal { names: names.iter().map(|name| (*name).to_owned()).collect(), must });
    }

    /// Writes the tables and their configuration.
    pub fn write(&self, home: &Path) {
        fs::create_dir_all(home).unwrap();
        let mut customers = tables::customers(&self.rows, self.ids);
        customers.extend(self.extra.iter().cloned());
        if self.churn_in_customers {
            let days = tables::cancelled(&self.one_row_each(), self.ids);
            customers.push(days[1].clone());
        }
        let mut written = vec![customers];
        if self.repeated_customers > 0 {
            let repeated =
                written[0].iter().map(|(name, array)| (name.clone(), array.slice(0, self.repeated_customers)));
            written.push(repeated.collect());
        }
        for (part, columns) in written.iter().enumerate() {
            tables::write_file(&home.join(format!("customers/part-{part}.parquet")), columns, &self.encoding);
        }

        let cancelled = tables::cancelled(&self.rows, self.ids);
        tables::write_file(&home.join("churn.parquet"), &cancelled, &self.encoding);
        let visits = tables::signal(&self.rows.visits, self.ids, self.times, true);
        tables::write_file(&home.join("visits.parquet"), &visits, &self.encoding);
        self.write_logins(&home.join("logins"));
        fs::write(home.join("churn.toml"), self.configuration()).unwrap();
    }

    /// The customers with the day on which they left, if they did.
    fn one_row_each(&self) -> World {
        let day = |key: i64| self.truth.cancelled.iter().find(|(left, _)| *left == key).and_then(|(_, day)| *day);
        World {
            cancelled: self.rows.customers.iter().map(|customer| (customer.key, day(customer.key))).collect(),
            ..World::default()
        }
    }

    fn logins(&self, rows: &[Event]) -> Columns {
        let mut columns = tables::signal(rows, self.ids, self.times, false);
        if let Some(name) = self.renamed_id {
            columns[0].0 = name.to_owned();
        }
        if self.id_twice {
            columns.push(columns[0].clone());
        }
        columns
    }

    fn write_logins(&self, folder: &Path) {
        let newest = self.truth.logins.iter().filter_map(|row| row.second).max().unwrap_or(0);
        let until = newest - self.stale_days * DAY;
        let mut rows = self.rows.logins.clone();
        if self.stale_days > 0 {
            rows.retain(|row| row.second.is_none_or(|second| second < until));
        }
        if let Some(end) = self.cut_off {
            let last_day = end..(newest.div_euclid(DAY) + 1) * DAY;
            rows.retain(|row| row.second.is_none_or(|second| !last_day.contains(&second)));
        }
        let encoding = &self.encoding;
        let columns = |rows: &[Event]| self.logins(rows);
        match self.layout {
            Layout::OneFile => tables::write_file(&folder.join("logins.parquet"), &columns(&rows), encoding),
            Layout::Parts => {
                tables::write_parts(folder, &columns(&rows), 3, encoding, |part| format!("part-{part}.parquet"));
            }
            Layout::NoExtension => {
                tables::write_parts(folder, &columns(&rows), 2, encoding, |part| format!("{part:06}_0"));
            }
            Layout::Days => tables::write_days(folder, &rows, encoding, |day| format!("date={}", date(day)), columns),
            Layout::CompactDays => {
                let name = |day: i64| format!("date={}", date(day).replace('-', ""));
                tables::write_days(folder, &rows, encoding, name, columns);
            }
            Layout::YearMonthDay => {
                let name = |day: i64| {
                    let date = date(day);
                    format!("year={}/month={}/day={}", &date[..4], &date[5..7], &date[8..])
                };
                tables::write_days(folder, &rows, encoding, name, columns);
            }
        }

        for beside in &self.beside {
            self.write_beside(*beside, folder, &columns(&rows));
        }
        if let Some(damage) = self.damaged {
            damage.done_to(&folder.join("broken.parquet"), &columns(&rows), encoding);
        }
    }

    fn write_beside(&self, beside: Beside, folder: &Path, columns: &Columns) {
        let put = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        match beside {
            Beside::Markers => {
                put("_SUCCESS", "");
                put(".part-0.parquet.crc", "crc");
                put("_committed_17", "{}");
            }
            Beside::Temporary => {
                tables::write_file(&folder.join("_temporary/0/part-9.parquet"), columns, &self.encoding);
                tables::write_file(&folder.join(".staged/part-9.parquet"), columns, &self.encoding);
            }
            Beside::EmptyFile => {
                let none = tables::without_rows(columns);
                tables::write_file(&folder.join("zz-empty.parquet"), &none, &self.encoding);
            }
            Beside::Link => {
                let first = crate::common::parquet_files(folder).into_iter().next();
                let Some(first) = first else { return };
                std::os::unix::fs::symlink(first, folder.join("again.parquet")).unwrap();
            }
            Beside::Delta => put("_delta_log/00000000000000000000.json", "{}"),
            Beside::Hudi => put(".hoodie/hoodie.properties", "hoodie.table.name=logins"),
            Beside::OwnList => {
                put("as_of=2026-05-01/_SUCCESS", "");
                put("as_of=2026-05-01/manifest.json", "{}");
            }
        }
    }

    fn configuration(&self) -> String {
        let glob = self.glob.unwrap_or("");
        let unit = if self.time_unit { "time_unit = \"milliseconds\"\n" } else { "" };
        let churn = if self.churn_in_customers { "customers" } else { "churn.parquet" };
        format!(
            "[customers]\npath = \"customers\"\nid = \"customer_id\"\nsignup = \"signup_date\"\n\
             numeric = [\"monthly_revenue\"]\ncategorical = [\"plan\"]\npassthrough = {:?}\n\
             [signals.logins]\nkind = \"event\"\npath = \"logins{glob}\"\nid = \"customer_id\"\ntime = \"ts\"\n{unit}\
             [signals.visits]\nkind = \"amount\"\npath = \"visits.parquet\"\nid = \"customer_id\"\ntime = \"ts\"\n\
             value = \"amount\"\ncategory = \"channel\"\n{unit}\
             [churn]\npath = \"{churn}\"\nid = \"customer_id\"\ntime = \"churned_on\"\n\
             [gates]\nmin_customers = 30\nmin_churners = 5\n[model]\ncomplexity = \"linear\"\n",
            self.passthrough,
        )
    }
}

impl Damage {
    fn done_to(self, path: &Path, columns: &Columns, encoding: &Encoding) {
        match self {
            Damage::Cut => {
                tables::write_file(path, columns, encoding);
                let whole = fs::read(path).unwrap();
                fs::write(path, &whole[..whole.len() * 2 / 3]).unwrap();
            }
            Damage::Emptied => fs::write(path, "").unwrap(),
            Damage::Text => fs::write(path, "customer_id,ts\n1,2026-05-01\n").unwrap(),
        }
    }
}

fn date(day: i64) -> String {
    Day(day as i32).to_string()
}

/// A kind of thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ids,
    Times,
    Encoding,
    Layout,
    Beside,
    Glob,
    UnusableRows,
    FutureRows,
    CopiedColumn,
    ColumnWithoutValues,
    NestedCopy,
    BadText,
    RenamedId,
    IdTwice,
    OpenEnded,
    ChurnInCustomers,
    RepeatedCustomers,
    Damage,
    Stale,
    CutOffDay,
    EarlierStays,
    LateCancellations,
}

impl Kind {
    const ALL: [Kind; 22] = [
        Kind::Ids,
        Kind::Times,
        Kind::Encoding,
        Kind::Layout,
        Kind::Beside,
        Kind::Glob,
        Kind::UnusableRows,
        Kind::FutureRows,
        Kind::CopiedColumn,
        Kind::ColumnWithoutValues,
        Kind::NestedCopy,
        Kind::BadText,
        Kind::RenamedId,
        Kind::IdTwice,
        Kind::OpenEnded,
        Kind::ChurnInCustomers,
        Kind::RepeatedCustomers,
        Kind::Damage,
        Kind::Stale,
        Kind::CutOffDay,
        Kind::EarlierStays,
        Kind::LateCancellations,
    ];

    /// One to five of them. Kinds that end a run are rarer, or hardly a mixture would come to its end.
    pub fn some(rng: &mut impl Rng) -> Vec<Kind> {
        let ends = [
            Kind::NestedCopy,
            Kind::BadText,
            Kind::RenamedId,
            Kind::IdTwice,
            Kind::Damage,
            Kind::Stale,
            Kind::CutOffDay,
        ];
        let count = rng.random_range(1..=5);
        let mut some: Vec<Kind> = Vec::new();
        while some.len() < count {
            let kind = *Kind::ALL.choose(rng).unwrap();
            if !some.contains(&kind) && (!ends.contains(&kind) || rng.random_range(0..4) == 0) {
                some.push(kind);
            }
        }
        some
    }

    pub fn apply(self, mixture: &mut Mixture, rng: &mut impl Rng) {
        let customers = mixture.rows.customers.len();
        match self {
            Kind::Ids => change_ids(mixture, rng),
            Kind::Times => change_times(mixture, rng),
            Kind::Encoding => {
                mixture.encoding = Encoding {
                    compression: *[Compression::SNAPPY, Compression::UNCOMPRESSED, Compression::LZ4_RAW]
                        .choose(rng)
                        .unwrap(),
                    dictionary: rng.random(),
                    version: if rng.random() { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 },
                    statistics: *[EnabledStatistics::None, EnabledStatistics::Chunk, EnabledStatistics::Page]
                        .choose(rng)
                        .unwrap(),
                    group_rows: rng.random_range(50..5000),
                }
            }
            Kind::Layout => {
                let layouts =
                    [Layout::Parts, Layout::Days, Layout::CompactDays, Layout::YearMonthDay, Layout::NoExtension];
                mixture.layout = *layouts.choose(rng).unwrap();
            }
            Kind::Beside => {
                let beside = [
                    Beside::Markers,
                    Beside::Temporary,
                    Beside::EmptyFile,
                    Beside::Link,
                    Beside::Delta,
                    Beside::Hudi,
                    Beside::OwnList,
                ];
                let beside = *beside.choose(rng).unwrap();
                match beside {
                    Beside::Delta => mixture.refused(true, &["Delta"]),
                    Beside::Hudi => mixture.refused(true, &["Hudi"]),
                    _ => {}
                }
                mixture.beside.push(beside);
            }
            Kind::Glob => mixture.glob = Some(*["/**/*", "/**", "/**/*.parquet"].choose(rng).unwrap()),
            Kind::UnusableRows => add_unusable(&mut mixture.rows, rng),
            Kind::FutureRows => {
                let newest = mixture.truth.logins.iter().filter_map(|row| row.second).max().unwrap();
                for _ in 0..40 {
                    let second = (newest.div_euclid(DAY) + 1 + rng.random_range(0..9)) * DAY;
                    mixture.rows.logins.push(event(rng.random_range(1..=CUSTOMERS), second, 1.0));
                    mixture.rows.visits.push(event(rng.random_range(1..=CUSTOMERS), second, 1.0));
                }
            }
            Kind::CopiedColumn => {
                let column = copied(customers, rng);
                mixture.extra.push(("copied".to_owned(), column));
                mixture.passthrough.push("copied");
            }
            Kind::ColumnWithoutValues => {
                mixture.extra.push(("nothing".to_owned(), Arc::new(NullArray::new(customers))));
                mixture.passthrough.push("nothing");
            }
            Kind::NestedCopy => {
                let tags = (0..customers).map(|row| Some(vec![Some(row as f32)]));
                mixture
                    .extra
                    .push(("tags".to_owned(), Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(tags))));
                mixture.passthrough.push("tags");
                mixture.refused(true, &["`tags`"]);
            }
            Kind::BadText => {
                let owners = (0..customers).map(|row| if row == 33 { &b"J\xfcrgen"[..] } else { &b"owner"[..] });
                mixture.extra.push(("owner".to_owned(), unchecked_text(owners.collect())));
                mixture.passthrough.push("owner");
                mixture.refused(false, &["`owner`"]);
            }
            Kind::RenamedId => {
                mixture.renamed_id = Some(*["\u{feff}customer_id", "customer_id ", "Customer_ID"].choose(rng).unwrap());
                mixture.refused(true, &["`customer_id`"]);
            }
            Kind::IdTwice => {
                mixture.id_twice = true;
                mixture.refused(true, &["`customer_id`"]);
            }
            Kind::OpenEnded => {
                let stay: Vec<(i64, Option<i64>)> =
                    (1..=CUSTOMERS).filter(|key| key % 3 != 0).map(|key| (key, None)).collect();
                mixture.rows.cancelled.extend(stay);
            }
            Kind::ChurnInCustomers => mixture.churn_in_customers = true,
            Kind::RepeatedCustomers => mixture.repeated_customers = rng.random_range(1..6),
            Kind::Damage => {
                mixture.damaged = Some(*[Damage::Cut, Damage::Emptied, Damage::Text].choose(rng).unwrap());
                mixture.refused(true, &["broken.parquet"]);
            }
            Kind::Stale => {
                mixture.stale_days = rng.random_range(10..40);
                mixture.refused(true, &["`logins`"]);
            }
            Kind::CutOffDay => {
                let newest = mixture.truth.logins.iter().filter_map(|row| row.second).max().unwrap();
                mixture.cut_off = Some(newest.div_euclid(DAY) * DAY + rng.random_range(4 * 3600..14 * 3600));
                mixture.refused(true, &["`logins`"]);
            }
            Kind::EarlierStays => {
                for customer in mixture.rows.customers.iter().filter(|customer| customer.key % 7 == 1) {
                    let left = customer.signup - rng.random_range(1..300);
                    mixture.rows.cancelled.push((customer.key, Some(left)));
                }
            }
            Kind::LateCancellations => {
                let end = mixture.truth.cancelled.iter().filter_map(|(_, day)| *day).max().unwrap();
                let until = end - rng.random_range(50..70);
                for world in [&mut mixture.truth, &mut mixture.rows] {
                    world.cancelled.retain(|(_, day)| day.is_none_or(|day| day < until));
                }
                mixture.labels_until = Some(until);
            }
        }
    }
}

fn event(key: i64, second: i64, amount: f64) -> Event {
    Event { key: Some(key), second: Some(second), amount, channel: Some(CHANNELS[0]) }
}

fn change_ids(mixture: &mut Mixture, rng: &mut impl Rng) {
    let shapes = [
        IdShape::Narrow,
        IdShape::Unsigned,
        IdShape::Decimal,
        IdShape::DecimalWithDigits,
        IdShape::AboveSigned,
        IdShape::BelowEverything,
        IdShape::Text,
        IdShape::LargeText,
        IdShape::Dictionary,
        IdShape::Bytes,
        IdShape::RawBytes,
        IdShape::Float,
        IdShape::Differing,
    ];
    mixture.ids = *shapes.choose(rng).unwrap();
    match mixture.ids {
        IdShape::RawBytes | IdShape::Float | IdShape::Differing => mixture.refused(true, &["`customer_id`"]),
        IdShape::AboveSigned | IdShape::BelowEverything => mixture.refused(false, &["`customer_id`"]),
        _ => {}
    }
}

fn change_times(mixture: &mut Mixture, rng: &mut impl Rng) {
    let shapes = [TimeShape::Millis, TimeShape::Nanos, TimeShape::NoZone, TimeShape::EpochMillis, TimeShape::Text];
    mixture.times = *shapes.choose(rng).unwrap();
    match mixture.times {
        TimeShape::EpochMillis => {
            mixture.time_unit = rng.random();
            if !mixture.time_unit {
                mixture.refused(true, &["time_unit"]);
            }
        }
        TimeShape::Text => mixture.refused(true, &["`ts`"]),
        _ => {}
    }
}

/// A few rows in a thousand that say nothing: no id, no time, an id of nobody, an amount that is no number.
fn add_unusable(rows: &mut World, rng: &mut impl Rng) {
    let second = rows.logins[0].second.unwrap_or(0);
    let nobody = CUSTOMERS + 100;
    for _ in 0..rng.random_range(5..60) {
        rows.logins.push(Event { key: None, ..event(1, second, 1.0) });
        rows.logins.push(Event { second: None, ..event(2, second, 1.0) });
        rows.logins.push(event(nobody, second, 1.0));
        rows.visits.push(event(rng.random_range(1..=CUSTOMERS), second + 300 * DAY, f64::NAN));
        rows.visits.push(event(rng.random_range(1..=CUSTOMERS), second + 300 * DAY, f64::INFINITY));
    }
}

/// A column to be copied, of a type that nothing is computed from.
fn copied(rows: usize, rng: &mut impl Rng) -> ArrayRef {
    let each = || 0..rows;
    match rng.random_range(0..6) {
        0 => Arc::new(each().map(|row| Some(u64::MAX - row as u64)).collect::<UInt64Array>()),
        1 => Arc::new(each().map(|row| Some(row as i64)).collect::<Time64MicrosecondArray>()),
        2 => Arc::new(each().map(|_| Some(b"gold")).collect::<BinaryArray>()),
        3 => Arc::new(each().map(|row| Some((1 << 70) + row as i128)).collect::<Decimal128Array>()),
        4 => Arc::new(each().map(|row| Some(row as i64)).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        _ => Arc::new(each().map(|row| Some(row as f64 / 3.0)).collect::<PrimitiveArray<_>>() as Float64Array),
    }
}

/// Text as a file of a careless writer holds it: bytes that are marked as text and were never checked.
fn unchecked_text(bytes: Vec<&[u8]>) -> ArrayRef {
    Arc::new(BinaryArray::from(bytes))
}
