"""What the files for people cost: `churn score` of a million customers with a list of 10,000, with Parquet and CSV
alone and with all formats, in turn.

    python benches/formats.py [--churn target/release/churn] [--customers 1000000] [--listed 10000] [--runs 3]
                              [--keep FOLDER]

Needs nothing but Python. A population is simulated and a model trained on it by `benches/churn.toml`, unless they are
in the folder already; then each turn scores the same date twice, into a folder of lists of its own each.
"""

import argparse
import shutil
from pathlib import Path
from statistics import median

from measuring import in_folder, program

AS_OF = "2026-06-01"  # The end of the history.
FORMATS = {
    "Parquet and CSV": '["parquet", "csv"]',
    "all formats": '["parquet", "csv", "csv_plain", "xlsx", "html"]',
}


def prepared(folder):
    """A population and a model in a folder."""
    shutil.copy(Path(__file__).parent / "churn.toml", folder)
    if not (folder / "population/customers.parquet").exists():
        churn(
            folder, "-q", "simulate", "--customers", given.customers, "--days", 365, "--seed", 1, "--out", "population"
        )
    if not (folder / "churn/models").exists():
        churn(folder, "-q", "train", "--promote", "always")


def measure(folder):
    """The medians of each set of formats, told turn by turn."""
    prepared(folder)
    runs = {name: [] for name in FORMATS}
    for turn in range(given.runs):
        for name, formats in FORMATS.items():
            how = dict(list__capacity=given.listed, publish__formats=formats, paths__lists=f"lists/{len(formats)}")
            run = churn(folder, "-q", "score", "--as-of", AS_OF, **how)
            runs[name].append(run)
            print(
                f"{turn + 1} {name:<16} {run['seconds']:6.2f} s {run['cpu']:6.2f} s CPU {run['peak'] / 2**20:6.0f} MiB",
                flush=True,
            )
    few, all_of_them = ([median(run[what] for run in runs[name]) for what in ("seconds", "cpu")] for name in FORMATS)
    seconds, cpu = (of_all / of_few for of_all, of_few in zip(all_of_them, few))
    print(f"all formats take {seconds:.2f} times as long, and {cpu:.2f} times the processor time")


def parsed():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--churn", default="target/release/churn")
    arguments.add_argument("--customers", type=int, default=1_000_000)
    arguments.add_argument("--listed", type=int, default=10_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--keep", type=Path, help="where population and model are made and stay, to be used again")
    return arguments.parse_args()


if __name__ == "__main__":
    given = parsed()
    churn = program(given.churn)
    in_folder(given.keep, measure)
