"""Turn the `.. math::` blocks and `:math:` roles of docstrings into the formulas of the pages."""

import re
import textwrap
from typing import Any

import griffe

_BLOCK = re.compile(r"^\.\. math::[ ]*(.*(?:\n(?:[ ]+\S.*)?)*)", re.MULTILINE)
_ROLE = re.compile(r":math:`([^`]+)`")


class DocstringFormulas(griffe.Extension):
    """Rewrite the text of every docstring before it is read as Markdown."""

    def on_instance(self, *, obj: griffe.Object | griffe.Alias, **_: Any) -> None:
        """Rewrite one docstring."""
        if obj.docstring:
            obj.docstring.value = rewritten(obj.docstring.value)


def rewritten(text: str) -> str:
    """Return a docstring with its formulas fenced."""

    def fenced(found: re.Match[str]) -> str:
        first, _, rest = found[1].partition("\n")
        formula = f"{first}\n{textwrap.dedent(rest)}".strip()
        return f"```math\n{formula}\n```\n\n"

    return _ROLE.sub(r"\\(\1\\)", _BLOCK.sub(fenced, text))
