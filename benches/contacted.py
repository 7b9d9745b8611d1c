"""Whether a model that is trained again on outcomes which outreach has changed is right about customers left alone.

    python benches/contacted.py [--churn target/release/churn] [--customers 12000] [--populations 5]
                                [--complexity linear]

Simulated populations whose riskiest eighth is listed every two weeks: half of them are left alone, and nine in ten of
the others are saved who would have left. Models are trained on four snapshots with all rows (keep) and with the control
group in the place of the contacted (reweight), and judged on a later date: their mean risk on customers left alone, each
of whom stands for one over the chance of having been left alone, less the share of these that left.
"""

import argparse
import json
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from measuring import program

LISTS = [f"2026-{day}" for day in ["01-12", "01-26", "02-09", "02-23", "03-09", "03-23", "04-06", "04-20"]]
SNAPSHOTS = json.dumps(LISTS[1:5] + LISTS[-1:])
JUDGED = LISTS[-1]

arguments = argparse.ArgumentParser()
arguments.add_argument("--churn", default="target/release/churn")
arguments.add_argument("--customers", type=int, default=12_000)
arguments.add_argument("--populations", type=int, default=5)
arguments.add_argument("--complexity", default="linear")
given = arguments.parse_args()
churn = program(given.churn)


def miss(folder, contacted, outcomes):
    """Mean risk less the share that left, and what the training told."""
    how = dict(training__as_of=SNAPSHOTS, training__refit="false", training__contacted=contacted)
    how |= dict(model__complexity=given.complexity, paths__lists="lists")
    trained = churn(folder, "train", "--promote", "always", **how)["out"]
    churn(folder, "score", "--as-of", JUDGED, paths__lists=contacted, kpi__period="off")
    scores = pq.read_table(folder / contacted / f"as_of={JUDGED}/scores.parquet", partitioning=None)
    risks = dict(zip(scores["customer_id"].to_pylist(), scores["churn_probability"].to_pylist()))
    known = [(risks[customer], weight, left) for customer, weight, left in outcomes if customer in risks]
    return sum(w * (p - left) for p, w, left in known) / sum(w for _, w, _ in known), trained


for seed in range(1, given.populations + 1):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = ["--customers", str(given.customers), "--days", "540", "--seed", str(seed)]
        churn(folder, "simulate", *size, "--out", "data")
        churn(folder, "init", ".", "--from", "data")
        churn(folder, "train", "--as-of", LISTS[0], "--promote", "always", model__complexity="linear")
        for date in LISTS:
            lengths = dict(list__capacity=given.customers // 8, list__control_fraction=0.5)
            churn(folder, "score", "--as-of", date, paths__lists="lists", kpi__period="off", **lengths)
        churn(folder, "simulate", "--continue", "data", "--lists", "lists", "--save-rate", "0.9", "--out", "after")

        config = folder / "churn.toml"
        config.write_text(config.read_text().replace('"data/', '"after/'))
        churn(folder, "monitor", paths__monitor="monitor", paths__lists="lists")
        table = pq.read_table(folder / f"monitor/outcomes.parquet/as_of={JUDGED}/part.parquet", partitioning=None)
        columns = [table[column].to_pylist() for column in ("customer_id", "weight", "churned")]
        outcomes = [row for row in zip(*columns) if row[1] > 0 and row[2] is not None]
        (naive, _), (ours, told) = miss(folder, "keep", outcomes), miss(folder, "reweight", outcomes)
        rate = sum(w * left for _, w, left in outcomes) / sum(w for _, w, _ in outcomes)
        print(f"population {seed}: {rate:.4f} left; keep {naive:+.4f}, reweight {ours:+.4f}", flush=True)
        print("  " + next(line for line in told.splitlines() if line.startswith("Outreach: ")), flush=True)
