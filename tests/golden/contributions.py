#!/usr/bin/env python3
"""Writes contributions/linear_explainer.json: a linear model, rows, and SHAP's contributions for them.

Needs numpy and shap (made with shap 0.51.0). Run it from any folder; the file is overwritten.
"""

import json
from pathlib import Path

import numpy as np
import shap

SEED = 7
BACKGROUND, ROWS, TERMS = 200, 40, 12

rng = np.random.default_rng(SEED)
# Columns as a recipe makes them: standardised values with outliers, and some columns of zeros and ones. A design is
# single precision, so the values are too; everything computed from them is double.
background = rng.standard_t(4, size=(BACKGROUND, TERMS))
rows = rng.standard_t(4, size=(ROWS, TERMS))
background[:, -3:] = background[:, -3:] > 0.5
rows[:, -3:] = rows[:, -3:] > 0.5
background = background.astype(np.float32).astype(np.float64)
rows = rows.astype(np.float32).astype(np.float64)
coefficients = rng.normal(scale=0.7, size=TERMS)
intercept = -3.25

# `max_samples` keeps the whole background: the default silently takes 100 rows of it.
masker = shap.maskers.Independent(background, max_samples=BACKGROUND)
explainer = shap.LinearExplainer((coefficients, intercept), masker)
values = explainer.shap_values(rows)

golden = {
    "shap": shap.__version__,
    "coefficients": coefficients.tolist(),
    "intercept": intercept,
    "background": background.tolist(),
    "rows": rows.tolist(),
    "expected_value": float(explainer.expected_value),
    "shap_values": values.tolist(),
    "log_odds": (rows @ coefficients + intercept).tolist(),
}
path = Path(__file__).parent / "contributions" / "linear_explainer.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{path}: {values.shape[0]} rows of {values.shape[1]} contributions")
