"""What a government does to a market, and what sellers are bound to: duties, quotas, ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from tariffimpact.arguments import check_rate, checked, plain
from tariffimpact.errors import ModelError, require
from tariffimpact.market.demand_systems import UNMADE, Array, Flags, refuse_unknown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


Reading = Literal["customs_value", "border_price"]
"""Who faces the duty: a cost shock on a given customs value (A), or a levy on the firm's own
border price (B); see `levy`."""

_CUT = "duties are at or above 0, and a cut is a lower duty, not a negative one"
_FIELDS: dict[str, tuple[float, float | None, str]] = {
    "ad_valorem": (0.0, None, _CUT),
    "specific": (0.0, None, _CUT),
    "dutiable_share": (1.0, 1.0, "give a fraction of the customs value"),
}
"""The fields of `Duties`: what a product not named has, the most, and how to mend one out of it."""


@dataclass(frozen=True, slots=True)
class Duties:
    """Import duties per product, in the order of the market's products.

    For many scenarios (`Market.impose_each`) each field may have leading axes, shape (..., J), or
    (..., 1) for one number per scenario. A mapping gives numbers by product; one that is not named
    has none (of `dutiable_share`: 1).

    Parameters
    ----------
    ad_valorem
        Fraction of customs value (0.15 is 15%), never of the shelf price; one number or shape
        (J,). At or above 0: a subsidy is not a tariff. Below 3, for 25 is meant as 25%.
    specific
        Money per unit, at or above 0; one number or shape (J,).
    dutiable_share
        Share of the customs value that is dutiable, in [0, 1]; one number or shape (J,).

    Examples
    --------
    >>> Duties(0.15)
    Duties(ad_valorem=0.15, specific=0.0, dutiable_share=1.0)
    >>> Duties({"kettle": 0.25}).sized(["kettle", "toaster"]).rate
    array([0.25, 0.  ])
    """

    ad_valorem: ArrayLike | Mapping[str, float] = 0.0
    specific: ArrayLike | Mapping[str, float] = 0.0
    dutiable_share: ArrayLike | Mapping[str, float] = 1.0

    @classmethod
    def from_consumer_share(cls, share: ArrayLike) -> Duties:
        """Return duties given as a share t of the price the consumer pays: tau = t/(1 - t).

        R's package ``trade`` states its tariffs so. The conversion is exact under the reading
        `border_price`, where shelf price = (1 + tau) x border price.

        Examples
        --------
        >>> Duties.from_consumer_share(0.2).ad_valorem
        0.25
        """
        given = checked("consumer share", share, at_least=0, below=1,
                        remedy="it is duty over shelf price, for a fraction of customs value use "
                        "Duties(ad_valorem=...)")  # fmt: skip
        return cls(ad_valorem=plain(given / (1 - given)))

    def sized(self, products: Sequence[str]) -> SizedDuties:
        """Return the duties as checked arrays of shape (J,)."""
        if self is NO_DUTIES:
            return SizedDuties(np.zeros(len(products)), np.zeros(len(products)))
        found = self.each(products)
        require(
            found.rate.ndim == 1,
            f"duties: shape {found.rate.shape} for {len(products)} products; give one number for "
            "all or one per product, and many scenarios to impose_each",
        )
        return found

    def each(self, products: Sequence[str]) -> SizedDuties:
        """Return the duties of many scenarios as checked arrays of one shape (..., J).

        Raises
        ------
        ModelError
            Naming every field that is out of range or does not fit.

        Examples
        --------
        >>> Duties([[0.1], [0.2]], specific=[0.0, 3.0]).each(["a", "b"]).rate
        array([[0.1, 0.1],
               [0.2, 0.2]])
        """
        size, fields, faults = len(products), [], []
        for name, (absent, most, remedy) in _FIELDS.items():
            try:
                given = by_product(getattr(self, name), products, name, absent)
                values = checked(name, given, at_least=0, at_most=most, remedy=remedy)
                if name == "ad_valorem":
                    check_rate(name, values)
                require(
                    values.ndim == 0 or values.shape[-1] in (1, size),
                    f"{name}: shape {values.shape} for {size} products; the last axis is products, "
                    "one value for each, or a single one for all",
                )
                fields.append(values)
            except ModelError as error:
                faults.append(str(error))
        require(not faults, "\n".join(faults))
        try:
            *fields, _ = np.broadcast_arrays(*fields, np.empty(size))
        except ValueError:
            shapes = ", ".join(f"{n} {x.shape}" for n, x in zip(_FIELDS, fields, strict=True))
            raise ModelError(
                f"duties: {shapes} do not broadcast to one shape (..., {size}); give each the same "
                "scenarios, or one row for all of them"
            ) from None
        return SizedDuties(fields[0] * fields[2], fields[1])


def by_product(
    given: ArrayLike | Mapping[str, float],
    products: Sequence[str],
    name: str,
    absent: float | Array,
) -> ArrayLike:
    """Return numbers given by product in the order of the products, anything else as it is.

    `absent` is that of a product that is not named, one number or one for each.
    """
    if not isinstance(given, Mapping):
        return given
    refuse_unknown(name, given, products, UNMADE)
    each = zip(products, np.broadcast_to(absent, (len(products),)), strict=True)
    return np.array([given.get(key, own) for key, own in each], dtype=np.float64)


NO_DUTIES = Duties()
"""No duty on any product."""


@dataclass(frozen=True, slots=True)
class SizedDuties:
    """Duties as arrays: `rate` (fraction of full customs value), `specific`; shape (..., J)."""

    rate: Array
    specific: Array

    def net(self, cost: Array, customs_value: Array | None) -> Array:
        """Return the cost without duty, money per unit; a customs value of None is that cost."""
        if customs_value is None:
            return (cost - self.specific) / (1 + self.rate)
        return cost - self.rate * customs_value - self.specific


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

    def scenario(self, index: tuple[int, ...]) -> Levy:
        """Return the levy of one of many scenarios."""
        fixed = None if self.fixed_duty is None else self.fixed_duty[index]
        return Levy(self.cost[index], self.weight[index], self.unit_cost, self.specific[index],
                    fixed)  # fmt: skip

    def raised(self, licence: Array | None) -> Levy:
        """Return the levy with the price of a quota licence, if any, added to each unit's cost."""
        if licence is None:
            return self
        fixed = None if self.fixed_duty is None else self.fixed_duty + licence
        return Levy(self.cost + licence, self.weight, self.unit_cost, self.specific + licence,
                    fixed)  # fmt: skip


def levy(
    *, duties: SizedDuties, unit_cost: Array, customs_value: Array | None, reading: Reading
) -> Levy:
    """Return what duties do to unit cost and to the weight of each product in its firm's profit.

    `customs_value` (reading A): the customs value v (None: c) is given to the price-setter, the
    duty is a cost, ``k = c + rate v + specific``, weight 1. `border_price` (reading B): the duty is
    levied on the price w the firm itself charges at the border, ``p = (1 + rate) w + specific``, so
    ``k = (1 + rate) c + specific`` and the firm keeps 1/(1 + rate) of each dollar of p - k.

    >>> one = np.array([100.0])
    >>> tax = Duties(0.25).sized(["a"])
    >>> levy(duties=tax, unit_cost=one, customs_value=one / 2, reading="customs_value").cost
    array([112.5])
    >>> levy(duties=tax, unit_cost=one, customs_value=one / 2, reading="border_price").cost
    array([125.])
    """
    refuse_unknown("reading", [reading], get_args(Reading))
    rate, specific = duties.rate, duties.specific
    if reading == "customs_value":
        duty = rate * (unit_cost if customs_value is None else customs_value) + specific
        return Levy(unit_cost + duty, np.ones_like(duty), unit_cost, specific, duty)
    cost = (1 + rate) * unit_cost + specific
    return Levy(cost, 1 / (1 + rate), unit_cost, specific, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Products whose prices their maker moves together: by one amount of money, or one ratio.

    A washer and its dryer, or the models of a range whose gaps stay: the maker chooses one number
    for all of them, the best one.

    Parameters
    ----------
    products
        Names of at least two products of one firm.
    by
        `change`: every price moves by the same money; `ratio`: by the same part of itself.

    Examples
    --------
    >>> Tie(products=("washer", "dryer")).by
    'change'
    """

    products: tuple[str, ...]
    by: Literal["change", "ratio"] = "change"

    def __post_init__(self) -> None:
        object.__setattr__(self, "products", tuple(self.products))
        require(
            len(set(self.products)) > 1,
            f"tie: {', '.join(self.products) or 'no product'} is not two products or more",
        )
        refuse_unknown("tie, by", [self.by], ("change", "ratio"))


def tied(
    ties: Sequence[Tie], products: tuple[str, ...], firms: tuple[str, ...]
) -> list[tuple[Flags, bool]]:
    """Return which products each tie holds, bool, (J,), and if by ratio, or say what is wrong."""
    seen: set[str] = set()
    for tie in ties:
        refuse_unknown("tie", tie.products, products, UNMADE)
        twice = sorted(seen & set(tie.products))
        require(not twice, f"tie: {twice and twice[0]} is in two ties; join them into one")
        makers = dict.fromkeys(firms[products.index(name)] for name in tie.products)
        require(
            len(makers) == 1,
            f"tie: {', '.join(tie.products)} are products of {', '.join(makers)}; only one maker's "
            "prices can be tied, so give each maker its own tie",
        )
        seen |= set(tie.products)
    return [(np.array([name in tie.products for name in products]), tie.by == "ratio")
            for tie in ties]  # fmt: skip


Holder = Literal["government", "importer", "exporter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A limit on the units sold of a group of products, with tradable licences.

    Each unit needs a licence; its price rises until sales meet the limit, and joins the cost that
    the seller prices against. The licence price times units is the rent, paid to `rent_to`:
    `government` if licences are auctioned, `importer` or `exporter` if they are given away.

    Parameters
    ----------
    products
        Names of the products that share the limit, or the name of one.
    limit
        Units, positive.
    rent_to
        Who holds the licences.

    Examples
    --------
    >>> Quota(products=("a", "b"), limit=1000.0).rent_to
    'government'
    """

    products: tuple[str, ...]
    limit: float
    rent_to: Holder = "government"

    def __post_init__(self) -> None:
        names = (self.products,) if isinstance(self.products, str) else tuple(self.products)
        object.__setattr__(self, "products", names)
        checked(
            f"quota on {', '.join(self.products)}: limit", self.limit, above=0,
            remedy="to shut a product out, drop it from the market",
        )  # fmt: skip
        refuse_unknown("quota, rent_to", [self.rent_to], get_args(Holder))

    def members(self, products: tuple[str, ...]) -> Flags:
        """Return which products share the limit, bool, shape (J,)."""
        refuse_unknown("quota", self.products or ["no product"], products, UNMADE)
        return np.array([name in self.products for name in products])
