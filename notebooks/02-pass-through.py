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
# # Pass-through: what $50 says, and what it does not
#
# A duty is a fraction of the customs value, which is public of two other makers' consoles and of no
# PlayStation 5. An observed price rise is therefore a set of pass-through rates. This notebook
# computes the set, shows what narrows it, and draws the charts of the report that rest on it.

# %%
# %matplotlib inline
from tariffimpact import (
    Interval,
    convert,
    measure,
    pass_through_bounds,
    pass_through_rate,
    read_facts,
)
from tariffimpact.report import build_report

# %% [markdown]
# ## One price, one tariff, a customs share as other consoles were declared at

# %%
ps5 = pass_through_bounds(
    old_price=500, new_price=550, tariff_change=0.15, customs_share=Interval(0.7, 0.9)
)
print(ps5.explain())

# %%
axes = ps5.plot()

# %% [markdown]
# With nothing known about the customs share but that it is at most one, only a lower bound stands:

# %%
print(
    pass_through_bounds(
        old_price=500, new_price=550, tariff_change=0.15, customs_share=Interval(0, 1)
    ).summary()
)

# %% [markdown]
# ## The charts of the report

# %%
figures = {figure.name: figure for figure in build_report(read_facts()).figures}
print(figures["passed-on"].title)
axes = figures["passed-on"].draw()

# %%
print(figures["customs-share"].title)
axes = figures["customs-share"].draw()

# %%
print(figures["exposure-recovered"].title)
axes = figures["exposure-recovered"].draw()

# %% [markdown]
# ## Four meanings of one word
#
# The same move under the four definitions in use; converting needs the customs share and refuses
# to guess it.

# %%
measure(
    old_price=100,
    new_price=106.25,
    old_customs_value=50,
    new_customs_value=50,
    old_tariff=0.0,
    new_tariff=0.25,
).to_frame()

# %%
convert(0.5, given="rate", wanted="retail_rate", customs_share=0.5, old_tariff=0.0, new_tariff=0.25)

# %% [markdown]
# ## What theory expects
#
# Weyl and Fabinger (2013): a monopolist with a flat cost passes on half of a small duty under
# linear demand, and more than all of it under isoelastic demand.

# %%
for name, convexity in {"linear": 0.0, "exponential": 1.0, "isoelastic, 3": 1 + 1 / 3}.items():
    rate = pass_through_rate(
        demand_elasticity=3.0,
        supply_elasticity=float("inf"),
        conduct=1.0,
        demand_convexity=convexity,
    )
    print(f"{name:>14}: {rate:.2f} dollars per dollar of duty")

# %% [markdown]
# ## What to do next
#
# Put your own prices into `pass_through_bounds`, with a control market as the counterfactual if
# you have one. Many prices over time are a panel: `tariffimpact estimate` measures them and hands
# its interval to the same bounds. Notebook 04 turns the question round: which price holds what.
