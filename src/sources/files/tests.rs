//! The lister on trees made up for it, and on random ones against a model of its rules.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const PARQUET: &str = "PAR1…PAR1";

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, content) in files {
        put(root.path(), name, content);
    }
    root
}

fn put(root: &Path, name: &str, content: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// What is listed below a root, each path relative to it.
fn listed(root: &Path, pattern: &str) -> Vec<String> {
    let listing = list(&root.join(pattern), "signal `s`").unwrap_or_else(|error| panic!("{error}"));
    listing.files.iter().map(|file| relative(root, &file.path)).collect()
}

fn notes(root: &Path, pattern: &str) -> String {
    let listing = list(&root.join(pattern), "signal `s`").unwrap();
    listing.notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>().join("\n")
}

fn refused(root: &Path, pattern: &str) -> String {
    match list(&root.join(pattern), "signal `s`") {
        Err(error) if error.exit_code() == 3 => error.to_string(),
        Err(error) => panic!("exit code {}: {error}", error.exit_code()),
        Ok(listing) => panic!("{:?}", listing.files),
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap().to_string_lossy().into_owned()
}

#[test]
fn markers_and_hidden_files_are_not_rows() {
    let names = [
        "b.parquet",
        "a.PARQUET",
        "_SUCCESS",
        ".part.parquet",
        "_temporary/0/c.parquet",
        ".d/e.parquet",
        "deep/_f/g.parquet",
        "deep/h.pq",
        "_date=2026-05-01/i.parquet",
        ".b.parquet.crc",
        "_metadata",
        "_common_metadata",
        "j.parquet._COPYING_",
        "deep_$folder$",
    ];
    let root = tree(&names.map(|name| (name, PARQUET)));
    let all = ["_date=2026-05-01/i.parquet", "a.PARQUET", "b.parquet", "deep/h.pq"];
    assert_eq!(listed(root.path(), ""), all);
    assert_eq!(listed(root.path(), "**"), all);
    assert_eq!(listed(root.path(), "**/*"), all);
    assert_eq!(listed(root.path(), "*"), all);
    assert_eq!(listed(root.path(), "**/*.parquet"), ["_date=2026-05-01/i.parquet", "b.parquet"]);

    // What a pattern names counts.
    assert_eq!(listed(root.path(), "_temporary/**/*.parquet"), ["_temporary/0/c.parquet"]);
    assert_eq!(listed(root.path(), "*/_f/*.parquet"), ["deep/_f/g.parquet"]);
    assert_eq!(listed(root.path(), ".*.parquet"), [".part.parquet"]);
    assert_eq!(listed(root.path(), "_temporary"), ["_temporary/0/c.parquet"]);
    assert_eq!(listed(root.path(), ".part.parquet"), [".part.parquet"]);
}

#[test]
fn files_without_an_ending_are_told_by_how_they_begin() {
    let root = tree(&[
        ("000000_0", PARQUET),
        ("part-1.snappy", PARQUET),
        ("part-2", "not Parquet"),
        ("part-3", ""),
        ("part-4.parquet", ""),
        ("part-0.parquet.bak", PARQUET),
        ("part-5.parquet.gz", "\x1f\u{8b}"),
        ("encrypted", "PARE…"),
        ("README", "about"),
    ]);
    for pattern in ["", "*", "**/*"] {
        assert_eq!(listed(root.path(), pattern), ["000000_0", "encrypted", "part-1.snappy", "part-4.parquet"]);
        let notes = notes(root.path(), pattern);
        for named in ["part-0.parquet.bak", "part-3 (it is empty)", "part-5.parquet.gz"] {
            assert!(notes.contains(named), "{named} in {notes}");
        }
        assert!(!notes.contains("README"), "{notes}");
    }
    // An ending in the pattern asks for all files that have it.
    assert_eq!(listed(root.path(), "*.bak"), ["part-0.parquet.bak"]);
}

#[test]
fn without_a_parquet_file_the_message_names_what_is_there() {
    let root = tree(&[("a/notes.txt", "x"), ("a/rows.csv", "id\n"), ("b/part-0", "ORC…"), ("c/_SUCCESS", "")]);
    fs::create_dir(root.path().join("empty")).unwrap();
    let message = refused(root.path(), "a");
    for named in ["2 files", "notes.txt", "rows.csv", "PAR1", "CSV"] {
        assert!(message.contains(named), "{named} in {message}");
    }
    assert!(refused(root.path(), "b").contains("ORC"));
    assert!(refused(root.path(), "b/*").contains("ORC"));
    assert!(refused(root.path(), "c").contains("found no file"));
    assert!(refused(root.path(), "empty").contains("holds no Parquet file"));
    assert!(refused(root.path(), "none").contains("does not exist"));
    assert!(refused(root.path(), "none/*.parquet").contains("no file matches"));
    assert_eq!(list(&root.path().join("[/x"), "signal `s`").map(|_| ()).unwrap_err().exit_code(), 2);
}

#[test]
fn what_is_no_plain_parquet_says_what_it_is() {
    let root =
        tree(&[("a.parquet", "PARE…"), ("b.parquet", "ORC…"), ("c.csv", "id\n"), ("d.parquet", PARQUET), ("e", "x")]);
    let stored = |name: &str| stored_otherwise(&root.path().join(name)).unwrap_or_default();
    assert!(stored("a.parquet").contains("encrypted"));
    assert!(stored("b.parquet").contains("ORC") && stored("c.csv").contains("CSV"));
    assert_eq!((stored("d.parquet"), stored("e"), stored("none")), Default::default());
}

#[test]
fn tables_with_a_log_are_refused_from_wherever_they_are_looked_at() {
    let formats = [
        ("_delta_log/00000000000000000000.json", "Delta"),
        (".hoodie/hoodie.properties", "Hudi"),
        ("metadata/v2.metadata.json", "Iceberg"),
    ];
    for (log, format) in formats {
        let part = "data/day=1/part-0.parquet";
        let root = tree(&[(&format!("lake/logins/{log}"), "{}"), (&format!("lake/logins/{part}"), PARQUET)]);
        let inside = format!("lake/logins/{part}");
        for path in [
            "lake",
            "lake/logins",
            "lake/logins/data",
            "lake/logins/data/day=1",
            &inside,
            "lake/*",
            "lake/**/*.parquet",
            "lake/logins/data/*/*.parquet",
            "lake/*/data/*/part-0.parquet",
        ] {
            let message = refused(root.path(), path);
            assert!(message.contains(format) && message.contains("Export a snapshot"), "{path}: {message}");
        }
    }

    // A folder beside it is no part of an Iceberg table, and `metadata` alone makes none.
    let root = tree(&[("metadata/v1.metadata.json", "{}"), ("logins/a.parquet", PARQUET)]);
    assert_eq!(listed(root.path(), "logins"), ["logins/a.parquet"]);
    let root = tree(&[("metadata/about.json", "{}"), ("a.parquet", PARQUET)]);
    assert_eq!(listed(root.path(), ""), ["a.parquet"]);
}

#[test]
fn a_path_with_wildcards_in_its_name_is_that_path() {
    let root = tree(&[("logins [eu]/a.parquet", PARQUET), ("b*.parquet", PARQUET), ("b1.parquet", PARQUET)]);
    assert_eq!(listed(root.path(), "logins [eu]"), ["logins [eu]/a.parquet"]);
    assert_eq!(listed(root.path(), "b*.parquet"), ["b*.parquet"]);
}

#[test]
fn partitions_are_those_of_the_whole_path_under_the_table() {
    let root = tree(&[("t/region=eu/dt=2026-05-01/a.parquet", PARQUET)]);
    for path in
        ["t", "t/region=eu", "t/region=eu/dt=2026-05-01", "t/region=eu/dt=2026-05-01/a.parquet", "t/*/*/*.parquet"]
    {
        let listing = list(&root.path().join(path), "signal `s`").unwrap();
        let file = &listing.files[0];
        assert_eq!(file.partition_value("region"), Some(&Some("eu".to_owned())), "{path}");
        assert_eq!(file.partition_value("dt"), Some(&Some("2026-05-01".to_owned())), "{path}");
    }
}

#[test]
fn a_folder_lists_what_a_source_would_read() {
    let root = tree(&[
        ("customers.parquet", PARQUET),
        ("logins/dt=1/a", PARQUET),
        ("logins/_SUCCESS", ""),
        ("notes/readme.txt", "x"),
        ("orders/_delta_log/0.json", "{}"),
        ("orders/a.parquet", PARQUET),
    ]);
    let folder = Folder::open(root.path()).unwrap();
    assert_eq!(folder.files, [root.path().join("customers.parquet")]);
    let [logins, orders] = folder.folders.as_slice() else { panic!("{folder:?}") };
    assert_eq!(logins.path, root.path().join("logins"));
    assert_eq!(logins.folders[0].files, [root.path().join("logins/dt=1/a")]);
    assert!(orders.format == Some(TableFormat::Delta) && orders.files.is_empty());
}

#[cfg(unix)]
mod links {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_is_reached_twice_counts_once() {
        let root =
            tree(&[("t/dt=1/a.parquet", PARQUET), ("t/dt=2/b.parquet", PARQUET), ("elsewhere/c.parquet", PARQUET)]);
        let t = root.path().join("t");
        symlink("dt=2", t.join("current")).unwrap();
        symlink("../dt=1/a.parquet", t.join("dt=2/again.parquet")).unwrap();
        fs::hard_link(t.join("dt=1/a.parquet"), t.join("dt=1/also.parquet")).unwrap();
        symlink("../../elsewhere", t.join("dt=1/more")).unwrap();

        for pattern in ["t", "t/../t", "t/**", "t/*", "t/**/*.parquet", "t/dt=*", "t/dt=1/../dt=?"] {
            let files = listed(root.path(), pattern);
            let names: Vec<&str> = files.iter().filter_map(|file| file.rsplit('/').next()).collect();
            assert_eq!(names, ["a.parquet", "c.parquet", "b.parquet"], "{pattern}: {files:?}");
            assert!(notes(root.path(), pattern).contains("counts once"), "{pattern}");
        }
        assert_eq!(listed(root.path(), "t/current"), ["t/current/again.parquet", "t/current/b.parquet"]);
    }

    #[test]
    fn links_that_lead_in_a_circle_end() {
        let root = tree(&[("x.parquet", PARQUET), ("t/a.parquet", PARQUET), ("t/u/b.parquet", PARQUET)]);
        let t = root.path().join("t");
        symlink(".", t.join("self")).unwrap();
        symlink("..", t.join("up")).unwrap();
        symlink("../u", t.join("u/again")).unwrap();
        symlink("nowhere", t.join("gone")).unwrap();
        for pattern in ["t", "t/**/*.parquet", "t/**"] {
            assert_eq!(listed(root.path(), pattern), ["t/a.parquet", "t/u/b.parquet"], "{pattern}");
        }
        symlink("nowhere", t.join("gone.parquet")).unwrap();
        assert!(refused(root.path(), "t").contains("leads nowhere"));
    }

    /// A random tree of files, folders and links.
    #[derive(Clone, Debug)]
    enum Entry {
        File {
            name: usize,
            content: usize,
        },
        Folder {
            name: usize,
            entries: Vec<Entry>,
        },
        /// To one of the folders or files made before, by its number.
        Link {
            name: usize,
            to: usize,
            is_hard: bool,
        },
    }

    const FILES: [&str; 12] = [
        "a.parquet",
        "b.parq",
        "c",
        "_d.parquet",
        ".e.parquet",
        "f.txt",
        "g.parquet.bak",
        "_h=1.parquet",
        "i.PQ",
        "j.tmp",
        "_SUCCESS",
        "part-7",
    ];
    const FOLDERS: [&str; 6] = ["u", "v", "_w", ".x", "_y=1", "z.parquet"];
    const CONTENTS: [&str; 3] = [PARQUET, "text", ""];

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let file = (0..FILES.len(), 0..CONTENTS.len()).prop_map(|(name, content)| Entry::File { name, content });
        let link = (0..FILES.len() + FOLDERS.len(), 0..20usize, any::<bool>())
            .prop_map(|(name, to, is_hard)| Entry::Link { name, to, is_hard });
        let leaf = prop_oneof![3 => file, 1 => link];
        let folder = leaf.prop_recursive(3, 24, 6, |inner| {
            (0..FOLDERS.len(), prop::collection::vec(inner, 0..6))
                .prop_map(|(name, entries)| Entry::Folder { name, entries })
        });
        prop::collection::vec(folder, 0..8)
    }

    /// Makes the entries on disk; what has been made is numbered in `made`.
    fn make(folder: &Path, entries: &[Entry], made: &mut Vec<PathBuf>) {
        for entry in entries {
            match entry {
                Entry::File { name, content } => {
                    let path = folder.join(FILES[*name]);
                    if path.symlink_metadata().is_err() {
                        fs::write(&path, CONTENTS[*content]).unwrap();
                        made.push(path);
                    }
                }
                Entry::Folder { name, entries } => {
                    let path = folder.join(FOLDERS[*name]);
                    if path.symlink_metadata().is_err() {
                        fs::create_dir(&path).unwrap();
                        made.push(path.clone());
                        make(&path, entries, made);
                    }
                }
                Entry::Link { name, to, is_hard } => {
                    let name = FILES.iter().chain(&FOLDERS).nth(*name).unwrap();
                    let (path, Some(target)) = (folder.join(name), made.get(*to)) else { continue };
                    if path.symlink_metadata().is_ok() {
                    } else if *is_hard && target.is_file() {
                        fs::hard_link(target, &path).unwrap();
                    } else {
                        symlink(target, &path).unwrap();
                    }
                }
            }
        }
    }

    /// The rules as they are documented, followed name by name, however often they lead to the same: which names lead
    /// to which files. A path that leads through a folder which it has been in is not followed further.
    fn model(
        folder: &Path,
        visited: &mut Vec<PathBuf>,
        by_link: bool,
        names: &mut BTreeMap<PathBuf, BTreeSet<(bool, PathBuf)>>,
    ) {
        let real = folder.canonicalize().unwrap();
        if visited.contains(&real) {
            return;
        }
        visited.push(real);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with('.') || (name.starts_with('_') && !name.contains('=')) {
                continue;
            }
            let by_link = by_link || path.is_symlink();
            if path.is_dir() {
                model(&path, visited, by_link, names);
            } else {
                let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase();
                let is_copy = ["bak", "tmp"].contains(&ending.as_str());
                let begins = fs::read_to_string(&path).is_ok_and(|text| text.starts_with("PAR1"));
                if ["parquet", "parq", "pq"].contains(&ending.as_str()) || (begins && !is_copy) {
                    let (node, content) = (node(&path), path.clone());
                    names.entry(node).or_default().insert((by_link, content));
                }
            }
        }
        visited.pop();
    }

    /// The file behind a name, as a path that no other file has.
    fn node(path: &Path) -> PathBuf {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path).unwrap();
        PathBuf::from(format!("{}:{}", metadata.dev(), metadata.ino()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn the_lister_follows_its_rules(entries in entries()) {
            let root = tempfile::tempdir().unwrap();
            let table = root.path().canonicalize().unwrap().join("table");
            fs::create_dir(&table).unwrap();
            make(&table, &entries, &mut Vec::new());
            let mut names = BTreeMap::new();
            model(&table, &mut Vec::new(), false, &mut names);

            for pattern in ["", "**", "**/*", "../table"] {
                let files = match list(&table.join(pattern), "signal `s`") {
                    Ok(listing) => listing.files,
                    Err(_) => Vec::new(),
                };
                let nodes: Vec<PathBuf> = files.iter().map(|file| node(&file.path)).collect();
                let all: BTreeSet<&PathBuf> = nodes.iter().collect();
                prop_assert_eq!(all.len(), nodes.len(), "every file once");
                prop_assert_eq!(all, names.keys().collect(), "all of them, under {:?}", pattern);
                prop_assert!(files.is_sorted_by(|a, b| a.path < b.path));

                // A file that has a name without links is known by the first of those.
                for file in files {
                    let (by_link, first) = names[&node(&file.path)].first().unwrap();
                    prop_assert!(*by_link || pattern == "../table" || file.path == *first, "{:?} {:?}", file, first);
                }
            }
        }
    }
}
