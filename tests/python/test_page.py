"""The first hour in Python: every block of docs/python.md runs as it stands there, in the order of the page."""

import re
import subprocess
import sys
import tempfile
import unittest
from importlib.util import find_spec

from world import REPOSITORY

PAGE = (REPOSITORY / "docs/python.md").read_text(encoding="utf-8")


@unittest.skipUnless(find_spec("polars"), "the page reads tables with polars")
class Page(unittest.TestCase):
    def test_every_block_runs(self):
        script = "".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-c", script], check=False, cwd=folder, capture_output=True, text=True
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("try again in half an hour: the data are stale", done.stdout)


if __name__ == "__main__":
    unittest.main()
