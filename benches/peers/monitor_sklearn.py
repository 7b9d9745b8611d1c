"""The outcomes of published runs with Polars and scikit-learn, for `monitoring.py`: who left in the label window, who
was left alone and for how many that customer stands, AUC, calibration line and precision on these and on everybody. The
outcomes are written as Parquet; there are no intervals, slices, drift, effect or page, and nothing is checked.

    monitor_sklearn.py FOLDER AS_OF_UNTIL        prints the figures of the newest run as JSON
"""

import json
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

GAP, SPAN = timedelta(days=7), timedelta(days=37)
CONTROL_SHARE = 0.1

folder, until = Path(sys.argv[1]), date.fromisoformat(sys.argv[2])
left = pl.read_parquet(folder / "population/churn.parquet")
days = sorted(date.fromisoformat(run.name[6:]) for run in (folder / "churn/lists").glob("as_of=*"))
read = lambda day, name, columns: pl.read_parquet(folder / f"churn/lists/as_of={day}/{name}.parquet", columns=columns)
lists = {day: read(day, "at_risk", ["customer_id", "group"]) for day in days}


def figures(rows, weight):
    y, p, w = rows["churned"].to_numpy(), rows["churn_probability"].to_numpy(), rows[weight].to_numpy()
    z = np.log(p / (1 - p))
    line = LogisticRegression(C=np.inf, tol=1e-8).fit(z[:, None], y, sample_weight=w)
    listed = rows["group"].is_not_null().to_numpy()
    shift, step = 0.0, 1.0
    while abs(step) > 1e-9:  # Newton's method, as scikit-learn has no offset.
        q = 1 / (1 + np.exp(-z - shift))
        step = np.sum(w * (y - q)) / np.sum(w * q * (1 - q))
        shift += step
    return {
        "roc_auc": roc_auc_score(y, p, sample_weight=w),
        "calibration_in_the_large": shift,
        "calibration_slope": float(line.coef_[0, 0]),
        "precision": float(np.average(y[listed], weights=w[listed])),
    }


for day in (day for day in days if day + SPAN <= until):
    around = pl.concat([rows for other, rows in lists.items() if day - SPAN <= other < day + SPAN])
    reached = around.group_by("customer_id").agg((pl.col("group") == "contact").any().alias("contacted"))
    weight = pl.when(pl.col("contacted")).then(0.0).when(~pl.col("contacted")).then(1 / CONTROL_SHARE).otherwise(1.0)
    scores = read(day, "scores", ["customer_id", "churn_probability", "rank", "group", "risk_tier", "model_version"])
    rows = scores.join(left, "customer_id", "left").join(reached, "customer_id", "left").sort("rank")
    within = lambda first, end: pl.col("churned_on").is_between(first, end, closed="left").fill_null(False)
    churned = pl.when(within(day, day + GAP)).then(None).otherwise(within(day + GAP, day + SPAN))
    rows = rows.with_columns(churned.alias("churned"), weight.alias("weight"), pl.lit(1.0).alias("one"))
    part = folder / f"peer/as_of={day}"
    part.mkdir(parents=True, exist_ok=True)
    rows.drop("one").write_parquet(part / "part.parquet", compression="zstd")

    judged = rows.filter(pl.col("churned").is_not_null())
    newest = figures(judged.filter(pl.col("weight") > 0), "weight")
    newest |= {f"{name}_everybody": value for name, value in figures(judged, "one").items()}
print(json.dumps(newest))
