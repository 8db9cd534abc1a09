r"""Logit and CES equilibria with any nests, ownership and profit weights, in the log odds.

Shares say what markups firms take, markups say what utility is left. With x the log odds of the
products, u(x) the utility index they imply (Berry's inversion) and y(x) the utility lost to the
markups that are best replies at those shares, an equilibrium is

.. math:: u(x) + y(x) = V,

V the utility if every price were its cost. For logit y = alpha (p - k), for CES
y = (elasticity - 1) log(p/k). Unlike the conditions in prices, u and y are smooth however close
the products: a small step of x is a small change of every log share. One market is a batch of one.

Products of one nest, one firm and one profit weight share one y: under Bertrand they are solved as
one product, of the value V they have together.

The path parameter t multiplies what a product weighs in the markups of any product, its own share
included. At t = 0 firms take the market as given and x is a closed form. For logit markups stay
positive and bounded on the way to t = 1, so the path from there reaches an equilibrium. CES markups
may run off; eased, cost over price never quite falls to 0, and the path reaches t = 1 again. As the
easing goes, what is left of a product that still runs off is nothing: its firm withdraws it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from tariffimpact.market.conduct import Game
from tariffimpact.market.demand_systems import (
    Array,
    CesDemand,
    ChoiceDemand,
    Flags,
    Labels,
    NestShares,
)
from tariffimpact.market.solvers.newton import (
    AIM,
    SETTLED,
    TOLERANCE,
    Found,
    Point,
    first_settled,
    newton,
    solutions,
    track,
)

_LOGIT_STEPS, _CES_STEPS = 100, 25
"""Newton steps after which the path is followed instead; CES prices on their way off take many."""
_FLOORS = tuple(10.0**-k for k in (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 40, 55, 75, 100, 150))
"""Easing of cost over price, each a place to start the next from."""
_MANY_AIM = 1e-14
"""Gap at which the steps of a batch end."""
_ENTRIES = 2**14
"""Entries of the matrices of a batch that are worked on at once."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """Utility lost to markups, y, not a number where none fit the shares, and how it moves."""

    loss: Array
    by_odds: Array
    """dy/dx, shape (..., J, J)."""
    by_t: Array
    """dy/dt."""
    unbounded: Flags
    """Whether no price of a product is high enough."""
    lift: Array | None = None
    """Matrix that both derivatives are multiplied by, where that spares its inverse."""


@dataclass(frozen=True, slots=True)
class OddsConditions:
    """u(x) + y(x) = V for the products whose price is free; y is given for those held.

    Of many markets of J products, shape (M, J), or of one of them, (J,).
    """

    at_cost: Array
    """V."""
    nesting: Array
    same: Array
    """1 where two products are in one nest, shape (..., J, J)."""
    pull: Array
    """Weight of k in the condition of j, relative to its own, shape (..., J, J)."""
    steep: Array
    """Fall of utility per unit of price (CES: of log price), shape (..., 1)."""
    held: Flags
    held_loss: Array
    """y of the products whose price is held."""
    ces: bool
    away: float
    """1 with an outside good, 0 without."""
    quantities: bool = False
    """Whether firms set quantities (Cournot) rather than prices (Bertrand)."""
    floor: float = 0.0
    """Easing of cost over price under CES; 0 in the model itself."""

    @classmethod
    def of(cls, game: Game, held: Flags, prices: Array) -> OddsConditions:
        """Return the conditions of a game, shape (1, J); `prices` matter where `held`."""
        demand = game.demand
        assert isinstance(demand, ChoiceDemand)
        at_cost = demand.index(game.cost)
        return cls(
            at_cost[None], np.broadcast_to(demand.nesting, (1, held.size)), demand.same[None],
            game.pull[None], np.array([[demand.steep]]), held[None],
            (at_cost - demand.index(prices))[None], isinstance(demand, CesDemand), demand.away,
            game.conduct == "cournot",
        )  # fmt: skip

    def some(self, which: Any) -> OddsConditions:
        """Return the conditions of some markets, by flags, or one by its number."""
        arrays = {field.name: getattr(self, field.name)[which] for field in fields(self)[:7]}
        return replace(self, **arrays)

    def shares(self, x: Array) -> NestShares:
        """Return the shares at log odds x."""
        return NestShares.from_log_odds(x, self.same, self.nesting, self.away)

    def start(self) -> Array:
        """Return the solution at t = 0."""
        loss = self._taken(self.shares(np.zeros_like(self.at_cost)), 0.0).loss
        return NestShares.of(self.at_cost - loss, self.same, self.nesting, self.away).log_odds

    def at(self, x: Array, t: float) -> Point:
        """Return u + y - V and its derivatives; not a number where no markups fit the shares."""
        with np.errstate(all="ignore"):
            shares = self.shares(x)
            taken, change = self._taken(shares, t), shares.index_change()
            gap = shares.index + taken.loss - self.at_cost
            lift = taken.lift
            return Point(
                gap, 1 + np.abs(self.at_cost),
                (change if lift is None else lift @ change) + taken.by_odds, taken.by_t,
                gap if lift is None else (lift @ gap[..., None])[..., 0],
            )  # fmt: skip

    def loss(self, x: Array) -> Array:
        """Return y at the markups that x implies, else at the utility left."""
        with np.errstate(all="ignore"):
            shares = self.shares(x)
            loss = self._taken(shares, 1.0).loss
            return np.where(np.isfinite(loss), loss, self.at_cost - shares.index)

    def unbounded(self, x: Array) -> Flags:
        """Return the products no price of which is high enough for their firm.

        A product on which it keeps most of each dollar is never one.
        """
        return self._taken(self.shares(x), 1.0).unbounded & (self.pull > 1).any(axis=-1)

    def _taken(self, shares: NestShares, t: float) -> _Taken:
        """Return the loss of utility to markups, those held staying put."""
        if not self.quantities:
            taken = self._bertrand(shares, t)
        elif self.ces:
            taken = self._cournot(shares, t)
        else:
            taken = self._cournot_logit(shares, t)
        free = ~self.held
        return replace(taken, loss=np.where(free, taken.loss, self.held_loss),
                       by_odds=taken.by_odds * free[..., None], by_t=taken.by_t * free)  # fmt: skip

    def _bertrand(self, shares: NestShares, t: float) -> _Taken:
        """Return the loss from ``A m = 1``, A = pull x semi-elasticities, m markups."""
        cross, even = shares.cross(), np.eye(self.at_cost.shape[-1])
        own = np.diagonal(cross, axis1=-2, axis2=-1)
        others = cross * (1 - even)
        weigh = t * self.pull * others
        excess = (others - weigh).sum(axis=-1) + (1 - t) * own + shares.outside[..., None]
        matrix = (excess + weigh.sum(axis=-1))[..., None] * even - weigh
        if self.ces:
            matrix, excess = self.steep[..., None] * matrix + even, self.steep * excess
        matrix = np.where(self.held[..., None], even, matrix)
        if self.ces:  # cost over price, 1 - (p - k)/p
            left = np.where(self.held, np.exp(-self.held_loss / self.steep), excess)
            size = np.diagonal(matrix, axis1=-2, axis2=-1)
            # divided by it no row is pivoted away: a small digit stays
            left = solutions(matrix / size[..., None], (left / size)[..., None])[..., 0]
            kept, ease = _eased(left, self.floor)
            margin, slope = 1 - left, self.steep**2 * (ease / kept)
            loss = -self.steep * np.log(kept)
        else:
            left = np.ones_like(own)
            right = np.where(self.held, self.held_loss, 1.0)
            margin = loss = solutions(matrix, right[..., None])[..., 0]
            slope = left
        fits = self.held | (loss > 0) | bool(self.floor) | self.held.any(axis=-1, keepdims=True)
        bend = shares.curvature(t * self.pull * margin[..., None, :]) @ shares.index_change()
        tilt = ((self.pull * cross) @ margin[..., None])[..., 0]
        return _Taken(np.where(fits.all(axis=-1, keepdims=True), loss, np.nan), -bend, tilt,
                      left <= 0, matrix / slope[..., None, :])  # fmt: skip

    def _cournot(self, shares: NestShares, t: float) -> _Taken:
        """Return the loss of CES from Q = inv(steep + P), P = du/d ln q.

        Cost over price is steep * sum_k pull[j, k] Q[j, k]; Q has positive row sums and nothing
        above 0 off its diagonal.
        """
        steep, nesting = self.steep, self.nesting
        size = steep + 1 - nesting + t * nesting
        rest = (shares.outside + t * (shares.share / size).sum(axis=-1))[..., None]
        within = shares.same * shares.conditional[..., None, :]
        off = t * (nesting / (size - t * nesting) / size)[..., None] * within
        off = off + t * (1 / size)[..., None] * (shares.share / size / rest)[..., None, :]
        off = off * (1 - np.eye(size.shape[-1]))
        sums = shares.outside[..., None] / size / rest
        rivals = 1 - self.pull
        left = np.where(self.held, 1.0, steep * (sums + (rivals * off).sum(axis=-1)))
        kept, ease = _eased(left, self.floor)
        own = sums + off.sum(axis=-1)
        across = off.swapaxes(-1, -2)
        pulled = sums[..., None, :] + rivals @ across - rivals * own[..., None, :]
        inverse = own[..., None] * np.eye(size.shape[-1]) - off
        nested = inverse @ (nesting[..., None] * shares.same) * shares.conditional[..., None, :]
        whole = (1 / size)[..., None] * (shares.share / rest)[..., None, :]
        scale = steep**2 * ease / kept
        by_odds = nested * (pulled - pulled @ within.swapaxes(-1, -2)) + whole * pulled
        fits = (kept > 0).all(axis=-1, keepdims=True)
        return _Taken(
            np.where(fits, -steep * np.log(kept), np.nan), t * scale[..., None] * by_odds,
            scale * ((nested + whole) * pulled).sum(axis=-1), left <= 0,
        )  # fmt: skip

    def _cournot_logit(self, shares: NestShares, t: float) -> _Taken:
        """Return the loss from the pulled row sums of P = 1 - nesting + t x spill."""
        nesting, odds = self.nesting, np.exp(shares.log_odds)[..., None, :]
        within = shares.same * shares.conditional[..., None, :]
        spill = (self.pull * (nesting[..., None] * within + odds)).sum(axis=-1)
        mean = (self.pull * within).sum(axis=-1)[..., None]
        by_odds = nesting[..., None] * within * (self.pull - mean) + self.pull * odds
        return _Taken(1 - nesting + t * spill, t * by_odds, spill, np.zeros_like(self.held))


def _eased(left: Array, floor: float) -> tuple[Array, Array]:
    """Return cost over price above 0, about floor^2/|left| where none is left, and its slope."""
    root = np.hypot(left, 2 * floor)
    kept = np.where(left > 0, (left + root) / 2, 2 * floor**2 / (root + np.abs(left)))
    return kept, kept / root


def merged(value: Array, nesting: Array, *labels: Array | Labels) -> tuple[Labels, Labels, Array]:
    """Return the cell of each product, the first product of each cell, and its value.

    Products that agree in all `labels`, the last of which orders the cells, are one; V of a cell
    is (1 - s) log sum exp(V/(1 - s)) over its products.
    """
    order = np.lexsort(labels)
    new = np.ones(order.size, dtype=np.bool_)
    new[1:] = np.any([np.diff(label[order]) != 0 for label in labels], axis=0)
    starts, cell = np.flatnonzero(new), np.empty(order.size, dtype=np.intp)
    cell[order] = np.cumsum(new) - 1
    rest = 1 - nesting[order]
    worth = rest[starts] * np.logaddexp.reduceat(value[order] / rest, starts)
    return cell, order[starts], worth


def in_cells(game: Game) -> tuple[Game, Labels]:
    """Return a Bertrand game with products that always share one y made one; and their cells."""
    demand = game.demand
    assert isinstance(demand, ChoiceDemand)
    stakes = np.hstack([game.ownership, game.ownership.T])
    owner = np.unique(stakes, axis=0, return_inverse=True)[1].ravel()
    at_cost = demand.index(game.cost)
    cell, first, worth = merged(at_cost, demand.nesting, game.weight, owner, demand.nest)
    level = demand.level[first] + worth - at_cost[first]
    ownership = game.ownership[np.ix_(first, first)]
    small = Game(demand.only(first, level), ownership, game.cost[first], game.weight[first],
                 game.conduct)  # fmt: skip
    return small, cell


def solve_odds(game: Game, held: Flags, prices: Array) -> tuple[Array, float, int]:
    """Return equilibrium prices, the relative gap in log odds and the Newton steps taken.

    Products `held` keep their `prices`, shape (J,).
    """
    small, cell = game, np.arange(held.size)
    if game.conduct == "bertrand" and not held.any():
        small, cell = in_cells(game)
    first = np.unique(cell, return_index=True)[1]
    conditions = OddsConditions.of(small, held[first], prices[first])
    ways = [partial(_settled, conditions)]
    if conditions.ces:
        ways.append(partial(_by_easing, conditions))
    found = first_settled(ways)
    loss = conditions.loss(found.x)[0, cell]
    assert isinstance(game.demand, ChoiceDemand)
    return game.demand.dearer(game.cost, loss), float(found.error[0]), int(found.iterations[0])


@dataclass(frozen=True, slots=True)
class Products:
    """The products of many Bertrand markets, those of a market adjacent; shape (P,)."""

    value: Array
    """V."""
    weight: Array
    """Share of its profit the firm keeps."""
    nesting: Array
    firm: Labels
    nest: Labels
    market: Labels
    """Numbered through from 0, rising; so are firms and nests."""
    steep: Array
    """Of each market, shape (M,)."""
    ces: bool
    away: float


def solve_products(given: Products) -> tuple[Array, Array, Labels]:
    """Return y of each product, and the error and steps of each market.

    The error is that of the markups of what is sold at all, of which the least is 1 - nesting: the
    gap is one of utility. CES markets whose prices run off are infinitely far from settled.

    Examples
    --------
    >>> zero = np.zeros(1, dtype=np.intp)
    >>> one = Products(np.array([2.0]), np.ones(1), np.zeros(1), zero, zero, zero, np.ones(1),
    ...                False, 1.0)
    >>> z = solve_products(one)[0][0] - 1; float(round(z * np.exp(z) / np.e, 12))
    1.0
    """
    cell, first, worth = merged(given.value, given.nesting, given.weight, given.nest, given.firm,
                                given.market)  # fmt: skip
    counts = np.bincount(given.market[first])
    starts = np.cumsum(counts) - counts
    loss, error = np.empty(first.size), np.empty(counts.size)
    steps = np.empty(counts.size, dtype=np.intp)
    for count in np.unique(counts):
        alike = np.flatnonzero(counts == count)
        tall = max(1, _ENTRIES // int(count) ** 2)
        for some in (alike[row : row + tall] for row in range(0, alike.size, tall)):
            at = starts[some][:, None] + np.arange(count)
            loss[at], error[some], steps[some] = _some(given, first[at], worth[at], some)
    return loss[cell], error, steps


def _some(given: Products, at: Labels, value: Array, market: Labels) -> tuple[Array, Array, Labels]:
    """Solve markets of equally many cells; `at` is the first product of each, shape (M, n)."""
    firm, nest = given.firm[at], given.nest[at]
    weight, nesting = given.weight[at], given.nesting[at]
    ours = firm[:, :, None] == firm[:, None, :]
    conditions = OddsConditions(
        value, nesting, (nest[:, :, None] == nest[:, None, :]).astype(np.float64),
        ours * weight[:, None, :] / weight[:, :, None], given.steep[market][:, None],
        np.zeros(at.shape, dtype=np.bool_), np.zeros(at.shape), given.ces, given.away,
    )  # fmt: skip
    found = _settled(conditions, _MANY_AIM)
    sold = conditions.shares(found.x).share > 0
    size = np.max(np.where(sold, 1 + np.abs(value), 1.0), axis=1)
    error = found.error * size / (1 - nesting).min(axis=1)
    if given.ces:
        error[~(error <= TOLERANCE)] = np.inf
    return conditions.loss(found.x), error, found.iterations


def _settled(conditions: OddsConditions, aim: float = AIM) -> Found:
    """Return where Newton ends, or else the path from the market in which firms are small."""
    steps = _CES_STEPS if conditions.ces else _LOGIT_STEPS
    found = newton(conditions, np.zeros_like(conditions.at_cost), steps, aim)
    left = ~(found.error <= SETTLED)
    if left.any():
        rest = conditions.some(left)
        first = rest.start()
        again = newton(rest, np.minimum(first, 2.0), steps, aim)
        for one in np.flatnonzero(~(again.error <= SETTLED)):
            again = again.replaced(one, track(rest.some(one), first[one]))
        found = found.replaced(left, again)
    return found


def _by_easing(conditions: OddsConditions) -> Found:
    """Return where Newton ends from the least eased conditions, if they bound every price."""
    last, bounded, count = conditions.start(), False, np.zeros(1, dtype=np.intp)
    for now, found in eased(conditions):
        last, bounded = found.x, not now.unbounded(found.x).any()
        count += found.iterations
    if not bounded:
        return Found(last, np.full(1, np.inf), count)
    found = newton(conditions, last)
    return replace(found, iterations=count + found.iterations)


def withdrawn(game: Game, held: Flags, prices: Array) -> Flags:
    """Return the products of which nothing is left as the easing goes, as far as it can be seen."""
    gone = np.zeros_like(held)
    for now, found in eased(OddsConditions.of(game, held, prices)):
        if now.floor == _FLOORS[-1]:
            gone = now.unbounded(found.x)[0]
    return gone


def eased(conditions: OddsConditions) -> Iterator[tuple[OddsConditions, Found]]:
    """Yield eased CES conditions and their solution, ever nearer the model, while it is found."""
    found = None
    for floor in _FLOORS:
        now = replace(conditions, floor=floor)
        found = None if found is None else newton(now, found.x)
        if found is None or not found.error <= SETTLED:
            found = _settled(now)
        if not found.error <= SETTLED:
            return
        yield now, found
