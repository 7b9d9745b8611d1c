//! The scan: every signal's rows decoded once, cut to the needed days, and scattered into the customers' partitions.
//!
//! A thread takes row group after row group. For each row it checks what can be checked without the customer, and
//! appends the row, packed into a few 32-bit words, to its own buffer for the partition of the id. Ids are looked up
//! later, partition by partition (see [`super::rows`]), where the table of a few thousand ids stays in cache: looking
//! each id up in one big table while decoding would cost a cache miss a row.

use super::customers::{CustomerTable, Ids};
use super::decode::{self, Times, NULL_ID, NULL_TIME};
use super::partition::Partitioning;
use super::quarantine::{Quarantine, Reason};
use super::table::{damaged, IdKind, OpenFile, Table};
use crate::calendar::{Day, Zone, MICROS};
use crate::config::{Instrument, Signal, SignalKind};
use crate::error::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::file::statistics::Statistics;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

/// The category code that stands for null.
pub const NO_CATEGORY: u32 = u32::MAX;
/// Rows decoded at a time.
const BATCH_ROWS: usize = 16_384;
/// Rows that a thread gathers for a partition before it hands them over.
const CHUNK_ROWS: usize = 512;

/// A signal to scan and the instants to keep: `from <= ts < to`.
pub struct SignalScan<'a> {
    /// The signal's name.
    pub name: &'a str,
    /// Its settings.
    pub settings: &'a Signal,
    /// Its files.
    pub table: &'a Table,
    /// The first day kept.
    pub from: Day,
    /// The day before which rows are kept.
    pub to: Day,
}

/// What a scan of one signal saw.
#[derive(Clone, Debug, Default)]
pub struct SignalReport {
    /// Files, and those skipped for their partition folders.
    pub files: usize,
    /// Files skipped for their partition folders.
    pub pruned_files: usize,
    /// Row groups in the files opened.
    pub row_groups: usize,
    /// Row groups skipped for their statistics.
    pub pruned_row_groups: usize,
    /// Rows decoded.
    pub rows: u64,
    /// Rows kept: dated within the scanned days and in order.
    pub kept: u64,
    /// Rows before the scanned days, those of pruned row groups included.
    pub before: u64,
    /// Rows at or after the end of the scanned days, those of pruned row groups included.
    pub after: u64,
    /// The newest instant kept.
    pub newest: Option<i64>,
    /// Rows that could not be used. Unknown customers are added when their partition is resolved.
    pub quarantine: Quarantine,
}

impl SignalReport {
    fn merge(&mut self, other: &SignalReport) {
        self.rows += other.rows;
        self.kept += other.kept;
        self.before += other.before;
        self.after += other.after;
        self.newest = self.newest.max(other.newest);
        self.quarantine.merge(&other.quarantine);
    }
}

/// How a row is packed into 32-bit words: time (seconds since the store's origin), then the optional parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Words of an integer id (offset from the smallest): 1 or 2; 0 for string ids, whose bytes lie beside the words.
    pub id_words: usize,
    /// Words of the value: 0 without, 1 where every value is exact in 32 bits, 2 otherwise.
    pub value_words: usize,
    /// Whether a category code follows.
    pub category: bool,
    /// Whether an instrument follows.
    pub instrument: bool,
    /// Whether the microseconds within the second follow, for the order of survey answers and for exact duplicates.
    pub fraction: bool,
}

impl Layout {
    pub fn words(&self) -> usize {
        1 + self.id_words
            + self.value_words
            + usize::from(self.category)
            + usize::from(self.instrument)
            + usize::from(self.fraction)
    }
}

/// Rows of one signal for one partition, in no particular order.
#[derive(Default)]
pub(super) struct Chunk {
    pub words: Vec<u32>,
    /// String ids, each behind its length (a byte below 255, or 255 and four bytes).
    pub texts: Vec<u8>,
}

/// One signal's part of the store.
pub(super) struct SignalStore {
    pub layout: Layout,
    pub deduplicate: bool,
    /// Chunks by partition.
    pub partitions: Vec<Mutex<Vec<Chunk>>>,
}

/// The rows of all signals, by partition of the customers.
pub struct EventStore {
    /// The instant that row times count from, in microseconds.
    pub origin: i64,
    /// The customers' partitions.
    pub partitioning: Partitioning,
    /// The smallest integer id, from which packed ids count.
    pub(super) lowest_id: i64,
    pub(super) signals: Vec<SignalStore>,
    /// What was seen, a report a signal.
    pub reports: Vec<SignalReport>,
    /// Distinct category codes given out, a count a signal.
    pub categories: Vec<u32>,
}

/// Category texts to codes. Codes depend on the order of threads; only their identity is ever used.
#[derive(Default)]
struct Categories(RwLock<hashbrown::HashMap<String, u32>>);

impl Categories {
    fn code(&self, text: &str) -> u32 {
        if let Some(&code) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return code;
        }
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let next = map.len() as u32;
        *map.entry(text.to_owned()).or_insert(next)
    }

    fn len(&self) -> u32 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len() as u32
    }
}

struct Task {
    signal: usize,
    file: usize,
    row_group: usize,
}

struct Scanner<'a> {
    scans: &'a [SignalScan<'a>],
    layouts: Vec<Layout>,
    bounds: Vec<(i64, i64)>,
    categories: Vec<Categories>,
    store: &'a [SignalStore],
    partitioning: &'a Partitioning,
    kind: IdKind,
    origin: i64,
    lowest_id: i64,
    id_span: u64,
    zone: &'a Zone,
}

/// Scans all signals at once. `last` is the last as-of date: the days from it on are of labels. `progress` is told of every row group's rows when they are done.
///
/// # Errors
/// A file that cannot be decoded ([`Error::Contract`]) or read.
pub fn scan(
    scans: &[SignalScan<'_>],
    customers: &CustomerTable,
    last: Day,
    zone: &Zone,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<EventStore> {
    let partitioning = Partitioning::of(customers, last);
    let origin = zone.midnight(scans.iter().map(|s| s.from).min().unwrap_or(Day(0)));
    let (lowest_id, id_span) = match &customers.ids {
        Ids::Integer(ids) => {
            let (first, last) = (ids.first().copied().unwrap_or(0), ids.last().copied().unwrap_or(0));
            (first, last.wrapping_sub(first) as u64)
        }
        Ids::Text { .. } => (0, 0),
    };
    let id_words = match customers.ids.kind() {
        IdKind::Integer if id_span <= u64::from(u32::MAX) => 1,
        IdKind::Integer => 2,
        IdKind::Text => 0,
    };
    let layouts: Vec<Layout> = scans
        .iter()
        .map(|scan| Layout {
            id_words,
            value_words: value_words(scan),
            category: scan.settings.category.is_some(),
            instrument: scan.settings.kind == SignalKind::Survey,
            fraction: scan.settings.kind == SignalKind::Survey || scan.settings.deduplicate,
        })
        .collect();
    let stores: Vec<SignalStore> = scans
        .iter()
        .zip(&layouts)
        .map(|(scan, &layout)| SignalStore {
            layout,
            deduplicate: scan.settings.deduplicate,
            partitions: (0..partitioning.count()).map(|_| Mutex::new(Vec::new())).collect(),
        })
        .collect();
    let mut reports = Vec::with_capacity(scans.len());
    let mut tasks = Vec::new();
    for (signal, scan) in scans.iter().enumerate() {
        reports.push(plan(signal, scan, zone, &mut tasks));
    }
    let scanner = Scanner {
        scans,
        layouts,
        bounds: scans.iter().map(|s| (zone.midnight(s.from), zone.midnight(s.to))).collect(),
        categories: scans.iter().map(|_| Categories::default()).collect(),
        store: &stores,
        partitioning: &partitioning,
        kind: customers.ids.kind(),
        origin,
        lowest_id,
        id_span,
        zone,
    };
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let workers = rayon::broadcast(|_| {
        let mut worker = Worker::new(&scanner);
        while !stop.load(Ordering::Relaxed) {
            let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            match worker.run(task) {
                Ok(rows) => progress(rows),
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(worker.finish())
    });
    for worker in workers {
        reports.iter_mut().zip(worker?).for_each(|(all, part)| all.merge(&part));
    }
    let categories = scanner.categories.iter().map(Categories::len).collect();
    Ok(EventStore { origin, partitioning, lowest_id, signals: stores, reports, categories })
}

/// Whether every value of the signal is exact in 32 bits, by the types of all its files and their statistics.
fn value_words(scan: &SignalScan<'_>) -> usize {
    let Some(column) = &scan.settings.value else { return 0 };
    let exact = scan.table.files.iter().all(|file| match file.data_type(column) {
        Some(DataType::Float32 | DataType::Float16 | DataType::Boolean) => true,
        Some(DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16) => true,
        Some(DataType::Int32 | DataType::Int64) => integer_range(file, column).is_some_and(|(low, high)| {
            const EXACT: i64 = 1 << 24;
            low >= -EXACT && high <= EXACT
        }),
        _ => false,
    });
    if exact {
        1
    } else {
        2
    }
}

fn leaf_of(file: &OpenFile, column: &str) -> Option<usize> {
    let root = file.metadata.schema().index_of(column).ok()?;
    let schema = file.metadata.parquet_schema();
    (0..schema.num_columns()).find(|&leaf| schema.get_column_root_idx(leaf) == root)
}

fn integer_statistics(statistics: &Statistics) -> Option<(i64, i64)> {
    match statistics {
        Statistics::Int64(s) => Some((*s.min_opt()?, *s.max_opt()?)),
        Statistics::Int32(s) => Some((i64::from(*s.min_opt()?), i64::from(*s.max_opt()?))),
        _ => None,
    }
}

fn integer_range(file: &OpenFile, column: &str) -> Option<(i64, i64)> {
    let leaf = leaf_of(file, column)?;
    let groups = file.metadata.metadata().row_groups();
    groups.iter().try_fold((i64::MAX, i64::MIN), |(low, high), group| {
        let (min, max) = integer_statistics(group.column(leaf).statistics()?)?;
        Some((low.min(min), high.max(max)))
    })
}

/// The first and last instant of a row group, if its statistics tell.
pub(super) fn time_range(file: &OpenFile, column: &str, group: usize, zone: &Zone) -> Option<(i64, i64)> {
    let leaf = leaf_of(file, column)?;
    let data_type = file.data_type(column)?;
    let (min, max) = integer_statistics(file.metadata.metadata().row_group(group).column(leaf).statistics()?)?;
    let mut times = Times::new(zone);
    Some((times.statistic(data_type, min)?, times.statistic(data_type, max)?))
}

/// Lists the row groups that may hold rows of the scanned days.
fn plan(signal: usize, scan: &SignalScan<'_>, zone: &Zone, tasks: &mut Vec<Task>) -> SignalReport {
    let mut report = SignalReport {
        files: scan.table.files.len() + scan.table.pruned_files,
        pruned_files: scan.table.pruned_files,
        ..SignalReport::default()
    };
    let (from, to) = (zone.midnight(scan.from), zone.midnight(scan.to));
    for (index, file) in scan.table.files.iter().enumerate() {
        let metadata = file.metadata.metadata();
        for group in 0..metadata.num_row_groups() {
            report.row_groups += 1;
            let rows = metadata.row_group(group).num_rows().max(0) as u64;
            // Clock changes may reorder wall-clock times by an hour, so zone-less statistics get a day to spare.
            let slack = if zone.is_utc() { 0 } else { 86_400 * MICROS };
            match time_range(file, &scan.settings.time, group, zone) {
                Some((_, max)) if max.saturating_add(slack) < from => report.before += rows,
                Some((min, _)) if min.saturating_sub(slack) >= to => report.after += rows,
                _ => {
                    tasks.push(Task { signal, file: index, row_group: group });
                    continue;
                }
            }
            report.pruned_row_groups += 1;
        }
    }
    report
}

/// One thread's buffers.
struct Worker<'a> {
    scanner: &'a Scanner<'a>,
    /// By signal, then partition.
    chunks: Vec<Vec<Chunk>>,
    reports: Vec<SignalReport>,
    times: Times<'a>,
    instants: Vec<i64>,
    ids: Vec<i64>,
    values: Vec<f64>,
    categories: Vec<u32>,
    instruments: Vec<u32>,
}

/// The instrument code for a text that names none.
const UNKNOWN_INSTRUMENT: u32 = u32::MAX - 1;
/// The instrument code for null.
const NULL_INSTRUMENT: u32 = u32::MAX;

impl<'a> Worker<'a> {
    fn new(scanner: &'a Scanner<'a>) -> Worker<'a> {
        let partitions = scanner.partitioning.count();
        let chunks = scanner.scans.iter().map(|_| (0..partitions).map(|_| Chunk::default()).collect()).collect();
        Worker {
            scanner,
            chunks,
            reports: vec![SignalReport::default(); scanner.scans.len()],
            times: Times::new(scanner.zone),
            instants: Vec::new(),
            ids: Vec::new(),
            values: Vec::new(),
            categories: Vec::new(),
            instruments: Vec::new(),
        }
    }

    /// Decodes one row group.
    fn run(&mut self, task: &Task) -> Result<u64> {
        let scan = &self.scanner.scans[task.signal];
        let file = &scan.table.files[task.file];
        let settings = scan.settings;
        let mut columns = vec![settings.id.as_str(), settings.time.as_str()];
        columns.extend(
            [&settings.value, &settings.category, &settings.instrument].into_iter().filter_map(|c| c.as_deref()),
        );
        let mut rows = 0;
        for batch in file.read(&columns, Some(vec![task.row_group]), BATCH_ROWS)? {
            let batch = batch.map_err(|e| damaged(&file.file.path, &e))?;
            rows += batch.num_rows() as u64;
            self.scatter(task.signal, file, &batch)?;
        }
        self.reports[task.signal].rows += rows;
        Ok(rows)
    }

    /// The column of a batch, or its constant from the file's partition folders.
    fn text_codes(
        batch: &RecordBatch,
        file: &OpenFile,
        column: &str,
        null: u32,
        code: impl Fn(&str) -> u32,
        out: &mut Vec<u32>,
    ) {
        out.clear();
        let Some(array) = batch.column_by_name(column) else {
            let constant = file.file.partition_value(column).and_then(Option::as_deref).map_or(null, code);
            out.resize(batch.num_rows(), constant);
            return;
        };
        if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() {
            if let Some(values) = dictionary.values().as_string_opt::<i32>() {
                let codes: Vec<u32> = values.iter().map(|v| v.map_or(null, &code)).collect();
                let of = |key: i32| usize::try_from(key).ok().and_then(|k| codes.get(k)).copied().unwrap_or(null);
                match dictionary.keys().nulls() {
                    None => out.extend(dictionary.keys().values().iter().map(|&key| of(key))),
                    Some(nulls) => {
                        out.extend(
                            dictionary
                                .keys()
                                .values()
                                .iter()
                                .zip(nulls)
                                .map(|(&key, valid)| if valid { of(key) } else { null }),
                        )
                    }
                }
                return;
            }
        }
        let texts = decode::texts(array);
        let codes: Vec<u32> = texts.values.iter().map(|v| code(v)).collect();
        out.extend(texts.positions.iter().map(|p| p.map_or(null, |p| codes[p as usize])));
    }

    fn scatter(&mut self, signal: usize, file: &OpenFile, batch: &RecordBatch) -> Result<()> {
        let scanner = self.scanner;
        let settings = scanner.scans[signal].settings;
        let rows = batch.num_rows();
        match batch.column_by_name(&settings.time) {
            Some(array) => self.times.fill(array, &mut self.instants),
            None => {
                let day = file.file.partition_day(&settings.time);
                self.instants.clear();
                self.instants.resize(rows, day.map_or(NULL_TIME, |day| scanner.zone.midnight(day)));
            }
        }
        let value_array: Option<&ArrayRef> = match &settings.value {
            None => None,
            Some(column) => {
                let array = batch.column_by_name(column);
                match array {
                    Some(array) => decode::numbers(array, &mut self.values),
                    None => {
                        let text = file.file.partition_value(column).and_then(Option::as_deref);
                        self.values.clear();
                        self.values.resize(rows, text.and_then(|t| t.parse().ok()).unwrap_or(f64::NAN));
                    }
                }
                array
            }
        };
        if let Some(column) = &settings.category {
            let categories = &scanner.categories[signal];
            Self::text_codes(batch, file, column, NO_CATEGORY, |t| categories.code(t), &mut self.categories);
        }
        match (&settings.instrument, settings.instrument_name) {
            (_, Some(one)) => {
                self.instruments.clear();
                self.instruments.resize(rows, one as u32);
            }
            (Some(column), None) => {
                let code = |text: &str| {
                    let text = text.trim().to_ascii_lowercase();
                    Instrument::ALL.into_iter().find(|i| i.name() == text).map_or(UNKNOWN_INSTRUMENT, |i| i as u32)
                };
                Self::text_codes(batch, file, column, NULL_INSTRUMENT, code, &mut self.instruments);
            }
            (None, None) => {}
        }
        let Some(id_array) = batch.column_by_name(&settings.id) else {
            return Err(Error::Internal(format!("{}: the id column was not read", file.file.path.display())));
        };
        let texts = match scanner.kind {
            IdKind::Integer => {
                decode::integers(id_array, &mut self.ids);
                None
            }
            IdKind::Text => match id_array.as_string_opt::<i32>() {
                Some(texts) => Some(texts),
                None => return Err(Error::Internal(format!("unexpected id type {}", id_array.data_type()))),
            },
        };
        let (from, to) = scanner.bounds[signal];
        let layout = scanner.layouts[signal];
        let report = &mut self.reports[signal];
        let chunks = &mut self.chunks[signal];
        let full = CHUNK_ROWS * layout.words();
        let range = settings.range.or((settings.kind == SignalKind::Sentiment).then_some([-1.0, 1.0]));
        let mut newest = report.newest.unwrap_or(i64::MIN);
        for row in 0..rows {
            let instant = self.instants[row];
            if instant < from || instant >= to {
                match instant {
                    NULL_TIME => report.quarantine.add(Reason::NullTime, 1),
                    t if t < from => report.before += 1,
                    _ => report.after += 1,
                }
                continue;
            }
            let micros = (instant - scanner.origin) as u64;
            let seconds = micros / MICROS as u64;
            let mut packed = [0u32; 8];
            packed[0] = seconds as u32;
            let mut word = 1;
            let partition = match texts {
                None => {
                    let id = self.ids[row];
                    let offset = id.wrapping_sub(scanner.lowest_id) as u64;
                    if id < scanner.lowest_id || offset > scanner.id_span {
                        let reason = if id == NULL_ID { Reason::NullId } else { Reason::UnknownCustomer };
                        report.quarantine.add(reason, 1);
                        continue;
                    }
                    packed[word] = offset as u32;
                    word += 1;
                    if layout.id_words == 2 {
                        packed[word] = (offset >> 32) as u32;
                        word += 1;
                    }
                    scanner.partitioning.of_integer(id)
                }
                Some(texts) => {
                    if texts.is_null(row) {
                        report.quarantine.add(Reason::NullId, 1);
                        continue;
                    }
                    scanner.partitioning.of_text(texts.value(row).as_bytes())
                }
            };
            let mut range = range;
            if layout.instrument {
                let instrument = self.instruments[row];
                match Instrument::ALL.get(instrument as usize) {
                    Some(known) => range = range.or(Some(known.scale())),
                    None => {
                        report.quarantine.add(Reason::UnknownInstrument, 1);
                        continue;
                    }
                }
            }
            if layout.value_words > 0 {
                let value = self.values[row];
                if value.is_finite() {
                    if range.is_some_and(|[low, high]| value < low || value > high) {
                        report.quarantine.add(Reason::OutOfScale, 1);
                        continue;
                    }
                } else if value_array.is_some_and(|array| !array.is_null(row)) {
                    report.quarantine.add(Reason::NonFinite, 1);
                    continue;
                }
                if layout.value_words == 1 {
                    packed[word] = (value as f32).to_bits();
                    word += 1;
                } else {
                    let bits = value.to_bits();
                    packed[word] = bits as u32;
                    packed[word + 1] = (bits >> 32) as u32;
                    word += 2;
                }
            }
            if layout.category {
                packed[word] = self.categories[row];
                word += 1;
            }
            if layout.instrument {
                packed[word] = self.instruments[row];
                word += 1;
            }
            if layout.fraction {
                packed[word] = (micros % MICROS as u64) as u32;
                word += 1;
            }
            newest = newest.max(instant);
            report.kept += 1;
            let chunk = &mut chunks[partition];
            if chunk.words.capacity() == 0 {
                chunk.words.reserve_exact(full);
            }
            chunk.words.extend_from_slice(&packed[..word]);
            if let Some(texts) = texts {
                push_text(&mut chunk.texts, texts.value(row).as_bytes());
            }
            if chunk.words.len() == full {
                hand_over(&scanner.store[signal].partitions[partition], chunk);
            }
        }
        if newest > i64::MIN {
            report.newest = Some(newest);
        }
        Ok(())
    }

    /// Hands over what is left and reports.
    fn finish(mut self) -> Vec<SignalReport> {
        for (signal, chunks) in self.chunks.iter_mut().enumerate() {
            for (partition, chunk) in chunks.iter_mut().enumerate().filter(|(_, chunk)| !chunk.words.is_empty()) {
                chunk.words.shrink_to_fit();
                hand_over(&self.scanner.store[signal].partitions[partition], chunk);
            }
        }
        self.reports
    }
}

fn hand_over(partition: &Mutex<Vec<Chunk>>, chunk: &mut Chunk) {
    partition.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(chunk));
}

fn push_text(texts: &mut Vec<u8>, text: &[u8]) {
    match u8::try_from(text.len()) {
        Ok(length) if length < u8::MAX => texts.push(length),
        _ => {
            texts.push(u8::MAX);
            texts.extend_from_slice(&(text.len() as u32).to_le_bytes());
        }
    }
    texts.extend_from_slice(text);
}
