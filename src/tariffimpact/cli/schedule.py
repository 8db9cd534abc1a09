"""`tariffimpact schedule`: compile the duty on every product into one file."""

from __future__ import annotations

from pathlib import Path

import click

from tariffimpact.cli.options import data_option


@click.group()
def schedule() -> None:
    """Compile the duty on every product, origin and day into one file."""


@schedule.command()
@click.option(
    "--from",
    "lists",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder with the raw lists: general rates, Section 301, 232 and exemption lists.",
)
@click.option(
    "--rules",
    type=click.Path(path_type=Path),
    help="Folder with your own rules.csv, groups.csv, lists.csv, sources.csv (default: shipped).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("schedule"),
    show_default=True,
    help="Folder to write us-tariffs.parquet and manifest.json to.",
)
@data_option
def build(lists: Path, rules: Path | None, out: Path, folder: Path | None) -> None:
    """Write us-tariffs.parquet, checked for overlaps and holes, with a manifest of its sources."""
    from tariffimpact.facts import read_facts
    from tariffimpact.tariffs import build_schedule
    from tariffimpact.writing import check_folder, json_text, publish

    check_folder(out)
    facts = read_facts(folder)
    compiled = build_schedule(lists, facts, rules) if rules else build_schedule(lists, facts)
    manifest = json_text(compiled.manifest).encode()
    files = {"us-tariffs.parquet": compiled.as_bytes(), "manifest.json": manifest + b"\n"}
    click.echo(f"{compiled.summary()}\nData: {compiled.data}")
    for path in publish(out, files):
        click.echo(f"Wrote {path}")
