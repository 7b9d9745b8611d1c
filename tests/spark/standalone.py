"""`churn_risk.spark` on a standalone cluster of two workers, whose machines have nothing but what `--archives` brings
them, held against the program on one machine.

    python standalone.py CONFIG WORK

As `local.py`. It makes an environment with the wheel that `CHURN_WHEEL` names, or with what a wheel would put there,
packs it with venv-pack, both from PyPI, and says "ok" four times. It takes two minutes.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import churn_risk
import pyspark
from local import CONFIG, DATES, FORMATS, PROGRAM, WORK, equal, local, same_run, scored

SPARK = Path(pyspark.__file__).parent
MODULE = Path(churn_risk.__file__).parent
DATE = DATES[1]
# What a machine of a cluster knows: nothing of this process and its packages.
BARE = {key: value for key, value in os.environ.items() if not key.startswith(("CHURN_", "PYTHON", "PYSPARK_"))}
BARE |= {"SPARK_HOME": str(SPARK), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOG_DIR": str(WORK)}


def packed() -> tuple[Path, Path]:
    """An environment for machines and driver, and the archive of it."""
    environment, archive = WORK / "environment", WORK / "environment.tar.gz"
    python = environment / "bin/python"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    needed = [f"{name}=={version(name)}" for name in ("pyarrow", "pandas")]
    wheel = os.environ.get("CHURN_WHEEL")
    more = [wheel] if wheel else []
    subprocess.run([python, "-m", "pip", "install", "--quiet", *needed, "venv-pack==0.2.0", *more], check=True)
    if not wheel:
        packages = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
        shutil.copytree(MODULE, Path(packages.decode().strip()) / "churn_risk")
        shutil.copy(PROGRAM, environment / "bin/churn")

    command = [environment / "bin/venv-pack", "--quiet", "--prefix", environment, "--output", archive]
    subprocess.run(command, check=True)
    return python, archive


@contextmanager
def cluster() -> Iterator[str]:
    """A master and two workers with a core each."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address, class_of = f"spark://127.0.0.1:{port}", "org.apache.spark.deploy"
    master = [f"{class_of}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
    worker = [f"{class_of}.worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0"]
    processes = []
    try:
        for number, words in enumerate([master, worker, worker]):
            more = ["--work-dir", f"{WORK}/worker_{number}", address] if words is worker else []
            with (WORK / f"cluster_{number}.log").open("w") as log:
                command = [SPARK / "bin/spark-class", *words, *more]
                processes.append(subprocess.Popen(command, env=BARE, stdout=log, stderr=log))
        while (WORK / "cluster_0.log").read_text().count("Registering worker") < 2:
            assert all(process.poll() is None for process in processes), "a part of the cluster has ended"
            time.sleep(0.1)
        yield address
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def submit(address: str, python: Path, archive: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs a command of the package by spark-submit, whose driver is here."""
    command = [SPARK / "bin/spark-submit", "--master", address, "--archives", f"{archive}#env"]
    settings = {
        "spark.pyspark.driver.python": python,
        "spark.pyspark.python": "./env/bin/python",
        "spark.executor.memory": "512m",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
    }
    for key, value in settings.items():
        command += ["--conf", f"{key}={value}"]
    script = next(python.parent.parent.rglob("churn_risk/spark/__main__.py"))
    done = subprocess.run([*command, script, *words], check=False, env=BARE, capture_output=True, text=True)
    assert done.returncode == code, (words, done.returncode, done.stdout[-2000:], done.stderr[-4000:])
    return done


if __name__ == "__main__":
    python, archive = packed()
    print(f"packed {archive.stat().st_size / 1e6:.0f} MB in {time.process_time():.0f} s", flush=True)
    dated = [f"--config={CONFIG}", f"--as-of={DATE}"]
    with cluster() as address:
        on = address, python, archive
        found = submit(*on, "check", *dated)
        assert '"program": "churn ' in found.stdout, found.stdout
        print("ok: check", flush=True)

        submit(*on, "features", *dated, f"--out={WORK}/features", "--buckets=16")
        equal(f"{WORK}/features", local(WORK / "features.parquet", [DATE]), "the feature table")

        submit(*on, "score", *dated, f"--out={WORK}/spark", "--buckets=16", f"--set=publish.formats={FORMATS}")
        same_run(WORK / f"spark/as_of={DATE}", scored(CONFIG, WORK / "lists", DATE), "the list")

        refused = submit(*on, "score", *dated, f"--out={WORK}/spark", "--model=v9999", code=8)
        # What the driver says on standard error, spark-submit writes to standard output.
        assert "error: there is no model `v9999`" in refused.stdout, refused.stdout[-2000:]
        print("ok: exit codes", flush=True)
