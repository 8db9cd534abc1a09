"""What a specialist would write by hand for this schedule: SQL, and merge_asof with NumPy.

Nothing of the package is used but the description of its tables.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

LAYERS = {"product_origin": ["hts", "origin"], "product": ["hts"], "origin": ["origin"]}
ENDS = ("low", "high")


def hand_written_sql(lines: Path, plan, columns: dict[str, set[str]]) -> str:
    """The same join and stacking, written by hand for this schedule, one authority at a time."""
    n, by_use = plan.authorities, plan.by_use

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

    told = [
        f"{first(f'{end}_{i}', '0.0')} as s_{end}_{i}, {kept(end, i)} as k_{end}_{i}"
        for i in range(n)
        for end in ENDS
    ]
    flags = [f"{what}_{i}" for i in range(n) for what in ("floor", "metal")]
    flags += [f"yields_{i}_{j}" for i in range(n) for j in plan.displacing]
    told += [f"{first(flag, str(bool(plan.same.get(flag))))} as {flag}" for flag in flags]
    told += [f"{first(f'low_{j}', '-1.0')} >= 0 as met_{j}" for j in plan.displacing]
    told += [f"{first(f'use_{end}_{by_use}', '1.0')} as use_{end}" for end in ENDS]
    joined = f"""select origin_, customs_value, metal_low, metal_high,
        {first("specific_usd", "0.0")} as specific, {", ".join(told)}
      from (select hts as hts_, origin as origin_, entered_on, customs_value, metal_low, metal_high,
              coalesce(apart.code, substr(hts, 1, 8)) as key
            from '{lines}' left join l_apart as apart on hts = apart.code) as l
      left join l_product_origin as product_origin
        on l.key = product_origin.hts and l.origin_ = product_origin.origin
       and l.entered_on >= product_origin.starts_on and l.entered_on < product_origin.ends_on
      left join l_product as product on l.key = product.hts
       and l.entered_on >= product.starts_on and l.entered_on < product.ends_on
      left join l_origin as origin on l.origin_ = origin.origin
       and l.entered_on >= origin.starts_on and l.entered_on < origin.ends_on"""
    general = ", ".join(f"s_{e}_0 * k_{e}_0 as g_{e}" for e in ENDS)
    due = []
    for i in range(1, n):
        for e in ENDS:
            top = f"greatest(s_{e}_{i} - g_{e}, 0.0)"
            top = f"case when specific > 0 then 0.0 else {top} end" if e == "low" else top
            due.append(
                f"(case when floor_{i} then {top} else s_{e}_{i} end) * k_{e}_{i} as d_{e}_{i}"
            )

    def share(i: int, m: str, u: str) -> str:
        of_metal = f"(case when metal_{i} then metal_{m} else 1.0 end)"
        return f"({of_metal} * use_{u})" if i == by_use else of_metal

    def total(e: str, m: str, u: str) -> str:
        terms = [f"g_{e}"]
        for i in range(1, n):
            left = [
                f"(case when met_{j} and yields_{i}_{j} then 1.0 - {share(j, m, u)} else 1.0 end)"
                for j in plan.displacing
                if plan.same.get(f"yields_{i}_{j}") != 0
            ]
            terms.append(f"d_{e}_{i} * least({', '.join([share(i, m, u), *left, '1.0'])})")
        return " + ".join(terms)

    corners = [(m, u) for m in ENDS for u in ENDS]
    totals = ", ".join(f"{total(e, m, u)} as t_{e}_{m}_{u}" for e in ENDS for m, u in corners)
    low, high = (", ".join(f"t_{e}_{m}_{u}" for m, u in corners) for e in ENDS)
    return f"""with joined as ({joined}), general as (select *, {general} from joined),
      due as (select *, {", ".join(due)} from general),
      totals as (select origin_, customs_value, {totals} from due)
      select origin_ as origin, sum(customs_value * least({low})) as low,
        sum(customs_value * greatest({high})) as high
      from totals group by 1 order by 1"""


def numpy_rates(lines, tables, apart, plan):
    """Both ends of the rate of lines sorted by day: merge_asof to each table, then NumPy."""
    joined = _joined(lines, tables, apart)
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

    def flag(name):
        return first(name, float(plan.same.get(name, 0))) == 1

    n, specific = plan.authorities, first("specific_usd", 0.0) > 0
    met = {j: first(f"low_{j}", -1.0) >= 0 for j in plan.displacing}
    yields = {(i, j): flag(f"yields_{i}_{j}") & met[j] for i in range(n) for j in plan.displacing}
    on_metal, floors = ([flag(f"{what}_{i}") for i in range(n)] for what in ("metal", "floor"))
    totals = {}
    for end in ENDS:
        general = first(f"{end}_0", 0.0) * kept(end, 0)
        due = {}
        for i in range(1, n):
            stated = first(f"{end}_{i}", 0.0)
            top = np.maximum(stated - general, 0.0)
            top = np.where(specific, 0.0, top) if end == "low" else top
            due[i] = np.where(floors[i], top, stated) * kept(end, i)
        for m in ENDS:
            for u in ENDS:
                share = [np.where(on_metal[i], lines[f"metal_{m}"], 1.0) for i in range(n)]
                if plan.by_use is not None:
                    share[plan.by_use] = share[plan.by_use] * first(f"use_{u}_{plan.by_use}", 1.0)
                total = general.copy()
                for i, duty in due.items():
                    left = share[i]
                    for j in plan.displacing:
                        left = np.where(yields[i, j], np.minimum(left, 1 - share[j]), left)
                    total += duty * left
                totals[end, m, u] = total
    low, high = (np.stack([totals[end, m, u] for m in ENDS for u in ENDS]) for end in ENDS)
    return low.min(axis=0), high.max(axis=0)


def _joined(lines, tables, apart):
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
    return joined
