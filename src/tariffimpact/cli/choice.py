"""A case, or the options that take its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from tariffimpact.errors import DataError, Fault


def check_choice(case: str | None, flags: Mapping[str, Any], needed: Sequence[str]) -> None:
    """Refuse a case beside options that would take its place, and options that lack one.

    Raises
    ------
    click.UsageError
        Saying which.
    """
    given = [name for name, value in flags.items() if value is not None]
    if case is not None:
        if given:
            raise click.UsageError(f"{_flag(given[0])} and a case: keep one, or edit the case")
        return
    missing = [_flag(name) for name in needed if name not in given]
    if missing:
        raise click.UsageError(f"give a case, such as textbook, or {', '.join(missing)}")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def flags_of(keys: Mapping[str, str]) -> dict[str, str]:
    """Return the flag of each key, from the option's name of each (`old_tariff` to its key)."""
    return {key: _flag(name) for name, key in keys.items()}


def by_flag(error: DataError, flags: Mapping[str, str]) -> Iterator[Fault]:
    """Return the faults of a table blamed on the flags it was made of (key to flag)."""
    for fault in error.faults:
        place = flags.get(fault.column, fault.column)
        what, remedy = (in_flags(text, flags) for text in (fault.what, fault.remedy))
        yield Fault(place, what, remedy, got=fault.got)


def in_flags(text: str, flags: Mapping[str, str]) -> str:
    """Return a message with the keys of a case named as the flags they came from.

    A key that is one plain word is left alone: it means the same in the shell.

    Examples
    --------
    >>> in_flags("give tariff_change, or hts", {"earnings.tariff_change": "--tariff"})
    'give --tariff, or hts'
    """
    named = {key.rpartition(".")[2]: flag for key, flag in flags.items() if "_" in key} | {
        key: flag for key, flag in flags.items() if "." in key or " " in key
    }
    for key in sorted(named, key=len, reverse=True):
        if any(mark in key for mark in "_. "):
            text = re.sub(rf"(?<![\w.\-]){re.escape(key)}(?![\w.])", named[key], text)
    return text


def check_product(case: str | None, product: str | None) -> None:
    """Refuse a product's name where options describe the only one.

    Raises
    ------
    click.UsageError
        Saying what it goes with.
    """
    if case is None and product is not None:
        raise click.UsageError("--product names one of a case's products: give a case")
