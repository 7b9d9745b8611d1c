//! Micro-benchmarks of the kernels, each with its throughput. `cargo bench --bench kernels [FILTER]`

use churn_risk::calendar::{Day, Timeline, Zone};
use churn_risk::config::{self, Settings};
use churn_risk::features::{BoundaryCounts, Catalogue, Engine, Partition, RowKey};
use churn_risk::memory::Arena;
use churn_risk::metrics::Metrics;
use churn_risk::model::calibration::{fit_beta, fit_isotonic, fit_platt, Rows};
use churn_risk::model::design::{Design, DesignBlock, DesignRows};
use churn_risk::model::linear::{self, LogisticParams};
use churn_risk::sources::{CustomerTable, Ids, PartitionRows, RowValues, SignalRows};
use churn_risk::weights::RowWeights;
use divan::counter::{BytesCount, ItemsCount};
use divan::{black_box, Bencher};
use std::path::Path;

fn main() {
    divan::main();
}

/// A deterministic stream of numbers in `[0, 1)` (SplitMix64).
struct Uniform(u64);

impl Iterator for Uniform {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64)
    }
}

impl Uniform {
    fn draw(&mut self) -> f64 {
        self.next().unwrap_or_default()
    }
}

const CUSTOMERS: u32 = 2048;
const DAYS: u32 = 252;

/// One partition: 2,048 customers with about 25 logins and visits, 10 mentions and 7 surveys in 252 days.
fn partition(settings: &Settings, random: &mut Uniform) -> PartitionRows {
    let signals = settings
        .signals
        .iter()
        .map(|(name, signal)| {
            let least = match name.as_str() {
                "mentions" => 2u32,
                "surveys" => 1,
                _ => 10,
            };
            let mut rows = SignalRows { starts: vec![0], category_count: 5, ..SignalRows::default() };
            for _ in 0..CUSTOMERS {
                let count = least + (random.draw() * f64::from(3 * least)) as u32;
                let mut seconds: Vec<u32> =
                    (0..count).map(|_| (random.draw() * f64::from(DAYS * 86_400)) as u32).collect();
                seconds.sort_unstable();
                rows.seconds.extend(seconds);
                rows.starts.push(rows.seconds.len() as u32);
            }
            let total = rows.seconds.len();
            if signal.value.is_some() {
                rows.values = RowValues::Single(random.take(total).map(|v| (v * 10.0).round() as f32).collect());
            }
            if signal.category.is_some() {
                rows.categories = random.take(total).map(|v| (v * 5.0) as u32).collect();
            }
            if signal.instrument.is_some() {
                rows.instruments = random.take(total).map(|v| (v * 3.0) as u32).collect();
            }
            rows
        })
        .collect();
    PartitionRows { signals, unknown: Vec::new(), duplicates: Vec::new() }
}

/// All features of one partition on three as-of dates; throughput in events.
#[allow(clippy::expect_used, reason = "a benchmark that cannot be set up has to fail")]
#[divan::bench]
fn features(bencher: Bencher) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/churn.toml");
    let settings = config::load(Some(&path), &[], []).expect("benches/churn.toml is in order").settings;
    let mut random = Uniform(1);
    let rows = partition(&settings, &mut random);
    let customers = CustomerTable {
        ids: Ids::Integer((0..i64::from(CUSTOMERS)).collect()),
        signup: vec![0; CUSTOMERS as usize],
        start: Vec::new(),
        end: Vec::new(),
        value: Vec::new(),
        numeric: vec![vec![1.0; CUSTOMERS as usize]],
        categorical: Vec::new(),
        rows: u64::from(CUSTOMERS),
        quarantine: Default::default(),
        chosen: Default::default(),
    };
    let dates = [168, 210, 252].map(|day| Day(20_000 + day));
    let timeline = Timeline::new(&Zone::utc(), Day(20_000), Day(20_000 + DAYS as i32), dates.to_vec());
    let catalogue = Catalogue::new(&settings.signals, &settings.features, settings.customers.as_ref());
    let begins = vec![Some(Day(0)); settings.signals.len()];
    let engine = Engine::new(&catalogue, &settings.features, &settings.eligibility, timeline, &begins);
    let mut counts = BoundaryCounts::default();
    let members: Vec<u32> = (0..CUSTOMERS).collect();
    let keys: Vec<RowKey> =
        members.iter().flat_map(|&member| (0..3).map(move |as_of| RowKey { member, as_of })).collect();
    let mut values = vec![0.0; engine.values(keys.len())];
    let events: usize = rows.signals.iter().map(|signal| signal.seconds.len()).sum();
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        engine.count(black_box(&rows), &mut counts);
        let partition = Partition { rows: &rows, members: &members, customers: &customers };
        engine.compute(partition, &counts, &keys, &mut values);
    });
}

/// `rows` rows of `columns` correlated columns in blocks of 4,096.
#[allow(clippy::expect_used, reason = "without a limit, nothing is ever written")]
fn design(rows: usize, columns: usize) -> Design {
    let mut random = Uniform(2);
    let mut blocks = Vec::new();
    for first in (0..rows).step_by(4096) {
        let count = 4096.min(rows - first);
        let shared: Vec<f64> = random.by_ref().take(count).map(|v| 2.0 * v - 1.0).collect();
        let mut log_odds = vec![-3.0; count];
        let mut x = Vec::with_capacity(count * columns);
        for column in 0..columns {
            for (log_odds, shared) in log_odds.iter_mut().zip(&shared) {
                let value = shared + 4.0 * random.draw() - 2.0;
                *log_odds += value * if column % 2 == 0 { 0.3 } else { -0.3 };
                x.push(value as f32);
            }
        }
        let y = log_odds.iter().map(|z| u8::from(random.draw() < 1.0 / (1.0 + (-z).exp()))).collect();
        let fold = (0..count).map(|row| (row % 5) as u8).collect();
        let customer = (0..count as u32).collect();
        let family = blocks.len() as u32;
        let rows = DesignRows { y, fold, weights: RowWeights::unit(), customer };
        blocks.push(DesignBlock::new(&x, rows, family, &Arena::unlimited()).expect("held in memory"));
    }
    Design { names: (0..columns).map(|column| format!("x{column}")).collect(), blocks }
}

const ROWS: usize = 100_000;
const COLUMNS: usize = 60;

/// The logistic fit of 100,000 x 60 to its optimum, with standard errors; throughput in bytes of the matrix.
#[divan::bench(sample_count = 10)]
fn logistic_fit(bencher: Bencher) {
    let design = design(ROWS, COLUMNS);
    let params = LogisticParams::new(1e-4).certificate_bytes(0);
    bencher
        .counter(BytesCount::of_many::<f32>(ROWS * COLUMNS))
        .bench_local(|| linear::fit(black_box(&design), &params));
}

/// One Newton step of it, with the passes before and after the step.
#[divan::bench(sample_count = 10)]
fn logistic_newton_step(bencher: Bencher) {
    let design = design(ROWS, COLUMNS);
    let params = LogisticParams::new(1e-4).certificate_bytes(0).max_iterations(1);
    bencher
        .counter(BytesCount::of_many::<f32>(ROWS * COLUMNS))
        .bench_local(|| linear::fit(black_box(&design), &params));
}

/// The log-odds of 100,000 rows.
#[divan::bench]
fn log_odds(bencher: Bencher) {
    let design = design(ROWS, COLUMNS);
    let coefficients = vec![0.1; COLUMNS];
    bencher
        .counter(BytesCount::of_many::<f32>(ROWS * COLUMNS))
        .bench_local(|| black_box(&design).log_odds(&coefficients, -3.0));
}

const SCORES: usize = 1_000_000;

/// Log-odds around -3 and labels drawn from them.
fn scores() -> (Vec<f64>, Vec<u8>) {
    let mut random = Uniform(3);
    let log_odds: Vec<f64> = random.by_ref().take(SCORES).map(|v| -6.0 + 6.0 * v).collect();
    let y = log_odds.iter().map(|z| u8::from(random.draw() < 1.0 / (1.0 + (-z).exp()))).collect();
    (log_odds, y)
}

/// Platt's curve over a million rows.
#[divan::bench(sample_count = 10)]
fn calibration_platt(bencher: Bencher) {
    let (log_odds, y) = scores();
    bencher.counter(ItemsCount::new(SCORES)).bench_local(|| fit_platt(Rows::all(black_box(&log_odds), &y)));
}

/// The beta calibration over a million rows.
#[divan::bench(sample_count = 10)]
fn calibration_beta(bencher: Bencher) {
    let (log_odds, y) = scores();
    bencher.counter(ItemsCount::new(SCORES)).bench_local(|| fit_beta(Rows::all(black_box(&log_odds), &y)));
}

/// The isotonic curve over a million rows.
#[divan::bench(sample_count = 10)]
fn calibration_isotonic(bencher: Bencher) {
    let (log_odds, y) = scores();
    bencher.counter(ItemsCount::new(SCORES)).bench_local(|| fit_isotonic(Rows::all(black_box(&log_odds), &y)));
}

/// Every metric of a million rows.
#[divan::bench(sample_count = 10)]
fn metrics(bencher: Bencher) {
    let (log_odds, y) = scores();
    let p: Vec<f64> = log_odds.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
    bencher.counter(ItemsCount::new(SCORES)).bench_local(|| Metrics::new(black_box(&y), &p, 500));
}
