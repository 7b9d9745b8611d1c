"""The at-risk list every morning and a training every Sunday, as Airflow DAGs.

The program's exit code says what to do next: two codes may pass by themselves and are retried, every other one fails the task
at once, for a person to read the message in the task's log. Works with Airflow 2.9 and 3; copy it into the DAGs folder.
"""

import subprocess
from datetime import datetime, timedelta, timezone

from airflow.exceptions import AirflowException, AirflowFailException

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

CONFIG = "/etc/churn/churn.toml"

# Late data (4) and temporary I/O trouble (75). Not 7: another run holds the lock, so two schedules overlap.
RETRIED = {4, 75}

MEANINGS = {
    1: "internal error",
    2: "usage or configuration",
    3: "data contract broken",
    4: "data stale",
    5: "too little data",
    6: "drift gate blocked",
    7: "another run holds the lock",
    8: "model missing or incompatible",
    75: "temporary I/O trouble",
    130: "interrupted",
}


def churn(*arguments: str) -> None:
    """Runs the program, and fails in a way that Airflow retries only where that can help."""
    code = subprocess.run(["churn", "--config", CONFIG, "--log-format", "json", *arguments], check=False).returncode
    if code == 0:
        return
    message = f"churn ended with {code}: {MEANINGS.get(code, 'unknown')}"
    raise AirflowException(message) if code in RETRIED else AirflowFailException(message)


@dag(schedule="15 5 * * *", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), catchup=False, max_active_runs=1)
def churn_score():
    @task(retries=6, retry_delay=timedelta(minutes=30))
    def score(as_of: str) -> None:
        churn("score", "--as-of", as_of)

    # The date of the schedule, not of the clock: a late or repeated run makes the list of its own day.
    score("{{ data_interval_end | ds }}")


@dag(schedule="45 3 * * 0", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), catchup=False, max_active_runs=1)
def churn_train():
    @task(retries=6, retry_delay=timedelta(minutes=30))
    def train() -> None:
        churn("train")

    train()


churn_score()
churn_train()
