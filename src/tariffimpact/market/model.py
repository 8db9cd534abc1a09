"""The market: its products, their makers, demand, costs, conduct; and what a tariff does to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.errors import ModelError
from tariffimpact.market.conduct import Conduct, Game
from tariffimpact.market.equilibrium import Equilibrium
from tariffimpact.market.ownership import checked_ownership, ownership_matrix
from tariffimpact.market.policy import NO_DUTIES, Duties, Levy, Reading, SizedDuties, levy
from tariffimpact.market.quotas import Quota, clear_quotas
from tariffimpact.market.scenarios import Scenarios, solve_each
from tariffimpact.market.solving import require_maximum, require_solved, solve
from tariffimpact.market.state import MarketState
from tariffimpact.market.system import Array, DemandSystem, vector
from tariffimpact.market.withdrawal import check_offered, check_sold

if TYPE_CHECKING:
    from tariffimpact.market.fit import Fit

_SUBSIDY = " (with a cost below 0 a tariff would act as a subsidy)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A market of J differentiated products, ready to be solved at any duties.

    Parameters
    ----------
    products, firms
        Name and maker of each product, length J. Products of one firm are priced together.
    demand
        A demand system for the J products.
    unit_cost
        c, money per unit, without duty, positive: the firm's whole cost of one more unit.
    customs_value
        v, money per unit, the declared value a duty is a fraction of (reading `customs_value`);
        None for v = c, so that a duty raises cost to (1 + rate) c.
    duties
        Duties in force before, of which `impose` reports the change.
    reading
        `customs_value` (A) or `border_price` (B); see `policy.levy`.
    conduct
        `bertrand`, `cournot` (quantities of differentiated products),
        `monopolistic_competition` or `price_taking`.
    ownership
        Partial-ownership matrix, shape (J, J); None for firms that own their products outright.
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
        if self.ownership is not None:
            put(self, "ownership", checked_ownership(self.ownership, self.firms))
        if self.conduct not in get_args(Conduct):
            raise ModelError(f"conduct: one of {get_args(Conduct)} (got {self.conduct!r})")
        self.levy(self.duties)

    def levy(self, duties: Duties) -> Levy:
        """Return what `duties` do to each product's cost and profit weight."""
        return self._levied(duties.sized(len(self.products)))

    def _levied(self, duties: SizedDuties) -> Levy:
        return levy(
            duties=duties,
            unit_cost=self.unit_cost,
            customs_value=self.unit_cost if self.customs_value is None else self.customs_value,
            reading=self.reading,
        )

    def game(self, at: Levy) -> Game:
        """Return the conditions firms meet at the costs and weights of a levy."""
        weights = ownership_matrix(self.firms) if self.ownership is None else self.ownership
        return Game(self.demand, weights, at.cost, at.weight, self.conduct)

    def residual(self, prices: ArrayLike, duties: Duties | None = None) -> Array:
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
            If there is no equilibrium, or a product is priced out.
        """
        at = self.levy(self.duties if duties is None else duties)
        return self._state(at, np.zeros_like(at.cost), self._held(hold))

    def impose(
        self,
        duties: Duties,
        *,
        hold: Mapping[str, float] | None = None,
        quotas: Sequence[Quota] = (),
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
        before = self.equilibrium()
        at = self.levy(duties)
        held = self._held(hold)
        both = [name for quota in quotas for name in quota.products if name in (hold or {})]
        if both:
            raise ModelError(
                f"hold, quotas: {both[0]} is under both; at a fixed price no licence brings its "
                "sales down, so leave one of them out"
            )

        def state(licence: Array) -> MarketState:
            return self._state(at, licence, held, (before.game, before.prices))

        after = clear_quotas(state, quotas, self.products) if quotas else state(0 * at.cost)
        return Equilibrium(
            products=self.products, before=before, after=after, duties=duties,
            reading=self.reading, currency=self.currency,
            holders={name: quota.rent_to for quota in quotas for name in quota.products},
        )  # fmt: skip

    def impose_each(self, duties: Duties) -> Scenarios:
        """Return the market before and after each of many changes of duties, in one call.

        The same answers and refusals as `impose` for one scenario after the other: a scenario
        without an equilibrium is NaN and says why. Logit and CES demand under Bertrand, linear
        demand, price taking and monopolistic competition are solved all at once; elsewhere one
        by one. Where a nested market has several equilibria it may find another than `impose`.
        Prices held and quotas are for `impose`.

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
        sized, before = duties.each(len(self.products)), self.equilibrium()
        free = np.full(len(self.products), np.nan)

        def alone(at: Levy) -> MarketState:
            return self._state(at, np.zeros_like(free), free, (before.game, before.prices))

        return solve_each(
            products=self.products, before=before, duties=sized, levy=self._levied(sized),
            alone=alone, reading=self.reading, currency=self.currency,
        )  # fmt: skip

    def _held(self, hold: Mapping[str, float] | None) -> Array:
        """Return the prices held, NaN for the products that are free, shape (J,)."""
        given = hold or {}
        unknown = [name for name in given if name not in self.products]
        if unknown:
            raise ModelError(f"hold: {unknown[0]} is no product of this market: {self.products}")
        if given:
            positive([*given.values()], [*given], "hold")
        return np.array([given.get(name, np.nan) for name in self.products], dtype=np.float64)

    def _state(
        self,
        at: Levy,
        licence: Array,
        hold: Array,
        anchor: tuple[Game, Array] | None = None,
    ) -> MarketState:
        """Solve at a levy and licence prices, or raise."""
        raised = at.raised(licence) if licence.any() else at
        game = self.game(raised)
        anchors = [known for known in (anchor, self._observed()) if known is not None]
        solved, held = solve(game, self.firms, anchors=anchors, hold=hold), np.isfinite(hold)
        if not solved.converged:
            check_offered(game, solved, self.firms, self.products, hold)
        require_solved(solved, self.products)
        check_sold(self.demand, solved.prices, self.products)
        require_maximum(game, solved.prices, self.firms, ~held)
        return MarketState(
            game, self.firms, raised, solved.prices, licence, held, solved.residual,
            solved.iterations,
        )  # fmt: skip

    def _observed(self) -> tuple[Game, Array] | None:
        """Return the game and prices a calibration reproduced, a place to start from."""
        if self.fit is None:
            return None
        return self.game(self.levy(self.duties)), self.fit.prices


def check_names(products: Sequence[str], firms: Sequence[str], size: int) -> None:
    """Raise a `ModelError` unless every product has one name and one firm."""
    if not products or len(products) != len(firms) or len(products) != size:
        raise ModelError(
            f"products: {len(products)} names, {len(firms)} firms, demand for {size}; give one "
            "name and one firm per product of the demand system"
        )
    twice = [name for i, name in enumerate(products) if name in products[:i]]
    if twice:
        raise ModelError(f"products: {twice[0]} appears twice; give each product its own name")
    if "" in products:
        raise ModelError(f"products: number {products.index('') + 1} has no name; give it one")
    if "" in firms:
        raise ModelError(f"firms: {products[firms.index('')]} has no firm; name its maker")


def named(labels: Sequence[object]) -> tuple[str, ...]:
    """Return labels as text, blank where there is none."""
    return tuple("" if label is None else str(label).strip() for label in labels)


def positive(values: ArrayLike, products: Sequence[str], name: str) -> Array:
    """Return `values` as floats, or name the product whose value is not positive."""
    full = vector(values, len(products), name)
    for product, value in zip(products, full, strict=True):
        if not value > 0:
            raise ModelError(
                f"{name}: {product} has {value:g}; it must be positive"
                + (_SUBSIDY if name == "unit_cost" else "")
            )
    return full
