"""Simulated truths: in how many of 100 rows the 95 % band of a curve holds the true effect.

    cargo build --release && pip install -r notebooks/requirements.txt
    python benches/coverage.py target/release/churn

Each table has eight features, even, normal or skewed, and labels drawn with log-odds that are a sum of known effects;
in `clusters` customers have rows on five dates, whose labels depend on each other. What is judged is the published
model: over the training rows, the share of those whose band holds the true effect, which is centred as the curve is and
averaged over the rows of its bin, and the share of those whose own true effect it holds. The figures are means over the
curves of a kind with their standard errors, and the mean half of the bands.
"""

import argparse
import json
import subprocess
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import expit, ndtr

CONFIG = """[table]
id = "customer_id"
label = "churned"
{as_of}
categorical = [{levels}]

[gates]
min_customers = 0
min_churners = 0

[model]
complexity = "{complexity}"
"""
FEATURES, DATES = 8, 5
STRONG, WEAK, STEPS, LINE, LEVELS, NONE = "strong curves", "weak curves", "steps", "lines", "levels", "without effect"


def even(rows, random):
    return random.uniform(-1, 1, (rows, FEATURES)).round(3)


def normal(rows, random):
    x = random.normal(0, 1, (rows, FEATURES))
    x[:, 1] += 0.6 * x[:, 0]
    x[:, 5] += 0.8 * x[:, 2]
    return x.round(3)


def curves(rows, random):
    x = even(rows, random)
    effects = {0: 2 * np.sin(3 * x[:, 0]), 1: 3 * x[:, 1] ** 2, 2: np.abs(2 * x[:, 2]), 3: 1.5 * x[:, 3]}
    return x, effects, {0: STRONG, 1: STRONG, 2: STRONG, 3: LINE}, 0.4


def linear(rows, random):
    x = even(rows, random)
    effects = {at: slope * x[:, at] for at, slope in enumerate([1.5, -1, 0.8, 0.5, 0.3])}
    return x, effects, dict.fromkeys(effects, LINE), 0.3


def steps(rows, random):
    x = even(rows, random)
    # Of six steps each.
    stairs = [random.choice([-1.0, 1.0], 6) @ (x[:, at] > random.uniform(-0.9, 0.9, (6, 1))) for at in range(4)]
    return x, dict(enumerate(stairs)), dict.fromkeys(range(4), STEPS), 0.3


def weak(rows, random):
    x = even(rows, random)
    effects = {
        0: 0.4 * np.sin(3 * x[:, 0]),
        1: 0.6 * x[:, 1] ** 2,
        2: 0.3 * np.sign(x[:, 2]),
        3: 0.3 * x[:, 3],
        4: 0.5 * np.sin(6 * x[:, 4]),
    }
    return x, effects, {0: WEAK, 1: WEAK, 2: WEAK, 3: LINE, 4: WEAK}, 0.2


def mixed(rows, random, rate=0.25):
    x = normal(rows, random)
    effects = {
        0: 1.2 * np.sin(1.5 * x[:, 0]),
        1: 0.7 * np.abs(x[:, 1]),
        2: 1.5 * np.tanh(3 * x[:, 2]),
        3: 0.4 * np.exp(-4 * x[:, 3] ** 2),
        4: 0.6 * x[:, 4],
        5: 0.3 * np.sin(2 * x[:, 5]),
    }
    return x, effects, {0: STRONG, 1: STRONG, 2: STRONG, 3: WEAK, 4: LINE, 5: WEAK}, rate


def rare(rows, random):
    return mixed(rows, random, 0.06)


def skewed(rows, random):
    """With levels: of 15 that are ever rarer, and of 10 that say nothing."""
    x = normal(rows, random)
    x[:, [0, 2, 4]] = np.exp(x[:, [0, 2, 4]]).round(3)
    x[:, 6] = np.floor(np.exp(x[:, 6]))
    share = 0.8 ** np.arange(15)
    x[:, 7] = random.choice(15, rows, p=share / share.sum())
    x[:, 5] = random.choice(10, rows)
    effects = {
        0: -1.2 * np.log1p(x[:, 0]),
        1: 0.8 * x[:, 1],
        2: 2 * np.exp(-((1.5 * (x[:, 2] - 1)) ** 2)),
        3: 0.25 * np.cos(2 * x[:, 3]),
        4: 0.15 * np.minimum(x[:, 4], 4),
        6: -0.8 * (x[:, 6] == 0),
        7: random.normal(0, 0.6, 15)[x[:, 7].astype(int)],
    }
    return x, effects, {0: STRONG, 1: LINE, 2: STRONG, 3: WEAK, 4: WEAK, 5: LEVELS, 6: STRONG, 7: LEVELS}, 0.2


def clusters(rows, random):
    """Of the same customers on several dates: features that move little, a plan that stays."""
    of_customer = random.normal(0, 1, (rows // DATES, FEATURES)).repeat(DATES, axis=0)
    x = (0.9 * of_customer + 0.44 * random.normal(0, 1, of_customer.shape)).round(3)
    x[:, 6] = of_customer[:, 6].round(3)
    x[:, 7] = random.choice(8, rows // DATES).repeat(DATES)
    effects = {
        0: 1.2 * np.sin(1.5 * x[:, 0]),
        1: 0.7 * np.abs(x[:, 1]),
        2: 0.5 * np.tanh(2 * x[:, 2]),
        3: 0.6 * x[:, 3],
        6: 0.3 * x[:, 6],
        7: random.normal(0, 0.4, 8)[x[:, 7].astype(int)],
    }
    return x, effects, {0: STRONG, 1: STRONG, 2: WEAK, 3: LINE, 6: LINE, 7: LEVELS}, 0.2


TRUTHS = [curves, linear, steps, weak, mixed, rare, skewed, clusters]
KINDS = [STRONG, WEAK, STEPS, LINE, LEVELS, NONE]


def intercept(z, rate) -> float:
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if expit(z + middle).mean() > rate else (middle, high)
    return low


def table(truth, rows: int, seed: int):
    """The rows, the true effect of each feature in each of them, and the kind of each feature."""
    random = np.random.default_rng(seed)
    x, effects, kinds, rate = truth(rows, random)
    dates = DATES if truth is clusters else 1
    z = sum(effects.values())
    shared = random.normal(size=rows // dates).repeat(dates)
    latent = np.sqrt(0.6) * shared + np.sqrt(0.4) * random.normal(size=rows) if dates > 1 else shared
    y = ndtr(latent) < expit(z + intercept(z, rate))

    columns = {"customer_id": np.arange(rows) // dates, "churned": y}
    if dates > 1:
        columns["as_of"] = [date(2025, 1, 1) + timedelta(30 * place) for place in range(dates)] * (rows // dates)
    columns |= {f"x{at}": x[:, at] for at in range(FEATURES)}
    levels = [f"x{at}" for at, kind in kinds.items() if kind == LEVELS]
    frame = pl.DataFrame(columns).with_columns(pl.col(levels).cast(pl.Int64).cast(pl.String))
    return frame, effects, kinds


def model_of(churn: Path, frame, complexity: str):
    levels = [name for name in frame.columns if frame[name].dtype == pl.String]
    as_of = 'as_of = "as_of"' if "as_of" in frame.columns else ""
    config = CONFIG.format(levels=", ".join(f'"{name}"' for name in levels), complexity=complexity, as_of=as_of)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "churn.toml").write_text(config)
        frame.write_parquet(folder / "learned.parquet")
        train = [churn, "train", "--features", "learned.parquet", "--promote", "always"]
        subprocess.run(train, cwd=folder, check=True, capture_output=True)
        return json.loads((folder / "models/v0001/model.json").read_text()).get("additive")


def codes(bins, column):
    if bins["kind"] == "numeric":
        return np.searchsorted(np.array(bins["edges"], np.float32), column.to_numpy().astype(np.float32))
    known = {level: code for code, level in enumerate(bins["levels"])}
    return np.array([known.get(level, len(known)) for level in column])


def judged(model, frame, effects, kinds):
    """Of each curve: its kind, coverage of the bins' effects, of the rows' own, and the mean half of the band."""
    for term in model["terms"]:
        # A model with fine interactions has no bands.
        if term["lookup"]["kind"] != "curve" or "standard_errors" not in term:
            continue
        feature = model["features"][term["lookup"]["feature"]]
        at = int(feature["name"][1:])
        code = codes(feature["bins"], frame[feature["name"]])
        true = effects.get(at, np.zeros(len(frame)))
        true = true - true.mean()
        mean = np.bincount(code, true) / np.maximum(np.bincount(code), 1)
        half = 1.96 * np.array(term["standard_errors"])[code]
        found = np.array(term["table"])[code]
        covered = [np.mean(np.abs(found - truth) <= half) for truth in (mean[code], true)]
        yield kinds.get(at, NONE), (*covered, half.mean())


def main(churn: str, sizes: list[int], tables: int, complexity: str, truths: list[str]) -> None:
    churn = Path(churn).resolve()
    chosen = [truth for truth in TRUTHS if not truths or truth.__name__ in truths]
    everything = {}
    print("| truth | rows | curves | bins' effects held | rows' own held | half a band |")
    print("|---|---:|---|---:|---:|---:|")

    def show(name, rows, of_kind):
        for kind in (kind for kind in KINDS if kind in of_kind):
            figures = np.array(of_kind[kind])
            mean = 100 * figures[:, :2].mean(axis=0)
            error = 100 * figures[:, :2].std(axis=0, ddof=1) / np.sqrt(len(figures))
            shown = " | ".join(f"{m:.1f} ± {e:.1f}" for m, e in zip(mean, error))
            print(f"| {name} | {rows} | {kind}, {len(figures)} | {shown} | {figures[:, 2].mean():.3f} |", flush=True)

    for rows in sizes:
        for truth in chosen:
            of_truth, without = {}, 0
            for seed in range(tables):
                frame, effects, kinds = table(truth, rows, seed)
                model = model_of(churn, frame, complexity)
                bands = list(judged(model, frame, effects, kinds)) if model else []
                without += not bands
                for kind, figures in bands:
                    of_truth.setdefault(kind, []).append(figures)
                    everything.setdefault(kind, []).append(figures)
            show(truth.__name__, f"{rows:,}", of_truth)
            if without:
                print(f"| {truth.__name__} | {rows:,} | {without} of {tables} models without bands | | | |", flush=True)
    show("all", "", everything)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("churn", help="the program")
    parser.add_argument("--rows", type=int, nargs="+", default=[3_000, 10_000, 30_000], help="sizes of the tables")
    parser.add_argument("--tables", type=int, default=5, help="tables of each truth and size")
    parser.add_argument("--complexity", default="curves", help="of the models")
    parser.add_argument("--truths", nargs="*", default=[], help="which truths; all of them by default")
    arguments = parser.parse_args()
    main(arguments.churn, arguments.rows, arguments.tables, arguments.complexity, arguments.truths)
