"""What both peers share: the arguments, and everything from a feature table to the published list.

The engines differ in the features alone. The rest is numpy and a model of `models.py`, tuned by hand: one C-ordered
`float32` matrix that scikit-learn takes without a copy, filled and, where the model asks for it, standardised in row
blocks that stay in cache, by as many threads as there are cores (numpy releases the interpreter's lock).
"""

import argparse
import json
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

from models import MODELS

STARTED = time.perf_counter()
EPOCH = date(1970, 1, 1)
DAY = 86_400_000_000  # microseconds
WINDOWS = (7, 28, 84)
LOOK_BACK = 2 * WINDOWS[-1]
# Every window, and with the window before it for the trend: the ages in days at which the nested counts end.
SPANS = (7, 14, 28, 56, 84, 168)
# Three counts packed into the 53 exact bits of a double: one aggregate instead of three, each count up to 131,071.
BITS = 17
PACKS = (SPANS[:3], SPANS[3:])
INSTRUMENTS = ("nps", "csat", "ces")
MIN_TENURE, ACTIVE_WITHIN, GAP, HORIZON = 28, 90, 7, 30
REASONS = 4
BLOCK = 4096


def packed_steps(day: int, pack: tuple[int, ...]) -> list[tuple[int, float]]:
    """The packed count of a row by its age, youngest first: (first instant, value)."""
    return [
        ((day - span) * DAY, float(sum(1 << (BITS * i) for i, wider in enumerate(pack) if wider >= span)))
        for span in SPANS
        if span <= pack[-1]
    ]


def arguments() -> argparse.Namespace:
    days = lambda text: [(date.fromisoformat(one) - EPOCH).days for one in text.split(",")]
    parser = argparse.ArgumentParser()
    parser.add_argument("--population", type=Path, required=True)
    parser.add_argument("--train", type=days, required=True, help="as-of dates, comma-separated; evaluated on the last")
    parser.add_argument("--score", type=days, required=True, help="as-of date")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--alpha", type=float, default=1e-4, help="L2 penalty per row")
    parser.add_argument("--model", choices=MODELS, default="logistic")
    parser.add_argument("--capacity", type=int, default=500)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--blas-threads", type=int, default=1, help="see blas_threads.py")
    parser.add_argument("--features-only", action="store_true", help="write the training features and stop")
    parsed = parser.parse_args()
    # Before the libraries are imported: they read these once.
    os.environ["POLARS_MAX_THREADS"] = str(parsed.threads)
    os.environ["OPENBLAS_NUM_THREADS"] = str(parsed.blas_threads)
    parsed.out.mkdir(parents=True, exist_ok=True)
    return parsed


class Phases:
    """Wall-clock seconds by phase."""

    def __init__(self):
        self.seconds, self.last = {}, STARTED

    def done(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self.last
        self.last = now


def is_logged(name: str) -> bool:
    """Counts, sums, durations and money are taken as logarithms."""
    return any(part in name for part in ("_count_", "_active_days_", "_sum_", "_categories_", "days_since_last")) or (
        name in ("tenure_days", "monthly_revenue") or name.startswith("visits_mean")
    )


class Matrix:
    """A C-ordered matrix that grows by the rows of one as-of date after another. Memory that is not filled is never
    touched, so room for every customer on every date costs nothing."""

    def __init__(self, names, room, threads):
        import numpy as np

        self.names, self.rows, self.threads = names, 0, threads
        self.x = np.empty((room, len(names)), dtype=np.float32)
        self.sums = np.zeros((3, len(names)))  # present, sum, sum of squares of the rows so far

    def blocks(self, first, last):
        return [(at, min(at + BLOCK, last)) for at in range(first, last, BLOCK)]

    def append(self, columns) -> None:
        """`columns[i]` holds the values of `names[i]`, NaN for null."""
        import numpy as np

        first, count = self.rows, len(columns[0])
        self.rows += count

        def bend(index):
            column = columns[index]
            if is_logged(self.names[index]):
                column = np.log(column + np.float32(1))
                columns[index] = column
            present = column[~np.isnan(column)].astype(np.float64)
            self.sums[:, index] += len(present), present.sum(), present @ present

        def fill(block):
            rows = self.x[first + block[0] : first + block[1]]
            for index, column in enumerate(columns):
                rows[:, index] = column[block[0] : block[1]]

        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(bend, range(len(columns))))
            list(pool.map(fill, self.blocks(0, count)))

    def moments(self):
        """Mean and standard deviation of what is present, so far."""
        import numpy as np

        present, total, squares = self.sums
        mean = total / np.maximum(present, 1)
        scale = np.sqrt(np.maximum(squares / np.maximum(present, 1) - mean**2, 0))
        return mean.astype(np.float32), np.where(scale > 1e-9, scale, 1).astype(np.float32)

    def standardise(self, mean, scale):
        """Standardises in place; what is absent becomes the mean, 0."""
        import numpy as np

        def block(bounds):
            rows = self.x[bounds[0] : bounds[1]]
            rows -= mean
            rows /= scale
            np.nan_to_num(rows, copy=False)

        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(block, self.blocks(0, self.rows)))
        return self.x[: self.rows]


def run(engine: str, features) -> None:
    """The whole job. `features(days, labelled)` yields, for one as-of date after another, from one scan of each
    signal, (ids, labels or None, names, columns): `float32` columns with NaN for null."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq
    from sklearn.metrics import roc_auc_score

    args = ARGUMENTS
    phases = Phases()
    phases.done("imports")
    customers = pq.read_metadata(args.population / "customers.parquet").num_rows
    if args.features_only:
        for day, (ids, labels, names, columns) in zip(args.train, features(args.train, True)):
            table = pa.table([ids, labels, *columns], names=["customer_id", "churned", *names])
            pq.write_table(table, args.out / f"features-{EPOCH + timedelta(day)}.parquet")
        return

    matrix, y, counts = None, [], []
    for ids, labels, names, columns in features(args.train, True):
        phases.done("features, training dates")
        if matrix is None:
            matrix = Matrix(names, customers * len(args.train), args.threads)
        if len(y) == len(args.train) - 1:
            mean, scale = matrix.moments()  # of the training rows, without the evaluation
        matrix.append(columns)
        y.append(labels)
        counts.append(len(ids))
        del columns
        phases.done("matrix")
    model = MODELS[args.model](args.alpha)
    ready = lambda matrix: matrix.standardise(mean, scale) if model.standardised else matrix.x[: matrix.rows]
    x, y = ready(matrix), np.concatenate(y)
    fitted = sum(counts[:-1])
    phases.done("matrix")

    model.fit(x[:fitted], y[:fitted])
    phases.done("fit, for evaluation")
    auc = roc_auc_score(y[fitted:], model.log_odds(x[fitted:]))
    phases.done("evaluation")
    model.fit(x, y)
    phases.done("fit, all dates")
    trained = len(y)
    del x, y, matrix

    ((ids, _, names, columns),) = features(args.score, False)
    phases.done("features, scoring date")
    matrix = Matrix(names, len(ids), args.threads)
    matrix.append(columns)
    del columns
    x = ready(matrix)
    phases.done("matrix")
    log_odds = model.log_odds(x)
    probability = 1 / (1 + np.exp(-log_odds))
    order = np.lexsort((ids, -log_odds))
    # Everybody where it costs a product, the listed customers where it costs more.
    explained = np.arange(len(ids)) if model.standardised else order[: args.capacity]
    reasons = np.full((len(ids), REASONS), -1, dtype=np.int8)
    shares = np.full((len(ids), REASONS), np.nan, dtype=np.float32)

    def explain(bounds):
        rows = slice(*bounds) if model.standardised else explained[slice(*bounds)]
        lowering = -model.contributions(x[rows])
        top = np.argpartition(lowering, REASONS, axis=1)[:, :REASONS]
        values = np.take_along_axis(lowering, top, axis=1)
        order = np.argsort(values, axis=1)
        reasons[rows] = np.take_along_axis(top, order, axis=1)
        shares[rows] = -np.take_along_axis(values, order, axis=1)

    phases.done("score")
    with ThreadPoolExecutor(args.threads) as pool:
        list(pool.map(explain, matrix.blocks(0, len(explained))))
    phases.done("reasons")
    rank = np.empty(len(ids), dtype=np.int32)
    rank[order] = np.arange(1, len(ids) + 1)
    dictionary = pa.array(names)
    columns = {
        "customer_id": ids,
        "churn_probability": probability,
        "log_odds": log_odds,
        "percentile": (100 * (1 - (rank - 1) / len(ids))).astype(np.float32),
        "rank": rank,
    }
    for i in range(REASONS):
        columns[f"reason_{i + 1}"] = pa.DictionaryArray.from_arrays(
            pa.array(reasons[:, i], mask=reasons[:, i] < 0), dictionary)
        columns[f"reason_{i + 1}_contribution"] = shares[:, i]
    table = pa.table(columns)
    pq.write_table(table.take(pa.array(order)), args.out / "scores.parquet", compression="zstd")
    top = table.take(pa.array(order[: args.capacity]))
    pa.csv.write_csv(pa.table({n: c.cast(pa.string()) if "reason" in n and "contr" not in n else c
                               for n, c in zip(top.column_names, top.columns)}), args.out / "at_risk.csv")
    phases.done("publish")
    json.dump(
        {
            "program": f"{engine} + {model.name}",
            "seconds": time.perf_counter() - STARTED,
            "phases": phases.seconds,
            "auc": auc,
            "training_rows": trained,
            "evaluation_rows": counts[-1],
            "scored_rows": len(ids),
            "columns": len(names),
            "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        },
        sys.stdout,
        indent=1,
    )


ARGUMENTS = arguments()
