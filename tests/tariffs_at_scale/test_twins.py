"""The arithmetic of one rate and the expression for many lines say the same of any schedule."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from sampled import examples
from tariffimpact.facts import DutyBase, DutyKind
from tariffimpact.interval import Interval
from tariffimpact.tariffs import CompiledSchedule, Schedule
from tariffimpact.tariffs.engines import engine
from tariffimpact.tariffs.layers import schedule_layers
from tariffimpact.tariffs.line_charges import charge_few
from tariffimpact.tariffs.windows import (
    DUTY,
    EXEMPTION,
    FORMAT,
    PREFERENCE,
    WAIVER,
    Window,
    window_frame,
)

AUTHORITIES = ("MFN", "Section 232", "Section 301", "Section 122", "IEEPA", "By use")
ORIGINS = (
    "AUS", "BEL", "BRA", "CAN", "CHN", "DEU", "ESP", "FRA", "GBR", "IDN",
    "IND", "ITA", "JPN", "KOR", "MEX", "MYS", "NLD", "SWE", "THA", "VNM",
)  # fmt: skip
LINES = tuple(f"9504{n:02}00" for n in range(len(ORIGINS)))
"""Each case of a schedule has its own line and origin: one question puts them all."""
DAY = date(2025, 9, 1)
shares = st.sampled_from([0.0, 0.1, 0.15, 0.25, 0.5, 1.0])
rates = st.sampled_from([0.0, 0.03, 0.05, 0.1, 0.15, 0.25, 0.5])
dollars = st.sampled_from([0.0, 0.0, 0.5, 1.0, 2.0])


@st.composite
def spans(draw, values):
    low, high = sorted((draw(values), draw(values)))
    return low, high


@st.composite
def duties(draw, authority, scope, displacing):
    others = [name for name in AUTHORITIES if name != authority]
    low, high = draw(st.one_of(spans(rates), rates.map(lambda x: (x, x))))
    usd = draw(st.one_of(st.just((0.0, 0.0)), spans(dollars)))
    kind = draw(st.sampled_from([k for k in DutyKind if authority != "MFN" or k != "replace"]))
    replaces = draw(st.lists(st.sampled_from(others), max_size=2, unique=True))
    return Window(
        *scope, authority, DUTY, kind, draw(st.sampled_from(DutyBase)), low, high, *usd,
        "kg" if usd[1] else "",
        "|".join(draw(st.lists(st.sampled_from(displacing), max_size=3, unique=True))),
        "|".join(replaces) if kind == "replace" else "", f"{authority} on {scope}", 0,
        date(2025, 1, 1), date(2027, 1, 1),
    )  # fmt: skip


@st.composite
def freeing(draw, authority, scope):
    role = draw(st.sampled_from([WAIVER, EXEMPTION, PREFERENCE]))
    low, high = draw(spans(shares))
    return Window(
        *scope, authority, role, "waive", DutyBase.FULL, low, high, 0.0, 0.0, "", "", "",
        f"{role} of {authority} on {scope}", 0, date(2025, 1, 1), date(2027, 1, 1),
    )  # fmt: skip


@st.composite
def cases(draw, line, origin, displacing):
    """The rows of one line and origin: at most one of an authority and role on each scope."""
    rows = [draw(duties("MFN", (line, ""), displacing))]
    seen = {("MFN", DUTY, line, "")}
    for authority in draw(st.lists(st.sampled_from(AUTHORITIES), max_size=6)):
        scope = draw(st.sampled_from([(line, origin), (line, ""), ("", origin)]))
        row = draw(st.one_of(duties(authority, scope, displacing), freeing(authority, scope)))
        if (authority, row.role, *scope) not in seen:
            seen.add((authority, row.role, *scope))
            rows.append(row)
    return rows


@st.composite
def schedules(draw):
    """A schedule in which any three authorities may take another's place."""
    displacing = draw(st.permutations(AUTHORITIES))[:3]
    rows = [
        row
        for line, origin in zip(LINES, ORIGINS, strict=True)
        for row in draw(cases(line, origin, displacing))
    ]
    return compiled_of(rows)


def compiled_of(rows):
    """Return rows as a schedule, each a component of its own."""
    source = {"source_id": "x", "publisher": "P", "title": "T", "url": "https://example.org",
              "kind": "trade", "published_on": "2025-01-01", "accessed_on": "2025-01-01",
              "licence": "none"}  # fmt: skip
    told = {
        row.component_id: {
            "name": row.component_id, "authority": row.authority, "heading": "",
            "claim": f"CLAIM {n % 3}", "legal_reference": "", "status": "in_force",
            "legal_ends_on": None, "source_id": "x", "notes": "",
        }
        for n, row in enumerate(rows)
    }  # fmt: skip
    manifest = {
        "format": FORMAT, "data": "x", "starts_on": "2025-01-01", "ends_on": "2027-01-01",
        "sources_end_on": "2027-01-01",
        "authorities": list(AUTHORITIES), "components": told, "sources": {"x": source},
        "files": {}, "codes": {}, "metal": {},
        "claims": {f"CLAIM {n}": {"question": "", "presumed": "", "weight_under": limit}
                   for n, limit in enumerate((0.15, None, None))},
    }  # fmt: skip
    return CompiledSchedule(window_frame(rows), manifest)


@settings(examples(2), suppress_health_check=list(HealthCheck))
@given(
    schedules(),
    spans(st.sampled_from([0.0, 0.2, 0.3, 0.6, 1.0])),
    st.one_of(st.none(), spans(st.sampled_from([0.0, 0.1, 0.15, 0.2, 1.0]))),
    st.sampled_from([None, 0.05, 0.5]),
    st.dictionaries(st.sampled_from(["CLAIM 0", "CLAIM 1", "CLAIM 2"]), shares, max_size=2),
)
@pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
def test_the_expression_charges_what_the_arithmetic_charges(
    compiled, metal, weight, quantity, claims
):
    lines = pd.DataFrame({"hts": LINES, "origin": ORIGINS, "entered_on": pd.Timestamp(DAY),
                          "metal_low": metal[0], "metal_high": metal[1]})  # fmt: skip
    if quantity is not None:
        lines["quantity_per_dollar"] = quantity
    if weight is not None:
        lines[["weight_low", "weight_high"]] = weight
    with engine(schedule_layers(compiled, claims=claims)) as running:
        found = running.charge_frame(lines)
    _same(found, charge_few(compiled, lines, claims=claims))
    asked = Schedule(compiled, claims=claims)
    for line, row in zip(found.to_dict("records"), LINES, strict=True):
        rate = asked.rate(
            row, line["origin"], DAY, metal_content=Interval(*metal),
            metal_weight=None if weight is None else Interval(*weight),
            quantity_per_dollar=quantity,
        )  # fmt: skip
        _agrees(line, rate)


@pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
def test_a_waiver_leaves_of_a_floor_less_at_the_low_end_and_more_at_the_high():
    """A total of 15% over a general 5%, of which a claim frees a quarter to all: 5% to 12.5%."""
    line, years = "95040000", (date(2025, 1, 1), date(2027, 1, 1))
    rows = [
        Window(line, "", "MFN", DUTY, DutyKind.ADDITIVE, DutyBase.FULL, 0.05, 0.05, 0.0, 0.0, "",
               "", "", "mfn", 0, *years),
        Window(line, "", "IEEPA", DUTY, DutyKind.FLOOR_INCL_MFN, DutyBase.FULL, 0.15, 0.15, 0.0,
               0.0, "", "", "", "floor", 0, *years),
        Window(line, "", "IEEPA", WAIVER, "waive", DutyBase.FULL, 0.25, 1.0, 0.0, 0.0, "", "", "",
               "waiver", 0, *years),
    ]  # fmt: skip
    compiled = compiled_of(rows)
    lines = pd.DataFrame({"hts": [line], "origin": ["JPN"], "entered_on": pd.Timestamp(DAY),
                          "metal_low": 1.0, "metal_high": 1.0})  # fmt: skip
    with engine(schedule_layers(compiled, claims={})) as running:
        found = running.charge_frame(lines).iloc[0]
    few = charge_few(compiled, lines, claims={}).iloc[0]
    rate = Schedule(compiled).rate(line, "JPN", DAY).rate
    for low, high in ((found.rate_low, found.rate_high), (few.rate_low, few.rate_high),
                      (rate.low, rate.high)):  # fmt: skip
        assert (low, high) == pytest.approx((0.05, 0.125), abs=1e-11)


@pytest.mark.parametrize("metal", [(0.0, 0.3), (0.3, 0.6), (1.0, 1.0)])
@pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
def test_a_general_rate_on_metal_beside_a_total_bends_whatever_is_known_of_quantities(metal):
    """g·m + max(0, 50% - g) of a general rate g of 0% to 4.5%, a claim deciding: a grid of g and m.

    The general rate lowers the total in full and is charged on the metal only, so that the rate is
    lowest where it is highest; whether the file has quantities must not matter.
    """
    line, years = "95040000", (date(2025, 1, 1), date(2027, 1, 1))
    rows = [
        Window(line, "", "MFN", DUTY, DutyKind.ADDITIVE, DutyBase.METAL, 0.05, 0.05, 0.0, 0.0, "",
               "", "", "mfn", 0, *years),
        Window(line, "", "MFN", WAIVER, "waive", DutyBase.FULL, 0.1, 1.0, 0.0, 0.0, "", "", "",
               "waiver", 0, *years),
        Window(line, "", "IEEPA", DUTY, DutyKind.TARGET_TOTAL, DutyBase.FULL, 0.5, 0.5, 0.0, 0.0,
               "", "", "", "total", 0, *years),
    ]  # fmt: skip
    g, m = np.meshgrid(np.linspace(0, 0.045, 46), np.linspace(*metal, 31))
    told = g * m + np.maximum(0, 0.5 - g)
    compiled = compiled_of(rows)
    lines = pd.DataFrame({"hts": [line], "origin": ["JPN"], "entered_on": pd.Timestamp(DAY),
                          "metal_low": metal[0], "metal_high": metal[1]})  # fmt: skip
    with engine(schedule_layers(compiled)) as running:
        for asked in (lines, lines.assign(quantity_per_dollar=0.05)):
            for found in (running.charge_frame(asked), charge_few(compiled, asked)):
                ends = found["rate_low"].item(), found["rate_high"].item()
                assert ends == pytest.approx((told.min(), told.max()), abs=1e-11)


def _same(found, few):
    """The expression's columns and those of the arithmetic, which may part a tie elsewise."""
    assert list(few.columns) == list(found.columns)
    for name in found.columns:
        if name.startswith(("rate_", "specific_l", "specific_h")):
            assert few[name].to_numpy() == pytest.approx(found[name].to_numpy(), abs=1e-11), name
        elif not name.startswith("part_"):
            assert few[name].tolist() == found[name].tolist(), name
    for end in ("low", "high"):
        parts = few[[f"part_{i}_{end}" for i in range(len(AUTHORITIES))]].sum(axis=1)
        assert parts.to_numpy() == pytest.approx(few[f"rate_{end}"].to_numpy(), abs=1e-11)


def _agrees(line, rate):
    note(rate.explain())
    for end in ("low", "high"):
        charged = getattr(rate.rate, end)
        assert line[f"rate_{end}"] == pytest.approx(charged, abs=1e-11), line
        parts = sum(line[f"part_{i}_{end}"] for i in range(len(AUTHORITIES)))
        assert parts == pytest.approx(charged, abs=1e-11), line
        usd = sum(getattr(part.specific_usd, end) for part in rate.specific)
        assert line[f"specific_{end}"] == pytest.approx(usd, abs=1e-11), line
