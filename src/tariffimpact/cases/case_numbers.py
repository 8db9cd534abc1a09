"""The numbers of a case file: a number, an interval, a distribution, or a row of the data.

Each field of a case says which values make sense for it; a range or a distribution that leaves
them is refused as a whole, so that no draw can land outside. `Part` is what every table has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tariffimpact.arguments import PERCENT_FROM
from tariffimpact.errors import ModelError
from tariffimpact.facts.fields import Key
from tariffimpact.interval import Interval
from tariffimpact.uncertainty import Distribution, read_input
from tariffimpact.uncertainty.inputs import Stated

Location = tuple[str | int, ...]
"""The way to a key of a file, through tables and lists."""
Table = Literal["assumption", "financial", "exposure"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A number that stands in a table of the data: `{ assumption = "customs-share-consoles" }`."""

    table: Table
    key: str
    kind: str
    """The kind of number the field takes; what the row holds is checked against it."""


Written = Stated | Reference
"""A number as a case file gives it."""


def stated(value: Written) -> Stated:
    """Return a number of a table whose references have been filled in."""
    assert not isinstance(value, Reference)
    return value


def support_of(value: Stated) -> Interval:
    """Return every value that a number may have."""
    return value.support if isinstance(value, Distribution) else Interval.of(value)


def plain(value: Interval) -> Stated:
    """Return a range as a case states it: a number where it is one."""
    return value.low if value.is_exact else value


def numbers_of(table: BaseModel, *names: str) -> dict[str, Stated]:
    """Return the numbers of a table by key, those that are not given left out."""
    given = {name: getattr(table, name) for name in names}
    return {name: stated(value) for name, value in given.items() if value is not None}


_TABLES: Final = ("assumption", "financial", "exposure")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which values a field takes, and how to say so."""

    low: float
    high: float
    open_low: bool
    remedy: str

    def refuses(self, span: Interval) -> bool:
        below = span.low <= self.low if self.open_low else span.low < self.low
        return below or span.high > self.high


_KINDS: Final = {
    "positive": _Kind(0.0, math.inf, True, "give an amount above 0"),
    "amount": _Kind(0.0, math.inf, False, "give an amount of 0 or more"),
    "share": _Kind(0.0, 1.0, False, "a share lies in 0 to 1: write 0.6 for 60%"),
    "some": _Kind(0.0, 1.0, True, "a share lies above 0, up to 1: write 0.6 for 60%"),
    "rate": _Kind(
        0.0,
        math.nextafter(PERCENT_FROM, 0.0),
        False,
        "a tariff is a fraction of customs value, not negative: write 0.15 for 15%",
    ),
    "months": _Kind(0.0, 1200.0, False, "give months, 0 or more"),
    "any": _Kind(-math.inf, math.inf, False, "give a finite number"),
}


def check_kind(value: Stated, kind: str) -> None:
    """Refuse a number any part of which the field cannot take.

    Raises
    ------
    ModelError
        Saying what the field takes.
    """
    limits = _KINDS[kind]
    span = support_of(value)
    if limits.refuses(span):
        cut = "; low = and high = cut a distribution's tails off"
        loose = isinstance(value, Distribution) and not math.isfinite(span.width)
        raise ModelError(f"{_range(span)} is out of range; {limits.remedy}{cut if loose else ''}")
    # 1e150 squared is still a number; past it sums of squares are not
    if any(abs(end) > 1e150 for end in (span.low, span.high) if math.isfinite(end)):
        raise ModelError(f"{_range(span)} is beyond any real quantity; check the number of zeros")


def _range(span: Interval) -> str:
    return str(span) if math.isfinite(span.low) or math.isfinite(span.high) else "an open range"


def _reader(kind: str) -> Callable[[Any], Written]:
    """Return the function that reads a number of one kind."""

    def read(value: Any) -> Written:
        try:
            if isinstance(value, Mapping) and "dist" not in value:
                return _reference(value, kind)
            stated = read_input(value, name="")
            check_kind(stated, kind)
        except ModelError as error:
            raise PydanticCustomError("number", "{words}", {"words": _bare(str(error))}) from None
        return stated

    return read


def _reference(value: Mapping[str, object], kind: str) -> Reference:
    if len(value) == 1:
        for table in _TABLES:
            key = value.get(table)
            if isinstance(key, str):
                return Reference(table, key, kind)
    raise ModelError(
        "is neither a distribution nor a row of the data; write "
        '{ dist = "uniform", low = …, high = … } or { assumption = "…" }'
    )


def _bare(message: str) -> str:
    """Return a message without the name `read_input` puts in front."""
    return message.removeprefix(": ")


_JSON: Final[dict[str, Any]] = {
    "description": "a number, an interval, a distribution, or a row of the data",
    "anyOf": [
        {"type": "number"},
        {"type": "string", "pattern": r"^\s*[-+.0-9eE]*\s*(\.\.\s*[-+.0-9eE]*)?\s*$"},
        {
            "type": "object",
            "required": ["dist"],
            "properties": {
                "dist": {"enum": ["uniform", "triangular", "normal", "lognormal", "beta", "pert"]},
                **{
                    name: {"type": "number"}
                    for name in ("low", "mode", "high", "mean", "sd", "median", "sigma")
                },
                "alpha": {"type": "number"},
                "beta": {"type": "number"},
            },
            "additionalProperties": False,
        },
        *(
            {
                "type": "object",
                "required": [table],
                "properties": {table: {"type": "string"}},
                "additionalProperties": False,
            }
            for table in _TABLES
        ),
    ],
}

Positive = Annotated[Written, PlainValidator(_reader("positive")), WithJsonSchema(_JSON)]
Amount = Annotated[Written, PlainValidator(_reader("amount")), WithJsonSchema(_JSON)]
Share = Annotated[Written, PlainValidator(_reader("share")), WithJsonSchema(_JSON)]
SomeShare = Annotated[Written, PlainValidator(_reader("some")), WithJsonSchema(_JSON)]
Rate = Annotated[Written, PlainValidator(_reader("rate")), WithJsonSchema(_JSON)]
Months = Annotated[Written, PlainValidator(_reader("months")), WithJsonSchema(_JSON)]
Anything = Annotated[Written, PlainValidator(_reader("any")), WithJsonSchema(_JSON)]


Sources = Annotated[
    tuple[Key, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Part(BaseModel):
    """A table of a case file: no unknown keys, and a place for where its numbers come from."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    EXACTLY_ONE: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of keys of which one is given."""
    AT_MOST_ONE: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of keys of which no more than one is given."""

    source: Sources = ()
    """Ids in `sources.csv` that the numbers of this table come from."""
    reason: str = ""
    """Where a number is a judgement: why this number."""

    @model_validator(mode="after")
    def _pairs_hold(self) -> Self:
        self.check_pairs()
        return self

    def check_pairs(self) -> None:
        """Refuse a pair of keys of which too many or too few are given.

        Raises
        ------
        ValueError
            Naming the first.
        """
        for one, other in self.EXACTLY_ONE:
            if (getattr(self, one) is None) == (getattr(self, other) is None):
                raise ValueError(f"gives both or neither of {one} and {other}; give exactly one")
        for one, other in self.AT_MOST_ONE:
            if getattr(self, one) not in (None, False) and getattr(self, other) is not None:
                raise ValueError(f"gives {one} and {other}; keep one of the two")
