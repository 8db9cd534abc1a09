"""A case as a workbook with live formulas: change a tariff cell and the price cells follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tariffimpact.cases import formulas
from tariffimpact.cases.case import Case
from tariffimpact.cases.figures import RULE_NAMES
from tariffimpact.cases.input_words import LABELS, unit_of
from tariffimpact.cases.product import CaseProduct
from tariffimpact.cases.workbook import (
    FormulaSheet,
    book_bytes,
    letter,
    new_book,
    put,
    write_book,
    write_sources,
    write_table,
)
from tariffimpact.uncertainty import Inputs
from tariffimpact.writing import sheet_look

_FIRST_COLUMN: Final = 3


def write_workbook(case: Case, path: Path) -> Path:
    """Write a case as a workbook.

    Parameters
    ----------
    case
        What to write; every range stands at its middle, and the ranges' answers beside it.
    path
        The file, ending in .xlsx.

    Raises
    ------
    ModelError
        If openpyxl is not installed, or the name does not end in .xlsx.
    DataError
        If the file cannot be written.
    """
    return write_book(path, workbook_bytes(case))


def workbook_bytes(case: Case) -> bytes:
    """Return a case as a workbook: the same case, the same bytes.

    Sheets: `Case` (inputs in blue, results as formulas), `Solver` (Newton's method for prices
    without a closed form), `Ranges` (answers over the ranges, as values), `Sources`.

    Raises
    ------
    ModelError
        If openpyxl is not installed.
    """
    book = new_book("Case")
    solver = book.create_sheet("Solver")
    _CaseSheet(book["Case"], solver, case).fill()
    write_table(book.create_sheet("Ranges"), case.answers(), case.currency)
    write_sources(book.create_sheet("Sources"), case.sources)
    if solver.max_row > 1:
        sheet_look.for_print(solver)
    else:
        book.remove(solver)
    return book_bytes(book)


class _CaseSheet(FormulaSheet):
    """The sheet of a case on which prices are formulas, a column for each product."""

    def __init__(self, sheet: Any, solver: Any, case: Case) -> None:
        super().__init__(sheet, case.currency)
        self.solver, self.case = solver, case
        self.cells: list[dict[str, str]] = [{} for _ in case.products]
        """Where each input and result of a product stands."""

    def fill(self) -> None:
        """Write title, inputs and results."""
        items = self.case.products
        self.say(
            self.case.title,
            self.case.file.question,
            "Blue cells are inputs, at the middle of their ranges; the rest follows.",
        )
        heads = ("Inputs", f"Money in {self.currency}", *(item.name for item in items))
        self.head(heads, range(_FIRST_COLUMN - 1, len(heads)))
        self.sheet.freeze_panes = f"{letter(_FIRST_COLUMN)}{self.row}"
        self._tariffs()
        inputs = [_inputs(item) for item in items]
        for name, label in LABELS.items():
            self._line(name, label, [given.get(name) for given in inputs])
        self._part("Results")
        for name, label, cells in self._results():
            self._line(name, label, cells)
        sheet_look.widths(self.sheet, [46, 18, *(24 for _ in inputs)])
        self._part("Prices, as the chart has them")
        first = self.row
        for rule in ("old_price", *RULE_NAMES):
            words = "Old price" if rule == "old_price" else _rule_label(rule)
            drawn = [f"={cells[rule]}" if rule in cells else None for cells in self.cells]
            self._line(f"drawn_{rule}", words, drawn)
        columns = {item.name: _FIRST_COLUMN + n for n, item in enumerate(items)}
        self.draw("Price", columns, first, 0)

    def _part(self, words: str) -> None:
        """Begin a part of the sheet, with a blank row before it."""
        self.row += 1
        put(self.sheet.cell(self.row, 1), words)
        last = _FIRST_COLUMN + len(self.cells)
        sheet_look.section(self.sheet.cell(self.row, column) for column in range(1, last))
        self.row += 1

    def _tariffs(self) -> None:
        """Write the two rates, one cell each for all products."""
        old = Inputs({"x": self.case.duty.old_rate}).central()["x"]
        new = old + Inputs({"x": self.case.duty.change}).central()["x"]
        rates = {"old_tariff": ("Tariff before", old), "new_tariff": ("Tariff after", new)}
        for name, (label, rate) in rates.items():
            self._line(name, label, [rate])
            at = f"${letter(_FIRST_COLUMN)}${self.row - 1}"
            for cells in self.cells:
                cells[name] = at

    def _line(self, name: str, label: str, values: list[Any]) -> None:
        """Write one row where a product has it; formulas have the cells they name put in."""
        if all(value is None for value in values):
            return
        written = [
            value.format(**cells) if isinstance(value, str) else value
            for value, cells in zip(values, self.cells, strict=False)
        ]
        form = _number_format(name, self.currency)
        places = self.line(label, written, form, first=_FIRST_COLUMN)
        for cells, place in zip(self.cells, places, strict=False):
            if place is not None:
                cells[name] = place

    def _results(self) -> Iterator[tuple[str, str, list[str | None]]]:
        """Yield the rows of results, each written before the next is asked for."""
        items = self.case.products
        made_of = [formulas.VALUE[next(iter(item.customs))] for item in items]
        yield "value", "Customs value per unit", list(made_of)
        cut = [item.exporter_cut != 0 for item in items]
        duty = [formulas.DUTY_AFTER_CUT if has else formulas.DUTY for has in cut]
        yield "duty", "Rise of the duty per unit", list(duty)
        rise = [formulas.COST_RISE_AFTER_CUT if has else formulas.COST_RISE for has in cut]
        yield "cost_rise", "Rise of the unit cost", list(rise)
        yield "full", "Rise that passes the duty on in full", [formulas.FULL for _ in items]
        changed = [_if(item.price.change is not None, formulas.CHANGED_PRICE) for item in items]
        yield "new_price", "New price", changed
        yield "rate", "Pass-through rate", [_if(item.has_rise, formulas.RATE) for item in items]
        yield "dollar", _rule_label("dollar"), [formulas.DOLLAR for _ in items]
        costs = [_cost(item) for item in items]
        yield "cost", "Unit cost before", costs
        with_cost = [cost is not None for cost in costs]
        yield "new_cost", "Unit cost after", [_if(has, formulas.NEW_COST) for has in with_cost]
        yield "percent", _rule_label("percent"), [_if(has, formulas.PERCENT) for has in with_cost]
        forms = [item.demand.form if item.demand and item.rules[2:] else None for item in items]
        for n, form in enumerate(forms):
            if form in ("isoelastic", "logit"):
                _solve(self.solver, n, items[n].name, form, self.cells[n])
        yield "profit", _rule_label("profit"), [form and formulas.PROFIT[form] for form in forms]
        best = [form and formulas.MAXIMISE[form] for form in forms]
        yield "maximise", _rule_label("maximise"), best
        yield from self._outcomes(forms)

    def _outcomes(self, forms: list[Any]) -> Iterator[tuple[str, str, list[str | None]]]:
        """Yield volume and profit under each rule."""
        for rule in ("before", *RULE_NAMES):
            at, cost = ("old_price", "{cost}") if rule == "before" else (rule, "{new_cost}")
            known = [form if form and at in self.cells[n] else None for n, form in enumerate(forms)]
            volume = [
                form and _guard(at, formulas.VOLUME[form].replace("{price}", f"{{{at}}}"))
                for form in known
            ]
            words = "before" if rule == "before" else f"at the {RULE_NAMES[rule]}"
            yield f"{rule}_volume", f"Units {words}", volume
            profit = _guard(at, f"=({{{at}}}-{cost})*{{{rule}_volume}}")
            yield f"{rule}_profit", f"Profit {words}", [form and profit for form in known]


def _guard(price: str, formula: str) -> str:
    """Return a formula that is blank where there is no price."""
    return f'=IF(ISNUMBER({{{price}}}),{formula.removeprefix("=")},"")'


def _solve(solver: Any, n: int, name: str, form: str, cells: dict[str, str]) -> None:
    """Write Newton's method for one product; its cells refer to the first sheet."""
    there = {key: f"Case!{at}" for key, at in cells.items()}
    low, high, odds = (letter(1 + 4 * n + place) for place in range(3))
    put(solver[f"{low}1"], f"{name}: log price ratio, then the other side, then the odds")
    solver[f"{low}2"] = formulas.start(form).format(**there)
    last = 2 + formulas.STEPS
    for row in range(3, last + 1):
        before = f"{low}{row - 1}"
        solver[f"{low}{row}"] = formulas.step(form).format(u=before, **there)
    solver[f"{high}2"] = formulas.mirror(form).format(low=f"{low}{last}", **there)
    for row in range(3, last + 1):
        solver[f"{high}{row}"] = formulas.step(form).format(u=f"{high}{row - 1}", **there)
    solver[f"{high}{last + 1}"] = formulas.held(form).format(u=f"{high}{last}", **there)
    cells["held"] = f"Solver!{high}{last + 1}"
    if form == "logit":
        solver[f"{odds}2"] = formulas.lambert_start().format(**there)
        for row in range(3, last + 1):
            solver[f"{odds}{row}"] = formulas.lambert_step().format(w=f"{odds}{row - 1}", **there)
        cells["lambert"] = f"Solver!{odds}{last}"


def _inputs(item: CaseProduct) -> dict[str, float]:
    """Return a product's inputs at the middle of their ranges."""
    stated = item.all_inputs() | {"units": item.units}
    return {
        k: x
        for k, x in Inputs(stated).central().items()
        if k not in ("tariff_change", "old_tariff", "fixed_cost")
    }


def _cost(item: CaseProduct) -> str | None:
    for name in item.cost:
        return formulas.COST[name]
    return formulas.COST["no_other_cost"] if item.no_other_cost else None


def _if(condition: bool, formula: str) -> str | None:
    return formula if condition else None


def _rule_label(rule: str) -> str:
    return RULE_NAMES[rule][0].upper() + RULE_NAMES[rule][1:]


def _number_format(name: str, currency: str) -> str:
    if unit_of(name) == "fraction" or name in ("full", "new_tariff"):
        return "0.0%"
    if name in ("rate", "demand_elasticity"):
        return "0.00"
    if name == "metal_grams" or name.endswith(("units", "volume")):
        return "#,##0.##"
    return sheet_look.money_form(currency)
