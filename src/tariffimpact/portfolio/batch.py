"""Many products at once: rate, duty, landed cost, prices, margins, and totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.codes import country_name
from tariffimpact.errors import Fault, require
from tariffimpact.interval import Interval
from tariffimpact.portfolio.goods import KnownGoods
from tariffimpact.portfolio.margins import ENDS
from tariffimpact.portfolio.product_duties import BatchTerms, ProductDuties, charging
from tariffimpact.portfolio.skus import SkuFile, open_skus, read_skus
from tariffimpact.portfolio.totals import Sums
from tariffimpact.tariffs import CompiledSchedule
from tariffimpact.tariffs.engines import EngineName

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Progress = Callable[[int, int], None]
Sink = Callable[["pd.DataFrame"], None]
"""Takes the finished rows of a chunk."""
FaultSink = Callable[[Sequence[Fault]], None]
"""Takes what is wrong with the other rows of a chunk."""


@dataclass(frozen=True, slots=True, repr=False)
class BatchResult(Answer):
    """What a file of products pays and asks, in total; the rows themselves went to a sink."""

    totals: pd.DataFrame
    """One row a group, the columns `TOTALS`: by all, company, origin, authority and the columns
    asked for."""
    largest: pd.DataFrame
    """The rows with the most duty."""
    faults: tuple[Fault, ...]
    """The first 20,000 faults, by line."""
    fault_count: int
    rejected: int
    """Rows with a fault."""
    accepted: int
    terms: BatchTerms
    before: date
    credit: str
    described: str
    """How the file was read."""
    per_unit: bool
    """Whether the file has no units: the totals are of one unit each."""
    warnings: tuple[str, ...] = ()
    """What stands between the answer and the law of its latest day."""
    papers: pd.DataFrame | None = None
    """The papers behind the duties charged; see `CompiledSchedule.papers`."""

    @property
    def rows(self) -> int:
        """Rows read: those accepted, and lines with a fault."""
        return self.accepted + self.rejected

    def summary(self) -> str:
        """Return the finding: duty, margin, what is void, what is under the floor."""
        total = self.totals[self.totals["by"] == "all"]
        if total.empty:
            if self.rows == 1:
                return "The one row is not usable; see rejected.csv."
            return f"None of the {self.rows:,} rows is usable; see rejected.csv."
        row = total.iloc[0]
        parts = [self._duty(row), self._margin(row), self._floor(row), self._void(row)]
        if self.rejected:
            were = "was" if self.rejected == 1 else "were"
            said = f"{self.rejected:,} of {self.rows:,} rows {were} rejected; see rejected.csv."
            parts.append(said)
        return " ".join(part for part in parts if part)

    def _duty(self, row: Any) -> str:
        who, pay = ("product", "pays") if self.accepted == 1 else ("products", "pay")
        value, duty = float(row["customs_value_usd"]), _span(row, "duty_{}_usd")
        if not value:
            return f"{self.accepted:,} {who}, of none of which the units a year are known."
        of, when = (", one unit of each,", "") if self.per_unit else ("", " a year")
        text = (
            f"{self.accepted:,} {who}{of} with a customs value of "
            f"{units.big_money(value, 'USD')}{when} {pay} {units.big_money(duty, 'USD')}, "
            f"{units.percent(_span(row, 'rate_{}'))} of it."
        )
        missing = int(row["without_units"])
        if missing:
            text += f" {missing:,} without units are left out of the totals."
        return text

    def _margin(self, row: Any) -> str:
        known = int(row["skus"] - row["without_margin"])
        if not known:
            return "No margin is known: it takes a price, a unit cost and the duty before."
        before, after = float(row["margin_before"]), _span(row, "margin_after_{}")
        of = f" of the {known:,} with a unit cost" if row["without_margin"] else ""
        was, now = units.percent(before), units.percent(after)
        if was == now:
            return f"At unchanged prices the margin{of} stays at {was}."
        way = "down from" if after.high < before else "up from" if after.low > before else "from"
        since = units.day(self.before)
        return f"At unchanged prices the margin{of} is {now}, {way} {was} at the duty of {since}."

    def _floor(self, row: Any) -> str:
        if self.terms.floor is None:
            return ""
        least = int(row["under_floor"])
        most = least + int(row["perhaps_under_floor"])
        count = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        fall = "product falls" if most == 1 else "products fall"
        return f"{count} {fall} under a margin of {units.percent(self.terms.floor)}."

    def _void(self, row: Any) -> str:
        void = _span(row, "void_duty_{}_usd")
        if not void.high:
            return ""
        text = (
            f"{units.big_money(void, 'USD')} of the duty was held void and is paid back on claim; "
            f"{units.big_money(_less(_span(row, 'duty_{}_usd'), void), 'USD')} is owed."
        )
        interest = _span(row, "interest_{}_usd")
        if interest.high and self.terms.refunded_on is not None:
            money = units.big_money(interest, "USD")
            text += f" Interest to {units.day(self.terms.refunded_on)} adds {money}."
        return text

    def to_frame(self) -> pd.DataFrame:
        """Return the totals."""
        return self.totals

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the duty as a share of the customs value, by origin."""
        from tariffimpact import charts

        require(self.accepted, "no row is usable, so that there is nothing to draw")
        rows = self.totals[self.totals["by"] == "origin"].nlargest(12, "duty_high_usd")
        frame = rows.rename(columns={"group": "label", "rate_low": "low", "rate_high": "high"})
        bars = frame[["label", "low", "high"]].reset_index(drop=True)
        bars["label"] = bars["label"].map(lambda code: country_name(code) if code else "unknown")
        measure = "Duty as a share of customs value"
        return charts.range_bars(bars, form="percent", x_label=measure, source=self.credit, ax=ax)

    def explain(self) -> str:
        """Return the summary, how the file was read and the figures come about."""
        return "\n".join(
            [
                self.summary(),
                *(f"Warning: {warning}" for warning in self.warnings),
                self.described,
                "Duty: each authority's part on the dutiable customs value of a year's units, "
                "rounded to the cent, as on an entry summary.",
                f"Change of duty: against the same product on {self.before}.",
                "Margin: price less unit cost and the change of duty, over price. Without a unit "
                "cost it is unknown: the customs value is not the cost.",
                "Fees of customs stand apart from the landed cost: the processing fee between its "
                "floor and cap for the entry the goods come in, the harbor fee by sea.",
                "Void duty: that under authorities which the court held not to give them; "
                "collected until the day it stopped, and paid back with interest compounded daily.",
                "A range is what the schedule cannot decide: the metal share, a claim, an end use. "
                "Both ends suppose the same unknown on both days.",
                f"Source: {self.credit}.",
            ]
        )


def _span(row: Any, name: str) -> Interval:
    low, high = (float(row[name.format(end)]) for end in ENDS)
    return Interval(min(low, high), max(low, high))


def _less(whole: Interval, part: Interval) -> Interval:
    """Return what is left of a whole when a part of it is taken at the same end of both."""
    ends = sorted((whole.low - part.low, whole.high - part.high))
    return Interval(max(0.0, ends[0]), max(0.0, ends[1]))


def run_batch(
    skus: Path | SkuFile,
    compiled: CompiledSchedule,
    *,
    sink: Sink,
    fault_sink: FaultSink | None = None,
    terms: BatchTerms | None = None,
    engine_name: EngineName = "duckdb",
    chunk: int = 50_000,
    progress: Progress | None = None,
    **given: Any,
) -> BatchResult:
    """Charge and price a file of products, a chunk at a time.

    Parameters
    ----------
    skus
        The file, or one opened by `open_skus`.
    compiled
        The schedule.
    sink
        Takes each chunk's finished rows, in file order.
    fault_sink
        Takes each chunk's faults, in file order.
    terms
        What is supposed beside the rows; any field may also be given by its name.
    engine_name
        `duckdb` or `spark`.
    chunk
        Rows at a time: memory grows with it and not with the file.
    progress
        Told the bytes read and the bytes there are.

    Returns
    -------
    BatchResult
        Totals and rejected rows.

    Raises
    ------
    DataError
        If the file as a whole cannot be read.
    ModelError
        If an argument leaves its range or an extra is missing.
    """
    import pandas as pd

    agreed = replace(terms or BatchTerms(), **given)
    known = KnownGoods.of(compiled)
    agreed.check(known)
    file = skus if isinstance(skus, SkuFile) else open_skus(skus)
    sums = Sums(tuple(compiled.manifest["authorities"]), file.extra)
    with charging(compiled, engine_name) as charge:
        work = ProductDuties(file, compiled, known, agreed, charge)
        for part in read_skus(file, known, on=agreed.on, chunk=chunk):
            faults = list(part.faults)
            if len(part.frame):
                done = work.finished(part.frame, faults)
                if len(done):  # the schedule may decide none of them
                    sums.add(done)
                    sink(done)
            faults.sort(key=_line)
            sums.reject(faults)
            if fault_sink:
                fault_sink(faults)
            if progress:
                progress(part.bytes_read, file.table.sheet.size)
    largest = sums.largest[0] if sums.largest else pd.DataFrame()
    totals = sums.totals()
    return BatchResult(
        totals, largest, tuple(sums.faults), sums.fault_count, sums.rejected, sums.accepted,
        agreed, agreed.since(known), compiled.credit(), file.described(),
        "units" not in file.columns,
        tuple(compiled.day_warnings(sums.last_day)) if sums.last_day else (),
        _papers(compiled, totals, sums),
    )  # fmt: skip


def _papers(compiled: CompiledSchedule, totals: pd.DataFrame, sums: Sums) -> pd.DataFrame | None:
    """Return the papers behind the duties charged; None where no row was."""
    if sums.first_day is None or sums.last_day is None:
        return None
    charged, origins = (totals.loc[totals["by"] == by, "group"] for by in ("authority", "origin"))
    days = sums.first_day, sums.last_day
    return compiled.papers(sums.codes, origins, *days, authorities=list(charged))


def _line(fault: Fault) -> int:
    return int(fault.where.rpartition(":")[2])
