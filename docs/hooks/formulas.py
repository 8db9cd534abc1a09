r"""Set the formulas of a page as MathML while the site is built, so that no script is needed.

A formula is written in Typst's notation between `\(` and `\)`, or in a block fenced as `math`.
"""

import html
import re
import unicodedata
from functools import cache
from typing import Any

import typst
from mkdocs.exceptions import PluginError

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\s*\\([(\[])(.*?)\\[)\]]\s*</\1>', re.DOTALL)
_MATH = re.compile(r"<math.*?</math>", re.DOTALL)
_LETTER = re.compile(r"<mi>(.)</mi>")


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Replace what the Markdown extension marked as a formula."""

    def typeset(found: re.Match[str]) -> str:
        formula = html.unescape(found[3]).strip()
        try:
            return mathml(formula, block=found[2] == "[")
        except typst.TypstError as error:
            raise PluginError(f"{page.file.src_path}: {formula!r} is no formula: {error}") from None

    return _FORMULA.sub(typeset, content)


@cache
def mathml(formula: str, *, block: bool) -> str:
    """Return a formula as MathML, in letters that every font has."""
    source = f"$ {formula} $" if block else f"text ${formula}$"
    page = typst.compile(source.encode(), format="html").decode()
    found = _MATH.search(page)
    if found is None:
        raise PluginError(f"{formula!r} holds no formula")
    plain = _LETTER.sub(_slanted, found[0])
    return f'<div class="formula" tabindex="0">{plain}</div>' if block else plain


def _slanted(letter: re.Match[str]) -> str:
    """Return a letter of a mathematical alphabet, which few fonts have, as a slanted plain one."""
    plain = unicodedata.normalize("NFKC", letter[1])
    return f'<mi mathvariant="normal" class="var">{plain}</mi>'
