"""Reading what a run has published, with whichever library for tables is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from churn_risk._run import Folder, as_text

Engine = Literal["polars", "pandas", "duckdb"]


def read_list(lists: Folder = "out/lists", as_of: date | str | None = None, engine: Engine | None = None) -> Any:
    """Reads the list of a run: a row for each listed customer, in the order of ranks; docs/lists.md tells the columns.

    Args:
        lists: the folder of the lists (`paths.lists`).
        as_of: the date of the list; the newest by default. Only complete runs are read.
        engine: `"polars"`, `"pandas"` or `"duckdb"`; by default the first of them that is installed.

    Returns:
        A DataFrame of polars or pandas, or a relation of DuckDB.

    Raises:
        FileNotFoundError: there is no complete run, or none of that date, or it has no such file.
        ImportError: the library is not installed, or none of the three is.
    """
    return _read("at_risk.parquet", lists, as_of, engine)


def read_scores(lists: Folder = "out/lists", as_of: date | str | None = None, engine: Engine | None = None) -> Any:
    """Reads the scores of a run: a row for each eligible customer, in the order of ranks. Otherwise as `read_list`."""
    return _read("scores.parquet", lists, as_of, engine)


def read_kpis(lists: Folder = "out/lists", as_of: date | str | None = None, engine: Engine | None = None) -> Any:
    """Reads the measures of a run: a row for each measure of a level in a period. Otherwise as `read_list`."""
    return _read("kpis.parquet", lists, as_of, engine)


def _read(name: str, lists: Folder, as_of: date | str | None, engine: Engine | None) -> Any:
    reader = _reader(engine)
    table = _run_of(Path(lists), as_of) / name
    # A distributed run writes a table as a folder of parts.
    files = sorted(table.glob("*.parquet")) if table.is_dir() else [table]
    if not files or not files[0].is_file():
        raise FileNotFoundError(f"the run has no {table}; publish.formats and kpi.period say what a run writes")
    return reader([str(file) for file in files])


def _run_of(lists: Path, as_of: date | str | None) -> Path:
    """The folder of the newest complete run of a date, or of the newest date that has one."""
    wanted = f"as_of={'*' if as_of is None else as_text(as_of)}"
    for folder in sorted(lists.glob(wanted), reverse=True):
        marks = _marks(folder)
        if marks:
            return max(marks, key=lambda mark: (mark.stat().st_mtime_ns, mark)).parent

    dates = [folder.name[len("as_of=") :] for folder in sorted(lists.glob("as_of=*")) if _marks(folder)]
    found = f"the newest are of {', '.join(dates[-3:])}" if dates else "churn score publishes one"
    raise FileNotFoundError(f"no complete run in {lists / wanted}; {found}")


def _marks(folder: Path) -> list[Path]:
    """What complete runs of a date are marked with. In an object store, and so in a copy of it, each has a folder."""
    return [*folder.glob("_SUCCESS"), *folder.glob("run=*/_SUCCESS")]


def _polars(files: list[str]) -> Any:
    return import_module("polars").read_parquet(files, hive_partitioning=False, glob=False)


def _pandas(files: list[str]) -> Any:
    return import_module("pandas").read_parquet(files, engine="pyarrow", partitioning=None)


def _duckdb(files: list[str]) -> Any:
    return import_module("duckdb").read_parquet(files, hive_partitioning=False)


_ENGINES: Mapping[Engine, tuple[Callable[[list[str]], Any], tuple[str, ...]]] = {
    "polars": (_polars, ("polars",)),
    "pandas": (_pandas, ("pandas", "pyarrow")),
    "duckdb": (_duckdb, ("duckdb",)),
}
"""How each library reads the files of a table, and what has to be installed; the first that is there is the default."""


def _reader(engine: Engine | None) -> Callable[[list[str]], Any]:
    if engine is None:
        for reader, needed in _ENGINES.values():
            if not _missing(needed):
                return reader
        raise ImportError("tables are read by polars, pandas with pyarrow, or duckdb; none is here: pip install polars")

    if engine not in _ENGINES:
        raise ValueError(f"unknown engine {engine!r}; the engines are {', '.join(_ENGINES)}")
    reader, needed = _ENGINES[engine]
    missing = _missing(needed)
    if missing:
        raise ImportError(f"engine {engine!r} needs what is not installed: pip install {' '.join(missing)}")
    return reader


def _missing(needed: tuple[str, ...]) -> list[str]:
    return [package for package in needed if find_spec(package) is None]
