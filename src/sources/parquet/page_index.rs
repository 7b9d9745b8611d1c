//! The page index: the first row, the least and the greatest value of every page of a column, which Spark, parquet-java
//! and the Rust writers leave behind the row groups. It pays where row groups are large compared with the look-back.

use super::guard::guarded;
use super::page_header::page_rows;
use super::statistics;
use crate::sources::parquet::OpenFile;
use parquet::basic::BoundaryOrder;
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

/// The pages of a column in a row group. None without an index that can be used, whatever the reason: it only saves
/// work.
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
    let is_whole = starts.len() == ranges.len() && starts.first() == Some(&0);
    let is_ascending = pages.iter().all(|page| page.rows.start <= page.rows.end);
    let agrees = || agrees_with_group(&pages, statistics::value_range(file, column, row_group)?, &column_index);
    // The headers of the pages say how many rows each has, too.
    let counts = || {
        Some(
            page_rows(&File::open(&file.file.path).ok()?, chunk)?
                .into_iter()
                .eq(pages.iter().map(|page| page.rows.len())),
        )
    };
    (is_whole && is_ascending && agrees()? && counts()?).then_some(pages)
}

/// Whether the least and greatest values of the pages are those of their row group, and in the order that the index
/// claims. A damaged index must not hide rows.
fn agrees_with_group(pages: &[Page], (least, greatest): (i64, i64), index: &ColumnIndexMetaData) -> Option<bool> {
    let ranges: Vec<(i64, i64)> = pages.iter().filter_map(|page| page.range).collect();
    let low = ranges.iter().map(|range| range.0).min()?;
    let high = ranges.iter().map(|range| range.1).max()?;
    let is_each_one = ranges.iter().all(|range| range.0 <= range.1);

    let mut pairs = ranges.windows(2);
    let is_in_order = match index.get_boundary_order()? {
        BoundaryOrder::ASCENDING => pairs.all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1),
        BoundaryOrder::DESCENDING => pairs.all(|pair| pair[0].0 >= pair[1].0 && pair[0].1 >= pair[1].1),
        // Nothing would tell a damaged bound, and hardly a page could be left out.
        BoundaryOrder::UNORDERED => false,
    };
    Some((low, high) == (least, greatest) && is_each_one && is_in_order)
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
