//! The one error type of the library. Every expected kind of trouble owns an exit code, so that a scheduler can act on
//! the number alone. A person acts on the message: what was wrong, where, what was found against what was expected, and
//! what to do next.

use std::path::Path;

/// The result of anything that can fail in an expected way.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Expected trouble. The text of each variant is the whole message for a person.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A bug in the program.
    #[error("{0}")]
    Internal(String),
    /// The command line or the configuration asks for something impossible.
    #[error("{0}")]
    Config(String),
    /// A source breaks its data contract: unreadable, truncated, a missing column, a wrong type, too many bad rows.
    #[error("{0}")]
    Contract(String),
    /// The newest rows are too old for the as-of date.
    #[error("{0}")]
    Stale(String),
    /// Too few customers, churners, rows or days of history.
    #[error("{0}")]
    TooLittle(String),
    /// The population has drifted too far from the one the model was trained on.
    #[error("{0}")]
    Drift(String),
    /// Another run holds the lock.
    #[error("{0}")]
    Locked(String),
    /// The model is missing, damaged, of another format, or of other features.
    #[error("{0}")]
    Model(String),
    /// Temporary I/O trouble: a full disk, an interrupted call. Retrying may help.
    #[error("{0}")]
    Temporary(String),
}

impl Error {
    /// A panic that was caught: the lines above it, on standard error, say where.
    pub fn bug() -> Error {
        Error::Internal(
            "the program has a bug and stopped; nothing was published. Please report the lines above".to_owned(),
        )
    }

    /// The same trouble in other words.
    pub fn reworded(&self, text: String) -> Error {
        match self {
            Error::Internal(_) => Error::Internal(text),
            Error::Config(_) => Error::Config(text),
            Error::Contract(_) => Error::Contract(text),
            Error::Stale(_) => Error::Stale(text),
            Error::TooLittle(_) => Error::TooLittle(text),
            Error::Drift(_) => Error::Drift(text),
            Error::Locked(_) => Error::Locked(text),
            Error::Model(_) => Error::Model(text),
            Error::Temporary(_) => Error::Temporary(text),
        }
    }

    /// The exit code of the process (`0` is success). Documented in the README and in `churn --help`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Internal(_) => 1,
            Error::Config(_) => 2,
            Error::Contract(_) => 3,
            Error::Stale(_) => 4,
            Error::TooLittle(_) => 5,
            Error::Drift(_) => 6,
            Error::Locked(_) => 7,
            Error::Model(_) => 8,
            Error::Temporary(_) => 75,
        }
    }

    /// Trouble while writing `path`. A full disk or an interrupted call may pass by itself (exit code 75); a folder
    /// that is missing, is a file, or may not be written to is a mistake in the configuration (exit code 2).
    pub fn writing(path: &Path, error: &std::io::Error) -> Error {
        use std::io::ErrorKind::*;

        match error.kind() {
            PermissionDenied | NotFound | NotADirectory | IsADirectory | AlreadyExists | ReadOnlyFilesystem
            | InvalidInput | InvalidFilename => Error::Config(format!(
                "cannot write {}: {error}; choose a folder that this user may write to",
                path.display()
            )),
            _ => Error::Temporary(format!("cannot write {}: {error}; free some space or retry", path.display())),
        }
    }

    /// Trouble while reading the file `path` that a setting or an argument names.
    pub fn reading(path: &Path, error: &std::io::Error) -> Error {
        use std::io::ErrorKind::*;

        match error.kind() {
            Interrupted | TimedOut | WouldBlock | ResourceBusy | StaleNetworkFileHandle | OutOfMemory => {
                Error::Temporary(format!("cannot read {}: {error}; retry", path.display()))
            }
            _ => Error::Contract(format!("cannot read {}: {error}", path.display())),
        }
    }
}
