"""The pricing rules as spreadsheet formulas over named cells.

A formula names its inputs in braces (`{old_price}`); the workbook puts the cells in. Prices are
worked out in units of the old price, as the library does: `k0` and `k1` are cost before and after
over the old price.
"""

from __future__ import annotations

from typing import Final

from tariffimpact.cases.price_answer import NO_PRICE

STEPS: Final = 80
"""Rows of Newton's method on the solver sheet."""

VALUE: Final = {
    "customs_share": "={customs_share}*{old_price}",
    "customs_value": "={customs_value}",
    "metal_grams": "={metal_grams}*{metal_price_per_tonne}/1000000",
}
"""Customs value per unit, by the input it is made of."""

COST: Final = {
    "cost_share": "={cost_share}*{old_price}",
    "unit_cost": "={unit_cost}",
    "no_other_cost": "={value}",
}

DUTY: Final = "=({new_tariff}-{old_tariff})*{dutiable_share}*{value}"
DUTY_AFTER_CUT: Final = "=({new_tariff}*(1-{exporter_cut})-{old_tariff})*{dutiable_share}*{value}"
COST_RISE: Final = "={duty}"
COST_RISE_AFTER_CUT: Final = "={duty}-{exporter_cut}*{value}"
FULL: Final = "={duty}/{old_price}"
RATE: Final = '=IF({duty}=0,"no duty",{caused_share}*({new_price}-{old_price})/{duty})'
DOLLAR: Final = "={old_price}+{cost_rise}"
PERCENT: Final = "={old_price}*({cost}+{cost_rise})/{cost}"
NEW_COST: Final = "={cost}+{cost_rise}"
CHANGED_PRICE: Final = "={old_price}*(1+{price_change})"

_K0, _K1, _E = "({cost}/{old_price})", "({new_cost}/{old_price})", "{demand_elasticity}"
_A: Final = f"({_E}/(1-{{buyers_share}}))"

MAXIMISE: Final = {
    "linear": f"=({{new_cost}}+MAX({{old_price}}*(1+1/{_E}),{{new_cost}}))/2",
    "isoelastic": f'=IF({_E}<=1,"no best price",{{new_cost}}*{_E}/({_E}-1))',
    "logit": f"={{new_cost}}+{{old_price}}*(1+{{lambert}})/{_A}",
}

_B: Final = f"(1/{_E}-(1-{_K0})+({_K1}-{_K0}))"
_SPREAD: Final = f"({_B}^2-4*({_K1}-{_K0})/{_E})"
PROFIT: Final = {
    "linear": (
        f'=IF(OR({_SPREAD}<0,{_K1}>=1+1/{_E}),"{NO_PRICE}",{{old_price}}*(1+IF({_K1}={_K0},0,'
        f"2*({_K1}-{_K0})/{_E}/IF({_B}>=0,{_B}+SQRT({_SPREAD}),{_B}-SQRT({_SPREAD})))))"
    ),
    "isoelastic": "={held}",
    "logit": "={held}",
}

VOLUME: Final = {
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


def gap(form: str, u: str) -> str:
    """Return ln of the new profit over the old at a log price ratio, without the equals sign."""
    volume = _SHAPE[form][0].replace("{u}", u)
    return f"(LN(MAX(1E-300,EXP({u})-{_K1}))-LN(1-{_K0})+{volume})"


def start(form: str) -> str:
    """Return where Newton's method starts: outside the root on the old price's side."""
    thin = f"EXP(LN(1-{_K0})-{_SHAPE[form][0].replace('{u}', f'LN({_K1})')})"
    return (
        f"=IF({_K1}>{_K0},IF((1-{_K1})*{_E}<1,LN(1+{_K1}-{_K0}),0),"
        f"IF({_K1}={_K0},0,LN({_K1}+{thin})))"
    )


def step(form: str) -> str:
    """Return one step of Newton's method from the cell `{u}`."""
    lever = f"(EXP({{u}})/MAX(1E-300,EXP({{u}})-{_K1}))"
    slope = f"({lever}-{_SHAPE[form][1]})"
    return f"=IF({slope}=0,{{u}},{{u}}-MIN(0,{gap(form, '{u}')})/{slope})"


def mirror(form: str) -> str:
    """Return the start on the other side of the old price, after a fall of cost."""
    seen = "(2-EXP({low}))"
    short = gap(form, f"LN({seen})")
    return f"=IF(AND({_K1}<{_K0},{short}<0),LN({seen}),{{low}})"


def held(form: str) -> str:
    """Return the price that holds profit from the last step, if profit is held there."""
    return f'=IF(ABS({gap(form, "{u}")})<0.0000001,{{old_price}}*EXP({{u}}),"{NO_PRICE}")'


def lambert_start() -> str:
    """Return the start for the odds at the best price under logit demand, w + ln w = c."""
    return f"=LN(1+EXP(MIN(700,{_c()})))"


def lambert_step() -> str:
    """Return one step of Newton's method for it from the cell `{w}`."""
    return f"={{w}}*(1+{_c()}-LN({{w}}))/(1+{{w}})"


def _c() -> str:
    return f"(LN({{buyers_share}}/(1-{{buyers_share}}))+{_A}*(1-{_K1})-1)"
