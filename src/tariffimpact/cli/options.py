"""Options that several commands share, and the kinds of text that an option takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import click

if TYPE_CHECKING:
    from tariffimpact.tariffs import Schedule

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class FilePath(click.Path):
    """A file or folder; a blank, as a variable of the shell without a value leaves it, is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if isinstance(value, str) and not value.strip():
            self.fail("is blank; name a file or folder", param, ctx)
        return super().convert(value, param, ctx)


PATH: Final = FilePath()
"""A file or a folder, whether it is there or not."""
FLOWS: Final = click.Choice(["replacement", "fifo", "fifo_many", "average"])
"""Which cost goes out of a stock first."""


class Reader(click.ParamType[T], Generic[T]):
    """A kind of text that is read, or refused with how to write it."""

    def read(self, text: str, ctx: click.Context | None) -> T:
        """Return what a text says.

        Raises
        ------
        ValueError
            Saying what is wrong with it, the text itself left out; or `click.BadParameter`.
        """
        raise NotImplementedError

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> T:
        """Read a text, or fail with how to write it; a value that was read already stays."""
        if not isinstance(value, str):
            known: T = value
            return known
        try:
            return self.read(value, ctx)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


class Day(Reader[date]):
    """A day, written 2025-05-01; where it makes sense `today`, or none that is yet to come."""

    name = "date"

    def __init__(self, *, today: bool = False, past: bool = False) -> None:
        self._today = today
        self._past = past

    def read(self, text: str, ctx: click.Context | None) -> date:
        """Return the day."""
        if self._today and text.strip().lower() == "today":
            return date.today()
        try:
            day = datetime.strptime(text, "%Y-%m-%d").date()
        except ValueError:
            raise ValueError("is not a date; write it as 2025-05-01") from None
        if self._past and day > date.today():
            raise click.BadParameter(f"{text} is yet to come, and nothing is known of it")
        return day


class Currency(Reader[str]):
    """An ISO 4217 code, in capitals or not."""

    name = "currency"

    def read(self, text: str, ctx: click.Context | None) -> str:
        """Return the code."""
        from tariffimpact.codes import check_currency

        try:
            return check_currency(text.upper())
        except ValueError as error:
            raise ValueError(f"is {error}") from None


class Country(Reader[str]):
    """A country: its name, its ISO letters or its Census code; the alpha-3 code comes out."""

    name = "country"

    def read(self, text: str, ctx: click.Context | None) -> str:
        """Return the alpha-3 code."""
        from tariffimpact.facts.partners import read_country

        return read_country(text)


class Claims(Reader[tuple[str, float]]):
    """A claim and the share of the duty it frees, written USMCA=0.9."""

    name = "claim"

    def read(self, text: str, ctx: click.Context | None) -> tuple[str, float]:
        """Return the claim and the share."""
        from tariffimpact.units import parse_fraction

        name, _, share = text.partition("=")
        try:
            return name.strip().upper(), parse_fraction(share)
        except ValueError:
            raise ValueError("is not a claim; write USMCA=0.9 or USMCA=90%") from None


class Renaming(Reader[tuple[str, str]]):
    """Our name of a column and the file's, written hts=I_COMMODITY."""

    name = "ours=theirs"

    def read(self, text: str, ctx: click.Context | None) -> tuple[str, str]:
        """Return the two names."""
        ours, equals, theirs = text.partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            raise ValueError("names no column; write hts=I_COMMODITY")
        return ours.strip(), theirs.strip()


class Share(Reader[float]):
    """A share, written 20% or 0.2; above 1 only with its sign."""

    name = "share"

    def read(self, text: str, ctx: click.Context | None) -> float:
        """Return the share."""
        from tariffimpact.facts.fields import share

        return share(text)


class Several(Reader[tuple[str, ...]]):
    """Known words, separated by commas."""

    def __init__(self, noun: str, known: Sequence[str], remedy: str) -> None:
        self.noun, self.known, self.remedy = noun, known, remedy
        self.name = f"{noun}s"

    def read(self, text: str, ctx: click.Context | None) -> tuple[str, ...]:
        """Return each word once, in the order in which they were written."""
        chosen = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
        if unknown := [part for part in chosen if part not in self.known]:
            words = ", ".join(map(repr, unknown))
            raise click.BadParameter(f"no {self.noun} {words}; {self.remedy}")
        return chosen


def together(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Return what adds several options, the first of which stands first in `--help`."""

    def added(command: F) -> F:
        decorated: Any = command
        for option in reversed(options):
            decorated = option(decorated)
        result: F = decorated
        return result

    return added


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


currency_option = click.option(
    "--currency", type=Currency(), default="USD", show_default=True, is_eager=True,
    help="ISO 4217 code of the money given.",
)  # fmt: skip
"""`--currency`, read before the amounts that are in it."""
data_option = click.option(
    "--data", "folder", type=PATH, help="Folder with your own tables (default: the shipped data)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
schedule_options = together(
    click.option(
        "--schedule", "schedule_file", type=PATH,
        help="A schedule of your own, of tariffimpact schedule build (default: the shipped one).",
    ),
    click.option(
        "--claim", "claims", type=Claims(), multiple=True, callback=named_once,
        help="What is known of the goods or claimed: USMCA=0.9, CARPARTS=1 (default: unknown).",
    ),
)  # fmt: skip
"""`--schedule FILE` and `--claim NAME=SHARE`; see `schedule_of`."""


def out_option(default: str | None, words: str = "Folder to write to.") -> Callable[[F], F]:
    """Return `--out DIR`, where files are written."""
    folder = None if default is None else Path(default)
    shown = default is not None
    return click.option("--out", type=PATH, default=folder, show_default=shown, help=words)


def formats_option(known: Sequence[str], words: str) -> Callable[[F], F]:
    """Return `--format`, the documents to write, HTML and PDF if nothing is said."""
    kind = Several("format", known, "write html,pdf")
    return click.option(
        "--format", "formats", type=kind, default="html,pdf", show_default=True, help=words
    )


def xlsx_option(what: str) -> Callable[[F], F]:
    """Return `--xlsx FILE`, the workbook of an answer."""
    return click.option(
        "--xlsx", type=FilePath(dir_okay=False),
        help=f"Write {what} as a workbook with live formulas.",
    )  # fmt: skip


def schedule_of(
    file: Path | None, folder: Path | None, claims: tuple[tuple[str, float], ...]
) -> Schedule:
    """Return the schedule that options name: a file of every product, or the shipped one."""
    from tariffimpact.facts import read_facts
    from tariffimpact.tariffs import Schedule, ScheduleFile, shipped_schedule

    facts = read_facts(folder)
    if file is not None:
        return Schedule(ScheduleFile(file), facts, claims=dict(claims))
    return shipped_schedule(facts, claims=dict(claims))


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


def version_option(command: F) -> F:
    """Add `--version`: the program's and the data's."""

    def tell(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
        if asked and not ctx.resilient_parsing:
            from tariffimpact.release import data_version, made_with

            click.echo(made_with(data_version()))
            ctx.exit()

    return click.option(
        "--version", is_flag=True, is_eager=True, expose_value=False, callback=tell,
        help="Show the version of the program and of its data, and exit.",
    )(command)  # fmt: skip


def reading_options(command: F) -> F:
    """Add `--encoding NAME` and `--sheet NAME`: how a file is read."""
    from tariffimpact.facts.sheets import ENCODINGS

    encoding = click.option(
        "--encoding", type=click.Choice(ENCODINGS),
        help="Encoding of a CSV that is not UTF-8; UTF-16 with its mark needs no name.",
    )  # fmt: skip
    sheet = click.option("--sheet", help="Sheet of a workbook that has several with cells.")
    return together(encoding, sheet)(command)


def table_options(command: F) -> F:
    """Add `--map OURS=THEIRS`, `--encoding NAME` and `--sheet NAME`: how a table is read."""
    renamed = click.option(
        "--map", "renamed", type=Renaming(), multiple=True, callback=named_once,
        help="What the file calls a column of ours, as hts=I_COMMODITY; may be repeated.",
    )  # fmt: skip
    return together(renamed, reading_options)(command)


def echo_json(answer: Mapping[str, Any], folder: Path | None) -> None:
    """Print an answer as JSON, with the version of the data in the folder it rests on."""
    from tariffimpact.release import data_version
    from tariffimpact.writing import json_text

    click.echo(json_text({**answer, "data": str(data_version(folder))}))
