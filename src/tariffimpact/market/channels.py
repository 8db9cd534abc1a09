"""How much of a price change is a firm's own, and how much its rivals' response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tariffimpact import units
from tariffimpact.market.model import Market
from tariffimpact.market.policy import Duties
from tariffimpact.market.system import Array

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Each price change in two parts that add up to it, money per unit, shape (J,)."""

    products: tuple[str, ...]
    cost_change: Array
    """Change of k, the cost the price is set against."""
    own: Array
    """What its maker would do alone, rivals' prices held where they were."""
    rivals: Array
    """What follows because rivals reprice too."""
    currency: str = "USD"

    def summary(self) -> str:
        """Return the largest change and its parts in a sentence."""
        j = int(np.argmax(np.abs(self.own + self.rivals)))
        own, rivals = (units.money(float(x[j]), self.currency, 2) for x in (self.own, self.rivals))
        return f"{self.products[j]}: {own} by its maker alone, {rivals} as rivals respond."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product: `cost_change`, `own`, `rivals`, `price_change`, money."""
        import pandas as pd

        return pd.DataFrame(
            {
                "product": self.products,
                "cost_change": self.cost_change,
                "own": self.own,
                "rivals": self.rivals,
                "price_change": self.own + self.rivals,
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw, per product, the span from the firm's own change to the whole change, money."""
        from tariffimpact import charts

        ends = np.sort([self.own, self.own + self.rivals], axis=0)
        frame = self.to_frame().rename(columns={"product": "label"})
        return charts.range_bars(
            frame.assign(low=ends[0], high=ends[1]), form="money", currency=self.currency,
            x_label="price change: alone, and with rivals' response", ax=ax,
        )  # fmt: skip

    def explain(self) -> str:
        """Return what is held fixed in each part."""
        return (
            "Own: the maker's best prices at the new costs with every rival price held at its old "
            "level. Rivals: the full equilibrium less that."
        )


def split_channels(market: Market, duties: Duties) -> Channels:
    """Return each product's price change split into its maker's own part and rivals' response.

    Raises
    ------
    ModelError
        If a market on the way has no equilibrium.

    Examples
    --------
    >>> from tariffimpact.market import calibrate
    >>> market = calibrate(products=["a", "b"], firms=["f", "g"], prices=[100.0, 100.0],
    ...                    shares=[0.3, 0.3], margins={"a": 0.4})
    >>> split_channels(market, Duties([0.25, 0.0])).summary()
    'a: $11.08 by its maker alone, $0.13 as rivals respond.'
    """
    result = market.impose(duties)
    before = result.before
    own = np.zeros_like(before.prices)
    for firm in dict.fromkeys(market.firms):
        mine = np.array([name == firm for name in market.firms])
        old = zip(market.products, before.prices, mine, strict=True)
        held = {name: float(price) for name, price, ours in old if not ours}
        alone = market.equilibrium(duties, hold=held)
        own[mine] = (alone.prices - before.prices)[mine]
    return Channels(
        products=market.products, own=own, rivals=result.price_change - own,
        cost_change=result.after.levy.cost - before.levy.cost, currency=market.currency,
    )  # fmt: skip
