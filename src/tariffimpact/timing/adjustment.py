"""Prices that close only part of the gap to their target each month, faster up than down."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, checked


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
