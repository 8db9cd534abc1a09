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
# # A portfolio: many products, many lines, one expression
#
# A company imports more than one product, and a country more than one company. Here a file of
# products is charged and priced at once, and import lines give an effective tariff rate. The
# products are illustrative: names, prices and volumes are made up, their codes and duties are not.
#
# Needs the extra `portfolio`. Everything below uses the shipped duties of the story's products; a
# schedule of every product is made with `tariffimpact schedule build`.

# %%
# %matplotlib inline
from datetime import date

import pandas as pd

from tariffimpact.facts import read_facts, shipped_folder
from tariffimpact.portfolio import effective_rate_by_day, effective_tariff_rate, run_batch
from tariffimpact.tariffs import shipped_schedule

schedule = shipped_schedule(read_facts()).compiled
schedule.summary()

# %% [markdown]
# ## The products
#
# One row a product: code, origin, declared value, shelf price, and what else is known. A blank
# unit cost means the landed cost; a blank metal share means that nobody knows it.

# %%
skus = shipped_folder("data") / "example_skus.csv"
pd.read_csv(skus, dtype={"hts": str})

# %% [markdown]
# ## Charged and priced, on 1 September 2025 against 1 January
#
# Each price is a range where the duty is one: the metal share of a cream's tube, a claim under the
# USMCA. A blank price is an answer too: no price keeps the profit.

# %%
rows = []
batch = run_batch(skus, schedule, sink=rows.append, on=date(2025, 9, 1))
print(batch.summary())

# %%
priced = pd.concat(rows).set_index("sku")
priced[
    [
        "rate_low",
        "rate_high",
        "duty_usd_low",
        "duty_usd_high",
        "price_hold_dollar_margin_usd_high",
        "price_hold_percent_margin_usd_high",
        "price_hold_profit_usd_high",
        "flags",
    ]
].round(3)

# %% [markdown]
# ## Who pays what, on whose authority

# %%
batch.to_frame().round(3)

# %%
axes = batch.plot()

# %%
print(batch.explain())

# %% [markdown]
# ## The same goods on every day a duty changed
#
# With fixed weights the rate moves with the law alone: the same imports, charged on each day.

# %%
cells = pd.read_csv(skus, dtype={"hts": str})
cells = cells.assign(customs_value=cells["customs_value"] * cells["units"], partner=cells["origin"])
cells = cells[["hts", "origin", "partner", "customs_value"]]
by_day = effective_rate_by_day(cells, schedule)
axes = by_day.plot(partners=["CHN", "VNM", "JPN"])

# %% [markdown]
# ## Current and fixed weights
#
# Console imports in two months, made up: half of China's moved to Vietnam. With each month's own
# weights the rate falls; with the first month's it does not. The difference is diversion.

# %%
lines = pd.DataFrame(
    {
        "hts": "9504500000",
        "origin": ["CHN", "VNM", "CHN", "VNM"],
        "entered_on": pd.to_datetime(["2025-09-01", "2025-09-01", "2025-10-01", "2025-10-01"]),
        "customs_value": [800.0, 200.0, 400.0, 600.0],
        "duty": [240.0, 40.0, 118.0, 120.0],
    }
)
base = (date(2025, 9, 1), date(2025, 10, 1))
current = effective_tariff_rate(lines, schedule, by=["entered_on"])
fixed = effective_tariff_rate(lines, schedule, by=["entered_on"], weights="fixed", base=base)
pd.concat({"current": current.to_frame(), "fixed": fixed.to_frame()}).round(4)

# %% [markdown]
# ## What to do next
#
# `tariffimpact batch YOUR.xlsx` takes a list of products as it is, with `--map` where columns have
# other names; `tariffimpact effective-rate` takes import lines, as many as the disk holds. Start
# with the rows that were set aside: `rejected.csv` says what is wrong with each.
