"""`python -m churn_risk.spark`, which `spark-submit` runs as well."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import get_args

from churn_risk._errors import ChurnError
from churn_risk.spark._churn import Scan

_STEPS = ("staging", "buckets", "partitions", "resume", "reduce_memory")


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code, which is one of the program's."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    given = _pairs(parser, "--table", asked.table)
    settings = {key: _value(text) for key, text in _pairs(parser, "--set", asked.set).items()}

    try:
        from pyspark.sql import SparkSession

        from churn_risk.spark import Churn

        job = Churn(SparkSession.builder.getOrCreate(), asked.config, given, settings, asked.scan)
        if asked.command == "check":
            result = job.check(asked.as_of)
        elif asked.command == "sample":
            result = job.sample(asked.out, asked.share, asked.seed)
        else:
            steps = {name: getattr(asked, name) for name in _STEPS}
            if asked.command == "score":
                result = job.score(asked.as_of, asked.out, asked.model, **steps, features=asked.features)
            else:
                result = job.features(asked.as_of, asked.out, labels=asked.labels, **steps)
    except ChurnError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except (FileNotFoundError, ModuleNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    print(json.dumps(result, indent=2, ensure_ascii=False))
    return 0


def _parser() -> argparse.ArgumentParser:
    general = argparse.ArgumentParser(add_help=False)
    general.add_argument(
        "--config", default=os.environ.get("CHURN_CONFIG", "churn.toml"), help="the configuration file"
    )
    general.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting")
    general.add_argument(
        "--table",
        action="append",
        default=[],
        metavar="SECTION=NAME",
        help="a table of the session, as signals.logins=crm.logins",
    )
    general.add_argument(
        "--scan",
        choices=get_args(Scan),
        default="auto",
        help="who reads the tables of paths: the program in tasks (native), Spark, or the program where tasks see the "
        "files [default: auto]",
    )
    dated = argparse.ArgumentParser(add_help=False)
    dated.add_argument("--as-of", action="append", required=True, metavar="DATE", help="a date (repeatable)")

    steps = argparse.ArgumentParser(add_help=False)
    steps.add_argument("--staging", help="a folder for what lies between the steps [default: beside --out]")
    steps.add_argument("--buckets", type=int, help="buckets of customers, a power of two")
    steps.add_argument("--partitions", type=int, help="tasks that turn buckets into rows")
    steps.add_argument("--reduce-memory", metavar="SIZE", help="what a task may take for the rows of a bucket")
    steps.add_argument("--resume", action="store_true", help="go on from what is in the staging folder")

    parser = argparse.ArgumentParser(prog="python -m churn_risk.spark", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", parents=[general, dated], help="check the tables, and the program on every machine")
    score = commands.add_parser("score", parents=[general, steps], help="publish the list of a date")
    score.add_argument(
        "--as-of", metavar="DATE", help="the date of the list; of a prepared table [default: the newest]"
    )
    score.add_argument("--features", metavar="PATH", help="a prepared table, in the place of the signals")
    score.add_argument("--out", help="the folder of the lists [default: that of the configuration]")
    score.add_argument("--model", metavar="VERSION", help="a version of the model other than the champion")
    features = commands.add_parser("features", parents=[general, dated, steps], help="write the feature table")
    features.add_argument("--out", required=True, help="a new folder")
    features.add_argument("--labels", action="store_true", help="rows as for training, with labels")
    sample = commands.add_parser("sample", parents=[general], help="write the tables of a share of the customers")
    sample.add_argument("--out", required=True, help="a new folder")
    sample.add_argument("--share", type=float, required=True, help="the share of the customers")
    sample.add_argument("--seed", type=int, default=7, help="another seed draws others [default: 7]")
    return parser


def _pairs(parser: argparse.ArgumentParser, option: str, texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, found, value = text.partition("=")
        if not found:
            parser.error(f"{option} {text}: expected KEY=VALUE")
        pairs[key] = value
    return pairs


def _value(text: str) -> object:
    """A setting as the program's own --set reads it: TOML where it is that, and else a text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


if __name__ == "__main__":
    sys.exit(main())
