"""A case by name, or the one that options describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tariffimpact.cli.choice import by_flag, check_choice
from tariffimpact.cli.numbers import Number, Worth
from tariffimpact.cli.options import Currency
from tariffimpact.errors import DataError

if TYPE_CHECKING:
    from tariffimpact.cases import Case

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS: Final = {
    "products[1].old_price": "--price",
    "products[1].customs_value": "--customs",
    "products[1].customs_share": "--customs",
    "products[1].unit_cost": "--cost",
    "products[1].cost_share": "--cost",
    "products[1].units": "--units",
    "products[1].exporter_cut": "--exporter-cut",
    "products[1]": "--price, --customs, --cost",
    "tariff.rate": "--tariff",
    "tariff.old_rate": "--old-tariff",
    "demand.elasticity": "--elasticity",
    "demand.form": "--demand",
    "demand.share": "--share",
    "demand": "--demand, --share",
    "currency": "--currency",
    "tariff": "--tariff",
}
"""Where a fault of a case stands when the case was given by flags."""


def product_options(command: F) -> F:
    """Add `--price`, `--customs`, `--tariff`, `--old-tariff`, `--cost` and `--currency`."""
    options = (
        click.option("--price", type=Number("money"), help="Shelf price before sales tax."),
        click.option(
            "--customs",
            type=Worth(),
            help="Customs value: money ($50) or a share of the price (50%).",
        ),
        click.option("--tariff", type=Number("rate"), help="New rate: 25%, or a range: 15%..20%."),
        click.option("--old-tariff", type=Number("rate"), help="Old rate (default: 0)."),
        click.option(
            "--cost",
            type=Worth(),
            help="Unit cost: money, or a share in % (default: customs value).",
        ),
        click.option(
            "--currency", type=Currency(), is_eager=True, help="ISO 4217 code (default: USD)."
        ),
    )
    decorated: Any = command
    for option in reversed(options):
        decorated = option(decorated)
    result: F = decorated
    return result


def warned(case: Case) -> Case:
    """Return the case, its warnings told beside the answer and not in it."""
    for warning in case.warnings:
        click.echo(f"Warning: {warning}", err=True)
    return case


def case_or_options(
    case: str | None,
    flags: Mapping[str, Any],
    folder: Path | None,
    more: Mapping[str, object],
    names: Mapping[str, str] | None = None,
) -> Case:
    """Return the case named, or the one the options describe.

    `more` are tables beside the product, `names` the flags their keys came from.

    Raises
    ------
    click.UsageError
        If both are given, or neither is whole.
    DataError
        With every fault, blamed on its flag.
    """
    from tariffimpact.cases import case_of, read_case
    from tariffimpact.facts import read_facts

    by_unit = flags.get("specific") is not None
    check_choice(case, flags, ("price", "customs", *(() if by_unit else ("tariff",))))
    if case is not None:
        return read_case(case, facts=read_facts(folder))
    written = {**_written(flags), **more}
    try:
        return case_of(written, name="the options", facts=read_facts(folder))
    except DataError as error:
        raise DataError(by_flag(error, _FLAGS | dict(names or {}))) from None


def _written(flags: Mapping[str, Any]) -> dict[str, object]:
    """Return the tables of the case that flags describe."""
    customs, cost = flags["customs"], flags["cost"]
    product: dict[str, object] = {
        "name": "The product",
        "old_price": flags["price"],
        "customs_share" if customs.is_share else "customs_value": customs.written,
    }
    if cost is None:
        product["no_other_cost"] = True
    else:
        product["cost_share" if cost.is_share else "unit_cost"] = cost.written
    more = {name: flags.get(name) for name in ("units", "exporter_cut", "fixed_cost")}
    product |= {name: value for name, value in more.items() if value is not None}
    return {
        "title": "A case given by options",
        "question": "What would the product cost?",
        "currency": flags["currency"] or "USD",
        "tariff": {"old_rate": flags["old_tariff"] or 0.0, **_tariff(flags)},
        "products": [product],
    }


def _tariff(flags: Mapping[str, Any]) -> dict[str, object]:
    """Return the rate, the duty per unit and what it falls on, as far as they are given."""
    keys = {"tariff": "rate"} | {name: name for name in ("specific", "old_specific", "reading")}
    return {key: flags[name] for name, key in keys.items() if flags.get(name) is not None}
