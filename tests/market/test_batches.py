"""Batches against residuals written from scratch, one market at a time, and one another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_conditions import ces_gap, logit_gap

from sampled import examples
from tariffimpact.errors import ModelError
from tariffimpact.market import (
    CesDemand,
    Duties,
    LogitDemand,
    Market,
    Structure,
    solve_ces,
    solve_logit,
)


def ragged(seed, count, most, sd):
    """Markets of 1 to `most` products, firms in any order within a market."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, most + 1, count)
    markets = np.repeat(np.arange(count), sizes)
    firms = rng.integers(0, 3, markets.size)
    return (rng, markets, firms, rng.normal(0, sd, markets.size) + 1,
            rng.uniform(0.5, 3, markets.size))  # fmt: skip


@examples(20)
@given(seed=st.integers(0, 2**31), sd=st.sampled_from([1, 5, 20, 60]),
       top=st.sampled_from([0.1, 0.5, 2.0]), border=st.booleans())  # fmt: skip
def test_random_markets_meet_their_conditions_or_are_flagged(seed, sd, top, border):
    rng, markets, firms, utility, cost = ragged(seed, 12, 7, sd)
    alpha = np.exp(rng.normal(0, 1, 12))[markets]
    rate = rng.uniform(0, top, cost.size)
    taxed = cost * (1 + rate)
    weight = 1 / (1 + rate) if border else None
    found = solve_logit(utility=utility, price_coefficient=alpha, cost=taxed, firms=firms,
                        markets=markets, weight=weight)  # fmt: skip
    assert found.solved.all()  # logit: none was ever left over
    for m in range(12):
        at = markets == m
        gap = logit_gap(utility=utility[at], alpha=alpha[at][0], prices=found.prices[at],
                        cost=taxed[at], firms=firms[at],
                        weight=None if weight is None else weight[at])  # fmt: skip
        assert gap <= 1e-10


@examples(20)
@given(seed=st.integers(0, 2**31), sd=st.sampled_from([1, 5, 20, 60]))
def test_random_ces_markets_meet_their_conditions_or_are_nan(seed, sd):
    _, markets, firms, quality, cost = ragged(seed, 12, 7, sd)
    found = solve_ces(log_quality=quality, elasticity=4.0, cost=cost, firms=firms,
                      markets=markets)  # fmt: skip
    for m in range(12):
        at = markets == m
        if not found.solved[m]:
            assert np.isnan(found.prices[at]).all()
            continue
        gap = ces_gap(quality=quality[at], eta=4.0, prices=found.prices[at], cost=cost[at],
                      firms=firms[at])  # fmt: skip
        assert gap <= 1e-10


@pytest.mark.parametrize("firm_size", [1, 4])
def test_large_and_equal_markets_meet_their_conditions(firm_size):
    rng = np.random.default_rng(4)
    firms, markets = np.tile(np.arange(1_200) // firm_size, 3), np.repeat(np.arange(3), 1_200)
    utility, cost = rng.normal(0, 3, (2, 3_600)), rng.uniform(1, 2, 3_600)
    found = solve_logit(utility=utility, price_coefficient=2.0, cost=cost, firms=firms,
                        markets=markets)  # fmt: skip
    assert found.solved.all()
    for row in range(2):
        for m in range(3):
            at = markets == m
            gap = logit_gap(utility=utility[row, at], alpha=2.0, prices=found.prices[row, at],
                            cost=cost[at], firms=firms[at])  # fmt: skip
            assert gap <= 1e-10


def test_firms_with_one_duty_never_enter_the_solver_for_many(monkeypatch):
    def refuse(*_):
        raise AssertionError("the solver for uneven duties was called")

    monkeypatch.setattr("tariffimpact.market.solvers.layout._by_nest", refuse)
    _, markets, firms, utility, cost = ragged(11, 40, 8, 2)
    common = {"utility": utility, "price_coefficient": 1.0, "cost": cost, "firms": firms,
              "markets": markets}  # fmt: skip
    levied = solve_logit(weight=1 / (1.1 + firms), **common)
    assert (levied.prices == solve_logit(**common).prices).all()


def test_inputs_out_of_range_flag_their_market_alone():
    bad = np.array([np.inf, -1.0, np.nan, 1.0, 1.0, 1.0])
    found = solve_logit(
        utility=np.ones(12),
        price_coefficient=np.repeat([1, 1, 1, 0, -1, 1.0], 2),
        cost=np.stack([np.ones(6), bad], axis=1).ravel(),
        firms=["a", "b"] * 6,
        markets=np.repeat(list("uvwxyz"), 2),
        weight=[1.0] * 10 + [2.0, 1.0],
    )
    assert not found.solved.any()
    assert np.isnan(found.prices).all()
    good = solve_logit(utility=[-np.inf, 1.0, 100.0], price_coefficient=1.0, cost=1.0,
                       firms=["a", "a", "b"])  # fmt: skip
    assert good.solved.all()
    assert np.isfinite(good.prices).all()


def test_a_batch_equals_its_markets_one_by_one_whatever_the_chunk():
    _, markets, firms, utility, cost = ragged(3, 40, 6, 2)
    costs = np.stack([cost, cost * 1.25, cost * 2])
    common = {"utility": utility, "price_coefficient": 0.8, "firms": firms, "markets": markets}
    whole = solve_logit(cost=costs, **common)
    for chunk in (1, 17, 10**6):
        assert solve_logit(cost=costs, chunk=chunk, **common).prices == pytest.approx(
            whole.prices, rel=1e-12
        )
    for m in (0, 13, 39):
        at = markets == m
        names = [str(i) for i in range(at.sum())]
        market = Market(products=names, firms=[str(f) for f in firms[at]], unit_cost=cost[at],
                        demand=LogitDemand(utility[at], 0.8))  # fmt: skip
        alone = market.equilibrium(Duties(0.25)).prices
        assert whole.prices[1, at] == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("nests", [None, list("uvwuvw")])
def test_a_structure_read_once_answers_as_labels_do(nests):
    labels = {"firms": list("abaabb"), "markets": list("xxxyyy"), "nests": nests}
    values = {"utility": [1.0, 2, 0, 1, 3, 2], "price_coefficient": 1.0, "cost": [1.0] * 6}
    values |= {} if nests is None else {"nesting": 0.4}
    owned = Structure.of(**labels)
    assert (owned.size, owned.names.tolist()) == (6, ["x", "y"])
    again = solve_logit(firms=owned, **values)
    assert (again.prices == solve_logit(**labels, **values).prices).all()
    with pytest.raises(ModelError, match="is a Structure and holds them"):
        solve_logit(firms=owned, markets=labels["markets"], **values)
    with pytest.raises(ModelError, match="broadcast"):
        solve_logit(firms=owned, **values | {"cost": [1.0] * 7})


def test_draws_of_every_argument_broadcast_and_the_bar_changes_nothing():
    rng = np.random.default_rng(5)
    utility = rng.normal(0, 1, (4, 1, 3))
    cost = rng.uniform(1, 2, (1, 2, 3))
    common = {"utility": utility, "price_coefficient": 1.0, "cost": cost, "firms": list("aab")}
    found = solve_logit(**common)
    assert found.prices.shape == (4, 2, 3)
    assert found.residual.shape == (4, 2, 1)
    shown = solve_logit(progress=True, **common)
    assert (shown.prices == found.prices).all()


def test_a_market_with_bad_input_is_flagged_named_and_nan_and_the_others_are_solved():
    found = solve_logit(utility=[1.0, 1.0, 1.0], price_coefficient=1.0, cost=[1.0, np.nan, -1.0],
                        firms=["a", "a", "a"], markets=["x", "y", "z"])  # fmt: skip
    assert found.solved.tolist() == [True, False, False]
    assert np.isnan(found.prices).tolist() == [False, True, True]
    assert found.unsolved() == [("y", ()), ("z", ())]
    assert "no equilibrium for y, z" in found.summary()
    assert len(found.to_frame()) == 3
    assert "NaN" in found.explain()


@pytest.mark.parametrize(("change", "words"), [
    ({"firms": ["a"]}, "2 products|broadcast"),
    ({"markets": ["x", "y", "x"], "cost": [1, 1, 1], "firms": list("abc"),
      "utility": [1, 1, 1]}, "x are not adjacent"),
    ({"chunk": 0}, "chunk"),
])  # fmt: skip
def test_a_batch_that_makes_no_sense_is_refused(change, words):
    options = {"utility": [1.0, 1.0], "price_coefficient": 1.0, "cost": [1.0, 1.0],
               "firms": ["a", "b"]} | change  # fmt: skip
    with pytest.raises(ModelError, match=words):
        solve_logit(**options)


def test_ces_batch_equals_a_single_market():
    market = Market(products=list("ab"), firms=list("ab"), unit_cost=[1.0, 2.0],
                    demand=CesDemand(np.array([0.5, 1.0]), 3.0))  # fmt: skip
    found = solve_ces(log_quality=[0.5, 1.0], elasticity=3.0, cost=[1.0, 2.0], firms=list("ab"))
    assert found.prices == pytest.approx(market.equilibrium().prices, rel=1e-12)


def test_ces_prices_far_out_meet_the_condition_of_a_firm_alone():
    quality = np.array([-900.0, -50.0, 0.0, 50.0, 300.0, 600.0, 900.0, 1_050.0])
    found = solve_ces(log_quality=quality, elasticity=1.5, cost=2.0, firms=np.zeros(8),
                      markets=np.arange(8))  # fmt: skip
    assert found.solved.all()
    # k/(p - k) = (elasticity - 1)(1 - S), in logs, S = A p^(1 - elasticity)/(1 + A p^...)
    price = np.log(found.prices)
    outside = -np.logaddexp(0.0, quality - 0.5 * price)
    margin = price + np.log(-np.expm1(np.log(2.0) - price)) - np.log(2.0)
    assert -margin == pytest.approx(np.log(0.5) + outside, rel=1e-12, abs=1e-12)
    assert found.iterations.max() <= 8
    beyond = solve_ces(log_quality=1_200.0, elasticity=1.5, cost=2.0, firms=[0])
    assert np.isnan(beyond.prices) == ~beyond.solved  # no number holds exp(800)
