"""What `churn_risk.spark` costs: processor time beside plain PySpark and pandas-on-Spark, growing populations, numbers
of buckets and tasks, skew.

    CHURN_BIN=target/release/churn PYTHONPATH=python python benches/spark.py costs   [--customers 250000] [--pandas]
    CHURN_BIN=target/release/churn PYTHONPATH=python python benches/spark.py costs    --training
    CHURN_BIN=target/release/churn PYTHONPATH=python python benches/spark.py scaling [--customers 250000]
    CHURN_BIN=target/release/churn PYTHONPATH=python python benches/spark.py sweep   [--customers 250000]
    CHURN_BIN=target/release/churn PYTHONPATH=python python benches/spark.py skew    [--customers 50000]

Each prints a Markdown table. What counts is processor time, user and system, of the whole tree of processes: that of
the JVM, of the program, which is run through a shell that notes what it took, and of the rest, which is Python, with
the starts of processes. Others on the machine make it longer to wait for, but hardly more. Populations are made with
`churn simulate` and kept in `--folder`. Needs the packages of notebooks/requirements.txt, and Java; for `--pandas` a
pandas older than 3, which the one of PySpark 4.3 asks for. `PYSPARK_PYTHON` names the Python of the tasks: this one.
"""

import argparse
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from churn_risk.spark import Churn
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

DAYS, SEED, DATE = 365, 1, "2026-06-01"
TRAINING = ["2026-02-01", "2026-03-10", "2026-04-20"]
WINDOWS, LOOK_BACK = (7, 28, 84), 168
INSTRUMENTS = ("nps", "csat", "ces")
SIGNALS = {"logins": None, "visits": "duration_s", "mentions": "sentiment", "surveys": "score"}
# Relative to 1 + |value|. Ours end in 32-bit floats, and we keep times to the second, 1.16e-5 days.
MAX_DIFFERENCE = 1.3e-5
HERE = Path(__file__).resolve().parent

arguments = argparse.ArgumentParser()
arguments.add_argument("part", choices=["costs", "scaling", "sweep", "skew"])
arguments.add_argument("--folder", type=Path, default=Path("~/.cache/churn-risk/bench/spark").expanduser())
arguments.add_argument("--customers", type=int)
arguments.add_argument("--rounds", type=int, default=2)
arguments.add_argument("--pandas", action="store_true", help="pandas-on-Spark too, which takes long")
arguments.add_argument("--training", action="store_true", help="three dates instead of one, and a fit of MLlib")
arguments.add_argument("--only", nargs="+", default=[""], help="of the costs, only ways whose names have one of these")
arguments.add_argument("--master", default="local[2]")
arguments.add_argument("--scan", default="auto", help="who reads the tables, but for costs, which tries both")
arguments.add_argument("--growth", type=int, nargs="+", default=[1, 2, 4, 8, 16])
arguments.add_argument("--buckets", type=int, nargs="+", default=[16, 64, 256, 1024, 4096, 16384])
arguments.add_argument("--partitions", type=int, nargs="+", default=[2, 8, 32, 128])
given = arguments.parse_args()

PROGRAM = os.environ["CHURN_BIN"]
TICK = os.sysconf("SC_CLK_TCK")
WORK = Path(tempfile.mkdtemp(dir=given.folder if given.folder.is_dir() else None))
TIMES = WORK / "times"


def population(customers: int) -> Path:
    folder = given.folder / f"{customers}"
    if not (folder / "population/customers.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [PROGRAM, "simulate", f"--customers={customers}", f"--days={DAYS}", f"--seed={SEED}"]
        subprocess.run([*command, "--out=population", "-q"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    shutil.copy(HERE / "churn.toml", folder)
    return folder


def events(folder: Path) -> int:
    files = (path for name in SIGNALS for path in (folder / "population" / name).rglob("*.parquet"))
    return sum(pq.ParquetFile(path).metadata.num_rows for path in files)


def timed_program() -> Path:
    """The program, run by a shell that notes the processor time of what it ran."""
    TIMES.mkdir()
    script = WORK / "churn"
    script.write_text(f'#!/bin/sh\n"{PROGRAM}" "$@"\ncode=$?\ntimes > "{TIMES}/$$"\nexit $code\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


def seconds(text: str) -> float:
    minutes, _, rest = text.partition("m")
    return 60 * float(minutes) + float(rest.rstrip("s"))


def kernel_seconds() -> float:
    """The processor time of the children of all those shells."""
    lines = [path.read_text().split("\n")[1] for path in TIMES.iterdir()]
    return sum(seconds(part) for line in lines for part in line.split())


def processes() -> dict[int, tuple[int, str, int, int]]:
    """Every process: its parent, its name, its ticks, and those of the children that it has waited for."""
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                text = Path(entry.path, "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
            ticks = [int(value) for value in rest[11:15]]
            found[int(entry.name)] = (int(rest[1]), name, ticks[0] + ticks[1], ticks[2] + ticks[3])
    return found


def tree() -> dict[int, tuple[int, str, int, int]]:
    """This process and all below it."""
    all_of_them = processes()
    below = {os.getpid()}
    grown = True
    while grown:
        more = {pid for pid, (parent, *_) in all_of_them.items() if parent in below} - below
        below |= more
        grown = bool(more)
    return {pid: all_of_them[pid] for pid in below if pid in all_of_them}


WORKERS: dict[int, int] = {}
"""The ticks of each Python worker with those of its children, when it was last seen. PySpark's daemon, which starts the
workers, does not wait for them, so what one has taken that has ended is known to no other process."""


def note_workers(found: dict[int, tuple[int, str, int, int]]) -> None:
    jvms = {pid for pid, (_, name, *_) in found.items() if name == "java"}
    daemons = {pid for pid, (parent, *_) in found.items() if parent in jvms} - jvms
    WORKERS.update({pid: own + children for pid, (parent, _, own, children) in found.items() if parent in daemons})


def cpu() -> dict[str, float]:
    """Processor seconds so far: of the JVMs, of the program, and of everything else, which is Python."""
    found = tree()
    note_workers(found)
    others = sum(own + children for pid, (_, _, own, children) in found.items() if pid not in WORKERS)
    total = (others + sum(WORKERS.values())) / TICK
    jvm = sum(own for _, name, own, _ in found.values() if name == "java") / TICK
    kernel = kernel_seconds()
    return {"jvm": jvm, "kernel": kernel, "rest": total - jvm - kernel}


class Watch:
    """Processor time, elapsed time, and the most memory that one worker has with the program that it runs."""

    def __enter__(self):
        self.before, self.started, self.peak, self.going = cpu(), time.perf_counter(), 0, True
        self.looker = threading.Thread(target=self.look, daemon=True)
        self.looker.start()
        return self

    def look(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while self.going:
            found = tree()
            note_workers(found)
            memory = {}
            for pid in found:
                try:
                    memory[pid] = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
                except (FileNotFoundError, ProcessLookupError):
                    memory[pid] = 0
            kernels = [pid for pid, (_, name, *_) in found.items() if name == "churn" and found[pid][0] in found]
            for pid in kernels:
                # The shell between the two is nothing; the worker is above it.
                above = found[pid][0]
                while above in found and found[above][1] == "churn":
                    above = found[above][0]
                if above != os.getpid():
                    self.peak = max(self.peak, memory[pid] + memory.get(above, 0))
            time.sleep(0.1)
        self.looking = time.thread_time()

    def __exit__(self, *_: object) -> None:
        self.going = False
        self.looker.join()
        self.seconds = time.perf_counter() - self.started
        self.cpu = {name: after - self.before[name] for name, after in cpu().items()}
        # What looking took is no part of it.
        self.cpu["rest"] -= self.looking
        self.total = sum(self.cpu.values())


def session(**settings: object) -> SparkSession:
    builder = SparkSession.builder.master(given.master).config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.memory", "4g")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "8")
    for key, value in settings.items():
        builder = builder.config(f"spark.{key.replace('__', '.')}", str(value))
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


# --- The same features, by others ---------------------------------------------------------------------------------


def within(as_of: str, first: int, last: int = 0) -> object:
    """Whether a row is of the days from `first` before the date up to `last` before it."""
    date = F.lit(as_of).cast("timestamp")
    return (F.col("ts") >= date - F.expr(f"INTERVAL {first} DAYS")) & (
        F.col("ts") < date - F.expr(f"INTERVAL {last} DAYS")
    )


def days_before(as_of: str, time: object) -> object:
    return (F.lit(as_of).cast("timestamp").cast("double") - time.cast("double")) / 86_400


def plain_signal(spark: SparkSession, folder: Path, name: str, as_of: str, distinct: object) -> object:
    """The default features of a signal, one row a customer."""
    rows = spark.read.parquet(f"{folder}/population/{name}").where(within(as_of, LOOK_BACK))
    value, made = SIGNALS[name], []
    for window in WINDOWS:
        here, before = within(as_of, window), within(as_of, 2 * window, window)
        time = F.when(here, F.col("ts").cast("double"))
        count, count_before = F.count_if(here), F.count_if(before)
        made += [
            count.cast("double").alias(f"{name}_count_{window}d"),
            distinct(F.when(here, F.to_date("ts"))).cast("double").alias(f"{name}_active_days_{window}d"),
            F.log((count + 1) / (count_before + 1)).alias(f"{name}_trend_{window}d"),
            F.when(count > 1, (F.max(time) - F.min(time)) / 86_400 / (count - 1)).alias(f"{name}_mean_gap_{window}d"),
        ]
        if name == "visits":
            made += [
                F.coalesce(F.sum(F.when(here, F.col(value))), F.lit(0)).cast("double").alias(f"visits_sum_{window}d"),
                F.avg(F.when(here, F.col(value))).alias(f"visits_mean_{window}d"),
                distinct(F.when(here, F.col("channel"))).cast("double").alias(f"visits_categories_{window}d"),
            ]
        if name == "mentions":
            negative = F.when(here & F.col(value).isNotNull(), (F.col(value) < -0.2).cast("double"))
            made += [
                F.avg(F.when(here, F.col(value))).alias(f"mentions_mean_{window}d"),
                F.avg(negative).alias(f"mentions_negative_share_{window}d"),
            ]
    made.append(days_before(as_of, F.max("ts")).alias(f"{name}_days_since_last"))
    # For eligibility, which asks for a row in the last 90 days.
    made.append(F.max(within(as_of, 90)).alias(f"{name}_is_active"))
    features = rows.groupBy("customer_id").agg(*made)
    return features.join(plain_instruments(rows, as_of), "customer_id", "left") if name == "surveys" else features


def plain_instruments(rows: object, as_of: str) -> object:
    """The features of each instrument of the surveys: the last score, the one before it, their mean."""
    from pyspark.sql import Window

    newest = Window.partitionBy("customer_id", "kind").orderBy(F.desc("ts"), F.desc("score"))
    ranked = rows.where("score IS NOT NULL").withColumn("place", F.row_number().over(newest))
    made = []
    for instrument in INSTRUMENTS:
        of_it = F.col("kind") == instrument
        last = F.max(F.when(of_it & (F.col("place") == 1), F.col("score")))
        made += [
            last.cast("double").alias(f"surveys_{instrument}_last"),
            F.avg(F.when(of_it, F.col("score"))).alias(f"surveys_{instrument}_mean"),
            (last - F.max(F.when(of_it & (F.col("place") == 2), F.col("score"))))
            .cast("double")
            .alias(f"surveys_{instrument}_change"),
            days_before(as_of, F.max(F.when(of_it, F.col("ts")))).alias(f"surveys_{instrument}_days_since_last"),
        ]
    return ranked.groupBy("customer_id").agg(*made)


def plain(spark: SparkSession, folder: Path, dates: list[str], out: Path, distinct: object) -> None:
    """The feature table of some dates with PySpark's own data frames."""
    for as_of in dates:
        date = F.lit(as_of).cast("date")
        customers = spark.read.parquet(f"{folder}/population/customers.parquet")
        left = spark.read.parquet(f"{folder}/population/churn.parquet").groupBy("customer_id").agg(F.min("churned_on"))
        left = left.toDF("customer_id", "left_on")
        table = customers.where(F.datediff(date, F.col("signup_date")) >= 28).join(left, "customer_id", "left")
        table = table.where(F.col("left_on").isNull() | (F.col("left_on") >= date))
        for name in SIGNALS:
            table = table.join(plain_signal(spark, folder, name, as_of, distinct), "customer_id", "left")
        is_active = F.lit(False)
        for name in SIGNALS:
            is_active = is_active | F.coalesce(F.col(f"{name}_is_active"), F.lit(False))
        table = table.where(is_active)
        zero = [c for c in table.columns if any(part in c for part in ("_count_", "_active_days_", "_trend_", "_sum_"))]
        zero += [c for c in table.columns if "_categories_" in c]
        table = table.fillna(0.0, zero).withColumn("as_of", date)
        table = table.withColumn("tenure_days", F.datediff(date, F.col("signup_date")).cast("double"))
        table.drop("signup_date", "left_on", *(f"{name}_is_active" for name in SIGNALS)).write.mode("append").parquet(
            str(out)
        )


def pandas_on_spark(folder: Path, dates: list[str], out: Path) -> None:
    """A part of the features with pandas-on-Spark: counts, active days, trends, gaps, days since the last row, and the
    sums and means of values. Eligibility, categories and instruments are left out."""
    import pandas as pd
    import pyspark.pandas as ps

    ps.set_option("compute.ops_on_diff_frames", True)
    for as_of in dates:
        date = pd.Timestamp(as_of)
        parts = []
        for name, value in SIGNALS.items():
            rows = ps.read_parquet(
                f"{folder}/population/{name}", columns=["customer_id", "ts", *([value] if value else [])]
            )
            rows["ts"] = rows["ts"].astype("datetime64[ns]")
            rows = rows[(rows["ts"] >= date - pd.Timedelta(days=LOOK_BACK)) & (rows["ts"] < date)]
            rows["day"] = rows["ts"].dt.date
            features = rows.groupby("customer_id").agg({"ts": "max"}).rename(columns={"ts": f"{name}_newest"})
            for window in WINDOWS:
                start = date - pd.Timedelta(days=window)
                here = rows[rows["ts"] >= start]
                before = rows[(rows["ts"] < start) & (rows["ts"] >= start - pd.Timedelta(days=window))]
                made = here.groupby("customer_id").agg({"ts": ["count", "min", "max"], "day": ["nunique"]})
                made.columns = [f"{name}_{part}_{window}d" for part in ("count", "first", "last", "active_days")]
                earlier = before.groupby("customer_id").agg({"ts": "count"})
                earlier.columns = [f"{name}_before_{window}d"]
                made = made.join(earlier, how="outer")
                if value and name != "surveys":
                    values = here.groupby("customer_id").agg({value: ["sum", "mean"]})
                    values.columns = [f"{name}_sum_{window}d", f"{name}_mean_{window}d"]
                    made = made.join(values)
                features = features.join(made)
            parts.append(features)
        table = parts[0]
        for part in parts[1:]:
            table = table.join(part, how="outer")
        table = table.reset_index()
        for name in SIGNALS:
            for window in WINDOWS:
                count = table[f"{name}_count_{window}d"].fillna(0)
                before = table[f"{name}_before_{window}d"].fillna(0)
                table[f"{name}_count_{window}d"] = count
                table[f"{name}_active_days_{window}d"] = table[f"{name}_active_days_{window}d"].fillna(0)
                table[f"{name}_trend_{window}d"] = np.log((count + 1) / (before + 1))
                if f"{name}_sum_{window}d" in table.columns:
                    table[f"{name}_sum_{window}d"] = table[f"{name}_sum_{window}d"].fillna(0)
        table.to_parquet(f"{out}/{as_of}")


def same(found: Path, expected: Path, everybody: bool = True) -> tuple[int, float]:
    """How many columns two tables share, and by how much their values differ at most."""
    ours, theirs = (pq.read_table(path, partitioning=None) for path in (expected, found))
    keys = ["as_of", "customer_id"] if "as_of" in theirs.column_names else ["customer_id"]
    ours, theirs = (table.sort_by([(key, "ascending") for key in keys]) for table in (ours, theirs))
    if not everybody:
        theirs = theirs.filter(pc.is_in(theirs["customer_id"], ours["customer_id"].combine_chunks()))
    assert ours.num_rows == theirs.num_rows > 0, (ours.num_rows, theirs.num_rows)
    for key in keys:
        assert ours[key].equals(theirs[key]), key
    common = [name for name in ours.column_names if name in theirs.column_names and name not in keys]
    worst = 0.0
    for name in common:
        if pa.types.is_floating(ours[name].type):
            a, b = (table[name].to_numpy().astype(float) for table in (ours, theirs))
            assert (np.isnan(a) == np.isnan(b)).all(), name
            difference = float(np.nanmax(np.abs(a - b) / (1 + np.abs(a)), initial=0.0))
            assert difference <= MAX_DIFFERENCE, (name, difference)
            worst = max(worst, difference)
    return len(common), worst


def mllib(spark: SparkSession, table: Path, folder: Path) -> None:
    """A logistic regression of MLlib on a feature table."""
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import Imputer, StandardScaler, VectorAssembler

    churn = spark.read.parquet(f"{folder}/population/churn.parquet")
    rows = spark.read.parquet(str(table)).join(churn, "customer_id", "left")
    after = F.datediff(F.col("churned_on"), F.col("as_of"))
    rows = rows.where(after.isNull() | (after >= 7))
    rows = rows.withColumn("label", F.coalesce((after < 37).cast("double"), F.lit(0.0)))
    columns = [name for name, kind in rows.dtypes if kind == "double" and name != "label"]
    # Nothing can be put in the place of what is missing everywhere.
    counts = rows.select(*(F.count(name).alias(name) for name in columns)).first()
    columns = [name for name in columns if counts[name]]
    filled = [f"{name}_filled" for name in columns]
    steps = [
        Imputer(inputCols=columns, outputCols=filled),
        VectorAssembler(inputCols=filled, outputCol="assembled"),
        StandardScaler(inputCol="assembled", outputCol="features", withMean=True),
        LogisticRegression(regParam=1e-4, maxIter=100),
    ]
    Pipeline(stages=steps).fit(rows.cache())
    rows.unpersist()


# --- The parts -----------------------------------------------------------------------------------------------------


def machine() -> str:
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    return f"{os.cpu_count()} cores ({model.split(':')[1].strip()}), load {os.getloadavg()[0]:.1f}"


def line(name: str, watch: Watch, millions: float, more: str = "") -> None:
    parts = " | ".join(f"{watch.cpu[part] / millions:.2f}" for part in ("jvm", "kernel", "rest"))
    print(f"| {name} | {watch.total / millions:.2f} | {parts} | {watch.seconds:.0f} |{more}", flush=True)


def costs() -> None:
    small, folder = population(20_000), population(given.customers or 250_000)
    os.environ["CHURN_BIN"] = str(timed_program())
    spark = session()
    dates = TRAINING if given.training else [DATE]
    print(f"{machine()}; Spark {spark.version}; {events(folder):,} events of {folder.name} customers; {dates}\n")
    print(
        "| processor seconds per million events | all | JVM | program | rest | elapsed, s |\n|---|---|---|---|---|---|"
    )

    def ours(scan: str) -> object:
        return lambda at, dates, out: features(spark, at, dates, out, scan=scan)

    def sets(column: object) -> object:
        return F.size(F.collect_set(column))

    ways = {
        "`churn features`, without Spark": alone,
        "`churn_risk.spark`, native scan": ours("native"),
        "`churn_risk.spark`, Spark's scan": ours("spark"),
        "PySpark, `count_distinct`": lambda at, dates, out: plain(spark, at, dates, out, F.count_distinct),
        "PySpark, `size(collect_set)`": lambda at, dates, out: plain(spark, at, dates, out, sets),
    }
    if given.pandas:
        ways["pandas-on-Spark, a part"] = lambda at, dates, out: pandas_on_spark(at, dates, out)
    ways = {name: way for name, way in ways.items() if any(part in name for part in given.only)}
    for name, way in ways.items():
        # A JVM compiles what it runs.
        for _ in range(2):
            way(small, [DATE], WORK / "warm")
            remove(WORK / "warm")

    millions = events(folder) / 1e6
    least: dict[str, Watch] = {}
    for turn in range(given.rounds):
        for place, (name, way) in enumerate(ways.items()):
            out, is_part = WORK / f"{turn}_{place}", name.startswith("pandas")
            if is_part and turn:
                continue
            with Watch() as watch:
                way(folder, dates, out)
            if name not in least or watch.total < least[name].total:
                least[name] = watch
            print(f"{name}: {watch.total:.0f} s of processor time, {watch.seconds:.0f} elapsed", file=sys.stderr)
            if place and not turn:
                shared, worst = same(out / DATE if is_part else out, WORK / "0_0", not is_part)
                print(f"{name}: {shared} columns alike, to {worst:.1e}", file=sys.stderr)
            if turn or place:
                remove(out)
    for name, watch in least.items():
        line(name, watch, millions)
    if not given.training:
        return
    table = WORK / "0_0"
    rows = pq.read_table(table, columns=["customer_id"]).num_rows / 1e6
    for name, fit in {"MLlib's LogisticRegression": mllib, "`churn train`, a linear model": trained}.items():
        with Watch() as watch:
            fit(spark, table, folder)
        print(f"\n{name}, on those {rows:.2f} million rows: {watch.total:.0f} s ({watch.seconds:.0f} elapsed)")
    spark.stop()


def features(spark: SparkSession, at: Path, dates: list[str], out: Path, **how: object) -> None:
    """The feature table, by us on Spark; `how` may say who reads the tables."""
    scan = str(how.pop("scan", given.scan))
    Churn(spark, at / "churn.toml", scan=scan).features(dates, out=str(out), **how)


def alone(at: Path, dates: list[str], out: Path) -> None:
    """The feature table, by the program on one machine."""
    command = [os.environ["CHURN_BIN"], "features", f"--config={at}/churn.toml", f"--out={out}"]
    subprocess.run([*command, *(f"--as-of={day}" for day in dates)], check=True, stdout=subprocess.DEVNULL)


def trained(_: SparkSession, table: Path, folder: Path) -> None:
    """A linear model of the program on one machine, from the same signals."""
    sets = ["--set=model.complexity=linear", f"--set=paths.models={WORK}/models"]
    command = [os.environ["CHURN_BIN"], "train", f"--config={folder}/churn.toml", *sets]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def remove(out: Path) -> None:
    """Removes a table, and what lay between the steps to it."""
    for path in (out, Path(f"{out}.staging")):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def scaling() -> None:
    base = given.customers or 250_000
    folders = {growth: population(base * growth) for growth in given.growth}
    os.environ["CHURN_BIN"] = str(timed_program())
    spark = session(sql__shuffle__partitions="4")
    print(f"{machine()}; Spark {spark.version}, {given.master}, {given.scan}\n")
    print(
        "| customers | events, millions | tasks, buckets | CPU s per million events | JVM | program | rest "
        "| bytes between the steps, per event | fattest worker, MB | driver, MB | elapsed, s |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|"
    )
    features(spark, folders[given.growth[0]], [DATE], WORK / "warm", buckets=64, partitions=4)
    remove(WORK / "warm")
    for growth, folder in folders.items():
        least, out, (tasks, buckets) = None, WORK / f"{growth}", (4 * growth, 128 * growth)
        for _ in range(given.rounds):
            with Watch() as watch:
                features(spark, folder, [DATE], out, buckets=buckets, partitions=tasks)
            least = watch if least is None or watch.total < least.total else least
            between = (Path(f"{out}.staging/{name}") for name in ("pieces", "packed"))
            pieces = sum(path.stat().st_size for some in between if some.is_dir() for path in some.iterdir())
            remove(out)
        count = events(folder)
        parts = " | ".join(f"{least.cpu[part] / count * 1e6:.2f}" for part in ("jvm", "kernel", "rest"))
        driver = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        print(
            f"| {base * growth:,} | {count / 1e6:.1f} | {tasks}, {buckets} | {least.total / count * 1e6:.2f} | {parts} "
            f"| {pieces / count:.1f} | {least.peak / 1e6:.0f} | {driver / 1e6:.0f} | {least.seconds:.0f} |",
            flush=True,
        )
    spark.stop()


def sweep() -> None:
    folder = population(given.customers or 250_000)
    os.environ["CHURN_BIN"] = str(timed_program())
    spark = session()
    count = events(folder)
    print(f"{machine()}; Spark {spark.version}, {given.scan}; {count:,} events of {folder.name} customers\n")
    print("| CPU s per million events; buckets | " + " | ".join(f"{tasks} tasks" for tasks in given.partitions) + " |")
    print("|---" * (1 + len(given.partitions)) + "|")
    features(spark, folder, [DATE], WORK / "first")
    for buckets in given.buckets:
        cells = []
        for tasks in given.partitions:
            out = WORK / f"{buckets}_{tasks}"
            with Watch() as watch:
                features(spark, folder, [DATE], out, buckets=buckets, partitions=tasks)
            assert same(out, WORK / "first")[1] == 0
            remove(out)
            cells.append(f"{watch.total / count * 1e6:.2f}")
        print(f"| {buckets:,} | " + " | ".join(cells) + " |", flush=True)
    spark.stop()


def skew() -> None:
    folder = population(given.customers or 50_000)
    millions = events(folder) / 1e6
    os.environ["CHURN_BIN"] = str(timed_program())
    spark = session()
    print(f"{machine()}; Spark {spark.version}, {given.scan}; {millions:.1f} million events\n")
    print("| rows of one customer, % | CPU s per million events | elapsed, s | fattest worker, MB |\n|---|---|---|---|")
    features(spark, folder, [DATE], WORK / "warm")
    for share in (0, 20, 50, 80):
        paths = {}
        for name in SIGNALS:
            rows = spark.read.parquet(f"{folder}/population/{name}")
            one = F.pmod(F.xxhash64("ts", "customer_id"), F.lit(100)) < share
            target = f"{WORK}/skew/{name}"
            rows.withColumn("customer_id", F.when(one, 17).otherwise(F.col("customer_id")).cast("long")).write.mode(
                "overwrite"
            ).parquet(target)
            paths[f"signals.{name}.path"] = target
        job, out = Churn(spark, folder / "churn.toml", settings=paths, scan=given.scan), WORK / "skewed"
        with Watch() as watch:
            job.features(DATE, out=str(out))
        print(f"| {share} | {watch.total / millions:.2f} | {watch.seconds:.0f} | {watch.peak / 1e6:.0f} |", flush=True)
        remove(out)
    spark.stop()


given.folder.mkdir(parents=True, exist_ok=True)
try:
    {"costs": costs, "scaling": scaling, "sweep": sweep, "skew": skew}[given.part]()
finally:
    shutil.rmtree(WORK)
