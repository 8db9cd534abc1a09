"""Reading whole-number labels in one pass, compiled by numba; see `labels.scan`."""

from __future__ import annotations

import numpy as np

from tariffimpact.market.labels import Names
from tariffimpact.market.lanes import exact
from tariffimpact.market.system import Labels

_BLOCK = 32


@exact
def _differ(firm: Names, market: Names, first: int, last: int) -> bool:
    """Return whether any label from `first` on differs from the one before."""
    found = 0
    for i in range(first, last):
        found |= (firm[i] ^ firm[i - 1]) | (market[i] ^ market[i - 1])
    return found != 0


@exact
def _scan(firm: Names, market: Names, edges: Labels, heads: Labels) -> tuple[int, int, bool]:
    """Write where firms start, and which of them start a market; return how many of each."""
    edges[0] = heads[0] = 0
    firms = markets = 1
    falls = 0
    first = 1
    while first < firm.size:
        last = min(first + _BLOCK, firm.size)
        if _differ(firm, market, first, last):
            for i in range(first, last):
                new = 1 if market[i] != market[i - 1] else 0
                other = 1 if firm[i] != firm[i - 1] else 0
                falls += (1 - new) * (1 if firm[i] < firm[i - 1] else 0)
                edges[firms] = i
                heads[markets] = firms
                firms += new | other
                markets += new
        first = last
    return firms, markets, falls == 0


def scan(firm: Names, market: Names) -> tuple[Labels, Labels, bool] | None:
    """Return what `labels.scan` does; None where labels are not whole numbers."""
    if firm.dtype.kind != "i" or market.dtype.kind != "i":
        return None
    edges, heads = np.empty((2, firm.size + 1), dtype=np.intp)
    firms, markets, rising = _scan(firm, market, edges, heads)
    return edges[:firms], heads[:markets], rising
