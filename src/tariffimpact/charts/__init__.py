"""Charts: a tidy frame in, matplotlib axes out.

Every chart takes a frame, an optional credit line and optional axes; it draws, returns the axes and
does nothing else: it neither shows, saves nor fetches, and knows no model. Without `ax` it makes a
figure of its own, as large as its content needs. `framed` turns that figure into the version to
share, with the finding as its title; `svg` and `png` turn a figure into bytes, the same ones every
time.

>>> import pandas as pd
>>> from tariffimpact import charts
>>> frame = pd.DataFrame({"product": ["PlayStation 5"], "old_price": [500.0],
...                       "new_price": [550.0], "currency": ["USD"]})
>>> ax = charts.price_dumbbell(frame, source="Sony, August 20th 2025")
>>> charts.svg(ax.figure, name="prices", alt="The PlayStation 5 rose from $500 to $550.")[:4]
'<svg'
"""

from tariffimpact.charts.burdens import Part, burden_bars, stacked_bars
from tariffimpact.charts.companies import exposure_dots
from tariffimpact.charts.costpush import input_map, margin_dots
from tariffimpact.charts.costs import cost_steps
from tariffimpact.charts.curves import pass_through_curves
from tariffimpact.charts.estimates import (
    cumulative_response,
    event_effects,
    group_paths,
    placebo_spread,
)
from tariffimpact.charts.fonts import font_files, legible, unprintable
from tariffimpact.charts.framing import fit, framed
from tariffimpact.charts.history import duty_strips, price_history, rate_strips
from tariffimpact.charts.images import png, scheme_rules, svg, svg_pair, themed
from tariffimpact.charts.paths import fan, paths
from tariffimpact.charts.predictions import predicted_and_seen, slopes_by_start
from tariffimpact.charts.prices import change_dots, price_dumbbell, price_rules
from tariffimpact.charts.ranges import range_bars
from tariffimpact.charts.style import NARROW, WIDTH, drawn_for, new_axes, theme
from tariffimpact.charts.uncertainty import sensitivity_bars, tornado

__all__ = [
    "NARROW",
    "WIDTH",
    "Part",
    "burden_bars",
    "change_dots",
    "cost_steps",
    "cumulative_response",
    "drawn_for",
    "duty_strips",
    "event_effects",
    "exposure_dots",
    "fan",
    "fit",
    "font_files",
    "framed",
    "group_paths",
    "input_map",
    "legible",
    "margin_dots",
    "new_axes",
    "pass_through_curves",
    "paths",
    "placebo_spread",
    "png",
    "predicted_and_seen",
    "price_dumbbell",
    "price_history",
    "price_rules",
    "range_bars",
    "rate_strips",
    "scheme_rules",
    "sensitivity_bars",
    "slopes_by_start",
    "stacked_bars",
    "svg",
    "svg_pair",
    "theme",
    "themed",
    "tornado",
    "unprintable",
]
