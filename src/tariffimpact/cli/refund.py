"""`tariffimpact refund`: what is paid back of the duty on the entries of an importer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from tariffimpact.cli.options import Day, data_option, json_option, table_options
from tariffimpact.cli.terminal import tell


@click.command()
@click.argument("entries", type=click.Path(path_type=Path))
@table_options
@click.option("--on", type=Day(), help="Day to which interest runs (default: the day of the data).")
@click.option(
    "--importer",
    type=click.Choice(["corporation", "other"]),
    default="corporation",
    show_default=True,
    help="Whose rate of interest it is.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("refund"),
    show_default=True,
    help="Folder to write to.",
)
@data_option
@json_option
def refund(
    entries: Path,
    renamed: tuple[tuple[str, str], ...],
    encoding: str | None,
    sheet: str | None,
    on: date | None,
    importer: str,
    out: Path,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Say what is paid back of the void duty on ENTRIES, a report ES-003 of ACE.

    Writes refund.csv by entry and heading, headings.csv, lines.csv (the headings of chapter 99
    folded into the line of the goods), refund.xlsx and refund.svg.
    """
    from tariffimpact import charts
    from tariffimpact.facts import read_facts
    from tariffimpact.portfolio import read_entries
    from tariffimpact.portfolio.outputs import sheets_of
    from tariffimpact.writing import check_folder, csv_bytes, json_text, publish

    check_folder(out)
    facts = read_facts(folder)
    held = read_entries(entries, rename=dict(renamed), encoding=encoding, sheet=sheet)
    lines = held.folded()
    answer = held.refund(
        on=on or facts.dated_on, charges=facts.customs_charges,
        corporation=importer == "corporation",
    )  # fmt: skip
    frames = {"refund": answer.to_frame(), "headings": answer.by_heading(), "lines": lines}
    files = {f"{name}.csv": csv_bytes(frame) for name, frame in frames.items()}
    files["refund.xlsx"] = sheets_of(answer.explain().split("\n"), frames)
    if len(answer.to_frame()):
        figure = charts.framed(answer.plot(), title="Void duty paid, by heading", subtitle="")
        files["refund.svg"] = charts.svg(figure, name="refund", alt=answer.summary()).encode()
    written = publish(out, files)
    if as_json:
        told = {"summary": answer.summary(), "headings": answer.by_heading().to_dict("records")}
        click.echo(json_text(told))
        return
    tell(answer.explain())
    for path in written:
        click.echo(f"Wrote {path}")
