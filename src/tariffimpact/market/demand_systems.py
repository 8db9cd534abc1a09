"""What a demand system must offer, and the systems of discrete choice: logit, CES and their nests.

Everything is written in logarithms of prices, so the unit of money drops out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError

Array = NDArray[np.float64]
Labels = NDArray[np.intp]
Flags = NDArray[np.bool_]


@runtime_checkable
class DemandSystem(Protocol):
    """Demand for J differentiated products: what a `Market` asks of it, and all it asks.

    Any object with these methods is a demand system; conduct, duties, pass-through and the ledger
    then work on it unchanged. Every price is the shelf price before sales tax, in money per unit;
    leading axes are scenarios, and what is not a number stays so.
    """

    @property
    def size(self) -> int:
        """Number of products J."""

    def quantities(self, prices: Array) -> Array:
        """Return units sold, shape (..., J) as `prices`, money per unit, all positive."""

    def shares(self, prices: Array) -> Array:
        """Return market shares, shape (..., J), in the base the system is defined on."""

    def elasticities(self, prices: Array) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J); the diagonal is negative."""

    def slopes(self, prices: Array) -> Array:
        """Return S[j, k] = (p_k / q_j) dq_k / dp_j, shape (J, J).

        It weighs the margin of k by what a higher price of j does to the sales of k. Where demand
        slopes are symmetric S equals E, and nothing is divided by a vanishing quantity.
        """

    def slope_change(self, prices: Array, weights: Array) -> Array:
        """Return D[j, l] = sum_k weights[j, k] dS[j, k] / d ln p_l, shape (J, J)."""

    def consumer_loss(self, before: Array, after: Array) -> Array:
        """Return the money consumers would need after prices move; positive is a loss.

        Shape (...) as that of prices `after`, (..., J); those `before` have shape (J,).
        """


@runtime_checkable
class Reducible(DemandSystem, Protocol):
    """A demand system that says what is left of it where some products are sold no more."""

    def without(self, gone: Flags) -> DemandSystem:
        """Return demand for the products that are not `gone`, where those are not sold."""


@dataclass(frozen=True, slots=True)
class NestShares:
    """Shares of a (nested) logit in its utility index u; of one market or of many, (..., J).

    ``r_j = exp(u_j/(1-s_g)) / D_g * D_g**(1-s_g) / H``, ``H = 1 + sum_g D_g**(1-s_g)``, where
    ``s_g`` in [0, 1) is the nesting parameter (0: plain logit) and the 1 is the outside good, 0 if
    there is none. The log odds x_j = log(r_j / r_0) say the same as u:
    ``u_j = (1-s_g) x_j + s_g log sum_{k in g} exp(x_k)`` (Berry's inversion).
    """

    index: Array
    """Utility index u."""
    log_odds: Array
    """log of share over the outside share (without one: over 1/H)."""
    share: Array
    """Share of the whole market."""
    outside: Array
    """Share of the outside good, shape (...)."""
    conditional: Array
    """Share within the nest; 0 where there are no nests."""
    log_total: Array
    """log H, shape (...)."""
    same: Array
    """same[j, k]: 1 where j and k are in one nest, shape (..., J, J)."""
    nesting: Array
    """Nesting parameter of each product's nest."""

    @classmethod
    def of(cls, index: Array, same: Array, nesting: Array, away: float = 1.0) -> Self:
        """Return the shares at utility `index`; `away` is 1, or 0 without an outside good."""
        scaled = index / (1 - nesting)
        if not nesting.any():
            return cls.from_log_odds(scaled, same, nesting, away)
        return cls.from_log_odds(scaled - nesting * _log_sum(scaled, same), same, nesting, away)

    @classmethod
    def from_log_odds(cls, log_odds: Array, same: Array, nesting: Array, away: float = 1.0) -> Self:
        """Return the shares at given log odds."""
        peak = log_odds.max(axis=-1)
        peak = np.maximum(peak, 0.0) if away else peak
        weight, rest = np.exp(log_odds - peak[..., None]), away * np.exp(-peak)
        total = rest + weight.sum(axis=-1)
        nested = bool(nesting.any())
        inclusive = _log_sum(log_odds, same) if nested else np.zeros_like(log_odds)
        return cls(
            index=(1 - nesting) * log_odds + nesting * inclusive if nested else log_odds,
            log_odds=log_odds,
            share=weight / total[..., None],
            outside=np.asarray(rest / total),
            conditional=np.exp(log_odds - inclusive) if nested else inclusive,
            log_total=np.asarray(peak + np.log(total)),
            same=same,
            nesting=nesting,
        )

    def cross(self) -> Array:
        """Return G[j, k] = -d ln r_j / du_k for k other than j, same formula on the diagonal."""
        if not self.nesting.any():
            return np.broadcast_to(self.share[..., None, :], self.same.shape)
        pull = self.nesting / (1 - self.nesting) * self.conditional
        return self.same * pull[..., None, :] + self.share[..., None, :]

    def semi_elasticities(self) -> Array:
        """Return N[j, k] = d ln r_j / du_k.

        The diagonal is what the other columns and the outside good take, so that no digit is lost
        where one product has nearly all.
        """
        others = -self.cross()
        within = np.arange(others.shape[-1])
        others[..., within, within] = 0.0
        others[..., within, within] = self.outside[..., None] - others.sum(axis=-1)
        return others

    def curvature(self, weights: Array) -> Array:
        """Return sum_k weights[j, k] dN[j, k] / du_l."""
        spread: Array | float = 0.0
        if self.nesting.any():
            pull = self.nesting * self.conditional / (1 - self.nesting) ** 2
            within = weights * self.same * pull[..., None, :]
            spread = within.sum(axis=-1)[..., None] * self.same * self.conditional[..., None, :]
            spread = spread - within
        return np.asarray(spread - (weights * self.share[..., None, :]) @ self.semi_elasticities())

    def index_change(self) -> Array:
        """Return U[j, l] = du_j / dx_l, x the log odds."""
        loose = (1 - self.nesting)[..., None] * np.eye(self.nesting.shape[-1])
        return loose + self.same * (self.nesting[..., :, None] * self.conditional[..., None, :])


def _log_sum(value: Array, same: Array) -> Array:
    """Return log sum exp of `value` over each product's nest."""
    beside = np.where(same > 0, value[..., None, :], -np.inf)
    peak = beside.max(axis=-1)
    return np.asarray(peak + np.log(np.exp(beside - peak[..., None]).sum(axis=-1)))


class _Choice:
    """What logit and CES share: nests, an outside good, and shares of an index."""

    __slots__ = ()
    nest: Labels
    nesting: Array
    outside_good: bool

    @property
    def level(self) -> Array:
        """Index at a price (CES: log price) of zero, shape (J,)."""
        raise NotImplementedError

    @property
    def steep(self) -> float:
        """Fall of the utility index per unit of price (logit) or of log price (CES)."""
        raise NotImplementedError

    @property
    def away(self) -> float:
        """What the outside good adds to H: 1, or 0 without one."""
        return 1.0 if self.outside_good else 0.0

    @property
    def same(self) -> Array:
        """1 where two products are in one nest, shape (J, J)."""
        return np.asarray(self.nest[:, None] == self.nest[None, :], dtype=np.float64)

    @property
    def size(self) -> int:
        """Number of products J."""
        return self.level.size

    def index(self, prices: Array) -> Array:
        """Return the utility index, shape (..., J) as `prices`."""
        raise NotImplementedError

    def at(self, prices: Array) -> NestShares:
        """Return the shares and their nest structure at `prices`, shape (J,)."""
        return NestShares.of(self.index(prices), self.same, self.nesting, self.away)

    def _divided(self, prices: Array) -> tuple[Array, Array]:
        shares, total = divided(self.index(prices), self.nest, self.nesting, self.away)
        return shares, total[..., 0]

    def shares(self, prices: Array) -> Array:
        """Return shares of the market (CES: of outlay), outside good included, (..., J)."""
        return self._divided(prices)[0]

    def only(self, some: Labels | Flags, level: Array) -> Self:
        """Return demand for some products alone, with utility (CES: log quality) `level`."""
        assert isinstance(self, LogitDemand | CesDemand)
        changes: dict[str, Any] = {"nest": self.nest[some], "nesting": self.nesting[some]}
        changes["utility" if isinstance(self, LogitDemand) else "log_quality"] = level
        return replace(self, **changes)

    def without(self, gone: Flags) -> Self:
        """Return demand for the products that are not `gone`, where those are not sold."""
        return self.only(~gone, self.level[~gone])

    def dearer(self, prices: Array, loss: Array) -> Array:
        """Return the prices at which the utility index is lower by `loss`."""
        raise NotImplementedError

    def _pace(self, prices: Array) -> Array:
        """Return the fall of the index per log of each price, shape (1, J)."""
        ces = isinstance(self, CesDemand)
        return np.asarray(self.steep * (np.ones_like(prices) if ces else prices))[None, :]

    def elasticities(self, prices: Array) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J)."""
        fall = self.at(prices).semi_elasticities() * self._pace(prices)
        return -fall - np.eye(self.size) if isinstance(self, CesDemand) else -fall

    slopes = elasticities

    def slope_change(self, prices: Array, weights: Array) -> Array:
        """Return sum_k weights[j, k] dE[j, k] / d ln p_l, shape (J, J)."""
        at, pace = self.at(prices), self._pace(prices)
        bend = at.curvature(weights * pace) * pace
        if isinstance(self, CesDemand):
            return bend
        return np.asarray(bend - weights * at.semi_elasticities() * pace)

    def consumer_loss(self, before: Array, after: Array) -> Array:
        """Return the compensating variation, money, shape (...) for prices after of (..., J).

        Logit M log(H0/H1)/alpha; CES Y (P1/P0 - 1), P = H**(1/(1 - elasticity)) the price index.
        """
        fall = (self._divided(before)[1] - self._divided(after)[1]) / self.steep
        if isinstance(self, CesDemand):
            return np.asarray(self.expenditure * np.expm1(fall))
        return np.asarray(getattr(self, "market_size", 1.0) * fall)


@dataclass(frozen=True, slots=True)
class LogitDemand(_Choice):
    """Logit or nested logit: each of `market_size` consumers buys one unit, or the outside good.

    ``q_j = M r_j(u)``, ``u_j = utility_j - price_coefficient * p_j``.

    Parameters
    ----------
    utility
        Mean utility of each product at a price of zero, outside good 0, shape (J,).
    price_coefficient
        Fall of utility per unit of money, positive.
    market_size
        Potential buyers M, units; shares are of M, the outside good included.
    nest, nesting
        Nest of each product, any labels, shape (J,), and nesting parameter in [0, 1), one or
        shape (J,); without them the plain logit.
    outside_good
        False if buyers must buy one of the products: their shares then sum to 1.

    References
    ----------
    Berry (1994), *RAND Journal of Economics* 25(2): 242-262.

    Examples
    --------
    >>> demand = LogitDemand(utility=[1.0, 2.0], price_coefficient=1.0)
    >>> demand.shares(np.array([1.0, 2.0])).round(4)
    array([0.3333, 0.3333])
    """

    utility: Array
    price_coefficient: float
    market_size: float = 1.0
    nest: Labels = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    nesting: Array = field(default_factory=lambda: np.zeros(()))
    outside_good: bool = True

    def __post_init__(self) -> None:
        _settle(self, "utility", self.utility)
        checked(
            "price_coefficient", self.price_coefficient, above=0,
            remedy="give the fall of utility per unit of money",
        )  # fmt: skip
        checked("market_size", self.market_size, above=0, remedy="give the number of buyers")

    @property
    def level(self) -> Array:
        """Mean utility, shape (J,)."""
        return self.utility

    @property
    def steep(self) -> float:
        """The price coefficient."""
        return self.price_coefficient

    def index(self, prices: Array) -> Array:
        """Return the utility index, shape (..., J) as `prices`."""
        return self.utility - self.price_coefficient * prices

    def dearer(self, prices: Array, loss: Array) -> Array:
        """Return the prices at which the utility index is lower by `loss`."""
        return prices + loss / self.price_coefficient

    def quantities(self, prices: Array) -> Array:
        """Return units sold, shape (..., J) as `prices`."""
        return self.market_size * self.shares(prices)


@dataclass(frozen=True, slots=True)
class CesDemand(_Choice):
    """CES or nested CES with an outside good of price 1: shares are shares of expenditure.

    ``q_j = Y r_j(u) / p_j``, ``u_j = log_quality_j - (elasticity - 1) log p_j``.

    Parameters
    ----------
    log_quality
        Log quality weight of each product, outside good 0, shape (J,); changes with the unit of
        money.
    elasticity
        Elasticity of substitution across products (across nests if there are nests), above 1.
    expenditure
        Total outlay Y on inside and outside goods, money.
    nest, nesting, outside_good
        As in `LogitDemand`; within a nest the elasticity of substitution is
        ``1 + (elasticity - 1)/(1 - nesting)``.

    References
    ----------
    Sheu (2014), *Journal of Industrial Economics* 62(4); Head and Mayer (2014).

    Examples
    --------
    >>> demand = CesDemand(log_quality=[0.0], elasticity=3.0, expenditure=100.0)
    >>> demand.quantities(np.array([1.0]))
    array([50.])
    """

    log_quality: Array
    elasticity: float
    expenditure: float = 1.0
    nest: Labels = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    nesting: Array = field(default_factory=lambda: np.zeros(()))
    outside_good: bool = True

    def __post_init__(self) -> None:
        _settle(self, "log_quality", self.log_quality)
        checked(
            "elasticity", self.elasticity, above=1,
            remedy="at 1 or below a firm of CES demand would raise its price without limit",
        )  # fmt: skip
        checked("expenditure", self.expenditure, above=0, remedy="give the outlay, money")

    @property
    def level(self) -> Array:
        """Log quality, shape (J,)."""
        return self.log_quality

    @property
    def steep(self) -> float:
        """The elasticity less 1."""
        return self.elasticity - 1

    def index(self, prices: Array) -> Array:
        """Return the utility index, shape (..., J) as `prices`."""
        return np.asarray(self.log_quality - (self.elasticity - 1) * np.log(prices))

    def dearer(self, prices: Array, loss: Array) -> Array:
        """Return the prices at which the utility index is lower by `loss`."""
        return np.asarray(prices * np.exp(loss / (self.elasticity - 1)))

    def quantities(self, prices: Array) -> Array:
        """Return units sold, revenue over price, shape (..., J) as `prices`."""
        return self.expenditure * self.shares(prices) / prices


ChoiceDemand = LogitDemand | CesDemand


@np.errstate(invalid="ignore")
def divided(
    index: Array, nest: Labels | None, nesting: Array | None, away: float, starts: ArrayLike = (0,)
) -> tuple[Array, Array]:
    """Return shares, shape (..., J), and log H of each market, (..., M), at utility `index`.

    H is one over the share of the outside good, whose utility is 0; see `NestShares`. `starts` are
    the first product of each market, products of a market adjacent.
    """
    heads, worth = np.asarray(starts), index
    if nest is not None and nesting is not None and nesting.any():
        scaled = index / (1 - nesting)
        order = np.argsort(nest, kind="stable")
        first = np.flatnonzero(np.diff(nest[order], prepend=-1))
        inclusive = np.logaddexp.reduceat(scaled[..., order], first, axis=-1)
        worth = (1 - nesting[..., order[first]]) * inclusive
        index = scaled - nesting * inclusive[..., nest]
        heads = np.searchsorted(order[first], heads)
    log_total = np.logaddexp.reduceat(worth, heads, axis=-1)
    log_total = np.logaddexp(0.0, log_total) if away else log_total
    each = log_total
    if heads.size > 1:
        each = np.repeat(log_total, np.diff(starts, append=index.shape[-1]), axis=-1)
    return np.exp(index - each), log_total


def refuse_unknown(
    what: str, names: Iterable[object], known: Iterable[str], why: str = "is none of"
) -> None:
    """Raise a `ModelError` that names the first of `names` that is not known, and all that are."""
    known = list(dict.fromkeys(known))
    for name in names:
        if name not in known:
            raise ModelError(f"{what}: {name} {why} {', '.join(known)}")


UNMADE = "is no product of this market; there are"
UNSOLD = "sells nothing in this market; the firms are"


def vector(values: ArrayLike, size: int, name: str) -> Array:
    """Return finite `values` as floats of shape (size,), a single number repeated."""
    try:
        given = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ModelError(
            f"{name} must be numbers (got {values!r:.60}); give one for all or one per product"
        ) from None
    if given.ndim > 1 or (given.ndim == 1 and given.size != size):
        raise ModelError(
            f"{name}: {given.size} values of shape {given.shape} for {size} products; give one "
            "number for all or one per product, in the order of the products"
        )
    full = np.array(np.broadcast_to(given, (size,)))
    if not np.isfinite(full).all():
        at = int(np.flatnonzero(~np.isfinite(full))[0])
        raise ModelError(f"{name}: value {at + 1} is {full[at]}; give a finite number")
    return full


def nests(labels: ArrayLike | None, nesting: ArrayLike, size: int) -> tuple[Labels, Array]:
    """Return nest numbers from 0 and the nesting parameter per product, both of shape (size,).

    Labels of None or none are the plain logit; the parameter is equal within a nest.
    """
    values = vector(nesting, size, "nesting")
    if labels is None or np.size(labels) == 0:
        if values.any():
            raise ModelError("nesting: a nesting parameter needs nests; name each product's nest")
        return np.zeros(size, dtype=np.intp), values
    names, number = np.unique(np.asarray(labels), return_inverse=True)
    if number.shape != (size,):
        raise ModelError(f"nests: {number.size} labels for {size} products; name one per product")
    if ((values < 0) | (values >= 1)).any():
        raise ModelError(
            f"nesting: must lie in [0, 1) (got {values.min():g} to {values.max():g}); 0 is the "
            "plain logit, values near 1 make products within a nest near-perfect substitutes"
        )
    for group, name in enumerate(names):
        if np.ptp(values[number == group]) > 0:
            raise ModelError(f"nesting: nest {name!s} has several values; give one per nest")
    return number.astype(np.intp), values


def _settle(demand: ChoiceDemand, name: str, level: ArrayLike) -> None:
    """Store the arrays of a frozen demand system as checked floats."""
    full = vector(level, np.asarray(level).size, name)
    nest, nesting = nests(demand.nest, demand.nesting, full.size)
    object.__setattr__(demand, name, full)
    object.__setattr__(demand, "nest", nest)
    object.__setattr__(demand, "nesting", nesting)
