//! Files that appear whole or not at all, and the lock that keeps two runs apart.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Writes a file beside its place and renames it there, so that nobody ever reads half of it.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".tmp-").tempfile_in(folder)?;
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

/// The temporary folders of jobs at work, for whoever ends them from outside. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Unfinished(Arc<Mutex<Vec<PathBuf>>>);

impl Unfinished {
    /// A temporary folder in `parent`, removed when it is dropped, or by [`Unfinished::remove`].
    pub fn folder(&self, parent: &Path, prefix: &str) -> Result<tempfile::TempDir> {
        let folder =
            tempfile::Builder::new().prefix(prefix).tempdir_in(parent).map_err(|e| Error::writing(parent, &e))?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(folder.path().to_path_buf());
        Ok(folder)
    }

    /// Removes every temporary folder that is still there: the last thing a process does that is told to end.
    pub fn remove(&self) {
        for folder in self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // It may be gone already, and nobody is left to be told of anything else.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Creates a folder and its parents.
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| Error::writing(path, &e))
}

/// The lock of a folder, held until it is dropped or the process ends, however it ends.
pub struct Lock {
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
            Ok(()) => Ok(Lock { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(Error::Locked(format!(
                "another run is writing to {} (it holds {}); wait for it to end and start again",
                folder.display(),
                path.display()
            ))),
            Err(fs::TryLockError::Error(e)) => Err(Error::writing(&path, &e)),
        }
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
