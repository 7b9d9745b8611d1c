"""Commands of the program as functions: what they return, what they raise, what they say meanwhile."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import unittest
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from unittest import mock

import churn_risk
from churn_risk import _run, run
from world import demo

WARNING = """'{"level":"WARN","fields":{"message":"late","signal":"logins"}}'"""


class CommandLine(unittest.TestCase):
    """What the arguments of `run` become."""

    def line(self, *arguments, **options):
        """The command line behind the program and what every one begins with."""
        without_process = mock.patch.object(_run, "_wait", return_value=("", 2))
        with without_process as wait, self.assertRaises(churn_risk.ConfigurationError):
            run(*arguments, **options)
        return wait.call_args[0][0][3:]

    def test_options(self):
        found = self.line("features", as_of=[date(2026, 5, 1), "2026-06-01"], out=Path("f.parquet"), labels=True)
        self.assertEqual(found, ["features", "--as-of=2026-05-01", "--as-of=2026-06-01", "--out=f.parquet", "--labels"])
        self.assertEqual(self.line("score", as_of=None, force=False, model="v0001"), ["score", "--model=v0001"])
        self.assertEqual(self.line("init", from_="data"), ["init", "--from=data"])
        self.assertEqual(self.line("check", as_of=datetime(2026, 6, 1)), ["check", "--as-of=2026-06-01"])

    def test_arguments_come_before_the_options(self):
        self.assertEqual(self.line("models", "export", "v0001", out="m"), ["models", "export", "v0001", "--out=m"])
        self.assertEqual(self.line("explain", 17406, as_of="2026-06-01"), ["explain", "17406", "--as-of=2026-06-01"])
        odd = self.line("explain", "--", "--odd", as_of="2026-06-01")
        self.assertEqual(odd, ["explain", "--as-of=2026-06-01", "--", "--odd"])

    def test_what_applies_to_every_command(self):
        found = self.line("train", config="c.toml", threads=2, memory_limit="2GiB")
        self.assertEqual(found, ["--config=c.toml", "--threads=2", "--memory-limit=2GiB", "train"])

    def test_settings(self):
        settings = {"list.capacity": 5, "list": {"control_key": 'Q"4', "control_fraction": 0.2}, "kpi.segments": ["ü"]}
        settings.update({"training.refit": True, "training.as_of": [date(2026, 5, 1)], "paths.lists": Path("out")})
        expected = ["list.capacity=5", 'list.control_key="Q\\"4"', "list.control_fraction=0.2", 'kpi.segments=["ü"]']
        expected += ["training.refit=true", 'training.as_of=["2026-05-01"]', 'paths.lists="out"']
        self.assertEqual(self.line("train", settings=settings), [f"--set={one}" for one in expected] + ["train"])


class Results(unittest.TestCase):
    def test_a_result_is_what_the_program_prints_as_json(self):
        models = run("models", "list", cwd=demo())
        self.assertEqual([model["version"] for model in models], ["v0001"])
        explained = run("explain", first_listed(), as_of="2026-06-01", cwd=demo())
        self.assertIsInstance(explained, dict)

    def test_settings_arrive(self):
        settings = {"list": {"capacity": 7, "control_key": '2026 "Q4"'}, "kpi.segments": ["plan"]}
        shown = {key["key"]: key["value"] for key in run("config", "show", cwd=demo(), settings=settings)}
        self.assertEqual(shown["list.capacity"], 7)
        self.assertEqual(shown["list.control_key"], '2026 "Q4"')
        self.assertEqual(shown["kpi.segments"], ["plan"])

    def test_what_is_no_json_is_a_text(self):
        self.assertIn("_churn", run("completions", "bash"))


class Errors(unittest.TestCase):
    def test_each_says_what_was_wrong_and_where(self):
        with tempfile.TemporaryDirectory() as empty, self.assertRaises(churn_risk.ConfigurationError) as caught:
            run("check", cwd=empty)
        error = caught.exception
        self.assertEqual(error.exit_code, 2)
        self.assertIn("churn.toml", error.message)
        self.assertEqual((str(error), error.command[-1]), (error.message, "check"))

    def test_a_mistake_in_the_command_line(self):
        with self.assertRaisesRegex(churn_risk.ConfigurationError, r"^unexpected argument '--as-off'"):
            run("score", as_off="2026-06-01")
        with self.assertRaisesRegex(churn_risk.ConfigurationError, "2026-06-01T05:15"):
            run("score", as_of=datetime(2026, 6, 1, 5, 15))

    def test_what_only_data_can_break(self):
        with changed_demo() as folder:
            customers = folder / "data/demo/customers.parquet"
            customers.write_bytes(customers.read_bytes()[:1000])
            with self.assertRaisesRegex(churn_risk.DataContractError, "customers.parquet"):
                run("check", cwd=folder)

    def test_the_others(self):
        with changed_demo() as folder:
            with self.assertRaises(churn_risk.StaleDataError):
                run("score", as_of="2026-07-01", cwd=folder)
            with self.assertRaises(churn_risk.TooLittleDataError):
                run("check", as_of="2026-06-01", cwd=folder, settings={"gates.min_customers": 1_000_000})
            with self.assertRaises(churn_risk.ModelError):
                run("models", "show", "v0009", cwd=folder)
            with open(folder / "out/lists/.lock", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                with self.assertRaises(churn_risk.LockedError):
                    run("score", as_of="2026-06-01", cwd=folder)

    def test_a_killed_process(self):
        with stand_in("kill -KILL $$"), self.assertRaises(churn_risk.ChurnError) as caught:
            run("train")
        self.assertRegex(caught.exception.message, "signal 9.*memory_limit")
        self.assertEqual((type(caught.exception), caught.exception.exit_code), (churn_risk.ChurnError, 137))

    def test_what_a_bug_leaves_behind_is_in_the_message(self):
        said = ["thread main panicked at src/x.rs:1", '{"level":"ERROR","exit_code":1,"message":"a bug"}']
        script = "".join(f"echo '{line}' >&2; " for line in said)
        with stand_in(script + "exit 1"), self.assertRaises(churn_risk.InternalError) as caught:
            run("train")
        self.assertEqual(caught.exception.message, "thread main panicked at src/x.rs:1\na bug")

    def test_an_interrupt_ends_the_program_too(self):
        with tempfile.TemporaryDirectory() as folder:
            ended = Path(folder, "ended")
            script = f"trap 'touch {ended}; exit 130' TERM; echo {WARNING} >&2; while :; do sleep 0.05; done"
            # Where the interrupt arrives is up to the system; here it does with the first line of the log.
            interrupted = mock.patch.object(_run.logger, "log", side_effect=KeyboardInterrupt)
            with stand_in(script), interrupted, self.assertRaises(KeyboardInterrupt):
                run("train")
            self.assertTrue(ended.exists())

    def test_a_program_that_is_told_to_end(self):
        with stand_in("exit 130"), self.assertRaises(churn_risk.InterruptedRunError):
            run("train")


class Log(unittest.TestCase):
    def test_it_goes_to_the_logger(self):
        with changed_demo() as folder, self.assertLogs("churn_risk", "INFO") as caught:
            run("score", as_of="2026-06-01", cwd=folder)
        self.assertIn("INFO", {record.levelname for record in caught.records})
        self.assertFalse([record for record in caught.records if record.getMessage().startswith("{")])

    def test_fields_follow_the_message(self):
        with stand_in(f"echo {WARNING} >&2; echo '[]'"), self.assertLogs("churn_risk", "WARNING") as caught:
            self.assertEqual(run("check"), [])
        self.assertEqual(caught.output, ["WARNING:churn_risk:late signal=logins"])

    def test_it_says_as_much_as_the_logger_lets_through(self):
        for level, flags in [("WARNING", []), ("INFO", ["-v"]), ("DEBUG", ["-vv"])]:
            with self.assertLogs("churn_risk", level):
                self.assertEqual(_run._verbosity(), flags)
                _run.logger.warning("asserted to be there")


def first_listed() -> str:
    """The first customer of the newest list."""
    with open(demo() / "out/lists/as_of=2026-06-01/at_risk.csv", encoding="utf-8-sig") as lines:
        names, values = (next(lines).split(",") for _ in range(2))
    return values[names.index("customer_id")]


@contextlib.contextmanager
def changed_demo() -> Iterator[Path]:
    """A copy of the demo that a test may change."""
    with tempfile.TemporaryDirectory() as folder:
        yield shutil.copytree(demo(), Path(folder, "demo"))


@contextlib.contextmanager
def stand_in(script: str) -> Iterator[None]:
    """Another program in the place of `churn`."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "churn")
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        with mock.patch.dict(os.environ, CHURN_BIN=str(program)):
            yield


if __name__ == "__main__":
    unittest.main()
