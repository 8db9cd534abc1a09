"""Re-sourcing: what a unit costs by origin, and how soon a switch of origin pays.

A tariff that may not last makes a switch a bet. The odds enter as a constant chance a month that
the rate lapses, or as one probability that it stays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact import units
from tariffimpact.answers import Answer, explained
from tariffimpact.arguments import Array, Numbers, checked, plain
from tariffimpact.codes import country_name
from tariffimpact.errors import require
from tariffimpact.pricing.cost import LandedCost, landed_cost

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def break_even_months(
    *, switching_cost: ArrayLike, saving_per_unit: ArrayLike, monthly_volume: ArrayLike
) -> Numbers:
    """Return the months after which a switch has earned its cost, S / (s V); infinite if never.

    Parameters
    ----------
    switching_cost
        S, paid once, money, not negative.
    saving_per_unit
        s, landed cost from the old less that from the new origin, money; may be negative.
    monthly_volume
        V, units a month, above 0.

    Returns
    -------
    float or ndarray
        Months, not discounted.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> break_even_months(switching_cost=500e3, saving_per_unit=25, monthly_volume=10e3)
    2.0
    """
    once, saving, volume = _switch(switching_cost, saving_per_unit, monthly_volume)
    return plain(_months(once / volume, saving))


def expected_saving(
    *, saving_per_unit: ArrayLike, lasting_probability: ArrayLike, saving_after: ArrayLike = 0.0
) -> Numbers:
    """Return the saving per unit expected if the rate lasts only with a probability.

    Parameters
    ----------
    saving_per_unit
        While the rate lasts, money; may be negative.
    lasting_probability
        That it lasts, 0 to 1.
    saving_after
        If it does not, money; negative where the new origin is then the dearer one.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> expected_saving(saving_per_unit=25, lasting_probability=0.6, saving_after=-5)
    13.0
    """
    stays = checked(
        "lasting_probability", lasting_probability, at_least=0, at_most=1, remedy="write 0.6"
    )
    saving, after = _saving(saving_per_unit), _after(saving_after)
    return plain(stays * saving + (1 - stays) * after)


def expected_break_even_months(
    *,
    switching_cost: ArrayLike,
    saving_per_unit: ArrayLike,
    monthly_volume: ArrayLike,
    hazard: ArrayLike,
    saving_after: ArrayLike = 0.0,
) -> Numbers:
    """Return the months after which the expected saving covers the cost of the switch.

    .. math:: V ∫_0^n (s (1 − λ)^t + s' (1 − (1 − λ)^t)) d t = S

    Parameters
    ----------
    switching_cost, saving_per_unit, monthly_volume
        See `break_even_months`.
    hazard
        The chance in each month that the rate lapses for good, 0 to below 1.
    saving_after
        s', the saving per unit once it has lapsed, money; negative where the new origin is then
        the dearer one and the switch is not undone.

    Returns
    -------
    float or ndarray
        Months; infinite if the expected saving never covers the cost.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> case = {"switching_cost": 500e3, "saving_per_unit": 25, "monthly_volume": 10e3}
    >>> round(expected_break_even_months(**case, hazard=0.1), 3)
    2.246
    >>> expected_break_even_months(**case, hazard=0.5)
    inf
    """
    once, saving, volume = _switch(switching_cost, saving_per_unit, monthly_volume)
    chance = checked("hazard", hazard, at_least=0, below=1, remedy="write 0.05 for 5% a month")
    after = _after(saving_after)
    found = _expected_months(*np.broadcast_arrays(once / volume, saving, after, chance))
    return plain(found)


def _expected_months(need: Array, s: Array, after: Array, chance: Array) -> Array:
    """Return n with s A(n) + s' (n - A(n)) = need, A the expected months the rate lasts."""
    h = np.maximum(-np.log1p(-chance), 1e-15)  # continuous rate of the same monthly chance

    def expected(n: Array) -> Array:
        lasting = -np.expm1(-h * n) / h
        return np.asarray((s - after) * lasting + after * n)

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        closed = np.where(need * h < s, -np.log1p(-np.minimum(need * h / s, 1.0)) / h, math.inf)
        peak = np.where(s > 0, np.log1p(s / np.maximum(-after, 0.0)) / h, 0.0)
        sure = (need + np.maximum(after - s, 0.0) / h) / after
        high = np.where(after > 0, sure, np.where(after < 0, peak, 0.0))
        bracketed = (after > 0) | ((after < 0) & (expected(high) >= need))
        low = np.zeros(need.shape)
        for _ in range(200):
            middle = (low + high) / 2
            short = expected(middle) < need
            low, high = np.where(short, middle, low), np.where(short, high, middle)
    months = np.where(bracketed, high, math.inf)
    months = np.where(after == 0, closed, months)
    months = np.where(chance == 0, _months(need, s), months)
    return np.where(need == 0, 0.0, months)


def _months(need: Array, saving: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(saving > 0, need / saving, np.where(need == 0, 0.0, math.inf))


def _switch(once: ArrayLike, saving: ArrayLike, volume: ArrayLike) -> tuple[Array, Array, Array]:
    cost = checked("switching_cost", once, at_least=0, remedy="give it in money, 0 if none")
    sold = checked("monthly_volume", volume, above=0, remedy="give units a month")
    return cost, _saving(saving), sold


def _saving(saving: ArrayLike) -> Array:
    return _money(checked("saving_per_unit", saving, remedy="give money per unit"))


def _after(saving: ArrayLike) -> Array:
    return _money(checked("saving_after", saving, remedy="give money per unit, 0 if none"))


def _money(amount: Array) -> Array:
    """Return the amount with what is left of rounding, below 1e-12, taken as nothing."""
    return np.where(np.abs(amount) < 1e-12, 0.0, amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one origin asks for a unit, before duty; money per unit."""

    origin: str
    """ISO 3166-1 alpha-3."""
    customs_value: float
    freight: float = 0.0
    fees: float = 0.0
    dutiable_share: float = 1.0
    """Share of the customs value that the rate bears on, 0 to 1."""
    specific: float = 0.0
    """Duty per unit, in money."""


@dataclass(frozen=True, slots=True, repr=False)
class Resourcing(Answer):
    """Landed cost by origin and what a switch to the cheapest is worth; see `resourcing`."""

    costs: Mapping[str, LandedCost]
    """Landed cost of a unit by origin."""
    ad_valorem: Mapping[str, float]
    current: str
    switching_cost: float
    monthly_volume: float
    hazard: float
    lasting_probability: float
    saving_after: float
    on: date | None = None
    currency: str = "USD"
    source: str = ""

    @property
    def cheapest(self) -> str:
        """The origin with the lowest landed cost; the current one if it ties."""
        return min(
            self.costs, key=lambda origin: (self.costs[origin].total, origin != self.current)
        )

    @property
    def saving_per_unit(self) -> float:
        """Landed cost from the current origin less that from the cheapest, money."""
        return self.costs[self.current].total - self.costs[self.cheapest].total

    @property
    def break_even(self) -> float:
        """Months until a switch to the cheapest has paid, if the rates last; infinite if never."""
        return self._months(self.saving_per_unit, hazard=0.0)

    @property
    def expected_break_even(self) -> float:
        """The same under the odds that the rate lasts."""
        stays = expected_saving(
            saving_per_unit=self.saving_per_unit,
            lasting_probability=self.lasting_probability,
            saving_after=self.saving_after,
        )
        return self._months(float(stays), hazard=self.hazard)

    def summary(self) -> str:
        """Return the cheapest origin and the break-even in a few sentences."""
        day = f"On {self.on} a" if self.on else "A"
        here, best = self.costs[self.current].total, self.cheapest
        if best == self.current:
            return (
                f"{day} unit lands at {self._money(here)} from {country_name(self.current)}, and "
                "no other origin is cheaper."
            )
        words = (
            f"{day} unit lands at {self._money(here)} from {country_name(self.current)} and at "
            f"{self._money(self.costs[best].total)} from {country_name(best)}, the cheapest. A "
            f"switch that costs {units.big_money(self.switching_cost, self.currency)} saves "
            f"{self._money(self.saving_per_unit)} a unit and pays {_after_months(self.break_even)}"
        )
        if self.hazard > 0:
            odds = f"a chance of {units.percent(self.hazard)} a month that the rate lapses"
        elif self.lasting_probability < 1:
            odds = f"a chance of {units.percent(self.lasting_probability)} that the rate lasts"
        else:
            return f"{words} if the rates last."
        return (
            f"{words} if the rates last; with {odds}, {_after_months(self.expected_break_even)} "
            "in expectation."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per origin, the cheapest first.

        Columns: `origin`, `ad_valorem` (fraction of customs value), `customs_value`, `freight`,
        `duty`, `fees`, `landed_cost`, `saving` (against the current origin; money per unit),
        `break_even_months` (if the rates last; infinite if never).
        """
        import pandas as pd

        rows = []
        for origin, cost in self.costs.items():
            saving = self.costs[self.current].total - cost.total
            months = self._months(saving, hazard=0.0) if origin != self.current else math.nan
            rows.append(
                (origin, self.ad_valorem[origin], cost.customs_value, cost.freight, cost.duty,
                 cost.fees, cost.total, saving, months)
            )  # fmt: skip
        columns = ["origin", "ad_valorem", "customs_value", "freight", "duty", "fees",
                   "landed_cost", "saving", "break_even_months"]  # fmt: skip
        frame = pd.DataFrame(rows, columns=columns)
        return frame.sort_values("landed_cost", kind="stable", ignore_index=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each origin's cost from before duty to landed, the current origin marked."""
        from tariffimpact import charts

        frame = self.to_frame()
        bars = frame.assign(
            label=frame["origin"],
            low=frame["landed_cost"] - frame["duty"],
            high=frame["landed_cost"],
        )
        return charts.range_bars(
            bars[["label", "low", "high"]], form="money", currency=self.currency,
            mark=self.costs[self.current].total, mark_label=f"{self.current} landed",
            x_label="Per unit, before duty and landed", source=self.source, ax=ax,
        )  # fmt: skip

    def explain(self) -> str:
        """Return inputs, assumptions, formulas and source."""
        rates = ", ".join(f"{o} {units.percent(self.ad_valorem[o])}" for o in self.costs)
        return explained(
            inputs=f"rates {rates}{f' on {self.on}' if self.on else ''}; from {self.current}; "
            f"{self.monthly_volume:,.0f} units a month; switching cost "
            f"{units.big_money(self.switching_cost, self.currency)}; chance a month that the rate "
            f"lapses {units.percent(self.hazard)}; chance that it lasts at all "
            f"{units.percent(self.lasting_probability)}; saving once it has lapsed "
            f"{self._money(self.saving_after)} a unit",
            assumptions="offers and volume stay as they are; nothing is discounted; the switch is "
            "not undone",
            formulas="landed cost = customs value + freight + duty + fees; break-even = switching "
            "cost / (saving x volume); expected saving at t = s (1 - hazard)^t + s' (1 - (1 - "
            "hazard)^t)",
            source=self.source,
        )

    def _money(self, amount: float) -> str:
        return units.money(amount, self.currency, 2)

    def _months(self, saving: float, *, hazard: float) -> float:
        months = expected_break_even_months(
            switching_cost=self.switching_cost, saving_per_unit=saving,
            monthly_volume=self.monthly_volume, hazard=hazard, saving_after=self.saving_after,
        )  # fmt: skip
        return float(months)


def resourcing(
    *,
    offers: Sequence[Offer],
    ad_valorem: Mapping[str, float],
    current: str,
    switching_cost: float,
    monthly_volume: float,
    hazard: float = 0.0,
    lasting_probability: float = 1.0,
    saving_after: float = 0.0,
    on: date | None = None,
    currency: str = "USD",
    source: str = "",
) -> Resourcing:
    """Return landed cost by origin on a day and the break-even of switching to the cheapest.

    Parameters
    ----------
    offers
        One per origin.
    ad_valorem
        Rate by origin, a fraction of customs value, as of `on`.
    current
        The origin bought from now, among the offers.
    switching_cost, monthly_volume, hazard, saving_after
        See `expected_break_even_months`.
    lasting_probability
        See `expected_saving`; give this or `hazard`, not both.
    on
        The day the rates are of.
    currency
        ISO 4217 code of all money.
    source
        Credit line of the inputs.

    Raises
    ------
    ModelError
        If an origin has no rate or two offers, `current` has no offer, both kinds of odds are
        given, or an argument leaves its range.

    Examples
    --------
    >>> result = resourcing(
    ...     offers=[Offer(origin="CHN", customs_value=300), Offer(origin="VNM", customs_value=310)],
    ...     ad_valorem={"CHN": 0.30, "VNM": 0.20}, current="CHN", switching_cost=1.8e6,
    ...     monthly_volume=50_000)
    >>> result.cheapest, round(result.saving_per_unit, 2), round(result.break_even, 2)
    ('VNM', 18.0, 2.0)
    """
    origins = [offer.origin for offer in offers]
    require(len(set(origins)) == len(origins), "offers must be one per origin; merge or drop some")
    require(
        current in origins,
        f"current must be an origin among the offers, {', '.join(origins)} (got {current!r}); "
        "add its offer",
    )
    unrated = [origin for origin in origins if origin not in ad_valorem]
    require(
        not unrated,
        f"ad_valorem has no rate for {', '.join(unrated)}; a missing rate is not zero: give it",
    )
    require(
        hazard == 0 or lasting_probability == 1,
        "hazard and lasting_probability are two ways to say the same; give one of them",
    )
    costs = {offer.origin: _landed(offer, ad_valorem[offer.origin], currency) for offer in offers}
    expected_saving(
        saving_per_unit=0.0, lasting_probability=lasting_probability, saving_after=saving_after
    )
    expected_break_even_months(
        switching_cost=switching_cost, saving_per_unit=0.0, monthly_volume=monthly_volume,
        hazard=hazard, saving_after=saving_after,
    )  # fmt: skip
    return Resourcing(
        costs, {origin: float(ad_valorem[origin]) for origin in origins}, current,
        float(switching_cost), float(monthly_volume), float(hazard), float(lasting_probability),
        float(saving_after), on, currency, source,
    )  # fmt: skip


def _landed(offer: Offer, rate: float, currency: str) -> LandedCost:
    remedy = f"check the offer and the rate of {offer.origin}"
    parts = ("customs_value", "freight", "fees", "specific", "dutiable_share")
    amounts = {name: getattr(offer, name) for name in parts} | {"ad_valorem": rate}
    for name, value in amounts.items():
        checked(name, value, at_least=0, remedy=remedy)
    return landed_cost(**{n: float(value) for n, value in amounts.items()}, currency=currency)


def _after_months(months: float) -> str:
    return "never" if math.isinf(months) else f"after {months:,.1f} months"
