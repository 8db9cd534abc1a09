"""Many markets in one call: markets x scenarios x draws, ragged ones included.

Products lie flat, those of one market adjacent and, within it, those of one firm adjacent; leading
axes are scenarios and draws. Work goes through memory in chunks of markets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError, require
from tariffimpact.market.demand_systems import Array, Labels, divided
from tariffimpact.market.fit import bars, framed
from tariffimpact.market.solvers.layout import Problem, Structure, run
from tariffimpact.market.solvers.newton import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

CHUNK = 131_072
"""Products worked on at once: large enough that calls cost little, some 10 MB of temporaries."""

_DRAWN = 12
"""Markets that a chart shows."""


@dataclass(frozen=True, slots=True, repr=False)
class BatchResult(Answer):
    """Equilibrium prices of many markets; NaN, flag and name where a market was not solved."""

    prices: Array
    """Shelf prices, money per unit, shape (..., P); NaN in unsolved markets."""
    residual: Array
    """Largest relative first-order condition, shape (..., M); NaN where an input is out of range,
    infinite where a firm earns most by withdrawing a product, so that no finite price meets its
    condition, or where the point that meets all conditions is a saddle of a firm's profit."""
    iterations: Labels
    """Newton steps, shape (..., M)."""
    labels: NDArray[Any]
    """Label of each market as given, shape (M,)."""
    problem: Problem
    """What was solved: demand and costs."""

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each market, length M."""
        return tuple(map(str, self.labels))

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Whether each market was solved to 1e-10, shape (..., M)."""
        return self.residual <= TOLERANCE

    def _divided(self) -> tuple[Array, Array]:
        """Return shares, shape (..., P), and log H of each market, shape (..., M)."""
        given, structure = self.problem, self.problem.structure
        price = structure.sorted(self.prices.reshape(-1, structure.size))
        slope = np.repeat(given.slope, structure.widths, axis=1)
        with np.errstate(invalid="ignore"):
            index = given.utility - slope * (np.log(price) if given.ces else price)
            share, total = divided(
                index, structure.nest, given.nesting, 1.0 if given.outside_good else 0.0,
                structure.market_starts[:-1],
            )  # fmt: skip
        return (structure.restored(share).reshape(self.prices.shape),
                total.reshape(self.residual.shape))  # fmt: skip

    @property
    def shares(self) -> Array:
        """Shares of potential buyers (CES: of outlay), shape (..., P)."""
        return self._divided()[0]

    @property
    def quantities(self) -> Array:
        """Units sold per potential buyer (CES: per unit of outlay), shape (..., P)."""
        return self.shares / self.prices if self.problem.ces else self.shares

    @property
    def profit(self) -> Array:
        """Profit of each product per potential buyer (CES: of outlay), shape (..., P)."""
        given, shape = self.problem, self.prices.shape
        keep = np.ones(()) if given.weight is None else given.structure.restored(given.weight)
        cost = given.structure.restored(given.cost).reshape(shape)
        margin = (self.prices - cost) * np.broadcast_to(keep, given.cost.shape).reshape(shape)
        return np.asarray(margin * self.quantities)

    def by_market(self, values: ArrayLike) -> Array:
        """Return sums over the products of each market, shape (..., M)."""
        full = np.broadcast_to(np.asarray(values, dtype=np.float64), self.prices.shape)
        return self.problem.structure.over_markets(full)

    def duty_revenue(self, duty: ArrayLike) -> Array:
        """Return duties collected per potential buyer at `duty` a unit, money, shape (..., M)."""
        return self.by_market(np.asarray(duty, dtype=np.float64) * self.quantities)

    def consumer_loss(self, before: BatchResult) -> Array:
        """Return what a potential buyer would need to be as well off as `before`, (..., M).

        Money (CES: a part of outlay); positive is a loss.
        """
        slope = self.problem.slope.reshape(self.residual.shape)
        fall = (before._divided()[1] - self._divided()[1]) / slope
        return np.expm1(fall) if self.problem.ces else fall

    def firms_frame(self) -> pd.DataFrame:
        """Return one row per row, market and firm: profit per potential buyer."""
        structure = self.problem.structure
        sums = structure.over_firms(structure.sorted(self.profit.reshape(-1, structure.size)))
        counts = np.diff(structure.firm_starts)
        count = sums.shape[1]
        firm = np.arange(count) - np.repeat(structure.firm_starts[:-1], counts)
        return framed(
            {
                "row": np.repeat(np.arange(len(sums)), count),
                "market": np.tile(np.repeat(np.array(self.names), counts), len(sums)),
                "firm": np.tile(firm, len(sums)),
                "profit": sums.ravel(),
            }
        )

    def unsolved(self) -> list[tuple[str, tuple[int, ...]]]:
        """Return the name of each unsolved market and its scenario (and draw) index."""
        failed = np.argwhere(~self.solved)
        return [(str(self.labels[i[-1]]), tuple(map(int, i[:-1]))) for i in failed]

    def summary(self) -> str:
        """Return how many markets were solved, and which were not, in a sentence."""
        total, failed = self.residual.size, self.unsolved()
        if not failed:
            worst = float(self.residual.max(initial=0.0))
            return f"All {units.count(total)} markets solved, conditions within {worst:.1e}."
        named = ", ".join(f"{name} {index}" if index else name for name, index in failed[:5])
        return (
            f"{units.count(total - len(failed))} of {units.count(total)} markets solved; no "
            f"equilibrium for {named}{' …' if len(failed) > 5 else ''}: prices there are NaN."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per market and scenario: `market`, `row`, `solved`, `residual`, steps."""
        rows = self.residual.reshape(-1, len(self.names))
        return framed(
            {
                "market": np.tile(np.array(self.names), rows.shape[0]),
                "row": np.repeat(np.arange(rows.shape[0]), rows.shape[1]),
                "solved": self.solved.ravel(),
                "residual": self.residual.ravel(),
                "iterations": self.iterations.ravel(),
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the range of the mean price of each of the first twelve markets over all rows."""
        mean = self.by_market(self.prices) / self.problem.structure.widths
        mean = mean.reshape(-1, len(self.names))[:, :_DRAWN]
        low, high = (join.reduce(mean, axis=0) for join in (np.fmin, np.fmax))
        return bars(self.names[:_DRAWN], low, high, ax, form="ratio", x_label="mean price")

    def explain(self) -> str:
        """Return what was solved, how it was checked, and what flags an unsolved market."""
        return "\n".join(
            [
                self.summary(),
                "Bertrand competition of multi-product firms; joint Newton on the market "
                "aggregate and one unknown per firm.",
                f"A market counts as solved if every relative first-order condition is at most "
                f"{TOLERANCE:.0e} and every firm is at a maximum; otherwise its prices are NaN.",
            ]
        )


def solve_logit(
    *,
    utility: ArrayLike,
    price_coefficient: ArrayLike,
    cost: ArrayLike,
    firms: ArrayLike | Structure,
    markets: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    nests: ArrayLike | None = None,
    nesting: ArrayLike = 0.0,
    outside_good: bool = True,
    chunk: int = CHUNK,
    progress: bool = False,
) -> BatchResult:
    """Return Bertrand-logit equilibrium prices of every market, scenario and draw.

    With `nests` the nested logit of `LogitDemand`. Plain markets have exactly one equilibrium;
    nested ones may have several or none, and one that is not found is flagged. With nests and
    weights that differ within a firm, prices that meet every first-order condition may be a saddle
    of its profit: they are no equilibrium, and the market is flagged by an infinite residual.

    Parameters
    ----------
    utility
        Mean utility at a price of zero, outside good 0; broadcasts to (..., P), P products in all.
    price_coefficient
        Fall of utility per unit of money, positive; broadcasts to (..., P), equal in a market.
    cost
        k, cost with duty, money per unit, not negative; broadcasts to (..., P). The leading axes,
        say scenarios and draws, are those of all arguments broadcast together.
    firms
        Firm of each product, any labels, shape (P,); or a `Structure`, which holds markets and
        nests as well and spares later calls the reading of labels.
    markets
        Market of each product, any labels, shape (P,), each market's products adjacent; None for
        one market.
    weight
        Share of each dollar of p - k the firm keeps, in (0, 1]: 1/(1 + rate) under
        `border_price`; broadcasts to (..., P). None for 1.
    nests, nesting
        Nest of each product, any labels, shape (P,), counted within its market, and the nesting
        parameter, in [0, 1), broadcasts to (..., P), equal in a nest; without nests plain logit.
    outside_good
        False where buyers must buy one of the products.
    chunk
        Products in memory at once; bounds the memory used beyond inputs and prices.
    progress
        Draw a progress bar.

    Raises
    ------
    ModelError
        If shapes do not broadcast, a market's products are not adjacent, or a nest has several
        nesting parameters.

    Examples
    --------
    >>> found = solve_logit(utility=[2.0, 2.0], price_coefficient=1.0, cost=[[1.0, 1.0], [1, 2]],
    ...                     firms=["a", "b"])
    >>> found.prices.round(4)
    array([[2.4011, 2.4011],
           [2.4761, 3.188 ]])
    """
    problem = Problem.of(
        utility=utility, slope=price_coefficient, cost=cost, ces=False, weight=weight,
        structure=_structure(firms, markets, nests), nesting=nesting, outside_good=outside_good,
    )  # fmt: skip
    return _run(problem, chunk, progress)


def solve_ces(
    *,
    log_quality: ArrayLike,
    elasticity: ArrayLike,
    cost: ArrayLike,
    firms: ArrayLike | Structure,
    markets: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    nests: ArrayLike | None = None,
    nesting: ArrayLike = 0.0,
    outside_good: bool = True,
    chunk: int = CHUNK,
    progress: bool = False,
) -> BatchResult:
    """Return Bertrand-CES equilibrium prices of every market, scenario and draw.

    A firm that keeps less of the profit of one product than of another may earn most by
    withdrawing it: then no finite price meets its condition, and the market is flagged by an
    infinite residual, as it is at a saddle of profit; see `solve_logit`.

    Parameters
    ----------
    log_quality
        Log quality weights, outside good 0, broadcasts to (..., P).
    elasticity
        Elasticity of substitution, above 1; broadcasts to (..., P), equal in a market.
    cost, firms, markets, weight, nests, nesting, outside_good, chunk, progress
        As in `solve_logit`; costs positive.

    Examples
    --------
    >>> found = solve_ces(log_quality=[0.0], elasticity=3.0, cost=[1.0], firms=["a"])
    >>> found.solved
    array([ True])
    """
    steep = np.asarray(elasticity, dtype=np.float64) - 1
    require((steep > 0).all(), "elasticity: CES needs values above 1; see CesDemand")
    problem = Problem.of(
        utility=log_quality, slope=steep, cost=cost, ces=True, weight=weight,
        structure=_structure(firms, markets, nests), nesting=nesting, outside_good=outside_good,
    )  # fmt: skip
    return _run(problem, chunk, progress)


def _structure(
    firms: ArrayLike | Structure, markets: ArrayLike | None, nests: ArrayLike | None
) -> Structure:
    """Return the structure given, or that of the labels."""
    if not isinstance(firms, Structure):
        return Structure.of(firms=firms, markets=markets, nests=nests)
    if markets is not None or nests is not None:
        raise ModelError("markets, nests: `firms` is a Structure and holds them; leave them out")
    return firms


def _run(problem: Problem, chunk: int, progress: bool) -> BatchResult:
    """Solve part by part."""
    if chunk < 1:
        raise ModelError(f"chunk: at least one product at a time (got {chunk})")
    found = run(problem, _tracked(problem.pieces(chunk), progress))
    lead, structure = problem.lead, problem.structure
    shape = (*lead, structure.names.size)
    return BatchResult(
        found.prices.reshape(*lead, structure.size), found.residual.reshape(shape),
        found.iterations.reshape(shape), structure.names, problem,
    )  # fmt: skip


def _tracked(pieces: Iterable[Any], progress: bool) -> Iterable[Any]:
    if not progress:
        return pieces
    from rich.progress import track

    return track(list(pieces), description="Solving markets")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CalibratedMarkets(Answer):
    """Many markets through their observed prices, sales and margins; NaN where none is."""

    prices: Array
    """Observed shelf prices, money per unit, shape (..., P)."""
    shares: Array
    """Of potential buyers (CES: of outlay), shape (..., P)."""
    level: Array
    """Mean utility (CES: log quality), shape (..., P)."""
    slope: Array
    """Price coefficient (CES: elasticity less 1), shape (..., M)."""
    unit_cost: Array
    """c without duty, money per unit, shape (..., P)."""
    customs_value: Array
    """What a duty is a fraction of, money per unit, shape (..., P)."""
    structure: Structure
    ces: bool
    outside_good: bool

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Whether each market has positive costs and a slope, shape (..., M)."""
        bad = ~(np.isfinite(self.unit_cost) & (self.unit_cost > 0))
        return np.asarray((self.structure.over_markets(bad) == 0) & (self.slope > 0))

    def impose(self, rate: ArrayLike = 0.0, specific: ArrayLike = 0.0) -> BatchResult:
        """Return the equilibria at duties: fractions of customs value, money per unit."""
        duty = np.asarray(rate) * self.customs_value + np.asarray(specific)
        each, fine = (np.repeat(x, self.structure.widths, axis=-1)
                      for x in (self.slope, self.solved))  # fmt: skip
        problem = Problem.of(
            utility=np.where(fine, self.level, 0.0), slope=np.where(fine, each, 1.0),
            cost=np.where(fine, self.unit_cost + duty, np.nan), structure=self.structure,
            ces=self.ces, outside_good=self.outside_good,
        )  # fmt: skip
        return _run(problem, CHUNK, progress=False)

    def summary(self) -> str:
        """Return how many markets could be calibrated."""
        total, done = self.solved.size, int(self.solved.sum())
        return f"{units.count(done)} of {units.count(total)} markets calibrated to their margins."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per row and market: the slope, and whether its costs are positive."""
        import pandas as pd

        rows = self.slope.reshape(-1, self.slope.shape[-1])
        return pd.DataFrame(
            {
                "row": np.repeat(np.arange(len(rows)), rows.shape[1]),
                "market": np.tile(self.structure.names.astype(str), len(rows)),
                "elasticity" if self.ces else "price_coefficient": rows.ravel() + self.ces,
                "solved": self.solved.ravel(),
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the range of the slope of each of the first twelve markets over all rows."""
        slope = self.slope.reshape(-1, self.slope.shape[-1])[:, :_DRAWN] + self.ces
        low, high = (join.reduce(slope, axis=0) for join in (np.fmin, np.fmax))
        name = "elasticity" if self.ces else "price coefficient"
        return bars(self.structure.names[:_DRAWN], low, high, ax, form="ratio", x_label=name)

    def explain(self) -> str:
        """Return what was met and how."""
        return (
            f"{self.summary()} Prices and shares are met exactly; the slope of each market is the "
            "one whose margins lie nearest those supplied (least squares); costs follow from the "
            "first-order conditions of Bertrand firms, the duty a cost on the customs value."
        )


def calibrate_each(
    *,
    prices: ArrayLike,
    quantities: ArrayLike,
    outside_share: ArrayLike,
    margins: ArrayLike,
    firms: ArrayLike | Structure,
    markets: ArrayLike | None = None,
    rate: ArrayLike = 0.0,
    specific: ArrayLike = 0.0,
    customs_value: ArrayLike | None = None,
    demand: Literal["logit", "ces"] = "logit",
) -> CalibratedMarkets:
    """Return many plain logit or CES markets through what was observed of them, in one call.

    As `calibrate` under Bertrand and the reading `customs_value`, for every market, scenario and
    draw: arguments broadcast to (..., P), `outside_share` to (..., M), 0 everywhere without an
    outside good. A market whose margins contradict its prices is NaN.

    Parameters
    ----------
    prices, quantities
        Shelf prices, money per unit, and units sold (parts of them do).
    outside_share
        Share of the potential market (CES: of outlay) that buys none of a market's products.
    margins
        (p - k)/p with k the cost with duty; NaN where unknown, at least one a market.
    firms, markets
        As in `solve_logit`.
    rate, specific, customs_value
        Duties in force: fraction of customs value and money per unit; the customs value, money per
        unit, None for the unit cost.

    Examples
    --------
    >>> one = calibrate_each(prices=[100.0, 120.0], quantities=[3.0, 2.0], outside_share=0.5,
    ...                      margins=[0.4, np.nan], firms=["f", "g"])
    >>> one.slope.round(6), one.impose(rate=[0.1, 0.0]).prices.round(2)
    (array([0.035714]), array([104.32, 120.31]))
    """
    structure = _structure(firms, markets, None)
    given = [prices, quantities, margins, rate, specific,
             prices if customs_value is None else customs_value]  # fmt: skip
    arrays = [np.asarray(x, dtype=np.float64) for x in given]
    outside = np.asarray(outside_share, dtype=np.float64)
    lead = np.broadcast_shapes(outside.shape[:-1], *(x.shape[:-1] for x in arrays))
    price, sold, margin, rates, amount, worth = (
        structure.sorted(np.broadcast_to(x, (*lead, structure.size))) for x in arrays
    )
    outside = np.broadcast_to(outside, (*lead, structure.names.size))
    require(((outside >= 0) & (outside < 1)).all(), "outside_share: give a fraction below 1, "
            "0 where buyers must buy one")  # fmt: skip
    closed = not outside.any()
    require(closed or (outside > 0).all(), "outside_share: 0 in every market or in none")
    ces = demand == "ces"

    def spread(values: Array) -> Array:
        return np.repeat(values, structure.widths, axis=-1)

    with np.errstate(all="ignore"):
        weight = sold * price if ces else sold
        share = weight * spread((1 - outside) / structure.over_markets(weight))
        firm = np.repeat(structure.over_firms(share), structure.product_counts, axis=-1)
        slope = _slopes(price, 1 - firm, margin, structure, ces)
        pull = spread(slope) * (1 - firm)
        lerner = 1 / (1 + pull) if ces else 1 / (pull * price)
        cost = price * (1 - lerner)
        if customs_value is None:
            net = worth = (cost - amount) / (1 + rates)
        else:
            net = cost - rates * worth - amount
        base = spread(np.ones_like(outside) if closed else outside)
        level = np.log(share / base) + spread(slope) * (np.log(price) if ces else price)
        net = np.where(lerner < 1, net, np.nan)
    price, share, level, net, worth = map(structure.restored, (price, share, level, net, worth))
    return CalibratedMarkets(
        prices=price, shares=share, level=level, slope=slope, unit_cost=net, customs_value=worth,
        structure=structure, ces=ces, outside_good=not closed,
    )  # fmt: skip


def _slopes(price: Array, spare: Array, margin: Array, of: Structure, ces: bool) -> Array:
    """Return the slope of each market whose margins lie nearest the known ones, shape (..., M)."""
    known = np.isfinite(margin)
    seen = np.where(known, margin, 0.0)

    def over(values: Array) -> Array:
        return of.over_markets(np.where(known, values, 0.0))

    if not ces:  # the margin is x/slope
        x = 1 / (price * spare)
        return np.asarray(over(x * x) / over(x * seen))
    slope = over((1 / seen - 1) / spare) / over(np.ones_like(seen))
    for _ in range(30):  # Gauss and Newton on 1/(1 + slope x spare)
        fitted = 1 / (1 + np.repeat(slope, of.widths, axis=-1) * spare)
        pull = -spare * fitted**2
        step = over(pull * (seen - fitted)) / over(pull * pull)
        slope = np.maximum(slope + step, 0.1 * slope)
    return np.asarray(slope)
