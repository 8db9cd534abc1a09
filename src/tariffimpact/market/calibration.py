"""From an observed equilibrium to a market: prices, shares, owners, at least one margin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError, NoEquilibrium, require
from tariffimpact.market import fit as fitting
from tariffimpact.market.conduct import (
    Conduct,
    Game,
    Ownership,
    checked_ownership,
    ownership_matrix,
)
from tariffimpact.market.demand_systems import UNMADE, Array, DemandSystem, refuse_unknown, vector
from tariffimpact.market.fit import DemandName, Fit, Lerner, MarginBase, Observed
from tariffimpact.market.model import Market, Numbers, check_names, named, positive, refuse_value
from tariffimpact.market.policy import NO_DUTIES, Duties, Reading, by_product
from tariffimpact.market.solvers import refuse_captive
from tariffimpact.market.solvers.maxima import refuse_unbounded, require_best

if TYPE_CHECKING:
    import pandas as pd

_SUMS = 1e-9
_COLUMNS = {"product": "products", "firm": "firms", "price": "prices", "share": "shares",
            "quantity": "quantities", "margin": "margins", "nest": "nests",
            "customs_value": "customs_value"}  # fmt: skip
"""Columns of a frame, and the arguments they stand for."""


def calibrate(
    data: pd.DataFrame | None = None,
    *,
    products: Sequence[str] | None = None,
    firms: Sequence[str] | Mapping[str, str] | None = None,
    prices: Numbers | None = None,
    shares: Numbers | None = None,
    quantities: Numbers | None = None,
    outside_share: float | None = None,
    market_elasticity: float | None = None,
    size: float = 1.0,
    margins: Numbers | None = None,
    margin_on: MarginBase = "price",
    demand: DemandName = "logit",
    nests: ArrayLike | Mapping[str, str] | None = None,
    fixed: Mapping[str, float] | None = None,
    elasticities: ArrayLike | None = None,
    duties: Duties = NO_DUTIES,
    reading: Reading = "customs_value",
    customs_value: Numbers | None = None,
    conduct: Conduct = "bertrand",
    ownership: Ownership | None = None,
    currency: str = "USD",
) -> Market:
    """Return the market whose equilibrium is the observed one.

    Prices and shares are met exactly; unknown demand parameters are those whose margins lie
    nearest the ones supplied (least squares on (p - k)/p); unit costs follow from the first-order
    conditions. ``market.fit`` says how far each margin is missed; an answer made from a market that
    misses one by more than a percentage point says so.

    Parameters
    ----------
    data
        A frame with one row per product: `product`, `firm`, `price`, `share` or `quantity`, and if
        known `margin` (NaN where not), `nest`, `customs_value`, `ad_valorem` and `specific` (duties
        in force), in place of the arguments of these names.
    products, firms
        Names and makers, length J; wherever there is a number or a name per product, a mapping from
        product is taken too.
    prices
        Shelf prices before sales tax, duty included, money per unit, shape (J,).
    shares
        Fractions, shape (J,). Logit, linear, log-linear: of units in the potential market, summing
        to less than 1. CES: of outlay, outside good included. AIDS: of outlay on these products,
        summing to 1; so do logit and CES shares with ``outside_share=0``.
    quantities
        Units sold, shape (J,), instead of `shares`; with `outside_share`, the share of the
        potential market (units; CES: outlay) that buys none of them: 0 (logit, CES) if buyers must
        buy one. AIDS needs none.
    market_elasticity
        Fall of all sales in percent if all prices rise by one percent, in place of `outside_share`,
        which then follows from it (AIDS: the parameter of that name).
    size
        With `shares`: what they are shares of, units (CES, AIDS: money).
    margins
        Price less cost **with duty**, as a fraction in (0, 1): an array with NaN where unknown, or
        a mapping from product to margin. One or many.
    margin_on
        Base of the margins: `price`, (p - k)/p of the shelf price, k the cost with duty; or
        `net_price`, (p - d - c)/(p - d) of the price net of duty, c the cost without it; under
        `border_price` that is (w - c)/w.
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
    if data is not None:
        own = {"products": products, "firms": firms, "prices": prices, "shares": shares,
               "quantities": quantities, "margins": margins, "nests": nests,
               "customs_value": customs_value, "duties": duties}  # fmt: skip
        read = _from_frame(data, own)
        return calibrate(
            **read, outside_share=outside_share, market_elasticity=market_elasticity, size=size,
            margin_on=margin_on, demand=demand, fixed=fixed, elasticities=elasticities,
            reading=reading, conduct=conduct, ownership=ownership, currency=currency,
        )  # fmt: skip
    refuse_unknown("conduct", [conduct], get_args(Conduct))
    refuse_unknown("margin_on", [margin_on], get_args(MarginBase))
    parameters = dict(fixed or {})
    if market_elasticity is not None and demand == "aids":
        parameters["market_elasticity"], market_elasticity = market_elasticity, None
    names = _names(products, prices)
    makers = _labels(firms, names, "firms")
    check_names(names, makers, len(names))
    require((shares is None) != (quantities is None), "shares, quantities: give one of the two")
    require(prices is not None, "prices: give one for each product")
    assert prices is not None
    price = positive(prices, names, "prices")
    value = None if customs_value is None else positive(customs_value, names, "customs_value")
    refuse_value(value, reading)
    seen = Observed(
        products=names, firms=makers, prices=price, shares=price, size=size,
        duties=duties.sized(names), reading=reading, margin_on=margin_on, customs_value=value,
    )  # fmt: skip
    weights = (
        ownership_matrix(makers) if ownership is None else checked_ownership(ownership, makers)
    )
    keep = 1 / (1 + seen.duties.rate) if reading == "border_price" else np.ones(len(names))

    def lerner(system: DemandSystem) -> Array:
        return Game(system, weights, price, keep, conduct).implied_lerner(price)

    if outside_share == 0 and demand in ("logit", "ces"):
        refuse_captive(weights, conduct, makers)
    asked = _Asked(
        name=demand, lerner=lerner, margins=observed_margins(margins, names), fixed=parameters,
        nests=None if nests is None else _labels(nests, names, "nests"), elasticities=elasticities,
    )  # fmt: skip
    require(
        conduct != "price_taking" or not np.isfinite(asked.margins).any(),
        "margins: price takers earn none, so they say nothing of demand; leave margins out and "
        "give the parameters as fixed",
    )

    def sold(outside: float | None) -> Observed:
        return _sold(seen, demand, shares, quantities, outside)

    if market_elasticity is None:
        now = sold(outside_share)
    else:
        require(outside_share is None and shares is None,
                "market_elasticity: it stands in place of outside_share and shares; give "
                "quantities with it")  # fmt: skip
        now = asked.by_elasticity(market_elasticity, sold)
    system, estimated = asked.demand(now)
    if market_elasticity is not None:
        estimated |= {"outside_share": float(1 - now.shares.sum())}
    found = lerner(system)
    _check_markups(found, names)
    market = Market(
        products=names, firms=makers, demand=system, customs_value=value, duties=duties,
        unit_cost=seen.unit_cost(price * (1 - found)), reading=reading, conduct=conduct,
        ownership=None if ownership is None else weights, currency=currency,
        fit=Fit(products=names, prices=price, observed=asked.margins,
                fitted=seen.margin(found), parameters=estimated, margin_on=margin_on),
    )  # fmt: skip
    _require_equilibrium(market, price)
    return market


def _require_equilibrium(market: Market, prices: Array) -> None:
    """Raise a `ModelError` if a firm is not at its best there, unless none is ever best."""
    at = market.levy(market.duties)
    game, free = market.game(at), np.ones(prices.size, dtype=bool)
    try:
        refuse_unbounded(game, market.firms, market.products, free)
    except NoEquilibrium:
        return
    require_best(game, prices, market.firms, market.products, free, at.duty(prices) > 0)


def _from_frame(data: pd.DataFrame, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that a frame stands for, with those given beside it."""
    both = [column for column, name in _COLUMNS.items()
            if column in data and own[name] is not None]  # fmt: skip
    if both:
        raise ModelError(f"data: {both[0]} is a column, and {_COLUMNS[both[0]]} is given too; "
                         "leave one of them out")  # fmt: skip
    read = {name: value for name, value in own.items() if value is not None}
    for column, name in _COLUMNS.items():
        if column in data:
            read[name] = data[column].to_numpy()
    levied = {name: data[name].to_numpy(dtype=np.float64)
              for name in ("ad_valorem", "specific", "dutiable_share") if name in data}  # fmt: skip
    if levied:
        require(own["duties"] is NO_DUTIES, "data: it holds duties, and duties are given too")
        read["duties"] = Duties(**levied)
    missing = [c for c in ("product", "firm", "price") if _COLUMNS[c] not in read]
    require(
        not missing,
        f"data: no column {missing and missing[0]}; it has {', '.join(map(str, data.columns))}",
    )
    if "nests" in read:
        read["nests"] = [str(nest) for nest in read["nests"]]
    return read


def _names(products: Sequence[str] | None, prices: Numbers | None) -> tuple[str, ...]:
    """Return the names of the products, those of the prices by name if there are no others."""
    if products is not None:
        return named(products)
    require(isinstance(prices, Mapping), "products: name them, or give prices by product")
    assert isinstance(prices, Mapping)
    return named([*prices])


def _labels(
    given: Sequence[str] | Mapping[str, str] | ArrayLike | None, names: tuple[str, ...], what: str
) -> tuple[str, ...]:
    """Return one label per product, from a sequence or a mapping by product."""
    if given is None:
        raise ModelError(f"{what}: name one for each product")
    if not isinstance(given, Mapping):
        return named(np.asarray(given, dtype=object).ravel().tolist())
    refuse_unknown(what, given, names, UNMADE)
    return named([given.get(name) for name in names])


def _sold(
    seen: Observed, demand: DemandName, shares: Numbers | None, quantities: Numbers | None,
    outside_share: float | None,
) -> Observed:  # fmt: skip
    """Return what was observed with shares in the base of the demand system, and their size."""
    inside = outside_share == 0 and demand in ("logit", "ces")
    closed = inside or demand == "aids"
    if shares is not None:
        given = by_product(shares, seen.products, "shares", 0.0)
        checked("size", seen.size, above=0,
                remedy="say what the shares are shares of, units or money")  # fmt: skip
        share = checked_shares(given, seen.products, outside=not closed)
        return replace(seen, shares=share, outside_good=not inside)
    assert quantities is not None
    sold = positive(quantities, seen.products, "quantities")
    if not closed and (outside_share is None or not 0 < outside_share < 1):
        raise ModelError(
            "outside_share: give the share of the potential market that buys none of the "
            f"products, in (0, 1), or the market_elasticity (got {outside_share}); quantities "
            "alone do not say it"
        )
    part = 1.0 if closed or outside_share is None else 1 - outside_share
    values = sold * seen.prices if demand in ("ces", "aids") else sold
    total = float(values.sum())
    return replace(seen, shares=values / total * part, size=total / part,
                   outside_good=not inside)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What demand is to meet: margins, elasticities or given parameters."""

    name: DemandName
    lerner: Lerner
    margins: Array
    nests: tuple[str, ...] | None
    fixed: Mapping[str, float]
    elasticities: ArrayLike | None

    def demand(self, seen: Observed) -> tuple[DemandSystem, dict[str, float]]:
        """Return the demand system, from elasticities or margins, and the parameters estimated."""
        name, target = self.name, seen.lerner(self.margins)
        if self.elasticities is not None:
            require(
                self.nests is None and not self.fixed,
                "elasticities: they say all of demand; leave nests and fixed out",
            )
            return fitting.given(name, seen, self.elasticities), {}
        typical = float(np.nanmean(target)) if np.isfinite(target).any() else 0.3
        shape = fitting.family(name, seen, self.nests, typical)
        return fitting.estimate(shape, target, self.lerner, self.fixed, seen.products)

    def by_elasticity(self, wanted: float, sold: Callable[[float], Observed]) -> Observed:
        """Return the market whose outside share is the one at which all sales have an elasticity.

        `sold` says what was observed at an outside share.
        """
        from scipy.optimize import brentq

        checked("market_elasticity", wanted, above=0, remedy="write 1.5, not -1.5")

        def at(line: float) -> Observed:
            return sold(float(1 / (1 + np.exp(-line))))

        def gap(line: float) -> float:
            now = at(line)
            return fitting.market_elasticity(self.demand(now)[0], now.prices) - wanted

        known = []
        for line in np.linspace(-12, 12, 25):
            with suppress(ModelError):
                known.append((line, gap(line)))
        require(known, "market_elasticity: no outside share meets the margins; check them")
        signs = [(a, b) for (a, x), (b, y) in pairwise(known) if x * y <= 0]
        reach = [value + wanted for _, value in known]
        require(
            signs,
            f"market_elasticity: {wanted:g} is out of reach: with these margins it lies between "
            f"{min(reach):.3g} and {max(reach):.3g} for {self.name} demand, whatever the "
            "outside share",
        )
        return at(float(brentq(gap, *signs[0], xtol=1e-13)))


def _check_markups(lerner: Array, products: tuple[str, ...]) -> None:
    for name, value in zip(products, lerner, strict=True):
        if not 0 <= value < 1:
            raise NoEquilibrium(
                f"{name}: the demand found implies a margin of {value:.4g} of its price, outside "
                "[0, 1), so a cost that is not positive; the margins supplied do not fit these "
                "prices and shares"
            )


def observed_margins(margins: Numbers | None, products: Sequence[str]) -> Array:
    """Return margins as an array, NaN where none is known, or name the one outside (0, 1)."""
    if margins is None:
        return np.full(len(products), np.nan)
    full = np.array(by_product(margins, products, "margins", np.nan), dtype=np.float64)
    require(
        full.shape == (len(products),),
        f"margins: shape {full.shape} for {len(products)} products; give one per product, NaN "
        "where it is not known, or a mapping from product to margin",
    )
    for name, value in zip(products, full, strict=True):
        require(
            np.isnan(value) or 0 < value < 1,
            f"{name}: margin {value:g} is outside (0, 1); give price less cost over price as a "
            "fraction, 0.25 for 25%",
        )
    return full


def checked_shares(shares: ArrayLike, products: Sequence[str], *, outside: bool) -> Array:
    """Return shares as floats, or say which is wrong, or that they sum wrongly, to 1 or below."""
    full = vector(shares, len(products), "shares")
    for name, value in zip(products, full, strict=True):
        require(value > 0, f"{name}: share {value:g} must be positive; drop a product not sold")
        require(value <= 1, f"{name}: share {value:g} is above 1; give fractions, 0.25 for 25%")
    total = float(full.sum())
    require(
        not outside or total < 1,
        f"shares: they sum to {total:.4g}; with an outside good they must sum to less than 1: give "
        "shares of the potential market as fractions, or quantities and outside_share (0 if buyers "
        "must buy one)",
    )
    require(
        outside or abs(total - 1) <= _SUMS,
        f"shares: they sum to {total:.6g}; shares of these products alone (AIDS, or an outside "
        "share of 0) sum to 1",
    )
    return full
