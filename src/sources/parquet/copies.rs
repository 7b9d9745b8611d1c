//! Files that are the same, byte for byte: a download that was repeated, a copy that somebody kept. Their rows count as often
//! as they are there, so a person should know.

use super::OpenFile;
use crate::error::{Error, Result};
use crate::observer::Note;
use crate::spelling::some_of;
use rayon::prelude::*;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// A note about files of a source that are the same. Few files are read for it: only those whose footers are equal.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn note(what: &str, files: &[OpenFile]) -> Result<Option<Note>> {
    let mut by_size: Vec<&OpenFile> = files.iter().filter(|file| file.rows() > 0).collect();
    by_size.sort_by_key(|file| file.bytes);
    let alike = by_size.chunk_by(|a, b| a.bytes == b.bytes).filter(|alike| alike.len() > 1);
    let pairs: Vec<(&OpenFile, &OpenFile)> = alike.flat_map(suspects).collect();

    let same: Vec<Option<String>> = pairs
        .into_par_iter()
        .map(|(first, other)| {
            let (first, other) = (&first.file.path, &other.file.path);
            Ok(same_bytes(first, other)?.then(|| format!("{} as {}", other.display(), first.display())))
        })
        .collect::<Result<_>>()?;
    let same: Vec<String> = same.into_iter().flatten().collect();
    if same.is_empty() {
        return Ok(None);
    }
    Ok(Some(Note::warning(format!(
        "{what}: files are the same byte for byte, and their rows count twice: {}; if one is a copy, move it away",
        some_of(&same)
    ))))
}

/// Of files of one size, those whose footers are those of one before them, each with that. What folders say tells rows apart
/// that are the same in the files.
fn suspects<'a>(alike: &[&'a OpenFile]) -> Vec<(&'a OpenFile, &'a OpenFile)> {
    let mut firsts: Vec<&OpenFile> = Vec::new();
    let mut pairs = Vec::new();
    for &file in alike {
        let footer = |other: &OpenFile| other.metadata.metadata() == file.metadata.metadata();
        match firsts.iter().find(|first| first.folders == file.folders && footer(first)) {
            Some(first) => pairs.push((*first, file)),
            None => firsts.push(file),
        }
    }
    pairs
}

fn same_bytes(a: &Path, b: &Path) -> Result<bool> {
    let open = |path: &Path| File::open(path).map(BufReader::new).map_err(|error| Error::reading(path, &error));
    let (mut a_reader, mut b_reader) = (open(a)?, open(b)?);
    let (mut a_chunk, mut b_chunk) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
    loop {
        a_chunk.clear();
        b_chunk.clear();
        let chunk = CHUNK as u64;
        a_reader.by_ref().take(chunk).read_to_end(&mut a_chunk).map_err(|error| Error::reading(a, &error))?;
        b_reader.by_ref().take(chunk).read_to_end(&mut b_chunk).map_err(|error| Error::reading(b, &error))?;
        if a_chunk != b_chunk {
            return Ok(false);
        }
        if a_chunk.is_empty() {
            return Ok(true);
        }
    }
}
