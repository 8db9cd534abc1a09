"""A bridge from a duty to earnings as a workbook with live formulas, low and high end apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tariffimpact.cases.case import Case
from tariffimpact.cases.input_words import unit_of
from tariffimpact.cases.workbook import (
    FormulaSheet,
    book_bytes,
    new_book,
    write_book,
    write_sources,
    write_table,
)
from tariffimpact.decisions import duty_cost
from tariffimpact.decisions.bridge import Bridge, input_words
from tariffimpact.decisions.duty_cost import OFFSETS
from tariffimpact.writing import sheet_look

_FORMATS: Final = {"fraction": "0.0%", "basis points": "#,##0", "number": "#,##0.##"}
"""Number format of a unit; of money that of the currency."""


@dataclass(frozen=True, slots=True)
class _Ends:
    """The cells of a figure's low and high end."""

    low: str
    high: str


def write_bridge_workbook(case: Case, path: Path) -> Path:
    """Write the bridge of a case as a workbook; see `bridge_bytes`.

    Raises
    ------
    ModelError
        If the name does not end in .xlsx, or the case has no `[earnings]`.
    DataError
        If the file cannot be written.
    """
    return write_book(path, bridge_bytes(case))


def bridge_bytes(case: Case) -> bytes:
    """Return the bridge of a case as a workbook: the same case, the same bytes.

    Sheets: `Earnings` (inputs in blue, a low and a high end each; accounting as formulas that take
    the end which makes each figure low or high), `Figures` (every figure as a value, those of
    demand too), `Quarters` (where the stock is known), `Sources`.
    """
    found = case.earnings()
    book = new_book("Earnings")
    _BridgeSheet(book["Earnings"], case, found).fill()
    write_table(book.create_sheet("Figures"), found.to_frame(), found.currency)
    if "months_of_stock" in found.inputs:
        write_table(book.create_sheet("Quarters"), found.quarters(), found.currency)
    write_sources(book.create_sheet("Sources"), case.sources)
    return book_bytes(book)


class _BridgeSheet(FormulaSheet):
    """The sheet of a bridge: a column for the low and one for the high end of each figure."""

    def __init__(self, sheet: Any, case: Case, found: Bridge) -> None:
        super().__init__(sheet, found.currency)
        self.case, self.found = case, found
        self.at: dict[str, _Ends] = {}

    def fill(self) -> None:
        """Write title, inputs and formulas."""
        self.say(
            self.case.title,
            self.case.file.question,
            f"Blue cells are inputs, all money in {self.currency}; the rest follows. Change "
            "both ends of an input that is one number.",
        )
        self._part("Inputs")
        self.sheet.freeze_panes = f"B{self.row}"
        inputs = self.found.inputs
        for name, span in inputs.items():
            words = input_words(name)
            ends = (span.low, span.high)
            self._line(name, words[:1].upper() + words[1:], ends, unit_of(name))
        self.row += 1
        self._part("What follows")
        for key, label, (low, high), unit in _formulas(inputs, self.at):
            self._line(key, label, (f"={low}", f"={high}"), unit)
        sheet_look.widths(self.sheet, (58, 20, 20))
        self.row += 1
        self._part("Costs, as the chart has them")
        first = self.row
        for key, words in _COSTS.items():
            if key in self.at:
                cells = (f"={self.at[key].low}", f"={self.at[key].high}")
                self._line(f"drawn_{key}", words, cells, "money")
        known = [inputs[name] for name in ("gross", "net") if name in inputs]
        largest = max((span.magnitude.high for span in known), default=1e9)
        self.draw("Cost of the duty", {"Low": 2, "High": 3}, first, largest)

    def _part(self, words: str) -> None:
        self.head((words, "Low", "High"), (1, 2))

    def _line(self, key: str, label: str, ends: tuple[float | str, ...], unit: str) -> None:
        """Write one row; an open end is said to be open."""
        money = sheet_look.money_form(self.currency, 2 if unit == "count" else 0)
        low, high = self.line(label, ends, _FORMATS.get(unit, money), first=2)
        self.at[key] = _Ends(str(low), str(high))


_COSTS: Final = {"gross": "Gross cost", "net": "Net cost", "for_price": "Cost left for prices"}


Line = tuple[str, str, tuple[str, str], str]
"""Key, label, formulas of both ends, unit."""


def _formulas(x: Mapping[str, object], at: Mapping[str, _Ends]) -> Iterator[Line]:
    """Yield the rows of accounting, each written before the next is asked for."""
    yield from _costs(x, at)
    cost = at["net"]
    if "sales" in x:
        for key, label in (("gross", "Gross cost"), ("net", "Cost")):
            if key in at:
                yield f"{key}_bp", f"{label} of sales, basis points", _over(
                    at[key], at["sales"], "10000*"
                ), "basis points"  # fmt: skip
        left = at["for_price"]
        yield "rise_dollar", "Rise that holds gross profit in money, at the same volume", _over(
            left, at["sales"]
        ), "fraction"  # fmt: skip
        if "cost_of_goods" in x:
            yield "rise_percent", "Rise that holds gross margin in per cent", _over(
                left, at["cost_of_goods"]
            ), "fraction"  # fmt: skip
    if "operating_income" in x:
        income = at["operating_income"]
        yield "income_after", "Operating income after", (
            f"{income.low}-{cost.high}", f"{income.high}-{cost.low}"
        ), "money"  # fmt: skip
    if "shares_outstanding" in x:
        kept = "" if "tax_rate" not in x else "*(1-{tax})"
        low, high = _over(cost, at["shares_outstanding"])
        tax = at.get("tax_rate", _Ends("0", "0"))
        yield "per_share", "Cost per share", (
            low + kept.format(tax=tax.high), high + kept.format(tax=tax.low)
        ), "count"  # fmt: skip


def _costs(x: Mapping[str, object], at: Mapping[str, _Ends]) -> Iterator[Line]:
    """Yield gross cost, what offsets take off, and the net cost."""
    parts = duty_cost.places(x)
    if parts:
        ends = []
        for end in ("low", "high"):
            months = getattr(at["months"], end)
            duties = [
                f"{getattr(at[f'customs_value{p}'], end)}*{getattr(at[f'tariff_change{p}'], end)}"
                for p in parts
            ]
            ends.append(f"({'+'.join(duties)})*{months}/12")
        yield "gross", "Gross cost", (ends[0], ends[1]), "money"
    if "net" in at:
        yield "for_price", "Cost left for prices", (at["net"].low, at["net"].high), "money"
        return
    gross = at["gross"]
    for key, label, answers in (
        ("net", "Net cost", tuple(OFFSETS)),
        ("for_price", "Cost left for prices", tuple(by for by in OFFSETS if by != "price")),
    ):
        low = _less(gross.low, [n.high for n in _offsets(at, "offset_share_", answers)],
                    [n.high for n in _offsets(at, "offset_", answers)])  # fmt: skip
        high = _less(gross.high, [n.low for n in _offsets(at, "offset_share_", answers)],
                     [n.low for n in _offsets(at, "offset_", answers)])  # fmt: skip
        yield key, label, (low, high), "money"


def _offsets(at: Mapping[str, _Ends], prefix: str, answers: tuple[str, ...]) -> list[_Ends]:
    return [at[f"{prefix}{by}"] for by in answers if f"{prefix}{by}" in at]


def _less(gross: str, shares: list[str], money: list[str]) -> str:
    part = f"*(1-{'-'.join(shares)})" if shares else ""
    return "".join([f"{gross}{part}", *(f"-{cell}" for cell in money)])


def _over(top: _Ends, bottom: _Ends, factor: str = "") -> tuple[str, str]:
    """Return a quotient's low and high end; the divisor is above 0."""
    return f"{factor}{top.low}/{bottom.high}", f"{factor}{top.high}/{bottom.low}"
