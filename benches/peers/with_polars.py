"""The whole job with Polars, and a model of `models.py`.

One streaming scan of each signal for all as-of dates: rows outside the look-back are filtered (and their row groups
pruned), counts of all windows are packed into two sums, distinct days and channels into bit sets.
"""

import pipeline
from pipeline import ARGUMENTS, BITS, DAY, INSTRUMENTS, LOOK_BACK, PACKS, SPANS, WINDOWS, packed_steps

import polars as pl

E = pl.col("e")
ID = "customer_id"


def steps(expressions, day, outside=0.0):
    """A value by the age of the row: `expressions` are (first instant, value), youngest first."""
    chain = pl.when(E >= day * DAY).then(outside)
    for first, value in expressions:
        chain = chain.when(E >= first).then(value)
    return chain.otherwise(outside)


def within(day, youngest, oldest):
    return (E < (day - youngest) * DAY) & (E >= (day - oldest) * DAY)


def scan(name, days, columns):
    instant = lambda day: pl.lit(day * DAY).cast(pl.Datetime("us", "UTC"))
    return (
        pl.scan_parquet(ARGUMENTS.population / name / "*.parquet")
        .filter((pl.col("ts") >= instant(min(days) - LOOK_BACK)) & (pl.col("ts") < instant(max(days))))
        .select(ID, pl.col("ts").to_physical().alias("e"), *columns)
    )


def dated(day):
    """Packed counts and the last instant."""
    packs = [steps(packed_steps(day, pack), day).sum().alias(f"pack{i}_{day}") for i, pack in enumerate(PACKS)]
    return [*packs, pl.when(within(day, 0, LOOK_BACK)).then(E).max().alias(f"last_{day}")]


def active(day):
    """The days with a row, as bits: the first 62 days, and the rest of 84."""
    power = lambda youngest: pl.lit(2, dtype=pl.Int64).pow(((day - youngest) * DAY - 1 - E) // DAY)
    return [
        pl.when(within(day, first, last)).then(power(first)).otherwise(0).bitwise_or().alias(f"days{first}_{day}")
        for first, last in ((0, 62), (62, WINDOWS[-1]))
    ]


def value_sums(name, value, day):
    return [pl.when(within(day, 0, w)).then(value).otherwise(0).sum().alias(f"{name}{w}_{day}") for w in WINDOWS]


def aggregates(days):
    """One table a signal: a row a customer, columns by as-of date."""
    each = lambda *makers: [expression for day in days for maker in makers for expression in maker(day)]
    group = lambda frame, *makers: frame.group_by(ID).agg(each(*makers)).collect(engine="streaming")
    logins = group(scan("logins", days, []), dated, active)
    seconds = pl.col("duration_s").cast(pl.Float64)
    channels = sorted(
        pl.scan_parquet(ARGUMENTS.population / "visits" / "*.parquet").head(1_000_000)
        .select(pl.col("channel").unique()).collect(engine="streaming")["channel"]
    )
    channel = pl.col("channel").replace_strict(channels, [1 << i for i in range(len(channels))], return_dtype=pl.Int64)
    shift = 16  # bits a window
    used = lambda day: [
        steps([((day - w) * DAY, pl.col("channel_bit") * (1 << (shift * i))) for i, w in enumerate(WINDOWS)], day, 0)
        .bitwise_or().alias(f"used_{day}")
    ]
    visits = group(
        scan("visits", days, [seconds.alias("v"), channel.alias("channel_bit")]),
        dated, active, lambda day: value_sums("sum", pl.col("v"), day), used,
    )
    mood = pl.col("sentiment").cast(pl.Float64)
    negative = pl.col("v") < -0.2
    mentions = group(
        scan("mentions", days, [mood.alias("v")]),
        dated, lambda day: value_sums("sum", pl.col("v"), day),
        lambda day: value_sums("negative", negative.cast(pl.Float64), day),
    )
    surveys = scan("surveys", days, [pl.col("kind"), pl.col("score").cast(pl.Int64)]).collect(engine="streaming")
    answered = (
        surveys.lazy().filter(pl.col("score").is_not_null())
        .with_columns(pl.col("kind").replace_strict(INSTRUMENTS, range(3), return_dtype=pl.Int8))
        .sort(ID, "kind", "e", "score")
        .with_columns(
            pl.when((pl.col(ID) == pl.col(ID).shift()) & (pl.col("kind") == pl.col("kind").shift()))
            .then(pl.struct(E.shift().alias("e0"), pl.col("score").shift().alias("s0"))).struct.unnest()
        )
        .collect()
    )
    answers = {}
    for day in days:
        recent = (
            answered.lazy().filter(within(day, 0, LOOK_BACK)).group_by(ID, "kind", maintain_order=True)
            .agg(pl.col("score").last().alias("last"), pl.col("score").mean().alias("mean"), E.last().alias("at"),
                 pl.col("s0").last(), pl.col("e0").last())
            .collect(engine="streaming")
        )
        f = pl.Float32
        answers[day] = [
            recent.filter(pl.col("kind") == kind).select(
                ID,
                pl.col("last").cast(f).alias(f"surveys_{name}_last"),
                pl.col("mean").cast(f).alias(f"surveys_{name}_mean"),
                pl.when(pl.col("e0") >= (day - LOOK_BACK) * DAY).then(pl.col("last") - pl.col("s0")).cast(f)
                .alias(f"surveys_{name}_change"),
                ((day * DAY - pl.col("at")) / DAY).cast(f).alias(f"surveys_{name}_days_since_last"),
            )
            for kind, name in enumerate(INSTRUMENTS)
        ]
    surveys = group(surveys.lazy(), dated)
    return {"logins": logins, "mentions": mentions, "surveys": surveys, "visits": visits}, answers


def columns_of(signal, day):
    """The feature expressions of one signal on one date, over its aggregates."""
    pack = lambda i: pl.col(f"{signal}_pack{i}_{day}").fill_null(0).cast(pl.Int64)
    count = {
        span: (pack(i) // (1 << (BITS * j))) % (1 << BITS) for i, spans in enumerate(PACKS) for j, span in enumerate(spans)
    }
    of = lambda name: pl.col(f"{signal}_{name}_{day}")
    out = {f"count_{w}d": count[w] for w in WINDOWS}
    out |= {f"trend_{w}d": ((count[w] + 1) / (count[2 * w] - count[w] + 1)).log() for w in WINDOWS}
    out["days_since_last"] = (day * DAY - of("last")) / DAY
    if signal in ("logins", "visits"):
        early, late = of("days0").fill_null(0), of("days62").fill_null(0)
        ones = lambda bits: bits.bitwise_count_ones()
        out["active_days_7d"] = ones(early & ((1 << 7) - 1))
        out["active_days_28d"] = ones(early & ((1 << 28) - 1))
        out["active_days_84d"] = ones(early) + ones(late)
    if signal in ("visits", "mentions"):
        total = {w: of(f"sum{w}").fill_null(0) for w in WINDOWS}
        present = lambda w, x: pl.when(count[w] > 0).then(x / count[w])
        out |= {f"mean_{w}d": present(w, total[w]) for w in WINDOWS}
        if signal == "visits":
            out |= {f"sum_{w}d": total[w] for w in WINDOWS}
            used = of("used").fill_null(0)
            windows = [used & 0xFFFF, (used // (1 << 16)) & 0xFFFF, (used // (1 << 32)) & 0xFFFF]
            out["categories_7d"] = windows[0].bitwise_count_ones()
            out["categories_28d"] = (windows[0] | windows[1]).bitwise_count_ones()
            out["categories_84d"] = (windows[0] | windows[1] | windows[2]).bitwise_count_ones()
        else:
            out |= {f"negative_share_{w}d": present(w, of(f"negative{w}")) for w in WINDOWS}
    return [expression.cast(pl.Float32).alias(f"{signal}_{name}") for name, expression in out.items()]


def features(days, labelled):
    signals, answers = aggregates(days)
    folder = ARGUMENTS.population
    churn = pl.read_parquet(folder / "churn.parquet").with_columns(pl.col("churned_on").to_physical())
    customers = (
        pl.read_parquet(folder / "customers.parquet",
                        columns=[ID, "signup_date", "monthly_revenue", "plan", "region"])
        .with_columns(pl.col("signup_date").to_physical())
        .join(churn, on=ID, how="left")
    )
    levels = [(c, sorted(customers[c].unique())[1:]) for c in ("plan", "region")]
    churned = pl.col("churned_on")
    for day in days:
        eligible = customers.filter(
            (pl.col("signup_date") <= day - pipeline.MIN_TENURE) & (churned.is_null() | (churned >= day))
        )
        if labelled:
            eligible = eligible.filter(churned.is_null() | (churned >= day + pipeline.GAP))
        for name, frame in signals.items():
            dated = frame.select(ID, pl.selectors.ends_with(f"_{day}").name.prefix(f"{name}_"))
            eligible = eligible.join(dated, on=ID, how="left")
        last = pl.max_horizontal(f"{name}_last_{day}" for name in signals)
        eligible = eligible.filter(last >= (day - pipeline.ACTIVE_WITHIN) * DAY)
        for frame in answers[day]:
            eligible = eligible.join(frame, on=ID, how="left")
        label_end = day + pipeline.GAP + pipeline.HORIZON
        table = eligible.select(
            ID,
            (churned < label_end).fill_null(False).cast(pl.Int8).alias("churned"),
            *(expression for name in signals for expression in columns_of(name, day)),
            *(column for frame in answers[day] for column in frame.columns[1:]),
            (day - pl.col("signup_date")).cast(pl.Float32).alias("tenure_days"),
            pl.col("monthly_revenue").cast(pl.Float32),
            *((pl.col(c) == level).cast(pl.Float32).alias(f"{c}={level}") for c, each in levels for level in each),
        )
        del eligible
        names = table.columns[2:]
        ids, labels = table[ID].to_numpy(), table["churned"].to_numpy() if labelled else None
        columns = [table[name].to_numpy() for name in names]
        del table
        yield ids, labels, names, columns
        del columns


pipeline.run("Polars", features)
