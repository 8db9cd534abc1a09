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
# # The market: what $50 says if rivals respond
#
# Three makers, seven consoles, real US prices. Nobody publishes unit sales, margins or most customs
# values, so those are ranges, and the answer is a range too. It is a model result: logit demand,
# each maker pricing its consoles together, every price at its best reply.

# %%
# %matplotlib inline
from pathlib import Path

import numpy as np

from tariffimpact.interval import Interval
from tariffimpact.market import Duties, calibrate, impose_range, read_products, split_channels

table = read_products(Path("../data/console_market.csv"))
found = impose_range(
    table, outside_share=Interval(0.3, 0.7), ad_valorem=0.20, where={"firm": "Sony"}
)
print(found.summary())

# %%
found.to_frame().round(2)

# %%
axes = found.plot()

# %% [markdown]
# A rise of $50 on the PlayStation 5 lies inside its range: with rivals answering, it is neither
# proof of full pass-through nor of a margin cut. Rivals that pay no duty raise their prices by a
# few dollars. Sales, profits, duty and consumers' loss have ranges too. How they were found:

# %%
found.to_table().round(3)

# %%
print(found.explain())

# %% [markdown]
# ## One market, closely
#
# At the middle of every range: who gains and loses, and how much of Sony's rise is its own.

# %%
market = table.market(outside_share=0.5)
duties = Duties(0.20 * table.where({"firm": "Sony"}))
result = market.impose(duties)
print(result.summary())
print(result.ledger(home=["Microsoft"]).summary())
print(result.explain())

# %%
split_channels(market, duties).to_frame().round(2)

# %%
result.burdens().round(3)

# %% [markdown]
# ## From one rate to many
#
# The same market at every rate from 0 to 100%, in one call. Sales are parts of the market, so
# compare the money of the parties, not its size: above 20% the duty collects less and less, while
# consumers and makers go on losing.

# %%
rates = np.linspace(0, 1, 101)
many = market.impose_each(Duties(rates[:, None] * table.where({"firm": "Sony"})))
print(many.summary())
print(f"most is collected at {rates[many.duty_revenue.argmax()]:.0%}")
ledgers = many.ledgers().set_index(rates.round(2)).loc[:, "consumers":"deadweight_loss"]
ledgers.iloc[::10].round(1)

# %%
axes = many.plot()

# %% [markdown]
# ## Two readings of who pays the duty
#
# A duty on a customs value that the price-setter is given is a cost. A duty on the price that the
# maker itself charges at the border takes a part of its margin as well. Where a maker's products
# bear one rate the prices agree; its profit does not.

# %%
options = {
    "products": ["imported", "domestic"],
    "firms": ["Maker", "Rival"],
    "prices": [100.0, 100.0],
    "shares": [0.3, 0.3],
    "margins": {"imported": 0.4},
}
for reading in ("customs_value", "border_price"):
    answer = calibrate(**options, reading=reading).impose(Duties([0.25, 0.0]))
    print(reading, answer.price_change.round(2), answer.after.profit.round(3))

# %% [markdown]
# ## What to do next
#
# Put your market into a table like `data/console_market.csv`, a number or a range in each cell, and
# ask `tariffimpact market FILE --tariff 15%`. What the answer rests on most is the share of buyers
# who buy none of the products: give it as a range.
