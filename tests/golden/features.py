"""Golden feature tables: small, nasty event data and what DuckDB says its features are.

    python tests/golden/features.py

writes `tests/golden/features/{utc,berlin}/`: the data, a `churn.toml` (and one for the other churn definition), and the
expected tables. The SQL is written straight from the definitions of the feature catalogue, in the most obvious way.
Needs duckdb and pyarrow; the same input gives the same values.
"""

import datetime as dt
import pathlib
import random
import shutil

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent / "features"
UTC = dt.timezone.utc
DAY = dt.timedelta(days=1)
MICRO = dt.timedelta(microseconds=1)


def at(text):
    """An instant (or wall-clock time), written `2025-03-01` or `2025-03-01 10:00:00.000001`."""
    return dt.datetime.fromisoformat(text)


def write(path, columns, row_group_size=None, **options):
    """Writes {name: (type, values)}."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: pa.array(values, type) for name, (type, values) in columns.items()}
    pq.write_table(pa.table(arrays), path, compression="zstd", row_group_size=row_group_size, **options)


def split(rows, parts):
    """Deals rows to files in turn, so that no file is in time order of its own."""
    return [rows[i::parts] for i in range(parts)]


def column(rows, i):
    return [row[i] for row in rows]


# ---------------------------------------------------------------------------------------------------------------------
# The definitions


class Golden:
    """One data set: its as-of dates, windows and label window, in one zone."""

    def __init__(self, zone, as_ofs, windows, gap, horizon):
        self.zone, self.as_ofs, self.windows, self.gap, self.horizon = zone, as_ofs, windows, gap, horizon
        self.look_back = 2 * max(windows)
        self.sql = duckdb.connect()
        self.sql.execute("SET TimeZone = 'UTC'")

    def edge(self, as_of, days):
        """The first instant of the day `as_of + days` in the zone, as SQL."""
        return f"timezone('{self.zone}', TIMESTAMP '{dt.date.fromisoformat(as_of) + days * DAY} 00:00:00')"

    def rows(self, as_of, first, last):
        """SQL: the row is in [as_of + first days, as_of + last days)."""
        return f"(s.ts >= {self.edge(as_of, first)} AND s.ts < {self.edge(as_of, last)})"

    def lifetime_features(self, as_of, name, kind, category):
        """The select list of what is said of a signal's whole history: {feature: SQL}. Times are cut to seconds."""
        day = f"CAST(timezone('{self.zone}', s.ts) AS DATE)"
        now = self.edge(as_of, 0)
        past = f"s.ts < {now}"
        seconds = f"list(epoch_us(s.ts) // 1000000 ORDER BY s.ts) FILTER ({past})"
        # The days between one row and the next.
        gaps = f"list_transform(range(2, len({seconds}) + 1), lambda k: (({seconds})[k] - ({seconds})[k - 1]) / 86400)"
        silence = f"(epoch_us({now}) // 1000000 - list_max({seconds})) / 86400"
        values = {
            "lifetime_count": f"count(*) FILTER ({past})",
            "lifetime_active_days": f"count(DISTINCT {day}) FILTER ({past})",
            "lifetime_sum": f"coalesce(sum(s.value) FILTER ({past}), 0)",
            "lifetime_mean": f"avg(s.value) FILTER ({past})",
            "lifetime_negative_share": f"count(*) FILTER ({past} AND s.value < CAST(-0.2 AS DOUBLE))"
            f" / nullif(count(s.value) FILTER ({past}), 0)",
            "lifetime_categories": f"count(DISTINCT s.category) FILTER ({past})",
            "gap_mean": f"list_avg({gaps})",
            "gap_sd": f"CASE WHEN len({gaps}) >= 2 THEN list_stddev_samp({gaps}) END",
            "gap_longest": f"list_max({gaps})",
            "days_since_last_over_gap": f"{silence} / nullif(list_avg({gaps}), 0)",
        }
        absent = {
            "lifetime_sum": kind != "amount",
            "lifetime_mean": kind not in ("amount", "sentiment"),
            "lifetime_negative_share": kind != "sentiment",
            "lifetime_categories": not category,
        }
        values = {measure: value for measure, value in values.items() if not absent.get(measure)}
        begun = f"(SELECT min(ts) FROM {name}) < {now}"
        return {f"{name}_{measure}": f"CASE WHEN {begun} THEN {value} END" for measure, value in values.items()}

    def signal_features(self, as_of, name, kind, category, instruments):
        """The select list of one signal's features: {feature: SQL}."""
        day = f"CAST(timezone('{self.zone}', s.ts) AS DATE)"
        now = self.edge(as_of, 0)
        out = {}
        measures = ["count", "active_days", "trend", "mean_gap"]
        measures += {"amount": ["sum", "mean"], "sentiment": ["mean", "negative_share"]}.get(kind, [])
        measures += ["categories"] if category else []
        for measure in measures:
            for w in self.windows:
                here, before = self.rows(as_of, -w, 0), self.rows(as_of, -2 * w, -w)
                count = f"count(*) FILTER ({here})"
                value = {
                    "count": count,
                    "active_days": f"count(DISTINCT {day}) FILTER ({here})",
                    "trend": f"ln(({count} + 1) / (count(*) FILTER ({before}) + 1))",
                    "mean_gap": f"CASE WHEN {count} >= 2 THEN (epoch_us(max(s.ts) FILTER ({here})) - epoch_us(min(s.ts)"
                    f" FILTER ({here}))) / 86400e6 / ({count} - 1) END",
                    "sum": f"coalesce(sum(s.value) FILTER ({here}), 0)",
                    "mean": f"avg(s.value) FILTER ({here})",
                    "negative_share": f"count(*) FILTER ({here} AND s.value < CAST(-0.2 AS DOUBLE))"
                    f" / nullif(count(s.value) FILTER ({here}), 0)",
                    "categories": f"count(DISTINCT s.category) FILTER ({here})",
                }[measure]
                # Nothing was recorded of the window, or of the one before it, if the signal began on its end or later.
                end = self.edge(as_of, -w if measure == "trend" else 0)
                out[f"{name}_{measure}_{w}d"] = f"CASE WHEN (SELECT min(ts) FROM {name}) < {end} THEN {value} END"
        seen = self.rows(as_of, -self.look_back, 0)
        since = f"(epoch_us({now}) - epoch_us(max(s.ts) FILTER ({{}}))) / 86400e6"
        out[f"{name}_days_since_last"] = since.format(seen)
        if self.lifetime:
            out.update(self.lifetime_features(as_of, name, kind, category))
        for i in instruments:
            answered = f"{seen} AND s.value IS NOT NULL AND s.instrument = '{i}'"
            scores = f"list(s.value ORDER BY s.ts, s.value) FILTER ({answered})"
            out[f"{name}_{i}_last"] = f"({scores})[-1]"
            out[f"{name}_{i}_mean"] = f"avg(s.value) FILTER ({answered})"
            out[f"{name}_{i}_change"] = f"CASE WHEN len({scores}) >= 2 THEN ({scores})[-1] - ({scores})[-2] END"
            out[f"{name}_{i}_days_since_last"] = since.format(answered)
        return out

    def table(self, as_of, signals, numeric, categorical, population):
        """The feature table of one date over the customers that the SQL condition `population` admits."""
        self.sql.execute(f"CREATE OR REPLACE TEMP TABLE population AS SELECT c.* FROM customers c WHERE {population}")
        columns, joins = [], []
        for k, (name, (kind, category, instruments)) in enumerate(sorted(signals.items())):
            features = self.signal_features(as_of, name, kind, category, instruments)
            select = ", ".join(f'CAST({sql} AS DOUBLE) AS "{feature}"' for feature, sql in features.items())
            joins.append(
                f"JOIN (SELECT p.customer_id, {select} FROM population p LEFT JOIN {name} s"
                f" ON s.customer_id = p.customer_id GROUP BY p.customer_id) f{k} ON f{k}.customer_id = p.customer_id"
            )
            columns += [f'"{feature}"' for feature in features]
        columns.append(f"CAST(date_diff('day', p.signup_date, DATE '{as_of}') AS DOUBLE) AS tenure_days")
        columns += [f"CAST(p.{name} AS DOUBLE) AS {name}" for name in numeric] + [f"p.{name}" for name in categorical]
        return self.sql.sql(
            f"SELECT p.customer_id, DATE '{as_of}' AS as_of, {', '.join(columns)}, {self.label(as_of)} AS churned"
            f" FROM population p {' '.join(joins)} ORDER BY p.customer_id"
        ).to_arrow_table()

    label_signals = None
    lifetime = False

    def label(self, as_of):
        """SQL: 1 if the customer churned in the label window."""
        window = self.rows(as_of, self.gap, self.gap + self.horizon)
        if self.label_signals is None:
            source, found, otherwise = "SELECT customer_id, ts FROM churn", 1, 0
        else:
            source = " UNION ALL ".join(f"SELECT customer_id, ts FROM {name}" for name in self.label_signals)
            found, otherwise = 0, 1
        return (
            f"CASE WHEN EXISTS (SELECT 1 FROM ({source}) s WHERE s.customer_id = p.customer_id AND {window})"
            f" THEN {found} ELSE {otherwise} END"
        )

    def churned(self, first, last):
        """SQL: the customer `c` has a churn row between two edges, and not before the sign-up."""
        return (
            f"EXISTS (SELECT 1 FROM churn s WHERE s.customer_id = c.customer_id AND s.ts >= {first} AND s.ts < {last}"
            f" AND CAST(timezone('{self.zone}', s.ts) AS DATE) >= c.signup_date)"
        )

    def expected(self, path, signals, numeric, categorical, population):
        tables = [self.table(as_of, signals, numeric, categorical, population(as_of)) for as_of in self.as_ofs]
        table = pa.concat_tables(tables)
        churned = table.column("churned")
        assert 0 < sum(churned.to_pylist()) < len(churned), "both classes must be there"
        pq.write_table(table, path, compression="zstd", use_dictionary=False)
        print(f"{path.relative_to(HERE.parent)}: {table.num_rows} rows, {table.num_columns} columns")


def with_lifetime(settings):
    return settings.replace("[features]\n", "[features]\nlifetime = true\n")


# ---------------------------------------------------------------------------------------------------------------------
# Integer ids, UTC


def utc():
    home = HERE / "utc"
    as_ofs = ["2025-01-05", "2025-03-01", "2025-03-15"]
    g = Golden("UTC", as_ofs, windows=[7, 28], gap=7, horizon=30)
    rng = random.Random(20250301)

    # 2^53 and its neighbour are one number in a double; ids may be zero or negative.
    special = [0, -5, 9007199254740992, 9007199254740993, 2147483648]
    ids = list(range(1, 36)) + special
    signup = {i: dt.date(2024, 6, 1) + rng.randrange(150) * DAY for i in ids}
    signup[20] = dt.date(2025, 3, 1)  # signs up on an as-of date: not yet a customer on it
    signup[21] = dt.date(2025, 2, 28)  # the day before: a customer of one day
    signup[22] = dt.date(2024, 2, 29)
    signup[23] = dt.date(2025, 4, 20)  # never a customer on any of the dates
    silent = {0, 22}  # without a row in any signal
    # Every edge of every window, at the very first instant and a microsecond before it.
    edges = [at(d) - days * DAY for d in as_ofs for days in (0, 7, 14, 28, 56)]

    # logins: event. Files with every unit of timestamp, narrow and wide ids, a duplicate, an empty file, a stray _SUCCESS.
    logins = [(1, e) for e in edges] + [(2, e - MICRO) for e in edges]
    logins += [(3, at("2025-02-27 10:00")), (3, at("2025-02-27 10:00")), (3, at("2025-02-28 23:59:59.999999"))]
    logins += [(4, at("2025-02-20") + k * dt.timedelta(minutes=7, seconds=13)) for k in range(300)]  # many rows a day
    logins += [(5, at("2025-03-14 23:59:59"))]  # a single row
    logins += [(6, at("2025-03-20") + k * DAY) for k in range(40)]  # only in the future of every date
    logins += [(7, at("2024-07-01") + k * DAY) for k in range(60)]  # only before every look-back
    logins += [(9007199254740992, at("2025-02-25 08:00"))] * 2 + [(9007199254740993, at("2025-02-26 08:00"))] * 3
    for i in ids:
        if i not in silent and i not in (1, 2, 3, 4, 5, 6, 7) and i < 2**33:
            pace = rng.choice([1, 3, 9, 30])
            t = at("2024-10-15") + DAY * rng.random() * pace
            while t < at("2025-05-31"):
                logins.append((i, t.replace(microsecond=rng.choice([0, 0, 0, 500_000]))))
                t += DAY * rng.expovariate(1) * pace
    micro = [row for row in logins if row[1].microsecond % 1000]
    rest = [row for row in logins if not row[1].microsecond % 1000]
    rng.shuffle(rest)
    narrow = [row for row in rest if abs(row[0]) < 2**31]
    wide = [row for row in rest if abs(row[0]) >= 2**31]
    whole = [row for row in narrow if row[1].microsecond == 0]
    broken = [row for row in narrow if row[1].microsecond]
    seconds, millis, int96 = split(whole, 3)
    out = home / "logins"
    write(out / "seconds.parquet", {"customer_id": (pa.int32(), column(seconds, 0)), "ts": (pa.timestamp("s"), column(seconds, 1))})
    write(out / "millis.parquet", {"ts": (pa.timestamp("ms", "UTC"), column(millis + broken, 1)), "customer_id": (pa.int64(), column(millis + broken, 0))}, row_group_size=50)
    write(out / "micros.parquet", {"customer_id": (pa.int64(), column(micro + wide, 0)), "ts": (pa.timestamp("us"), column(micro + wide, 1)), "added_later": (pa.string(), ["x"] * len(micro + wide))}, write_statistics=False)
    # A nanosecond before an as-of date is still before it.
    nanos = [(8, "2025-02-28T23:59:59.999999999"), (8, "2025-03-01T00:00:00.000000001")]
    write(out / "nanos.parquet", {"customer_id": (pa.int16(), column(nanos, 0)), "ts": (pa.timestamp("ns"), [int(at(t[:19]).replace(tzinfo=UTC).timestamp()) * 10**9 + int(t[20:]) for t in column(nanos, 1)])})
    write(out / "int96.parquet", {"customer_id": (pa.int64(), column(int96, 0)), "ts": (pa.timestamp("ns"), column(int96, 1))}, use_deprecated_int96_timestamps=True, store_schema=False)
    write(out / "empty.parquet", {"customer_id": (pa.int64(), []), "ts": (pa.timestamp("us"), [])})
    (out / "_SUCCESS").touch()
    union = " UNION ALL ".join(
        # Nanoseconds are cut; DuckDB's own cast rounds them into the next day.
        f"SELECT CAST(customer_id AS BIGINT) AS customer_id, make_timestamp(epoch_ns(ts) // 1000) AT TIME ZONE 'UTC' AS ts FROM '{out}/{f}.parquet'"
        for f in ["seconds", "micros", "nanos", "int96"]
    )
    g.sql.execute(f"CREATE TABLE logins AS {union} UNION ALL SELECT customer_id, ts FROM '{out}/millis.parquet'")
    last = g.sql.sql("SELECT count(*) FROM logins WHERE customer_id = 8 AND ts >= TIMESTAMPTZ '2025-03-01 00:00:00+00' AND ts < TIMESTAMPTZ '2025-03-01 00:00:01+00'")
    assert last.fetchall() == [(1,)], "nanoseconds must be cut, not rounded"

    # visits: amount. The category is only in the path; one partition is Hive's null; the value narrow in some files.
    channels = ["web", "mobile%20app", "store", "__HIVE_DEFAULT_PARTITION__"]
    visits = {c: [] for c in channels}
    for i in ids:
        if i in silent or i == 9:
            continue
        for _ in range(rng.choice([0, 1, 2, 12, 40])):
            t = at("2024-11-01") + rng.random() * 190 * DAY
            value = None if rng.random() < 0.1 else rng.randrange(1, 4000)
            visits[rng.choice(channels)].append((i, t.replace(microsecond=0), value))
    visits["web"] += [(10, at("2025-02-27 09:00"), None), (10, at("2025-02-28 09:00"), None)]  # null values alone: rows, but no mean
    visits["__HIVE_DEFAULT_PARTITION__"] += [(9, at("2025-02-27 09:00"), 60)]  # no category
    for c in channels:
        for k, part in enumerate(split(visits[c], 2)):
            width = pa.int32() if k else pa.int64()
            write(home / f"visits/channel={c}/part-{k}.parquet", {"customer_id": (pa.int64(), column(part, 0)), "ts": (pa.timestamp("us"), column(part, 1)), "duration_s": (width, column(part, 2))})
    union = " UNION ALL ".join(
        f"SELECT customer_id, ts AT TIME ZONE 'UTC' AS ts, CAST(duration_s AS DOUBLE) AS value,"
        f" {'NULL' if c.startswith('__') else repr(c)} AS category FROM '{home}/visits/channel={c}/part-{k}.parquet'"
        for c in channels for k in (0, 1)
    )
    g.sql.execute(f"CREATE TABLE visits AS {union}")

    # orders: amount on dates, in one file, with refunds; late arrivals would not show here, a date is a whole day.
    orders = [(i, (at("2024-11-01") + rng.randrange(180) * DAY).date(), rng.randrange(-3000, 20000) / 100) for i in ids if i not in silent for _ in range(rng.choice([0, 1, 3, 8]))]
    orders += [(11, dt.date(2025, 2, 27), 19.99), (11, dt.date(2025, 2, 27), -19.99), (11, dt.date(2025, 2, 28), 0.0)]
    orders += [(12, e.date(), 10.0) for e in edges]
    write(home / "orders.parquet", {"customer_id": (pa.int64(), column(orders, 0)), "day": (pa.date32(), column(orders, 1)), "amount": (pa.float64(), column(orders, 2))}, row_group_size=20)
    g.sql.execute(f"CREATE TABLE orders AS SELECT customer_id, CAST(day AS TIMESTAMP) AT TIME ZONE 'UTC' AS ts, amount AS value FROM '{home}/orders.parquet'")

    # mentions: sentiment, by a glob. Values at the threshold, null values, null categories, a file without the category,
    # and files by the day on which they arrived, later than their rows.
    mentions = []
    for i in ids:
        if i in silent:
            continue
        for _ in range(rng.choice([0, 1, 4, 15])):
            t = at("2024-11-01") + rng.random() * 190 * DAY
            value = None if rng.random() < 0.1 else rng.choice([-1.0, -0.5, -0.2, -0.199999, -0.200001, 0.0, 0.3, 1.0])
            mentions.append((i, t.replace(microsecond=0), value, rng.choice(["x", "reddit", "forum", None])))
    mentions += [(13, at("2025-02-28 12:00"), -0.2, None), (13, at("2025-02-28 13:00"), None, None)]
    mentions += [(14, at("2025-02-28 12:00"), None, "x")]  # a row, but no share
    parts = split(mentions, 3)
    for k, (part, arrived) in enumerate(zip(parts, ["2024-01-01", "2025-06-01", "2025-06-02"])):
        columns = {"customer_id": (pa.int64(), column(part, 0)), "ts": (pa.timestamp("us"), column(part, 1)), "sentiment": (pa.float64(), column(part, 2))}
        if k != 2:
            columns["network"] = (pa.string() if k else pa.dictionary(pa.int8(), pa.string()), column(part, 3))
        write(home / f"mentions/arrived={arrived}/mentions-{k}.parquet", columns)
    write(home / "mentions/arrived=2025-06-02/other.parquet", {"nothing": (pa.int64(), [1])})  # outside the glob
    union = " UNION ALL ".join(
        f"SELECT customer_id, ts AT TIME ZONE 'UTC' AS ts, sentiment AS value, {'NULL' if k == 2 else 'CAST(network AS VARCHAR)'} AS category"
        f" FROM '{home}/mentions/*/mentions-{k}.parquet'" for k in range(3)
    )
    g.sql.execute(f"CREATE TABLE mentions AS {union}")

    # surveys: three instruments in one table, many without an answer, several at one instant.
    scales = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
    surveys = []
    for i in ids:
        if i in silent:
            continue
        for _ in range(rng.choice([0, 1, 2, 5])):
            kind = rng.choice(list(scales))
            t = at("2024-11-01") + rng.randrange(190 * 24) * dt.timedelta(hours=1)
            surveys.append((i, t, None if rng.random() < 0.4 else rng.randint(*scales[kind]), kind))
    tie = at("2025-02-20 10:00")
    surveys += [(15, tie, 9, "nps"), (15, tie, 3, "nps"), (15, tie, 6, "nps"), (15, tie, 5, "csat")]
    surveys += [(16, at("2025-02-01"), 8, "nps"), (16, at("2025-02-10"), 2, "nps"), (16, at("2025-02-20"), None, "nps")]
    surveys += [(17, at("2025-02-28"), None, "nps")]  # asked, never answered
    surveys += [(18, at("2025-01-04"), 10, "nps"), (18, at("2025-01-04") - MICRO, 1, "nps")]  # the edge of the look-back
    surveys += [(19, at("2025-02-28"), 7, "ces"), (19, at("2025-03-01"), 1, "ces")]  # the second is in the future
    rng.shuffle(surveys)
    for k, part in enumerate(split(surveys, 2)):
        kind = pa.dictionary(pa.int32(), pa.string()) if k else pa.string()
        score = pa.float64() if k else pa.int8()
        write(home / f"surveys/{k}.parquet", {"customer_id": (pa.int64(), column(part, 0)), "ts": (pa.timestamp("us"), column(part, 1)), "score": (score if not k else pa.int16(), column(part, 2)), "kind": (kind, column(part, 3))})
    union = " UNION ALL ".join(f"SELECT customer_id, ts AT TIME ZONE 'UTC' AS ts, CAST(score AS DOUBLE) AS value, CAST(kind AS VARCHAR) AS instrument FROM '{home}/surveys/{k}.parquet'" for k in (0, 1))
    g.sql.execute(f"CREATE TABLE surveys AS {union}")

    # calls: survey of one instrument, where exact duplicates are one row.
    calls = [(i, at("2024-12-01") + rng.randrange(150 * 24) * dt.timedelta(hours=1), rng.choice([None, 1, 2, 3, 4, 5])) for i in range(1, 31) for _ in range(3)]
    calls += [(24, at("2025-02-20"), 4), (24, at("2025-02-20"), 4), (24, at("2025-02-20"), 2), (24, at("2025-02-20"), None), (24, at("2025-02-20"), None)]
    write(home / "calls.parquet", {"customer_id": (pa.int64(), column(calls, 0)), "ts": (pa.timestamp("ms"), column(calls, 1)), "score": (pa.float32(), column(calls, 2))})
    g.sql.execute(f"CREATE TABLE calls AS SELECT DISTINCT customer_id, ts AT TIME ZONE 'UTC' AS ts, CAST(score AS DOUBLE) AS value, 'csat' AS instrument FROM '{home}/calls.parquet'")

    # chats: event. They begin after the first of the dates, and within the windows of the others.
    own = random.Random(7)
    chats = [(i, at("2025-02-10") + own.random() * 60 * DAY) for i in range(1, 25) for _ in range(i % 7)]
    chats += [(1, at("2025-02-10")), (2, at("2025-02-28 23:59:59"))]
    write(home / "chats.parquet", {"customer_id": (pa.int64(), column(chats, 0)), "ts": (pa.timestamp("us"), column(chats, 1))})
    g.sql.execute(f"CREATE TABLE chats AS SELECT customer_id, ts AT TIME ZONE 'UTC' AS ts FROM '{home}/chats.parquet'")

    # customers and churn, around every edge of the label window of 2025-03-01. One customer came back: the cancellation is of
    # an earlier stay.
    plans = {i: rng.choice(["basic", "pro", "", None]) for i in ids}
    revenue = {i: None if i % 7 == 3 else rng.randrange(500, 20000) / 100 for i in ids}
    write(home / "customers.parquet", {
        "customer_id": (pa.int64(), ids), "signup_date": (pa.date32(), [signup[i] for i in ids]),
        "plan": (pa.string(), [plans[i] or None for i in ids]), "region": (pa.dictionary(pa.int8(), pa.string()), [["north", "süd"][i % 2] for i in ids]),
        "monthly_revenue": (pa.float64(), [revenue[i] for i in ids]), "seats": (pa.int32(), [i % 5 for i in ids]),
    })
    g.sql.execute(f"CREATE TABLE customers AS SELECT * REPLACE (CAST(region AS VARCHAR) AS region) FROM '{home}/customers.parquet'")
    churned = {25: "2025-02-28", 26: "2025-03-01", 27: "2025-03-07", 28: "2025-03-08", 29: "2025-04-06", 30: "2025-04-07", 31: "2024-12-31", 32: "2025-03-22", 33: "2025-01-12", 34: "2024-05-31"}
    write(home / "churn.parquet", {"customer_id": (pa.int64(), list(churned)), "churned_on": (pa.date32(), [dt.date.fromisoformat(d) for d in churned.values()])})
    g.sql.execute(f"CREATE TABLE churn AS SELECT customer_id, CAST(churned_on AS TIMESTAMP) AT TIME ZONE 'UTC' AS ts FROM '{home}/churn.parquet'")

    signals = {
        "chats": ("event", False, []),
        "logins": ("event", False, []), "visits": ("amount", True, []), "orders": ("amount", False, []),
        "mentions": ("sentiment", True, []), "surveys": ("survey", False, list(scales)), "calls": ("survey", False, ["csat"]),
    }
    shared = """\
[customers]
path = "customers.parquet"
id = "customer_id"
signup = "signup_date"
value = "monthly_revenue"
numeric = ["monthly_revenue", "seats"]
categorical = ["plan", "region"]

[signals.chats]
kind = "event"
path = "chats.parquet"
id = "customer_id"
time = "ts"

[signals.logins]
kind = "event"
path = "logins"
id = "customer_id"
time = "ts"

[signals.visits]
kind = "amount"
path = "visits"
id = "customer_id"
time = "ts"
value = "duration_s"
category = "channel"

[signals.orders]
kind = "amount"
path = "orders.parquet"
id = "customer_id"
time = "day"
value = "amount"

[signals.mentions]
kind = "sentiment"
path = "mentions/*/mentions-*.parquet"
id = "customer_id"
time = "ts"
value = "sentiment"
category = "network"

[signals.surveys]
kind = "survey"
path = "surveys"
id = "customer_id"
time = "ts"
value = "score"
instrument = "kind"

[signals.calls]
kind = "survey"
path = "calls.parquet"
id = "customer_id"
time = "ts"
value = "score"
instrument_name = "csat"
deduplicate = true

[features]
windows_days = [7, 28]

[eligibility]
min_tenure_days = 0
active_within_days = 0
"""
    event = """
[churn]
definition = "event"
path = "churn.parquet"
id = "customer_id"
time = "churned_on"
gap_days = 7
horizon_days = 30
"""
    inactivity = """
[churn]
definition = "inactivity"
signals = ["logins", "orders"]
gap_days = 7
horizon_days = 30
"""
    (home / "churn.toml").write_text(shared + event)
    (home / "inactivity.toml").write_text(shared + inactivity)
    known = lambda as_of: f"c.signup_date < DATE '{as_of}'"
    never = "TIMESTAMPTZ '1970-01-01 00:00:00+00'"
    # A customer who has churned, or will in the gap, is no row of a training table.
    gone = lambda as_of: g.churned(never, g.edge(as_of, g.gap))
    g.expected(home / "expected_event.parquet", signals, ["monthly_revenue", "seats"], ["plan", "region"], lambda d: f"{known(d)} AND NOT {gone(d)}")
    (home / "lifetime.toml").write_text(with_lifetime(shared + event))
    g.lifetime = True
    g.expected(home / "expected_lifetime.parquet", signals, ["monthly_revenue", "seats"], ["plan", "region"], lambda d: f"{known(d)} AND NOT {gone(d)}")
    g.lifetime = False
    g.label_signals = ["logins", "orders"]
    g.expected(home / "expected_inactivity.parquet", signals, ["monthly_revenue", "seats"], ["plan", "region"], known)


# ---------------------------------------------------------------------------------------------------------------------
# String ids, Europe/Berlin, contracts; both clock changes are inside windows


def berlin():
    home = HERE / "berlin"
    as_ofs = ["2025-03-31", "2025-04-10", "2025-10-30"]  # clocks: forward on 2025-03-30, back on 2025-10-26
    g = Golden("Europe/Berlin", as_ofs, windows=[2, 7, 21], gap=3, horizon=14)
    rng = random.Random(20250330)
    ids = ["7", "07", "007", "ab", "AB", "Zoë", "a,b", " x", "x", "=1+1"] + [f"c-{k:02}" for k in range(20)]

    # What UTC would call another day: 22:30 and 23:30 UTC are tomorrow in Berlin, in winter only the second.
    instants = [("7", at(f"{d} {h}")) for d in ["2025-03-28", "2025-03-29", "2025-03-30", "2025-10-25", "2025-10-26", "2025-10-28"] for h in ["21:59:59.999999", "22:00", "22:30", "23:00", "23:30"]]
    # Midnights of every window edge, in local time, as instants.
    local = lambda t: g.sql.execute(f"SELECT timezone('UTC', timezone('Europe/Berlin', TIMESTAMP '{t}'))").fetchall()[0][0]
    edges = [local(at(d) - k * DAY) for d in as_ofs for k in (0, 2, 4, 7, 14, 21, 42)]
    instants += [("07", e) for e in edges] + [("007", e - MICRO) for e in edges]
    instants += [("ab", at("2025-10-26 00:30")), ("ab", at("2025-10-26 01:30")), ("AB", at("2025-10-26 00:30"))]  # the hour that comes twice
    for i in ids[5:]:
        t = at("2025-02-10") + rng.random() * 5 * DAY
        pace = rng.choice([0.5, 2, 6])
        while t < at("2025-11-20"):
            if t < at("2025-05-05") or t > at("2025-09-10"):
                instants.append((i, t.replace(microsecond=0)))
            t += DAY * rng.expovariate(1) * pace
    rng.shuffle(instants)
    # Folders by month, of UTC days as most writers have it: the last local hours of a month lie in the next one's folder.
    def folder(name, day):
        return home / f"{name}/year={day.year}/month={day.month:02}"

    for month in sorted({(t.year, t.month) for t in column(instants, 1)}):
        for k, part in enumerate(split([row for row in instants if (row[1].year, row[1].month) == month], 2)):
            text = [pa.string(), pa.dictionary(pa.int32(), pa.string())][k]
            zone = ["UTC", "America/New_York"][k]
            write(folder("logins", dt.date(*month, 1)) / f"{k}.parquet", {"customer_id": (text, column(part, 0)), "ts": (pa.timestamp("us", zone), [t.replace(tzinfo=UTC) for t in column(part, 1)])}, row_group_size=100)
    # Without a zone: wall-clock time. 02:30 on 2025-03-30 does not exist and becomes 03:30.
    walls = [("7", at("2025-03-30 01:59")), ("7", at("2025-03-30 02:30")), ("7", at("2025-03-30 03:01")), ("x", at("2025-03-31")), (" x", at("2025-03-30 23:59:59"))]
    walls += [(i, at("2025-03-10") + rng.randrange(30 * 24 * 60) * dt.timedelta(minutes=1)) for i in ids for _ in range(2)]
    walls = [row for row in walls if row[1].date() != dt.date(2025, 3, 30) or row[1].hour != 2 or row[0] == "7"]
    write(home / "logins/wall.parquet", {"customer_id": (pa.large_string(), column(walls, 0)), "ts": (pa.timestamp("ms"), column(walls, 1))})
    g.sql.execute(
        f"CREATE TABLE logins AS SELECT CAST(customer_id AS VARCHAR) AS customer_id, ts FROM '{home}/logins/*/*/[01].parquet'"
        f" UNION ALL SELECT customer_id, timezone('Europe/Berlin', CAST(ts AS TIMESTAMP)) FROM '{home}/logins/wall.parquet'"
    )
    skipped = g.sql.sql("SELECT timezone('UTC', timezone('Europe/Berlin', TIMESTAMP '2025-03-30 02:30'))").fetchall()
    assert skipped == [(at("2025-03-30 01:30"),)], skipped

    # orders on dates: the local day, so the last day before an as-of date is inside, the as-of date is not.
    orders = [(i, (at("2025-03-01") + rng.randrange(50) * DAY).date(), rng.randrange(1, 500)) for i in ids for _ in range(rng.choice([0, 2, 6]))]
    orders += [("Zoë", dt.date.fromisoformat(d) - k * DAY, 5) for d in as_ofs for k in (0, 1, 2, 3, 7, 8, 21, 22)]
    for month in sorted({(d.year, d.month) for d in column(orders, 1)}):
        part = [row for row in orders if (row[1].year, row[1].month) == month]
        write(folder("orders", dt.date(*month, 1)) / "0.parquet", {"customer_id": (pa.string(), column(part, 0)), "day": (pa.date32(), column(part, 1)), "amount": (pa.uint16(), column(part, 2))})
    g.sql.execute(f"CREATE TABLE orders AS SELECT customer_id, timezone('Europe/Berlin', CAST(day AS TIMESTAMP)) AS ts, CAST(amount AS DOUBLE) AS value FROM '{home}/orders/*/*/0.parquet'")

    # Contracts: begin on or after an as-of date, end before, on, just after one, and around the end of a label window.
    start = {i: dt.date(2025, 1, 1) for i in ids}
    end = {i: dt.date(2026, 1, 1) for i in ids}
    start["c-00"], start["c-01"] = dt.date(2025, 3, 31), dt.date(2025, 4, 1)
    end["c-02"], end["c-03"] = dt.date(2025, 3, 31), dt.date(2025, 4, 1)
    end["c-04"], end["c-05"] = dt.date(2025, 4, 17), dt.date(2025, 4, 16)  # as_of + gap + horizon, and a day less
    write(home / "customers.parquet", {
        "customer_id": (pa.string(), ids), "signup_date": (pa.date32(), [dt.date(2024, 12, 1)] * len(ids)),
        "start_date": (pa.date32(), [start[i] for i in ids]), "end_date": (pa.date32(), [end[i] for i in ids]),
    })
    g.sql.execute(f"CREATE TABLE customers AS FROM '{home}/customers.parquet'")
    # Churn as instants: 22:00 UTC on 2025-04-02 is the first instant of the label window of 2025-03-31 (as_of + 3).
    churned = {"c-06": "2025-04-02 22:00", "c-07": "2025-04-02 21:59:59", "c-08": "2025-04-16 21:59:59", "c-09": "2025-04-16 22:00", "c-10": "2025-03-30 21:59:59", "c-11": "2025-03-30 22:00", "c-12": "2025-11-05 12:00"}
    write(home / "churn.parquet", {"customer_id": (pa.string(), list(churned)), "churned_at": (pa.timestamp("us", "UTC"), [at(t).replace(tzinfo=UTC) for t in churned.values()])})
    g.sql.execute(f"CREATE TABLE churn AS SELECT customer_id, churned_at AS ts FROM '{home}/churn.parquet'")
    (home / "churn.toml").write_text("""\
[time]
zone = "Europe/Berlin"

[customers]
path = "customers.parquet"
id = "customer_id"
signup = "signup_date"
start = "start_date"
end = "end_date"

[signals.logins]
kind = "event"
path = "logins"
id = "customer_id"
time = "ts"

[signals.orders]
kind = "amount"
path = "orders"
id = "customer_id"
time = "day"
value = "amount"

[churn]
definition = "event"
path = "churn.parquet"
id = "customer_id"
time = "churned_at"
gap_days = 3
horizon_days = 14

[features]
windows_days = [2, 7, 21]

[eligibility]
min_tenure_days = 0
active_within_days = 0
""")
    never = "TIMESTAMPTZ '1970-01-01 00:00:00+00'"
    population = lambda d: (
        f"c.signup_date < DATE '{d}' AND c.start_date <= DATE '{d}' AND DATE '{d}' < c.end_date"
        f" AND c.end_date >= DATE '{d}' + {g.gap + g.horizon} AND NOT {g.churned(never, g.edge(d, g.gap))}"
    )
    signals = {"logins": ("event", False, []), "orders": ("amount", False, [])}
    g.expected(home / "expected_event.parquet", signals, [], [], population)
    (home / "lifetime.toml").write_text(with_lifetime((home / "churn.toml").read_text()))
    g.lifetime = True
    g.expected(home / "expected_lifetime.parquet", signals, [], [], population)


if __name__ == "__main__":
    shutil.rmtree(HERE, ignore_errors=True)
    utc()
    berlin()
    size = sum(f.stat().st_size for f in HERE.rglob("*") if f.is_file())
    assert size < 400_000, size
    print(f"{size} bytes")
