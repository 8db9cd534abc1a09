"""A market at rest, what a change of duties does to it, and who gains and loses by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError
from tariffimpact.market.conduct import Game
from tariffimpact.market.demand_systems import Array, ChoiceDemand, Flags
from tariffimpact.market.fit import Fit, bars
from tariffimpact.market.policy import Duties, Levy, Reading
from tariffimpact.market.solvers.maxima import known_best, off_maximum, uniqueness
from tariffimpact.pricing.incidence import check_balance

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from tariffimpact.market.model import Market

READINGS: dict[Reading, str] = {
    "customs_value": "The duty is a cost on a customs value given to the price-setter: k = c + "
    "rate x v + specific.",
    "border_price": "The duty is levied on the price w the firm itself charges at the border: p = "
    "(1 + rate) w + specific.",
}
_SHOWN = 6
"""Products that a sentence names."""


@dataclass(frozen=True, slots=True)
class MarketState:
    """One equilibrium of a market; arrays of shape (J,) in the order of its products."""

    game: Game
    firms: tuple[str, ...]
    levy: Levy
    prices: Array
    """Shelf prices before sales tax, money per unit."""
    licence_price: Array
    """Price of a quota licence per unit, money; 0 without a binding quota."""
    held: Flags
    """Whether the price was fixed from outside, bool."""
    residual: float
    """Largest first-order condition relative to its terms, at most 1e-10."""
    iterations: int
    products: tuple[str, ...] = ()
    ties: tuple[tuple[str, ...], ...] = ()
    """Products whose prices move together."""

    @property
    def quantities(self) -> Array:
        """Units sold."""
        return self.game.demand.quantities(self.prices)

    @property
    def shares(self) -> Array:
        """Market shares, in the base of the demand system."""
        return self.game.demand.shares(self.prices)

    @property
    def margins(self) -> Array:
        """Price less cost with duty, over price: (p - k)/p."""
        return self.game.lerner(self.prices)

    @property
    def duty(self) -> Array:
        """Duty a unit, money, the licence not included."""
        return self.levy.duty(self.prices) - self.licence_price

    @property
    def profit(self) -> Array:
        """Profit of each product, money."""
        return self.levy.profit(self.prices) * self.quantities

    def money(self) -> dict[str, float]:
        """Return what consumers pay and who gets it: `outlay` is the sum of the other four."""
        money = self.levy.money(self.prices, self.quantities)
        rent = self.licence_price @ self.quantities
        return money | {"duty_revenue": money["duty_revenue"] - rent, "quota_rent": rent}

    def elasticities(self) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J)."""
        return self.game.demand.elasticities(self.prices)

    def diversion_ratios(self) -> Array:
        """Return D[j, k], the share of j's lost sales won by k when j's price rises; -1 own."""
        slopes = self.game.demand.slopes(self.prices) / self.prices[None, :]
        return -slopes / np.diag(slopes)[:, None]

    def pass_through(self) -> Array:
        """Return R[j, l] = dp_j / dk_l, money per money, shape (J, J), exact.

        k_l is the cost of product l with duty: under `customs_value` one dollar of it is one
        dollar of duty. Rows of products whose price is held are zero.
        """
        return self._solve(self.game.cost_response(self.prices))

    def tariff_response(self) -> Array:
        """Return T[j, l] = dp_j / d rate_l, money per unit of ad valorem rate, shape (J, J).

        Counts the change of the firm's weight under `border_price` as well as that of its cost.
        """
        base = self.levy
        if base.fixed_duty is not None:
            raise ModelError(
                "tariff_response: under the reading 'customs_value' the duty is a cost; multiply "
                "pass_through() by each product's customs value"
            )
        cost = self.game.cost_response(self.prices) * base.unit_cost[None, :]
        weight = self.game.weight_response(self.prices) * -(base.weight**2)[None, :]
        return self._solve(cost + weight)

    def labelled(self, matrix: Array) -> pd.DataFrame:
        """Return a matrix of this market as a frame with the products as rows and columns."""
        import pandas as pd

        names = pd.Index(self.products, name="product")
        return pd.DataFrame(matrix, index=names, columns=names.rename(None))

    def _solve(self, forcing: Array) -> Array:
        """Return dp given d residual / d something, held prices staying put."""
        if self.ties:
            raise ModelError(
                "pass_through: prices that are tied move together, not each by its own condition; "
                "ask a market without ties, or impose a small duty"
            )
        free = ~self.held
        answer = np.zeros_like(forcing)
        block = self.game.jacobian(self.prices)[np.ix_(free, free)]
        answer[free] = -np.linalg.solve(block, forcing[free]) * self.prices[free, None]
        return answer

    def second_order(self) -> bool:
        """Return whether every firm is at a local maximum of its profit in each of its prices.

        No market is returned where this fails; see `off_maximum` for how it is found.
        """
        return not off_maximum(self.game, self.prices, self.firms, ~self.held)

    @property
    def best(self) -> bool:
        """Whether no firm can earn more at any other prices; else only a local maximum is known."""
        return not self.ties and known_best(self.game, self.firms, ~self.held)

    def uniqueness(self) -> str | None:
        """Return why this equilibrium is the only one, or None where there is no certificate."""
        return None if self.ties else uniqueness(self.game, self.firms)


def standing(state: MarketState) -> str:
    """Return what is known of a solved market's profits, in a sentence."""
    if state.best:
        return "Every firm is at the highest profit that any prices of its own bring."
    return (
        "Every firm is at a local maximum of its profit; a higher one at quite other prices is not "
        "excluded."
    )


def gains(old: Mapping[str, Any], new: Mapping[str, Any], consumer_loss: Any) -> dict[str, Any]:
    """Return the entries of a ledger but quota rents, of one change or of many in arrays."""
    outlay, cost = (new[name] - old[name] for name in ("outlay", "resource_cost"))
    return {
        "consumers": -consumer_loss,
        "firms": new["profit"] - old["profit"],
        "duty_revenue": new["duty_revenue"] - old["duty_revenue"],
        "deadweight_loss": consumer_loss - outlay + cost - new.get("dearer_inputs", 0.0),
    }


@dataclass(frozen=True, slots=True, repr=False)
class Ledger(Answer):
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
    dearer_inputs: float = 0.0
    """What units now sold cost more to make than at the unit costs before."""
    home: tuple[str, ...] = ()
    """Firms at home; empty if nobody was told apart."""
    home_firms: float = 0.0
    """Change of the profit of the firms at home."""
    terms_of_trade: float = 0.0
    """Fall of the border prices of foreign firms' products, times what is now sold of them."""

    def __post_init__(self) -> None:
        won = (self.consumers, self.firms, self.duty_revenue, *self.quota_rent.values())
        lost = -self.deadweight_loss - self.dearer_inputs
        check_balance(won, lost, turnover=self.turnover)

    @classmethod
    def between(
        cls,
        old: Mapping[str, float],
        new: Mapping[str, float],
        *,
        consumer_loss: float,
        currency: str,
        quota_rent: Mapping[str, float] | None = None,
        **national: Any,
    ) -> Ledger:
        """Return the ledger of a change from what `MarketState.money` says before and after."""
        return cls(
            **gains(old, new, consumer_loss),
            quota_rent=quota_rent or {},
            currency=currency,
            turnover=old["outlay"] + new["outlay"],
            dearer_inputs=new.get("dearer_inputs", 0.0),
            **national,
        )

    @property
    def foreign_firms(self) -> float:
        """Change of the profit of the firms abroad."""
        return self.firms - self.home_firms

    @property
    def national(self) -> float:
        """Consumers, home firms, duty revenue, and quota rent but of exporters; money."""
        rent = sum(amount for who, amount in self.quota_rent.items() if who != "exporter")
        return self.consumers + self.home_firms + self.duty_revenue + rent

    @property
    def world(self) -> float:
        """The sum of all gains and losses: minus deadweight loss and dearer inputs."""
        return self.consumers + self.firms + self.duty_revenue + sum(self.quota_rent.values())

    def entries(self) -> dict[str, float]:
        """Return the gain of each party, money; with `home` told apart, the sums too."""
        told = {"consumers": self.consumers}
        if self.home:
            told |= {"home firms": self.home_firms, "foreign firms": self.foreign_firms}
        else:
            told["firms"] = self.firms
        told["duty revenue"] = self.duty_revenue
        told |= {f"quota rent: {who}": amount for who, amount in self.quota_rent.items()}
        if self.home:
            told |= {"national welfare": self.national, "world": self.world,
                     "terms of trade": self.terms_of_trade}  # fmt: skip
        told["deadweight loss"] = -self.deadweight_loss
        return told | ({"dearer inputs": -self.dearer_inputs} if self.dearer_inputs else {})

    def summary(self) -> str:
        """Return the balance in a sentence."""
        said = {name: self._signed(gain) for name, gain in self.entries().items()}
        last = ["national welfare", "world", "terms of trade", "deadweight loss", "dearer inputs"]
        sides = [f"{name.replace(': ', ' of the ')} {gain}"
                 for name, gain in said.items() if name not in last]  # fmt: skip
        told = f"{units.listed(sides)}; deadweight loss {self._signed(self.deadweight_loss)}"
        if self.dearer_inputs:
            told += f", dearer inputs {self._signed(self.dearer_inputs)}"
        if self.home:
            told += (
                f". National welfare {said['national welfare']}, of which terms of trade "
                f"{said['terms of trade']}; world {said['world']}"
            )
        return f"{told}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per party: `party`, `gain` (money)."""
        import pandas as pd

        rows = self.entries()
        return pd.DataFrame({"party": list(rows), "gain": list(rows.values())})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gain or loss of each party, money."""
        gain = list(self.entries().values())
        return bars(list(self.entries()), gain, gain, ax, form="money", currency=self.currency,
                    mark=0.0)  # fmt: skip

    def explain(self) -> str:
        """Return the ledger line by line and what each line means."""
        lines = [f"{party}: {self._signed(gain)}" for party, gain in self.entries().items()]
        lines.append(
            "Gains of consumers, firms and the treasury, and the rent, sum to minus the deadweight "
            "loss. Consumers' loss is the compensating variation; unit costs are constant, so "
            "suppliers outside the market gain or lose nothing."
        )
        if self.dearer_inputs:
            lines.append(
                "Dearer inputs: what units now sold cost more to make than before, a loss beside "
                "the deadweight loss."
            )
        if self.home:
            lines.append(
                f"National welfare: consumers, the firms at home ({units.listed(self.home)}), duty "
                "revenue and the quota rent of government and importers. Terms of trade: the fall "
                "of foreign firms' prices net of duty, times what is now sold of them."
            )
        return "\n".join(lines)

    def _signed(self, amount: float) -> str:
        sign = "+" if amount >= 0 else "−"
        return f"{sign}{units.big_money(abs(amount), self.currency)}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Equilibrium(Answer):
    """A market before and after a change of duties."""

    products: tuple[str, ...]
    before: MarketState
    after: MarketState
    duties: Duties
    reading: Reading
    currency: str = "USD"
    holders: Mapping[str, str] = field(default_factory=dict)
    """Who holds the licences of each product under a quota."""
    fit: Fit | None = None
    """How well the market met the margins it was calibrated to."""

    @property
    def price_change(self) -> Array:
        """Change of the shelf price, money per unit, shape (J,)."""
        return self.after.prices - self.before.prices

    @property
    def consumer_loss(self) -> float:
        """Money consumers would need to be as well off as before; positive is a loss."""
        demand = self.before.game.demand
        return demand.consumer_loss(self.before.prices, self.after.prices)

    def ledger(self, home: Sequence[str] | None = None) -> Ledger:
        """Return who gained and lost over the market; it balances or raises `ModelError`.

        `home` names the firms at home: foreign firms are then told apart, and national welfare is
        the sum of consumers, home firms, duty revenue and quota rent (but exporters').
        """
        rent: dict[str, float] = {}
        sold = self.after.quantities
        for name, amount in zip(self.products, self.after.licence_price * sold, strict=True):
            if name in self.holders:
                rent[self.holders[name]] = rent.get(self.holders[name], 0.0) + float(amount)
        dearer = self.after.levy.unit_cost - self.before.levy.unit_cost
        return Ledger.between(
            self.before.money(), self.after.money() | {"dearer_inputs": float(dearer @ sold)},
            consumer_loss=self.consumer_loss, currency=self.currency, quota_rent=rent,
            **({} if home is None else self._national(home)),
        )  # fmt: skip

    def _national(self, home: Sequence[str]) -> dict[str, Any]:
        names = (home,) if isinstance(home, str) else tuple(home)
        unknown = [name for name in names if name not in self.before.firms]
        if unknown or not names:
            raise ModelError(
                f"home: {unknown[0] if unknown else 'no firm'} sells nothing in this market; the "
                f"firms are {', '.join(dict.fromkeys(self.before.firms))}"
            )
        ours = np.array([firm in names for firm in self.before.firms])
        rise = self.after.profit - self.before.profit
        old, new = (s.prices - s.duty - s.licence_price for s in (self.before, self.after))
        fall = (old - new) * self.after.quantities
        return {"home": names, "home_firms": float(rise[ours].sum()),
                "terms_of_trade": float(fall[~ours].sum())}  # fmt: skip

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
        consumer = burden(self.price_change, change, self.before.prices)
        moved = np.isfinite(consumer)
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
                f"share_{when}": state.shares,
                f"quantity_{when}": state.quantities,
                f"margin_{when}": state.margins,
                f"duty_{when}": state.duty,
                f"profit_{when}": state.profit,
            }
        columns["price_change"] = self.price_change
        columns["price_change_share"] = self.price_change / self.before.prices
        return pd.DataFrame(columns)

    def to_table(self, quantity: str = "price") -> pd.DataFrame:
        """Return a table to print (`to_latex` takes it): products, and before, after and change.

        `quantity` is a column of `to_frame` without its ending: `price`, `share`, `quantity`,
        `margin`, `duty`, `profit` or `border_price`.
        """
        frame = self.to_frame().set_index("product")
        if f"{quantity}_before" not in frame:
            known = [str(name)[:-7] for name in frame if str(name).endswith("_before")]
            raise ModelError(f"to_table: {quantity} is none of {', '.join(known)}")
        table = frame[[f"{quantity}_before", f"{quantity}_after"]].set_axis(
            ["before", "after"], axis=1
        )
        return table.assign(change=table["after"] - table["before"])

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
                "A model result: it is as good as the demand, the conduct and the costs assumed.",
            ]
        )


def assumptions(game: Game, reading: Reading) -> list[str]:
    """Return what a market answer assumes of demand, conduct and duty, a sentence each."""
    told = [
        f"Demand: {type(game.demand).__name__}; conduct: {game.conduct}; unit costs constant.",
        READINGS[reading],
    ]
    if isinstance(game.demand, ChoiceDemand):
        told.append(
            "All products are substitutes in this demand: goods that are bought together are not "
            "seen as such."
        )
    return told


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
        low, high = np.sort([self.own, self.own + self.rivals], axis=0)
        return bars(self.products, low, high, ax, form="money", currency=self.currency,
                    x_label="price change: alone, and with rivals' response")  # fmt: skip

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
