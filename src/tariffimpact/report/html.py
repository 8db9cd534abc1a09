"""A report as one HTML file that asks nobody for anything.

The page carries its style, its script, its font and its charts. A content security policy names
the style and the script by their hash and forbids everything else, so that no text from the data
could ever run, whatever it says.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from tariffimpact import units
from tariffimpact.report import wording
from tariffimpact.report.content import Bullets, Document, Figure, Table
from tariffimpact.report.explorer import Explorer
from tariffimpact.report.webfont import font_faces

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES: Final = Path(__file__).with_name("templates")

_LONG: Final = 45
"""Characters from which a cell asks for a wide column."""
_SHORT: Final = 14
"""Characters up to which a cell keeps to one line."""
_WORD: Final = 24
"""Characters above which a word may be broken anywhere rather than widen its column."""
_ROWS_SHOWN: Final = 300
"""Rows of a figure's data in the page; the whole of it is in the CSV file."""
ICON: Final = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><path fill='#fff' d='M0 0h8v8H0z'/>"
    "<path fill='#C8501E' d='M0 0h5v2H0z'/><path fill='#0F5E9C' d='M0 3h2v5H0zM3 5h2v3H3zM6 4h2v4"
    "H6z'/></svg>"
)


def render_html(
    document: Document, figures: Mapping[str, str], narrow: Mapping[str, str] | None = None
) -> str:
    """Return a report as one self-contained page.

    Parameters
    ----------
    document
        What the report says.
    figures
        The name of each figure of the document, and its chart as SVG text without style elements
        and style attributes, every id in it unique to the chart.
    narrow
        The same for a narrow screen; a figure that has none is shown as it is everywhere.

    Returns
    -------
    str
        The page. It makes no request and works from a file; same input, same text.
    """
    from markupsafe import Markup

    styles, scripts = ["report.css"], ["report.js"]
    if document.explorer is not None:
        styles.append("explorer.css")
        scripts += [f"explorer-{part}.js" for part in ("held-profit", "model", "page", "ui")]
    schemes = _scheme_style()
    style = "\n".join(map(_read, styles)).replace(
        ":root {", f"{font_faces()}\n{schemes}\n:root {{", 1
    )
    script = "\n".join(map(_read, scripts))
    page = environment(figures, narrow or {}).get_template("report.html.j2")
    return page.render(
        document=document,
        citations=_Citations(document),
        standings=wording.STANDINGS,
        style=Markup(style),  # noqa: S704  (ours, not the data's)
        script=Markup(script),  # noqa: S704
        policy=policy(style, script),
        icon=f"data:image/svg+xml,{quote(ICON)}",
    )


@dataclass(frozen=True, slots=True)
class _Mark:
    """One place where a reference is cited."""

    number: int
    anchor: str
    """Its id; empty where nothing links back to it."""


class _Citations:
    """Names every place a source is cited as the page is written, so the source can link back."""

    def __init__(self, document: Document) -> None:
        self._numbers = {r.source.source_id: r.number for r in document.references}
        self._places: dict[int, list[str]] = {n: [] for n in self._numbers.values()}

    def marks(self, cites: Iterable[str], within: str = "") -> list[_Mark]:
        """Return the marks of the sources cited at one place, in ascending order.

        Within a table, only the first mark of each source has an anchor to come back to.
        """
        marks = []
        for number in sorted({self._numbers[source_id] for source_id in cites}):
            places = self._places[number]
            anchor = f"cite-{number}-{within or len(places) + 1}"
            is_new = anchor not in places
            marks.append(_Mark(number, anchor if is_new else ""))
            if is_new:
                places.append(anchor)
        return marks

    def places(self, number: int) -> list[str]:
        """Return the anchors of the places so far that cite a reference."""
        return self._places[number]


@dataclass(frozen=True, slots=True)
class _Data:
    """The numbers behind a chart as a table."""

    caption: str
    columns: tuple[str, ...]
    looks: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def environment(figures: Mapping[str, str], narrow: Mapping[str, str]) -> Environment:
    """Return what the templates are set with; the charts by name, wide and narrow, as SVG text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"day": units.day, "credit": wording.credit, "classed": _classed}
    made.tests |= {
        "figure": lambda block: isinstance(block, Figure),
        "table": lambda block: isinstance(block, Table),
        "bullets": lambda block: isinstance(block, Bullets),
    }
    made.globals |= {
        "dated": wording.dated,
        "column_looks": _column_looks,
        "figure_data": _figure_data,
        "explorer_json": _explorer_json,
        "inline": lambda figure: inline_svg(figures[figure.name], figure.alt),
        "inline_narrow": lambda figure: (
            inline_svg(narrow[figure.name], figure.alt) if figure.name in narrow else ""
        ),
    }
    return made


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _scheme_style() -> str:
    """Return the colours of the charts on a light page, on a dark one, and on paper."""
    from tariffimpact.charts import scheme_rules

    light, dark = scheme_rules(dark=False), scheme_rules(dark=True)
    return f"""html{{{light}}}
@media screen and (prefers-color-scheme: dark){{html{{{dark}}}}}"""


def policy(style: str, script: str) -> str:
    """Return the content security policy that lets one style and one script through."""

    def hashed(text: str) -> str:
        digest = hashlib.sha256(text.encode("utf-8")).digest()
        return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

    return (
        f"default-src 'none'; style-src {hashed(style)}; script-src {hashed(script)}; "
        "font-src data:; img-src data:; base-uri 'none'; form-action 'none'"
    )


def inline_svg(svg: str, alt: str) -> Markup:
    """Return a chart as an element of the page that scales, with its alternative text."""
    from markupsafe import Markup

    from tariffimpact.charts import themed

    root = ET.fromstring(svg)  # noqa: S314  (charts wrote it)
    namespace = root.tag.removesuffix("svg")
    for name in ("title", "desc"):  # a browser shows a title over the chart; aria-label stays quiet
        for child in root.findall(f"{namespace}{name}"):
            root.remove(child)
    for name in ("width", "height", "version", "aria-labelledby"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": alt}
    ET.register_namespace("", namespace.strip("{}"))
    return Markup(themed(ET.tostring(root, encoding="unicode")))  # noqa: S704  (serialised, so escaped)


def _explorer_json(explorer: Explorer) -> Markup:
    """Return the explorer's data as JSON that no text in it can end."""
    from markupsafe import Markup

    text = json.dumps(explorer.as_json(), ensure_ascii=False, allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  (no sign of HTML is left in it)


def _classed(look: str) -> Markup:
    """Return the class attribute of a cell, or nothing."""
    from markupsafe import Markup

    return Markup(' class="{}"').format(look) if look else Markup("")


def _column_looks(
    rows: Sequence[Sequence[str]], numeric: Iterable[int], width: int
) -> tuple[str, ...]:
    """Return the classes of each column: `number`, and what the length of its cells asks for."""
    flush_right = set(numeric)
    looks = []
    for n in range(width):
        longest = max((len(row[n]) for row in rows), default=0)
        word = max((len(word) for row in rows for word in row[n].split()), default=0)
        look = ["number"] if n in flush_right else []
        look += ["long"] if longest >= _LONG else ["short"] if longest <= _SHORT else []
        look += ["broken"] if word > _WORD else []
        looks.append(" ".join(look))
    return tuple(looks)


def _figure_data(figure: Figure) -> _Data:
    """Return the rows behind a chart, as many as a page should carry."""
    frame = figure.frame
    records = islice(frame.itertuples(index=False, name=None), _ROWS_SHOWN)
    rows = tuple(tuple(wording.cell_words(cell) for cell in row) for row in records)
    shown = (
        f"first {_ROWS_SHOWN} of {len(frame):,} rows of" if len(frame) > _ROWS_SHOWN else "as in"
    )
    return _Data(
        caption=f"{shown.capitalize()} {figure.name}.csv; a share is a fraction, 0.15 for 15%.",
        columns=tuple(str(name).replace("_", " ") for name in frame.columns),
        looks=_column_looks(rows, wording.numeric_columns(frame), len(frame.columns)),
        rows=rows,
    )
