#!/usr/bin/env python3
"""Writes the golden values that the response to outreach demands.

`offset.json`: logistic regressions with an offset. Without a penalty they are the GLM of statsmodels; with one, which
statsmodels does not have beside an offset, Newton's method in scipy (`trust-exact`) on the same objective as
`src/model/linear/`: mean log-loss + alpha / 2 * |coefficients|^2, the intercept unpenalised. The folds' fits leave a
fold out.
`qini.json`: the Qini coefficient as an area. The curve is drawn point by point, ties in one straight line, and its area
above the line to its end is taken by numpy's trapezoids; the program has it as a mean over customers instead.
`qini_with_steps` has the given steps on the axis.

Made with Python 3.11, numpy 2.4.6, statsmodels 0.15.0 and scipy 1.17.1 (requirements.txt). Run from anywhere:
`python tests/golden/response.py`.
"""

import json
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy.optimize import minimize
from scipy.special import expit

HERE = Path(__file__).parent / "response"
rng = np.random.default_rng(11)


def fitted(x, y, offset, alpha):
    """The coefficients, then the intercept."""
    with_constant = np.column_stack([x, np.ones(len(y))])
    if alpha == 0:
        glm = sm.GLM(y, with_constant, family=sm.families.Binomial(), offset=offset)
        return glm.fit(tol=1e-14, maxiter=200).params.tolist()

    ridge = alpha * np.diag([1.0] * x.shape[1] + [0.0])

    def loss(theta):
        z = offset + with_constant @ theta
        return np.mean(np.logaddexp(0, z) - y * z) + theta @ ridge @ theta / 2

    def gradient(theta):
        return with_constant.T @ (expit(offset + with_constant @ theta) - y) / len(y) + ridge @ theta

    def curvature(theta):
        p = expit(offset + with_constant @ theta)
        return (with_constant * (p * (1 - p))[:, None]).T @ with_constant / len(y) + ridge

    start = np.zeros(x.shape[1] + 1)
    found = minimize(loss, start, jac=gradient, hess=curvature, method="trust-exact", options={"gtol": 1e-13})
    for _ in range(3):
        found.x = found.x - np.linalg.solve(curvature(found.x), gradient(found.x))
    return found.x.tolist()


def offset_case(rows, columns, alpha):
    x = rng.normal(size=(rows, columns)).astype(np.float32).astype(float)
    offset = rng.normal(-1.5, 1.0, rows)
    y = (rng.random(rows) < expit(offset + 0.3 + x @ rng.normal(0, 0.4, columns))).astype(int)
    fold = rng.integers(0, 5, rows)
    outside = [fitted(x[fold != f], y[fold != f], offset[fold != f], alpha) for f in range(5)]
    return {
        "x": x.T.tolist(),
        "y": y.tolist(),
        "offset": offset.tolist(),
        "fold": fold.tolist(),
        "alpha": alpha,
        "on_all": fitted(x, y, offset, alpha),
        "without": outside,
    }


def area(score, worth, steps, times):
    """The area between the curve and the line to its end, over the customers who count."""
    x, y = [0.0], [0.0]
    for value in sorted(set(score), reverse=True):
        tie = score == value
        x.append(x[-1] + float(np.sum(times[tie] * steps[tie])))
        y.append(y[-1] + float(np.sum(times[tie] * worth[tie])))
    x, y = np.array(x) / x[-1], np.array(y) / times.sum()
    return float(np.trapezoid(y, x) - y[-1] / 2)


def qini_case(rows, scores, repeated):
    score = rng.integers(0, scores, rows) / 7
    worth = rng.normal(0.05, 1.2, rows)
    steps = rng.uniform(0.05, 0.6, rows)
    times = (rng.poisson(1.0, rows) if repeated else np.ones(rows)).astype(float)
    return {
        "score": score.tolist(),
        "worth": worth.tolist(),
        "steps": steps.tolist(),
        "times": times.tolist(),
        "qini": area(score, worth, np.ones(rows), times),
        "qini_with_steps": area(score, worth, steps, times),
    }


def written(name, cases):
    (HERE / name).write_text(json.dumps(cases, separators=(",", ":")) + "\n")


HERE.mkdir(exist_ok=True)
written("offset.json", [offset_case(300, 3, 0), offset_case(200, 5, 0.01), offset_case(400, 2, 0.3)])
written(
    "qini.json",
    [
        qini_case(rows, scores, repeated)
        for rows in (20, 60, 150)
        for scores in (4, 10_000)
        for repeated in (False, True)
    ],
)
