"""Customer ids of five kinds: `churn score` on one population, its ids spelt in five ways, timed in turn; then scan and features
beside the decoding of the same columns alone, and the peers' features.

    ids.py --churn PROGRAM --scan BENCH --folder FOLDER [--customers N] [--runs N]      prints two Markdown tables

BENCH is what `cargo bench --bench scan --no-run` names. Needs the packages of `peers/requirements.txt`; pyarrow writes the files of
all five, integers too, so that they differ in ids alone.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
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


def middle_of(runs: list[dict]) -> dict:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def scanned(scan: Path, place: Path) -> dict:
    """Processor seconds of scan and features, and of the decoding alone: again in one process, as memory is used again then."""
    result = json.loads(measured([scan, "--config", "churn.toml", "--as-of", SCORE], place)["out"])
    return {key: statistics.median(result[f"{key}_cpu_seconds"][1:]) for key in ("features", "floor")}


def peer(script: str, place: Path) -> dict:
    command = [sys.executable, HERE / "peers" / script, "--population", "population", "--train", SCORE, "--score", SCORE,
               "--out", "peer", "--features-only"]
    return {script: measured(command, place)["seconds"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--churn", type=Path, required=True)
    parser.add_argument("--scan", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--customers", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=12)
    options = parser.parse_args()
    churn, scan, folder = (path.absolute() for path in (options.churn, options.scan, options.folder))
    folder.mkdir(parents=True, exist_ok=True)
    folders = prepare(churn, folder, options.customers)
    scored = {name: [] for name in folders}
    for _ in range(options.runs):
        for name, place in folders.items():
            run = measured([churn, "-q", "score", "--as-of", SCORE], place)
            scored[name].append({key: run[key] for key in ("seconds", "cpu")})
    beside = {name: [] for name in folders}
    for _ in range(max(1, options.runs // 4)):
        for name, place in folders.items():
            beside[name].append(scanned(scan, place) | peer("with_polars.py", place) | peer("with_duckdb.py", place))
    dense = next(iter(folders))
    cell = lambda of, key: f"{of[key]:.2f} ({of[key] / first[key]:.2f})"
    first = middle_of(scored[dense])
    print("| ids | files, MB | elapsed, s | processor time, s |\n|---|---|---|---|")
    for name, runs in scored.items():
        size = sum(file.stat().st_size for file in (folders[name] / "population").rglob("*.parquet")) / 1e6
        of = middle_of(runs)
        print(f"| {name} | {size:.0f} | {cell(of, 'seconds')} | {cell(of, 'cpu')} |")
    first = middle_of(beside[dense])
    print("\n| ids | decoding alone, s | scan and features, s | in times of it | Polars, s | DuckDB, s |\n|---|---|---|---|---|---|")
    for name, runs in beside.items():
        of = middle_of(runs)
        times, own = (one["features"] / one["floor"] for one in (of, first))
        print(f"| {name} | {cell(of, 'floor')} | {cell(of, 'features')} | {times:.2f} ({times / own:.2f}) "
              f"| {cell(of, 'with_polars.py')} | {cell(of, 'with_duckdb.py')} |")


if __name__ == "__main__":
    main()
