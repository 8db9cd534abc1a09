"""Turn the formulas and the loose examples of docstrings into what the pages' Markdown knows."""

import re
import textwrap
from typing import Any

import griffe

_BLOCK = re.compile(r"^\.\. math::[ ]*(.*(?:\n(?:[ ]+\S.*)?)*)", re.MULTILINE)
_ROLE = re.compile(r":math:`([^`]+)`")
_EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Rewrite the text of every docstring before it is read."""

    def on_instance(self, *, obj: griffe.Object | griffe.Alias, **_: Any) -> None:
        """Rewrite one docstring."""
        if obj.docstring:
            obj.docstring.value = rewritten(obj.docstring.value)


def rewritten(text: str) -> str:
    """Return a docstring with its formulas fenced, and examples outside of a section as well."""
    text = _ROLE.sub(r"\\(\1\\)", _BLOCK.sub(_formula, text))
    if re.search(r"^Examples\n-+$", text, re.MULTILINE):
        return text
    return _EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", text)


def _formula(found: re.Match[str]) -> str:
    first, _, rest = found[1].partition("\n")
    formula = f"{first}\n{textwrap.dedent(rest)}".strip()
    return f"```math\n{formula}\n```\n\n"
