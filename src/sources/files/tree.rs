//! Names under a root: what a file system and an object store have in common, as far as listing needs it.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
}

/// The same for every name of one file or folder, and for no other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Identity {
    /// Where the system numbers what it stores.
    #[cfg(unix)]
    Node { device: u64, number: u64 },
    #[cfg(not(unix))]
    Path(PathBuf),
}

/// A file or a folder.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub kind: Kind,
    pub bytes: u64,
    pub identity: Identity,
}

/// A name in a folder.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub name: OsString,
    /// Whether it stands for something that has a name elsewhere.
    pub is_link: bool,
}

/// A place where files have names below folders.
pub(super) trait Tree {
    /// What a path leads to, through all links; none where there is neither a file nor a folder.
    fn entry(&self, path: &Path) -> io::Result<Option<Entry>>;

    /// The names in a folder, in order.
    fn children(&self, folder: &Path) -> io::Result<Vec<Child>>;

    /// The first bytes of a file: `count`, or as many as it has.
    fn head(&self, path: &Path, count: usize) -> io::Result<Vec<u8>>;

    /// The path without links in it.
    fn resolved(&self, path: &Path) -> io::Result<PathBuf>;

    fn is_folder(&self, path: &Path) -> io::Result<bool> {
        Ok(self.entry(path)?.is_some_and(|entry| entry.kind == Kind::Folder))
    }
}

/// The file system.
pub(super) struct Disk;

impl Tree for Disk {
    fn entry(&self, path: &Path) -> io::Result<Option<Entry>> {
        use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};

        let path = or_current(path);
        let metadata = match std::fs::metadata(path) {
            Err(error) if [NotFound, NotADirectory, InvalidFilename].contains(&error.kind()) => return Ok(None),
            metadata => metadata?,
        };
        let kind = match (metadata.is_file(), metadata.is_dir()) {
            (true, _) => Kind::File,
            (_, true) => Kind::Folder,
            _ => return Ok(None),
        };
        Ok(Some(Entry { kind, bytes: metadata.len(), identity: identity(path, &metadata)? }))
    }

    fn children(&self, folder: &Path) -> io::Result<Vec<Child>> {
        let mut children = Vec::new();
        for entry in std::fs::read_dir(or_current(folder))? {
            let entry = entry?;
            children.push(Child { name: entry.file_name(), is_link: entry.file_type()?.is_symlink() });
        }
        children.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(children)
    }

    fn head(&self, path: &Path, count: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::with_capacity(count);
        std::fs::File::open(path)?.take(count as u64).read_to_end(&mut head)?;
        Ok(head)
    }

    fn resolved(&self, path: &Path) -> io::Result<PathBuf> {
        or_current(path).canonicalize()
    }
}

/// The path; the empty one is the current folder.
fn or_current(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

#[cfg(unix)]
fn identity(_: &Path, metadata: &std::fs::Metadata) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    Ok(Identity::Node { device: metadata.dev(), number: metadata.ino() })
}

#[cfg(not(unix))]
fn identity(path: &Path, _: &std::fs::Metadata) -> io::Result<Identity> {
    path.canonicalize().map(Identity::Path)
}
