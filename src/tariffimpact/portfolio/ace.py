"""Entry summaries from ACE: the headings of chapter 99 folded into their line, and the refund.

The report ES-003 has one row a tariff number: the goods of a line, and each heading of chapter 99
that is charged on them. A line is charged once, so its rows are one here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.errors import DataError, Fault
from tariffimpact.facts import CustomsCharge
from tariffimpact.facts.fields import DayOrder, NumberStyle, day, number
from tariffimpact.facts.partners import read_country
from tariffimpact.facts.user_tables import Chunk, Columns, open_table, read_cells
from tariffimpact.portfolio.fees import interest_growth
from tariffimpact.portfolio.layouts import ACE, names_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

VOID_HEADINGS: Final = ("990301", "990302")
"""First digits of the headings under which duties of the emergency powers act were entered, all
of which were held void."""
RELIQUIDATION: Final = timedelta(days=90)
"""Days after liquidation in which customs may liquidate again by itself (19 U.S.C. 1501)."""
PROTEST: Final = timedelta(days=180)
"""Days after liquidation in which the importer may protest (19 U.S.C. 1514(c)(3))."""
MAX_BYTES: Final = 4_000_000_000
_DAYS: Final = ("entered_on", "deposited_on", "liquidated_on")
_COLUMNS: Final = Columns(
    ("entry", "entry_line", "hts", "customs_value", "duty", "entered_on"),
    ("ordinal", "origin", "spi", "deposited_on", "liquidated_on", "liquidation"),
    names_of(ACE),
    numbers=frozenset({"customs_value", "duty"}),
    days=frozenset(_DAYS),
)
_STANDINGS: Final = (
    "not liquidated", "liquidated less than 90 days ago", "open to protest", "final",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entries:
    """The rows of an ES-003 report."""

    rows: pd.DataFrame
    """`line` (of the file), `entry`, `entry_line`, `hts` (digits), `origin`, `customs_value`,
    `duty` (US dollars), `entered_on`, `deposited_on`, `liquidated_on`, `spi`."""
    described: str

    def folded(self) -> pd.DataFrame:
        """Return one row a line of an entry: its goods, their value, and all duty on them.

        Raises
        ------
        DataError
            Naming each line that has headings of chapter 99 alone.
        """
        rows = self.rows.assign(special=self.rows["hts"].str.startswith(("98", "99")))
        keys = ["entry", "entry_line"]
        goods = rows[~rows["special"]].sort_values("customs_value", ascending=False, kind="stable")
        first = goods.drop_duplicates(keys).set_index(keys)
        duty = rows.groupby(keys)["duty"].sum()
        on_goods = goods.groupby(keys)["customs_value"].sum()
        on_headings = rows[rows["special"]].groupby(keys)["customs_value"].max()
        value = on_goods.where(on_goods > 0, on_headings.reindex(on_goods.index)).fillna(0.0)
        alone = duty.index.difference(first.index)
        if len(alone):
            where = rows.set_index(keys)["line"].groupby(level=keys).min()
            raise DataError(
                Fault(str(where[key]), f"line {key[1]} of entry {key[0]} has headings of chapter "
                      "99 alone", "add the row of the goods", "hts")
                for key in alone[:50]
            )  # fmt: skip
        special = rows[rows["special"]].groupby(keys)["hts"].agg(";".join)
        kept = first[["hts", "origin", "entered_on", "spi"]]
        return kept.assign(
            customs_value=value, duty=duty, headings=special.reindex(kept.index).fillna("")
        ).reset_index()[[*keys, "hts", "origin", "entered_on", "customs_value", "duty",
                         "headings", "spi"]]  # fmt: skip

    def refund(
        self, *, on: date, charges: Sequence[CustomsCharge], corporation: bool = True
    ) -> EntryRefund:
        """Return what is paid back of the duty, by entry and heading, with interest to a day.

        Parameters
        ----------
        on
            The day to which interest runs, and from which protest is judged.
        charges
            Interest by window of days.
        corporation
            Whether the importer is a corporation.
        """
        void = self.rows[self.rows["hts"].str.startswith(VOID_HEADINGS) & (self.rows["duty"] > 0)]
        by = ["entry", "hts", "entered_on", "deposited_on", "liquidated_on"]
        sums = void.groupby(by, dropna=False)[["duty"]].sum().reset_index()
        paid = sums["deposited_on"].fillna(sums["entered_on"])
        grown = {
            paid_on: interest_growth(charges, paid_on.date(), on, corporation=corporation)
            for paid_on in paid.unique()
        }
        frame = sums.rename(columns={"hts": "heading", "duty": "duty_usd"}).assign(
            interest_usd=(sums["duty"] * paid.map(grown).astype("float64")).round(2),
            standing=[_standing(liquidated, on) for liquidated in sums["liquidated_on"]],
            protest_until=sums["liquidated_on"] + PROTEST,
        )
        duty, entries = float(self.rows["duty"].sum()), int(self.rows["entry"].nunique())
        return EntryRefund(frame, on, duty, entries, corporation, self.described)


@dataclass(frozen=True, slots=True, repr=False)
class EntryRefund(Answer):
    """Void duty that is paid back, by entry and heading."""

    frame: pd.DataFrame
    """`entry`, `heading` (digits), `entered_on`, `deposited_on`, `liquidated_on`, `duty_usd`,
    `interest_usd`, `standing`, `protest_until`."""
    on: date
    duty_usd: float
    """All duty of the file."""
    entries: int
    corporation: bool
    described: str

    def summary(self) -> str:
        """Return the refund, its interest, and how much of it stands where."""
        duty, interest = (float(self.frame[n].sum()) for n in ("duty_usd", "interest_usd"))
        if not duty:
            return (
                f"None of the {units.big_money(self.duty_usd, 'USD')} of duty on {self.entries:,} "
                "entries was paid under a heading that was held void."
            )
        text = (
            f"{units.big_money(duty, 'USD')} of the {units.big_money(self.duty_usd, 'USD')} of "
            f"duty on {self.entries:,} entries was paid under headings that were held void and is "
            f"paid back, with {units.big_money(interest, 'USD')} of interest to "
            f"{units.day(self.on)}."
        )
        parts = [f"{units.big_money(amount, 'USD')} is on entries {words}"
                 for words, amount in self._standings()]  # fmt: skip
        return f"{text} Of it {units.listed(parts)}."

    def _standings(self) -> Iterator[tuple[str, float]]:
        sums = self.frame.groupby("standing")["duty_usd"].sum()
        for standing in _STANDINGS:
            if standing in sums.index:
                words = "final, past the 180 days of protest" if standing == "final" else standing
                yield words, float(sums[standing])

    def to_frame(self) -> pd.DataFrame:
        """Return the refund by entry and heading."""
        return self.frame

    def by_heading(self) -> pd.DataFrame:
        """Return the refund by heading and standing, largest first."""
        keys = ["heading", "standing"]
        sums = self.frame.groupby(keys, as_index=False).agg(
            entries=("entry", "nunique"), duty_usd=("duty_usd", "sum"),
            interest_usd=("interest_usd", "sum"),
        )  # fmt: skip
        return sums.sort_values(["duty_usd", *keys], ascending=[False, True, True],
                                ignore_index=True)  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the void duty by heading."""
        from tariffimpact import charts

        sums = self.frame.groupby("heading")["duty_usd"].sum().nlargest(12)
        labels = [f"{code[:4]}.{code[4:6]}.{code[6:8]}" for code in sums.index]
        frame = sums.to_frame("low").assign(label=labels, high=sums.to_numpy())
        return charts.range_bars(
            frame.reset_index(drop=True), form="money", x_label="Void duty paid, US dollars",
            source="the importer's own entry summaries", ax=ax,
        )  # fmt: skip

    def explain(self) -> str:
        """Return the summary and how the figures come about."""
        who = "a corporation" if self.corporation else "an importer that is no corporation"
        return "\n".join(
            [
                self.summary(),
                self.described,
                "Void: duty under headings 9903.01 and 9903.02, the emergency powers act.",
                f"Interest: from the day of deposit (the entry summary, else the entry) to "
                f"{units.day(self.on)}, at the rate of each day for {who}, compounded daily; "
                "customs pays it to the day it liquidates.",
                "Standing: customs may liquidate again within 90 days of liquidation, the importer "
                "may protest within 180; after that a refund needs a court or an order of customs.",
            ]
        )


def read_entries(
    path: Path,
    *,
    rename: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Entries:
    """Read a report ES-003 of ACE, CSV or .xlsx.

    Raises
    ------
    DataError
        With the first 50 faults and the number of the others.
    """
    import pandas as pd

    table = open_table(path, _COLUMNS, rename=rename, encoding=encoding, sheet=sheet,
                       limit=MAX_BYTES)  # fmt: skip
    faults: list[Fault] = []
    frames = []
    for chunk in table.chunks():
        faults.extend(chunk.faults)
        frames.append(_frame(path, chunk, faults))
    faults.sort(key=lambda fault: int(fault.where.rpartition(":")[2]))
    if len(faults) > 50:
        what = f"{len(faults) - 50:,} more cells are wrong"
        faults = [*faults[:50], Fault(str(path), what, "mend those above first")]
    if faults:
        raise DataError(faults)
    return Entries(pd.concat(frames, ignore_index=True), table.described())


def _frame(path: Path, chunk: Chunk, faults: list[Fault]) -> pd.DataFrame:
    """Return the rows of a chunk, putting what is wrong into `faults`."""
    import pandas as pd

    def blame(column: str, place: int, what: str, remedy: str, text: str | None) -> None:
        where = f"{path}:{chunk.lines[place]}"
        faults.append(Fault(where, what, remedy, column, text))

    def read(column: str, reader: Any, blank: Any, *, needed: bool = True) -> list[Any]:
        texts = chunk.columns.get(column, ())
        for place, text in enumerate(texts if needed else ()):
            if not text:
                blame(column, place, "is blank", "fill it in", None)
        return read_cells(chunk, column, reader, lambda *told: blame(column, *told), blank=blank)

    values: dict[str, Any] = {"line": [f"{path}:{line}" for line in chunk.lines]}
    for name in ("entry", "entry_line"):
        values[name] = read(name, str, "")
    values["hts"] = read("hts", _tariff_number, "")
    values["origin"] = read("origin", read_country, "", needed=False)
    values["spi"] = list(chunk.columns.get("spi", ("",) * len(chunk.lines)))
    for name in ("customs_value", "duty"):
        style = chunk.styles.get(name, NumberStyle.POINT)
        values[name] = read(name, lambda text, style=style: number(text, style), 0.0, needed=False)
    for name in _DAYS:
        order = chunk.styles.get(name, DayOrder.MONTH_FIRST)
        values[name] = read(name, lambda text, order=order: day(text, order), None,
                            needed=name == "entered_on")  # fmt: skip
    frame = pd.DataFrame(values)
    for name in _DAYS:
        frame[name] = pd.to_datetime(frame[name])
    return frame


def _tariff_number(text: str) -> str:
    digits = text.replace(".", "").replace(" ", "")
    if not re.fullmatch(r"\d{8}(\d\d)?", digits, re.ASCII):
        if digits.isdigit() and len(digits) in (7, 9):
            raise ValueError(
                f"has {len(digits)} digits: a leading zero was lost; keep the column as text; if "
                f"so, 0{digits}"
            )
        raise ValueError("is not 8 or 10 digits; give the tariff number")
    return digits


def _standing(liquidated: Any, on: date) -> str:
    if liquidated != liquidated:
        return _STANDINGS[0]
    since = on - liquidated.date()
    if since < RELIQUIDATION:
        return _STANDINGS[1]
    return _STANDINGS[2] if since <= PROTEST else _STANDINGS[3]
