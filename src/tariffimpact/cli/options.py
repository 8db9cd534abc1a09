"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Day(click.ParamType[date]):
    """A day, written 2025-05-01; where it makes sense `today`, or none that is yet to come."""

    name = "date"

    def __init__(self, *, today: bool = False, past: bool = False) -> None:
        self._today = today
        self._past = past

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day or fail with how to write it."""
        if isinstance(value, date):
            return value
        if self._today and str(value).strip().lower() == "today":
            return date.today()
        try:
            day = datetime.strptime(value, "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"{value!r} is not a date; write it as 2025-05-01", param, ctx)
        if self._past and day > date.today():
            self.fail(f"{value} is yet to come, and nothing is known of it", param, ctx)
        return day


class Currency(click.ParamType[str]):
    """An ISO 4217 code, in capitals or not."""

    name = "currency"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the code or fail with the nearest."""
        from tariffimpact.codes import check_currency

        try:
            return check_currency(str(value).upper())
        except ValueError as error:
            self.fail(f"{value!r} is {error}", param, ctx)


class Country(click.ParamType[str]):
    """A country: its name, its ISO letters or its Census code; the alpha-3 code comes out."""

    name = "country"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the alpha-3 code or fail with the nearest name."""
        from tariffimpact.facts.partners import read_country

        try:
            return read_country(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


def currency_option(command: F) -> F:
    """Add `--currency`, read before the amounts that are in it."""
    return click.option(
        "--currency",
        type=Currency(),
        default="USD",
        show_default=True,
        is_eager=True,
        help="ISO 4217 code of the money given.",
    )(command)


def titled(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse a blank title, which no document can bear; the callback of `--title`.

    Raises
    ------
    click.BadParameter
        If there is nothing in it.
    """
    if value is not None and not value.strip():
        raise click.BadParameter("is blank; write a title, or leave it out", ctx, param)
    return value


def data_option(command: F) -> F:
    """Add `--data DIR`."""
    return click.option(
        "--data",
        "folder",
        type=FilePath(),
        help="Folder with your own tables (default: the shipped data).",
    )(command)


def version_option(command: F) -> F:
    """Add `--version`: the program's and the data's."""

    def tell(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
        if asked and not ctx.resilient_parsing:
            from tariffimpact.release import data_version, made_with

            click.echo(made_with(data_version()))
            ctx.exit()

    return click.option(
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=tell,
        help="Show the version of the program and of its data, and exit.",
    )(command)


def json_option(command: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(
        command
    )


def echo_json(answer: Mapping[str, Any], folder: Path | None) -> None:
    """Print an answer as JSON, with the version of the data in the folder it rests on."""
    from tariffimpact.release import data_version
    from tariffimpact.writing import json_text

    click.echo(json_text({**answer, "data": str(data_version(folder))}))


class FilePath(click.Path):
    """A file or folder; a blank, as a variable of the shell without a value leaves it, is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if isinstance(value, str) and not value.strip():
            self.fail("is blank; name a file or folder", param, ctx)
        return super().convert(value, param, ctx)


class Claims(click.ParamType[tuple[str, float]]):
    """A claim and the share of the duty it frees, written USMCA=0.9."""

    name = "claim"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Read the claim or fail with how to write it."""
        from tariffimpact.units import parse_fraction

        if isinstance(value, tuple):
            return value
        name, _, share = str(value).partition("=")
        try:
            return name.strip().upper(), parse_fraction(share)
        except ValueError:
            self.fail(f"{value!r} is not a claim; write USMCA=0.9 or USMCA=90%", param, ctx)


def named_once(
    ctx: click.Context, param: click.Parameter, pairs: tuple[tuple[str, T], ...]
) -> tuple[tuple[str, T], ...]:
    """Return pairs of name and value, of which none may be given twice: the last would win."""
    seen: set[str] = set()
    for name, _ in pairs:
        folded = "".join(name.split()).casefold()
        if folded in seen:
            raise click.BadParameter(f"names {name} twice; keep one", ctx, param)
        seen.add(folded)
    return pairs


def schedule_options(command: F) -> F:
    """Add `--schedule FILE` and `--claim NAME=SHARE`."""
    with_claim = click.option(
        "--claim",
        "claims",
        type=Claims(),
        multiple=True,
        callback=named_once,
        help="What is known of the goods or claimed: USMCA=0.9, CARPARTS=1 (default: unknown).",
    )(command)
    return click.option(
        "--schedule",
        "schedule_file",
        type=FilePath(),
        help="A schedule of your own, of tariffimpact schedule build (default: the shipped one).",
    )(with_claim)


class Renaming(click.ParamType[tuple[str, str]]):
    """Our name of a column and the file's, written hts=I_COMMODITY."""

    name = "ours=theirs"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Read the two names or fail with how to write them."""
        if isinstance(value, tuple):
            return value
        ours, equals, theirs = str(value).partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            self.fail(f"{value!r} names no column; write hts=I_COMMODITY", param, ctx)
        return ours.strip(), theirs.strip()


class Share(click.ParamType[float]):
    """A share, written 20% or 0.2; above 1 only with its sign."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the share or fail with how to write it."""
        from tariffimpact.facts.fields import share

        if isinstance(value, float):
            return value
        try:
            return share(str(value))
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            self.fail(f"{value!r} {what}; {remedy}", param, ctx)


def reading_options(command: F) -> F:
    """Add `--encoding NAME` and `--sheet NAME`: how a file is read."""
    from tariffimpact.facts.sheets import ENCODINGS

    with_sheet = click.option("--sheet", help="Sheet of a workbook that has several with cells.")(
        command
    )
    return click.option(
        "--encoding",
        type=click.Choice(ENCODINGS),
        help="Encoding of a CSV that is not UTF-8; UTF-16 with its mark needs no name.",
    )(with_sheet)


def table_options(command: F) -> F:
    """Add `--map OURS=THEIRS`, `--encoding NAME` and `--sheet NAME`: how a table is read."""
    return click.option(
        "--map",
        "renamed",
        type=Renaming(),
        multiple=True,
        callback=named_once,
        help="What the file calls a column of ours, as hts=I_COMMODITY; may be repeated.",
    )(reading_options(command))
