"""What the models ask of their arguments: numbers, finite, of ordinary size, inside a range."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact.errors import ModelError

Array = NDArray[np.float64]
Numbers = float | Array
"""A number, or an array of them that broadcasts against the other arguments."""

PERCENT_FROM: Final = 3.0
"""A rate this large was written in percent."""
_LARGEST: Final = 1e30
_SMALLEST: Final = 1e-30


def checked(
    name: str,
    value: ArrayLike,
    *,
    remedy: str,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> Array:
    """Return `value` as an array of floats, or say which argument is wrong and how to mend it.

    Every entry must be a number between -1e30 and 1e30 and keep the bounds that are given; one
    that must be `above=0` must also reach 1e-30.

    Raises
    ------
    ModelError
        Naming the argument, its bound, the value and the remedy.

    Examples
    --------
    >>> checked("price", -1, above=0, remedy="give the shelf price")
    Traceback (most recent call last):
    tariffimpact.errors.ModelError: price must be above 0 (got -1); give the shelf price
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ModelError(f"{name} must be a number (got {value!r:.60}); {remedy}") from None
    if not array.size:
        raise ModelError(f"{name} holds no value; {remedy}")
    low, high = float(array.min()), float(array.max())
    if not (low >= -_LARGEST and high <= _LARGEST):
        got = high if high > _LARGEST else low
        raise ModelError(f"{name} must be a number of ordinary size (got {got:g}); {remedy}")
    for broken, bound, got in (
        (above is not None and low <= above, f"above {above}", low),
        (above == 0 and low < _SMALLEST, f"at least {_SMALLEST}", low),
        (at_least is not None and low < at_least, f"at least {at_least}", low),
        (below is not None and high >= below, f"below {below}", high),
        (at_most is not None and high > at_most, f"at most {at_most}", high),
    ):
        if broken:
            raise ModelError(f"{name} must be {bound} (got {got:g}); {remedy}")
    return array


def check_rate(name: str, value: ArrayLike) -> None:
    """Refuse a rate that was written in percent: 15 for 15%. No duty known comes near 300%.

    Raises
    ------
    ModelError
        If any entry is 3 or more in size, with the fraction that was probably meant.

    Examples
    --------
    >>> check_rate("ad_valorem", 25)
    Traceback (most recent call last):
    tariffimpact.errors.ModelError: ad_valorem is a fraction (got 25); write 0.25 for 25%
    """
    largest = float(np.max(np.abs(np.asarray(value, dtype=np.float64)), initial=0.0))
    if largest >= PERCENT_FROM:
        meant = f"write {largest / 100:g} for {largest:g}%"
        raise ModelError(f"{name} is a fraction (got {largest:g}); {meant}")


def plain(array: ArrayLike) -> Numbers:
    """Return an array of no dimensions as a float, any other as it is."""
    values = np.asarray(array, dtype=np.float64)
    return values if values.ndim else values.item()
