#!/usr/bin/env python3
"""Writes the golden values that `src/model/additive/tests.rs` demands of the fit of curves and interactions.

The basis of `docs/model.md` written out anew as dense columns, fitted by scikit-learn's `LogisticRegression`. Components
are told apart by nothing that a ridge can see (their signs are free), so what is compared are log-odds.

Made with Python 3.11, scikit-learn 1.9.1 and numpy 2.4.6 (requirements.txt): `python tests/golden/additive.py`.
"""

import itertools
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

ROWS, ALPHA = 900, 0.004
HINGES, STEPS, CURVE, PAIR, GROUPS = 7, 15, 10, 4, 16


def standardised(column, shares, deviation=1.0):
    column = column - shares @ column
    return column * deviation / np.sqrt(shares @ column**2)


def components(columns, shares, most):
    values, vectors = np.linalg.eigh((columns.T * shares) @ columns)
    order = np.argsort(-values)[:most]
    order = order[values[order] > 1e-7 * values[order[0]]]
    return columns @ vectors[:, order]


def levels(shares):
    basis = 2.0 * (np.eye(len(shares)) - shares)
    return basis[:, shares > 0]


def shapes_of(values, shares):
    """What makes a standardised column of values a bin, and what cuts the bins at so many quantiles."""
    bins = len(values)
    present = shares[:bins].sum()
    cumulative = np.cumsum(shares[:bins]) / present

    def column(raw, deviation):
        raw = np.append(raw - (shares[:bins] @ raw) / present, 0.0)
        return standardised(raw, shares, deviation)

    def cuts(count):
        at = {int(np.searchsorted(cumulative, i / (count + 1) - 1e-12)) for i in range(1, count + 1)}
        return sorted(cut for cut in at if cut + 1 < bins)

    return column, cuts


def curve(values, shares):
    """`values` of the bins, or None for levels; the last cell is absence."""
    if values is None:
        return levels(shares)
    bins = len(values)
    column, cuts = shapes_of(values, shares)
    columns = [column(values, 1.0)]
    if bins > 2:
        hinges, steps = cuts(HINGES), cuts(STEPS)
        columns += [column(np.maximum(values - values[at], 0.0), len(hinges) ** -0.5) for at in hinges]
        columns += [column((np.arange(bins) > at) * 1.0, len(steps) ** -0.5) for at in steps]
    basis = components(np.column_stack(columns), shares, CURVE)
    if shares[bins] > 0:
        absent = np.zeros(bins + 1)
        absent[bins] = 1.0
        basis = np.column_stack([basis, standardised(absent, shares)])
    return basis


def groups(values, shares):
    bins, cells = len(shares) - 1, GROUPS - 1
    if bins <= cells:
        return np.arange(bins + 1)
    middle = (np.cumsum(shares[:bins]) - shares[:bins] / 2) / shares[:bins].sum()
    raw = np.clip(np.floor(middle * cells), 0, cells - 1)
    group = np.append(0, np.cumsum(raw[1:] != raw[:-1]))
    return np.append(group, group[-1] + 1)


def side(values, shares, group):
    mass = np.bincount(group, shares)
    if values is None:
        columns = levels(mass)
    else:
        full = curve(values, shares)
        columns = np.column_stack([np.bincount(group, shares * c) for c in full.T])
        columns /= np.where(mass > 0, mass, 1.0)[:, None]
    kept = components(columns, mass, PAIR)
    return kept / np.sqrt((mass @ kept**2).sum())


rng = np.random.default_rng(11)
fine = rng.integers(0, 40, ROWS)
fine[rng.random(ROWS) < 0.07] = 40
few = rng.integers(0, 5, ROWS)
plan = rng.choice(4, ROWS, p=[0.5, 0.3, 0.2, 0.0])
codes = [fine, few, plan]
values = [np.linspace(-1.7, 1.7, 40), np.array([-1.2, -0.6, 0.0, 0.9, 1.5]), None]
cells = [41, 6, 4]
z = np.sin(fine / 6.0) + (few > 2) * (fine > 20) * 1.5 - 0.7 * (plan == 1) - 1.0
y = (rng.random(ROWS) < 1 / (1 + np.exp(-z))).astype(int)

shares = [np.bincount(c, minlength=n) / ROWS for c, n in zip(codes, cells)]
columns = [curve(v, s)[c] for v, s, c in zip(values, shares, codes)]
for a, b in [(0, 1), (1, 2)]:
    left, right = (groups(values[i], shares[i]) for i in (a, b))
    one, other = side(values[a], shares[a], left)[left[codes[a]]], side(values[b], shares[b], right)[right[codes[b]]]
    columns.append(2.0 * (one[:, :, None] * other[:, None, :]).reshape(ROWS, -1))
x = np.column_stack(columns)


def fitted(weights):
    """The penalty is per unit of weight."""
    model = LogisticRegression(C=1 / (weights.sum() * ALPHA), solver="newton-cholesky", tol=1e-13, max_iter=200)
    return model.fit(x, y, sample_weight=weights)


once = np.ones(ROWS)
several = np.random.default_rng(12).choice([1.0, 5.0, 12.5], ROWS, p=[0.8, 0.15, 0.05])


# Variances that the coefficients of a kind may have.
VARIANCES = np.array([0.0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])


def kinds_of(v, s):
    """What a numeric curve may be made of: the line with hinges, steps at all edges, absence."""
    bins = len(v)
    column, cuts = shapes_of(v, s)
    hinges = cuts(HINGES)
    smooth = [column(v, 1.0)] + [column(np.maximum(v - v[at], 0.0), len(hinges) ** -0.5) for at in hinges]
    steps = [column((np.arange(bins) > at) * 1.0, (bins - 1) ** -0.5) for at in range(bins - 1)]
    absent = np.append(np.zeros(bins), 1.0)
    absent = [standardised(absent, s)] if s[bins] > 0 else []
    return [np.column_stack(kind) for kind in (smooth, steps, absent) if kind]


def expected_squares(precision, slope, biases, kinds, given):
    """Of biases that are sums of coefficients; the variance of a kind is learned unless it is given."""
    places = np.cumsum([0, *kinds])
    grids = [VARIANCES if known is None else [known] for known in given]
    combinations = list(itertools.product(*grids))

    def prior(variances):
        return np.sqrt(np.repeat(variances, kinds))

    def evidence(variances):
        root = prior(variances)
        inner = np.eye(places[-1]) + root[:, None] * precision * root
        return (root * slope) @ np.linalg.solve(inner, root * slope) / 2 - np.linalg.slogdet(inner)[1] / 2

    log = np.array([evidence(variances) for variances in combinations])
    weights = np.exp(log - log.max())
    roots = (weights / weights.sum()) @ np.sqrt(np.array(combinations))
    root = prior(roots**2)
    covariance = root[:, None] * np.linalg.inv(np.eye(places[-1]) + root[:, None] * precision * root) * root
    return ((biases @ covariance) * biases).sum(axis=1) + (biases @ covariance @ slope) ** 2


def standard_errors(model, weights, per_customer=3):
    """Of every cell of the purified tables; None where no row is: the root of the variance, clustered by customer, with
    the expected square of the bias. By dense algebra: the main effects of an interaction are its weighted least-squares
    fit by a sum over its rows and its columns."""
    full = np.column_stack([x, np.ones(ROWS)])
    p = model.predict_proba(x)[:, 1]
    theta = np.append(model.coef_[0], model.intercept_[0])
    all_rows = weights.sum()
    ridge = all_rows * ALPHA * np.diag([1.0] * x.shape[1] + [0.0])
    information = (full.T * (p * (1 - p) * weights)) @ full
    inverse = np.linalg.inv(information + ridge)
    customer = np.arange(ROWS) // per_customer
    scores = np.zeros((customer.max() + 1, full.shape[1]))
    np.add.at(scores, customer, full * ((p - y) * weights)[:, None])
    count = len(scores)
    clustered = inverse @ (scores.T @ scores * count / (count - 1)) @ inverse
    independent = inverse @ information @ inverse

    curves, own, start = [], [], 0
    for v, s in zip(values, shares):
        basis = curve(v, s)
        curves.append(np.zeros((len(s), full.shape[1])))
        curves[-1][:, start : start + basis.shape[1]] = basis
        own.append(slice(start, start + basis.shape[1]))
        start += basis.shape[1]
    loadings, filled = list(curves), [s > 0 for s in shares]
    for a, b in [(0, 1), (1, 2)]:
        left, right = (groups(values[i], shares[i]) for i in (a, b))
        basis = 2.0 * np.kron(side(values[a], shares[a], left), side(values[b], shares[b], right))
        high, wide = left.max() + 1, right.max() + 1
        mass = np.bincount(left[codes[a]] * wide + right[codes[b]], weights, minlength=high * wide)
        sums = np.hstack([np.kron(np.eye(high), np.ones((wide, 1))), np.kron(np.ones((high, 1)), np.eye(wide))])
        root = np.sqrt(mass)[:, None]
        effects = np.linalg.lstsq(root * sums, root * basis, rcond=None)[0]
        loading = np.zeros((high * wide, full.shape[1]))
        loading[:, start : start + basis.shape[1]] = basis - sums @ effects
        curves[a][:, start : start + basis.shape[1]] = effects[:high][left]
        curves[b][:, start : start + basis.shape[1]] = effects[high:][right]
        loadings.append(loading)
        filled.append(mass > 0)
        own.append(slice(start, start + basis.shape[1]))
        start += basis.shape[1]
    counts = [np.bincount(c, weights, minlength=n) for c, n in zip(codes, cells)]
    for loading, n in zip(curves, counts):
        loading -= n / all_rows @ loading
    counts += [
        np.bincount(left[codes[a]] * (right.max() + 1) + right[codes[b]], weights, minlength=len(loading))
        for (a, b), loading in zip([(0, 1), (1, 2)], loadings[3:])
        for left, right in [[groups(values[i], shares[i]) for i in (a, b)]]
    ]

    errors = []
    for at, (loading, has, n) in enumerate(zip(loadings, filled, counts)):
        variance, alone = (((loading @ c) * loading).sum(axis=1) for c in (clustered, independent))
        inflation = (n @ variance) / (n @ alone)
        mine, block = loading[:, own[at]], inverse[own[at], own[at]]
        known = np.linalg.inv(block) - all_rows * ALPHA * np.eye(len(block))
        if at < 3 and values[at] is not None:
            # On the table: what the rows of each cell know, without what they share with other terms.
            mass = np.bincount(codes[at], p * (1 - p) * weights, minlength=len(n))
            table = np.diag(mass) - np.outer(mass, mass) / mass.sum()
            loaded = table @ mine
            projection = loaded @ np.linalg.inv(mine.T @ loaded)
            table = table - projection @ (mine.T @ loaded - known) @ projection.T
            kinds = kinds_of(values[at], shares[at])
            columns = np.column_stack(kinds)
            slope = table @ (loading @ theta) + np.bincount(codes[at], (y - p) * weights, minlength=len(n))
            biases = columns - mine @ block @ mine.T @ table @ columns
            bias = expected_squares(
                columns.T @ table @ columns / inflation,
                columns.T @ slope / inflation,
                biases - n / all_rows @ biases,
                [kind.shape[1] for kind in kinds],
                [None, None, 1 / (all_rows * ALPHA)][: len(kinds)],
            )
        else:
            slope = np.linalg.solve(block, theta[own[at]])
            biases = mine @ block * all_rows * ALPHA
            bias = expected_squares(known / inflation, slope / inflation, biases, [len(block)], [None])
        total = np.sqrt(np.maximum(variance, alone) + bias)
        errors.append([e if f else None for e, f in zip(total, has)])
    return errors


golden = {
    "alpha": ALPHA,
    "codes": [c.tolist() for c in codes],
    "values": [[] if v is None else v.tolist() for v in values],
    "shares": [s.tolist() for s in shares],
    "y": y.tolist(),
    "columns": x.shape[1],
    "log_odds": fitted(once).decision_function(x).tolist(),
    "standard_errors": standard_errors(fitted(once), once),
    "weights": several.tolist(),
    "weighted": {
        "log_odds": fitted(several).decision_function(x).tolist(),
        "standard_errors": standard_errors(fitted(several), several),
    },
}
path = Path(__file__).parent / "additive" / "fit.json"
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
