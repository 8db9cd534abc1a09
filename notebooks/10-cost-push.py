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
# # Cost push: what tariffs do to every category, through inputs
#
# Core goods up 2.2%, 3.1% or 5.6%? The largest dispute of 2025 and 2026 is one switch, the margin
# rule, and one changed industry code. Here are both sides of the switch, with and without the
# code. All of it is accounting: costs, passed on in full, at the inputs and origins of the
# accounts. Nothing below says what a tariff did to a price.

# %%
# %matplotlib inline
import numpy as np
import pandas as pd

from tariffimpact.costpush import (
    compare_prices,
    cost_push,
    effective_rates,
    months_to,
    read_accounts,
    realised_change,
    screen_companies,
    screen_industries,
    screen_products,
    start_months,
)
from tariffimpact.facts import read_facts

accounts = read_accounts()
change = realised_change(accounts, month="2025-12", base="2024")
answer = cost_push(accounts, change)
print(answer.explain())

# %%
axes = answer.plot()
# %% [markdown]
# ## The switch, and the lost code
#
# Under `published` the ten codes that the classification of 2022 made are lost, cars and light
# trucks among them; under `total` imports are made with home inputs too. The first row is what a
# leading open calculation gives; the last is ours.

# %%
rows = []
for codes in ("published", "mapped"):
    lost = realised_change(accounts, month="2025-12", base="2024", codes=codes)
    for rule in ("total", "domestic"):
        total = cost_push(accounts, lost, requirements=rule).total
        rows.append(
            {
                "codes": codes,
                "requirements": rule,
                "duty covered": lost.coverage.duty,
                "margins in dollars": total.constant_dollar.low,
                "margins in per cent": total.constant_percent.low,
            }
        )
pd.DataFrame(rows).style.format(
    {"duty covered": "{:.1%}", "margins in dollars": "{:.2%}", "margins in per cent": "{:.2%}"}
).hide(axis="index")

# %% [markdown]
# Each of the ten codes goes where a table says, with its reason:

# %%
pd.DataFrame([row.model_dump() for row in accounts.mapping])

# %% [markdown]
# ## Through which inputs
#
# The duty on the good itself is most of it. Where goods are made at home, metals carry the rest.

# %%
axes = answer.plot_inputs()
# %%
answer.inputs("332430").head(8).round(4)  # metal cans and boxes

# %% [markdown]
# ## Who is exposed
#
# Industries, the companies of the facts, and products by their HTS code. A commodity is an average
# of all who make or import it; a company that sells several is a range.

# %%
print(screen_industries(answer).summary())
screen_companies(answer, read_facts().companies).frame.round(4)

# %%
print(screen_products(answer, ["9504500000", "7612.90.10"]).explain())

# %% [markdown]
# ## How the rate rose
#
# Duty collected over imports, all goods, by month.

# %%
rates = effective_rates(accounts).set_index("month")["rate"]
(100 * rates.loc["2024-12":]).round(2)

# %% [markdown]
# ## Predicted beside seen
#
# The predicted rise of each item of the consumer price index against the rise seen. A slope across
# items is an association: whatever else moved the same prices is in it.

# %%
compared = compare_prices(answer, start="2024-12", end="2025-12")
print(compared.explain())
axes = compared.plot()
# %% [markdown]
# How much of the slope is the choice of the first month? Count from mid-2024 and take off each
# item's earlier rise, and prices follow costs one for one; count from the start of 2024, and they
# fall where costs rose. No choice of month is the right one.

# %%
starts = start_months(answer, starts=months_to("2025-06", 18), end="2025-12")
print(starts.summary())
axes = starts.plot()
# %% [markdown]
# ## Check it by hand
#
# Two sectors: half of the steel is imported and pays 25 points more; a car is three tenths steel,
# none of it imported whole.

# %%
from tariffimpact.costpush import Requirements

economy = Requirements(np.array([0.5, 0.0]), np.array([[0.0, 0.3], [0.0, 0.0]]))
steel, car = economy.costs(np.array([0.25, 0.0]))
assert np.isclose([steel, car], [0.5 * 0.25, 0.3 * 0.5 * 0.25]).all()
print(f"steel {steel:.2%}, car {car:.2%}")

# %% [markdown]
# ## What to do next
#
# Ask `tariffimpact cost-push --month 2025-12 --base 2024` for another month, or with
# `--on DAY --before DAY` for the law's rates in place of the receipts. For a duty that is only
# proposed, write a table with a commodity or product and its change in each row, and give it with
# `--rates FILE`. Read both margin rules: the answer lies between them.
