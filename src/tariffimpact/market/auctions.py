"""Second-score auctions: each buyer takes bids, and the best offer is paid up to the next firm's.

A buyer values product j at ``utility_j + noise`` (type I extreme value) and every firm can give it
away down to its cost. The firm with the most to offer, value less cost, wins, and leaves the buyer
what the best other firm, or not buying, could have left. Sales are therefore efficient, logit
shares **at cost**, and a firm's margin, the same expected amount on each of its products, is its
mean lead:

    m_f = -log(1 - S_f) / (alpha S_f),    p_j = k_j + m_f.

Miller (2014), *International Journal of Industrial Organization* 37: 201-208.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact import units
from tariffimpact.arguments import checked
from tariffimpact.errors import require
from tariffimpact.market.choice import LogitDemand
from tariffimpact.market.equilibrium import READINGS, Ledger
from tariffimpact.market.model import check_names, named, positive
from tariffimpact.market.observed import checked_shares, observed_margins
from tariffimpact.market.policy import NO_DUTIES, Duties, Levy, levy
from tariffimpact.market.system import Array

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


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
        return AuctionResult(market=self, before=self.at(self.duties), after=self.at(duties))

    def at(self, duties: Duties) -> AuctionState:
        """Return sales and expected prices at `duties`; a closed form, so there is always one."""
        value = self.unit_cost if self.customs_value is None else self.customs_value
        charged = levy(duties=duties.sized(len(self.products)), unit_cost=self.unit_cost,
                       customs_value=value, reading="customs_value")  # fmt: skip
        shares = self.demand.shares(charged.cost)
        lead = _lead(shares, self.firms) / self.demand.price_coefficient
        return AuctionState(self, charged, shares, charged.cost + lead)


def _lead(shares: Array, firms: Sequence[str]) -> Array:
    """Return -log(1 - S)/S of each product's firm, the mean lead in units of the noise, (J,)."""
    names = np.asarray(firms)
    whole = (names[:, None] == names[None, :]) @ shares
    safe = np.maximum(whole, np.finfo(float).tiny)
    return np.asarray(-np.log1p(-whole) / safe)


@dataclass(frozen=True, slots=True)
class AuctionState:
    """Sales and expected prices; arrays of shape (J,)."""

    market: AuctionMarket
    levy: Levy
    shares: Array
    """Shares of the buyers, the outside good included."""
    prices: Array
    """Mean price paid by those who buy the product, money per unit."""

    @property
    def quantities(self) -> Array:
        """Units sold."""
        return self.market.demand.market_size * self.shares

    @property
    def margins(self) -> Array:
        """Price less cost with duty, over price."""
        return (self.prices - self.levy.cost) / self.prices

    def consumer_surplus(self) -> float:
        """Return what buyers keep, money: all gains from trade less the winners' leads."""
        demand = self.market.demand
        gains = demand.at(self.levy.cost).log_total / demand.price_coefficient
        return float(demand.market_size * gains - (self.prices - self.levy.cost) @ self.quantities)

    def money(self) -> dict[str, float]:
        """Return outlay, and profit, duty revenue and resource cost, which sum to it; money."""
        sold = self.quantities
        return {
            "outlay": float(self.prices @ sold),
            "profit": float(self.levy.profit(self.prices) @ sold),
            "duty_revenue": float(self.levy.duty(self.prices) @ sold),
            "resource_cost": float(self.levy.unit_cost @ sold),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctionResult:
    """An auction market before and after a change of duties."""

    market: AuctionMarket
    before: AuctionState
    after: AuctionState

    @property
    def price_change(self) -> Array:
        """Change of the mean price paid, money per unit, shape (J,)."""
        return self.after.prices - self.before.prices

    def ledger(self) -> Ledger:
        """Return who gained and lost over the market; it balances."""
        loss = self.before.consumer_surplus() - self.after.consumer_surplus()
        return Ledger.between(
            self.before.money(), self.after.money(), consumer_loss=loss,
            currency=self.market.currency,
        )  # fmt: skip

    def summary(self) -> str:
        """Return the change of each mean price in a sentence."""
        each = [
            f"{name} {units.money(float(rise), self.market.currency, 2)}"
            for name, rise in zip(self.market.products, self.price_change, strict=True)
        ]
        return f"Mean prices paid change by: {', '.join(each)}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product: mean price, share, margin and units, before and after."""
        import pandas as pd

        columns: dict[str, object] = {"product": self.market.products, "firm": self.market.firms}
        for when, state in (("before", self.before), ("after", self.after)):
            columns |= {
                f"price_{when}": state.prices,
                f"share_{when}": state.shares,
                f"margin_{when}": state.margins,
                f"quantity_{when}": state.quantities,
            }
        return pd.DataFrame(columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw who gained and lost, money."""
        return self.ledger().plot(ax)

    def explain(self) -> str:
        """Return the model and the reading of the duty."""
        return "\n".join(
            [
                "Second-score auction: the best offer wins and leaves the buyer what the best "
                "other firm could have; logit tastes, constant unit costs.",
                READINGS["customs_value"],
                "Sales are logit shares at cost; a firm's mean margin is -log(1 - S)/(a S).",
            ]
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
    sized = duties.sized(len(names))
    value = None if customs_value is None else positive(customs_value, names, "customs_value")
    if value is None:
        net = (cost - sized.specific) / (1 + sized.rate)
    else:
        net = cost - sized.rate * value - sized.specific
    utility = np.log(share / (1 - share.sum())) + cost / scale
    return AuctionMarket(
        products=names, firms=makers, demand=LogitDemand(utility, 1 / scale, size),
        unit_cost=positive(net, names, "unit_cost"), customs_value=value, duties=duties,
        currency=currency,
    )  # fmt: skip
