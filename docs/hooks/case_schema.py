"""Write the tables of a case from `cases/schema.json`, the schema that editors check with."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_MARK = "<!-- case tables -->"
_SCHEMA = Path(__file__).parents[2] / "cases" / "schema.json"
_HEADINGS = {
    "Tariff": "[tariff]",
    "Demand": "[demand]",
    "Product": "[[products]]",
    "Metal": "[products.metal]",
    "ChainStage": "[[chain]]",
    "Recovery": "[recovery]",
    "Rollback": "[rollback]",
    "Timing": "[timing]",
    "Sourcing": "[sourcing]",
    "Terms": "[[sourcing.offers]]",
    "Earnings": "[earnings]",
    "ImportLine": "[[earnings.imports]]",
    "OffsetLine": "[[earnings.offsets]]",
}
_EVERYWHERE = ("source", "reason")  # told once, above the tables


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables where the page asks for them."""
    if _MARK not in markdown:
        return markdown
    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    parts = [*_table("Above the first table", schema)]
    for name, heading in _HEADINGS.items():
        parts += _table(f"`{heading}`", schema["$defs"].pop(name))
    if schema["$defs"]:
        raise KeyError(f"no heading for {', '.join(schema['$defs'])}; add it to _HEADINGS")
    return markdown.replace(_MARK, "\n".join(parts))


def _table(heading: str, part: dict[str, Any]) -> Iterator[str]:
    tables = (
        "tariff",
        "demand",
        "products",
        "recovery",
        "rollback",
        "timing",
        "sourcing",
        "earnings",
    )
    yield f"\n### {heading}\n\n{part.get('description', '')}\n"
    yield "| key | meaning |\n|---|---|"
    for key, rule in part["properties"].items():
        if key in _EVERYWHERE or (heading[0] == "A" and key in tables):
            continue
        needed = ", **needed**" if key in part.get("required", ()) else ""
        yield f"| `{key}`{needed} | {_meaning(rule)} |"


def _meaning(rule: dict[str, Any]) -> str:
    said = rule.get("description", "").rstrip(".")
    choice = ", ".join(f"`{value}`" for value in rule.get("enum", ()))
    default = rule.get("default")
    shown = "" if default in (None, "", []) else f"default `{json.dumps(default)}`"
    return "; ".join(filter(None, [said, choice, shown]))
