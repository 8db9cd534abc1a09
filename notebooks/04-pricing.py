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
# # Pricing: what price holds the margin, what price holds the profit
#
# A tariff raises the cost of a unit. Four rules answer it with a price:
#
# | rule | price |
# |---|---|
# | hold the dollar margin | old price + duty |
# | hold the percent margin | old price × new cost / old cost |
# | hold profit | the price nearest to the old one with the old profit, if there is one |
# | maximise | the price with the highest profit at the new cost |
#
# These are model results: they say what a seller would do under a stated demand, not what one did.

# %%
# %matplotlib inline
from tariffimpact.cases import case_of, read_case
from tariffimpact.pricing import hold_profit, price_response
from tariffimpact.pricing.demand import IsoelasticDemand, LinearDemand, LogitDemand

# %% [markdown]
# ## The textbook: $100, $50 at the border, 25%
#
# The duty is $12.50. A monopolist with linear demand passes on half of it. No price holds its
# profit, for the old price was its best one: "no price does" is an ordinary answer.

# %%
textbook = read_case("textbook").prices()
print(textbook.summary())

# %%
textbook.to_frame()[
    ["label", "price", "price_change", "pass_through_rate", "profit_change", "note"]
]

# %%
axes = textbook.plot()

# %% [markdown]
# ## The same cost, three demands
#
# The three curves agree at the old price and part company away from it. That is the whole of their
# disagreement about pass-through.

# %%
curves = {
    "linear": LinearDemand(price=100, demand_elasticity=2),
    "isoelastic": IsoelasticDemand(price=100, demand_elasticity=2),
    "logit, a fifth buy": LogitDemand(price=100, demand_elasticity=2, share=0.2),
}
for name, demand in curves.items():
    best = price_response(demand=demand, old_cost=50, cost_change=12.5)["maximise"].price
    print(f"{name:20} best price after the tariff ${best:.2f}")

# %% [markdown]
# ## Is there a price that holds profit?
#
# With isoelastic demand it depends on the elasticity: below 1 always, above 1 only where the old
# price was too low to be the best one.

# %%
for elasticity in (0.5, 1.0, 1.5, 2.0, 2.5):
    demand = IsoelasticDemand(price=100, demand_elasticity=elasticity)
    print(elasticity, hold_profit(demand=demand, old_cost=50, cost_change=12.5))

# %% [markdown]
# ## Three consoles
#
# Every input of the case is a range, so every answer is one. The middle of the ranges is shown
# first, for a reader who wants one number; the range is what the evidence supports.

# %%
sony = read_case("sony-ps5")
for product in sony.products:
    print(sony.prices(product.name, rules=("dollar", "percent")).summary(), "\n")

# %%
axes = sony.prices("PlayStation 5").plot()

# %% [markdown]
# ## A can
#
# Only the metal pays. Whatever the tariff, the metal and the can's price were in their ranges, the
# duty is at most a few percent of the price; a rise of a tenth has other causes too.

# %%
print(read_case("pepsico-can").question("full").bounds().summary())

# %% [markdown]
# ## A case of one's own

# %%
mine = case_of(
    {
        "title": "My product",
        "question": "What now?",
        "tariff": {"rate": "0.10..0.25"},
        "demand": {
            "form": "linear",
            "elasticity": {"dist": "pert", "low": 1, "mode": 2, "high": 4},
        },
        "products": [
            {"name": "Kettle", "old_price": 40, "customs_share": 0.4, "cost_share": 0.6},
        ],
    },
    name="mine",
)
mine.prices().to_frame()[["rule", "low", "high", "method", "no_answer", "at_middle"]]

# %% [markdown]
# ## What to do next
#
# Save such a case as a file and ask it from the command line: `tariffimpact price mine.toml`, with
# `--tornado` for what drives the answer. The page of the report has the same questions with fields
# to move. If rivals answer, the price is theirs too: notebook 07.
