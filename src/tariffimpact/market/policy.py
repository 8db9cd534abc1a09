"""Duties on products, what they are relative to, and what they do to a price-setter's cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError
from tariffimpact.market.system import Array, vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Reading = Literal["customs_value", "border_price"]
"""Who faces the duty: a cost shock on a given customs value (A), or a levy on the firm's own
border price (B); see `levy`."""

_CUT = "duties are at or above 0, and a cut is a lower duty, not a negative one"
_RANGES = {"ad_valorem": (None, _CUT), "specific": (None, _CUT),
           "dutiable_share": (1.0, "give a fraction of the customs value")}  # fmt: skip
"""The fields of `Duties`: the most each may be, and how to mend one out of range."""


@dataclass(frozen=True, slots=True)
class Duties:
    """Import duties per product, in the order of the market's products.

    For many scenarios (`Market.impose_each`) each field may have leading axes, shape (..., J), or
    (..., 1) for one number per scenario.

    Parameters
    ----------
    ad_valorem
        Fraction of customs value (0.15 is 15%), never of the shelf price; one number or shape
        (J,). At or above 0: a subsidy is not a tariff.
    specific
        Money per unit, at or above 0; one number or shape (J,).
    dutiable_share
        Share of the customs value that is dutiable, in [0, 1]; one number or shape (J,).

    Examples
    --------
    >>> Duties(0.15)
    Duties(ad_valorem=0.15, specific=0.0, dutiable_share=1.0)
    """

    ad_valorem: ArrayLike = 0.0
    specific: ArrayLike = 0.0
    dutiable_share: ArrayLike = 1.0

    @classmethod
    def from_consumer_share(cls, share: ArrayLike) -> Duties:
        """Return duties given as a share t of the price the consumer pays: tau = t/(1 - t).

        R's package ``trade`` states its tariffs so. The conversion is exact under the reading
        `border_price`, where shelf price = (1 + tau) x border price.

        Raises
        ------
        ModelError
            If a share is outside [0, 1).

        Examples
        --------
        >>> Duties.from_consumer_share(0.2).ad_valorem
        0.25
        """
        given = np.asarray(share, dtype=np.float64)
        if not ((given >= 0) & (given < 1)).all():
            raise ModelError(
                f"consumer share: must lie in [0, 1) (got {given.min():g} to "
                f"{given.max():g}); it is duty over shelf price, "
                "for a fraction of customs value use Duties(ad_valorem=...)"
            )
        converted = given / (1 - given)
        return cls(ad_valorem=float(converted) if converted.ndim == 0 else converted)

    def sized(self, size: int) -> SizedDuties:
        """Return the duties as checked arrays of shape (size,)."""
        ad_valorem, specific, dutiable = self._fields(lambda x, name: vector(x, size, name))
        return SizedDuties(ad_valorem * dutiable, specific)

    def each(self, size: int) -> SizedDuties:
        """Return the duties of many scenarios as checked arrays of one shape (..., size).

        Raises
        ------
        ModelError
            Naming every field that is out of range or does not fit.

        Examples
        --------
        >>> Duties([[0.1], [0.2]], specific=[0.0, 3.0]).each(2).rate
        array([[0.1, 0.1],
               [0.2, 0.2]])
        """
        fields = self._fields(lambda x, name: _rows(x, size, name))
        try:
            *fields, _ = np.broadcast_arrays(*fields, np.empty(size))
        except ValueError:
            shapes = ", ".join(f"{n} {x.shape}" for n, x in zip(_RANGES, fields, strict=True))
            raise ModelError(
                f"duties: {shapes} do not broadcast to one shape (..., {size}); give each the same "
                "scenarios, or one row for all of them"
            ) from None
        return SizedDuties(fields[0] * fields[2], fields[1])

    def _fields(self, shaped: Callable[[ArrayLike, str], Array]) -> list[Array]:
        """Return the fields in shape and in range, or name every one that is not."""
        fields, faults = [], []
        for name, (most, remedy) in _RANGES.items():
            try:
                values = shaped(getattr(self, name), name)
                fields.append(checked(name, values, at_least=0, at_most=most, remedy=remedy))
            except ModelError as error:
                faults.append(str(error))
        if faults:
            raise ModelError("\n".join(faults))
        return fields


def _rows(values: ArrayLike, size: int, name: str) -> Array:
    """Return `values` as floats whose last axis is products, or one number for all of them."""
    given = checked(name, values, remedy="give numbers, a row per scenario")
    if given.ndim and given.shape[-1] not in (1, size):
        raise ModelError(
            f"{name}: shape {given.shape} for {size} products; the last axis is products, one "
            "value for each, or a single one for all"
        )
    return given


NO_DUTIES = Duties()
"""No duty on any product."""


@dataclass(frozen=True, slots=True)
class SizedDuties:
    """Duties as arrays: `rate` (fraction of full customs value), `specific`; shape (..., J)."""

    rate: Array
    specific: Array


@dataclass(frozen=True, slots=True)
class Levy:
    """What duties do to the price-setter: the cost its price must cover and its profit weight.

    Shape (J,); of many scenarios (..., J), and so is what is said about prices of that shape.
    """

    cost: Array
    """k, money per unit: what the shelf price is set against, duty included."""
    weight: Array
    """theta, the firm's share of each dollar of p - k: 1, or 1/(1 + rate)."""
    unit_cost: Array
    """c, money per unit without duty; shape (J,)."""
    specific: Array
    """Specific duty, money per unit."""
    fixed_duty: Array | None
    """Duty per unit where it does not depend on the price; None under `border_price`."""

    def duty(self, prices: Array) -> Array:
        """Return the duty per unit at shelf `prices`, money."""
        if self.fixed_duty is not None:
            return self.fixed_duty
        return self.specific + (prices - self.specific) * (1 - self.weight)

    def profit(self, prices: Array) -> Array:
        """Return profit per unit, money."""
        return self.weight * (prices - self.cost)

    def border_prices(self, prices: Array) -> Array:
        """Return the price net of duty per unit, money."""
        return prices - self.duty(prices)

    def scenario(self, index: tuple[int, ...]) -> Levy:
        """Return the levy of one of many scenarios."""
        return Levy(
            self.cost[index], self.weight[index], self.unit_cost, self.specific[index],
            None if self.fixed_duty is None else self.fixed_duty[index],
        )  # fmt: skip

    def raised(self, licence: Array) -> Levy:
        """Return the levy with the price of a quota licence added to each unit's cost."""
        return Levy(
            self.cost + licence, self.weight, self.unit_cost, self.specific + licence,
            None if self.fixed_duty is None else self.fixed_duty + licence,
        )  # fmt: skip


def levy(*, duties: SizedDuties, unit_cost: Array, customs_value: Array, reading: Reading) -> Levy:
    """Return what duties do to unit cost and to the weight of each product in its firm's profit.

    `customs_value` (reading A): the customs value v is given to the price-setter, the duty is a
    cost, ``k = c + rate v + specific``, weight 1. `border_price` (reading B): the duty is levied
    on the price w the firm itself charges at the border, ``p = (1 + rate) w + specific``, so
    ``k = (1 + rate) c + specific`` and the firm keeps 1/(1 + rate) of each dollar of p - k.

    Raises
    ------
    ModelError
        If the reading is unknown.

    Examples
    --------
    >>> one = np.array([100.0])
    >>> tax = Duties(0.25).sized(1)
    >>> levy(duties=tax, unit_cost=one, customs_value=one / 2, reading="customs_value").cost
    array([112.5])
    >>> levy(duties=tax, unit_cost=one, customs_value=one / 2, reading="border_price").cost
    array([125.])
    """
    rate, specific = duties.rate, duties.specific
    if reading == "customs_value":
        duty = rate * customs_value + specific
        return Levy(unit_cost + duty, np.ones_like(duty), unit_cost, specific, duty)
    if reading == "border_price":
        cost = (1 + rate) * unit_cost + specific
        return Levy(cost, 1 / (1 + rate), unit_cost, specific, None)
    raise ModelError(f"reading: must be one of {get_args(Reading)} (got {reading!r})")
