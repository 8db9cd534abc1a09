"""Write the command reference from what the commands say of themselves."""

import inspect
from collections.abc import Iterator
from typing import Any

import click

from tariffimpact.cli import cli

_MARK = "<!-- commands -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the commands where the page asks for them."""
    if _MARK not in markdown:
        return markdown
    return markdown.replace(_MARK, "\n".join(_commands(cli, "tariffimpact")))


def _commands(group: click.Group, path: str) -> Iterator[str]:
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield from _command(command, f"{path} {name}")


def _command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield f"\n## {path.removeprefix('tariffimpact ')}\n"
    yield f"```text\n{path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield f"{_escaped(inspect.cleandoc(command.help or ''))}\n"
    for parameter in command.get_params(context):
        if record := parameter.get_help_record(context):
            yield f"`{record[0]}`\n:   {_escaped(record[1])}\n"


def _escaped(text: str) -> str:
    """Return help as Markdown that shows every sign of it."""
    return "".join(f"&#{ord(sign)};" if sign in "[]*_<\\" else sign for sign in text)
