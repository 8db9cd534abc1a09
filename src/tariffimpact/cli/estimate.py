"""`tariffimpact estimate`: pass-through from a panel of prices, the groups first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tariffimpact.cli.numbers import Number
from tariffimpact.cli.options import (
    PATH,
    data_option,
    json_option,
    out_option,
    reading_options,
    schedule_of,
    schedule_options,
)
from tariffimpact.cli.terminal import tell
from tariffimpact.errors import ModelError

if TYPE_CHECKING:
    from tariffimpact.estimation import Columns, Question
    from tariffimpact.interval import Interval

_COLUMN = "COL"


@click.command()
@click.argument("panel", type=PATH)
@click.option("--unit", default="sku", show_default=True, metavar=_COLUMN, help="The unit.")
@click.option("--time", default="date", show_default=True, metavar=_COLUMN, help="Day or period.")
@click.option("--price", default="price", show_default=True, metavar=_COLUMN, help="The price.")
@click.option(
    "--treated",
    metavar="COL[=VALUE]",
    help="Treated units: a column of 0 and 1, or the value that makes a unit treated.",
)
@click.option(
    "--from", "since", metavar="DAY",
    help="First treated day, month, year or number (default: when the column turns to 1).",
)  # fmt: skip
@click.option("--tariff", metavar=_COLUMN, help="Ad valorem rate of each row, 0.25 or 25%.")
@click.option("--duty", metavar=_COLUMN, help="Duty per unit of each row, in the price's money.")
@click.option("--hts", metavar=_COLUMN, help="HTS code of each row; its rate is looked up.")
@click.option("--origin", metavar=_COLUMN, help="Country of origin, ISO alpha-3; with --hts.")
@click.option("--size", metavar=_COLUMN, help="Size of the unit: prices are compared per size.")
@click.option("--weight", metavar=_COLUMN, help="Weight of each row, such as its sales.")
@click.option("--cluster", metavar=_COLUMN, help="Cluster of the errors (default: the unit).")
@click.option("--market", metavar=_COLUMN, help="Market; the same unit in two is two units.")
@click.option("--stock", metavar=_COLUMN, help="Whether it is in stock: enters as a control.")
@click.option("--controls", metavar="COL,COL", default="", help="Other controls, numbers.")
@click.option(
    "--where", multiple=True, metavar="COL=VALUE", help="Rows to keep; several values of a column."
)
@click.option("--without", multiple=True, metavar="COL=VALUE", help="Rows to leave out.")
@click.option("--window", metavar="FROM..TO", help="Periods to keep, the last one excluded.")
@click.option(
    "--effects", default="unit,time", show_default=True,
    help="Effects to take out; columns and products such as brand^time need an extra.",
)  # fmt: skip
@click.option("--lags", type=int, help="Follow a change for so many periods, in changes.")
@click.option("--event", is_flag=True, help="Tell the effect by period around the event.")
@click.option(
    "--control", type=click.Choice(["untreated", "synthetic", "none"]), default="untreated",
    show_default=True,
    help="What the treated are compared with.",
)  # fmt: skip
@click.option(
    "--outcome",
    type=click.Choice(["log", "percent", "level"]),
    help="Log price, change since the first price, or the price (default: by the question).",
)
@click.option(
    "--vat", type=Number("rate"), help="Sales tax that the prices carry on the duty, 16%."
)
@click.option(
    "--customs-share",
    type=Number("share"),
    help="Customs value over price, 40%..60%: says the answer as a rate too.",
)
@click.option(
    "--tariff-change",
    type=Number("rate"),
    help="Change of the rate that the treated met, -10% or 25%.",
)
@out_option(None, "Folder for tables and charts.")
@reading_options
@schedule_options
@data_option
@json_option
def estimate(
    panel: Path,
    out: Path | None,
    schedule_file: Path | None,
    claims: tuple[tuple[str, float], ...],
    folder: Path | None,
    encoding: str | None,
    sheet: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Estimate from PANEL what a tariff did to prices; say first what each group did.

    PANEL has one row a unit and period: CSV, .csv.gz, .parquet, .xlsx or .dta. The name
    cpi_durables stands for the shipped panel: US consumer prices of 17 durables, 2015 to 2019.
    """
    from tariffimpact.estimation import estimate as answer
    from tariffimpact.estimation import estimation_files
    from tariffimpact.writing import check_folder, json_text, publish

    if out is not None:
        check_folder(out)
    schedule = schedule_of(schedule_file, folder, claims) if given["hts"] else None
    found = answer(
        _shipped(panel),
        _columns(given),
        _question(given),
        schedule=schedule,
        encoding=encoding,
        sheet=sheet,
    )
    written = publish(out, estimation_files(found)) if out is not None else ()
    if as_json:
        click.echo(json_text(found.as_json()))
        return
    tell(found.explain())
    for path in written:
        click.echo(f"Wrote {path}")


def _shipped(panel: Path) -> Path:
    """Return the shipped panel of that name, or the path as it is."""
    from tariffimpact.release import shipped_folder

    shipped = shipped_folder("data") / "panels" / f"{panel}.csv"
    return shipped if len(panel.parts) == 1 and not panel.exists() and shipped.is_file() else panel


def _columns(given: dict[str, Any]) -> Columns:
    from tariffimpact.estimation import Columns

    treated, _, value = (given["treated"] or "").partition("=")
    names = (
        "unit", "time", "price", "tariff", "duty", "hts", "origin", "size", "weight", "cluster",
        "market", "stock",
    )  # fmt: skip
    return Columns(
        **{name: given[name] for name in names},
        treated=treated.strip() or None,
        treated_value=value.strip() or None,
        controls=tuple(_listed(given["controls"])),
        only=_pairs("--where", given["where"]),
        without=_pairs("--without", given["without"]),
        window=_window(given["window"]),
    )


def _question(given: dict[str, Any]) -> Question:
    from tariffimpact.estimation import Question

    vat = given["vat"] or 0.0
    if isinstance(vat, str):
        raise ModelError(f"--vat is one rate, 16% (got {vat})")
    return Question(
        since=given["since"],
        control=given["control"],
        outcome=given["outcome"],
        effects=tuple(_listed(given["effects"])),
        lags=given["lags"],
        event=given["event"],
        vat=vat,
        customs_share=_interval(given["customs_share"]),
        tariff_change=_interval(given["tariff_change"]),
    )


def _interval(written: float | str | None) -> Interval | None:
    """Return a number or a range as a case writes it."""
    from tariffimpact.interval import Interval

    return None if written is None else Interval.parse(str(written))


def _window(text: str | None) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    first, dots, last = text.partition("..")
    if not dots:
        raise ModelError(f"--window: write 2018-01..2019-01, or leave one end open (got {text!r})")
    return first.strip() or None, last.strip() or None


def _listed(text: str) -> Sequence[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _pairs(option: str, texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for text in texts:
        column, equals, value = text.partition("=")
        if not equals:
            raise ModelError(f"{option}: write COL=VALUE (got {text!r})")
        found.append((column.strip(), value.strip()))
    return tuple(found)
