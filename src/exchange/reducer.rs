//! Reducing: the pieces of one bucket after the other become rows of the feature table.

use super::columns::Rows;
use super::list::{self, ForList};
use super::piece::{self, Piece};
use super::piece_file::PieceFile;
use super::plan::{Plan, Source, CHURN, CUSTOMERS, SIGNALS};
use super::report::{BucketReport, TableReport};
use super::table_file::TableFile;
use super::wire::{
    list_batch, list_schema, received, reduced_batches, reduced_schema, written_batch, written_schema, ListRow,
};
use crate::calendar::{Day, Zone};
use crate::dataset::batches::{build_from_batches, BatchTables};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::memory;
use crate::publish;
use crate::sources::contract::IdKind;
use crate::sources::{self, Cancellations, CustomerTable, Ids, Levels};
use crate::spelling;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use hashbrown::HashMap;
use serde::Serialize;
use std::cmp::Reverse;
use std::path::Path;
use std::sync::Arc;

/// Makes the feature table of those buckets that one task is given.
pub struct Reducer<'a> {
    plan: &'a Plan,
    sources: Vec<Source>,
    zone: Zone,
    ids: IdKind,
    /// The day of each signal's first row.
    begins: Vec<Option<Day>>,
    /// Where there are to be labels, the first day that they know nothing about, as far as the signals tell.
    labels_end: Option<Day>,
    /// The digest of the plan.
    digest: u64,
    /// The bucket at hand, if there is one.
    bucket: Option<Bucket>,
    /// What is made for a list, if rows are for one.
    list: Option<ForList>,
    /// The file that rows are written to, if they do not go to the engine.
    file: Option<TableFile>,
    /// The same of a list.
    pieces: Option<PieceFile>,
}

/// The pieces of a bucket.
struct Bucket {
    number: u32,
    /// By number of the table.
    rows: Vec<Vec<Rows>>,
    /// What they take.
    bytes: u64,
    report: BucketReport,
}

/// As often as gathered rows take memory it is taken at most while features are made of them: as record batches, put in
/// order, and in columns.
const TIMES: u64 = 4;

impl<'a> Reducer<'a> {
    /// For a settled plan.
    ///
    /// # Errors
    /// [`Error::Config`] if it is not settled.
    pub fn new(plan: &'a Plan) -> Result<Reducer<'a>> {
        let zone = plan.settings.zone();
        let (ids, begins) = (plan.packed()?.id_kind(), plan.begins(&zone)?);
        let list = plan.for_list.then(ForList::default);
        let labels_end = plan.labels_end(&zone, None)?.map(|end| end.day);
        let (sources, digest) = (plan.sources()?, plan.digest()?);
        Ok(Reducer {
            plan,
            sources,
            zone,
            ids,
            begins,
            labels_end,
            digest,
            bucket: None,
            list,
            file: None,
            pieces: None,
        })
    }

    /// Writes the rows to a new file in a folder, and returns reports alone, or of a list the places of the rows too.
    pub fn writing_into(self, folder: &Path) -> Reducer<'a> {
        match self.list {
            Some(_) => Reducer { pieces: Some(PieceFile::new(folder, self.plan.numbers())), ..self },
            None => Reducer { file: Some(TableFile::new(folder)), ..self },
        }
    }

    /// Takes some pieces, and returns the rows of those buckets that are whole: those before the last one here. The
    /// pieces of a bucket come one after the other, and buckets in ascending order.
    ///
    /// # Errors
    /// [`Error::Internal`] when buckets are not in order; [`Error::Temporary`] for a damaged piece; [`Error::Config`]
    /// for a bucket that takes more memory than it may; and what the rows of a bucket end with.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let mut reduced = Vec::new();
        for received in received(batch)? {
            let (bucket, bytes) = received?;
            let before = self.bucket.as_ref().map(|bucket| bucket.number);
            if before.is_some_and(|before| bucket < before) {
                return Err(Error::Internal(format!(
                    "bucket {bucket} came after bucket {}: the engine has not sorted the pieces of a task by bucket",
                    before.unwrap_or_default()
                )));
            }
            if before != Some(bucket) {
                reduced.extend(self.reduce()?);
                self.bucket = Some(Bucket::new(bucket, self.plan, self.digest));
            }
            self.add(&bytes)?;
        }
        Ok(reduced)
    }

    /// The rows of the last bucket, and for a list what is told of all.
    ///
    /// # Errors
    /// What the rows of a bucket end with.
    pub fn finish(mut self) -> Result<Vec<RecordBatch>> {
        let mut reduced = self.reduce()?;
        self.pieces.map(PieceFile::finish).transpose()?;
        if let Some(list) = self.list {
            reduced.push(list_batch(&[ListRow::Task(json(&list.report)?)])?);
        }
        if let Some(written) = self.file.map(TableFile::finish).transpose()?.flatten() {
            reduced.push(written_batch(None, Some(json(&written)?))?);
        }
        Ok(reduced)
    }

    /// The columns of what is returned.
    ///
    /// # Errors
    /// [`Error::Internal`] if they do not fit together.
    pub fn schema(&self) -> Result<SchemaRef> {
        match (&self.list, &self.file) {
            (Some(_), _) => Ok(list_schema()),
            (None, Some(_)) => Ok(written_schema()),
            (None, None) => Ok(reduced_schema(&self.no_rows()?)),
        }
    }

    /// The table without any rows: its columns.
    fn no_rows(&self) -> Result<RecordBatch> {
        let catalogue = self.plan.rows_plan().catalogue();
        let ids = match self.ids {
            IdKind::Integer => Ids::Integer(Vec::new()),
            IdKind::Text => Ids::Text { bytes: String::new(), ends: Vec::new() },
        };
        let categorical = vec![Levels::default(); catalogue.categorical.len()];
        let customers = Arc::new(CustomerTable { ids, categorical, ..CustomerTable::default() });
        publish::features::batch(&Dataset { catalogue, customers, ..Dataset::default() }, self.labels_end.is_some())
    }

    /// Adds a piece to the bucket at hand.
    fn add(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(bucket) = &mut self.bucket else { return Ok(()) };
        let number = usize::from(piece::source(bytes)?);
        let source = self.sources.iter().find(|source| source.number == number);
        let source =
            source.ok_or_else(|| Error::Internal(format!("a piece of table {number}, which takes no part")))?;
        let (piece, checksum) = Piece::decode(bytes, source.needs.len())?;
        if piece.bucket != bucket.number {
            return Err(Error::Internal(format!(
                "a piece of bucket {} came with those of bucket {}",
                piece.bucket, bucket.number
            )));
        }
        bucket.report.tables[number].received.add(piece.rows.count, checksum);
        bucket.bytes += piece.rows.bytes();
        bucket.rows[number].push(piece.rows);
        if TIMES * bucket.bytes > self.plan.reduce_memory {
            return Err(bucket.too_large(&self.sources, self.plan));
        }
        Ok(())
    }

    /// The rows of the bucket at hand, and what it reports.
    fn reduce(&mut self) -> Result<Vec<RecordBatch>> {
        let Some(Bucket { mut rows, mut report, .. }) = self.bucket.take() else { return Ok(Vec::new()) };
        let mut tables: Vec<Vec<RecordBatch>> = vec![Vec::new(); self.plan.numbers()];
        for source in &self.sources {
            let batch = |rows: Rows| rows.into_batch(&source.needs, self.ids);
            let rows = std::mem::take(&mut rows[source.number]);
            tables[source.number] = rows.into_iter().map(batch).collect::<Result<_>>()?;
        }

        let settings = &self.plan.settings;
        let columns = sources::customer_columns(settings.customers.as_ref())?;
        let customers = CustomerTable::from_batches(&tables[CUSTOMERS], columns, self.ids, &self.zone)?;
        let cancellations = Cancellations::from_batches(&tables[CHURN], &settings.churn, &customers, &self.zone)?;
        report.customers = customers.len() as u64;
        report.tables[CUSTOMERS].used = customers.len() as u64;
        report.tables[CUSTOMERS].quarantine = customers.quarantine.counts();
        report.tables[CHURN].used = cancellations.rows - cancellations.quarantine.total();
        report.tables[CHURN].quarantine = cancellations.quarantine.counts();
        if self.labels_end.is_some() {
            cancellations.sorted_days().iter().for_each(|&day| *report.cancelled.entry(day).or_default() += 1);
        }

        let customers = Arc::new(customers);
        let given = BatchTables { customers, cancellations, signals: &tables[SIGNALS..], begins: &self.begins };
        let data = match &mut self.list {
            Some(list) => list.build(self.plan, &given)?,
            None => build_from_batches(&self.plan.rows_plan(), &given, &self.plan.as_of, self.labels_end, &|_, _| ())?,
        };
        for (table, read) in report.tables[SIGNALS..].iter_mut().zip(&data.reports) {
            table.used = read.rows.kept;
            table.quarantine = read.rows.quarantine.counts();
        }
        report.rows = (0..data.as_of.len()).map(|date| data.counts(date).rows).collect();
        report.excluded = data.exclusions.iter().map(|excluded| excluded.counts()).collect();

        let (bucket, report) = (report.bucket, json(&report)?);
        if self.list.is_some() {
            let mut rows = Vec::new();
            for piece in list::pieces(self.plan, bucket, &data)? {
                rows.push(ListRow::Piece(match &mut self.pieces {
                    Some(file) => file.add(&piece)?,
                    None => piece,
                }));
            }
            rows.push(ListRow::Bucket(report));
            return Ok(vec![list_batch(&rows)?]);
        }
        let rows = publish::features::batch(&data, self.labels_end.is_some())?;
        match &mut self.file {
            None => reduced_batches(&rows, report),
            Some(file) => {
                file.write(bucket, &rows)?;
                Ok(vec![written_batch(Some(report), None)?])
            }
        }
    }
}

fn json(report: &impl Serialize) -> Result<String> {
    serde_json::to_string(report).map_err(|e| Error::Internal(e.to_string()))
}

impl Bucket {
    fn new(number: u32, plan: &Plan, digest: u64) -> Bucket {
        let tables = vec![TableReport::default(); plan.numbers()];
        let report = BucketReport { bucket: number, plan: digest, tables, ..BucketReport::default() };
        Bucket { number, rows: vec![Vec::new(); plan.numbers()], bytes: 0, report }
    }

    /// What to say of more rows than a task may hold, and whose they are.
    fn too_large(&self, sources: &[Source], plan: &Plan) -> Error {
        /// So many customers are named.
        const NAMED: usize = 3;
        let (mut counts, mut all) = (HashMap::new(), 0);
        for source in sources {
            for rows in &self.rows[source.number] {
                rows.count_ids(source.id, &mut counts);
                all += rows.count;
            }
        }
        let mut most: Vec<(&String, &u64)> = counts.iter().collect();
        most.sort_unstable_by_key(|&(id, &rows)| (Reverse(rows), id));
        let named: Vec<String> =
            most.iter().take(NAMED).map(|(id, rows)| format!("{} ({rows} rows)", spelling::value(id))).collect();
        Error::Config(format!(
            "bucket {} takes more than the {} that a reducing task may have: {all} rows so far, of {} customers. Most \
             rows are of {}. If that is one who stands for \"unknown\", leave the rows out; otherwise use more buckets \
             (--buckets), or let a task have more (--reduce-memory) and leave room for it beside the JVM",
            self.number,
            memory::display_size(plan.reduce_memory),
            counts.len(),
            named.join(", "),
        ))
    }
}
