"""Published runs that are made by the pattern of a real one, for `monitoring.py`.

They are made in a process of their own: the peak memory of a program that is measured is never below that of the
process that started it.
"""

import hashlib
import json
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CONTROL_SHARE = 0.1


class Pattern:
    """A real run, by which others are made."""

    def __init__(self, folder, pattern, customers, listed):
        self.lists, self.customers, self.listed = folder / "churn/lists", customers, listed
        self.folder = pattern
        read = lambda name: pq.ParquetFile(self.folder / name).read()
        self.scores, self.list, self.drift = read("scores.parquet"), read("at_risk.parquet"), read("drift.parquet")
        self.manifest = json.loads((self.folder / "manifest.json").read_text())

        table = pq.ParquetFile(folder / "population/customers.parquet").read(["customer_id", "signup_date"])
        left = pq.ParquetFile(folder / "population/churn.parquet").read()
        self.ids = table["customer_id"].to_numpy()
        self.since = table["signup_date"].cast(pa.int32()).to_numpy() + 28
        self.until = np.full(len(self.ids), 10**6)
        places = np.searchsorted(self.ids, left["customer_id"].to_numpy())
        self.until[places] = left["churned_on"].cast(pa.int32()).to_numpy()
        random = np.random.default_rng(1)
        self.random, self.is_control = random, random.random(len(self.ids)) < CONTROL_SHARE
        self.noise = random.normal(size=len(self.ids))

    def run(self, day):
        """Publishes the run of a day."""
        number = (day - date(1970, 1, 1)).days
        there = np.flatnonzero((self.since <= number) & (number < self.until))[: self.customers]
        assert len(there) == self.customers, f"{len(there)} customers on {day}"
        self.noise = 0.98 * self.noise + 0.2 * self.random.normal(size=len(self.ids))
        soon = (self.until[there] - number < 60) * 1.5
        p = 1 / (1 + np.exp(4.2 - soon - self.noise[there]))
        order = np.argsort(-p, kind="stable")
        ids, p, control = self.ids[there][order], p[order], self.is_control[there][order]

        rows, listed = np.arange(self.customers), self.listed
        groups = np.where(rows < listed, np.where(control, "control", "contact"), None)
        shares = [0.01, 0.05, 0.2, 1.0]
        tiers = np.array(["critical", "high", "medium", "low"])[np.searchsorted(shares, (rows + 1) / self.customers)]
        new = {"customer_id": ids, "churn_probability": p, "log_odds": np.log(p / (1 - p)), "rank": rows + 1,
               "group": groups, "risk_tier": tiers}

        folder = self.lists / f"as_of={day}"
        folder.mkdir(parents=True, exist_ok=True)
        manifest = dict(self.manifest, as_of=str(day))
        files = {"scores.parquet": self.changed(self.scores, new, self.customers, day),
                 "at_risk.parquet": self.changed(self.list, new, listed, day),
                 "drift.parquet": self.drift.set_column(
                     0, "as_of", pa.array([number] * len(self.drift), pa.int32()).cast(pa.date32()))}
        for name, table in files.items():
            pq.write_table(table, folder / name, compression="zstd")
            content = (folder / name).read_bytes()
            for file in manifest["files"]:
                if file["name"] == name:
                    file.update(rows=len(table), bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))
        (folder / "_SUCCESS").write_text("")

    def changed(self, table, new, rows, day):
        """The first rows of a table, over and over if it has too few, with other values."""
        table = table.take(np.arange(rows) % len(table))
        for at, field in enumerate(table.schema):
            if field.name == "as_of":
                values = pa.array([str(day)] * rows).dictionary_encode().cast(field.type)
            elif field.name in new:
                values = pa.array(new[field.name][:rows]).cast(field.type)
            else:
                continue
            table = table.set_column(at, field, values)
        return table


def publish(folder, pattern, customers, listed, days):
    """Publishes runs of these days in a folder with a population."""
    made = Pattern(folder, pattern, customers, listed)
    for day in days:
        made.run(day)
