"""The effective tariff rate of import lines: what the law asks and what was collected.

The statutory rate is the schedule's rate on each line, weighted by customs value; the realised
rate is duty collected over customs value. Current weights are each period's own imports; fixed
weights are those of a base period, so that a change of the rate is the law's and not trade's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.codes import country_name
from tariffimpact.errors import DataError, Fault, ModelError, require
from tariffimpact.interval import Interval
from tariffimpact.portfolio.goods import KnownGoods
from tariffimpact.portfolio.import_lines import LINES, MEASURED, SHARES, check_lines
from tariffimpact.tariffs import CompiledSchedule
from tariffimpact.tariffs.engines import Charger, EngineName, engine, write_parquet
from tariffimpact.tariffs.layers import schedule_layers
from tariffimpact.tariffs.line_charges import FEW, line_by_line
from tariffimpact.writing import scratch

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    from matplotlib.axes import Axes

Weights = Literal["current", "fixed"]
_DRAWN: Final = 7
"""Partners drawn, the largest, unless some are named."""
CELLS: Final = ("hts", "origin", "customs_value")
_TAKEN: Final = frozenset(
    {*MEASURED, "known", "lines", "low", "high", "weight", "per_unit", "traded"}
)
"""Names the sums of a group have themselves."""
_PREFIXES: Final = {"hts2": 2, "hts4": 4, "hts6": 6, "hts8": 8}


@dataclass(frozen=True, slots=True, repr=False)
class EffectiveRates(Answer):
    """Effective tariff rates by group."""

    frame: pd.DataFrame
    """One row a group: the grouping columns, `customs_value_usd`, `statutory_low`,
    `statutory_high`, `realised` (fractions of the customs value, NaN where unknown),
    `share_unknown` (of the value whose code or rate the schedule does not know, left out of the
    statutory rate) and `share_specific` (of the value that also owes a duty per unit, not in
    the rate)."""
    by: tuple[str, ...]
    weights: Weights
    credit: str
    warnings: tuple[str, ...] = ()
    """What stands between the rates and the law of the latest day of the lines."""

    def summary(self) -> str:
        """Return the first and the last group, or day, in a sentence."""
        frame = self.mean(["entered_on"]) if "entered_on" in self.by else self.frame
        by = ("entered_on",) if "entered_on" in self.by else self.by
        rows = [frame.iloc[0], frame.iloc[-1]] if len(frame) > 1 else [frame.iloc[0]]
        said = [
            f"{', '.join(str(row[name])[:10] for name in by) or 'all lines'}: {_range(row)}"
            for row in rows
        ]
        return f"Statutory effective tariff rate, {self.weights} weights: {'; '.join(said)}."

    def headline(self) -> str:
        """Return what a chart of rates over time shows, as its title."""
        days = self.mean(["entered_on"])
        first, last = days.iloc[0], days.iloc[-1]
        when = units.day(last["entered_on"].date())
        return (
            f"On these imports the law asks {_range(last)} from {when}, "
            f"after {_range(first)} on {units.day(first['entered_on'].date())}"
        )

    def mean(self, by: Sequence[str]) -> pd.DataFrame:
        """Return the statutory rates over fewer groups, weighted by the value that has one.

        Parameters
        ----------
        by
            Grouping columns, of those the rates are by.
        """
        known = self.frame["customs_value_usd"] * (1 - self.frame["share_unknown"])
        ends = ["statutory_low", "statutory_high"]
        duty = self.frame[ends].mul(known, axis=0).fillna(0.0)
        sums = duty.assign(known=known, **{name: self.frame[name] for name in by})
        found = sums.groupby(list(by), as_index=False).sum()
        found[ends] = found[ends].div(found["known"].where(found["known"] > 0), axis=0)
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return the rates by group."""
        return self.frame

    def plot(self, ax: Axes | None = None, *, partners: Sequence[str] = ()) -> Axes:
        """Draw the statutory rate over time, of all partners and of each in a strip of its own.

        Parameters
        ----------
        ax
            Axes to draw on; new ones if None.
        partners
            Partners to draw; the seven with the largest customs value if none is named.

        Raises
        ------
        ModelError
            If the rates are not by partner and day, or a named partner is not among them.
        """
        import pandas as pd

        from tariffimpact import charts

        by_both = {"partner", "entered_on"} <= set(self.by)
        require(by_both, "a chart over time needs rates by partner and entered_on")
        values = self.frame.groupby("partner")["customs_value_usd"].max()
        strange = [name for name in partners if name not in values.index]
        known = ", ".join(values.index)
        require(not strange, f"no imports from {', '.join(strange)}; there are some from {known}")
        chosen = list(partners) or list(values.nlargest(_DRAWN).index)
        each = self.mean(["partner", "entered_on"]).set_index("partner")
        parts = [each.loc[[name]].assign(origin=country_name(name)) for name in chosen]
        if len(values) > 1:
            parts.insert(0, self.mean(["entered_on"]).assign(origin="All partners"))
        frame = pd.concat(parts, ignore_index=True).rename(
            columns={"entered_on": "starts_on", "statutory_low": "low", "statutory_high": "high"}
        )
        return charts.rate_strips(frame, source=self.credit, ax=ax)

    def explain(self) -> str:
        """Return the summary, the definitions and what is left out."""
        value = self.frame["customs_value_usd"]
        left = float((self.frame["share_unknown"] * value).sum() / value.sum())
        per_unit = float((self.frame["share_specific"] * value).sum() / value.sum())
        return "\n".join(
            [
                self.summary(),
                *(f"Warning: {warning}" for warning in self.warnings),
                "Statutory: the schedule's rate on each line, weighted by customs value; a range "
                "where a claim, a metal share or an end use decides.",
                "Realised: duty collected over customs value.",
                f"{units.percent(left)} of the value has a code or rate the schedule does not "
                f"know and is left out of the statutory rate; {units.percent(per_unit)} also owes "
                "a duty per unit, which an ad valorem rate without quantities cannot hold.",
                f"Source: {self.credit}.",
            ]
        )


def _range(row: Any) -> str:
    low, high = float(row["statutory_low"]), float(row["statutory_high"])
    return "unknown" if low != low else units.percent(Interval(low, high))


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
        A frame or parquet file with the columns `LINES`, any of `MEASURED`, and others to group
        by. A metal share that is not bounded is 0 to 1; a `rate` is taken as the line's; `claims`
        such as `USMCA=90%` are a line's own.
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
    _check_groups(by)

    def shaped(table: ir.Table) -> ir.Table:
        held = _completed(table)
        kept = [b for b in by if b in table.columns]
        return held if base is None else _fixed(held, base, kept)

    with _loaded(lines, LINES, by, compiled, claims, engine_name, summed=bool(base)) as loaded:
        credit = _credit(compiled, imports_source)
        return _rates(loaded, shaped, tuple(by), weights, credit)


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

    _check_groups(by)
    chosen = sorted(set(days)) if days is not None else compiled.change_days()
    calendar = ibis.memtable(pd.DataFrame({"entered_on": chosen})).cast({"entered_on": "date"})

    def shaped(table: ir.Table) -> ir.Table:
        return _completed(table.cross_join(calendar)).mutate(duty=ibis.null("float64"))

    with _loaded(cells, CELLS, by, compiled, claims, engine_name) as loaded:
        credit = _credit(compiled, imports_source)
        return _rates(loaded, shaped, (*by, "entered_on"), "fixed", credit)


def _check_groups(by: Sequence[str]) -> None:
    """Refuse groups that are named twice, or that are what is weighed."""
    twice = [name for name in dict.fromkeys(by) if list(by).count(name) > 1]
    require(not twice, f"by names {', '.join(twice)} twice; name each column once")
    sums = [name for name in by if name in ("customs_value", *MEASURED)]
    require(
        not sums,
        f"no grouping by {', '.join(sums)}, which is what is weighed; group by origin, hts2 or "
        "another column",
    )


def _credit(compiled: CompiledSchedule, imports_source: str) -> str:
    return ", ".join(filter(None, [imports_source, compiled.credit()]))


@dataclass(frozen=True, slots=True)
class _Lines:
    """Checked lines in a file, and how to charge those of each set of claims."""

    path: Path
    columns: tuple[str, ...]
    compiled: CompiledSchedule
    engine_name: EngineName
    claims: Mapping[str, Mapping[str, float]]
    """The claims of the lines that have each text in the column `claims`; one if none has."""
    per_line: bool
    summed: bool
    """Whether what is charged are sums, whose last digit differs from one count to the next."""

    @contextmanager
    def charged_by(
        self, text: str, shaped: Callable[[ir.Table], ir.Table]
    ) -> Iterator[tuple[Charger, ir.Table]]:
        """Yield what charges lines under the claims of a text, and its lines in their shape.

        A few are charged one by one, more by an engine.
        """
        claims = dict(self.claims[text])
        if self.engine_name == "duckdb":
            with (
                line_by_line(self.compiled, claims) as by_line,
                self._shaped(by_line, text, shaped) as held,
            ):
                if by_line.count(held) <= FEW:
                    yield by_line, held
                    return
        layers = schedule_layers(self.compiled, claims=claims or None)
        with (
            engine(layers, self.engine_name) as running,
            self._shaped(running, text, shaped) as held,
        ):
            yield running, held

    @contextmanager
    def _shaped(
        self, running: Charger, text: str, shaped: Callable[[ir.Table], ir.Table]
    ) -> Iterator[ir.Table]:
        """Yield the lines of a text in their shape; sums are kept, for they are read twice."""
        table = running.read(self.path)
        if self.per_line:
            table = table.filter(table["claims"].fill_null("") == text)
        held = shaped(table.select(*self.columns))
        if "quantity" not in self.columns:  # no duty per unit bends a rate: a shorter question
            held = held.drop("quantity_per_dollar")
        if not self.summed:
            yield held
            return
        with running.kept(held) as kept:
            yield kept


def _rates(
    loaded: _Lines,
    shaped: Callable[[ir.Table], ir.Table],
    by: tuple[str, ...],
    weights: Weights,
    credit: str,
) -> EffectiveRates:
    """Return the rates by group, the lines of each set of claims charged apart and added up."""
    import pandas as pd

    parts = []
    expected = 0
    for text in loaded.claims:
        with loaded.charged_by(text, shaped) as (running, held):
            parts.append(_sums(running, held, by))
            expected += running.count(held)
    frame = pd.concat(parts, ignore_index=True)
    latest = frame.pop("last_day").max()
    if len(parts) > 1:
        frame = frame.groupby(list(by), as_index=False).sum() if by else frame.sum().to_frame().T
    met = int(frame["lines"].sum())
    if met != expected:
        raise ModelError(
            f"{expected:,} lines met {met:,} rows of the schedule; its windows overlap: build it "
            "again"
        )
    require(
        met > 0,
        "no line is in the period, so that nothing is weighed; check the days of the base period "
        "and those of the lines",
    )
    require(
        frame["customs_value_usd"].sum() > 0,
        "the lines have no customs value, so that nothing is weighed; check the column "
        "customs_value",
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
    warned = () if pd.isna(latest) else loaded.compiled.day_warnings(pd.Timestamp(latest).date())
    return EffectiveRates(told, by, weights, credit, tuple(warned))


def _sums(running: Charger, held: ir.Table, by: tuple[str, ...]) -> pd.DataFrame:
    """Return what the rates of each group are made of: sums, which add up over sets of claims."""
    charged = running.charged(held)
    if "quantity_per_dollar" not in held.columns:
        return _added(running, charged, by)
    # with quantities the rates have many more places: one question would be planned for minutes
    told = ("customs_value", "duty", "rate", "quantity_per_dollar", "known", "rate_low",
            "rate_high", "specific_low", "specific_high")  # fmt: skip
    columns = ["entered_on", *("hts" if name in _PREFIXES else name for name in by)]
    with running.kept(charged.select(*dict.fromkeys([*told, *columns]))) as kept:
        return _added(running, kept, by)


def _added(running: Charger, charged: ir.Table, by: tuple[str, ...]) -> pd.DataFrame:
    """Return the sums over charged lines."""
    import ibis

    for name, digits in _PREFIXES.items():
        if name in by:
            charged = charged.mutate(**{name: charged["hts"].substr(0, digits)})
    value, stated = charged["customs_value"], charged["rate"]
    quantity: Any = ibis.null("float64")
    if "quantity_per_dollar" in charged.columns:
        quantity = charged["quantity_per_dollar"]
    per_dollar = quantity.fill_null(0.0)
    rate = {
        end: stated.coalesce(charged[f"rate_{end}"] + charged[f"specific_{end}"] * per_dollar)
        for end in ("low", "high")
    }
    decided = stated.notnull() | (charged["known"] & (charged["rate_high"] < float("inf")))
    weight = ibis.ifelse(decided, value, 0.0)
    unmeasured = (charged["specific_high"] > 0) & quantity.isnull()
    traded = charged["duty"].notnull()
    groups = charged.group_by(list(by)) if by else charged
    sums = groups.aggregate(
        lines=charged.count(),
        customs_value_usd=value.sum(),
        low=(weight * ibis.ifelse(decided, rate["low"], 0.0)).sum(),
        high=(weight * ibis.ifelse(decided, rate["high"], 0.0)).sum(),
        weight=weight.sum(),
        per_unit=ibis.ifelse(unmeasured & stated.isnull(), value, 0.0).sum(),
        duty=charged["duty"].sum(),
        traded=ibis.ifelse(traded, value, 0.0).sum(),
        last_day=charged["entered_on"].max(),
    )
    return running.run(sums.order_by(list(by)) if by else sums)


def _completed(table: ir.Table) -> ir.Table:
    """Return lines with every column the engine needs, in the types it needs."""
    import ibis

    columns: dict[str, Any] = {"customs_value": table["customs_value"].cast("float64")}
    if "entered_on" in table.columns:
        columns["entered_on"] = table["entered_on"].cast("date")
    for name, open_end in SHARES.items():
        columns[name] = ibis.literal(open_end)
        if name in table.columns:
            share = table[name].cast("float64")
            columns[name] = ibis.ifelse(share.isnan(), open_end, share).coalesce(open_end)
    for name in ("duty", "rate"):
        absent = name not in table.columns
        columns[name] = ibis.null("float64") if absent else table[name].cast("float64")
    if "quantity" in table.columns:
        value = columns["customs_value"].nullif(0.0)
        columns["quantity_per_dollar"] = table["quantity"].cast("float64") / value
    else:
        columns["quantity_per_dollar"] = ibis.null("float64")
    return table.mutate(**columns)


def _fixed(table: ir.Table, base: tuple[date, date], by: list[str]) -> ir.Table:
    """Return each cell of the base period on every day, with its value then and its duty now."""
    keys = list(dict.fromkeys(["hts", "origin", *(b for b in by if b != "entered_on")]))
    quantity = table["quantity_per_dollar"] * table["customs_value"]
    now = table.group_by([*keys, "entered_on"]).aggregate(
        value_now=table["customs_value"].sum(), duty_now=table["duty"].sum(),
        rate_now=table["rate"].mean(), quantity_now=quantity.sum(),
    )  # fmt: skip
    inside = table.filter((table["entered_on"] >= base[0]) & (table["entered_on"] < base[1]))
    cells = inside.group_by(keys).aggregate(
        customs_value=inside["customs_value"].sum(),
        **{name: inside[name].max() if end else inside[name].min() for name, end in SHARES.items()},
    )
    grid = cells.cross_join(table.select("entered_on").distinct())
    on = [grid[key] == now[key] for key in (*keys, "entered_on")]
    met = grid.left_join(now, on)
    per_dollar = {name: met[f"{name}_now"] / met["value_now"].nullif(0.0)
                  for name in ("duty", "quantity")}  # fmt: skip
    columns = [met[name] for name in (*keys, "entered_on", "customs_value", *SHARES)]
    return met.select(
        *columns,
        duty=(per_dollar["duty"] * met["customs_value"]).cast("float64"),
        rate=met["rate_now"].cast("float64"),
        quantity_per_dollar=per_dollar["quantity"].cast("float64"),
    )


@contextmanager
def _loaded(
    lines: pd.DataFrame | Path, needed: Sequence[str], by: Sequence[str],
    compiled: CompiledSchedule, claims: Mapping[str, float] | None, name: EngineName,
    *, summed: bool = False,
) -> Iterator[_Lines]:  # fmt: skip
    """Yield checked lines, no column more than needed."""
    import pyarrow.parquet as pq

    grouping = [column for column in by if column not in (*_PREFIXES, *needed)]
    taken = [column for column in grouping if column in _TAKEN]
    require(not taken, f"no grouping by {', '.join(taken)}: a measure has that name; rename it")
    with scratch() as folder:
        path = folder / "lines.parquet"
        if isinstance(lines, Path):
            path = lines
        else:
            write_parquet(lines, path)
        check_lines(path, needed)
        held = pq.ParquetFile(path).schema_arrow.names
        missing = [column for column in grouping if column not in held]
        told = ", ".join(held)
        require(not missing, f"the lines lack {', '.join(missing)}; they have {told}")
        measured = [column for column in MEASURED if column in held and column != "claims"]
        per_line = "claims" in held
        texts = _claim_texts(path, KnownGoods.of(compiled)) if per_line else {"": {}}
        sets = {text: {**(claims or {}), **made} for text, made in texts.items()}
        columns = (*needed, *measured, *grouping)
        yield _Lines(path, columns, compiled, name, sets, per_line, summed)


def _claim_texts(path: Path, known: KnownGoods) -> dict[str, dict[str, float]]:
    """Return each text of the column `claims`, and what it claims."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    texts = {""}
    for batch in pq.ParquetFile(path, pre_buffer=False).iter_batches(columns=["claims"]):
        texts |= {text or "" for text in pc.unique(batch["claims"]).to_pylist()}
    made, faults = {}, []
    for text in sorted(texts):
        try:
            made[text] = dict(known.claims_of(text))
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            faults.append(Fault(str(path), what, remedy, "claims", text))
    if faults:
        raise DataError(faults)
    return made
