"""Writes what was measured as docs/benchmarks-peers.md."""

from statistics import median

GIB = 2**30
OURS, OURS_AUTO = "churn, linear, fixed penalty", "churn, its default"


def spread(values, digits=1) -> str:
    values = list(values)
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def table(head, rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def whole_job(runs) -> str:
    fastest = min((name for name in runs if not name.startswith("churn")), key=lambda n: middle(runs[n], "seconds"))
    rows = []
    for name, made in runs.items():
        times = middle(runs[fastest], "seconds") / middle(made, "seconds")
        share = middle(made, "peak") / middle(runs[fastest], "peak")
        rows.append([
            name, spread(run["seconds"] for run in made), spread(run["cpu"] for run in made),
            spread((run["peak"] / GIB for run in made), 2), f"{made[0]['auc']:.4f}", f"{times:.1f}", f"{share:.2f}",
        ])
    head = ["program", "wall-clock, s", "CPU, s", "peak memory, GiB", "AUC", "times as fast as the fastest peer",
            "memory, share of its"]
    return table(head, rows)


def middle(runs, key):
    return median(run[key] for run in runs)


def phases(runs) -> str:
    rows = []
    for name, made in runs.items():
        for phase in made[0]["phases"]:
            rows.append([name, phase, spread((run["phases"][phase] for run in made), 2)])
    return table(["program", "phase", "s"], rows)


def scan(scans) -> str:
    rows = scans[0]["rows"]
    lines = []
    # What a process did before, it has the memory for: only the first time is that of a job.
    for when, of in (("the first time", slice(0, 1)), ("again", slice(1, None))):
        floor = [s for made in scans for s in made["floor_seconds"][of]]
        features = [s for made in scans for s in made["features_seconds"][of]]
        lines += [
            [f"decoding {rows:,} rows in {scans[0]['row_groups']} row groups, {when}: the floor", spread(floor, 2),
             f"{rows / median(floor) / 1e6:.1f}", "1.00"],
            [f"scan, eligibility, labels and features of {scans[0]['feature_rows']:,} rows, {when}",
             spread(features, 2), f"{rows / median(features) / 1e6:.1f}", f"{median(features) / median(floor):.2f}"],
        ]
    return table(["work", "s", "million rows a second", "times the floor"], lines)


def fit(result) -> str:
    programs = result["programs"]
    theirs = min(
        median(made["seconds"]) for name, made in programs.items() if name != "churn" and "float64" in name
    )
    rows = [
        [name, spread(made["seconds"], 2), made["iterations"], f"{made['gradient_norm']:.1e}",
         f"{made['coefficient_difference']:.1e}", f"{theirs / median(made['seconds']):.1f}"]
        for name, made in programs.items()
    ]
    head = ["program", "s", "iterations", "largest entry of the gradient", "largest difference of a coefficient from ours",
            "times as fast as the faster float64 solver"]
    return table(head, rows)


def prepared(result) -> str:
    rows = []
    for name, made in result["programs"].items():
        steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in made["steps"].items() if seconds >= 0.05)
        rows.append([name, f"{made['seconds']:.1f}", f"{made['cpu']:.1f}", f"{made['peak'] / GIB:.2f}",
                     f"{made['auc']:.4f}", f"{made['log_loss']:.4f}", steps])
    head = ["program", "wall-clock, s", "CPU, s", "peak memory, GiB", "AUC", "log-loss", "steps, s"]
    return table(head, rows)


def agreement(compared, runs) -> str:
    rows = []
    for result in compared:
        columns = result["columns"]
        worst = sorted(columns, key=lambda name: -columns[name]["relative"])[:1]
        absolute = max(columns, key=lambda name: columns[name]["absolute"])
        rows.append([
            result["program"], f"{result['rows']:,}", len(columns), sum(c["nulls_differ"] for c in columns.values()),
            f"{columns[absolute]['absolute']:.1e} (`{absolute}`)",
            ", ".join(f"{columns[n]['relative']:.1e} (`{n}`)" for n in worst),
            f"{runs[result['program']][0]['auc'] - runs[OURS][0]['auc']:+.4f}",
        ])
    head = ["program", "rows", "columns compared", "nulls that differ", "largest absolute difference",
            "largest difference over 1 + value", "AUC against ours"]
    return table(head, rows)


def columns(compared) -> str:
    lines = []
    for result in compared:
        names = ", ".join(f"`{name}`" for name in result["columns"])
        lines.append(f"<details><summary>The {len(result['columns'])} columns of {result['program']}</summary>\n\n{names}\n\n</details>")
    return "\n".join(lines)


def render(result: dict) -> str:
    runs, machine = result["runs"], result["machine"]
    mine = runs[OURS][0]
    peers = [name for name in runs if not name.startswith("churn")]
    explain = max(middle([r["phases"] for r in runs[name]], "reasons") for name in peers)
    start = max(middle([r["phases"] for r in runs[name]], "imports") for name in peers)
    numeric = len(result["compared"][0]["columns"])
    busy = "" if result["load"] < 0.5 else (
        f"\n> The machine was not idle when the runs began (load {result['load']:.1f}): compare within a table only.\n"
    )
    changed = ", with uncommitted changes" if result["dirty"] else ""
    return f"""# Benchmarks

Written by `make bench SIZE={result['size']}` on {result['date']}, at revision `{result['revision']}`{changed}. Every figure is the
median of {result['turns']} runs with the range behind it; the programs ran in turn, so that a machine that drifts drifts for all.
The EBM, which takes long even of a sample, ran once.
The files were in the page cache for everybody.
{busy}
| | |
|---|---|
| processor | {machine['cpu']}, {machine['cores']} cores in use |
| memory, system | {machine['memory']}, {machine['system']} |
| ours | {result['rust']}, release profile |
| peers | {result['python']}; {', '.join(result['peers'])} |
| OpenBLAS in the peers | {result['blas_threads']} of {machine['cores']} threads, the faster choice here (`benches/peers/blas_threads.py`) |

## The whole job

{result['customers']:,} customers, 365 days, four zstd Parquet signals in time order: features on three as-of dates, a model fitted on two of
them and evaluated on the third, fitted again on all three ({mine['training_rows']:,} rows); then the features of one more date,
{mine['scored_rows']:,} scores, four reasons, ranks, the full scores as Parquet and the first 500 as CSV. Ours is two processes, `churn train` and
`churn score`: the times are added, the memory is the larger of the two. A peer is one process.

{whole_job(runs)}

{phases(runs)}

That is one model for all: plain columns and the same penalty of {mine['alpha']:g} a row (scikit-learn: `C = 1 / (rows * alpha)`).

Models that find curves and interactions, on the same features:

{whole_job(result['bent'])}

{phases(result['bent'])}

Ours, by default, searches penalties, curves and interactions by cross-validation and calibrates on rows of its own; LightGBM grows 200 trees of 15
leaves at a rate of 0.05, untuned; the EBM is InterpretML's with 8 outer bags and learns from 10,000 of the rows, as it does not finish on all of
them. Theirs explain the 500 listed customers; ours those too, in words.

**Where the comparison is not even.** In favour of the peers:
- Their features are {numeric} of our {mine['features']} numeric columns (below), those that one SQL aggregate each gives cheaply. Their design has
  {runs[peers[0]][0]['columns']} columns, without clipping and without indicators of absence; ours has {mine['columns']}.
- They fit twice. We fit twice and, for a calibration on rows of its own, five times more each time by cross-fitting; we also compute standard
  errors, check the data against their contract, count quarantine, and write model, manifest and checksums.
- They standardise once, with the moments of the first fit, and start the second fit from the first. We learn everything anew.
- They stop at scikit-learn's default tolerance of 1e-4, in 32-bit arithmetic; ours stops at 1e-9, in 64-bit arithmetic.
- They start once, we twice. Ranks, tiers, control groups, a status against the last list and reasons in words are ours alone.
- They trust the layout: microseconds in UTC, few channels, one cancellation a customer, no duplicates.

In favour of ours:
- They explain every customer ({explain:.2f} s), we only those on the list.
- Starting Python and importing the libraries is in their time ({start:.2f} s).
- They hold every training row in one matrix, as scikit-learn needs it; its Newton solver makes a weighted copy of that matrix.
- We chose the work; its sizes and dates are those of our own documentation.

## Scan and features against the floor

The floor decodes the same columns of the same row groups with the `parquet` crate and rayon, and does nothing with them. Both in one process, in turn,
three times (`benches/scan.rs`); a job is a process that does it the first time. Ours holds eligibility and labels too; writing the features is in neither.

{scan(result['scans'])}

## The fit alone

{result['fit']['rows']:,} x {result['fit']['columns']} rows, synthetic, correlated, one matrix for all, penalty {mine['alpha']:g} a row, to the same optimum (`benches/fit.rs`,
`benches/peers/fit_sklearn.py`). The gradient is that of the penalised mean log-loss, computed in double precision for all.
Not timed: making the matrix, during which ours takes the sums of its columns too (a few hundredths of a second).

{fit(result['fit'])}

Without standard errors on either side. Uneven: ours reads 32-bit values and sums in 64 bits; scikit-learn's float64 solvers read 64-bit values, the float32 one cannot
reach this optimum and is there for its speed. The `tol` of the float64 solvers is 1e-8; `lbfgs` may stop earlier because its loss stands still.

## Training on a prepared table

{result['table']['rows']:,} training rows x {result['table']['columns']} columns and a tenth as many held-out ones, synthetic, with risk that is in part bent, not monotone, or a
matter of two columns together (`benches/peers/prepared_table.py`). Each program is a process that reads the Parquet file, trains on the same
rows and is judged on the same held-out ones. One run each.

{prepared(result['table'])}

Uneven: ours chooses penalty, curves and interactions by cross-validation, calibrates on rows of its own and gives standard errors and intervals;
scikit-learn is told the penalty that ours chose, and only its faster solver is counted; LightGBM grows 200 trees of 15 leaves at a rate of 0.05, untuned.

## Do all compute the same?

{agreement(result['compared'], runs)}

Recency differs by up to a second (1.2e-5 days), to which we keep times; the rest by 32-bit rounding.

{columns(result['compared'])}

## How to run it

```sh
make bench               # 100 million events
make bench SIZE=small    # 10 million, about two minutes once everything is built
cargo bench --bench kernels
```

`CHURN_BENCH_DIR` (default `~/.cache/churn-risk/bench`) keeps the environment with the pinned peers (`benches/peers/requirements.txt`), the population and
`result.json` with all single runs. What was run, in that folder's `{result['size']}/`:

```sh
churn -q --format json --set model.alpha=0.0001 train
churn -q --format json --set model.alpha=0.0001 score --as-of 2026-06-01
python benches/peers/with_polars.py --population population --train 2026-02-01,2026-03-10,2026-04-20 --score 2026-06-01 --alpha 0.0001 --out peers/with_polars
python benches/peers/with_duckdb.py (the same), and with_polars.py with --model lightgbm, and with --model ebm
scan --config churn.toml --as-of 2026-02-01 --as-of 2026-03-10 --as-of 2026-04-20
python benches/peers/fit_sklearn.py --rows {result['fit']['rows']} --columns {result['fit']['columns']} --alpha 0.0001 --ours fit --folder fit
```
"""
