//! Files that appear whole or not at all, and the lock that keeps two runs apart.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Writes a file beside its place and renames it there, so that nobody ever reads half of it.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        set_default_permissions(file.as_file())?;
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    };
    write().map_err(|e| Error::writing(path, &e))
}

/// Temporary files are private to their owner; published ones are for everybody who may read the folder.
#[cfg(unix)]
fn set_default_permissions(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_default_permissions(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// So often is tried what others may be in the way of.
const ATTEMPTS: usize = 100;

/// How the names of temporary folders and files begin, each kind of them.
const LEFTOVERS: [&str; 3] = [".staged-", TEMPORARY, ".unfinished-"];
const TEMPORARY: &str = ".tmp-";

/// The temporary folders of jobs at work, for whoever ends them from outside. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Unfinished(Arc<Mutex<Vec<Claimed>>>);

/// A temporary folder that its process has locked, where folders can be locked: nobody takes it for abandoned.
#[derive(Debug)]
struct Claimed {
    path: PathBuf,
    _claim: Option<File>,
}

impl Unfinished {
    /// A temporary folder in `parent`, removed when it is dropped, or by [`Unfinished::remove`].
    pub fn folder(&self, parent: &Path, prefix: &str) -> Result<tempfile::TempDir> {
        for _ in 0..ATTEMPTS {
            // Taken before the folder is there, so that none is made that `remove` does not know of.
            let mut claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let folder =
                tempfile::Builder::new().prefix(prefix).tempdir_in(parent).map_err(|e| Error::writing(parent, &e))?;
            let claim = File::open(folder.path()).ok();
            let is_taken = matches!(claim.as_ref().map(File::try_lock), Some(Err(fs::TryLockError::WouldBlock)));
            // Between the making and the lock somebody who clears up may have come across it.
            if !is_taken && folder.path().exists() {
                claimed.push(Claimed { path: folder.path().to_path_buf(), _claim: claim });
                return Ok(folder);
            }
        }
        Err(Error::Temporary(format!(
            "cannot keep a temporary folder in {}: others remove it; retry",
            parent.display()
        )))
    }

    /// Removes every temporary folder that is still there, and lets nobody make another: the last thing a process does
    /// that is told to end.
    pub fn remove(&self) {
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Claimed { path, .. } in folders.drain(..) {
            // It may be gone already; and while somebody still writes into it, it is not empty when it is to be
            // removed. Nobody is left to be told of anything else.
            let is_gone = |_: &usize| fs::remove_dir_all(&path).is_ok() || !path.exists();
            let _ = (0..ATTEMPTS).find(is_gone);
        }
        std::mem::forget(folders);
    }
}

/// Removes the temporary folders that killed processes left in a folder; those of processes at work are locked and
/// stay.
pub fn clear_abandoned(folder: &Path) {
    for path in leftovers(folder).into_iter().filter(|path| path.is_dir()) {
        let is_abandoned = |file: &File| file.try_lock().is_ok();
        // Whoever may not open or remove it leaves it to others.
        if let Some(_claim) = File::open(&path).ok().filter(is_abandoned) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// What lies in a folder under the name of something temporary.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let is_temporary = |name: &str| LEFTOVERS.iter().any(|prefix| name.starts_with(prefix));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| is_temporary(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect()
}

/// A file or folder that no output may take the place of, or a glob of such.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// As messages name it: "the table of signal `logins`".
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// Fails if writing to `out` would replace what is no plain file; and unless it is forced, if that is a link, or would
/// replace something guarded or come to lie in it.
///
/// # Errors
/// [`Error::Config`] with what is there.
pub fn check_target(out: &Path, guarded: &[Guarded], force: bool) -> Result<()> {
    let shown = out.display();
    let kind = match out.symlink_metadata() {
        Ok(found) => Some(found.file_type()),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => return Err(Error::writing(out, &e)),
    };
    match kind {
        Some(kind) if kind.is_dir() => {
            return Err(Error::Config(format!("--out {shown}: a folder of this name exists already; name another")));
        }
        Some(kind) if !kind.is_file() && !kind.is_symlink() => {
            return Err(Error::Config(format!(
                "--out {shown}: this is a pipe, a socket or a device, which a file would replace; name a file, and copy it \
                 from there"
            )));
        }
        _ if force => return Ok(()),
        Some(kind) if kind.is_symlink() => {
            let target = fs::read_link(out).unwrap_or_default();
            return Err(Error::Config(format!(
                "--out {shown}: this is a link to {}; name the file itself, or replace the link with --force",
                target.display()
            )));
        }
        _ => {}
    }

    let place = real(out);
    match guarded.iter().find(|guarded| covers(&guarded.path, &place)) {
        None => Ok(()),
        Some(Guarded { name, path }) => Err(Error::Config(format!(
            "--out {shown}: {name} is there ({}); name another file, or write there all the same with --force",
            path.display()
        ))),
    }
}

/// Whether a place is that of a path, or lies below or above it, or matches its glob.
fn covers(path: &Path, place: &Path) -> bool {
    let is_fixed = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    let fixed: PathBuf = path.components().take_while(is_fixed).collect();
    let rest: PathBuf = path.components().skip_while(is_fixed).collect();
    if rest.as_os_str().is_empty() || path.exists() {
        let known = real(path);
        // A file in the place of a folder above it would be in its way.
        return place.starts_with(&known) || known.starts_with(place);
    }

    let escaped = glob::Pattern::escape(&real(&fixed).to_string_lossy());
    let pattern = glob::Pattern::new(&Path::new(&escaped).join(rest).to_string_lossy());
    let options = glob::MatchOptions { require_literal_separator: true, ..Default::default() };
    pattern.is_ok_and(|pattern| place.ancestors().any(|folder| pattern.matches_path_with(folder, options)))
}

/// A path from the root, without links and dots as far as it exists.
fn real(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let known = whole.ancestors().find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    let Some((folder, mut real)) = known else { return whole };
    for part in whole.strip_prefix(folder).into_iter().flat_map(Path::components) {
        if part == Component::ParentDir {
            real.pop();
        } else {
            real.push(part);
        }
    }
    real
}

/// Creates a folder and its parents.
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| Error::writing(path, &e))
}

/// The lock of a folder, held until it is dropped or the process ends, however it ends.
pub struct Lock {
    folder: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder, which is created if need be.
    ///
    /// # Errors
    /// [`Error::Locked`] when another run holds it.
    pub fn take(folder: &Path) -> Result<Lock> {
        create_folder(folder)?;
        let path = folder.join(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|e| Error::writing(&path, &e))?;

        match file.try_lock() {
            Ok(()) => Ok(Lock { folder: folder.to_owned(), _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(Error::Locked(format!(
                "another run is writing to {} (it holds {}); wait for it to end and start again",
                folder.display(),
                path.display()
            ))),
            Err(fs::TryLockError::Error(e)) => Err(Error::writing(&path, &e)),
        }
    }

    /// Removes what killed runs left in the folder: whoever writes into it holds the lock, so nobody is at work on it.
    pub fn clear_leftovers(&self) -> Result<()> {
        for path in leftovers(&self.folder) {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|e| Error::writing(&path, &e))?;
        }
        Ok(())
    }
}

/// Puts the folder `staged` in the place of `target` in one step, and removes what was there. If that fails, `staged`
/// is removed and `target` is as it was.
pub fn publish_folder(staged: tempfile::TempDir, target: &Path) -> Result<()> {
    let failed = |e: std::io::Error| Error::writing(target, &e);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(staged.path(), fs::Permissions::from_mode(0o755)).map_err(failed)?;
    }
    if target.exists() {
        // What was there is under the staged name now, and goes with it.
        return exchange(staged.path(), target).map_err(failed);
    }
    fs::rename(staged.path(), target).map_err(failed)?;
    // There is nothing left under the staged name to remove.
    let _ = staged.keep();
    Ok(())
}

/// Swaps two folders; where the file system cannot, the old one is moved away first.
fn exchange(staged: &Path, target: &Path) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{renameat_with, RenameFlags, CWD};
        if renameat_with(CWD, staged, CWD, target, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let aside: PathBuf = staged.with_extension("old");
    fs::rename(target, &aside)?;
    fs::rename(staged, target)?;
    fs::rename(&aside, staged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(out: &Path, guarded: &[Guarded]) -> String {
        let error = check_target(out, guarded, false).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn a_folder_that_is_still_written_into_is_removed_all_the_same() {
        let parent = tempfile::tempdir().unwrap();
        let unfinished = Unfinished::default();
        let folder = unfinished.folder(parent.path(), ".staged-").unwrap();
        let path = folder.path().to_path_buf();
        let writer = std::thread::spawn(move || {
            let mut files = 0u32..;
            while fs::write(path.join(files.next().unwrap().to_string()), b"x").is_ok() {
                std::thread::sleep(std::time::Duration::from_micros(50));
            }
        });
        std::thread::sleep(std::time::Duration::from_millis(20));
        unfinished.remove();
        writer.join().unwrap();
        assert!(!folder.path().exists());
    }

    #[test]
    fn an_output_takes_the_place_of_nothing_that_a_setting_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("data/logins")).unwrap();
        for file in ["churn.toml", "customers.parquet", "features.parquet", "data/logins/1.parquet"] {
            fs::write(at(file), file).unwrap();
        }
        let guarded = ["churn.toml", "customers.parquet", "data/logins", "raw/*/day=*", "models", "out/lists"]
            .map(|path| Guarded { name: format!("the {path}"), path: at(path) });

        for (out, named) in [
            ("churn.toml", "churn.toml"),
            ("data/../customers.parquet", "customers.parquet"),
            ("data/logins/1.parquet", "data/logins"),
            ("data/logins/new.parquet", "data/logins"),
            ("raw/web/day=1", "raw/*/day=*"),
            ("raw/nowhere/../web/day=1/new.parquet", "raw/*/day=*"),
            ("models/features.parquet", "models"),
            ("out", "out/lists"),
        ] {
            let said = refusal(&at(out), &guarded);
            assert!(said.contains(&format!("the {named} is there")) && said.contains("--force"), "{out}: {said}");
            check_target(&at(out), &guarded, true).unwrap();
        }
        for out in ["features.parquet", "new/features.parquet", "data/logins.parquet", "raw/web/week=1"] {
            check_target(&at(out), &guarded, false).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_output_takes_the_place_of_plain_files_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        assert!(refusal(&at("link"), &[]).contains("link to"));
        check_target(&at("link"), &[], true).unwrap();
        for (out, said) in [(at("socket"), "a socket"), (PathBuf::from("/dev/null"), "a device"), (at(""), "a folder")]
        {
            assert!(refusal(&out, &[]).contains(said));
            assert!(check_target(&out, &[], true).is_err(), "{} is replaced by force", out.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_killed_processes_left_is_cleared_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let unfinished = Unfinished::default();
        let at_work = unfinished.folder(folder.path(), ".tmp-").unwrap();
        fs::create_dir_all(at(".tmp-killed/inside")).unwrap();
        fs::create_dir(at("kept")).unwrap();
        clear_abandoned(folder.path());
        assert!(at_work.path().exists() && at("kept").exists() && !at(".tmp-killed").exists());

        fs::create_dir_all(at("models/.staged-killed")).unwrap();
        fs::write(at("models/.tmp-killed"), "half").unwrap();
        fs::create_dir(at("models/v0001")).unwrap();
        Lock::take(&at("models")).unwrap().clear_leftovers().unwrap();
        let mut left: Vec<_> = fs::read_dir(at("models")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".lock", "v0001"]);
    }
}
