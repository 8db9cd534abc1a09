"""Sums, peaks and copies over the firms of each market, however firms lie in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tariffimpact.market.system import Array, Labels


@dataclass(frozen=True, slots=True)
class Grouping:
    """How firms lie in memory: a rectangle, firms along one axis, or ragged in one row."""

    total: Callable[[Array], Array]
    """Sum over the firms of each market."""
    spread: Callable[[Array], Array]
    """Repeat a market's number for each of its firms."""
    peak: Callable[[Array], Array]
    """Maximum over the firms of each market."""
    some: Callable[[Array, Labels], Array] | None = None
    """The firms of some markets; None where that is not cheap."""


def rectangle(axis: int) -> Grouping:
    """Return the grouping of markets with as many firms each, which lie along `axis`."""
    across = (slice(None), None) if axis else (None, slice(None))
    return Grouping(
        total=lambda firm: np.add.reduce(firm, axis=axis),
        spread=lambda market: market[across],
        peak=lambda firm: np.maximum.reduce(firm, axis=axis),
        some=None if axis else lambda firm, markets: firm[:, markets],
    )


def ragged(counts: Labels) -> Grouping:
    """Return the grouping of markets of `counts` firms, one after the other."""
    starts = np.cumsum(counts) - counts
    market = np.repeat(np.arange(counts.size), counts)
    return Grouping(
        total=lambda firm: np.add.reduceat(firm, starts),
        spread=lambda value: value[market],
        peak=lambda firm: np.maximum.reduceat(firm, starts),
    )
