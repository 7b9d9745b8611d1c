"""Whether penalties that are chosen forward in time should be compared at the level of the later date.

    python benches/level.py

Sixty simulated populations a row: 30 features, 8 of which matter, 1,200 customers on each of two dates and 20,000 on a
third. A ridge is fitted on the first date and judged on the second, as it is and after one number was added to all its
log-odds so that their mean risk is the share of churners. The penalty chosen is then fitted on both dates and judged at
the level of the third. What it loses against the best penalty there is the regret, in log-loss times 10,000.
"""

import numpy as np
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression

PENALTIES = [3000, 1000, 300, 100, 30, 10, 3, 1, 0.3]
POPULATIONS = 60
FEATURES, TRUE = 30, 8

# How far the level, the means of four features and the effects move from date to date.
DRIFTS = {
    "no drift": (0, 0, 0),
    "base rate halves": (-0.8, 0, 0),
    "base rate doubles": (0.8, 0, 0),
    "mix moves": (0, 0.7, 0),
    "effects move": (0, 0, 0.35),
    "base rate and effects": (-0.8, 0, 0.35),
}

random = np.random.default_rng(5)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def log_loss(y, z):
    return np.mean(np.logaddexp(0, np.where(y == 1, -z, z)))


def levelled(y, z):
    return z + brentq(lambda shift: sigmoid(z + shift).mean() - y.mean(), -15, 15)


def customers(count, effects, intercept, mix):
    x = random.normal(size=(count, FEATURES))
    x[:, :4] += mix
    return x, (random.random(count) < sigmoid(x @ effects + intercept)).astype(int)


def fits(x, y):
    return [LogisticRegression(C=1 / penalty, max_iter=200, tol=1e-6).fit(x, y) for penalty in PENALTIES]


for name, (level, mix, change) in DRIFTS.items():
    regret = {"as it is": [], "levelled": []}
    for _ in range(POPULATIONS):
        effects = [np.where(np.arange(FEATURES) < TRUE, random.normal(size=FEATURES) * 0.45, 0)]
        for _ in range(2):
            effects.append(effects[-1] + change * random.normal(size=FEATURES) * 0.5)
        x0, y0 = customers(1200, effects[0], -1.5, 0)
        x1, y1 = customers(1200, effects[1], -1.5 + level, mix)
        x2, y2 = customers(20_000, effects[2], -1.5 + 2 * level, 2 * mix)

        judged = [model.decision_function(x1) for model in fits(x0, y0)]
        both = fits(np.vstack([x0, x1]), np.concatenate([y0, y1]))
        later = [log_loss(y2, levelled(y2, model.decision_function(x2))) for model in both]
        losses = {
            "as it is": [log_loss(y1, z) for z in judged],
            "levelled": [log_loss(y1, levelled(y1, z)) for z in judged],
        }
        for way, of_penalty in losses.items():
            regret[way].append(later[int(np.argmin(of_penalty))] - min(later))

    shown = [f"{way} {1e4 * np.mean(r):5.1f} ± {1e4 * np.std(r) / POPULATIONS**0.5:3.1f}" for way, r in regret.items()]
    print(f"{name:24}", "   ".join(shown), flush=True)
