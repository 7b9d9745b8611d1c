"""Reads published lists with a pandas of some years ago: by file, by list of files, and the files of one date.

    older_pandas.py FOLDER ROWS

FOLDER holds `out/lists` with the lists of several dates, of ROWS rows each. Needs tests/readers/requirements.txt.
"""

import sys
from glob import glob
from pathlib import Path

import pandas as pd

folder, rows = Path(sys.argv[1]), int(sys.argv[2])
files = sorted(glob(str(folder / "out/lists/as_of=*/at_risk.parquet")))
dates = [Path(file).parent.name.removeprefix("as_of=") for file in files]
assert len(files) > 1, files

for by, paths, expected in [("file", files[0], dates[:1]), ("list", files, dates)]:
    frame = pd.read_parquet(paths)
    assert len(frame) == rows * len(expected), f"{by}: {len(frame)} rows"
    assert sorted(set(frame["as_of"].astype(str))) == expected, f"{by}: {set(frame['as_of'])}"
    assert frame["rank"].max() == rows and frame["churn_probability"].between(0, 1).all()
    assert frame["reason_1_text"].str.len().gt(0).any()
newest = pd.read_parquet(files, filters=[("as_of", "==", dates[-1])])
assert len(newest) == rows and set(newest["as_of"].astype(str)) == {dates[-1]}
print("ok: pandas", pd.__version__)
