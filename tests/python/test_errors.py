"""Exit codes as exceptions, held against where the program defines and documents them."""

import pickle
import re
import subprocess
import unittest
from pathlib import Path

import churn_risk
from churn_risk import EXIT_CODES
from world import REPOSITORY


def read(path: str) -> str:
    return Path(REPOSITORY, path).read_text(encoding="utf-8")


def meanings() -> dict:
    """What each code means, as the exceptions say it, without what some of them add."""
    return {code: re.split(r"[.:;(]", error.__doc__)[0].strip().lower() for code, error in EXIT_CODES.items()}


class ExitCodes(unittest.TestCase):
    def test_they_are_those_of_the_program(self):
        of_errors = {int(code) for code in re.findall(r"Error::\w+\(_\) => (\d+),", read("src/error.rs"))}
        interrupted = int(re.search(r"INTERRUPTED: i32 = (\d+);", read("src/cli/mod.rs"))[1])
        self.assertEqual(set(EXIT_CODES), of_errors | {interrupted})

    def test_help_readme_and_page_say_the_same(self):
        said = subprocess.check_output([churn_risk.find_churn_bin(), "--help"], text=True)
        documents = {
            "churn --help": re.findall(r"^ +(\d+)  (.+)$", said, re.MULTILINE),
            "README.md": re.findall(r"^\| (\d+) \| (.+) \|$", read("README.md"), re.MULTILINE),
            "docs/python.md": re.findall(r"^\| `\w+` \| (\d+) \| (.+) \|$", read("docs/python.md"), re.MULTILINE),
        }
        for name, lines in documents.items():
            told = {int(code): meaning for code, meaning in lines if code != "0"}
            self.assertEqual(set(told), set(EXIT_CODES), name)
            for code, meaning in meanings().items():
                self.assertIn(meaning, told[code].lower(), name)

    def test_the_page_names_the_class_of_each_code(self):
        named = re.findall(r"^\| `(\w+)` \| (\d+) \|", read("docs/python.md"), re.MULTILINE)
        self.assertEqual({int(code): name for name, code in named}, {c: e.__name__ for c, e in EXIT_CODES.items()})

    def test_an_exception_survives_a_pickle(self):
        error = EXIT_CODES[4]("late", 4, ["churn", "score"])
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual(type(again), churn_risk.StaleDataError)
        self.assertEqual((str(again), again.exit_code, again.command), ("late", 4, ["churn", "score"]))


if __name__ == "__main__":
    unittest.main()
