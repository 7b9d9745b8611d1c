//! Which files are pieces of one table: those whose names differ in numbers, dates and words that say nothing
//! (`part-0`, `events_2025`), in folders that differ likewise (`year=2026/`, `2026-05-01/`). A digit within a word
//! (`ga4_events`) belongs to a name.

use super::names::{signal_name, words};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Words of file names that say nothing about what is in the file.
const EMPTY_WORDS: &[&str] = &[
    "part", "data", "file", "chunk", "batch", "export", "all", "output", "shard", "split", "dump", "run", "block",
    "snappy", "zstd", "gz", "lz4", "brotli", "parquet", "tmp", "full", "delta", "copy",
];
/// Words of folder names that stand before a number: `week-12`.
const PERIODS: &[&str] =
    &["year", "month", "week", "day", "hour", "date", "quarter", "y", "m", "w", "d", "h", "q", "t", "z", "part"];

/// Files that are taken for one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub name: String,
    /// A file, a folder or a glob that leads to these files and to no other.
    pub path: PathBuf,
    pub files: Vec<PathBuf>,
}

/// Where a piece lies: the folders, of which those that only say which piece it is have no name, and what its own name
/// says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    folders: Vec<Option<String>>,
    name: Option<String>,
}

/// The tables among the files of a folder, by name. `are_alike` says whether files have the columns of one table.
pub(super) fn tables(data: &Path, files: &[PathBuf], are_alike: impl Fn(&[PathBuf]) -> bool) -> Vec<Found> {
    let mut places: BTreeMap<Place, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        places.entry(Place::new(data, file)).or_default().push(file.clone());
    }

    let mut found = Vec::new();
    for (place, pieces) in joined(places) {
        if are_alike(&pieces) {
            found.extend(place.table(data, files, &pieces));
        } else {
            found.extend(pieces.iter().map(|piece| alone(piece)));
        }
    }
    with_names_of_their_own(data, found)
}

/// Files of several names in the partitions of one folder are one table, unless the partitions repeat these names.
fn joined(places: BTreeMap<Place, Vec<PathBuf>>) -> BTreeMap<Place, Vec<PathBuf>> {
    let mut joined: BTreeMap<Place, Vec<PathBuf>> = BTreeMap::new();
    for (place, pieces) in &places {
        let is_partitioned = place.folders.last().is_some_and(Option::is_none);
        let repeats = places
            .iter()
            .any(|(other, files)| other.folders == place.folders && other.name.is_some() && files.len() > 1);
        let name = place.name.clone().filter(|_| !is_partitioned || repeats);
        joined.entry(Place { folders: place.folders.clone(), name }).or_default().extend(pieces.iter().cloned());
    }
    joined
}

fn alone(file: &Path) -> Found {
    Found { name: stem(file), path: file.to_path_buf(), files: vec![file.to_path_buf()] }
}

fn stem(file: &Path) -> String {
    let name = file.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    // `part-0.snappy.parquet` and `part-0` have the same stem.
    name.split('.').find(|part| !part.is_empty()).unwrap_or_default().to_owned()
}

impl Place {
    fn new(data: &Path, file: &Path) -> Place {
        let below = file.strip_prefix(data).unwrap_or(file);
        let mut folders: Vec<Option<String>> = Vec::new();
        for component in below.parent().into_iter().flat_map(Path::components) {
            if let Component::Normal(name) = component {
                let name = name.to_string_lossy().into_owned();
                folders.push((!is_partition(&name)).then_some(name));
            }
        }

        let of_folder: Vec<String> = match folders.iter().rev().flatten().next() {
            Some(folder) => words(folder),
            None => words(&own_name(data)),
        };
        let says = |word: &String| {
            !EMPTY_WORDS.contains(&word.as_str()) && !of_folder.contains(word) && !is_number(word) && word.len() > 1
        };
        let stem = stem(file);
        let named: Vec<String> = words(&stem).into_iter().filter(|word| says(word) && !stem.contains('=')).collect();
        Place { folders, name: (!named.is_empty()).then(|| named.join("_")) }
    }

    /// The table that these pieces are, if a path leads to them and to no other file; else each is a table of its own.
    fn table(&self, data: &Path, files: &[PathBuf], pieces: &[PathBuf]) -> Vec<Found> {
        let named = self.folders.iter().rev().flatten().next().cloned();
        let name = match (&self.name, pieces) {
            (Some(_), [file]) => stem(file),
            (Some(name), _) => name.clone(),
            (None, _) => named.unwrap_or_else(|| own_name(data)),
        };

        let is_partitioned = self.folders.last().is_some_and(Option::is_none);
        if let (Some(_), [file], false) = (&self.name, pieces, is_partitioned) {
            return vec![Found { name, path: file.clone(), files: pieces.to_vec() }];
        }
        match self.paths(data, pieces).into_iter().find(|path| leads_to(path, files, pieces)) {
            Some(path) => vec![Found { name, path, files: pieces.to_vec() }],
            None => pieces.iter().map(|piece| alone(piece)).collect(),
        }
    }

    /// Paths that may lead to the pieces, the plainest first.
    fn paths(&self, data: &Path, pieces: &[PathBuf]) -> Vec<PathBuf> {
        let fixed = self.folders.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let mut folder = data.to_path_buf();
        folder.extend(self.folders[..fixed].iter().map(|name| name.as_deref().unwrap_or("*")));
        let mut partitions = folder.clone();
        partitions.extend(self.folders[fixed..].iter().map(|_| "*"));

        let names: Vec<String> = pieces
            .iter()
            .map(|piece| piece.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned()))
            .collect();
        let common = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
        let first = names.first().cloned().unwrap_or_default();
        let length = names.iter().map(|name| common(&first, name)).min().unwrap_or(0);
        let mut start: String = first.chars().take(length).collect();
        let ending = first.rsplit_once('.').map_or(String::new(), |(_, ending)| format!(".{ending}"));
        let same_name = partitions.join(&first);

        // What they have in common must not end within a number.
        start.truncate(start.trim_end_matches(|c: char| c.is_ascii_digit()).len());
        let whole = partitions.join(format!("{start}*{ending}"));
        let numbered = partitions.join(format!("{start}[0-9]*{ending}"));
        let mut paths = if partitions == folder { vec![numbered, whole] } else { vec![same_name, numbered, whole] };
        // A folder that has no name of its own may hold other things one day.
        paths.insert(if fixed == 0 { paths.len() } else { 0 }, folder);
        paths
    }
}

/// Whether a path leads to the pieces alone.
fn leads_to(path: &Path, files: &[PathBuf], pieces: &[PathBuf]) -> bool {
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let pattern = glob::Pattern::new(&path.to_string_lossy()).ok();
    let is_below = |file: &PathBuf| {
        let mut above = file.ancestors();
        above.any(|part| {
            part == path || pattern.as_ref().is_some_and(|pattern| pattern.matches_path_with(part, options))
        })
    };
    files.iter().all(|file| is_below(file) == pieces.contains(file))
}

/// Whether a folder's name says which piece of a table it holds: `year=2026`, `2026-05-01`, `week-12`.
fn is_partition(name: &str) -> bool {
    let words = words(name);
    let says_nothing = |word: &String| is_number(word) || PERIODS.contains(&word.as_str());
    name.contains('=') || (words.iter().all(says_nothing) && name.contains(|c: char| c.is_ascii_digit()))
}

/// Whether a word is a number, a number with a letter that says of what (`w12`, `c000`), or a piece of a random name.
fn is_number(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_numbered = digits > 0 && digits + 1 >= word.len();
    let is_random = word.len() >= 4 && digits > 0 && word.chars().all(|c| c.is_ascii_hexdigit());
    is_numbered || is_random
}

fn own_name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    whole.file_name().map_or("table".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The tables in name order; those of one name are told apart by the folders that lead to them.
fn with_names_of_their_own(data: &Path, mut found: Vec<Found>) -> Vec<Found> {
    let names: Vec<String> = found.iter().map(|table| signal_name(&table.name)).collect();
    for (table, name) in found.iter_mut().zip(&names) {
        let is_alone = names.iter().filter(|other| *other == name).count() == 1;
        let below = table.path.strip_prefix(data).unwrap_or(&table.path).with_extension("");
        table.name = if is_alone { name.clone() } else { signal_name(&below.to_string_lossy()) };
    }

    found.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    let mut number = 1;
    for place in 1..found.len() {
        let name = found[place].name.clone();
        number =
            if found[place - 1].files != found[place].files && found[..place].iter().any(|other| other.name == name) {
                number + 1
            } else {
                1
            };
        if number > 1 {
            found[place].name = format!("{name}_{number}");
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables as "name: path", of files below `data`.
    fn found(files: &[&str]) -> Vec<String> {
        let data = Path::new("data");
        let mut files: Vec<PathBuf> = files.iter().map(|file| data.join(file)).collect();
        files.sort();
        let shown = |table: Found| format!("{}: {}", table.name, table.path.display());
        tables(data, &files, |_| true).into_iter().map(shown).collect()
    }

    #[test]
    fn a_digit_in_a_name_is_part_of_it() {
        assert_eq!(
            found(&["raw/customers.parquet", "raw/ga4_events.parquet", "raw/nps_2025.parquet"]),
            [
                "customers: data/raw/customers.parquet",
                "ga4_events: data/raw/ga4_events.parquet",
                "nps_2025: data/raw/nps_2025.parquet",
            ]
        );
    }

    #[test]
    fn numbers_and_dates_tell_pieces_of_one_table() {
        assert_eq!(found(&["logins/part-0.parquet", "logins/part-1.snappy.parquet"]), ["logins: data/logins"]);
        assert_eq!(
            found(&["logins/logins-2026-01-05.parquet", "logins/logins-2026-01-12.parquet"]),
            ["logins: data/logins"]
        );
        assert_eq!(found(&["events_2025.parquet", "events_2026.parquet"]), ["events: data/events_[0-9]*.parquet"]);
        assert_eq!(
            found(&["events_2025.parquet", "events_2026.parquet", "customers.parquet", "events_map.parquet"]),
            [
                "customers: data/customers.parquet",
                "events: data/events_[0-9]*.parquet",
                "events_map: data/events_map.parquet",
            ]
        );
        assert_eq!(
            found(&["visits/0193c2d4-7b1e.parquet", "visits/part-00001-9f2c5ae0-c000.zstd.parquet", "x.parquet"]),
            ["visits: data/visits", "x: data/x.parquet"]
        );
    }

    #[test]
    fn folders_that_say_which_piece_are_no_tables() {
        assert_eq!(
            found(&[
                "app/events/year=2026/month=01/a.parquet",
                "app/events/year=2026/month=02/b.parquet",
                "web/events/c=d/0"
            ]),
            ["app_events: data/app/events", "web_events: data/web/events"]
        );
        assert_eq!(
            found(&["2026-05-01/logins.parquet", "2026-05-01/visits.parquet", "2026-05-02/logins.parquet"]),
            ["logins: data/*/logins.parquet", "visits: data/*/visits.parquet"]
        );
        assert_eq!(found(&["logins/2026/05/01/x1.parquet", "logins/2026/05/02/x2.parquet"]), ["logins: data/logins"]);
        assert_eq!(found(&["crm/customers.parquet"]), ["customers: data/crm/customers.parquet"]);
        assert_eq!(found(&["logins/data.parquet"]), ["logins: data/logins"]);
        assert_eq!(found(&["labels/asof=2026-01-01.parquet"]), ["labels: data/labels"]);
    }
}
