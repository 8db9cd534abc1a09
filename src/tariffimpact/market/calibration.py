"""From an observed equilibrium to a market: prices, shares, owners, at least one margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError, require
from tariffimpact.market import families
from tariffimpact.market.conduct import Conduct, Game
from tariffimpact.market.estimation import Lerner, estimate
from tariffimpact.market.families import DemandName
from tariffimpact.market.fit import Fit
from tariffimpact.market.model import Market, check_names, named, positive
from tariffimpact.market.observed import (
    MarginBase,
    Observed,
    checked_shares,
    market_shares,
    observed_margins,
)
from tariffimpact.market.ownership import checked_ownership, ownership_matrix
from tariffimpact.market.policy import NO_DUTIES, Duties, Reading
from tariffimpact.market.solving import require_maximum
from tariffimpact.market.system import Array, DemandSystem


def calibrate(
    *,
    products: Sequence[str],
    firms: Sequence[str],
    prices: ArrayLike,
    shares: ArrayLike | None = None,
    quantities: ArrayLike | None = None,
    outside_share: float | None = None,
    size: float = 1.0,
    margins: Mapping[str, float] | ArrayLike | None = None,
    margin_on: MarginBase = "price",
    demand: DemandName = "logit",
    nests: ArrayLike | None = None,
    fixed: Mapping[str, float] | None = None,
    elasticities: ArrayLike | None = None,
    duties: Duties = NO_DUTIES,
    reading: Reading = "customs_value",
    customs_value: ArrayLike | None = None,
    conduct: Conduct = "bertrand",
    ownership: ArrayLike | None = None,
    currency: str = "USD",
) -> Market:
    """Return the market whose equilibrium is the observed one.

    Prices and shares are met exactly; unknown demand parameters are those whose margins lie
    nearest the ones supplied (least squares on (p - k)/p); unit costs follow from the first-order
    conditions. ``market.fit`` says how far each margin is missed.

    Parameters
    ----------
    products, firms
        Names and makers, length J.
    prices
        Shelf prices before sales tax, duty included, money per unit, shape (J,).
    shares
        Fractions, shape (J,). Logit, linear, log-linear: of units in the potential market, summing
        to less than 1. CES: of outlay, outside good included. AIDS: of outlay on these products,
        summing to 1.
    quantities
        Units sold, shape (J,), instead of `shares`; with `outside_share`, the share of the
        potential market (units; CES: outlay) that buys none of them. AIDS needs none.
    size
        With `shares`: what they are shares of, units (CES, AIDS: money).
    margins
        Price less cost **with duty**, as a fraction in (0, 1): an array with NaN where unknown, or
        a mapping from product to margin. One or many.
    margin_on
        Base of the margins: `price`, the shelf price: (p - k)/p; or `net_price`, the price less
        duty per unit: (p - k)/(p - d). Under `border_price` the second is (w - c)/w.
    demand
        `logit`, `ces`, `linear`, `log_linear` or `aids`.
    nests
        Nest of each product, for logit and CES: adds the parameter `nesting`.
    fixed
        Parameters not to estimate: `price_coefficient`, `elasticity`, `nesting`, `slope`,
        `market_elasticity`.
    elasticities
        Linear, log-linear and AIDS: E[j, k] = d ln q_j / d ln p_k at the observed point, (J, J),
        instead of diversion in proportion to share. AIDS takes those of one homothetic consumer,
        to within 0.005.
    duties
        Duties **in force** when this was observed: fraction of customs value, never of price.
    reading, customs_value, conduct, ownership, currency
        As in `Market`.

    Raises
    ------
    ModelError
        If input is out of range, a parameter is not identified, the model cannot meet the margin,
        a cost is not positive, or a firm is not at a maximum of its profit at the observed prices.

    Examples
    --------
    >>> market = calibrate(products=["a", "b"], firms=["f", "g"], prices=[100.0, 120.0],
    ...                    shares=[0.3, 0.2], margins={"a": 0.4})
    >>> market.fit.summary()
    'price_coefficient = 0.035714 from 1 margin, exactly; largest miss 0.00 pp at a.'
    >>> market.equilibrium().prices.round(8)
    array([100., 120.])
    """
    seen = _observe(
        products=named(products), firms=named(firms), prices=prices,
        shares=shares, quantities=quantities, outside_share=outside_share, size=size,
        demand=demand, duties=duties, reading=reading, customs_value=customs_value,
        margin_on=margin_on,
    )  # fmt: skip
    require(conduct in get_args(Conduct), f"conduct: one of {get_args(Conduct)} (got {conduct!r})")
    require(
        margin_on in get_args(MarginBase),
        f"margin_on: one of {get_args(MarginBase)} (got {margin_on!r})",
    )
    supplied = observed_margins(margins, seen.products)
    require(
        conduct != "price_taking" or not np.isfinite(supplied).any(),
        "margins: price takers earn none, so they say nothing of demand; leave margins out and "
        "give the parameters as fixed",
    )
    weights = (
        ownership_matrix(seen.firms) if ownership is None
        else checked_ownership(ownership, seen.firms)
    )  # fmt: skip
    keep = 1 / (1 + seen.duties.rate) if reading == "border_price" else np.ones(len(products))

    def lerner(system: DemandSystem) -> Array:
        return Game(system, weights, seen.prices, keep, conduct).implied_lerner(seen.prices)

    system, estimated = _demand(
        demand, seen, lerner, supplied, nests=nests, fixed=fixed or {}, elasticities=elasticities
    )
    found = lerner(system)
    _check_markups(found, seen.products)
    market = Market(
        products=seen.products, firms=seen.firms, demand=system,
        unit_cost=seen.unit_cost(seen.prices * (1 - found)), customs_value=seen.customs_value,
        duties=duties, reading=reading, conduct=conduct,
        ownership=None if ownership is None else weights, currency=currency,
        fit=Fit(products=seen.products, prices=seen.prices, observed=supplied,
                fitted=seen.margin(found), parameters=estimated, margin_on=margin_on),
    )  # fmt: skip
    everything = np.ones(len(products), dtype=bool)
    require_maximum(market.game(market.levy(duties)), seen.prices, seen.firms, everything)
    return market


def _demand(
    demand: DemandName,
    seen: Observed,
    lerner: Lerner,
    margins: Array,
    *,
    nests: ArrayLike | None,
    fixed: Mapping[str, float],
    elasticities: ArrayLike | None,
) -> tuple[DemandSystem, dict[str, float]]:
    """Return the demand system, from elasticities or margins, and the parameters estimated."""
    target = seen.lerner(margins)
    if elasticities is not None:
        require(
            nests is None and not fixed,
            "elasticities: they say all of demand; leave nests and fixed out",
        )
        return families.given(demand, seen, elasticities), {}
    typical = float(np.nanmean(target)) if np.isfinite(target).any() else 0.3
    shape = families.family(demand, seen, nests, typical)
    return estimate(shape, target, lerner, fixed, seen.products)


def _observe(
    *,
    products: tuple[str, ...],
    firms: tuple[str, ...],
    prices: ArrayLike,
    shares: ArrayLike | None,
    quantities: ArrayLike | None,
    outside_share: float | None,
    size: float,
    demand: DemandName,
    duties: Duties,
    reading: Reading,
    customs_value: ArrayLike | None,
    margin_on: MarginBase,
) -> Observed:
    """Return what was observed, checked, shares in the base of the demand system."""
    check_names(products, firms, len(products))
    price = positive(prices, products, "prices")
    outside = demand != "aids"
    if (shares is None) == (quantities is None):
        raise ModelError("shares, quantities: give one of the two")
    if quantities is not None:
        sold = positive(quantities, products, "quantities")
        inside = 1.0 if not outside else 1 - _outside(outside_share)
        values = sold * price if demand in ("ces", "aids") else sold
        share, size = market_shares(values=values, inside=inside)
    else:
        checked("size", size, above=0, remedy="say what the shares are shares of, units or money")
        share = checked_shares(shares if shares is not None else [], products, outside=outside)
    return Observed(
        products=products, firms=firms, prices=price, shares=share, size=size,
        duties=duties.sized(len(products)), reading=reading, margin_on=margin_on,
        customs_value=None if customs_value is None
        else positive(customs_value, products, "customs_value"),
    )  # fmt: skip


def _outside(share: float | None) -> float:
    if share is None or not 0 < share < 1:
        raise ModelError(
            f"outside_share: give the share of the potential market that buys none of the "
            f"products, in (0, 1) (got {share}); quantities alone do not say it"
        )
    return share


def _check_markups(lerner: Array, products: tuple[str, ...]) -> None:
    for name, value in zip(products, lerner, strict=True):
        require(
            0 <= value < 1,
            f"{name}: the demand found implies a margin of {value:.4g} of its price, outside "
            "[0, 1), so a cost that is not positive; the margins supplied do not fit these prices "
            "and shares",
        )
