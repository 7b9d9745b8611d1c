#!/usr/bin/env python3
"""Writes the golden values that `src/monitoring/drift/distance.rs` demands.

`distances.json`: the population stability index of two counts with half a row more in every bin (scipy's `rel_entr` in both
directions), the G-test of homogeneity of scipy (`chi2_contingency` with `lambda_="log-likelihood"`) where at least five rows are
expected of the smaller sample in every bin, and the adjustment of Holm of statsmodels.

Made with Python 3.11, scipy 1.17.1 and statsmodels 0.15.0 (requirements.txt). Run from anywhere: `python tests/golden/drift.py`.
"""

import json
from pathlib import Path

import numpy as np
from scipy.special import rel_entr
from scipy.stats import chi2_contingency
from statsmodels.stats.multitest import multipletests

HERE = Path(__file__).parent / "drift"
rng = np.random.default_rng(7)


def psi(before, after):
    p, q = ((np.array(counts) + 0.5) / (np.sum(counts) + 0.5 * len(counts)) for counts in (before, after))
    return float(np.sum(rel_entr(p, q)) + np.sum(rel_entr(q, p)))


def table(bins, rows_before, rows_after, shift):
    shares = rng.dirichlet(np.full(bins, 5.0))
    moved = shares * np.exp(shift * np.linspace(-1, 1, bins))
    before = rng.multinomial(rows_before, shares)
    after = rng.multinomial(rows_after, moved / moved.sum())
    found = chi2_contingency(np.array([before, after]), correction=False, lambda_="log-likelihood")
    assert found.expected_freq.min() >= 5, found.expected_freq.min()
    return {
        "before": before.tolist(),
        "after": after.tolist(),
        "psi": psi(before, after),
        "g_test": float(found.pvalue),
    }


tables = [
    table(bins, before, after, shift)
    for bins, before, after in [(2, 400, 300), (5, 3_000, 1_000), (11, 20_000, 5_000), (12, 1_000_000, 900_000)]
    for shift in (0.0, 0.1)
]
p_values = [*rng.uniform(0, 1, 6).tolist(), 1e-9, 0.004, 0.004, 0.012]
HERE.mkdir(exist_ok=True)
golden = {"tables": tables, "p_values": p_values, "holm": multipletests(p_values, method="holm")[1].tolist()}
(HERE / "distances.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
