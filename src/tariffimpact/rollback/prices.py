"""How far and how fast a price falls when a duty does: not as far and as fast as it rose."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, checked
from tariffimpact.errors import require


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
    checked("earlier_rise", rise - start, below=0, remedy="a rise is less than the price")
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
