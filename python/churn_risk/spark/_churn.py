"""The jobs on a Spark session."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from functools import reduce
from glob import escape, iglob
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Callable, Literal, NamedTuple, Union, get_args

import pyarrow as pa

from churn_risk._errors import ChurnError, ConfigurationError, DataContractError, TemporaryError
from churn_risk._run import _sets, logger
from churn_risk.spark import _kernel

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Date = Union[str, date]
Scan = Literal["auto", "native", "spark"]

_PREPARED = "table"
"""The section of a prepared table."""

_SHARES = 1_000_000
"""What a share of customers is counted in."""

_TIMES = ("timestamp", "timestamp_ntz", "date")
"""The types of times that Spark compares with days."""

_OF_PIECES = {"compression": "none", "parquet.enable.dictionary": "false"}
"""How pieces are written: they are as small as they get, and each is another."""

_UNKNOWN = ("1902-01-01", "1970-01-01")
"""The day before which times stand for "unknown", and the one that does."""


class _Reduced(NamedTuple):
    """What was made of the tables."""

    plan: str
    pieces: DataFrame
    rows: DataFrame
    tasks: int
    summary: dict[str, Any]
    files: list[str]
    """Those of the feature table, if tasks have written them themselves."""


class Churn:
    """A configuration and a Spark session to work on.

        job = Churn(spark, "churn.toml", tables={"signals.logins": spark.table("crm.events.logins")})
        job.check("2026-06-01")
        job.score("2026-06-01")
        job.features("2026-06-01", out="/lake/churn/features")

    Args:
        spark: the session: classic Spark or Spark Connect.
        config: the configuration file.
        tables: data frames, or names of tables that the session knows, by section: `customers`, `churn`,
            `signals.logins`, or `table` of a prepared one. What is not named here is read from the path of the
            configuration, as Parquet.
        settings: values of the configuration by key, as `{"gates.max_quarantine_share": 0.1}`.
        scan: who reads the tables of the configuration's paths. `"native"`: the program, in tasks that open the files,
            which costs the least; `"spark"`: Spark, which hands the rows over; `"auto"`: the program, where the files
            are on this machine and on those of the tasks. Tables that are given here are Spark's. But for `"spark"`,
            tasks that see the staging folder write there what they make by themselves, too, and Spark no more than
            where it lies.
    """

    def __init__(
        self,
        spark: SparkSession,
        config: str | os.PathLike[str] = "churn.toml",
        tables: Mapping[str, DataFrame | str] | None = None,
        settings: Mapping[str, Any] | None = None,
        scan: Scan = "auto",
    ) -> None:
        if scan not in get_args(Scan):
            raise ConfigurationError(f"scan = {scan!r}: expected one of {', '.join(get_args(Scan))}", 2)
        self._spark = spark
        self._config = os.fspath(config)
        self._given = dict(tables or {})
        self._settings = dict(settings or {})
        self._scan = scan

    def check(self, as_of: Date | Iterable[Date], workers: int | None = None) -> dict[str, Any]:
        """Checks that every table has the columns that the configuration names, of types that they can be read from,
        and that the machines of the cluster have the program, of one version.

        Args:
            as_of: the dates of a run.
            workers: how many tasks look for the program; twice as many as the session runs at once by default.

        Returns:
            The program's version, how many tasks looked for it, and the tables with their columns.

        Raises:
            ChurnError: one of the checks fails. `ConfigurationError` also for a machine without the program.
        """
        planned = self._plan(as_of, None)
        program = _kernel.program()
        with _errors_of_tasks():
            columns = {table["name"]: table["columns"] for table in self._division(planned, 1)["tables"]}
            frames = self._frames(planned, without=columns)
            tasks = workers or 2 * self._parallelism()
            found = (
                self._spark.range(0, tasks, 1, tasks)
                .mapInArrow(_kernel.programs, "program STRING")
                .distinct()
                .collect()
            )
        others = sorted(row.program for row in found if row.program != program)
        if others:
            raise ConfigurationError(
                f"the driver has {program}, and there are machines with: {', '.join(others)}. Install one version of "
                "the wheel on every machine",
                2,
            )
        columns.update({name: frame.columns for name, frame in frames.items()})
        return {"program": program, "tasks": tasks, "tables": columns}

    def features(
        self,
        as_of: Date | Iterable[Date],
        out: str,
        staging: str | None = None,
        buckets: int | None = None,
        partitions: int | None = None,
        resume: bool = False,
        reduce_memory: str | None = None,
        labels: bool = False,
    ) -> dict[str, Any]:
        """Writes the feature table: one row for each eligible customer on each date, as `churn features` makes them.

        Args:
            as_of: one date, or several.
            out: a new folder for the table, as Parquet.
            staging: a folder that all machines share, for what lies between the steps; beside `out` by default. What is
                in it is replaced, and stays for whoever wants to look; it may be deleted afterwards.
            buckets: how many buckets the customers are split into, a power of two. One bucket has to fit into the
                memory of a task.
            partitions: how many tasks turn buckets into rows; `spark.sql.shuffle.partitions` by default.
            resume: goes on from what an earlier run has left in `staging`, if anything is whole there: from the pieces
                of the tables, for the same dates, settings and tables, and from the rows. Only whoever knows that these
                are the same can ask for that.
            reduce_memory: what a task may take for the rows of a bucket, as `"8GiB"`; 4 GiB by default. More is
                refused, and the customers with the most rows are named.
            labels: rows as for training, with the column `churned`: 1, 0, or null where the label has not matured.

        Returns:
            How many rows and features there are, and of each date and each table what became of its rows; with labels,
            up to which day they are known.

        Raises:
            ChurnError: the configuration, the data or the cluster is not in order; nothing is written to `out` then.
        """
        _new_folder(out)
        staging = staging or out.rstrip("/") + ".staging"
        with_labels = ("--labels",) if labels else ()
        planned = self._plan(as_of, buckets, {}, *_options("--reduce-memory", reduce_memory), *with_labels)
        with _errors_of_tasks():
            reduced = self._reduce(planned, staging, partitions, resume, out)
            unmatured = reduced.summary["labels"]["unmatured"] if labels else []
            if reduced.files and not unmatured:
                _publish(reduced.files, out)
                return {"folder": out, **reduced.summary}

            if reduced.files:
                table = self._spark.read.parquet(*reduced.files)
            else:
                table = reduced.rows.where("churn_report IS NULL").drop("churn_report")
            if unmatured:
                # A task does not know where the cancellations of all customers end.
                dates = ", ".join(f"DATE '{day}'" for day in unmatured)
                churned = f"CASE WHEN as_of IN ({dates}) THEN NULL ELSE churned END"
                table = table.selectExpr(*map(_quoted, table.columns[:-1]), f"{churned} AS churned")
            table.write.mode("error").parquet(out)
        return {"folder": out, **reduced.summary}

    def score(
        self,
        as_of: Date | None = None,
        out: str | os.PathLike[str] | None = None,
        model: str | None = None,
        staging: str | None = None,
        buckets: int | None = None,
        partitions: int | None = None,
        resume: bool = False,
        reduce_memory: str | None = None,
        features: str | None = None,
    ) -> dict[str, Any]:
        """Publishes the list of a date, as `churn score` does, and with the same files. Spark makes the rows of
        features; this process holds those of all customers, and scores, explains and publishes them.

        Args:
            as_of: the date of the list. Of a prepared table it is the newest one unless it is given.
            out: the folder of the lists, that of the configuration by default. It is one of this machine: the list is
                compared with those that are there.
            model: a version of the model other than the champion of the registry, which is on this machine too.
            staging: a folder that all machines share; beside the one of the lists by default. See `features`.
            buckets: how many buckets the customers are split into, a power of two.
            partitions: how many tasks turn buckets into rows.
            resume: goes on from what an earlier run has left in `staging`. See `features`.
            reduce_memory: what a task may take for the rows of a bucket, as `"8GiB"`. See `features`.
            features: a prepared table, as Parquet, in the place of the signals; also given as the table of the section
                `table`. Its rows go to this process as they are, and nothing lies in `staging`.

        Returns:
            The folder of the run, and its manifest.

        Raises:
            ChurnError: the configuration, the data, the model or the cluster is not in order, or a gate has stopped the
                run; nothing is published then.
        """
        settings = {} if out is None else {"paths.lists": os.path.abspath(out)}
        chosen = _options("--model", model)
        if features is not None or _PREPARED in self._given:
            return self._score_prepared(features, _options("--as-of", as_of), [*chosen, *self._options(settings)])
        if as_of is None:
            raise ConfigurationError("name the date of the list, with --as-of DATE", 2)
        limit = _options("--reduce-memory", reduce_memory)
        planned = self._plan(as_of, buckets, settings, "--list", *chosen, *limit)
        staging = staging or f"{os.path.abspath(planned['lists'])}.staging/as_of={as_of}"

        with _errors_of_tasks(), tempfile.TemporaryDirectory() as folder:
            reduced = self._reduce(planned, staging, partitions, resume)
            rows = f"--rows={folder}/rows"
            # Those of the customers and of the cancellations come first.
            small = "piece", "CAST(NULL AS STRING) AS churn_report", "CAST(NULL AS STRING) AS list_report"
            small_tables = reduced.pieces.where("source <= 1").selectExpr(*small)
            _kernel.fetch(small_tables.unionByName(reduced.rows), f"{folder}/rows")

            ranked = _kernel.ask(reduced.plan, "rank", rows, *chosen)
            plan, picked = ranked["plan"], []
            if ranked["listed"]:
                customers = next(table for table in planned["tables"] if table["name"] == "customers")
                frame = _chosen(self._frame(customers), customers["columns"] + planned["copied"])
                _kernel.fetch_few(
                    frame.mapInArrow(_kernel.kernel(plan, "pick", "--customers"), frame.schema), f"{folder}/customers"
                )
                picked.append(f"--customers={folder}/customers")
            if ranked["detailed"]:
                signals = reduced.pieces.where("source > 1").select("bucket", "piece")
                _kernel.fetch_few(
                    signals.mapInArrow(_kernel.kernel(plan, "pick"), planned["columns"]), f"{folder}/signals"
                )
                picked.append(f"--signals={folder}/signals")
            engine = f"--engine=spark {self._spark.version}", f"--partitions={reduced.tasks}"
            published: dict[str, Any] = _kernel.ask(plan, "publish", rows, *picked, *chosen, *engine)
        return published

    def _score_prepared(self, path: str | None, dated: list[str], options: list[str]) -> dict[str, Any]:
        """Publishes the list of a prepared table, of which no more goes to this process than a list is made of: all
        columns of the rows of its date and of the run before, and the ids and dates of all others."""
        frame = self._frame({"name": _PREPARED, "path": path})
        with _errors_of_tasks(), tempfile.TemporaryDirectory() as folder:
            needed = _kernel.ask(None, "table-columns", *options, rows=frame.limit(0).toArrow())
            frame = _chosen(frame, needed["columns"])
            parts = [frame] if needed["as_of"] is None else _by_date(frame, needed, [*dated, *options])
            rows = []
            for number, part in enumerate(parts):
                _kernel.fetch_table(part, f"{folder}/{number}")
                rows.append(f"--rows={folder}/{number}")
            engine = f"--engine=spark {self._spark.version}"
            published: dict[str, Any] = _kernel.ask(None, "publish-table", *rows, engine, *dated, *options)
        return published

    def sample(self, out: str, share: float, seed: int = 7) -> dict[str, Any]:
        """Writes the tables of a share of the customers, with a `churn.toml` beside them: a model that `churn train
        --config OUT/churn.toml` fits on one machine scores everybody.

        Args:
            out: a new folder that both Spark and this process can write to.
            share: the share of the customers, by a hash of the id: of each of them all rows, or none.
            seed: another seed draws others.

        Returns:
            The configuration file, and how many rows each table has.

        Raises:
            ChurnError: the configuration or the data are not in order.
        """
        if not 0 < share <= 1:
            raise ConfigurationError(f"share = {share}: expected a number above 0 and up to 1", 2)
        _new_folder(out)
        out = os.path.abspath(out)
        # Rows of all dates are copied, so any that has come does.
        planned = self._plan(date(2000, 1, 1), None)

        rows: dict[str, int] = {}
        paths: dict[str, str] = {}
        for table in planned["tables"]:
            name, folder = table["name"], f"{out}/{table['name'].replace('.', '/')}"
            frame = self._frame(table)
            frame.where(_drawn(table["id"], seed, share)).write.mode("error").parquet(folder)
            rows[name] = self._spark.read.parquet(folder).count()
            paths[f"{name}.path"] = folder
        shown = _kernel.said("config", "show", *self._options(paths))
        with open(f"{out}/churn.toml", "w", encoding="utf-8") as file:
            file.write(shown)
        return {"config": f"{out}/churn.toml", "rows": rows}

    def _reduce(
        self, planned: Mapping[str, Any], staging: str, partitions: int | None, resume: bool, out: str | None = None
    ) -> _Reduced:
        """Packs, settles and reduces, by way of the staging folder, and holds what came out against what went in. Where
        tasks see that folder, they write pieces and rows to files there themselves; those of the rows are the table, if
        one is to be in the folder `out`."""
        from pyspark.errors import AnalysisException

        plan, pieces, rows = planned["plan"], f"{staging}/pieces", f"{staging}/rows"
        tasks = min(partitions or int(self._spark.conf.get("spark.sql.shuffle.partitions")), planned["buckets"])
        resume = resume and self._is_packed(staging)
        if not resume:
            self._mark(staging, "unfinished")
        writes = self._tasks_write(staging)
        if not resume:
            into = _emptied(f"{staging}/packed") if writes else []
            self._packed(planned, tasks, into).write.mode("overwrite").options(**_OF_PIECES).parquet(pieces)
            self._mark(staging, "packed")
        # Who knows the columns need not ask the files for them, which is a job.
        packed = self._spark.read.schema(planned["columns"]).parquet(pieces)
        settled = _kernel.ask(plan, "settle", lines=_texts(packed, "report")[0])

        made = f"{staging}/made"
        writes_rows = writes and "://" not in (out or "")
        writes_table = writes_rows and out is not None
        columns = settled["reports"] if writes_table else settled["columns"]
        reader = self._spark.read.schema(columns)

        def concluded() -> _Reduced:
            reduced = reader.parquet(rows)
            told, *written = _texts(reduced, "churn_report", *(["file_report"] if writes_table else []))
            summary = _kernel.ask(settled["plan"], "conclude", lines=told)
            files = _written(made, written[0], summary["rows"]) if writes_table else []
            return _Reduced(settled["plan"], packed, reduced, tasks, summary, files)

        if resume:
            # They may not be there, or not all of them, or lie in files that tasks have written.
            with suppress(AnalysisException, ChurnError):
                if self._spark.read.parquet(rows).columns == reader.parquet(rows).columns:
                    return concluded()
        shuffled = packed.where("bucket IS NOT NULL").select("bucket", "piece").repartition(tasks, "bucket")
        shuffled = shuffled.sortWithinPartitions("bucket")

        def reduced(task: Callable[[_kernel.Batches], _kernel.Batches]) -> None:
            with _errors_of_tasks():
                shuffled.mapInArrow(task, columns).write.mode("overwrite").parquet(rows)

        into = _emptied(made) if writes_rows else []
        try:
            reduced(_kernel.reducing(settled["plan"], *into))
        except _kernel.NotInOrderError:
            # There are engines that forget a sorting before they hand rows to Python.
            reduced(_kernel.reducing(settled["plan"], *into, gathers=True))
        return concluded()

    def _tasks_write(self, staging: str) -> bool:
        """Whether tasks can write files to the staging folder by themselves: one of this machine, which they see too.
        That it is one of this machine shows where Spark has written its mark."""
        if self._scan == "spark" or "://" in staging:
            return False
        mark = next(iglob(f"{escape(staging)}/state/part-*"), None)
        return mark is not None and self._is_seen([os.path.abspath(mark)])

    def _packed(self, planned: Mapping[str, Any], tasks: int, into: list[str]) -> DataFrame:
        """The pieces of all tables, or their places, and what is reported of them."""
        plan, division = planned["plan"], self._division(planned, tasks)
        packed, reports = [], [json.dumps(report) for report in division["reports"]]
        if division["shares"]:
            packed.append(self._scanned(planned, division["shares"], into))
        frames = self._frames(planned, without=[table["name"] for table in division["tables"]])
        for table in planned["tables"]:
            if table["name"] in frames:
                needed, report = self._needed(planned, table, frames[table["name"]])
                kernel = _kernel.kernel(plan, "pack", f"--table={table['name']}", *into)
                packed.append(needed.mapInArrow(kernel, planned["columns"]))
                reports.append(report)
        rows = [(None, None, None, report) for report in reports]
        packed.append(self._spark.createDataFrame(rows, planned["columns"]))
        return reduce(lambda all, one: all.unionByName(one), packed)

    def _division(self, planned: Mapping[str, Any], tasks: int) -> dict[str, Any]:
        """What tasks read of the files of those tables that they can open. Of the others Spark reads the rows."""
        names = [table["name"] for table in planned["tables"] if self._is_of_files(table)]
        if names:
            tables = (f"--table={name}" for name in names)
            division: dict[str, Any] = _kernel.ask(planned["plan"], "divide", f"--tasks={tasks}", *tables)
            if self._scan == "native" or self._is_seen([table["file"] for table in division["tables"]]):
                return division
        return {"shares": [], "reports": [], "tables": []}

    def _is_of_files(self, table: Mapping[str, Any]) -> bool:
        """Whether the program is to read a table from files of this machine."""
        name, path = table["name"], table["path"]
        if self._scan == "spark" or name in self._given:
            return False
        if self._scan == "native":
            if "://" in path:
                raise ConfigurationError(
                    f"{name}: tasks cannot open {path} by themselves; let Spark read it, with scan = spark or auto", 2
                )
            return True
        if "://" in path:
            return False
        return os.path.exists(path) or next(iglob(path, recursive=True), None) is not None

    def _is_seen(self, files: list[str]) -> bool:
        """Whether the machines of the tasks see some files of this one."""
        master = self._spark.conf.get("spark.master", "") or ""
        is_remote = type(self._spark).__module__.startswith("pyspark.sql.connect")
        if not is_remote and (master == "local" or master.startswith("local[")):
            return True
        # A task for each core.
        missing = self._spark.range(0, 1 << 16).mapInArrow(_kernel.unseen(files), "file STRING").distinct().take(1)
        for row in missing:
            logger.info("Spark reads the tables, as tasks do not see %s", row.file)
        return not missing

    def _scanned(self, planned: Mapping[str, Any], shares: list[str], into: list[str]) -> DataFrame:
        """The pieces of what tasks read of files, a share each."""
        from pyspark.sql import functions

        numbered = self._spark.createDataFrame(list(enumerate(shares)), "id BIGINT, share STRING")
        tasks = self._spark.range(0, len(shares), 1, len(shares)).join(functions.broadcast(numbered), "id")
        return tasks.select("share").mapInArrow(_kernel.kernel(planned["plan"], "scan", *into), planned["columns"])

    def _needed(self, planned: Mapping[str, Any], table: Mapping[str, Any], frame: DataFrame) -> tuple[DataFrame, str]:
        """The rows of a table that may be of days that are needed, and the report of all others, which the engine
        counts and leaves out before they cross to Python. In which zone a day begins is for the program to know, so two
        days more are handed over."""
        time, kept = table["time"], "TRUE"
        kinds = dict(frame.dtypes)
        if time is not None and kinds[time] in _TIMES:
            kept = _near(_quoted(time), table["from"], table["to"])
            # Whether a time stands for "unknown", or for a day that has not come yet, is for the program to say too.
            unclear = [day for day in (*_UNKNOWN, planned["labels_before"]) if day is not None]
            kept = " OR ".join(f"({part})" for part in (kept, *(_near(_quoted(time), day, day) for day in unclear)))
            kept = f"coalesce({kept}, FALSE)"

        counted = ["count(*) AS all_rows", f"count_if({kept}) AS left"]
        if kept != "TRUE":
            name = _quoted(time)
            before = f"NOT {kept} AND {name} < DATE '{table['from']}'"
            has_come = f"{name} < DATE '{planned['labels_before']}'" if planned["labels_before"] else "FALSE"
            counted += [
                f"count({name}) AS with_time",
                f"count_if({before}) AS before",
                f"min(CASE WHEN {before} AND {name} > DATE '{_UNKNOWN[0]}' THEN {name} END) AS oldest",
                f"max(CASE WHEN NOT {kept} AND {has_come} THEN {name} END) AS newest",
            ]
        counts = frame.selectExpr(*counted).toArrow()
        report = _kernel.left_out(planned["plan"], table["name"], frame.limit(0).toArrow().schema, time, counts)
        return (frame if kept == "TRUE" else frame.where(kept)), report

    def _mark(self, staging: str, state: str) -> None:
        """Notes whether all pieces are in a staging folder: they come task after task, with the reports of these."""
        self._spark.range(1).selectExpr(f"'{state}' AS state").write.mode("overwrite").parquet(f"{staging}/state")

    def _is_packed(self, staging: str) -> bool:
        from pyspark.errors import AnalysisException

        try:
            return [row.state for row in self._spark.read.parquet(f"{staging}/state").collect()] == ["packed"]
        except AnalysisException:
            return False

    def _plan(
        self,
        as_of: Date | Iterable[Date],
        buckets: int | None,
        settings: Mapping[str, Any] = MappingProxyType({}),
        *more: str,
    ) -> dict[str, Any]:
        """The plan of the program for some dates."""
        dates = [as_of] if isinstance(as_of, (str, date)) else list(as_of)
        options = [f"--as-of={day}" for day in dates]
        options += _options("--buckets", buckets)
        planned: dict[str, Any] = _kernel.ask(None, "plan", *options, *more, *self._options(settings))

        unknown = set(self._given) - {table["name"] for table in planned["tables"]}
        if unknown:
            known = ", ".join(table["name"] for table in planned["tables"])
            raise ConfigurationError(f"tables: there is no {', '.join(sorted(unknown))}; there are: {known}", 2)
        return planned

    def _options(self, settings: Mapping[str, Any]) -> list[str]:
        """The configuration as the command line has it, with some settings in the place of its own."""
        return [f"--config={self._config}", *(f"--set={one}" for one in _sets({**self._settings, **settings}))]

    def _frames(self, planned: Mapping[str, Any], without: Collection[str]) -> dict[str, DataFrame]:
        """The needed columns of each table but some, which are held against the plan before anything runs."""
        frames = {}
        for table in planned["tables"]:
            if table["name"] in without:
                continue
            frame = self._frame(table)
            frame = _chosen(frame, table["columns"])
            _kernel.hold_against(planned["plan"], table["name"], frame.limit(0).toArrow())
            frames[table["name"]] = frame
        return frames

    def _frame(self, table: Mapping[str, Any]) -> DataFrame:
        from pyspark.errors import AnalysisException

        given = self._given.get(table["name"], None)
        try:
            if given is None:
                frame = self._spark.read.parquet(table["path"])
            else:
                frame = self._spark.table(given) if isinstance(given, str) else given
            # Spark Connect looks at a table no earlier than here.
            frame.columns  # noqa: B018
            return frame
        except AnalysisException as error:
            raise DataContractError(f"{table['name']}: {str(error).splitlines()[0]}", 3) from error

    def _parallelism(self) -> int:
        """How many tasks the session runs at once, as far as it tells."""
        return int(self._spark.range(0, 1 << 16).selectExpr("spark_partition_id() AS p").distinct().count())


def _by_date(frame: DataFrame, needed: Mapping[str, Any], options: list[str]) -> list[DataFrame]:
    """The rows of a prepared table that a list is made of, and the ids and dates of all others. Which day a date is, is
    for the program to say."""
    from pyspark.sql import functions as F

    as_of, text = _quoted(needed["as_of"]), f"CAST({_quoted(needed['as_of'])} AS STRING)"
    dates = frame.selectExpr(as_of, f"{text} AS written").distinct().toArrow()
    numbered = pa.table({needed["id"]: pa.array(range(dates.num_rows), pa.int64()), needed["as_of"]: dates.column(0)})
    is_wanted = _kernel.ask(None, "table-dates", *options, rows=numbered)
    wanted = [written for written, is_one in zip(dates.column(1).to_pylist(), is_wanted) if is_one]
    kept = F.coalesce(F.expr(text).isin(wanted), F.lit(False))
    return [frame.where(kept), frame.where(~kept).select(_quoted(needed["id"]), as_of)]


def _texts(frame: DataFrame, *columns: str) -> list[list[str]]:
    """What each of some columns says where it says something."""
    says = " OR ".join(f"{column} IS NOT NULL" for column in columns)
    rows = frame.where(says).select(*columns).collect()
    return [[row[place] for row in rows if row[place] is not None] for place in range(len(columns))]


def _options(name: str, value: object) -> list[str]:
    """An option of the command line, if it has a value."""
    return [] if value is None else [f"{name}={value}"]


def _chosen(frame: DataFrame, columns: Iterable[str]) -> DataFrame:
    """Those of some columns that there are, each once."""
    known = set(frame.columns)
    return frame.select(*(_quoted(column) for column in dict.fromkeys(columns) if column in known))


def _drawn(column: str, seed: int, share: float) -> str:
    """Whether the customer with an id is one of a share of all."""
    return f"pmod(xxhash64({seed}, cast({_quoted(column)} AS STRING)), {_SHARES}) < {round(share * _SHARES)}"


def _near(time: str, first: str, end: str) -> str:
    """Whether a time is of the days from the first up to the end in any zone."""
    margin = timedelta(days=2)
    return (
        f"{time} >= DATE '{date.fromisoformat(first) - margin}' AND {time} < DATE '{date.fromisoformat(end) + margin}'"
    )


def _quoted(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"


def _written(folder: str, reports: Iterable[str], rows: int) -> list[str]:
    """The files of a table that tasks say they have written, in the order of their buckets."""
    files = sorted(map(json.loads, reports), key=lambda file: int(file["bucket"]))
    paths = [f"{folder}/{file['file']}" for file in files]
    are_whole = all(os.path.isfile(path) and os.path.getsize(path) == file["bytes"] for path, file in zip(paths, files))
    if not are_whole or sum(file["rows"] for file in files) != rows:
        raise TemporaryError(f"not all files that tasks have written are in {folder}; run again", 75)
    return paths


def _publish(files: list[str], out: str) -> None:
    """Moves the files of a table, which are in a folder of their own, to their place: all at once, and no other."""
    folder = os.path.dirname(files[0])
    for number, file in enumerate(files):
        os.rename(file, f"{folder}/part-{number:05}.parquet")
    # What tasks have left that failed, or whose work was done twice.
    known = {f"part-{number:05}.parquet" for number in range(len(files))}
    for name in set(os.listdir(folder)) - known:
        os.remove(f"{folder}/{name}")
    with open(f"{folder}/_SUCCESS", "w", encoding="utf-8"):
        pass
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    shutil.move(folder, out)


def _emptied(folder: str) -> list[str]:
    """The option of the command line for a folder that tasks write files to, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return [f"--into={os.path.abspath(folder)}"]


def _new_folder(out: str) -> None:
    """Refuses a folder that is there already, unless it holds nothing, or what a writer who was killed has left."""
    folder = out.removeprefix("file://")
    if os.path.isdir(folder) and set(os.listdir(folder)) <= {"_temporary"}:
        shutil.rmtree(folder)
    if os.path.exists(folder):
        raise ConfigurationError(f"{out} is there already; name a new folder, or remove it", 2)


@contextmanager
def _errors_of_tasks() -> Iterator[None]:
    """Turns a job that failed for what the program said in a task into the error of that kind."""
    try:
        yield
    except ChurnError:
        raise
    except Exception as error:
        told = _kernel.error_of_task(error)
        if told is None:
            raise
        raise told from error
