"""The program as a child: of a task, with record batches going in and coming out, or of the driver."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, Callable

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

from churn_risk._errors import EXIT_CODES, ChurnError, ConfigurationError, DataContractError, TemporaryError
from churn_risk._program import find_churn_bin
from churn_risk._run import _log

Batches = Iterator[pa.RecordBatch]

# What a task says whose pieces come in another order than they were asked for.
_NOT_IN_ORDER = "the pieces of a task did not come in the order of their buckets"

# Bytes of rows that are handed on at once.
_AT_ONCE = 1 << 26

# Packages that tasks run on, and what to do where one is missing.
_LACKING = {
    "churn_risk": "the package churn_risk; install its wheel on every machine",
    "pyarrow": "the package pyarrow, by which Spark hands rows to Python; install it on every machine",
    "pandas": "the package pandas, which Spark asks for where it hands rows to Python; install it on every machine",
}

# How a task tells the driver what its child ended with: exceptions cross Spark as text.
_ENDED = re.compile(r"\[churn ended with exit code (\d+)\] (.*)")


def kernel(plan: str, *arguments: str) -> Callable[[Batches], Batches]:
    """A function for `mapInArrow` that runs `churn exchange ARGUMENTS` over the batches of a partition."""

    def of_partition(batches: Batches) -> Batches:
        first = next(batches, None)
        if first is None:
            return
        try:
            yield from _through(plan, arguments, first.schema, chain([first], batches))
        except ChurnError as error:
            raise _ChildError(_told(error.exit_code, error.message)) from None
        except FileNotFoundError as error:
            raise _ChildError(_told(2, str(error))) from None

    return of_partition


def reducing(plan: str, *arguments: str, gathers: bool = False) -> Callable[[Batches], Batches]:
    """A function for `mapInArrow` that runs `churn exchange reduce` over a partition's pieces, bucket after bucket.

    Args:
        arguments: more of the command.
        gathers: whether pieces come in any order. Then a task gathers those of its partition before it hands them on.
    """
    reduce = kernel(plan, "reduce", *arguments)
    in_order = _by_bucket if gathers else _held_to_order
    return lambda batches: reduce(in_order(batches))


def ask(plan: str | None, *arguments: str, lines: Iterable[str] = (), rows: pa.Table | None = None) -> Any:
    """What `churn exchange ARGUMENTS` prints on the driver, given some lines, or a stream of rows.

    Raises:
        ChurnError: it ended with another exit code than 0.
    """
    given = "".join(f"{line}\n" for line in lines).encode() if rows is None else _stream_of(rows)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
        return json.loads(_done(_command(plan, file, arguments), given))


def fetch(frame: DataFrame, path: str) -> None:
    """Writes the rows of a data frame, bytes and texts, to a local file of record batches, task after task: all of them
    need not fit into the memory of this process."""
    names = frame.columns
    schema = pa.schema([(name, pa.binary() if kind == "binary" else pa.string()) for name, kind in frame.dtypes])
    columns: list[list[Any]] = [[] for _ in names]
    size = 0

    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, schema) as stream:

        def write() -> None:
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema)]
            stream.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            for column in columns:
                column.clear()

        for row in frame.toLocalIterator():
            for column, value in zip(columns, row):
                column.append(value)
                size += len(value) if value is not None else 0
            if size >= _AT_ONCE:
                write()
                size = 0
        write()


def fetch_few(frame: DataFrame, path: str) -> None:
    """Writes rows that fit into the memory of this process to a local file of record batches, as they are."""
    table = frame.toArrow()
    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)


def unseen(files: list[str]) -> Callable[[Batches], Batches]:
    """A function for `mapInArrow` that tells which of some files a machine does not see."""

    def of_partition(batches: Batches) -> Batches:
        for _ in batches:
            missing = [file for file in files if not os.path.isfile(file)]
            yield pa.RecordBatch.from_pydict({"file": pa.array(missing, pa.string())})

    return of_partition


def fetch_table(frame: DataFrame, path: str) -> None:
    """Writes the rows of a data frame to a local file of record batches, as they are and batch after batch: all of them
    need not fit into the memory of this process."""
    schema = frame.limit(0).toArrow().schema
    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, schema) as stream:
        for row in frame.mapInArrow(_streams, "rows BINARY").toLocalIterator():
            with pa.ipc.open_stream(row[0]) as batches:
                for batch in batches:
                    stream.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))


def _streams(batches: Batches) -> Batches:
    """Each batch as the bytes of a stream."""
    for batch in batches:
        stream = _stream_of(pa.Table.from_batches([batch]))
        yield pa.RecordBatch.from_pydict({"rows": pa.array([stream], pa.binary())})


def _stream_of(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def programs(batches: Batches) -> Batches:
    """A function for `mapInArrow` that tells the version of the program that a task finds."""
    for _ in batches:
        try:
            found = program()
        except (ChurnError, FileNotFoundError) as error:
            raise _ChildError(_told(2, str(error))) from None
        yield pa.RecordBatch.from_pydict({"program": [found]})


def program() -> str:
    """The version of the program that this machine has."""
    return said("--version").strip()


def said(*arguments: str) -> str:
    """What `churn ARGUMENTS` prints as text.

    Raises:
        ChurnError: it ended with another exit code than 0.
    """
    command = [find_churn_bin(), "--log-format=json", *arguments]
    return _done(command)


def left_out(plan: str, table: str, schema: pa.Schema, time: str | None, counts: pa.Table) -> str:
    """The report of those rows of a table that are not handed over.

    Args:
        schema: the columns of the table.
        time: the one of the times.
        counts: of all rows, and of those that are left; if rows are left out, of those with a time and of those that
            are too old, and the oldest and the newest time.
    """
    rows = {name: values[0] for name, values in counts.to_pydict().items()}
    told = {"left": rows["left"], "before": 0, "after": 0, "without_time": 0}
    times = []
    if "with_time" in rows:
        told["before"], told["without_time"] = rows["before"], rows["all_rows"] - rows["with_time"]
        told["after"] = rows["with_time"] - rows["left"] - rows["before"]
        times = [counts[name].combine_chunks() for name in ("oldest", "newest") if rows[name] is not None]

    # What the two times are is for the program to say: each is handed over in a row.
    fields = [field.with_nullable(True) for field in schema]
    columns = [
        pa.concat_arrays([one.cast(field.type) for one in times])
        if times and field.name == time
        else pa.nulls(len(times), field.type)
        for field in fields
    ]
    examples = pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))
    arguments = "pack", f"--table={table}", f"--left-out={json.dumps(told)}"
    found = pa.Table.from_batches(_through(plan, arguments, examples.schema, [examples]))
    report: str = found["report"].to_pylist()[0]
    return report


def hold_against(plan: str, table: str, rows: pa.Table) -> None:
    """Holds the columns of a table against the plan.

    Raises:
        ChurnError: one of them is missing, or has a type that it cannot be read from.
    """
    batch = pa.RecordBatch.from_pylist([], schema=rows.schema)
    for _ in _through(plan, ("pack", f"--table={table}"), rows.schema, [batch]):
        pass


def error_of_task(error: BaseException) -> ChurnError | None:
    """The error of a task's child that made a job fail, if that is why it failed."""
    text = str(error)
    if _NOT_IN_ORDER in text:
        return NotInOrderError(_NOT_IN_ORDER, 1)
    found = _ENDED.search(text)
    if found is not None:
        # What Spark writes behind it is no part of the message.
        message, _ = json.JSONDecoder().raw_decode(found.group(2))
        code = int(found.group(1))
        return EXIT_CODES.get(code, ChurnError)(message, code)
    for package, what in _LACKING.items():
        is_too_old = f"{package} >=" in text.lower() and "must be installed" in text
        if f"No module named '{package}'" in text or is_too_old:
            return ConfigurationError(f"a machine lacks {what}", 2)
    if "FILE_NOT_EXIST" in text:
        return TemporaryError(
            f"a file of a table is gone: {_first_line(text)}. The table has changed since it was looked at; run again "
            "when it is whole, or name a version of it",
            75,
        )
    if "FAILED_READ_FILE" in text or "CANNOT_READ_FILE_FOOTER" in text:
        return DataContractError(f"a file of a table cannot be read: {_first_line(text)}", 3)
    if "PATH_ALREADY_EXISTS" in text:
        return ConfigurationError(f"{_first_line(text)} Name a new folder, or remove it", 2)
    return None


def _first_line(text: str) -> str:
    """The line in which Spark says what was wrong."""
    told = [line.strip() for line in text.splitlines() if "[" in line and "] " in line]
    return told[0][told[0].index("[") :] if told else text.strip().splitlines()[0]


class NotInOrderError(ChurnError):
    """The engine has not kept the order of the pieces of a task."""


def _held_to_order(batches: Batches) -> Batches:
    """The pieces of a partition, whose buckets have to ascend."""
    last = -1
    for batch in batches:
        buckets = batch["bucket"].to_pylist()
        if any(after < before for before, after in zip([last, *buckets], buckets)):
            raise _ChildError(_NOT_IN_ORDER)
        last = buckets[-1] if buckets else last
        yield batch


def _by_bucket(batches: Batches) -> Batches:
    """The pieces of a partition that come in any order, bucket after bucket."""
    places: dict[int, list[tuple[int, int]]] = {}
    pieces = []
    for number, batch in enumerate(batches):
        pieces.append(batch["piece"])
        for row, bucket in enumerate(batch["bucket"].to_pylist()):
            places.setdefault(bucket, []).append((number, row))

    for bucket in sorted(places):
        some: list[bytes] = []
        size = 0
        for number, row in places.pop(bucket):
            some.append(pieces[number][row].as_py())
            size += len(some[-1])
            if size >= _AT_ONCE:
                yield _of_bucket(bucket, some)
                some, size = [], 0
        if some:
            yield _of_bucket(bucket, some)


def _of_bucket(bucket: int, pieces: list[bytes]) -> pa.RecordBatch:
    columns = {"bucket": pa.array([bucket] * len(pieces), pa.int32()), "piece": pa.array(pieces, pa.binary())}
    return pa.RecordBatch.from_pydict(columns)


class _ChildError(Exception):
    """A task's child ended with another exit code than 0, which its text tells."""


def _told(code: int, message: str) -> str:
    return f"[churn ended with exit code {code}] {json.dumps(message)}"


def _done(command: list[str], given: bytes = b"") -> str:
    done = subprocess.run(command, check=False, input=given, capture_output=True)
    if done.returncode != 0:
        raise _error(done.returncode, done.stderr.decode("utf-8", "replace"), command)
    _log(done.stderr.decode("utf-8", "replace").splitlines())
    return done.stdout.decode()


def _through(plan: str, arguments: tuple[str, ...], schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Batches:
    """What the program makes of a stream of batches. Spark's iterator is asked by this thread alone; another one reads
    what comes back, so that neither the program nor Spark waits for the other."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file, tempfile.TemporaryFile() as said:
        # Spark has a task for each core already.
        command = _command(plan, file, arguments, "--threads=1")
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
        assert child.stdin is not None and child.stdout is not None
        results: queue.SimpleQueue[pa.RecordBatch] = queue.SimpleQueue()
        failures: list[Exception] = []
        reader = threading.Thread(target=_collect, args=(child.stdout, results, failures), daemon=True)
        reader.start()
        try:
            try:
                with pa.ipc.new_stream(child.stdin, schema) as stream:
                    for batch in batches:
                        stream.write_batch(batch)
                        yield from _ready(results)
                child.stdin.close()
            except OSError as error:
                # The program has ended early, and says why.
                failures.append(error)
            reader.join()
            code = child.wait()
            if code != 0:
                said.seek(0)
                raise _error(code, said.read().decode("utf-8", "replace"), command)
            if failures:
                raise failures[0]
            yield from _ready(results)
        finally:
            # Spark may want no more, as after `limit`.
            child.kill()
            child.wait()
            child.stdout.close()


def _collect(stdout: IO[bytes], results: queue.SimpleQueue[pa.RecordBatch], failures: list[Exception]) -> None:
    try:
        with pa.ipc.open_stream(stdout) as stream:
            for batch in stream:
                results.put(batch)
    except (OSError, ValueError, pa.ArrowException) as error:
        failures.append(error)


def _ready(results: queue.SimpleQueue[pa.RecordBatch]) -> Batches:
    while not results.empty():
        yield results.get()


def _command(plan: str | None, file: IO[str], arguments: tuple[str, ...], *general: str) -> list[str]:
    """The command line; the plan goes into the file."""
    command = [find_churn_bin(), "--log-format=json", *general, "exchange", *arguments]
    if plan is not None:
        file.write(plan)
        file.flush()
        command.append(f"--plan={file.name}")
    return command


def _error(code: int, said: str, command: list[str]) -> ChurnError:
    """What the program said on standard error when it ended with a code."""
    message = said.strip()
    for line in said.splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(record, dict) and "exit_code" in record:
            message = record["message"]
    if code < 0:
        message = f"signal {-code} ended the program; a machine that runs out of memory does that. {message}".strip()
        code = 128 - code
    return EXIT_CODES.get(code, ChurnError)(message, code, command)
