"""A case's way from a duty to earnings: its `[earnings]` table as a bridge, and what it asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from tariffimpact.arguments import Array
from tariffimpact.cases.case_numbers import numbers_of, plain, stated
from tariffimpact.cases.decision_tables import Earnings
from tariffimpact.cases.figures import span
from tariffimpact.cases.question import Question
from tariffimpact.decisions import duty_cost
from tariffimpact.decisions.bridge import ACCOUNTS, Bridge, Imports, Offset, Window, bridge
from tariffimpact.decisions.bridge_figures import demand_figure
from tariffimpact.decisions.duty_cost import OFFSETS, base_from_sensitivity
from tariffimpact.errors import ModelError, require
from tariffimpact.facts import Basis, Exposure
from tariffimpact.interval import Interval
from tariffimpact.uncertainty import Distribution
from tariffimpact.uncertainty.inputs import Stated

_RESPONSE: Final = ("demand_elasticity", "price_rise")
_DEMAND: Final = ("sales", "cost_of_goods", "demand_elasticity")


def earnings_inputs(
    table: Earnings,
    *,
    changes: Mapping[str, Stated],
    gross: Exposure | None,
    net: Exposure | None,
    currency: str,
) -> dict[str, Stated]:
    """Return every number of an `[earnings]` table by the name a bridge has for it.

    Parameters
    ----------
    table
        With its references filled in.
    changes
        Rise of the rate by origin (blank for goods not told apart), for imports without their own.
    gross, net
        The rows of `exposures.csv` that the table names.
    currency
        That of the case.

    Raises
    ------
    ModelError
        If a row is of another basis or currency, or imports lack a change of the rate.
    """
    found: dict[str, Stated] = {}
    for name, written, row in (("gross", table.gross, gross), ("net", table.net, net)):
        if row is not None:
            found[name] = _disclosed(row, Basis(name), currency)
        elif written is not None:
            found[name] = stated(written)
    found |= _imported(table, changes)
    for line in table.offsets:
        share = line.share is not None
        size = line.share if line.share is not None else line.amount
        assert size is not None
        name = f"offset_{'share_' if share else ''}{line.by}"
        require(name not in found, f"the offset by {line.by} stands twice; add the two up")
        found[name] = stated(size)
    found |= numbers_of(table, "months", *ACCOUNTS, *_RESPONSE, "months_of_stock")
    if table.turns is not None:
        found["months_of_stock"] = plain(12 / _span(stated(table.turns), "turns"))
    if "months_of_stock" in found:
        found["front_loaded_months"] = stated(table.front_loaded_months)
    return found


@dataclass(frozen=True, slots=True)
class EarnedBridge:
    """An `[earnings]` table, its numbers found."""

    table: Earnings
    inputs: Mapping[str, Stated]
    """See `earnings_inputs`."""
    gross: Exposure | None
    net: Exposure | None
    """The rows of `exposures.csv` that the table names."""
    currency: str
    source: str = ""

    def middle(self) -> Bridge:
        """Return the bridge, over the ranges of its inputs.

        Raises
        ------
        ModelError
            As `decisions.bridge.bridge`.
        """
        x = {
            name: value if isinstance(value, Interval) else span(value)
            for name, value in self.inputs.items()
        }
        unstated = self.net is not None and self.net.basis is Basis.UNSTATED
        return bridge(
            gross=x.get("gross"),
            net=x.get("net"),
            imports=[
                Imports(x[f"customs_value{at}"], x[f"tariff_change{at}"], at.removeprefix("_"))
                for at in duty_cost.places(x)
            ],
            offsets=[
                Offset(by, x[name], is_share="share" in name)
                for by in OFFSETS
                for name in (f"offset_{by}", f"offset_share_{by}")
                if name in x
            ],
            months=x["months"],
            accounts={name: x[name] for name in ACCOUNTS if name in x},
            demand_elasticity=x.get("demand_elasticity"),
            demand=self.table.demand,
            months_of_stock=x.get("months_of_stock"),
            flow=self.table.flow,
            front_loaded_months=x.get("front_loaded_months", 0.0),
            price_rise=x.get("price_rise"),
            gross_window=_window(self.gross),
            net_window=_window(self.net),
            basis="unstated" if unstated else "net",
            currency=self.currency,
            source=self.source,
        )

    def questions(self) -> Iterator[Question]:
        """Return the net cost, its share of sales, and the rise that holds operating income."""
        inputs = self.inputs
        costs = {name: value for name, value in inputs.items() if _is_cost(name, "net" in inputs)}
        yield Question.of("net-cost", "net cost", self.currency, _net, costs)
        if "sales" in inputs:
            name, sold = "net cost as a share of sales", costs | {"sales": inputs["sales"]}
            yield Question.of("net-share", name, "fraction", _of_sales, sold)
        if set(_DEMAND) <= set(inputs):
            name = "price rise that holds operating income"
            reacted = costs | {name: inputs[name] for name in _DEMAND}
            model = partial(_held_rise, form=self.table.demand)
            yield Question.of("income-rise", name, "fraction", model, reacted)


def _is_cost(name: str, is_net: bool) -> bool:
    """Return whether the net cost depends on an input; one that is given depends on no other."""
    if is_net:
        return name == "net"
    made_of = ("customs_value", "tariff_change", "offset_")
    return name in ("gross", "months") or name.startswith(made_of)


def _net(**x: Array) -> Array:
    return duty_cost.net_of(x)


def _of_sales(**x: Array) -> Array:
    return duty_cost.net_of(x) / x["sales"]


def _held_rise(*, form: str, **x: Array) -> Array:
    known = {name: x[name] for name in _DEMAND}
    linear = form == "linear"
    return demand_figure(
        "rise_income",
        "linear" if linear else "isoelastic",
        cost=duty_cost.cost_for_price(x),
        **known,
    )


def _imported(table: Earnings, changes: Mapping[str, Stated]) -> dict[str, Stated]:
    """Return customs value and change of the rate by origin, from imports or a rule of thumb."""
    if table.sensitivity is not None:
        assert table.tariff_change is not None
        base = base_from_sensitivity(
            cost=_span(stated(table.sensitivity), "sensitivity"),
            points=_span(stated(table.sensitivity_points), "sensitivity_points"),
        )
        return {"customs_value": plain(base), "tariff_change": stated(table.tariff_change)}
    found: dict[str, Stated] = {}
    for line in table.imports:
        origin = line.origin or ""
        place = f"_{origin}" if origin else ""
        require(
            f"customs_value{place}" not in found,
            f"{duty_cost.place_name(place)} stand twice among the imports; add the two up",
        )
        found[f"customs_value{place}"] = stated(line.customs_value)
        change = line.tariff_change if line.tariff_change is not None else table.tariff_change
        if change is None and origin not in changes:
            raise ModelError(
                f"{duty_cost.place_name(place)} have no change of the rate; give tariff_change, "
                "or [tariff] with hts, origins, on and before"
            )
        found[f"tariff_change{place}"] = changes[origin] if change is None else stated(change)
    return found


def _disclosed(row: Exposure, basis: Basis, currency: str) -> Stated:
    """Return a disclosed amount, if it is of the basis and currency asked for."""
    require(
        row.basis is basis or (basis is Basis.NET and row.basis is Basis.UNSTATED),
        f"{row.exposure_id} is {_BASES[row.basis]}; name a row that is {basis.value}, or give the "
        f"amount as {basis.value} with the reason why it is",
    )
    if row.currency == currency:
        return plain(row.amount)
    require(
        currency == "USD" and row.amount_usd is not None,
        f"{row.exposure_id} is in {row.currency} and the case in {currency}; give the amount in "
        "the currency of the case",
    )
    assert row.amount_usd is not None
    return plain(row.amount_usd)


_BASES: Final = {
    Basis.GROSS: "gross",
    Basis.NET: "net",
    Basis.UNSTATED: "not said to be gross or net",
}


def _window(row: Exposure | None) -> Window | None:
    return None if row is None else Window(row.period, row.annualised)


def _span(value: Stated, name: str) -> Interval:
    """Return a number that is divided by, or divided, before anything is drawn."""
    require(
        not isinstance(value, Distribution),
        f"{name} takes a number or a range, not a distribution; write it as low..high",
    )
    return span(value)
