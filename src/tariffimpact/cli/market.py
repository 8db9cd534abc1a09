"""`tariffimpact market`: what a tariff does to all prices of a market when rivals respond."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from tariffimpact.cli.options import json_option


@click.command()
@click.argument("products", required=False, type=click.Path(path_type=Path))
@click.option("--tariff", required=True, help="Rise of the ad valorem duty, as 15%.")
@click.option("--where", multiple=True, metavar="COLUMN=TEXT", help="Products it falls on.")
@click.option(
    "--demand",
    type=click.Choice(["logit", "ces", "linear", "log_linear"]),
    default="logit",
    show_default=True,
)
@click.option(
    "--conduct",
    type=click.Choice(["bertrand", "cournot"]),
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
    help="Share of potential buyers who buy none of the products: a number or a range.",
)
@json_option
def market(
    products: Path | None,
    tariff: str,
    where: tuple[str, ...],
    demand: Literal["logit", "ces", "linear", "log_linear"],
    conduct: Literal["bertrand", "cournot"],
    reading: Literal["customs_value", "border_price"],
    outside: str,
    as_json: bool,
) -> None:
    """Say how all shelf prices in PRODUCTS (a CSV) move when a tariff falls on some of them.

    Without PRODUCTS it is the shipped console market of the story.
    """
    from tariffimpact.errors import ModelError
    from tariffimpact.facts import shipped_folder
    from tariffimpact.interval import Interval
    from tariffimpact.market import impose_range, read_products
    from tariffimpact.output import json_text
    from tariffimpact.release import data_version
    from tariffimpact.units import parse_fraction

    wrong = [text for text in where if "=" not in text]
    if wrong:
        raise ModelError(f"where: write COLUMN=TEXT, as origin=JPN (got {wrong[0]!r})")
    found = impose_range(
        read_products(products or shipped_folder("data") / "console_market.csv"),
        outside_share=Interval.parse(outside),
        ad_valorem=parse_fraction(tariff),
        where=dict(text.split("=", 1) for text in where),
        demand=demand,
        reading=reading,
        conduct=conduct,
    )
    if as_json:
        rows = found.to_frame().to_dict("records")
        told = {"points": found.points, "refused": found.refused, "products": rows}
        shipped = {} if products else {"data": str(data_version())}
        click.echo(json_text(told | shipped))
    else:
        click.echo(f"{found.summary()}\n{found.explain()}")
