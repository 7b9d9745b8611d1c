"""Wide tables in which nothing is to be learned: how long it takes to find that out, beside LightGBM.

    cargo build --release && pip install -r benches/peers/requirements.txt
    python benches/noise.py target/release/churn

Each table has 20,000 rows of normal noise and labels that depend on nothing, a fifth of them churners. Ours is
`churn train` on the Parquet file: five folds held out in turn, and a model of all rows, each with its own choice of
complexity. LightGBM fits 200 trees of 15 leaves at a rate of 0.05 on the same five folds and once on all rows. Both
print the AUC and the log-loss of the rows held out; the log-loss of the share of churners alone is .504.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from measuring import measured

ROWS, FOLDS, WIDTHS = 20_000, 5, (500, 2_000)


def write(file: Path, width: int) -> None:
    random = np.random.default_rng(1)
    columns = {"customer_id": np.arange(ROWS), "churned": random.random(ROWS) < 0.2, "fold": np.arange(ROWS) % FOLDS}
    columns |= {f"x{place}": random.standard_normal(ROWS).astype(np.float32) for place in range(width)}
    pl.DataFrame(columns).write_parquet(file)


def peer(file: str) -> None:
    """Runs in a process of its own, which is what is measured."""
    from peers.models import grown
    from sklearn.metrics import log_loss, roc_auc_score

    table = pl.read_parquet(file)
    fold, y = table["fold"].to_numpy(), table["churned"].to_numpy().astype(int)
    x = table.drop("customer_id", "churned", "fold").to_numpy()

    aucs, losses = [], []
    for held_out in range(FOLDS):
        p = grown(x[fold != held_out], y[fold != held_out]).predict(x[fold == held_out])
        aucs.append(roc_auc_score(y[fold == held_out], p))
        losses.append(log_loss(y[fold == held_out], p))
    grown(x, y)
    print(json.dumps({"auc": np.mean(aucs), "log_loss": np.mean(losses)}))


def main(churn: str) -> None:
    print("| columns | program | wall-clock, s | CPU, s | peak memory, GiB | AUC | log-loss | features used |")
    print("|---|---|---|---|---|---|---|---|")
    for width in WIDTHS:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            file = folder / "noise.parquet"
            write(file, width)

            ours = measured([Path(churn).resolve(), "train", "--features", file], folder)
            model = json.loads((folder / "models/v0001/model.json").read_text())
            metrics, used = model["evaluation"]["metrics"], len(model["additive"]["features"])
            row(width, "churn, its default", ours, metrics["roc_auc"], metrics["log_loss"], used)

            theirs = measured([sys.executable, __file__, "--peer", file], folder)
            found = json.loads(theirs["out"])
            row(width, "LightGBM", theirs, found["auc"], found["log_loss"], width)


def row(width, program, run, auc, log_loss, used) -> None:
    figures = f"{run['seconds']:.1f} | {run['cpu']:.1f} | {run['peak'] / 2**30:.2f} | {auc:.3f} | {log_loss:.4f}"
    print(f"| {width:,} | {program} | {figures} | {used:,} |", flush=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("churn", nargs="?", default="target/release/churn")
    arguments.add_argument("--peer", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    peer(given.peer) if given.peer else main(given.churn)
