"""Each rule in one room: a file name that stands twice hides which of the two is meant."""

from collections import defaultdict
from pathlib import Path

import tariffimpact

PACKAGE = Path(tariffimpact.__file__).parent
FOLLOWING = ("cli", "charts", "report/sections")
"""Rooms that have one file for each question, named as the module that answers it."""
SAME_PART = {
    "bounds": {"passthrough", "uncertainty"},
    "reader": {"cases", "facts"},
    "rules": {"pricing", "tariffs"},
    "search": {"facts", "uncertainty"},
}
"""Names of the same part in sibling packages."""


def rooms_of_names():
    rooms = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        room = path.parent.relative_to(PACKAGE).as_posix()
        if path.stem not in ("__init__", "__main__") and room not in FOLLOWING:
            rooms[path.stem].add(room)
    return rooms


def test_no_file_name_stands_twice():
    twice = {name: rooms for name, rooms in rooms_of_names().items() if len(rooms) > 1}
    assert twice == SAME_PART


def test_no_file_is_a_drawer():
    drawers = {"util", "utils", "helper", "helpers", "base", "common", "misc", "tools"}
    assert not drawers & set(rooms_of_names())
