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
# # Recovery and rollback: how much comes back, and who keeps it
#
# Two questions about money. How much of a disclosed tariff cost does a price rise bring in? And
# who holds what when the duty is struck down and refunded? Both are accounting, not pass-through.

# %%
# %matplotlib inline
from tariffimpact.cases import read_case
from tariffimpact.decisions.recovery import recovery
from tariffimpact.decisions.stock import front_loading_break_even
from tariffimpact.decisions.timing import round_trip
from tariffimpact.interval import Interval

# %% [markdown]
# ## Gross and net are kept apart
#
# A net figure has some of the price rise in it already. Set against one, a price rise says only how
# much of the gross figure it can bring back *at most*, and the answer begins by saying so.

# %%
for basis in ("gross", "net"):
    answer = recovery(
        price_rise=50,
        annual_volume=10e6,
        months=6,
        volume_ratio=Interval(0.85, 0.95),
        exposure=500e6,
        basis=basis,
    )
    print(answer.summary(), "\n")

# %% [markdown]
# ## Sony: $50 on the PlayStation 5 against what it put on games
#
# ¥20bn to ¥30bn of the group's ¥70bn, by the finance chief in August 2025, not said to be gross or
# net. That range drives the answer, more than how many consoles are sold in the US.

# %%
sony = read_case("sony-ps5")
print(sony.recovery().summary())

# %%
axes = sony.recovery().plot()

# %% [markdown]
# ## Estée Lauder: $100m net

# %%
print(read_case("estee-lauder").recovery().summary())

# %% [markdown]
# ## The refund
#
# The duties on consoles were held void on 20 February 2026. The importer of record gets them back.
# Part of the refund makes good what the seller had absorbed; part was already paid by buyers.

# %%
print(sony.rollback_ranges().summary())

# %%
sony.rollback_ranges().to_frame()

# %%
axes = sony.rollback_ranges().plot()

# %% [markdown]
# Where each range comes from:

# %%
for key in ("refund", "absorbed", "recovered-twice"):
    print(sony.question(key).bounds().summary())

# %% [markdown]
# What was recovered twice is $50 on every console sold at the new price: it does not depend on the
# customs value at all. What was absorbed depends on little else.

# %% [markdown]
# ## Up like a rocket, down like a feather

# %%
round_trip(
    price=500, duty_per_unit=50, months_on=6, months_off=6,
    rate_up=0.8, rate_down=0.4, speed_up=0.8, speed_down=0.2,
).round(1)  # fmt: skip

# %% [markdown]
# ## When it arrives
#
# Stock at the old duty delays the cost, and stock bought ahead delays it more; neither avoids it.

# %%
print(
    f"Buying ahead of 15% at 2% a month pays up to "
    f"{front_loading_break_even(ad_valorem=0.15, holding_cost=0.02):.2f} months ahead."
)

# %%
print(sony.path_ranges().summary())

# %%
axes = sony.path().plot()

# %% [markdown]
# ## What to do next
#
# A disclosed figure of your own goes into a case file with a `[recovery]` table, or straight into
# `tariffimpact recover`; duties of your own into `tariffimpact rollback`. How sure such an answer
# is, and which fact would make it surer, is notebook 06.
