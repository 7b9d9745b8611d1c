"""A copy of the repository's sample to play with, and the program, for the notebooks.

The program is the one that `CHURN_BIN` names, or `target/release/churn` of this checkout.
"""

import atexit
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PROGRAM = Path(os.environ.get("CHURN_BIN", REPOSITORY / "target/release/churn")).resolve()

# What the notebooks write goes here and vanishes with them; the checkout stays as it is.
folder = Path(tempfile.mkdtemp(prefix="churn-notebook-"))
atexit.register(shutil.rmtree, folder, ignore_errors=True)
shutil.copytree(REPOSITORY / "data/sample", folder / "data/sample")
shutil.copytree(REPOSITORY / "models", folder / "models")
shutil.copy(REPOSITORY / "churn.toml", folder)


def churn(*arguments: str) -> dict:
    """Runs `churn` in the folder, and returns what it says as JSON."""
    command = [PROGRAM, *arguments, "--format", "json", "--quiet"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"churn {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)
