"""Which assumed range speaks of a product: chosen by what it says it applies to, never by row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tariffimpact.errors import require
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

    Raises
    ------
    ModelError
        If several rows speak of it as narrowly: no order of rows may choose.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> str(assumed(read_facts(), "customs_share", Subject(("PlayStation 5", "consoles"))).value)
    '0.7..0.9'
    """
    found: dict[int, list[Assumption]] = {}
    for row in facts.assumptions:
        level = subject.level(row.applies_to) if row.name == name else None
        if level is not None:
            found.setdefault(level, []).append(row)
    rows = found[min(found)] if found else []
    listed = "; ".join(f"{r.assumption_id} says {r.value} for {r.applies_to}" for r in rows)
    require(
        len(rows) < 2,
        f"assumptions.csv: several rows of {name} speak of the same goods: {listed}. Write under "
        "applies_to what each is of, or keep one",
    )
    return rows[0] if rows else None


def _names(word: str, text: str) -> bool:
    """Return whether a text has a word, or words, whole."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _without(name: str, text: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
