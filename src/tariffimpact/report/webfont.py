"""The typeface inside the page, made once and shipped: see `tests/release/web_fonts.py`.

The font's licence reserves its name, so the subset goes by another.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import Final

FAMILY: Final = "Report Sans"

WEIGHTS: Final = {"Regular": 400, "Bold": 700}
"""The styles that the page uses, by the font's name for them."""


def font_file(weight: int) -> Path:
    """Return the file of a weight, beside the templates."""
    return Path(__file__).with_name("templates") / f"report-sans-{weight}.woff"


@cache
def font_faces() -> str:
    """Return the `@font-face` rules of the page, fonts included as data."""
    rules = []
    for weight in WEIGHTS.values():
        data = base64.b64encode(font_file(weight).read_bytes()).decode("ascii")
        rules.append(
            f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};font-display:block;'
            f'src:url(data:font/woff;base64,{data}) format("woff")}}'
        )
    return "\n".join(rules)
