"""Training on a prepared table: ours with its default recipe, scikit-learn's logistic regression, and LightGBM.

One synthetic table for all: 55 numeric columns (some missing, some skewed) and 5 categorical ones; risk that is bent,
not monotone, or a matter of two columns together for a part of them. The newest as-of date is held out; every program
trains on the rows before it and is judged on the held-out ones. Each runs in a process of its own, reads the Parquet
file itself, and is timed from start to end.

    prepared_table.py --rows N --churn PROGRAM --folder FOLDER     makes the table, runs all, prints JSON
    prepared_table.py --peer NAME --table FILE --alpha A            one peer, for the former
"""

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from measuring import measured  # noqa: E402

NUMERIC, CATEGORICAL = 55, 5
TRAIN, HELD_OUT = "2026-01-01", "2026-03-01"
CONFIG = f"""
[paths]
models = "models"
[table]
id    = "customer_id"
label = "churned"
as_of = "as_of"
[training]
evaluation = 1
refit      = false
"""


def make(rows: int, file: Path) -> None:
    """`rows` training rows and a tenth as many held-out ones, in row groups of 131,072."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(1)
    weights = random.standard_normal(NUMERIC) * 0.15
    levels = random.standard_normal((CATEGORICAL, 12)) * 0.3
    total, group, writer = rows + rows // 10, 131_072, None
    for first in range(0, total, group):
        n = min(group, total - first)
        x = random.standard_normal((n, NUMERIC), dtype=np.float32)
        x += 0.7 * random.standard_normal((n, 1), dtype=np.float32)
        codes = random.integers(0, 12, (n, CATEGORICAL))
        log_odds = -3.8 + x @ weights.astype(np.float32)
        log_odds += 0.5 * np.abs(x[:, 0]) + 0.4 * np.maximum(x[:, 1] - 1, 0) ** 2 + 0.6 * (x[:, 2] > 1) * (x[:, 3] < 0)
        log_odds += 0.4 * np.sign(x[:, 4] * x[:, 5]) + sum(levels[j][codes[:, j]] for j in range(CATEGORICAL))
        churned = (random.random(n) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)
        x[:, 10:20] = np.exp(x[:, 10:20])
        x[:, 20:25][random.random((n, 5)) < 0.1] = np.nan
        place = np.arange(first, first + n)
        days = np.where(place < rows, np.datetime64(TRAIN), np.datetime64(HELD_OUT)).astype("datetime64[D]")
        columns = {"customer_id": place, "as_of": days, "churned": churned}
        columns |= {f"x{j:02}": pa.array(x[:, j], from_pandas=True) for j in range(NUMERIC)}
        columns |= {f"c{j}": np.char.add("level ", codes[:, j].astype(str)) for j in range(CATEGORICAL)}
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=group)
    writer.close()


def read(file: Path):
    """Training and held-out rows: a numeric matrix (NaN is missing), codes of the categories, labels."""
    import numpy as np
    import polars as pl

    frame = pl.read_parquet(file)
    training = (frame["as_of"].cast(pl.String) == TRAIN).to_numpy()
    x = frame.select(pl.col("^x.*$").fill_null(float("nan"))).to_numpy()
    codes = np.stack([frame[f"c{j}"].cast(pl.Categorical).to_physical().to_numpy() for j in range(CATEGORICAL)], axis=1)
    y = frame["churned"].to_numpy()
    return [(x[rows], codes[rows], y[rows]) for rows in (training, ~training)]


def scikit_learn(file: Path, alpha: float) -> dict:
    """As an expert would: standardised float32 columns with the mean for what is missing, indicators, one-hot levels."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    training, held_out = read(file)
    mean, deviation = np.nanmean(training[0], axis=0), np.nanstd(training[0], axis=0)
    absent = np.isnan(training[0]).any(axis=0)

    def design(x, codes):
        missing = np.isnan(x)
        x = np.where(missing, 0, (x - mean) / deviation).astype(np.float32)
        one_hot = [(codes[:, j : j + 1] == np.arange(1, 12)).astype(np.float32) for j in range(CATEGORICAL)]
        return np.hstack([x, missing[:, absent].astype(np.float32), *one_hot])

    x = design(*training[:2])
    read_seconds = time.perf_counter() - started
    results = {}
    for solver in ("lbfgs", "newton-cholesky"):
        started = time.perf_counter()
        with threadpool_limits(1 if solver == "newton-cholesky" else None):
            model = LogisticRegression(C=1 / (len(x) * alpha), solver=solver, tol=1e-6, max_iter=200).fit(x, training[2])
        results[solver] = time.perf_counter() - started
    p = model.predict_proba(design(*held_out[:2]))[:, 1]
    fastest = min(results, key=results.get)
    return {"p": p, "y": held_out[2], "steps": {"reading and design": read_seconds, f"fit ({fastest})": results[fastest]},
            "not_counted": sum(results.values()) - results[fastest]}


def lightgbm(file: Path, _alpha: float) -> dict:
    """The trees that other benchmarks grow, with the categories as such."""
    import numpy as np
    from models import grown

    started = time.perf_counter()
    training, held_out = read(file)
    x = np.hstack([training[0], training[1]])
    read_seconds, started = time.perf_counter() - started, time.perf_counter()
    model = grown(x, training[2], list(range(NUMERIC, NUMERIC + CATEGORICAL)))
    fit_seconds = time.perf_counter() - started
    p = model.predict(np.hstack([held_out[0], held_out[1]]))
    return {"p": p, "y": held_out[2], "steps": {"reading": read_seconds, "200 trees": fit_seconds}, "not_counted": 0}


PEERS = {"scikit-learn, logistic": scikit_learn, "LightGBM": lightgbm}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--churn", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--peer", choices=PEERS)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--alpha", type=float)
    args = parser.parse_args()
    if args.peer:
        from sklearn.metrics import log_loss, roc_auc_score

        result = PEERS[args.peer](args.table, args.alpha)
        p, y = result.pop("p"), result.pop("y")
        print(json.dumps(result | {"auc": float(roc_auc_score(y, p)), "log_loss": float(log_loss(y, p))}))
        return

    args.folder.mkdir(parents=True, exist_ok=True)
    table = args.folder / f"table-{args.rows}.parquet"
    if not table.exists():
        make(args.rows, table)
    (args.folder / "churn.toml").write_text(CONFIG)
    programs = {}
    for complexity in ("auto", "linear"):
        made = measured(
            [args.churn, "-v", "--format", "json", "--set", f"model.complexity={complexity}", "--set",
             f"paths.models=models-{complexity}", "train", "--features", table.name], args.folder)
        metrics = json.loads(made.pop("out"))["evaluation"]["metrics"]
        laps = re.findall(r'step="([^"]+)" seconds=([0-9.e-]+)', made.pop("err"))
        name = "churn, its default" if complexity == "auto" else "churn, linear"
        programs[name] = made | {"auc": metrics["roc_auc"], "log_loss": metrics["log_loss"],
                                 "steps": {step: float(seconds) for step, seconds in laps}}
        alpha = json.loads(sorted((args.folder / f"models-{complexity}").glob("v*/model.json"))[-1].read_text())["alpha"]
    for name in PEERS:
        made = measured([sys.executable, __file__, "--peer", name, "--table", table.name, "--alpha", alpha], args.folder)
        result = json.loads(made.pop("out"))
        del made["err"]
        made["seconds"] -= result.pop("not_counted")
        programs[name] = made | result
    print(json.dumps({"rows": args.rows, "columns": NUMERIC + CATEGORICAL, "programs": programs}))


if __name__ == "__main__":
    main()
