"""`churn_risk.spark` through Spark Connect, held against the program on one machine.

    python connect.py CONFIG WORK

As `sail.py`, with the packages of `requirements.txt` beside this file, whose client is older than the server. That is
started from `SPARK_HOME`, the folder of a package `pyspark`, and `PYSPARK_PYTHON` names the Python of its tasks, with
the packages of `notebooks/requirements.txt`.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from churn_risk.spark import Churn
from local import CONFIG, DATES, FORMATS, PROGRAM, WORK, equal, local, prepared, same_run, scored
from pyspark.sql import SparkSession

# For a server that starts on a busy machine.
PATIENCE = 180


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The address of a server that is there meanwhile."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 3,
        # Nothing here runs for long enough to be worth compiling twice.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    }
    command = [f"{os.environ['SPARK_HOME']}/bin/spark-submit", "--master=local[2]"]
    command += [f"--conf={name}={value}" for name, value in settings.items()]
    command.append("--class=org.apache.spark.sql.connect.service.SparkConnectServer")
    with open(WORK / "server.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            told = (WORK / "server.log").read_text()
            assert process.poll() is None and time.monotonic() < until, f"the server does not start:\n{told}"
            time.sleep(0.2)
        yield f"sc://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    os.environ["CHURN_BIN"] = PROGRAM
    with server() as address, contextlib.ExitStack() as ends:
        os.environ["SPARK_REMOTE"] = address
        spark = SparkSession.builder.getOrCreate()
        # Before the server does: a client asks one that is gone for minutes.
        ends.callback(spark.stop)

        expected = local(WORK / "features.parquet", DATES)
        for scan in ("native", "spark"):
            job = Churn(spark, CONFIG, scan=scan)
            found = job.check(DATES)
            assert found["program"].startswith("churn"), found
            job.features(DATES, out=f"{WORK}/{scan}", buckets=16)
            equal(f"{WORK}/{scan}", expected, f"the feature table, read by {scan}")
        again = Churn(spark, CONFIG)
        again.features(DATES, out=f"{WORK}/resumed", staging=f"{WORK}/spark.staging", buckets=16, resume=True)
        equal(f"{WORK}/resumed", expected, "from the pieces of an earlier run")

        lister = Churn(spark, CONFIG, settings={"publish.formats": json.loads(FORMATS)})
        for date in DATES:
            of_one_machine = scored(CONFIG, WORK / "lists", date)
            published = lister.score(date, out=WORK / "spark_lists", buckets=16)
            same_run(Path(published["folder"]), of_one_machine, f"the list of {date}")
        prepared(spark)
