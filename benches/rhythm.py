"""What the whole history adds to windows, on simulated populations of different rhythms.

    cargo build --release && python benches/rhythm.py target/release/churn

Each population has 8,000 customers and a history of 540 days. `churn init` proposes the settings; the default model is
trained with `features.lifetime` off and on, from the same dates, and judged on the customers of a later date whose label
the training has not seen. Of each population there are three draws. A row says by how much the AUC and the log-loss on
that date change with the whole history, with standard errors.
"""

import datetime as dt
import pathlib
import subprocess
import sys
import tempfile
import tomllib

import numpy as np
import polars as pl
from sklearn.metrics import log_loss, roc_auc_score

CHURN = str(pathlib.Path(sys.argv[1]).resolve())
CUSTOMERS, DAYS, DRAWS = 8_000, 540, 3
START = dt.date(2024, 1, 1)


def renewals(random, pause, shape, begin, end):
    """Days of rows with gamma pauses of that mean: with shape 1 they are of chance alone, with more regular."""
    days, day = [], begin + random.random() * pause
    while day < end:
        days.append(day)
        day += random.gamma(shape, pause / shape)
    return days


def shop(random, median, spread, shape, stays):
    """Customers of a shop: each has a pause of their own, and one day does not come back."""
    rows = []
    for customer in range(CUSTOMERS):
        begin = random.uniform(-200, 0.8 * DAYS)
        pause = median * np.exp(spread * random.normal())
        end = begin + random.exponential(stays)
        rows += [(customer, day) for day in renewals(random, pause, shape, begin, min(end, DAYS)) if day >= 0]
    return rows, None


def bursts(random):
    """Customers who come in bursts, some twice a year and some every month."""
    rows = []
    for customer in range(CUSTOMERS):
        begin, end = random.uniform(-200, 0.8 * DAYS), DAYS
        end = min(end, begin + random.exponential(500))
        for burst in renewals(random, random.choice([30, 90, 180]), 3, begin, end):
            days = burst + np.cumsum(random.exponential(1.5, random.geometric(0.25)))
            rows += [(customer, day) for day in days if 0 <= day < end]
    return rows, None


def contract(random, declines):
    """Customers of a contract, who cancel; before that some of them come less often for 60 days."""
    rows, churned = [], []
    for customer in range(CUSTOMERS):
        begin = random.uniform(-400, 0.8 * DAYS)
        pause = 3 * np.exp(0.8 * random.normal())
        end = begin + random.exponential(700)
        turn = end - 60 if declines and random.random() < 0.7 else end
        days = renewals(random, pause, 1, begin, min(turn, DAYS))
        days += renewals(random, 4 * pause, 1, min(turn, DAYS), min(end, DAYS))
        rows += [(customer, day) for day in days if day >= 0]
        if 0 <= end < DAYS:
            churned.append((customer, end))
    return rows, churned


POPULATIONS = {
    "shop, every 20 days, regular": lambda random: shop(random, 20, 0.8, 6, 400),
    "shop, every 20 days, by chance": lambda random: shop(random, 20, 0.8, 1, 400),
    "shop, every 60 days, regular": lambda random: shop(random, 60, 0.6, 6, 500),
    "shop, every 60 days, by chance": lambda random: shop(random, 60, 0.6, 1, 500),
    "shop, all alike, by chance": lambda random: shop(random, 20, 0.0, 1, 400),
    "bursts": bursts,
    "contract, silence before the end": lambda random: contract(random, True),
    "contract, no sign before the end": lambda random: contract(random, False),
}


def write(folder, rows, churned):
    """Writes the tables of a population; without cancellations whoever falls silent has left."""
    start = dt.datetime.combine(START, dt.time())
    times = lambda pairs: [start + dt.timedelta(days=float(day)) for _, day in pairs]
    present = sorted({customer for customer, _ in rows})
    pl.DataFrame({"customer_id": present}).write_parquet(folder / "customers.parquet")
    ids = [customer for customer, _ in rows]
    pl.DataFrame({"customer_id": ids, "ts": times(rows)}).write_parquet(folder / "orders.parquet")
    if churned is not None:
        ids = [customer for customer, _ in churned]
        table = pl.DataFrame({"customer_id": ids, "churned_on": [t.date() for t in times(churned)]})
        table.write_parquet(folder / "churn.parquet")


def churn(folder, *arguments):
    run = subprocess.run([CHURN, "--format", "json", *arguments], cwd=folder, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"churn {' '.join(arguments)}: {run.returncode}\n{run.stderr}")


def judged(folder, lifetime, date):
    """The AUC and the log-loss on the customers of a date, of a model that has not seen their labels."""
    settings = ["--set", f"features.lifetime={lifetime}", "--set", f"paths.models=models-{lifetime}"]
    settings += ["--set", f"paths.lists=lists-{lifetime}", "--set", "gates.max_staleness_days=3000"]
    settings += ["--set", "gates.min_customers=1", "--set", "gates.min_churners=1"]
    churn(folder, *settings, "train", "--as-of", str(date), "--promote", "always")
    churn(folder, *settings, "score", "--as-of", str(date))
    scores = pl.read_parquet(folder / f"lists-{lifetime}/as_of={date}/scores.parquet")
    churn(folder, "features", "--as-of", str(date), "--labels", "--out", "labels.parquet")
    labels = pl.read_parquet(folder / "labels.parquet").select("customer_id", "churned")
    both = scores.join(labels, on="customer_id").filter(pl.col("churned").is_not_null())
    y, p = both["churned"].to_numpy(), both["churn_probability"].to_numpy()
    return roc_auc_score(y, p), log_loss(y, p)


print("| population | median pause, days | AUC | with the history | log-loss | with the history |")
print("|---|---|---|---|---|---|")
for name, population in POPULATIONS.items():
    found = []
    for draw in range(DRAWS):
        random = np.random.default_rng(100 + draw)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            data = folder / "data"
            data.mkdir()
            rows, churned = population(random)
            write(data, rows, churned)
            churn(folder, "init", ".", "--from", "data")
            settings = tomllib.loads((folder / "churn.toml").read_text())["churn"]
            gap, horizon = settings["gap_days"], settings["horizon_days"]
            date = START + dt.timedelta(days=DAYS - gap - horizon - 1)
            off, on = judged(folder, "false", date), judged(folder, "true", date)
            days = pl.DataFrame({"c": [c for c, _ in rows], "d": [int(d) for _, d in rows]}).unique().sort("c", "d")
            pause = days.select(pl.col("d").diff().over("c")).to_series().median()
            found.append((pause, off[0], on[0] - off[0], off[1], on[1] - off[1]))
    mean = np.mean(found, axis=0)
    error = np.std(found, axis=0, ddof=1) / DRAWS**0.5
    print(
        f"| {name} | {mean[0]:.0f} | {mean[1]:.4f} | {mean[2]:+.4f} ± {error[2]:.4f} "
        f"| {mean[3]:.4f} | {mean[4]:+.4f} ± {error[4]:.4f} |",
        flush=True,
    )
