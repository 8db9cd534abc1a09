"""How an answer stands on a terminal: wrapped, the answer bold, rules and products in tables.

In a pipe or a file nothing of this happens: words and tables are printed as they always are, one
paragraph a line, so that what reads them never breaks.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, RenderableType

MEASURE: Final = 100
"""Columns beyond which a line of prose is hard to follow."""
_LEAST: Final = 40
_VALUE: Final = 16
"""Columns that a value beside a label gets at the least."""
_HEADLINE: Final = 160
"""Characters up to which a first paragraph is bold as a whole; of a longer one, its sentence."""
_SENTENCE: Final = re.compile(r"(?<=[a-z0-9%)][.!?])\s+(?=[A-Z])")
_LABELLED: Final = re.compile(r"\s*\S.*?\s{2,}(?=\S)")
"""A label and the gap before its value: what follows hangs below the value."""
_ALARM: Final = ("Warning:", "warning:", "Conditional:")
_NAMED: Final = ("Note:", "note:", "Open:", "Not in this rate:", "Left out:", "Data:", "Wrote")


def is_watched() -> bool:
    """Whether somebody reads the output on a terminal that can show it."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") != "dumb"


def columns() -> int:
    """Return how many characters a line of the terminal has."""
    return max(shutil.get_terminal_size((80, 24)).columns, _LEAST)


def tell(text: str, *, answer: bool = True) -> None:
    """Print text: as it is to a pipe; on a terminal wrapped, its first sentence bold.

    Parameters
    ----------
    text
        Paragraphs, one a line; what is indented hangs below its own first word.
    answer
        Whether the text begins with the answer, which is then bold.
    """
    if not is_watched():
        click.echo(text)
        return
    first = answer
    for line in text.split("\n"):
        _print_line(line, bold=first and bool(line.strip()))
        first = first and not line.strip()


def tell_table(
    plain: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Iterable[int] = (),
    *,
    apart: bool = True,
) -> None:
    """Print a table: to a pipe in the words given, on a terminal ruled and as wide as it is.

    Parameters
    ----------
    plain
        The table as a pipe gets it.
    heads
        Names of the columns.
    rows
        Cells in words.
    right
        Places of the columns of numbers, which stand flush right and never wrap.
    apart
        Whether a blank line stands before it on a terminal.
    """
    if not is_watched():
        click.echo(plain)
        return
    if apart:
        click.echo("")
    _show(grid(heads, rows, right))


def tell_frame(frame: pd.DataFrame, written: Callable[[float], str]) -> None:
    """Print the rows of a frame, numbers as `written`: in a pipe as pandas has them.

    Parameters
    ----------
    frame
        What to print; its columns name the numbers.
    written
        How a number is written, as `"{:,.2f}".format`.
    """
    import pandas as pd

    plain = frame.to_string(index=False, float_format=written)
    numbers = [n for n, kind in enumerate(frame.dtypes) if pd.api.types.is_numeric_dtype(kind)]
    reals = [n for n, kind in enumerate(frame.dtypes) if pd.api.types.is_float_dtype(kind)]
    rows = [
        ["–" if cell != cell else written(cell) if n in reals else str(cell)
         for n, cell in enumerate(row)]
        for row in frame.itertuples(index=False)
    ]  # fmt: skip
    tell_table(plain, [str(name).replace("_", " ") for name in frame.columns], rows, numbers)


def grid(
    heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()
) -> RenderableType:
    """Return a table for `rich`: heads bold above a rule, numbers flush right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    numbers, cells = set(right), [list(row) for row in rows]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for place, head in enumerate(heads):
        number = place in numbers
        least = max((len(row[place]) for row in cells), default=1) if number else 1
        table.add_column(
            Text(head), justify="right" if number else "left", min_width=least, overflow="fold"
        )
    for row in cells:
        table.add_row(*map(Text, row))
    return table


@contextmanager
def at_work(label: str) -> Iterator[None]:
    """Show that something is being done where its end cannot be told, on a terminal alone."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "") == "dumb":
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(label):
        yield


def set_lines(line: str, width: int) -> list[str]:
    """Return a line of output broken at words, what follows hanging below where it belongs.

    An address is never broken, so that it can be followed or copied.

    Examples
    --------
    >>> set_lines("- the first finding of three", 20)
    ['- the first finding', '  of three']
    >>> set_lines("  Gross cost  $150m to $170m, by origin", 30)
    ['  Gross cost  $150m to $170m,', '              by origin']
    """
    indent = len(line) - len(line.lstrip())
    hang = indent + (2 if line.lstrip().startswith("- ") else 0)
    label = _LABELLED.match(line) if indent else None
    if label is not None and len(label[0]) <= width - _VALUE:
        hang = len(label[0])
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        replace_whitespace=False,
    ) or [""]


def _print_line(line: str, *, bold: bool) -> None:
    from rich.text import Text

    if "  " in line.strip() and not line.startswith(" ") and len(line) <= columns():
        _show(Text(line, style="bold" if bold else ""))  # a row of a table made of spaces
        return
    words = "\n".join(set_lines(line, min(columns(), MEASURE)))
    shown = Text(words)
    if bold:
        shown.stylize("bold", 0, _answer_end(words))
    for sign, style in [(s, "bold yellow") for s in _ALARM] + [(s, "bold") for s in _NAMED]:
        if words.startswith(sign):
            shown.stylize(style, 0, len(sign))
    _show(shown)


def _answer_end(words: str) -> int:
    """Return where the answer ends: a short paragraph as a whole, of a long one the sentence."""
    found = _SENTENCE.search(words)
    return len(words) if len(words) <= _HEADLINE or found is None else found.start()


def _show(what: RenderableType) -> None:
    _console().print(what, soft_wrap=not _is_table(what))


def _is_table(what: RenderableType) -> bool:
    from rich.table import Table

    return isinstance(what, Table)


def _console() -> Console:
    from rich.console import Console

    return Console(width=columns(), highlight=False, markup=False, emoji=False)
