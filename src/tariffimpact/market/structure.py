"""Who owns which products in which markets and nests, worked out from labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.cells import Counts
from tariffimpact.market.system import Labels

Names = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Structure:
    """The products of a batch: whose they are, and in which market and nest.

    `solve_logit` and `solve_ces` take it in place of labels, so that many calls on the same
    products read them once.

    Examples
    --------
    >>> owned = Structure.of(firms=["a", "b", "a"], markets=["east", "east", "west"])
    >>> owned.size, owned.names.tolist()
    (3, ['east', 'west'])
    """

    order: Labels | None
    """Positions of the caller's products in the order worked in; None if the same."""
    product_counts: Labels
    """Products of each firm, shape (N,)."""
    firm_starts: Labels
    """First firm of each market, and N, shape (M + 1,)."""
    market_starts: Labels
    """First product of each market, and P, shape (M + 1,)."""
    names: Names
    """Label of each market, shape (M,)."""
    counts: Counts | None = None
    """Cells and nests; None without nests."""
    nest_heads: Labels | None = None
    """A product of each nest, shape (G,); None without nests."""

    @classmethod
    def of(
        cls, *, firms: ArrayLike, markets: ArrayLike | None = None, nests: ArrayLike | None = None
    ) -> Structure:
        """Return the structure of P products from their labels, each of shape (P,).

        `markets` None is one market; the products of a market must be adjacent. The label of a
        nest counts within its market.

        Raises
        ------
        ModelError
            If labels differ in number, or a market's products are not adjacent.
        """
        firm = np.asarray(firms)
        market = np.zeros(firm.size, dtype=np.intp) if markets is None else np.asarray(markets)
        nest = None if nests is None else np.asarray(nests)
        labels = [firm, market] if nest is None else [firm, market, nest]
        if firm.ndim != 1 or firm.size == 0 or any(x.shape != firm.shape for x in labels):
            shapes = ", ".join(str(x.shape) for x in labels)
            raise ModelError(
                f"firms, markets, nests: need one label per product (got shapes {shapes})"
            )
        return _plain(firm, market) if nest is None else _nested(firm, market, nest)

    @property
    def size(self) -> int:
        """Products P."""
        return int(self.market_starts[-1])


def _plain(firm: Names, market: Names) -> Structure:
    """Return the structure of products without nests."""
    new_market = _changes(market)
    order, edges = None, np.flatnonzero(_changes(firm) | new_market)
    heads = new_market[edges]
    names = market[edges[heads]]
    _check_adjacent(names)
    label = firm[edges]
    if not ((label[1:] >= label[:-1]) | heads[1:]).all():
        _, firm = np.unique(firm, return_inverse=True)
        order = np.lexsort((firm, _numbered(market)))
        edges = np.flatnonzero(_changes(firm[order]) | new_market)
        heads = new_market[edges]
    firm_starts = np.append(np.flatnonzero(heads), edges.size)
    edges = np.append(edges, firm.size)
    return Structure(order, np.diff(edges), firm_starts, edges[firm_starts], names)


def _nested(firm: Names, market: Names, nest: Names) -> Structure:
    """Return the structure of products with nests."""
    number = _numbered(market)
    names = market[np.flatnonzero(_changes(market))]
    _check_adjacent(names)
    firm, nest = (np.unique(x, return_inverse=True)[1] for x in (firm, nest))
    order = np.lexsort((nest, firm, number))
    firm, nest = firm[order], nest[order]
    new_market = _changes(number)
    new_firm = _changes(firm) | new_market
    starts = np.flatnonzero(_changes(nest) | new_firm)
    heads = np.flatnonzero(new_firm[starts])
    market_heads = np.flatnonzero(new_market[starts[heads]])
    labels = int(nest.max()) + 1
    each, first, inside = np.unique(number[starts] * labels + nest[starts], return_index=True,
                                    return_inverse=True)  # fmt: skip
    nests = np.bincount(each // labels, minlength=names.size)
    counts = Counts(
        _lengths(starts, firm.size), _lengths(heads, starts.size),
        _lengths(market_heads, heads.size), nests,
        inside - (np.cumsum(nests) - nests)[number[starts]],
    )  # fmt: skip
    firm_edges = np.append(starts[heads], firm.size)
    firm_starts = np.append(market_heads, heads.size)
    same = bool((order[1:] > order[:-1]).all())
    return Structure(None if same else order, np.diff(firm_edges), firm_starts,
                     firm_edges[firm_starts], names, counts, starts[first])  # fmt: skip


def _lengths(starts: Labels, total: int) -> Labels:
    return np.diff(starts, append=total)


def _changes(labels: Names) -> NDArray[np.bool_]:
    """Return whether each label differs from the one before; the first does."""
    new = np.ones(labels.size, dtype=np.bool_)
    np.not_equal(labels[1:], labels[:-1], out=new[1:])
    return new


def _numbered(market: Names) -> Labels:
    return np.cumsum(_changes(market)) - 1


def _check_adjacent(names: Names) -> None:
    if (names[1:] > names[:-1]).all():
        return
    seen, times = np.unique(names, return_counts=True)
    if seen.size != names.size:
        twice = seen[times > 1][0]
        raise ModelError(f"markets: the products of {twice} are not adjacent; sort by market")
