"""What a row of goods says of itself: its code, its origin, what is claimed for it, and its day."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Final

from tariffimpact.facts.fields import DayOrder, NumberStyle, day, number, share
from tariffimpact.facts.partners import read_country
from tariffimpact.tariffs import CompiledSchedule

Claims = tuple[tuple[str, float], ...]
"""Each claim made for a row and the share of it that it covers, by name."""

_PROGRAMME: Final = "programme-"
"""How the components of the special column begin, its symbol after it."""
_ALIKE: Final = {"R": "E"}
"""The Caribbean Basin Trade Partnership is claimed as the Caribbean Basin preference is."""
_LAPSED: Final = {"A": "2020", "J": "2013", "CA": "2020"}
"""Symbols that still stand in the book, and the year in which they ceased to free of duty: the
Generalized System of Preferences, the Andean preference, the North American agreement."""
_ELSEWHERE: Final = {
    "W": "is claimed for goods of Puerto Rico finished in the Caribbean Basin, which no origin of "
         "the schedule stands for",
    "N": "stands for no programme of the special column (qualifying industrial zones are free "
         "under general note 3(a)(v), which the schedule does not hold)",
}  # fmt: skip
"""Symbols of programmes that the schedule cannot charge, and why."""
_PREFERENCES: Final = ("USMCA", "AGREEMENT", "AGOA", "CARIBBEAN BASIN", "AUTOMOTIVE PRODUCTS",
                       "DYE INTERMEDIATE", "INSULAR POSSESSION",
                       "FREELY ASSOCIATED STATE")  # fmt: skip
"""What goods are claimed to be under by their indicator alone; the others have headings too."""
_CODE_OF: Final = re.compile(r"([\d.]{8,13})\s+[-:]?\s*[^\W\d].*", re.DOTALL)
"""A code with the words of its line after it."""


@dataclass(frozen=True, slots=True)
class KnownGoods:
    """What a schedule knows: codes, lines with statistical lines set apart, days, origins."""

    codes: frozenset[str]
    apart: Mapping[str, tuple[str, ...]]
    """HTS8 to the HTS10 codes that are treated apart from it."""
    origins: frozenset[str] | None
    """None where the schedule knows every country."""
    starts_on: date
    ends_on: date
    claims: tuple[str, ...]
    void: frozenset[str]
    """Authorities whose duties were held void, and are paid back."""
    programmes: Mapping[str, str]
    """Symbol of the tariff book's special column to the claim it makes."""

    @classmethod
    def of(cls, compiled: CompiledSchedule) -> KnownGoods:
        """Return what a compiled schedule knows."""
        general = compiled.frame[compiled.frame["authority"] == "MFN"]
        general = general[general["role"] == "duty"]
        codes = frozenset(general["hts"])
        apart = defaultdict(list)
        for code in sorted(codes):
            if len(code) == 10:
                apart[code[:8]].append(code)
        everywhere = "" in set(general["origin"])
        told = compiled.manifest
        components = told["components"]
        charged = compiled.frame.loc[compiled.frame["role"] == "duty", "component_id"].unique()
        status: dict[str, set[str]] = defaultdict(set)
        for part in (components[name] for name in charged):
            status[part["authority"]].add(part["status"])
        return cls(
            codes,
            {line: tuple(found) for line, found in apart.items()},
            None if everywhere else frozenset(general["origin"]),
            date.fromisoformat(told["starts_on"]),
            date.fromisoformat(told["ends_on"]),
            tuple(sorted({part["claim"] for part in components.values()} - {""})),
            frozenset(name for name, states in status.items() if states == {"void"}),
            {
                name.removeprefix(_PROGRAMME).upper(): part["claim"]
                for name, part in components.items()
                if name.startswith(_PROGRAMME)
            },
        )

    def code(self, text: str) -> str:
        """Return an HTS code as 8 or 10 digits the schedule knows; `ValueError` says what else."""
        described = _CODE_OF.fullmatch(text)
        digits = (described[1] if described else text).replace(".", "").replace(" ", "")
        if re.fullmatch(r"\d+\.0", text) or re.fullmatch(r"[\d.]+[eE]\+?\d+", text):
            remedy = "format the column as text: 0406905600, not 406905600.0"
            raise ValueError(f"was read as a number; {remedy}")
        if not digits.isascii() or not digits.isdigit():
            raise ValueError("is not an HTS code; write digits, with or without dots")
        if len(digits) in (7, 9):
            raise ValueError(
                f"has {len(digits)} digits: a leading zero was lost; keep the column as text; if "
                f"so, 0{digits}"
            )
        if digits[:2] in ("98", "99") and len(digits) >= 4:
            raise ValueError(
                f"is of chapter {digits[:2]}, a special provision; give the code of chapters 1 to "
                "97 the goods belong to"
            )
        if len(digits) not in (8, 10):
            few = "give 10 digits, or 8 where the line is not divided"
            raise ValueError(f"has {len(digits)} digits; {few}")
        if len(digits) == 8 and self.apart.get(digits):
            raise ValueError(
                "has 8 digits, and its statistical lines are charged differently; give 10 digits, "
                f"such as {self.apart[digits][0]}"
            )
        if digits not in self.codes and digits[:8] not in self.codes:
            raise ValueError("is not in the schedule; check the code against the tariff schedule")
        return digits

    def origin(self, text: str) -> str:
        """Return a country of origin the schedule knows; `ValueError` says what else it is."""
        code = read_country(text)
        if code == "USA":
            raise ValueError("is the importing country; give the country of origin")
        if self.origins is not None and code not in self.origins:
            raise ValueError(
                "is not among the origins the shipped rows cover; give --schedule with a schedule "
                "of every product"
            )
        return code

    def day(self, order: DayOrder) -> Callable[[str], date]:
        """Return the reader of days of entry in an order, inside what the schedule knows."""

        def read(text: str) -> date:
            return self.check_day(day(text, order))

        return read

    def check_day(self, on: date) -> date:
        """Return a day the schedule knows; `ValueError` says which it does."""
        if not self.starts_on <= on < self.ends_on:
            raise ValueError(
                f"is outside the schedule, {self.starts_on} up to {self.ends_on}; give a day "
                "inside it"
            )
        return on

    def claims_of(self, text: str) -> Claims:
        """Return what a cell claims: `USMCA`, `USMCA=90%; CHIPS`; a name alone claims the whole."""
        made = {}
        for part in re.split(r"[;|]", text):
            name, equals, covered = part.partition("=")
            if part.strip():
                made[self._claim(name.strip())] = _covered(covered) if equals else 1.0
        return tuple(sorted(made.items()))

    def programme(self, text: str) -> Claims:
        """Return what a special programme indicator claims; of none, that no preference is.

        `A+`, `S+`, `E*` are programmes whose signs tell lines apart, which the book does.
        """
        symbol = text.strip().upper().rstrip("+*")
        if symbol in ("", "N/A", "NONE", "00", *_LAPSED):
            return tuple((name, 0.0) for name in sorted({*_PREFERENCES} & set(self.claims)))
        claim = self.programmes.get(_ALIKE.get(symbol, symbol))
        if symbol in _ELSEWHERE:
            raise ValueError(f"{_ELSEWHERE[symbol]}; state the duty in a column rate")
        if claim is None:
            known = ", ".join(sorted({*self.programmes, *_ALIKE, *_LAPSED}))
            raise ValueError(
                f"is a programme the schedule knows no claim for; it knows {known}; of others "
                "state the duty in a column rate"
            )
        return ((claim, 1.0),)

    def _claim(self, name: str) -> str:
        known = {each.casefold(): each for each in self.claims}
        if name.casefold() in known:
            return known[name.casefold()]
        near = get_close_matches(name.casefold(), known, n=1)
        listed = ", ".join(self.claims) or "none"
        hint = f"did you mean {known[near[0]]}?" if near else f"the claims are {listed}"
        raise ValueError(f"{name} is no claim of the schedule; {hint}")


def _covered(text: str) -> float:
    covered = share(text)
    if not 0 <= covered <= 1:
        raise ValueError("claims a share outside 0 to 1; write USMCA=90%, or USMCA for the whole")
    return covered


def amount(
    low: float, high: float, *, closed: bool, remedy: str, of_one: bool = False
) -> Callable[[NumberStyle], Callable[[str], float]]:
    """Return the reader of a number inside a span.

    Parameters
    ----------
    low, high
        Ends of the span.
    closed
        Whether `low` itself is allowed.
    remedy
        What to give instead.
    of_one
        Whether it is a share, which may be written with %.
    """

    def styled(style: NumberStyle) -> Callable[[str], float]:
        def read(text: str) -> float:
            try:
                value = share(text, style) if of_one else number(text, style)
            except ValueError as error:
                what, _, how = str(error).partition("; ")
                raise ValueError(f"{what}; {how if 'write' in how else remedy}") from None
            if value < low or (value == low and not closed):
                what = "is negative" if value < 0 else f"must be above {low:g}"
                raise ValueError(f"{what}; {remedy}")
            if value > high:
                raise ValueError(f"must not be above {high:g}; {remedy}")
            return value

        return read

    return styled
