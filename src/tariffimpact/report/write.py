"""Write a report: the page, the printed version, and each figure as picture and as numbers."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tariffimpact import writing
from tariffimpact.errors import require
from tariffimpact.report.content import Document, Figure
from tariffimpact.report.html import render_html
from tariffimpact.report.pdf import render_pdf

STEM: Final = "tariff-impact"
"""Name of the report's files, before the ending."""
FORMATS: Final = ("html", "pdf")

Progress = Callable[[int, int], None]
"""Is told how many steps are done, and how many there are."""


def write_report(
    document: Document,
    out: Path,
    formats: Sequence[str] = FORMATS,
    progress: Progress | None = None,
) -> tuple[Path, ...]:
    """Write a report into a folder, all of it or nothing; same report, same bytes.

    Parameters
    ----------
    document
        What the report says.
    out
        The folder; made if it is not there. Other files in it are left alone.
    formats
        Any of `html` and `pdf`.
    progress
        Called after each step with the steps done and the steps there are.

    Returns
    -------
    tuple of Path
        The files written: the report in each format, then per figure `figures/NAME.svg`, `.png`
        (with title and source, to be shared) and `.csv`.

    Raises
    ------
    ModelError
        If a format is unknown.
    DataError
        If the folder cannot be written.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    require(not unknown, f"a report has no format {', '.join(unknown)}; use {' or '.join(FORMATS)}")
    tell = _steps(progress, len(document.figures) + len(set(formats)) + 1)
    charts: dict[str, str] = {}
    narrow: dict[str, str] = {}
    pictures: dict[str, bytes] = {}
    with _garbage_left():
        for figure in document.figures:
            charts[figure.name], files = _drawn(figure)
            if "html" in formats:
                narrow[figure.name] = _narrow(figure)
            pictures |= files
            tell()
    reports: dict[str, bytes] = {}
    for kind in (kind for kind in FORMATS if kind in formats):
        if kind == "html":
            reports[f"{STEM}.html"] = render_html(document, charts, narrow).encode("utf-8")
        else:
            reports[f"{STEM}.pdf"] = render_pdf(document, charts)
        tell()
    written = writing.publish(out, reports | pictures)
    tell()
    return written


def _drawn(figure: Figure) -> tuple[str, dict[str, bytes]]:
    """Return a figure's bare chart for the report, and its files to share."""
    from tariffimpact.charts import drawn_for, framed, png, svg_pair

    with drawn_for(shown=False):
        axes = figure.draw()
    shared = framed(axes, title=figure.title, subtitle=figure.subtitle, source=figure.source)
    bare, picture = svg_pair(shared, name=figure.name, alt=figure.alt, title=figure.title)
    return bare, {
        f"figures/{figure.name}.svg": picture.encode("utf-8"),
        f"figures/{figure.name}.png": png(shared),
        f"figures/{figure.name}.csv": writing.csv_bytes(figure.frame),
    }


def _narrow(figure: Figure) -> str:
    """Return a figure's bare chart for the screen of a telephone."""
    from tariffimpact.charts import NARROW, drawn_for, svg
    from tariffimpact.charts.style import figure_of

    with drawn_for(width=NARROW, shown=False):
        axes = figure.draw()
    return svg(figure_of(axes), name=f"{figure.name}-narrow", alt=figure.alt)


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Look for no garbage meanwhile: a chart is thousands of small objects that are all in use."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _steps(progress: Progress | None, total: int) -> Callable[[], None]:
    """Return what counts the steps and tells `progress`, if there is one."""
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    return tell
