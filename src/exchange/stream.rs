//! The exchange as streams of Arrow record batches, in the format of Arrow's IPC: what an engine hands to a kernel, and
//! what it gets back.

use super::wire::{packed_schema, texts};
use super::{BucketReport, LeftOut, PackReport, Packer, Picker, Plan, Reducer, Share};
use crate::error::{Error, Result};
use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, SchemaRef};
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::Path;

/// The columns that a reducing task returns, as Spark's SQL writes types.
///
/// # Errors
/// [`Error::Config`] if the plan is not settled.
pub fn reduced_ddl(plan: &Plan) -> Result<String> {
    let schema = Reducer::new(plan)?.schema()?;
    let columns = schema.fields().iter().map(|field| {
        let kind = match field.data_type() {
            DataType::Int64 => "BIGINT",
            DataType::Date32 => "DATE",
            DataType::Float64 => "DOUBLE",
            DataType::Binary => "BINARY",
            _ => "STRING",
        };
        format!("`{}` {kind}", field.name().replace('`', "``"))
    });
    Ok(columns.collect::<Vec<String>>().join(", "))
}

/// Packs the rows of a table that come as a stream, into a file of a folder if one is given.
///
/// # Errors
/// What [`Packer`] ends with; [`Error::Config`] for a table that takes no part; and those of reading and writing.
pub fn pack(plan: &Plan, table: &str, folder: Option<&Path>, input: impl Read, output: impl Write) -> Result<()> {
    packed(plan, table, input, output, folder, |packer| packer.finish())
}

/// Reports rows of a table that are left out, of which some come as a stream, as examples.
///
/// # Errors
/// As [`pack`].
pub fn leave_out(plan: &Plan, table: &str, rows: LeftOut, input: impl Read, output: impl Write) -> Result<()> {
    packed(plan, table, input, output, None, |packer| packer.finish_left_out(rows))
}

fn packed(
    plan: &Plan,
    table: &str,
    input: impl Read,
    output: impl Write,
    folder: Option<&Path>,
    finish: impl Fn(Packer<'_>) -> Result<Vec<RecordBatch>>,
) -> Result<()> {
    let sources = plan.sources()?;
    let source = sources.iter().find(|source| source.name == table);
    let source = source.ok_or_else(|| Error::Config(format!("there is no table `{table}` in this plan")))?;
    let zone = plan.settings.zone();

    let packer = Packer::new(plan, source, &zone)?;
    let mut packer = Some(match folder {
        Some(folder) => packer.writing_into(folder),
        None => packer,
    });
    through(input, output, packed_schema(), |batch| match (batch, &mut packer) {
        (Some(batch), Some(packer)) => packer.push(batch),
        _ => packer.take().map_or(Ok(Vec::new()), &finish),
    })
}

/// Reads and packs the shares of files that come as a stream, in the column `share`, into files of a folder if one is
/// given.
///
/// # Errors
/// What [`Share::pack`] ends with, and those of reading and writing.
pub fn scan(plan: &Plan, folder: Option<&Path>, input: impl Read, output: impl Write) -> Result<()> {
    let reader = StreamReader::try_new(BufReader::with_capacity(1 << 16, input), None).map_err(unread)?;
    let mut writer = StreamWriter::try_new_buffered(output, &packed_schema()).map_err(unwritten)?;
    for batch in reader {
        for text in texts(&batch.map_err(unread)?, "share") {
            Share::from_json(text)?.pack(plan, folder, |packed| writer.write(&packed).map_err(unwritten))?;
        }
    }
    ended(writer)
}

/// Reduces the pieces that come as a stream. The rows go into a file of a folder, if one is given.
///
/// # Errors
/// What [`Reducer`] ends with, and those of reading and writing.
pub fn reduce(plan: &Plan, folder: Option<&Path>, input: impl Read, output: impl Write) -> Result<()> {
    let reducer = Reducer::new(plan)?;
    let reducer = match folder {
        Some(folder) => reducer.writing_into(folder),
        None => reducer,
    };
    let schema = reducer.schema()?;
    let mut reducer = Some(reducer);
    through(input, output, schema, |batch| match (batch, &mut reducer) {
        (Some(batch), Some(reducer)) => reducer.push(batch),
        _ => reducer.take().map_or(Ok(Vec::new()), Reducer::finish),
    })
}

/// Picks the rows of listed customers from those of the customers table that come as a stream, as they are.
///
/// # Errors
/// What [`Picker`] ends with, and those of reading and writing.
pub fn pick_customers(plan: &Plan, input: impl Read, output: impl Write) -> Result<()> {
    let sources = plan.sources()?;
    let picker = Picker::of_listed(plan, &sources)?;
    let reader = StreamReader::try_new(BufReader::with_capacity(1 << 16, input), None).map_err(unread)?;
    let mut writer = StreamWriter::try_new_buffered(output, &reader.schema()).map_err(unwritten)?;
    for batch in reader {
        writer.write(&picker.customers(plan, &batch.map_err(unread)?)?).map_err(unwritten)?;
    }
    ended(writer)
}

/// Picks, of pieces that come as a stream, the rows of signals of those customers whom a report tells of.
///
/// # Errors
/// As [`pick_customers`].
pub fn pick_signals(plan: &Plan, input: impl Read, output: impl Write) -> Result<()> {
    let sources = plan.sources()?;
    let picker = Picker::of_detailed(plan, &sources)?;
    through(input, output, packed_schema(), |batch| match batch {
        Some(batch) => Ok(vec![picker.signals(batch)?]),
        None => Ok(Vec::new()),
    })
}

/// The record batches of a stream. One without rows has a batch without any, so that its columns are known.
///
/// # Errors
/// [`Error::Temporary`] for what is no stream.
pub fn all(input: impl Read) -> Result<Vec<RecordBatch>> {
    let reader = StreamReader::try_new(BufReader::with_capacity(1 << 16, input), None).map_err(unread)?;
    let mut batches = vec![RecordBatch::new_empty(reader.schema())];
    for batch in reader {
        batches.push(batch.map_err(unread)?);
    }
    Ok(batches)
}

/// Reads a stream batch by batch, and writes what `step` makes of each, and at the end of none. An input without a byte
/// has no batch.
fn through(
    input: impl Read,
    output: impl Write,
    schema: SchemaRef,
    mut step: impl FnMut(Option<&RecordBatch>) -> Result<Vec<RecordBatch>>,
) -> Result<()> {
    let mut writer = StreamWriter::try_new_buffered(output, &schema).map_err(unwritten)?;
    let mut write = |batches: Vec<RecordBatch>| batches.iter().try_for_each(|batch| writer.write(batch));

    let mut input = BufReader::with_capacity(1 << 16, input);
    if !input.fill_buf().map_err(|e| unread(ArrowError::from(e)))?.is_empty() {
        for batch in StreamReader::try_new(input, None).map_err(unread)? {
            write(step(Some(&batch.map_err(unread)?))?).map_err(unwritten)?;
        }
    }
    write(step(None)?).map_err(unwritten)?;
    ended(writer)
}

fn ended(mut writer: StreamWriter<BufWriter<impl Write>>) -> Result<()> {
    writer.finish().map_err(unwritten)?;
    writer.into_inner().map_err(unwritten)?.into_inner().map_err(|e| unwritten(e.into_error().into())).map(drop)
}

fn unread(error: ArrowError) -> Error {
    Error::Temporary(format!("standard input holds no whole stream of Arrow record batches: {error}; retry"))
}

fn unwritten(error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, error) => Error::writing(Path::new("standard output"), &error),
        other => Error::Internal(other.to_string()),
    }
}

/// The reports of packing tasks, one a line.
///
/// # Errors
/// As [`bucket_reports`].
pub fn pack_reports(input: impl Read) -> Result<Vec<PackReport>> {
    lines(input)
}

/// The reports of buckets, one a line.
///
/// # Errors
/// [`Error::Config`] for a line that is no report; [`Error::Temporary`] when reading fails.
pub fn bucket_reports(input: impl Read) -> Result<Vec<BucketReport>> {
    lines(input)
}

fn lines<T: DeserializeOwned>(input: impl Read) -> Result<Vec<T>> {
    let read = |line: std::io::Result<String>| {
        let line = line.map_err(|e| match e.kind() {
            ErrorKind::InvalidData => Error::Config("reports are lines of JSON".to_owned()),
            _ => Error::Temporary(format!("cannot read the reports: {e}; retry")),
        })?;
        serde_json::from_str(&line).map_err(|e| Error::Config(format!("a line that is no report: {e}")))
    };
    BufReader::new(input).lines().map(read).collect()
}
