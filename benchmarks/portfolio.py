"""Import lines and product files against pandas, hand-written SQL and a plain loop.

    python benchmarks/portfolio.py                         # all of it, its data prepared first
    python benchmarks/portfolio.py prepare                 # the schedule and the synthetic lines
    python benchmarks/portfolio.py lines                   # 1.25 m, 5 m and 20 m import lines
    python benchmarks/portfolio.py skus                    # 10,000 products
    python benchmarks/portfolio.py batch                   # the command on 10,000 and 1 m products

The raw lists are those of --lists DIR or of us_tariffs in TARIFFIMPACT_REFERENCE_DATA; without
either nothing is run, and that is said.

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

from portfolio_peers import LAYERS, hand_written_sql, numpy_rates
from tariffimpact.facts import read_facts
from tariffimpact.interval import Interval
from tariffimpact.portfolio import engine, run_batch, schedule_layers
from tariffimpact.tariffs import Schedule, read_schedule, shipped_schedule
from tariffimpact.tariffs.engines import write_parquet

WORK = Path(os.environ.get("TARIFFIMPACT_BENCH", "/tmp/tariffimpact-bench"))
SIZES = (1_250_000, 5_000_000, 20_000_000)
LINE_CONTESTANTS = ("tariffimpact", "duckdb-sql", "pandas-merge-asof", "pandas-once-a-kind")
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
CHUNK = 2_500_000  # pandas holds every joined column of a chunk at once: 20 m lines need 12 GB


def prepare(lists: Path) -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    compiled = shipped_schedule(read_facts()).compiled
    (WORK / "us.parquet").write_bytes(compiled.as_bytes())
    layers = schedule_layers(compiled)
    for name, table in layers.tables.items():
        states = layers.states[name]
        write_parquet(table, WORK / f"layer-{name}.parquet")
        write_parquet(states, WORK / f"layer-{name}_states.parquet")
        print(
            f"{name}: {len(table):,} intervals, {len(states):,} states of {states.shape[1]} columns"
        )
    write_parquet(layers.apart, WORK / "layer-apart.parquet")
    for size in SIZES:
        write_lines(compiled, size)
    for size in (10_000, 1_000_000):
        write_skus(compiled, size)


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
    return sorted(rows["hts"] if specific else rows.loc[rows["specific_high"] == 0, "hts"])


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
    for name in (*LAYERS, *(f"{name}_states" for name in LAYERS), "apart"):
        path = WORK / f"layer-{name}.parquet"
        connection.execute(f"create table l_{name} as select * from '{path}'")
        told = {r[0] for r in connection.execute(f"describe l_{name}").fetchall()}
        columns[name.removesuffix("_states")] = told
    query = hand_written_sql(WORK / f"lines-{size}.parquet", plan, columns)
    start = time.perf_counter()
    frame = connection.execute(query).fetchdf()
    return time.perf_counter() - start, frame


def lines_pandas_merge_asof(size: int, once: bool = False) -> tuple[float, pd.DataFrame]:
    plan = schedule_layers(read_schedule(WORK / "us.parquet")).plan
    spells = {name: by_day(pd.read_parquet(WORK / f"layer-{name}.parquet")) for name in LAYERS}
    states = {name: pd.read_parquet(WORK / f"layer-{name}_states.parquet") for name in LAYERS}
    states = {name: table.sort_values("state") for name, table in states.items()}
    apart = set(pd.read_parquet(WORK / "layer-apart.parquet")["code"])
    start = time.perf_counter()
    lines = pd.read_parquet(WORK / f"lines-{size}.parquet")
    lines["entered_on"] = pd.to_datetime(lines["entered_on"]).astype("datetime64[ms]")
    parts = []
    for at in range(0, len(lines), CHUNK):
        chunk = lines.iloc[at : at + CHUNK].reset_index(drop=True)
        low, high = numpy_rates(chunk, spells, states, apart, plan, once=once)
        value = chunk["customs_value"]
        sums = pd.DataFrame({"origin": chunk["origin"], "low": value * low, "high": value * high})
        parts.append(sums.groupby("origin", as_index=False).sum())
    frame = pd.concat(parts).groupby("origin", as_index=False).sum()
    return time.perf_counter() - start, frame


def lines_pandas_once_a_kind(size: int) -> tuple[float, pd.DataFrame]:
    """The same, for one who sees that few combinations of states stand behind all the lines."""
    return lines_pandas_merge_asof(size, once=True)


def by_day(spells: pd.DataFrame) -> pd.DataFrame:
    for day in ("starts_on", "ends_on"):
        spells[day] = pd.to_datetime(spells[day]).astype("datetime64[ms]")
    return spells.sort_values("starts_on", ignore_index=True)


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
    from tariffimpact.pricing import hold_profit
    from tariffimpact.pricing.demand import IsoelasticDemand

    compiled = read_schedule(WORK / "us.parquet")
    start = time.perf_counter()
    layers = schedule_layers(compiled)
    spells = {name: by_day(table.copy()) for name, table in layers.tables.items()}
    states = {name: table.sort_values("state") for name, table in layers.states.items()}
    skus = pd.read_csv(WORK / f"skus-{size}.csv", dtype={"hts": str})
    skus["entered_on"] = pd.to_datetime(skus["entered_on"]).astype("datetime64[ms]")
    skus = skus.sort_values("entered_on", ignore_index=True).assign(metal_low=0.0, metal_high=1.0)
    metal = {h: lo for h, (lo, hi) in compiled.manifest["metal"].items() if lo == hi}
    for hts, share in metal.items():
        skus.loc[skus["hts"].str.startswith(hts), ["metal_low", "metal_high"]] = share
    apart = set(layers.apart["code"])
    day = pd.Timestamp("2025-01-01").as_unit("ms")
    now, then = (
        numpy_rates(asked, spells, states, apart, layers.plan)
        for asked in (skus, skus.assign(entered_on=day))
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
    from tariffimpact.pricing import hold_percent_margin, hold_profit
    from tariffimpact.pricing.demand import IsoelasticDemand

    compiled = read_schedule(WORK / "us.parquet")
    start = time.perf_counter()
    schedule = Schedule(compiled)
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
    used = resource.getrusage(resource.RUSAGE_SELF)
    groups = {r.origin: [r.low, r.high] for r in frame.itertuples()}
    print(json.dumps({
        "seconds": seconds, "peak_mb": used.ru_maxrss / 1024, "groups": groups,
        "processor": used.ru_utime + used.ru_stime,
    }))  # fmt: skip


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
    schedule = Schedule(compiled)
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
                f"processor {statistics.median(r['processor'] for r in found):,.0f} s, "
                f"peak {max(r['peak_mb'] for r in found):,.0f} MB",
                flush=True,
            )


def batches() -> None:
    """Run the command on small and large files, with the demand of a case and of each row."""
    command = [sys.executable, "-m", "tariffimpact", "batch", "--on", "2025-09-01",
               "--schedule", str(WORK / "us.parquet"), "--out", str(WORK / "batch")]  # fmt: skip
    for size in (10_000, 1_000_000):
        for case in ([], ["--case", "textbook"]):
            start = time.perf_counter()
            done = subprocess.Popen([*command, str(WORK / f"skus-{size}.csv"), *case],
                                    stdout=subprocess.DEVNULL)  # fmt: skip
            _, status, usage = os.wait4(done.pid, 0)
            seconds = time.perf_counter() - start
            assert status == 0
            print(f"{size:>12,} {' '.join(case) or 'own demand':>18}: {seconds:8.1f} s, "
                  f"peak {usage.ru_maxrss / 1024:,.0f} MB", flush=True)  # fmt: skip


def raw_lists(named: Path | None) -> Path | None:
    reference = os.environ.get("TARIFFIMPACT_REFERENCE_DATA")
    return named or (Path(reference) / "us_tariffs" if reference else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    steps = ["all", "prepare", "lines", "skus", "batch", "run"]
    parser.add_argument("what", nargs="?", choices=steps, default="all")
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--lists", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    given = parser.parse_args()
    if given.what == "run":
        run_one(given.rest[0], given.rest[1], int(given.rest[2]))
        return
    lists = raw_lists(given.lists)
    if lists is None:
        print("portfolio: not run, for neither --lists nor TARIFFIMPACT_REFERENCE_DATA names the "
              "raw lists of the schedule")  # fmt: skip
        return
    if given.what in ("all", "prepare"):
        prepare(lists)
    if given.what in ("all", "lines"):
        check_single_rates()
        rounds("lines", LINE_CONTESTANTS, given.sizes, given.rounds)
    if given.what in ("all", "skus"):
        rounds("skus", SKU_CONTESTANTS, [10_000], given.rounds)
    if given.what in ("all", "batch"):
        batches()


if __name__ == "__main__":
    main()
