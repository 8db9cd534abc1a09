"""Which assumed range speaks of a product: chosen by what it says it applies to, never by row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tariffimpact.errors import ModelError
from tariffimpact.facts import Assumption, Facts

EVERYTHING: Final = "all products"
"""What a row says that applies to whatever is sold."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a range may speak of, the narrowest words first, and names that are not meant."""

    words: tuple[str, ...]
    """A product, its maker, its family, its code: the first that a row names decides."""
    others: tuple[str, ...] = ()
    """Names of other products; one that holds a word of ours, as "PlayStation 5 Pro" holds
    "PlayStation 5", is not ours."""

    def level(self, applies_to: str) -> int | None:
        """Return the place in `words` of what a row names; None where it speaks of other things."""
        text = applies_to.casefold()
        own = {word.casefold() for word in self.words}
        for other in sorted(map(str.casefold, self.others), key=len, reverse=True):
            if other not in own and any(word in other for word in own):
                text = _without(other, text)
        named = (place for place, word in enumerate(self.words) if _names(word.casefold(), text))
        return next(named, len(self.words) if _names(EVERYTHING, text) else None)

    def hint(self) -> str:
        """Return what to write under `applies_to` for a row to speak of it."""
        return " or ".join(f"“{word}”" for word in dict.fromkeys((*self.words, EVERYTHING)))


def assumed(facts: Facts, name: str, subject: Subject) -> Assumption | None:
    """Return the assumed range of a name for a subject; None where no row speaks of it.

    Of the rows that name it most narrowly the one stands whose range holds the ranges of the
    others: it assumes least, and the others are cases within it.

    Raises
    ------
    ModelError
        If no range holds the others, so that the rows contradict one another.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> str(assumed(read_facts(), "customs_share", Subject(("PlayStation 5", "consoles"))).value)
    '0.5..0.97'
    """
    levels = [
        (level, row)
        for row in facts.assumptions
        if row.name == name and (level := subject.level(row.applies_to)) is not None
    ]
    narrowest = min((level for level, _ in levels), default=0)
    rows = [row for level, row in levels if level == narrowest]
    if not rows:
        return None
    widest = max(rows, key=lambda row: (row.value.high - row.value.low, row.assumption_id))
    if any(row.value.low < widest.value.low or row.value.high > widest.value.high for row in rows):
        raise ModelError(_contradiction(name, rows))
    return widest


def _contradiction(name: str, rows: Iterable[Assumption]) -> str:
    listed = "; ".join(f"{r.assumption_id} says {r.value} for {r.applies_to}" for r in rows)
    return (
        f"assumptions.csv: several rows of {name} speak of the same goods and none holds the "
        f"others: {listed}. Write under applies_to what each is of, or keep one"
    )


def _names(word: str, text: str) -> bool:
    """Return whether a text has a word, or words, whole."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _without(name: str, text: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
