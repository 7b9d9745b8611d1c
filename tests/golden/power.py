#!/usr/bin/env python3
"""Writes the golden values that `src/power.rs` demands: the power of the test of two proportions, and the smallest effect
that has a power of 80 %.

Made with Python 3.11, statsmodels 0.15.0 and scipy 1.17.1 (requirements.txt). Run from anywhere:
`python tests/golden/power.py`.
"""

import json
from pathlib import Path

from scipy.optimize import brentq
from statsmodels.stats.proportion import power_proportions_2indep

HERE = Path(__file__).parent / "power"


def power(rate, effect, control, contact):
    """Two-sided at 5 %; the first group is contacted and churns less."""
    return float(
        power_proportions_2indep(
            -effect, rate, contact, ratio=control / contact, alpha=0.05, alternative="two-sided", return_results=False
        )
    )


def smallest_effect(rate, control, contact):
    def above(effect):
        return power(rate, effect, control, contact) - 0.8

    # At the end the variance of the contacted is 0.
    return float(brentq(above, 1e-9, rate, xtol=1e-12)) if above(rate) >= 0 else None


cases = []
for rate in [0.01, 0.05, 0.1, 0.2, 0.35, 0.6, 0.9]:
    for customers in [40, 150, 500, 5_000, 60_000]:
        for share in [0.02, 0.1, 0.3, 0.5]:
            groups = {"control": customers * share, "contact": customers * (1 - share)}
            effect = rate / 4
            cases.append(
                {
                    "rate": rate,
                    "effect": effect,
                    **groups,
                    "power": power(rate, effect, **groups),
                    "smallest_effect": smallest_effect(rate, **groups),
                }
            )

HERE.mkdir(exist_ok=True)
(HERE / "two_proportions.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
