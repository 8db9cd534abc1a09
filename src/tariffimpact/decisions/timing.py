"""Timing: when a duty reaches cost, price and margin, and how a price comes back after it.

A duty is paid on the day of receipt and reaches the cost of goods sold as stock turns over. Time is
in months; month t is the moment t months after the path starts, and the duty of month k is charged
on what is received from k to k + 1. Prices close a part of the gap to their aim each month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact import units
from tariffimpact.answers import Answer, explained
from tariffimpact.arguments import Array, checked
from tariffimpact.decisions.stock import carrying_cost, duty_in_cost
from tariffimpact.errors import require

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def partial_adjustment(
    *, start: ArrayLike, targets: ArrayLike, speed_up: ArrayLike, speed_down: ArrayLike
) -> Array:
    """Return the path p_t = p_{t-1} + s (target_t - p_{t-1}), s by the direction of the gap.

    Parameters
    ----------
    start
        The price before month 0, money per unit, above 0.
    targets
        The price aimed at in each month, shape (..., months).
    speed_up, speed_down
        Fraction of the gap closed each month when the target is above or below the price; above
        0, at most 1 (at once).

    Returns
    -------
    ndarray
        Money per unit, shape (..., months).

    Raises
    ------
    ModelError
        If an argument leaves its range.

    References
    ----------
    Peltzman (2000), *Journal of Political Economy* 108(3): 466-502.

    Examples
    --------
    >>> partial_adjustment(start=100, targets=[110, 110, 100, 100], speed_up=1, speed_down=0.5)
    array([110. , 110. , 105. , 102.5])
    """
    price = checked("start", start, above=0, remedy="give the price before month 0")
    aims = np.atleast_1d(checked("targets", targets, remedy="give one target price a month"))
    remedy = "write 0.25 for a quarter of the gap a month, 1 for at once"
    up = checked("speed_up", speed_up, above=0, at_most=1, remedy=remedy)
    down = checked("speed_down", speed_down, above=0, at_most=1, remedy=remedy)
    path = []
    for month in range(aims.shape[-1]):
        gap = aims[..., month] - price
        price = np.asarray(price + np.where(gap > 0, up, down) * gap)
        path.append(price)
    return np.stack(np.broadcast_arrays(*path), axis=-1)


def price_after(
    *,
    price: ArrayLike,
    earlier_rise: ArrayLike,
    reversal_share: ArrayLike,
    speed: ArrayLike,
    months: int,
) -> Array:
    """Return the price in each month after a duty falls away, month 0 first.

    p_t = p* + (p - p*)(1 - s)^t towards p* = p - r x (earlier rise): partial adjustment.

    Parameters
    ----------
    price
        The price while the duty was in force, money per unit, above 0.
    earlier_rise
        By how much the duty had raised it, money per unit, not negative, below the price.
    reversal_share
        r, the share of that rise taken back in the end, 0 to 1: prices may fall by less than they
        rose ("rockets and feathers").
    speed
        s, the fraction of the remaining gap closed each month, above 0, at most 1.
    months
        Months to follow, 0 or more.

    Returns
    -------
    ndarray
        Shape of the other arguments, then `months + 1`.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    References
    ----------
    Peltzman (2000), *Journal of Political Economy* 108(3): 466-502.

    Examples
    --------
    >>> price_after(price=110, earlier_rise=10, reversal_share=1, speed=0.5, months=3)
    array([110.  , 105.  , 102.5 , 101.25])
    """
    start = checked("price", price, above=0, remedy="give the price under the duty")
    rise = checked("earlier_rise", earlier_rise, at_least=0, remedy="give the rise per unit")
    require(
        np.all(rise < start),
        f"earlier_rise must be below the price (got {np.max(rise):g} on {np.min(start):g}); a "
        "rise is less than the price that holds it",
    )
    share = fraction("reversal_share", reversal_share)
    pace = checked("speed", speed, above=0, at_most=1, remedy="write 0.25 for a quarter a month")
    t = np.arange(_whole_months("months", months) + 1)
    cut = (share * rise)[..., None] * (1 - (1 - pace[..., None]) ** t)
    return np.asarray(start[..., None] - cut)


def round_trip(
    *,
    price: ArrayLike,
    duty_per_unit: ArrayLike,
    months_on: int,
    months_off: int,
    rate_up: ArrayLike,
    rate_down: ArrayLike,
    speed_up: ArrayLike = 1.0,
    speed_down: ArrayLike = 1.0,
) -> Array:
    """Return the price by month while a duty is on, then off, each with its own rate and speed.

    Up: towards p + rate_up x duty. Down: from where it then stands, by rate_down x duty at most,
    and never below the price before the duty.

    Parameters
    ----------
    price
        Before the duty, money per unit, above 0.
    duty_per_unit
        Money per unit, not negative.
    months_on, months_off
        How long the duty stays on, and how long to follow the price after; whole months.
    rate_up, rate_down
        Money of price per money of duty, not negative.
    speed_up, speed_down
        Fraction of the remaining gap closed each month, above 0, at most 1.

    Returns
    -------
    ndarray
        Shape of the other arguments, then `months_on + months_off + 1`, month 0 first.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> round_trip(price=100, duty_per_unit=10, months_on=1, months_off=2, rate_up=0.8,
    ...            rate_down=0.4, speed_down=0.5)
    array([100., 108., 106., 105.])
    """
    start = checked("price", price, above=0, remedy="give the price before the duty")
    duty = checked("duty_per_unit", duty_per_unit, at_least=0, remedy="give the duty per unit")
    up = checked("rate_up", rate_up, at_least=0, remedy="give dollars of price per dollar of duty")
    down = checked("rate_down", rate_down, at_least=0, remedy="write 0 for a price that stays")
    pace = checked("speed_up", speed_up, above=0, at_most=1, remedy="write 1 for at once")
    fall_pace = checked("speed_down", speed_down, above=0, at_most=1, remedy="write 1 for at once")
    t = np.arange(_whole_months("months_on", months_on) + 1)
    rises = (up * duty)[..., None] * (1 - (1 - pace[..., None]) ** t)
    top = start + rises[..., -1]
    share = np.minimum(down * duty / np.where(top > start, top - start, 1.0), 1.0)
    falls = price_after(
        price=top, earlier_rise=top - start, reversal_share=share, speed=fall_pace,
        months=_whole_months("months_off", months_off),
    )  # fmt: skip
    climb = np.broadcast_to(start[..., None] + rises, (*falls.shape[:-1], t.size))
    return np.concatenate([climb, falls[..., 1:]], axis=-1)


def fraction(name: str, value: ArrayLike) -> Array:
    """Return a share checked to lie in 0 to 1."""
    return checked(name, value, at_least=0, at_most=1, remedy="write 0.6 for 60%")


def _whole_months(name: str, months: int) -> int:
    span = checked(name, months, at_least=0, at_most=1200, remedy="give whole months")
    require(
        span.ndim == 0 and float(span).is_integer(), f"{name} must be one whole number of months"
    )
    return int(span)


Basis = Literal["booked", "replacement"]

_FLOW_WORDS: Final = {
    "replacement": "replacement cost",
    "fifo": "FIFO, one cohort",
    "fifo_many": "FIFO over many products whose stock is spread evenly",
    "average": "weighted-average cost",
}


@dataclass(frozen=True, slots=True, repr=False)
class PricePath(Answer):
    """A product's cost, price and margin by month, money per unit; see `price_path`."""

    duty: Array
    """Charged on receipts in each month."""
    duty_in_cost: Array
    carrying_cost: Array
    """Cost of holding stock bought ahead, per unit sold."""
    price: Array
    old_price: float
    base_cost: float
    old_duty: float
    flow: str
    months_of_stock: float
    front_loaded_months: float
    holding_cost: float
    pass_through_rate: float
    price_follows: Basis
    speed_up: float
    speed_down: float
    first_month: date | None = None
    currency: str = "USD"
    source: str = ""

    @property
    def unit_cost(self) -> Array:
        """Base cost, duty and carrying cost, by month."""
        return self.base_cost + self.duty_in_cost + self.carrying_cost

    @property
    def margin(self) -> Array:
        """Price less unit cost, by month."""
        return self.price - self.unit_cost

    @property
    def old_margin(self) -> float:
        """The margin before month 0."""
        return self.old_price - self.base_cost - self.old_duty

    @property
    def lag(self) -> int | None:
        """The first month whose cost of goods sold differs by the duty; None if none does."""
        moved = np.flatnonzero(np.abs(self.duty_in_cost - self.old_duty) > 1e-12 * self.old_price)
        return int(moved[0]) if moved.size else None

    def summary(self) -> str:
        """Return when the duty arrives and what it does to the margin, in a few sentences."""
        low, end = int(np.argmin(self.margin)), self.price.size - 1
        if self.lag is None:
            first = f"The duty does not reach cost within {end} months."
        else:
            first = f"The change of duty first shows in the cost of goods sold in month {self.lag}."
        return (
            f"{first} The margin, {self._money(self.old_margin)} a unit before, is lowest in month "
            f"{low} at {self._money(self.margin[low])} and stands at "
            f"{self._money(self.margin[end])} in month {end}, with the price at "
            f"{self._money(self.price[end])}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per month: `month`, `day` (if dated), money per unit in the rest.

        The rest: `duty`, `duty_in_cost`, `carrying_cost`, `unit_cost`, `price`, `margin`.
        """
        import pandas as pd

        columns: dict[str, object] = {"month": np.arange(self.price.size)}
        if self.first_month is not None:
            columns["day"] = pd.date_range(
                self.first_month, periods=self.price.size, freq=pd.DateOffset(months=1)
            )
        for name in ("duty", "duty_in_cost", "carrying_cost", "unit_cost", "price", "margin"):
            columns[name] = getattr(self, name)
        return pd.DataFrame(columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw price, unit cost and margin over the months."""
        from tariffimpact import charts

        when = "month" if self.first_month is None else "day"
        names = {"price": "Price", "unit_cost": "Unit cost", "margin": "Margin"}
        frame = self.to_frame().rename(columns=names)
        tidy = frame.melt([when], list(names.values()), var_name="series", value_name="value")
        return charts.paths(
            tidy, currency=self.currency, y_label="Per unit", source=self.source, ax=ax
        )

    def explain(self) -> str:
        """Return inputs, assumptions, formulas and source."""
        money = self._money
        return explained(
            inputs=f"price {money(self.old_price)}, unit cost without duty "
            f"{money(self.base_cost)}, duty {money(self.old_duty)} before and "
            f"{money(float(self.duty.min()))} to {money(float(self.duty.max()))} after; "
            f"{self.months_of_stock:g} months of stock, {self.front_loaded_months:g} bought ahead "
            f"at {units.percent(self.holding_cost)} a month; pass-through rate "
            f"{self.pass_through_rate:g} of {self.price_follows} duty, "
            f"{units.percent(self.speed_up)} of a gap up and {units.percent(self.speed_down)} of a "
            "gap down closed a month",
            cost=f"{_FLOW_WORDS[self.flow]}. Each unit carries the duty of the day it was received",
            assumptions="sales are steady and do not react; the base cost stays; stock bought "
            "ahead delays the duty and costs its carrying rate, it avoids nothing",
            formulas="target = old price + rate x change of duty; p_t = p_{t-1} + speed x (target "
            "- p_{t-1}); carrying cost h x landed cost x months of extra stock left",
            source=self.source,
        )

    def _money(self, amount: float) -> str:
        return units.money(float(amount), self.currency, 2)


def price_path(
    *,
    price: float,
    base_cost: float,
    duty: ArrayLike,
    months_of_stock: float,
    flow: str,
    old_duty: float = 0.0,
    front_loaded_months: float = 0.0,
    holding_cost: float = 0.0,
    pass_through_rate: float = 1.0,
    price_follows: Basis = "booked",
    speed_up: float = 1.0,
    speed_down: float = 1.0,
    first_month: date | None = None,
    currency: str = "USD",
    source: str = "",
) -> PricePath:
    """Return cost, price and margin by month along a path of the duty.

    Parameters
    ----------
    price
        Shelf price before month 0, money per unit, above 0.
    base_cost
        Unit cost without duty, money, above 0; with the old duty below the price.
    duty
        Duty per unit charged on receipts in each month, money, one value a month.
    months_of_stock, flow, old_duty, front_loaded_months
        See `duty_in_cost`.
    holding_cost
        Cost of holding stock a month as a fraction of its value, not negative.
    pass_through_rate
        Money of price per money of duty, not negative.
    price_follows
        "booked": the price aims at the duty in the cost of goods sold; "replacement": at the duty
        of the day, before the goods that bear it are sold.
    speed_up, speed_down
        See `partial_adjustment`.
    first_month
        The first day of month 0, to date the rows.
    currency
        ISO 4217 code of all money.
    source
        Credit line of the inputs.

    Raises
    ------
    ModelError
        If an argument leaves its range, or cost is above the price before month 0.

    Examples
    --------
    >>> path = price_path(price=100, base_cost=50, duty=[10] * 6, months_of_stock=3,
    ...                   flow="fifo_many", pass_through_rate=0.5)
    >>> path.price.round(2).tolist()
    [100.0, 101.67, 103.33, 105.0, 105.0, 105.0]
    >>> path.lag, path.margin[-1].item()
    (1, 45.0)
    """
    old = float(checked("price", price, above=0, remedy="give the price before month 0"))
    cost = float(checked("base_cost", base_cost, above=0, remedy="give the cost without duty"))
    rate = checked("pass_through_rate", pass_through_rate, at_least=0, remedy="write 1 for all")
    require(
        price_follows in ("booked", "replacement"),
        f"price_follows must be booked or replacement (got {price_follows!r}); choose one",
    )
    booked = duty_in_cost(
        duty=duty, old_duty=old_duty, months_of_stock=months_of_stock, flow=flow,
        front_loaded_months=front_loaded_months,
    )  # fmt: skip
    require(booked.ndim == 1, "duty must be one value a month; use duty_in_cost for many paths")
    require(
        cost + old_duty < old,
        f"base_cost and old_duty together must be below the price (got {cost + old_duty:g}, price "
        f"{old:g}); give all three per unit",
    )
    charged = np.atleast_1d(np.asarray(duty, dtype=np.float64))
    held = carrying_cost(
        landed_cost=cost + old_duty, holding_cost=holding_cost,
        front_loaded_months=front_loaded_months, month=np.arange(charged.size),
    )  # fmt: skip
    aimed_at = booked if price_follows == "booked" else charged
    prices = partial_adjustment(
        start=old, targets=old + float(rate) * (aimed_at - old_duty),
        speed_up=speed_up, speed_down=speed_down,
    )  # fmt: skip
    return PricePath(
        charged, booked, np.asarray(held), prices, old, cost, float(old_duty), flow,
        float(months_of_stock), float(front_loaded_months), float(holding_cost), float(rate),
        price_follows, float(speed_up), float(speed_down), first_month, currency, source,
    )  # fmt: skip
