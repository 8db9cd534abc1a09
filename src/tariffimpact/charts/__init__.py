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

from tariffimpact.charts.burdens import burden_bars
from tariffimpact.charts.companies import exposure_bars
from tariffimpact.charts.costpush import input_map, margin_dots
from tariffimpact.charts.costs import cost_steps
from tariffimpact.charts.curves import pass_through_curves
from tariffimpact.charts.fonts import font_files, legible, unprintable
from tariffimpact.charts.framing import fit, framed
from tariffimpact.charts.images import png, svg
from tariffimpact.charts.paths import fan, paths
from tariffimpact.charts.prices import price_dumbbell, price_rules
from tariffimpact.charts.ranges import range_bars
from tariffimpact.charts.responses import response_matrix
from tariffimpact.charts.strips import rate_strips
from tariffimpact.charts.style import new_axes, theme
from tariffimpact.charts.tariffs import tariff_steps
from tariffimpact.charts.uncertainty import sensitivity_bars, tornado

__all__ = [
    "burden_bars",
    "cost_steps",
    "exposure_bars",
    "fan",
    "fit",
    "font_files",
    "framed",
    "input_map",
    "legible",
    "margin_dots",
    "new_axes",
    "pass_through_curves",
    "paths",
    "png",
    "price_dumbbell",
    "price_rules",
    "range_bars",
    "rate_strips",
    "response_matrix",
    "sensitivity_bars",
    "svg",
    "tariff_steps",
    "theme",
    "tornado",
    "unprintable",
]
