r"""Logit firms whose own products face different duties, levied on the border price.

A multinational keeps the share t_k = 1/(1 + rate_k) of each dollar of p_k - k_k, so its products
no longer share one markup; but they share y = alpha x the firm's profit per consumer:

.. math:: p_k = k_k + (1 + g_k y)/\alpha, \quad g_k = 1/t_k, \quad
          \log \sum_k s_k (1 + t_k/y) = 0, \quad s_k = \exp(v_k - g_k y - h),

with v = utility - alpha k - 1. The condition is solved in this log form: y(1 - S) = T cycles when
one product dominates. Joint Newton on (h, y) first, a bracketed solve on the markets it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tariffimpact.market.aggregative import TOLERANCE
from tariffimpact.market.system import Array, Labels

_AIM = 2e-14
_LIMIT = 80


@dataclass(frozen=True, slots=True)
class ProfitIndices:
    """Solutions of many markets at once."""

    index: Array
    """y = alpha x profit per consumer, per firm, shape (N,)."""
    log_total: Array
    """h = log H per market, shape (M,)."""
    residual: Array
    """Largest relative first-order condition per market, shape (M,)."""
    iterations: Labels
    """Newton steps per market, shape (M,)."""


@dataclass(frozen=True, slots=True)
class _Ragged:
    """Products in firms, firms in markets, each adjacent."""

    product_starts: Labels
    firm_of: Labels
    firm_starts: Labels
    market_of: Labels

    @classmethod
    def of(cls, products: Labels, firms: Labels) -> _Ragged:
        return cls(
            np.cumsum(products) - products,
            np.repeat(np.arange(products.size), products),
            np.cumsum(firms) - firms,
            np.repeat(np.arange(firms.size), firms),
        )

    def firm_sum(self, value: Array) -> Array:
        return np.add.reduceat(value, self.product_starts)

    def market_sum(self, value: Array) -> Array:
        return np.add.reduceat(value, self.firm_starts)

    def log_sums(self, value: Array) -> Array:
        peak = np.maximum.reduceat(value, self.product_starts)
        return np.log(self.firm_sum(np.exp(value - peak[self.firm_of]))) + peak


def solve_profits(*, value: Array, gross: Array, products: Labels, firms: Labels) -> ProfitIndices:
    """Solve every market for the profit index of each firm.

    Parameters
    ----------
    value
        v = utility - alpha k - 1 of each product, shape (P,), those of a firm adjacent.
    gross
        g = 1 + rate of each product, shape (P,).
    products
        Products of each firm, shape (N,), summing to P.
    firms
        Firms of each market, shape (M,), summing to N.

    Examples
    --------
    >>> one = solve_profits(value=np.array([1.0]), gross=np.array([1.0]),
    ...                     products=np.array([1]), firms=np.array([1]))
    >>> z = one.index[0]; float(round(z * np.exp(z) / np.e, 12))
    1.0
    """
    ragged = _Ragged.of(products, firms)
    with np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore"):
        found = _newton(value, gross, ragged)
    left = np.flatnonzero(~(found.residual <= TOLERANCE) & np.isfinite(found.log_total))
    for market in left:
        _bracketed(found, int(market), value, gross, ragged)
    return found


def _newton(value: Array, gross: Array, ragged: _Ragged) -> ProfitIndices:
    """Joint Newton on (h, y), with the firm's share read off its own condition.

    Given y the condition fixes S = A y/(A y + B), A and B the sums of s and t s, whatever h is:
    with S written so, one dominant firm does not make the step cycle.
    """
    keep = 1 / gross
    types = ragged.log_sums(value)
    upper = _log_one_plus(types, ragged)
    h = upper.copy()
    least = np.minimum.reduceat(gross, ragged.product_starts)
    most = np.maximum.reduceat(gross, ragged.product_starts)
    y = _odds(types + 1 - upper[ragged.market_of]) / most
    residual, iterations = np.full(h.shape, np.inf), np.zeros(h.shape, dtype=np.intp)
    size = 1.0 + np.maximum.reduceat(np.abs(types), ragged.firm_starts) + upper
    for _ in range(_LIMIT):
        exponent = value - gross * y[ragged.firm_of]
        peak = np.maximum.reduceat(exponent, ragged.product_starts)
        part = np.exp(exponent - peak[ragged.firm_of])
        total, kept, grossed = (ragged.firm_sum(part * w) for w in (np.ones(1), keep, gross))
        mass = total * y + kept
        share = total * y / mass
        error = np.log(mass / y) + peak - h[ragged.market_of]
        outside = np.exp(-h)
        gap = outside + ragged.market_sum(share) - 1
        residual[:] = np.maximum(
            np.maximum.reduceat(np.abs(error), ragged.firm_starts), np.abs(gap)
        )
        moving = residual > _AIM * size
        if not moving.any():
            break
        iterations += moving
        slope = -(grossed * y + total + kept / y) / mass
        rise = (total * kept + y * (total * total - grossed * kept)) / (mass * mass) / slope
        dh = (gap - ragged.market_sum(rise * error)) / (outside - ragged.market_sum(rise))
        h_new = np.clip(h + dh, 0.0, upper)
        move = ((h_new - h)[ragged.market_of] - error) / slope
        h = h_new
        odds = _odds(types + 1 - h[ragged.market_of])
        y = np.clip(y + np.maximum(move, -0.9 * y), odds / most, odds / least)
    return ProfitIndices(y, h, residual, iterations)


def _log_one_plus(types: Array, ragged: _Ragged) -> Array:
    """Return log(1 + sum_f exp(types_f)) per market."""
    top = np.maximum(np.maximum.reduceat(types, ragged.firm_starts), 0.0)
    return top + np.log(np.exp(-top) + ragged.market_sum(np.exp(types - top[ragged.market_of])))


def _odds(level: Array) -> Array:
    """Return z with log z - log(1 + z) + z + 1 = level, near enough to bound a Newton step."""
    odds = np.maximum(np.logaddexp(0.0, level - 1), 1e-300)
    for _ in range(4):
        plus = 1 + odds
        error = np.log(odds) - np.log1p(odds) + plus - level
        odds = odds * np.maximum(1 - error * plus / (1 + odds * plus), 0.1)
    return odds


def _bracketed(
    found: ProfitIndices, market: int, value: Array, gross: Array, ragged: _Ragged
) -> None:
    """Solve one market by bisection on h, every firm's y bracketed at each h; write it back."""
    firms = np.flatnonzero(ragged.market_of == market)
    own = np.flatnonzero(np.isin(ragged.firm_of, firms))
    single = _Ragged.of(np.bincount(ragged.firm_of[own] - firms[0]), np.array([firms.size]))
    v, g = value[own], gross[own]
    low, high = 0.0, float(_log_one_plus(single.log_sums(v), single)[0])
    for _ in range(200):
        h = (low + high) / 2
        y = reply(v - h, g, single.product_starts)
        share = np.exp(v - g * y[single.firm_of] - h)
        gap = np.exp(-h) + share.sum() - 1
        if gap > 0:
            low = h
        else:
            high = h
        if high - low <= 4e-16 * max(1.0, high):
            break
    error = np.log(single.firm_sum(share * (1 + 1 / (g * y[single.firm_of]))))
    found.index[firms], found.log_total[market] = y, h
    found.residual[market] = max(float(np.abs(error).max()), abs(float(gap)))


def reply(level: Array, gross: Array, starts: Labels) -> Array:
    """Return each firm's y at a given market aggregate, by bisection in log y.

    `level` = v - h, shape (P,); ``sum_k exp(level_k - g_k y)(1 + 1/(g_k y)) = 1`` falls in y, and
    the root lies between the roots for all-highest and all-lowest duty.
    """
    counts = np.diff(np.append(starts, level.size))
    firm_of = np.repeat(np.arange(starts.size), counts)
    low = np.full(starts.size, -700.0)
    high = np.log(np.maximum(np.maximum.reduceat(level, starts), 0.0) + np.log(counts) + 2.0)
    for _ in range(70):
        middle = (low + high) / 2
        y = np.exp(middle)[firm_of]
        term = level - gross * y + np.log1p(1 / (gross * y))
        peak = np.maximum.reduceat(term, starts)
        above = peak + np.log(np.add.reduceat(np.exp(term - peak[firm_of]), starts)) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.exp((low + high) / 2)
