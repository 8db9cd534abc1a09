"""`tariffimpact rate`: the duty on a product from an origin on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from tariffimpact.cli.options import Day, data_option, json_option, schedule_options


@click.command()
@click.argument("product")
@click.option("--origin", required=True, help="Country of origin, ISO alpha-3: CHN, JPN, VNM …")
@click.option("--on", type=Day(), required=True, help="Day of entry, as 2025-05-01.")
@click.option(
    "--unit-value",
    type=click.FloatRange(min=0, min_open=True),
    help="Customs value, US dollars, of one unit of a duty per unit (a litre, a kilogram): a total "
    "that counts the general rate is then exact.",
)
@schedule_options
@data_option
@json_option
def rate(
    product: str,
    origin: str,
    on: date,
    unit_value: float | None,
    schedule_file: Path | None,
    claims: tuple[tuple[str, float], ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Say what duty PRODUCT (an HTS code) from an origin paid on a day, and on whose authority.

    Without --schedule it knows the products of the shipped facts.
    """
    from tariffimpact.facts import read_facts
    from tariffimpact.tariffs import FiledSchedule, TariffSchedule, read_schedule
    from tariffimpact.writing import json_text

    if claims and not schedule_file:
        raise click.UsageError("--claim goes with --schedule: the shipped rows state their own")
    quantity = 1 / unit_value if unit_value else None
    if schedule_file:
        compiled = read_schedule(schedule_file)
        data = compiled.data
        found = FiledSchedule(compiled, claims=dict(claims)).rate(
            product, origin.upper(), on, quantity_per_dollar=quantity
        )
    else:
        facts = read_facts(folder)
        data = str(facts.version)
        found = TariffSchedule(facts).rate(
            product, origin.upper(), on, quantity_per_dollar=quantity
        )
    if as_json:
        click.echo(json_text({**found.as_json(), "data": data}))
    else:
        click.echo(f"{found.explain()}\nData: {data}")
