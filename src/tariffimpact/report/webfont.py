"""The typeface inside the page: a subset small enough to travel with it.

The font's licence reserves its name, so the subset goes by another.
"""

from __future__ import annotations

import base64
import io
from functools import cache
from pathlib import Path
from typing import Final

from tariffimpact.charts import font_files

FAMILY: Final = "Report Sans"

_WEIGHTS: Final = {"Regular": 400, "Bold": 700}
_RANGES: Final = ((0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x2027), (0x2030, 0x203A))
_SIGNS: Final = "€−≈≠≤≥×÷→←↑↓№™½¼¾αβγδεζηθλμπρστφψωΔΣ"
_LICENCE_NAMES: Final = (0, 7, 13, 14)


@cache
def font_faces() -> str:
    """Return the `@font-face` rules of the page, fonts included as data."""
    rules = []
    for file in font_files():
        weight = _WEIGHTS.get(file.stem.rpartition("-")[2])
        if weight:
            data = base64.b64encode(_subset(file)).decode("ascii")
            rules.append(
                f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};font-display:block;'
                f'src:url(data:font/woff;base64,{data}) format("woff")}}'
            )
    return "\n".join(rules)


def _subset(file: Path) -> bytes:
    """Return the western letters, figures and signs of a font, as WOFF."""
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    options = subset.Options()
    options.flavor = "woff"
    options.hinting = False
    options.layout_features = ["kern", "liga", "ccmp", "locl", "mark"]
    options.name_IDs = list(_LICENCE_NAMES)
    options.notdef_outline = True
    font = TTFont(file, recalcTimestamp=False)
    chosen = subset.Subsetter(options)
    chosen.populate(
        unicodes=[sign for low, high in _RANGES for sign in range(low, high + 1)],
        text=_SIGNS,
    )
    chosen.subset(font)
    buffer = io.BytesIO()
    font.flavor = "woff"
    font.save(buffer)
    return buffer.getvalue()
