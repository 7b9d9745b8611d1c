//! A look at the headers of a column's pages before the decoder trusts them. What they say of sizes decides how much
//! memory is asked for at once, and a damaged one may say two thousand million.

use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::ProjectionMask;
use parquet::file::metadata::ColumnChunkMetaData;
use std::fs::File;

/// Bytes that hold most headers: a few small numbers. Those of pages with statistics of long texts are longer.
const HEADER: usize = 128;
const LONG_HEADER: usize = 1 << 18;
/// Pages of so many bytes harm nobody, whatever their column says of itself: some writers count otherwise.
const HARMLESS: i64 = 64 << 20;
/// The numbers of the types of pages.
const DATA: i64 = 0;
const DICTIONARY: i64 = 2;
const DATA_V2: i64 = 3;

/// What the header of a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PageHeader {
    /// Bytes of the header itself.
    length: usize,
    /// The type of the page.
    kind: i64,
    /// Bytes of the page when it is decompressed.
    decompressed: i64,
    /// Bytes of the page in the file.
    stored: i64,
    /// Its values: one a row, nulls too, in a data page of a column that is not nested.
    values: i64,
}

/// Fails where a page of the columns to be read claims more than can be true: more bytes than its column has, or the
/// file; or a dictionary of more values than bytes, of which each takes at least one. Whatever else is wrong with a
/// header, the decoder finds.
pub(super) fn check_pages(
    file: &File,
    metadata: &ArrowReaderMetadata,
    columns: &ProjectionMask,
    row_group: usize,
) -> Result<(), String> {
    let chunks = metadata.metadata().row_group(row_group).columns().iter().enumerate();
    let bytes = file.metadata().map_or(i64::MAX, |file| i64::try_from(file.len()).unwrap_or(i64::MAX));
    for (_, chunk) in chunks.filter(|(leaf, _)| columns.leaf_included(*leaf)) {
        headers(file, chunk, |start, header| check(header, start, chunk, bytes))?;
    }
    Ok(())
}

/// The rows of each data page of a column that is not nested, as the headers say it; none if they cannot be read.
pub(super) fn page_rows(file: &File, chunk: &ColumnChunkMetaData) -> Option<Vec<usize>> {
    let mut rows = Vec::new();
    headers(file, chunk, |_, header| {
        if matches!(header.kind, DATA | DATA_V2) {
            rows.push(usize::try_from(header.values).map_err(|_| "negative")?);
        }
        Ok::<(), &str>(())
    })
    .ok()?;
    Some(rows)
}

fn check(header: &PageHeader, start: i64, chunk: &ColumnChunkMetaData, bytes: i64) -> Result<(), String> {
    let PageHeader { kind, decompressed, stored, values, .. } = *header;
    if stored < 0 || start.saturating_add(stored) > bytes {
        return Err(format!("a page of {stored} bytes reaches beyond the end of the file"));
    }
    if decompressed < 0 || decompressed > chunk.uncompressed_size().max(HARMLESS) {
        return Err(format!(
            "a page claims {decompressed} bytes when it is decompressed, but the whole column has {}",
            chunk.uncompressed_size()
        ));
    }
    if kind == DICTIONARY && values > decompressed {
        return Err(format!("a dictionary of {decompressed} bytes cannot hold {values} values"));
    }
    Ok(())
}

/// Goes through the headers of a column's pages, with where the page behind each begins, as far as they can be read.
fn headers<E>(
    file: &File,
    chunk: &ColumnChunkMetaData,
    mut each: impl FnMut(i64, &PageHeader) -> Result<(), E>,
) -> Result<(), E> {
    let mut at = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let end = at.saturating_add(chunk.compressed_size());
    while at < end {
        let header = read(file, at, &mut [0; HEADER]).or_else(|| read(file, at, &mut vec![0; LONG_HEADER]));
        let Some(header) = header else { break };
        let start = at + header.length as i64;
        each(start, &header)?;
        at = start.saturating_add(header.stored.max(0));
    }
    Ok(())
}

/// The header at a place, if it is no longer than there is room for.
fn read(file: &File, at: i64, room: &mut [u8]) -> Option<PageHeader> {
    let length = read_at(file, room, at.unsigned_abs()).ok()?;
    parse(&room[..length])
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], at: u64) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, at)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, into: &mut [u8], at: u64) -> std::io::Result<usize> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.read(into)
}

/// A header, which is a struct of Thrift's compact protocol.
fn parse(bytes: &[u8]) -> Option<PageHeader> {
    let mut rest = bytes;
    let mut header = PageHeader { length: 0, kind: 0, decompressed: 0, stored: 0, values: 0 };
    fields(&mut rest, |field, kind, rest| match (field, kind) {
        (1, Kind::Number) => number(rest).map(|kind| header.kind = kind),
        (2, Kind::Number) => number(rest).map(|bytes| header.decompressed = bytes),
        (3, Kind::Number) => number(rest).map(|bytes| header.stored = bytes),
        // The headers of a data page, of a dictionary, and of a data page of version 2 begin with the number of values.
        (5 | 7 | 8, Kind::Struct) => fields(rest, |field, kind, rest| match (field, kind) {
            (1, Kind::Number) => number(rest).map(|values| header.values = values),
            _ => skip(kind, rest, 0),
        }),
        _ => skip(kind, rest, 0),
    })?;
    header.length = bytes.len() - rest.len();
    Some(header)
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// In the type itself.
    Flag,
    Byte,
    Number,
    Double,
    Bytes,
    List,
    Struct,
}

impl Kind {
    /// By its number; none of the others are in a header.
    fn of(number: u8) -> Option<Kind> {
        match number {
            1 | 2 => Some(Kind::Flag),
            3 => Some(Kind::Byte),
            4..=6 => Some(Kind::Number),
            7 => Some(Kind::Double),
            8 => Some(Kind::Bytes),
            9 | 10 => Some(Kind::List),
            12 => Some(Kind::Struct),
            _ => None,
        }
    }
}

/// Goes through the fields of a struct: of each its number and how it is written, then its value. None where it ends
/// too early.
fn fields(rest: &mut &[u8], mut each: impl FnMut(i64, Kind, &mut &[u8]) -> Option<()>) -> Option<()> {
    let mut field = 0;
    loop {
        let tag = byte(rest)?;
        if tag == 0 {
            return Some(());
        }
        // The distance from the last one, or the number itself.
        field = match tag >> 4 {
            0 => number(rest)?,
            distance => field + i64::from(distance),
        };
        each(field, Kind::of(tag & 15)?, rest)?;
    }
}

/// Passes over a value that lies so deep in others.
fn skip(kind: Kind, rest: &mut &[u8], depth: u32) -> Option<()> {
    const DEEPEST: u32 = 8;
    if depth > DEEPEST {
        return None;
    }
    match kind {
        Kind::Flag => Some(()),
        Kind::Byte => byte(rest).map(drop),
        Kind::Number => number(rest).map(drop),
        Kind::Double => take(rest, 8),
        Kind::Bytes => {
            let length = unsigned(rest)?;
            take(rest, usize::try_from(length).ok()?)
        }
        Kind::List => {
            let head = byte(rest)?;
            let count = if head >> 4 == 15 { unsigned(rest)? } else { u64::from(head >> 4) };
            let kind = Kind::of(head & 15)?;
            (0..count).try_for_each(|_| {
                // In a list a flag has a byte of its own.
                skip(if kind == Kind::Flag { Kind::Byte } else { kind }, rest, depth + 1)
            })
        }
        Kind::Struct => fields(rest, |_, kind, rest| skip(kind, rest, depth + 1)),
    }
}

fn take(rest: &mut &[u8], count: usize) -> Option<()> {
    *rest = rest.get(count..)?;
    Some(())
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(*first)
}

/// A number of few bytes, seven bits in each, the lowest first.
fn unsigned(rest: &mut &[u8]) -> Option<u64> {
    let mut bits = 0u64;
    for place in 0..10 {
        let byte = byte(rest)?;
        bits |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(bits);
        }
    }
    None
}

/// The same with a sign: odd ones are negative.
fn number(rest: &mut &[u8]) -> Option<i64> {
    let bits = unsigned(rest)?;
    Some((bits >> 1) as i64 ^ -((bits & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_are_written() {
        // Type 2, 4,800 bytes, 2,000 when compressed, then the header of the dictionary: 600 values in plain encoding.
        let page =
            [0x15, 0x04, 0x15, 0x80, 0x4b, 0x15, 0xa0, 0x1f, 0x4c, 0x15, 0xb0, 0x09, 0x15, 0x00, 0x00, 0x00, 0x77];
        let expected = PageHeader { length: 16, kind: 2, decompressed: 4800, stored: 2000, values: 600 };
        assert_eq!(parse(&page), Some(expected));
        for length in 0..16 {
            assert_eq!(parse(&page[..length]), None, "{length} bytes");
        }

        // A data page with a checksum in front and statistics behind: a text, a number, and a text of 3 bytes.
        let page = [
            0x15, 0x00, 0x15, 0x80, 0x4b, 0x15, 0xa0, 0x1f, 0x15, 0x07, 0x1c, 0x15, 0xb0, 0x09, 0x15, 0x00, 0x3c, 0x18,
            0x02, 0x61, 0x62, 0x26, 0x04, 0x18, 0x03, 0x61, 0x62, 0x63, 0x00, 0x00, 0x00,
        ];
        let expected = PageHeader { length: page.len(), kind: 0, decompressed: 4800, stored: 2000, values: 600 };
        assert_eq!(parse(&page), Some(expected));
        let large = [0x15, 0x04, 0x15, 0x08, 0x15, 0x08, 0x4c, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00];
        assert_eq!(parse(&large).map(|header| header.values), Some(i64::from(i32::MAX)));
    }
}
