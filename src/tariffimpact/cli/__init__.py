"""The command line: every command is one library call, printed.

Commands are imported when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import click

from tariffimpact.cli.options import version_option
from tariffimpact.errors import DataError, TariffImpactError, printable, shortened
from tariffimpact.memory import is_want_of_memory, settle, too_little

INTERRUPTED: Final = "interrupted; no file is half-written"

_COMMANDS: Final = {
    "report": "Write the HTML and PDF report and its figures.",
    "brief": "Write one page to send: HTML, PDF or slides.",
    "rate": "Say what duty a product from an origin paid on a day.",
    "price": "Price a product by rule: hold the margin, hold the profit, maximise.",
    "recover": "Say how much of an exposure a price rise brings back.",
    "rollback": "Say who keeps what when a duty falls or is refunded.",
    "earnings": "Follow a duty to margin, operating income and earnings per share.",
    "path": "Follow cost, price and margin month by month.",
    "source": "Compare landed cost by origin, and when a switch has paid.",
    "market": "Say how all prices of a market move when rivals respond.",
    "estimate": "Estimate pass-through from your own prices, the groups first.",
    "batch": "Charge and price every product of a file.",
    "refund": "Say what is paid back of the void duty on an importer's entries.",
    "effective-rate": "Weigh the duty on import lines by their trade, by any grouping or day.",
    "cost-push": "Say what a change of duty adds to every category, through inputs.",
    "schedule": "Compile the duty on every product from the official lists.",
    "facts": "Browse the sourced facts, by any word.",
    "cite": "Show how to cite the program, its data, or a source.",
    "copy-data": "Copy the shipped facts, to edit and reuse.",
}
"""Command name to its line in `--help`; it lives in the module of its name."""
_AMONG: Final = {"cite": "facts", "copy-data": "facts"}
"""Commands that live in the module of another."""
_ROOM: Final = {
    "report": 600, "brief": 600, "market": 300, "batch": 500, "effective-rate": 500,
    "refund": 500, "estimate": 700, "cost-push": 400,
}  # fmt: skip
"""Megabytes of address space below which a command cannot load what it needs."""


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        name, among = (
            text.replace("-", "_") for text in (cmd_name, _AMONG.get(cmd_name, cmd_name))
        )
        command: click.Command = getattr(import_module(f"tariffimpact.cli.{among}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            known = ", ".join(_COMMANDS)
            ctx.fail(f"no command {args[0]!r}; the commands are {known}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: tariffimpact report",
)
@version_option
@click.option("--debug", is_flag=True, help="Show the full trace of an unexpected error.")
def cli(debug: bool) -> None:
    """Tariff price-impact analysis: from a tariff to the shelf price, the margin and the profit."""


_heard: list[int] = []
"""The interrupts so far: a library that is loading may make another error of one."""


def interrupt(number: int, _: FrameType | None) -> NoReturn:
    """Interrupt the command, and remember it."""
    _heard.append(number)
    raise KeyboardInterrupt


def main(args: list[str] | None = None) -> None:
    """Run the command line; a mistake in the input is one line on stderr and exit code 1."""
    given = sys.argv[1:] if args is None else args
    _settle_streams()
    try:
        settle(_ROOM.get(given[0], 0) if given else 0)
        left = cli.main(args=given, prog_name="tariffimpact", standalone_mode=False)
    except click.Abort:
        _fail(INTERRUPTED, code=130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DataError as error:
        _fail(str(error))
    except TariffImpactError as error:
        _fail(f"error: {error}")
    except Exception as error:
        if "--debug" in given:
            raise
        _fail(_unexpected(error))
    sys.exit(left if isinstance(left, int) else 0)


def _settle_streams() -> None:
    """Write UTF-8 wherever nobody watches, whatever the locale; stumble over no character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller, as `>&-` does; a file must not take its number
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # for good
        if isinstance(stream, io.TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _unexpected(error: Exception) -> str:
    """Return what to say of an error that no one foresaw: the machine's trouble, or ours."""
    if is_want_of_memory(error):
        return f"error: {too_little()}"
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f": {error.filename}"
        return f"error: {error.strerror}{where}; check the disk, the path and its permissions"
    first, *_ = str(error).splitlines() or [""]
    return (
        f"error: unexpected {type(error).__name__}: {printable(shortened(first, 500))}\n"
        "This is a defect of tariffimpact. Please report it with the command you ran and the "
        "output of the same command with --debug before its name."
    )


def _fail(message: str, code: int = 1) -> Any:
    if _heard:
        message, code = INTERRUPTED, 130
    with suppress(OSError):  # nobody may be listening any more
        click.echo("\n".join(map(printable, message.split("\n"))), err=True)
    sys.exit(code)
