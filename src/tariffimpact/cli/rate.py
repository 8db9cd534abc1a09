"""`tariffimpact rate`: the duty on a product from an origin on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from tariffimpact.cli.options import Day, data_option, json_option


@click.command()
@click.argument("product")
@click.option("--origin", required=True, help="Country of origin, ISO alpha-3: CHN, JPN, VNM …")
@click.option("--on", type=Day(), required=True, help="Day of entry, as 2025-05-01.")
@data_option
@json_option
def rate(product: str, origin: str, on: date, folder: Path | None, as_json: bool) -> None:
    """Say what duty PRODUCT (an HTS code) from an origin paid on a day, and on whose authority."""
    from tariffimpact.facts import read_facts
    from tariffimpact.output import json_text
    from tariffimpact.tariffs import TariffSchedule

    found = TariffSchedule(read_facts(folder)).rate(product, origin.upper(), on)
    click.echo(json_text(found.as_json()) if as_json else found.explain())
