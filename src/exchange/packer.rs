//! Packing: rows of one table become pieces of buckets.

use super::columns::{Column, Reader, Rows, Values};
use super::piece::{Piece, MOST_ROWS};
use super::piece_file::PieceFile;
use super::plan::{Plan, Source};
use super::report::PackReport;
use super::wire::{packed_batch, PackedRow};
use crate::calendar::Zone;
use crate::error::{Error, Result};
use crate::sources::contract::IdKind;
use crate::sources::history::is_plausible;
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::Path;

/// Rows that a task gathers before it packs them: with their columns some 50 MB.
const GATHERED: usize = 1 << 20;

/// Rows of a table that whoever hands rows over does not hand over, as no day is needed that they are of, and the rows
/// that are left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Rows of earlier days.
    pub before: u64,
    /// Rows of later days.
    pub after: u64,
    /// Rows without a time.
    pub without_time: u64,
    /// The rows that tasks are given.
    pub left: u64,
}

/// Packs the rows of one table that one task is given.
pub struct Packer<'a> {
    source: &'a Source,
    buckets: u32,
    reader: Reader<'a>,
    /// Of a signal the place of the times, and the instants that are needed.
    instants: Option<(usize, Range<i64>)>,
    /// For labels, the first instant that has not come yet.
    to_come: Option<i64>,
    rows: Rows,
    report: PackReport,
    /// The file that pieces are written to, if they do not go to the engine.
    file: Option<PieceFile>,
}

impl<'a> Packer<'a> {
    /// For rows of a table; times without a zone are of `zone`, which is that of the plan.
    ///
    /// # Errors
    /// [`Error::Internal`] if the plan cannot be written.
    pub fn new(plan: &Plan, source: &'a Source, zone: &'a Zone) -> Result<Packer<'a>> {
        let instants = |(time, days): &(usize, Range<_>)| (*time, zone.midnight(days.start)..zone.midnight(days.end));
        Ok(Packer {
            source,
            buckets: plan.buckets,
            reader: Reader::new(source.what.clone(), &source.needs, zone),
            instants: source.days.as_ref().map(instants),
            to_come: plan.labels_before.map(|day| zone.midnight(day)),
            rows: Rows::default(),
            report: PackReport { source: source.number, plan: plan.digest()?, ..PackReport::default() },
            file: None,
        })
    }

    /// Writes the pieces to a new file in a folder, and returns their places and the report.
    pub fn writing_into(self, folder: &Path) -> Packer<'a> {
        Packer { file: Some(PieceFile::new(folder, self.source.number)), ..self }
    }

    /// Takes the rows of a batch, and returns those pieces that are full.
    ///
    /// # Errors
    /// [`Error::Contract`] when a column is missing, or of a type that it cannot be read from; those of writing.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let rows = self.reader.read(batch)?;
        self.report.read += rows.count as u64;
        if let Some(kind) = self.reader.kind {
            let are_texts = kind == IdKind::Text;
            if self.report.text_ids.is_some_and(|known| known != are_texts) {
                return Err(Error::Contract(format!(
                    "{}: the ids in column `{}` are integers in one record batch and texts in another; write them as \
                     one type",
                    self.source.what,
                    self.source.id_column(),
                )));
            }
            self.report.text_ids = Some(are_texts);
        }

        let needed = self.needed(&rows);
        let rows = if needed.len() == rows.count { rows } else { rows.select(&needed) };
        // A file may lack a column that the one before it has.
        let mut packed = if self.rows.has_columns_of(&rows) { Vec::new() } else { self.pack()? };
        self.rows.append(rows)?;
        if self.rows.count >= GATHERED {
            packed.extend(self.pack()?);
        }
        Ok(if packed.is_empty() { Vec::new() } else { vec![packed_batch(packed)?] })
    }

    /// Packs what is left, and reports.
    ///
    /// # Errors
    /// [`Error::Internal`] if the report cannot be written; those of writing.
    pub fn finish(mut self) -> Result<Vec<RecordBatch>> {
        let mut packed = self.pack()?;
        self.file.map(PieceFile::finish).transpose()?;
        packed.push(PackedRow::Report(report_text(&self.report)?));
        Ok(vec![packed_batch(packed)?])
    }

    /// Reports rows that are left out. Those that were taken are examples of them: the oldest and the newest.
    ///
    /// # Errors
    /// [`Error::Internal`] if one of them is needed.
    pub fn finish_left_out(mut self, rows: LeftOut) -> Result<Vec<RecordBatch>> {
        if self.rows.count > 0 {
            return Err(Error::Internal(format!("{}: a row that is needed is left out", self.source.what)));
        }
        let LeftOut { before, after, without_time, left } = rows;
        let (read, left) = (before + after + without_time, Some(left));
        self.report = PackReport { read, before, after, without_time, left, ..self.report };
        self.finish()
    }

    /// The places of rows that a run looks at. The others are counted: this is the check of times, which is the first
    /// that a row has to pass.
    fn needed(&mut self, rows: &Rows) -> Vec<u32> {
        let all = 0..rows.count as u32;
        let Some((time, Range { start, end })) = &self.instants else { return all.collect() };
        let Some(Column { values: Values::Integers(instants), valid }) = &rows.columns[*time] else {
            self.report.without_time += rows.count as u64;
            return Vec::new();
        };

        let (report, to_come) = (&mut self.report, self.to_come);
        let mut is_needed = |row: &u32| {
            let instant = instants[*row as usize];
            if !valid[*row as usize] {
                report.without_time += 1;
                return false;
            }
            if to_come.is_some_and(|to_come| instant < to_come) {
                report.newest = report.newest.max(Some(instant));
            }
            if instant >= *end {
                report.after += 1;
                return false;
            }
            if is_plausible(instant) && report.oldest.is_none_or(|oldest| instant < oldest) {
                report.oldest = Some(instant);
            }
            report.before += u64::from(instant < *start);
            instant >= *start
        };
        all.filter(|row| is_needed(row)).collect()
    }

    /// Packs the rows that were gathered.
    fn pack(&mut self) -> Result<Vec<PackedRow>> {
        let rows = std::mem::take(&mut self.rows);
        if rows.count == 0 {
            return Ok(Vec::new());
        }
        let buckets = rows.buckets(self.source.id, self.buckets);
        let (places, ends) = by_bucket(&buckets, self.buckets);

        let (mut packed, mut start) = (Vec::new(), 0);
        for (bucket, end) in (0..).zip(ends) {
            for some in places[start..end].chunks(MOST_ROWS) {
                let source = self.source.number as u16;
                let encoded = Piece { source, bucket, rows: rows.select(some) }.encode();
                self.report.sent.add(some.len(), encoded.checksum);
                let bytes = match &mut self.file {
                    Some(file) => file.add(&encoded.bytes)?,
                    None => encoded.bytes,
                };
                packed.push(PackedRow::Piece { bucket, source, bytes });
            }
            start = end;
        }
        Ok(packed)
    }
}

/// The places of rows, bucket after bucket, and where those of each bucket end: a sort by counting.
fn by_bucket(buckets: &[u32], count: u32) -> (Vec<u32>, Vec<usize>) {
    let mut ends = vec![0; count as usize];
    buckets.iter().for_each(|&bucket| ends[bucket as usize] += 1);
    let mut before = 0;
    for end in &mut ends {
        before += *end;
        *end = before - *end;
    }

    // Each end is where the next row of the bucket goes, until all have gone there.
    let mut places = vec![0; buckets.len()];
    for (row, &bucket) in (0..).zip(buckets) {
        let next = &mut ends[bucket as usize];
        places[*next] = row;
        *next += 1;
    }
    (places, ends)
}

fn report_text(report: &PackReport) -> Result<String> {
    serde_json::to_string(report).map_err(|e| Error::Internal(e.to_string()))
}
