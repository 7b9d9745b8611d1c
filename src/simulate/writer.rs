//! The Parquet files of a simulated population.

use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::publish::columns::trouble;
use crate::simulate::activity::{Event, Week};
use crate::simulate::customer::{Customer, Fate, REGIONS, TIERS};
use crate::simulate::decline::Cause;
use crate::simulate::signal::{instrument, Signal, CHANNELS};
use crate::simulate::Plan;
use arrow_array::{
    ArrayRef, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows in a batch on the way to a file, and in a row group within it.
const BATCH_ROWS: usize = 1 << 16;
const GROUP_ROWS: usize = 1 << 20;

/// Writes the tables of a population into a folder.
pub struct Writer<'a> {
    plan: &'a Plan,
    folder: &'a Path,
}

impl<'a> Writer<'a> {
    /// Into a folder, in which it makes one directory for each signal.
    pub fn new(plan: &'a Plan, folder: &'a Path) -> Result<Writer<'a>> {
        for signal in Signal::ALL {
            let directory = folder.join(signal.name());
            std::fs::create_dir(&directory).map_err(|error| Error::writing(&directory, &error))?;
        }
        Ok(Writer { plan, folder })
    }

    /// One file for each signal with the events of the week that begins on a Monday.
    pub fn week(&self, monday: Day, week: &Week) -> Result<()> {
        Signal::ALL.par_iter().try_for_each(|&signal| self.signal(signal, monday, &week[signal as usize]))
    }

    fn signal(&self, signal: Signal, monday: Day, events: &[Event]) -> Result<()> {
        let name = signal.name();
        let mut fields =
            vec![self.id_field(), field("ts", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))];
        fields.extend(match signal {
            Signal::Logins => vec![],
            Signal::Visits => vec![field("channel", DataType::Utf8), field("duration_s", DataType::Int32)],
            Signal::Mentions => vec![field("sentiment", DataType::Float32)],
            Signal::Surveys => vec![field("kind", DataType::Utf8), field("score", DataType::Int32)],
        });
        let mut table = self.table(&format!("{name}/{name}-{monday}.parquet"), fields)?;
        for events in events.chunks(BATCH_ROWS) {
            let times = TimestampMicrosecondArray::from_iter_values(events.iter().map(|event| event.at));
            let mut columns = vec![
                self.ids(events.iter().map(|event| event.customer)),
                Arc::new(times.with_timezone("UTC")) as ArrayRef,
            ];
            let whole_values = || Int32Array::from_iter_values(events.iter().map(|event| event.value as i32));
            match signal {
                Signal::Logins => {}
                Signal::Visits => {
                    columns.push(strings(events.iter().map(|event| CHANNELS[usize::from(event.category)])));
                    columns.push(Arc::new(whole_values()));
                }
                Signal::Mentions => {
                    columns.push(Arc::new(Float32Array::from_iter_values(events.iter().map(|event| event.value))));
                }
                Signal::Surveys => {
                    columns.push(strings(events.iter().map(|event| instrument(event.category).name())));
                    columns.push(Arc::new(whole_values()));
                }
            }
            table.write(columns)?;
        }
        table.close()
    }

    /// `customers.parquet`: every customer.
    pub fn customers(&self, customers: &[Customer]) -> Result<()> {
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
            let region = |customer: &Customer| &REGIONS[usize::from(customer.region)];
            table.write(vec![
                self.ids((first..).take(customers.len())),
                Arc::new(Date32Array::from_iter_values(customers.iter().map(|customer| customer.signup.0))),
                strings(customers.iter().map(|customer| TIERS[usize::from(customer.tier)].name)),
                strings(customers.iter().map(|customer| region(customer).name)),
                Arc::new(Float64Array::from_iter_values(customers.iter().map(|customer| customer.monthly_revenue))),
                strings(customers.iter().map(|customer| region(customer).owners[usize::from(customer.owner)])),
            ])?;
        }
        table.close()
    }

    /// `churn.parquet`: who churned within the history, and when. Returns how many.
    pub fn churn(&self, customers: &[Customer]) -> Result<u64> {
        let fields = vec![self.id_field(), field("churned_on", DataType::Date32)];
        let mut table = self.table("churn.parquet", fields)?;
        let churned: Vec<(u32, Day)> = (0..)
            .zip(customers)
            .filter_map(|(index, customer)| Some((index, customer.churned_on()?)))
            .filter(|&(_, on)| on < self.plan.end)
            .collect();
        for churned in churned.chunks(BATCH_ROWS) {
            let days = churned.iter().map(|&(_, on)| on.0);
            table.write(vec![
                self.ids(churned.iter().map(|&(index, _)| index)),
                Arc::new(Date32Array::from_iter_values(days)),
            ])?;
        }
        table.close()?;
        Ok(churned.len() as u64)
    }

    /// `truth.parquet`: everybody whose fate has a cause.
    pub fn truth(&self, customers: &[Customer]) -> Result<()> {
        let fields = vec![
            self.id_field(),
            field("churned_on", DataType::Date32).with_nullable(true),
            field("cause", DataType::Utf8),
            field("onset", DataType::Date32).with_nullable(true),
            field("signals", DataType::Utf8).with_nullable(true),
        ];
        let mut table = self.table("truth.parquet", fields)?;
        let fated: Vec<(u32, &Customer, Cause)> = (0..)
            .zip(customers)
            .filter_map(|(index, customer)| match customer.fate {
                Fate::Stays => None,
                Fate::Recovers(_) => Some((index, customer, Cause::Recovered)),
                Fate::Churns { cause, .. } => Some((index, customer, cause)),
            })
            .collect();
        for fated in fated.chunks(BATCH_ROWS) {
            let day = |day: Option<Day>| day.map(|day| day.0);
            let declines = || fated.iter().map(|(_, customer, _)| customer.decline());
            table.write(vec![
                self.ids(fated.iter().map(|&(index, ..)| index)),
                Arc::new(fated.iter().map(|(_, customer, _)| day(customer.churned_on())).collect::<Date32Array>()),
                strings(fated.iter().map(|(_, _, cause)| cause.name())),
                Arc::new(declines().map(|d| day(d.map(|d| d.onset))).collect::<Date32Array>()),
                Arc::new(declines().map(|d| d.map(|d| d.signals.names())).collect::<StringArray>()),
            ])?;
        }
        table.close()
    }

    fn id_field(&self) -> Field {
        field("customer_id", if self.plan.string_ids { DataType::Utf8 } else { DataType::Int64 })
    }

    /// Customer numbers begin at 1.
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

fn field(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

fn strings<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// A Parquet file in the making.
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
            // Times hardly repeat: a dictionary of them would be built only to be thrown away.
            .set_column_dictionary_enabled(ColumnPath::from("ts"), false)
            .build();
        // Without arrow's own copy of the schema, which in a small file outweighs the rows.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let file = File::create_new(&path).map_err(|error| Error::writing(&path, &error))?;
        match ArrowWriter::try_new_with_options(file, schema.clone(), options) {
            Ok(writer) => Ok(Table { path, schema, writer }),
            Err(error) => Err(trouble(&path, error)),
        }
    }

    fn write(&mut self, columns: Vec<ArrayRef>) -> Result<()> {
        RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(ParquetError::from)
            .and_then(|batch| self.writer.write(&batch))
            .map_err(|error| trouble(&self.path, error))
    }

    fn close(self) -> Result<()> {
        self.writer.close().map(drop).map_err(|error| trouble(&self.path, error))
    }
}
