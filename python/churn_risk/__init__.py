"""Ranked at-risk customer lists with reasons, from engagement signals in Parquet: the program `churn` from Python.

`run` runs a command of the program and returns its result; what can go wrong is an exception for each exit code.
`read_list`, `read_scores` and `read_kpis` read what a run has published, with whichever of polars, pandas and DuckDB is
installed. The package itself needs none of them.
"""

from churn_risk._errors import (
    EXIT_CODES,
    ChurnError,
    ConfigurationError,
    DataContractError,
    DriftError,
    InternalError,
    InterruptedRunError,
    LockedError,
    ModelError,
    StaleDataError,
    TemporaryError,
    TooLittleDataError,
)
from churn_risk._program import find_churn_bin
from churn_risk._run import run
from churn_risk._tables import read_kpis, read_list, read_scores

__all__ = [
    "EXIT_CODES",
    "ChurnError",
    "ConfigurationError",
    "DataContractError",
    "DriftError",
    "InternalError",
    "InterruptedRunError",
    "LockedError",
    "ModelError",
    "StaleDataError",
    "TemporaryError",
    "TooLittleDataError",
    "find_churn_bin",
    "read_kpis",
    "read_list",
    "read_scores",
    "run",
]
