"""Four ways to set a price when cost moves: hold dollar or percent margin or profit, maximise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, Numbers, checked, plain
from tariffimpact.errors import require
from tariffimpact.pricing.demand import Demand
from tariffimpact.pricing.iso_profit import profit_holding_ratio


def hold_dollar_margin(*, price: ArrayLike, cost_change: ArrayLike) -> Numbers:
    """Return the price that keeps the money margin per unit, p1 = p0 + change of cost.

    Parameters
    ----------
    price
        p0, shelf price before sales tax, money per unit, above 0.
    cost_change
        Change of the seller's unit cost, money per unit; negative where a duty falls.

    Returns
    -------
    float or ndarray
        Money per unit.

    Raises
    ------
    ModelError
        If an argument leaves its range, or the price would not be above 0.

    Examples
    --------
    >>> hold_dollar_margin(price=100, cost_change=12.5)
    112.5
    """
    new_price = _price(price) + _change(cost_change)
    require(
        new_price.min() > 0,
        "cost_change takes more off than the whole price; give the change of cost per unit",
    )
    return plain(new_price)


def hold_percent_margin(
    *, price: ArrayLike, old_cost: ArrayLike, cost_change: ArrayLike
) -> Numbers:
    """Return the price that keeps the margin as a share of the price, p1 = p0 c1/c0.

    Parameters
    ----------
    price, cost_change
        See `hold_dollar_margin`.
    old_cost
        c0, the seller's unit cost before, money per unit, above 0 and below the price.

    Returns
    -------
    float or ndarray
        Money per unit.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> hold_percent_margin(price=100, old_cost=50, cost_change=12.5)
    125.0
    """
    cost, new_cost = costs(price=price, old_cost=old_cost, cost_change=cost_change)
    return plain(np.asarray(price) * (new_cost / cost))


def hold_profit(*, demand: Demand, old_cost: ArrayLike, cost_change: ArrayLike) -> Numbers:
    """Return the price nearest to the old one that keeps profit, NaN where no price does.

    The solution of (p1 - c1) q(p1) = (p0 - c0) q(p0), searched on both sides of p0. None exists
    where the highest profit at the new cost is below the old profit, as it always is after a cost
    rise if p0 was the best price before it.

    Parameters
    ----------
    demand
        Calibrated at the old price and volume.
    old_cost, cost_change
        See `hold_percent_margin`.

    Returns
    -------
    float or ndarray
        Money per unit; relative profit is met to about 1e-15.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> from tariffimpact.pricing.demand import IsoelasticDemand
    >>> demand = IsoelasticDemand(price=100, demand_elasticity=0.5)
    >>> round(hold_profit(demand=demand, old_cost=50, cost_change=12.5), 4)
    116.4578
    >>> demand = IsoelasticDemand(price=100, demand_elasticity=2)
    >>> hold_profit(demand=demand, old_cost=50, cost_change=12.5)
    nan
    """
    cost, new_cost = costs(price=demand.price, old_cost=old_cost, cost_change=cost_change)
    return plain(
        demand.price * profit_holding_ratio(demand=demand, old_cost=cost, new_cost=new_cost)
    )


def maximise(*, demand: Demand, old_cost: ArrayLike, cost_change: ArrayLike) -> Numbers:
    """Return the price with the highest profit at the new cost, argmax (p - c1) q(p).

    Closed forms: linear (c1 + choke price)/2, isoelastic c1 e/(e-1), logit by Lambert's W.

    Parameters
    ----------
    demand, old_cost, cost_change
        See `hold_profit`.

    Returns
    -------
    float or ndarray
        Money per unit. Under linear demand, the choke price where cost is above it.

    Raises
    ------
    ModelError
        If an argument leaves its range, or demand is isoelastic with an elasticity of 1 or less:
        profit then rises without bound with the price.

    Examples
    --------
    >>> from tariffimpact.pricing.demand import LinearDemand
    >>> demand = LinearDemand(price=100, demand_elasticity=2)  # 100 is best at a cost of 50
    >>> maximise(demand=demand, old_cost=50, cost_change=12.5)
    106.25
    """
    _, new_cost = costs(price=demand.price, old_cost=old_cost, cost_change=cost_change)
    return demand.optimal_price(unit_cost=new_cost)


def implied_elasticity(*, price: ArrayLike, old_cost: ArrayLike) -> Numbers:
    """Return the elasticity at which the old price was the best one, p0/(p0 - c0) (Lerner 1934).

    Parameters
    ----------
    price, old_cost
        See `hold_percent_margin`.

    Returns
    -------
    float or ndarray
        A positive number above 1.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> implied_elasticity(price=100, old_cost=50)
    2.0
    """
    cost, _ = costs(price=price, old_cost=old_cost, cost_change=0.0)
    return plain(np.asarray(price) / (np.asarray(price) - cost))


def costs(*, price: ArrayLike, old_cost: ArrayLike, cost_change: ArrayLike) -> tuple[Array, Array]:
    """Return old and new unit cost, checked against each other and the price.

    Raises
    ------
    ModelError
        Unless 0 < old cost < price and the new cost is above 0.
    """
    remedy = "give the seller's unit cost before the change, in money"
    old, at = checked("old_cost", old_cost, above=0, remedy=remedy), _price(price)
    require(
        np.all(old < at),
        f"old_cost must be below the price (got {_first(old, at, old >= at)}); "
        "a product sold at a loss has no profit to hold: check both are per unit",
    )
    new = old + _change(cost_change)
    require(
        new.min() > 0,
        f"cost_change must leave a cost above 0 (got a new cost of {new.min():g}); "
        "it cannot take off more than old_cost",
    )
    return old, new


def _price(price: ArrayLike) -> Array:
    return checked("price", price, above=0, remedy="give the shelf price before sales tax")


def _change(cost_change: ArrayLike) -> Array:
    return checked("cost_change", cost_change, remedy="give the change of cost per unit, in money")


def _first(cost: Array, price: Array, bad: ArrayLike) -> str:
    c, p, wrong = np.broadcast_arrays(cost, price, bad)
    at = int(np.argmax(wrong))
    return f"cost {c.flat[at]:g}, price {p.flat[at]:g}"
