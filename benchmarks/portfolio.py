"""Import lines and product files against pandas, hand-written SQL and a plain loop.

    python benchmarks/portfolio.py prepare --lists DIR     # the schedule and the synthetic lines
    python benchmarks/portfolio.py lines                   # 1.25 m, 5 m and 20 m import lines
    python benchmarks/portfolio.py skus                    # 10,000 products

Every contestant runs in a process of its own, in interleaved rounds; it must first give the groups
that the others give, and 300 of its lines the rates of the evaluator of single rates. What is
reported is the median of the ratios within a round, with their spread, and the peak memory of the
process. Absolute seconds are those of one machine, shared with others.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from tariffimpact.facts import read_facts
from tariffimpact.interval import Interval
from tariffimpact.portfolio import engine, run_batch, schedule_layers
from tariffimpact.portfolio.engines import write_parquet
from tariffimpact.tariffs import FiledSchedule, build_schedule, read_schedule

WORK = Path(os.environ.get("TARIFFIMPACT_BENCH", "/tmp/tariffimpact-bench"))
SIZES = (1_250_000, 5_000_000, 20_000_000)
LINE_CONTESTANTS = ("tariffimpact", "duckdb-sql", "pandas-merge-asof")
SKU_CONTESTANTS = ("tariffimpact", "numpy", "pandas-loop")
ORIGINS = np.array(
    [
        "CHN",
        "MEX",
        "CAN",
        "DEU",
        "JPN",
        "VNM",
        "KOR",
        "TWN",
        "IND",
        "IRL",
        "CHE",
        "THA",
        "ITA",
        "GBR",
        "FRA",
        "MYS",
        "IDN",
        "BRA",
        "SGP",
        "KHM",
    ]
)
LAYERS = {"product_origin": ["hts", "origin"], "product": ["hts"], "origin": ["origin"]}
CHUNK = 2_500_000  # pandas holds every joined column of a chunk at once: 20 m lines need 12 GB


def prepare(lists: Path) -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    compiled = build_schedule(lists, read_facts())
    (WORK / "us.parquet").write_bytes(compiled.as_bytes())
    layers = schedule_layers(compiled)
    for name, table in layers.tables.items():
        write_parquet(table, WORK / f"layer-{name}.parquet")
        print(f"{name}: {len(table):,} intervals, {table.shape[1]} columns")
    write_parquet(layers.apart, WORK / "layer-apart.parquet")
    for size in SIZES:
        write_lines(compiled, size)
    write_skus(compiled, 10_000)


def write_lines(compiled, size: int) -> None:
    random = np.random.default_rng(size)
    codes = usable_codes(compiled, specific=True)
    codes = np.array([c if len(c) == 10 else f"{c}00" for c in codes])
    days = np.datetime64("2025-01-01") + random.integers(0, 730, size).astype("timedelta64[D]")
    frame = pd.DataFrame(
        {
            "hts": codes[random.integers(0, len(codes), size)],
            "origin": ORIGINS[random.integers(0, len(ORIGINS), size)],
            "entered_on": np.sort(days).astype("datetime64[ms]"),
            "customs_value": random.lognormal(8, 2, size),
            "metal_low": 0.0,
            "metal_high": 1.0,
        }
    )
    write_parquet(frame, WORK / f"lines-{size}.parquet")


def usable_codes(compiled, *, specific: bool) -> list[str]:
    rows = compiled.frame
    rows = rows[(rows["authority"] == "MFN") & (rows["role"] == "duty") & np.isfinite(rows["high"])]
    return sorted(rows["hts"] if specific else rows.loc[rows["specific_usd"] == 0, "hts"])


def write_skus(compiled, size: int) -> None:
    random = np.random.default_rng(size)
    codes = np.array([c for c in usable_codes(compiled, specific=False) if len(c) == 10])
    value = random.uniform(2, 200, size).round(2)
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 640, size), unit="D")
    frame = pd.DataFrame(
        {
            "sku": [f"S{i:06d}" for i in range(size)],
            "company": random.choice(["A", "B", "C"], size),
            "hts": random.choice(codes, size),
            "origin": random.choice(ORIGINS, size),
            "customs_value": value,
            "price": (value * random.uniform(2.5, 4, size)).round(2),
            "currency": "USD",
            "units": random.integers(1, 10_000, size),
            "demand_elasticity": random.uniform(0.5, 4, size).round(2),
            "entered_on": days.strftime("%Y-%m-%d"),
        }
    )
    frame.to_csv(WORK / f"skus-{size}.csv", index=False)


# ---- import lines: duty by origin, at both ends of every interval ----


def lines_tariffimpact(size: int) -> tuple[float, pd.DataFrame]:
    layers = schedule_layers(read_schedule(WORK / "us.parquet"))
    with engine(layers) as running:
        start = time.perf_counter()
        found = running.charged(running.read(WORK / f"lines-{size}.parquet"))
        value = found["customs_value"]
        groups = found.group_by("origin").aggregate(
            low=(value * found["rate_low"]).sum(), high=(value * found["rate_high"]).sum()
        )
        frame = running.run(groups.order_by("origin"))
        return time.perf_counter() - start, frame


def lines_duckdb_sql(size: int) -> tuple[float, pd.DataFrame]:
    import duckdb

    plan = schedule_layers(read_schedule(WORK / "us.parquet")).plan
    connection = duckdb.connect()
    columns = {}
    for name in (*LAYERS, "apart"):
        path = WORK / f"layer-{name}.parquet"
        connection.execute(f"create table l_{name} as select * from '{path}'")
        columns[name] = {r[0] for r in connection.execute(f"describe l_{name}").fetchall()}
    query = hand_written_sql(size, plan, columns)
    start = time.perf_counter()
    frame = connection.execute(query).fetchdf()
    return time.perf_counter() - start, frame


def hand_written_sql(size: int, plan, columns: dict[str, set[str]]) -> str:
    """The same join and stacking, written by hand for this schedule, one authority at a time."""
    n, (metals,) = plan.authorities, plan.displacing

    def first(column: str, absent: str) -> str:
        held = [f"{name}.{column}" for name in LAYERS if column in columns[name]]
        return f"coalesce({', '.join([*held, absent])})" if held else absent

    def kept(end: str, i: int) -> str:
        held = [
            f"coalesce({name}.kept_{end}_{i}, 1.0)"
            for name in LAYERS
            if f"kept_{end}_{i}" in columns[name]
        ]
        return " * ".join(held) or "1.0"

    stated = ", ".join(
        f"{first(f'{end}_{i}', '0.0')} as s_{end}_{i}, {kept(end, i)} as k_{end}_{i}"
        for i in range(n)
        for end in ("low", "high")
    )
    told = ", ".join(
        f"{first(f'{what}_{i}', absent)} as {what}_{i}"
        for i in range(n)
        for what, absent in (
            ("floor", str(bool(plan.same.get(f"floor_{i}")))),
            ("metal", str(bool(plan.same.get(f"metal_{i}")))),
            ("yields", str(plan.same.get(f"yields_{i}", -1))),
        )
    )
    joined = f"""select origin_, customs_value, metal_low, metal_high,
        {first("specific_usd", "0.0")} as specific, {stated}, {told},
        {first(f"low_{metals}", "-1.0")} >= 0 as met
      from (select hts as hts_, origin as origin_, entered_on, customs_value, metal_low, metal_high,
              coalesce(apart.code, substr(hts, 1, 8)) as key
            from '{WORK}/lines-{size}.parquet' left join l_apart as apart on hts = apart.code) as l
      left join l_product_origin as product_origin
        on l.key = product_origin.hts and l.origin_ = product_origin.origin
       and l.entered_on >= product_origin.starts_on and l.entered_on < product_origin.ends_on
      left join l_product as product on l.key = product.hts
       and l.entered_on >= product.starts_on and l.entered_on < product.ends_on
      left join l_origin as origin on l.origin_ = origin.origin
       and l.entered_on >= origin.starts_on and l.entered_on < origin.ends_on"""
    general = ", ".join(f"s_{e}_0 * k_{e}_0 as g_{e}" for e in ("low", "high"))
    due = []
    for i in range(1, n):
        for e in ("low", "high"):
            top = f"greatest(s_{e}_{i} - g_{e}, 0.0)"
            top = f"case when specific > 0 then 0.0 else {top} end" if e == "low" else top
            due.append(
                f"(case when floor_{i} then {top} else s_{e}_{i} end) * k_{e}_{i} as d_{e}_{i}"
            )
    bears = ", ".join(
        f"case when met then (case when metal_{metals} then metal_{m} else 1.0 end) else 0.0 end "
        f"as b_{m}"
        for m in ("low", "high")
    )

    def total(e: str, m: str) -> str:
        terms = [f"g_{e}"]
        for i in range(1, n):
            own = f"(case when metal_{i} then metal_{m} else 1.0 end)"
            left = (
                f"(case when yields_{i} = {metals} then least({own}, 1.0 - b_{m}) else {own} end)"
            )
            terms.append(f"d_{e}_{i} * {left}")
        return " + ".join(terms)

    totals = ", ".join(
        f"{total(e, m)} as t_{e}_{m}" for e in ("low", "high") for m in ("low", "high")
    )
    return f"""with joined as ({joined}), general as (select *, {general} from joined),
      due as (select *, {", ".join(due)}, {bears} from general),
      totals as (select origin_, customs_value, {totals} from due)
      select origin_ as origin, sum(customs_value * least(t_low_low, t_low_high)) as low,
        sum(customs_value * greatest(t_high_low, t_high_high)) as high
      from totals group by 1 order by 1"""


def lines_pandas_merge_asof(size: int) -> tuple[float, pd.DataFrame]:
    plan = schedule_layers(read_schedule(WORK / "us.parquet")).plan
    tables = {name: pd.read_parquet(WORK / f"layer-{name}.parquet") for name in LAYERS}
    for table in tables.values():
        for day in ("starts_on", "ends_on"):
            table[day] = pd.to_datetime(table[day]).astype("datetime64[ms]")
        table.sort_values("starts_on", inplace=True, ignore_index=True)
    apart = set(pd.read_parquet(WORK / "layer-apart.parquet")["code"])
    start = time.perf_counter()
    lines = pd.read_parquet(WORK / f"lines-{size}.parquet")
    lines["entered_on"] = pd.to_datetime(lines["entered_on"]).astype("datetime64[ms]")
    parts = []
    for at in range(0, len(lines), CHUNK):
        chunk = lines.iloc[at : at + CHUNK].reset_index(drop=True)
        low, high = numpy_rates(chunk, tables, apart, plan)
        value = chunk["customs_value"]
        sums = pd.DataFrame({"origin": chunk["origin"], "low": value * low, "high": value * high})
        parts.append(sums.groupby("origin", as_index=False).sum())
    frame = pd.concat(parts).groupby("origin", as_index=False).sum()
    return time.perf_counter() - start, frame


def numpy_rates(lines, tables, apart, plan):
    """Both ends of the rate of lines sorted by day: merge_asof to each table, then NumPy."""
    code = lines["hts"]
    keyed = lines[["origin", "entered_on"]].assign(hts=code.where(code.isin(apart), code.str[:8]))
    joined = {}
    for name, keys in LAYERS.items():
        met = pd.merge_asof(
            keyed, tables[name], left_on="entered_on", right_on="starts_on", by=keys,
            suffixes=("", "_row"),
        )  # fmt: skip
        over = (met["ends_on"] <= met["entered_on"]).to_numpy()
        numbers = met.drop(
            columns=[
                c for c in (*keyed.columns, "starts_on", "ends_on", "specific_unit") if c in met
            ]
        )
        joined[name] = {c: np.where(over, np.nan, numbers[c].to_numpy("float64")) for c in numbers}
    size = len(lines)

    def first(column, absent):
        out = np.full(size, np.nan)
        for name in LAYERS:
            if column in joined[name]:
                out = np.where(np.isnan(out), joined[name][column], out)
        return np.where(np.isnan(out), absent, out)

    def kept(end, i):
        out = np.ones(size)
        for name in LAYERS:
            if f"kept_{end}_{i}" in joined[name]:
                out *= np.nan_to_num(joined[name][f"kept_{end}_{i}"], nan=1.0)
        return out

    (metals,) = plan.displacing
    specific = first("specific_usd", 0.0) > 0
    met = first(f"low_{metals}", -1.0) >= 0
    flags = {
        f"{what}_{i}": first(f"{what}_{i}", float(plan.same.get(f"{what}_{i}", absent)))
        for i in range(plan.authorities)
        for what, absent in (("floor", 0), ("metal", 0), ("yields", -1))
    }
    totals = {}
    for end in ("low", "high"):
        general = first(f"{end}_0", 0.0) * kept(end, 0)
        due = {}
        for i in range(1, plan.authorities):
            stated = first(f"{end}_{i}", 0.0)
            top = np.maximum(stated - general, 0.0)
            top = np.where(specific, 0.0, top) if end == "low" else top
            due[i] = np.where(flags[f"floor_{i}"] == 1, top, stated) * kept(end, i)
        for metal in ("low", "high"):
            share = lines[f"metal_{metal}"].to_numpy()
            bears = np.where(met, np.where(flags[f"metal_{metals}"] == 1, share, 1.0), 0.0)
            total = general.copy()
            for i, duty in due.items():
                own = np.where(flags[f"metal_{i}"] == 1, share, 1.0)
                total += duty * np.where(
                    flags[f"yields_{i}"] == metals, np.minimum(own, 1 - bears), own
                )
            totals[end, metal] = total
    return (
        np.minimum(totals["low", "low"], totals["low", "high"]),
        np.maximum(totals["high", "low"], totals["high", "high"]),
    )


# ---- products: rate, duty, landed cost, the price under each rule ----


def skus_tariffimpact(size: int) -> tuple[float, pd.DataFrame]:
    compiled = read_schedule(WORK / "us.parquet")
    chunks: list[pd.DataFrame] = []
    start = time.perf_counter()
    run_batch(WORK / f"skus-{size}.csv", compiled, sink=chunks.append)
    seconds = time.perf_counter() - start
    rows = pd.concat(chunks)
    return seconds, sku_groups(
        rows["origin"], rows["duty_usd_low"], rows["price_hold_percent_margin_usd_high"]
    )


def skus_numpy(size: int) -> tuple[float, pd.DataFrame]:
    from tariffimpact.demand import IsoelasticDemand
    from tariffimpact.pricing import hold_profit

    compiled = read_schedule(WORK / "us.parquet")
    start = time.perf_counter()
    layers = schedule_layers(compiled)
    tables = {n: t.sort_values("starts_on", ignore_index=True) for n, t in layers.tables.items()}
    skus = pd.read_csv(WORK / f"skus-{size}.csv", dtype={"hts": str})
    skus["entered_on"] = pd.to_datetime(skus["entered_on"]).astype("datetime64[ms]")
    skus = skus.sort_values("entered_on", ignore_index=True).assign(metal_low=0.0, metal_high=1.0)
    metal = {h: lo for h, (lo, hi) in compiled.manifest["metal"].items() if lo == hi}
    for hts, share in metal.items():
        skus.loc[skus["hts"].str.startswith(hts), ["metal_low", "metal_high"]] = share
    apart = set(layers.apart["code"])
    now = numpy_rates(skus, tables, apart, layers.plan)
    then = numpy_rates(
        skus.assign(entered_on=pd.Timestamp("2025-01-01").as_unit("ms")), tables, apart, layers.plan
    )
    value, price = skus["customs_value"].to_numpy(), skus["price"].to_numpy()
    for new, old in zip(now, then, strict=True):
        cost, change = value * (1 + old), value * (new - old)
        percent = price * (cost + change) / cost
        ok = cost < price
        demand = IsoelasticDemand(price=price[ok], demand_elasticity=skus["demand_elasticity"][ok])
        hold_profit(demand=demand, old_cost=cost[ok], cost_change=change[ok])
    seconds = time.perf_counter() - start
    percent[~ok] = np.nan
    return seconds, sku_groups(skus["origin"], value * now[0], pd.Series(percent))


def skus_pandas_loop(size: int) -> tuple[float, pd.DataFrame]:
    from tariffimpact.demand import IsoelasticDemand
    from tariffimpact.pricing import hold_percent_margin, hold_profit

    compiled = read_schedule(WORK / "us.parquet")
    start = time.perf_counter()
    schedule = FiledSchedule(compiled)
    skus = pd.read_csv(WORK / f"skus-{size}.csv", dtype={"hts": str})
    duties, prices = [], []
    for row in skus.itertuples():
        day = date.fromisoformat(row.entered_on)
        now = schedule.rate(row.hts, row.origin, day).rate
        then = schedule.rate(row.hts, row.origin, date(2025, 1, 1)).rate
        asked = np.nan
        for end in ("low", "high"):
            new, old = getattr(now, end), getattr(then, end)
            cost, change = row.customs_value * (1 + old), row.customs_value * (new - old)
            if cost < row.price:
                demand = IsoelasticDemand(price=row.price, demand_elasticity=row.demand_elasticity)
                hold_profit(demand=demand, old_cost=cost, cost_change=change)
                asked = hold_percent_margin(price=row.price, old_cost=cost, cost_change=change)
        duties.append(row.customs_value * now.low)
        prices.append(asked)
    seconds = time.perf_counter() - start
    return seconds, sku_groups(skus["origin"], pd.Series(duties), pd.Series(prices))


def sku_groups(origin, duty, price) -> pd.DataFrame:
    rows = pd.DataFrame(
        {"origin": np.asarray(origin), "low": np.asarray(duty), "high": np.asarray(price)}
    )
    return rows.groupby("origin", as_index=False).sum()


# ---- rounds ----


def run_one(kind: str, name: str, size: int) -> None:
    function = globals()[f"{kind}_{name.replace('-', '_')}"]
    seconds, frame = function(size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    groups = {r.origin: [r.low, r.high] for r in frame.itertuples()}
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "groups": groups}))


def measured(kind: str, name: str, size: int) -> dict:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    done = subprocess.run(
        [sys.executable, __file__, "run", kind, name, str(size)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name} FAILED\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def agree(results: dict[str, dict]) -> bool:
    first, *others = (r["groups"] for r in results.values())
    return all(
        set(first) == set(other)
        and all(np.allclose(first[k], other[k], rtol=1e-9, atol=1e-6) for k in first)
        for other in others
    )


def check_single_rates() -> None:
    compiled = read_schedule(WORK / "us.parquet")
    lines = pd.read_parquet(WORK / f"lines-{SIZES[0]}.parquet").sample(300, random_state=0)
    lines["entered_on"] = pd.to_datetime(lines["entered_on"])
    with engine(schedule_layers(compiled)) as running:
        found = running.charge_frame(lines)
    schedule = FiledSchedule(compiled)
    for row in found.itertuples():
        rate = schedule.rate(
            row.hts, row.origin, row.entered_on.date(), metal_content=Interval(0.0, 1.0)
        ).rate
        assert np.allclose((rate.low, rate.high), (row.rate_low, row.rate_high), atol=1e-11), row
    print("300 lines agree with the evaluator of single rates to 1e-11")


def rounds(kind: str, contestants, sizes, count: int) -> None:
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    for size in sizes:
        seen: dict[str, list[dict]] = {name: [] for name in contestants}
        for turn in range(count):
            order = contestants if turn % 2 == 0 else contestants[::-1]
            for name in order:
                seen[name].append(measured(kind, name, size))
            if not agree({name: found[-1] for name, found in seen.items()}):
                raise SystemExit(f"{size:,}: the contestants do not agree: FAILED")
        base = [r["seconds"] for r in seen[contestants[0]]]
        for name, found in seen.items():
            ratios = [r["seconds"] / b for r, b in zip(found, base, strict=True)]
            print(
                f"{size:>12,} {name:>18}: {statistics.median(r['seconds'] for r in found):8.2f} s, "
                f"{statistics.median(ratios):6.2f}x ours ({min(ratios):.2f} to {max(ratios):.2f}), "
                f"peak {max(r['peak_mb'] for r in found):,.0f} MB",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["prepare", "lines", "skus", "run"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--lists", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    given = parser.parse_args()
    if given.what == "prepare":
        prepare(given.lists)
    elif given.what == "lines":
        check_single_rates()
        rounds("lines", LINE_CONTESTANTS, given.sizes, given.rounds)
    elif given.what == "skus":
        rounds("skus", SKU_CONTESTANTS, [10_000], given.rounds)
    else:
        run_one(given.rest[0], given.rest[1], int(given.rest[2]))


if __name__ == "__main__":
    main()
