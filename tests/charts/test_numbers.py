"""Each chart draws the numbers it was given: they are read back off its bars, lines and texts."""

import math
from datetime import date
from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.dates import date2num

from tariffimpact import charts
from tariffimpact.charts.marks import spread
from tariffimpact.charts.style import BLUE, GREY, ORANGE, PAPER, SKY
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval


@pytest.fixture(autouse=True)
def unknown_to_pyplot():
    with charts.drawn_for(shown=False):
        yield


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


def cells(ax):
    """Return (first day, last day, rate in words) of every stretch of a strip, from its id."""
    found = []
    for patch in ax.patches:
        gid = patch.get_gid() or ""
        if gid.startswith("value:"):
            ends = patch.get_x(), patch.get_x() + patch.get_width()
            found.append((*ends, gid.removeprefix("value:")))
    return found


def test_duty_strips_stretch_over_their_days_and_carry_their_rates():
    until = date(2026, 8, 1)
    ax = charts.duty_strips(tariff_frame(), until=until)
    days = [date(2025, 2, 4), date(2025, 4, 10), date(2025, 5, 14), until]
    china = [cell for cell in cells(ax) if cell[2].startswith("China")]
    for (start, end, said), (first, past), rate in zip(
        china, pairwise(days), ("10%", "145%", "30%"), strict=True
    ):
        assert (start, end) == (date2num(first), date2num(past))
        assert said.endswith(f": {rate}")
    assert "China, 10 April 2025 to 13 May 2025: 145%" in [said for *_, said in china]
    japan = [said for *_, said in cells(ax) if said.startswith("Japan")]
    assert [said.rpartition(" ")[2] for said in japan] == ["10%", "15%"]
    assert {"China", "Japan", "145", "30"} <= set(words(ax))


def test_a_stretch_of_an_open_rate_has_both_ends_and_an_unknown_one_no_number():
    frame = tariff_frame()
    frame.loc[3, "high"] = 0.125
    frame.loc[4, ["low", "high"]] = math.nan
    told = [said for *_, said in cells(charts.duty_strips(frame, until=date(2026, 1, 1)))]
    assert any(said.endswith("10.0–12.5%") for said in told if said.startswith("Japan"))
    assert any(said.endswith("unknown") for said in told if said.startswith("Japan"))


def history_frame():
    rows = [("PS5", "Sony", "2025-02-04", 500.0), ("PS5", "Sony", "2025-08-21", 550.0)]
    rows += [("Switch", "Nintendo", "2025-06-05", 450.0)]
    return pd.DataFrame(rows, columns=["product", "group", "starts_on", "price"]).assign(
        currency="USD"
    )


def test_prices_are_steps_then_dots_from_the_last_record_on():
    until = date(2026, 1, 1)
    events = pd.DataFrame({"day": ["2025-08-07"], "label": ["Country rates"]})
    ax = charts.price_history(history_frame(), tariff_frame(), events=events, until=until)
    (steps,) = [line for line in ax.lines if line.get_drawstyle() == "steps-post"]
    assert list(steps.get_ydata()) == [500, 550]
    assert steps.get_xdata()[-1] == date2num(date(2025, 8, 21))
    dotted = {
        tuple(line.get_ydata()): tuple(line.get_xdata())
        for line in ax.lines
        if (line.get_gid() or "").endswith("last on record")
    }
    assert dotted == {
        (550, 550): (date2num(date(2025, 8, 21)), date2num(until)),
        (450, 450): (date2num(date(2025, 6, 5)), date2num(until)),
    }
    assert {"+10%", "PS5 $550", "Switch $450", "Country rates", "145"} <= set(words(ax))
    assert [date2num(date(2025, 8, 7))] * 2 in [list(line.get_xdata()) for line in ax.lines]


def test_a_narrow_screen_has_the_main_products_only():
    frame = history_frame().assign(main=[True, True, False])
    with charts.drawn_for(width=charts.NARROW):
        said = words(charts.price_history(frame, tariff_frame(), until=date(2026, 1, 1)))
    assert "PS5 $550" in said
    assert not any("Switch" in text for text in said)


def test_exposures_tell_range_basis_and_period_apart():
    rows = [("Sony", "net", 0.004, 0.004, True), ("GM", "gross", 0.019, 0.024, True)]
    rows += [("Estée", "gross", 0.014, math.inf, True), ("Mattel", "unstated", 0.02, 0.02, False)]
    rows += [("Nintendo", None, math.nan, math.nan, True), ("P&G", "net", 0.0, 0.01, True)]
    columns = ["company", "basis", "low", "high", "same_period"]
    ax = charts.exposure_dots(pd.DataFrame(rows, columns=columns))
    said = [text for text in words(ax) if text.endswith("%")]
    assert sorted(said) == ["0.4%", "1.9–2.4%", "2.0%", "over 1.4%", "up to 1.0%"]
    assert len([patch for patch in ax.patches if patch.get_gid()]) == 2  # the two ranges
    rings = {
        line.get_gid().split(":")[1]: line.get_markerfacecolor()
        for line in ax.lines
        if line.get_marker() == "o" and line.get_gid()
    }
    assert rings == {"Sony": SKY, "Estée": BLUE, "Mattel": PAPER}
    arrows = [text for text in ax.texts if text.arrow_patch is not None]
    assert len(arrows) == 1


def test_like_figures_stand_to_one_scale():
    """Twice the share lies twice as far from its panel's zero, whichever panel it stands in."""
    frame = pd.DataFrame({"company": ["A", "B"], "basis": ["gross", "net"], "same_period": True})
    ax = charts.exposure_dots(frame.assign(low=[0.02, 0.01], high=[0.02, 0.01]))
    dots = {
        line.get_gid().split(":")[1]: float(line.get_xdata()[0])
        for line in ax.lines if line.get_gid()
    }  # fmt: skip
    zeros = sorted(float(line.get_xdata()[0]) for line in ax.lines if not line.get_gid())
    assert dots["A"] - zeros[0] == pytest.approx(2 * (dots["B"] - zeros[1]))


def test_changes_stand_beside_their_controls():
    rows = [("Xbox", "United States", 0.2), ("Xbox", "United Kingdom", 0.04)]
    rows += [("PS5", "United States", 0.11), ("PS5", "European Union", 0.11)]
    ax = charts.change_dots(pd.DataFrame(rows, columns=["product", "market", "change"]))
    dots = {line.get_gid(): float(line.get_xdata()[0]) for line in ax.lines if line.get_gid()}
    assert dots == {
        "value:Xbox, United States: +20%": 0.2, "value:Xbox, United Kingdom: +4%": 0.04,
        "value:PS5, United States: +11%": 0.11, "value:PS5, European Union: +11%": 0.11,
    }  # fmt: skip
    assert words(ax).count("+11%") == 1


def test_a_bar_of_parts_in_cents_ends_in_its_sum():
    frame = pd.DataFrame({"case": "Can", "part": ["duty", "other"], "amount": [0.032, 0.021]})
    parts = {"duty": charts.Part("Duty", ORANGE), "other": charts.Part("Rest", GREY)}
    ax = charts.stacked_bars(frame, parts=parts, form="cents", totals=True, total_word="rise")
    assert bars(ax) == [[0, 0.032], [0.032, 0.053]]
    assert {"3.2¢", "2.1¢", "5.3¢ rise"} == set(words(ax))
    assert ticks(ax.xaxis)[:2] == ["0¢", "1¢"]


def test_what_was_observed_stands_on_the_range():
    frame = pd.DataFrame({"label": ["PS5", "Xbox"], "low": [19, 0], "high": [66, 4]})
    frame = frame.assign(seen=[50, math.nan], tone=["grey", "blue"])
    ax = charts.range_bars(frame, form="money", digits=0, seen_label="what Sony did",
                           tones={"grey": "cannot tell"})  # fmt: skip
    assert [50, 50] in [list(line.get_xdata()) for line in ax.lines]
    assert [patch.get_gid() for patch in ax.patches] == [
        "value:PS5: $19–$66; what Sony did $50", "value:Xbox: $0–$4",
    ]  # fmt: skip
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["cannot tell", "what Sony did"]


def test_burdens_are_stacked_and_a_windfall_lies_left_of_zero():
    shares = {"consumers": 1.11, "firms": -0.16, "exporter": 0.05}
    frame = pd.DataFrame({"case": "Low", "party": shares.keys(), "burden": shares.values()})
    ax = charts.burden_bars(frame.assign(group="PS5"))
    assert bars(ax) == [[0, 1.11], [-0.16, 0], [1.11, 1.16]]
    assert {"111%", "−16%"} <= set(words(ax))
    assert ticks(ax.yaxis) == ["Low"]
    assert "PS5" in words(ax)
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
    "duty_strips": ["origin", "starts_on", "low", "high"],
    "exposure_dots": ["company", "basis", "low", "high", "same_period"],
    "change_dots": ["product", "market", "change"],
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
    "unknown basis": (
        "exposure_dots",
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


def test_colours_are_told_apart_by_place():
    frame = pd.DataFrame({"month": [0, 1] * 5, "series": [c for c in "abcde" for _ in "xx"]})
    ax = charts.paths(frame.assign(value=range(10)))
    colours = [line.get_color() for line in lines(ax, 2)]
    assert colours == [ORANGE, BLUE, SKY, GREY, GREY]
