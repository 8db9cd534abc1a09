"""`tariffimpact effective-rate`: the effective tariff rate of import lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.options import Day, FilePath, out_option, schedule_options, table_options
from tariffimpact.cli.progress import progress_bar
from tariffimpact.cli.terminal import tell

if TYPE_CHECKING:
    from tariffimpact.portfolio import EffectiveRates
    from tariffimpact.tariffs import CompiledSchedule

_OF_LINES: Final = ("--map", "--encoding", "--sheet", "--on", "--base")


@click.command("effective-rate")
@click.option(
    "--census",
    type=FilePath(),
    help="Folder of Census import statistics, one parquet file a partner: rates by day.",
)
@click.option(
    "--lines",
    type=FilePath(),
    help="File of import lines as it comes, CSV, .xlsx or parquet: hts, origin, entered_on, "
    "customs_value and more.",
)
@table_options
@click.option("--on", type=Day(today=True), help="Day of entry of lines without one, or today.")
@click.option("--by", default="", help="Columns to group by, separated by commas (default: partner "
              "with --census, origin with --lines).")  # fmt: skip
@click.option(
    "--base", nargs=2, type=Day(), help="Base period of fixed weights: two days, --lines."
)
@click.option("--day", "days", multiple=True, type=Day(), help="Only this day; with --census.")
@click.option("--partner", "partners", multiple=True, help="A partner to draw; may be repeated.")
@click.option("--engine", "engine_name", type=click.Choice(["duckdb", "spark"]), default="duckdb")
@out_option("effective-rate")
@schedule_options
def effective_rate(
    census: Path | None,
    lines: Path | None,
    renamed: tuple[tuple[str, str], ...],
    encoding: str | None,
    sheet: str | None,
    on: date | None,
    by: str,
    base: tuple[date, date] | None,
    days: tuple[date, ...],
    partners: tuple[str, ...],
    engine_name: str,
    out: Path,
    schedule_file: Path | None,
    claims: tuple[tuple[str, float], ...],
) -> None:
    """Write the statutory and the realised effective tariff rate of import lines.

    With --census the statutory rate of those imports on every day a duty changes, as a table and
    a chart; with --lines both rates by any grouping, with current or fixed weights. One of the
    two is needed. Files of the Census API, USA Trade Online, DataWeb and ACE are known by their
    columns.
    """
    from tariffimpact import portfolio
    from tariffimpact.facts import read_facts
    from tariffimpact.tariffs import read_schedule, shipped_schedule
    from tariffimpact.writing import check_folder, csv_bytes, publish

    if (census is None) == (lines is None):
        raise click.UsageError("give one of --census and --lines")
    groups = [name.strip() for name in by.split(",") if name.strip()]
    given = {"--day": days, "--map": renamed, "--encoding": encoding, "--sheet": sheet, "--on": on,
             "--base": base, "--partner": partners}  # fmt: skip
    _check_used({name for name, value in given.items() if value}, groups, census is not None)
    check_folder(out)
    own = read_schedule(schedule_file) if schedule_file else None
    compiled = own or shipped_schedule(read_facts()).compiled
    common: dict[str, Any] = {"claims": dict(claims), "engine_name": engine_name}
    if census is not None:
        cells = portfolio.read_census_imports(census)
        rates = portfolio.effective_rate_by_day(
            cells,
            compiled,
            days=days or None,
            by=groups or ["partner"],
            imports_source="US Census Bureau",
            **common,
        )
    else:
        assert lines is not None
        reading = {"rename": dict(renamed), "encoding": encoding, "sheet": sheet, "on": on}
        with _as_parquet(lines, compiled, groups, reading) as (path, told):
            rates = portfolio.effective_tariff_rate(
                path, compiled, by=groups or ["origin"], weights="fixed" if base else "current",
                base=base, **common,
            )  # fmt: skip
        click.echo(told, nl=bool(told))
    table = rates.to_frame().copy()
    numbers = table.select_dtypes("float").columns
    table[numbers] = table[numbers].round(8)
    files = {"effective-rate.csv": csv_bytes(table)}
    if {"partner", "entered_on"} <= set(rates.by):
        files |= _charts(rates, partners)
    tell(f"{rates.explain()}\nData: {compiled.data}")
    for path in publish(out, files):
        click.echo(f"Wrote {path}")


def _check_used(given: set[str], groups: list[str], census: bool) -> None:
    """Refuse an option that would change nothing."""
    other, idle = ("--lines", _OF_LINES) if census else ("--census", ("--day",))
    for name in idle:
        if name in given:
            raise click.UsageError(f"{name} goes with {other}")
    drawn = {"entered_on", *(groups or ["partner"])} if census else set(groups)
    if "--partner" in given and not {"partner", "entered_on"} <= drawn:
        raise click.UsageError("--partner goes with a chart: --census, or --by partner,entered_on")


@contextmanager
def _as_parquet(
    lines: Path, compiled: CompiledSchedule, groups: list[str], reading: dict[str, Any]
) -> Iterator[tuple[Path, str]]:
    """Yield the lines as parquet, and how they were read."""
    from tariffimpact.portfolio import lines_as_parquet
    from tariffimpact.portfolio.goods import KnownGoods
    from tariffimpact.writing import scratch

    if _is_parquet(lines):
        yield lines, ""
        return
    known = ("hts2", "hts4", "hts6", "hts8", "hts", "origin", "partner", "entered_on")
    extra = [name for name in groups if name not in known]
    with scratch() as folder:
        path = folder / "lines.parquet"
        with progress_bar("Reading") as advance:
            told = lines_as_parquet(
                lines, path, KnownGoods.of(compiled), extra=extra, progress=advance, **reading
            )
        yield path, told


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def _charts(rates: EffectiveRates, partners: tuple[str, ...]) -> dict[str, bytes]:
    from tariffimpact import charts

    chart = rates.plot(partners=partners)
    measure = "Statutory effective tariff rate, the same imports on every day"
    figure = charts.framed(chart, title=rates.headline(), subtitle=measure)
    picture = charts.svg(figure, name="effective-rate", alt=rates.summary())
    return {"effective-rate.svg": picture.encode(), "effective-rate.png": charts.png(figure)}
