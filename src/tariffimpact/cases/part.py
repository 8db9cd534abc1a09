"""What every table of a case file has."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from tariffimpact.facts.fields import Key

Sources = Annotated[
    tuple[Key, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Part(BaseModel):
    """A table of a case file: no unknown keys, and a place for where its numbers come from."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    source: Sources = ()
    """Ids in `sources.csv` that the numbers of this table come from."""
    reason: str = ""
    """Where a number is a judgement: why this number."""
