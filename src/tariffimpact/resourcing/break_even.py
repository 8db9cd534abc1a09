"""How soon a switch of origin earns its cost, for sure or under the odds that a rate lasts."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, Numbers, checked, plain


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
