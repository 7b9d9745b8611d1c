"""The logistic fit alone: scikit-learn's two fast solvers and ours on one synthetic matrix, to the same optimum.

The matrix is written to a binary file that our program reads: rows and columns (u64), the values (f32, column after
column), the labels (u8), all little-endian. The optimum is checked by one yardstick for all, computed here in double
precision: the largest entry of the gradient of the penalised mean log-loss.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits


def population(rows: int, columns: int, seed: int = 1):
    """Correlated, standardised columns and about 4 % churners."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, columns), dtype=np.float32)
    x += random.standard_normal((rows, 1), dtype=np.float32)
    x -= x.mean(axis=0)
    x /= x.std(axis=0)
    weights = random.standard_normal(columns) / np.sqrt(columns)
    log_odds = x @ weights.astype(np.float32) - 3.6
    return x, (random.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(np.uint8)


def gradient_norm(x, y, coefficients, intercept, alpha) -> float:
    total, miss = np.zeros(x.shape[1]), 0.0
    for first in range(0, len(y), 65_536):
        rows = x[first : first + 65_536].astype(np.float64)
        residual = 1 / (1 + np.exp(-(rows @ coefficients + intercept))) - y[first : first + 65_536]
        total += rows.T @ residual
        miss += residual.sum()
    return float(max(np.abs(total / len(y) + alpha * coefficients).max(), abs(miss / len(y))))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--columns", type=int, required=True)
    parser.add_argument("--alpha", type=float, required=True)
    parser.add_argument("--ours", required=True, help="our program")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    x, y = population(args.rows, args.columns)
    file = args.folder / f"matrix-{args.rows}x{args.columns}.bin"
    if not file.exists():
        with file.open("wb") as out:
            np.array(x.shape, dtype="<u8").tofile(out)
            np.asfortranarray(x).T.tofile(out)
            y.tofile(out)

    seconds, fits = {}, {}
    double = x.astype(np.float64)
    solvers = {
        "newton-cholesky, float64": (double, dict(solver="newton-cholesky", tol=1e-8)),
        "newton-cholesky, float32": (x, dict(solver="newton-cholesky", tol=1e-4)),
        "lbfgs, float64": (double, dict(solver="lbfgs", tol=1e-8, max_iter=1000)),
    }
    for _ in range(args.runs):
        command = [args.ours, "--matrix", str(file), "--alpha", str(args.alpha)]
        ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        seconds.setdefault("churn", []).append(ours["seconds"])
        fits["churn"] = (np.array(ours["coefficients"]), ours["intercept"], ours["iterations"])
        for solver, (matrix, settings) in solvers.items():
            for threads in (1, os.cpu_count()):
                model = LogisticRegression(C=1 / (args.rows * args.alpha), **settings)
                name = f"{solver}, {threads} BLAS thread{'s' if threads > 1 else ''}"
                started = time.perf_counter()
                with threadpool_limits(threads, user_api="blas"):
                    model.fit(matrix, y)
                seconds.setdefault(name, []).append(time.perf_counter() - started)
                fits[name] = (model.coef_[0].astype(np.float64), float(model.intercept_[0]), int(model.n_iter_[0]))
    reference = fits["churn"][0]
    json.dump(
        {
            "rows": args.rows,
            "columns": args.columns,
            "programs": {
                name: {
                    "seconds": seconds[name],
                    "iterations": iterations,
                    "gradient_norm": gradient_norm(x, y, coefficients, intercept, args.alpha),
                    "coefficient_difference": float(np.abs(coefficients - reference).max()),
                }
                for name, (coefficients, intercept, iterations) in fits.items()
            },
        },
        sys.stdout,
    )


main()
