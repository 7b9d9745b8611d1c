//! No circle of files: where one file imports from another, no way of imports leads back, neither within a room nor
//! between rooms. A name that a `mod.rs` only hands on counts as one of the file that defines it.

use crate::houserules::{sources, tokens};
use std::collections::{BTreeMap, BTreeSet};

/// The largest share of the code that one room may have, in hundredths.
const LARGEST_ROOM: usize = 28;

#[test]
fn no_files_import_each_other_in_a_circle() {
    let circles = circles(&sources());
    assert!(circles.is_empty(), "files that import each other in a circle:\n{}", circles.join("\n"));
}

#[test]
fn no_room_is_too_large() {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for (path, code) in sources() {
        let room = path.split('/').next().unwrap_or(&path).trim_end_matches(".rs").to_owned();
        *lines.entry(room).or_default() += code.lines().filter(|line| !line.trim().is_empty()).count();
    }
    let all: usize = lines.values().sum();
    for (room, lines) in lines {
        assert!(100 * lines <= LARGEST_ROOM * all, "`{room}` has {lines} of {all} lines, more than {LARGEST_ROOM} %");
    }
}

#[test]
fn a_circle_is_found() {
    let found = |files: &[(&str, &str)]| {
        let files: Vec<(String, String)> = files.iter().map(|&(path, code)| (path.into(), code.into())).collect();
        circles(&files).join("; ")
    };
    assert_eq!(found(&[("a/x.rs", "use super::y::Y;"), ("a/y.rs", "use crate::a::x::X;")]), "a/x.rs, a/y.rs");
    assert_eq!(
        found(&[("a/x.rs", "fn f() { super::y::g() }"), ("a/y.rs", "use super::x::{self, X};")]),
        "a/x.rs, a/y.rs"
    );
    // Through a name that `mod.rs` hands on, and through one that it defines.
    let handed_on = ("a/mod.rs", "mod x; mod y; pub use x::X; pub(crate) use y::{Y, Z as W};");
    assert_eq!(found(&[handed_on, ("a/x.rs", "use super::W;"), ("a/y.rs", "use super::X;")]), "a/x.rs, a/y.rs");
    assert_eq!(found(&[("a/mod.rs", "mod x; use x::X; struct A;"), ("a/x.rs", "use super::A;")]), "a/mod.rs, a/x.rs");
    assert_eq!(found(&[("a/x.rs", "use crate::b::B;"), ("b.rs", "use crate::a::x::X;")]), "a/x.rs, b.rs");

    assert_eq!(found(&[handed_on, ("a/x.rs", "struct X;"), ("a/y.rs", "use super::X;")]), "");
    assert_eq!(found(&[("a/mod.rs", "mod x; struct A;"), ("a/x.rs", "use super::A; use crate::Result;")]), "");
    let tested = "use super::y::Y; #[cfg(test)] mod tests { use crate::a::z::Z; }";
    assert_eq!(found(&[("a/x.rs", tested), ("a/y.rs", ""), ("a/z.rs", "use super::x::X;")]), "");
    let alone = "#[cfg(test)] use super::z::Z; use super::y::Y;";
    assert_eq!(found(&[("a/x.rs", alone), ("a/y.rs", ""), ("a/z.rs", "use super::x::X;")]), "");
}

/// Files, given as path and code, that import each other in a circle: a line a circle.
fn circles(files: &[(String, String)]) -> Vec<String> {
    let house = House::new(files);
    let arrows: Vec<BTreeSet<usize>> = (0..house.files.len()).map(|file| house.imported(file)).collect();
    let reach: Vec<BTreeSet<usize>> = (0..arrows.len()).map(|file| reachable(&arrows, file)).collect();

    let mut circles = BTreeSet::new();
    for file in 0..arrows.len() {
        let circle: Vec<usize> =
            (0..arrows.len()).filter(|&other| reach[file].contains(&other) && reach[other].contains(&file)).collect();
        if circle.len() > 1 {
            circles.insert(circle.iter().map(|&file| house.files[file].path).collect::<Vec<_>>().join(", "));
        }
    }
    circles.into_iter().collect()
}

fn reachable(arrows: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for &next in &arrows[file] {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

/// A source file as a module.
struct File<'a> {
    path: &'a str,
    /// Its path as a module: `["a", "x"]` for `a/x.rs`.
    module: Vec<&'a str>,
    /// Paths that it names, absolute; without those that it only hands on.
    named: Vec<Vec<&'a str>>,
    /// What it hands on: the name there, and the absolute path of what it is.
    handed_on: Vec<(&'a str, Vec<&'a str>)>,
}

struct House<'a> {
    files: Vec<File<'a>>,
    by_module: BTreeMap<Vec<&'a str>, usize>,
}

impl<'a> House<'a> {
    fn new(files: &'a [(String, String)]) -> House<'a> {
        let outside_tests = |path: &str| !path.ends_with("/tests.rs") && path != "lib.rs" && path != "main.rs";
        let files: Vec<&(String, String)> = files.iter().filter(|(path, _)| outside_tests(path)).collect();
        let modules: BTreeSet<Vec<&str>> = files.iter().map(|(path, _)| module(path)).collect();
        let files: Vec<File<'a>> = files.into_iter().map(|(path, code)| File::new(path, code, &modules)).collect();
        let by_module = files.iter().enumerate().map(|(index, file)| (file.module.clone(), index)).collect();
        House { files, by_module }
    }

    /// The files that a file imports from.
    fn imported(&self, file: usize) -> BTreeSet<usize> {
        let found = self.files[file].named.iter().filter_map(|path| self.defining(path, 0));
        found.filter(|&other| other != file).collect()
    }

    /// The file that defines what a path leads to.
    fn defining(&self, path: &[&'a str], hops: usize) -> Option<usize> {
        let known = (1..=path.len()).rev().find(|&length| self.by_module.contains_key(&path[..length]))?;
        let file = self.by_module[&path[..known]];
        let handed_on = path.get(known).and_then(|name| {
            let of_name =
                self.files[file].handed_on.iter().filter(|(handed_on, _)| handed_on == name || *handed_on == "*");
            of_name.filter(|_| hops < 8).find_map(|(handed_on, target)| {
                let mut target = target.clone();
                if *handed_on == "*" {
                    target.push(name);
                }
                target.extend(&path[known + 1..]);
                self.defining(&target, hops + 1)
            })
        });
        handed_on.or(Some(file))
    }
}

impl<'a> File<'a> {
    fn new(path: &'a str, code: &'a str, modules: &BTreeSet<Vec<&'a str>>) -> File<'a> {
        let module = module(path);
        let tokens = without_tests(&tokens(code));
        let mut file = File { path, module, named: Vec::new(), handed_on: Vec::new() };

        let mut at = 0;
        while at < tokens.len() {
            let begins = at == 0 || tokens[at - 1] != "::";
            let is_use = tokens[at] == "use";
            let is_head =
                begins && matches!(tokens[at], "crate" | "super" | "self") && tokens.get(at + 1) == Some(&"::");
            if !is_use && !is_head {
                at += 1;
                continue;
            }
            let start = if is_use { at + 1 } else { at };
            let handed_on = is_use && at > 0 && matches!(tokens[at - 1], "pub" | ")");
            let (paths, end) = expand(&tokens, start);
            for (path, alias) in paths {
                let Some(path) = file.absolute(&path, modules) else { continue };
                let name = alias.or(path.last().copied());
                match name {
                    Some(name) if handed_on => file.handed_on.push((name, path)),
                    _ => file.named.push(path),
                }
            }
            at = end.max(at + 1);
        }
        file
    }

    /// A path from the root of the crate; none for one into another crate.
    fn absolute(&self, path: &[&'a str], modules: &BTreeSet<Vec<&'a str>>) -> Option<Vec<&'a str>> {
        let mut module = self.module.clone();
        let mut rest = path;
        match rest.first().copied()? {
            "crate" => module.clear(),
            "self" => {}
            "super" => {
                module.pop();
                while rest.get(1) == Some(&"super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            head => {
                // Relative to this module: a child of it, or another crate.
                module.push(head);
                if !modules.contains(&module) {
                    return None;
                }
            }
        }
        module.extend(&rest[1..]);
        Some(module)
    }
}

/// The path of a file as a module.
fn module(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    parts
}

/// A path, and the other name that it is given, if it is.
type NamedPath<'a> = (Vec<&'a str>, Option<&'a str>);

/// The paths of a tree such as `a::{b, c::{self, D as E}}`, each with the other name that it is given, and where it
/// ends.
fn expand<'a>(tokens: &[&'a str], start: usize) -> (Vec<NamedPath<'a>>, usize) {
    let mut path = Vec::new();
    let mut at = start;
    loop {
        match tokens.get(at).copied() {
            Some("{") => {
                let mut found = Vec::new();
                at += 1;
                while at < tokens.len() && tokens[at] != "}" {
                    let (inner, end) = expand(tokens, at);
                    for (mut rest, alias) in inner {
                        if rest == ["self"] {
                            rest.clear();
                        }
                        found.push((path.iter().copied().chain(rest).collect(), alias));
                    }
                    at = end.max(at + 1);
                    if tokens.get(at) == Some(&",") {
                        at += 1;
                    }
                }
                return (found, at + 1);
            }
            Some(word) if word == "*" || word.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
                path.push(word);
                at += 1;
            }
            _ => return (vec![(path, None)], at),
        }
        match tokens.get(at).copied() {
            Some("::") => at += 1,
            Some("as") => return (vec![(path, tokens.get(at + 1).copied())], at + 2),
            _ => return (vec![(path, None)], at),
        }
    }
}

/// Code without the items that only tests have.
fn without_tests<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].starts_with(&MARK) {
            kept.push(tokens[at]);
            at += 1;
            continue;
        }
        // The item ends with its `;`, or with the brace that closes its body.
        let mut nesting = 0;
        while at < tokens.len() {
            match tokens[at] {
                "{" => nesting += 1,
                "}" => nesting -= 1,
                _ => {}
            }
            let ends = nesting == 0 && matches!(tokens[at], "}" | ";");
            at += 1;
            if ends {
                break;
            }
        }
    }
    kept
}
