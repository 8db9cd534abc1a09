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
# # How sure: bounds, draws, tornado, Sobol indices
#
# | question | answer |
# |---|---|
# | How far can it go? | `bounds`: exact at corners if monotone, or by a formula; else searched |
# | How is it spread, if the inputs are spread so? | `draws` |
# | Which input moves it, one at a time? | `tornado` |
# | Which input is its variance due to, alone and with others? | `sobol` |
#
# A range says where a value lies, not how likely it is. Only the first answer needs no more than
# the range; the others need a distribution, and spreading a range evenly is an assumption.

# %%
# %matplotlib inline
from tariffimpact.cases import read_case
from tariffimpact.passthrough import implied_rate
from tariffimpact.uncertainty import bounds, draws, sobol, tornado

# %% [markdown]
# ## Any function will do
#
# Models know nothing of uncertainty. They take numbers or arrays; an input is a number, an interval
# or a distribution.

# %%
inputs = {
    "old_price": 500.0,
    "new_price": 550.0,
    "tariff_change": "0.15..0.20",
    "customs_share": "0.70..0.90",
}
rate = bounds(implied_rate, inputs, name="pass-through rate")
print(rate.summary())
print(rate.explain())

# %% [markdown]
# One (complete pass-through) lies outside, for what entered from 7 August 2025 on. With a customs
# share of 0.50 to 0.97, nothing taken from other makers, it lies inside: a fact about the share
# decides, no draw and no midpoint.

# %%
axes = tornado(implied_rate, inputs, name="pass-through rate").plot()

# %% [markdown]
# ## Draws
#
# The same seed gives the same bytes, on any day and in blocks of any size.

# %%
believed = inputs | {"customs_share": {"dist": "triangular", "low": 0.7, "mode": 0.75, "high": 0.9}}
drawn = draws(implied_rate, believed, n=100_000, seed=1, name="pass-through rate")
print(drawn.summary())

# %%
drawn.to_frame()

# %% [markdown]
# ## Variance, shared out

# %%
shares = sobol(implied_rate, believed, seed=1, name="pass-through rate")
print(shares.summary())

# %%
axes = shares.plot()

# %% [markdown]
# ## Where the model has no answer
#
# "No price does" is counted, not dropped in silence. For this price a formula knows the ends all
# the same; elsewhere they are searched, and the answer says so.

# %%
profit = read_case("sony-ps5").question("profit")
print(profit.bounds().summary())
print(profit.draws(n=20_000, seed=1).summary())

# %% [markdown]
# ## A path

# %%
axes = read_case("sony-ps5").question("price-path").draws(n=5_000, seed=1).plot()

# %% [markdown]
# ## What to do next
#
# Ask first for `bounds`: they need the least. Where the range is too wide to decide anything, the
# tornado names the input to find out about. Any function of your own can be asked in the same way.
