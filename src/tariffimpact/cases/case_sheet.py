"""The sheet of a case on which prices are formulas over the cells of its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tariffimpact.cases import formulas
from tariffimpact.cases.case import Case
from tariffimpact.cases.figures import RULE_NAMES
from tariffimpact.cases.input_words import is_fraction
from tariffimpact.cases.product import CaseProduct
from tariffimpact.uncertainty import Inputs
from tariffimpact.writing import sheet_look

_LABELS: Final = {
    "old_price": "Old price",
    "new_price": "New price",
    "price_change": "Price rise, fraction",
    "customs_share": "Customs value, share of the old price",
    "customs_value": "Customs value given",
    "metal_grams": "Metal, grams",
    "metal_price_per_tonne": "Metal price per tonne",
    "dutiable_share": "Dutiable share of the customs value",
    "exporter_cut": "Cut of the exporter's price",
    "caused_share": "Share of the rise the tariff caused",
    "cost_share": "Unit cost, share of the old price",
    "unit_cost": "Unit cost given",
    "demand_elasticity": "Demand elasticity at the old price",
    "buyers_share": "Share of buyers at the old price",
    "units": "Units a year at the old price",
}
_FIRST_COLUMN: Final = 3


class CaseSheet:
    """The sheet of inputs and formulas while it is filled, row by row."""

    def __init__(self, sheet: Any, solver: Any, case: Case) -> None:
        self.sheet, self.solver, self.case = sheet, solver, case
        self.row = 1
        self.cells: list[dict[str, str]] = [{} for _ in case.products]

    def fill(self) -> None:
        """Write title, inputs and results."""
        self._heading(self.case.title)
        self._heading(self.case.file.question)
        self._heading("Blue cells are inputs, at the middle of their ranges; the rest follows.")
        self.row += 1
        self._names()
        self.sheet.freeze_panes = f"{letter(_FIRST_COLUMN)}{self.row}"
        self._tariffs()
        inputs = [_inputs(item) for item in self.case.products]
        for name, label in _LABELS.items():
            if any(name in given for given in inputs):
                self._line(name, label, [given.get(name) for given in inputs], given=True)
        self._part("Results")
        for name, label, cells in self._results():
            self._line(name, label, cells)
        sheet_look.widths(self.sheet, [46, 18, *(24 for _ in inputs)])
        self._draw()
        sheet_look.for_print(self.sheet, one_page=True)

    def _draw(self) -> None:
        """Draw the price of each product under each rule, from cells that follow the results."""
        rules = [rule for rule in ("old_price", *RULE_NAMES)
                 if any(rule in cells for cells in self.cells)]  # fmt: skip
        self._part("Prices, as the chart has them")
        first, columns = self.row, range(_FIRST_COLUMN, _FIRST_COLUMN + len(self.cells))
        for rule in rules:
            words = "Old price" if rule == "old_price" else _rule_label(rule)
            self._line(f"drawn_{rule}", words, [
                f"={cells[rule]}" if rule in cells else None for cells in self.cells
            ])  # fmt: skip
        chart = sheet_look.bars(
            self.sheet, title=f"Price, {self.case.currency}", names=(1, first, self.row - 1),
            values={item.name: column for item, column
                    in zip(self.case.products, columns, strict=True)},
            form=sheet_look.axis_form(self.case.currency, 0),
        )  # fmt: skip
        self.sheet.add_chart(chart, f"A{self.row + 1}")

    def _part(self, words: str) -> None:
        """Begin a part of the sheet, with a blank row before it."""
        self.row += 1
        put(self.sheet.cell(self.row, 1), words)
        last = _FIRST_COLUMN + len(self.cells)
        sheet_look.section(self.sheet.cell(self.row, column) for column in range(1, last))
        self.row += 1

    def _heading(self, text: str) -> None:
        cell = self.sheet.cell(self.row, 1)
        put(cell, text)
        if self.row == 1:
            sheet_look.title(cell)
        self.row += 1

    def _names(self) -> None:
        put(self.sheet.cell(self.row, 1), "Inputs")
        put(self.sheet.cell(self.row, 2), f"Money in {self.case.currency}")
        for column, item in enumerate(self.case.products, start=_FIRST_COLUMN):
            put(self.sheet.cell(self.row, column), item.name)
        places = range(_FIRST_COLUMN - 1, _FIRST_COLUMN - 1 + len(self.cells))
        sheet_look.head(self.sheet[self.row], places)
        self.row += 1

    def _tariffs(self) -> None:
        """Write the two rates, one cell each for all products."""
        old = Inputs({"x": self.case.duty.old_rate}).central()["x"]
        new = old + Inputs({"x": self.case.duty.change}).central()["x"]
        rates = {"old_tariff": ("Tariff before", old), "new_tariff": ("Tariff after", new)}
        for name, (label, rate) in rates.items():
            self._line(name, label, [rate], given=True)
            at = f"${letter(_FIRST_COLUMN)}${self.row - 1}"
            for cells in self.cells:
                cells[name] = at

    def _line(self, name: str, label: str, values: list[Any], *, given: bool = False) -> None:
        """Write one row; formulas have the cells they name put in."""
        if all(value is None for value in values):
            return
        put(self.sheet.cell(self.row, 1), label)
        for n, value in enumerate(values):
            if value is None:
                continue
            cell = self.sheet.cell(self.row, _FIRST_COLUMN + n)
            cell.value = value.format(**self.cells[n]) if isinstance(value, str) else value
            cell.number_format = _number_format(name, self.case.currency)
            self.cells[n][name] = cell.coordinate
            if given:
                sheet_look.may_change(cell)
        self.row += 1

    def _results(self) -> Iterator[tuple[str, str, list[str | None]]]:
        """Yield the rows of results, each written before the next is asked for."""
        items = self.case.products
        yield (
            "value",
            "Customs value per unit",
            [formulas.VALUE[next(iter(i.customs))] for i in items],
        )
        cut = [item.exporter_cut != 0 for item in items]
        yield (
            "duty",
            "Rise of the duty per unit",
            [formulas.DUTY_AFTER_CUT if has else formulas.DUTY for has in cut],
        )
        yield (
            "cost_rise",
            "Rise of the unit cost",
            [formulas.COST_RISE_AFTER_CUT if has else formulas.COST_RISE for has in cut],
        )
        yield "full", "Rise that passes the duty on in full", [formulas.FULL for _ in items]
        changed = [formulas.CHANGED_PRICE if i.price.change is not None else None for i in items]
        if any(changed):
            yield "new_price", "New price", changed
        rated = [formulas.RATE if item.has_rise else None for item in items]
        yield "rate", "Pass-through rate", rated
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
    if is_fraction(name) or name == "full":
        return "0.0%"
    if name in ("rate", "demand_elasticity"):
        return "0.00"
    if name == "metal_grams" or name.endswith(("units", "volume")):
        return "#,##0.##"
    return sheet_look.money_form(currency)


def letter(column: int) -> str:
    """Return the letters of a column, counted from 1."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))


def put(cell: Any, text: str) -> None:
    """Write text as text: a name that starts like a formula is none."""
    cell.value = text
    cell.data_type = "s"
