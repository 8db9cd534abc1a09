"""What pyproject.toml allows and what the locks install: pins with hashes, bounds that fit."""

import re
import tomllib

import pytest
from distribution import ROOT
from packaging.requirements import Requirement

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
OF_FILE = {
    "requirements.txt": ([], ["build"]),
    "requirements-dev.txt": (["estimation", "notebooks", "slides"], ["dev"]),
    "requirements-distributed.txt": (["distributed"], ["test"]),
    "requirements-fuzz.txt": ([], ["fuzz"]),
}
"""The extras and the groups that a lock holds beside the base."""


def pins(name):
    """Return every pin of a lock, with the lines below it."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\S)", text.strip())
    return [(Requirement(block.split("\\")[0].strip()), block) for block in blocks]


def in_group(name):
    for entry in GROUPS[name]:
        if isinstance(entry, dict):
            yield from in_group(entry["include-group"])
        else:
            yield Requirement(entry)


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", OF_FILE)
def test_every_pin_is_one_version_with_its_hashes_and_no_address(name):
    held = pins(name)
    assert len(held) > 20
    for pin, block in held:
        assert re.fullmatch(r"==[^*=]+", str(pin.specifier)), block
        _, *below = block.split("\n")
        assert below, f"{pin.name} has no hash"
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", h) for h in below), block
        assert pin.url is None


@pytest.mark.parametrize("name", OF_FILE)
def test_a_lock_holds_what_the_project_asks_for_within_its_bounds(name):
    extras, groups = OF_FILE[name]
    asked = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    asked += [Requirement(text) for extra in extras for text in EXTRAS[extra]]
    asked += [each for group in groups for each in in_group(group)]
    held = {}
    for pin, _ in pins(name):
        held.setdefault(plain(pin.name), []).append(str(pin.specifier).removeprefix("=="))
    for one in asked:
        versions = held.get(plain(one.name), [])
        assert versions, f"{name} lacks {one.name}"
        assert all(one.specifier.contains(version) for version in versions), one


def test_every_dependency_has_a_lower_bound_and_no_upper():
    asked = PROJECT["project"]["dependencies"] + [t for texts in EXTRAS.values() for t in texts]
    for text in asked:
        assert re.fullmatch(r">=[\d.]+", str(Requirement(text).specifier)), text
