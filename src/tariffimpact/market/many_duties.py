"""What each of many changes of duties does to one market: before, and after every one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.interval import Interval
from tariffimpact.market.demand_systems import Array, Flags, at_each, losses
from tariffimpact.market.equilibrium import (
    MarketState,
    assumptions,
    gains,
    standing,
    with_misses,
)
from tariffimpact.market.fit import Fit, bars
from tariffimpact.market.policy import Levy, Reading, SizedDuties
from tariffimpact.pricing.incidence import check_balance

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


_NAMED = 5
"""Scenarios without an equilibrium that a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scenarios(Answer):
    """The market before, and after each of many changes of duties; NaN where it has no answer.

    Leading axes are those of the duties. What an unsolved scenario would be is not a number: NaN
    in every array, with the reason in `refused`.
    """

    products: tuple[str, ...]
    before: MarketState
    duties: SizedDuties
    """Duties after: fraction of full customs value and money per unit, shape (..., J)."""
    levy: Levy
    """What they do to costs and profit weights, shape (..., J)."""
    prices: Array
    """Shelf prices after, money per unit, shape (..., J)."""
    residual: Array
    """Largest first-order condition relative to its terms, at most 1e-10, shape (...); infinite
    where unsolved."""
    refused: Mapping[tuple[int, ...], str]
    """Why each unsolved scenario has no equilibrium, by its index."""
    reading: Reading
    currency: str = "USD"
    fit: Fit | None = None
    """How well the market met the margins it was calibrated to."""

    @property
    def solved(self) -> Flags:
        """Whether each scenario has an equilibrium that was found, shape (...)."""
        return np.isfinite(self.residual)

    @property
    def price_change(self) -> Array:
        """Change of the shelf price, money per unit, shape (..., J)."""
        return self.prices - self.before.prices

    @property
    def mean_price_change(self) -> Array:
        """Change of prices, a fraction, the mean weighed by revenue before, shape (...)."""
        old, sold = self.before.prices, self.before.quantities
        return self.price_change @ sold / (old @ sold)

    @property
    def quantities(self) -> Array:
        """Units sold after, shape (..., J)."""
        return self._each(lambda prices: at_each(self.before.game.demand, prices, "quantities"))

    @property
    def shares(self) -> Array:
        """Market shares after, in the base of the demand system, shape (..., J)."""
        return self._each(lambda prices: at_each(self.before.game.demand, prices, "shares"))

    @property
    def duty(self) -> Array:
        """Duty a unit after, money, shape (..., J)."""
        return np.where(self.solved[..., None], self.levy.duty(self.prices), np.nan)

    @property
    def profit(self) -> Array:
        """Profit of each product after, money, shape (..., J)."""
        return self.levy.profit(self.prices) * self.quantities

    @property
    def duty_revenue(self) -> Array:
        """Duties collected after, money, shape (...)."""
        return np.asarray((self.duty * self.quantities).sum(axis=-1))

    @property
    def consumer_loss(self) -> Array:
        """Money consumers would need to be as well off as before, shape (...); positive a loss."""
        demand, before = self.before.game.demand, self.before.prices
        return self._each(lambda prices: losses(demand, before, prices))

    def _each(self, function: Callable[[Array], Array]) -> Array:
        """Return a function of the prices of every solved scenario, NaN for the others."""
        known = function(self.prices[self.solved])
        full = np.full((*self.solved.shape, *known.shape[1:]), np.nan)
        full[self.solved] = known
        return full

    def ledgers(self) -> pd.DataFrame:
        """Return one row per scenario: whether it is solved, and who gained and lost, money.

        `scenario` counts from 0, the last leading axis fastest; `mean_price_change` is a fraction;
        `consumers`, `firms`, `duty_revenue` and `deadweight_loss` are the changes of `Ledger`.

        Raises
        ------
        ModelError
            If the entries of a scenario do not balance to 1e-9, but for rounding: a defect.
        """
        import pandas as pd

        old, sold, loss = self.before.money(), self.quantities, self.consumer_loss
        new = self.levy.money(self.prices, sold)
        columns = gains(old, new, loss)
        *won, lost = (values[self.solved] for values in columns.values())
        check_balance(won, -lost, turnover=old["outlay"] + new["outlay"][self.solved])
        return pd.DataFrame(
            {
                "scenario": np.arange(self.residual.size),
                "solved": self.solved.ravel(),
                "residual": self.residual.ravel(),
                "mean_price_change": self.mean_price_change.ravel(),
                **{name: values.ravel() for name, values in columns.items()},
            }
        )

    def firms_frame(self) -> pd.DataFrame:
        """Return one row per scenario and firm: profit before and after and its change, money."""
        import pandas as pd

        names = list(dict.fromkeys(self.before.firms))
        mine = np.array(
            [[firm == name for name in names] for firm in self.before.firms], dtype=float
        )
        after = (self.profit @ mine).reshape(-1, len(names))
        before = np.broadcast_to(self.before.profit @ mine, after.shape)
        return pd.DataFrame(
            {
                "scenario": np.repeat(np.arange(len(after)), len(names)),
                "firm": names * len(after),
                "profit_before": before.ravel(),
                "profit_after": after.ravel(),
                "profit_change": (after - before).ravel(),
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per scenario and product: duties, prices, shares, units, duty, profit.

        Money per unit but `profit_after` (money); `ad_valorem` is a fraction of full customs value.
        """
        import pandas as pd

        size, count = len(self.products), self.residual.size
        columns = {
            "ad_valorem": self.duties.rate,
            "specific": self.duties.specific,
            "price_before": np.broadcast_to(self.before.prices, self.prices.shape),
            "price_after": self.prices,
            "price_change": self.price_change,
            "share_after": self.shares,
            "quantity_after": self.quantities,
            "duty_after": self.duty,
            "profit_after": self.profit,
        }
        labels = {
            "scenario": np.repeat(np.arange(count), size),
            "product": list(self.products) * count,
            "firm": list(self.before.firms) * count,
        }
        return pd.DataFrame(labels | {name: x.ravel() for name, x in columns.items()})

    def summary(self) -> str:
        """Return the span of the answers and which scenarios have none, in two sentences."""
        total, failed = self.residual.size, list(self.refused)
        told = f"All {units.count(total)} scenarios are solved." if total > 1 else "It is solved."
        if failed:
            more = " …" if len(failed) > _NAMED else ""
            told = (
                f"{units.count(total - len(failed))} of {units.count(total)} scenarios are solved; "
                f"no equilibrium for {', '.join(map(str, failed[:_NAMED]))}{more}."
            )
        if len(failed) == total:
            return told
        mean, loss = (_span(values) for values in (self.mean_price_change, self.consumer_loss))
        told = (
            f"{told} The mean shelf price changes by {units.percent(mean)} and consumers lose "
            f"{units.big_money(loss, self.currency)}."
        )
        return with_misses(told, self.fit)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the range of each product's price changes over the solved scenarios, money."""
        change = self.price_change[self.solved]
        ends = change if len(change) else np.full((1, len(self.products)), np.nan)
        return bars(self.products, ends.min(axis=0), ends.max(axis=0), ax, form="money",
                    currency=self.currency, x_label="change of shelf price")  # fmt: skip

    def explain(self) -> str:
        """Return the model, the checks, and why scenarios have no answer."""
        game, failed = self.before.game, list(self.refused.items())
        more = f"and {len(failed) - _NAMED} more; see refused"
        return "\n".join(
            [
                self.summary(),
                *assumptions(game, self.reading),
                "Every answer meets the relative first-order conditions to 1e-10; the ledger of "
                "each balances to 1e-9.",
                standing(self.before),
                *(f"{index}: {why}" for index, why in failed[:_NAMED]),
                *([more] if len(failed) > _NAMED else []),
                "A model result: it is as good as the demand, the conduct and the costs assumed.",
            ]
        )


def _span(values: Array) -> Interval:
    return Interval(float(np.nanmin(values)), float(np.nanmax(values)))
