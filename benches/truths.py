"""Simulated truths: how near a model comes to the log-odds that labels were drawn with, beside InterpretML's EBM.

    cargo build --release && pip install -r notebooks/requirements.txt
    python benches/truths.py target/release/churn

Each table has eight features with values between -1 and 1, or levels, and labels drawn with log-odds that are known.
Models learn from some rows and are judged on 20,000 others by the log-loss above that of the truth itself, in
thousandths, as the mean over some tables with its standard error. Ours is the model of all rows of `churn train`; the
EBM has 8 outer bags and its defaults otherwise.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import expit

CONFIG = '[table]\nid = "customer_id"\nlabel = "churned"\n\n[gates]\nmin_customers = 0\nmin_churners = 0\n'
HELD_OUT, FEATURES = 20_000, 8


def corner(x, random):
    return 1.5 * x[:, 0] + 2.5 * ((x[:, 1] > 0.2) & (x[:, 2] < -0.1)) - 1.5


def quadrants(x, random):
    z = np.full(len(x), -0.5)
    for _ in range(12):
        a, b = random.choice(FEATURES, 2, replace=False)
        low, high = random.uniform(-0.5, 0.5, 2)
        z += random.choice([-1.2, 1.2]) * ((x[:, a] > low) & (x[:, b] > high))
    return z


def curves(x, random):
    return 2 * np.sin(3 * x[:, 0]) + 3 * x[:, 1] ** 2 + np.abs(2 * x[:, 2]) + 1.5 * x[:, 3] - 2.5


def steps(x, random):
    z = np.full(len(x), -1.0)
    for feature in range(4):
        for edge in random.uniform(-0.9, 0.9, 6):
            z += random.choice([-1.0, 1.0]) * (x[:, feature] > edge)
    return z


def linear(x, random):
    return x @ np.array([1.5, -1, 0.8, 0.5, 0.3, 0, 0, 0]) - 1


def products(x, random):
    return 2 * x[:, 0] * x[:, 1] - 2 * x[:, 2] * x[:, 3] + x[:, 4] - 0.5


def cells(x, random):
    """Of levels without an order: a table of its own for each of three pairs."""
    level = np.floor((x + 1) * 4).astype(int).clip(0, 7)
    tables = random.normal(0, 1.2, (3, 8, 8))
    return sum(table[level[:, 2 * pair], level[:, 2 * pair + 1]] for pair, table in enumerate(tables)) - 1


def noise(x, random):
    return np.full(len(x), -1.0)


TRUTHS = [
    (corner, 3_000),
    (corner, 8_000),
    (quadrants, 8_000),
    (curves, 3_000),
    (steps, 8_000),
    (linear, 3_000),
    (products, 8_000),
    (cells, 3_000),
    (cells, 8_000),
    (noise, 3_000),
]


def table(truth, rows: int, seed: int):
    """All rows with their log-odds, those to learn from first."""
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (rows + HELD_OUT, FEATURES)).round(3)
    z = truth(x, random)
    y = random.random(len(x)) < expit(z)
    if truth is cells:
        x = np.floor((x + 1) * 4).clip(0, 7)
    columns = {"customer_id": np.arange(len(x)), "churned": y}
    columns |= {f"x{place}": x[:, place] for place in range(FEATURES)}
    return pl.DataFrame(columns), z


def log_loss(y, p) -> float:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(y, np.log(p), np.log1p(-p))))


def ours(churn: Path, learned, judged):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "churn.toml").write_text(CONFIG)
        learned.write_parquet(folder / "learned.parquet")
        judged.drop("churned").write_parquet(folder / "judged.parquet")
        train = ["train", "--features", "learned.parquet", "--promote", "always"]
        score = ["score", "--features", "judged.parquet", "--as-of", "2026-01-01"]
        for arguments in (train, score):
            subprocess.run([churn, *arguments], cwd=folder, check=True, capture_output=True)
        model = json.loads((folder / "models/v0001/model.json").read_text())
        scores = pl.read_parquet(folder / "out/lists/as_of=2026-01-01/scores.parquet")
    scores = judged.select("customer_id").join(scores, on="customer_id", how="left", maintain_order="left")
    return scores["churn_probability"].to_numpy(), model["comparison"]["chosen"]


def theirs(learned, judged):
    from interpret.glassbox import ExplainableBoostingClassifier

    x, others = (rows.drop("customer_id", "churned").to_pandas() for rows in (learned, judged))
    model = ExplainableBoostingClassifier(outer_bags=8, random_state=1).fit(x, learned["churned"].to_numpy())
    return model.predict_proba(others)[:, 1]


def main(churn: str, tables: int, peer: bool) -> None:
    churn = Path(churn).resolve()
    print("| truth | rows | churn | EBM | chosen |\n|---|---:|---:|---:|---|")
    for truth, rows in TRUTHS:
        excess, chosen = [], []
        for seed in range(tables):
            rows_of, z = table(truth, rows, seed)
            learned, judged = rows_of[:rows], rows_of[rows:]
            y = judged["churned"].to_numpy()
            p, complexity = ours(churn, learned, judged)
            losses = [p] + ([theirs(learned, judged)] if peer else [])
            excess.append([log_loss(y, p) - log_loss(y, expit(z[rows:])) for p in losses])
            chosen.append(complexity)
        means = 1_000 * np.mean(excess, axis=0)
        errors = 1_000 * np.std(excess, axis=0, ddof=1) / np.sqrt(tables)
        figures = [f"{mean:.1f} ± {error:.1f}" for mean, error in zip(means, errors)] + [""] * (not peer)
        counts = ", ".join(f"{name} {chosen.count(name)}" for name in dict.fromkeys(chosen))
        print(f"| {truth.__name__} | {rows:,} | {figures[0]} | {figures[1]} | {counts} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("churn", help="the program")
    parser.add_argument("--tables", type=int, default=5, help="tables of each kind")
    parser.add_argument("--without-peer", action="store_true", help="leave the EBM out")
    arguments = parser.parse_args()
    main(arguments.churn, arguments.tables, not arguments.without_peer)
