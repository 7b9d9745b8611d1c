"""The benchmark: the whole job, ours and peers, checked to be the same job and then timed in turn.

    benches/run.sh [small|full]     10 million events, or 100 million

The populations, the environment with the pinned peers and all outputs live outside the repository, in
$CHURN_BENCH_DIR (default ~/.cache/churn-risk/bench). The result is docs/benchmarks-peers.md.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import report
from measuring import measured
from report import OURS, OURS_AUTO

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
CUSTOMERS = {"small": 100_000, "full": 1_000_000}
FIT_ROWS = {"small": 100_000, "full": 1_000_000}
FIT_COLUMNS = 60
TABLE_ROWS = {"small": 300_000, "full": 3_000_000}
DAYS, SEED = 365, 1
TRAIN = ["2026-02-01", "2026-03-10", "2026-04-20"]
SCORE = "2026-06-01"
ALPHA = 1e-4
# Those of the linear model, and those of a model that finds curves and interactions by itself.
PEERS = {"Polars + scikit-learn": ["with_polars.py"], "DuckDB + scikit-learn": ["with_duckdb.py"]}
BENT_PEERS = {"Polars + LightGBM": ["with_polars.py", "--model", "lightgbm"]}
# Trained on a sample of 10,000 rows, once: on all of them it does not finish.
SAMPLED_PEERS = {"Polars + EBM, a sample": ["with_polars.py", "--model", "ebm"]}
# Relative to 1 + |value|. All sides end in 32-bit floats, and we keep times to the second, 1.16e-5 days.
MAX_DIFFERENCE = 1.2e-5
MAX_AUC_DIFFERENCE = 0.01


def say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def prepared(options) -> tuple[Path, Path, Path, dict]:
    """The environment, the program and the population, made if absent."""
    options.folder.mkdir(parents=True, exist_ok=True)
    python = options.python
    if python is None:
        environment = options.folder / "venv"
        python = environment / "bin/python"
        requirements = HERE / "peers/requirements.txt"
        stamp = environment / "requirements.txt"
        if not stamp.exists() or stamp.read_text() != requirements.read_text():
            say("installing the pinned peers")
            subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", requirements], check=True)
            shutil.copy(requirements, stamp)
    say("building")
    churn, benches = built(options)
    folder = options.folder / options.size
    folder.mkdir(exist_ok=True)
    shutil.copy(HERE / "churn.toml", folder)
    if not (folder / "population/customers.parquet").exists():
        say(f"simulating {CUSTOMERS[options.size]:,} customers")
        command = [churn, "simulate", "--customers", CUSTOMERS[options.size], "--days", DAYS, "--seed", SEED]
        subprocess.run([str(part) for part in [*command, "--out", "population", "-q"]], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
    return python, churn, folder, benches


def built(options) -> tuple[Path, dict]:
    """Builds the program and the two Rust programs of this folder. Copies are run: a later build changes nothing."""
    command = ["cargo", "build", "--release", "--bin", "churn", "--bench", "scan", "--bench", "fit",
               "--locked", "--message-format=json"]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    folder = options.folder / "bin"
    folder.mkdir(exist_ok=True)
    programs = {
        m["target"]["name"]: shutil.copy(m["executable"], folder / m["target"]["name"])
        for m in messages if m.get("executable")
    }
    return options.churn or programs["churn"], programs


def output(script, *words) -> str:
    return "-".join([f"peers/{Path(script).stem}", *words[1:]])


def peer(python, script, *words, extra=()) -> list:
    return [python, HERE / "peers" / script, "--population", "population", "--train", ",".join(TRAIN),
            "--score", SCORE, "--alpha", ALPHA, "--out", output(script, *words), *words, *extra]


def check_features(python, churn, folder: Path) -> list[dict]:
    """Compares every column that a peer and we both have, on all training rows."""
    subprocess.run([str(c) for c in [churn, "-q", "features", "--labels", "--out", "features.parquet",
                                     *[x for day in TRAIN for x in ("--as-of", day)]]],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL)
    for words in PEERS.values():
        measured(peer(python, *words, extra=["--features-only"]), folder)
    out = measured([python, HERE / "peers/compare_features.py", "features.parquet",
                    *[output(*words) for words in PEERS.values()]], folder)["out"]
    results = json.loads(out)
    for name, result in zip(PEERS, results):
        result["program"] = name
        worst = max(column["relative"] for column in result["columns"].values())
        say(f"{name}: {result['rows']:,} rows and {len(result['columns'])} columns alike, largest difference {worst:.1e}")
        if result["labels_differ"] or worst > MAX_DIFFERENCE or any(c["nulls_differ"] for c in result["columns"].values()):
            sys.exit(f"the features of {name} are not ours:\n{json.dumps(result, indent=1)}")
    return results


def ours(churn, folder: Path, *settings) -> dict:
    shutil.rmtree(folder / "churn", ignore_errors=True)
    train = measured([churn, "-q", "--format", "json", *settings, "train"], folder)
    score = measured([churn, "-q", "--format", "json", *settings, "score", "--as-of", SCORE], folder)
    model = json.loads(next((folder / "churn/models").glob("v*/model.json")).read_text())
    model = model.get("model", model)
    manifest = json.loads(score["out"])["manifest"]
    return {
        "seconds": train["seconds"] + score["seconds"],
        "cpu": train["cpu"] + score["cpu"],
        "peak": max(train["peak"], score["peak"]),
        "phases": {"`churn train`": train["seconds"], "`churn score`": score["seconds"]},
        "auc": json.loads(train["out"])["evaluation"]["metrics"]["roc_auc"],
        "training_rows": model["rows"],
        "scored_rows": manifest["eligible"],
        "columns": len(model["coefficients"]) - 1,
        "features": len(model["catalogue"]["numeric"]),
        "alpha": model["alpha"],
    }


def theirs(python, words, folder: Path, blas_threads: int) -> dict:
    shutil.rmtree(folder / output(*words), ignore_errors=True)
    run = measured(peer(python, *words, extra=["--blas-threads", blas_threads]), folder)
    return json.loads(run["out"]) | {key: run[key] for key in ("seconds", "cpu", "peak")}


def fit(python, benches, folder: Path, size: str) -> dict:
    """The fit alone, on one synthetic matrix that both sides read."""
    out = measured([python, HERE / "peers/fit_sklearn.py", "--rows", FIT_ROWS[size], "--columns", FIT_COLUMNS,
                    "--alpha", ALPHA, "--ours", benches["fit"], "--folder", "fit"], folder)["out"]
    return json.loads(out)


def prepared_table(python, churn, folder: Path, size: str) -> dict:
    """Training on a prepared table, the default recipe included; once, as it is long."""
    out = measured([python, HERE / "peers/prepared_table.py", "--rows", TABLE_ROWS[size], "--churn", churn,
                    "--folder", "table"], folder)["out"]
    return json.loads(out)


def machine() -> dict:
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "memory": f"{memory:.0f} GiB",
            "system": f"{platform.system()} {platform.release()}"}


def first_line(*command) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY).stdout.split("\n")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", nargs="?", choices=CUSTOMERS, default=os.environ.get("SIZE", "full"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=os.environ.get("CHURN_BENCH_DIR", "~/.cache/churn-risk/bench"))
    parser.add_argument("--report", type=Path, default=REPOSITORY / "docs/benchmarks-peers.md")
    parser.add_argument("--python", type=Path, help="an interpreter that has the peers, instead of a new environment")
    parser.add_argument("--churn", type=Path, help="a program to measure, instead of building this one")
    options = parser.parse_args()
    options.folder = Path(options.folder).expanduser().resolve()
    load = os.getloadavg()[0]
    python, churn, folder, benches = prepared(options)
    # Absolute, but not resolved: an interpreter finds its environment by the path it is called by.
    python, churn = python.absolute(), churn.absolute()

    say("checking that the features are the same")
    compared = check_features(python, churn, folder)
    runs = {name: [] for name in (OURS, *PEERS, OURS_AUTO, *BENT_PEERS, *SAMPLED_PEERS)}
    scans = []
    blas_threads = int(measured([python, HERE / "peers/blas_threads.py"], folder)["out"])
    dates = [x for day in TRAIN for x in ("--as-of", day)]
    for turn in range(options.runs):
        say(f"run {turn + 1} of {options.runs}")
        runs[OURS].append(ours(churn, folder, "--set", f"model.alpha={ALPHA}", "--set", "model.complexity=linear"))
        runs[OURS_AUTO].append(ours(churn, folder, "--set", "model.alpha=auto", "--set", "model.complexity=auto"))
        for name, words in (PEERS | BENT_PEERS | (SAMPLED_PEERS if turn == 0 else {})).items():
            runs[name].append(theirs(python, words, folder, blas_threads))
        scans.append(json.loads(measured([benches["scan"], "--config", "churn.toml", *dates], folder)["out"]))
        for name, made in runs.items():
            say(f"  {name}: {made[-1]['seconds']:.1f} s, {made[-1]['peak'] / 2**30:.2f} GiB, AUC {made[-1]['auc']:.4f}")
    for name in PEERS:
        difference = abs(runs[name][0]["auc"] - runs[OURS][0]["auc"])
        if difference > MAX_AUC_DIFFERENCE:
            sys.exit(f"the AUC of {name} differs from ours by {difference:.4f}: it is not the same job")
    say("the fit alone")
    fitted = fit(python, benches, folder, options.size)
    say("training on a prepared table")
    table = prepared_table(python, churn, folder, options.size)
    result = {
        "date": date.today().isoformat(), "size": options.size, "blas_threads": blas_threads, "turns": options.runs, "load": load,
        "machine": machine(), "compared": compared, "runs": {name: runs[name] for name in (OURS, *PEERS)},
        "bent": {name: runs[name] for name in (OURS_AUTO, *BENT_PEERS, *SAMPLED_PEERS)}, "scans": scans, "fit": fitted, "table": table,
        "customers": CUSTOMERS[options.size], "revision": first_line("git", "rev-parse", "--short", "HEAD"),
        "dirty": bool(first_line("git", "status", "--porcelain", "--", "src", "benches", "Cargo.toml", "Cargo.lock")), "rust": first_line("rustc", "--version"),
        "python": first_line(python, "--version"),
        "peers": (HERE / "peers/requirements.txt").read_text().split(),
    }
    (folder / "result.json").write_text(json.dumps(result, indent=1))
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(report.render(result))
    say(f"wrote {options.report}")


if __name__ == "__main__":
    main()
