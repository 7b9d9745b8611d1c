"""Compares our feature table with those of the peers, column by column, and prints what differs most as JSON."""

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl

KEY = ["as_of", "customer_id"]


def main() -> None:
    ours_file, *folders = sys.argv[1:]
    ours = pl.scan_parquet(ours_file)
    columns = [name for name in ours.collect_schema().names() if name not in (*KEY, "churned")]
    order = ours.select(*KEY).collect().with_row_index().sort(KEY)
    index, keys = order["index"].to_numpy(), order.select(KEY)
    results = []
    for folder in folders:
        files = sorted(Path(folder).glob("features-*.parquet"))
        tables = [
            pl.scan_parquet(file).with_columns(as_of=pl.lit(file.stem.removeprefix("features-")).str.to_date())
            for file in files
        ]
        theirs = pl.concat(tables)
        their_order = theirs.select(*KEY).collect().with_row_index().sort(KEY)
        if not their_order.select(KEY).cast(keys.schema).equals(keys):
            sys.exit(f"{folder}: {their_order.height} rows, ours has {keys.height}, and not all customers are the same")
        their_index = their_order["index"].to_numpy()
        read = lambda frame, name, rows: frame.select(name).collect()[name].cast(pl.Float64).to_numpy()[rows]
        labels_differ = int((read(ours, "churned", index) != read(theirs, "churned", their_index)).sum())
        result = {"rows": keys.height, "labels_differ": labels_differ, "columns": {}}
        for name in theirs.collect_schema().names():
            if name not in columns:
                continue
            mine, other = read(ours, name, index), read(theirs, name, their_index)
            nulls = np.isnan(mine) != np.isnan(other)
            difference = np.nan_to_num(np.abs(mine - other))
            result["columns"][name] = {
                "absolute": float(difference.max()),
                "relative": float((difference / (1 + np.nan_to_num(np.abs(mine)))).max()),
                "nulls_differ": int(nulls.sum()),
            }
        results.append(result)
    json.dump(results, sys.stdout)


main()
