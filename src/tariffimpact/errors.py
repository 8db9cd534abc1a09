"""What can go wrong: one base class, two children.

`DataError` is about what was read, `ModelError` about what was asked of a model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class TariffImpactError(Exception):
    """Any error this package raises on purpose, worded for the person at the keyboard."""


class ModelError(TariffImpactError):
    """The arguments of a model leave its range, or the model has no answer for them."""


class NoEquilibrium(ModelError):
    """A market has no equilibrium at these inputs, or none that could be found."""


class NotIdentified(ModelError):
    """What is known does not tell the parameter asked for."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file: where it is, what it is, and how to mend it."""

    where: str
    """File, or `file:line`."""
    what: str
    """What is wrong, in words."""
    remedy: str
    """What the user can do about it."""
    column: str = ""
    got: str | None = None
    """The offending value as it stands in the file; None where there is none to show."""

    def __str__(self) -> str:
        column = f"{shortened(self.column, 200)}: " if self.column else ""
        got = "" if self.got is None else f" (got '{shortened(self.got)}')"
        what, remedy = shortened(self.what, 1000), shortened(self.remedy, 1000)
        return printable(f"{self.where}: {column}{what}{got}; {remedy}")


class DataError(TariffImpactError):
    """Input from outside is not what it should be; carries every fault found, not the first.

    Examples
    --------
    >>> print(DataError([Fault("prices.csv:3", "must be above 0", "give the shelf price",
    ...                        column="old_price", got="-1")]))
    prices.csv:3: old_price: must be above 0 (got '-1'); give the shelf price
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def shortened(text: str, limit: int = 60) -> str:
    """Return a text cut to a readable length.

    Examples
    --------
    >>> shortened("PlayStation 5", limit=8)
    'PlaySta…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def printable(text: str) -> str:
    r"""Return a text on one line, with nothing that a terminal would act on or hide.

    Examples
    --------
    >>> print(printable("two\nlines, \x1b[31mred, right-to-left \u202e"))
    two\nlines, \x1b[31mred, right-to-left \u202e
    """
    return "".join(ch if ch.isprintable() else repr(ch)[1:-1] for ch in text)


def require(holds: object, message: str) -> None:
    """Raise `ModelError` with `message` unless `holds` is true.

    Examples
    --------
    >>> require(0.15 >= 0, "ad_valorem must not be negative")
    """
    if not holds:
        raise ModelError(message)
