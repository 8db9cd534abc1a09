"""Where a key stands in a TOML file; the parser says what a key holds, not on which line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

Location = tuple[str | int, ...]

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([\w.\-\"' ]+?)\s*\]")
_KEY: Final = re.compile(r"^\s*([\w\-\"']+(?:\s*\.\s*[\w\-\"']+)*)\s*=")


def lines_of(text: str) -> dict[Location, int]:
    r"""Return the line of every key and table of a file.

    Examples
    --------
    >>> lines_of('title = "x"\n[tariff]\nrate = 1\n')
    {('tariff', 'rate'): 3, ('tariff',): 2, ('title',): 1}
    """
    return dict(reversed(list(_places(text))))


def line_of(lines: Mapping[Location, int], location: Location) -> int:
    r"""Return the line of a key, or of the nearest table around it; 1 where there is none.

    Examples
    --------
    >>> text = 'title = "x"\n[[products]]\nname = "a"\n[[products]]\nname = "b"\n'
    >>> lines = lines_of(text)
    >>> line_of(lines, ("products", 1, "name")), line_of(lines, ("products", 0, "price"))
    (5, 2)
    """
    for length in range(len(location), 0, -1):
        if location[:length] in lines:
            return lines[location[:length]]
    return 1


def spelled(location: Location) -> str:
    """Return a location as a reader looks for it, counting from one.

    Examples
    --------
    >>> spelled(("products", 1, "metal", "grams"))
    'products[2].metal.grams'
    """
    words = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location)
    return words.removeprefix(".")


def _places(text: str) -> Iterator[tuple[Location, int]]:
    """Walk the file, telling each key and table and its line."""
    table: Location = ()
    counts: Counter[Location] = Counter()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            table = _inside(_names(header[2]), counts)
            if header[1] == "[[":
                yield table, number
                table = (*table, counts[table])
                counts[table[:-1]] += 1
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_names(key[1])), number


def _names(dotted: str) -> Location:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _inside(names: Location, counts: Counter[Location]) -> Location:
    """Return the place of a table, inside the last element of every array on the way."""
    place: Location = ()
    for name in names[:-1]:
        place = (*place, name)
        if counts[place]:
            place = (*place, counts[place] - 1)
    return (*place, *names[-1:])
