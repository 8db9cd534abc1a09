"""How an answer is put into a sentence."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from tariffimpact import units
from tariffimpact.interval import Interval, Quantity


def quantity(value: Quantity, unit: str) -> str:
    """Return a value as people read it: money, percent, or four digits.

    Examples
    --------
    >>> quantity(Interval(512.5, 560), "USD"), quantity(0.1234, "fraction"), quantity(1.23456, "")
    ('$512.50 to $560', '12.3%', '1.235')
    """
    span = Interval.of(value)
    if unit == "fraction":
        return units.percent(value)
    if re.fullmatch(r"[A-Z]{3}", unit):
        large = span.magnitude.high >= 1e6
        return units.big_money(value, unit) if large else units.money(value, unit)
    ends = [f"{end:.4g}".replace("-", "\N{MINUS SIGN}") for end in (span.low, span.high)]
    text = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return f"{text} {unit}" if unit else text


class Form(NamedTuple):
    """How a chart writes a value."""

    form: Literal["percent", "ratio", "money"]
    currency: str


def form(unit: str) -> Form:
    """Return how a chart writes values of a unit.

    Examples
    --------
    >>> form("EUR"), form("fraction"), form("")
    (Form(form='money', currency='EUR'), Form(form='percent', currency='USD'), \
Form(form='ratio', currency='USD'))
    """
    if re.fullmatch(r"[A-Z]{3}", unit):
        return Form("money", unit)
    return Form("percent" if unit == "fraction" else "ratio", "USD")


def input_value(value: float) -> str:
    """Return an input's value where it is named in a sentence.

    Examples
    --------
    >>> input_value(0.15), input_value(1 / 3), input_value(5e7)
    ('0.15', '0.3333', '50,000,000')
    """
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def defined_share(undefined: int, total: int, what: str) -> str:
    """Return a clause on the cases without an answer, blank where there are none.

    Examples
    --------
    >>> defined_share(250, 1000, "draws")
    '; 250 of 1,000 draws (25.0%) have no answer and are left out'
    """
    if not undefined:
        return ""
    share = units.percent(undefined / total)
    return f"; {undefined:,} of {total:,} {what} ({share}) have no answer and are left out"
