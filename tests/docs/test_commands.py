"""A command named in a sentence, where no test runs it, exists and has the options named."""

import re
from pathlib import Path

import click
import pytest

from tariffimpact.cli import cli

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *ROOT.glob("*.md"), *ROOT.glob("*/README.md")]
NAMED = {
    (path.relative_to(ROOT), words)
    for path in PAGES
    for words in re.findall(r"`tariffimpact ([a-z-][^`]*)`", path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize(("page", "words"), sorted(NAMED), ids=str)
def test_the_command_and_its_options_exist(page, words):
    command, context = cli, click.Context(cli)
    for word in words.split():
        if isinstance(command, click.Group) and not word.startswith("-"):
            command = command.get_command(context, word)
            assert command is not None, word
    known = all_options(command)
    assert {word for word in words.split() if word.startswith("--")} <= known


def test_options_of_the_how_to_pages_exist():
    """Options listed by themselves are of some command."""
    known = {option for name in cli.list_commands(click.Context(cli)) for option in options(name)}
    for page in (ROOT / "docs" / "how-to").glob("*.md"):
        named = re.findall(r"`(--[a-z-]+)[^`]*`", page.read_text(encoding="utf-8"))
        assert set(named) <= known, page.name


def options(name):
    return all_options(cli.get_command(click.Context(cli), name))


def all_options(command):
    """The options of a command, and of the commands below it: the first may be the one meant."""
    children = [command, *getattr(command, "commands", {}).values()]
    return {o for child in children for p in child.get_params(click.Context(child)) for o in p.opts}
