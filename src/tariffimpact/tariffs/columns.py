"""The columns of the tariff book as it words them: percent, cents a kilogram, or both.

Column 1 general and column 2 ("other") state one rate, column 1 special one for each group of
programmes, each named by a symbol.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from tariffimpact.interval import Interval

_PERCENT: Final = re.compile(r"([\d.]+)%(.*)")
_SPECIAL: Final = re.compile(r"([^()]*)\(([^()]*)\)")
_SPECIFIC: Final = re.compile(r"(?:\$\s*([\d.]+)|([\d.]+)\s*¢)\s*(?:/\s*(.+)|(each))")


@dataclass(frozen=True, slots=True)
class GeneralRate:
    """A general rate of duty: a share of the customs value, an amount per unit, or both."""

    ad_valorem: Interval
    """Fraction of the customs value; up to infinity where the words cannot be put in numbers."""
    specific_usd: float = 0.0
    """US dollars per `specific_unit`."""
    specific_unit: str = ""

    @property
    def decided(self) -> bool:
        """Whether the words give a number."""
        return self.ad_valorem.is_bounded

    @property
    def free(self) -> bool:
        """Whether no duty is due."""
        return self.ad_valorem.high == 0 and self.specific_usd == 0


def special_rates(words: str) -> dict[str, str]:
    """Return the rate in words of each symbol of the special column.

    Parameters
    ----------
    words
        The column, such as `Free (AU,KR) 16.6% (JO)`.

    Examples
    --------
    >>> special_rates("Free (AU,P+) 3.2% (KR) See 9823.10.01 (S+)")
    {'AU': 'Free', 'P': 'Free', 'KR': '3.2%', 'S': 'See 9823.10.01'}
    """
    rates: dict[str, str] = {}
    for rate, symbols in _SPECIAL.findall(words):
        for symbol in re.findall(r"[A-Z]+", symbols):
            rates.setdefault(symbol, rate.strip())
    return rates


def general_rate(words: str) -> GeneralRate:
    """Read a general rate.

    A percentage of a part of the article (its case, its lead) is at most that percentage of the
    whole. Words that name no number of their own ("the rate applicable to the article of which it
    is a part") give no upper end.

    Parameters
    ----------
    words
        The column "General" or "Other" of the tariff book, such as `5.7%` or `37.2¢/kg + 6%`.

    Returns
    -------
    GeneralRate
        Fractions of the customs value and US dollars per unit.

    Examples
    --------
    >>> general_rate("37.2¢/kg + 6%")
    GeneralRate(ad_valorem=Interval(low=0.06, high=0.06), specific_usd=0.372, specific_unit='kg')
    >>> general_rate("Free").ad_valorem
    Interval(low=0.0, high=0.0)
    >>> general_rate("2.5% on the value of the lead content").ad_valorem
    Interval(low=0.0, high=0.025)
    >>> general_rate("No change").decided
    False
    """
    if words.strip().lower().startswith("free"):
        return GeneralRate(Interval.exactly(0.0))
    words = re.sub(r"(\d+) (\d)/(\d)%", lambda m: f"{int(m[1]) + int(m[2]) / int(m[3])}%", words)
    rate, per_unit = Interval.exactly(0.0), list[tuple[float, str]]()
    for term in words.split("+"):
        percent = _PERCENT.fullmatch(term.strip())
        specific = _SPECIFIC.fullmatch(term.strip())
        if percent:
            share = round(float(percent[1]) / 100, 12)
            rate = rate + Interval(share if not percent[2].strip() else 0.0, share)
        elif specific and not re.search(r"less|but not|degree", term):
            dollars = float(specific[1]) if specific[1] else float(specific[2]) / 100
            per_unit.append((round(dollars, 12), (specific[3] or "piece").strip()))
        else:
            return GeneralRate(Interval(0.0, math.inf))
    if len(per_unit) > 1:
        return GeneralRate(Interval(rate.low, math.inf))
    return GeneralRate(rate, *per_unit[0]) if per_unit else GeneralRate(rate)
