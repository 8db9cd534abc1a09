"""Each chart draws the numbers it was given: they are read back off its bars, lines and texts."""

import math
from datetime import date

import pandas as pd
import pytest
from matplotlib.dates import date2num

from tariffimpact import charts
from tariffimpact.charts.flags import hoist
from tariffimpact.charts.marks import spread
from tariffimpact.charts.style import BLUE, GREY, ORANGE, SKY
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval


def words(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def ticks(axis):
    return [label.get_text() for label in axis.get_majorticklabels()]


def bars(ax):
    """Return every bar's ends along the x axis, as drawn, in order."""
    return [
        pytest.approx(sorted((bar.get_x(), bar.get_x() + bar.get_width()))) for bar in ax.patches
    ]


def lines(ax, points):
    return [line for line in ax.lines if len(line.get_xdata()) == points]


def test_prices_are_joined_and_their_change_is_worked_out():
    frame = pd.DataFrame({"product": ["Pro", "Digital"], "currency": "USD"})
    frame = frame.assign(old_price=[700, 500.0], new_price=[750, 450.0])
    ax = charts.price_dumbbell(frame)
    assert [list(line.get_xdata()) for line in lines(ax, 2)] == [[700, 750], [500, 450]]
    assert {"$700", "$750", "+7.1%", "$500", "$450", "−10.0%"} <= set(words(ax))
    assert ticks(ax.yaxis) == ["Pro", "Digital"]
    assert ax.get_xscale() == "linear"


def test_prices_far_apart_get_a_logarithmic_axis_that_says_so():
    frame = pd.DataFrame({"product": ["can", "car"], "currency": "USD"})
    ax = charts.price_dumbbell(frame.assign(old_price=[1, 40_000], new_price=[1.1, 42_000]))
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "Logarithmic scale"


def test_pass_through_curves_mark_the_share_of_full_pass_through():
    shares = [0.4, 0.5, 0.8]
    frame = pd.concat(
        pd.DataFrame({"product": name, "customs_share": shares, "full_share": full}).assign(
            pass_through_rate=[full / s for s in shares]
        )
        for name, full in (("PS5", 0.6), ("Pro", 1.2), ("Flat", math.nan))
    )
    frame["pass_through_rate"] = frame["pass_through_rate"].fillna(0.0)
    ax = charts.pass_through_curves(frame, plausible=Interval(0.6, 0.9))
    curves = lines(ax, 3)
    assert list(curves[0].get_ydata()) == pytest.approx([1.5, 1.2, 0.75])
    assert [line.get_color() for line in curves] == [ORANGE, BLUE, SKY]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [(list(d.get_xdata()), list(d.get_ydata())) for d in dots] == [([0.6], [1])]
    assert {"60%", "PS5", "Pro", "Flat", "Full pass-through"} <= set(words(ax))
    assert "Assumed share\n60% to 90%" in words(ax)
    assert any(bars(ax)[n] == [0.6, 0.8] for n in range(len(ax.patches)))  # cut to the axis


def tariff_frame():
    rows = [
        ("China", "2025-02-04", 0.1),
        ("China", "2025-04-10", 1.45),
        ("China", "2025-05-14", 0.3),
    ]
    rows += [("Japan", "2025-04-05", 0.1), ("Japan", "2025-08-07", 0.15)]
    frame = pd.DataFrame(rows, columns=["origin", "starts_on", "low"])
    return frame.assign(high=frame["low"])


def test_tariff_steps_hold_to_the_given_day_and_name_what_runs_off_the_top():
    until = date(2026, 8, 1)
    ax = charts.tariff_steps(tariff_frame(), until=until)
    china, japan = (line for line in ax.lines if line.get_drawstyle() == "steps-post")
    assert list(china.get_ydata()) == [0.1, 1.45, 0.3, 0.3]
    assert list(japan.get_ydata()) == [0.1, 0.15, 0.15]
    assert china.get_xdata()[-1] == date2num(until)
    assert japan.get_xdata()[0] == date2num(date(2025, 4, 5))
    assert ax.get_ylim()[1] < 0.6
    assert {"145% on China\nApr 10 to May 13", "China 30%", "Japan 15%"} <= set(words(ax))


def test_tariff_steps_draw_a_band_where_the_rate_is_not_known():
    frame = tariff_frame().assign(high=lambda f: f["low"] + 0.05)
    ax = charts.tariff_steps(frame[frame["origin"] == "Japan"], until=date(2025, 12, 1))
    steps = [list(line.get_ydata()) for line in ax.lines if line.get_drawstyle() == "steps-post"]
    assert [pytest.approx(values) for values in steps] == [[0.15, 0.2, 0.2], [0.1, 0.15, 0.15]]
    assert "Japan 15–20%" in words(ax)


def test_an_unknown_rate_is_named_and_never_drawn_as_zero(layout):
    frame = tariff_frame()
    frame.loc[4, ["low", "high"]] = math.nan
    frame.loc[2, "high"] = math.inf
    ax = charts.tariff_steps(frame, until=date(2026, 1, 1))
    steps = [line for line in ax.lines if line.get_drawstyle() == "steps-post"]
    assert math.isnan(steps[-1].get_ydata()[-1])
    assert "Japan unknown" in words(ax)
    assert "China at least 30%" in words(ax)
    assert layout(ax) == []


def test_events_stand_on_their_days():
    events = pd.DataFrame({"day": ["2025-08-21"], "label": ["Sony +$50"], "detail": ["PS5"]})
    ax = charts.tariff_steps(tariff_frame(), until=date(2026, 1, 1), events=events)
    assert [date2num(date(2025, 8, 21))] * 2 in [list(line.get_xdata()) for line in ax.lines]
    assert {"Sony +$50", "PS5"} <= set(words(ax))


def test_exposure_bars_tell_range_basis_and_period_apart():
    rows = [("Sony", "net", 0.004, 0.004, True), ("GM", "gross", 0.019, 0.024, True)]
    rows += [("Estée", "gross", 0.014, math.inf, True), ("Mattel", "unstated", 0.02, 0.02, False)]
    rows += [("Nintendo", None, math.nan, math.nan, True), ("P&G", "net", 0.0, 0.01, True)]
    columns = ["company", "basis", "low", "high", "same_period"]
    ax = charts.exposure_bars(pd.DataFrame(rows, columns=columns))
    drawn = [patch for patch in ax.patches if patch.get_height() > 0.1]
    ends = [0, 0.004], [0, 0.019], [0.019, 0.024], [0, 0.014], [0, 0.02], [0, 0], [0, 0.01]
    assert bars(ax) == list(ends)
    assert [bool(bar.get_hatch()) for bar in drawn] == [False] * 4 + [True] + [False] * 2
    assert words(ax) == [
        "0.4% net", "1.9–2.4% gross", "at least 1.4% gross",
        "2.0% basis not stated, other period’s sales", "no figure disclosed", "up to 1.0% net",
    ]  # fmt: skip
    arrows = [text for text in ax.texts if text.arrow_patch is not None]
    assert [arrow.xy[0] for arrow in arrows] == [0.014]


def test_a_company_with_two_figures_is_named_once():
    frame = pd.DataFrame({"company": ["P&G"] * 2, "basis": ["gross", "net"], "same_period": True})
    ax = charts.exposure_bars(frame.assign(low=[0.02, 0.01], high=[0.02, 0.01]))
    assert ticks(ax.yaxis) == ["P&G", ""]


def test_response_matrix_draws_the_furthest_stage_and_joins_the_details():
    rows = [("PepsiCo", "pass_on", "considered", "+10%", "may pass on")]
    rows += [("PepsiCo", "pass_on", "announced", "soft drinks", "may pass on")]
    rows += [
        ("Nintendo", "absorb", "done", "", "absorbs"),
        ("Nintendo", "pass_on", "ruled_out", "", "absorbs"),
    ]
    columns = ["company", "response", "stage", "detail", "classified"]
    ax = charts.response_matrix(pd.DataFrame(rows, columns=columns))
    marks = {
        (line.get_xdata()[0], line.get_ydata()[0]): (line.get_marker(), line.get_fillstyle())
        for line in lines(ax, 1)
    }
    assert marks == {(0, 0): ("o", "left"), (1, 1): ("o", "full"), (0, 1): ("x", "full")}
    assert "+10%, soft\ndrinks" in words(ax)
    assert {"may pass on", "absorbs", "Overall"} <= set(words(ax))
    assert len(ticks(ax.xaxis)) == 6


def test_burdens_are_stacked_and_a_windfall_lies_left_of_zero():
    shares = {"consumers": 1.11, "firms": -0.16, "exporter": 0.05}
    frame = pd.DataFrame({"case": "Low", "party": shares.keys(), "burden": shares.values()})
    ax = charts.burden_bars(frame.assign(group="PS5"))
    assert bars(ax) == [[0, 1.11], [-0.16, 0], [1.11, 1.16]]
    assert {"111%", "−16%"} <= set(words(ax))
    assert ticks(ax.yaxis) == ["Low", "PS5"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "Consumers", "US firms", "Foreign exporter",
    ]  # fmt: skip


def test_the_same_case_in_two_groups_is_drawn_twice():
    frame = pd.DataFrame({"case": "Low", "party": "firms", "burden": [0.4, 0.6]})
    assert bars(charts.burden_bars(frame.assign(group=["a", "b"]))) == [[0, 0.4], [0, 0.6]]


def test_ranges_are_bars_dots_and_arrows():
    ends = {
        "low": [0.74, 0.9, 0.69, -math.inf, math.nan],
        "high": [1.11, 0.9, math.inf, 2, math.nan],
    }
    frame = pd.DataFrame({"label": list("abcde"), **ends})
    ax = charts.range_bars(frame, mark=1.0, mark_label="full")
    assert bars(ax) == [[0.74, 1.11]]
    dots = [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o"]
    assert dots == [0.9, 0.69, 2]
    assert words(ax) == ["0.74–1.11", "0.90", "at least 0.69", "at most 2.00", "unknown", "full"]
    arrows = [text for text in ax.texts if text.arrow_patch is not None]
    assert [(arrow.xy[0], arrow.get_position()[0] > 0) for arrow in arrows] == [
        (0.69, True), (2, False),
    ]  # fmt: skip
    assert [1.0, 1.0] in [list(line.get_xdata()) for line in ax.lines]


@pytest.mark.parametrize(
    ("form", "low", "high", "text"),
    [
        ("percent", 0.1, 0.2, "10.0–20.0%"),
        ("percent", -0.1, 0.2, "−10.0% to 20.0%"),
        ("money", 45, 67.5, "$45–$67.50"),
        ("money", 0.015, 0.0321, "$0.015–$0.032"),
        ("money", 3.5e9, 4.5e9, "$3.5bn–$4.5bn"),
    ],
)
def test_ranges_are_worded_in_their_unit(form, low, high, text):
    frame = pd.DataFrame({"label": ["x"], "low": [low], "high": [high]})
    assert words(charts.range_bars(frame, form=form)) == [text]


def test_price_rules_say_that_no_price_does():
    frame = pd.DataFrame({"rule": ["Dollar margin", "Profit"], "price": [112.5, math.nan]})
    ax = charts.price_rules(frame.assign(old_price=100.0, note=["", "best: 94% of it"]))
    assert words(ax) == ["$112.50 (+12.5%)", "no price does", "best: 94% of it", "Old price $100"]
    assert [list(line.get_xdata()) for line in lines(ax, 1)] == [[100], [112.5], [100]]


def test_paths_are_drawn_over_months_or_days():
    frame = pd.DataFrame({"month": [1, 0, 2] * 2, "series": ["a"] * 3 + ["b"] * 3})
    frame["value"] = [110.0, 100.0, 120.0, 210.0, 200.0, 220.0]
    ax = charts.paths(frame)
    assert [list(line.get_ydata()) for line in lines(ax, 3)] == [[100, 110, 120], [200, 210, 220]]
    assert {"a $120", "b $220"} <= set(words(ax))
    days = frame.rename(columns={"month": "day"}).assign(
        day=lambda f: [date(2025, 1 + m, 1) for m in f["day"]], value=lambda f: f["value"] / 1000
    )
    ax = charts.paths(days, form="percent")
    assert ticks(ax.xaxis) == ["Jan\n2025", "Feb", "Mar"]
    assert "b 22.0%" in words(ax)


def test_fan_names_its_quantiles():
    frame = pd.DataFrame({"x": [0, 12], "p05": [500, 524], "p25": [500, 539]})
    ax = charts.fan(frame.assign(p50=[500, 550], p75=[500, 560], p95=[500, 575.4]), mark=0)
    assert words(ax) == ["5th: $524", "25th: $539", "Median: $550", "75th: $560", "95th: $575"]
    wide, narrow = (band.get_paths()[0].get_extents() for band in ax.collections)
    assert (wide.y0, wide.y1, narrow.y0, narrow.y1) == pytest.approx((500, 575.4, 500, 560))


def test_tornado_puts_the_widest_swing_on_top():
    frame = pd.DataFrame({"input": ["Freight", "Rate", "Exchange"], "base": 550})
    frame = frame.assign(low_input=["-50%", "40%", "-10%"], high_input=["+100%", "100%", "+10%"])
    ax = charts.tornado(frame.assign(low_output=[547, 518, 561], high_output=[554, 583, 541]))
    assert ticks(ax.yaxis) == ["Rate", "Exchange", "Freight"]
    assert bars(ax) == [[518, 550], [550, 583], [550, 561], [541, 550], [547, 550], [550, 554]]
    assert words(ax)[:4] == ["40%", "100%", "-10%", "+10%"]


def test_cost_steps_stand_on_each_other():
    frame = pd.DataFrame({"step": ["Factory", "Duty", "Rebate", "Landed"]})
    frame = frame.assign(amount=[300, 75, -5, 370], kind=["total", "tariff", "add", "total"])
    ax = charts.cost_steps(frame)
    drawn = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in ax.patches]
    assert drawn == [(0, 300), (300, 375), (375, 370), (0, 370)]
    assert words(ax) == ["$300", "+$75", "−$5", "$370"]
    colours = [bar.get_facecolor() for bar in ax.patches]
    assert len(set(colours)) == 3


def test_many_cost_steps_lie_down():
    frame = pd.DataFrame({"step": [f"Step {n}" for n in range(12)], "amount": 10, "kind": "add"})
    ax = charts.cost_steps(frame)
    assert bars(ax) == [[10 * n, 10 * n + 10] for n in range(12)]


def test_sensitivity_bars_carry_their_intervals():
    frame = pd.DataFrame({"input": ["small", "large"], "first": [0.1, 0.5], "total": [0.2, 0.6]})
    for name in ("first", "total"):
        frame[f"{name}_low"], frame[f"{name}_high"] = frame[name] - 0.05, frame[name] + 0.05
    ax = charts.sensitivity_bars(frame)
    assert ticks(ax.yaxis) == ["large", "small"]
    assert bars(ax) == [[0, 0.5], [0, 0.1], [0, 0.6], [0, 0.2]]
    spans = [list(line.get_xdata()) for line in lines(ax, 2)][:4]
    expected = [0.45, 0.55], [0.05, 0.15], [0.55, 0.65], [0.15, 0.25]
    assert spans == [pytest.approx(span) for span in expected]
    assert words(ax) == ["50%", "10%", "60%", "20%"]


def test_rate_strips_fill_what_is_certain_and_lightly_what_is_open():
    frame = tariff_frame().assign(high=lambda f: f["low"] + 0.1)
    ax = charts.rate_strips(frame, until=date(2026, 8, 1))
    assert ticks(ax.yaxis) == ["China", "Japan"]
    tops = [max(area.get_paths()[0].vertices[:, 1]) for area in ax.collections]
    scale = 0.84 / 0.4  # 30% + 10% held for more than two months, 145% did not
    assert tops == pytest.approx([0.84, 0.84, -1 + 0.15 * scale, -1 + 0.25 * scale])
    assert {"30–40%", "15–25%", "155%, cut off"} <= set(words(ax))
    assert "each strip is 40% high" in " ".join(words(ax))


COLUMNS = {
    "rate_strips": ["origin", "starts_on", "low", "high"],
    "price_dumbbell": ["product", "old_price", "new_price", "currency"],
    "pass_through_curves": ["product", "customs_share", "pass_through_rate", "full_share"],
    "tariff_steps": ["origin", "starts_on", "low", "high"],
    "exposure_bars": ["company", "basis", "low", "high", "same_period"],
    "response_matrix": ["company", "response", "stage", "detail", "classified"],
    "burden_bars": ["case", "party", "burden"],
    "range_bars": ["label", "low", "high"],
    "price_rules": ["rule", "price", "old_price", "note"],
    "paths": ["month", "series", "value"],
    "fan": ["x", "p05", "p25", "p50", "p75", "p95"],
    "tornado": ["input", "low_input", "high_input", "low_output", "high_output", "base"],
    "cost_steps": ["step", "amount", "kind"],
    "sensitivity_bars": ["input", "first", "first_low", "first_high", "total", "total_low"],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_missing_columns_and_empty_frames_are_refused_by_name(name):
    chart, columns = getattr(charts, name), COLUMNS[name]
    with pytest.raises(ModelError, match=f"{name} needs the columns.*missing: .*{columns[-1]}"):
        chart(pd.DataFrame({column: [1] for column in columns[:-1]}))
    every = [*columns, "total_high"]
    with pytest.raises(ModelError, match=f"{name} has nothing to draw"):
        chart(pd.DataFrame(columns=every))


REFUSED = {
    "several currencies": (
        "price_dumbbell", {"product": "x", "old_price": 1, "new_price": 2,
                           "currency": ["USD", "JPY"]},
        "one currency at a time",
    ),
    "price of zero": (
        "price_dumbbell", {"product": "x", "old_price": 0, "new_price": 2, "currency": ["USD"]},
        "above zero",
    ),
    "unknown party": (
        "burden_bars", {"case": "x", "party": ["martians"], "burden": 1}, "'martians'; use one of",
    ),
    "unknown stage": (
        "response_matrix",
        {"company": "x", "response": "mix", "stage": ["maybe"], "detail": "", "classified": ""},
        "stage 'maybe'",
    ),
    "unknown basis": (
        "exposure_bars",
        {"company": "x", "basis": ["?"], "low": 0.1, "high": 0.1, "same_period": True}, "basis",
    ),
    "total that does not add up": (
        "cost_steps", {"step": ["a", "b"], "amount": [100, 90], "kind": "total"}, "add up to 100",
    ),
    "quantiles out of order": (
        "fan", {"x": [0], "p05": 2, "p25": 1, "p50": 3, "p75": 4, "p95": 5}, "rise from p05",
    ),
    "two bases": (
        "tornado",
        {"input": "x", "low_input": "", "high_input": "", "low_output": 1, "high_output": 2,
         "base": [1, 2]},
        "one base",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "columns", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_no_chart_can_show_is_refused(name, columns, message):
    with pytest.raises(ModelError, match=message):
        getattr(charts, name)(pd.DataFrame(columns))


def test_spread_is_the_nearest_layout_without_contact():
    """Compared with a general-purpose optimiser on places that need several pools."""
    from scipy.optimize import minimize

    wanted, size = [0.0, 3.0, 4.0, 30.0, 31.0, 80.0], 10.0
    placed = spread(wanted, [size] * 6)
    gaps = [{"type": "ineq", "fun": lambda y, n=n: y[n + 1] - y[n] - size} for n in range(5)]
    best = minimize(
        lambda y: sum((a - b) ** 2 for a, b in zip(y, wanted, strict=True)),
        [20.0 * n for n in range(6)], constraints=gaps, tol=1e-10,
    )  # fmt: skip
    assert placed == pytest.approx(list(best.x), abs=1e-4)  # the optimiser's tolerance
    inside = spread([95.0, 96.0], [10.0, 10.0], 0.0, 100.0)
    assert inside == pytest.approx([85.0, 95.0])


@pytest.mark.parametrize("seed", range(20))
def test_flags_touch_neither_each_other_nor_a_pole(seed):
    import numpy as np

    draw = np.random.default_rng(seed)
    poles = sorted(float(x) for x in draw.uniform(0, 400, 7))
    widths = [float(w) for w in draw.uniform(40, 110, 7)]
    sides, rows = hoist(poles, widths, low=-20)
    spans = [
        (x, x + w) if side > 0 else (x - w, x)
        for x, w, side in zip(poles, widths, sides, strict=True)
    ]
    for n, (start, end) in enumerate(spans):
        assert start >= -20 or sides[n] > 0
        for m, (other_start, other_end) in enumerate(spans):
            if m == n:
                continue
            assert not (rows[m] >= rows[n] and start < poles[m] < end), "a pole through a flag"
            apart = end <= other_start or other_end <= start
            assert rows[m] != rows[n] or apart, "a flag over a flag"


def test_colours_are_told_apart_by_place():
    frame = pd.DataFrame({"month": [0, 1] * 5, "series": [c for c in "abcde" for _ in "xx"]})
    ax = charts.paths(frame.assign(value=range(10)))
    colours = [line.get_color() for line in lines(ax, 2)]
    assert colours == [ORANGE, BLUE, SKY, GREY, GREY]
