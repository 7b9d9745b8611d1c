"""Where the program is."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path


def find_churn_bin() -> str:
    """The path of the program `churn`: the one that `CHURN_BIN` names, or else the one that this package came with.

    Raises:
        FileNotFoundError: there is none; the message says where it was looked for.
    """
    named = os.environ.get("CHURN_BIN")
    if named is not None:
        if os.path.isfile(named):
            return os.path.abspath(named)
        raise FileNotFoundError(f"CHURN_BIN names {named}, and there is no such file; correct it, or unset it")

    places = list(dict.fromkeys(_places()))
    for place in places:
        if place.is_file():
            return str(place)
    searched = ", ".join(map(str, places))
    raise FileNotFoundError(
        f"the program churn is at none of these places: {searched}; install the wheel of churn-risk again, or name a "
        "program with CHURN_BIN"
    )


def _places() -> Iterator[Path]:
    """Where installers put the program, the likeliest place first."""
    # What the installer has recorded: right for environments, users, prefixes, and the ways of distributions.
    try:
        recorded = files("churn-risk") or []
    except PackageNotFoundError:
        recorded = []
    for file in recorded:
        if file.name == "churn":
            yield Path(os.path.abspath(file.locate()))

    # Packages of a distribution may have no record, and that of `pip install --target` is out of date.
    yield Path(sysconfig.get_path("scripts"), "churn")
    yield Path(__file__).resolve().parent.parent / "bin/churn"
