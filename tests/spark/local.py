"""`churn_risk.spark` on PySpark in this process, held against the program on one machine.

    python local.py CONFIG WORK

CONFIG is the `churn.toml` of a population up to 2026-06-01, WORK an empty folder. `CHURN_BIN` names the program, and
`CHURN_SPARK_MASTER` another master than this process, such as `local-cluster[2,1,1024]`, of which an executor is killed
besides. That asks for `SPARK_HOME`, the folder of the package `pyspark`.
"""

import datetime
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from churn_risk import ChurnError, read_scores
from churn_risk.spark import Churn
from churn_risk.spark.__main__ import main
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

CONFIG, WORK = sys.argv[1], Path(sys.argv[2])
DATES = ["2026-04-01", "2026-06-01"]
PROGRAM = os.environ["CHURN_BIN"]
# Two cores, and a task is tried again after it has failed.
MASTER = os.environ.get("CHURN_SPARK_MASTER", "local[2, 3]")


def session() -> SparkSession:
    builder = SparkSession.builder.master(MASTER).config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.sql.shuffle.partitions", "3")
    # Nothing here runs for long enough to be worth compiling twice.
    builder = builder.config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def local(out: Path, dates: list[str], *arguments: str) -> pa.Table:
    command = [PROGRAM, "features", f"--config={CONFIG}", f"--out={out}", *(f"--as-of={day}" for day in dates)]
    subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)
    return ordered(pq.read_table(out))


def ordered(table: pa.Table) -> pa.Table:
    """The rows by date and id, with the types of one reader."""
    types = [pa.large_string() if pa.types.is_string(field.type) else field.type for field in table.schema]
    table = table.cast(pa.schema([pa.field(field.name, type) for field, type in zip(table.schema, types)]))
    return table.sort_by([("as_of", "ascending"), ("customer_id", "ascending")]).combine_chunks()


def bits(table: pa.Table) -> list[object]:
    """Each column as numbers that are equal only where floats have the same bits."""
    columns = []
    for column in table.columns:
        column = column.combine_chunks()
        columns.append((column.view(pa.int64()) if pa.types.is_floating(column.type) else column).to_pylist())
    return columns


def equal(folder: str, expected: pa.Table, what: str) -> None:
    found = ordered(pq.read_table(folder))
    assert found.schema.names == expected.schema.names, (what, found.schema, expected.schema)
    assert found.num_rows == expected.num_rows > 0, (what, found.num_rows, expected.num_rows)
    assert bits(found) == bits(expected), what
    print(f"ok: {what}", flush=True)


def refused(code: int, part: str, work) -> None:
    try:
        work()
    except ChurnError as error:
        assert error.exit_code == code and part in str(error), (error.exit_code, str(error))
        print(f"ok: refused with {code}: {str(error)[:100]}", flush=True)
        return
    raise AssertionError(f"not refused: {part}")


def flaky(folder: Path) -> Path:
    """A program that, once the folder holds `armed`, kills the first packing and the first reducing child of a task in
    the middle of its work, whoever reads the tables, and once it holds `armed_executor`, the JVM of the first task that reduces."""
    script = folder / "churn"
    script.write_text(
        "#!/bin/sh\n"
        'case "$*" in *"exchange pack"*|*"exchange scan"*) step=pack ;; *"exchange reduce"*) step=reduce ;; *) step=none ;; esac\n'
        f'if [ -e "{folder}/armed" ] && [ $step != none ] && grep -q daemon /proc/$PPID/cmdline; then\n'
        f'    if mkdir "{folder}/$step" 2>/dev/null; then head -c 100 >/dev/null; kill -9 $$; fi\n'
        "fi\n"
        f'if [ -e "{folder}/armed_executor" ] && [ $step = reduce ] && mkdir "{folder}/executor" 2>/dev/null; then\n'
        "    head -c 100 >/dev/null\n"
        "    daemon=$(cut -d' ' -f4 /proc/$PPID/stat)\n"
        "    kill -9 $(cut -d' ' -f4 /proc/$daemon/stat)\n"
        "fi\n"
        f'exec "{PROGRAM}" "$@"\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


def features(spark: SparkSession) -> None:
    job = Churn(spark, CONFIG)
    expected = local(WORK / "features.parquet", DATES)
    summary = job.features(DATES, out=f"{WORK}/features", buckets=16)
    equal(f"{WORK}/features", expected, "the feature table")
    assert summary["rows"] == expected.num_rows and [date["as_of"] for date in summary["as_of"]] == DATES, summary

    by_spark = Churn(spark, CONFIG, scan="spark")
    by_spark.features(DATES, out=f"{WORK}/by_spark", buckets=16)
    equal(f"{WORK}/by_spark", expected, "rows that Spark reads")

    # Other buckets, tasks and batches; tables by name, their rows dealt out anew, and others from files.
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "100")
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    data = Path(CONFIG).parent / "data"
    spark.read.parquet(str(data / "logins")).repartition(5, F.rand()).createOrReplaceTempView("logins")
    tables = {"signals.logins": "logins", "customers": spark.read.parquet(str(data / "customers.parquet")).coalesce(1)}
    named = Churn(spark, CONFIG, tables=tables)
    named.features(DATES, out=f"{WORK}/again", buckets=256, partitions=8)
    equal(f"{WORK}/again", expected, "other buckets, tasks, batches and tables by name")
    spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    spark.conf.unset("spark.sql.adaptive.enabled")

    job.features(DATES, out=f"{WORK}/resumed", staging=f"{WORK}/features.staging", buckets=16, resume=True)
    equal(f"{WORK}/resumed", expected, "from the pieces of an earlier run")
    by_spark.features(
        DATES, out=f"{WORK}/resumed_by_spark", staging=f"{WORK}/features.staging", buckets=16, resume=True
    )
    equal(f"{WORK}/resumed_by_spark", expected, "from the pieces of an earlier run whose tasks wrote the table")

    berlin = local(WORK / "berlin.parquet", DATES[1:], "--set=time.zone=Europe/Berlin")
    for scan in ("spark", "native"):
        in_berlin = Churn(spark, CONFIG, settings={"time.zone": "Europe/Berlin"}, scan=scan)
        # There is nothing to go on from.
        in_berlin.features(DATES[1], out=f"{WORK}/berlin_{scan}", buckets=4, resume=True)
        equal(f"{WORK}/berlin_{scan}", berlin, f"days of Berlin, {scan}")

    lifetime = local(WORK / "lifetime.parquet", DATES[1:], "--set=features.lifetime=true")
    Churn(spark, CONFIG, settings={"features.lifetime": True}).features(DATES[1], out=f"{WORK}/lifetime", buckets=4)
    equal(f"{WORK}/lifetime", lifetime, "a whole history")
    assert "logins_lifetime_count" in lifetime.schema.names

    labels(spark)

    for scan in ("spark", "native"):
        (WORK / "armed").touch()
        Churn(spark, CONFIG, scan=scan).features(DATES, out=f"{WORK}/flaky_{scan}", buckets=16)
        (WORK / "armed").unlink()
        (WORK / "pack").rmdir()
        (WORK / "reduce").rmdir()
        equal(f"{WORK}/flaky_{scan}", expected, f"a packing and a reducing child killed, {scan}")


def labels(spark: SparkSession) -> None:
    """Rows as for training. Of the dates, some labels have matured and others have not."""
    dates = ["2026-02-01", *DATES]
    out = local(WORK / "labelled.parquet", dates, "--labels")
    for scan in ("spark", "native"):
        job = Churn(spark, CONFIG, scan=scan)
        summary = job.features(dates, out=f"{WORK}/labelled_{scan}", buckets=16, labels=True)
        equal(f"{WORK}/labelled_{scan}", out, f"labels, {scan}")
        assert summary["labels"] == {"end": "2026-06-01", "unmatured": ["2026-06-01"]}, summary["labels"]
    assert pc.sum(out["churned"]).as_py() > 0 and out["churned"].null_count > 0

    # Cancellations that end long before the signals do.
    churn = pq.read_table(Path(CONFIG).parent / "data" / "churn.parquet")
    early = churn.filter(pc.less(pc.cast(churn["churned_on"], pa.date32()), pa.scalar(datetime.date(2026, 3, 20))))
    pq.write_table(early, WORK / "early.parquet")
    path = {"churn.path": f"{WORK}/early.parquet"}
    out = local(WORK / "early_labels.parquet", dates, "--labels", f"--set=churn.path={WORK}/early.parquet")
    ended = Churn(spark, CONFIG, settings=path)
    summary = ended.features(dates, out=f"{WORK}/early_labels", buckets=16, labels=True)
    equal(f"{WORK}/early_labels", out, "labels where the cancellations end early")
    assert summary["labels"]["unmatured"] == DATES and "the table seems to end" in summary["labels"]["why"], summary

    silence = {"churn.definition": "inactivity", "churn.signals": ["logins"]}
    sets = [f"--set={key}={json.dumps(value)}" for key, value in silence.items()]
    out = local(WORK / "silent.parquet", dates, "--labels", *sets)
    silent = Churn(spark, CONFIG, settings=silence)
    silent.features(dates, out=f"{WORK}/silent", buckets=16, labels=True)
    equal(f"{WORK}/silent", out, "labels of silence")


FORMATS = '["parquet", "csv", "csv_plain", "html", "xlsx"]'
# What tells of the run itself: its time, how long it took, and the files that it has read.
OWN = {"manifest.json", "report.html"}


def scored(config: str, lists: Path, date: str, *more: str) -> Path:
    """The list of a date, made by the program on this machine."""
    sets = [f"--set=paths.lists={lists}", f"--set=publish.formats={FORMATS}"]
    command = [PROGRAM, "score", f"--config={config}", f"--as-of={date}", *sets, *more]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return lists / f"as_of={date}"


def same_run(found: Path, expected: Path, what: str) -> None:
    names = sorted(str(path.relative_to(expected)) for path in expected.rglob("*"))
    # So few rows are one part, which has the bytes of the file of one machine.
    parts = {"scores.parquet/part-00000.parquet": "scores.parquet"}
    of_found = sorted(str(path.relative_to(found)) for path in found.rglob("*"))
    assert [name for name in of_found if name not in parts] == names and set(parts) <= set(of_found), (what, of_found)
    others = [name for name in of_found if name not in OWN and (found / name).is_file()]
    assert {"at_risk.csv", "at_risk.parquet", *parts, "details.parquet"} <= set(others)
    for name in others:
        assert (found / name).read_bytes() == (expected / parts.get(name, name)).read_bytes(), (what, name)
    reports = ((run / "report.html").read_text().splitlines() for run in (found, expected))
    differing = [line for line, other in zip(*reports) if line != other]
    assert len(differing) == 2, (what, [line[:200] for line in differing])
    assert "Rows of each signal" in differing[0] and "part-00000.parquet" in differing[1], what
    newest = "latest/risk.parquet"
    assert (found.parent / newest).read_bytes() == (expected.parent / newest).read_bytes(), (what, newest)

    found_manifest, manifest = (json.loads((run / "manifest.json").read_text()) for run in (found, expected))
    assert found_manifest.pop("engine")["name"].startswith("spark "), found_manifest
    assert found_manifest.keys() == manifest.keys(), what
    for key in manifest.keys() - {"published_at", "seconds", "settings_sha256", "sources", "files"}:
        assert found_manifest[key] == manifest[key], (what, key, found_manifest[key], manifest[key])
    for name, source in manifest["sources"].items():
        mine = found_manifest["sources"][name]
        assert (mine["rows_used"], mine["newest"]) == (source["rows_used"], source["newest"]), (what, name)
    files, of_expected = (
        [
            (parts.get(file["name"], file["name"]), file["rows"], file["bytes"], file["sha256"])
            for file in one["files"]
            if file["name"] not in OWN
        ]
        for one in (found_manifest, manifest)
    )
    assert files == of_expected, what
    print(f"ok: {what}", flush=True)


def lists(spark: SparkSession) -> None:
    settings = {"publish.formats": json.loads(FORMATS)}
    local, spark_lists = WORK / "lists", WORK / "spark_lists"
    for date, buckets, scan in zip(DATES, (4, 64), ("spark", "native")):
        expected = scored(CONFIG, local, date)
        job = Churn(spark, CONFIG, settings=settings, scan=scan)
        published = job.score(date, out=spark_lists, buckets=buckets, partitions=buckets // 4)
        assert published["manifest"]["engine"]["buckets"] == buckets
        same_run(Path(published["folder"]), expected, f"the list of {date}")

    after_spark(local, spark_lists)

    # Once more, from what lies in the staging folder, after a run of one machine: nothing is packed or reduced again.
    pieces = {path: path.stat().st_mtime_ns for path in (WORK / "spark_lists.staging").rglob("*")}
    shutil.rmtree(spark_lists)
    shutil.copytree(local / f"as_of={DATES[0]}", spark_lists / f"as_of={DATES[0]}")
    job.score(DATES[1], out=spark_lists, buckets=64, partitions=16, resume=True)
    assert {path: path.stat().st_mtime_ns for path in (WORK / "spark_lists.staging").rglob("*")} == pieces
    same_run(spark_lists / f"as_of={DATES[1]}", local / f"as_of={DATES[1]}", "the list from a staging folder")

    # Ids that are texts, whose tables Spark makes as the list is made.
    texts = with_texts(WORK / "texts")
    expected = scored(texts, WORK / "text_lists", DATES[1])
    general = [f"--config={texts}", f"--as-of={DATES[1]}", f"--set=publish.formats={FORMATS}"]
    assert main(["score", *general, f"--out={WORK}/text_spark", "--buckets=8"]) == 0
    same_run(WORK / "text_spark" / f"as_of={DATES[1]}", expected, "the list of customers whose ids are texts")

    if MASTER.startswith("local-cluster"):
        shutil.copytree(local, WORK / "killed")
        (WORK / "armed_executor").touch()
        job.score(DATES[1], out=WORK / "killed", buckets=16)
        assert (WORK / "executor").is_dir()
        same_run(WORK / "killed" / f"as_of={DATES[1]}", local / f"as_of={DATES[1]}", "an executor killed")

    later = {**settings, "gates.max_staleness_days": 1}
    refused(4, "the data are stale", lambda: Churn(spark, CONFIG, settings=later).score("2026-07-01", out=WORK / "no"))
    refused(8, "v9999", lambda: job.score(DATES[1], out=WORK / "no", model="v9999"))
    refused(2, "a list is of one date", lambda: job.score(DATES, out=WORK / "no"))  # type: ignore[arg-type]
    assert not list((WORK / "no").glob("as_of=*"))


def after_spark(local: Path, spark_lists: Path) -> None:
    """One machine after Spark: the next list, what monitoring finds, and the scores in Python."""
    mixed = WORK / "mixed"
    shutil.copytree(spark_lists / f"as_of={DATES[0]}", mixed / f"as_of={DATES[0]}")
    found, expected = scored(CONFIG, mixed, DATES[1]), local / f"as_of={DATES[1]}"
    for name in ("at_risk.csv", "at_risk.xlsx", "scores.parquet"):
        assert (found / name).read_bytes() == (expected / name).read_bytes(), name
    assert (mixed / "latest/risk.parquet").read_bytes() == (local / "latest/risk.parquet").read_bytes()

    for lists in (local, mixed, spark_lists):
        sets = [f"--set=paths.lists={lists}", f"--set=paths.monitor={lists}_monitor"]
        subprocess.run([PROGRAM, "monitor", f"--config={CONFIG}", *sets], check=True, capture_output=True)
        ranks = read_scores(lists, DATES[0], engine="polars")["rank"].to_list()
        assert ranks == list(range(1, len(ranks) + 1)), lists
    for name in ("metrics.parquet", f"outcomes.parquet/as_of={DATES[0]}/part.parquet"):
        expected = WORK / "lists_monitor" / name
        for folder in ("mixed_monitor", "spark_lists_monitor"):
            assert (WORK / folder / name).read_bytes() == expected.read_bytes(), (folder, name)
    print("ok: one machine after Spark", flush=True)


def prepared(spark: SparkSession) -> None:
    """A prepared table: rows of several dates with labels, some without an id or a date."""
    folder, settings = WORK / "prepared", {"publish.formats": json.loads(FORMATS)}
    folder.mkdir()
    rows = local(folder / "rows.parquet", ["2026-02-01", *DATES], "--labels")
    lacking = rows.slice(0, 3).set_column(0, "customer_id", pa.nulls(3, rows.schema[0].type))
    dateless = rows.slice(3, 2).set_column(1, "as_of", pa.nulls(2, rows.schema[1].type))
    table, config = str(folder / "table.parquet"), str(folder / "churn.toml")
    pq.write_table(pa.concat_tables([rows, lacking, dateless]), table)
    Path(config).write_text(
        '[table]\npassthrough = ["plan"]\n[model]\ncomplexity = "linear"\n[gates]\nmin_customers = 100\nmin_churners = 20\n'
    )
    command = [PROGRAM, "train", f"--config={config}", f"--features={table}", "--promote=always"]
    subprocess.run(command, check=True, capture_output=True)

    job, here, lists = Churn(spark, config, settings=settings), folder / "local", folder / "spark"
    for date, as_of in ((DATES[0], DATES[0]), (DATES[1], None)):
        expected = scored(config, here, date, f"--features={table}")
        published = job.score(as_of, lists, features=table)
        same_run(Path(published["folder"]), expected, f"the list of {date} of a prepared table")

    # Dates as times of a clock on the wall, and the table by name.
    timed = spark.read.parquet(table).withColumn("as_of", F.col("as_of").cast("timestamp_ntz"))
    timed.repartition(3, F.rand()).createOrReplaceTempView("prepared")
    general = [f"--config={config}", "--table=table=prepared", f"--set=publish.formats={FORMATS}"]
    assert main(["score", *general, f"--out={lists}"]) == 0
    same_run(lists / f"as_of={DATES[1]}", here / f"as_of={DATES[1]}", "a prepared table by name")

    refused(5, "has no row of 2026-05-01", lambda: job.score("2026-05-01", lists, features=table))
    few = Churn(spark, config, tables={"table": timed.drop("plan", "tenure_days")})
    refused(3, "`tenure_days`", lambda: few.score(out=lists))
    refused(2, "--as-of", lambda: Churn(spark, CONFIG).score(out=lists))


def with_texts(folder: Path) -> str:
    """The population with ids that are texts, and the model that there is."""
    data = Path(CONFIG).parent / "data"
    for path in data.rglob("*.parquet"):
        table = pq.read_table(path, partitioning=None)
        if "customer_id" not in table.column_names:
            continue
        ids = pc.binary_join_element_wise("C", pc.cast(table["customer_id"], pa.string()), "")
        table = table.set_column(table.schema.get_field_index("customer_id"), "customer_id", ids)
        target = folder / "data" / path.relative_to(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, target)
    text = Path(CONFIG).read_text().replace('"models"', json.dumps(str(Path(CONFIG).parent / "models")))
    (folder / "churn.toml").write_text(text)
    return str(folder / "churn.toml")


def refusals(spark: SparkSession) -> None:
    job = Churn(spark, CONFIG)
    refused(2, "is there already", lambda: job.features(DATES, out=f"{WORK}/features"))
    refused(2, "has not come yet", lambda: job.features("2999-01-01", out=f"{WORK}/never"))
    refused(2, "there is no signals.attic", lambda: Churn(spark, CONFIG, tables={"signals.attic": "x"}).check(DATES))
    refused(3, "signals.logins", lambda: Churn(spark, CONFIG, tables={"signals.logins": "nowhere"}).check(DATES))

    away = {"signals.logins.path": "s3a://lake/logins", "signals.visits.path": f"{WORK}/nothing"}
    refused(2, "tasks cannot open", lambda: Churn(spark, CONFIG, settings=away, scan="native").check(DATES))
    refused(2, "expected one of auto, native, spark", lambda: Churn(spark, CONFIG, scan="rows"))  # type: ignore[arg-type]
    for scan, part in (("native", "nothing does not exist"), ("spark", "signals.visits: ")):
        lacking = Churn(spark, CONFIG, settings={"signals.visits.path": f"{WORK}/nothing"}, scan=scan)
        refused(3, part, lambda lacking=lacking: lacking.check(DATES))

    visits = spark.read.parquet(str(Path(CONFIG).parent / "data" / "visits"))
    lacking = Churn(spark, CONFIG, tables={"signals.visits": visits.drop("duration_s")})
    refused(3, "column `duration_s`", lambda: lacking.check(DATES))
    odd = visits.withColumn("duration_s", F.lit(float("inf")))
    broken = Churn(spark, CONFIG, tables={"signals.visits": odd})
    refused(3, "not finite", lambda: broken.features(DATES, out=f"{WORK}/broken", buckets=4))

    resumed = {"staging": f"{WORK}/features.staging", "buckets": 16, "resume": True}
    refused(2, "other dates", lambda: job.features(DATES[0], out=f"{WORK}/never", **resumed))

    # Pieces that are not those of the reports.
    pieces = spark.read.parquet(f"{WORK}/features.staging/pieces")
    pieces.where("bucket IS NULL OR bucket <> 3").write.parquet(f"{WORK}/lost/pieces")
    shutil.copytree(f"{WORK}/features.staging/state", f"{WORK}/lost/state")
    resumed["staging"] = f"{WORK}/lost"
    refused(75, "lost or doubled", lambda: job.features(DATES, out=f"{WORK}/never", **resumed))
    # And the files that tasks have written them to, gone.
    shutil.rmtree(WORK / "features.staging/packed")
    refused(75, "is not there", lambda: job.features(DATES, out=f"{WORK}/never", **resumed))
    assert not (WORK / "never").exists() and not (WORK / "broken").exists()


def others(spark: SparkSession) -> None:
    found = Churn(spark, CONFIG).check(DATES)
    assert found["program"].startswith("churn") and len(found["tables"]) >= 3, found

    sample = Churn(spark, CONFIG).sample(f"{WORK}/sample", share=0.5)
    all_rows = pq.read_table(Path(CONFIG).parent / "data" / "customers.parquet").num_rows
    assert 0.4 * all_rows < sample["rows"]["customers"] < 0.6 * all_rows, sample
    ids = pq.read_table(f"{WORK}/sample/customers")["customer_id"]
    logins = pq.read_table(f"{WORK}/sample/signals/logins")["customer_id"]
    assert pc.all(pc.is_in(logins, value_set=ids.combine_chunks())).as_py()
    subprocess.run([PROGRAM, "check", f"--config={sample['config']}"], check=True, stdout=subprocess.DEVNULL)
    print("ok: check and sample", flush=True)

    general = [f"--config={CONFIG}", "--as-of=2026-06-01"]
    assert main(["features", *general, f"--out={WORK}/shell", "--buckets=8"]) == 0
    assert main(["features", *general, f"--out={WORK}/shell_labels", "--buckets=8", "--labels"]) == 0
    assert "churned" in pq.read_schema(next(Path(f"{WORK}/shell_labels").glob("*.parquet"))).names
    equal(f"{WORK}/shell", local(WORK / "shell.parquet", ["2026-06-01"]), "from the command line")
    assert main(["features", *general, f"--out={WORK}/shell"]) == 2
    assert main(["check", *general, "--set=features.windows_days=0"]) == 2
    print("ok: exit codes", flush=True)


if __name__ == "__main__":
    # Tasks see the environment that Spark was started in.
    os.environ["CHURN_BIN"] = str(flaky(WORK))
    spark = session()
    features(spark)
    lists(spark)
    prepared(spark)
    refusals(spark)
    others(spark)
    spark.stop()
