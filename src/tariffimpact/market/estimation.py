"""The demand parameters whose margins lie nearest the ones supplied, or why there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tariffimpact.errors import ModelError, require
from tariffimpact.market import families
from tariffimpact.market.families import Family
from tariffimpact.market.system import Array, DemandSystem

Lerner = Callable[[DemandSystem], Array]
"""The margins that a demand system implies at the observed prices."""
_EXACT = 1e-7
_RANK = 1e-6
_FAR = 1e3


def estimate(
    shape: Family,
    target: Array,
    lerner: Lerner,
    fixed: Mapping[str, float],
    products: tuple[str, ...],
) -> tuple[DemandSystem, dict[str, float]]:
    """Return the system nearest the margins and its free parameters.

    Parameters
    ----------
    shape
        The family of systems that meet the observed prices and shares.
    target
        Margins supplied, NaN where unknown, shape (J,).
    lerner
        The margins that a system implies, shape (J,).
    fixed
        Parameters not to estimate.
    products
        Names, for the words of an error.

    Raises
    ------
    ModelError
        If a parameter is not identified, or none meets as many margins as there are parameters.
    """
    seen = np.isfinite(target)
    free = _free(shape, fixed, int(seen.sum()))
    if not free:
        return shape.build(fixed), {}
    usual = {name: shape.starts[name][0] for name in free}
    lerner(shape.build({**fixed, **usual}))  # says what is wrong, if it is not the margins
    line, gap, pinned = _nearest(
        _misses(shape, target, lerner, fixed, free),
        [[families.to_line(n, s) for s in shape.starts[n]] for n in free],
    )
    if seen.sum() == len(free) and np.abs(gap).max() > _EXACT:
        known = [name for name, has in zip(products, seen, strict=True) if has]
        raise ModelError(
            f"{known[int(np.abs(gap).argmax())]}: no {' and '.join(free)} meets its margin, "
            f"nearest miss {np.abs(gap).max():.2%}; check the margin and shares, or try another "
            "demand system"
        )
    require(
        pinned,
        f"not identified: {' and '.join(free)}: these margins move no further with "
        f"{'it' if len(free) == 1 else 'them'} than rounding (for nesting, margins of products in "
        "nests of different concentration are needed); supply other margins or fix a parameter",
    )
    values = _values(free, line)
    return shape.build({**fixed, **values}), values


def _free(shape: Family, fixed: Mapping[str, float], margins: int) -> list[str]:
    """Return the parameters left to estimate, no more than there are margins."""
    unknown = [name for name in fixed if name not in shape.starts]
    require(not unknown, f"fixed: {unknown and unknown[0]} is none of {tuple(shape.starts)}")
    for name, value in fixed.items():
        families.check_parameter(name, value)
    free = [name for name in shape.starts if name not in fixed]
    if len(free) > margins:
        raise ModelError(
            f"not identified: unknown are {', '.join(free)}, margins known {margins}; "
            f"supply more margins, or fix one, as fixed={{'{free[-1]}': ...}} (command: --fix "
            f"{free[-1]}=...)"
        )
    return free


def _misses(
    shape: Family,
    target: Array,
    lerner: Lerner,
    fixed: Mapping[str, float],
    free: Sequence[str],
) -> Callable[[Array], Array]:
    """Return by how much the margins are missed, as a function of the free parameters."""
    seen = np.isfinite(target)

    def miss(line: Array) -> Array:
        with np.errstate(all="ignore"):
            try:
                system = shape.build({**fixed, **_values(free, line)})
                gap = (lerner(system) - target)[seen]
            except (ModelError, OverflowError):  # parameters without bounds: no such demand
                return np.full(int(seen.sum()), _FAR)
        return np.where(np.isfinite(gap), gap, _FAR)

    return miss


def _values(free: Sequence[str], line: Array) -> dict[str, float]:
    return {name: families.from_line(name, x) for name, x in zip(free, line, strict=True)}


def _nearest(
    miss: Callable[[Array], Array], starts: Sequence[Sequence[float]]
) -> tuple[Array, Array, bool]:
    """Return the least-squares point over several starts, its misses, and if it is pinned down."""
    from itertools import product

    from scipy.optimize import least_squares

    best = None
    for start in product(*starts):
        found = least_squares(miss, start, jac="3-point", xtol=1e-15, ftol=1e-15, gtol=1e-15)
        if best is None or found.cost < best.cost * (1 - 1e-6):
            best = found
        if best.cost < 1e-24:
            break
    assert best is not None
    strength = np.linalg.svd(np.asarray(best.jac), full_matrices=False, compute_uv=False)
    pinned = strength[-1] > _RANK * max(1.0, strength[0])
    return np.asarray(best.x), np.asarray(best.fun), bool(pinned)
