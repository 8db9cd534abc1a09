"""`tariffimpact refund`: what is paid back of the duty on the entries of an importer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.options import (
    Day,
    FilePath,
    data_option,
    json_option,
    out_option,
    table_options,
)
from tariffimpact.cli.terminal import tell

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("entries", type=FilePath())
@table_options
@click.option("--on", type=Day(), help="Day to which interest runs (default: the day of the data).")
@click.option(
    "--importer",
    type=click.Choice(["corporation", "other"]),
    default="corporation",
    show_default=True,
    help="Whose rate of interest it is.",
)
@out_option("refund")
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
    files["refund.xlsx"] = sheets_of(
        answer.explain().split("\n"), frames, chart=_chart(frames["headings"])
    )
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


def _chart(headings: pd.DataFrame) -> Callable[[Mapping[str, Any]], Any] | None:
    """Return what draws the duty that is paid back and its interest, by heading."""
    from tariffimpact.writing import sheet_look

    if headings.empty:
        return None
    duty, interest = (list(headings).index(name) + 1 for name in ("duty_usd", "interest_usd"))

    def draw(sheets: Mapping[str, Any]) -> Any:
        return sheet_look.bars(
            sheets["headings"], title="Void duty paid by heading, US dollars",
            names=(1, 2, min(len(headings), _BARS) + 1),
            values={"Duty": duty, "Interest": interest}, form=sheet_look.money_form("USD", 0),
        )  # fmt: skip

    return draw


_BARS: Final = 12
"""Headings in the chart of the workbook."""
