"""The effective tariff rate of import lines: what the law asks and what was collected.

The statutory rate is the schedule's rate on each line, weighted by customs value; the realised
rate is duty collected over customs value. Current weights are each period's own imports; fixed
weights are those of a base period, so that a change of the rate is the law's and not trade's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.errors import ModelError, require
from tariffimpact.portfolio.effective import EffectiveRates, Weights
from tariffimpact.portfolio.lines import LINES, MEASURED, check_lines
from tariffimpact.tariffs import CompiledSchedule
from tariffimpact.tariffs.engines import Engine, EngineName, engine, write_parquet
from tariffimpact.tariffs.layers import schedule_layers

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

CELLS: Final = ("hts", "origin", "customs_value")
_TAKEN: Final = frozenset(
    {*MEASURED, "known", "lines", "low", "high", "weight", "per_unit", "traded"}
)
"""Names the sums of a group have themselves."""
_PREFIXES: Final = {"hts2": 2, "hts4": 4, "hts6": 6, "hts8": 8}


def effective_tariff_rate(
    lines: pd.DataFrame | Path,
    compiled: CompiledSchedule,
    *,
    by: Sequence[str] = ("origin",),
    weights: Weights = "current",
    base: tuple[date, date] | None = None,
    claims: Mapping[str, float] | None = None,
    engine_name: EngineName = "duckdb",
    imports_source: str = "",
) -> EffectiveRates:
    """Return the effective tariff rate of import lines by group.

    .. math:: τ_g = (∑_(i ∈ g) v_i τ_i) / (∑_(i ∈ g) v_i)

    Parameters
    ----------
    lines
        A frame or parquet file with the columns `LINES`, `duty` where known (US dollars), and
        others to group by. `metal_low`, `metal_high` bound each line's metal share; 0 to 1
        where absent.
    compiled
        The schedule.
    by
        Columns to group by: those of the lines, or `hts2`, `hts4`, `hts6`, `hts8`.
    weights
        `current`: each line's own value. `fixed`: the value its product, origin and groups had
        in the base period, on every day of the lines.
    base
        First day, and first day after, of the base period; needed for fixed weights.
    claims
        Share of the duty a claim frees, by claim.
    engine_name
        `duckdb` or `spark`.
    imports_source
        Who published the lines, for the credit line.

    Returns
    -------
    EffectiveRates
        One row a group, in the order of the groups.

    Raises
    ------
    ModelError
        If a column is missing, an argument is out of range, or a line met more than one row.
    """
    require((base is not None) == (weights == "fixed"), "fixed weights go with a base period")
    with _loaded(lines, LINES, by, compiled, claims, engine_name) as (running, table):
        held = _completed(table)
        if base is not None:
            held = _fixed(held, base, [b for b in by if b in table.columns])
        return _rates(running, held, tuple(by), weights, _credit(compiled, imports_source))


def effective_rate_by_day(
    cells: pd.DataFrame | Path,
    compiled: CompiledSchedule,
    *,
    days: Iterable[date] | None = None,
    by: Sequence[str] = ("partner",),
    claims: Mapping[str, float] | None = None,
    engine_name: EngineName = "duckdb",
    imports_source: str = "",
) -> EffectiveRates:
    """Return the statutory effective rate of fixed imports on each day, by group.

    Parameters
    ----------
    cells
        Imports of a base period: `CELLS` and columns to group by.
    compiled
        The schedule.
    days
        Days; every day on which a duty changes if None. Between two of them the rate stands.
    by, claims, engine_name, imports_source
        See `effective_tariff_rate`.

    Returns
    -------
    EffectiveRates
        One row a group and day, `entered_on` the last grouping column.
    """
    import ibis
    import pandas as pd

    chosen = sorted(set(days)) if days is not None else compiled.change_days()
    with _loaded(cells, CELLS, by, compiled, claims, engine_name) as (running, table):
        calendar = ibis.memtable(pd.DataFrame({"entered_on": chosen})).cast({"entered_on": "date"})
        held = _completed(table.cross_join(calendar)).mutate(duty=ibis.null("float64"))
        credit = _credit(compiled, imports_source)
        return _rates(running, held, (*by, "entered_on"), "fixed", credit)


def _credit(compiled: CompiledSchedule, imports_source: str) -> str:
    return ", ".join(filter(None, [imports_source, compiled.credit()]))


def _rates(
    running: Engine, held: ir.Table, by: tuple[str, ...], weights: Weights, credit: str
) -> EffectiveRates:
    import ibis

    charged = running.charged(held)
    for name, digits in _PREFIXES.items():
        if name in by:
            charged = charged.mutate(**{name: charged["hts"].substr(0, digits)})
    value = charged["customs_value"]
    decided = charged["known"] & (charged["rate_high"] < float("inf"))
    weight = ibis.ifelse(decided, value, 0.0)
    traded = charged["duty"].notnull()
    groups = charged.group_by(list(by)) if by else charged
    sums = groups.aggregate(
        lines=charged.count(),
        customs_value_usd=value.sum(),
        low=(weight * ibis.ifelse(decided, charged["rate_low"], 0.0)).sum(),
        high=(weight * ibis.ifelse(decided, charged["rate_high"], 0.0)).sum(),
        weight=weight.sum(),
        per_unit=ibis.ifelse(charged["specific_high"] > 0, value, 0.0).sum(),
        duty=charged["duty"].sum(),
        traded=ibis.ifelse(traded, value, 0.0).sum(),
    )
    frame = running.run(sums.order_by(list(by)) if by else sums)
    met, expected = int(frame["lines"].sum()), running.count(held)
    if met != expected:
        raise ModelError(
            f"{expected:,} lines met {met:,} rows of the schedule; its windows overlap: build it "
            "again"
        )
    total, known = frame["customs_value_usd"], frame["weight"].where(frame["weight"] > 0)
    told = frame[list(by)].assign(
        customs_value_usd=total,
        statutory_low=frame["low"] / known,
        statutory_high=frame["high"] / known,
        realised=frame["duty"] / frame["traded"].where(frame["traded"] > 0),
        share_unknown=1 - frame["weight"] / total,
        share_specific=frame["per_unit"] / total,
    )
    return EffectiveRates(told, by, weights, credit)


def _completed(table: ir.Table) -> ir.Table:
    """Return lines with every column the engine needs, in the types it needs."""
    import ibis

    columns: dict[str, Any] = {"customs_value": table["customs_value"].cast("float64")}
    if "entered_on" in table.columns:
        columns["entered_on"] = table["entered_on"].cast("date")
    for name, absent in (("metal_low", 0.0), ("metal_high", 1.0)):
        if name not in table.columns:
            columns[name] = ibis.literal(absent)
    if "duty" not in table.columns:
        columns["duty"] = ibis.null("float64")
    return table.mutate(**columns)


def _fixed(table: ir.Table, base: tuple[date, date], by: list[str]) -> ir.Table:
    """Return each cell of the base period on every day, with its value then and its duty now."""
    keys = list(dict.fromkeys(["hts", "origin", *(b for b in by if b != "entered_on")]))
    metal = {"metal_low": table["metal_low"].min(), "metal_high": table["metal_high"].max()}
    now = table.group_by([*keys, "entered_on"]).aggregate(
        value_now=table["customs_value"].sum(), duty_now=table["duty"].sum()
    )
    inside = table.filter((table["entered_on"] >= base[0]) & (table["entered_on"] < base[1]))
    cells = inside.group_by(keys).aggregate(
        customs_value=inside["customs_value"].sum(),
        **{
            name: getattr(inside[name], "min" if name == "metal_low" else "max")() for name in metal
        },
    )
    grid = cells.cross_join(table.select("entered_on").distinct())
    on = [grid[key] == now[key] for key in (*keys, "entered_on")]
    met = grid.left_join(now, on)
    rate = met["duty_now"] / met["value_now"].nullif(0.0)
    columns = [met[name] for name in (*keys, "entered_on", "customs_value", *metal)]
    return met.select(*columns, duty=(rate * met["customs_value"]).cast("float64"))


@contextmanager
def _loaded(
    lines: pd.DataFrame | Path, needed: Sequence[str], by: Sequence[str],
    compiled: CompiledSchedule, claims: Mapping[str, float] | None, name: EngineName,
) -> Iterator[tuple[Engine, ir.Table]]:  # fmt: skip
    """Yield an engine with a schedule and a table of checked lines, no column more than needed."""
    grouping = [column for column in by if column not in (*_PREFIXES, *needed)]
    taken = [column for column in grouping if column in _TAKEN]
    require(not taken, f"no grouping by {', '.join(taken)}: a measure has that name; rename it")
    with tempfile.TemporaryDirectory(prefix="tariffimpact-") as folder:
        path = Path(folder) / "lines.parquet"
        if isinstance(lines, Path):
            path = lines
        else:
            write_parquet(lines, path)
        check_lines(path, needed)
        layers = schedule_layers(compiled, claims=claims)
        with engine(layers, name) as running:
            table = running.read(path)
            missing = [column for column in grouping if column not in table.columns]
            held = ", ".join(table.columns)
            require(not missing, f"the lines lack {', '.join(missing)}; they have {held}")
            measured = [column for column in MEASURED if column in table.columns]
            yield running, table.select(*needed, *measured, *grouping)
