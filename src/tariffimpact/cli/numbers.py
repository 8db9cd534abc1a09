"""Numbers on the command line: money or shares, alone or as a range."""

from __future__ import annotations

import re
from typing import Any

import click

_PERCENT = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*%")


class Number(click.ParamType[float | str]):
    """A number or a range: `0.15`, `15%`, `0.5..0.7`, `15%..20%`."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        """Return a number, or an interval as a case writes it; percents become fractions."""
        read = as_number(value) if isinstance(value, str) else float(value)
        if isinstance(read, str) and ".." not in read:
            self.fail(f"{value!r} is not a number; write 0.15, 15% or 15%..20%", param, ctx)
        return read


def as_number(text: str) -> float | str:
    """Return a number where the text is one, else the text with percents as fractions.

    Examples
    --------
    >>> as_number("15%"), as_number("0.5..0.7")
    (0.15, '0.5..0.7')
    """
    plain = as_fraction(text)
    try:
        return float(plain)
    except ValueError:
        return plain


def as_fraction(text: str) -> str:
    """Return text with every percent written as a fraction.

    Examples
    --------
    >>> as_fraction("15%..20%"), as_fraction("50")
    ('0.15..0.2', '50')
    """
    ends = [
        _PERCENT.sub(lambda found: f"{float(found[1]) / 100:.15g}", end)
        for end in text.strip().split("..")
    ]
    return "..".join(ends)


def is_share(text: str) -> bool:
    """Return whether a number is written in percent, so that it is a share and not money.

    Examples
    --------
    >>> is_share("60%"), is_share("60")
    (True, False)
    """
    return "%" in text
