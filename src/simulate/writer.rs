//! The Parquet files of a simulated population.

use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::parallel;
use crate::publish::columns::encoding_error;
use crate::simulate::activity::{Event, Week};
use crate::simulate::customer::{Customer, Fate, REGIONS, TIERS};
use crate::simulate::decline::Cause;
use crate::simulate::plan::{self, Plan};
use crate::simulate::signal::{instrument, Signal, CHANNELS};
use arrow_array::{
    ArrayRef, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are written to a file at a time, and rows in a row group of it.
const BATCH_ROWS: usize = 1 << 16;
const GROUP_ROWS: usize = 1 << 20;

/// Writes the tables of a population into a folder.
pub(super) struct Writer<'a> {
    plan: &'a Plan,
    folder: &'a Path,
}

impl<'a> Writer<'a> {
    /// A writer into a folder, in which this creates a directory for each signal.
    pub(super) fn new(plan: &'a Plan, folder: &'a Path) -> Result<Writer<'a>> {
        for signal in Signal::ALL {
            let directory = folder.join(signal.name());
            std::fs::create_dir(&directory).map_err(|error| Error::writing(&directory, &error))?;
        }
        Ok(Writer { plan, folder })
    }

    /// Writes one file for each signal, with the events of the week that begins on a Monday.
    pub(super) fn week(&self, monday: Day, week: &Week) -> Result<()> {
        parallel::try_for_each(Signal::ALL, |signal| self.signal(signal, monday, &week[signal as usize]))
    }

    /// The rows of each signal in the week that begins on a Monday, as another folder has it; none if it has it not, or
    /// damaged.
    pub(super) fn rows(&self, folder: &Path, monday: Day) -> Option<[u64; 4]> {
        let mut all = [0; 4];
        for (rows, signal) in all.iter_mut().zip(Signal::ALL) {
            let file = File::open(folder.join(week_file(signal, monday))).ok()?;
            let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).ok()?;
            *rows = u64::try_from(metadata.file_metadata().num_rows()).ok()?;
        }
        Some(all)
    }

    /// Takes the files of a week over from another folder.
    pub(super) fn take_over(&self, folder: &Path, monday: Day) -> Result<()> {
        for file in Signal::ALL.map(|signal| week_file(signal, monday)) {
            let path = self.folder.join(&file);
            std::fs::copy(folder.join(&file), &path).map_err(|error| Error::writing(&path, &error))?;
        }
        Ok(())
    }

    fn signal(&self, signal: Signal, monday: Day, events: &[Event]) -> Result<()> {
        let mut fields =
            vec![self.id_field(), field("ts", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))];
        match signal {
            Signal::Logins => {}
            Signal::Visits => {
                fields.extend([field("channel", DataType::Utf8), field("duration_s", DataType::Int32)]);
            }
            Signal::Mentions => fields.push(field("sentiment", DataType::Float32)),
            Signal::Surveys => fields.extend([field("kind", DataType::Utf8), field("score", DataType::Int32)]),
        }

        let mut table = self.table(&week_file(signal, monday), fields)?;
        for events in events.chunks(BATCH_ROWS) {
            table.write(self.event_columns(signal, events))?;
        }
        table.close()
    }

    fn event_columns(&self, signal: Signal, events: &[Event]) -> Vec<ArrayRef> {
        let times = TimestampMicrosecondArray::from_iter_values(events.iter().map(|event| event.at));
        let mut columns: Vec<ArrayRef> =
            vec![self.ids(events.iter().map(|event| event.customer)), Arc::new(times.with_timezone("UTC"))];

        match signal {
            Signal::Logins => {}
            Signal::Visits => {
                columns.push(strings(events.iter().map(|event| CHANNELS[usize::from(event.category)])));
                columns.push(whole_values(events));
            }
            Signal::Mentions => {
                columns.push(Arc::new(Float32Array::from_iter_values(events.iter().map(|event| event.value))));
            }
            Signal::Surveys => {
                columns.push(strings(events.iter().map(|event| instrument(event.category).name())));
                columns.push(whole_values(events));
            }
        }
        columns
    }

    /// Writes `customers.parquet`, with every customer.
    pub(super) fn customers(&self, customers: &[Customer]) -> Result<()> {
        let fields = vec![
            self.id_field(),
            field("signup_date", DataType::Date32),
            field("plan", DataType::Utf8),
            field("region", DataType::Utf8),
            field("monthly_revenue", DataType::Float64),
            field("account_owner", DataType::Utf8),
        ];

        let mut table = self.table("customers.parquet", fields)?;
        for (first, customers) in (0..).step_by(BATCH_ROWS).zip(customers.chunks(BATCH_ROWS)) {
            let signups = customers.iter().map(|customer| customer.signup.0);
            let tiers = customers.iter().map(|customer| &TIERS[usize::from(customer.tier)]);
            let regions = customers.iter().map(|customer| &REGIONS[usize::from(customer.region)]);
            let revenues = customers.iter().map(|customer| customer.monthly_revenue);
            let owners = customers.iter().map(|customer| usize::from(customer.owner));
            table.write(vec![
                self.ids((first..).take(customers.len())),
                Arc::new(Date32Array::from_iter_values(signups)),
                strings(tiers.map(|tier| tier.name)),
                strings(regions.clone().map(|region| region.name)),
                Arc::new(Float64Array::from_iter_values(revenues)),
                strings(regions.zip(owners).map(|(region, owner)| region.owners[owner])),
            ])?;
        }
        table.close()
    }

    /// Writes `churn.parquet`: who churned within the history, and when. Returns how many customers did.
    pub(super) fn churn(&self, customers: &[Customer]) -> Result<u64> {
        let mut churned: Vec<(u32, Day)> = Vec::new();
        for (index, customer) in (0..).zip(customers) {
            churned.extend(customer.churned_on().filter(|&on| on < self.plan.until()).map(|on| (index, on)));
        }

        let fields = vec![self.id_field(), field("churned_on", DataType::Date32)];
        let mut table = self.table("churn.parquet", fields)?;
        for churned in churned.chunks(BATCH_ROWS) {
            let indices = churned.iter().map(|&(index, _)| index);
            let days = churned.iter().map(|&(_, on)| on.0);
            table.write(vec![self.ids(indices), Arc::new(Date32Array::from_iter_values(days))])?;
        }
        table.close()?;
        Ok(churned.len() as u64)
    }

    /// Writes how the population was made.
    pub(super) fn plan(&self) -> Result<()> {
        let path = self.folder.join(plan::FILE);
        std::fs::write(&path, self.plan.to_json()?).map_err(|error| Error::writing(&path, &error))
    }

    /// Writes `truth.parquet`, with every customer who churns, would have, or only seems to be about to.
    pub(super) fn truth(&self, customers: &[Customer]) -> Result<()> {
        let mut fated: Vec<Fated> = Vec::new();
        for (index, customer) in (0..).zip(customers) {
            match customer.fate {
                Fate::Stays => {}
                Fate::Recovers(_) => fated.push(Fated { index, customer, cause: Cause::Recovered }),
                Fate::Saved(_) => fated.push(Fated { index, customer, cause: Cause::Saved }),
                Fate::Churns { cause, .. } => fated.push(Fated { index, customer, cause }),
            }
        }

        let fields = vec![
            self.id_field(),
            field("churned_on", DataType::Date32).with_nullable(true),
            field("cause", DataType::Utf8),
            field("onset", DataType::Date32).with_nullable(true),
            field("signals", DataType::Utf8).with_nullable(true),
        ];
        let mut table = self.table("truth.parquet", fields)?;
        for fated in fated.chunks(BATCH_ROWS) {
            let churned_on = fated.iter().map(|fated| fated.customer.churned_on().map(|day| day.0));
            let declines = fated.iter().map(|fated| fated.customer.decline());
            let onsets = declines.clone().map(|decline| decline.map(|decline| decline.onset.0));
            let signals = declines.map(|decline| decline.map(|decline| decline.signals.names()));
            table.write(vec![
                self.ids(fated.iter().map(|fated| fated.index)),
                Arc::new(churned_on.collect::<Date32Array>()),
                strings(fated.iter().map(|fated| fated.cause.name())),
                Arc::new(onsets.collect::<Date32Array>()),
                Arc::new(signals.collect::<StringArray>()),
            ])?;
        }
        table.close()
    }

    fn id_field(&self) -> Field {
        field("customer_id", if self.plan.string_ids { DataType::Utf8 } else { DataType::Int64 })
    }

    /// The ids of customers, which are numbered from 1.
    fn ids(&self, indices: impl Iterator<Item = u32>) -> ArrayRef {
        let numbers = indices.map(|index| i64::from(index) + 1);
        if self.plan.string_ids {
            Arc::new(StringArray::from_iter_values(numbers.map(|number| format!("C{number:08}"))))
        } else {
            Arc::new(Int64Array::from_iter_values(numbers))
        }
    }

    fn table(&self, name: &str, fields: Vec<Field>) -> Result<Table> {
        Table::create(self.folder.join(name), Arc::new(Schema::new(fields)))
    }
}

/// The file of a signal with the events of a week.
fn week_file(signal: Signal, monday: Day) -> String {
    let name = signal.name();
    format!("{name}/{name}-{monday}.parquet")
}

/// A customer with a row in `truth.parquet`.
struct Fated<'a> {
    index: u32,
    customer: &'a Customer,
    cause: Cause,
}

fn field(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

fn strings<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn whole_values(events: &[Event]) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(events.iter().map(|event| event.value as i32)))
}

/// A Parquet file that is being written.
struct Table {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<File>,
}

impl Table {
    fn create(path: PathBuf, schema: SchemaRef) -> Result<Table> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            // Times hardly ever repeat: a dictionary of them would be built only to be thrown away.
            .set_column_dictionary_enabled(ColumnPath::from("ts"), false)
            .build();
        // Arrow's own copy of the schema would outweigh the rows of a small file.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);

        let file = File::create_new(&path).map_err(|error| Error::writing(&path, &error))?;
        let writer = ArrowWriter::try_new_with_options(file, schema.clone(), options)
            .map_err(|error| encoding_error(&path, error))?;
        Ok(Table { path, schema, writer })
    }

    fn write(&mut self, columns: Vec<ArrayRef>) -> Result<()> {
        RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(ParquetError::from)
            .and_then(|batch| self.writer.write(&batch))
            .map_err(|error| encoding_error(&self.path, error))
    }

    fn close(self) -> Result<()> {
        self.writer.close().map(drop).map_err(|error| encoding_error(&self.path, error))
    }
}
