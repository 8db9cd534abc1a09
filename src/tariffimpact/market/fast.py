"""The firm-level Newton compiled by numba, market by market: the same steps, the same results."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Literal

import numpy as np

from tariffimpact.errors import ModelError
from tariffimpact.market.kernels import Block, Found, Kernel, levied_block, refuse
from tariffimpact.market.system import Array, Labels

_LIMIT = 80
_AIM = 2e-14
_FLOOR = 700.0


def fast_kernel(demand: Literal["logit", "ces"], *, uniform: bool) -> Kernel:
    """Return the compiled solver of a chunk; firms with uneven duties keep the array code.

    Raises
    ------
    ModelError
        If numba is not installed.
    """
    types, newton = _compiled()
    if not uniform:
        return levied_block
    multiplicative = demand == "ces"

    def solve_block(block: Block) -> Found:
        prices = np.empty_like(block.cost)
        residual = np.empty(block.firms.size)
        steps = np.empty(block.firms.size, dtype=np.intp)
        log_types = np.empty(block.products.size)
        types(block.utility, block.slope, block.cost, block.products, block.firms,
              multiplicative, log_types)  # fmt: skip
        newton(log_types, block.slope, block.cost, block.products, block.firms,
               multiplicative, prices, residual, steps)  # fmt: skip
        bad = block.cost <= 0 if multiplicative else block.cost < 0
        return Found(prices, refuse(block, bad, residual), steps)

    return solve_block


@cache
def _compiled() -> tuple[Callable[..., None], Callable[..., None]]:
    try:
        from numba import njit
    except ImportError as error:
        raise ModelError(
            "backend='numba' needs the extra [fast]: pip install 'tariffimpact[fast]', or use "
            "backend='numpy'"
        ) from error
    compiler = njit(cache=True, error_model="numpy")
    return compiler(_types), compiler(_newton)


def _types(
    utility: Array, slope: Array, cost: Array, products: Labels, firms: Labels,
    multiplicative: bool, log_types: Array,
) -> None:  # fmt: skip
    """Write log T of every firm: log sum exp of utility - slope x (log) cost."""
    product = firm = 0
    for market in range(firms.size):
        for _ in range(firms[market]):
            end = product + products[firm]
            peak, total = -np.inf, 0.0
            for j in range(product, end):
                level = math.log(cost[j]) if multiplicative else cost[j]
                value = utility[j] - slope[market] * level
                if value <= peak:
                    total += math.exp(value - peak)
                else:
                    total = total * math.exp(peak - value) + 1.0
                    peak = value
            log_types[firm] = peak if products[firm] == 1 else peak + math.log(total)
            product = end
            firm += 1


def _newton(
    log_types: Array, slope: Array, cost: Array, products: Labels, firms: Labels,
    multiplicative: bool, prices: Array, residual: Array, steps: Labels,
) -> None:  # fmt: skip
    """Write prices, residual and steps of every market; see `aggregative._newton`."""
    odds, error, fall = np.empty((3, firms.max()))
    product = firm = 0
    for market in range(firms.size):
        count = firms[market]
        types = log_types[firm : firm + count]
        curve = 1.0 / slope[market] if multiplicative else 0.0
        least = math.log1p(curve) / curve if multiplicative else 1.0
        top, scale, largest = 0.0, 0.0, 0.0
        for f in range(count):
            top = max(top, types[f])
        for f in range(count):
            scale += math.exp(types[f] - top - least)
        upper = top + math.log(math.exp(-top) + scale)
        for f in range(count):
            types[f] = max(types[f], upper - _FLOOR)
            largest = max(largest, abs(types[f]))
            shift = types[f] - least - upper
            odds[f] = max(shift, 0.0) + math.log1p(math.exp(-abs(shift)))
        h, worst, taken = upper, np.inf, 0
        for step in range(_LIMIT):
            outside = math.exp(-h)
            whole, unit, pull, drop, worst = -1.0, 1.0, 0.0, outside, 0.0
            for f in range(count):
                if odds[f] > 1.0:
                    whole, unit = whole + 1.0, min(unit, 1.0 / (1.0 + odds[f]))
            gap = outside + whole
            for f in range(count):
                z = odds[f]
                plus = 1.0 + z
                bend = math.log1p(curve * plus) / curve if multiplicative else plus
                error[f] = math.log(z / plus) + bend + h - types[f]
                gap += z / plus if z <= 1.0 else -1.0 / plus
                flat = 1.0 / (1.0 + curve * plus)
                fall[f] = plus * z / (1.0 + z * plus * flat)
                pull += error[f] * fall[f] / (plus * plus)
                drop += fall[f] / (plus * plus)
                worst = worst if worst > abs(error[f]) else abs(error[f])
            worst = worst if worst > abs(gap) / unit else abs(gap) / unit
            if not worst > _AIM * (1.0 + largest + upper):
                break
            taken = step + 1
            h_new = min(max(h + (gap - pull) / drop, 0.0), upper)
            for f in range(count):
                odds[f] += max(-fall[f] * (error[f] + h_new - h), -0.9 * odds[f])
            h = h_new
        residual[market] = worst
        steps[market] = taken
        for f in range(count):
            for j in range(product, product + products[firm + f]):
                if multiplicative:
                    prices[j] = cost[j] * (1.0 + (1.0 + odds[f]) * curve)
                else:
                    prices[j] = cost[j] + (1.0 + odds[f]) / slope[market]
            product += products[firm + f]
        firm += count
