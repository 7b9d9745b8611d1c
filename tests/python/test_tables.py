"""Published tables in whichever libraries are installed; those that are not say so."""

import os
import shutil
import tempfile
import unittest
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

from churn_risk import _tables, read_kpis, read_list, read_scores
from world import DATES, demo

ENGINES = [engine for engine, (_, needed) in _tables._ENGINES.items() if all(map(find_spec, needed))]
LISTS = demo() / "out/lists"


def columns(table: object) -> dict:
    """The columns of a table of any library, as lists."""
    if hasattr(table, "fetchall"):
        return dict(zip(table.columns, map(list, zip(*table.fetchall()))))
    return {name: list(table[name]) for name in table.columns}


class Tables(unittest.TestCase):
    @unittest.skipUnless(ENGINES, "no library for tables is installed")
    def test_every_library_reads_the_same(self):
        for engine in ENGINES:
            with self.subTest(engine):
                listed = columns(read_list(LISTS, engine=engine))
                scored = columns(read_scores(LISTS, engine=engine))
                self.assertEqual(set(listed["as_of"]), {DATES[-1]})
                self.assertEqual(listed["rank"], list(range(1, len(listed["rank"]) + 1)))
                self.assertEqual(scored["customer_id"][: len(listed["rank"])], listed["customer_id"])
                self.assertEqual(list(columns(read_kpis(LISTS, engine=engine)))[:2], ["period_start", "period_end"])

    @unittest.skipUnless(ENGINES, "no library for tables is installed")
    def test_a_date_is_a_date_or_a_text(self):
        for as_of in [DATES[0], date.fromisoformat(DATES[0]), datetime.fromisoformat(DATES[0])]:
            self.assertEqual(set(columns(read_list(LISTS, as_of))["as_of"]), {DATES[0]})

    @unittest.skipUnless(ENGINES, "no library for tables is installed")
    def test_the_first_library_that_is_there(self):
        self.assertIs(_tables._reader(None), _tables._ENGINES[ENGINES[0]][0])

    def test_a_library_that_is_not_there_is_named(self):
        with mock.patch.object(_tables, "find_spec", side_effect=lambda name: name == "pandas" or None):
            with self.assertRaisesRegex(ImportError, "pip install polars"):
                read_list(LISTS)
            with self.assertRaisesRegex(ImportError, "pip install pyarrow$"):
                read_list(LISTS, engine="pandas")
        with self.assertRaisesRegex(ValueError, "'spark'.*polars, pandas, duckdb"):
            read_list(LISTS, engine="spark")


class Runs(unittest.TestCase):
    """Which folder is read, told by where the reader would look for its file."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.lists = Path(folder.name)

    def publish(self, run: str, seconds: int = 0) -> Path:
        """A complete run that was published at a time."""
        mark = self.lists / run / "_SUCCESS"
        mark.parent.mkdir(parents=True)
        mark.touch()
        os.utime(mark, (seconds, seconds))
        return mark.parent

    def test_the_newest_complete_one(self):
        self.publish("as_of=2026-05-31")
        newest = self.publish("as_of=2026-06-01")
        (self.lists / "as_of=2026-06-02").mkdir()
        (self.lists / "latest").mkdir()
        self.assertEqual(_tables._run_of(self.lists, None), newest)

    def test_runs_below_a_date(self):
        newest = self.publish("as_of=2026-06-01/run=a", 200)
        self.publish("as_of=2026-06-01/run=b", 100)
        (self.lists / "as_of=2026-06-01/run=c").mkdir()
        self.assertEqual(_tables._run_of(self.lists, None), newest)
        self.assertEqual(_tables._run_of(self.lists, "2026-06-01"), newest)

    def test_a_date_without_one(self):
        with self.assertRaisesRegex(FileNotFoundError, "churn score publishes one"):
            _tables._run_of(self.lists, None)
        self.publish("as_of=2026-05-31")
        with self.assertRaisesRegex(FileNotFoundError, r"as_of=2026-06-01; the newest are of 2026-05-31$"):
            _tables._run_of(self.lists, "2026-06-01")

    @unittest.skipUnless(ENGINES, "no library for tables is installed")
    def test_a_table_of_parts(self):
        run = self.publish("as_of=2026-06-01")
        (run / "scores.parquet").mkdir()
        with self.assertRaisesRegex(FileNotFoundError, "no .*scores.parquet; publish.formats"):
            read_scores(self.lists)
        whole = LISTS / f"as_of={DATES[-1]}/scores.parquet"
        for part in ["part-0.parquet", "part-1.parquet"]:
            shutil.copy(whole, run / "scores.parquet" / part)
        for engine in ENGINES:
            once = columns(read_scores(LISTS, engine=engine))["rank"]
            self.assertEqual(columns(read_scores(self.lists, engine=engine))["rank"], once + once)


if __name__ == "__main__":
    unittest.main()
