"""What a specialist would write by hand for this schedule: SQL, and merge_asof with NumPy.

Nothing of the package is used but its tables (`tariffimpact.tariffs.layers` says what their columns
are) and the description of them. The lines have a metal share and no quantity and no weight, so
that a duty per unit is of unknown size and every exemption by weight is open.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

LAYERS = {"product_origin": ["hts", "origin"], "product": ["hts"], "origin": ["origin"]}
ENDS = ("low", "high")


def corners(plan) -> list[tuple[str, ...]]:
    """Each choice of the metal share and of what each slot decides."""
    return list(product(ENDS, repeat=1 + len(set(plan.slots.values()))))


# ---- pandas ----


def numpy_rates(lines, spells, states, apart, plan, *, once: bool = False):
    """Both ends of the rate of lines sorted by day: merge_asof to each table, then NumPy.

    `once`: each combination of states and metal shares is stacked once, and handed to its lines.
    """
    kinds = pd.DataFrame({
        **{name: _under(lines, spells[name], apart, keys) for name, keys in LAYERS.items()},
        "metal_low": lines["metal_low"], "metal_high": lines["metal_high"],
    })  # fmt: skip
    if not once:
        return _stacked(kinds, states, plan)
    number = kinds.groupby(list(kinds), sort=False).ngroup().to_numpy()
    low, high = _stacked(kinds[~kinds.duplicated()], states, plan)
    return low[number], high[number]


def _under(lines, spells, apart, keys):
    """The state of each line in a table, -1 for none: the last spell begun, if it has not ended."""
    code = lines["hts"]
    keyed = lines[["origin", "entered_on"]].assign(hts=code.where(code.isin(apart), code.str[:8]))
    met = pd.merge_asof(
        keyed[[*keys, "entered_on"]], spells[[*keys, "starts_on", "ends_on", "state"]],
        left_on="entered_on", right_on="starts_on", by=keys,
    )  # fmt: skip
    return met["state"].where(met["ends_on"] > met["entered_on"], -1).to_numpy("int64")


def _stacked(kinds, states, plan):
    """Both ends of the rate of rows whose states are known."""
    size, n = len(kinds), plan.authorities
    held = {
        name: {c: np.append(table[c].to_numpy("float64", na_value=np.nan), np.nan)
               for c in table if not c.startswith("unit_")}
        for name, table in states.items()
    }  # fmt: skip
    rows = {name: kinds[name].to_numpy() for name in LAYERS}

    def first(column, absent):
        out = np.full(size, np.nan)
        for name in LAYERS:
            if column in held[name]:
                out = np.where(np.isnan(out), held[name][column][rows[name]], out)
        return np.where(np.isnan(out), absent, out)

    def left(what, end, i):
        out = np.ones(size)
        for name in LAYERS:
            for column in (f"{what}_{end}_{i}", f"weighed_{what}_{end}_{i}"):
                if column in held[name]:
                    out = out * np.nan_to_num(held[name][column][rows[name]], nan=1.0)
        return out

    def flag(name):
        return first(name, float(plan.same.get(name, 0))) == 1

    met = {j: first(f"low_{j}", -1.0) >= 0 for j in range(n)}
    per_unit = first("usd_high_0", 0.0) > 0
    reach = {
        (e, i): left("left", e, i) * first(f"use_{e}_{i}", 1.0) for e in ENDS for i in range(n)
    }
    due = {}
    for end in ENDS:
        general = 0.0
        for i in range(n):
            kept = left("kept", end, i) * first(f"preferred_{end}_{i}", 1.0)
            kept = kept if i in plan.slots else kept * reach[end, i]
            stated = first(f"{end}_{i}", 0.0)
            if i == 0:
                general = due[end, 0] = np.where(kept == 0, 0.0, stated * np.where(kept, kept, 1.0))
                continue
            top = np.maximum(stated - general, 0.0)
            top = np.where(per_unit, 0.0, top) if end == "low" else top
            due[end, i] = np.where(flag(f"floor_{i}"), top, stated) * kept

    on_metal = [flag(f"metal_{i}") & met[i] for i in range(n)]
    yields = {(i, j): flag(f"yields_{i}_{j}") & met[j] for i in range(n) for j in plan.displacing}
    yields = {pair: says for pair, says in yields.items() if says.any()}
    best = {"low": np.full(size, np.inf), "high": np.full(size, -np.inf)}
    for metal, *choice in corners(plan):
        bears = []
        for i in range(n):
            of_metal = np.where(on_metal[i], kinds[f"metal_{metal}"], 1.0)
            slot = plan.slots.get(i)
            bears.append(of_metal if slot is None else of_metal * reach[choice[slot], i])
        total = dict.fromkeys(ENDS, 0.0)
        for i in range(n):
            share = bears[i]
            for (a, j), says in yields.items():
                if a == i:
                    share = np.where(says, np.minimum(share, 1.0 - bears[j]), share)
            for end in ENDS:
                total[end] = total[end] + due[end, i] * share
        best["low"] = np.minimum(best["low"], total["low"])
        best["high"] = np.maximum(best["high"], total["high"])
    return best["low"], best["high"]


# ---- SQL ----


def hand_written_sql(lines: Path, plan, columns: dict[str, set[str]]) -> str:
    """The same join and stacking of every line, one authority at a time."""
    n = plan.authorities
    places, every = range(n), corners(plan)

    def first(column: str, absent: str) -> str:
        held = [f"s_{name}.{column}" for name in LAYERS if column in columns[name]]
        return f"coalesce({', '.join([*held, absent])})" if held else absent

    def left(what: str, end: str, i: int) -> str:
        held = [
            f"coalesce(s_{name}.{column}, 1.0)"
            for name in LAYERS
            for column in (f"{what}_{end}_{i}", f"weighed_{what}_{end}_{i}")
            if column in columns[name]
        ]
        return " * ".join(held) or "1.0"

    told = [f"{first('usd_high_0', '0.0')} > 0 as per_unit"]
    for i in places:
        told.append(f"{first(f'low_{i}', '-1.0')} >= 0 as met_{i}")
        told += [
            f"{first(flag, str(bool(plan.same.get(flag))))} as {flag}"
            for flag in (f"floor_{i}", f"metal_{i}", *(f"yields_{i}_{j}" for j in plan.displacing))
        ]
        for e in ENDS:
            reach = f"{left('left', e, i)} * {first(f'use_{e}_{i}', '1.0')}"
            kept = f"{left('kept', e, i)} * {first(f'preferred_{e}_{i}', '1.0')}"
            kept = kept if i in plan.slots else f"{kept} * {reach}"
            told.append(f"{first(f'{e}_{i}', '0.0')} as s_{e}_{i}, {kept} as k_{e}_{i}")
            told.append(f"{reach} as r_{e}_{i}")
    joins = " ".join(
        f"left join l_{name} as {name} on {' and '.join(_meets(name, key) for key in keys)} "
        f"and l.entered_on >= {name}.starts_on and l.entered_on < {name}.ends_on "
        f"left join l_{name}_states as s_{name} on {name}.state = s_{name}.state"
        for name, keys in LAYERS.items()
    )
    general = ", ".join(
        f"case when k_{e}_0 = 0 then 0.0 else s_{e}_0 * k_{e}_0 end as d_{e}_0" for e in ENDS
    )
    due = []
    for i, e in product(places[1:], ENDS):
        top = f"greatest(s_{e}_{i} - d_{e}_0, 0.0)"
        top = f"case when per_unit then 0.0 else {top} end" if e == "low" else top
        due.append(f"(case when floor_{i} then {top} else s_{e}_{i} end) * k_{e}_{i} as d_{e}_{i}")

    def bears(i: int, corner: tuple[str, ...]) -> str:
        of_metal = "1.0"
        if plan.same.get(f"metal_{i}") != 0:
            of_metal = f"(case when metal_{i} and met_{i} then metal_{corner[0]} else 1.0 end)"
        slot = plan.slots.get(i)
        return of_metal if slot is None else f"({of_metal} * r_{corner[1 + slot]}_{i})"

    def total(e: str, corner: tuple[str, ...]) -> str:
        terms = []
        for i in places:
            left = [
                f"(case when met_{j} and yields_{i}_{j} then 1.0 - {bears(j, corner)} else 1.0 end)"
                for j in plan.displacing
                if plan.same.get(f"yields_{i}_{j}") != 0
            ]
            terms.append(f"d_{e}_{i} * least({', '.join([bears(i, corner), *left, '1.0'])})")
        return " + ".join(terms)

    totals = {e: [f"t_{e}_{c}" for c in range(len(every))] for e in ENDS}
    summed = ", ".join(
        f"{total(e, corner)} as {totals[e][c]}" for e in ENDS for c, corner in enumerate(every)
    )
    return f"""with joined as (
        select l.origin, customs_value, metal_low, metal_high, {", ".join(told)}
        from (select hts, origin, entered_on, customs_value, metal_low, metal_high,
                coalesce(apart.code, substr(hts, 1, 8)) as key
              from '{lines}' left join l_apart as apart on hts = apart.code) as l {joins}),
      general as (select *, {general} from joined),
      due as (select *, {", ".join(due)} from general),
      totals as (select origin, customs_value, {summed} from due)
      select origin, sum(customs_value * least({", ".join(totals["low"])})) as low,
        sum(customs_value * greatest({", ".join(totals["high"])})) as high
      from totals group by 1 order by 1"""


def _meets(name: str, key: str) -> str:
    return f"l.{'key' if key == 'hts' else key} = {name}.{key}"
