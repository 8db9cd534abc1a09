"""A case, or the options that take its place."""

from __future__ import annotations

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
        yield Fault(flags.get(fault.column, fault.column), fault.what, fault.remedy, got=fault.got)
