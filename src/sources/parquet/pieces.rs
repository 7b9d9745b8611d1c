//! Row groups cut into pieces, so that no thread waits for another that decodes a large one alone.

use super::Batches;
use super::{OpenFile, Table};
use crate::error::Result;
use crate::sources::contract::Need;
use std::ops::Range;

/// Pieces a thread that a row group is cut into at most: to skip to a piece, the headers of the pages before it are
/// read.
const PIECES: usize = 4;

/// Some rows of a file, to be decoded by one thread.
pub(crate) struct FilePiece<'a> {
    file: &'a OpenFile,
    row_group: usize,
    /// Which of the row group's rows, unless all.
    rows: Option<Range<usize>>,
}

impl<'a> FilePiece<'a> {
    /// Some rows of a row group.
    pub fn new(file: &'a OpenFile, row_group: usize, rows: Range<usize>) -> FilePiece<'a> {
        let is_part = rows.len() < file.group_rows(row_group);
        FilePiece { file, row_group, rows: is_part.then_some(rows) }
    }

    /// Cuts `rows` of a row group into pieces of `least` rows or more.
    pub fn cut(
        file: &'a OpenFile,
        row_group: usize,
        rows: Range<usize>,
        least: usize,
    ) -> impl Iterator<Item = FilePiece<'a>> {
        pieces(rows, least).map(move |piece| FilePiece::new(file, row_group, piece))
    }

    /// The file that has the rows.
    pub fn file(&self) -> &'a OpenFile {
        self.file
    }

    /// The place of their row group.
    pub fn row_group(&self) -> usize {
        self.row_group
    }

    /// Which of the row group's rows they are.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone().unwrap_or(0..self.file.group_rows(self.row_group))
    }

    /// Starts decoding the needed columns; those that the file's folders hold are added. Pages of other rows are not
    /// decoded.
    pub fn read(&self, needs: &[Need], batch_size: usize) -> Result<Batches<'a>> {
        let columns: Vec<&str> = needs.iter().map(|need| need.column.as_str()).collect();
        self.file.batches(&columns, Some(vec![self.row_group]), self.rows.clone(), batch_size)
    }
}

/// The rows of a whole table, in pieces of `least` rows or more.
pub(crate) fn table_pieces(table: &Table, least: usize) -> Vec<FilePiece<'_>> {
    let mut all = Vec::new();
    for file in &table.files {
        for row_group in 0..file.metadata.metadata().num_row_groups() {
            all.extend(FilePiece::cut(file, row_group, 0..file.group_rows(row_group), least));
        }
    }
    all
}

fn pieces(rows: Range<usize>, least: usize) -> impl Iterator<Item = Range<usize>> {
    let count = (rows.len() / least).clamp(1, PIECES * rayon::current_num_threads());
    let size = rows.len().div_ceil(count);
    (0..count).map(move |piece| rows.start + piece * size..rows.end.min(rows.start + (piece + 1) * size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_row_group_once() {
        const LEAST: usize = 1 << 20;
        for rows in [0, 1, LEAST, 2 * LEAST + 1, 100_000_000] {
            for needed in [0..rows, rows / 3..rows, rows / 3..rows / 2] {
                let all: Vec<Range<usize>> = pieces(needed.clone(), LEAST).collect();
                assert_eq!((all[0].start, all[all.len() - 1].end), (needed.start, needed.end));
                assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
            }
        }
    }
}
