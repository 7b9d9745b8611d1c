"""The whole job with DuckDB, and a model of `models.py`.

One scan of each signal for all as-of dates into one row a customer: rows outside the look-back are filtered (and their
row groups pruned), counts of all windows are packed into two sums, distinct days and channels into bit sets. The
survey answers are the two newest of a customer and instrument, by `max(…, 2)`.
"""

import pipeline
from pipeline import ARGUMENTS, BITS, DAY, INSTRUMENTS, LOOK_BACK, PACKS, WINDOWS, packed_steps

import duckdb

SIGNALS = ("logins", "mentions", "surveys", "visits")
DATABASE = duckdb.connect()
DATABASE.execute(f"SET threads = {ARGUMENTS.threads}; SET preserve_insertion_order = false; SET TimeZone = 'UTC'")


def steps(values, day, outside="0"):
    """A value by the age of the row: `values` are (first instant, value), youngest first."""
    chain = " ".join(f"WHEN e >= {first} THEN {value}" for first, value in values)
    return f"CASE WHEN e >= {day * DAY} THEN {outside} {chain} ELSE {outside} END"


def within(day, youngest, oldest):
    return f"e < {(day - youngest) * DAY} AND e >= {(day - oldest) * DAY}"


def dated(day):
    """Packed counts and the last instant."""
    for i, pack in enumerate(PACKS):
        yield f"sum(({steps(packed_steps(day, pack), day)})::DOUBLE) AS pack{i}_{day}"
    yield f"max(CASE WHEN {within(day, 0, LOOK_BACK)} THEN e END) AS last_{day}"


def active(day):
    """The days with a row, as bits: the first 62 days, and the rest of 84."""
    for first, last in ((0, 62), (62, WINDOWS[-1])):
        bit = f"1::BIGINT << (({(day - first) * DAY - 1} - e) // {DAY})"
        yield f"bit_or(CASE WHEN {within(day, first, last)} THEN {bit} ELSE 0 END) AS days{first}_{day}"


def value_sums(name, value, day):
    for w in WINDOWS:
        yield f"sum(CASE WHEN {within(day, 0, w)} THEN {value} ELSE 0 END) AS {name}{w}_{day}"


def used(day):
    values = [((day - w) * DAY, f"bit << {16 * i}") for i, w in enumerate(WINDOWS)]
    yield f"bit_or({steps(values, day, '0::BIGINT')}) AS used_{day}"


def aggregate(name, days, columns, *makers, groups="customer_id", where="true"):
    instant = lambda day: f"make_timestamptz({day * DAY})"
    outputs = ", ".join(expression for day in days for maker in makers for expression in maker(day))
    DATABASE.execute(f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        SELECT {groups}, {outputs}
        FROM (
            SELECT customer_id, epoch_us(ts) AS e {columns}
            FROM read_parquet('{ARGUMENTS.population}/{name.split("_")[0]}/*.parquet')
            WHERE ts >= {instant(min(days) - LOOK_BACK)} AND ts < {instant(max(days))} AND {where}
        )
        GROUP BY {groups}
    """)


def aggregates(days):
    aggregate("logins", days, "", dated, active)
    channels = DATABASE.execute(
        f"SELECT DISTINCT channel FROM (FROM read_parquet('{ARGUMENTS.population}/visits/*.parquet') LIMIT 1000000)"
    ).fetchall()
    bits = " ".join(f"WHEN '{channel}' THEN {1 << i}" for i, (channel,) in enumerate(sorted(channels)))
    aggregate(
        "visits", days, f", duration_s::DOUBLE AS v, (CASE channel {bits} END)::BIGINT AS bit",
        dated, active, lambda day: value_sums("sum", "v", day), used,
    )
    aggregate(
        "mentions", days, ", sentiment::DOUBLE AS v",
        dated, lambda day: value_sums("sum", "v", day),
        lambda day: value_sums("negative", "(v < -0.2)::DOUBLE", day),
    )
    aggregate("surveys", days, "", dated)

    def newest(day):
        recent = within(day, 0, LOOK_BACK)
        yield f"max(CASE WHEN {recent} THEN e << 8 | score END, 2) AS newest_{day}"
        yield f"avg(CASE WHEN {recent} THEN score END) AS mean_{day}"

    aggregate(
        "surveys_answers", days, ", kind, score::BIGINT AS score", newest,
        groups="customer_id, kind", where="score IS NOT NULL",
    )


def columns_of(signal, day):
    """The feature expressions of one signal on one date, over its aggregates."""
    count = {
        span: f"((coalesce({signal}.pack{i}_{day}, 0)::BIGINT >> {BITS * j}) & {(1 << BITS) - 1})"
        for i, spans in enumerate(PACKS) for j, span in enumerate(spans)
    }
    of = lambda name: f"{signal}.{name}_{day}"
    out = {f"count_{w}d": count[w] for w in WINDOWS}
    out |= {f"trend_{w}d": f"ln(({count[w]} + 1) / ({count[2 * w]} - {count[w]} + 1))" for w in WINDOWS}
    out["days_since_last"] = f"({day * DAY} - {of('last')}) / {DAY}"
    if signal in ("logins", "visits"):
        early, late = (f"coalesce({of(name)}, 0)" for name in ("days0", "days62"))
        out["active_days_7d"] = f"bit_count({early} & {(1 << 7) - 1})"
        out["active_days_28d"] = f"bit_count({early} & {(1 << 28) - 1})"
        out["active_days_84d"] = f"bit_count({early}) + bit_count({late})"
    if signal in ("visits", "mentions"):
        out |= {f"mean_{w}d": f"{of(f'sum{w}')} / nullif({count[w]}, 0)" for w in WINDOWS}
    if signal == "visits":
        out |= {f"sum_{w}d": f"coalesce({of(f'sum{w}')}, 0)" for w in WINDOWS}
        window = [f"((coalesce({of('used')}, 0) >> {16 * i}) & 65535)" for i in range(3)]
        for i, w in enumerate(WINDOWS):
            out[f"categories_{w}d"] = f"bit_count({' | '.join(window[: i + 1])})"
    if signal == "mentions":
        out |= {f"negative_share_{w}d": f"{of(f'negative{w}')} / nullif({count[w]}, 0)" for w in WINDOWS}
    return {f"{signal}_{name}": expression for name, expression in out.items()}


def features(days, labelled):
    aggregates(days)
    folder = ARGUMENTS.population
    read = lambda name: f"read_parquet('{folder}/{name}.parquet')"
    levels = {
        c: [level for (level,) in DATABASE.execute(f"SELECT DISTINCT {c} FROM {read('customers')} ORDER BY 1").fetchall()]
        for c in ("plan", "region")
    }
    for day in days:
        out = {name: expression for signal in SIGNALS for name, expression in columns_of(signal, day).items()}
        joins = [f"LEFT JOIN {signal} ON {signal}.customer_id = c.customer_id" for signal in SIGNALS]
        for name in INSTRUMENTS:
            score, previous = f"({name}.newest_{day}[1] & 255)", f"({name}.newest_{day}[2] & 255)"
            out[f"surveys_{name}_last"] = score
            out[f"surveys_{name}_mean"] = f"{name}.mean_{day}"
            out[f"surveys_{name}_change"] = f"{score} - {previous}"
            out[f"surveys_{name}_days_since_last"] = f"({day * DAY} - ({name}.newest_{day}[1] >> 8)) / {DAY}"
            joins.append(f"LEFT JOIN surveys_answers {name} ON {name}.customer_id = c.customer_id AND {name}.kind = '{name}'")
        out["tenure_days"] = f"{day} - signed_up"
        out["monthly_revenue"] = "monthly_revenue"
        for column, names in levels.items():
            out |= {f"{column}={level}": f"({column} = '{level}')" for level in names[1:]}
        last = ", ".join(f"coalesce({signal}.last_{day}, 0)" for signal in SIGNALS)
        stayed = f"(churned IS NULL OR churned >= {day + (pipeline.GAP if labelled else 0)})"
        label = f"coalesce(churned < {day + pipeline.GAP + pipeline.HORIZON}, false)::TINYINT"
        result = DATABASE.sql(f"""
            SELECT c.customer_id, {label} AS churned, {", ".join(f'({e})::FLOAT AS "{n}"' for n, e in out.items())}
            FROM (
                SELECT c.*, signup_date - DATE '1970-01-01' AS signed_up, churned_on - DATE '1970-01-01' AS churned
                FROM {read("customers")} c LEFT JOIN {read("churn")} USING (customer_id)
            ) c {" ".join(joins)}
            WHERE signed_up <= {day - pipeline.MIN_TENURE} AND {stayed}
              AND greatest({last}) >= {(day - pipeline.ACTIVE_WITHIN) * DAY}
        """).to_arrow_table()
        ids, labels = (result[i].to_numpy() for i in range(2))
        columns = [result[name].to_numpy() for name in out]
        del result
        yield ids, labels if labelled else None, list(out), columns
        del columns


pipeline.run("DuckDB", features)
