"""Running a command of the program."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, Union

from churn_risk._errors import EXIT_CODES, ChurnError
from churn_risk._program import find_churn_bin

Folder = Union[str, "os.PathLike[str]"]

logger = logging.getLogger("churn_risk")
_LEVELS = {"WARN": logging.WARNING, "INFO": logging.INFO, "DEBUG": logging.DEBUG}


def run(
    command: str,
    *arguments: object,
    config: Folder | None = None,
    cwd: Folder | None = None,
    threads: int | None = None,
    memory_limit: str | int | None = None,
    settings: Mapping[str, Any] | None = None,
    **options: object,
) -> Any:
    """Runs `churn COMMAND ARGUMENTS… --OPTION=VALUE…` and returns its result.

        run("score", as_of="2026-06-01", settings={"list.capacity": 200})
        run("features", as_of=[date(2026, 5, 1), date(2026, 6, 1)], out="features.parquet", labels=True)
        run("models", "compare", "v0001", "v0002")
        run("init", from_="data")

    What the program has to say meanwhile goes to the logger `churn_risk`; it says as much as that logger lets through,
    which is warnings unless logging is configured otherwise.

    Args:
        command: the command, as `churn --help` lists them.
        arguments: what follows it without a name.
        config: the configuration file; `churn.toml` in `cwd` by default.
        cwd: the folder to run in, which relative paths of arguments and results start at.
        threads: how many threads to use; all cores by default.
        memory_limit: the most memory to use, as `"2GiB"` or in bytes.
        settings: values of the configuration by key, as `{"list.capacity": 200}` or `{"list": {"capacity": 200}}`.
        options: the command's options. `as_of=` is `--as-of`, and a name that Python reserves gets an underscore
            (`from_=`). True is an option without a value, a list repeats the option, None and False leave it out.

    Returns:
        What the program prints with `--format json`: a dictionary, or a list where it lists (`models list`, `models
        history`, `config show`). What is no JSON (of `completions`) is returned as text.

    Raises:
        ChurnError: the program ended with another exit code than 0. `EXIT_CODES` says which of its classes it is.
        FileNotFoundError: there is no program.
    """
    general = {"config": config, "threads": threads, "memory_limit": memory_limit, "set": list(_sets(settings))}
    plain, literal = _split([str(argument) for argument in arguments])
    line = [find_churn_bin(), "--format=json", "--log-format=json", *_verbosity(), *_flags(general), command]
    line += [*plain, *_flags(options), *literal]

    with tempfile.TemporaryFile() as output:
        message, code = _wait(line, cwd, output.fileno())
        if code != 0:
            raise EXIT_CODES.get(code, ChurnError)(message, code, line)
        if message:
            logger.warning("%s", message)
        output.seek(0)
        text = output.read().decode()

    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _wait(line: list[str], cwd: Folder | None, output: int) -> tuple[str, int]:
    """Runs a command line until its end; returns its last word on standard error, if any, and its exit code."""
    with subprocess.Popen(
        line,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            message = _log(process.stderr or ())
            code = process.wait()
        except BaseException:
            # Interrupted, for example: told to end, the program leaves nothing half-written behind.
            process.terminate()
            raise

    if code >= 0:
        return message, code
    advice = "; a system that runs out of memory does that: set memory_limit" if -code == signal.SIGKILL else ""
    return f"signal {-code} ended the program{advice}", 128 - code


def _log(lines: Iterable[str]) -> str:
    """Hands the program's log to the logger; returns the message of its error, and what else it said."""
    message = ""
    plain = []
    for line in lines:
        said = _record(line)
        if said is None:
            plain.append(line)
        elif "exit_code" in said:
            message = said["message"]
        else:
            fields = said["fields"]
            text = fields.pop("message", "")
            logger.log(_LEVELS.get(said["level"], logging.ERROR), "%s", " ".join([text, *_pairs(fields)]))

    # A mistake in the command line is told as plain text, and so is what a bug leaves behind.
    return "\n".join(filter(None, ["".join(plain).strip().removeprefix("error: "), message]))


def _record(line: str) -> dict[str, Any] | None:
    """A line of the program's log; None if the line is something else."""
    try:
        said = json.loads(line)
    except json.JSONDecodeError:
        return None
    return said if isinstance(said, dict) and "level" in said else None


def _pairs(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        yield f"{name}={value}"


def _verbosity() -> list[str]:
    """As much as the logger lets through."""
    if logger.isEnabledFor(logging.DEBUG):
        return ["-vv"]
    return ["-v"] if logger.isEnabledFor(logging.INFO) else []


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The arguments before `--`, and those from there on, behind which an option would be taken for an argument."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:end], arguments[end:]


def _flags(options: Mapping[str, object]) -> Iterator[str]:
    """The options as the command line has them."""
    for name, value in options.items():
        flag = "--" + name.rstrip("_").replace("_", "-")
        values = value if isinstance(value, (list, tuple)) else [value]
        for one in values:
            if one is True:
                yield flag
            elif one is not None and one is not False:
                yield f"{flag}={as_text(one)}"


def as_text(value: object) -> str:
    """A value as the command line has it. A midnight is its date; other times the program refuses."""
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)


def _sets(settings: Mapping[str, Any] | None, section: str = "") -> Iterator[str]:
    """Each setting as `key.path=value`. JSON writes numbers, texts and lists of them as TOML does."""
    for key, value in (settings or {}).items():
        if isinstance(value, Mapping):
            yield from _sets(value, f"{section}{key}.")
        else:
            yield f"{section}{key}={json.dumps(value, ensure_ascii=False, default=as_text)}"
