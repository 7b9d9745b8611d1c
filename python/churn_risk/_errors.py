"""What can go wrong, one exception for each exit code of the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ChurnError(Exception):
    """The program ended with another exit code than 0.

    Attributes:
        message: what was wrong, where, what was found against what was expected, and what to do next.
        exit_code: what the process ended with; 128 + N if signal N ended it, as in shells.
        command: the words of the command line.
    """

    def __init__(self, message: str, exit_code: int, command: Sequence[str] = ()) -> None:
        # All of them, so that an exception can be pickled: pools of processes and schedulers hand them on.
        super().__init__(message, exit_code, command)
        self.message = message
        self.exit_code = exit_code
        self.command = list(command)

    def __str__(self) -> str:
        return self.message


class InternalError(ChurnError):
    """Internal error: a bug."""


class ConfigurationError(ChurnError):
    """Usage or configuration."""


class DataContractError(ChurnError):
    """Data contract broken: a file unreadable, a column missing or of the wrong type, too many bad rows."""


class StaleDataError(ChurnError):
    """Data stale."""


class TooLittleDataError(ChurnError):
    """Too little data."""


class DriftError(ChurnError):
    """Drift gate blocked: the data look broken."""


class LockedError(ChurnError):
    """Another run holds the lock."""


class ModelError(ChurnError):
    """Model missing or incompatible."""


class TemporaryError(ChurnError):
    """Temporary I/O: a full disk, an interrupted call; a retry may help."""


class InterruptedRunError(ChurnError):
    """Interrupted (Ctrl-C, SIGTERM); nothing half-written is left."""


EXIT_CODES: Mapping[int, type[ChurnError]] = {
    1: InternalError,
    2: ConfigurationError,
    3: DataContractError,
    4: StaleDataError,
    5: TooLittleDataError,
    6: DriftError,
    7: LockedError,
    8: ModelError,
    75: TemporaryError,
    130: InterruptedRunError,
}
"""The exception of each exit code. Any other code, such as that of a killed process, is a plain `ChurnError`."""
