"""Who owns what: from firm names to an ownership matrix, and the checks on one that is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError
from tariffimpact.market.system import Array


def ownership_matrix(firms: Sequence[str]) -> Array:
    """Return W[j, k] = 1 where one firm sells both j and k, else 0, shape (J, J).

    Examples
    --------
    >>> ownership_matrix(["Sony", "Sony", "Microsoft"])
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 1.]])
    """
    names = np.asarray(firms)
    return np.asarray((names[:, None] == names[None, :]).astype(np.float64))


def checked_ownership(weights: ArrayLike, firms: Sequence[str]) -> Array:
    """Return a partial-ownership matrix as floats, or say why it is not one.

    weights[j, k] in [0, 1] is the weight that the controller of j puts on the profit of k; the
    diagonal is positive, and products of one firm (one name in `firms`) share one row.

    Raises
    ------
    ModelError
        If the shape, the range, the diagonal, or the rows of one firm are wrong.

    Examples
    --------
    >>> checked_ownership([[1, 0.25], [0, 1]], ["Renault", "Nissan"])
    array([[1.  , 0.25],
           [0.  , 1.  ]])
    """
    matrix = checked("ownership", weights, remedy="give a matrix of weights in [0, 1]")
    count = len(firms)
    if matrix.shape != (count, count):
        raise ModelError(
            f"ownership: shape {matrix.shape} for {count} products; give one row and one column "
            "per product, in their order"
        )
    bad = ~((matrix >= 0) & (matrix <= 1))
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise ModelError(
            f"ownership: row {row + 1} column {column + 1} is {matrix[row, column]:g}; weights "
            "are shares of profit in [0, 1]"
        )
    for row, firm in enumerate(firms):
        if matrix[row, row] <= 0:
            raise ModelError(
                f"ownership: {firm} puts no weight on its own product (row {row + 1}); the "
                "diagonal must be positive"
            )
        first = list(firms).index(firm)
        if not np.array_equal(matrix[row], matrix[first]):
            raise ModelError(
                f"ownership: rows {first + 1} and {row + 1} both belong to {firm} but differ; a "
                "firm weighs every product the same way, whichever of its prices it sets"
            )
    return matrix


def weighed_alike(weight: Array, firms: Sequence[str]) -> bool:
    """Return whether every firm keeps the same part of a dollar from all of its products."""
    names = np.asarray(firms)
    return all(np.ptp(weight[names == firm]) == 0 for firm in set(firms))


def is_partition(weights: Array, firms: Sequence[str]) -> bool:
    """Return whether the matrix says no more than which firm sells which product."""
    return bool(np.array_equal(weights, ownership_matrix(firms)))
