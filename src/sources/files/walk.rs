//! The walk from a folder to the files that a pattern names.
//!
//! A folder is looked at once for each part of the pattern, by whatever names it is reached, so that links which lead
//! in a circle end, and none of them multiplies what is found. Links are followed after everything else: a file that
//! has a name without links in it is known by that.

use super::formats::{self, TableFormat, MAGIC_BYTES};
use super::pattern::{Part, Pattern, Wildcard};
use super::tree::{Child, Entry, Identity, Kind, Tree};
use crate::error::{Error, Result};
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a walk has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The files that count, in path order.
    pub files: Vec<PathBuf>,
    /// Files that have no part in the source, as far as they are no markers.
    pub others: Vec<PathBuf>,
    /// Files that are left out although they seem to belong to the source, and the key of the message why.
    pub left_out: Vec<(PathBuf, &'static str)>,
    /// Names that lead to what has been found already, and the names that it goes by.
    pub again: Vec<(PathBuf, PathBuf)>,
    /// Folders that are tables of a format with a log.
    pub tables: Vec<(PathBuf, TableFormat)>,
}

/// A folder to be looked at, and how many parts of the pattern have been matched by then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    folder: PathBuf,
    matched: usize,
}

/// A name that leads to a file that counts.
struct Name {
    /// Whether there is a link on the way.
    by_link: bool,
    path: PathBuf,
    identity: Identity,
}

struct Walk<'a> {
    tree: &'a dyn Tree,
    parts: &'a [Part],
    pending: Vec<Step>,
    /// Those that a link leads to.
    by_links: BTreeSet<Step>,
    /// Whether a link led to the folder at hand.
    by_link: bool,
    seen: HashMap<(Identity, usize), PathBuf>,
    /// The folders that lead to the first one: a link to one of them is a circle.
    above: HashMap<Identity, PathBuf>,
    names: Vec<Name>,
    found: Found,
}

/// Finds the files that a pattern names.
pub(super) fn walk(tree: &dyn Tree, pattern: &Pattern) -> Result<Found> {
    let mut walk = Walk {
        tree,
        parts: &pattern.parts,
        pending: vec![Step { folder: pattern.base.clone(), matched: 0 }],
        by_links: BTreeSet::new(),
        by_link: false,
        seen: HashMap::new(),
        above: above(tree, &pattern.base)?,
        names: Vec::new(),
        found: Found::default(),
    };

    loop {
        walk.by_link = walk.pending.is_empty();
        match walk.pending.pop().or_else(|| walk.by_links.pop_first()) {
            Some(step) => walk.look_at(step)?,
            None => break,
        }
        // What lies below a folder that a link leads to is reached by that link, too.
        if walk.by_link {
            walk.by_links.extend(walk.pending.drain(..));
        }
    }

    Ok(walk.finish())
}

/// The folders above another, each by its own name.
fn above(tree: &dyn Tree, folder: &Path) -> Result<HashMap<Identity, PathBuf>> {
    let mut above = HashMap::new();
    // A folder that cannot be resolved does not exist, so nothing is found in it.
    let Ok(resolved) = tree.resolved(folder) else { return Ok(above) };
    for folder in resolved.ancestors().skip(1) {
        let entry = tree.entry(folder).map_err(|error| Error::reading(folder, &error))?;
        above.extend(entry.map(|entry| (entry.identity, folder.to_path_buf())));
    }
    Ok(above)
}

impl Walk<'_> {
    fn look_at(&mut self, Step { folder, matched }: Step) -> Result<()> {
        let Some(entry) = self.entry(&folder)?.filter(|entry| entry.kind == Kind::Folder) else { return Ok(()) };
        let above = self.above.get(&entry.identity).filter(|_| self.by_link);
        if let Some(before) = self.seen.get(&(entry.identity.clone(), matched)).or(above) {
            if *before != folder {
                self.found.again.push((folder, before.clone()));
            }
            return Ok(());
        }
        self.seen.insert((entry.identity, matched), folder.clone());

        // A name of the pattern's own needs no list of the others.
        if let Some(Part::Named(name)) = self.parts.get(matched) {
            let format = TableFormat::of_folder(self.tree, &folder).map_err(|e| Error::reading(&folder, &e))?;
            self.found.tables.extend(format.map(|format| (folder.clone(), format)));
            return self.follow(folder.join(name), false, matched + 1, true);
        }

        let children = self.tree.children(&folder).map_err(|e| Error::reading(&folder, &e))?;
        let format = TableFormat::by_names(self.tree, &folder, &children).map_err(|e| Error::reading(&folder, &e))?;
        self.found.tables.extend(format.map(|format| (folder.clone(), format)));

        match self.parts.get(matched) {
            None => self.take_everything(&folder, &children, matched),
            Some(Part::Like(wildcard)) => self.take_like(&folder, &children, matched, wildcard),
            Some(Part::AnyFolders | Part::Named(_)) => {
                self.pending.push(Step { folder: folder.clone(), matched: matched + 1 });
                let mut shown = children.iter().filter(|child| !formats::is_marker(&child.name));
                shown.try_for_each(|child| self.descend(&folder, child, matched))
            }
        }
    }

    fn take_everything(&mut self, folder: &Path, children: &[Child], matched: usize) -> Result<()> {
        for child in children.iter().filter(|child| !formats::is_marker(&child.name)) {
            self.follow(folder.join(&child.name), child.is_link, matched, false)?;
        }
        Ok(())
    }

    fn take_like(&mut self, folder: &Path, children: &[Child], matched: usize, like: &Wildcard) -> Result<()> {
        for child in children.iter().filter(|child| like.matches(&child.name)) {
            if like.takes_markers || !formats::is_marker(&child.name) {
                self.follow(folder.join(&child.name), child.is_link, matched + 1, like.has_ending)?;
            }
        }
        Ok(())
    }

    /// Goes on in a child that is a folder, with as many parts matched as before.
    fn descend(&mut self, folder: &Path, child: &Child, matched: usize) -> Result<()> {
        let path = folder.join(&child.name);
        if self.entry(&path)?.is_some_and(|entry| entry.kind == Kind::Folder) {
            self.push(Step { folder: path, matched }, child.is_link);
        }
        Ok(())
    }

    /// Goes on in a folder, or takes a file if all parts have been matched. `is_asked_for` says whether the pattern
    /// asks for the file whatever it is.
    fn follow(&mut self, path: PathBuf, is_link: bool, matched: usize, is_asked_for: bool) -> Result<()> {
        let is_last = matched >= self.parts.len();
        match self.entry(&path)? {
            Some(entry) if entry.kind == Kind::Folder => self.push(Step { folder: path, matched }, is_link),
            Some(entry) if is_last => self.take_file(path, is_link, entry, is_asked_for)?,
            None if is_last && is_link && formats::has_parquet_ending(&path) => {
                return Err(Error::Contract(format!(
                    "{} is a link that leads nowhere; restore the file, or remove the link",
                    path.display()
                )));
            }
            _ => {}
        }
        Ok(())
    }

    fn take_file(&mut self, path: PathBuf, is_link: bool, entry: Entry, is_asked_for: bool) -> Result<()> {
        let counts = is_asked_for || formats::has_parquet_ending(&path);
        let head = if counts {
            Vec::new()
        } else {
            self.tree.head(&path, MAGIC_BYTES).map_err(|error| Error::reading(&path, &error))?
        };

        let by_link = self.by_link || is_link;
        let has_number =
            path.file_name().is_some_and(|name| name.to_string_lossy().contains(|c: char| c.is_ascii_digit()));
        if counts || (formats::is_parquet(&head) && !formats::is_named_as_copy(&path)) {
            self.names.push(Name { by_link, path, identity: entry.identity });
        } else if formats::is_parquet(&head) {
            self.found.left_out.push((path, "left-out-copy"));
        } else if formats::is_packed_parquet(&path) {
            self.found.left_out.push((path, "left-out-packed"));
        } else if entry.bytes == 0 && path.extension().is_none() && has_number {
            self.found.left_out.push((path, "left-out-empty"));
        } else {
            self.found.others.push(path);
        }
        Ok(())
    }

    fn push(&mut self, step: Step, is_link: bool) {
        if is_link || self.by_link {
            self.by_links.insert(step);
        } else {
            self.pending.push(step);
        }
    }

    fn entry(&self, path: &Path) -> Result<Option<Entry>> {
        self.tree.entry(path).map_err(|error| Error::reading(path, &error))
    }

    /// Every file by one of its names: one without links before others, then the first.
    fn finish(mut self) -> Found {
        let mut found = self.found;
        self.names.sort_by(|a, b| (a.by_link, &a.path).cmp(&(b.by_link, &b.path)));
        let mut known: HashMap<Identity, PathBuf> = HashMap::new();
        for Name { path, identity, .. } in self.names {
            match known.get(&identity) {
                None => {
                    known.insert(identity, path.clone());
                    found.files.push(path);
                }
                Some(first) if *first != path => found.again.push((path, first.clone())),
                Some(_) => {}
            }
        }

        found.files.sort();
        found.others.sort();
        found.others.dedup();
        found.left_out.sort();
        found.left_out.dedup();
        found.again.sort();
        found.again.dedup();
        found.tables.sort_by(|a, b| a.0.cmp(&b.0));
        found.tables.dedup();
        found
    }
}
