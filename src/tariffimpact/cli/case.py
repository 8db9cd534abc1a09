"""A case by name, or the one that options describe: each option stands for a key of a case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tariffimpact.cli.completion import case_names
from tariffimpact.cli.numbers import Kind, Number, Span, Worth
from tariffimpact.cli.options import Currency, together
from tariffimpact.errors import DataError, Fault

if TYPE_CHECKING:
    from tariffimpact.cases import Case
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Flag:
    """An option that stands for a key of a case."""

    name: str
    """As the command calls it: `front_load`."""
    kind: Kind | click.ParamType[Any]
    """What is written: a kind of number, or a type of click's."""
    help: str
    key: str
    """Its place in a case, `timing.front_loaded_months`."""
    share_key: str = ""
    """The key that it stands for where a share is written."""
    spelled: str = ""
    """As the shell has it, where that is not `--front-load`."""
    many: bool = False
    """Whether it may be repeated."""

    @property
    def flag(self) -> str:
        """As it is typed: `--front-load`."""
        return self.spelled or f"--{self.name.replace('_', '-')}"

    def option(self) -> Any:
        """Return the option of click's."""
        kind = Number(self.kind) if isinstance(self.kind, str) else self.kind
        return click.option(
            self.flag, self.name, type=kind, multiple=self.many, help=self.help,
            is_eager=self.name == "currency",  # read before the amounts that are in it
        )  # fmt: skip


def flag_options(*flags: Flag) -> Callable[[F], F]:
    """Return what adds the options of some flags."""
    return together(*(flag.option() for flag in flags))


case_argument: Final = click.argument("case", required=False, shell_complete=case_names)

CURRENCY: Final = Flag("currency", Currency(), "ISO 4217 code (default: USD).", "currency")
PRODUCT: Final = (
    Flag("price", "money", "Shelf price before sales tax.", "products[1].old_price"),
    Flag("customs", Worth(), "Customs value: money ($50) or a share of the price (50%).",
         "products[1].customs_value", "products[1].customs_share"),
    Flag("tariff", "rate", "New rate: 25%, or a range: 15%..20%.", "tariff.rate"),
    Flag("old_tariff", "rate", "Old rate (default: 0).", "tariff.old_rate"),
    Flag("cost", Worth(), "Unit cost: money, or a share in % (default: customs value).",
         "products[1].unit_cost", "products[1].cost_share"),
    CURRENCY,
)  # fmt: skip
"""What describes a product, its duty and its cost."""
_PLACES: Final = {
    "products[1]": "--price, --customs, --cost",
    "demand": "--demand, --share",
    "tariff": "--tariff",
}
"""Tables of a case that several of these make."""


def warned(case: Case) -> Case:
    """Return the case, its warnings told beside the answer and not in it."""
    for warning in case.warnings:
        click.echo(f"Warning: {warning}", err=True)
    return case


def case_named(case: str, folder: Path | None) -> Case:
    """Return the case of a file or a shipped one, its warnings told."""
    from tariffimpact.cases import read_case
    from tariffimpact.facts import read_facts

    return warned(read_case(case, facts=read_facts(folder)))


def case_described(
    flags: Iterable[Flag],
    values: Mapping[str, Any],
    folder: Path | None,
    *,
    table: Mapping[str, Any],
    places: Mapping[str, str] | None = None,
) -> Case:
    """Return the case that options describe, its warnings told.

    Parameters
    ----------
    flags, values
        The options, and what they were given, by name.
    folder
        The data that its ids refer to.
    table
        What the case holds beside them: a title, a question, what an option may replace.
    places
        More places of a case, and what stands for them in the shell.

    Raises
    ------
    DataError
        With every fault, blamed on its option.
    """
    from tariffimpact.cases import case_of
    from tariffimpact.facts import read_facts

    made = written(flags, values, table)
    known = places_of(flags) | dict(places or {})
    facts = read_facts(folder)
    try:
        return warned(case_of(made, name="the options", facts=facts))
    except DataError as error:
        raise DataError(by_flag(error, known)) from None


def case_or_product(
    case: str | None,
    flags: Sequence[Flag],
    values: Mapping[str, Any],
    folder: Path | None,
    table: Mapping[str, Any] | None = None,
) -> Case:
    """Return the case named, or that of the one product that options describe.

    Raises
    ------
    click.UsageError
        If both are given, or neither is whole.
    DataError
        With every fault, blamed on its option.
    """
    by_unit = values.get("specific") is not None
    check_choice(case, values, ("price", "customs", *(() if by_unit else ("tariff",))), flags)
    if case is not None:
        return case_named(case, folder)
    product = {"name": "The product", **({"no_other_cost": True} if values["cost"] is None else {})}
    return case_described(flags, values, folder, places=_PLACES, table={
        "title": "A case given by options",
        "question": "What would the product cost?",
        "products": [product],
        **(table or {}),
    })  # fmt: skip


_PLACE: Final = re.compile(r"(\w+)(?:\[(\d+)\])?")


def written(
    flags: Iterable[Flag], values: Mapping[str, Any], table: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a table with the keys that options stand for, as far as they are given.

    Examples
    --------
    >>> flags = (Flag("turns", "number", "", "timing.turns"),)
    >>> written(flags, {"turns": 6.0}, {"timing": {"turns": 4.0, "months": 12}})
    {'timing': {'turns': 6.0, 'months': 12}}
    """
    made = {key: _copied(value) for key, value in table.items()}
    for flag in flags:
        value = values.get(flag.name)
        if value is None or value == ():
            continue
        key = flag.share_key if isinstance(value, Span) and value.is_share else flag.key
        *tables, last = key.split(".")
        inside: Any = made
        for name in tables:
            found = _PLACE.fullmatch(name)
            assert found is not None
            inside = inside.setdefault(found[1], {})
            inside = inside[int(found[2]) - 1] if found[2] else inside
        given = list(value) if isinstance(value, tuple) else value
        inside[last] = given.written if isinstance(given, Span) else given
    return made


def _copied(value: Any) -> Any:
    """Return a table, or a list of tables, that may be added to."""
    if isinstance(value, Mapping):
        return dict(value)
    return [_copied(item) for item in value] if isinstance(value, list) else value


def places_of(flags: Iterable[Flag]) -> dict[str, str]:
    """Return the option that stands for each place of a case."""
    return {key: flag.flag for flag in flags for key in (flag.key, flag.share_key) if key}


def by_flag(error: DataError, places: Mapping[str, str]) -> Iterator[Fault]:
    """Return the faults of a table blamed on the options it was made of (place to option).

    Of a repeated option any line may stand under `[]`: `earnings.imports[]`.
    """
    for fault in error.faults:
        line = re.sub(r"\[\d+\]", "[]", fault.column)
        known = (fault.column, line, line[: line.rfind("]") + 1])
        place = next((places[key] for key in known if key in places), fault.column)
        what, remedy = (in_flags(text, places) for text in (fault.what, fault.remedy))
        yield Fault(place, what, remedy, got=fault.got)


def in_flags(text: str, places: Mapping[str, str]) -> str:
    """Return a message with the keys of a case named as the options they came from.

    A key that is one plain word is left alone: it means the same in the shell.

    Examples
    --------
    >>> in_flags("give tariff_change, or hts", {"earnings.tariff_change": "--tariff"})
    'give --tariff, or hts'
    """
    single = {key: flag for key, flag in places.items() if "[]" not in key}
    named = {key.rpartition(".")[2]: flag for key, flag in single.items() if "_" in key} | {
        key: flag for key, flag in single.items() if "." in key or " " in key
    }
    for key in sorted(named, key=len, reverse=True):
        if any(mark in key for mark in "_. "):
            text = re.sub(rf"(?<![\w.\-]){re.escape(key)}(?![\w.])", named[key], text)
    return text


def check_choice(
    case: str | None,
    values: Mapping[str, Any],
    needed: Sequence[str],
    flags: Iterable[Flag] = (),
) -> None:
    """Refuse a case beside options that would take its place, and options that lack one.

    Raises
    ------
    click.UsageError
        Saying which.
    """
    spelled = {name: f"--{name.replace('_', '-')}" for name in (*values, *needed)}
    spelled |= {flag.name: flag.flag for flag in flags}
    given = [name for name, value in values.items() if value not in (None, ())]
    if case is not None:
        if given:
            raise click.UsageError(f"{spelled[given[0]]} and a case: keep one, or edit the case")
        return
    missing = [spelled[name] for name in needed if name not in given]
    if missing:
        raise click.UsageError(f"give a case, such as textbook, or {', '.join(missing)}")


def check_product(case: str | None, product: str | None) -> None:
    """Refuse a product's name where options describe the only one.

    Raises
    ------
    click.UsageError
        Saying what it goes with.
    """
    if case is None and product is not None:
        raise click.UsageError("--product names one of a case's products: give a case")
