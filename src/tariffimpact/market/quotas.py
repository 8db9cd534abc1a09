"""Quotas: a limit on units, the price of a licence that makes it hold, and who earns the rent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError
from tariffimpact.market.state import MarketState
from tariffimpact.market.system import Array

Holder = Literal["government", "importer", "exporter"]
_ROUNDS = 60
_CLOSE = 1e-11


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A limit on the units sold of a group of products, with tradable licences.

    Each unit needs a licence; its price rises until sales meet the limit, and joins the cost that
    the seller prices against. The licence price times units is the rent, paid to `rent_to`:
    `government` if licences are auctioned, `importer` or `exporter` if they are given away.

    Parameters
    ----------
    products
        Names of the products that share the limit, or the name of one.
    limit
        Units, positive.
    rent_to
        Who holds the licences.

    Examples
    --------
    >>> Quota(products=("a", "b"), limit=1000.0).rent_to
    'government'
    """

    products: tuple[str, ...]
    limit: float
    rent_to: Holder = "government"

    def __post_init__(self) -> None:
        names = (self.products,) if isinstance(self.products, str) else tuple(self.products)
        object.__setattr__(self, "products", names)
        checked(
            f"quota on {', '.join(self.products)}: limit", self.limit, above=0,
            remedy="to shut a product out, drop it from the market",
        )  # fmt: skip
        if self.rent_to not in get_args(Holder):
            raise ModelError(f"quota: rent_to is one of {get_args(Holder)} (got {self.rent_to!r})")


def clear_quotas(
    solve: Callable[[Array], MarketState], quotas: Sequence[Quota], products: tuple[str, ...]
) -> MarketState:
    """Return the equilibrium in which every quota holds and only binding ones cost anything.

    `solve` maps licence prices, money per unit, shape (J,), to an equilibrium. Quotas are cleared
    in turn until none moves; products are substitutes, so licence prices only rise on the way.
    """
    members = [_members(quota, products) for quota in quotas]
    if np.sum(members, axis=0).max() > 1:
        raise ModelError("quotas: a product is under two quotas; put each product under one")
    price = np.zeros(len(quotas))
    licence = np.zeros(len(products))
    state = solve(licence)
    for _ in range(_ROUNDS):
        last = price.copy()
        for i, quota in enumerate(quotas):
            price[i], state = _clear(solve, licence, members[i], quota, price[i], state)
            licence[members[i]] = price[i]
        if np.all(np.abs(price - last) <= _CLOSE * state.prices.max()):
            return state
    raise ModelError(
        f"quotas on {', '.join(name for q in quotas for name in q.products)}: licence prices did "
        "not settle; impose them one at a time"
    )


def _members(quota: Quota, products: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    missing = [name for name in quota.products if name not in products]
    if missing or not quota.products:
        raise ModelError(f"quota: {missing or 'no product'} is not in this market: {products}")
    return np.array([name in quota.products for name in products])


def _clear(
    solve: Callable[[Array], MarketState],
    licence: Array,
    member: np.ndarray[tuple[int], np.dtype[np.bool_]],
    quota: Quota,
    guess: float,
    state: MarketState,
) -> tuple[float, MarketState]:
    """Return the licence price at which one quota just holds, others' given."""
    from scipy.optimize import brentq

    def excess(price: float) -> float:
        nonlocal state
        trial = licence.copy()
        trial[member] = price
        state = solve(trial)
        return float(np.log(state.quantities[member].sum() / quota.limit))

    if excess(0.0) <= 0:
        return 0.0, state
    high = max(guess, 0.05 * float(state.prices[member].mean()))
    for _ in range(60):
        if excess(high) <= 0:
            break
        high *= 2
    else:
        raise ModelError(
            f"quota on {', '.join(quota.products)}: no licence price brings sales down to "
            f"{quota.limit:g} units; raise the limit"
        )
    price = float(brentq(excess, 0.0, high, xtol=1e-14 * high, rtol=1e-14))
    excess(price)
    return price, state
