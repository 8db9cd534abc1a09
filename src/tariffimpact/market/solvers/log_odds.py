r"""Logit and CES equilibria with any nests, ownership and profit weights, in the log odds.

Shares say what markups firms take, markups say what utility is left. With x the log odds of the
products, u(x) the utility index they imply (Berry's inversion) and y(x) the utility lost to the
markups that are best replies at those shares, an equilibrium is

.. math:: u(x) + y(x) = V,

V the utility if every price were its cost. For logit y = alpha (p - k), for CES
y = (elasticity - 1) log(p/k). Unlike the conditions in prices, u and y are smooth however close
the products: a small step of x is a small change of every log share.

The path parameter t multiplies what a product weighs in the markups of any product, its own share
included. At t = 0 firms take the market as given and x is a closed form. For logit markups stay
positive and bounded on the way to t = 1, so the path from there reaches an equilibrium. CES markups
may run off; eased, cost over price never quite falls to 0, and the path reaches t = 1 again. As the
easing goes, what is left of a product that still runs off is nothing: its firm withdraws it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tariffimpact.market.conduct import Game
from tariffimpact.market.demand_systems import (
    Array,
    CesDemand,
    ChoiceDemand,
    Flags,
    LogitDemand,
    NestShares,
)
from tariffimpact.market.solvers.newton import SETTLED, Found, Point, first_settled, newton, track

_LOGIT_STEPS, _CES_STEPS = 100, 25
"""Newton steps after which the path is followed instead; CES prices on their way off take many."""
_POSITIVE = np.finfo(np.float64).tiny
_FLOORS = tuple(10.0**-k for k in (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 40, 55, 75, 100, 150))
"""Easing of cost over price, each a place to start the next from."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """Utility lost to markups, y, and how it moves."""

    loss: Array
    by_odds: Array
    """dy/dx, shape (J, J)."""
    by_t: Array
    unbounded: Flags
    """Whether no price of a product is high enough, shape (J,)."""


@dataclass(frozen=True, slots=True)
class OddsConditions:
    """u(x) + y(x) = V for the products whose price is free; y is given for those held."""

    demand: ChoiceDemand
    same: Array
    """1 where two products are in one nest, shape (J, J)."""
    pull: Array
    """Weight of k in the condition of j, relative to its own, shape (J, J)."""
    at_cost: Array
    """V, shape (J,)."""
    held: Flags
    held_loss: Array
    """y of the products whose price is held, shape (J,)."""
    quantities: bool
    """Whether firms set quantities (Cournot) rather than prices (Bertrand)."""
    floor: float = 0.0
    """Easing of cost over price under CES; 0 in the model itself."""

    @classmethod
    def of(cls, game: Game, held: Flags, prices: Array) -> OddsConditions:
        """Return the conditions of a game; `prices` matter where `held`."""
        demand = game.demand
        assert isinstance(demand, ChoiceDemand)
        at_cost = demand.index(game.cost)
        return cls(
            demand, demand.same, game.pull, at_cost, held, at_cost - demand.index(prices),
            game.conduct == "cournot",
        )  # fmt: skip

    def shares(self, x: Array) -> NestShares:
        """Return the shares at log odds x."""
        demand = self.demand
        return NestShares.from_log_odds(x, self.same, demand.nesting, demand.away)

    def start(self) -> Array:
        """Return the solution at t = 0."""
        taken = self._taken(self.shares(np.zeros_like(self.at_cost)), 0.0)
        assert taken is not None
        demand = self.demand
        index = self.at_cost - taken.loss
        return NestShares.of(index, self.same, demand.nesting, demand.away).log_odds

    def at(self, x: Array, t: float) -> Point | None:
        """Return u + y - V and its derivatives; None where no markups fit the shares."""
        with np.errstate(all="ignore"):
            shares = self.shares(x)
            taken = self._taken(shares, t)
            if taken is None:
                return None
            point = Point(
                gap=shares.index + taken.loss - self.at_cost,
                size=1 + np.abs(self.at_cost),
                jacobian=shares.index_change() + taken.by_odds,
                drift=taken.by_t,
            )
        return point if point.finite else None

    def prices(self, game: Game, x: Array) -> Array:
        """Return the shelf prices at the markups that x implies, else at the utility left."""
        with np.errstate(all="ignore"):
            shares = self.shares(x)
            taken = self._taken(shares, 1.0)
            loss = self.at_cost - shares.index if taken is None else taken.loss
            steep = self.demand.steep
            if isinstance(self.demand, CesDemand):
                return np.asarray(game.cost * np.exp(loss / steep))
            return np.asarray(game.cost + loss / steep)

    def unbounded(self, x: Array) -> Flags:
        """Return the products no price of which is high enough for their firm, shape (J,).

        A product on which it keeps most of each dollar is never one.
        """
        taken = self._taken(self.shares(x), 1.0)
        assert taken is not None
        return taken.unbounded & (self.pull > 1).any(axis=1)

    def _taken(self, shares: NestShares, t: float) -> _Taken | None:
        """Return the loss of utility to markups, or None where they are out of bounds."""
        try:
            taken = self._cournot(shares, t) if self.quantities else self._bertrand(shares, t)
        except np.linalg.LinAlgError:
            return None
        if taken is not None and self.held.any():
            taken.by_odds[self.held] = 0.0
            taken.by_t[self.held] = 0.0
        return taken

    def _bertrand(self, shares: NestShares, t: float) -> _Taken | None:
        """Return the loss from ``A m = 1``, A = pull x semi-elasticities, m markups."""
        cross = shares.cross()
        own = np.diag(cross)
        others = cross - np.diag(own)
        weigh = t * self.pull * others
        excess = (others - weigh).sum(axis=1) + (1 - t) * own + shares.outside
        matrix = np.diag(excess + weigh.sum(axis=1)) - weigh
        steep = self.demand.steep if isinstance(self.demand, CesDemand) else 0.0
        if steep:
            matrix, excess = steep * matrix + np.eye(own.size), steep * excess
        matrix[self.held] = np.eye(own.size)[self.held]
        if steep:  # cost over price, 1 - (p - k)/p
            left = np.where(self.held, np.exp(-self.held_loss / steep), excess)
            size = np.diag(matrix)  # divided by it no row is pivoted away: a small digit stays
            left = np.asarray(np.linalg.solve(matrix / size[:, None], left / size))
            kept, ease = _eased(left, self.floor)
            margin, slope = 1 - left, steep**2 * (ease / kept)[:, None]
            loss = np.where(self.held, self.held_loss, -steep * np.log(kept))
        else:
            left = np.ones(own.size)
            margin = np.linalg.solve(matrix, np.where(self.held, self.held_loss, 1.0))
            loss, slope = margin, np.ones((own.size, 1))
        above = np.isfinite(loss) if self.held.any() or self.floor else loss > 0
        if not above.all():
            return None
        bend = shares.curvature(t * self.pull * margin[None, :]) @ shares.index_change()
        force = np.column_stack([-bend, (self.pull * cross) @ margin])
        force[self.held] = 0.0
        moves = np.linalg.solve(matrix, force) * slope
        return _Taken(loss, moves[:, :-1], moves[:, -1], left <= 0)

    def _cournot(self, shares: NestShares, t: float) -> _Taken | None:
        """Return the loss from P = du/d ln q; Q = inv(steep + P) for CES.

        Logit: the loss is sum_k pull[j, k] P[j, k]. CES: cost over price is steep * sum_k
        pull[j, k] Q[j, k], where Q has positive row sums and nothing above 0 off its diagonal.
        """
        if isinstance(self.demand, LogitDemand):
            return self._cournot_logit(shares, t)
        steep, nesting = self.demand.steep, shares.nesting
        size = steep + 1 - nesting + t * nesting
        rest = shares.outside + t * float((shares.share / size).sum())
        within = shares.same * shares.conditional[None, :]
        off = t * (nesting / (size - t * nesting) / size)[:, None] * within
        off += t * np.outer(1 / size, shares.share / size) / rest
        np.fill_diagonal(off, 0.0)
        sums = shares.outside / size / rest
        rivals = 1 - self.pull
        left = np.where(self.held, 1.0, steep * (sums + (rivals * off).sum(axis=1)))
        kept, ease = _eased(left, self.floor)
        if not (kept > 0).all():
            return None
        own = sums + off.sum(axis=1)
        pulled = sums[None, :] + rivals @ off.T - rivals * own[None, :]
        inverse = np.diag(own) - off
        nested = inverse @ (nesting[:, None] * shares.same) * shares.conditional[None, :]
        whole = np.outer(1 / size, shares.share) / rest
        scale = steep**2 * ease / kept
        by_odds = nested * (pulled - pulled @ within.T) + whole * pulled
        return _Taken(
            np.where(self.held, self.held_loss, -steep * np.log(kept)),
            t * scale[:, None] * by_odds, scale * ((nested + whole) * pulled).sum(axis=1),
            left <= 0,
        )  # fmt: skip

    def _cournot_logit(self, shares: NestShares, t: float) -> _Taken:
        """Return the loss from the pulled row sums of P = 1 - nesting + t x spill."""
        nesting, odds = shares.nesting, np.exp(shares.log_odds)
        within = shares.same * shares.conditional[None, :]
        spill = (self.pull * (nesting[:, None] * within + odds[None, :])).sum(axis=1)
        mean = (self.pull * within).sum(axis=1)[:, None]
        by_odds = nesting[:, None] * within * (self.pull - mean) + self.pull * odds[None, :]
        loss = np.where(self.held, self.held_loss, 1 - nesting + t * spill)
        return _Taken(loss, t * by_odds, spill, np.zeros(loss.size, dtype=bool))


def _eased(left: Array, floor: float) -> tuple[Array, Array]:
    """Return cost over price above 0, about floor^2/|left| where none is left, and its slope."""
    root = np.hypot(left, 2 * floor)
    kept = np.where(left > 0, (left + root) / 2, 2 * floor**2 / (root + np.abs(left)))
    return kept, kept / root


def solve_odds(game: Game, held: Flags, prices: Array) -> tuple[Array, float, int]:
    """Return equilibrium prices, the relative gap in log odds and the Newton steps taken.

    Products `held` keep their `prices`, shape (J,).
    """
    conditions = OddsConditions.of(game, held, prices)
    ways = [partial(_settled, conditions)]
    if isinstance(game.demand, CesDemand):
        ways.append(partial(_by_easing, conditions))
    found = first_settled(ways)
    return conditions.prices(game, found.x), found.error, found.iterations


def settled_odds(game: Game) -> tuple[Array, float, int]:
    """Return the same for a market of a batch, without the long way round to a market's edge.

    The error is that of the markups of what is sold at all, of which the least is 1 - nesting: the
    gap is one of utility.
    """
    free = np.zeros(game.cost.size, dtype=np.bool_)
    conditions = OddsConditions.of(game, free, np.maximum(game.cost, _POSITIVE))
    found = _settled(conditions)
    size = 1 + np.abs(conditions.at_cost[conditions.shares(found.x).share > 0])
    error = found.error * float(np.max(size, initial=1.0) / np.min(1 - conditions.demand.nesting))
    return conditions.prices(game, found.x), error, found.iterations


def _settled(conditions: OddsConditions) -> Found:
    """Return where Newton ends, or else the path from the market in which firms are small."""
    first = conditions.start()
    starts = np.zeros_like(first), np.minimum(first, 2.0)
    steps = _CES_STEPS if isinstance(conditions.demand, CesDemand) else _LOGIT_STEPS
    trials = [partial(newton, conditions, start, steps) for start in starts]
    return first_settled([*trials, partial(track, conditions, first)])


def _by_easing(conditions: OddsConditions) -> Found:
    """Return where Newton ends from the least eased conditions, if they bound every price."""
    last, count, bounded = Found(conditions.start(), np.inf, 0), 0, True
    for now, last in eased(conditions):
        count += last.iterations
        bounded = not now.unbounded(last.x).any()
    last = newton(conditions, last.x) if bounded else replace(last, error=np.inf, iterations=0)
    return replace(last, iterations=count + last.iterations)


def eased(conditions: OddsConditions) -> Iterator[tuple[OddsConditions, Found]]:
    """Yield eased CES conditions and their solution, ever nearer the model, while it is found."""
    found = None
    for floor in _FLOORS:
        now = replace(conditions, floor=floor)
        found = None if found is None else newton(now, found.x)
        if found is None or found.error > SETTLED:
            found = _settled(now)
        if found.error > SETTLED:
            return
        yield now, found
