"""Make the page's typeface anew: a subset small enough to travel with it.

python tests/release/web_fonts.py

The font's licence reserves its name, so the subset goes by another.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from tariffimpact.charts import font_files
from tariffimpact.report.webfont import WEIGHTS, font_file

_RANGES: Final = ((0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x2027), (0x2030, 0x203A))
_SIGNS: Final = "€−≈≠≤≥×÷→←↑↓№™½¼¾αβγδεζηθλμπρστφψωΔΣ"
_LICENCE_NAMES: Final = (0, 7, 13, 14)


def signs() -> set[int]:
    """Return the code points that the page's typeface must have, as far as the font has them."""
    found = {sign for low, high in _RANGES for sign in range(low, high + 1)}
    return found | {ord(sign) for sign in _SIGNS}


def subset_of(file: Path) -> bytes:
    """Return the western letters, figures and signs of a font, as WOFF."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.flavor = "woff"
    options.hinting = False
    options.layout_features = ["kern", "liga", "ccmp", "locl", "mark"]
    options.name_IDs = list(_LICENCE_NAMES)
    options.notdef_outline = True
    font = TTFont(file, recalcTimestamp=False)
    chosen = subset.Subsetter(options)
    chosen.populate(unicodes=sorted(signs()))
    chosen.subset(font)
    buffer = io.BytesIO()
    font.flavor = "woff"
    font.save(buffer)
    return buffer.getvalue()


def main() -> None:
    for file in font_files():
        weight = WEIGHTS.get(file.stem.rpartition("-")[2])
        if weight:
            font_file(weight).write_bytes(subset_of(file))


if __name__ == "__main__":
    main()
