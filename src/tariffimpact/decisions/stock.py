"""Stock between the border and the till: how long goods at the old duty last."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, Numbers, check_rate, checked, plain
from tariffimpact.errors import require

FLOWS: Final = ("replacement", "fifo", "fifo_many", "average")
"""Replacement cost; FIFO with one cohort; FIFO over many products; weighted-average cost."""


def front_loading_break_even(*, ad_valorem: ArrayLike, holding_cost: ArrayLike) -> Numbers:
    """Return for how many months ahead buying at the old duty still pays, ln(1+t)/ln(1+h).

    Parameters
    ----------
    ad_valorem
        t, rise of the tariff as a fraction of what the stock costs, not negative.
    holding_cost
        h, cost of holding stock a month as a fraction of its value, above 0.

    Returns
    -------
    float or ndarray
        Months.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> round(front_loading_break_even(ad_valorem=0.15, holding_cost=0.02), 2)
    7.06
    """
    rate = checked("ad_valorem", ad_valorem, at_least=0, remedy="write 0.15 for 15%")
    check_rate("ad_valorem", rate)
    held = checked("holding_cost", holding_cost, above=0, remedy="write 0.02 for 2% a month")
    return plain(np.log1p(rate) / np.log1p(held))


def months_of_stock(*, turns: ArrayLike) -> Numbers:
    """Return how long stock lasts, 12 over the inventory turns a year (above 0).

    Raises
    ------
    ModelError
        If `turns` is not above 0.

    Examples
    --------
    >>> months_of_stock(turns=4)
    3.0
    """
    return plain(12 / checked("turns", turns, above=0, remedy="give inventory turns a year"))


def share_on_new_cost(*, month: ArrayLike, months_of_stock: ArrayLike, flow: str) -> Numbers:
    """Return the share of the cost of goods sold that carries a duty in force since month 0.

    Replacement: 1 at once. FIFO, one cohort: 0 up to t = H, 1 after. FIFO, many products whose
    remaining stock is spread evenly over 0 to H: min(1, t/H). Average: 1 - (1 - 1/H)^t.

    Parameters
    ----------
    month
        t, months since the duty came, not negative.
    months_of_stock
        H, above 0.
    flow
        One of `FLOWS`.

    Returns
    -------
    float or ndarray
        Fraction, 0 to 1.

    Raises
    ------
    ModelError
        If an argument leaves its range, or the flow is unknown.

    Examples
    --------
    >>> [share_on_new_cost(month=2, months_of_stock=4, flow=flow) for flow in FLOWS]
    [1.0, 0.0, 0.5, 0.4375]
    """
    _known(flow)
    t = checked("month", month, at_least=0, remedy="count months from the duty's first day")
    held = _held(months_of_stock)
    if flow == "replacement":
        return plain(np.ones(np.broadcast_shapes(t.shape, held.shape)))
    if flow == "fifo":
        return plain(np.where(_after(t, held) > 0, 1.0, 0.0))
    if flow == "fifo_many":
        return plain(np.minimum(t / held, 1.0))
    return plain(1 - (1 - np.minimum(1 / held, 1.0)) ** t)


def months_on_new_cost(
    *,
    months: ArrayLike,
    months_of_stock: ArrayLike,
    flow: str,
    front_loaded_months: ArrayLike = 0.0,
) -> Numbers:
    """Return how many months' worth of goods sold carried the new duty by then.

    The integral of `share_on_new_cost` from the day on which the stock bought ahead is used up:
    replacement T, FIFO with one cohort max(T - H, 0), FIFO over many products T^2/2H up to H and
    T - H/2 after, average T + (1 - r^T)/ln r with r = 1 - 1/H.

    Parameters
    ----------
    months
        Months since the duty came, not negative.
    months_of_stock, flow
        See `share_on_new_cost`.
    front_loaded_months
        Months of sales bought ahead at the old duty; T is what is left of `months` after them.
        Replacement cost knows no stock: it takes `months` whole.

    Returns
    -------
    float or ndarray
        Months of cost of goods sold, at most `months`.

    Raises
    ------
    ModelError
        If an argument leaves its range, or the flow is unknown.

    Examples
    --------
    >>> [months_on_new_cost(months=6, months_of_stock=4, flow=flow) for flow in FLOWS[:3]]
    [6.0, 2.0, 4.0]
    """
    _known(flow)
    t = checked("months", months, at_least=0, remedy="count months from the duty's first day")
    held = _held(months_of_stock)
    ahead = _ahead(front_loaded_months)
    if flow == "replacement":
        return plain(np.broadcast_to(t, np.broadcast_shapes(t.shape, held.shape, ahead.shape)))
    t = np.maximum(t - ahead, 0.0)
    if flow == "fifo":
        return plain(np.maximum(t - held, 0.0))
    if flow == "fifo_many":
        ramp = np.minimum(t, held)
        return plain(ramp * ramp / (2 * held) + t - ramp)
    kept = np.maximum(1 - 1 / held, 0.0)
    rate = np.log(np.where(kept > 0, kept, 1.0))
    waiting = np.where(kept > 0, np.expm1(rate * t) / np.where(rate < 0, rate, -1.0), 0.0)
    return plain(t - waiting)


def stock_on_new_cost(*, month: ArrayLike, months_of_stock: ArrayLike) -> Numbers:
    """Return the share of the stock on hand that carries the new duty, min(1, t/H), under FIFO.

    Not the share of the goods *sold*, for which see `share_on_new_cost`.

    Examples
    --------
    >>> stock_on_new_cost(month=3, months_of_stock=4)
    0.75
    """
    return share_on_new_cost(month=month, months_of_stock=months_of_stock, flow="fifo_many")


def duty_in_cost(
    *,
    duty: ArrayLike,
    old_duty: ArrayLike,
    months_of_stock: ArrayLike,
    flow: str,
    front_loaded_months: ArrayLike = 0.0,
) -> Array:
    """Return the duty in the cost of a unit sold, by month: that of the day it was received.

    Parameters
    ----------
    duty
        Duty per unit charged on receipts in each month, money, shape (..., months).
    old_duty
        Duty per unit charged before month 0, money.
    months_of_stock
        H, above 0.
    flow
        One of `FLOWS`. Replacement cost is the duty of the day, whatever is in stock.
    front_loaded_months
        Months of sales bought ahead at the old duty, on top of the usual stock; nothing more is
        received until they are used up.

    Returns
    -------
    ndarray
        Money per unit, shape (..., months).

    Raises
    ------
    ModelError
        If an argument leaves its range, or the flow is unknown.

    Examples
    --------
    >>> duty_in_cost(duty=[12, 12, 12, 12], old_duty=0, months_of_stock=2, flow="fifo_many")
    array([ 0.,  6., 12., 12.])
    >>> duty_in_cost(duty=[12, 12, 12, 12], old_duty=0, months_of_stock=2, flow="fifo")
    array([ 0.,  0.,  0., 12.])
    """
    _known(flow)
    paid = np.atleast_1d(checked("duty", duty, at_least=0, remedy="give money per unit by month"))
    old = checked("old_duty", old_duty, at_least=0, remedy="give money per unit, 0 if none")
    held = _held(months_of_stock)
    ahead = _ahead(front_loaded_months)
    lead = np.broadcast_shapes(paid.shape[:-1], old.shape, held.shape, ahead.shape)
    paid = np.broadcast_to(paid, (*lead, paid.shape[-1]))
    old, held, ahead = (np.broadcast_to(x, lead)[..., None] for x in (old, held, ahead))
    t = np.arange(float(paid.shape[-1]))
    if flow == "replacement":
        return np.array(paid)
    if flow == "fifo":
        received = _after(t, held)
        month = np.clip(np.ceil(received) - 1, 0, t[-1]).astype(np.intp)
        return np.where(_after(received, ahead) > 0, np.take_along_axis(paid, month, -1), old)
    if flow == "fifo_many":
        return (_total(paid, old, ahead, t) - _total(paid, old, ahead, t - held)) / held
    receipts = _total(paid, old, ahead, t + 1) - _total(paid, old, ahead, t)
    return _averaged(receipts, old[..., 0], np.minimum(1 / held, 1.0)[..., 0])


def carrying_cost(
    *,
    landed_cost: ArrayLike,
    holding_cost: ArrayLike,
    front_loaded_months: ArrayLike,
    month: ArrayLike,
) -> Numbers:
    """Return what front-loaded stock costs to hold, h L max(F - t, 0), per unit sold that month.

    Parameters
    ----------
    landed_cost
        L, what a unit of that stock cost, money, above 0.
    holding_cost
        h, cost of holding it a month as a fraction of its value, not negative.
    front_loaded_months
        F, months of sales bought ahead, not negative.
    month
        t, not negative.

    Returns
    -------
    float or ndarray
        Money per unit sold, a rate at that moment; over the months it sums to h L F^2/2.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> carrying_cost(landed_cost=50, holding_cost=0.02, front_loaded_months=3, month=1)
    2.0
    """
    value = checked("landed_cost", landed_cost, above=0, remedy="give money per unit")
    rate = checked("holding_cost", holding_cost, at_least=0, remedy="write 0.02 for 2% a month")
    ahead = _ahead(front_loaded_months)
    t = checked("month", month, at_least=0, remedy="count months from the duty's first day")
    return plain(rate * value * np.maximum(ahead - t, 0.0))


def _after(time: Array, event: Array) -> Array:
    """Return the months from `event` to `time`, rounded so that 4 - 2.55 - 1.45 is 0."""
    return np.asarray(np.round(time - event, 9))


def _total(paid: Array, old: Array, ahead: Array, until: Array) -> Array:
    """Return the duty on all receipts from month 0 to `until`, one unit a month.

    Before month 0 it runs backwards at the old duty; front-loaded units stand for receipts up to
    `ahead`. Shapes: `paid` (..., months), `old` and `ahead` (..., 1), `until` (..., points).
    """

    def statutory(u: Array) -> Array:
        shape = (*paid.shape[:-1], u.shape[-1])
        at = np.broadcast_to(np.clip(u, 0, paid.shape[-1]), shape)
        month = np.minimum(np.floor(at), paid.shape[-1] - 1).astype(np.intp)
        before = np.cumsum(paid, axis=-1) - paid
        return np.asarray(
            np.take_along_axis(before, month, -1)
            + np.take_along_axis(paid, month, -1) * (at - month)
        )

    late = np.maximum(until, ahead)
    return np.asarray(old * np.minimum(until, ahead) + statutory(late) - statutory(ahead))


def _averaged(receipts: Array, old: Array, renewed: Array) -> Array:
    """Return the average duty in stock by month when a fraction `renewed` is replaced monthly."""
    average, path = old, []
    for month in range(receipts.shape[-1]):
        path.append(average)
        average = average + renewed * (receipts[..., month] - average)
    return np.stack(np.broadcast_arrays(*path), axis=-1)


def _known(flow: str) -> None:
    require(flow in FLOWS, f"flow must be one of {', '.join(FLOWS)} (got {flow!r}); choose one")


def _held(months: ArrayLike) -> Array:
    remedy = "give months of stock, 12 over the turns a year"
    return checked("months_of_stock", months, above=0, remedy=remedy)


def _ahead(months: ArrayLike) -> Array:
    return checked("front_loaded_months", months, at_least=0, remedy="give months of sales")
