"""Many products at once: rate, duty, landed cost, prices, margins, and totals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.codes import country_name
from tariffimpact.errors import Fault, require
from tariffimpact.facts import CustomsCharge
from tariffimpact.interval import Interval
from tariffimpact.portfolio.fees import fees, interest_growth
from tariffimpact.portfolio.goods import Claims, KnownGoods
from tariffimpact.portfolio.margins import ENDS, FORMS, priced
from tariffimpact.portfolio.skus import SkuFile, open_skus, read_skus
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
_FREEING: Final = ("USMCA", "AGREEMENT")
"""Claims of an agreement, which also free from the processing fee."""
_ENGINES: Final = 4
"""Sets of claims whose tables are held at once."""


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What a batch supposes beside its rows."""

    on: date | None = None
    """Day of entry of rows without one of their own."""
    before: date | None = None
    """Day the duty is compared with; the schedule's first by default."""
    elasticity: float | None = None
    """Demand elasticity, above 0, of rows without one; None leaves two price rules blank there."""
    form: str = "isoelastic"
    """`isoelastic`, `linear` or `logit`."""
    claims: Mapping[str, float] | None = None
    """Share of the duty a claim frees, by claim, for rows that say nothing of it."""
    floor: float | None = None
    """Margin below which a product is told, a share of the price."""
    refunded_on: date | None = None
    """Day on which void duty is paid back; None for no interest."""
    corporation: bool = True
    """Whether the importer is a corporation, whose interest is lower."""
    charges: Sequence[CustomsCharge] = ()
    """Fees of customs and its interest; without them both are unknown."""

    def check(self, known: KnownGoods) -> None:
        """Refuse what leaves its range."""
        require(self.form in FORMS, f"no demand {self.form!r}; use {', '.join(FORMS)}")
        require(self.elasticity is None or self.elasticity > 0, "elasticity must be above 0")
        require(self.floor is None or 0 <= self.floor < 1, "a floor margin lies from 0 to below 1")
        since = self.since(known)
        require(known.starts_on <= since < known.ends_on, f"the schedule does not know {since}")

    def since(self, known: KnownGoods) -> date:
        """Return the day of comparison."""
        return self.before or known.starts_on


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

    @property
    def rows(self) -> int:
        """Rows read: those accepted, and lines with a fault."""
        return self.accepted + self.rejected

    def summary(self) -> str:
        """Return the finding: duty, margin, what is void, what is under the floor."""
        total = self.totals[self.totals["by"] == "all"]
        if total.empty:
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
    with _engines(compiled, engine_name) as engine_of:
        work = _Work(file, compiled, known, agreed, engine_of)
        for part in read_skus(file, known, on=agreed.on, chunk=chunk):
            faults = list(part.faults)
            if len(part.frame):
                done = work.finished(part.frame, faults)
                sums.add(done)
                sink(done)
            faults.sort(key=_line)
            sums.reject(faults)
            if fault_sink:
                fault_sink(faults)
            if progress:
                progress(part.bytes_read, file.table.sheet.size)
    largest = sums.largest[0] if sums.largest else pd.DataFrame()
    return BatchResult(
        sums.totals(), largest, tuple(sums.faults), sums.fault_count, sums.rejected, sums.accepted,
        agreed, agreed.since(known), compiled.credit(), file.described(),
        "units" not in file.columns,
    )  # fmt: skip


@contextmanager
def _engines(
    compiled: CompiledSchedule, name: EngineName
) -> Iterator[Callable[[Mapping[str, float]], Engine]]:
    """Yield what gives an engine for a set of claims, the last few held."""
    held: dict[Claims, tuple[ExitStack, Engine]] = {}

    def of(claims: Mapping[str, float]) -> Engine:
        key = tuple(sorted(claims.items()))
        if key not in held:
            while len(held) >= _ENGINES:
                held.pop(next(iter(held)))[0].close()
            stack = ExitStack()
            layers = schedule_layers(compiled, claims=dict(claims) or None)
            held[key] = stack, stack.enter_context(engine(layers, name))
        return held[key][1]

    try:
        yield of
    finally:
        for stack, _ in held.values():
            stack.close()


@dataclass(frozen=True, slots=True)
class _Work:
    """Charges and prices chunks of valid rows."""

    file: SkuFile
    compiled: CompiledSchedule
    known: KnownGoods
    terms: BatchTerms
    engine_of: Callable[[Mapping[str, float]], Engine]

    def finished(self, frame: pd.DataFrame, faults: list[Fault]) -> pd.DataFrame:
        """Charge the valid rows on both days and price those the schedule decides."""
        import pandas as pd

        skus = self._completed(frame)
        since = pd.Timestamp(self.terms.since(self.known))
        now = self._charged(skus, skus["entered_on"], "rate")
        then = self._charged(skus, pd.Series(since, index=skus.index), "rate_before")
        keep = _decided(skus, now, faults, self.file.table.path)
        rows = [each[keep].reset_index(drop=True) for each in (skus, now, then)]
        authorities = self.compiled.manifest["authorities"]
        void = [name in self.known.void for name in authorities]
        done = priced(*rows, form=self.terms.form, void=void, floor=self.terms.floor,
                      extra=self.file.extra)  # fmt: skip
        return self._with_fees(done, rows[0])

    def _completed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with what the terms and the schedule supply."""
        skus = frame.copy()
        if self.terms.elasticity is not None:
            skus["demand_elasticity"] = skus["demand_elasticity"].fillna(self.terms.elasticity)
        skus["customs_value"] = skus["customs_value"] / skus["per"].fillna(1.0)
        skus["metal_content"] = skus["metal_content"].fillna(_metal_of(skus["hts"], self.compiled))
        if "units" not in self.file.columns:
            skus["units"] = 1.0
        usual = dict(self.terms.claims or {})
        rows = zip(skus["spi"], skus["use"], skus["claims"], strict=True)
        claimed: list[Any] = [{**usual, **dict(a), **dict(b), **dict(c)} for a, b, c in rows]
        free = [any(claims.get(name, 0.0) == 1 for name in _FREEING) for claims in claimed]
        return skus.assign(claimed=claimed, free_of_fee=free)

    def _charged(self, skus: pd.DataFrame, days: Any, stated: str) -> pd.DataFrame:
        """Return the rows charged on their days, each under its own claims; a rate stated wins."""
        import pandas as pd

        lines = pd.DataFrame(
            {
                "hts": skus["hts"],
                "origin": skus["origin"],
                "entered_on": days,
                "metal_low": skus["metal_content"].fillna(0.0),
                "metal_high": skus["metal_content"].fillna(1.0),
                "quantity_per_dollar": skus["duty_quantity"]
                / (skus["customs_value"] * skus["dutiable_share"].fillna(1.0)),
            }
        )
        keys = skus["claimed"].map(lambda claims: tuple(sorted(claims.items())))
        coded = (skus["hts"] != "") & (skus["origin"] != "")
        parts = []
        for key in dict.fromkeys(keys[coded]):
            rows = lines[coded & (keys == key)]
            charged = self.engine_of(dict(key)).charge_frame(rows.reset_index(drop=True))
            parts.append(charged.set_axis(rows.index))
        if not parts:
            parts.append(self.engine_of({}).charge_frame(_any_line(self.known, days)).iloc[:0])
        charged = pd.concat(parts).reindex(skus.index)
        return _stated(charged, skus[stated], skus["rate"].notna())

    def _with_fees(self, done: pd.DataFrame, skus: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with the fees of customs, and the interest on what is paid back."""
        ends = fees(skus, self.terms.charges)
        growth = self._growth(done["entered_on"])
        for end, fee in zip(ENDS, ends, strict=True):
            done[f"fees_usd_{end}"] = fee
            done[f"line_fees_usd_{end}"] = fee * skus["units"].to_numpy()
            done[f"line_interest_usd_{end}"] = (done[f"line_void_duty_usd_{end}"] * growth).round(2)
        return done

    def _growth(self, days: pd.Series[Any]) -> Any:
        if self.terms.refunded_on is None or not self.terms.charges:
            return float("nan")
        grown = {
            day: interest_growth(
                self.terms.charges, day.date(), self.terms.refunded_on,
                corporation=self.terms.corporation,
            )
            for day in days.unique()
        }  # fmt: skip
        return days.map(grown).to_numpy()


def _any_line(known: KnownGoods, days: pd.Series[Any]) -> pd.DataFrame:
    """Return one line, for the columns of its charge."""
    import pandas as pd

    return pd.DataFrame(
        {
            "hts": [min(known.codes)], "origin": [min(known.origins or ["CHN"])],
            "entered_on": days.iloc[:1].to_numpy(), "metal_low": [0.0], "metal_high": [1.0],
            "quantity_per_dollar": [0.0],
        }
    )  # fmt: skip


def _stated(
    charged: pd.DataFrame, rate: pd.Series[float], of_file: pd.Series[bool]
) -> pd.DataFrame:
    """Return charged lines, those with a rate in the file charged that and nothing else."""
    filled = charged.copy()
    filled["known_rate"] = of_file
    numbers = [n for n in filled.columns if n.startswith(("part_", "specific_"))]
    numbers = [n for n in numbers if n != "specific_unit"]
    for name in numbers:
        filled[name] = filled[name].where(~of_file, 0.0)
    filled["specific_unit"] = filled["specific_unit"].where(~of_file, "")
    for end in ENDS:
        filled[f"rate_{end}"] = filled[f"rate_{end}"].where(~of_file, rate)
    for name in ("needs_metal", "needs_claim", "needs_use"):
        filled[name] = filled[name].where(~of_file, False).fillna(False).astype(bool)
    filled["known"] = filled["known"].where(~of_file, True).fillna(False).astype(bool)
    return filled


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
