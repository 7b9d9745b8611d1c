"""How a penalty should be chosen: on how many later dates or on folds of customers, and by which rule.

    python benches/origins.py

Sixty simulated populations of each kind: 800 customers on six dates, 30 features that change slowly, 8 of which matter;
labels drawn anew on each date. A ridge is chosen by its log-loss on later dates than those it was fitted on, of which
the newest one, two, three or five are the origins, without a fold of the customers; or on folds of customers of all
dates. Fitted with the chosen penalty on all six dates, it is judged at the level of a seventh, on 20,000 other
customers. What it loses there against the best penalty is the regret, in log-loss times 10,000.
"""

import numpy as np

PENALTIES = [3000, 1000, 300, 100, 30, 10, 3, 1, 0.3]
POPULATIONS, CUSTOMERS, DATES, FOLDS = 60, 800, 6, 5
FEATURES, TRUE = 30, 8

# By how much the level, the means of four features and the effects move from the first date to the last but one.
DRIFTS = {
    "nothing moves": (0, 0, 0),
    "the base rate halves": (-0.8, 0, 0),
    "the base rate doubles": (0.8, 0, 0),
    "the mix of customers moves": (0, 1.0, 0),
    "effects move": (0, 0, 0.35),
    "the base rate halves, effects move": (-0.8, 0, 0.35),
}

random = np.random.default_rng(5)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def losses(y, z):
    return np.logaddexp(0, np.where(y == 1, -z, z))


def levelled(y, z):
    """The log-odds with one number added, so that their mean risk is the share of churners."""
    shift = 0.0
    for _ in range(30):
        p = sigmoid(z + shift)
        step = (y.mean() - p.mean()) / max(np.mean(p * (1 - p)), 1e-9)
        shift += np.clip(step, -2, 2)
        if abs(step) < 1e-9:
            break
    return z + shift


def fits(x, y):
    """A ridge for each penalty by Newton's method, each from the one before, as coefficients, the intercept first."""
    design = np.hstack([np.ones((len(x), 1)), x])
    beta, found = np.zeros(design.shape[1]), []
    for penalty in PENALTIES:
        ridge = np.full(len(beta), penalty, dtype=float)
        ridge[0] = 0
        for _ in range(30):
            p = sigmoid(design @ beta)
            hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(ridge)
            step = np.linalg.solve(hessian, design.T @ (y - p) - ridge * beta)
            beta = beta + step
            if np.abs(step).max() < 1e-6:
                break
        found.append(beta)
    return np.array(found)


def log_odds(betas, x):
    return betas[:, :1] + betas[:, 1:] @ x.T


class Population:
    """Rows of six dates, and of a later one."""

    def __init__(self, level, mix, change):
        path = random.normal(size=(DATES, FEATURES)) * 0.5 * change / (DATES - 1) ** 0.5
        effects = np.where(np.arange(FEATURES) < TRUE, random.normal(size=FEATURES) * 0.45, 0)
        latent = random.normal(size=(CUSTOMERS, FEATURES))
        self.x, self.y = [], []
        for date in range(DATES):
            share = date / (DATES - 1)
            latent = 0.8 * latent + 0.6 * random.normal(size=latent.shape)
            x = latent.copy()
            x[:, :4] += mix * share
            effects = effects + (path[date] if date else 0)
            self.x.append(x)
            self.y.append(self.labels(x, effects, level * share))
        later = random.normal(size=(20_000, FEATURES))
        later[:, :4] += mix * DATES / (DATES - 1)
        effects = effects + random.normal(size=FEATURES) * 0.5 * change / (DATES - 1) ** 0.5
        self.later = later, self.labels(later, effects, level * DATES / (DATES - 1))
        self.fold = random.integers(0, FOLDS, CUSTOMERS)

    @staticmethod
    def labels(x, effects, level):
        return (random.random(len(x)) < sigmoid(x @ effects - 1.5 + level)).astype(int)

    def of(self, dates, keep):
        return np.vstack([self.x[d][keep] for d in dates]), np.concatenate([self.y[d][keep] for d in dates])

    def by_fold(self, train, judged, put_right):
        """The mean loss of each penalty on each fold of customers, fitted on the other folds of some dates."""
        out = []
        for fold in range(FOLDS):
            betas = fits(*self.of(train, self.fold != fold))
            of_dates = []
            for date in judged:
                x, y = self.of([date], self.fold == fold)
                z = log_odds(betas, x)
                of_dates.append([losses(y, levelled(y, row) if put_right else row).mean() for row in z])
            out.append(np.mean(of_dates, axis=0))
        return np.array(out)


def chosen(of_folds, one_standard_error):
    """The place of the penalty: of the lowest loss, or of the strongest one within a standard error of it."""
    mean = of_folds.mean(axis=0)
    best = int(np.argmin(mean))
    error = of_folds[:, best].std(ddof=1) / len(of_folds) ** 0.5
    return int(np.argmax(mean <= mean[best] + error)) if one_standard_error else best


def main():
    ways = [f"{n} origins" for n in (1, 2, 3, 5)] + ["3 as they are", "customers"]
    print(f"{'':36}" + "".join(f"{way:>15}" for way in ways) + "   within one standard error: " + "  ".join(ways[2:]))
    for name, drift in DRIFTS.items():
        regret = {way: [] for way in ways} | {f"{way}, 1 SE": [] for way in ways}
        for _ in range(POPULATIONS):
            population = Population(*drift)
            x, y = population.later
            betas = fits(*population.of(range(DATES), slice(None)))
            later = np.array([losses(y, levelled(y, z)).mean() for z in log_odds(betas, x)])

            origins = [population.by_fold(range(date), [date], True) for date in range(1, DATES)]
            found = {f"{n} origins": np.mean(origins[-n:], axis=0) for n in (1, 2, 3, 5)}
            raw = [population.by_fold(range(date), [date], False) for date in range(DATES - 3, DATES)]
            found["3 as they are"] = np.mean(raw, axis=0)
            found["customers"] = population.by_fold(range(DATES), range(DATES), False)
            for way, of_folds in found.items():
                regret[way].append(later[chosen(of_folds, False)] - later.min())
                regret[f"{way}, 1 SE"].append(later[chosen(of_folds, True)] - later.min())
        error = {way: np.std(r) / POPULATIONS**0.5 for way, r in regret.items()}
        shown = {way: f"{1e4 * np.mean(r):6.1f} ± {1e4 * error[way]:3.1f}" for way, r in regret.items()}
        within = "  ".join(shown[f"{way}, 1 SE"] for way in ways[2:])
        print(f"{name:36}" + "".join(f"{shown[way]:>15}" for way in ways), "  ", within, flush=True)


if __name__ == "__main__":
    main()
