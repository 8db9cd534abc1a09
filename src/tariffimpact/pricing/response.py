"""One product, one change of cost: price, margin, volume, revenue and profit under each rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer, explained
from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError, require
from tariffimpact.pricing import rules as rule
from tariffimpact.pricing.demand import Demand, IsoelasticDemand

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

RULES: Final = {
    "dollar": "Hold dollar margin",
    "percent": "Hold percent margin",
    "profit": "Hold profit",
    "maximise": "Maximise profit",
}
"""The pricing rules by name, each in words."""
_UNBOUNDED: Final = "no best price: at an elasticity of 1 or less profit rises without bound"


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule asks for; every number is NaN where no price meets it, and `note` says why."""

    rule: str
    price: float
    """Money per unit, before sales tax."""
    margin: float
    """Price less unit cost, money per unit."""
    volume: float
    """Units in the period of the demand curve."""
    revenue: float
    profit: float
    """Margin times volume less fixed cost, money in that period."""
    note: str = ""

    @property
    def exists(self) -> bool:
        """Whether a price meets the rule."""
        return not math.isnan(self.price)

    @property
    def label(self) -> str:
        """The rule in words."""
        return RULES.get(self.rule, "Before")


@dataclass(frozen=True, slots=True, repr=False)
class PriceResponse(Answer):
    """What a change of cost does to one product's price, by rule; see `price_response`."""

    demand: Demand
    old_cost: float
    cost_change: float
    before: RuleOutcome
    outcomes: tuple[RuleOutcome, ...]
    best: RuleOutcome | None
    """The most profitable price at the new cost; None where profit rises without bound."""
    implied_elasticity: float
    """p0/(p0 - c0), the elasticity at which the old price was the best one."""
    fixed_cost: float = 0.0
    """Money in the period of the demand curve; it is in every profit."""
    currency: str = "USD"
    source: str = ""

    def __getitem__(self, name: str) -> RuleOutcome:
        """Return the outcome of one rule, by its name in `RULES`."""
        for outcome in self.outcomes:
            if outcome.rule == name:
                return outcome
        asked = ", ".join(outcome.rule for outcome in self.outcomes)
        raise ModelError(f"rule must be one of those asked for, {asked} (got {name!r}); choose one")

    @property
    def was_optimal(self) -> bool:
        """Whether the old price was the best at the old cost under this demand (to 1e-6)."""
        stated = float(self.demand.demand_elasticity)
        return math.isclose(stated, self.implied_elasticity, rel_tol=1e-6)

    def summary(self) -> str:
        """Return the answer in a few sentences."""
        asked = [self._asks(outcome) for outcome in self.outcomes]
        return (
            f"When a unit's cost {self._cost_move()}, at a price of "
            f"{self._money(self.before.price)}: {'; '.join(asked)}. {self._optimality()}"
        )

    def _cost_move(self) -> str:
        """Return how the unit cost moves: not at all, by less than can be paid, or by how much."""
        cost, size = self._money(self.old_cost), abs(self.cost_change)
        if size == 0:
            return f"stays at {cost}"
        move = "rises" if self.cost_change > 0 else "falls"
        shown = self._money(size)
        if shown == self._money(0.0):
            shown = f"less than {self._money(0.01)}"
        return f"{move} {shown} from {cost}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per rule.

        Columns: `rule`, `label`, `price` (NaN: none), `old_price`, `price_change` (fraction),
        `pass_through_rate` (money of price per money of cost), `margin`, `volume`, `revenue`,
        `profit`, `profit_change` (fraction of the old profit), `note`.
        """
        import pandas as pd

        return pd.DataFrame([self._row(outcome) for outcome in self.outcomes])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the price under each rule against the old one."""
        from tariffimpact import charts

        frame = self.to_frame()
        notes = frame["note"].str.removeprefix("no price does: ")  # the chart says that itself
        frame = frame.assign(rule=frame["label"], note=notes)
        return charts.price_rules(frame, currency=self.currency, source=self.source, ax=ax)

    def explain(self) -> str:
        """Return inputs, assumptions, formulas and source."""
        demand, money = self.demand, self._money
        share = f", share {demand.share:g}" if hasattr(demand, "share") else ""
        return explained(
            inputs=f"price {money(self.before.price)}, unit cost {money(self.old_cost)}, change "
            f"of cost {money(self.cost_change)}, volume {self.before.volume:g}; "
            f"{demand.form} demand, elasticity {demand.demand_elasticity:g} at the old price"
            f"{share}",
            assumptions="one product, one price, a flat unit cost, rivals' prices as they are; "
            "the demand curve holds away from the old price. A model result, not evidence",
            formulas="dollar p1 = p0 + change; percent p1 = p0 c1/c0; profit (p1 - c1) q(p1) = "
            "(p0 - c0) q(p0), the root nearest to p0; maximise argmax (p - c1) q(p); implied "
            f"elasticity p0/(p0 - c0) = {self.implied_elasticity:.4g}",
            source=self.source,
        )

    def _money(self, amount: float) -> str:
        return units.money(amount, self.currency, 2)

    def _asks(self, outcome: RuleOutcome) -> str:
        if not outcome.exists:
            return f"to {outcome.label.lower()}, {outcome.note}"
        change = outcome.price / self.before.price - 1
        return (
            f"to {outcome.label.lower()}, {self._money(outcome.price)} "
            f"({'+' if change >= 0 else ''}{units.percent(change)})"
        )

    def _optimality(self) -> str:
        stated = float(self.demand.demand_elasticity)
        if self.was_optimal:
            return "The old price was the best one at the old cost under this demand."
        side = "low" if stated < self.implied_elasticity else "high"
        return (
            f"The old price was too {side} to be the best one under this demand: its margin "
            f"implies an elasticity of {self.implied_elasticity:.2f}, not {stated:.2f}."
        )

    def _row(self, outcome: RuleOutcome) -> dict[str, object]:
        rise, before = outcome.price - self.before.price, self.before
        return {
            "rule": outcome.rule,
            "label": outcome.label,
            "price": outcome.price,
            "old_price": before.price,
            "price_change": rise / before.price,
            "pass_through_rate": rise / self.cost_change if self.cost_change else math.nan,
            "margin": outcome.margin,
            "volume": outcome.volume,
            "revenue": outcome.revenue,
            "profit": outcome.profit,
            "profit_change": outcome.profit / before.profit - 1 if before.profit > 0 else math.nan,
            "note": outcome.note,
        }


def price_response(
    *,
    demand: Demand,
    old_cost: float,
    cost_change: float,
    fixed_cost: float = 0.0,
    rules: Sequence[str] | None = None,
    currency: str = "USD",
    source: str = "",
) -> PriceResponse:
    """Return price, margin, volume, revenue and profit under each rule when unit cost changes.

    Parameters
    ----------
    demand
        Calibrated at the old price and volume, one number each.
    old_cost
        The seller's unit cost before, money per unit, above 0 and below the price.
    cost_change
        Its change, such as the duty per unit; negative where a duty falls.
    fixed_cost
        Cost in the period of the demand curve that no price changes, money; it moves no price, and
        how much of profit a change of price leaves.
    rules
        Some of `RULES`. None asks for all; where the best price does not exist the answer then
        says so, while asking for "maximise" by name raises.
    currency
        ISO 4217 code of all money.
    source
        Credit line of the inputs, printed under the chart.

    Raises
    ------
    ModelError
        If an argument leaves its range, an unknown rule is named, or "maximise" is asked for by
        name under isoelastic demand with an elasticity of 1 or less.

    Examples
    --------
    >>> from tariffimpact.pricing.demand import IsoelasticDemand
    >>> demand = IsoelasticDemand(price=100, demand_elasticity=2)
    >>> response = price_response(demand=demand, old_cost=50, cost_change=12.5)
    >>> response["dollar"].price, response["percent"].price, response["maximise"].price
    (112.5, 125.0, 125.0)
    >>> response["profit"].note
    'no price does: the best, $125.00, leaves profit 20.0% lower'
    """
    names = tuple(RULES if rules is None else rules)
    unknown = [name for name in names if name not in RULES]
    require(names and not unknown, f"rules must be among {', '.join(RULES)} (got {unknown})")
    require(
        np.ndim(demand.log_volume(demand.price)) == np.ndim(old_cost) == np.ndim(cost_change) == 0,
        "demand, old_cost and cost_change must be single numbers; call each rule for arrays",
    )
    old, new = rule.costs(price=demand.price, old_cost=old_cost, cost_change=cost_change)
    fixed = float(checked("fixed_cost", fixed_cost, at_least=0, remedy="give money, 0 for none"))
    before = _outcome("before", demand, float(demand.price), float(old), fixed)
    best = None
    if (rules is not None and "maximise" in names) or not _is_unbounded(demand):
        price = rule.maximise(demand=demand, old_cost=old, cost_change=cost_change)
        best = _outcome("maximise", demand, float(price), float(new), fixed)
    return PriceResponse(
        demand=demand,
        old_cost=float(old),
        cost_change=float(cost_change),
        before=before,
        outcomes=tuple(
            best or _none("maximise", _UNBOUNDED)
            if name == "maximise"
            else _held(name, demand, before, float(old), float(cost_change), best, fixed, currency)
            for name in names
        ),
        best=best,
        implied_elasticity=float(rule.implied_elasticity(price=demand.price, old_cost=old)),
        fixed_cost=fixed,
        currency=currency,
        source=source,
    )


def _is_unbounded(demand: Demand) -> bool:
    return isinstance(demand, IsoelasticDemand) and float(demand.demand_elasticity) <= 1


def _outcome(name: str, demand: Demand, price: float, cost: float, fixed: float) -> RuleOutcome:
    volume = float(demand.quantity(price))
    profit = (price - cost) * volume - fixed
    return RuleOutcome(name, price, price - cost, volume, price * volume, profit)


def _none(name: str, note: str) -> RuleOutcome:
    nan = math.nan
    return RuleOutcome(name, nan, nan, nan, nan, nan, note)


def _held(
    name: str,
    demand: Demand,
    before: RuleOutcome,
    cost: float,
    change: float,
    best: RuleOutcome | None,
    fixed: float,
    currency: str,
) -> RuleOutcome:
    """Return the outcome of holding the dollar margin, the percent margin or profit."""
    if name == "dollar":
        price = rule.hold_dollar_margin(price=before.price, cost_change=change)
    elif name == "percent":
        price = rule.hold_percent_margin(price=before.price, old_cost=cost, cost_change=change)
    else:
        price = rule.hold_profit(demand=demand, old_cost=cost, cost_change=change)
        if math.isnan(float(price)):
            return _none(name, f"no price does: {_best_words(before, best, currency)}")
    return _outcome(name, demand, float(price), cost + change, fixed)


def _best_words(before: RuleOutcome, best: RuleOutcome | None, currency: str) -> str:
    """Return what the best price leaves, where none holds profit."""
    if best is None or best.margin * best.volume <= 0:
        return "cost is above the highest price anyone pays"
    most = f"the best, {units.money(best.price, currency, 2)},"
    if before.profit <= 0 or best.profit < 0:
        return f"{most} leaves {_profit_words(best.profit, currency)}"
    lost = 1 - best.profit / before.profit
    words = units.percent(lost) if lost >= 5e-4 else "less than 0.1%"
    return f"{most} leaves profit {words} lower"


def _profit_words(profit: float, currency: str) -> str:
    amount = units.money(abs(profit), currency, 2)
    return f"a profit of {amount}" if profit >= 0 else f"a loss of {amount}"
