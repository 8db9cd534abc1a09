"""From the border to the shelf, stage by stage: each seller adds its margin by a rule of its own.

A stage buys at what the one before sells for, the first at the border with duty. What each does
with a rise of its cost makes the shelf price: held in money the duty arrives as it is, held in per
cent it arrives multiplied by every markup on the way, and the ledger says who gains by that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer, explained
from tariffimpact.arguments import Array, checked
from tariffimpact.errors import require
from tariffimpact.interval import Interval, Quantity
from tariffimpact.pricing.demand import Demand, IsoelasticDemand, LinearDemand
from tariffimpact.pricing.rules import maximise
from tariffimpact.uncertainty import bounds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

StageRule = Literal["dollar", "percent", "absorb", "maximise"]
STAGE_RULES: Final[Mapping[StageRule, str]] = {
    "dollar": "holds its margin in money",
    "percent": "holds its margin in per cent",
    "absorb": "absorbs a share",
    "maximise": "maximises its profit",
}
"""What a stage does with a rise of its cost, each in words."""
TERMS: Final = ("price", "markup", "margin")
"""How a stage's price is known: itself, over what it pays, or by the margin in it."""
_LIMITS: Final[Mapping[str, dict[str, float]]] = {
    "price": {"above": 0.0},
    "markup": {"above": 0.0},
    "margin": {"at_least": 0.0, "below": 1.0},
    "absorbed": {"at_least": 0.0, "at_most": 1.0},
    "own_cost": {"at_least": 0.0},
    "demand_elasticity": {"above": 0.0},
}
"""Within what each number of a stage lies."""
_PRICES: Final = ("bought_before", "bought_after", "sold_before", "sold_after")
_ROUNDING: Final = 1e-12
"""Part of a price below which a difference of prices is the rounding of a double."""
_NEAR: Final = 0.005
"""Two ways to one price agree if they are no further apart, relative to it: prices are rounded."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One seller on the way to the shelf."""

    name: str
    rule: StageRule
    price: Quantity | None = None
    """What it sells for before the duty, money per unit."""
    markup: Quantity | None = None
    """That over what it pays: 4 for four times; in place of `price`."""
    margin: Quantity | None = None
    """The part of its price that it does not pay on, a fraction; in place of `price`."""
    absorbed: Quantity = 0.0
    """Share of a rise of its cost that it bears, under the rule `absorb`."""
    own_cost: Quantity = 0.0
    """Its own cost per unit, money, which the duty does not touch."""
    demand_elasticity: Quantity | None = None
    """That it faces, under the rule `maximise`; by default the one at which its price is best."""
    demand: Literal["linear", "isoelastic"] = "linear"
    """Form of that demand."""


@dataclass(frozen=True, slots=True)
class ChainLine:
    """What a change of duty does to one seller on the way."""

    name: str
    rule: StageRule
    bought_before: Interval
    bought_after: Interval
    sold_before: Interval
    sold_after: Interval
    gain: Interval
    """Change of its margin per unit, money; negative where it bears a part of the duty."""


@dataclass(frozen=True, slots=True, repr=False)
class Chain(Answer):
    """What a change of duty does to each seller's price, and who bears it; see `chain`."""

    lines: tuple[ChainLine, ...]
    duty: Interval
    """Change of the duty per unit, money."""
    exporter_cut: Interval
    """By how much the exporter lowers the customs value, money."""
    shelf_rise: Interval
    rate: Interval
    """Money of shelf price per money of duty."""
    inputs: Mapping[str, Interval]
    currency: str = "USD"
    source: str = ""

    @property
    def shelf_price(self) -> Interval:
        """What the last seller asks after the change."""
        return self.lines[-1].sold_after

    def summary(self) -> str:
        """Return what the duty does to the shelf price, and what each stage has of it."""
        money = self._money
        cut = (
            f" The exporter bears {money(self.exporter_cut)}." if self.exporter_cut.high > 0 else ""
        )
        moved = [
            f"{line.name} {_gains(line.gain, money(line.gain.magnitude))}" for line in self.lines
        ]
        way = "raises" if self.shelf_rise.low >= 0 else "moves"
        before, after = self.lines[-1].sold_before, self.shelf_price
        each = f"{money(self.rate)} for each {units.money(1, self.currency)} of duty"
        rules = {line.rule for line in self.lines}
        start = "A duty"
        if len(rules) == 1 and len(self.lines) > 1:
            start = f"If every seller {STAGE_RULES[rules.pop()]}, a duty"
        moves = f"from {money(before)} to {money(after)}, by {money(self.shelf_rise)}"
        if not (before.is_exact and after.is_exact):
            moves = f"of {money(before)} by {money(self.shelf_rise)}, to {money(after)}"
        return (
            f"{start} of {money(self.duty)} {way} the shelf price {moves}: {each}.{cut} Per unit "
            f"{units.listed(moved)}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the ledger, one row per party, in the order of the way; money per unit.

        Columns: `party` (exporter, each stage, buyers; `duty` last), `rule`, then `_low` and
        `_high` of `bought_before`, `bought_after`, `sold_before`, `sold_after` (missing but for
        stages), `burden` (what the party bears; negative where it gains; at any point of the
        ranges those of all parties sum to the duty).
        """
        import pandas as pd

        rows: list[dict[str, object]] = [_row("exporter", "", self.exporter_cut)]
        for line in self.lines:
            prices = {name: getattr(line, name) for name in _PRICES}
            rows.append(_row(line.name, line.rule, -line.gain, **prices))
        rows.append(_row("buyers", "", self.shelf_rise))
        rows.append(_row("duty", "", self.duty))
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what each party bears of the duty, in money per unit."""
        from tariffimpact import charts

        frame = self.to_frame()
        bars = frame.assign(
            label=frame["party"].str.capitalize(),
            low=frame["burden_low"],
            high=frame["burden_high"],
        )[["label", "low", "high"]]
        return charts.range_bars(
            bars.iloc[::-1], form="money", currency=self.currency,
            x_label="Borne per unit; below zero a gain", source=self.source, ax=ax,
        )  # fmt: skip

    def explain(self) -> str:
        """Return inputs, assumptions, formulas and source."""
        given = "; ".join(f"{name.replace('_', ' ')} {span}" for name, span in self.inputs.items())
        rules = "; ".join(f"{line.name} {STAGE_RULES[line.rule]}" for line in self.lines)
        return explained(
            inputs=given,
            rules=rules,
            assumptions="every stage sells what it buys, one unit for one; nobody changes its own "
            "cost; volumes are not followed. A model of pricing, not evidence",
            formulas="money p + change; per cent p (c + change)/c; absorb p + (1 - share) change; "
            "maximise the best price at the new cost under the stage's own demand. Shelf rise + "
            "exporter's cut - gains of all stages = duty",
            source=self.source,
        )

    def _money(self, amount: Quantity) -> str:
        return units.money(amount, self.currency, 2)


def chain(
    *,
    stages: Sequence[Stage],
    customs_value: Quantity,
    tariff_change: Quantity,
    old_tariff: Quantity = 0.0,
    dutiable_share: Quantity = 1.0,
    specific_change: Quantity = 0.0,
    old_specific: Quantity = 0.0,
    exporter_cut: Quantity = 0.0,
    shelf_price: Quantity | None = None,
    currency: str = "USD",
    source: str = "",
) -> Chain:
    """Return what a change of duty does to the price of each seller between border and shelf.

    Parameters
    ----------
    stages
        From the importer to the shop. Each has one of price, markup and margin; where the shelf
        price is given, one of them may have none, and has what the others leave.
    customs_value
        Per unit before the change, money.
    tariff_change, old_tariff
        Change of the rate and the rate before, fractions of customs value.
    dutiable_share
        Share of the customs value that the rate bears on.
    specific_change, old_specific
        Change of a duty per unit and the duty before, money.
    exporter_cut
        Fraction by which the exporter lowers the customs value.
    shelf_price
        What the last stage sells for before the change, money.
    currency, source
        ISO 4217 code of all money, and a credit line.

    Raises
    ------
    ModelError
        If an argument leaves its range, or the stages do not connect: two ways to one price
        disagree, one stage sells below what it pays, or a price is not known at all.

    Examples
    --------
    >>> maker = Stage("Maker", "percent", markup=4)
    >>> dealer = Stage("Dealer", "percent", margin=0.35)
    >>> found = chain(stages=[maker, dealer], customs_value=1690, tariff_change=0.31,
    ...               shelf_price=10_400)
    >>> print(found.summary())
    If every seller holds its margin in per cent, a duty of $523.90 raises the shelf price from \
$10,400.00 to $13,624.00, by $3,224.00: $6.15 for each $1 of duty. Per unit Maker gains \
$1,571.70 and Dealer gains $1,128.40.
    """
    way = _Way(tuple(stages))
    x = {
        "customs_value": _number("customs_value", customs_value, above=0),
        "tariff_change": _number("tariff_change", tariff_change),
        "old_tariff": _number("old_tariff", old_tariff, at_least=0),
        "dutiable_share": _number("dutiable_share", dutiable_share, at_least=0, at_most=1),
        "specific_change": _number("specific_change", specific_change),
        "old_specific": _number("old_specific", old_specific, at_least=0),
        "exporter_cut": _number("exporter_cut", exporter_cut, at_least=0, at_most=1),
        **way.inputs(),
    }
    if shelf_price is not None:
        x["shelf_price"] = _number("shelf_price", shelf_price, above=0)
    way.check(x)

    def over(key: str) -> Interval:
        found = bounds(partial(way.figure, key), dict(x), name=key, lines=16)
        require(
            found.has_answer, "no price of the chain can be told at these numbers; check each stage"
        )
        return _settled(found.interval, x)

    lines = [
        ChainLine(stage.name, stage.rule, *(over(f"{name} {n}") for name in (*_PRICES, "gain")))
        for n, stage in enumerate(stages)
    ]
    duty = over("duty")
    rate = over("rate") if duty.low > 0 or duty.high < 0 else Interval(-math.inf, math.inf)
    return Chain(
        tuple(lines), duty, over("exporter"), over("shelf_rise"), rate, x, currency, source
    )


class _Way:
    """The stages in order, and every figure of the chain as a function of the inputs."""

    def __init__(self, stages: tuple[Stage, ...]) -> None:
        require(stages, "a chain needs a stage; give the importer's markup, or its price")
        names = [stage.name for stage in stages]
        require(len(set(names)) == len(names), "two stages have one name; give each its own")
        for stage in stages:
            given = [name for name in TERMS if getattr(stage, name) is not None]
            require(
                len(given) <= 1,
                f"{stage.name} has {' and '.join(given)}, which say one thing; keep one of them",
            )
            require(
                stage.rule in STAGE_RULES,
                f"{stage.name} has no rule {stage.rule!r}; its rules are {', '.join(STAGE_RULES)}",
            )
        self.stages = stages

    def inputs(self) -> dict[str, Interval]:
        """Return what the stages' prices depend on, by name and place."""
        found: dict[str, Interval] = {}
        for n, stage in enumerate(self.stages):
            for name, limits in _LIMITS.items():
                value = getattr(stage, name)
                if value is not None:
                    key = f"{name.removeprefix('demand_')} {n}"
                    found[key] = _number(f"{name} of {stage.name}", value, **limits)
        return found

    def check(self, x: Mapping[str, Interval]) -> None:
        """Refuse stages that do not connect, whatever the ranges are."""
        middle = {name: np.asarray(span.middle) for name, span in x.items()}
        known = self._known(middle)
        unknown = [stage.name for n, stage in enumerate(self.stages) if n not in known]
        require(
            not unknown,
            f"{units.listed(unknown)} {'has' if len(unknown) == 1 else 'have'} no price that can "
            "be told; give price, markup or margin, or the price on the shelf",
        )
        for n, stage in enumerate(self.stages):
            sold, paid, said = (self._span(x, part, n) for part in ("sold", "costs", "said"))
            require(
                said.low <= sold.high * (1 + _NEAR) and sold.low <= said.high * (1 + _NEAR),
                f"the stages do not connect: from what it pays {stage.name} sells at "
                f"{_plain(said)}, from the other stages it is {_plain(sold)}; correct a markup, a "
                "margin, the customs value or a price",
            )
            require(
                sold.high >= paid.low * (1 - _NEAR),
                f"the stages do not connect: {stage.name} sells at {_plain(sold)} what costs it "
                f"{_plain(paid)}; correct its price, or that of the stage before or after it",
            )

    def _span(self, x: Mapping[str, Interval], part: str, n: int) -> Interval:
        """Return how far a price of a stage before the change can go."""

        def price(**at: Array) -> Array:
            known = self._known(at)
            if part == "sold":
                return known[n]
            if part == "costs":
                return np.asarray(known[n - 1] + at[f"own_cost {n}"])
            return known[n] if self._is_blank(n) else self._sold(at, n, known[n - 1])

        return bounds(price, dict(x), lines=8).interval

    def _is_blank(self, n: int) -> bool:
        return all(getattr(self.stages[n], name) is None for name in TERMS)

    def _known(self, x: Mapping[str, Array]) -> dict[int, Array]:
        """Return the prices before the change that can be told: -1 at the border with duty.

        What the stages and the shelf say themselves stands; then each price is worked back from
        the one after it, and forward from the one before it, as far as that goes.
        """
        value, last = np.asarray(x["customs_value"]), len(self.stages) - 1
        border = value * (1 + np.asarray(x["old_tariff"]) * x["dutiable_share"])
        prices = {-1: np.asarray(border + x["old_specific"])}
        prices |= {n: np.asarray(x[f"price {n}"]) for n in range(last + 1) if f"price {n}" in x}
        if "shelf_price" in x:
            prices[last] = np.asarray(x["shelf_price"])
        for n in range(last, 0, -1):
            known = n in prices and n - 1 not in prices
            if known and (f"markup {n}" in x or f"margin {n}" in x):
                prices[n - 1] = self._paid(x, n, prices[n])
        for n in range(last + 1):
            if n not in prices and n - 1 in prices and not self._is_blank(n):
                prices[n] = self._sold(x, n, prices[n - 1])
        return prices

    def _sold(self, x: Mapping[str, Array], n: int, paid: Array) -> Array:
        """Return what a stage sells for, from what it pays."""
        if f"price {n}" in x:
            return np.asarray(x[f"price {n}"])
        if f"markup {n}" in x:
            return np.asarray(paid * x[f"markup {n}"])
        return np.asarray(paid / (1 - np.asarray(x[f"margin {n}"])))

    def _paid(self, x: Mapping[str, Array], n: int, sold: Array) -> Array:
        """Return what a stage pays, from what it sells for."""
        if f"markup {n}" in x:
            return np.asarray(sold / x[f"markup {n}"])
        return np.asarray(sold * (1 - np.asarray(x[f"margin {n}"])))

    def figure(self, key: str, **x: Array) -> Array:
        """Return one figure of the chain at given inputs."""
        name, _, place = key.partition(" ")
        value, cut = np.asarray(x["customs_value"]), np.asarray(x["exporter_cut"])
        off = cut * value
        rate = x["old_tariff"] + np.asarray(x["tariff_change"])
        duty = x["dutiable_share"] * (rate * (value - off) - x["old_tariff"] * value)
        duty = duty + x["specific_change"]
        if name in ("duty", "exporter"):
            return np.asarray(duty if name == "duty" else off + 0 * duty)
        known = self._known(x)
        before = [known[n] for n in range(-1, len(self.stages))]
        after = [before[0] + duty - off]
        for n, paid in enumerate(before[:-1]):
            after.append(self._priced(x, n, paid, before[n + 1], after[n] - paid))
        if name in ("shelf_rise", "rate"):
            rise = after[-1] - before[-1]
            return np.asarray(rise if name == "shelf_rise" else rise / duty)
        n = int(place)
        shown = {
            "bought_before": before[n],
            "bought_after": after[n],
            "sold_before": before[n + 1],
            "sold_after": after[n + 1],
            "gain": (after[n + 1] - after[n]) - (before[n + 1] - before[n]),
        }
        return np.asarray(shown[name])

    def _priced(
        self, x: Mapping[str, Array], n: int, paid: Array, price: Array, change: Array
    ) -> Array:
        """Return a stage's price after a change of what it pays."""
        stage, cost = self.stages[n], paid + x[f"own_cost {n}"]
        if stage.rule == "dollar":
            return np.asarray(price + change)
        if stage.rule == "percent":
            return np.asarray(price * (cost + change) / cost)
        if stage.rule == "absorb":
            return np.asarray(price + (1 - np.asarray(x[f"absorbed {n}"])) * change)
        best = price / (price - cost)
        elasticity = x.get(f"elasticity {n}", best)
        curve = LinearDemand if stage.demand == "linear" else IsoelasticDemand
        demand: Demand = curve(price=price, volume=1.0, demand_elasticity=elasticity)
        return np.asarray(maximise(demand=demand, old_cost=cost, cost_change=change))


def _settled(found: Interval, x: Mapping[str, Interval]) -> Interval:
    """Return a figure whose ends that are the rounding of a difference of prices are 0."""
    least = _ROUNDING * x.get("shelf_price", x["customs_value"]).high
    low, high = (0.0 if abs(end) < least else end for end in (found.low, found.high))
    return Interval(low, high)


def _row(party: str, rule: str, burden: Interval, **prices: Interval) -> dict[str, object]:
    row: dict[str, object] = {"party": party, "rule": rule}
    for name in _PRICES:
        missing = {f"{name}_low": math.nan, f"{name}_high": math.nan}
        row |= prices[name].columns(name) if name in prices else missing
    return row | burden.columns("burden")


def _plain(span: Interval) -> str:
    ends = [f"{end:,.6g}" for end in (span.low, span.high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _gains(gain: Interval, amount: str) -> str:
    if gain.magnitude.high < 5e-3:
        return "neither gains nor loses"
    if gain.low >= 0:
        return f"gains {amount}"
    return f"bears {amount}" if gain.high <= 0 else f"gains or bears up to {amount}"


def _number(name: str, value: Quantity, **limits: float) -> Interval:
    """Return a number as an interval, both ends checked."""
    span = Interval.of(value)
    remedy = "give money per unit, or a fraction, as the name says"
    checked(name, (span.low, span.high), remedy=remedy, **limits)
    return span
