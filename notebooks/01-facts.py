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
# # The facts: what was reported, by whom, in which words
#
# Every number of the report is a row of `data/`, with its source, the place in it and the quoted
# words. This notebook browses them and draws the charts that need no assumption: what prices and
# duties did, and what prices did where no tariff was.

# %%
# %matplotlib inline
from datetime import date

import pandas as pd

from tariffimpact import read_facts
from tariffimpact.report import build_report
from tariffimpact.tariffs import shipped_schedule

facts = read_facts()
print(
    f"{len(facts.prices)} price moves, {len(facts.exposures)} exposures, "
    f"{len(facts.statements)} statements from {len(facts.sources)} sources, "
    f"as of {facts.dated_on}"
)

# %% [markdown]
# ## A fact and its paper

# %%
price = facts.prices[0]
source = facts.source(price.source_id)
print(
    f"{price.company}, {price.product}: {price.old_price:g} to {price.new_price:g} {price.currency}"
)
print(f"“{price.quote}” ({source.publisher}, {price.locator})")

# %% [markdown]
# ## What the prices did

# %%
figures = {figure.name: figure for figure in build_report(facts).figures}
history = figures["prices-and-duty"]
print(history.title)
axes = history.draw()

# %%
history.frame.head(12)

# %% [markdown]
# The same product on the same day in a market without the tariff is a control:

# %%
controls = figures["control-markets"]
print(controls.title)
axes = controls.draw()

# %% [markdown]
# ## What the tariff was, by origin and day
#
# A rate is made of components, each with its legal ground. Threatened duties never count; duties
# later held void count while they were collected.

# %%
schedule = shipped_schedule(facts)
print(schedule.explain("9504500000", "CHN", date(2025, 5, 1)))

# %%
from tariffimpact import charts

rates = pd.concat(
    schedule.history("9504500000", origin, date(2025, 1, 1), date(2026, 7, 24)).assign(origin=name)
    for origin, name in (("CHN", "China"), ("VNM", "Vietnam"), ("JPN", "Japan"))
)
axes = charts.duty_strips(rates, until=date(2026, 7, 24))

# %% [markdown]
# ## Where sources disagree
#
# Conflicts are recorded, not resolved in silence.

# %%
pd.DataFrame(
    [(c.subject, c.claim, c.used, c.reason) for c in facts.conflicts],
    columns=["about", "claim", "used", "reason"],
).head(8)

# %% [markdown]
# ## What to do next
#
# Notebook 02 asks what a price rise says of the duty behind it. Facts of your own go into a folder
# of the same tables: `tariffimpact data check FOLDER` says what is wrong with them, and
# `tariffimpact report --data FOLDER` makes the report of them.
