"""A market before and after a change of duties, or after each of many: prices, money, welfare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.interval import Interval
from tariffimpact.market.demand_systems import UNSOLD, Array, Flags, refuse_unknown
from tariffimpact.market.equilibrium import MarketState, State, assumptions, standing
from tariffimpact.market.fit import Fit, bars, framed
from tariffimpact.market.ledgers import Ledger
from tariffimpact.market.policy import Duties, Reading, SizedDuties
from tariffimpact.pricing.incidence import check_balance

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


_SHOWN = 6
"""Products that a sentence names."""
_NAMED = 5
"""Scenarios without an equilibrium that a sentence names."""
_HONEST = "A model result: it is as good as the demand, the conduct and the costs assumed."


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Change(Answer):
    """A market before and after; leading axes of what is after are scenarios."""

    before: State
    after: State
    reading: Reading
    currency: str = "USD"
    fit: Fit | None = None
    """How well the market met the margins it was calibrated to."""

    @property
    def price_change(self) -> Array:
        """Change of the shelf price (auction: of the mean paid), money per unit, shape (..., J)."""
        return self.after.prices - self.before.prices

    @property
    def mean_price_change(self) -> Array:
        """Change of prices, a fraction, the mean weighed by revenue before, shape (...)."""
        old, sold = self.before.prices, self.before.quantities
        return self.price_change @ sold / (old @ sold)

    @property
    def consumer_loss(self) -> Any:
        """Money consumers would need to be as well off as before, shape (...); positive a loss."""
        raise NotImplementedError

    def gains(self, home: Sequence[str] | None = None) -> dict[str, Any]:
        """Return the entries of `Ledger` but the rent by holder, money, shape (...)."""
        old, new, sold = self.before.money(), self.after.money(), self.after.quantities
        loss = self.consumer_loss
        change = {name: new[name] - old[name] for name in new}
        dearer = ((self.after.levy.unit_cost - self.before.levy.unit_cost) * sold).sum(axis=-1)
        told = {
            "consumers": -loss, "firms": change["profit"], "duty_revenue": change["duty_revenue"],
            "deadweight_loss": loss - change["outlay"] + change["resource_cost"] - dearer,
            "dearer_inputs": dearer, "turnover": old["outlay"] + new["outlay"],
        }  # fmt: skip
        if home is None:
            return told
        firms = self.before.labels["firm"]
        names = (home,) if isinstance(home, str) else tuple(home)
        refuse_unknown("home", names or ["no firm"], firms, UNSOLD)
        ours = np.array([firm in names for firm in firms])
        rise = self.after.profit - self.before.profit
        fall = (self.before.border_prices - self.after.border_prices) * sold
        return told | {"home": names, "home_firms": rise[..., ours].sum(axis=-1),
                       "terms_of_trade": fall[..., ~ours].sum(axis=-1)}  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product (and scenario): prices, shares, units, margins, duty, profit.

        Money per unit but `profit_before` and `profit_after` (money); shares and margins are
        fractions; `price_change_share` is a fraction of the price before. `scenario` counts from
        0, the last leading axis fastest.
        """
        shape = self.after.prices.shape
        count = self.after.prices.size // shape[-1]
        columns: dict[str, Any] = {}
        if len(shape) > 1:
            columns["scenario"] = np.repeat(np.arange(count), shape[-1])
        columns |= {name: list(of) * count for name, of in self.before.labels.items()}
        for when, state in (("before", self.before), ("after", self.after)):
            told = {"price": state.prices, "border_price": state.border_prices,
                    "share": state.shares, "quantity": state.quantities, "margin": state.margins,
                    "duty": state.duty, "profit": state.profit}  # fmt: skip
            columns |= {f"{name}_{when}": np.broadcast_to(values, shape).ravel()
                        for name, values in told.items()}  # fmt: skip
        frame = framed(columns)
        frame["price_change"] = frame["price_after"] - frame["price_before"]
        frame["price_change_share"] = frame["price_change"] / frame["price_before"]
        return frame

    def firms_frame(self) -> pd.DataFrame:
        """Return one row per firm (and scenario): profit and its change, money.

        And the mean change of its prices, weighed by sales before.
        """
        frame = self.to_frame()
        frame["paid_more"] = frame["price_change"] * frame["quantity_before"]
        groups = [name for name in ("scenario", "firm") if name in frame]
        sums = frame.groupby(groups, sort=False)[
            ["profit_before", "profit_after", "paid_more", "quantity_before"]
        ].sum(min_count=1)
        sums["profit_change"] = sums["profit_after"] - sums["profit_before"]
        sums["mean_price_change"] = sums["paid_more"] / sums["quantity_before"]
        return sums.drop(columns=["paid_more", "quantity_before"]).reset_index()


class OneChange(Change):
    """A market before and after one change of duties."""

    __slots__ = ()

    def ledger(self, home: Sequence[str] | None = None) -> Ledger:
        """Return who gained and lost over the market; it balances or raises `ModelError`.

        `home` names the firms at home: foreign firms are then told apart, and national welfare is
        the sum of consumers, home firms, duty revenue and quota rent (but exporters').
        """
        return Ledger(**self.gains(home), quota_rent=self._rent(), currency=self.currency)

    def _rent(self) -> dict[str, float]:
        return {}

    def to_table(self, quantity: str = "price") -> pd.DataFrame:
        """Return a table to print (`to_latex` takes it): products, and before, after and change.

        `quantity` is a column of `to_frame` without its ending: `price`, `share`, `quantity`,
        `margin`, `duty`, `profit` or `border_price`.
        """
        frame = self.to_frame().set_index(next(iter(self.before.labels)))
        known = [str(name)[:-7] for name in frame if str(name).endswith("_before")]
        refuse_unknown("to_table", [quantity], known)
        table = frame[[f"{quantity}_before", f"{quantity}_after"]].set_axis(
            ["before", "after"], axis=1
        )
        return table.assign(change=table["after"] - table["before"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw who gained and lost, money."""
        return self.ledger().plot(ax)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Equilibrium(OneChange):
    """A market before and after a change of duties."""

    before: MarketState
    after: MarketState
    duties: Duties
    holders: Mapping[str, str] = field(default_factory=dict)
    """Who holds the licences of each product under a quota."""

    @property
    def products(self) -> tuple[str, ...]:
        """Names of the products."""
        return self.before.products

    @property
    def consumer_loss(self) -> float:
        """Money consumers would need to be as well off as before; positive is a loss."""
        return float(self.before.game.demand.consumer_loss(self.before.prices, self.after.prices))

    def _rent(self) -> dict[str, float]:
        """Return the rent of quotas by who holds the licences, money."""
        rent: dict[str, float] = {}
        paid = self.after.licence_price * self.after.quantities
        for name, amount in zip(self.products, paid, strict=True):
            if name in self.holders:
                rent[self.holders[name]] = rent.get(self.holders[name], 0.0) + float(amount)
        return rent

    def burdens(self) -> pd.DataFrame:
        """Return who bears the change of duty on a unit, per product: three burdens that sum to 1.

        `consumer_burden` = dp/dd. Under `customs_value` the rest is `firm_burden` (below 0: a
        windfall); under `border_price` the firm is the exporter and the rest `exporter_burden`.
        A product whose duty per unit did not move has NaN: nothing to share.
        """
        change = self.after.duty - self.before.duty
        consumer = burden(self.price_change, change, self.before.prices)
        moved = np.isfinite(consumer)
        levied = self.reading == "border_price"
        return framed(
            {
                "product": self.products,
                "duty_change": change,
                "consumer_burden": consumer,
                "firm_burden": np.where(moved, 0.0, np.nan) if levied else 1 - consumer,
                "exporter_burden": 1 - consumer if levied else np.where(moved, 0.0, np.nan),
            }
        )

    def summary(self) -> str:
        """Return the price changes in a sentence, the mean weighed by revenue before."""
        weight = self.before.prices * self.before.quantities
        share = self.price_change / self.before.prices
        mean = float(weight @ share / weight.sum())
        each = [
            f"{name} {_signed_money(float(rise), self.currency)} ({_signed(float(part))})"
            for name, rise, part in zip(self.products, self.price_change, share, strict=True)
        ]
        more = f" and {len(each) - _SHOWN} more" if len(each) > _SHOWN else ""
        told = (
            f"A change of duties moves the mean shelf price by {_signed(mean)}: "
            f"{', '.join(each[:_SHOWN])}{more}."
        )
        return with_misses(told, self.fit)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each product's shelf price before and after, money."""
        from tariffimpact import charts

        names = {"price_before": "old_price", "price_after": "new_price"}
        frame = self.to_frame().rename(columns=names).assign(currency=self.currency)
        return charts.price_dumbbell(frame, ax=ax)

    def explain(self) -> str:
        """Return the model, the duties, the checks, and what the answer rests on."""
        unique = self.after.uniqueness()
        return "\n".join(
            [
                *assumptions(self.after.game, self.reading),
                f"Duties after: ad valorem {self.duties.ad_valorem} of customs value, specific "
                f"{self.duties.specific} a unit, dutiable share {self.duties.dutiable_share}.",
                *(f"Prices moved together: {units.listed(names)}." for names in self.after.ties),
                f"Relative first-order condition: {self.before.residual:.1e} before, "
                f"{self.after.residual:.1e} after, in {self.after.iterations} steps (1e-10 "
                "needed).",
                standing(self.after),
                f"Unique: {unique}." if unique else "Unique: not certified for this market.",
                *([] if self.fit is None else [self.fit.summary()]),
                _HONEST,
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scenarios(Change):
    """A market before, and after each of many changes of duties; NaN where it has no answer.

    Arrays of `after` have the leading axes of the duties. What an unsolved scenario would be is
    not a number, with the reason in `refused`.
    """

    before: MarketState
    after: MarketState
    duties: SizedDuties
    """Duties after: fraction of full customs value and money per unit, shape (..., J)."""
    refused: Mapping[tuple[int, ...], str]
    """Why each unsolved scenario has no equilibrium, by its index."""

    @property
    def solved(self) -> Flags:
        """Whether each scenario has an equilibrium that was found, shape (...)."""
        return np.isfinite(self.after.residual)

    @property
    def duty_revenue(self) -> Array:
        """Duties collected after, money, shape (...)."""
        return self.after.money()["duty_revenue"]

    @property
    def consumer_loss(self) -> Array:
        """Money consumers would need to be as well off as before, shape (...); positive a loss."""
        demand = self.before.game.demand
        return np.asarray(demand.consumer_loss(self.before.prices, self.after.prices))

    def ledgers(self, home: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row per scenario: whether it is solved, and who gained and lost, money.

        `scenario` counts from 0, the last leading axis fastest; `mean_price_change` is a fraction;
        `consumers`, `firms`, `duty_revenue` and `deadweight_loss`, and with firms at `home`
        `home_firms` and `terms_of_trade`, are the entries of `Ledger`.

        Raises
        ------
        ModelError
            If the entries of a scenario do not balance to 1e-9, but for rounding: a defect.
        """
        told, solved = self.gains(home), self.solved
        names = ("consumers", "firms", "duty_revenue", "deadweight_loss", "home_firms",
                 "terms_of_trade")  # fmt: skip
        told = {name: values for name, values in told.items() if name in (*names, "turnover")}
        won = [told[name][solved] for name in names[:3]]
        turnover = told.pop("turnover")[solved]
        check_balance(won, -told["deadweight_loss"][solved], turnover=turnover)
        heads: dict[str, Any] = {
            "scenario": np.arange(solved.size), "solved": solved, "residual": self.after.residual,
            "mean_price_change": self.mean_price_change,
        }  # fmt: skip
        return framed({name: np.ravel(values) for name, values in (heads | told).items()})

    def to_frame(self) -> pd.DataFrame:
        """Return one row per scenario and product: duties, and the columns of `Equilibrium`."""
        frame = Change.to_frame(self)
        return frame.assign(ad_valorem=self.duties.rate.ravel(),
                            specific=self.duties.specific.ravel())  # fmt: skip

    def summary(self) -> str:
        """Return the span of the answers and which scenarios have none, in two sentences."""
        total, failed = self.solved.size, list(self.refused)
        told = f"All {units.count(total)} scenarios are solved." if total > 1 else "It is solved."
        if failed:
            more = " …" if len(failed) > _NAMED else ""
            told = (
                f"{units.count(total - len(failed))} of {units.count(total)} scenarios are solved; "
                f"no equilibrium for {', '.join(map(str, failed[:_NAMED]))}{more}."
            )
        if len(failed) == total:
            return told
        mean, loss = (Interval(float(np.nanmin(values)), float(np.nanmax(values)))
                      for values in (self.mean_price_change, self.consumer_loss))  # fmt: skip
        told = (
            f"{told} The mean shelf price changes by {units.percent(mean)} and consumers lose "
            f"{units.big_money(loss, self.currency)}."
        )
        return with_misses(told, self.fit)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the range of each product's price changes over the solved scenarios, money."""
        change = self.price_change.reshape(-1, len(self.before.products))
        low, high = (join.reduce(change, axis=0) for join in (np.fmin, np.fmax))
        return bars(self.before.products, low, high, ax, form="money", currency=self.currency,
                    x_label="change of shelf price")  # fmt: skip

    def explain(self) -> str:
        """Return the model, the checks, and why scenarios have no answer."""
        failed = list(self.refused.items())
        more = f"and {len(failed) - _NAMED} more; see refused"
        return "\n".join(
            [
                self.summary(),
                *assumptions(self.before.game, self.reading),
                "Every answer meets the relative first-order conditions to 1e-10; the ledger of "
                "each balances to 1e-9.",
                standing(self.before),
                *(f"{index}: {why}" for index, why in failed[:_NAMED]),
                *([more] if len(failed) > _NAMED else []),
                _HONEST,
            ]
        )


def with_misses(told: str, fit: Fit | None) -> str:
    """Return a summary, and the largest miss of the calibration if it is above one point."""
    return told if fit is None or not fit.poor else f"{told} {fit.warning()}"


def burden(price_change: Array, duty_change: Array, prices: Array) -> Array:
    """Return the rise of price per rise of duty, NaN where the duty per unit did not move."""
    moved = np.abs(duty_change) > 1e-12 * prices
    nothing = np.full_like(duty_change, np.nan)
    return np.divide(price_change, duty_change, out=nothing, where=moved)


def _signed(share: float) -> str:
    return f"{'+' if share >= 0 else '−'}{units.percent(abs(share))}"


def _signed_money(amount: float, currency: str) -> str:
    return f"{'+' if amount >= 0 else '−'}{units.money(abs(amount), currency, 2)}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Channels(Answer):
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
        return framed(
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
        low, high = np.sort([self.own, self.own + self.rivals], axis=0)
        return bars(self.products, low, high, ax, form="money", currency=self.currency,
                    x_label="price change: alone, and with rivals' response")  # fmt: skip

    def explain(self) -> str:
        """Return what is held fixed in each part."""
        return (
            "Own: the maker's best prices at the new costs with every rival price held at its old "
            "level. Rivals: the full equilibrium less that."
        )
