"""A tariff in a market known up to ranges: the span of answers over the box, by search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.market.conduct import Conduct
from tariffimpact.market.demand_systems import Array
from tariffimpact.market.fit import DemandName
from tariffimpact.market.policy import Duties, Reading
from tariffimpact.market.product_table import ProductTable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_SEED = 20250821


@dataclass(frozen=True, slots=True, repr=False)
class MarketRange(Answer):
    """Price changes over every point of the ranges that was tried and has an equilibrium."""

    products: tuple[str, ...]
    firms: tuple[str, ...]
    low: Array
    """Smallest change of the shelf price found, money, shape (J,)."""
    high: Array
    prices: Array
    """Prices before at the middle of the ranges, money, shape (J,)."""
    pass_through_low: Array
    """Smallest change of price over change of duty per unit, shape (J,); NaN where untaxed."""
    pass_through_high: Array
    points: int
    """Points of the box tried."""
    refused: int
    """Points at which the inputs contradict one another or no equilibrium exists."""
    currency: str = "USD"

    def summary(self) -> str:
        """Return each product's range in a sentence."""
        spans = [
            f"{name} {units.money(Interval(float(a), float(b)), self.currency, 2)}"
            for name, a, b in zip(self.products, self.low, self.high, strict=True)
        ]
        return f"If rivals respond, shelf prices change by: {'; '.join(spans)}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product: changes of price, money, and pass-through, low and high."""
        import pandas as pd

        return pd.DataFrame(
            {
                "product": self.products,
                "firm": self.firms,
                "price": self.prices,
                "price_change_low": self.low,
                "price_change_high": self.high,
                "pass_through_low": self.pass_through_low,
                "pass_through_high": self.pass_through_high,
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each product's range of price changes, money."""
        from tariffimpact import charts

        names = {"product": "label", "price_change_low": "low", "price_change_high": "high"}
        frame = self.to_frame().rename(columns=names)
        return charts.range_bars(
            frame, form="money", currency=self.currency, x_label="change of shelf price", ax=ax
        )

    def explain(self) -> str:
        """Return how the range was found and what it is conditional on."""
        if self.points == 1:
            return (
                "No input is a range: one market, calibrated to its prices, sales and margins and "
                "solved before and after."
            )
        return (
            f"Found by search: {self.points} points of the ranges, half of them corners, "
            f"{self.refused} of them refused (inputs that contradict one another, or no "
            "equilibrium). The true range over the box may be a little wider. Each point is a "
            "market calibrated to its prices, sales and margins, solved before and after."
        )


def impose_range(
    table: ProductTable,
    *,
    outside_share: Interval,
    ad_valorem: float,
    where: Mapping[str, str],
    specific: float = 0.0,
    demand: DemandName = "logit",
    reading: Reading = "customs_value",
    conduct: Conduct = "bertrand",
    fixed: Mapping[str, float] | None = None,
    points: int = 200,
) -> MarketRange:
    """Return the range of price changes when duties rise on the chosen products.

    `ad_valorem` (fraction of customs value) and `specific` (money per unit) are added to the
    duties in force on products with the text `where` asks for; the rest is as in `calibrate`.
    A margin given as a range is one unknown for all products: it moves together, and so does the
    customs share.

    The ends are the lowest and highest answers **reached**, each at a point of the ranges, over
    `points` of them: half corners, half inside, the same ones every time. Price changes need not
    be monotone in the inputs, so the true range may be a little wider. Where no input is a range
    one market is solved.

    Raises
    ------
    ModelError
        If no point of the ranges has an equilibrium.
    """
    chosen = table.where(where)
    if table.exact and outside_share.is_exact:
        points = 1
    rng = np.random.default_rng(_SEED)
    found, refused, last = [], 0, None
    for i in range(points):
        draw = rng.random if i % 2 else lambda size=None: rng.integers(0, 2, size).astype(float)
        part = {name: np.asarray(draw(chosen.size)) for name in table.low}
        for common in ("margin", "customs_share"):
            part[common] = np.full(chosen.size, float(draw()))
        outside = outside_share.low + float(draw()) * (outside_share.high - outside_share.low)
        try:
            market = table.market(outside_share=outside, demand=demand, reading=reading,
                                  conduct=conduct, at=part, fixed=fixed)  # fmt: skip
            now = market.duties.sized(market.products)
            result = market.impose(
                Duties(now.rate + ad_valorem * chosen, now.specific + specific * chosen)
            )
        except ModelError as error:
            refused, last = refused + 1, error
            continue
        found.append((result.price_change, result.burdens()["consumer_burden"].to_numpy()))
    if not found:
        where_to = (
            "" if points == 1 else "no point of the ranges has an equilibrium; the last said: "
        )
        raise ModelError(f"{where_to}{last}")
    change = np.array([pair[0] for pair in found])
    burden = np.array([pair[1] for pair in found])[:, chosen]
    ends = np.full((2, chosen.size), np.nan)
    ends[:, chosen] = burden.min(axis=0), burden.max(axis=0)
    return MarketRange(
        table.labels["product"], table.labels["firm"], change.min(axis=0), change.max(axis=0),
        (table.low["price"] + table.high["price"]) / 2, ends[0], ends[1], points, refused,
    )  # fmt: skip
