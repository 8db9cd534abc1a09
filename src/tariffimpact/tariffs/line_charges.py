"""The arithmetic of `stacking` for a handful of lines, with the columns of `at_scale`.

Writing the expression of `at_scale` and the tables it joins takes seconds, whatever the number of
lines: a few hundred are charged sooner one by one. A property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.facts import DutyBase
from tariffimpact.interval import Interval
from tariffimpact.tariffs.engines import Charger, arrow_table
from tariffimpact.tariffs.schedule import Schedule
from tariffimpact.tariffs.windows import CompiledSchedule

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

FEW: Final = 8_000
"""Lines up to which one by one is quicker."""
_ENDS: Final = ("low", "high")


def charge_few(
    compiled: CompiledSchedule, lines: pd.DataFrame, *, claims: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return lines with their rates, in the same order, as `Engine.charge_frame` does.

    Parameters
    ----------
    compiled
        The schedule.
    lines
        As `at_scale.charge` takes them.
    claims
        Share of the duty a claim frees, by claim.
    """
    import pandas as pd

    authorities = compiled.manifest["authorities"]
    asked = Schedule(compiled.of_codes(lines["hts"]), claims=claims)
    rows = [_charged(asked, line, authorities) for line in lines.to_dict("records")]
    charged = pd.DataFrame(rows, columns=_columns(len(authorities)), index=lines.index)
    return pd.concat([lines, charged.astype(_types(charged.columns))], axis=1)


def _types(columns: Iterable[str]) -> dict[str, str]:
    """Return the types of the columns, which an empty frame does not tell."""
    flags = dict.fromkeys(("known", "needs_metal", "needs_claim", "needs_use"), "bool")
    return dict.fromkeys(columns, "float64") | flags | {"specific_unit": "str"}


@dataclass(frozen=True, slots=True)
class LineByLine(Charger):
    """What an `Engine` is, without a schedule's tables: for lines that are few."""

    compiled: CompiledSchedule
    claims: Mapping[str, float]

    def charged(self, lines: ir.Table) -> ir.Table:
        """Return lines with their rate; see `at_scale.charge`."""
        import ibis

        found = charge_few(self.compiled, self.run(lines), claims=self.claims)
        return ibis.memtable(arrow_table(found))


@contextmanager
def line_by_line(compiled: CompiledSchedule, claims: Mapping[str, float]) -> Iterator[LineByLine]:
    """Yield what charges a few lines under some claims; closed afterwards."""
    import ibis

    connection = ibis.duckdb.connect()
    try:
        yield LineByLine(connection, compiled, claims)
    finally:
        connection.disconnect()


def _columns(authorities: int) -> list[str]:
    names = ["known", "needs_metal", "needs_claim", "needs_use"]
    for end in _ENDS:
        parts = (f"part_{i}_{end}" for i in range(authorities))
        names += [f"rate_{end}", *parts, f"specific_{end}"]
    return [*names, "specific_unit"]


def _charged(asked: Schedule, line: Mapping[Any, Any], authorities: list[str]) -> list[Any]:
    quantity = line.get("quantity_per_dollar")
    stack, known = asked.stack(
        line["hts"], line["origin"], line["entered_on"].date(),
        metal=_share(line, "metal"), weight=_share(line, "weight"),
        quantity_per_dollar=None if quantity is None or quantity != quantity else quantity,
    )  # fmt: skip
    rate = stack.total()
    cells: list[Any] = [
        known,
        any(row.base is DutyBase.METAL for row in stack.charged),
        any(_open(row.share_due) and _due(row) for row in stack.charged),
        any(_open(row.reach) and _due(row) for row in stack.charged),
    ]
    for end in _ENDS:
        at_end = {
            r.authority: part for r, part in zip(stack.charged, stack.parts(end), strict=True)
        }
        usd = [getattr(span, end) for row in stack.charged if (span := stack.per_unit(row))]
        cells += [getattr(rate, end), *(at_end.get(name, 0.0) for name in authorities), sum(usd)]
    units = {row.authority: row.specific_unit for row in stack.charged}
    return [*cells, next((units[name] for name in authorities if units.get(name)), "")]


def _share(line: Mapping[Any, Any], what: str) -> Interval:
    """Return the span of a share of a line; one that it does not have is open."""
    ends = [line.get(f"{what}_{end}", float("nan")) for end in _ENDS]
    low, high = (other if end != end else end for end, other in zip(ends, (0.0, 1.0), strict=True))
    return Interval(low, high)


def _open(span: Interval) -> bool:
    return span.width > 1e-12


def _due(row: Any) -> bool:
    """Return whether a duty is more than nothing, so that what frees of it matters."""
    spans = (row.ad_valorem, row.specific_usd)
    return any(span is not None and span.high > 0 for span in spans)
