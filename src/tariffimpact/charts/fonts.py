"""The typeface of every chart and document: where its files are, and what it can print.

A character without a glyph is a warning in matplotlib and a refused document in a tagged PDF, so
every label passes through `legible` before it is drawn or measured.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

FAMILY: Final = "Source Sans Pro"

_STYLES: Final = ("Regular", "It", "Semibold", "Bold")
_UPRIGHT: Final = ("Regular", "Semibold", "Bold")
_SUBSTITUTES: Final = "\N{WHITE VERTICAL RECTANGLE}?"
_ELLIPSIS: Final = "…"


@cache
def font_files() -> tuple[Path, ...]:
    """Return the font's files: regular, italic, semibold and bold, in that order."""
    import font_source_sans_pro

    folder = Path(font_source_sans_pro.font_directory)
    return tuple(folder / f"SourceSansPro-{style}.ttf" for style in _STYLES)


@cache
def register() -> None:
    """Make the font known to matplotlib, once."""
    from matplotlib.font_manager import fontManager

    for file in font_files():
        fontManager.addfont(file)


def unprintable(text: str) -> set[str]:
    """Return the characters of `text` that the font has no glyph for.

    Examples
    --------
    >>> unprintable("Nestlé raised prices by 10%")
    set()
    >>> sorted(unprintable("任天堂 Co."))
    ['任', '堂', '天']
    """
    return {sign for sign in text if ord(sign) not in _covered()}


def legible(text: object) -> str:
    r"""Return `text` as the font can print it: one line, and a visible sign for what it cannot.

    Runs of white space become one space; letters and accents are composed first, so that an `e`
    with a combining acute is not lost.

    Parameters
    ----------
    text
        Any label; what is not text is turned into it.

    Returns
    -------
    str
        Text of which every character has a glyph.

    Examples
    --------
    >>> legible("Sony (任天堂)\n  Co.")
    'Sony (???) Co.'
    """
    line = " ".join(unicodedata.normalize("NFC", str(text)).split())
    missing = unprintable(line)
    return "".join(_substitute() if sign in missing else sign for sign in line)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of one printed line, in points.

    Parameters
    ----------
    text
        A legible line.
    size
        Font size in points.
    bold
        Whether it is set in bold.
    """
    return _em_width(text, bold) * size


def balanced(text: object, width: float, size: float, *, lines: int = 2, bold: bool = False) -> str:
    """Return `text` as `wrapped` does, with lines of about the same length.

    Examples
    --------
    >>> wrapped("Aluminium duty, if all metal paid it", 130, 9.5).split(chr(10))
    ['Aluminium duty, if all metal paid', 'it']
    >>> balanced("Aluminium duty, if all metal paid it", 130, 9.5).split(chr(10))
    ['Aluminium duty,', 'if all metal paid it']
    """
    best = wrapped(text, width, size, lines=lines, bold=bold)
    if "\n" not in best or best.endswith(_ELLIPSIS):
        return best
    for share in (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55):
        narrower = wrapped(text, width * share, size, lines=99, bold=bold)
        if narrower.count("\n") > best.count("\n"):
            break
        best = narrower
    return best


def wrapped(text: object, width: float, size: float, *, lines: int = 2, bold: bool = False) -> str:
    """Return `text` made legible and broken into lines, the last one cut short where it must be.

    Parameters
    ----------
    text
        Any label.
    width
        Room for a line, in points.
    size
        Font size in points.
    lines
        How many lines there is room for; what is left over ends in an ellipsis.
    bold
        Whether it is set in bold.

    Examples
    --------
    >>> wrapped("Companhia Siderurgica Nacional", 60, 10, lines=2).split(chr(10))
    ['Companhia', 'Siderurgica…']
    """

    def fits(line: str) -> bool:
        return text_width(line, size, bold=bold) <= width

    rows: list[str] = []
    for word in _pieces(legible(text), fits):
        if rows and fits(f"{rows[-1]} {word}"):
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    if len(rows) > lines:
        last = rows[lines - 1]
        while last and not fits(last + _ELLIPSIS):
            last = last[:-1]
        rows = [*rows[: lines - 1], last.rstrip(" ,;(") + _ELLIPSIS]
    return "\n".join(rows)


def _pieces(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Return the words of `text`, those wider than a line cut into parts that fit."""
    pieces: list[str] = []
    for word in text.split(" "):
        while not fits(word) and len(word) > 1:
            end = next((n for n in range(len(word) - 1, 1, -1) if fits(word[:n])), 1)
            pieces.append(word[:end])
            word = word[end:]
        pieces.append(word)
    return pieces


@cache
def _covered() -> frozenset[int]:
    """Return the code points that every upright style can print."""
    from matplotlib.ft2font import FT2Font

    files = [file for file, style in zip(font_files(), _STYLES, strict=True) if style in _UPRIGHT]
    return frozenset.intersection(*(frozenset(FT2Font(file).get_charmap()) for file in files))


def _substitute() -> str:
    return next(sign for sign in _SUBSTITUTES if ord(sign) in _covered())


_SIZE: Final = 100.0


@cache
def _face(bold: bool) -> FT2Font:
    """Return a style of the font at a size at which its measures are fine."""
    from matplotlib.ft2font import FT2Font

    face = FT2Font(str(font_files()[_STYLES.index("Bold" if bold else "Regular")]))
    face.set_size(_SIZE, 72)
    return face


@cache
def _advance(sign: str, bold: bool) -> float:
    """Return how far a character moves the pen, in ems."""
    from matplotlib.ft2font import LoadFlags

    glyph = _face(bold).load_char(ord(sign), flags=LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance) / 65536 / _SIZE


def _em_width(text: str, bold: bool) -> float:
    """Return the width of a line in ems: the advances of its characters.

    Kerning, which brings some closer together, is left out: a line is never wider than this.
    """
    return sum(_advance(sign, bold) for sign in text)
