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
@schedule_options
@data_option
@json_option
def rate(
    product: str,
    origin: str,
    on: date,
    schedule_file: Path | None,
    claims: tuple[tuple[str, float], ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Say what duty PRODUCT (an HTS code) from an origin paid on a day, and on whose authority.

    Without --schedule it knows the products of the shipped facts.
    """
    from tariffimpact.facts import read_facts
    from tariffimpact.output import json_text
    from tariffimpact.tariffs import FiledSchedule, TariffSchedule, read_schedule

    if claims and not schedule_file:
        raise click.UsageError("--claim goes with --schedule: the shipped rows state their own")
    if schedule_file:
        compiled = read_schedule(schedule_file)
        data = compiled.data
        found = FiledSchedule(compiled, claims=dict(claims)).rate(product, origin.upper(), on)
    else:
        facts = read_facts(folder)
        data = str(facts.version)
        found = TariffSchedule(facts).rate(product, origin.upper(), on)
    if as_json:
        click.echo(json_text({**found.as_json(), "data": data}))
    else:
        click.echo(f"{found.explain()}\nData: {data}")
