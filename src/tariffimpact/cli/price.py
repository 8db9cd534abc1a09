"""`tariffimpact price`: what a product would cost under each pricing rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.choice import check_choice
from tariffimpact.cli.numbers import Number, as_number, is_share
from tariffimpact.cli.options import data_option, json_option
from tariffimpact.cli.uncertainty import Asked, records, uncertainty_options
from tariffimpact.errors import DataError, Fault

if TYPE_CHECKING:
    from tariffimpact.cases import Case

_FLAGS: Final = {
    "products[1].old_price": "--price",
    "products[1].customs_value": "--customs",
    "products[1].customs_share": "--customs",
    "products[1].unit_cost": "--cost",
    "products[1].cost_share": "--cost",
    "products[1].units": "--units",
    "products[1]": "--price, --customs, --cost",
    "tariff.rate": "--tariff",
    "tariff.old_rate": "--old-tariff",
    "demand.elasticity": "--elasticity",
    "demand.form": "--demand",
    "demand.share": "--share",
    "demand": "--demand, --share",
    "currency": "--currency",
}
"""Where a fault of a case stands when the case was given by flags."""


class _Rules(click.ParamType[tuple[str, ...]]):
    """Pricing rules, separated by commas."""

    name = "rules"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        known = ("dollar", "percent", "profit", "maximise")
        chosen = tuple(dict.fromkeys(part.strip().lower() for part in str(value).split(",")))
        if unknown := [part for part in chosen if part not in known]:
            words = ", ".join(map(repr, unknown))
            self.fail(f"no rule {words}; the rules are {', '.join(known)}", param, ctx)
        return chosen


@click.command()
@click.argument("case", required=False)
@click.option("--product", help="A product of the case (default: all).")
@click.option("--price", type=Number(), help="Shelf price before sales tax.")
@click.option("--customs", help="Customs value per unit: money (50) or a share of the price (50%).")
@click.option("--tariff", type=Number(), help="New rate: 25%, or a range: 15%..20%.")
@click.option("--old-tariff", type=Number(), help="Old rate (default: 0).")
@click.option("--cost", help="Unit cost: money, or a share in % (default: the customs value).")
@click.option("--elasticity", type=Number(), help="Demand elasticity at the old price, positive.")
@click.option(
    "--demand",
    type=click.Choice(["linear", "isoelastic", "logit"]),
    default="isoelastic",
    show_default=True,
    help="Form of demand.",
)
@click.option("--share", type=Number(), help="Logit only: share of buyers at the old price.")
@click.option("--units", type=Number(), help="Units a year (default: 1, so volumes are ratios).")
@click.option("--currency", default="USD", show_default=True, help="ISO 4217 code.")
@click.option("--hold", type=_Rules(), help="Rules: dollar,percent,profit,maximise (default: all).")
@click.option(
    "--xlsx", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the case as a workbook with live formulas.",
)  # fmt: skip
@uncertainty_options
@data_option
@json_option
def price(
    case: str | None,
    product: str | None,
    hold: tuple[str, ...] | None,
    xlsx: Path | None,
    asked: Asked,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Say what a product would cost if the seller held its margin, held its profit, or maximised.

    CASE is a file or a shipped case (sony-ps5, textbook …); or give --price, --customs and
    --tariff. "No price does" is an ordinary answer.
    """
    found = _found(case, flags, folder)
    names = [product] if product else [item.name for item in found.products]
    answers = [found.prices(name, rules=hold) for name in names]
    if xlsx is not None:
        from tariffimpact.cases.workbook import write_workbook

        write_workbook(found, xlsx)
    if as_json:
        from tariffimpact.output import json_text

        click.echo(json_text(_plain(found, answers, asked)))
        return
    for answer in answers:
        click.echo(answer.summary())
        if asked.anything:
            click.echo(asked.as_text(answer.questions))
    if xlsx is not None:
        click.echo(f"Wrote {xlsx}")


def _plain(case: Case, answers: list[Any], asked: Asked) -> dict[str, Any]:
    """Return the answers as JSON has them."""
    return {
        "case": case.name,
        "currency": case.currency,
        "products": [
            {
                "product": answer.product,
                "summary": answer.summary(),
                "implied_elasticity": answer.response and answer.response.implied_elasticity,
                "prices": records(answer.to_frame()),
                **({"uncertainty": asked.as_json(answer.questions)} if asked.anything else {}),
            }
            for answer in answers
        ],
    }


def _found(case: str | None, flags: dict[str, Any], folder: Path | None) -> Case:
    """Return the case named, or the one the flags describe."""
    from tariffimpact.cases import case_of, read_case
    from tariffimpact.facts import read_facts

    optional = {name: x for name, x in flags.items() if name not in ("demand", "currency")}
    check_choice(case, optional, ("price", "customs", "tariff"))
    if case is not None:
        return read_case(case, facts=read_facts(folder))
    try:
        return case_of(_written(flags), name="the options", facts=read_facts(folder))
    except DataError as error:
        raise DataError(_by_flag(fault) for fault in error.faults) from None


def _written(flags: dict[str, Any]) -> dict[str, object]:
    """Return the tables of the case that flags describe."""
    customs, cost = flags["customs"], flags["cost"]
    product: dict[str, object] = {
        "name": "The product",
        "old_price": flags["price"],
        _key(customs, "customs_share", "customs_value"): as_number(customs),
    }
    if cost is None:
        product["no_other_cost"] = True
    else:
        product[_key(cost, "cost_share", "unit_cost")] = as_number(cost)
    if flags["units"] is not None:
        product["units"] = flags["units"]
    tables: dict[str, object] = {
        "title": "A case given by options",
        "question": "What would the product cost?",
        "currency": flags["currency"],
        "tariff": {"rate": flags["tariff"], "old_rate": flags["old_tariff"] or 0.0},
        "products": [product],
    }
    if flags["elasticity"] is not None:
        demand = {"form": flags["demand"], "elasticity": flags["elasticity"]}
        tables["demand"] = demand | ({} if flags["share"] is None else {"share": flags["share"]})
    return tables


def _key(text: str, share: str, money: str) -> str:
    return share if is_share(text) else money


def _by_flag(fault: Fault) -> Fault:
    flag = _FLAGS.get(fault.column, fault.column)
    return Fault(flag, fault.what, fault.remedy, got=fault.got)
