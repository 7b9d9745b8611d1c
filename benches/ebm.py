"""Tables with folds of their own: how good and how fast trainings are, beside InterpretML's EBM in the same run.

    cargo build --release && pip install -r notebooks/requirements.txt
    CHURN_REAL_DATA=../shared/data python benches/ebm.py target/release/churn iranian_churn ecommerce_churn

Ours is `churn train`: a model without each of the folds, and one of all rows. The EBM has 8 outer bags and its
defaults otherwise, learns from the same rows of each fold, and gets texts as categories and nulls as they are. Both are
judged on the rows held out, as the mean over the folds; a training is the time divided by the number of them.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from measuring import measured

CONFIG = '[table]\nid = "customer_id"\nlabel = "churned"\nfold = "fold"\n'


def peer(file: str) -> None:
    """Runs in a process of its own, which is what is measured."""
    from interpret.glassbox import ExplainableBoostingClassifier
    from sklearn.metrics import log_loss, roc_auc_score

    table = pl.read_parquet(file)
    fold, y = table["fold"].to_numpy(), table["churned"].cast(pl.Int8).to_numpy()
    x = table.drop("customer_id", "churned", "fold").to_pandas()

    aucs, losses = [], []
    for held_out in np.unique(fold):
        model = ExplainableBoostingClassifier(outer_bags=8, random_state=1)
        model.fit(x[fold != held_out], y[fold != held_out])
        p = model.predict_proba(x[fold == held_out])[:, 1]
        aucs.append(roc_auc_score(y[fold == held_out], p))
        losses.append(log_loss(y[fold == held_out], p))
    print(json.dumps({"auc": np.mean(aucs), "log_loss": np.mean(losses), "trainings": len(aucs)}))


def row(table: str, program: str, run: dict, auc: float, log_loss: float, trainings: int) -> None:
    each = [run["seconds"] / trainings, run["cpu"] / trainings]
    print(
        f"| {table} | {program} | {auc:.4f} | {log_loss:.4f} | {each[0]:.2f} | {each[1]:.2f} | {trainings} |",
        flush=True,
    )


def main(churn: str, names: list[str]) -> None:
    data = Path(os.environ.get("CHURN_REAL_DATA", "../shared/data")).resolve()
    print("| table | program | AUC | log-loss | seconds a training | CPU seconds a training | trainings |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        file = data / name / "snapshot.parquet"
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "churn.toml").write_text(CONFIG)
            ours = measured([Path(churn).resolve(), "train", "--features", file, "--promote", "never"], Path(folder))
            model = json.loads((Path(folder) / "models/v0001/model.json").read_text())
            theirs = measured([sys.executable, Path(__file__).resolve(), "--peer", file], Path(folder))
        folds = model["evaluation"]["folds"]
        mean, count = folds["mean"], len(folds["by_fold"])
        row(name, "churn", ours, mean["roc_auc"], mean["log_loss"], count + 1)
        found = json.loads(theirs["out"])
        row(name, "EBM", theirs, found["auc"], found["log_loss"], found["trainings"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("churn", nargs="?", help="the program")
    parser.add_argument("tables", nargs="*", help="names of folders in CHURN_REAL_DATA")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        peer(arguments.peer)
    else:
        main(arguments.churn, arguments.tables)
