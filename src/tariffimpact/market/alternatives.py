"""Markets without posted prices of many products: one good by Cournot, and second-score auctions.

In the auction a buyer values product j at ``utility_j + noise`` (type I extreme value) and every
firm can give it away down to its cost. The firm with the most to offer, value less cost, wins, and
leaves the buyer what the best other firm, or not buying, could have left. Sales are therefore
efficient, logit shares **at cost**, and a firm's margin, the same expected amount on each of its
products, is its mean lead:

    m_f = -log(1 - S_f) / (alpha S_f),    p_j = k_j + m_f.

Miller (2014), *International Journal of Industrial Organization* 37: 201-208.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact import units
from tariffimpact.arguments import checked
from tariffimpact.errors import NoEquilibrium, require
from tariffimpact.market.calibration import checked_shares, observed_margins
from tariffimpact.market.changes import OneChange
from tariffimpact.market.demand_systems import Array, LogitDemand, refuse_unknown
from tariffimpact.market.equilibrium import READINGS, State
from tariffimpact.market.model import check_names, named, positive
from tariffimpact.market.policy import NO_DUTIES, Duties, Levy, Reading, levy
from tariffimpact.market.solvers.newton import TOLERANCE

Curve = Literal["linear", "isoelastic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales(State):
    """One equilibrium; arrays of shape (J,) over products (Cournot: over firms)."""

    labels: dict[str, tuple[str, ...]]
    """What a row of a frame is of."""
    levy: Levy
    prices: Array
    """Money per unit; in an auction the mean paid by those who buy the product."""
    quantities: Array
    """Units; 0 for a Cournot firm whose cost is above the price."""
    shares: Array
    """Of all units sold (auction: of all buyers)."""
    residual: float = 0.0
    licence_price: Array = field(default_factory=lambda: np.zeros(()))


@dataclass(frozen=True, slots=True, kw_only=True)
class CournotMarket:
    """Firms that sell one good, each from one source at a constant unit cost.

    Calibrated by `calibrate_cournot`: demand passes through the observed price and sales.
    """

    firms: tuple[str, ...]
    unit_cost: Array
    """c without duty, money per unit, shape (F,)."""
    price: float
    """Observed price, money per unit."""
    quantity: float
    """Observed total sales, units."""
    demand_elasticity: float
    """-(P/Q) dQ/dP at the observed point, positive."""
    curve: Curve = "linear"
    duties: Duties = NO_DUTIES
    reading: Reading = "customs_value"
    currency: str = "USD"

    def levy(self, duties: Duties) -> Levy:
        """Return what duties do to each firm's cost and profit weight; customs value is c."""
        return levy(duties=duties.sized(self.firms), unit_cost=self.unit_cost,
                    customs_value=None, reading=self.reading)  # fmt: skip

    def impose(self, duties: Duties) -> CournotResult:
        """Return the market before (duties in force) and after `duties` replace them."""
        return CournotResult(market=self, before=self._solve(self.duties), reading=self.reading,
                             after=self._solve(duties), currency=self.currency)  # fmt: skip

    def inverse(self, total: float) -> tuple[float, float]:
        """Return the price at total sales, and -dP/dQ there."""
        if self.curve == "linear":
            slope = self.price / (self.demand_elasticity * self.quantity)
            return self.price + slope * (self.quantity - total), slope
        price = self.price * (total / self.quantity) ** (-1 / self.demand_elasticity)
        return price, price / (self.demand_elasticity * total)

    def _replies(self, total: float, cost: Array) -> Array:
        """Return the sales each firm wants when the total is `total`: P - k = -P' q, or none."""
        price, slope = self.inverse(total)
        return np.maximum(price - cost, 0.0) / slope

    def consumer_loss(self, before: Sales, after: Sales) -> float:
        """Return the area left of demand between the two prices, money; positive is a loss."""
        start, end = float(before.quantities.sum()), float(after.quantities.sum())
        old, new = float(before.prices[0]), float(after.prices[0])
        if self.curve == "linear":
            return (start + end) / 2 * (new - old)
        bend = 1 - self.demand_elasticity
        growth = math.log(new / old)
        return old * start * (growth if bend == 0 else math.expm1(bend * growth) / bend)

    def _solve(self, duties: Duties) -> Sales:
        from scipy.optimize import brentq

        at = self.levy(duties)

        def excess(log_total: float) -> float:
            total = math.exp(log_total)
            return float(self._replies(total, at.cost).sum() / total - 1)

        top = math.log(self._choke(float(at.cost.min())))
        bottom = top - 1.0
        while excess(bottom) <= 0 and bottom > top - 700:
            bottom -= 4.0
        if not excess(bottom) > 0 > excess(top):
            raise NoEquilibrium(
                f"Cournot market of {units.listed(self.firms)}: no equilibrium at these duties; "
                "no firm sells at a profit, or demand is too inelastic for so few firms "
                "(isoelastic demand needs n x elasticity above 1)"
            )
        total = math.exp(float(brentq(excess, bottom, top, xtol=1e-15, rtol=1e-15)))
        sold = self._replies(total, at.cost)
        price, _ = self.inverse(float(sold.sum()))
        residual = abs(excess(math.log(float(sold.sum()))))
        require(residual <= TOLERANCE, f"Cournot market: condition missed by {residual:.1e}")
        return Sales(labels={"firm": self.firms}, levy=at, prices=np.full(sold.size, price),
                     quantities=sold, shares=sold / sold.sum(), residual=residual)  # fmt: skip

    def _choke(self, cost: float) -> float:
        """Return total sales at which the price is the lowest cost."""
        if self.curve == "isoelastic":
            return float(self.quantity * (cost / self.price) ** -self.demand_elasticity)
        total = self.quantity * (1 + self.demand_elasticity * (1 - cost / self.price))
        require(total > 0, "Cournot market: every firm's cost is above what any buyer would pay")
        return total


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CournotResult(OneChange):
    """A homogeneous market before and after a change of duties; one row per firm."""

    market: CournotMarket
    before: Sales
    after: Sales

    @property
    def consumer_loss(self) -> float:
        """The area left of demand between the two prices, money; positive is a loss."""
        return self.market.consumer_loss(self.before, self.after)

    def summary(self) -> str:
        """Return the price and who left the market, in a sentence."""
        sold = zip(self.market.firms, self.before.quantities, self.after.quantities, strict=True)
        left = [firm for firm, old, new in sold if old > 0 >= new]
        gone = f" {units.listed(left)} no longer sells." if left else ""
        old, new = (units.money(float(s.prices[0]), self.market.currency, 2)
                    for s in (self.before, self.after))  # fmt: skip
        return f"The price goes from {old} to {new}.{gone}"

    def explain(self) -> str:
        """Return the model, the reading and the check."""
        return (
            f"Cournot, one homogeneous good, {self.market.curve} demand of elasticity "
            f"{self.market.demand_elasticity:g} at the observed point, constant unit costs.\n"
            f"{READINGS[self.market.reading]}\n"
            f"Relative condition: {self.before.residual:.1e} before, {self.after.residual:.1e} "
            "after."
        )


def calibrate_cournot(
    *,
    firms: Sequence[str],
    price: float,
    quantities: ArrayLike,
    demand_elasticity: float,
    curve: Curve = "linear",
    duties: Duties = NO_DUTIES,
    reading: Reading = "customs_value",
    currency: str = "USD",
) -> CournotMarket:
    """Return the market in which the observed price and sales are the Cournot equilibrium.

    ``(P - k_f)/P = (q_f/Q) / elasticity``; unit costs without duty follow from `duties` in force.

    Parameters
    ----------
    firms
        Names, each once: a firm that sells from several sources at constant costs would use only
        the cheapest, so give it one line, or use differentiated products.
    price, quantities
        Price (duty included), money per unit; units sold by each firm, shape (F,).
    demand_elasticity
        -(P/Q) dQ/dP, positive.
    curve
        `linear` or `isoelastic` demand through the observed point.
    duties, reading, currency
        As in `Market`; the customs value is the unit cost.

    Examples
    --------
    >>> market = calibrate_cournot(firms=["home", "abroad"], price=10.0, quantities=[5.0, 5.0],
    ...                            demand_elasticity=1.0)
    >>> market.unit_cost
    array([5., 5.])
    >>> market.impose(Duties(specific=[0.0, 3.0])).summary()
    'The price goes from $10.00 to $11.00.'
    """
    names = tuple(map(str, firms))
    require(len(set(names)) == len(names), "firms: a firm appears twice; give it one line")
    checked("demand_elasticity", demand_elasticity, above=0, remedy="write 1.5, not -1.5")
    checked("price", price, above=0, remedy="give money per unit, duty included")
    refuse_unknown("curve", [curve], get_args(Curve))
    sold = positive(quantities, names, "quantities")
    lerner = sold / sold.sum() / demand_elasticity
    net = duties.sized(names).net(price * (1 - lerner), None)
    market = CournotMarket(
        firms=names, unit_cost=np.ones(len(names)), price=float(price),
        quantity=float(sold.sum()), demand_elasticity=float(demand_elasticity), curve=curve,
        duties=duties, reading=reading, currency=currency,
    )  # fmt: skip
    return replace(market, unit_cost=positive(net, names, "unit_cost"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctionMarket:
    """Products sold by second-score auction to each buyer; see `calibrate_auction`.

    Duties are read as a cost on the customs value (`customs_value` of `policy.levy`): a levy on the
    price a firm is paid would change which of its products it wants to win with.
    """

    products: tuple[str, ...]
    firms: tuple[str, ...]
    demand: LogitDemand
    """Plain logit, read at costs instead of prices."""
    unit_cost: Array
    """c without duty, money per unit, shape (J,)."""
    customs_value: Array | None = None
    """Money per unit, shape (J,); None for the unit cost."""
    duties: Duties = NO_DUTIES
    """Duties in force before."""
    currency: str = "USD"

    def impose(self, duties: Duties) -> AuctionResult:
        """Return the market before (duties in force) and after `duties` replace them."""
        return AuctionResult(market=self, before=self.at(self.duties), after=self.at(duties),
                             reading="customs_value", currency=self.currency)  # fmt: skip

    def at(self, duties: Duties) -> Sales:
        """Return sales and expected prices at `duties`; a closed form, so there is always one."""
        charged = levy(duties=duties.sized(self.products), unit_cost=self.unit_cost,
                       customs_value=self.customs_value, reading="customs_value")  # fmt: skip
        shares = self.demand.shares(charged.cost)
        lead = _lead(shares, self.firms) / self.demand.price_coefficient
        return Sales(labels={"product": self.products, "firm": self.firms}, levy=charged,
                     prices=charged.cost + lead, shares=shares,
                     quantities=self.demand.market_size * shares)  # fmt: skip

    def consumer_surplus(self, at: Sales) -> float:
        """Return what buyers keep, money: all gains from trade less the winners' leads."""
        gains = self.demand.at(at.levy.cost).log_total / self.demand.price_coefficient
        lead = (at.prices - at.levy.cost) @ at.quantities
        return float(self.demand.market_size * gains - lead)


def _lead(shares: Array, firms: Sequence[str]) -> Array:
    """Return -log(1 - S)/S of each product's firm, the mean lead in units of the noise, (J,)."""
    names = np.asarray(firms)
    whole = (names[:, None] == names[None, :]) @ shares
    safe = np.maximum(whole, np.finfo(float).tiny)
    return np.asarray(-np.log1p(-whole) / safe)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AuctionResult(OneChange):
    """An auction market before and after a change of duties; one row per product."""

    market: AuctionMarket
    before: Sales
    after: Sales

    @property
    def consumer_loss(self) -> float:
        """The fall of what buyers keep, money; positive is a loss."""
        return self.market.consumer_surplus(self.before) - self.market.consumer_surplus(self.after)

    def summary(self) -> str:
        """Return the change of each mean price in a sentence."""
        each = [
            f"{name} {units.money(float(rise), self.market.currency, 2)}"
            for name, rise in zip(self.market.products, self.price_change, strict=True)
        ]
        return f"Mean prices paid change by: {', '.join(each)}."

    def explain(self) -> str:
        """Return the model and the reading of the duty."""
        return (
            "Second-score auction: the best offer wins and leaves the buyer what the best other "
            f"firm could have; logit tastes, constant unit costs.\n{READINGS['customs_value']}\n"
            "Sales are logit shares at cost; a firm's mean margin is -log(1 - S)/(a S)."
        )


def calibrate_auction(
    *,
    products: Sequence[str],
    firms: Sequence[str],
    prices: ArrayLike,
    shares: ArrayLike,
    margins: Mapping[str, float] | ArrayLike,
    size: float = 1.0,
    duties: Duties = NO_DUTIES,
    customs_value: ArrayLike | None = None,
    currency: str = "USD",
) -> AuctionMarket:
    """Return the auction market in which observed mean prices and shares are what comes out.

    Parameters
    ----------
    products, firms
        Names and makers, length J.
    prices
        Mean price paid for each product, duty included, money per unit, shape (J,).
    shares
        Of all buyers, summing to less than 1, shape (J,).
    margins
        (p - k)/p with k the cost with duty, in (0, 1): by product, or an array with NaN where
        unknown. Several are met by least squares.
    size
        Buyers, units.
    duties, customs_value, currency
        As in `Market`.

    Raises
    ------
    ModelError
        If input is out of range, no margin is given, or a cost is not positive.

    Examples
    --------
    >>> market = calibrate_auction(products=["a", "b"], firms=["f", "g"], prices=[10.0, 10.0],
    ...                            shares=[0.4, 0.4], margins={"a": 0.3})
    >>> market.impose(Duties(specific=[1.0, 0.0])).price_change.round(3)
    array([0.799, 0.158])
    """
    names, makers = named(products), named(firms)
    check_names(names, makers, len(names))
    price = positive(prices, names, "prices")
    share = checked_shares(shares, names, outside=True)
    known = observed_margins(margins, names)
    seen = np.isfinite(known)
    require(seen.any(), "margins: give at least one; prices and shares do not tell costs")
    checked("size", size, above=0, remedy="give the number of buyers")
    lead = _lead(share, makers)
    pull = (lead / price)[seen]
    scale = float(pull @ known[seen] / (pull @ pull))  # 1/alpha: margin is scale x lead / price
    cost = positive(price - scale * lead, names, "cost with duty")
    value = None if customs_value is None else positive(customs_value, names, "customs_value")
    net = duties.sized(names).net(cost, value)
    utility = np.log(share / (1 - share.sum())) + cost / scale
    return AuctionMarket(
        products=names, firms=makers, demand=LogitDemand(utility, 1 / scale, size),
        unit_cost=positive(net, names, "unit_cost"), customs_value=value, duties=duties,
        currency=currency,
    )  # fmt: skip
