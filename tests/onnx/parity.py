"""Runs exported models in onnxruntime and holds them against `churn score`, row by row.

    parity.py CHURN REPOSITORY FOLDER

trains on the sample with each calibration, and with curves and interactions, below FOLDER, exports, and compares on customers some of whom have a level that
was never seen in training or none at all. Every difference must be below 1e-6. Needs notebooks/requirements.txt.
"""

import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import polars as pl

AS_OF = "2026-06-01"
TOLERANCE = 1e-6

churn, repository, folder = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])


def run(*arguments: str) -> None:
    """Runs the program on the sample, with models and lists below the folder."""
    changes = {"paths.models": folder / "models", "paths.lists": folder / "lists", "customers.path": customers}
    sets = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    command = [churn, *arguments, "--quiet", "--config", repository / "churn.toml", *sets]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def feed(session: onnxruntime.InferenceSession, table: pl.DataFrame) -> dict[str, np.ndarray]:
    """The columns of a feature table as the model's inputs."""
    columns = {}
    for given in session.get_inputs():
        column = table[given.name]
        if given.type == "tensor(string)":
            columns[given.name] = column.fill_null("").to_numpy().astype(object)
        else:
            columns[given.name] = column.cast(pl.Float32).fill_null(float("nan")).to_numpy()
    return columns


def compare(version: str) -> None:
    """Exports a version and compares it with its own scores."""
    file, package = folder / f"{version}.onnx", folder / f"{version}.mlflow"
    run("models", "export", version, "--out", str(file))
    run("models", "export", version, "--to", "mlflow", "--out", str(package))
    onnx.checker.check_model(onnx.load(file), full_check=True)

    run("score", "--as-of", AS_OF, "--model", version)
    scores = pl.read_parquet(folder / "lists" / f"as_of={AS_OF}" / "scores.parquet")
    run("features", "--as-of", AS_OF, "--out", str(folder / "features.parquet"))
    table = pl.read_parquet(folder / "features.parquet").join(scores, on="customer_id", how="inner", validate="1:1")
    assert table.height == scores.height > 1000

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    columns = feed(session, table)
    found = dict(zip(["probability", "log_odds"], session.run(["probability", "log_odds"], columns), strict=True))
    for output, column in [("probability", "churn_probability"), ("log_odds", "log_odds")]:
        difference = np.abs(found[output] - table[column].to_numpy()).max()
        print(f"{version} {output}: {table.height} rows, largest difference {difference:.1e}")
        assert difference < TOLERANCE, f"{version}: {output} differs by {difference}"

    model = mlflow.pyfunc.load_model(str(package))
    predicted = model.predict(pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in columns.items()}))
    assert np.array_equal(predicted["probability"], found["probability"])


customers = repository / "data/sample/customers.parquet"
kinds = [("linear", "none"), ("linear", "platt"), ("linear", "beta"), ("linear", "isotonic"), ("curves", "auto"), ("interactions", "auto")]
for complexity, calibration in kinds:
    run("train", "--promote", "never", "--set", f"model.complexity={complexity}", "--set", f"model.calibration={calibration}")

strangers = pl.read_parquet(customers).with_columns(
    plan=pl.when(pl.int_range(pl.len()) % 7 == 0).then(None)
    .when(pl.int_range(pl.len()) % 7 == 1).then(pl.lit("never seen"))
    .otherwise("plan")
)
customers = folder / "customers.parquet"
strangers.write_parquet(customers)
for version in range(len(kinds)):
    compare(f"v{version + 1:04}")
