"""From an observed market to demand: families of demand systems, and the member that fits best."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError, NoEquilibrium, NotIdentified, require
from tariffimpact.market.demand_systems import (
    Array,
    CesDemand,
    ChoiceDemand,
    DemandSystem,
    Flags,
    Labels,
    LogitDemand,
    nests,
    refuse_unknown,
)
from tariffimpact.market.flexible import AidsDemand, LinearDemand, LogLinearDemand
from tariffimpact.market.policy import Reading, SizedDuties

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MarginBase = Literal["price", "net_price"]
DemandName = Literal["logit", "ces", "linear", "log_linear", "aids"]
Build = Callable[[Mapping[str, float]], DemandSystem]
Lerner = Callable[[DemandSystem], Array]
"""The margins that a demand system implies at the observed prices."""
POOR = 0.01
"""Miss of a margin, a fraction of price, above which every answer says so."""
_ROUNDING = 0.005
"""Elasticities written to two decimals are this far from what they stand for."""
_EXACT = 1e-7
_RANK = 1e-6
_FAR = 1e3


def framed(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return a frame with a column for each entry, arrays flat."""
    import pandas as pd

    return pd.DataFrame({name: x.ravel() if isinstance(x, np.ndarray) else x
                         for name, x in columns.items()})  # fmt: skip


def bars(labels: Any, low: Any, high: Any, ax: Axes | None, **words: Any) -> Axes:
    """Draw a range for each label; `words` say how, see `charts.range_bars`."""
    import pandas as pd

    from tariffimpact import charts

    frame = pd.DataFrame({"label": labels, "low": low, "high": high})
    return charts.range_bars(frame, ax=ax, **words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One observed equilibrium; arrays of shape (J,)."""

    products: tuple[str, ...]
    firms: tuple[str, ...]
    prices: Array
    shares: Array
    """In the base of the demand system: units or outlay, of the potential market or of sales."""
    size: float
    """What shares are shares of: units or money."""
    duties: SizedDuties
    reading: Reading
    customs_value: Array | None
    margin_on: MarginBase
    outside_good: bool = True

    def lerner(self, margin: Array) -> Array:
        """Return (p - k)/p from margins in the user's convention.

        `net_price` is (p - d - c)/(p - d), d the duty per unit; where d depends on the unknown cost
        c (v = c), (p - k)/p follows from both.
        """
        if self.margin_on == "price":
            return margin
        p, rate, specific = self.prices, self.duties.rate, self.duties.specific
        if self.reading == "border_price":
            return margin * (p - specific) / p
        if self.customs_value is not None:
            return margin * (p - rate * self.customs_value - specific) / p
        above = (p - specific) * (1 - margin) / (1 - margin * rate / (1 + rate))
        return (p - specific - above) / p

    def margin(self, lerner: Array) -> Array:
        """Return margins in the user's convention from (p - k)/p: the inverse of `lerner`."""
        if self.margin_on == "price":
            return lerner
        p, specific = self.prices, self.duties.specific
        if self.reading == "border_price":
            return lerner * p / (p - specific)
        cost = (1 - lerner) * p
        return lerner * p / (p - (cost - self.unit_cost(cost)))

    def unit_cost(self, cost: Array) -> Array:
        """Return c, money per unit without duty, from k, with it; it must be positive."""
        net = self.duties.net(cost, self.customs_value)
        for name, value, gross in zip(self.products, net, cost, strict=True):
            if not value > 0:
                raise NoEquilibrium(
                    f"{name}: a unit cost of {value:.4g} without duty ({gross:.4g} with it) is not "
                    "positive, and a tariff would act as a subsidy; lower its margin, or check the "
                    "duties in force and the customs value"
                )
        return np.asarray(net)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Fit(Answer):
    """The moments of a calibration: prices and shares are met exactly, margins as said here."""

    products: tuple[str, ...]
    prices: Array
    """Observed shelf prices, money per unit, shape (J,)."""
    observed: Array
    """Margins supplied, fractions, shape (J,); NaN where none was."""
    fitted: Array
    """Margins of the calibrated market in the same convention, shape (J,)."""
    parameters: Mapping[str, float]
    """Estimated parameters; those the user fixed are not among them."""
    margin_on: str
    """Base of the margins: `price` or `net_price`."""

    @property
    def misses(self) -> Array:
        """Fitted less observed margin, fractions, shape (J,); NaN where none was supplied."""
        return self.fitted - self.observed

    @property
    def overidentified(self) -> bool:
        """Whether more margins were supplied than parameters estimated from them."""
        estimated = [name for name in self.parameters if name != "outside_share"]
        return int(np.isfinite(self.observed).sum()) > len(estimated)

    @property
    def poor(self) -> bool:
        """Whether a margin is missed by more than one percentage point."""
        return bool(np.nanmax(np.abs(self.misses), initial=0.0) > POOR)

    def warning(self) -> str:
        """Return the worst missed margin in a sentence."""
        j = int(np.nanargmax(np.abs(self.misses)))
        seen, fitted = (units.percent(float(x[j])) for x in (self.observed, self.fitted))
        return (
            f"The calibration misses margins: {self.products[j]} has {fitted} in the model, {seen} "
            "as observed."
        )

    def summary(self) -> str:
        """Return what was estimated and the largest miss in a sentence."""
        count = int(np.isfinite(self.observed).sum())
        values = ", ".join(f"{name} = {value:.5g}" for name, value in self.parameters.items())
        if not count:
            held = f" ({values})" if values else ""
            return f"No margin was supplied: costs follow from the demand parameters given{held}."
        worst = int(np.nanargmax(np.abs(self.misses)))
        miss = units.points(abs(float(self.misses[worst])), 2)
        if not self.parameters:
            return (
                f"No parameter was estimated; of {count} margin{'s' if count > 1 else ''} supplied "
                f"the largest miss is {miss} at {self.products[worst]}."
            )
        how = "by minimum distance" if self.overidentified else "exactly"
        return (
            f"{values} from {count} margin{'s' if count > 1 else ''}, {how}; "
            f"largest miss {miss} at {self.products[worst]}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product: `product`, `observed`, `fitted`, `miss` (fractions)."""
        columns = {"observed": self.observed, "fitted": self.fitted, "miss": self.misses}
        return framed({"product": self.products, **columns})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each product's margin, from the observed to the fitted one."""
        seen = np.where(np.isfinite(self.observed), self.observed, self.fitted)
        low, high = np.sort([seen, self.fitted], axis=0)
        return bars(self.products, low, high, ax, form="percent", x_label="margin")

    def explain(self) -> str:
        """Return each margin, observed and fitted, and what margins are relative to."""
        base = (
            "price less cost with duty, over the shelf price"
            if self.margin_on == "price"
            else "price net of duty less cost without duty, over the price net of duty"
        )
        rows = [
            f"{name}: observed {'none' if np.isnan(seen) else units.percent(float(seen))}, "
            f"fitted {units.percent(float(fitted))}"
            for name, seen, fitted in zip(self.products, self.observed, self.fitted, strict=True)
        ]
        return "\n".join([f"Margins are {base}.", *rows])


@dataclass(frozen=True, slots=True)
class Family:
    """A demand system with unknown parameters that reproduces observed prices and shares."""

    build: Build
    starts: Mapping[str, tuple[float, ...]]
    """Values to start each parameter from; the first is the usual one."""
    scaled: bool = True
    """Whether margins are in proportion to one over the first parameter."""


def family(name: DemandName, seen: Observed, nest: ArrayLike | None, lerner: float) -> Family:
    """Return the family of a demand system around an observed market; `lerner` is a typical margin.

    Linear, log-linear and AIDS demand have diversion in proportion to share at the observed point.
    """
    refuse_unknown("demand", [name], get_args(DemandName))
    if nest is not None and name not in ("logit", "ces"):
        raise ModelError(f"nests: {name} demand has none; use logit or ces")
    groups = nests(nest, 0.0, seen.prices.size)[0]
    slope = 1 / (lerner * float(seen.prices.mean()))
    nesting = {} if nest is None else {"nesting": (0.5, 0.1, 0.85)}
    if name == "logit":
        starts = {"price_coefficient": (slope,), **nesting}
        return Family(lambda values: _choice(seen, groups, values), starts)
    if name == "ces":
        starts = {"elasticity": (1 + 1 / lerner,), **nesting}
        return Family(lambda values: _choice(seen, groups, values), starts, False)
    share = seen.shares
    if name == "aids":
        starts = {"slope": (1 / lerner, 0.3 / lerner), "market_elasticity": (1.0, 2.0)}
        pull = np.outer(share, share) - np.diag(share)
        return Family(lambda values: _aids_through(seen, values["slope"] * pull,
                                                   values["market_elasticity"]), starts,
                      False)  # fmt: skip
    pull = (share - np.eye(share.size)) * seen.prices
    through = linear if name == "linear" else log_linear
    return Family(lambda values: through(seen, values["slope"] * pull), {"slope": (slope,)})


def _choice(seen: Observed, nest: Labels, values: Mapping[str, float]) -> ChoiceDemand:
    """Return logit or CES through the observed point: Berry's inversion.

    Without an outside good the level of utility means nothing; log H is 0 there.
    """
    nesting = np.full(seen.prices.size, values.get("nesting", 0.0))
    outside = 1 - seen.shares.sum() if seen.outside_good else 1.0
    nested = np.bincount(nest, seen.shares)[nest]
    level = np.log(seen.shares / outside) - nesting * np.log(seen.shares / nested)
    about = (seen.size, nest, nesting, seen.outside_good)
    if "elasticity" in values:
        steep = values["elasticity"]
        return CesDemand(level + (steep - 1) * np.log(seen.prices), steep, *about)
    steep = values["price_coefficient"]
    return LogitDemand(level + steep * seen.prices, steep, *about)


def log_linear(seen: Observed, elasticities: Array) -> LogLinearDemand:
    """Return the log-linear system through the observed point with given elasticities, (J, J)."""
    scale = np.log(seen.size * seen.shares) - elasticities @ np.log(seen.prices)
    return LogLinearDemand(scale, elasticities)


def linear(seen: Observed, elasticities: Array) -> LinearDemand:
    """Return the linear system through the observed point with given elasticities, (J, J)."""
    sold = seen.size * seen.shares
    slope = elasticities * sold[:, None] / seen.prices[None, :]
    return LinearDemand(sold - slope @ seen.prices, slope)


def aids(seen: Observed, elasticities: Array) -> AidsDemand:
    """Return the AIDS through the observed point with given elasticities, (J, J).

    They must be those of one homothetic consumer to within 0.005: every row sums to minus the
    market elasticity e, and w_j E[j, k] + (e - 1) w_j w_k is symmetric, w outlay shares.
    """
    share, count = seen.shares, seen.shares.size
    sums = elasticities.sum(axis=1)
    market = -float(share @ sums)
    slope = share[:, None] * (elasticities + np.eye(count) - (1 - market) * share[None, :])
    centre = np.eye(count) - 1 / count
    slope = centre @ (slope + slope.T) / 2 @ centre
    system = _aids_through(seen, slope, market)
    miss = system.elasticities(seen.prices) - elasticities
    j, k = np.unravel_index(int(np.abs(miss).argmax()), miss.shape)
    if abs(miss[j, k]) > _ROUNDING:
        raise ModelError(
            f"elasticities: AIDS has {elasticities[j, k] + miss[j, k]:.4g} where "
            f"E[{seen.products[j]}, {seen.products[k]}] is {elasticities[j, k]:.4g}; its rows all "
            f"sum to minus the market elasticity (these sum to {sums.min():.4g} up to "
            f"{sums.max():.4g}) and outlay x E must be symmetric but for income; mend them, or use "
            "log_linear demand"
        )
    return system


def _aids_through(seen: Observed, slope: Array, market_elasticity: float) -> AidsDemand:
    level = seen.shares - slope @ np.log(seen.prices)
    return AidsDemand(level, slope, market_elasticity, seen.size, seen.prices)


def given(name: DemandName, seen: Observed, elasticities: ArrayLike) -> DemandSystem:
    """Return the system with the user's elasticities at the observed point."""
    matrix = np.asarray(elasticities, dtype=np.float64)
    count = seen.prices.size
    require(
        matrix.shape == (count, count)
        and np.isfinite(matrix).all()
        and (np.diag(matrix) < 0).all(),
        f"elasticities: need a finite {count} x {count} matrix with a negative diagonal, "
        "E[j, k] = percent change of j's sales per percent of k's price",
    )
    builders: dict[str, Callable[[Observed, Array], DemandSystem]]
    builders = {"linear": linear, "log_linear": log_linear, "aids": aids}
    refuse_unknown("elasticities", [name], builders, "demand has none; they are for")
    return builders[name](seen, matrix)


def market_elasticity(demand: DemandSystem, prices: Array) -> float:
    """Return by what percent sales of all products fall if all prices rise by one percent."""
    sold = demand.quantities(prices)
    return -float(sold @ demand.elasticities(prices).sum(axis=1) / sold.sum())


def estimate(
    shape: Family,
    target: Array,
    lerner: Lerner,
    fixed: Mapping[str, float],
    products: tuple[str, ...],
) -> tuple[DemandSystem, dict[str, float]]:
    """Return the system of a family nearest the margins (NaN unknown), and its free parameters.

    `lerner` says what margins a system implies; refused if a parameter is not identified, or none
    meets as many margins as there are parameters.
    """
    seen = np.isfinite(target)
    free = _free(shape, fixed, int(seen.sum()))
    if not free:
        return shape.build(fixed), {}
    usual = {name: shape.starts[name][0] for name in free}
    first = lerner(shape.build({**fixed, **usual}))  # says what is wrong, if not the margins
    if free in (["price_coefficient"], ["slope"]) and shape.scaled:  # margins are x over it
        wanted, has = target[seen], first[seen]
        values = {free[0]: usual[free[0]] * float(has @ has / (has @ wanted))}
        gap = has * usual[free[0]] / values[free[0]] - wanted
        _require_met(gap, len(free), seen, free, products)
        return shape.build({**fixed, **values}), values
    line, gap, pinned = _nearest(
        _misses(shape, target, lerner, fixed, free),
        [[_to_line(n, s) for s in shape.starts[n]] for n in free],
    )
    _require_met(gap, len(free), seen, free, products)
    if not pinned:
        raise NotIdentified(
            f"not identified: {' and '.join(free)}: these margins move no further with "
            f"{'it' if len(free) == 1 else 'them'} than rounding (for nesting, margins of products "
            "in nests of different concentration are needed); supply other margins or fix a "
            "parameter"
        )
    values = _values(free, line)
    return shape.build({**fixed, **values}), values


def _require_met(
    gap: Array, unknown: int, seen: Flags, free: Sequence[str], products: tuple[str, ...]
) -> None:
    """Raise an error if as many margins as there are parameters are not met."""
    if seen.sum() == unknown and np.abs(gap).max() > _EXACT:
        known = [name for name, has in zip(products, seen, strict=True) if has]
        raise NoEquilibrium(
            f"{known[int(np.abs(gap).argmax())]}: no {' and '.join(free)} meets its margin, "
            f"nearest miss {np.abs(gap).max():.2%}; check the margin and shares, or try another "
            "demand system"
        )


def _free(shape: Family, fixed: Mapping[str, float], margins: int) -> list[str]:
    """Return the parameters left to estimate, no more than there are margins."""
    refuse_unknown("fixed", fixed, shape.starts, "is none of the parameters of this demand,")
    for name, value in fixed.items():
        _check_parameter(name, value)
    free = [name for name in shape.starts if name not in fixed]
    if len(free) > margins:
        raise NotIdentified(
            f"not identified: unknown are {', '.join(free)}, margins known {margins}; supply more "
            f"margins, or say what {free[-1]} is (fixed in Python, --fix {free[-1]}=… in the shell)"
        )
    return free


def _misses(
    shape: Family, target: Array, lerner: Lerner, fixed: Mapping[str, float], free: Sequence[str]
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
    return {name: _from_line(name, x) for name, x in zip(free, line, strict=True)}


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


def _check_parameter(name: str, value: float) -> None:
    """Raise a `ModelError` unless a parameter is in its range."""
    if name == "nesting":
        checked("fixed: nesting", value, at_least=0, below=1, remedy="0 is the plain logit or CES")
    else:
        least = 1 if name == "elasticity" else 0
        checked(f"fixed: {name}", value, above=least, remedy="parameters are positive numbers")


def _to_line(name: str, value: float) -> float:
    """Return a parameter on the whole line: logs of what is positive, log odds of [0, 1)."""
    if name == "nesting":
        return math.log(value / (1 - value))
    return math.log(value - 1 if name == "elasticity" else value)


def _from_line(name: str, value: float) -> float:
    """Return the parameter back: the inverse of `_to_line`."""
    if name == "nesting":
        return 1 / (1 + math.exp(-value))
    return math.exp(value) + (1 if name == "elasticity" else 0)
