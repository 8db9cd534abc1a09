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
# # Companies on one basis
#
# Exposure as a share of the sales of the same period, gross and net apart, an interval where the
# evidence is one; and what each company did, classified from the facts by one stated rule.

# %%
# %matplotlib inline
from tariffimpact import compare, read_facts
from tariffimpact.report import build_report

facts = read_facts()
compared = compare(facts)
print(compared.summary())

# %%
compared.to_frame()[["company", "basis", "low", "high", "same_period", "response"]]

# %% [markdown]
# ## The charts of the report

# %%
figures = {figure.name: figure for figure in build_report(facts).figures}
print(figures["exposure-by-company"].title)
axes = figures["exposure-by-company"].draw()

# %% [markdown]
# ## One company's path
#
# Sony's estimate was revised twice; the three figures are one estimate at three dates.

# %%
sony = next(profile for profile in compared.profiles if profile.company == "Sony")
for exposure in sony.revisions:
    print(exposure.disclosed_on, exposure.amount, exposure.currency, exposure.basis.value)

# %% [markdown]
# ## PepsiCo: cents per can

# %%
print(figures["cents-per-can"].title)
axes = figures["cents-per-can"].draw()

# %% [markdown]
# ## What was known on the day of the story

# %%
from datetime import date

print(compare(facts.as_of(date(2025, 8, 21))).summary())

# %% [markdown]
# ## What to do next
#
# `tariffimpact report --company NAME` makes the report of one company. What a duty does to its
# earnings, and how much of an exposure a price rise brings back, is in notebook 05.
