#!/usr/bin/env python3
"""Writes the golden values that `src/monitoring/` demands.

`strata.json`: the test of Cochran, Mantel and Haenszel of statsmodels (`StratifiedTable`), the check of the allocation of
scipy, and the pooled risk difference. statsmodels pools ratios alone, so the difference comes from its weighted least squares
(the strata's differences on a constant), and the variance of Sato from the formula as SAS documents it (PROC FREQ,
COMMONRISKDIFF), in fractions.
`sequence.json`: the margin of the asymptotic confidence sequence (arXiv 2103.06476, theorem 2.2) in 50 digits.
`weighted.json`: weighted churn rate, calibration line and AUC. The line is the GLM of statsmodels with `freq_weights` and a
covariance that it does not have for such weights, sum of squared weighted scores, written out here; the AUC is
`roc_auc_score` of scikit-learn, its variance that of DeLong by a loop over all pairs.

Made with Python 3.11, statsmodels 0.15.0, scipy 1.17.1 and scikit-learn 1.9.1 (requirements.txt). Run from anywhere:
`python tests/golden/outreach.py`.
"""

import json
from decimal import Decimal, getcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import StratifiedTable

HERE = Path(__file__).parent / "outreach"
getcontext().prec = 50
rng = np.random.default_rng(7)


def sato(strata):
    """Estimate and standard error of the Mantel-Haenszel risk difference, control less contact."""
    weights = difference = p = q = Fraction(0)
    for n1, x1, n2, x2 in ([Fraction(int(value)) for value in row] for row in strata):
        if n1 == 0 or n2 == 0:
            continue
        n = n1 + n2
        weights += n1 * n2 / n
        difference += (x1 * n2 - x2 * n1) / n
        p += (n1**2 * x2 - n2**2 * x1 + n1 * n2 * (n2 - n1) / 2) / n**2
        q += (x1 * (n2 - x2) + x2 * (n1 - x1)) / (2 * n)
    estimate = difference / weights
    return float(estimate), float(((estimate * p + q) / weights**2)) ** 0.5


def pooled(strata):
    """The same estimate by weighted least squares."""
    rows = [(x1 / n1 - x2 / n2, n1 * n2 / (n1 + n2)) for n1, x1, n2, x2 in strata if n1 and n2]
    values, weights = np.array(rows, dtype=float).T
    return float(sm.WLS(values, np.ones(len(values)), weights=weights).fit().params[0])


def stratified(count, customers, share):
    rates = rng.uniform(0.05, 0.5, count)
    n1 = rng.binomial(customers, share, count)
    n2 = customers - n1
    x1, x2 = rng.binomial(n1, rates), rng.binomial(n2, rates * 0.8)
    return np.array([n1, x1, n2, x2]).T.tolist()


cases = []
for count, customers, share in [(1, 200, 0.1), (10, 50, 0.1), (10, 400, 0.2), (40, 12, 0.5), (200, 6, 0.3)]:
    for _ in range(5):
        strata = stratified(count, customers, share)
        difference, standard_error = sato(strata)
        assert abs(difference - pooled(strata)) < 1e-12
        # Tables of one customer say nothing, and statsmodels divides by zero on them.
        tables = [np.array([[x1, n1 - x1], [x2, n2 - x2]], dtype=float) for n1, x1, n2, x2 in strata]
        test = StratifiedTable(tables).test_null_odds(correction=False)
        control, contact = sum(row[0] for row in strata), sum(row[2] for row in strata)
        expected = [share * (control + contact), (1 - share) * (control + contact)]
        cases.append(
            {
                "strata": strata,
                "difference": difference,
                "standard_error": standard_error,
                "cmh_p_value": float(test.pvalue),
                "share": share,
                "allocation_p_value": float(stats.chisquare([control, contact], expected).pvalue),
            }
        )

alpha = Decimal("0.05")
rho_squared = (-2 * alpha.ln() + (-2 * alpha.ln()).ln() + 1) / Decimal(2000)
margins = []
for n in [2, 50, 400, 2_000, 30_000, 1_000_000]:
    t = Decimal(n)
    scaled = t * rho_squared + 1
    margins.append((n, float((2 * scaled / (t * t * rho_squared) * (scaled.sqrt() / alpha).ln()).sqrt())))


def line(y, p, w, slope_is_free):
    z = np.log(p / (1 - p))
    columns = np.column_stack([z, np.ones(len(z))]) if slope_is_free else np.ones((len(z), 1))
    offset = None if slope_is_free else z
    fit = sm.GLM(y, columns, family=sm.families.Binomial(), freq_weights=w, offset=offset).fit(tol=1e-14, maxiter=200)
    fitted = fit.fittedvalues
    bread = np.linalg.inv((columns * (w * fitted * (1 - fitted))[:, None]).T @ columns)
    scores = columns * (w * (y - fitted))[:, None]
    errors = np.sqrt(np.diag(bread @ scores.T @ scores @ bread))
    return [[float(a), float(b)] for a, b in zip(fit.params, errors)]


def delong(y, p, w):
    auc = roc_auc_score(y, p, sample_weight=w)
    variance = 0.0
    for this, other in [(1, 0), (0, 1)]:
        mine, others = y == this, y == other
        sign = 1 if this == 1 else -1
        for value, weight in zip(p[mine], w[mine]):
            wins = (sign * value > sign * p[others]) + 0.5 * (value == p[others])
            placement = (w[others] * wins).sum() / w[others].sum()
            variance += (weight / w[mine].sum() * (placement - auc)) ** 2
    return [float(auc), float(variance**0.5)]


weighted = []
for rows, share in [(400, 0.1), (700, 0.25), (300, 0.5), (900, 0.15)]:
    p = np.round(1 / (1 + np.exp(-rng.normal(-1.0, 1.0, rows))), 3)
    y = rng.binomial(1, 1 / (1 + np.exp(-(0.7 * np.log(p / (1 - p)) + 0.3))))
    w = np.where(rng.uniform(size=rows) < 0.3, 1 / share, 1.0)
    rate = float((w * y).sum() / w.sum())
    rate_error = float(((w * (y - rate)) ** 2).sum() ** 0.5 / w.sum())
    slope, intercept = line(y, p, w, True)
    (in_the_large,) = line(y, p, w, False)
    weighted.append(
        {
            "y": y.tolist(),
            "p": p.tolist(),
            "w": w.tolist(),
            "churn_rate": [rate, rate_error],
            "roc_auc": delong(y, p, w),
            "in_the_large": in_the_large,
            "intercept": intercept,
            "slope": slope,
        }
    )

HERE.mkdir(exist_ok=True)
for name, content in [("strata", cases), ("sequence", margins), ("weighted", weighted)]:
    (HERE / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
