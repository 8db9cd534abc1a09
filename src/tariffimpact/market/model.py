"""The market: its products, their makers, demand, costs, conduct; and what a tariff does to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError, require
from tariffimpact.market.changes import Channels, Equilibrium, Scenarios, with_misses
from tariffimpact.market.conduct import Conduct, Game, checked_ownership, ownership_matrix
from tariffimpact.market.demand_systems import Array, DemandSystem, refuse_unknown, vector
from tariffimpact.market.equilibrium import MarketState, assumptions, clear_quotas
from tariffimpact.market.fit import Fit, bars, framed
from tariffimpact.market.policy import (
    NO_DUTIES,
    Duties,
    Levy,
    Quota,
    Reading,
    SizedDuties,
    Tie,
    by_product,
    levy,
    tied,
)
from tariffimpact.market.solvers import settled, solve_rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


_SUBSIDY = " (with a cost below 0 a tariff would act as a subsidy)"
Numbers = ArrayLike | Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Market(Answer):
    """A market of J differentiated products, ready to be solved at any duties.

    Parameters
    ----------
    products, firms
        Name and maker of each product, length J. Products of one firm are priced together.
    demand
        A demand system for the J products.
    unit_cost
        c, money per unit, without duty, positive: the firm's whole cost of one more unit. An array,
        or a mapping by product.
    customs_value
        v, money per unit, the declared value a duty is a fraction of (reading `customs_value`
        only); None for v = c, so that a duty raises cost to (1 + rate) c. An array or a mapping.
    duties
        Duties in force before, of which `impose` reports the change.
    reading
        `customs_value` (A) or `border_price` (B); see `policy.levy`.
    conduct
        `bertrand`, `cournot` (quantities of differentiated products),
        `monopolistic_competition` or `price_taking`.
    ownership
        Partial-ownership matrix, shape (J, J), or by owner the weight it puts on the profit of
        other firms; None for firms that own their products outright.
    fit
        How well a calibration met its margins; None if the parameters were given.
    currency
        Code of the money, for sentences only.

    Raises
    ------
    ModelError
        If lengths differ, a cost or customs value is not positive, or a choice is unknown.

    Examples
    --------
    >>> from tariffimpact.market import LogitDemand
    >>> market = Market(products=["a"], firms=["f"], unit_cost=[1.0],
    ...                 demand=LogitDemand(utility=[2.0], price_coefficient=1.0))
    >>> float(market.equilibrium().prices[0].round(8))  # 2 + Lambert W(1)
    2.56714329
    """

    products: tuple[str, ...]
    firms: tuple[str, ...]
    demand: DemandSystem
    unit_cost: Array
    customs_value: Array | None = None
    duties: Duties = NO_DUTIES
    reading: Reading = "customs_value"
    conduct: Conduct = "bertrand"
    ownership: Array | None = None
    fit: Fit | None = None
    currency: str = "USD"

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "products", named(self.products))
        put(self, "firms", named(self.firms))
        check_names(self.products, self.firms, self.demand.size)
        for name in ("unit_cost", "customs_value"):
            given = getattr(self, name)
            if given is not None:
                put(self, name, positive(given, self.products, name))
        refuse_value(self.customs_value, self.reading)
        if self.ownership is not None:
            put(self, "ownership", checked_ownership(self.ownership, self.firms))
        refuse_unknown("conduct", [self.conduct], get_args(Conduct))
        self.levy(self.duties)

    def levy(self, duties: Duties) -> Levy:
        """Return what `duties` do to each product's cost and profit weight."""
        return self._levied(duties.sized(self.products))

    def _levied(self, duties: SizedDuties) -> Levy:
        return levy(duties=duties, unit_cost=self.unit_cost, customs_value=self.customs_value,
                    reading=self.reading)  # fmt: skip

    def game(self, at: Levy) -> Game:
        """Return the conditions firms meet at the costs and weights of a levy."""
        weights = ownership_matrix(self.firms) if self.ownership is None else self.ownership
        return Game(self.demand, weights, at.cost, at.weight, self.conduct)

    def residual(self, prices: Numbers, duties: Duties | None = None) -> Array:
        """Return the first-order conditions at given shelf prices, shape (J,), 0 in equilibrium.

        In units of marginal revenue over price: -0.1 says a firm would gain by a lower price.
        `prices` in money per unit; `duties` default to those in force.
        """
        at = self.levy(self.duties if duties is None else duties)
        return self.game(at).residual(positive(prices, self.products, "prices"))

    def equilibrium(
        self, duties: Duties | None = None, *, hold: Mapping[str, float] | None = None
    ) -> MarketState:
        """Return the equilibrium at `duties` (None: those in force).

        `hold` fixes the shelf prices of named products, money per unit; the others reply.

        Raises
        ------
        ModelError
            If there is no equilibrium, a product is priced out, or a firm earns more by selling
            none of some products.
        """
        at = self.levy(self.duties if duties is None else duties)
        return self._state(at, None, self._held(hold))

    def impose(
        self,
        duties: Duties,
        *,
        hold: Mapping[str, float] | None = None,
        quotas: Sequence[Quota] = (),
        ties: Sequence[Tie] = (),
        costs: Numbers | None = None,
        exchange_rate: Numbers | None = None,
    ) -> Equilibrium:
        """Return the market before (duties in force) and after `duties` replace them.

        Parameters
        ----------
        duties
            The duties after, not the change: a cut is a lower duty.
        hold
            Shelf prices fixed after, by product, money per unit.
        quotas
            Limits on the units sold of groups of products after.
        ties
            Products of one firm whose prices move together, by one change or one ratio
            (Bertrand only; such a market has at most a local maximum known).
        costs
            Unit costs after, without duty, money per unit: an array, or a mapping by product; a
            product not named keeps its own. None: all do.
        exchange_rate
            Money of this market per unit of the maker's money, after over before: 1.05 makes what
            is made abroad 5% dearer. It multiplies unit costs (`costs`, if given) and customs
            values: one number, an array, or by product (1 where not named).

        Raises
        ------
        ModelError
            If either equilibrium is not found, a product is priced out, or a quota cannot bind.

        Examples
        --------
        >>> from tariffimpact.market import LogitDemand
        >>> market = Market(products=["a", "b"], firms=["f", "g"], unit_cost=[1.0, 1.0],
        ...                 demand=LogitDemand(utility=[3.0, 3.0], price_coefficient=1.0))
        >>> print(market.impose(Duties([0.2, 0.0])).summary())
        A change of duties moves the mean shelf price by +3.2%: a +$0.13 (+5.2%), b +$0.03 (+1.1%).
        """
        before, then = self.equilibrium(), self._shocked(costs, exchange_rate)
        at, held = then.levy(duties), self._held(hold)
        self._check_together(hold or {}, quotas, ties)
        tied(ties, self.products, self.firms)

        def state(licence: Array | None) -> MarketState:
            return then._state(at, licence, held, (before.game, before.prices), ties)

        after = clear_quotas(state, quotas, self.products) if quotas else state(None)
        return Equilibrium(
            before=before, after=after, duties=duties,
            reading=self.reading, currency=self.currency, fit=self.fit,
            holders={name: quota.rent_to for quota in quotas for name in quota.products},
        )  # fmt: skip

    def impose_each(self, duties: Duties) -> Scenarios:
        """Return the market before and after each of many changes of duties, in one call.

        The same answers and refusals as `impose` for one scenario after the other: a scenario
        without an equilibrium is NaN and says why. Logit and CES demand under Bertrand are solved
        all at once; elsewhere scenarios are solved one by one. Where a nested market has several
        equilibria it may find another than `impose`. Prices held or tied, quotas and shocks to
        cost are for `impose`.

        Parameters
        ----------
        duties
            The duties after, each field with leading axes of scenarios: shape (..., J), or (..., 1)
            for one number for all products.

        Raises
        ------
        ModelError
            If duties are out of range or do not fit, or the market before has no equilibrium.

        Examples
        --------
        >>> from tariffimpact.market import LogitDemand
        >>> market = Market(products=["a", "b"], firms=["f", "g"], unit_cost=[1.0, 1.0],
        ...                 demand=LogitDemand(utility=[3.0, 3.0], price_coefficient=1.0))
        >>> market.impose_each(Duties([[0.1, 0.0], [0.2, 0.0]])).price_change.round(3)
        array([[0.066, 0.015],
               [0.134, 0.03 ]])
        """
        sized, before = duties.each(self.products), self.equilibrium()
        at, free = self._levied(sized), np.full(len(self.products), np.nan)
        shape = at.cost.shape
        cost, weight = (values.reshape(-1, shape[-1]) for values in (at.cost, at.weight))
        prices, residual = solve_rows(replace(before.game, cost=cost, weight=weight), self.firms)
        refused = {}
        for row in np.flatnonzero(np.isinf(residual)):
            index = tuple(map(int, np.unravel_index(row, shape[:-1])))
            try:
                state = self._state(at.scenario(index), None, free, (before.game, before.prices))
            except ModelError as error:
                prices[row], refused[index] = np.nan, str(error)
            else:
                prices[row], residual[row] = state.prices, state.residual
        after = replace(before, game=self.game(at), levy=at, prices=prices.reshape(shape),
                        residual=residual.reshape(shape[:-1]))  # fmt: skip
        return Scenarios(before=before, after=after, duties=sized, refused=refused,
                         reading=self.reading, currency=self.currency, fit=self.fit)  # fmt: skip

    def summary(self) -> str:
        """Return what the market is made of, in a sentence."""
        demand = type(self.demand).__name__.removesuffix("Demand")
        makers = len(dict.fromkeys(self.firms))
        told = (
            f"A market of {len(self.products)} product{'s' if len(self.products) > 1 else ''} of "
            f"{makers} firm{'s' if makers > 1 else ''}: {demand} demand, "
            f"{self.conduct.replace('_', ' ')}."
        )
        return with_misses(told, self.fit)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product: its firm, unit cost, cost with duty in force (money)."""
        at = self.levy(self.duties)
        labels = {"product": self.products, "firm": self.firms}
        return framed(labels | {"unit_cost": self.unit_cost, "cost_with_duty": at.cost})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each product from its cost with duty to its price in equilibrium, money."""
        cost, price = self.levy(self.duties).cost, self.equilibrium().prices
        return bars(self.products, cost, price, ax, form="money", currency=self.currency,
                    x_label="from cost with duty to price")  # fmt: skip

    def explain(self) -> str:
        """Return demand, conduct, the reading of duties and how margins were met."""
        known = [] if self.fit is None else [self.fit.summary()]
        game = self.game(self.levy(self.duties))
        return "\n".join([self.summary(), *assumptions(game, self.reading), *known])

    def _shocked(self, costs: Numbers | None, exchange_rate: Numbers | None) -> Market:
        """Return the market with its unit costs and customs values after a shock."""
        if costs is None and exchange_rate is None:
            return self
        cost, value = self.unit_cost, self.customs_value
        if costs is not None:
            given = by_product(costs, self.products, "costs", cost)
            cost = positive(given, self.products, "costs")
        if exchange_rate is not None:
            given = by_product(exchange_rate, self.products, "exchange_rate", 1.0)
            rate = positive(given, self.products, "exchange_rate")
            cost, value = cost * rate, None if value is None else value * rate
        return replace(self, unit_cost=cost, customs_value=value)

    def _check_together(
        self, hold: Mapping[str, float], quotas: Sequence[Quota], ties: Sequence[Tie]
    ) -> None:
        """Raise a `ModelError` where two of hold, quotas and ties bind one product in vain."""
        for given, others, why in (
            ("quotas", quotas, "at a fixed price no licence brings its sales down"),
            ("ties", ties, "a fixed price does not move with others"),
        ):
            both = [name for one in others for name in one.products if name in hold]
            require(not both, f"hold, {given}: {both and both[0]} is under both; {why}, so leave "
                    "one of them out")  # fmt: skip
        require(
            not ties or self.conduct == "bertrand",
            f"ties: prices can be tied where firms set prices (bertrand), not under {self.conduct}",
        )

    def _held(self, hold: Mapping[str, float] | None) -> Array:
        """Return the prices held, NaN for the products that are free, shape (J,)."""
        given = hold or {}
        held = by_product(given, self.products, "hold", np.nan)
        if given:
            positive([*given.values()], [*given], "hold")
        return np.asarray(held, dtype=np.float64)

    def _state(
        self,
        at: Levy,
        licence: Array | None,
        hold: Array,
        anchor: tuple[Game, Array] | None = None,
        ties: Sequence[Tie] = (),
    ) -> MarketState:
        """Solve at a levy and licence prices, or raise; ties move on from the anchor."""
        raised = at.raised(licence)
        game = self.game(raised)
        groups = tied(ties, self.products, self.firms)
        known = anchor, None if ties else self._observed()
        solved = settled(
            game, self.firms, self.products, hold=hold, ties=groups, duty=raised.duty,
            anchors=[point for point in known if point is not None],
        )  # fmt: skip
        free = np.zeros_like(solved.prices) if licence is None else licence
        return MarketState(game, self.firms, raised, solved.prices, free, np.isfinite(hold),
                           solved.residual, solved.iterations, self.products,
                           tuple(tie.products for tie in ties))  # fmt: skip

    def _observed(self) -> tuple[Game, Array] | None:
        """Return the game and prices a calibration reproduced, a place to start from."""
        if self.fit is None:
            return None
        return self.game(self.levy(self.duties)), self.fit.prices


def refuse_value(customs_value: Array | None, reading: Reading) -> None:
    """Raise a `ModelError` if a customs value is given where the duty falls on the border price."""
    if customs_value is not None and reading == "border_price":
        raise ModelError(
            "customs_value: under the reading 'border_price' the duty falls on the price the firm "
            "charges at the border, and a customs value has no part in it; leave it out, or use "
            "reading='customs_value'"
        )


def check_names(products: Sequence[str], firms: Sequence[str], size: int) -> None:
    """Raise a `ModelError` unless every product has one name and one firm."""
    require(
        0 < len(products) == len(firms) == size,
        f"products: {len(products)} names, {len(firms)} firms, demand for {size}; give one name "
        "and one firm per product of the demand system",
    )
    twice = [name for i, name in enumerate(products) if name in products[:i]]
    require(not twice, f"products: {twice and twice[0]} appears twice; give each its own name")
    if "" in products:
        raise ModelError(f"products: number {products.index('') + 1} has no name; give it one")
    if "" in firms:
        raise ModelError(f"firms: {products[firms.index('')]} has no firm; name its maker")


def named(labels: Sequence[object]) -> tuple[str, ...]:
    """Return labels as text, blank where there is none."""
    return tuple("" if label is None else str(label).strip() for label in labels)


def positive(values: Numbers, products: Sequence[str], name: str) -> Array:
    """Return `values` as floats, or name the product whose value is not positive."""
    if isinstance(values, Mapping):
        by_product(values, products, name, 1.0)
        missing = [product for product in products if product not in values]
        require(not missing, f"{name}: {missing and missing[0]} is missing; give one for every one")
        values = [values[product] for product in products]
    full = vector(values, len(products), name)
    for product, value in zip(products, full, strict=True):
        if not value > 0:
            raise ModelError(
                f"{name}: {product} has {value:g}; it must be positive"
                + (_SUBSIDY if name == "unit_cost" else "")
            )
    return full


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
