"""Numbers on the command line: rates, shares, money and plain numbers, alone or as a range.

Units are asked, not guessed. A rate or share above 1 is written with %; what can be a share or an
amount is a share only with %; no other money takes one. A range is written `15%..20%`, `15–20%`,
`15-20%` or `15 to 20%`; an end that nobody knows is left out: `200..`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

import click

from tariffimpact.cli.options import Reader

_WORDS: Final = re.compile(r"(?<=[\d\s])(?:per\s?cent|pct)\b", re.IGNORECASE)
_BETWEEN: Final = re.compile(
    r"\s*(?:\.\.|[\N{EN DASH}\N{EM DASH}]|\bto\b|(?<=[\d%a-z])(?<!\de)(?<!\dE)-(?=\s*[\d.$€£¥]))\s*"
)
_BARE: Final = re.compile(r"[$€£¥]?[\d.,\s]+")
_UNIT: Final = re.compile(r"(?:%|[a-z]{1,8})$", re.IGNORECASE)
_LONGEST: Final = 200
"""Letters of a text above which it is no number that anybody would write."""

Kind = Literal["rate", "share", "ratio", "money", "number", "money or share"]
_EXAMPLES: Final[dict[Kind, str]] = {
    "rate": "15% or 15%..20%",
    "share": "60% or 50%..70%",
    "ratio": "0.6, 60% or 0.6..1.1",
    "money": "99.99 or 90..110",
    "number": "1.5 or 1.2..2",
    "money or share": "60% for a share, $60 for an amount",
}


class Number(Reader[float | str]):
    """A number or a range of one kind; a range comes as a case writes it, `0.15..0.2`."""

    def __init__(self, kind: Kind = "number") -> None:
        self.kind: Kind = kind
        self.name = kind

    def read(self, text: str, ctx: click.Context | None) -> float | str:
        """Return the number or the range; percents become fractions."""
        return read_span(text, self.kind, currency_of(ctx)).written


class Worth(Reader["Span"]):
    """An amount of money or a share, told apart by % and never by size."""

    name = "money or share"

    def read(self, text: str, ctx: click.Context | None) -> Span:
        """Return the span, which says whether it is a share."""
        return read_span(text, "money or share", currency_of(ctx))


@dataclass(frozen=True, slots=True)
class Span:
    """What was written: one number or two ends, fractions where it was in percent."""

    low: float
    high: float
    is_share: bool

    @property
    def written(self) -> float | str:
        """The number, or the range as a case writes it."""
        if self.low == self.high:
            return self.low
        low = "" if self.low == -_OPEN else f"{self.low:.15g}"
        return f"{low}..{'' if self.high == _OPEN else f'{self.high:.15g}'}"


_OPEN: Final = float("inf")


def read_span(text: str, kind: Kind, currency: str = "USD") -> Span:
    """Return what a text says, as one kind of number.

    Raises
    ------
    ValueError
        If it is none, or its unit is missing or wrong; the text says how to write it.

    Examples
    --------
    >>> [read_span(text, "rate").written for text in ("15%", "0.15", "15 percent", "15–20%")]
    [0.15, 0.15, 0.15, '0.15..0.2']
    >>> read_span("$680m", "money").written, read_span("20 to 30bn", "money").written
    (680000000.0, '20000000000..30000000000')
    >>> read_span("15", "rate")
    Traceback (most recent call last):
    ValueError: is above 1 without %; write 15%
    """
    plain = _WORDS.sub("%", " ".join(text.split()))
    if len(plain) > _LONGEST:
        raise ValueError(f"is too long for a number; write {_EXAMPLES[kind]}")
    ends = _BETWEEN.split(plain)
    if len(ends) > 2 or not any(ends):
        raise ValueError(f"is not a number; write {_EXAMPLES[kind]}")
    if len(ends) == 2:
        if ".." not in plain and not all(ends):
            raise ValueError(f"has one end only; write {_EXAMPLES[kind]}")
        ends = _same_unit(*ends)
        if all(ends) and ends[0].endswith("%") != ends[1].endswith("%"):
            raise ValueError(f"has % at one end only; write {_EXAMPLES[kind]}")
    values = [_read(end, kind, currency) if end else None for end in ends]
    known = [value for value in values if value is not None]
    low = -_OPEN if values[0] is None else values[0][0]
    high = _OPEN if values[-1] is None else values[-1][0]
    if low > high:
        raise ValueError("is upside down; write the lower end first, and both ends in full")
    return Span(low, high, known[0][1])


def _same_unit(low: str, high: str) -> list[str]:
    """Return both ends with the unit that stands once, at the end: 10..20%, 20 to 30bn."""
    unit = _UNIT.search(high)
    return [f"{low}{unit[0]}" if unit and low and _BARE.fullmatch(low) else low, high]


def _read(text: str, kind: Kind, currency: str) -> tuple[float, bool]:
    """Return one end, and whether it is a share."""
    from tariffimpact.facts.fields import written_amount

    try:
        value, percent = written_amount(text, currency=currency)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        asked = f"write {_EXAMPLES[kind]}" if what == "is not a number" else remedy
        raise ValueError(f"{what}; {asked}") from None
    bare = bool(re.fullmatch(r"[+-]?[\d.,\s]+", text))
    if percent and kind in ("money", "number"):
        raise ValueError(f"is in percent, and this is {_ASKED[kind]}; write {_EXAMPLES[kind]}")
    if percent:
        return _fraction(value), True
    if kind in ("rate", "share"):
        if abs(value) > 1:
            raise ValueError(f"is above 1 without %; write {_meant(value)}")
        return value, True
    if kind == "ratio" and bare and abs(value) >= _MOST_TIMES:
        raise ValueError(
            f"is {value:.15g} times, without %; write {value:.15g}%, or {100 * value:.15g}% if "
            "that was meant"
        )
    if kind == "money or share" and bare and 0 < value <= 1:
        raise ValueError(
            f"may be a share or an amount; write {100 * value:.15g}% or {value:.15g} {currency}"
        )
    return value, False


_MOST_TIMES: Final = 3
"""A ratio from here on is a percentage whose sign was left out, until it is said."""
_ASKED: Final = {"money": "an amount of money", "number": "a plain number"}


def _fraction(percents: float) -> float:
    """Return a percentage as a fraction, without the noise of dividing: 14.9% is 0.149."""
    return float(f"{percents / 100:.15g}")


def _meant(value: float) -> str:
    """Return what a bare number above 1 was probably meant to be."""
    if abs(value) >= 3:
        return f"{value:.15g}%"
    return f"{100 * value:.15g}% (or {value:.15g}% if that was meant)"


def currency_of(ctx: click.Context | None) -> str:
    """Return the currency a command was told, dollars by default."""
    told = ctx.params.get("currency") if ctx is not None else None
    return told if isinstance(told, str) else "USD"
