"""The README's tour says what its comments say, and no command and no path is missing.

That its commands run is a matter of `test_pages`.
"""

import re
from pathlib import Path

import pytest

from tariffimpact.cli import main

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ tariffimpact (.+)$", README, re.MULTILINE)


def test_the_tour_runs_and_says_what_its_comments_say(capsys):
    (tour,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(tour, "README.md", "exec"), {})
    said = capsys.readouterr().out
    for promised in re.findall(r"# (.+)$", tour, re.MULTILINE)[1:]:
        assert promised.removesuffix(" …") in said


def test_every_command_is_shown(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^  ([a-z][a-z-]*)  ", capsys.readouterr().out, re.MULTILINE)
    assert listed
    assert {line.split()[0] for line in COMMANDS} == set(listed)


def test_every_path_named_is_there():
    for path in re.findall(r"\]\(([^)]+)\)|`([\w./-]+/)`", README):
        name = path[0] or path[1]
        if name != "mine/" and not name.startswith("https:"):
            assert (ROOT / name).exists(), name
