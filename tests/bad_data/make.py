"""Writes the broken files of this folder. Each has a test in `tests/it/bad_input.rs`.

    python tests/bad_data/make.py

They stand in for one table of a simulated population of 5,000 customers (ids 1 to 5000) whose history ends on
2026-05-31. Needs pyarrow; the same files come out every time.
"""

import datetime as dt
import pathlib
import random
import shutil

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
END = dt.datetime(2026, 6, 1, tzinfo=dt.timezone.utc)
HOUR = dt.timedelta(hours=1)
rng = random.Random(1)


def write(name, **columns):
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({column: pa.array(values, type) for column, (type, values) in columns.items()})
    pq.write_table(table, path, compression="zstd")
    return path


def ids(n):
    return [rng.randint(1, 5000) for _ in range(n)]


def times(n):
    """The newest an hour before the end."""
    return [END - HOUR * (1 + k % 2000) for k in range(n)]


def replace(values, n, *bad):
    """The values with n of them, spread evenly, replaced by the bad ones in turn."""
    values = list(values)
    for k in range(n):
        values[k * len(values) // n] = bad[k % len(bad)]
    return values


INT, TEXT, REAL, TS = pa.int64(), pa.string(), pa.float64(), pa.timestamp("us", "UTC")
N = 1000
FEW, MANY = N // 100, N // 10  # 1% and 10%; the gate is at 5%


def logins(name, **changes):
    return write(name, **{"customer_id": (INT, ids(N)), "ts": (TS, times(N)), **changes})


def moods():
    return [rng.randint(-100, 100) / 100 for _ in range(N)]


def whole_files():
    for name, content in {
        "empty_directory/.gitkeep": b"",
        "zero_bytes.parquet": b"",
        "csv_named.parquet": b"customer_id,ts\n1,2026-05-31T10:00:00Z\n2,2026-05-31T11:00:00Z\n",
    }.items():
        path = HERE / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    path = logins("truncated.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    # The footer is whole, the rows are not.
    path = logins("damaged_rows.parquet")
    content = bytearray(path.read_bytes())
    content[40:400] = bytes(byte ^ 0x55 for byte in content[40:400])
    path.write_bytes(content)
    write("missing_column.parquet", customer_id=(INT, ids(N)), timestamp=(TS, times(N)))

    for k in range(4):
        logins(f"wrong_type_in_one_file/part-{k}.parquet")
    logins("wrong_type_in_one_file/part-2.parquet", ts=(TEXT, [str(t) for t in times(N)]))

    logins("several_mismatches/part-0.parquet")
    logins("several_mismatches/part-1.parquet", ts=(TEXT, [str(t) for t in times(N)]))
    write("several_mismatches/part-2.parquet", customer_id=(INT, ids(N)), timestamp=(TS, times(N)))
    logins("several_mismatches/part-3.parquet", ts=(REAL, [t.timestamp() for t in times(N)]))

    logins("string_ids.parquet", customer_id=(TEXT, [str(i) for i in ids(N)]))
    logins("mixed_ids/integers.parquet")
    logins("mixed_ids/strings.parquet", customer_id=(TEXT, [str(i) for i in ids(N)]))
    logins("real_ids.parquet", customer_id=(REAL, [i + 0.5 for i in ids(N)]))


def rows():
    for name, n in {"few": FEW, "many": MANY}.items():
        logins(f"null_ids_{name}.parquet", customer_id=(INT, replace(ids(N), n, None)))
        logins(f"unknown_customers_{name}.parquet", customer_id=(INT, replace(ids(N), n, 7_000_000, -1)))
        nan, inf = float("nan"), float("inf")
        write(f"not_finite_{name}.parquet", customer_id=(INT, ids(N)), ts=(TS, times(N)), sentiment=(REAL, replace(moods(), n, nan, inf, -inf)))
        write(f"moods_out_of_scale_{name}.parquet", customer_id=(INT, ids(N)), ts=(TS, times(N)), sentiment=(REAL, replace(moods(), n, 3.0, -1.5)))
        kinds = [("nps", 0, 10), ("csat", 1, 5), ("ces", 1, 7)]
        kind = [kinds[k % 3] for k in range(N)]
        # A score above one instrument's scale can be within another's.
        score = [high + 1 if k % (N // n) == 0 else rng.randint(low, high) for k, (_, low, high) in enumerate(kind)]
        write(f"scores_out_of_scale_{name}.parquet", customer_id=(INT, ids(N)), ts=(TS, times(N)), kind=(TEXT, [name for name, _, _ in kind]), score=(pa.int32(), score))
    ancient, distant = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc)
    # As many as would stop the run if they counted as broken.
    logins("years_1970_and_9999.parquet", ts=(TS, replace(times(N), 2 * MANY, ancient, distant)))
    logins("only_1970.parquet", ts=(TS, [ancient + k * HOUR for k in range(N)]))


def populations():
    day = pa.date32()
    # Whenever a customer has signed up, there is a cancellation within a fortnight.
    fortnights = [dt.date(2025, 4, 20) + dt.timedelta(days=14 * k) for k in range(29)]
    write("all_churned.parquet", customer_id=(INT, list(range(1, 5001)) * 29), churned_on=(day, [left for left in fortnights for _ in range(5000)]))
    write("none_churned.parquet", customer_id=(INT, []), churned_on=(day, []))
    recent = [END - 6 * HOUR * k for k in range(1, 400)]
    one = {"customer_id": (INT, [1] * len(recent)), "ts": (TS, recent)}
    write("one_customer/customers.parquet", customer_id=(INT, [1]), signup_date=(day, [dt.date(2025, 1, 1)]), plan=(TEXT, ["basic"]), region=(TEXT, ["north"]), monthly_revenue=(REAL, [10.0]), account_owner=(TEXT, ["owner"]))
    write("one_customer/churn.parquet", customer_id=(INT, []), churned_on=(day, []))
    write("one_customer/logins.parquet", **one)
    write("one_customer/visits.parquet", **one, channel=(TEXT, ["web"] * len(recent)), duration_s=(pa.int32(), [60] * len(recent)))
    write("one_customer/mentions.parquet", **one, sentiment=(REAL, [0.5] * len(recent)))
    write("one_customer/surveys.parquet", **one, kind=(TEXT, ["nps"] * len(recent)), score=(pa.int32(), [9] * len(recent)))


if __name__ == "__main__":
    for old in HERE.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        elif old.suffix == ".parquet":
            old.unlink()
    whole_files()
    rows()
    populations()
    print(sum(f.stat().st_size for f in HERE.rglob("*")), "bytes")
