"""`churn_risk.spark` on Sail, held against the program on one machine.

    python sail.py CONFIG WORK

As `local.py`, with the packages of `requirements.txt` beside this file. The server of Sail runs in this process.
"""

import json
import os
from pathlib import Path

from churn_risk.spark import Churn
from local import CONFIG, DATES, FORMATS, PROGRAM, WORK, equal, local, prepared, same_run, scored
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

if __name__ == "__main__":
    os.environ["CHURN_BIN"] = PROGRAM
    server = SparkConnectServer()
    server.start(background=True)
    _, port = server.listening_address
    os.environ["SPARK_REMOTE"] = f"sc://127.0.0.1:{port}"
    spark = SparkSession.builder.getOrCreate()

    job = Churn(spark, CONFIG)
    found = job.check(DATES, workers=2)
    assert found["program"].startswith("churn"), found
    # One task has all buckets, or three have some each.
    for partitions in (1, 3):
        out = f"{WORK}/{partitions}"
        job.features(DATES, out=out, buckets=64, partitions=partitions)
        equal(out, local(WORK / "features.parquet", DATES), f"the feature table, made by {partitions} tasks")

    lister = Churn(spark, CONFIG, settings={"publish.formats": json.loads(FORMATS)})
    for date in DATES:
        expected = scored(CONFIG, WORK / "lists", date)
        published = lister.score(date, out=WORK / "sail_lists", buckets=16, partitions=2)
        same_run(Path(published["folder"]), expected, f"the list of {date}")
    prepared(spark)
    spark.stop()
    server.stop()
