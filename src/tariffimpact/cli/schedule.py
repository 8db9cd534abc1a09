"""`tariffimpact schedule`: the duty on every product, compiled, written out and over time."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from tariffimpact.cli.options import (
    PATH,
    Country,
    Day,
    data_option,
    json_option,
    out_option,
    schedule_of,
    schedule_options,
)


@click.group()
def schedule() -> None:
    """Compile, write out and trace the duty on every product, origin and day."""


@schedule.command()
@click.option(
    "--law", type=PATH,
    help="Folder with your own rules.csv, codes.csv, book.csv … (default: the shipped data/law).",
)  # fmt: skip
@out_option("schedule", "Folder to write us-tariffs.parquet and manifest.json to.")
@data_option
def build(law: Path | None, out: Path, folder: Path | None) -> None:
    """Write us-tariffs.parquet, checked for overlaps and holes, with a manifest of its sources."""
    from tariffimpact.facts import read_facts
    from tariffimpact.tariffs import build_schedule
    from tariffimpact.writing import check_folder, json_text, publish

    check_folder(out)
    compiled = build_schedule(read_facts(folder), law)
    manifest = json_text(compiled.manifest).encode()
    files = {"us-tariffs.parquet": compiled.as_bytes(), "manifest.json": manifest + b"\n"}
    click.echo(f"{compiled.summary()}\nData: {compiled.data}")
    for path in publish(out, files):
        click.echo(f"Wrote {path}")


@schedule.command()
@click.option("--on", type=Day(today=True), required=True, help="Day, as 2026-05-01, or today.")
@click.option(
    "--origin", "origins", type=Country(), multiple=True, required=True,
    help="Country of origin; may be repeated.",
)  # fmt: skip
@out_option("schedule", "Folder to write schedule.csv and schedule.parquet to.")
@schedule_options
@data_option
def export(
    on: date,
    origins: tuple[str, ...],
    out: Path,
    schedule_file: Path | None,
    claims: tuple[tuple[str, float], ...],
    folder: Path | None,
) -> None:
    """Write the rate of every line from some origins on a day, as CSV and parquet."""
    from tariffimpact.tariffs.export import day_rates, parquet_bytes
    from tariffimpact.writing import check_folder, csv_bytes, publish

    check_folder(out)
    asked = schedule_of(schedule_file, folder, claims)
    table = day_rates(asked.compiled, on, origins, claims=dict(claims))
    files = {"schedule.csv": csv_bytes(table), "schedule.parquet": parquet_bytes(table)}
    click.echo(f"{len(table):,} rates on {on}.")
    for warning in asked.day_warnings(on):
        click.echo(f"Warning: {warning}")
    for path in publish(out, files):
        click.echo(f"Wrote {path}")


@schedule.command()
@click.argument("product")
@click.option("--origin", type=Country(), required=True, help="Country of origin.")
@click.option("--from", "start", type=Day(), help="First day (default: the schedule's).")
@click.option("--to", "end", type=Day(today=True), help="First day after (default: the sources').")
@schedule_options
@data_option
@json_option
def history(
    product: str,
    origin: str,
    start: date | None,
    end: date | None,
    schedule_file: Path | None,
    claims: tuple[tuple[str, float], ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Say how the rate of one line from one origin changed, spell by spell."""
    from tariffimpact import units
    from tariffimpact.interval import Interval
    from tariffimpact.writing import json_text

    asked = schedule_of(schedule_file, folder, claims)
    first, last = asked.coverage(product, origin)
    spells = asked.history(product, origin, start or first, end or last)
    if as_json:
        click.echo(json_text({"product": product, "origin": origin,
                              "spells": spells.to_dict("records")}))  # fmt: skip
        return
    for spell in spells.to_dict("records"):
        rate = units.percent(Interval(spell["low"], spell["high"]))
        click.echo(f"{spell['starts_on']} to {spell['ends_on']}: {rate}")
