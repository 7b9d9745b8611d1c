"""What `churn_risk.spark` makes of tables, folders and machines that are not as they should be, on PySpark: the right
rows, or a refusal that says why.

    python inputs.py CONFIG WORK

As `local.py`, with a model beside CONFIG. It says "ok" sixty-three times, and takes some ten minutes on two busy cores.
"""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import churn_risk
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from churn_risk.spark import Churn
from local import CONFIG, DATES, FORMATS, PROGRAM, WORK, equal, local, ordered, refused, same_run, scored, session
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

DATA = Path(CONFIG).parent / "data"
DATE = DATES[1]
MODELS = DATA.parent / "models"
# Of a list, that of every format, by the model beside CONFIG.
LISTED = {"publish.formats": json.loads(FORMATS), "paths.models": str(MODELS)}
# What the program is replaced by in tasks and in this process, once a file says so.
HOOKS = """#!/bin/sh
case "$*" in
    *--left-out*logins*|*logins*--left-out*|*"exchange scan"*) [ -e "{work}/when_looked_at" ] && sh "{work}/when_looked_at" ;;
esac
if [ -e "{work}/other_version" ] && grep -q daemon /proc/$PPID/cmdline; then
    case "$*" in
        --*version*) echo "churn 99.0.0"; exit 0 ;;
        *) for word; do case "$word" in --plan=*) sed -i 's/churn-risk 0[.][0-9.]*/churn-risk 99.0.0/' "${{word#--plan=}}" ;; esac; done ;;
    esac
fi
exec "{program}" "$@"
"""


def hooked() -> Path:
    script = WORK / "hooked"
    script.write_text(HOOKS.format(work=WORK, program=PROGRAM))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


def rewritten(folder: Path, change) -> str:
    """The population with every table changed, and its configuration."""
    for path in DATA.rglob("*.parquet"):
        table = change(path.relative_to(DATA).parts[0], pq.read_table(path, partitioning=None))
        target = folder / "data" / path.relative_to(DATA)
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, target)
    shutil.copy(CONFIG, folder)
    return str(folder / "churn.toml")


def same(config: str, what: str, settings: dict[str, object], tables: dict[str, DataFrame], scan: str = "auto") -> None:
    """Makes the feature table and the list of a configuration, which have to be those of one machine, whatever type ids
    have."""
    out = WORK / what.replace(" ", "_")
    sets = [f"--set={key}={json.dumps(value)}" for key, value in settings.items()]
    command = [PROGRAM, "features", f"--config={config}", f"--out={out}.parquet", f"--as-of={DATE}", *sets]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    job = Churn(session(), config, tables, {**LISTED, **settings}, scan=scan)
    job.features(DATE, out=str(out), buckets=8)
    equal(str(out), ordered(pq.read_table(f"{out}.parquet")), what)

    expected = scored(config, Path(f"{out}_local"), DATE, f"--set=paths.models={MODELS}", *sets)
    published = job.score(DATE, out=f"{out}_lists", buckets=8)
    same_run(Path(published["folder"]), expected, f"{what}, in a list")


def both_refused(code: int, part: str, job: Churn, before: Callable[[], object] = lambda: None) -> None:
    """The feature table and the list are refused, each after something has been done."""
    before()
    refused(code, part, lambda: job.features(DATE, out=f"{WORK}/never", buckets=8))
    before()
    refused(code, part, lambda: job.score(DATE, out=f"{WORK}/never", buckets=8))
    assert not list(WORK.glob("never/as_of=*")), "something was published"


def ids_as(make) -> object:
    def change(_: str, table: pa.Table) -> pa.Table:
        if "customer_id" not in table.column_names:
            return table
        return table.set_column(table.schema.get_field_index("customer_id"), "customer_id", make(table["customer_id"]))

    return change


def ids(spark: SparkSession) -> None:
    """Ids of types that Spark hands over as others than the files have."""
    kinds = {
        "unsigned ids": lambda ids: pc.cast(ids, pa.uint64()),
        "decimal ids": lambda ids: pc.cast(pc.cast(ids, pa.decimal128(19, 0)), pa.decimal128(38, 0), safe=False),
        "short ids": lambda ids: pc.cast(ids, pa.uint32()),
    }
    for what, make in kinds.items():
        config = rewritten(WORK / f"data_{what.replace(' ', '_')}", ids_as(make))
        for scan in ("spark", "native"):
            same(config, f"{what}, {scan}", {}, {}, scan)

    # Beyond 64 bits with a sign, where the program reads the ids of all tables as digits.
    config = rewritten(
        WORK / "large", ids_as(lambda ids: pc.add(pc.cast(ids, pa.uint64()), pa.scalar(1 << 63, pa.uint64())))
    )
    same(config, "ids beyond 64 bits", {}, {})
    both_refused(3, "customer_id", Churn(spark, config, settings=LISTED, scan="spark"))

    # A collation says which texts are alike to Spark; the program compares what is written.
    config = rewritten(
        WORK / "texts", ids_as(lambda ids: pc.binary_join_element_wise("c", pc.cast(ids, pa.string()), ""))
    )
    names = ["customers", "churn", "signals.logins", "signals.visits", "signals.mentions", "signals.surveys"]
    collated = {}
    for name in names:
        table = spark.read.parquet(str(next(path for path in (WORK / "texts/data").glob(f"{name.split('.')[-1]}*"))))
        collated[name] = table.withColumn("customer_id", F.expr("customer_id COLLATE UTF8_LCASE"))
    same(config, "collated ids", {}, collated)

    nested = spark.read.parquet(str(DATA / "customers.parquet")).withColumn("customer_id", F.struct("customer_id"))
    refused(3, "column `customer_id`", lambda: Churn(spark, CONFIG, tables={"customers": nested}).check(DATE))
    both_refused(3, "column `customer_id`", Churn(spark, CONFIG, tables={"customers": nested}))
    within = {"customers.id": "who.id"}
    refused(3, "column `who.id`", lambda: Churn(spark, CONFIG, settings=within).check(DATE))


def tables(spark: SparkSession) -> None:
    """Tables that are empty, or that change while they are read."""
    schema = pq.read_schema(next((DATA / "mentions").rglob("*.parquet")))
    pq.write_table(schema.empty_table(), WORK / "nothing.parquet")
    sets = [f"--set=signals.mentions.path={WORK}/nothing.parquet"]
    empty = Churn(spark, CONFIG, settings={"signals.mentions.path": f"{WORK}/nothing.parquet"})
    empty.features(DATE, out=f"{WORK}/empty", buckets=8)
    equal(f"{WORK}/empty", local(WORK / "empty.parquet", [DATE], *sets), "a signal without rows")
    # A list is not made of stale data, by one machine either.
    refused(4, "`mentions` has no row at all", lambda: empty.score(DATE, out=f"{WORK}/never", buckets=8))

    # One file has fewer rows than it had when it was looked at; then it is gone; then it is no Parquet.
    config = rewritten(WORK / "changing", lambda _, table: table)
    file = max((WORK / "changing/data/logins").rglob("*.parquet"))
    fewer = WORK / "fewer.parquet"
    table = pq.read_table(file, partitioning=None)
    pq.write_table(table.slice(0, table.num_rows - 1), fewer)
    hook = WORK / "when_looked_at"
    shutil.copy(file, WORK / "whole.parquet")
    for scan, unreadable in (("spark", "cannot be read"), ("native", "is not a readable Parquet file")):
        job = Churn(spark, config, settings=LISTED, scan=scan)
        for step, code, part in (
            (f'cp "{fewer}" "{file}"', 75, "changes while it is read"),
            (f'rm -f "{file}"', 75, "a file of a table is gone"),
            (f'echo nothing > "{file}"', 3, unreadable),
        ):

            def prepare(step: str = step) -> None:
                shutil.copy(WORK / "whole.parquet", file)
                hook.write_text(step)

            both_refused(code, part, job, prepare)
            hook.unlink()

    # A view that gives other rows each time.
    logins = spark.read.parquet(str(DATA / "logins"))
    moody = F.udf(lambda: os.urandom(1)[0], "int").asNondeterministic()
    view = logins.withColumn("mood", moody()).where("mood < 200").drop("mood")
    job = Churn(spark, CONFIG, tables={"signals.logins": view})
    both_refused(75, "a view that always gives the same rows", job)


def lifetimes() -> None:
    """What a customer has done in all, over the whole history of each signal, by a model that knows of it."""
    lifetime = {"features.lifetime": True, "paths.models": f"{WORK}/lifetime_models"}
    sets = [f"--set={key}={json.dumps(value)}" for key, value in lifetime.items()]
    command = [PROGRAM, "train", f"--config={CONFIG}", f"--as-of={DATE}", "--promote=always", *sets]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    same(CONFIG, "a lifetime", lifetime, {})


def machines(spark: SparkSession) -> None:
    """Machines without the program, or with another version of it."""
    job = Churn(spark, CONFIG)
    (WORK / "other_version").touch()
    refused(2, "99.0.0", lambda: job.check(DATE))
    both_refused(2, "install one version on every machine", job)
    (WORK / "other_version").unlink()

    # This process has it.
    os.environ["CHURN_BIN"] = PROGRAM
    (WORK / "hooked").rename(WORK / "away")
    refused(2, "there is no such file", lambda: job.check(DATE))
    both_refused(2, "there is no such file", job)
    (WORK / "away").rename(WORK / "hooked")


def stagings(spark: SparkSession) -> None:
    """A staging folder of another plan: other dates, other buckets, or rows of features where a list asks for more."""
    job, staging = Churn(spark, CONFIG, settings=LISTED), f"{WORK}/stagings"
    job.features(DATE, out=f"{WORK}/first", staging=staging, buckets=8)
    more = {"out": f"{WORK}/never", "staging": staging, "resume": True}
    refused(2, "other dates", lambda: job.score(DATE, buckets=16, **more))
    refused(2, "other dates", lambda: job.score(DATES[0], buckets=8, **more))
    refused(2, "other dates", lambda: job.score(DATE, buckets=8, **more))
    job.score(DATE, out=f"{WORK}/second", staging=staging, buckets=8)
    refused(2, "other dates", lambda: job.features(DATE, buckets=8, **more))
    same_run(WORK / f"second/as_of={DATE}", scored(CONFIG, WORK / "second_local", DATE), "a staging folder replaced")


def lacking() -> None:
    """Machines that lack a package: tasks run in an environment without any, or without that of this project."""
    bare = WORK / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    package = str(Path(churn_risk.__file__).parent.parent)
    without = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for what, environment in {
        "py": {**os.environ, "PYSPARK_PYTHON": f"{bare}/bin/python"},
        "churn_risk": {**without, "PYSPARK_PYTHON": sys.executable},
    }.items():
        for command, *more in (["check"], ["features", f"--out={WORK}/never"], ["score", f"--out={WORK}/never"]):
            words = [command, f"--config={CONFIG}", f"--as-of={DATE}", *more]
            code = f"import sys; sys.path.insert(0, {package!r}); from churn_risk.spark.__main__ import main; "
            code += f"sys.exit(main({words!r}))"
            done = subprocess.run(
                [sys.executable, "-c", code], check=False, env=environment, capture_output=True, text=True
            )
            told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
            assert done.returncode == 2, (words, done.returncode, done.stderr)
            assert f"a machine lacks the package {what}" in told[0], (words, told)
            print(f"ok: refused with 2: {command}: {told[0]}", flush=True)


def killed() -> None:
    """A driver that is killed while it works, and the same command again."""
    command = [sys.executable, "-m", "churn_risk.spark", "features", f"--config={CONFIG}", "--buckets=16", "--resume"]
    command += [f"--as-of={day}" for day in DATES]
    out = local(WORK / "killed.parquet", DATES)
    for what, scan, sign in (
        ("packs", "native", "staging/pieces/_temporary"),
        ("reduces", "native", "staging/rows"),
        # Files that tasks write come into their folder all at once.
        ("ends", "spark", "table"),
    ):
        folder = WORK / f"killed_while_it_{what}"
        words = [*command, f"--out={folder}/table", f"--staging={folder}/staging", f"--scan={scan}"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        while not (folder / sign).exists():
            assert process.poll() is None, "ended before it could be killed"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (folder / "table/_SUCCESS").exists()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        equal(f"{folder}/table", out, f"a driver killed while it {what}")


def killed_lists() -> None:
    """As `killed`, of a list."""
    command = [sys.executable, "-m", "churn_risk.spark", "score", f"--config={CONFIG}", "--buckets=16", "--resume"]
    command += [f"--as-of={DATE}", f"--set=publish.formats={FORMATS}"]
    expected = scored(CONFIG, WORK / "killed_local", DATE)
    signs = {"packs": "staging/pieces/_temporary", "reduces": "staging/rows", "publishes": "lists/.staged-*"}
    for what, sign in signs.items():
        folder = WORK / f"list_killed_while_it_{what}"
        words = [*command, f"--out={folder}/lists", f"--staging={folder}/staging"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        while not list(folder.glob(sign)):
            assert process.poll() is None, "ended before it could be killed"
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not list(folder.glob("lists/as_of=*")), what
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        same_run(folder / f"lists/as_of={DATE}", expected, f"a driver killed while it {what} a list")
        assert not list(folder.glob("lists/.staged-*")), what


if __name__ == "__main__":
    os.environ["CHURN_BIN"] = str(hooked())
    spark = session()
    ids(spark)
    tables(spark)
    machines(spark)
    stagings(spark)
    lifetimes()
    spark.stop()
    lacking()
    killed()
    killed_lists()
