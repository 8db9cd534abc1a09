"""What every result can say of itself: one promise, kept by each of them.

`summary()` is a sentence to quote, `to_frame()` the numbers, `plot()` a chart and `explain()` the
inputs, assumptions, formula and sources. In a terminal a result prints its summary, in a notebook
its summary and the first rows of its frame, and inside other things no more than a line.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_ROWS: Final = 20
_LETTERS: Final = 100


class Answer(ABC):
    """A result of the program: four calls, and how it prints.

    A frozen dataclass that derives from it says `repr=False`, so that a result among others takes
    a line and not a wall.
    """

    __slots__ = ()

    @abstractmethod
    def summary(self) -> str:
        """Return the finding in sentences that a person can quote."""

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, tidy, units in the names of the columns."""

    @abstractmethod
    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the numbers, on `ax` or on a figure of their own, and return the axes."""

    @abstractmethod
    def explain(self) -> str:
        """Return inputs, assumptions, formula and sources."""

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        first = " ".join(self.summary().split())
        told = first if len(first) <= _LETTERS else f"{first[: _LETTERS - 1].rstrip()}…"
        return f"<{type(self).__name__}: {told}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the summary, and the first rows of the frame."""
        frame = self.to_frame()
        table = frame.head(_ROWS).to_html(index=False, border=0)
        more = len(frame) - _ROWS
        left = f"<p>… and {more:,} more rows: to_frame() has them all.</p>" if more > 0 else ""
        told = "<br>".join(escape(line) for line in self.summary().splitlines())
        return f"<p>{told}</p>{table}{left}"


def explained(*, source: str = "", **parts: str) -> str:
    """Return an explanation in the one form of all: a line for each part, the source last.

    Parameters
    ----------
    source
        Credit line; without one it is the inputs given.
    parts
        Name of a part (inputs, assumptions, formulas …) to its words, without a full stop.

    Examples
    --------
    >>> print(explained(inputs="price $100, duty $10", formulas="price + duty"))
    Inputs: price $100, duty $10.
    Formulas: price + duty.
    Source: the inputs given
    """
    lines = [f"{name.capitalize()}: {words}." for name, words in parts.items()]
    return "\n".join([*lines, f"Source: {source or 'the inputs given'}"])
