"""`tariffimpact copy-data`: the shipped tables, to be edited and passed back with `--data`."""

from __future__ import annotations

from pathlib import Path

import click

from tariffimpact.cli.options import FilePath


@click.command("copy-data")
@click.argument("folder", type=FilePath())
def copy_data(folder: Path) -> None:
    """Copy the shipped tables and their codebook to FOLDER, a new folder.

    Edit them and pass the folder back: tariffimpact report --data FOLDER
    """
    from tariffimpact.facts import copy_shipped_data
    from tariffimpact.release import data_version

    written = copy_shipped_data(folder)
    click.echo(f"Copied {len(written)} files to {folder}; README.md there explains each column.")
    click.echo(f"It is data {data_version(folder)}; once you edit a table it says so.")
