"""Customer ids of five kinds: `churn score` on one population, its ids spelt in five ways, timed in turn.

    ids.py --churn PROGRAM --folder FOLDER [--customers N] [--runs N]      prints a Markdown table

Needs pyarrow (`peers/requirements.txt`), which writes the files of all five, integers too, so that they differ in ids alone.
"""

import argparse
import random
import shutil
import statistics
import subprocess
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from measuring import measured

HERE = Path(__file__).resolve().parent
DAYS, SEED, SCORE = 365, 1, "2026-06-01"
MODEL = ["--set", "model.complexity=linear", "--set", "model.alpha=1e-4"]
SPELLINGS = {
    "dense integers": lambda number: number,
    "strings that are numbers in disguise": lambda number: f"C{number:08}",
    "integers with wide gaps": lambda number: 100_003 * number + 7,
    "strings of ten random hexadecimal digits": lambda number: f"{random.getrandbits(40):010X}",
    "UUIDs, spelt as strings": lambda number: str(uuid.UUID(int=random.getrandbits(128))),
}


def respell(source: Path, target: Path, ids: pa.Array) -> None:
    """Copies a population, with `ids[n]` in the place of the customer number `n`."""
    for file in source.rglob("*.parquet"):
        out = target / file.relative_to(source)
        out.parent.mkdir(parents=True, exist_ok=True)
        reader, writer = pq.ParquetFile(file), None
        for group in range(reader.num_row_groups):
            table = reader.read_row_group(group)
            place = table.column_names.index("customer_id")
            table = table.set_column(place, "customer_id", ids.take(table["customer_id"].combine_chunks()))
            if file.name == "customers.parquet":
                table = table.sort_by("customer_id")
            writer = writer or pq.ParquetWriter(out, table.schema, compression="zstd", compression_level=1)
            writer.write_table(table, row_group_size=max(1, len(table)))
        writer.close()


def prepare(churn: Path, folder: Path, customers: int) -> dict[str, Path]:
    """A folder for each spelling, with a model, made if absent."""
    source, folders = folder / "simulated", {}
    if not source.exists():
        arguments = ["--customers", customers, "--days", DAYS, "--seed", SEED, "--out", source, "-q"]
        subprocess.run([str(part) for part in [churn, "simulate", *arguments]], check=True, stdout=subprocess.DEVNULL)
    random.seed(SEED)
    for place, (name, spell) in enumerate(SPELLINGS.items()):
        folders[name] = folder / str(place)
        # Random ids are drawn whether or not they are needed: another run draws the same.
        ids = pa.array([spell(number) for number in range(customers + 1)])
        if not (folders[name] / "population").exists():
            respell(source, folders[name] / "population", ids)
            shutil.copy(HERE / "churn.toml", folders[name])
        shutil.rmtree(folders[name] / "churn", ignore_errors=True)
        measured([churn, *MODEL, "-q", "train"], folders[name])
    return folders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--churn", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--customers", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=12)
    options = parser.parse_args()
    churn, folder = options.churn.absolute(), options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    folders = prepare(churn, folder, options.customers)
    runs = {name: [] for name in folders}
    for _ in range(options.runs):
        for name, place in folders.items():
            runs[name].append(measured([churn, "-q", "score", "--as-of", SCORE], place))
    middle = {name: {key: statistics.median(run[key] for run in made) for key in ("seconds", "cpu")}
              for name, made in runs.items()}
    first = next(iter(middle.values()))
    print("| ids | files, MB | elapsed, s | processor time, s |\n|---|---|---|---|")
    for name, of in middle.items():
        size = sum(file.stat().st_size for file in (folders[name] / "population").rglob("*.parquet")) / 1e6
        elapsed, cpu = (f"{of[key]:.2f} ({of[key] / first[key]:.2f})" for key in ("seconds", "cpu"))
        print(f"| {name} | {size:.0f} | {elapsed} | {cpu} |")


if __name__ == "__main__":
    main()
