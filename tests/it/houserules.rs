//! The house has one direction: a room imports from floors below its own, never from above, and crates that only some
//! rooms may know are named in those alone.

use crate::common::repository;
use std::fs;
use std::path::Path;

/// Rooms by floor. Rooms on one floor do not import each other, except on the ground floor and as [`ASIDE`] says.
const FLOORS: [&[&str]; 12] = [
    &[
        "error",
        "calendar",
        "clock",
        "digest",
        "documentation",
        "files",
        "measures",
        "memory",
        "numeric",
        "language",
        "observer",
        "parallel",
        "power",
        "published",
        "spelling",
        "weights",
        "written",
    ],
    &["config"],
    &["sources"],
    &["coverage", "eligibility", "infer"],
    &["features", "labels"],
    &["dataset", "kpis"],
    &["metrics", "model"],
    &["evaluation", "artefact", "training"],
    &["reasons", "ranking", "scorer"],
    &["publish", "delivery", "registry", "monitoring", "simulate", "exchange"],
    &["jobs"],
    &["cli"],
];
/// Imports between rooms of one floor, each in one direction: from the first room, of the second.
const ASIDE: [(&str, &str); 10] = [
    ("infer", "coverage"),
    ("model", "metrics"),
    ("artefact", "evaluation"),
    ("training", "evaluation"),
    ("training", "artefact"),
    ("delivery", "publish"),
    ("exchange", "publish"),
    ("monitoring", "publish"),
    ("monitoring", "registry"),
    ("simulate", "publish"),
];

#[test]
fn no_import_climbs() {
    let climbs: Vec<String> = sources().iter().flat_map(|(path, code)| climbing(path, code)).collect();
    assert!(climbs.is_empty(), "imports that climb:\n{}", climbs.join("\n"));
}

#[test]
fn linfa_is_named_in_the_forms_of_the_model_alone() {
    const FORMS: [&str; 3] = ["model/linear/", "model/additive/", "model/records.rs"];
    let named: Vec<String> = sources()
        .into_iter()
        .filter(|(_, code)| names_crate(code, &["linfa", "linfa_logistic"]))
        .map(|(path, _)| path)
        .collect();
    let is_form = |path: &String| FORMS.iter().any(|form| path.starts_with(form));
    let elsewhere: Vec<&String> = named.iter().filter(|path| !is_form(path)).collect();
    assert!(!named.is_empty() && elsewhere.is_empty(), "linfa belongs in {FORMS:?}, not in {elsewhere:?}");
}

#[test]
fn arrow_and_parquet_are_named_in_the_sources_and_the_writers_alone() {
    let files: Vec<String> = sources()
        .into_iter()
        .filter(|(path, code)| knows_files(code) && !may_know_files(path))
        .map(|(p, _)| p)
        .collect();
    assert!(files.is_empty(), "arrow or parquet is named in {files:?}");
}

#[test]
fn a_violation_is_found() {
    let found = |path: &str, source: &str| climbing(path, &code(source)).len();
    assert_eq!(found("features/kernel.rs", "use crate::model::Recipe;"), 1);
    assert_eq!(found("features/kernel.rs", "use crate::{config::Settings, labels::{Label, window}, dataset};"), 2);
    assert_eq!(found("labels.rs", "let x = crate::features::Catalogue::new(s);"), 1);
    assert_eq!(found("calendar.rs", "use super::config::Settings;"), 1);
    assert_eq!(found("model/mod.rs", "pub(crate) use crate :: registry :: Version;"), 1);
    assert_eq!(found("registry/mod.rs", "use crate::cli::Run;"), 1);
    assert_eq!(found("registry/mod.rs", "use crate::jobs::Context;"), 1);
    assert_eq!(found("evaluation/mod.rs", "use crate::artefact::Artefact; use crate::training::Trained;"), 2);
    assert_eq!(found("publish/list.rs", "use crate::registry::Registry; use crate::jobs::Context;"), 2);
    assert_eq!(found("attic.rs", "use crate::config::Settings;"), 1, "a room without a floor");
    assert_eq!(found("model/mod.rs", "use crate::attic::Box;"), 1, "a room without a floor");

    assert_eq!(found("features/kernel.rs", "use crate::config::Settings; use crate::features::Catalogue;"), 0);
    assert_eq!(
        found(
            "features/mod.rs",
            "// use crate::model::Recipe;\n/* use crate::model::X; */ let s = \"crate::model::Y\";"
        ),
        0
    );
    assert_eq!(
        found("features/deep/er.rs", "use super::super::labels; use super::Kernel;"),
        0,
        "super::super is features"
    );
    assert_eq!(found("calendar.rs", "use crate::error::Error; use crate::{Error, Result};"), 0);
    assert_eq!(found("cli/score.rs", "use crate::registry::Registry; use crate::jobs::score;"), 0);
    assert_eq!(found("jobs/score.rs", "use crate::registry::Registry; use crate::features::Catalogue;"), 0);
    assert_eq!(found("monitoring/mod.rs", "use crate::publish::List;"), 0);
    assert_eq!(found("training/mod.rs", "use crate::artefact::Artefact; use crate::evaluation::Evaluation;"), 0);

    assert!(names_crate(&code("use linfa::traits::Fit;"), &["linfa"]));
    assert!(names_crate(&code("fn f() -> linfa_logistic::Fitted {}"), &["linfa", "linfa_logistic"]));
    assert!(!names_crate(&code("//! linfa::x\nlet solver = \"linfa::y\"; my_linfa::z();"), &["linfa"]));
    assert!(knows_files(&code("use arrow_array::Array;")) && knows_files(&code("parquet::file::reader()")));
    assert!(!knows_files(&code("use polars::io::parquet::write; fn parquet() {}")));
    assert!(
        may_know_files("sources/scan.rs") && may_know_files("dataset/writer.rs") && !may_know_files("model/fit.rs")
    );
}

/// Every source file: its path under `src`, and its code without comments and literals.
pub fn sources() -> Vec<(String, String)> {
    fn visit(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(root, &path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, code(&fs::read_to_string(&path).unwrap())));
            }
        }
    }
    let root = repository("src");
    let mut found = Vec::new();
    visit(&root, &root, &mut found);
    found.sort();
    assert!(found.len() > 10, "the sources are not where this test looks");
    found
}

/// The room of a file: its folder under `src`, or its own name.
fn room(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn may_import(from: &str, to: &str) -> bool {
    if from == to {
        return true;
    }
    match (floor(from), floor(to)) {
        (Some(above), Some(below)) => below < above || (above == 0 && below == 0) || ASIDE.contains(&(from, to)),
        _ => false,
    }
}

/// The imports of a file that it may not have.
fn climbing(path: &str, code: &str) -> Vec<String> {
    // These two only tie the rooms together.
    if path == "lib.rs" || path == "main.rs" {
        return Vec::new();
    }
    let from = room(path);
    let mut found: Vec<String> = imported_rooms(path, code).into_iter().filter(|to| !may_import(from, to)).collect();
    found.dedup();
    found.into_iter().map(|to| format!("src/{path} imports from `{to}`")).collect()
}

/// The rooms that a file names: after `crate::`, or after as many `super::` as lead out of its own room.
fn imported_rooms(path: &str, code: &str) -> Vec<String> {
    let tokens = tokens(code);
    // `super` in src/x/mod.rs and src/x.rs is the crate, in src/x/y.rs it is x. Inline modules are one deeper; their
    // `super`s then seem to lead out, to names that are no rooms, so only known rooms count here.
    let depth = path.matches('/').count() + usize::from(!path.ends_with("/mod.rs"));
    let mut rooms = Vec::new();
    for start in 0..tokens.len() {
        let inside_path = start > 0 && tokens[start - 1] == "::";
        if tokens[start] == "crate" && !inside_path && tokens.get(start + 1) == Some(&"::") {
            rooms.extend(heads(&tokens[start + 2..]));
        } else if tokens[start] == "super" && !inside_path {
            let supers = tokens[start..].chunks(2).take_while(|pair| *pair == ["super", "::"]).count();
            if supers == depth {
                let is_room = |room: &String| floor(room).is_some();
                rooms.extend(heads(&tokens[start + 2 * supers..]).into_iter().filter(is_room));
            }
        }
    }
    rooms
}

/// The first segments of a path or of a `{…}` group of paths. A name in capitals is re-exported from the ground floor.
fn heads(tokens: &[&str]) -> Vec<String> {
    let head = |token: &str| match token.chars().next() {
        Some(first) if first.is_uppercase() => "error".to_owned(),
        _ => token.to_owned(),
    };
    if tokens.first() != Some(&"{") {
        return tokens.first().map(|token| head(token)).into_iter().collect();
    }
    let mut found = Vec::new();
    let mut nesting = 0;
    for pair in tokens.windows(2) {
        match pair[0] {
            "{" => nesting += 1,
            "}" => nesting -= 1,
            _ => {}
        }
        if nesting == 0 {
            break;
        }
        if nesting == 1 && matches!(pair[0], "{" | ",") && pair[1] != "}" {
            found.push(head(pair[1]));
        }
    }
    found
}

/// Whether code names one of these crates as the head of a path.
fn names_crate(code: &str, names: &[&str]) -> bool {
    let tokens = tokens(code);
    (0..tokens.len()).any(|at| {
        let before = at.checked_sub(1).map(|before| tokens[before]);
        let after = tokens.get(at + 1).copied();
        names.contains(&tokens[at]) && before != Some("::") && (after == Some("::") || before == Some("use"))
    })
}

fn knows_files(code: &str) -> bool {
    names_crate(code, &["parquet", "arrow_array", "arrow_buffer", "arrow_ipc", "arrow_schema"])
}

fn may_know_files(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    matches!(room(path), "sources" | "infer" | "scorer" | "publish" | "simulate" | "exchange")
        || file.contains("writer")
}

/// Words and the marks that matter here.
pub fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// Source text without comments, and with empty text and character literals.
fn code(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    while i < chars.len() {
        let word_before = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_');
        match (at(i), at(i + 1)) {
            ('/', '/') => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            ('/', '*') => {
                let mut nesting = 0;
                loop {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (nesting, i) = (nesting + 1, i + 2),
                        ('*', '/') => (nesting, i) = (nesting - 1, i + 2),
                        _ => i += 1,
                    }
                    if nesting == 0 || i >= chars.len() {
                        break;
                    }
                }
                out.push(' ');
            }
            ('r', '"' | '#') if !word_before && raw_hashes(&chars, i).is_some() => {
                let hashes = raw_hashes(&chars, i).unwrap_or(0);
                i += hashes + 2;
                while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|k| at(i + k) == '#')) {
                    i += 1;
                }
                i += hashes + 1;
                out.push_str("\"\"");
            }
            ('"', _) => {
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                i += 1;
                out.push_str("\"\"");
            }
            ('\'', '\\') => {
                i += 3;
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
            }
            ('\'', _) if at(i + 2) == '\'' => i += 3,
            (c, _) => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

/// The hashes of a raw text literal that begins at an `r`.
fn raw_hashes(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|&&c| c == '#').count();
    (chars.get(start + 1 + hashes) == Some(&'"')).then_some(hashes)
}
