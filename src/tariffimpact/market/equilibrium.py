"""A market at rest: prices, what is sold at them, who gets the money, and how prices respond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tariffimpact.errors import ModelError
from tariffimpact.market.conduct import Game
from tariffimpact.market.demand_systems import Array, ChoiceDemand, Flags
from tariffimpact.market.policy import Levy, Quota, Reading
from tariffimpact.market.solvers.maxima import known_best, uniqueness

if TYPE_CHECKING:
    import pandas as pd

READINGS: dict[Reading, str] = {
    "customs_value": "The duty is a cost on a customs value given to the price-setter: k = c + "
    "rate x v + specific.",
    "border_price": "The duty is levied on the price w the firm itself charges at the border: p = "
    "(1 + rate) w + specific.",
}


class State:
    """What every market at rest says of its money; arrays of shape (..., J), J products or firms.

    Leading axes are scenarios; a scenario without an equilibrium is NaN.
    """

    __slots__ = ()
    levy: Levy
    prices: Array
    licence_price: Array

    @property
    def quantities(self) -> Array:
        """Units sold."""
        raise NotImplementedError

    @property
    def shares(self) -> Array:
        """Market shares, in the base of the demand system."""
        raise NotImplementedError

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """What a row of a frame is of."""
        raise NotImplementedError

    @property
    def margins(self) -> Array:
        """Price less cost with duty, over price: (p - k)/p."""
        return (self.prices - self.levy.cost) / self.prices

    @property
    def duty(self) -> Array:
        """Duty a unit, money, the licence not included."""
        duty = self.levy.duty(self.prices) - self.licence_price
        return np.where(np.isfinite(self.prices), duty, np.nan)

    @property
    def border_prices(self) -> Array:
        """Price net of duty and licence, money per unit."""
        return self.prices - self.levy.duty(self.prices)

    @property
    def profit(self) -> Array:
        """Profit of each product, money."""
        return self.levy.profit(self.prices) * self.quantities

    def money(self) -> dict[str, Array]:
        """Return what consumers pay and who gets it: `outlay` is the sum of the other four."""
        sold = self.quantities
        each = {"outlay": self.prices, "profit": self.levy.profit(self.prices),
                "duty_revenue": self.duty, "resource_cost": self.levy.unit_cost,
                "quota_rent": self.licence_price}  # fmt: skip
        return {name: (values * sold).sum(axis=-1) for name, values in each.items()}


@dataclass(frozen=True, slots=True)
class MarketState(State):
    """One equilibrium of a market, or many; arrays of shape (J,) or (..., J), as its products."""

    game: Game
    firms: tuple[str, ...]
    levy: Levy
    prices: Array
    """Shelf prices before sales tax, money per unit."""
    licence_price: Array
    """Price of a quota licence per unit, money; 0 without a binding quota."""
    held: Flags
    """Whether the price was fixed from outside, bool."""
    residual: float | Array
    """Largest first-order condition relative to its terms, at most 1e-10; of many scenarios shape
    (...), infinite where unsolved."""
    iterations: int
    products: tuple[str, ...] = ()
    ties: tuple[tuple[str, ...], ...] = ()
    """Products whose prices move together."""

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Product and firm of each row of a frame."""
        return {"product": self.products, "firm": self.firms}

    @property
    def quantities(self) -> Array:
        """Units sold."""
        return self.game.demand.quantities(self.prices)

    @property
    def shares(self) -> Array:
        """Market shares, in the base of the demand system."""
        return self.game.demand.shares(self.prices)

    def elasticities(self) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J)."""
        return self.game.demand.elasticities(self.prices)

    def diversion_ratios(self) -> Array:
        """Return D[j, k], the share of j's lost sales won by k when j's price rises; -1 own."""
        slopes = self.game.demand.slopes(self.prices) / self.prices[None, :]
        return -slopes / np.diag(slopes)[:, None]

    def pass_through(self) -> Array:
        """Return R[j, l] = dp_j / dk_l, money per money, shape (J, J), exact.

        k_l is the cost of product l with duty: under `customs_value` one dollar of it is one
        dollar of duty. Rows of products whose price is held are zero.
        """
        return self._solve(self.game.cost_response(self.prices))

    def tariff_response(self) -> Array:
        """Return T[j, l] = dp_j / d rate_l, money per unit of ad valorem rate, shape (J, J).

        Counts the change of the firm's weight under `border_price` as well as that of its cost.
        """
        base = self.levy
        if base.fixed_duty is not None:
            raise ModelError(
                "tariff_response: under the reading 'customs_value' the duty is a cost; multiply "
                "pass_through() by each product's customs value"
            )
        cost = self.game.cost_response(self.prices) * base.unit_cost[None, :]
        weight = self.game.weight_response(self.prices) * -(base.weight**2)[None, :]
        return self._solve(cost + weight)

    def labelled(self, matrix: Array) -> pd.DataFrame:
        """Return a matrix of this market as a frame with the products as rows and columns."""
        import pandas as pd

        names = pd.Index(self.products, name="product")
        return pd.DataFrame(matrix, index=names, columns=names.rename(None))

    def _solve(self, forcing: Array) -> Array:
        """Return dp given d residual / d something, held prices staying put."""
        if self.ties:
            raise ModelError(
                "pass_through: prices that are tied move together, not each by its own condition; "
                "ask a market without ties, or impose a small duty"
            )
        free = ~self.held
        answer = np.zeros_like(forcing)
        block = self.game.jacobian(self.prices)[np.ix_(free, free)]
        answer[free] = -np.linalg.solve(block, forcing[free]) * self.prices[free, None]
        return answer

    @property
    def best(self) -> bool:
        """Whether no firm can earn more at any other prices; else only a local maximum is known."""
        return not self.ties and known_best(self.game, self.firms, ~self.held)

    def uniqueness(self) -> str | None:
        """Return why this equilibrium is the only one, or None where there is no certificate."""
        return None if self.ties else uniqueness(self.game, self.firms)


def standing(state: MarketState) -> str:
    """Return what is known of a solved market's profits, in a sentence."""
    if state.best:
        return "Every firm is at the highest profit that any prices of its own bring."
    return (
        "Every firm is at a local maximum of its profit; a higher one at quite other prices is not "
        "excluded."
    )


def assumptions(game: Game, reading: Reading) -> list[str]:
    """Return what a market answer assumes of demand, conduct and duty, a sentence each."""
    told = [
        f"Demand: {type(game.demand).__name__}; conduct: {game.conduct}; unit costs constant.",
        READINGS[reading],
    ]
    if isinstance(game.demand, ChoiceDemand):
        told.append(
            "All products are substitutes in this demand: goods that are bought together are not "
            "seen as such."
        )
    return told


_ROUNDS = 60
_CLOSE = 1e-11


def clear_quotas(
    solve: Callable[[Array], MarketState], quotas: Sequence[Quota], products: tuple[str, ...]
) -> MarketState:
    """Return the equilibrium in which every quota holds and only binding ones cost anything.

    `solve` maps licence prices, money per unit, shape (J,), to an equilibrium. Quotas are cleared
    in turn until none moves; products are substitutes, so licence prices only rise on the way.
    """
    members = [quota.members(products) for quota in quotas]
    if np.sum(members, axis=0).max() > 1:
        raise ModelError("quotas: a product is under two quotas; put each product under one")
    price, licence = np.zeros(len(quotas)), np.zeros(len(products))
    level = solve(licence).prices
    for _ in range(_ROUNDS):
        last = price.copy()
        for i, (quota, member) in enumerate(zip(quotas, members, strict=True)):
            guess = max(price[i], 0.05 * float(level[member].mean()))
            price[i] = licence[member] = _cleared(solve, licence, member, quota, guess)
        if np.all(np.abs(price - last) <= _CLOSE * level.max()):
            return solve(licence)
    raise ModelError(
        f"quotas on {', '.join(name for q in quotas for name in q.products)}: licence prices did "
        "not settle; impose them one at a time"
    )


def _cleared(
    solve: Callable[[Array], MarketState], licence: Array, member: Flags, quota: Quota, guess: float
) -> float:
    """Return the licence price at which one quota just holds, others' given."""
    from scipy.optimize import brentq

    def excess(price: float) -> float:
        sold = solve(np.where(member, price, licence)).quantities
        return float(np.log(sold[member].sum() / quota.limit))

    if excess(0.0) <= 0:
        return 0.0
    for high in guess * 2.0 ** np.arange(60):
        if excess(high) <= 0:
            return float(brentq(excess, 0.0, high, xtol=1e-14 * high, rtol=1e-14))
    raise ModelError(
        f"quota on {', '.join(quota.products)}: no licence price brings sales down to "
        f"{quota.limit:g} units; raise the limit"
    )
