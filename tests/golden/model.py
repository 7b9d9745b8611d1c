#!/usr/bin/env python3
"""Writes the golden values that `tests/model_golden.rs` demands of the model's numbers.

Made with Python 3.11, scikit-learn 1.9.1, statsmodels 0.15.0, numpy 2.4.6 and scipy 1.17.1 (requirements.txt).
Run from anywhere: `python tests/golden/model.py`. Every value of the design is a multiple of 1/1024, so that it is the
same number in 32 bits as in 64.
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm
from betacal import BetaCalibration
from empulse.metrics import empc_score
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

HERE = Path(__file__).parent / "model"
FOLDS = 5
LINES = ["calibrated", "overconfident", "reversed", "odd number"]


def write(name, value):
    (HERE / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


def design(rng, rows=1200):
    """Correlated, skewed, binary and discrete columns; about one row in twelve churned."""
    shared = rng.normal(size=rows)
    x = np.column_stack(
        [
            0.8 * shared + 0.6 * rng.normal(size=rows),
            0.8 * shared + 0.6 * rng.normal(size=rows),
            rng.exponential(size=rows) - 1.0,
            rng.binomial(1, 0.2, size=rows),
            rng.poisson(2.0, size=rows),
            rng.standard_t(4, size=rows),
            rng.uniform(-2, 2, size=rows),
        ]
    )
    x = np.round(x * 1024) / 1024
    z = -2.6 + x @ [0.9, -0.4, 0.5, 1.1, -0.15, 0.2, 0.0]
    y = rng.binomial(1, expit(z))
    return x, y, rng.integers(0, FOLDS, size=rows)


def sklearn_fit(x, y, alpha):
    model = LogisticRegression(C=1 / (len(y) * alpha), solver="newton-cholesky", tol=1e-12, max_iter=1000)
    return model.fit(x, y)


def fits(x, y, fold):
    n = len(y)
    penalised = []
    for alpha in [1e-1, 1e-2, 1e-3, 1e-4, 1e-6]:
        model = sklearn_fit(x, y, alpha)
        p = model.predict_proba(x)[:, 1]
        # The covariance of the penalised estimates, H^-1 I H^-1.
        ones = np.column_stack([x, np.ones(n)])
        information = ones.T @ (ones * (p * (1 - p))[:, None])
        inverse = np.linalg.inv(information + n * alpha * np.diag([1.0] * x.shape[1] + [0.0]))
        penalised.append(
            {
                "alpha": alpha,
                "intercept": model.intercept_[0],
                "coefficients": list(model.coef_[0]),
                "standard_errors": list(np.sqrt(np.diag(inverse @ information @ inverse))),
                "log_loss": log_loss(y, p),
            }
        )

    logit = sm.Logit(y, sm.add_constant(x)).fit(method="newton", tol=1e-14, disp=False)
    interval = logit.conf_int(alpha=0.05)
    unpenalised = {
        "estimates": list(logit.params),
        "standard_errors": list(logit.bse),
        "z": list(logit.tvalues),
        "p_values": list(logit.pvalues),
        "lower": list(interval[:, 0]),
        "upper": list(interval[:, 1]),
        "covariance": [list(row) for row in logit.cov_params()],
        "log_loss": -logit.llf / n,
    }
    # Four rows a customer.
    clustered = sm.Logit(y, sm.add_constant(x)).fit(
        method="newton", tol=1e-14, disp=False, cov_type="cluster", cov_kwds={"groups": np.arange(n) // 4}
    )

    out_of_fold = []
    for alpha in [1e-2, 1e-4]:
        z = np.empty(n)
        for left_out in range(FOLDS):
            # C is per row of the other folds, as the strength is per row.
            model = sklearn_fit(x[fold != left_out], y[fold != left_out], alpha)
            z[fold == left_out] = model.decision_function(x[fold == left_out])
        out_of_fold.append({"alpha": alpha, "log_odds": list(z), "log_loss": log_loss(y, expit(z))})
    return {
        "penalised": penalised,
        "unpenalised": unpenalised,
        "clustered": list(clustered.bse),
        "out_of_fold": out_of_fold,
    }


def platt(z, y):
    """The optimum that scikit-learn's L-BFGS comes close to, by a Newton method run to the end."""
    churners, stayed = y.sum(), len(y) - y.sum()
    target = np.where(y == 1, (churners + 1) / (churners + 2), 1 / (stayed + 2))

    def loss(theta):
        s = theta[0] * z + theta[1]
        return np.sum(np.logaddexp(0, s) - target * s)

    def gradient(theta):
        residual = expit(theta[0] * z + theta[1]) - target
        return np.array([residual @ z, residual.sum()])

    def hessian(theta):
        p = expit(theta[0] * z + theta[1])
        w = p * (1 - p)
        return np.array([[w @ (z * z), w @ z], [w @ z, w.sum()]])

    theta = minimize(loss, [1.0, 0.0], jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-10}).x
    for _ in range(3):
        theta = theta - np.linalg.solve(hessian(theta), gradient(theta))
    close = _SigmoidCalibration().fit(z, y)
    return {"slope": theta[0], "intercept": theta[1], "sklearn_slope": -close.a_, "sklearn_intercept": -close.b_}


def beta_curve(z, target):
    """The unconstrained optimum (a, b, intercept) for targets between 0 and 1, by a Newton method run to the end."""
    x = np.column_stack([-np.logaddexp(0, -z), np.logaddexp(0, z), np.ones(len(z))])

    def loss(theta):
        return np.sum(np.logaddexp(0, x @ theta) - target * (x @ theta))

    def gradient(theta):
        return x.T @ (expit(x @ theta) - target)

    def hessian(theta):
        p = expit(x @ theta)
        return x.T @ (x * (p * (1 - p))[:, None])

    start = [1.0, 1.0, 0.0]
    theta = minimize(loss, start, jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-10}).x
    for _ in range(3):
        theta = theta - np.linalg.solve(hessian(theta), gradient(theta))
    return theta


def beta(z, y):
    """What betacal finds, with the targets of Platt's curve in the place of 0 and 1."""
    with np.errstate(all="ignore"):
        a, b, middle = BetaCalibration(parameters="abm").fit(expit(z), y).calibrator_.map_
    theirs = np.array([a, b, b * np.log(1 - middle) - a * np.log(middle)])
    assert np.allclose(beta_curve(z, y), theirs, atol=2e-3, rtol=2e-3), (beta_curve(z, y), theirs)
    churners, stayed = y.sum(), len(y) - y.sum()
    return list(beta_curve(z, np.where(y == 1, (churners + 1) / (churners + 2), 1 / (stayed + 2))))


def bent(rng):
    """Log-odds that are too timid where the risk is small and too bold where it is great."""
    z = rng.normal(-1.0, 1.8, size=900)
    y = rng.binomial(1, expit(1.4 * -np.logaddexp(0, -z) + 0.5 * np.logaddexp(0, z) - 0.2))
    return {"log_odds": list(z), "y": [int(v) for v in y], "beta": beta(z, y)}


def calibration(rng):
    cases = []
    for name, rows, slope, ties in [("distinct", 400, 0.7, False), ("ties", 600, 0.7, True), ("few", 14, 2.0, True)]:
        z = rng.normal(-1.5, 1.5, size=rows)
        z = np.round(z * 2) / 2 if ties else z
        y = rng.binomial(1, expit(slope * z - 0.4 + slope))
        y[0], y[1] = 0, 1
        isotonic = IsotonicRegression(out_of_bounds="clip").fit(z, y)
        queries = np.concatenate([[-50.0, 50.0], np.sort(z)[:: max(1, rows // 40)], rng.normal(-1.5, 2.0, size=60)])
        # Ours keeps the knots away from 0 and 1 by half a row; between them it is scikit-learn's curve.
        assert np.allclose(isotonic.predict(queries), np.interp(queries, isotonic.X_thresholds_, isotonic.y_thresholds_))
        knots = np.clip(isotonic.y_thresholds_, 0.5 / rows, 1 - 0.5 / rows)
        cases.append(
            {
                "name": name,
                "log_odds": list(z),
                "y": [int(v) for v in y],
                "platt": platt(z, y),
                "queries": list(queries),
                "isotonic": list(np.interp(queries, isotonic.X_thresholds_, knots)),
            }
        )
    return cases


def bins(y, p):
    """Ten bins of equal frequency, equal probabilities together in the bin of the middle of their places."""
    order = np.sort(p)
    below, upto = np.searchsorted(order, p, "left"), np.searchsorted(order, p, "right")
    bin_of = (10 * (below + upto)) // (2 * len(p))
    table = []
    for b in range(10):
        inside = bin_of == b
        if inside.any():
            table.append([int(inside.sum()), int(y[inside].sum()), p[inside].mean(), y[inside].mean()])
    return table


def precision_at(y, p, k):
    k = min(k, len(y))
    cut = np.sort(p)[::-1][k - 1]
    above, tied = p > cut, p == cut
    return (y[above].sum() + (k - above.sum()) * y[tied].mean()) / k


def calibration_line(y, p, customers):
    """Cox's line, and the calibration in the large, each (estimate, lower, upper) clustered by customer."""
    z = np.log(p / (1 - p))
    clustered = {"cov_type": "cluster", "cov_kwds": {"groups": customers, "use_correction": False, "df_correction": False}}
    line = sm.GLM(y, sm.add_constant(z), family=sm.families.Binomial()).fit(tol=1e-14, **clustered)
    large = sm.GLM(y, np.ones(len(y)), offset=z, family=sm.families.Binomial()).fit(tol=1e-14, **clustered)
    ranges = np.vstack([line.conf_int(), large.conf_int()])
    estimates = np.append(line.params, large.params)
    return dict(zip(["intercept", "slope", "in_the_large"], np.column_stack([estimates, ranges]).tolist()))


def metrics(rng):
    cases = []
    rows = 1000
    z = rng.normal(-2.5, 1.2, size=rows)
    p = expit(z)
    cases.append(("calibrated", rng.binomial(1, p), p, 100))
    cases.append(("overconfident", rng.binomial(1, p), expit(2.5 * z), 37))
    coarse = np.round(p * 20) / 20
    cases.append(("ties", rng.binomial(1, p), coarse, 50))
    cases.append(("all tied", rng.binomial(1, 0.1, size=200), np.full(200, 0.1), 20))
    extreme = np.array([0.0, 1.0, 1e-300, 1 - 1e-16, 0.5, 0.0, 1.0, 1e-18, 0.25, 1e-12])
    cases.append(("extreme, right", np.array([0, 1, 0, 1, 1, 0, 1, 0, 0, 0]), extreme, 3))
    cases.append(("extreme, wrong", np.array([1, 0, 1, 0, 0, 0, 1, 1, 1, 0]), extreme, 3))
    cases.append(("reversed", rng.binomial(1, p), 1 - p, 100))
    cases.append(("two rows", np.array([1, 0]), np.array([0.3, 0.6]), 1))
    cases.append(("odd number", rng.binomial(1, 0.3, size=23), rng.uniform(size=23), 5))
    found = []
    for name, y, p, capacity in cases:
        table = bins(y, p)
        found.append(
            {
                "name": name,
                "y": [int(v) for v in y],
                "p": list(p),
                "capacity": capacity,
                "base_rate": y.mean(),
                "roc_auc": roc_auc_score(y, p),
                "average_precision": average_precision_score(y, p),
                "log_loss": log_loss(y, p, labels=[0, 1]),
                "brier": brier_score_loss(y, p),
                "ece": sum(n * abs(mean - rate) for n, _, mean, rate in table) / len(y),
                "bins": table,
                "top_decile_lift": precision_at(y, p, -(-len(y) // 10)) / y.mean(),
                "precision_at_capacity": precision_at(y, p, capacity),
                "lift_at_capacity": precision_at(y, p, capacity) / y.mean(),
                "empc": [float(empc_score(y, p)), float(empc_score.optimal_rate(y, p))],
                "customers": (rows_of := [int(c) for c in np.arange(len(y)) // 3]),
                "line": calibration_line(y, p, np.array(rows_of)) if name in LINES else None,
            }
        )
    return found


def weighted_fits(x, y, fold, w):
    """The penalty is per unit of weight; every row is of a customer of its own."""
    n, k = len(y), x.shape[1] + 1
    full = np.column_stack([x, np.ones(n)])

    def sklearn_fit(rows, alpha):
        model = LogisticRegression(C=1 / (w[rows].sum() * alpha), solver="newton-cholesky", tol=1e-12, max_iter=1000)
        return model.fit(x[rows], y[rows], sample_weight=w[rows])

    penalised = []
    for alpha in [1e-2, 1e-4]:
        model = sklearn_fit(np.arange(n), alpha)
        p = model.predict_proba(x)[:, 1]
        curvature = full.T @ (full * (w * p * (1 - p))[:, None])
        inverse = np.linalg.inv(curvature + w.sum() * alpha * np.diag([1.0] * x.shape[1] + [0.0]))
        scores = full * (w * (p - y))[:, None]
        covariance = n / (n - 1) * (n - 1) / (n - k) * inverse @ (scores.T @ scores) @ inverse
        penalised.append(
            {
                "alpha": alpha,
                "intercept": model.intercept_[0],
                "coefficients": list(model.coef_[0]),
                "standard_errors": list(np.sqrt(np.diag(covariance))),
                "log_loss": log_loss(y, p, sample_weight=w),
            }
        )
    z = np.empty(n)
    for left_out in range(FOLDS):
        z[fold == left_out] = sklearn_fit(np.flatnonzero(fold != left_out), 1e-3).decision_function(x[fold == left_out])
    out_of_fold = {"alpha": 1e-3, "log_odds": list(z), "log_loss": log_loss(y, expit(z), sample_weight=w)}
    return {"penalised": penalised, "out_of_fold": out_of_fold}


def weighted_calibration(z, y, w):
    close = _SigmoidCalibration().fit(z, y, sample_weight=w)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(z, y, sample_weight=w)
    churners, stayed = w[y == 1].sum(), w[y == 0].sum()
    target = np.where(y == 1, (churners + 1) / (churners + 2), 1 / (stayed + 2))
    queries = np.linspace(z.min() - 1, z.max() + 1, 80)
    knots = np.clip(isotonic.y_thresholds_, 0.5 / len(y), 1 - 0.5 / len(y))
    return {
        "platt": dict(zip(["slope", "intercept"], weighted_platt(z, target, w).tolist())),
        "sklearn": [-close.a_, -close.b_],
        "queries": list(queries),
        "isotonic": list(np.interp(queries, isotonic.X_thresholds_, knots)),
    }


def weighted_platt(z, target, w):
    x, theta = np.column_stack([z, np.ones(len(z))]), np.array([1.0, 0.0])
    for _ in range(60):
        p = expit(x @ theta)
        theta = theta - np.linalg.solve(x.T @ (x * (w * p * (1 - p))[:, None]), x.T @ (w * (p - target)))
    return theta


def weighted_metrics(y, p, w, capacity):
    """As metrics(), each row as many times as its weight; customers have three rows each."""
    order = np.argsort(p, kind="stable")
    values, at = np.unique(p[order], return_inverse=True)
    mass = np.bincount(at, w[order])
    middle = np.cumsum(mass) - mass / 2
    bin_of = np.minimum((10 * middle / w.sum()).astype(int), 9)[np.searchsorted(values, p)]
    table = []
    for b in range(10):
        of = bin_of == b
        if of.any():
            mean, rate = np.average(p[of], weights=w[of]), np.average(y[of], weights=w[of])
            table.append([int(of.sum()), w[of].sum(), mean, rate])

    def precision(k):
        k, caught, left = min(k, w.sum()), 0.0, min(k, w.sum())
        for value in np.sort(values)[::-1]:
            tied = p == value
            share = min(1.0, left / w[tied].sum())
            caught += share * (w * y)[tied].sum()
            left -= share * w[tied].sum()
            if left <= 0:
                break
        return caught / k

    z, customers = np.log(p / (1 - p)), np.arange(len(y)) // 3

    def sandwich(x, offset):
        theta = sm.GLM(y, x, offset=offset, family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-14).params
        q = expit(x @ theta + offset)
        inverse = np.linalg.inv(x.T @ (x * (w * q * (1 - q))[:, None]))
        scores = np.zeros((customers.max() + 1, x.shape[1]))
        np.add.at(scores, customers, x * (w * (y - q))[:, None])
        spread = np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse)) * 1.959963984540054
        return np.column_stack([theta, theta - spread, theta + spread]).tolist()

    intercept, slope = sandwich(np.column_stack([np.ones(len(y)), z]), np.zeros(len(y)))
    (in_the_large,) = sandwich(np.ones((len(y), 1)), z)
    rate = np.average(y, weights=w)
    return {
        "y": [int(v) for v in y],
        "p": list(p),
        "capacity": capacity,
        "base_rate": rate,
        "roc_auc": roc_auc_score(y, p, sample_weight=w),
        "average_precision": average_precision_score(y, p, sample_weight=w),
        "log_loss": log_loss(y, p, labels=[0, 1], sample_weight=w),
        "brier": brier_score_loss(y, p, sample_weight=w),
        "ece": sum(n * abs(mean - share) for _, n, mean, share in table) / w.sum(),
        "bins": table,
        "top_decile_lift": precision(np.ceil(w.sum() / 10)) / rate,
        "precision_at_capacity": precision(capacity),
        "lift_at_capacity": precision(capacity) / rate,
        "customers": customers.tolist(),
        "line": {"intercept": intercept, "slope": slope, "in_the_large": in_the_large},
    }


def weighted(x, y, fold):
    """scikit-learn's sample_weight: rows of a control group of a fifth, and of one of a tenth less a little."""
    rng = np.random.default_rng(20261129)
    w = rng.choice([1.0, 5.0, 12.5], len(y), p=[0.8, 0.15, 0.05])
    z = rng.normal(-2.0, 1.2, size=len(y))
    churned = rng.binomial(1, expit(0.8 * z))
    cases = [weighted_metrics(churned, expit(z), w, 150), weighted_metrics(churned, np.round(expit(z), 1) * 0.9 + 0.05, w, 90)]
    return {
        "weights": list(w),
        "fits": weighted_fits(x, y, fold, w),
        "log_odds": list(z),
        "churned": [int(v) for v in churned],
        "calibration": weighted_calibration(z, churned, w),
        "metrics": cases,
    }


def main():
    HERE.mkdir(exist_ok=True)
    rng = np.random.default_rng(20260701)
    x, y, fold = design(rng)
    assert np.array_equal(x.astype(np.float32).astype(np.float64), x)
    header = ",".join([f"x{j + 1}" for j in range(x.shape[1])] + ["churned", "fold"])
    lines = [",".join([f"{v:.10g}" for v in row] + [str(c), str(f)]) for row, c, f in zip(x, y, fold)]
    (HERE / "design.csv").write_text("\n".join([header, *lines]) + "\n")
    write("fits.json", fits(x, y, fold))
    write("calibration.json", calibration(rng))
    write("metrics.json", metrics(rng))
    write("beta.json", bent(rng))
    write("weights.json", weighted(x, y, fold))
    print(f"python {sys.version.split()[0]}, scikit-learn {sklearn.__version__}, statsmodels {statsmodels.__version__},")
    print(f"numpy {np.__version__}, scipy {scipy.__version__}; {y.sum()} of {len(y)} rows churned")


if __name__ == "__main__":
    main()
