"""A case as a workbook with live formulas: change a tariff cell and the price cells follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tariffimpact.cases.case import Case
from tariffimpact.cases.figures import RULE_NAMES
from tariffimpact.cases.input_words import LABELS, unit_of
from tariffimpact.cases.price_answer import NO_PRICE
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
        made_of = [_VALUE[next(iter(item.customs))] for item in items]
        yield "value", "Customs value per unit", list(made_of)
        cut = [item.exporter_cut != 0 for item in items]
        duty = [_DUTY_AFTER_CUT if has else _DUTY for has in cut]
        yield "duty", "Rise of the duty per unit", list(duty)
        rise = [_COST_RISE_AFTER_CUT if has else _COST_RISE for has in cut]
        yield "cost_rise", "Rise of the unit cost", list(rise)
        yield "full", "Rise that passes the duty on in full", [_FULL for _ in items]
        changed = [_if(item.price.change is not None, _CHANGED_PRICE) for item in items]
        yield "new_price", "New price", changed
        yield "rate", "Pass-through rate", [_if(item.has_rise, _RATE) for item in items]
        yield "dollar", _rule_label("dollar"), [_DOLLAR for _ in items]
        costs = [_cost(item) for item in items]
        yield "cost", "Unit cost before", costs
        with_cost = [cost is not None for cost in costs]
        yield "new_cost", "Unit cost after", [_if(has, _NEW_COST) for has in with_cost]
        yield "percent", _rule_label("percent"), [_if(has, _PERCENT) for has in with_cost]
        forms = [item.demand.form if item.demand and item.rules[2:] else None for item in items]
        for n, form in enumerate(forms):
            if form in ("isoelastic", "logit"):
                _solve(self.solver, n, items[n].name, form, self.cells[n])
        yield "profit", _rule_label("profit"), [form and _PROFIT[form] for form in forms]
        best = [form and _MAXIMISE[form] for form in forms]
        yield "maximise", _rule_label("maximise"), best
        yield from self._outcomes(forms)

    def _outcomes(self, forms: list[Any]) -> Iterator[tuple[str, str, list[str | None]]]:
        """Yield volume and profit under each rule."""
        for rule in ("before", *RULE_NAMES):
            at, cost = ("old_price", "{cost}") if rule == "before" else (rule, "{new_cost}")
            known = [form if form and at in self.cells[n] else None for n, form in enumerate(forms)]
            volume = [
                form and _guard(at, _VOLUME[form].replace("{price}", f"{{{at}}}")) for form in known
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
    solver[f"{low}2"] = _start(form).format(**there)
    last = 2 + _STEPS
    for row in range(3, last + 1):
        before = f"{low}{row - 1}"
        solver[f"{low}{row}"] = _step(form).format(u=before, **there)
    solver[f"{high}2"] = _mirror(form).format(low=f"{low}{last}", **there)
    for row in range(3, last + 1):
        solver[f"{high}{row}"] = _step(form).format(u=f"{high}{row - 1}", **there)
    solver[f"{high}{last + 1}"] = _held(form).format(u=f"{high}{last}", **there)
    cells["held"] = f"Solver!{high}{last + 1}"
    if form == "logit":
        solver[f"{odds}2"] = _lambert_start().format(**there)
        for row in range(3, last + 1):
            solver[f"{odds}{row}"] = _lambert_step().format(w=f"{odds}{row - 1}", **there)
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
        return _COST[name]
    return _COST["no_other_cost"] if item.no_other_cost else None


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


# The pricing rules as formulas over named cells.
#
# A formula names its inputs in braces (`{old_price}`); the sheet puts the cells in. Prices are
# worked out in units of the old price, as the library does: `k0` and `k1` are cost before and
# after over the old price.

_STEPS: Final = 80
"""Rows of Newton's method on the solver sheet."""

_VALUE: Final = {
    "customs_share": "={customs_share}*{old_price}",
    "customs_value": "={customs_value}",
    "metal_grams": "={metal_grams}*{metal_price_per_tonne}/1000000",
}
"""Customs value per unit, by the input it is made of."""

_COST: Final = {
    "cost_share": "={cost_share}*{old_price}",
    "unit_cost": "={unit_cost}",
    "no_other_cost": "={value}",
}

_DUTY: Final = "=({new_tariff}-{old_tariff})*{dutiable_share}*{value}"
_DUTY_AFTER_CUT: Final = "=({new_tariff}*(1-{exporter_cut})-{old_tariff})*{dutiable_share}*{value}"
_COST_RISE: Final = "={duty}"
_COST_RISE_AFTER_CUT: Final = "={duty}-{exporter_cut}*{value}"
_FULL: Final = "={duty}/{old_price}"
_RATE: Final = '=IF({duty}=0,"no duty",{caused_share}*({new_price}-{old_price})/{duty})'
_DOLLAR: Final = "={old_price}+{cost_rise}"
_PERCENT: Final = "={old_price}*({cost}+{cost_rise})/{cost}"
_NEW_COST: Final = "={cost}+{cost_rise}"
_CHANGED_PRICE: Final = "={old_price}*(1+{price_change})"

_K0, _K1, _E = "({cost}/{old_price})", "({new_cost}/{old_price})", "{demand_elasticity}"
_A: Final = f"({_E}/(1-{{buyers_share}}))"

_MAXIMISE: Final = {
    "linear": f"=({{new_cost}}+MAX({{old_price}}*(1+1/{_E}),{{new_cost}}))/2",
    "isoelastic": f'=IF({_E}<=1,"no best price",{{new_cost}}*{_E}/({_E}-1))',
    "logit": f"={{new_cost}}+{{old_price}}*(1+{{lambert}})/{_A}",
}

_B: Final = f"(1/{_E}-(1-{_K0})+({_K1}-{_K0}))"
_SPREAD: Final = f"({_B}^2-4*({_K1}-{_K0})/{_E})"
_PROFIT: Final = {
    "linear": (
        f'=IF(OR({_SPREAD}<0,{_K1}>=1+1/{_E}),"{NO_PRICE}",{{old_price}}*(1+IF({_K1}={_K0},0,'
        f"2*({_K1}-{_K0})/{_E}/IF({_B}>=0,{_B}+SQRT({_SPREAD}),{_B}-SQRT({_SPREAD})))))"
    ),
    "isoelastic": "={held}",
    "logit": "={held}",
}

_VOLUME: Final = {
    "linear": f"={{units}}*MAX(0,1-{_E}*({{price}}/{{old_price}}-1))",
    "isoelastic": f"={{units}}*({{price}}/{{old_price}})^(-{_E})",
    "logit": (
        "={units}/({buyers_share}+(1-{buyers_share})"
        f"*EXP(MIN(700,{_A}*({{price}}/{{old_price}}-1))))"
    ),
}

_SHAPE: Final = {
    "isoelastic": (f"(-{_E}*{{u}})", _E),
    "logit": (
        f"(-LN({{buyers_share}}+(1-{{buyers_share}})*EXP(MIN(700,{_A}*(EXP({{u}})-1)))))",
        f"({_A}*EXP({{u}})*(1-{{buyers_share}})*EXP(MIN(700,{_A}*(EXP({{u}})-1)))"
        f"/({{buyers_share}}+(1-{{buyers_share}})*EXP(MIN(700,{_A}*(EXP({{u}})-1)))))",
    ),
}
"""Log volume and elasticity at the log price ratio `u`."""


def _gap(form: str, u: str) -> str:
    """Return ln of the new profit over the old at a log price ratio, without the equals sign."""
    volume = _SHAPE[form][0].replace("{u}", u)
    return f"(LN(MAX(1E-300,EXP({u})-{_K1}))-LN(1-{_K0})+{volume})"


def _start(form: str) -> str:
    """Return where Newton's method starts: outside the root on the old price's side."""
    thin = f"EXP(LN(1-{_K0})-{_SHAPE[form][0].replace('{u}', f'LN({_K1})')})"
    return (
        f"=IF({_K1}>{_K0},IF((1-{_K1})*{_E}<1,LN(1+{_K1}-{_K0}),0),"
        f"IF({_K1}={_K0},0,LN({_K1}+{thin})))"
    )


def _step(form: str) -> str:
    """Return one step of Newton's method from the cell `{u}`."""
    lever = f"(EXP({{u}})/MAX(1E-300,EXP({{u}})-{_K1}))"
    slope = f"({lever}-{_SHAPE[form][1]})"
    return f"=IF({slope}=0,{{u}},{{u}}-MIN(0,{_gap(form, '{u}')})/{slope})"


def _mirror(form: str) -> str:
    """Return the start on the other side of the old price, after a fall of cost."""
    seen = "(2-EXP({low}))"
    short = _gap(form, f"LN({seen})")
    return f"=IF(AND({_K1}<{_K0},{short}<0),LN({seen}),{{low}})"


def _held(form: str) -> str:
    """Return the price that holds profit from the last step, if profit is held there."""
    return f'=IF(ABS({_gap(form, "{u}")})<0.0000001,{{old_price}}*EXP({{u}}),"{NO_PRICE}")'


def _lambert_start() -> str:
    """Return the start for the odds at the best price under logit demand, w + ln w = c."""
    return f"=LN(1+EXP(MIN(700,{_c()})))"


def _lambert_step() -> str:
    """Return one step of Newton's method for it from the cell `{w}`."""
    return f"={{w}}*(1+{_c()}-LN({{w}}))/(1+{{w}})"


def _c() -> str:
    return f"(LN({{buyers_share}}/(1-{{buyers_share}}))+{_A}*(1-{_K1})-1)"
