"""Whether a list that is ranked by what contact changes keeps more customers than others.

    python benches/response.py [--churn target/release/churn] [--customers 40000] [--populations 3]

Simulated populations whose riskiest 2.5 % are listed every week for 34 weeks, two in five of them left alone. In the
first populations outreach keeps everybody who would leave because of surveys or mentions, and nobody else; in the last
ones it keeps two in five of everybody who would leave. `churn monitor` says whether customers respond differently.
Where it does, the customers of five later dates are listed in several orders, the first 1.5 % each: how many of those
who would leave in time does outreach keep, and what are they worth in a year? (By the effect: without the column of the
value.) Needs pyarrow.
"""

import argparse
import datetime
import json
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from measuring import program

FIRST, LAST = datetime.date(2025, 9, 1), datetime.date(2026, 4, 20)
LATER = [datetime.date(2026, 4, 27) + datetime.timedelta(weeks=week) for week in range(5)]
RESPONSES = {
    "different": ["--save-rate", "0", "--save-rate-of", "surveys=1", "--save-rate-of", "mentions=1"],
    "the same": ["--save-rate", "0.4"],
}
ORDERS = {"probability": "churn", "expected_loss": "churn", "expected_saving": "churn", "effect": "without_value"}

arguments = argparse.ArgumentParser()
arguments.add_argument("--churn", default="target/release/churn")
arguments.add_argument("--customers", type=int, default=40_000)
arguments.add_argument("--populations", type=int, default=3)
given = arguments.parse_args()
churn = program(given.churn)


def kept(folder, date, listed):
    """Those whom outreach to a list keeps, by the truth of the simulation, and their revenue in a year."""
    truth = pq.read_table(folder / "after/truth.parquet").to_pylist()
    works_from = date - datetime.timedelta(days=date.weekday()) + datetime.timedelta(weeks=1)
    saved = {
        row["customer_id"]
        for row in truth
        if row["cause"] in ("surveys", "mentions")
        and row["churned_on"]
        and works_from <= row["churned_on"] < date + datetime.timedelta(days=37)
    }
    customers = pq.read_table(folder / "after/customers.parquet", columns=["customer_id", "monthly_revenue"])
    revenue = dict(zip(*(customers[name].to_pylist() for name in customers.column_names)))
    return sum(id in saved for id in listed), sum(12 * revenue[id] for id in listed if id in saved)


for name, response in RESPONSES.items():
    for seed in range(1, given.populations + 1):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            size = ["--customers", str(given.customers), "--days", "640", "--seed", str(seed)]
            churn(folder, "simulate", *size, "--out", "data")
            churn(folder, "init", ".", "--from", "data")
            churn(folder, "train", "--as-of", str(FIRST), "--promote", "always", model__complexity="linear")
            how = dict(kpi__period="off", publish__formats='["parquet"]', gates__drift="off")
            length = dict(list__capacity=given.customers // 40, list__control_fraction=0.4)
            date = FIRST
            while date <= LAST:
                churn(folder, "score", "--as-of", str(date), paths__lists="lists", **how, **length)
                date += datetime.timedelta(weeks=1)
            churn(folder, "simulate", "--continue", "data", "--lists", "lists", *response, "--out", "after")

            config = folder / "churn.toml"
            config.write_text(config.read_text().replace('"data/', '"after/'))
            value = 'value = "monthly_revenue"'
            lines = [line for line in config.read_text().splitlines() if not line.startswith(value)]
            (folder / "without_value.toml").write_text("\n".join(lines))
            folders = dict(paths__monitor="monitor", paths__lists="lists")
            found = json.loads(churn(folder, "monitor", "--format", "json", **folders)["out"])["response"]
            listings = found["contact"]["customers"] + found["control"]["customers"]
            print(f"{name}, population {seed}: {listings} first listings", flush=True)
            for sentence in found["sentences"][:4]:
                print(f"  {sentence}", flush=True)
            if not found["model"]:
                continue

            length = dict(list__capacity=given.customers * 3 // 200, list__control_fraction=0, paths__monitor="monitor")
            for order, settings in ORDERS.items():
                by = "expected_saving" if order == "effect" else order
                customers, worth = 0, 0.0
                for date in LATER:
                    words = ["--config", f"{settings}.toml", "score", "--as-of", str(date)]
                    churn(folder, *words, paths__lists=order, list__rank_by=by, **how, **length)
                    path = folder / order / f"as_of={date}/at_risk.parquet"
                    listed = pq.read_table(path, columns=["customer_id"], partitioning=None)["customer_id"].to_pylist()
                    more = kept(folder, date, listed)
                    customers, worth = customers + more[0], worth + more[1]
                print(f"  by {order:16} {customers:5} kept, worth {worth:9,.0f}", flush=True)
