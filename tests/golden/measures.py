"""Golden measures: a small world of forty months and what DuckDB says of it, period by period and segment by segment.

    python tests/golden/measures.py

writes `tests/golden/measures/`: the data, a `churn.toml` for each case, and the expected rows of `kpis.parquet` but for
those of a model. The SQL is written straight from the definitions of docs/measures.md, in the most obvious way. Needs
duckdb and pyarrow; the same input gives the same values.
"""

import datetime as dt
import pathlib
import random
import shutil

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent / "measures"
DAY = dt.timedelta(days=1)
FIRST, LAST = dt.date(2023, 1, 1), dt.date(2026, 6, 20)
Z = 1.959963984540054
PERIODS = 13


def write(name, columns, row_group_size=None):
    arrays = {column: pa.array(values, type) for column, (type, values) in columns.items()}
    pq.write_table(pa.table(arrays), HERE / name, compression="zstd", row_group_size=row_group_size)


def world():
    """Customers who come and go, some of them twice, with signals that begin at different times."""
    rng = random.Random(20)
    days = (LAST - FIRST).days
    customers, churn, logins, visits, surveys, pulse = [], [], [], [], [], []

    def instant(day):
        return dt.datetime.combine(day, dt.time(), dt.timezone.utc) + dt.timedelta(seconds=rng.randrange(86_400))

    for id in range(1, 181):
        joined = FIRST + DAY * rng.randrange(-200, days - 30)
        signup = None if rng.random() < 0.05 else joined
        plan = rng.choice(["basic", "pro", None])
        region = rng.choice(["north", "south", "east", "west"])
        start = joined
        end = joined + DAY * rng.choice([200, 400, 4000])
        leaves = joined + DAY * int(rng.expovariate(1 / 700)) if rng.random() < 0.8 else None
        if leaves is not None and leaves > LAST:
            leaves = None
        customers.append((id, signup, start, end, plan, region, float(10 + id % 7)))
        if leaves is not None and leaves >= dt.date(2024, 2, 20):
            churn.append((id, leaves))
        if rng.random() < 0.1 and signup is not None:
            # An earlier time as a customer, which does not count.
            earlier = max(signup - 40 * DAY, dt.date(2024, 2, 21)) if signup > dt.date(2024, 4, 10) else None
            churn.append((id, earlier))

        last = min(leaves or LAST, LAST)
        rate = rng.choice([0.02, 0.08, 0.15])
        day = max(joined, FIRST)
        while day < last:
            if rng.random() < rate:
                logins.append((id, instant(day)))
                if rng.random() < 0.1:
                    logins.append(logins[-1])
            if rng.random() < 0.02 and day >= dt.date(2025, 11, 10):
                visits.append((id, instant(day), rng.choice([5.0, 60.0, 400.0, 9999.0, float("nan"), None])))
            if rng.random() < 0.02:
                kind, most = rng.choice([("nps", 10), ("csat", 10), ("ces", 5)])
                if rng.random() < 0.05:
                    score = rng.choice([0, 11, None])
                else:
                    score = rng.randint(0 if kind == "nps" else 1, most)
                surveys.append((id, instant(day), score, kind))
            if rng.random() < 0.01 and day >= dt.date(2026, 2, 2):
                pulse.append((id, instant(day), rng.randint(0, 10)))
            day += DAY

    # At the edges of days, of somebody unknown, without a time, on the as-of date and later.
    edge = dt.datetime(2026, 4, 30, 22, 0, tzinfo=dt.timezone.utc)
    for shift in [-1, 0, 1]:
        logins.append((1 + shift % 3, edge + dt.timedelta(microseconds=shift)))
        pulse.append((4, edge + dt.timedelta(microseconds=shift), 10))
    logins += [(999, edge), (None, edge), (5, None), (5, dt.datetime(2026, 6, 16, tzinfo=dt.timezone.utc))]

    def column(rows, place, type):
        return (type, [row[place] for row in rows])

    time = pa.timestamp("us", "UTC")
    names = [("customer_id", pa.int64()), ("signup", pa.date32()), ("start", pa.date32()), ("end", pa.date32())]
    names += [("plan", pa.string()), ("region", pa.string()), ("value", pa.float64())]
    write("customers.parquet", {name: column(customers, i, type) for i, (name, type) in enumerate(names)})
    write("churn.parquet", {"customer_id": column(churn, 0, pa.int64()), "on": column(churn, 1, pa.date32())})
    rng.shuffle(logins)
    write("logins.parquet", {"customer_id": column(logins, 0, pa.int64()), "ts": column(logins, 1, time)}, 3000)
    visits.sort(key=lambda row: row[1])
    parts = {"customer_id": column(visits, 0, pa.int64()), "ts": column(visits, 1, time)}
    write("visits.parquet", parts | {"seconds": column(visits, 2, pa.float64())})
    parts = {"customer_id": column(surveys, 0, pa.int64()), "ts": column(surveys, 1, time)}
    write("surveys.parquet", parts | {"score": column(surveys, 2, pa.int32()), "kind": column(surveys, 3, pa.string())})
    parts = {"customer_id": column(pulse, 0, pa.int64()), "ts": column(pulse, 1, time)}
    write("pulse.parquet", parts | {"score": column(pulse, 2, pa.int8())})


# ---------------------------------------------------------------------------------------------------------------------
# The cases


SIGNALS = ["logins", "pulse", "surveys", "visits"]
CASES = {
    "month": {"zone": "UTC", "as_of": "2026-06-16", "period": "month", "signup": True, "segments": ["plan", "region"]},
    "quarter": {
        "zone": "Europe/Berlin",
        "as_of": "2026-04-01",
        "period": "quarter",
        "contract": True,
        "segments": ["plan"],
    },
    "week": {
        "zone": "Europe/Berlin",
        "as_of": "2026-06-10",
        "period": "week",
        "signup": True,
        "silence": (3, 20),
        "segments": [],
    },
    "silence": {"zone": "UTC", "as_of": "2026-06-16", "period": "month", "silence": (7, 40), "segments": ["region"]},
}


def config(case):
    customers = ['path = "customers.parquet"', 'id = "customer_id"', 'value = "value"']
    customers += ['categorical = ["plan", "region"]']
    customers += ['signup = "signup"'] if case.get("signup") else []
    customers += ['start = "start"', 'end = "end"'] if case.get("contract") else []
    gap, horizon = case.get("silence", (2, 30))
    churn = ['path = "churn.parquet"', 'time = "on"']
    if "silence" in case:
        churn = ['definition = "inactivity"', 'signals = ["logins"]']
    segments = ", ".join(f'"{name}"' for name in case["segments"])
    lines = ["[customers]", *customers, "[churn]", *churn, f"gap_days = {gap}", f"horizon_days = {horizon}"]

    def signal(name, kind, more):
        table = f'path = "{name}.parquet"\nid = "customer_id"\ntime = "ts"'
        return f'[signals.{name}]\nkind = "{kind}"\n{table}\n{more}'

    lines += [signal("logins", "event", "deduplicate = true")]
    lines += [signal("visits", "amount", 'value = "seconds"\nrange = [0, 1000]')]
    lines += [signal("surveys", "survey", 'value = "score"\ninstrument = "kind"')]
    lines += ['scales = { csat = { from = 1, to = 10 }, ces = { from = 1, to = 5, best = "low" } }']
    lines += [signal("pulse", "survey", 'value = "score"\ninstrument_name = "nps"')]
    lines += [f'[kpi]\nperiod = "{case["period"]}"\nsegments = [{segments}]', f'[time]\nzone = "{case["zone"]}"']
    lines += ["[features]\nwindows_days = [7, 14]", "[eligibility]\nactive_within_days = 0\nmin_tenure_days = 0"]
    lines += ["[training]\nsnapshots = 4\nstep_days = 45"]
    lines += ['[model]\ncomplexity = "linear"\nalpha = 0.1\ncalibration = "none"']
    lines += ["[gates]\nmin_customers = 1\nmin_churners = 1\nmax_staleness_days = 60\nmax_quarantine_share = 1"]
    return "\n".join(lines) + "\n"


def periods(case):
    """The first days of the periods, the last of which holds the day before the as-of date, and the one after them."""
    last = dt.date.fromisoformat(case["as_of"]) - DAY
    starts = []
    for back in range(PERIODS - 1, -2, -1):
        if case["period"] == "week":
            starts.append(last - DAY * last.weekday() - 7 * back * DAY)
            continue
        months = 12 * last.year + last.month - 1
        months = months - back if case["period"] == "month" else months // 3 * 3 - 3 * back
        starts.append(dt.date(months // 12, months % 12 + 1, 1))
    return starts


# ---------------------------------------------------------------------------------------------------------------------
# The definitions


def share(some, n):
    """Value and Wilson interval of a share, as SQL."""
    p = f"(({some}) / CAST({n} AS DOUBLE))"
    middle = f"({p} + {Z} * {Z} / (2 * {n})) / (1 + {Z} * {Z} / {n})"
    half = f"{Z} / (1 + {Z} * {Z} / {n}) * sqrt({p} * (1 - {p}) / {n} + {Z} * {Z} / (4.0 * {n} * {n}))"
    low, high = f"greatest(0, {middle} - ({half}))", f"least(1, {middle} + {half})"
    return p, f"CASE WHEN {n} >= 2 THEN {low} END", f"CASE WHEN {n} >= 2 THEN {high} END"


def mean(value, low, high):
    """Value and normal interval of a mean within bounds, as SQL over the rows of a group."""
    half = f"{Z} * sqrt(var_samp({value}) / count({value}))"
    has = f"count({value}) >= 2 AND var_samp({value}) > 1e-12"
    return (
        f"avg({value})",
        f"CASE WHEN {has} THEN greatest({low}, avg({value}) - {half}) END",
        f"CASE WHEN {has} THEN least({high}, avg({value}) + {half}) END",
    )


def expected(name, case):
    sql = duckdb.connect()
    sql.execute("SET TimeZone = 'UTC'")
    sql.execute("SET threads = 1")
    as_of, zone = case["as_of"], case["zone"]
    starts = periods(case)
    span = sum(case["silence"]) if "silence" in case else 0

    def edge(day):
        return f"timezone('{zone}', CAST({day} AS TIMESTAMP))"

    for table in ["customers", "churn", *SIGNALS]:
        sql.execute(f"CREATE TABLE raw_{table} AS FROM '{HERE / (table + '.parquet')}'")
    listed = ", ".join(f"(DATE '{a}', DATE '{b}')" for a, b in zip(starts, starts[1:]))
    sql.execute(f"""CREATE TABLE periods AS SELECT *, least(e, DATE '{as_of}') AS known, e > DATE '{as_of}' AS running
        FROM (VALUES {listed}) t(s, e)""")

    # Rows that can be used: of somebody known, dated before the as-of date, with a value that is valid or null.
    known = f"ts < {edge(f'DATE {as_of!r}')} AND customer_id IN (SELECT customer_id FROM raw_customers)"
    valid = {
        "logins": "SELECT DISTINCT customer_id, ts FROM raw_logins WHERE",
        "visits": """SELECT customer_id, ts FROM raw_visits
            WHERE (seconds IS NULL OR (NOT isnan(seconds) AND seconds BETWEEN 0 AND 1000)) AND""",
        "surveys": """SELECT customer_id, ts, score, kind FROM raw_surveys WHERE (score IS NULL OR score BETWEEN
            CASE kind WHEN 'nps' THEN 0 ELSE 1 END AND CASE kind WHEN 'ces' THEN 5 ELSE 10 END) AND""",
        "pulse": "SELECT customer_id, ts, score, 'nps' AS kind FROM raw_pulse WHERE score BETWEEN 0 AND 10 AND",
    }
    for signal, select in valid.items():
        sql.execute(f"CREATE TABLE {signal} AS {select} {known}")

    # Who is there on which day.
    signup = "signup" if case.get("signup") else "CAST(NULL AS DATE)"
    start = "start" if case.get("contract") else "CAST(NULL AS DATE)"
    end = '"end"' if case.get("contract") else "CAST(NULL AS DATE)"
    own = f"""h.customer_id = c.customer_id AND ({signup} IS NULL OR "on" >= {signup})"""
    sql.execute(f"""CREATE TABLE customers AS SELECT customer_id, plan, region, {signup} AS signup, {start} AS start,
        {end} AS ended, (SELECT min("on") FROM raw_churn h WHERE {own}) AS left_on FROM raw_customers c""")
    if "silence" in case:
        sql.execute("UPDATE customers SET left_on = NULL")

    def there(day):
        alive = "TRUE"
        if "silence" in case:
            alive = f"""EXISTS (SELECT 1 FROM logins l WHERE l.customer_id = c.customer_id
                AND l.ts >= {edge(f"{day} - INTERVAL {span} DAY")} AND l.ts < {edge(day)})"""
        return f"{contracted(day)} AND (left_on IS NULL OR left_on >= {day}) AND {alive}"

    def contracted(day):
        return f"""(signup IS NULL OR signup < {day}) AND (start IS NULL OR start <= {day})
            AND (ended IS NULL OR ended > {day})"""

    left = f"left_on IS NOT NULL AND left_on < known"
    if "silence" in case:
        left = f"{contracted('known')} AND NOT ({there('known')})"
    segments = " UNION ALL ".join(
        ["SELECT customer_id, 'all' AS segment, 'all' AS level FROM raw_customers"]
        + [f"SELECT customer_id, '{s}', coalesce({s}, '(missing)') FROM raw_customers" for s in case["segments"]]
    )
    within = "ts >= " + edge("s") + " AND ts < " + edge("e")
    own = f"r.customer_id = c.customer_id AND {within}"
    counts = ", ".join(f"(SELECT count(*) FROM {s} r WHERE {own}) AS rows_{s}" for s in SIGNALS)
    sql.execute(f"""CREATE TABLE lives AS SELECT s, e, running, customer_id, {there("s")} AS there, {left} AS has_left,
        {there("known")} AS at_end, {counts} FROM periods, customers c""")
    sql.execute(f"CREATE TABLE segments AS {segments}")
    sql.execute("CREATE TABLE cells AS SELECT * FROM lives JOIN segments USING (customer_id)")

    # What is recorded from the first day of a period on.
    day = f"CAST(timezone('{zone}', min(ts)) AS DATE)"
    first = {s: sql.execute(f"SELECT {day} FROM {s}").fetchone()[0] for s in SIGNALS}
    cancelled = sql.execute(f"""SELECT min("on") FROM raw_churn WHERE "on" < DATE '{as_of}'""").fetchone()[0]
    knows_who_left = f"s >= DATE '{cancelled}'"
    if span > 0:
        knows_who_left = f"s - INTERVAL {span} DAY >= DATE '{first['logins']}'"
    knows_who_is_there = "TRUE" if span == 0 else knows_who_left

    def recorded(signal):
        return f"(s >= DATE '{first[signal]}' AND EXISTS (SELECT 1 FROM {signal} WHERE {within}))"

    n = "count(*) FILTER (there)"
    group = "GROUP BY s, e, running, segment, level"
    parts = []

    def of_customers(measure, told, condition):
        value, low, high = told
        parts.append(f"""SELECT s, e, segment, level, '{measure}' AS measure, {value} AS value, {low} AS low,
            {high} AS high, {n} AS n, running FROM cells WHERE {condition} {group} HAVING {n} > 0""")

    of_customers("churn_rate", share("count(*) FILTER (there AND has_left)", n), knows_who_left)
    of_customers("retention_rate", share("count(*) FILTER (there AND at_end)", n), knows_who_left)
    ratio = f"count(*) FILTER (at_end) / CAST({n} AS DOUBLE)"
    of_customers("customers_end_to_start", (ratio, "CAST(NULL AS DOUBLE)", "CAST(NULL AS DOUBLE)"), knows_who_left)
    active = " OR ".join(f"rows_{s} > 0" for s in SIGNALS)
    some = " OR ".join(recorded(s) for s in SIGNALS)
    told = share(f"count(*) FILTER (there AND ({active}))", n)
    of_customers("active_share", told, f"({knows_who_is_there}) AND ({some})")
    for s in SIGNALS:
        told = mean(f"CASE WHEN there THEN CAST(rows_{s} AS DOUBLE) END", 0, "CAST('inf' AS DOUBLE)")
        of_customers(f"{s}_per_customer", told, f"({knows_who_is_there}) AND {recorded(s)}")

    sql.execute(f"""CREATE TABLE answers AS SELECT s, e, running, segment, level, kind, CAST(score AS DOUBLE) AS score
        FROM (SELECT * FROM surveys UNION ALL SELECT * FROM pulse) JOIN segments USING (customer_id), periods
        WHERE score IS NOT NULL AND {within}""")

    def of_answers(measure, kind, told):
        value, low, high = told
        parts.append(f"""SELECT s, e, segment, level, '{measure}', {value}, {low}, {high}, count(*), running
            FROM answers WHERE kind = '{kind}' {group}""")

    of_answers("nps", "nps", mean("100.0 * (CAST(score >= 9 AS INTEGER) - CAST(score <= 6 AS INTEGER))", -100, 100))
    of_answers("csat_mean", "csat", mean("score", 1, 10))
    of_answers("csat_satisfied_share", "csat", share("count(*) FILTER (score >= 1 + 0.7 * 9)", "count(*)"))
    of_answers("ces_mean", "ces", mean("score", 1, 5))
    of_answers("ces_ease", "ces", mean("100 * (5 - score) / 4", 0, 100))

    order = "ORDER BY period_start, segment, level, measure"
    names = "(period_start, period_end, segment, level, measure, value, low, high, n, running)"
    query = f"SELECT * FROM ({' UNION ALL '.join(parts)}) t{names} {order}"
    path = HERE / f"expected_{name}.parquet"
    sql.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    summary = "SELECT measure, count(*), count(low), min(value), max(value)"
    print(name, *sql.execute(f"{summary} FROM '{path}' GROUP BY 1 ORDER BY 1").fetchall(), sep="\n  ")


shutil.rmtree(HERE, ignore_errors=True)
HERE.mkdir(parents=True)
world()
for name, case in CASES.items():
    (HERE / f"{name}.toml").write_text(config(case))
    expected(name, case)
