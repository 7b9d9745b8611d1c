"""A small population with lists of three dates, made once for all tests."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import churn_risk

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DATES = ["2026-05-04", "2026-05-25", "2026-06-01"]


@functools.cache
def demo() -> Path:
    """The folder of a small demo; no test changes it."""
    folder = Path(tempfile.mkdtemp(prefix="churn-python-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    churn_risk.run("demo", "demo", customers=2000, cwd=folder)
    return folder / "demo"
