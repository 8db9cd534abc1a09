"""Frames for every chart, from ordinary to hostile, and the check that its labels stand apart."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from tariffimpact import charts
from tariffimpact.charts.style import GREY, ORANGE, figure_of, renderer, theme
from tariffimpact.interval import Interval

NASTY = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "任天堂株式会社",
    "W" * 90,
    "$500 to $550_a^b \\frac{1}{2}",
    "_hidden",
    "Société Générale de Surveillance et d’Exportation des Produits Alimentaires du Nord",
    '#read("/etc/passwd")',
    "two\nlines\tand a tab",
    "bell\x07 and \u202eright to left",
    "Zażółć gęślą jaźń",
    "%s %d {0} {{x}}",
    "id=\"x\" class='y' &amp;",
    "Company ]]> -->",
    "𝒜stral 🎮 games",
    "short",
]


def names(count, nasty):
    plain = ["PlayStation 5 Pro", "PlayStation 5", "PlayStation 5 Digital Edition", "Xbox Series X"]
    plain += [f"Product {n}" for n in range(4, 16)]
    return (NASTY if nasty else plain)[:count]


def price_dumbbell(count, nasty=False):
    old = [700, 500, 450, 599.99, 29.99, 80, 1, 5, 40_000, 19.5, 100, 100, 250, 349, 999, 1200]
    new = [750, 550, 500, 649.99, 34.99, 75, 1.1, 5, 41_500, 19, 101, 100.5, 260, 350, 999, 1250]
    frame = pd.DataFrame({"product": names(count, nasty), "old_price": old[:count]})
    return charts.price_dumbbell(frame.assign(new_price=new[:count], currency="USD"), source=SOURCE)


def pass_through_curves(count, nasty=False):
    shares = np.linspace(0.05 if nasty else 0.3, 1, 40)
    parts = [
        pd.DataFrame(
            {"product": name, "customs_share": shares, "pass_through_rate": full / shares}
        ).assign(full_share=math.nan if n == 5 else full)
        for n, name in enumerate(names(count, nasty))
        for full in [0.48 + 0.06 * n]
    ]
    frame = pd.concat(parts)
    return charts.pass_through_curves(frame, plausible=Interval(0.6, 0.9), source=SOURCE)


def rates(count, nasty):
    china = [("2025-02-04", 0.1), ("2025-03-04", 0.2), ("2025-04-05", 0.3), ("2025-04-09", 1.04)]
    china += [("2025-04-10", 1.45), ("2025-05-14", 0.3), ("2025-11-10", 0.2), ("2026-02-24", 0.1)]
    others = [("2025-02-04", 0.0), ("2025-04-05", 0.1), ("2025-08-07", 0.2), ("2026-02-24", 0.125)]
    rows = [
        (name, day, rate, rate + (0.05 if n == 2 else 0))
        for n, name in enumerate(names(count, nasty))
        for day, rate in (china if n in (0, 7) else others)
    ]
    return pd.DataFrame(rows, columns=["origin", "starts_on", "low", "high"])


def duty_strips(count, nasty=False):
    return charts.duty_strips(rates(count, nasty), until=date(2026, 7, 23), source=SOURCE)


def price_history(count, nasty=False):
    rows = [
        (name, f"Maker {n % 3}", day, 300 + 60 * n + step, "USD", "Says why" if step else "", n < 4)
        for n, name in enumerate(names(min(count, 6), nasty))
        for day, step in (("2025-02-04", 0), (f"2025-{8 + n % 3:02}-21", 50))
    ]
    columns = ["product", "group", "starts_on", "price", "currency", "note", "main"]
    labels = NASTY[:3] if nasty else ["Duties begin", "Country rates", "Held void, no longer paid"]
    events = pd.DataFrame({"day": ["2025-04-05", "2025-08-07", "2026-02-24"], "label": labels})
    return charts.price_history(
        pd.DataFrame(rows, columns=columns), rates(min(count, 5), nasty), events=events,
        until=date(2026, 7, 23), source=SOURCE,
    )  # fmt: skip


def exposure_dots(count, nasty=False):
    rows = [("net", 0.004, 0.004, True), ("gross", 0.014, math.inf, True)]
    rows += [("gross", 0.019, 0.024, True), (None, math.nan, math.nan, False)]
    rows += [("unstated", 0.02, 0.03, False), ("gross", 0.0, 0.01, False)]
    frame = pd.DataFrame(
        [rows[n % 6] for n in range(count)], columns=["basis", "low", "high", "same_period"]
    )
    frame = frame.assign(company=names(count, nasty), marked=[n % 2 == 0 for n in range(count)])
    frame["group"] = [NASTY[n // 4] if nasty else f"Industry {n // 4}" for n in range(count)]
    return charts.exposure_dots(frame, source=SOURCE)


def change_dots(count, nasty=False):
    rows = [
        (name, market, 0.1 * m + 0.01 * n)
        for n, name in enumerate(names(count, nasty))
        for m, market in enumerate(("United States", "European Union", "United Kingdom"))
        if (n + m) % 4
    ]
    frame = pd.DataFrame(rows, columns=["product", "market", "change"])
    return charts.change_dots(frame, source=SOURCE)


def stacked_bars(count, nasty=False):
    rows = [
        (name, part, amount * (1 + n), NASTY[n] if nasty else "")
        for n, name in enumerate(names(count, nasty))
        for part, amount in (("duty", 0.032), ("other", 0.021))
    ]
    frame = pd.DataFrame(rows, columns=["case", "part", "amount", "words"])
    parts = {"duty": charts.Part("Duty", ORANGE, bold=True), "other": charts.Part("Rest", GREY)}
    return charts.stacked_bars(
        frame, parts=parts, form="cents", totals=True, total_word="rise", source=SOURCE
    )


def burden_bars(count, nasty=False):
    splits = [(1.11, -0.11, 0.0), (0.74, 0.16, 0.1), (0.97, 0.01, 0.02), (-0.02, 1.01, 0.01)]
    rows = [
        (name, f"{case} customs share", party, share)
        for n, name in enumerate(names(max(count // 2, 1), nasty))
        for case, split in (("Low", splits[n % 4]), ("High", splits[(n + 1) % 4]))
        for party, share in zip(("consumers", "firms", "exporter"), split, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["group", "case", "party", "burden"])
    return charts.burden_bars(frame, source=SOURCE)


def range_bars(count, nasty=False):
    ends = [(0.74, 1.11), (0.89, 0.89), (0.53, math.inf), (-math.inf, 0.6)]
    ends += [(math.nan, math.nan), (-0.2, 0.1)]
    frame = pd.DataFrame([ends[n % 6] for n in range(count)], columns=["low", "high"])
    frame = frame.assign(label=names(count, nasty), group=[f"Group {n // 4}" for n in range(count)])
    return charts.range_bars(
        frame, mark=1.0, mark_label="Full pass-through", x_label="Dollars", source=SOURCE
    )


def price_rules(count, nasty=False):
    prices = [562.5, 593.75, math.nan, 541.2, 500, 480]
    frame = pd.DataFrame({"rule": names(count, nasty), "old_price": 500.0})
    frame["price"] = [prices[n % 6] for n in range(count)]
    frame["note"] = NASTY[:count] if nasty else ["margin $200 a unit", *[""] * (count - 1)]
    return charts.price_rules(frame, source=SOURCE)


def paths(count, nasty=False):
    rows = [
        (month, name, 300 + 3 * n + 40 * (1 - math.exp(-month / 6)))
        for n, name in enumerate(names(count, nasty))
        for month in range(25)
    ]
    frame = pd.DataFrame(rows, columns=["month", "series", "value"])
    frame = frame.assign(low=frame["value"] - 5, high=frame["value"] + 5)
    return charts.paths(frame, y_label="Unit cost", source=SOURCE)


def dated_paths(count, nasty=False):
    rows = [
        (date(2025, 1, 15) + timedelta(days=30 * month), name, 0.01 * n + 0.01 * month)
        for n, name in enumerate(names(count, nasty))
        for month in range(18)
    ]
    frame = pd.DataFrame(rows, columns=["day", "series", "value"])
    return charts.paths(frame, form="percent", y_label="Effective tariff rate", source=SOURCE)


def fan(count, nasty=False):
    x = np.arange(-12, 25)
    spread = np.where(x > 0, 1 - np.exp(-x / 6), 0) * (0.05 if nasty else 1)
    table = {"x": x}
    for name, z in {"p05": -1.64, "p25": -0.67, "p50": 0, "p75": 0.67, "p95": 1.64}.items():
        table[name] = 500 + 50 * spread + 15 * spread * z
    label = NASTY[6] if nasty else "Tariff takes effect"
    frame = pd.DataFrame(table)
    return charts.fan(frame, mark=0, mark_label=label, y_label="Price", source=SOURCE)


def tornado(count, nasty=False):
    low = [518, 526, 533, 561, 552, 550, 547]
    high = [583, 579, 566, 541, 562, 550, 554]
    words = NASTY[::-1] if nasty else [f"{10 + n}%" for n in range(16)]
    frame = pd.DataFrame({"input": names(count, nasty), "base": 550.0})
    frame["low_input"], frame["high_input"] = words[:count], words[:count][::-1]
    frame["low_output"] = [low[n % 7] for n in range(count)]
    frame["high_output"] = [high[n % 7] for n in range(count)]
    return charts.tornado(frame, x_label="Shelf price", source=SOURCE)


def cost_steps(count, nasty=False):
    amounts = [300.0, *[75.0, 12.34, -5.0, 65.25] * 4][:count]
    kinds = ["total", *["tariff", "add", "add", "add"] * 4][:count]
    frame = pd.DataFrame({"step": names(count, nasty), "amount": amounts, "kind": kinds})
    return charts.cost_steps(frame, source=SOURCE)


def sensitivity_bars(count, nasty=False):
    frame = pd.DataFrame({"input": names(count, nasty)})
    for name, extra in (("first", 0.0), ("total", 0.05)):
        value = np.array([0.52 / (n + 1) - 0.04 + extra for n in range(count)])
        frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = value, value - 0.04, value + 0.04
    return charts.sensitivity_bars(frame, source=SOURCE)


def rate_strips(count, nasty=False):
    rows = [
        (name, day, rate, rate + 0.08 * (n % 2))
        for n, name in enumerate(names(count, nasty))
        for day, rate in [("2025-01-01", 0.02), ("2025-04-09", 1.45 if n == 0 else 0.1),
                          ("2025-05-14", 0.3), ("2026-02-24", 0.2)]
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["origin", "starts_on", "low", "high"])
    return charts.rate_strips(frame, until=date(2026, 7, 23), source=SOURCE)


def margin_dots(count, nasty=False):
    frame = pd.DataFrame({"name": names(count, nasty)})
    for rule, scale in (("constant_dollar", 0.02), ("constant_percent", 0.055)):
        low = [scale * (1 + n / 4) * (-0.1 if n == 3 else 1) for n in range(count)]
        frame[f"{rule}_low"] = low
        frame[f"{rule}_high"] = [v + (0.004 if n == 1 else 0) for n, v in enumerate(low)]
    return charts.margin_dots(frame, source=SOURCE)


def input_map(count, nasty=False):
    sectors = NASTY[:8] if nasty else ["Metals, glass, stone", "Vehicle parts", "The good itself",
                                       "Machinery", "Chemical goods", "Farm and food", "Textiles",
                                       "Electronics"]  # fmt: skip
    rows = [
        (name, sector, 0.012 * (1 - 0.1 * m) / (1 + n % 5) * (-1 if n == m == 2 else 1))
        for n, name in enumerate(names(count, nasty))
        for m, sector in enumerate(sectors)
    ]
    frame = pd.DataFrame(rows, columns=["category", "sector", "value"])
    return charts.input_map(frame, own=sectors[2], source=SOURCE)


def predicted_and_seen(count, nasty=False):
    frame = pd.DataFrame({"name": names(count, nasty)})
    frame["predicted"] = [0.004 * (n * 7 % 16) for n in range(count)]
    frame["seen"] = [0.01 * (n * 5 % 13) - 0.05 for n in range(count)]
    frame["spent"] = [10.0 + n**2 for n in range(count)]
    lines = pd.DataFrame([("each item alike", -0.37, 0.03), ("by what is spent", -0.42, 0.02)],
                         columns=["line", "slope", "intercept"])  # fmt: skip
    return charts.predicted_and_seen(frame, lines, source=SOURCE)


def slopes_by_start(count, nasty=False):
    series = NASTY[:2] if nasty else ["Rise of the index", "Less the rise before"]
    rows = [
        (f"202{4 + n // 12}-{n % 12 + 1:02d}", name, weighted, 0.1 * n - m - 0.1 * weighted, 0.3)
        for m, name in enumerate(series)
        for weighted in (False, True)
        for n in range(count)
    ]
    columns = ["start", "series", "weighted", "slope", "standard_error"]
    frame = pd.DataFrame(rows, columns=columns)
    return charts.slopes_by_start(frame, end="December 2025", source=SOURCE)


SOURCE = "Company statements, 任天堂, August 20th 2025; tariffimpact calculation"
CHARTS = {
    chart.__name__: chart
    for chart in (
        price_dumbbell, pass_through_curves, duty_strips, price_history, exposure_dots, change_dots,
        stacked_bars,
        burden_bars, range_bars, price_rules, paths, dated_paths, fan, tornado, cost_steps,
        sensitivity_bars, rate_strips, margin_dots, input_map, predicted_and_seen,
        slopes_by_start,
    )
}  # fmt: skip


@pytest.fixture(params=CHARTS.values(), ids=CHARTS.keys())
def draw(request):
    """Return a function that draws one chart with so many rows, of nasty names if asked."""
    with charts.drawn_for(shown=False):
        yield request.param


def printed(ax):
    """Return every text that the figure prints, with its box in pixels."""
    figure = figure_of(ax)
    with theme():
        figure.draw(renderer(ax))
        hidden = set()
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick, at in zip(axis.get_major_ticks(), axis.get_majorticklocs(), strict=True):
                inside = low - 1e-9 <= at <= high + 1e-9
                for label, on in ((tick.label1, "label1On"), (tick.label2, "label2On")):
                    if not inside or not getattr(tick, on, label.get_visible()):
                        hidden.add(label)
        return [
            (text.get_text(), Text.get_window_extent(text, renderer(ax)))
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip() and text not in hidden
        ]


def clashes(ax, slack=0.8):
    """Return what is wrong with the layout: labels that overlap, and labels outside the figure."""
    boxes, page = printed(ax), figure_of(ax).bbox
    wrong = [
        f"{text!r} leaves the figure"
        for text, box in boxes
        if box.x0 < page.x0 - slack or box.x1 > page.x1 + slack
        or box.y0 < page.y0 - slack or box.y1 > page.y1 + slack
    ]  # fmt: skip
    for n, (text, box) in enumerate(boxes):
        for other, beside in boxes[:n]:
            wide = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            tall = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            if wide > slack and tall > slack:
                wrong.append(f"{text!r} overlaps {other!r} by {wide:.1f} x {tall:.1f} pixels")
    return wrong


@pytest.fixture
def layout():
    """Return the function that lists a chart's layout faults."""
    return clashes
