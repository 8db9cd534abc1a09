# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # An estimate from prices: what the washers' duty did
#
# From 7 February 2018 large washing machines bore a safeguard duty in the United States. The panel
# has the consumer prices of laundry equipment and of 16 other durables by month (Bureau of Labor
# Statistics). First comes what each group did; only then a coefficient; then what it may not mean.

# %%
# %matplotlib inline
from pathlib import Path

import numpy as np
import pandas as pd

from tariffimpact import charts
from tariffimpact.estimation import Columns, Question, estimate
from tariffimpact.interval import Interval

panel = Path("../data/panels/cpi_durables.csv")
laundry = Columns(
    "item",
    price="value",
    treated="item",
    treated_value="Laundry equipment",
    window=("2015-01", "2018-09"),
)
plain = estimate(panel, laundry, Question(since="2018-03"))
print(plain.explain())

# %% [markdown]
# One item is treated. No error by clusters can be trusted then, whatever its size: the verdict says
# so. What remains is the path itself, against the others.

# %%
axes = plain.plot()

# %% [markdown]
# ## A synthetic control
#
# A mix of the other items that moved with laundry equipment before. The same is done to each of the
# others in turn: how large a gap arises where nothing happened?

# %%
found = estimate(panel, laundry, Question(since="2018-03", control="synthetic"))
pd.Series(found.synthetic.weighted(), name="weight")

# %%
axes = found.plot()

# %%
gaps = found.synthetic.placebo_effects[found.synthetic.comparable]
frame = pd.DataFrame({"kind": "placebo", "value": gaps, "label": ""})
frame.loc[len(frame)] = ["estimate", found.main.estimate, "Laundry equipment"]
axes = charts.placebo_spread(frame, form="ratio", x_label="Mean gap after February 2018, points")

# %% [markdown]
# ## From the estimate to pass-through
#
# The duty began at 20% of the customs value within a quota and 50% above it. If the customs value
# is 50% to 70% of the shelf price, what share of the duty was passed on? The estimate is a range,
# the share is one, and the duty is one, so the answer is as wide as they leave it.

# %%
bounds = found.bounds(customs_share=Interval(0.5, 0.7), tariff_change=Interval(0.2, 0.5))
print(bounds.explain())

# %% [markdown]
# ## When dates are staggered
#
# A made-up panel of 90 products in three cohorts, the effect known: it begins at 10% and grows by
# two points a period. The two-way coefficient compares treated products with treated ones and
# misses; the mean over treated ones, each against the untreated alone, does not.

# %%
rng = np.random.default_rng(1)
rows = []
for number in range(90):
    start = (5, 9, 99)[number % 3]
    for period in range(14):
        effect = 0.10 + 0.02 * (period - start) if period >= start else 0.0
        log = rng.normal(0, 0.02) + 0.01 * period + effect + number / 30
        rows.append((f"p{number:02}", period, np.exp(log), int(period >= start), effect))
made_up = pd.DataFrame(rows, columns=["sku", "date", "price", "taxed", "effect"])
truth = made_up.loc[made_up["taxed"] == 1, "effect"].mean()
staggered = estimate(made_up, Columns(treated="taxed"), Question(event=True))
print(f"truth {truth:.4f}")
staggered.to_frame()[["term", "method", "estimate", "low", "high"]].head(2)

# %%
rows = staggered.to_frame().query("method == 'event'")
axes = charts.event_effects(rows, y_label="Effect on the log price")

# %% [markdown]
# ## What to do next
#
# Put your prices into a table with a row for each product and period, and ask
# `tariffimpact estimate FILE --treated COL --from DAY`. Read the verdicts before the coefficient:
# they say whether the groups moved alike before, and what the number may not be taken for. Add
# `--customs-share` and `--tariff-change` for dollars of price per dollar of duty.
