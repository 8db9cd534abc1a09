"""`tariffimpact market`: what a tariff does to all prices of a market when rivals respond."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tariffimpact.cli.options import json_option
from tariffimpact.errors import ModelError

if TYPE_CHECKING:
    from tariffimpact.market.conduct import Conduct
    from tariffimpact.market.fit import DemandName
    from tariffimpact.market.policy import Reading


@click.command()
@click.argument("products", required=False, type=click.Path(path_type=Path))
@click.option("--tariff", required=True, help="Rise of the ad valorem duty, as 15%.")
@click.option("--where", multiple=True, metavar="COLUMN=TEXT", help="Products it falls on.")
@click.option(
    "--demand",
    type=click.Choice(["logit", "ces", "linear", "log_linear", "aids"]),
    default="logit",
    show_default=True,
    help="A column nest in PRODUCTS makes logit and ces nested.",
)
@click.option(
    "--fix",
    multiple=True,
    metavar="PARAMETER=NUMBER",
    help="A parameter of demand not to take from the margins, as market_elasticity=1.5 (aids) or "
    "nesting=0.4.",
)
@click.option(
    "--conduct",
    type=click.Choice(["bertrand", "cournot", "monopolistic_competition", "price_taking"]),
    default="bertrand",
    show_default=True,
)
@click.option(
    "--reading",
    type=click.Choice(["customs_value", "border_price"]),
    default="customs_value",
    show_default=True,
    help="A cost on a given customs value, or a levy on the firm's own border price.",
)
@click.option(
    "--outside",
    default="0.3..0.7",
    show_default=True,
    help="Share of potential buyers who buy none of the products: a number or a range. Not read "
    "for aids.",
)
@json_option
def market(
    products: Path | None,
    tariff: str,
    where: tuple[str, ...],
    demand: DemandName,
    fix: tuple[str, ...],
    conduct: Conduct,
    reading: Reading,
    outside: str,
    as_json: bool,
) -> None:
    """Say how all shelf prices in PRODUCTS (a CSV) move when a tariff falls on some of them.

    PRODUCTS has the columns product, firm, price and quantity (or share), and may have margin,
    customs_share, ad_valorem, specific, nest and any other to choose products by. Numbers may be
    ranges, as 0.2..0.4. Without PRODUCTS it is the shipped console market of the story.
    """
    from tariffimpact.facts import shipped_folder
    from tariffimpact.interval import Interval
    from tariffimpact.market import impose_range, read_products
    from tariffimpact.release import data_version
    from tariffimpact.units import parse_fraction
    from tariffimpact.writing import json_text

    found = impose_range(
        read_products(products or shipped_folder("data") / "console_market.csv"),
        outside_share=Interval.exactly(0.5) if demand == "aids" else Interval.parse(outside),
        ad_valorem=parse_fraction(tariff),
        where=dict(_pair("where", "COLUMN=TEXT, as origin=JPN", text) for text in where),
        demand=demand,
        reading=reading,
        conduct=conduct,
        fixed=_parameters(fix),
    )
    if as_json:
        rows = found.to_frame().to_dict("records")
        told = {"points": found.points, "refused": found.refused, "products": rows}
        shipped = {} if products else {"data": str(data_version())}
        click.echo(json_text(told | shipped))
    else:
        click.echo(f"{found.summary()}\n{found.explain()}")


def _pair(option: str, form: str, text: str) -> tuple[str, str]:
    """Return the two sides of NAME=VALUE, or say how to write it."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ModelError(f"{option}: write {form} (got {text!r})")
    return name.strip(), value.strip()


def _parameters(fix: tuple[str, ...]) -> dict[str, float]:
    """Return the parameters of demand that the user fixes."""
    form = "PARAMETER=NUMBER, as market_elasticity=1.5"
    given: dict[str, float] = {}
    for text in fix:
        name, value = _pair("fix", form, text)
        try:
            given[name] = float(value)
        except ValueError:
            raise ModelError(f"fix: write {form} (got {text!r})") from None
    return given
