"""What a training on a sample of the customers loses against one on all of them.

    CHURN_BIN=target/release/churn PYTHONPATH=python python benches/samples.py [--customers 3000000] [--days 270]

A simulated population. A fifth of its customers are held out; of the others, samples are drawn by the hash by which
`churn_risk.spark` draws them (`sample`), several of each size, and each is trained on, by the features and labels of
one date. What counts is how well each model tells who of the held-out customers leaves, on a later date whose labels
begin after those of the training have ended: AUC, log-loss, and lift of the first per cent and of the first tenth, each
as the difference from the model of all. Intervals are of the customers who are held out, by the bootstrap, each time
with one of the samples of a size: so they hold the chance of the draw as well. Needs the packages of
notebooks/requirements.txt, and Java.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from churn_risk.spark._churn import _drawn
from measuring import program
from pyspark.sql import SparkSession

TRAINING, HELD_OUT = "2026-03-10", "2026-04-20"
SHARES = {0.03: 5, 0.1: 3, 0.3: 2}
RESAMPLES = 500
# The draw of those who are held out is another one than those of the samples.
HELD_OUT_SEED = 1_000

arguments = argparse.ArgumentParser()
arguments.add_argument("--folder", type=Path, default=Path("~/.cache/churn-risk/bench/samples").expanduser())
arguments.add_argument("--customers", type=int, default=3_000_000)
arguments.add_argument("--days", type=int, default=270)
arguments.add_argument("--complexity", default="auto")
given = arguments.parse_args()
churn = program(os.environ["CHURN_BIN"])
folder = given.folder / str(given.customers)


def tables(spark: SparkSession) -> None:
    """The features and labels of both dates, in a file for each sample and one for those who are held out."""
    folder.mkdir(parents=True)
    size = "--customers", str(given.customers), "--days", str(given.days)
    found = churn(folder, "simulate", *size, "--seed", "1", "--out", "population", "-q")
    print(f"simulated in {found['cpu']:.0f} s of processor time", file=sys.stderr, flush=True)
    shutil.copy(Path(__file__).with_name("churn.toml"), folder)
    for date in (TRAINING, HELD_OUT):
        found = churn(folder, "features", "--as-of", date, "--labels", "--out", f"{date}.parquet")
        print(f"features of {date}: {found['cpu']:.0f} s of processor time", file=sys.stderr, flush=True)
    shutil.rmtree(folder / "population")

    is_held_out = _drawn("customer_id", HELD_OUT_SEED, 0.2)
    rows = spark.read.parquet(str(folder / f"{HELD_OUT}.parquet"))
    rows.where(is_held_out).where("churned IS NOT NULL").write.parquet(str(folder / "held_out"))
    rows = spark.read.parquet(str(folder / f"{TRAINING}.parquet")).where(f"NOT {is_held_out}")
    rows.write.parquet(str(folder / "all"))
    for share, samples in SHARES.items():
        for seed in range(samples):
            rows.where(_drawn("customer_id", seed, share)).write.parquet(str(folder / f"{share}_{seed}"))


def scored(sample: str) -> tuple[np.ndarray, float]:
    """The risks of the held-out customers by the model of a sample, by id, and the processor time of the training. What
    was found is kept, and not done again by who begins again."""
    kept = folder / f"risks_{sample}.npz"
    if kept.exists():
        with np.load(kept) as found:
            return found["risks"], float(found["cpu"])
    lists = f"lists_{sample}"
    paths = dict(paths__models=f"models_{sample}", paths__lists=lists)
    config = folder / "table.toml"
    config.write_text('[table]\nid = "customer_id"\nlabel = "churned"\nas_of = "as_of"\n')
    how = dict(model__complexity=given.complexity, gates__drift="off", **paths)
    words = "--config", "table.toml"
    trained = churn(folder, *words, "train", "--features", sample, "--promote", "always", **how)
    how["publish__formats"] = '["parquet"]'
    churn(folder, *words, "score", "--features", "held_out", "--as-of", HELD_OUT, **how)
    path = folder / lists / f"as_of={HELD_OUT}/scores.parquet"
    scores = pq.read_table(path, columns=["customer_id", "churn_probability"], partitioning=None)
    shutil.rmtree(folder / lists)
    risks = scores.sort_by("customer_id")["churn_probability"].to_numpy()
    np.savez(kept, risks=risks, cpu=trained["cpu"])
    return risks, trained["cpu"]


def figures(risks: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUC, log-loss, and the lift of the first per cent and of the first tenth."""
    order = np.argsort(-risks, kind="stable")
    left, weight = labels[order] * weights[order], weights[order]
    stayed = weight - left
    # Of equal risks, each pair counts half.
    ends = np.flatnonzero(np.append(np.diff(risks[order]) != 0, True))
    left_in, stayed_in = (np.diff(np.append(0, np.cumsum(part)[ends])) for part in (left, stayed))
    stayed_after = stayed.sum() - np.cumsum(stayed_in)
    auc = (left_in * (stayed_after + 0.5 * stayed_in)).sum() / (left.sum() * stayed.sum())
    sure = np.clip(risks, 1e-12, 1 - 1e-12)
    loss = -(weights * np.where(labels == 1, np.log(sure), np.log1p(-sure))).sum() / weights.sum()
    seen, base = np.cumsum(weight), left.sum() / weight.sum()
    lifts = [left[seen <= share * weight.sum()].sum() / (share * weight.sum()) / base for share in (0.01, 0.1)]
    return np.array([auc, loss, *lifts])


os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
if not (folder / "all").exists():
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.driver.memory", "4g").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    tables(spark)
    spark.stop()

held_out = pq.read_table(folder / "held_out", columns=["customer_id", "churned"]).sort_by("customer_id")
labels = held_out["churned"].to_numpy()
whole, took = scored("all")
rows = pq.ParquetDataset(folder / "all").read(columns=["churned"]).num_rows
one = np.ones(len(labels))
of_all = figures(whole, labels, one)
print(f"{len(labels):,} customers held out, of whom {int(labels.sum()):,} leave\n")
print(
    "| trained on | rows | training, s of CPU | AUC | log-loss | lift, first 1 % | lift, first 10 % |\n|---|"
    + "---|" * 6
)
print(f"| all | {rows:,} | {took:.0f} | " + " | ".join(f"{value:.4f}" for value in of_all) + " |", flush=True)

for share, samples in SHARES.items():
    dice = np.random.default_rng(1)
    found = [scored(f"{share}_{seed}") for seed in range(samples)]
    rows = pq.ParquetDataset(folder / f"{share}_0").read(columns=["churned"]).num_rows
    differences = [figures(risks, labels, one) - of_all for risks, _ in found]
    drawn = []
    for turn in range(RESAMPLES):
        weights = dice.poisson(1.0, len(labels)).astype(float)
        drawn.append(figures(found[turn % samples][0], labels, weights) - figures(whole, labels, weights))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    mean = np.mean(differences, axis=0)
    cells = [f"{m:+.4f} ({a:+.4f} to {b:+.4f})" for m, a, b in zip(mean, low, high)]
    took = np.mean([cpu for _, cpu in found])
    print(f"| {100 * share:.0f} %, {samples} samples | {rows:,} | {took:.0f} | " + " | ".join(cells) + " |", flush=True)
