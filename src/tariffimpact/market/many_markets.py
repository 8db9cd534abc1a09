"""Many markets in one call: markets x scenarios x draws, ragged ones included.

Products lie flat, those of one market adjacent and, within it, those of one firm adjacent; leading
axes are scenarios and draws. Work goes through memory in chunks of markets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError, require
from tariffimpact.market.demand_systems import Array, Labels
from tariffimpact.market.solvers.layout import Part, Problem, Structure, run
from tariffimpact.market.solvers.newton import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

CHUNK = 131_072
"""Products worked on at once: large enough that calls cost little, some 10 MB of temporaries."""


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
    starts: Labels
    """First product of each market, shape (M,)."""

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each market, length M."""
        return tuple(map(str, self.labels))

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Whether each market was solved to 1e-10, shape (..., M)."""
        return self.residual <= TOLERANCE

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
        import pandas as pd

        rows = self.residual.reshape(-1, len(self.names))
        return pd.DataFrame(
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
        from tariffimpact import charts

        sums = np.add.reduceat(self.prices, self.starts, axis=-1)
        count = np.diff(np.append(self.starts, self.prices.shape[-1]))
        mean = (sums / count).reshape(-1, len(self.names))[:, :12]
        import pandas as pd

        known = np.isfinite(mean).any(axis=0)
        span = mean[:, known]
        frame = pd.DataFrame({"label": np.array(self.names[:12])[known]})
        ends = {"low": np.nanmin(span, axis=0), "high": np.nanmax(span, axis=0)}
        return charts.range_bars(frame.assign(**ends), form="ratio", x_label="mean price", ax=ax)

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
        found.iterations.reshape(shape), structure.names, structure.market_starts[:-1],
    )  # fmt: skip


def _tracked(parts: list[Part], progress: bool) -> Iterator[Part]:
    if not progress:
        yield from parts
        return
    from rich.progress import track

    yield from track(parts, description="Solving markets")
