"""`churn`, `python -m churn_risk`, and where the program is looked for."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from churn_risk import _program, find_churn_bin


def module(*arguments: str, **environment: str) -> subprocess.Popen:
    """`python -m churn_risk ARGUMENTS`"""
    command = [sys.executable, "-m", "churn_risk", *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, **environment}, **streams)


class Module(unittest.TestCase):
    def test_it_is_the_program(self):
        direct = subprocess.run([find_churn_bin(), "--version"], capture_output=True, text=True, check=True)
        with module("--version") as process:
            self.assertEqual(process.communicate(), (direct.stdout, ""))
        self.assertEqual(process.returncode, 0)

    def test_exit_codes_are_those_of_the_program(self):
        with module("score", "--as-off", "2026-06-01") as process:
            self.assertIn("--as-off", process.communicate()[1])
        self.assertEqual(process.returncode, 2)

    def test_signals_reach_the_program(self):
        with tempfile.TemporaryDirectory() as folder:
            with module("simulate", "--customers", "500000", "--out", f"{folder}/data") as process:
                while not os.listdir(folder):
                    self.assertIsNone(process.poll(), "the simulation is over before it can be interrupted")
                    time.sleep(0.01)
                process.send_signal(signal.SIGTERM)
                process.communicate()
            self.assertEqual(process.returncode, 130)
            self.assertEqual([path for path in Path(folder).rglob("*") if path.is_file()], [])


class Search(unittest.TestCase):
    """Installations as pip lays them out."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # Deep enough that what a record names above it is no program of this machine.
        self.folder = Path(folder.name, "home", "user")
        self.folder.mkdir(parents=True)

    def found(self, packages: str, program: str, recorded: str = "") -> str:
        """What is found with the packages in a folder, the program at a path, and what the installer has recorded."""
        packages, program = self.folder / packages, self.folder / program
        for file in [program, packages / "churn_risk/_program.py"]:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        if recorded:
            record = packages / "churn_risk-0.1.0.dist-info"
            record.mkdir()
            Path(record, "METADATA").write_text("Metadata-Version: 2.4\nName: churn-risk\nVersion: 0.1.0\n")
            Path(record, "RECORD").write_text(f"churn_risk/_program.py,,\n{recorded},,\n")

        environment = {name: value for name, value in os.environ.items() if name != "CHURN_BIN"}
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch.object(sys, "path", [str(packages)]),
            mock.patch.object(_program.sysconfig, "get_path", return_value=str(self.folder / "scripts")),
            mock.patch.object(_program, "__file__", str(packages / "churn_risk/_program.py")),
        ):
            return str(Path(find_churn_bin()).relative_to(self.folder))

    def test_an_environment(self):
        found = self.found("lib/python3.13/site-packages", "bin/churn", "../../../bin/churn")
        self.assertEqual(found, "bin/churn")

    def test_the_system_of_debian(self):
        found = self.found("usr/local/lib/python3.9/dist-packages", "usr/local/bin/churn", "../../../bin/churn")
        self.assertEqual(found, "usr/local/bin/churn")

    def test_a_target(self):
        self.assertEqual(self.found("target", "target/bin/churn", "../../bin/churn"), "target/bin/churn")

    def test_no_record(self):
        self.assertEqual(self.found("packages", "scripts/churn"), "scripts/churn")

    def test_not_installed(self):
        with self.assertRaisesRegex(FileNotFoundError, "scripts/churn.*install the wheel"):
            self.found("packages", "elsewhere/churn")

    def test_named(self):
        program = shutil.copy("/bin/sh", self.folder / "churn")
        with mock.patch.dict(os.environ, CHURN_BIN=str(program)):
            self.assertEqual(find_churn_bin(), str(program))
        with mock.patch.dict(os.environ, CHURN_BIN="nowhere"):
            self.assertRaisesRegex(FileNotFoundError, "CHURN_BIN names nowhere", find_churn_bin)


if __name__ == "__main__":
    unittest.main()
