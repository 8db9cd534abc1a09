r"""Whether prices that meet every first-order condition are the best each firm can do.

With u a firm's own prices, its profit over H is a ratio N/D. A point of value X is its maximum if
and only if no other makes N - X D positive, and for Bertrand firms of logit and CES demand that
difference is a sum over nests. In a nest the best prices for given sales have

.. math:: m_j = \nu (1 - s + \lambda/t_j)

for one number λ, and what the nest adds is :math:`\phi(\lambda) = I^{-s} (G - X I)`, I the
inclusive weight of the nest and G what the firm earns of it. Where s = 0 it has one peak; else one
if

.. math:: s \nu \frac{(\tau_{max} + \tau_{min})^2}{4 \tau_{max} \tau_{min}} < 1, \quad
          \tau_j = t_j - e \lambda

(Kantorovich's inequality) up to the largest λ at which a peak can lie. Everywhere else all its
peaks are compared. That covers withdrawing any of the firm's products, the rest re-priced: a
product withdrawn is one at λ/t without bound.

Whether it is the only equilibrium is another matter, told by a theorem or by bounds that meet.

With y the utility lost to a markup, g the margin (y under logit, e (p - k)/p under CES, e =
elasticity - 1), c and r a product's share in its nest and in the market, the condition of j is

.. math:: g_j (1 + (1 - s)/e - w_{jj}) = 1 - s + \sum_{k \ne j} \frac{W_{jk} t_k}{W_{jj} t_j}
   g_k w_{jk}, \quad w_{jk} = s c_k [k \text{ in the nest of } j] + (1 - s) r_k

(1/e = 0 under logit). Every w falls in the y of its own product k and rises in all others. So
between bounds on all y the right side has bounds, and the y that meets a bound of it while all
others are at theirs bounds y_j anew: the left side rises in y_j and falls in the others. Where no
weight on another's profit is above that on one's own, no equilibrium has a price below cost or,
under logit, y_j above max t (1 + sum W(exp(V - 1)))/t_j, W Lambert's: there the bounds begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tariffimpact.errors import ModelError, NoEquilibrium
from tariffimpact.market.conduct import Game, inverse, is_partition, numbered, weighed_alike
from tariffimpact.market.demand_systems import (
    Array,
    CesDemand,
    ChoiceDemand,
    Flags,
    Labels,
    LogitDemand,
    Reducible,
)
from tariffimpact.market.flexible import LinearDemand, LogLinearDemand
from tariffimpact.market.solvers.log_odds import in_cells
from tariffimpact.market.solvers.newton import PriceConditions, newton

_FLAT = 1e-10
"""Curvature of profit, relative to marginal revenue, that cannot be told from none."""
_GAIN = 1e-8
"""Rise of profit, a fraction, beyond what rounding makes of none."""
_MET = 1e-7
"""Condition at which the rest counts as re-priced: what is left moves profit by its square."""
_ALL, _WORK = 12, 5_000_000
"""Products of a firm up to which every set of them is withdrawn in turn, and sets times the square
of the market's products."""
_GRID, _ZOOMS, _NEAR = 400, 30, 0.05
"""Points on either scale at which φ is read, halvings of what lies around a peak of it, and how
far below the highest a peak is still looked at."""
_ROUNDS, _HALVINGS = 300, 80
_CLOSE, _FINE = 1e-9, 1e-13
"""Width, over 1 + y, at which bounds have met, and to which each is bisected."""
_STUCK = 1e-3
"""Share of their width by which bounds must close in a round."""
_ROUNDING = 1e-15
_BEYOND = 1500.0
"""Log of a price over cost beyond what floating-point numbers hold."""
_GONE = 0.1
"""Part of its sales a product is left with where the firm has all but withdrawn it."""


@dataclass(frozen=True, slots=True)
class OwnNests:
    """What firms have in their nests at a point that meets their conditions."""

    within: Array
    """Share of its nest of each product, shape (P,)."""
    keep: Array
    """t of each product."""
    markup: Array
    """m of each product."""
    cell: Labels
    """Cell of each product, rising."""
    nesting: Array
    """s of each cell, shape (C,)."""
    curve: Array
    """e of each cell's market: 0 for logit, 1/(elasticity - 1) for CES."""
    nest_share: Array
    """Share of the market of each cell's nest."""
    index: Array
    """X of each cell's firm, in the unit of t m."""
    beside: Array | None = None
    """What the firm earns in the nest of products whose prices it does not set, per share."""
    beside_most: Array | None = None
    """The most it earns on a unit of one of them."""

    @property
    def shrink(self) -> Array:
        """ν of each cell."""
        return 1 / (1 + (1 - self.nesting) * self.curve)

    def ceiling(self) -> Array:
        """Return the largest λ at which φ may have a peak, per cell."""
        most = np.zeros(self.nesting.size)
        np.maximum.at(most, self.cell, self.keep)
        s, nu = self.nesting, self.shrink
        top = (s * nu * most + self.index) / (1 + s * nu * self.curve)
        if self.beside_most is not None:
            top = np.maximum(top, s * self.beside_most + (1 - s) * self.index)
        return top

    def doubtful(self) -> Flags:
        """Return the cells in which no theorem says that φ has one peak, bool, shape (C,)."""
        high, low = np.full((2, self.nesting.size), -np.inf)
        np.maximum.at(high, self.cell, self.keep)
        np.maximum.at(low, self.cell, -self.keep)
        fall = self.curve * self.ceiling()
        high, low = high - fall, -low - fall
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = self.nesting * self.shrink * (high + low) ** 2 / (4 * high * low)
        sure = (self.nesting == 0) | ((low > 0) & (spread < 1))
        return ~sure if self.beside is None else self.nesting > 0

    def cells(self, some: Flags) -> OwnNests:
        """Return some of the cells."""
        at, of_cell = some[self.cell], np.cumsum(some) - 1
        beside = (None if x is None else x[some] for x in (self.beside, self.beside_most))
        return OwnNests(self.within[at], self.keep[at], self.markup[at], of_cell[self.cell[at]],
                        self.nesting[some], self.curve[some], self.nest_share[some],
                        self.index[some], *beside)  # fmt: skip


def better_elsewhere(at: OwnNests) -> tuple[Array, Array]:
    """Return by what fraction of its profit a firm gains by other prices in a nest, shape (C,).

    0 where the point is best; and the part of its sales each product keeps there, shape (P,).
    """
    doubt = at.doubtful()
    gain, left = np.zeros(doubt.size), np.ones(at.cell.size)
    if doubt.any():
        gain[doubt], left[doubt[at.cell]] = _compared(at.cells(doubt))
    return gain, left


def _compared(at: OwnNests) -> tuple[Array, Array]:
    """Return gains and what is left of each product, comparing all peaks of φ."""
    starts = np.flatnonzero(np.diff(at.cell, prepend=-1))
    rest = 1 - np.add.reduceat(at.within, starts)
    earned = np.add.reduceat(at.within * at.keep * at.markup, starts)
    beside = 0.0 if at.beside is None else at.beside
    here = beside + earned - at.index
    top = at.ceiling()[:, None]
    even = np.linspace(0, 1, _GRID)
    grid = np.sort(np.concatenate([even, np.geomspace(1e-8, 1, _GRID)]))[None, :] * top
    value = _phi(at, starts, rest, grid)[0]
    best = value.max(axis=1)
    inner = np.pad(value, ((0, 0), (1, 1)), constant_values=-np.inf)
    peak = (inner[:, 1:-1] >= inner[:, :-2]) & (inner[:, 1:-1] >= inner[:, 2:])
    peak &= value >= best[:, None] - _NEAR * np.abs(best[:, None])
    gain, left = np.zeros(best.size), np.ones(at.cell.size)
    for count in range(int(peak.sum(axis=1).max(initial=0))):
        order = np.argsort(~peak, axis=1, kind="stable")[:, count]
        some = peak[np.arange(best.size), order]
        low = grid[np.arange(best.size), np.maximum(order - 1, 0)]
        high = grid[np.arange(best.size), np.minimum(order + 1, grid.shape[1] - 1)]
        for _ in range(_ZOOMS):
            third = (high - low) / 3
            one, two = (_phi(at, starts, rest, (low + k * third)[:, None])[0][:, 0]
                        for k in (1, 2))  # fmt: skip
            low, high = (
                np.where(one < two, low + third, low),
                np.where(one < two, high, high - third),
            )
        found, kept, whole = _phi(at, starts, rest, ((low + high) / 2)[:, None])
        with np.errstate(all="ignore"):
            there = 1 + at.nest_share * (whole[:, 0] ** (1 - at.nesting) - 1)  # H over that here
            rise = at.nest_share * (found[:, 0] - here) / at.index / there
        more = some & (rise > np.maximum(gain, _GAIN))
        gain = np.where(more, rise, gain)
        left = np.where(more[at.cell], kept[:, 0], left)
    return gain, left


def _phi(at: OwnNests, starts: Labels, rest: Array, grid: Array) -> tuple[Array, Array, Array]:
    """Return φ of each cell at each λ of its row, what is left of each product's sales, and I."""
    of, keep, curve = at.cell, at.keep[:, None], at.curve[:, None]
    grid = np.broadcast_to(grid, (starts.size, grid.shape[1]))
    with np.errstate(all="ignore"):
        nu, s = at.shrink[:, None], at.nesting[:, None]
        markup = nu[of] * ((1 - s)[of] + grid[of] / keep)
        bend = curve[of]
        fall = np.where(
            bend == 0, markup - at.markup[:, None],
            -np.log((1 - bend * markup) / (1 - bend * at.markup[:, None]))
            / np.where(bend == 0, 1, bend),
        )  # fmt: skip
        left = np.exp(np.clip(-fall / (1 - s)[of], -700, 300))
        left = np.where(bend * markup < 1, left, 0.0)
        sold = at.within[:, None] * left
        whole = np.maximum(rest, 0.0)[:, None] + np.add.reduceat(sold, starts, axis=0)
        earned = np.add.reduceat(sold * keep * np.where(left > 0, markup, 0), starts, axis=0)
        if at.beside is not None:
            earned = earned + at.beside[:, None]
        value = np.maximum(whole, 1e-300) ** -s * (earned - at.index[:, None] * whole)
    return np.where(np.isfinite(value), value, -np.inf), left, whole


def off_maximum(game: Game, prices: Array, firms: tuple[str, ...], free: Flags) -> tuple[str, ...]:
    """Return the firms whose profit is not at a local maximum in their own `free` prices.

    At a solution the Hessian of a firm's profit in log prices is the Jacobian block of its
    conditions times a positive diagonal, so no eigenvalue of the block may be positive beyond
    rounding (Bertrand). Cournot conditions have the opposite sign in prices and are checked in
    quantities: dp/dq turns the block's sign.
    """
    if game.conduct == "price_taking":
        return ()
    block = game.jacobian(prices)
    if game.conduct == "cournot":
        block = block @ inverse(game.demand.elasticities(prices))
    return tuple(
        firms[own[0]]
        for own in _owned(firms, free)
        if np.linalg.eigvals(block[np.ix_(own, own)]).real.max() > _FLAT
    )


def _owned(firms: tuple[str, ...], free: Flags) -> Iterator[Labels]:
    """Yield the positions of each firm's free products, if it has any."""
    names = numbered(firms)
    for firm in range(int(names.max()) + 1):
        own = np.flatnonzero((names == firm) & free)
        if own.size:
            yield own


def surely_best(game: Game, firms: tuple[str, ...], free: Flags) -> bool:
    """Return whether a theorem says that points that meet the conditions are best for every firm.

    Price takers have no choice, and among many each price has one best level of its own. Without
    nests, or where a firm keeps the same of each dollar, its profit has one stationary point.
    """
    demand = game.demand
    if game.conduct in ("price_taking", "monopolistic_competition"):
        return True
    if not isinstance(demand, ChoiceDemand):
        return False
    settable = game.conduct == "bertrand" or isinstance(demand, LogitDemand)
    if not demand.nesting.any() and (game.conduct == "bertrand" or (settable and free.all())):
        return True
    alone = is_partition(game.ownership, firms) and weighed_alike(game.weight, firms)
    return alone and bool(free.all()) and settable


def known_best(game: Game, firms: tuple[str, ...], free: Flags) -> bool:
    """Return whether a point that passed `require_best` is more than a local maximum."""
    demand = game.demand
    if isinstance(demand, ChoiceDemand) and game.conduct == "bertrand":
        return True
    return isinstance(demand, LinearDemand) or surely_best(game, firms, free)


def refuse_unbounded(
    game: Game, firms: tuple[str, ...], products: tuple[str, ...], free: Flags
) -> None:
    """Raise a `ModelError` that names two products of a firm between which profit has no bound."""
    demand = game.demand
    if not isinstance(demand, LogLinearDemand) or game.conduct not in ("bertrand", "cournot"):
        return
    lift = demand.elasticity
    if game.conduct == "cournot":
        lift = -inverse(demand.elasticity)
    joint = (game.ownership > 0) & (lift.T > _FLAT) & free[:, None]
    np.fill_diagonal(joint, False)
    if joint.any():
        j, k = (int(i) for i in np.argwhere(joint)[0])
        raise NoEquilibrium(
            f"{products[j]}, {products[k]}: no equilibrium, {firms[j]} profits from both and they "
            "are substitutes, so with constant elasticities its profit has no maximum: the dearer "
            "the one, the more the other earns, without bound; use logit, CES, linear or AIDS "
            "demand, or ask for the residual only"
        )


def require_best(
    game: Game,
    prices: Array,
    firms: tuple[str, ...],
    products: tuple[str, ...],
    free: Flags,
    dutied: Flags,
) -> None:
    """Raise a `ModelError` unless no firm gains by small changes, or by withdrawing products.

    Rivals stay at their prices (Cournot: their sales); the rest is re-priced. See `withdrawals`.
    """
    if surely_best(game, firms, free):
        return
    failing = off_maximum(game, prices, firms, free)
    if failing:
        raise NoEquilibrium(
            f"no equilibrium found: first-order conditions hold at a point where {failing[0]} is "
            "not at a maximum of its profit; demand is too inelastic or too convex there: check "
            "margins and elasticities, or use logit or CES demand"
        )
    if isinstance(game.demand, LinearDemand):
        return  # quadratic profit: a local maximum is the highest, at no sales included
    if isinstance(game.demand, ChoiceDemand) and game.conduct == "bertrand":
        _require_highest(game, game.demand, prices, firms, products, free)
        return
    if isinstance(game.demand, Reducible) and (game.conduct == "bertrand" or free.all()):
        for own in _owned(firms, free):
            alone = not np.delete(game.ownership[own[0]], own).any()
            if alone and own.size == 1:
                continue  # without its only product it would earn nothing
            _require_offered(game, prices, own, firms[own[0]], products, dutied)


def _require_highest(
    game: Game,
    demand: ChoiceDemand,
    prices: Array,
    firms: tuple[str, ...],
    products: tuple[str, ...],
    free: Flags,
) -> None:
    """Raise a `ModelError` if a firm earns more at other prices; see the top of this module."""
    at = demand.at(prices)
    steep, ces = demand.steep, isinstance(demand, CesDemand)
    margin = steep * (game.lerner(prices) if ces else prices - game.cost)
    for own in _owned(firms, free):
        best = float((game.ownership[own[0]] * game.weight)[own].max())
        weigh = game.ownership[own[0]] * game.weight / best
        earned = weigh * margin
        index = float(earned @ at.share)
        order = own[np.argsort(demand.nest[own], kind="stable")]
        nests, cell = np.unique(demand.nest[order], return_inverse=True)
        others = np.ones(prices.size, dtype=bool)
        others[own] = False
        inside = [others & (demand.nest == g) & (weigh > 0) for g in nests]
        head = np.array([order[cell == c][0] for c in range(nests.size)])
        point = OwnNests(
            at.conditional[order], weigh[order], margin[order], cell, demand.nesting[head],
            np.full(nests.size, 1 / steep if ces else 0.0),
            np.array([at.share[demand.nest == g].sum() for g in nests]),
            np.full(nests.size, index),
        )  # fmt: skip
        if any(flags.any() for flags in inside):
            point = replace(
                point, beside=np.array([(earned * at.conditional)[f].sum() for f in inside]),
                beside_most=np.array([earned[f].max(initial=0.0) for f in inside]),
            )  # fmt: skip
        gain, left = better_elsewhere(point)
        if gain.max() > 0:
            worst = int(gain.argmax())
            here = cell == worst
            gone = order[here & (left < _GONE)]
            some = gone if gone.size else order[here]
            refuse_better(
                [products[j] for j in some], firms[own[0]], float(gain.max()), bool(gone.size)
            )


def refuse_better(some: list[str], firm: str, gain: float, withdrawn: bool) -> None:
    """Raise the error that names what a firm gains by selling none of some, or by other prices."""
    what = (
        "priced out, the firm does better to sell none at these duties"
        if withdrawn
        else "no equilibrium, the firm does better at quite other prices of its products there"
    )
    raise NoEquilibrium(
        f"{', '.join(some)}: {what}: {firm} earns {gain:.2%} more, for it keeps more of each "
        "dollar from some of its products than from others that compete with them; drop the "
        "product from the market, or lower the duty to see where that begins"
    )


def withdrawals(own: Labels, dutied: Flags) -> Iterator[Labels]:
    """Yield the sets of a firm's products to withdraw: all, or singles and all the dutied.

    Where a price can be so high that nobody buys, what a firm can earn without a set of products is
    no more than without any one of them: singles tell of every set, as far as the rest is at its
    best. So they must do as well where all sets of few products would take long, in a market of
    very many.
    """
    if own.size <= _ALL and 2**own.size * dutied.size**2 <= _WORK:
        for count in range(1, own.size + 1):
            yield from (np.array(some) for some in combinations(own, count))
        return
    yield from own[:, None]
    taxed = own[dutied[own]]
    if taxed.size > 1:
        yield taxed


def _require_offered(
    game: Game, prices: Array, own: Labels, firm: str, products: tuple[str, ...], dutied: Flags
) -> None:
    """Raise a `ModelError` if a firm earns more without some of its products."""
    now = game.objective(int(own[0]), prices)
    alone = not (np.delete(game.ownership[own[0]], own) > 0).any()
    best, which = now + _GAIN * abs(now), None
    for gone in withdrawals(own, dutied):
        if alone and gone.size == own.size:
            continue  # it would earn nothing
        there = _repriced(game, prices, own, gone)
        if there is not None and there > best:
            best, which = there, gone
    if which is not None:
        refuse_better([products[j] for j in which], firm, best / now - 1, True)


def _repriced(game: Game, prices: Array, own: Labels, gone: Labels) -> float | None:
    """Return what a firm earns if it sells none of some products and re-prices the rest."""
    demand, out = game.demand, np.zeros(prices.size, dtype=bool)
    out[gone] = True
    assert isinstance(demand, Reducible)
    try:
        rest = reduced(game, out)
    except (ModelError, np.linalg.LinAlgError):
        return None  # they cannot be withdrawn by themselves: their complements go with them
    mine = np.isin(np.flatnonzero(~out), own)
    kept = prices[~out]
    weights = game.ownership[own[0]][~out]
    free, sales = mine, None
    if game.conduct == "cournot":
        free = np.ones(kept.size, dtype=bool)
        sales = np.where(mine, np.nan, np.log(demand.quantities(prices)[~out]))
    conditions = PriceConditions(rest, rest, free, kept, (), sales)
    settled = kept
    if free.any():
        found = newton(conditions, np.log(kept[free]), 30, _MET)
        if found.error <= _MET:
            settled = conditions.shelf(found.x)[0]
        elif game.conduct == "cournot":
            return None
    with np.errstate(all="ignore"):
        sold = rest.demand.quantities(settled)
    if not (sold >= 0).all():
        return None
    return float(weights @ (rest.weight * (settled - rest.cost) * sold))


def reduced(game: Game, gone: Flags) -> Game:
    """Return the game of the products that are not `gone`."""
    demand, kept = game.demand, ~gone
    assert isinstance(demand, Reducible)
    return replace(game, demand=demand.without(gone), ownership=game.ownership[np.ix_(kept, kept)],
                   cost=game.cost[kept], weight=game.weight[kept])  # fmt: skip


def uniqueness(game: Game, firms: tuple[str, ...]) -> str | None:
    """Return the certificate that a game has one equilibrium; None where none is known."""
    demand = game.demand
    if game.conduct == "price_taking":
        return "price equals cost"
    if not isinstance(demand, ChoiceDemand):
        return None
    if game.conduct == "monopolistic_competition":
        return "each price is its own closed form"
    if game.conduct != "bertrand":
        return None
    plain = not demand.nesting.any() and is_partition(game.ownership, firms)
    if plain and weighed_alike(game.weight, firms):
        return "one unknown per firm, rising in the market aggregate, and one aggregate clears"
    meet = any((high - low <= _CLOSE * (1 + low)).all() for low, high in bounds(game))
    return "bounds from below and from above meet" if meet else None


def bounds(game: Game) -> Iterator[tuple[Array, Array]]:
    """Yield bounds on each product's y, shape (J,), ever closer; none where there are none."""
    demand = game.demand
    if not isinstance(demand, ChoiceDemand) or game.conduct != "bertrand":
        return
    if not demand.outside_good:
        return
    if (game.ownership > np.diag(game.ownership)[:, None]).any():
        return
    small, cell = in_cells(game)
    replies = _Replies.of(small)
    low, high = np.zeros(small.cost.size), replies.most
    for _ in range(_ROUNDS):
        yield low[cell], high[cell]
        with np.errstate(over="ignore", under="ignore"):
            least = replies.bounded(high, low, (low, high), -1)
            most = replies.bounded(low, high, (low, high), 1)
        if np.sum(least - low) + np.sum(high - most) <= _STUCK * np.max(most - least):
            return
        low, high = least, most


@dataclass(frozen=True, slots=True)
class _Replies:
    """What bounds on some y say of the others."""

    value: Array
    """V."""
    same: Flags
    rest: Array
    """1 - s."""
    pull: Array
    """Weight of k in the condition of j, relative to its own."""
    bend: float
    """1/e."""
    most: Array
    """Where the upper bounds begin."""

    @classmethod
    def of(cls, game: Game) -> _Replies:
        demand = game.demand
        assert isinstance(demand, ChoiceDemand)
        value = demand.index(game.cost)
        bend = 1 / demand.steep if isinstance(demand, CesDemand) else 0.0
        if bend:
            most = np.full(value.size, _BEYOND / bend)
        else:  # log(1 + x) is above Lambert's W(x)
            most = game.weight.max() / game.weight * (1 + np.logaddexp(0, value - 1).sum())
        return cls(value, demand.same > 0, 1 - demand.nesting, game.pull, bend, most)

    def margin(self, loss: Array) -> Array:
        """Return g at y."""
        return -np.expm1(-self.bend * loss) / self.bend if self.bend else loss

    def bounded(self, own: Array, others: Array, within: tuple[Array, Array], side: int) -> Array:
        """Return the least (`side` -1) or most (1) y `within` bounds that may meet a condition.

        The others are at `others`; their shares, which the right side is weighed by, are those of
        each at `own` among `others`. Rounding goes to the side of the bound.
        """
        rivals = self._rivals(others)
        nested, share = self._shares(own, *rivals)
        nesting = 1 - self.rest
        earned = self.pull * (nesting[:, None] * self.same * nested + self.rest[:, None] * share)
        np.fill_diagonal(earned, 0.0)
        right = self.rest + earned @ self.margin(others)
        blur = _ROUNDING * (1 + np.max(np.abs(self.value) / self.rest))
        low, high = within
        for _ in range(_HALVINGS):
            if (high - low <= _FINE * (1 + low)).all():
                break
            middle = (low + high) / 2
            nested, share = self._shares(middle, *rivals)
            margin, most = self.margin(middle), 1 + self.rest * self.bend
            gap = margin * (most - nesting * nested - self.rest * share) - right
            above = gap > side * blur * (margin * most + right)
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return low if side < 0 else high

    def _rivals(self, loss: Array) -> tuple[Array, Array]:
        """Return log sums of what each has beside it in its nest, and outside it."""
        scaled, same = (self.value - loss) / self.rest, self.same
        beside = np.where(same & ~np.eye(loss.size, dtype=bool), scaled, -np.inf)
        worth = self.rest * np.logaddexp.reduce(np.where(same, scaled, -np.inf), axis=1)
        one = np.unique(same.argmax(axis=1))  # the first of each nest
        away = np.where(same[:, one], -np.inf, worth[one])
        return (np.logaddexp.reduce(beside, axis=1),
                np.logaddexp.reduce(away, axis=1, initial=0.0))  # fmt: skip

    def _shares(self, loss: Array, beside: Array, outside: Array) -> tuple[Array, Array]:
        """Return each one's share in its nest and in the market at its own `loss`."""
        scaled = (self.value - loss) / self.rest
        whole = np.logaddexp(scaled, beside)
        within = np.exp(scaled - whole)
        return within, within / (1 + np.exp(outside - self.rest * whole))
