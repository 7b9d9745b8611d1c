"""Reads published lists as people do: with every recipe of docs/lists.md, and by file, by list of files and by folder.

    recipes.py REPOSITORY FOLDER ROWS

FOLDER holds `out/lists` with the lists of several dates, of ROWS rows each. Needs notebooks/requirements.txt; Spark is left out
where there is no Java for it to run on. Prints a line for each recipe and each reader.
"""

import contextlib
import datetime as dt
import io
import os
import re
import shutil
import sys
from glob import glob
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq

repository, folder, rows = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
os.chdir(folder)
has_java = shutil.which("java") is not None
files = sorted(glob("out/lists/*/at_risk.parquet"))
dates = [dt.date.fromisoformat(Path(file).parent.name.removeprefix("as_of=")) for file in files]
assert len(files) > 1, files


def recipes() -> list[tuple[str, str]]:
    """Language and text of each block of code in the documentation."""
    text = (repository / "docs/lists.md").read_text(encoding="utf-8")
    return re.findall(r"^```(sql|python)\n(.*?)^```$", text.split("## Reading the tree")[1], re.MULTILINE | re.DOTALL)


def cut(table: Path) -> None:
    """Puts a folder of parts in the place of a table, as a run has it whose rows Spark has made."""
    whole = pq.ParquetFile(table).read()
    table.unlink()
    table.mkdir()
    for number, part in enumerate([whole.slice(0, 1000), whole.slice(1000)]):
        pq.write_table(part, table / f"part-{number:05}.parquet", write_statistics=["customer_id", "rank"])


def run(language: str, text: str, *expected: str) -> None:
    """Runs a recipe, which must find every date, and say what is expected."""
    if "pyspark" in text and not has_java:
        print("skipped: the recipe for Spark, without Java")
        return
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        if language == "sql":
            print(*(list(map(str, row)) for row in duckdb.sql(text).fetchall()))
        else:
            exec(text, {})  # noqa: S102
    assert said.getvalue().strip() and all(part in said.getvalue() for part in expected), (text, said.getvalue())
    print("ok:", next(line for line in text.splitlines() if "lists" in line))


def opens(reader: str, by: str, found: int, first: object, expected: int) -> None:
    """The reader found so many rows, and a date that is right as a text."""
    assert found == expected, f"{reader} by {by}: {found} rows, expected {expected}"
    assert str(first) in {str(date) for date in dates}, f"{reader} by {by}: {first}"
    print(f"ok: {reader} by {by}")


of_scores = [Path(file).with_name("scores.parquet") for file in files]
scored = [pq.read_metadata(table).num_rows for table in of_scores]
cut(of_scores[0])
blocks = recipes()
assert len(blocks) == 10, blocks
for language, text in blocks:
    run(language, text, *(map(str, [*dates, *scored]) if "scores" in text else ()))

# By its path, a table is read whether it is a file or a folder.
for table, expected in zip(map(str, of_scores), scored):
    opens("pandas", "path", len(pd.read_parquet(table)), dates[0], expected)
    opens("pyarrow", "path", pq.read_table(table).num_rows, dates[0], expected)
    opens("Polars", "path", pl.read_parquet(table).height, dates[0], expected)
    opens("DuckDB", "path", duckdb.sql(f"SELECT count(*) FROM '{table}'").fetchall()[0][0], dates[0], expected)

one, several = files[0], files
for by, paths, expected in [("file", one, rows), ("list", several, rows * len(files))]:
    frame = pd.read_parquet(paths)
    opens("pandas", by, len(frame), frame.as_of.iloc[0], expected)
    table = pq.read_table(paths)
    opens("pyarrow", by, table.num_rows, table["as_of"][0].as_py(), expected)
    scanned = ds.dataset(paths).to_table()
    opens("a dataset of pyarrow", by, scanned.num_rows, scanned["as_of"][0].as_py(), expected)
    frame = pl.read_parquet(paths)
    opens("Polars", by, frame.height, frame["as_of"][0], expected)
    found = duckdb.sql(f"SELECT count(*), min(as_of) FROM read_parquet({paths!r})").fetchall()[0]
    opens("DuckDB", by, found[0], found[1], expected)

# The measures, by file and by list of files; as_of comes from the folders.
of_kpis = sorted(glob("out/lists/*/kpis.parquet"))
assert len(of_kpis) == len(files), of_kpis
by_duckdb = duckdb.sql(f"FROM '{of_kpis[0]}'").df()
of_readers = {"pandas": pd.read_parquet(of_kpis[0]), "Polars": pl.read_parquet(of_kpis[0]), "DuckDB": by_duckdb}
for name, frame in of_readers.items():
    columns = [column for column in frame.columns if column != "as_of"]
    assert columns[:5] == ["period_start", "period_end", "segment", "level", "measure"], f"{name}: {columns}"
    assert len(frame) == pq.read_metadata(of_kpis[0]).num_rows > 0
    assert str(frame["period_start"][0])[:7] < str(dates[0])[:7]
    print(f"ok: {name}, the measures")
churn = "measure = 'churn_rate' AND segment = 'all' AND NOT running"
tree = f"read_parquet({of_kpis!r}, hive_partitioning = true)"
newest = "SELECT as_of, last(value ORDER BY period_start)"
found = duckdb.sql(f"{newest} FROM {tree} WHERE {churn} GROUP BY 1").fetchall()
assert len(found) == len(files) and all(0 <= rate < 1 for _, rate in found), found

# A condition on the date skips the files of other dates.
last = dates[-1]
assert len(pd.read_parquet(several, filters=[("as_of", "==", str(last))])) == rows
everything = "out/lists/*/at_risk.parquet"
lists = pl.scan_parquet(everything, hive_partitioning=True, hive_schema={"as_of": pl.Date})
assert lists.filter(pl.col("as_of") == last).collect().height == rows
lists = f"read_parquet('{everything}', hive_partitioning = true)"
assert duckdb.sql(f"SELECT count(*) FROM {lists} WHERE as_of = DATE '{last}'").fetchall() == [(rows,)]

if has_java:
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    for by, paths in [("file", [one]), ("list", several), ("glob", ["out/lists/as_of=*/at_risk.parquet"])]:
        frame = spark.read.parquet(*paths)
        opens("Spark", by, frame.count(), frame.first()["as_of"], rows * (1 if by == "file" else len(files)))
    by_folder = spark.read.option("basePath", "out/lists").option("pathGlobFilter", "at_risk.parquet")
    frame = by_folder.parquet("out/lists/as_of=*")
    opens("Spark", "folder", frame.count(), frame.first()["as_of"], rows * len(files))
    assert dict(frame.dtypes)["as_of"] == "date"
    assert frame.where(f"as_of = date'{last}'").count() == rows
else:
    print("skipped: Spark, without Java")
