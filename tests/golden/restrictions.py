#!/usr/bin/env python3
"""Writes the golden values that fits with signs, directions and the group penalty must reach.

Three independent solvers, each polished until it moves no more:
- scikit-learn's elastic net (saga) for a group penalty of groups of one standardised column;
- SciPy's L-BFGS-B for signs of coefficients and directions of curves under an L2 penalty, its zeros then held and what is
  left brought to the optimum by Newton's method;
- accelerated proximal gradient (FISTA with restarts) in plain numpy for groups of several columns, with and without signs.

Made with Python 3.11, scikit-learn 1.9.1, scipy 1.17.1 and numpy 2.4.6 (requirements.txt): `python
tests/golden/restrictions.py`.
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

FOLDER = Path(__file__).parent / "restrictions"


def loss(x, y, theta, ridge):
    z = x @ theta[:-1] + theta[-1]
    p = 1 / (1 + np.exp(-z))
    value = np.mean(np.logaddexp(0, z) - y * z) + ridge / 2 * theta[:-1] @ theta[:-1]
    gradient = np.append(x.T @ (p - y) / len(y) + ridge * theta[:-1], np.mean(p - y))
    return value, gradient


def hessian(x, theta, ridge):
    a = np.column_stack([x, np.ones(len(x))])
    p = 1 / (1 + np.exp(-a @ theta))
    return (a.T * (p * (1 - p))) @ a / len(x) + np.diag(np.append(np.full(x.shape[1], ridge), 0.0))


def bounded(x, y, ridge, signs):
    """`signs` a column: 1 for 0 or more, -1 for 0 or less, 0 for anything."""
    bounds = [{1: (0, None), -1: (None, 0), 0: (None, None)}[s] for s in signs] + [(None, None)]
    start = np.zeros(x.shape[1] + 1)
    found = minimize(
        lambda theta: loss(x, y, theta, ridge),
        start,
        jac=True,
        bounds=bounds,
        method="L-BFGS-B",
        options={"ftol": 1e-16, "gtol": 1e-10, "maxiter": 50000, "maxfun": 100000, "maxcor": 50},
    )
    theta = found.x
    free = np.flatnonzero(np.append(np.abs(theta[:-1]) > 1e-9, True))
    theta[np.setdiff1d(np.arange(len(theta)), free)] = 0.0
    for _ in range(30):
        gradient = loss(x, y, theta, ridge)[1]
        theta[free] -= np.linalg.solve(hessian(x, theta, ridge)[np.ix_(free, free)], gradient[free])
    # The conditions of Karush, Kuhn and Tucker.
    gradient = loss(x, y, theta, ridge)[1]
    assert np.abs(gradient[free]).max() < 1e-12
    for j, sign in enumerate(signs):
        assert sign * theta[j] >= 0 and (j in free or sign * gradient[j] >= 0), (j, sign, theta[j], gradient[j])
    return theta


def grouped(x, y, alpha, groups, weights, signs):
    ridge = norm = alpha / 2
    step = 1 / np.linalg.eigvalsh(np.column_stack([x, np.ones(len(x))]).T @ np.column_stack([x, np.ones(len(x))]) / len(x) / 4 + ridge * np.eye(x.shape[1] + 1))[-1]
    theta = np.zeros(x.shape[1] + 1)
    momentum, t = theta.copy(), 1.0
    for _ in range(200_000):
        moved = momentum - step * loss(x, y, momentum, ridge)[1]
        for columns, weight in zip(groups, weights):
            part = moved[columns]
            bound = signs[columns]
            part = np.where(bound > 0, np.maximum(part, 0), np.where(bound < 0, np.minimum(part, 0), part))
            size = np.linalg.norm(part)
            moved[columns] = part * max(0.0, 1 - step * norm * weight / size) if size > 0 else 0.0
        if (momentum - moved) @ (moved - theta) > 0:
            t = 1.0
        following = (1 + np.sqrt(1 + 4 * t * t)) / 2
        change = moved - theta
        momentum = moved + (t - 1) / following * change
        theta, t = moved, following
        if np.abs(change).max() < 1e-15:
            break
    return theta


# Linear: eleven columns, a copy of one with a little noise among them, and a feature of three levels.
rng = np.random.default_rng(5)
rows = 700
raw = rng.normal(size=(rows, 8)) @ (np.eye(8) + 0.3 * rng.normal(size=(8, 8)))
raw[:, 5] = raw[:, 4] + 0.05 * rng.normal(size=rows)
standard = (raw - raw.mean(axis=0)) / raw.std(axis=0)
level = rng.choice(4, rows, p=[0.5, 0.3, 0.15, 0.05])
x = np.column_stack([standard, *(level == i for i in (1, 2, 3))]).astype(np.float32).astype(float)
z = 1.1 * x[:, 0] - 0.7 * x[:, 2] + 0.4 * x[:, 4] - 0.5 * x[:, 6] + 0.9 * x[:, 9] - 1.2
y = (rng.random(rows) < 1 / (1 + np.exp(-z))).astype(int)

signs = np.array([1, 1, 1, -1, -1, 1, -1, 0, 0, 0, 0])
groups = [[0, 1], [2], [3], [4, 5], [6, 7], [8, 9, 10]]
weights = [np.sqrt(x[:, g].var(axis=0).sum()) for g in groups]
alone = LogisticRegression(
    C=1 / (rows * 0.05), l1_ratio=0.5, solver="saga", tol=1e-14, max_iter=200_000, random_state=0
).fit(x[:, :8], y)
linear = {
    "x": x.T.tolist(),
    "y": y.tolist(),
    "signs": signs.tolist(),
    "groups": [[g[0], g[-1] + 1] for g in groups],
    "bounded": {"alpha": 0.003, "theta": bounded(x, y, 0.003, signs).tolist()},
    "alone": {"alpha": 0.05, "theta": [*alone.coef_[0].tolist(), float(alone.intercept_[0])]},
    "grouped": {"alpha": 0.15, "theta": grouped(x, y, 0.15, groups, weights, np.zeros(11)).tolist()},
    "both": {"alpha": 0.04, "theta": grouped(x, y, 0.04, groups, weights, signs).tolist()},
}
# Two roads to one optimum.
other = grouped(x[:, :8], y, 0.05, [[j] for j in range(8)], x[:, :8].std(axis=0), np.zeros(8))
assert np.abs(np.array(linear["alone"]["theta"]) - other).max() < 1e-7, np.array(linear["alone"]["theta"]) - other
print({name: np.round(linear[name]["theta"], 4).tolist() for name in ("bounded", "alone", "grouped", "both")})


# Curves: one that rises and falls again although it is to rise, one with few values that falls, and one that is free.
def standardised(column, shares, deviation=1.0):
    column = column - shares @ column
    return column * deviation / np.sqrt(shares @ column**2)


def directed(values, shares, sign):
    """Line, ramps and steps of the bins' values; the last cell is absence, with a column of its own."""
    bins = len(values)
    present = shares[:bins].sum()
    cumulative = np.cumsum(shares[:bins]) / present

    def column(raw, deviation):
        raw = np.append(raw - (shares[:bins] @ raw) / present, 0.0)
        return sign * standardised(raw, shares, deviation)

    def cuts(count):
        at = {int(np.searchsorted(cumulative, i / (count + 1) - 1e-12)) for i in range(1, count + 1)}
        return sorted(cut for cut in at if cut + 1 < bins)

    knots, steps = [values[at] for at in cuts(7)], cuts(15)
    ends = list(zip([values[0], *knots], [*knots, np.inf]))
    columns = [column(values, 1.0)]
    columns += [column(np.clip(values, low, high), len(ends) ** -0.5) for low, high in ends if low < min(high, values[-1])]
    columns += [column((np.arange(bins) > at) * 1.0, len(steps) ** -0.5) for at in steps]
    bounded = len(columns)
    if shares[bins] > 0:
        absent = np.zeros(bins + 1)
        absent[bins] = 1.0
        columns.append(standardised(absent, shares))
    return np.column_stack(columns), [1] * bounded + [0] * (len(columns) - bounded)


rng = np.random.default_rng(6)
rows = 1500
fine = rng.integers(0, 40, rows)
fine[rng.random(rows) < 0.1] = 40
few = rng.integers(0, 6, rows)
codes, values = [fine, few], [np.linspace(-1.7, 1.7, 40), np.array([-1.4, -0.9, -0.2, 0.3, 0.9, 1.5])]
z = np.where(fine == 40, 0.8, np.sin(fine / 8.0)) - 0.3 * few + 0.9 * (few == 3)
y = (rng.random(rows) < 1 / (1 + np.exp(-z))).astype(int)
shares = [np.bincount(c, minlength=len(v) + 1) / rows for c, v in zip(codes, values)]
made = [directed(v, s, sign) for v, s, sign in zip(values, shares, (1, -1))]
x = np.column_stack([basis[c] for (basis, _), c in zip(made, codes)])
signs = np.array([sign for _, of_feature in made for sign in of_feature])
theta = bounded(x, y, 0.002, signs)
tables = [made[0][0] @ theta[: made[0][0].shape[1]], made[1][0] @ theta[made[0][0].shape[1] : -1]]
assert (np.diff(tables[0][:40]) >= -1e-12).all() and (np.diff(tables[1][:6]) <= 1e-12).all()
groups = [list(range(made[0][0].shape[1])), list(range(made[0][0].shape[1], x.shape[1]))]
weights = [np.sqrt((s @ basis**2).sum()) for (basis, _), s in zip(made, shares)]
selected = grouped(x, y, 0.03, groups, weights, signs)
curves = {
    "codes": [c.tolist() for c in codes],
    "values": [v.tolist() for v in values],
    "shares": [s.tolist() for s in shares],
    "directions": ["rises", "falls"],
    "y": y.tolist(),
    "columns": x.shape[1],
    "bounded": {"alpha": 0.002, "log_odds": (x @ theta[:-1] + theta[-1]).tolist()},
    "both": {"alpha": 0.03, "log_odds": (x @ selected[:-1] + selected[-1]).tolist()},
}
for name, content in (("linear", linear), ("curves", curves)):
    (FOLDER / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
