"""The models that a peer fits on its matrix: what each needs of the rows, and what each says of them."""

import os


class Logistic:
    """scikit-learn's logistic regression, with a given penalty, started from the last fit."""

    name = "scikit-learn"
    standardised = True

    def __init__(self, alpha):
        self.alpha, self.model = alpha, None

    def fit(self, x, y):
        from sklearn.linear_model import LogisticRegression

        if self.model is None:
            self.model = LogisticRegression(solver="newton-cholesky", warm_start=True)
        self.model.set_params(C=1 / (len(y) * self.alpha)).fit(x, y)

    def log_odds(self, x):
        return x @ self.model.coef_[0].astype(x.dtype) + x.dtype.type(self.model.intercept_[0])

    def contributions(self, x):
        """Those of each column to the log-odds of each row."""
        return x * self.model.coef_[0].astype(x.dtype)


def grown(x, y, categorical="auto"):
    """200 trees of 15 leaves by LightGBM, at a rate of 0.05."""
    import lightgbm

    settings = {
        "objective": "binary",
        "num_leaves": 15,
        "learning_rate": 0.05,
        "verbosity": -1,
        "num_threads": len(os.sched_getaffinity(0)),
        "deterministic": True,
    }
    return lightgbm.train(settings, lightgbm.Dataset(x, y, categorical_feature=categorical), 200)


class Trees:
    """Those of LightGBM."""

    name = "LightGBM"
    standardised = False

    def __init__(self, _alpha):
        self.model = None

    def fit(self, x, y):
        self.model = grown(x, y)

    def log_odds(self, x):
        return self.model.predict(x, raw_score=True)

    def contributions(self, x):
        return self.model.predict(x, pred_contrib=True)[:, :-1]


class Boosting:
    """InterpretML's EBM with 8 outer bags and its defaults otherwise, fitted on a sample of the rows."""

    name = "EBM"
    standardised = False
    rows = 10_000

    def __init__(self, _alpha):
        self.model = None

    def fit(self, x, y):
        import numpy as np
        from interpret.glassbox import ExplainableBoostingClassifier

        sample = np.random.default_rng(1).permutation(len(y))[: self.rows]
        self.model = ExplainableBoostingClassifier(outer_bags=8, random_state=1).fit(x[sample], y[sample])

    def log_odds(self, x):
        return self.model.decision_function(x)

    def contributions(self, x):
        import numpy as np

        of_columns = np.zeros(x.shape)
        for (first, *second), of_term in zip(self.model.term_features_, self.model.eval_terms(x).T):
            # Of an interaction each of the two columns has a half, as ours says it.
            for column in (first, *second):
                of_columns[:, column] += of_term / (1 + len(second))
        return of_columns


MODELS = {"logistic": Logistic, "lightgbm": Trees, "ebm": Boosting}
