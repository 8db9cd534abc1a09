"""From labels of firms, markets and nests to how many products, cells and firms lie together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.cells import Counts
from tariffimpact.market.system import Labels

Names = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Places:
    """The order that brings together the products of a firm, and what lies where in it."""

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


def placed(firm: Names, market: Names) -> Places:
    """Return the places of products without nests."""
    new_market = changes(market)
    order, edges = None, np.flatnonzero(changes(firm) | new_market)
    heads = new_market[edges]
    names = market[edges[heads]]
    _check_adjacent(names)
    label = firm[edges]
    if not ((label[1:] >= label[:-1]) | heads[1:]).all():
        _, firm = np.unique(firm, return_inverse=True)
        order = np.lexsort((firm, _numbered(market)))
        edges = np.flatnonzero(changes(firm[order]) | new_market)
        heads = new_market[edges]
    firm_starts = np.append(np.flatnonzero(heads), edges.size)
    edges = np.append(edges, firm.size)
    return Places(order, np.diff(edges), firm_starts, edges[firm_starts], names)


def nested(firm: Names, market: Names, nest: Names) -> Places:
    """Return the places of products with nests; a nest's label counts within its market."""
    number = _numbered(market)
    names = market[np.flatnonzero(changes(market))]
    _check_adjacent(names)
    firm, nest = (np.unique(x, return_inverse=True)[1] for x in (firm, nest))
    order = np.lexsort((nest, firm, number))
    firm, nest = firm[order], nest[order]
    new_market = changes(number)
    new_firm = changes(firm) | new_market
    starts = np.flatnonzero(changes(nest) | new_firm)
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
    return Places(None if same else order, np.diff(firm_edges), firm_starts,
                  firm_edges[firm_starts], names, counts, starts[first])  # fmt: skip


def _lengths(starts: Labels, total: int) -> Labels:
    return np.diff(starts, append=total)


def changes(labels: Names) -> NDArray[np.bool_]:
    """Return whether each label differs from the one before; the first does."""
    new = np.ones(labels.size, dtype=np.bool_)
    np.not_equal(labels[1:], labels[:-1], out=new[1:])
    return new


def _numbered(market: Names) -> Labels:
    return np.cumsum(changes(market)) - 1


def _check_adjacent(names: Names) -> None:
    if (names[1:] > names[:-1]).all():
        return
    seen, times = np.unique(names, return_counts=True)
    if seen.size != names.size:
        twice = seen[times > 1][0]
        raise ModelError(f"markets: the products of {twice} are not adjacent; sort by market")
