"""Runs every notebook from its first cell to its last; an assertion that fails stops it.

    run.py [--write]

`--write` puts the outputs back into the notebooks. Needs the packages of requirements.txt, and the program (CHURN_BIN, or
target/release/churn).
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

folder = Path(__file__).resolve().parent
# The package and the program of this checkout, for the notebook that a user runs with those of the wheel.
os.environ["PYTHONPATH"] = str(folder.parent / "python")
os.environ["CHURN_BIN"] = os.path.abspath(os.environ.get("CHURN_BIN", folder.parent / "target/release/churn"))
for path in sorted(folder.glob("*.ipynb")):
    notebook = nbformat.read(path, as_version=4)
    # Without timing, the same outputs give the same file.
    client = NotebookClient(notebook, timeout=600, record_timing=False, resources={"metadata": {"path": folder}})
    client.execute()
    print(f"{path.name}: {len(notebook.cells)} cells")
    if "--write" in sys.argv[1:]:
        notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
        nbformat.write(notebook, path)
