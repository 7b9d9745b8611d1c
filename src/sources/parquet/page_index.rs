//! The page index: the first row, the least and the greatest value of every page of a column, which Spark, parquet-java
//! and the Rust writers leave behind the row groups. It pays where row groups are large compared with the look-back.

use super::guard::guarded;
use crate::sources::parquet::OpenFile;
use parquet::file::page_index::column_index::{ColumnIndexMetaData, PrimitiveColumnIndex};
use parquet::file::page_index::index_reader::{decode_column_index, decode_offset_index};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

/// A page of an integer column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Its rows, counted within the row group.
    pub rows: Range<usize>,
    /// Its least and its greatest value, as they are stored; none for a page of nulls.
    pub range: Option<(i64, i64)>,
}

/// The pages of a column in a row group. None without an index that can be used, whatever the reason: it only saves work.
pub(crate) fn pages(file: &OpenFile, column: &str, row_group: usize) -> Option<Vec<Page>> {
    let group = file.metadata.metadata().row_group(row_group);
    let chunk = group.column(file.leaf(column)?);
    let mut handle = File::open(&file.file.path).ok()?;
    let mut read = |Range { start, end }: Range<u64>| {
        let mut bytes = vec![0; usize::try_from(end.min(file.bytes).checked_sub(start)?).ok()?];
        handle.seek(SeekFrom::Start(start)).ok()?;
        handle.read_exact(&mut bytes).ok()?;
        Some(bytes)
    };
    let (column_index, offset_index) = (read(chunk.column_index_range()?)?, read(chunk.offset_index_range()?)?);
    // One that is damaged may lead the decoder anywhere.
    let (column_index, offsets) = guarded(|| {
        Some((decode_column_index(&column_index, chunk.column_type()).ok()?, decode_offset_index(&offset_index).ok()?))
    })
    .ok()??;
    let ranges = ranges(&column_index)?;

    let starts = offsets.page_locations().iter().map(|page| usize::try_from(page.first_row_index).ok());
    let starts: Vec<usize> = starts.collect::<Option<_>>()?;

    let ends = starts.iter().skip(1).copied().chain([usize::try_from(group.num_rows()).ok()?]);
    let pages = starts.iter().zip(ends).zip(&ranges).map(|((&start, end), &range)| Page { rows: start..end, range });
    let pages: Vec<Page> = pages.collect();
    let whole = starts.len() == ranges.len() && starts.first() == Some(&0);
    (whole && pages.iter().all(|page| page.rows.start <= page.rows.end)).then_some(pages)
}

fn ranges(index: &ColumnIndexMetaData) -> Option<Vec<Option<(i64, i64)>>> {
    fn least_and_greatest<T: Copy + Into<i64>>(index: &PrimitiveColumnIndex<T>) -> Vec<Option<(i64, i64)>> {
        let values = index.min_values_iter().zip(index.max_values_iter());
        values.map(|(least, greatest)| Some(((*least?).into(), (*greatest?).into()))).collect()
    }
    match index {
        ColumnIndexMetaData::INT64(index) => Some(least_and_greatest(index)),
        ColumnIndexMetaData::INT32(index) => Some(least_and_greatest(index)),
        _ => None,
    }
}
