"""The codes goods, countries and currencies go by: HTS digits, ISO 3166-1 alpha-3, ISO 4217."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

EUROPEAN_UNION: Final = "EU"
"""The one market that is not a country: prices are announced for the European Union as a whole."""

UNION_MEMBER: Final = "DEU"
"""The Union is one customs territory: its goods are charged alike, whichever member they are of."""

_SIGNS: Final = {
    "$": "USD", "US$": "USD", "USD$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD",
    "€": "EUR", "£": "GBP", "¥": "JPY", "JP¥": "JPY", "CN¥": "CNY", "₩": "KRW", "RMB": "CNY",
}  # fmt: skip
"""What currencies are called, that no code is near to."""


@cache
def _countries() -> dict[str, str]:
    import pycountry

    return {c.alpha_3: getattr(c, "common_name", c.name) for c in pycountry.countries}


def every_country() -> frozenset[str]:
    """Return the ISO 3166-1 alpha-3 code of every country."""
    return frozenset(_countries())


@cache
def _other_spellings() -> dict[str, str]:
    """Return what else a country is called, in capitals: its two letters and its name."""
    import pycountry

    names = {name.upper(): code for code, name in _countries().items()}
    return {"UK": "GBR", **{c.alpha_2: c.alpha_3 for c in pycountry.countries}, **names}


@cache
def _currencies() -> frozenset[str]:
    import pycountry

    currencies: Any = pycountry.currencies
    return frozenset(c.alpha_3 for c in currencies) - {"XXX", "XTS"}  # none, and for tests only


def check_country(code: str) -> str:
    """Return `code` if it is an ISO 3166-1 alpha-3 country code.

    Raises
    ------
    ValueError
        If it is not; the text names the nearest code.

    Examples
    --------
    >>> check_country("JPN")
    'JPN'
    >>> check_country("CHIN")
    Traceback (most recent call last):
    ValueError: not an ISO 3166-1 alpha-3 country code; did you mean CHN?
    """
    known = _countries()
    spelled = _other_spellings().get(code.upper())
    if code not in known and spelled is not None:
        raise ValueError(
            "not an ISO 3166-1 alpha-3 country code; "
            f"the three letters of {code.upper()} are {spelled}"
        )
    return _known(code, known, "an ISO 3166-1 alpha-3 country code", example="CHN")


def check_market(code: str) -> str:
    """Return `code` if it is a country code, or `EU`."""
    return code if code == EUROPEAN_UNION else check_country(code)


def check_currency(code: str) -> str:
    """Return `code` if it is an ISO 4217 currency code.

    Raises
    ------
    ValueError
        If it is not; the text names the nearest code.

    Examples
    --------
    >>> check_currency("US$")
    Traceback (most recent call last):
    ValueError: not an ISO 4217 currency code; did you mean USD?
    """
    if code.upper() in _SIGNS:
        raise ValueError(f"not an ISO 4217 currency code; did you mean {_SIGNS[code.upper()]}?")
    return _known(code, _currencies(), "an ISO 4217 currency code", example="USD")


def check_hts(code: str) -> str:
    """Return an HTS code as digits only: 4, 6, 8 or 10 of them, dots allowed on the way in.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> check_hts("9504.50.00.00")
    '9504500000'
    """
    digits = code.replace(".", "").replace(" ", "")
    if not re.fullmatch(r"(\d\d){2,5}", digits, re.ASCII):
        raise ValueError(
            "not an HTS code; write 4, 6, 8 or 10 digits, as text so that no zero is lost"
        )
    return digits


def country_name(code: str) -> str:
    """Return the everyday name of a country or of the European Union.

    Examples
    --------
    >>> country_name("VNM"), country_name("EU")
    ('Vietnam', 'European Union')
    """
    return "European Union" if code == EUROPEAN_UNION else _countries()[check_country(code)]


def hts_label(code: str) -> str:
    """Return an HTS code with its dots.

    Examples
    --------
    >>> hts_label("9504500000"), hts_label("3303")
    ('9504.50.0000', '3303')
    """
    return ".".join(part for part in (code[:4], code[4:6], code[6:8] + code[8:]) if part)


def _known(code: str, known: dict[str, str] | frozenset[str], what: str, *, example: str) -> str:
    if code in known:
        return code
    near = get_close_matches(code.upper(), known, n=1, cutoff=0.6)
    raise ValueError(f"not {what}; " + (f"did you mean {near[0]}?" if near else f"write {example}"))
