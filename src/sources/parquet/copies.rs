//! Files that are the same, byte for byte: a download that was repeated, a copy that somebody kept. Their rows count as
//! often as they are there, so a person should know.

use super::OpenFile;
use crate::error::{Error, Result};
use crate::language::Message;
use crate::observer::Note;
use crate::parallel;
use crate::sources::told::of_source;
use crate::spelling::{shown, MOST};
use hashbrown::HashMap;
use std::fs::File;
use std::hash::Hash;
use std::io::Read;
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// A note about files of a source that are the same. Few files are read for it: only those whose footers say the same.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn note(what: &str, files: &[OpenFile]) -> Result<Option<Note>> {
    let filled = files.iter().filter(|file| file.rows() > 0);
    let suspects: Vec<&OpenFile> = alike(filled.map(|file| (footer_digest(file), file))).flatten().collect();
    let read: Vec<(u128, &OpenFile)> = parallel::try_map(suspects, |file| Ok((content_digest(file)?, file)))?;

    let mut same = Vec::new();
    for group in alike(read.into_iter()) {
        let (first, others) = (&group[0].file.path, &group[1..]);
        same.extend(others.iter().map(|other| [&other.file.path, first].map(|path| path.display().to_string())));
    }
    if same.is_empty() {
        return Ok(None);
    }
    same.sort();
    let copy = |[other, first]: &[String; 2]| {
        Message::new("source-copy").text("other", shown(other)).text("first", shown(first))
    };
    Ok(Some(Note::warning(of_source("source-copies", what).some_of("files", same.iter().map(copy), MOST))))
}

/// The groups of several files that have a digest in common, each in the order of the files.
fn alike<'a, D: Eq + Hash>(files: impl Iterator<Item = (D, &'a OpenFile)>) -> impl Iterator<Item = Vec<&'a OpenFile>> {
    let mut groups: HashMap<D, Vec<&OpenFile>> = HashMap::new();
    files.for_each(|(digest, file)| groups.entry(digest).or_default().push(file));
    groups.into_values().filter(|group| group.len() > 1)
}

/// A digest of what the footer of a file says, and of what its folders say, which tells rows apart that are the same in
/// the files.
fn footer_digest(file: &OpenFile) -> u128 {
    let mut digest = Xxh3::new();
    digest.update(&file.bytes.to_le_bytes());
    digest.update(format!("{:?}", file.folders).as_bytes());
    for chunk in file.metadata.metadata().row_groups().iter().flat_map(|group| group.columns()) {
        digest.update(&chunk.num_values().to_le_bytes());
        digest.update(&chunk.compressed_size().to_le_bytes());
        if let Some(statistics) = chunk.statistics() {
            digest.update(statistics.min_bytes_opt().unwrap_or_default());
            digest.update(statistics.max_bytes_opt().unwrap_or_default());
        }
    }
    digest.digest128()
}

/// A digest of all bytes of a file, and of what its folders say.
fn content_digest(file: &OpenFile) -> Result<u128> {
    let path: &Path = &file.file.path;
    let mut digest = Xxh3::new();
    digest.update(format!("{:?}", file.folders).as_bytes());

    let mut reader = File::open(path).map_err(|error| Error::reading(path, &error))?;
    let mut chunk = vec![0; CHUNK];
    loop {
        match reader.read(&mut chunk).map_err(|error| Error::reading(path, &error))? {
            0 => return Ok(digest.digest128()),
            count => digest.update(&chunk[..count]),
        }
    }
}
