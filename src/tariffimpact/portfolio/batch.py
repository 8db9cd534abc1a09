"""Many products at once: rate, duty, landed cost, prices, margins, and totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tariffimpact import units
from tariffimpact.codes import country_name
from tariffimpact.errors import Fault, require
from tariffimpact.interval import Interval
from tariffimpact.portfolio.cells import KnownCodes
from tariffimpact.portfolio.pricing import FORMS, priced
from tariffimpact.portfolio.skus import SkuChunk, read_skus
from tariffimpact.portfolio.totals import Sums
from tariffimpact.tariffs import CompiledSchedule
from tariffimpact.tariffs.engines import Engine, EngineName, engine
from tariffimpact.tariffs.layers import schedule_layers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Progress = Callable[[int, int], None]
Sink = Callable[["pd.DataFrame"], None]
"""Takes the finished rows of a chunk."""
FaultSink = Callable[[Sequence[Fault]], None]
"""Takes what is wrong with the other rows of a chunk."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a file of products pays and asks, in total; the rows themselves went to a sink."""

    totals: pd.DataFrame
    """`by` (all, company, origin, authority), `group`, `skus`, `customs_value_usd`,
    `duty_low_usd`, `duty_high_usd` and `rate_low`, `rate_high` (duty as a share of the value)."""
    largest: pd.DataFrame
    """The rows with the most duty."""
    faults: tuple[Fault, ...]
    """The first 20,000 faults, by line."""
    fault_count: int
    rejected: int
    """Rows with a fault."""
    accepted: int
    before: date
    credit: str

    @property
    def rows(self) -> int:
        """Rows read: those accepted, and lines with a fault."""
        return self.accepted + self.rejected

    def summary(self) -> str:
        """Return the batch in a sentence or two."""
        total = self.totals[self.totals["by"] == "all"]
        if total.empty:
            return f"None of the {self.rows:,} rows is usable; see rejected.csv."
        row = total.iloc[0]
        duty = Interval(float(row["duty_low_usd"]), float(row["duty_high_usd"]))
        rate = Interval(float(row["rate_low"]), float(row["rate_high"]))
        who, pay = ("product", "pays") if self.accepted == 1 else ("products", "pay")
        text = (
            f"{self.accepted:,} {who} with a customs value of "
            f"{units.big_money(float(row['customs_value_usd']), 'USD')} a year {pay} "
            f"{units.big_money(duty, 'USD')}, {units.percent(rate)} of it."
        )
        if self.rejected:
            were = "was" if self.rejected == 1 else "were"
            text += f" {self.rejected:,} of {self.rows:,} rows {were} rejected; see rejected.csv."
        return text

    def to_frame(self) -> pd.DataFrame:
        """Return the totals."""
        return self.totals

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the duty as a share of the customs value, by origin."""
        from tariffimpact import charts

        rows = self.totals[self.totals["by"] == "origin"].nlargest(12, "duty_high_usd")
        frame = rows.rename(columns={"group": "label", "rate_low": "low", "rate_high": "high"})
        bars = frame[["label", "low", "high"]].reset_index(drop=True)
        bars["label"] = bars["label"].map(country_name)
        measure = "Duty as a share of customs value"
        return charts.range_bars(bars, form="percent", x_label=measure, source=self.credit, ax=ax)

    def explain(self) -> str:
        """Return the summary, how the figures come about, and what is left open."""
        return "\n".join(
            [
                self.summary(),
                "Duty: each authority's part on the dutiable customs value of a year's units, "
                "rounded to the cent, as on an entry summary.",
                f"Change of duty: against the same product on {self.before}. Where no unit cost "
                "is given it is customs value, freight and the duty of that day.",
                "A range is what the schedule cannot decide: the metal share, a claim, an end use. "
                "Both ends suppose the same unknown on both days.",
                f"Source: {self.credit}.",
            ]
        )


def run_batch(
    path: Path,
    compiled: CompiledSchedule,
    *,
    sink: Sink,
    fault_sink: FaultSink | None = None,
    on: date | None = None,
    before: date | None = None,
    elasticity: float | None = None,
    form: str = "isoelastic",
    claims: Mapping[str, float] | None = None,
    engine_name: EngineName = "duckdb",
    chunk: int = 50_000,
    progress: Progress | None = None,
) -> BatchResult:
    """Charge and price a file of products, a chunk at a time.

    Parameters
    ----------
    path
        CSV of products; see `read_skus` for its columns.
    compiled
        The schedule.
    sink
        Takes each chunk's finished rows, in file order.
    fault_sink
        Takes each chunk's faults, in file order.
    on
        Day of entry of rows without one of their own.
    before
        Day the duty is compared with; the schedule's first day by default.
    elasticity
        Demand elasticity, above 0, of rows without one; None leaves two price rules blank there.
    form
        `isoelastic`, `linear` or `logit`.
    claims
        Share of the duty a claim frees, by claim.
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

    require(form in FORMS, f"no demand {form!r}; use {', '.join(FORMS)}")
    require(elasticity is None or elasticity > 0, "elasticity must be above 0")
    known = KnownCodes.of(compiled)
    since = before or known.starts_on
    require(known.starts_on <= since < known.ends_on, f"the schedule does not know {since}")
    sums = Sums(tuple(compiled.manifest["authorities"]))
    size = path.stat().st_size if path.exists() else 0
    with engine(schedule_layers(compiled, claims=claims), engine_name) as running:
        for part in read_skus(path, known, on=on, chunk=chunk):
            faults = list(part.faults)
            if len(part.frame):
                done = _finished(part, running, compiled, since, elasticity, form, faults, path)
                sums.add(done)
                sink(done)
            faults.sort(key=_line)
            sums.reject(faults)
            if fault_sink:
                fault_sink(faults)
            if progress:
                progress(part.bytes_read, size)
    largest = sums.largest[0] if sums.largest else pd.DataFrame()
    return BatchResult(
        sums.totals(), largest, tuple(sums.faults), sums.fault_count, sums.rejected, sums.accepted,
        since, compiled.credit(),
    )  # fmt: skip


def _finished(
    part: SkuChunk, running: Engine, compiled: CompiledSchedule, before: date,
    elasticity: float | None, form: str, faults: list[Fault], path: Path,
) -> pd.DataFrame:  # fmt: skip
    """Charge the valid rows on both days and price those the schedule decides."""
    import pandas as pd

    skus = part.frame.copy()
    if elasticity is not None:
        skus["demand_elasticity"] = skus["demand_elasticity"].fillna(elasticity)
    skus["metal_content"] = skus["metal_content"].fillna(_metal_of(skus["hts"], compiled))
    lines = pd.DataFrame(
        {
            "hts": skus["hts"],
            "origin": skus["origin"],
            "entered_on": skus["entered_on"],
            "metal_low": skus["metal_content"].fillna(0.0),
            "metal_high": skus["metal_content"].fillna(1.0),
            "quantity_per_dollar": skus["duty_quantity"]
            / (skus["customs_value"] * skus["dutiable_share"].fillna(1.0)),
        }
    )
    earlier = lines.assign(entered_on=pd.Timestamp(before))
    charged = running.charge_frame(pd.concat([lines, earlier], ignore_index=True))
    now, then = charged[: len(lines)], charged[len(lines) :].reset_index(drop=True)
    keep = _decided(skus, now, faults, path)
    rows = [frame[keep].reset_index(drop=True) for frame in (skus, now, then)]
    return priced(*rows, form=form, authorities=len(running.authorities))


def _decided(skus: pd.DataFrame, now: pd.DataFrame, faults: list[Fault], path: Path) -> Any:
    """Return which rows can be charged, blaming the others."""
    import numpy as np

    def blame(mask: Any, column: str, what: Callable[[Any], str], remedy: str) -> None:
        for row in np.flatnonzero(mask).tolist():
            faults.append(
                Fault(f"{path}:{skus['line'].iat[row]}", what(row), remedy, column,
                      str(skus["hts"].iat[row]))
            )  # fmt: skip

    specific = now["specific_high"].to_numpy() > 0
    unmeasured = specific & skus["duty_quantity"].isna().to_numpy()
    endless = ~np.isfinite(now["rate_high"].to_numpy())
    unknown = ~now["known"].to_numpy(dtype=bool)
    blame(unknown, "hts", lambda _: "has no rate on the day", "check the code and the day")
    blame(
        unmeasured & ~unknown,
        "duty_quantity",
        lambda row: (
            f"is blank, and the general rate has ${now['specific_high'].iat[row]:g} per "
            f"{now['specific_unit'].iat[row]}"
        ),
        "give the quantity of one unit",
    )
    blame(
        endless & ~unmeasured & ~unknown,
        "hts",
        lambda _: "has a general rate in words that give no number",
        "work the duty out by hand",
    )
    return ~(unmeasured | endless | unknown)


def _metal_of(codes: pd.Series[str], compiled: CompiledSchedule) -> pd.Series[float]:
    """Return the metal share of products whose share is known exactly."""
    exact = {hts: low for hts, (low, high) in compiled.manifest["metal"].items() if low == high}
    table = {
        c: next((s for h, s in exact.items() if c.startswith(h)), None) for c in codes.unique()
    }
    return codes.map(table).astype("float64")


def _line(fault: Fault) -> int:
    return int(fault.where.rpartition(":")[2])
