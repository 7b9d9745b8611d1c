//! A look at the first page of a column before the decoder trusts it. How many values a dictionary has decides how much memory
//! is asked for at once, and a damaged header may say two thousand million.

use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::ProjectionMask;
use parquet::file::metadata::ColumnChunkMetaData;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Bytes that hold the header of a dictionary page, with room to spare: a few small numbers.
const HEADER: usize = 64;
/// The number of the type of dictionary pages, and that of the field that holds their own header.
const DICTIONARY: i64 = 2;
const DICTIONARY_HEADER: u32 = 7;

/// Fails where a dictionary of the columns to be read has more values than its bytes can hold: each takes at least one.
/// Whatever else is wrong with a header, the decoder finds.
pub(super) fn check_dictionaries(
    file: &File,
    metadata: &ArrowReaderMetadata,
    columns: &ProjectionMask,
    row_groups: &[usize],
) -> Result<(), String> {
    for &row_group in row_groups {
        let chunks = metadata.metadata().row_group(row_group).columns().iter().enumerate();
        for (_, chunk) in chunks.filter(|(leaf, _)| columns.leaf_included(*leaf)) {
            check_dictionary(file, chunk)?;
        }
    }
    Ok(())
}

fn check_dictionary(mut file: &File, chunk: &ColumnChunkMetaData) -> Result<(), String> {
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let mut header = [0; HEADER];
    let read = file.seek(SeekFrom::Start(start.unsigned_abs())).and_then(|_| file.read(&mut header));
    let Ok(length) = read else { return Ok(()) };

    match dictionary(&header[..length]) {
        Some((bytes, values)) if values > bytes => {
            Err(format!("a dictionary of {bytes} bytes cannot hold {values} values"))
        }
        _ => Ok(()),
    }
}

/// The bytes of a dictionary page when it is decompressed, and its values, as its header says; none of another page. The header
/// is a struct of Thrift's compact protocol: of each field its distance from the last one and its type, then its value.
fn dictionary(header: &[u8]) -> Option<(i64, i64)> {
    const I32: u8 = 5;
    const STRUCT: u8 = 12;

    let mut rest = header;
    let (mut field, mut is_dictionary, mut bytes) = (0u32, false, 0);
    loop {
        let tag = byte(&mut rest)?;
        field += u32::from(tag >> 4);
        match (tag & 15, field) {
            (I32, 1) => is_dictionary = number(&mut rest)? == DICTIONARY,
            (I32, 2) => bytes = number(&mut rest)?,
            (I32, _) => {
                number(&mut rest)?;
            }
            // Its first field is the number of values.
            (STRUCT, DICTIONARY_HEADER) if is_dictionary && byte(&mut rest)? == 1 << 4 | I32 => {
                return Some((bytes, number(&mut rest)?));
            }
            _ => return None,
        }
    }
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(*first)
}

/// A number of few bytes, seven bits in each, the lowest first; odd ones are negative.
fn number(rest: &mut &[u8]) -> Option<i64> {
    let mut bits = 0u64;
    for place in 0..5 {
        let byte = byte(rest)?;
        bits |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((bits >> 1) as i64 ^ -((bits & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_is_told_from_other_pages() {
        // Type 2, 4,800 bytes, 2,000 when compressed, then the header of the dictionary: 600 values.
        let page = [0x15, 0x04, 0x15, 0x80, 0x4b, 0x15, 0xa0, 0x1f, 0x4c, 0x15, 0xb0, 0x09, 0x15, 0x00, 0x00, 0x00];
        assert_eq!(dictionary(&page), Some((4800, 600)));
        // With a checksum in front.
        let page = [0x15, 0x04, 0x15, 0x80, 0x4b, 0x15, 0xa0, 0x1f, 0x15, 0x07, 0x3c, 0x15, 0xb0, 0x09, 0x00, 0x00];
        assert_eq!(dictionary(&page), Some((4800, 600)));

        for length in 0..12 {
            assert_eq!(dictionary(&page[..length]), None, "{length} bytes");
        }
        let data_page = [0x15, 0x00, 0x15, 0x80, 0x4b, 0x15, 0xa0, 0x1f, 0x2c, 0x15, 0xb0, 0x09];
        assert_eq!(dictionary(&data_page), None);
        let large = [0x15, 0x04, 0x15, 0x08, 0x15, 0x08, 0x4c, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(dictionary(&large), Some((4, i64::from(i32::MAX))));
    }
}
