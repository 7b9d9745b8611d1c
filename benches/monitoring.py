"""What monitoring costs: 365 matured runs of 100,000 customers, and the one of the next day.

    python benches/monitoring.py [--churn target/release/churn] [--runs 365] [--customers 100000] [--listed 500]
                                 [--peer] [--keep FOLDER]

Needs pyarrow and numpy, and polars and scikit-learn for the peer, which judges the same runs and is held against our
figures of the newest. A population is simulated, and one real run is its pattern: every other run is that one with the
customers of its date, probabilities that move a little from day to day, and the list and the digests that follow from
them. Runs are daily, and those of the last 37 days have not matured. Then are measured: `churn monitor` on all runs;
the same a day later, when another run is published and another has matured; the same with nothing new; a training with
`training.contacted = "auto"` against one that keeps all rows; and what `churn models list` takes. With
`--scored N` instead, what the check of drift adds to `churn score` at N customers.
"""

import argparse
import json
import multiprocessing
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path

from measuring import in_folder, measured, program

TODAY = date(2026, 6, 1)  # The end of the history.
LABEL_DAYS = 37


def told(what, result, more=""):
    print(f"{what:<44} {result['seconds']:7.2f} s  {result['cpu']:7.2f} s CPU  {result['peak'] / 2**20:6.0f} MiB  {more}",
          flush=True)


def population(folder, customers, days):
    shutil.copy(Path(__file__).parent / "churn.toml", folder)
    if not (folder / "population/customers.parquet").exists():
        churn(folder, "simulate", "--customers", customers, "--days", days, "--seed", 1, "--out", "population")


def publish(folder):
    """Publishes all runs but today's, which is published later."""
    population(folder, 2 * given.customers, 900)
    pattern = folder / "pattern"
    if not pattern.exists():
        churn(folder, "train", "--as-of", TODAY, "--promote", "always", model__complexity="linear")
        churn(folder, "score", "--as-of", TODAY, paths__lists=pattern, list__capacity=given.listed, kpi__period="off",
              list__control_fraction=0.1, publish__formats='["parquet"]')
    days = [TODAY - timedelta(days=back) for back in reversed(range(given.runs + LABEL_DAYS + 1))]
    if not (folder / f"churn/lists/as_of={days[0]}").exists():
        what = folder, pattern / f"as_of={TODAY}", given.customers, given.listed, days
        # What this process has held would count as the peak of every program that it starts.
        maker = multiprocessing.get_context("spawn").Process(target=publish_runs, args=what)
        maker.start()
        maker.join()
        assert maker.exitcode == 0
    tomorrow = folder / "churn/tomorrow"
    if not tomorrow.exists():
        shutil.move(folder / f"churn/lists/as_of={TODAY}", tomorrow)
    shutil.rmtree(folder / "out", ignore_errors=True)
    return tomorrow


def publish_runs(*what):
    from runs import publish

    publish(*what)


def monitoring(folder):
    tomorrow = publish(folder)
    yesterday = TODAY - timedelta(days=1)
    first = churn(folder, "--format", "json", "monitor", "--as-of", yesterday)
    found = json.loads(first["out"])
    assert found["runs"] == found["judged_now"] == given.runs, found["notes"]
    auc = next(it["value"] for it in found["figures"] if it["measure"] == "roc_auc")
    told(f"{given.runs} runs of {given.customers:,}", first, f"newest AUC {auc:.3f}")
    if given.peer:
        script = Path(__file__).parent / "peers/monitor_sklearn.py"
        peer = measured([sys.executable, script, folder, yesterday], folder)
        told("outcomes alone, Polars and scikit-learn", peer, f"largest difference {difference(found, peer):.1e}")

    shutil.move(tomorrow, folder / f"churn/lists/as_of={TODAY}")
    second = churn(folder, "--format", "json", "monitor", "--as-of", TODAY)
    assert json.loads(second["out"])["judged_now"] == 1
    told("the next day", second)
    told("nothing new", churn(folder, "monitor", "--as-of", TODAY))
    told("models list", churn(folder, "models", "list"))
    for contacted in ("keep", "auto"):
        how = dict(training__contacted=contacted, model__complexity="linear")
        told(f"train, contacted = {contacted}", churn(folder, "train", "--promote", "never", **how))


def difference(found, peer):
    """The largest between the figures of the newest run and those of the peer."""
    ours = {it["measure"]: it["value"] for it in found["figures"] if it["slice"] in ("all", "list")}
    theirs = json.loads(peer["out"])
    largest = max(abs(ours[name] - value) for name, value in theirs.items())
    assert len(theirs) == 8 and largest < 1e-4, (ours, theirs)
    return largest


def drift(folder):
    population(folder, given.scored, 365)
    if not (folder / "churn/models").exists():
        churn(folder, "train", "--promote", "always", model__complexity="linear")
    for gate in ("off", "warn", "off", "warn", "off", "warn"):
        how = dict(gates__drift=gate, kpi__period="off", publish__formats='["parquet"]')
        scored = churn(folder, "--format", "json", "score", "--as-of", "2026-06-01", **how)
        eligible = json.loads(scored["out"])["manifest"]["eligible"]
        told(f"score, gates.drift = {gate}", scored, f"{eligible:,} customers")


def parsed():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--churn", default="target/release/churn")
    arguments.add_argument("--runs", type=int, default=365)
    arguments.add_argument("--customers", type=int, default=100_000)
    arguments.add_argument("--listed", type=int, default=500)
    arguments.add_argument("--keep", type=Path, help="where the runs are made and stay, to be used again")
    arguments.add_argument("--peer", action="store_true", help="also judge the runs with Polars and scikit-learn")
    arguments.add_argument("--scored", type=int, help="measure the check of drift on a population of so many instead")
    return arguments.parse_args()


if __name__ == "__main__":
    given = parsed()
    churn = program(given.churn)
    in_folder(given.keep, drift if given.scored else monitoring)
