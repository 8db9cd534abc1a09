"""`tariffimpact earnings`: from a duty to margin, operating income and earnings per share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.choice import by_flag
from tariffimpact.cli.completion import case_names, company_names
from tariffimpact.cli.numbers import Number, as_number, is_share
from tariffimpact.cli.options import Day, data_option, echo_json, json_option
from tariffimpact.cli.uncertainty import Asked, records, uncertainty_options
from tariffimpact.errors import DataError

if TYPE_CHECKING:
    from tariffimpact.cases import Case, Question
    from tariffimpact.decisions.bridge import Bridge

_OFFSETS: Final = ("price", "sourcing", "vendors", "other")


class _Imports(click.ParamType[dict[str, object]]):
    """Customs value a year: `56bn`, `CHN=1.2bn`, each with a rate of its own as `CHN=1.2bn@20%`."""

    name = "imports"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        place, equals, terms = str(value).rpartition("=")
        customs, at, rate = terms.partition("@")
        if (equals and not place) or not customs or (at and not is_share(rate)):
            self.fail(f"{value!r} is no imports; write CHN=1.2bn or CHN=1.2bn@20%", param, ctx)
        line: dict[str, object] = {"customs_value": as_number(customs)}
        if place:
            line["origin"] = place.strip().upper()
        return line | ({"tariff_change": as_number(rate)} if at else {})


class _Offset(click.ParamType[dict[str, object]]):
    """What an answer takes back: `price=40m`, `sourcing=20%` of the gross, or `50%` by any."""

    name = "offset"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        by, equals, size = str(value).rpartition("=")
        by = by.strip().lower() if equals else "other"
        if by not in _OFFSETS or not size.strip():
            known = ", ".join(_OFFSETS)
            self.fail(f"{value!r} is no offset; write price=40m or 50%, by {known}", param, ctx)
        return {"by": by, "share" if is_share(size) else "amount": as_number(size)}


_KEYS: Final = {
    "gross": "gross",
    "imports": "imports",
    "sensitivity": "sensitivity",
    "per": "sensitivity_points",
    "tariff": "tariff_change",
    "net": "net",
    "offsets": "offsets",
    "months": "months",
    "sales": "sales",
    "cost_of_goods": "cost_of_goods",
    "fixed_cost": "fixed_cost",
    "operating_income": "operating_income",
    "tax_rate": "tax_rate",
    "shares": "shares_outstanding",
    "elasticity": "demand_elasticity",
    "demand": "demand",
    "stock": "months_of_stock",
    "turns": "turns",
    "flow": "flow",
    "front_load": "front_loaded_months",
    "price_rise": "price_rise",
}
"""Option to key of `[earnings]`."""
_FLAGS: Final = {"offsets": "--offset"} | {
    name: f"--{name.replace('_', '-')}" for name in _KEYS if name != "offsets"
}


@click.command()
@click.argument("case", required=False, shell_complete=case_names)
@click.option("--company", shell_complete=company_names, help="Take the figures of this company.")
@click.option("--gross", type=Number(), help="Cost before the company's answers: 150m.")
@click.option(
    "--imports", type=_Imports(), multiple=True,
    help="Customs value a year: 56bn, or by origin, CHN=1.2bn or CHN=1.2bn@20%. Repeat it.",
)  # fmt: skip
@click.option("--sensitivity", type=Number(), help="What so many points cost a year: 17m.")
@click.option("--per", type=Number(), help="The points of --sensitivity: 10% (default: 1%).")
@click.option("--tariff", type=Number(), help="Rise of the rate on the imports: 25%.")
@click.option("--hts", help="HTS code, to look the rise up by origin, with --on and --before.")
@click.option("--on", type=Day(), help="Day of the new rate, as 2025-08-21.")
@click.option("--before", type=Day(), help="Day of the old rate, as 2025-01-15.")
@click.option("--net", type=Number(), help="Cost after the company's answers: 75m.")
@click.option(
    "--offset", "offsets", type=_Offset(), multiple=True,
    help="What an answer takes back, price=40m or sourcing=20% of the gross; 50% by any. Repeat.",
)  # fmt: skip
@click.option("--months", type=Number(), help="Months of the year with the duty (default: 12).")
@click.option("--sales", type=Number(), help="Sales of the same window.")
@click.option("--cost-of-goods", type=Number(), help="Cost of goods sold before the tariff.")
@click.option("--fixed-cost", type=Number(), help="Cost that does not move with the volume.")
@click.option("--operating-income", type=Number(), help="Before the tariff; for --fixed-cost.")
@click.option("--tax-rate", type=Number(), help="Tax on the cost, for the cost per share.")
@click.option("--shares", type=Number(), help="Shares outstanding.")
@click.option("--elasticity", type=Number(), help="Of the company's sales, positive.")
@click.option(
    "--demand", type=click.Choice(["linear", "isoelastic"]), help="Its form (default: isoelastic)."
)
@click.option("--stock", type=Number(), help="Months of stock, for the way through the quarters.")
@click.option("--turns", type=Number(), help="Inventory turns a year, in place of --stock.")
@click.option(
    "--flow",
    type=click.Choice(["replacement", "fifo", "fifo_many", "average"]),
    help="Which cost goes out first (default: fifo_many, many products evenly).",
)
@click.option("--front-load", type=Number(), help="Months of sales bought ahead at the old duty.")
@click.option("--price-rise", type=Number(), help="A rise of prices that was announced: 2%.")
@click.option("--currency", help="ISO 4217 code of all money (default: USD).")
@click.option(
    "--xlsx", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the bridge as a workbook with live formulas.",
)  # fmt: skip
@uncertainty_options
@data_option
@json_option
def earnings(
    case: str | None,
    company: str | None,
    xlsx: Path | None,
    asked: Asked,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Follow a duty to margin, operating income and earnings per share.

    CASE is a file or a shipped case with [earnings]; or give --company; or the cost as --gross,
    --net, --imports with --tariff, or --sensitivity, and what you know of the accounts.
    """
    found, questions = _found(case, company, flags, folder)
    if xlsx is not None:
        from tariffimpact.cases.bridge_workbook import write_bridge_workbook

        write_bridge_workbook(found, xlsx)
    if as_json:
        extra = {"uncertainty": asked.as_json(questions)} if asked.anything else {}
        echo_json(_plain(case or company, found) | extra, folder)
        return
    click.echo(found.summary())
    click.echo(_table(found))
    if asked.anything:
        click.echo(asked.as_text(questions))
    if xlsx is not None:
        click.echo(f"Wrote {xlsx}")


def _found(
    case: str | None, company: str | None, flags: Mapping[str, Any], folder: Path | None
) -> tuple[Bridge, list[Question]]:
    """Return the bridge of the case, the company or the options, and what it asks."""
    from tariffimpact.cases import read_case
    from tariffimpact.facts import read_facts

    given = {name: value for name, value in flags.items() if value not in (None, ())}
    if case is not None and (company is not None or given):
        other = "--company" if company is not None else _flag(next(iter(given)))
        raise click.UsageError(f"{other} and a case: keep one, or edit the case")
    facts = read_facts(folder)
    if company is not None:
        from tariffimpact.companies import company_earnings

        overlaid = {name: given[name] for name in given if name != "currency"}
        found = company_earnings(facts, company, **_bridge_arguments(overlaid))
        return found, []
    whole = _by_options(given, facts) if case is None else read_case(case, facts=facts)
    keys = [key for key in ("net-cost", "net-share", "income-rise") if key in whole.keys]
    return whole.earnings(), [whole.question(key) for key in keys]
