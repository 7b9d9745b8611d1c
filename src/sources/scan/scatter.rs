//! Scattering: a thread decodes rows, checks them, packs them into words, and appends each to its own buffer for the
//! partition of the id. The buffers of all partitions are small enough to stay in the second-level cache; when they are
//! full, they go to memory one behind the other.
//!
//! A batch is worked on column by column: first every row's partition, with the rows that are left out marked, then
//! the words of all rows, a column a word; one loop at the end writes rows, with the number of words known to the
//! compiler.

use super::bins::{Bins, Slab};
use super::id_index::{hash_of_integer, IdIndex};
use super::packing::{Heads, Packing};
use super::partition::Partitioning;
use super::plan::Task;
use super::row_layout::{RowLayout, NO_CATEGORY};
use super::signal::{SignalReport, SignalScan};
use super::vector::{self, NOWHERE};
use crate::calendar::{Zone, MICROS};
use crate::config::{Instrument, SignalKind};
use crate::error::{Error, Result};
use crate::numeric::{ordered_f64, vectorised};
use crate::sources::parquet::decode::{self, Times, NULL_ID, NULL_TIME};
use crate::sources::parquet::{damaged, IdKind, OpenFile};
use crate::sources::quarantine::Reason;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow_schema::DataType;
use std::sync::{Arc, PoisonError, RwLock};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 16_384;
/// Rows scattered at a time: their columns stay in the cache.
const SCATTERED_ROWS: usize = 2048;
/// Words that a partition's buffer keeps room for.
const MOST_KEPT: usize = 16_384;
/// The instrument code for a text that names none.
const UNKNOWN_INSTRUMENT: u32 = u32::MAX - 1;
/// The instrument code for null.
const NULL_INSTRUMENT: u32 = u32::MAX;

/// Category texts to codes. Codes depend on the order of threads; only their identity is ever used.
#[derive(Default)]
pub(super) struct Categories(RwLock<hashbrown::HashMap<String, u32>>);

impl Categories {
    fn code(&self, text: &str) -> u32 {
        if let Some(&code) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return code;
        }
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let next = map.len() as u32;
        *map.entry(text.to_owned()).or_insert(next)
    }

    /// Distinct codes given out.
    pub fn len(&self) -> u32 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len() as u32
    }
}

/// What all threads of a scan share.
pub(super) struct Scanner<'a> {
    pub scans: &'a [SignalScan<'a>],
    pub layouts: &'a [RowLayout],
    /// Each signal's first instant kept, and the one at which keeping ends.
    pub bounds: Vec<(i64, i64)>,
    pub categories: Vec<Categories>,
    pub bins: &'a Bins,
    pub partitioning: &'a Partitioning,
    /// Of ids that are not dense integers.
    pub index: Option<&'a IdIndex>,
    pub kind: IdKind,
    pub origin: i64,
    pub zone: &'a Zone,
    /// Words that a thread gathers before it hands them over.
    pub most_words: usize,
}

/// The codes of a dictionary's texts. Row groups keep one dictionary for many batches.
#[derive(Default)]
struct Codes {
    texts: Option<ArrayRef>,
    codes: Vec<u32>,
}

impl Codes {
    fn of(&mut self, texts: &ArrayRef, null: u32, code: impl Fn(&str) -> u32) -> &[u32] {
        if !self.texts.as_ref().is_some_and(|known| Arc::ptr_eq(known, texts)) {
            self.codes.clear();
            if let Some(texts) = texts.as_string_opt::<i32>() {
                self.codes.extend(texts.iter().map(|text| text.map_or(null, &code)));
            }
            self.texts = Some(texts.clone());
        }
        &self.codes
    }
}

/// One thread's buffers. Between two signals they are emptied, so that they are those of one signal only.
pub(super) struct Worker<'a> {
    scanner: &'a Scanner<'a>,
    signal: usize,
    /// The task at hand.
    current: usize,
    /// The first task since the buffers were emptied, the words in them now, and how these are packed.
    task: usize,
    held: usize,
    packing: Packing,
    /// Packed rows by partition.
    words: Vec<Vec<u32>>,
    /// Where they go when they are handed over.
    slab: Slab,
    reports: Vec<SignalReport>,
    times: Times<'a>,
    instants: Vec<i64>,
    ids: Vec<i64>,
    hashes: Vec<u64>,
    values: Vec<f64>,
    instruments: Vec<u32>,
    targets: Vec<u32>,
    /// The words of a batch, a column a word.
    columns: Vec<Vec<u32>>,
    /// Those of the categories and the instruments of the signal at hand.
    category_codes: Codes,
    instrument_codes: Codes,
}

impl<'a> Worker<'a> {
    pub fn new(scanner: &'a Scanner<'a>) -> Worker<'a> {
        Worker {
            scanner,
            signal: 0,
            current: 0,
            task: 0,
            held: 0,
            packing: Packing::Wide,
            words: vec![Vec::new(); scanner.partitioning.count()],
            slab: Slab::default(),
            reports: vec![SignalReport::default(); scanner.scans.len()],
            times: Times::new(scanner.zone),
            instants: Vec::new(),
            ids: Vec::new(),
            hashes: Vec::new(),
            values: Vec::new(),
            instruments: Vec::new(),
            targets: Vec::new(),
            columns: Vec::new(),
            category_codes: Codes::default(),
            instrument_codes: Codes::default(),
        }
    }

    /// Decodes the rows of the task at the place `index` and returns how many there are.
    pub fn run(&mut self, index: usize, task: &Task<'_>) -> Result<u64> {
        // What is left of a task is handed over with its like, unless it is little, so that rows can be put in the order of
        // their files.
        self.current = index;
        if task.signal != self.signal || self.held_enough() {
            self.hand_over()?;
            if task.signal != self.signal {
                self.signal = task.signal;
                (self.category_codes, self.instrument_codes) = Default::default();
            }
        }
        let scan = &self.scanner.scans[task.signal];
        let file = task.piece.file;
        let settings = scan.settings;
        let mut columns = vec![settings.id.as_str(), settings.time.as_str()];
        columns.extend(
            [&settings.value, &settings.category, &settings.instrument].into_iter().filter_map(|c| c.as_deref()),
        );
        let mut rows = 0;
        for batch in task.piece.read(&columns, BATCH_ROWS)? {
            let batch = batch.map_err(|e| damaged(&file.file.path, &e))?;
            rows += batch.num_rows() as u64;
            for first in (0..batch.num_rows()).step_by(SCATTERED_ROWS) {
                self.scatter(file, &batch.slice(first, SCATTERED_ROWS.min(batch.num_rows() - first)))?;
            }
            if self.held >= self.scanner.most_words {
                self.hand_over()?;
            }
        }
        self.reports[task.signal].rows += rows;
        Ok(rows)
    }

    /// Hands over what is left and reports.
    pub fn finish(mut self) -> Result<Vec<SignalReport>> {
        self.hand_over()?;
        self.scanner.bins.keep(self.slab)?;
        Ok(self.reports)
    }

    /// Whether a batch of what is in the buffers would not be little.
    fn held_enough(&self) -> bool {
        self.held >= self.scanner.most_words / 8
    }

    fn hand_over(&mut self) -> Result<()> {
        if self.held == 0 {
            return Ok(());
        }
        self.scanner.bins.put(&mut self.slab, (self.signal, self.task), self.packing, &self.words)?;
        for words in &mut self.words {
            // One customer's flood is not what the buffer will need again.
            words.clear();
            words.shrink_to(MOST_KEPT);
        }
        self.held = 0;
        Ok(())
    }

    fn scatter(&mut self, file: &OpenFile, batch: &RecordBatch) -> Result<()> {
        let scanner = self.scanner;
        let signal = self.signal;
        let settings = scanner.scans[signal].settings;
        let layout = scanner.layouts[signal];
        self.targets.clear();
        self.targets.resize(batch.num_rows(), 0);
        self.columns.resize_with(layout.words(), Vec::new);
        let mut decoded = std::mem::take(&mut self.instants);
        let instants = self.times.of_column(batch, &file.file, &settings.time, &mut decoded);
        let span = self.place_in_time(instants, &layout);
        let Some(id_array) = batch.column_by_name(&settings.id) else {
            return Err(Error::Internal(format!("{}: the id column was not read", file.file.path.display())));
        };
        match scanner.kind {
            IdKind::Integer => {
                let mut decoded = std::mem::take(&mut self.ids);
                self.place_integers(decode::integers_of(id_array, &mut decoded));
                self.ids = decoded;
            }
            IdKind::Text => match (id_array.as_string_view_opt(), scanner.index, scanner.partitioning.numbering()) {
                (Some(texts), Some(index), _) => self.place_texts(texts, index),
                (Some(texts), None, Some(numbering)) => {
                    let mut numbers = std::mem::take(&mut self.ids);
                    numbering.read(texts, &mut numbers);
                    self.place_integers(&numbers);
                    self.ids = numbers;
                }
                _ => return Err(Error::Internal(format!("unexpected id type {}", id_array.data_type()))),
            },
        }
        if layout.instrument {
            self.read_instruments(file, batch, &layout);
        }
        if let Some(column) = &settings.value {
            self.read_values(file, batch, column, &layout);
        }
        if let Some(column) = &settings.category {
            let categories = &scanner.categories[signal];
            let out = &mut self.columns[1 + layout.category_at()];
            let known = &mut self.category_codes;
            text_codes(batch, file, column, NO_CATEGORY, |text| categories.code(text), known, out);
        }
        let report = &mut self.reports[signal];
        let kept = vectorised!(vector::kept(&self.targets));
        if kept == 0 {
            return Ok(());
        }
        let (oldest, newest) = match kept == batch.num_rows() as u64 {
            true => span,
            false => vector::span(&self.targets, instants),
        };
        self.instants = decoded;
        report.kept += kept;
        report.newest = report.newest.max(Some(newest));
        self.choose_packing(&layout, (oldest, newest))?;
        let words = self.packing.words(&layout);
        match words {
            1 => self.write::<1>(),
            2 => self.write::<2>(),
            3 => self.write::<3>(),
            4 => self.write::<4>(),
            5 => self.write::<5>(),
            6 => self.write::<6>(),
            7 => self.write::<7>(),
            words => return Err(Error::Internal(format!("a row of {words} words"))),
        }
        self.held += kept as usize * words;
        Ok(())
    }

    /// Sees to it that the buffers hold rows that are packed as those at hand, whose first and last instants are given, can be,
    /// and that these are.
    fn choose_packing(&mut self, layout: &RowLayout, (oldest, newest): (i64, i64)) -> Result<()> {
        let scanner = self.scanner;
        let seconds = (vector::second_since(scanner.origin, oldest), vector::second_since(scanner.origin, newest));
        let codes = match layout {
            RowLayout { instrument: true, .. } => Instrument::ALL.len() as u32,
            RowLayout { category: true, .. } => scanner.categories[self.signal].len(),
            _ => 0,
        };
        let fits = match &self.packing {
            Packing::Wide => true,
            Packing::Compact(heads) => heads.hold(codes, seconds),
        };
        if self.held == 0 || !fits {
            // Little has been held for want of order: then the next batch is of any.
            let orderly = self.held == 0 || self.held_enough();
            self.hand_over()?;
            self.task = self.current;
            let rest_bits = scanner.index.map(IdIndex::member_bits).or(scanner.partitioning.rest_bits());
            let heads = rest_bits.filter(|_| orderly).and_then(|bits| Heads::of(bits, codes, seconds));
            self.packing = heads.map_or(Packing::Wide, Packing::Compact);
        }
        if let Packing::Compact(heads) = &self.packing {
            let [rests, rest @ ..] = self.columns.as_mut_slice() else { return Ok(()) };
            let Some((seconds, others)) = rest.split_first_mut() else { return Ok(()) };
            let codes = others.last().filter(|_| layout.coded()).map(Vec::as_slice);
            vectorised!(vector::put_heads(heads, rests, codes, seconds));
        }
        Ok(())
    }

    /// Seconds and fractions; leaves out what lies outside the scanned days. Returns the first and the last instant.
    fn place_in_time(&mut self, instants: &[i64], layout: &RowLayout) -> (i64, i64) {
        let scanner = self.scanner;
        let (from, to) = scanner.bounds[self.signal];
        let seconds = &mut self.columns[1];
        seconds.resize(instants.len(), 0);
        let (low, high) = vectorised!(vector::seconds_since(scanner.origin, instants, seconds));
        if low < from || high >= to {
            let report = &mut self.reports[self.signal];
            for (target, &instant) in self.targets.iter_mut().zip(instants) {
                if instant < from || instant >= to {
                    *target = NOWHERE;
                    match instant {
                        NULL_TIME => report.quarantine.add(Reason::NullTime, 1),
                        t if t < from => report.before += 1,
                        _ => report.after += 1,
                    }
                }
            }
        }
        if layout.fraction {
            let (seconds, fractions) = self.columns[1..].split_at_mut(1);
            let micros = |(&instant, &second): (&i64, &u32)| {
                (instant.wrapping_sub(scanner.origin) as u32).wrapping_sub(second.wrapping_mul(MICROS as u32))
            };
            fractions[0].clear();
            fractions[0].extend(instants.iter().zip(&seconds[0]).map(micros));
        }
        (low, high)
    }

    /// Partitions of integer ids, and what tells them apart there.
    fn place_integers(&mut self, ids: &[i64]) {
        let scanner = self.scanner;
        let (partitioning, outside) = (scanner.partitioning, scanner.partitioning.outside());
        let (targets, rests) = (&mut self.targets, &mut self.columns[0]);
        rests.resize(ids.len(), 0);
        let some_outside = match (scanner.index, partitioning.narrow()) {
            (None, Some(place)) => vectorised!(vector::narrow_places(&place, outside, ids, targets, rests)),
            (None, None) => {
                vectorised!(vector::rests(partitioning, ids, rests));
                vectorised!(vector::partitions(partitioning, outside, ids, targets))
            }
            (Some(_), _) => vectorised!(vector::partitions(partitioning, outside, ids, targets)),
        };
        if some_outside {
            let quarantine = &mut self.reports[self.signal].quarantine;
            for (target, &id) in self.targets.iter_mut().zip(ids) {
                if *target != NOWHERE && outside(id) {
                    quarantine.add(if id == NULL_ID { Reason::NullId } else { Reason::UnknownCustomer }, 1);
                    *target = NOWHERE;
                }
            }
        }
        if let Some(index) = scanner.index {
            let hashes = ids.iter().map(|&id| hash_of_integer(id));
            index.find(hashes, &mut self.hashes, &mut self.columns[0]);
            self.leave_out_nobody();
        }
    }

    /// Partitions of string ids, and their members there.
    fn place_texts(&mut self, texts: &StringViewArray, index: &IdIndex) {
        let partitioning = self.scanner.partitioning;
        if texts.null_count() > 0 {
            let quarantine = &mut self.reports[self.signal].quarantine;
            for (row, target) in self.targets.iter_mut().enumerate() {
                if *target != NOWHERE && texts.is_null(row) {
                    quarantine.add(Reason::NullId, 1);
                    *target = NOWHERE;
                }
            }
        }
        let hashes = texts.bytes_iter().map(|id| partitioning.hash_of_text(id));
        index.find(hashes, &mut self.hashes, &mut self.columns[0]);
        match partitioning.numbering() {
            None => vectorised!(vector::partitions_of_hashes(partitioning, &self.hashes, &mut self.targets)),
            Some(_) => {
                let partitions = texts.bytes_iter().map(|id| partitioning.of_text(id) as u32);
                self.targets.iter_mut().zip(partitions).for_each(|(target, partition)| *target |= partition);
            }
        }
        self.leave_out_nobody();
    }

    /// Leaves out the rows of ids that nobody has.
    fn leave_out_nobody(&mut self) {
        let unknown = vectorised!(vector::leave_out_nobody(&self.columns[0], &mut self.targets));
        self.reports[self.signal].quarantine.add(Reason::UnknownCustomer, unknown);
    }

    fn read_instruments(&mut self, file: &OpenFile, batch: &RecordBatch, layout: &RowLayout) {
        let settings = self.scanner.scans[self.signal].settings;
        let out = &mut self.instruments;
        match (&settings.instrument, settings.instrument_name) {
            (_, Some(one)) => {
                out.clear();
                out.resize(batch.num_rows(), one as u32);
            }
            (Some(column), None) => {
                let code = |text: &str| {
                    let text = text.trim().to_ascii_lowercase();
                    Instrument::ALL.into_iter().find(|i| i.name() == text).map_or(UNKNOWN_INSTRUMENT, |i| i as u32)
                };
                text_codes(batch, file, column, NULL_INSTRUMENT, code, &mut self.instrument_codes, out);
            }
            (None, None) => {
                out.clear();
                out.resize(batch.num_rows(), NULL_INSTRUMENT);
            }
        }
        let quarantine = &mut self.reports[self.signal].quarantine;
        for (target, &instrument) in self.targets.iter_mut().zip(&*out) {
            if instrument as usize >= Instrument::ALL.len() && *target != NOWHERE {
                quarantine.add(Reason::UnknownInstrument, 1);
                *target = NOWHERE;
            }
        }
        self.columns[1 + layout.instrument_at()].clone_from(out);
    }

    fn read_values(&mut self, file: &OpenFile, batch: &RecordBatch, column: &str, layout: &RowLayout) {
        let settings = self.scanner.scans[self.signal].settings;
        let array = batch.column_by_name(column);
        match array {
            Some(array) => decode::numbers(array, &mut self.values),
            None => {
                let text = file.file.partition_value(column).and_then(Option::as_deref);
                self.values.clear();
                self.values.resize(batch.num_rows(), text.and_then(|t| t.parse().ok()).unwrap_or(f64::NAN));
            }
        }
        let range = settings.range.or((settings.kind == SignalKind::Sentiment).then_some([-1.0, 1.0]));
        let in_order = match range {
            None if layout.instrument => vector::all_on_scale(&self.values, &self.instruments),
            _ => {
                let [low, high] = range.unwrap_or([f64::MIN, f64::MAX]);
                vectorised!(vector::all_within(&self.values, low, high))
            }
        };
        if !in_order {
            let quarantine = &mut self.reports[self.signal].quarantine;
            for (row, (target, &value)) in self.targets.iter_mut().zip(&self.values).enumerate() {
                if *target == NOWHERE {
                    continue;
                }
                let scale = || Instrument::ALL.get(*self.instruments.get(row)? as usize).map(|known| known.scale());
                let range = if layout.instrument { range.or_else(scale) } else { range };
                let reason = if value.is_finite() {
                    let outside = range.is_some_and(|[low, high]| value < low || value > high);
                    outside.then_some(Reason::OutOfScale)
                } else {
                    array.is_some_and(|array| !array.is_null(row)).then_some(Reason::NonFinite)
                };
                if let Some(reason) = reason {
                    quarantine.add(reason, 1);
                    *target = NOWHERE;
                }
            }
        }
        let at = 1 + layout.value_at();
        if layout.value_words == 1 {
            self.columns[at].resize(self.values.len(), 0);
            vectorised!(vector::ordered(&self.values, &mut self.columns[at]));
        } else {
            self.columns[at..=at + 1].iter_mut().for_each(Vec::clear);
            self.columns[at].extend(self.values.iter().map(|&value| (ordered_f64(value) >> 32) as u32));
            self.columns[at + 1].extend(self.values.iter().map(|&value| ordered_f64(value) as u32));
        }
    }

    /// Appends each row of `W` words to the buffer of its partition.
    fn write<const W: usize>(&mut self) {
        let rows = self.targets.len();
        // Heads are in the place of seconds, behind the ids.
        let first = usize::from(self.packing != Packing::Wide);
        let columns: [&[u32]; W] = std::array::from_fn(|word| &self.columns[first + word][..rows]);
        for (row, &target) in self.targets.iter().enumerate() {
            if target != NOWHERE {
                let packed: [u32; W] = std::array::from_fn(|word| columns[word][row]);
                self.words[target as usize].extend_from_slice(&packed);
            }
        }
    }
}

/// The codes of a text column of a batch, or of its constant from the file's partition folders.
fn text_codes(
    batch: &RecordBatch,
    file: &OpenFile,
    column: &str,
    null: u32,
    code: impl Fn(&str) -> u32,
    known: &mut Codes,
    out: &mut Vec<u32>,
) {
    out.clear();
    let Some(array) = batch.column_by_name(column) else {
        let constant = file.file.partition_value(column).and_then(Option::as_deref).map_or(null, code);
        out.resize(batch.num_rows(), constant);
        return;
    };
    if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() {
        if *dictionary.values().data_type() == DataType::Utf8 {
            let codes = known.of(dictionary.values(), null, code);
            let of = |key: i32| usize::try_from(key).ok().and_then(|k| codes.get(k)).copied().unwrap_or(null);
            let keys = dictionary.keys();
            match keys.nulls() {
                None => out.extend(keys.values().iter().map(|&key| of(key))),
                Some(nulls) => {
                    let valid = keys.values().iter().zip(nulls);
                    out.extend(valid.map(|(&key, valid)| if valid { of(key) } else { null }));
                }
            }
            return;
        }
    }
    let texts = decode::texts(array);
    let codes: Vec<u32> = texts.values.iter().map(|v| code(v)).collect();
    out.extend(texts.positions.iter().map(|p| p.map_or(null, |p| codes[p as usize])));
}
