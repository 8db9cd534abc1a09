"""What a change of duties does to a market: before, after, and who gained and lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tariffimpact import units
from tariffimpact.market.policy import Duties, Reading
from tariffimpact.market.state import MarketState
from tariffimpact.market.system import Array
from tariffimpact.pricing.incidence import check_balance

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

READINGS: dict[Reading, str] = {
    "customs_value": "The duty is a cost on a customs value given to the price-setter: k = c + "
    "rate x v + specific.",
    "border_price": "The duty is levied on the price w the firm itself charges at the border: p = "
    "(1 + rate) w + specific.",
}


def gains(old: Mapping[str, Any], new: Mapping[str, Any], consumer_loss: Any) -> dict[str, Any]:
    """Return the entries of a ledger, but for quota rents, from what `MarketState.money` says.

    Numbers, or arrays of as many changes.
    """
    change = {name: new[name] - old[name]
              for name in ("outlay", "profit", "duty_revenue", "resource_cost")}  # fmt: skip
    return {
        "consumers": -consumer_loss,
        "firms": change["profit"],
        "duty_revenue": change["duty_revenue"],
        "deadweight_loss": consumer_loss - change["outlay"] + change["resource_cost"],
    }


@dataclass(frozen=True, slots=True)
class Ledger:
    """Who gained and lost over the whole market, money; gains positive.

    It balances to 1e-9 of its largest entry, and 1e-13 of what consumers pay: for next to no change
    of duties entries are next to nothing but rounding.
    """

    consumers: float
    """Minus the compensating variation."""
    firms: float
    """Change of profit, licences a firm holds not included."""
    duty_revenue: float
    """Change of the duties collected."""
    quota_rent: Mapping[str, float]
    """Rent by holder of the licences: government, importer or exporter; empty without a quota."""
    deadweight_loss: float
    """Lost gains from trade: consumers' loss of value above the resources saved."""
    currency: str = "USD"
    turnover: float = 0.0
    """What consumers pay before and after, together."""

    def __post_init__(self) -> None:
        won = (self.consumers, self.firms, self.duty_revenue, *self.quota_rent.values())
        check_balance(won, -self.deadweight_loss, turnover=self.turnover)

    @classmethod
    def between(
        cls,
        old: Mapping[str, float],
        new: Mapping[str, float],
        *,
        consumer_loss: float,
        currency: str,
        quota_rent: Mapping[str, float] | None = None,
    ) -> Ledger:
        """Return the ledger of a change from what `MarketState.money` says before and after."""
        return cls(
            **gains(old, new, consumer_loss),
            quota_rent=quota_rent or {},
            currency=currency,
            turnover=old["outlay"] + new["outlay"],
        )

    def summary(self) -> str:
        """Return the balance in a sentence."""
        sides = [
            f"consumers {self._signed(self.consumers)}",
            f"firms {self._signed(self.firms)}",
            f"duty revenue {self._signed(self.duty_revenue)}",
            *(f"quota rent of the {who} {self._signed(x)}" for who, x in self.quota_rent.items()),
        ]
        return f"{units.listed(sides)}; deadweight loss {self._signed(self.deadweight_loss)}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per party: `party`, `gain` (money)."""
        import pandas as pd

        rows = {
            "consumers": self.consumers,
            "firms": self.firms,
            "duty revenue": self.duty_revenue,
            **{f"quota rent: {who}": rent for who, rent in self.quota_rent.items()},
            "deadweight loss": -self.deadweight_loss,
        }
        return pd.DataFrame({"party": list(rows), "gain": list(rows.values())})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what each party gains or loses, money."""
        from tariffimpact import charts

        gains = self.to_frame().rename(columns={"party": "label", "gain": "low"})
        return charts.range_bars(
            gains.assign(high=gains["low"]), form="money", currency=self.currency, mark=0.0, ax=ax
        )

    def explain(self) -> str:
        """Return the ledger line by line and what each line means."""
        frame = self.to_frame()
        rows = zip(frame["party"], frame["gain"].to_numpy(), strict=True)
        lines = [f"{party}: {self._signed(float(gain))}" for party, gain in rows]
        return "\n".join(
            [*lines, "Gains of consumers, firms and the treasury, and the rent, sum to minus the "
             "deadweight loss. Consumers' loss is the compensating variation; unit costs are "
             "constant, so suppliers outside the market gain or lose nothing."]
        )  # fmt: skip

    def _signed(self, amount: float) -> str:
        sign = "+" if amount >= 0 else "−"
        return f"{sign}{units.big_money(abs(amount), self.currency)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equilibrium:
    """The market before and after a change of duties, both solved to 1e-10 or not returned."""

    products: tuple[str, ...]
    before: MarketState
    after: MarketState
    duties: Duties
    reading: Reading
    currency: str = "USD"
    holders: Mapping[str, str] = field(default_factory=dict)
    """Who holds the licences of each product under a quota."""

    @property
    def price_change(self) -> Array:
        """Change of the shelf price, money per unit, shape (J,)."""
        return self.after.prices - self.before.prices

    def ledger(self) -> Ledger:
        """Return who gained and lost over the market; it balances or raises `ModelError`."""
        loss = self.before.game.demand.consumer_loss(self.before.prices, self.after.prices)
        rent: dict[str, float] = {}
        paid = self.after.licence_price * self.after.quantities
        for name, amount in zip(self.products, paid, strict=True):
            if name in self.holders:
                rent[self.holders[name]] = rent.get(self.holders[name], 0.0) + float(amount)
        return Ledger.between(
            self.before.money(), self.after.money(), consumer_loss=loss, currency=self.currency,
            quota_rent=rent,
        )  # fmt: skip

    def firms_frame(self) -> pd.DataFrame:
        """Return one row per firm: profit and its change, money; price change weighed by sales."""
        frame = self.to_frame()
        frame["paid_more"] = frame["price_change"] * frame["quantity_before"]
        sums = frame.groupby("firm", sort=False)[
            ["profit_before", "profit_after", "paid_more", "quantity_before"]
        ].sum()
        sums["profit_change"] = sums["profit_after"] - sums["profit_before"]
        sums["mean_price_change"] = sums["paid_more"] / sums["quantity_before"]
        return sums.drop(columns=["paid_more", "quantity_before"]).reset_index()

    def burdens(self) -> pd.DataFrame:
        """Return who bears the change of duty on a unit, per product: three burdens that sum to 1.

        `consumer_burden` = dp/dd. Under `customs_value` the rest is `firm_burden` (below 0: a
        windfall); under `border_price` the firm is the exporter and the rest `exporter_burden`.
        A product whose duty per unit did not move has NaN: nothing to share.
        """
        import pandas as pd

        change = self.after.duty - self.before.duty
        moved = np.abs(change) > 1e-12 * self.before.prices
        consumer = np.divide(
            self.price_change, change, out=np.full_like(change, np.nan), where=moved
        )
        levied = self.reading == "border_price"
        return pd.DataFrame(
            {
                "product": self.products,
                "duty_change": change,
                "consumer_burden": consumer,
                "firm_burden": np.where(moved, 0.0, np.nan) if levied else 1 - consumer,
                "exporter_burden": 1 - consumer if levied else np.where(moved, 0.0, np.nan),
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product: prices, border prices, shares, units, margins, duty, profit.

        Money per unit but `profit_before` and `profit_after` (money); shares and margins are
        fractions; `price_change_share` is a fraction of the price before.
        """
        import pandas as pd

        columns: dict[str, object] = {"product": self.products, "firm": self.before.firms}
        for when, state in (("before", self.before), ("after", self.after)):
            columns |= {
                f"price_{when}": state.prices,
                f"border_price_{when}": state.levy.border_prices(state.prices),
                f"share_{when}": state.game.demand.shares(state.prices),
                f"quantity_{when}": state.quantities,
                f"margin_{when}": state.margins,
                f"duty_{when}": state.duty,
                f"profit_{when}": state.profit,
            }
        columns["price_change"] = self.price_change
        columns["price_change_share"] = self.price_change / self.before.prices
        return pd.DataFrame(columns)

    def summary(self) -> str:
        """Return the price changes in a sentence, the mean weighed by revenue before."""
        weight = self.before.prices * self.before.quantities
        share = self.price_change / self.before.prices
        mean = float(weight @ share / weight.sum())
        each = [
            f"{name} {_signed_money(float(rise), self.currency)} ({_signed(float(part))})"
            for name, rise, part in zip(self.products, self.price_change, share, strict=True)
        ]
        more = f" and {len(each) - 6} more" if len(each) > 6 else ""
        return (
            f"A change of duties moves the mean shelf price by {_signed(mean)}: "
            f"{', '.join(each[:6])}{more}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each product's shelf price before and after, money."""
        from tariffimpact import charts

        names = {"price_before": "old_price", "price_after": "new_price"}
        frame = self.to_frame().rename(columns=names).assign(currency=self.currency)
        return charts.price_dumbbell(frame, ax=ax)

    def explain(self) -> str:
        """Return the model, the duties, the checks, and what the answer rests on."""
        unique = self.after.uniqueness()
        game = self.after.game
        return "\n".join(
            [
                f"Demand: {type(game.demand).__name__}; conduct: {game.conduct}; unit costs "
                "constant.",
                READINGS[self.reading],
                f"Duties after: ad valorem {self.duties.ad_valorem} of customs value, specific "
                f"{self.duties.specific} a unit, dutiable share {self.duties.dutiable_share}.",
                f"Relative first-order condition: {self.before.residual:.1e} before, "
                f"{self.after.residual:.1e} after, in {self.after.iterations} steps (1e-10 "
                "needed).",
                "Second-order conditions hold." if self.after.second_order()
                else "Second-order conditions FAIL: a firm is not at a maximum of its profit.",
                f"Unique: {unique}." if unique else "Unique: not certified for this market.",
                "A model result: it is as good as the demand, the conduct and the costs assumed.",
            ]
        )  # fmt: skip


def _signed(share: float) -> str:
    return f"{'+' if share >= 0 else '−'}{units.percent(abs(share))}"


def _signed_money(amount: float, currency: str) -> str:
    return f"{'+' if amount >= 0 else '−'}{units.money(abs(amount), currency, 2)}"
