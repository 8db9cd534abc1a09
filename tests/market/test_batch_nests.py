"""Batches with nests, and firms whose products differ in weight, against their conditions."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_conditions import observed
from scipy.optimize import brentq
from scipy.special import lambertw

from sampled import examples
from tariffimpact.errors import ModelError
from tariffimpact.market import Duties, solve_ces, solve_logit
from tariffimpact.market.solvers.maxima import OwnNests, better_elsewhere


def exact(values):
    return np.array([Decimal(float(x)) for x in values])


def shares(index, nest, loose):
    """Share of the market and within the nest, from the definition, one market."""
    weight = np.array([(u / s).exp() for u, s in zip(index, loose, strict=True)])
    together = nest[:, None] == nest[None, :]
    inclusive = together @ weight
    part = np.array([(s * x.ln()).exp() for s, x in zip(loose, inclusive, strict=True)])
    first = [np.flatnonzero(nest == g)[0] for g in set(nest.tolist())]
    return weight / inclusive * part / (1 + part[first].sum()), weight / inclusive


def gap(kind, *, level, slope, prices, cost, firms, nest, nesting, weight):
    """Largest first-order condition over the sum of its terms' sizes, one market.

    Logit: t_j s_j + sum_k t_k m_k ds_k/dp_j = 0; CES in logs of prices; with Berry's derivatives
    d ln r_j / du_k = 1(j = k)/(1 - s) - s/(1 - s) b_k 1(same nest) - r_k. With 200 digits, so that
    nothing is lost where one firm has nearly all.
    """
    ces = kind == "ces"
    price, cost, weight, loose = (exact(x) for x in (prices, cost, weight, 1 - nesting))
    with localcontext(prec=200):
        height = np.array([p.ln() for p in price]) if ces else price
        share, within = shares(exact(level) - Decimal(slope) * height, nest, loose)
        together = nest[:, None] == nest[None, :]
        pull = np.diag(1 / loose) - together * ((1 - loose) / loose * within) - share
        margin = 1 - cost / price if ces else price - cost
        ours = firms[:, None] == firms[None, :]
        terms = -Decimal(slope) * ours * pull * (weight * margin)[None, :] / weight[:, None]
        first = cost / price if ces else np.full(price.size, Decimal(1))
        return float(max(abs(first + terms.sum(axis=1)) / (first + abs(terms).sum(axis=1))))


def draw(seed, count, sd, *, most=8, top=2.0, nests=3, loosest=0.95):
    """Ragged markets; rates to `top`, nests with parameters to `loosest`."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, most + 1, count)
    market = np.repeat(np.arange(count), sizes)
    nest = rng.integers(0, nests, market.size)
    return {
        "level": rng.normal(0, sd, market.size), "cost": rng.uniform(0.5, 3, market.size),
        "rate": rng.uniform(0, top, market.size), "firms": rng.integers(0, 4, market.size),
        "markets": market, "nests": nest,
        "nesting": rng.uniform(0, loosest, (count, nests))[market, nest],
    }  # fmt: skip


def solve(kind, case, *, border=False, nested=True, **changes):
    """Solve the case with duties; `border`: levied on the border price, so weights differ."""
    options = {"cost": case["cost"] * (1 + case["rate"]), "firms": case["firms"],
               "markets": case["markets"]}  # fmt: skip
    options |= {"weight": 1 / (1 + case["rate"])} if border else {}
    options |= {"nests": case["nests"], "nesting": case["nesting"]} if nested else {}
    if kind == "ces":
        return solve_ces(log_quality=case["level"], elasticity=4.0, **(options | changes))
    return solve_logit(utility=case["level"], price_coefficient=0.7, **(options | changes))


def worst(kind, case, found, *, border, nested):
    """Largest gap among solved markets; the others must be NaN."""
    most = 0.0
    for m in range(found.residual.size):
        at = case["markets"] == m
        if not found.solved[m]:
            assert np.isnan(found.prices[at]).all()
            continue
        nest = case["nests"][at] if nested else np.zeros(at.sum(), dtype=int)
        most = max(most, gap(
            kind, level=case["level"][at], slope=3.0 if kind == "ces" else 0.7,
            prices=found.prices[at], cost=(case["cost"] * (1 + case["rate"]))[at],
            firms=case["firms"][at], nest=nest, nesting=nested * case["nesting"][at],
            weight=1 / (1 + border * case["rate"][at]),
        ))  # fmt: skip
    return most


@examples(12)
@given(seed=st.integers(0, 2**31), sd=st.sampled_from([1, 5, 20, 60]), border=st.booleans(),
       kind=st.sampled_from(["logit", "ces"]), nested=st.booleans())  # fmt: skip
def test_random_markets_meet_their_conditions_or_are_flagged(seed, sd, border, kind, nested):
    case = draw(seed, 12, sd)
    found = solve(kind, case, border=border, nested=nested)
    assert worst(kind, case, found, border=border, nested=nested) <= 1e-10


@pytest.mark.parametrize("sd", [1, 5, 20, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("kind", "border", "most"), [
    ("logit", False, {1: 0, 5: 0, 20: 0, 60: 2}), ("logit", True, {1: 3, 5: 6, 20: 10, 60: 10}),
    ("ces", False, {1: 0, 5: 0, 20: 2, 60: 10}),
])  # fmt: skip
def test_few_nested_markets_are_left_unsolved(kind, border, most, sd):
    """Of 200; nested markets with uneven weights may have no equilibrium at all."""
    found = solve(kind, draw(8, 200, sd), border=border)
    assert (~found.solved).sum() <= most[sd]


@pytest.mark.parametrize(("kind", "nested", "above"), [
    ("logit", False, 600.0), ("logit", False, 3_000.0), ("ces", False, 600.0),
    ("logit", True, 100.0), ("logit", True, 300.0),
])  # fmt: skip
def test_markets_far_above_the_outside_good_are_solved(kind, nested, above):
    for sd in (1, 20, 60):
        case = draw(6, 40, sd, loosest=0.8)
        case["level"] += above
        case["level"][np.random.default_rng(2).random(case["level"].size) < 0.3] -= 2 * above
        found = solve(kind, case, nested=nested)
        assert found.solved.all()
        assert nested or found.iterations.max() <= 8
        assert worst(kind, case, found, border=False, nested=nested) <= 1e-10


@pytest.mark.parametrize("sd", [1, *(pytest.param(sd, marks=pytest.mark.slow) for sd in (5, 20))])
def test_a_ces_market_is_flagged_only_if_a_firm_withdraws_a_product(sd):
    """Bisection on H with every firm's reply bisected says whether a price runs off."""
    case = draw(5, 200, sd)
    found = solve("ces", case, border=True, nested=False)
    value = case["level"] - 3 * np.log(case["cost"] * (1 + case["rate"]))
    flagged = np.flatnonzero(~found.solved)
    assert np.isinf(found.residual[flagged]).sum() >= 0.9 * flagged.size
    for m in flagged[:20]:
        at = case["markets"] == m
        assert least_sold(value[at], 1 + case["rate"][at], case["firms"][at]) < 1e-3
    for m in np.flatnonzero(found.solved)[:20]:
        at = case["markets"] == m
        assert least_sold(value[at], 1 + case["rate"][at], case["firms"][at]) > 0


def least_sold(value, gross, firms):
    """Smallest k/p in a CES market of elasticity 4 in which firms may withdraw products."""

    def of_firm(h, own):
        g = gross[own] / gross[own].min()

        def cost_share(x):
            return np.maximum(1 - g * x, 0) / (1 + 1 / 3)

        def share(x):
            return np.exp(value[own] - h) * cost_share(x) ** 3

        x = brentq(lambda x: (share(x) * (1 - cost_share(x)) / g).sum() - x, 0, 1, xtol=1e-15)
        return share(x).sum(), cost_share(x).min()

    names = [firms == f for f in np.unique(firms)]
    top = np.logaddexp.reduce(np.append(value, 0.0)) + 1
    h = brentq(lambda h: np.exp(-h) + sum(of_firm(h, own)[0] for own in names) - 1, 0, top)
    return min(of_firm(h, own)[1] for own in names)


@pytest.mark.parametrize("system", ["nested_logit", "nested_ces", "ces"])
@pytest.mark.parametrize("reading", ["customs_value", "border_price"])
def test_a_batch_equals_the_single_market(system, reading):
    market = observed(system, duties=Duties(), reading=reading)
    state = market.impose(Duties([0.25, 0.0, 0.2, 0.1, 0.0])).after
    demand = market.demand
    common = {"cost": state.game.cost, "weight": state.game.weight, "firms": market.firms}
    if demand.nesting.any():
        common |= {"nests": demand.nest, "nesting": demand.nesting}
    if system == "nested_logit":
        found = solve_logit(utility=demand.utility, price_coefficient=demand.price_coefficient,
                            **common)  # fmt: skip
    else:
        found = solve_ces(log_quality=demand.log_quality, elasticity=demand.elasticity, **common)
    assert found.prices == pytest.approx(state.prices, rel=1e-10)


def drawn_point(rng, curve):
    """Shares, drawn, and the margins m at which they meet the conditions of two firms.

    Logit: m = alpha (p - k); CES: (elasticity - 1) times the Lerner index. Each condition is
    linear in the margins: t (1 - curve m) = t m/(1 - s) - s/(1 - s) A - X.
    """
    size = int(rng.integers(2, 7))
    cell = np.sort(rng.integers(0, 6, size))  # firm and nest of each product
    firm, nest = cell // 3, np.unique(cell % 3, return_inverse=True)[1]
    loose = 1 - rng.choice([0.2, 0.5, 0.8, 0.95, 0.99], 3)[nest]
    kept = 1 / (1 + rng.uniform(0, rng.choice([0.2, 2, 8]), size))
    index = np.clip(rng.normal(0, 3) + rng.normal(0, 3, size) * loose, -6, 6)
    share, within = nested_shares(index, nest, loose)
    same, ours = (x[:, None] == x[None, :] for x in (nest, firm))
    matrix = np.diag(kept * (curve + 1 / loose)) - ours * (
        ((1 - loose) / loose)[:, None] * same * (kept * within) + kept * share
    )
    return firm, nest, loose, kept, index, np.linalg.solve(matrix, kept), share


def nested_shares(index, nest, loose):
    """Share of the market and within the nest; an index may be complex."""
    weight = np.exp(index / loose)
    inclusive = np.array([weight[nest == g].sum() for g in nest])
    part = inclusive**loose
    heads = np.unique(nest, return_index=True)[1]
    return weight / inclusive * part / (1 + part[heads].sum()), weight / inclusive


def steepest_turn(curve, firm, nest, loose, kept, index, margin, share):
    """Largest eigenvalue of a firm's Hessian in its indices, over the size of its diagonal.

    Profit is differentiated once by a complex step, once more by central differences.
    """
    base = index + (np.log1p(curve * margin / (1 - curve * margin)) / curve if curve else margin)

    def profit(at, own):
        m = -np.expm1(-curve * (base - at)) / curve if curve else base - at
        return (kept * m * nested_shares(at, nest, loose)[0])[own].sum()

    most = -np.inf
    for name in np.unique(firm):
        own, size = np.flatnonzero(firm == name), 1e-4 * loose
        steps = np.eye(index.size)
        hessian = np.array([[
            sum(sign * profit(index + 1e-20j * steps[i] + sign * size[j] * steps[j], own).imag
                for sign in (1, -1)) / (2e-20 * size[j])
            for j in own] for i in own])  # fmt: skip
        scale = np.sqrt(share * kept * (1 - curve * margin) * (curve + 1 / loose))[own]
        most = max(most, np.linalg.eigvalsh(hessian / np.outer(scale, scale)).max())
    return most


@pytest.mark.parametrize("count", [40, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("curve", [0.0, 1 / 3, 2.0])
def test_a_point_that_is_no_maximum_by_differences_has_a_better_one_elsewhere(curve, count):
    rng, judged = np.random.default_rng(11), []
    for _ in range(count):
        firm, nest, loose, kept, index, margin, share = drawn_point(rng, curve)
        if (margin <= 0).any() or (curve * margin >= 0.999).any():
            continue
        turn = steepest_turn(curve, firm, nest, loose, kept, index, margin, share)
        if abs(turn) < 1e-4:
            continue  # no telling by differences
        cell = np.cumsum(np.diff(3 * firm + nest, prepend=-1) != 0) - 1
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        best = np.array([kept[firm == f].max() for f in firm])
        nest_share, within = nested_shares(index, nest, loose)
        profit = np.array([(kept * margin * nest_share)[firm == f].sum() for f in firm]) / best
        gain, _ = better_elsewhere(OwnNests(
            within, kept / best, margin, cell, (1 - loose)[starts], np.full(starts.size, curve),
            (nest_share / within)[starts], profit[starts],
        ))  # fmt: skip
        if turn > 0:
            assert gain.max() > 0
        judged.append(turn < 0)
    assert len(judged) > count / 3
    assert judged.count(False) >= count // 100


@pytest.mark.parametrize("nesting", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("utility", [1.0, 30.0, 600.0])
def test_a_monopolist_of_a_nest_charges_lambert_w(utility, nesting):
    """Whatever the nesting, a monopolist's markup times alpha is 1 + W(T/e), T at cost."""
    cost = np.array([1.0, 2.0, 0.5])
    found = solve_logit(utility=utility, price_coefficient=1.0, cost=cost, firms=["m"] * 3,
                        nests=["n"] * 3, nesting=nesting)  # fmt: skip
    type_ = (1 - nesting) * np.log(np.exp((0.0 - cost) / (1 - nesting)).sum()) + utility
    odds = lambertw(np.exp(type_ - 1)).real
    assert found.prices == pytest.approx(cost + 1 + odds, rel=1e-12)


def test_nests_without_nesting_are_the_plain_model():
    case = draw(9, 50, 3)
    for kind in ("logit", "ces"):
        plain = solve(kind, case, nested=False)
        assert solve(kind, case, nesting=0.0).prices == pytest.approx(plain.prices, rel=1e-10)


def test_chunks_rows_and_the_order_of_products_change_nothing():
    case = draw(4, 30, 2, loosest=0.8)
    rows = {"cost": np.stack([case["cost"], 1.3 * case["cost"]]),
            "nesting": np.stack([case["nesting"], 0.5 * case["nesting"]])}  # fmt: skip
    whole = solve("logit", case, **rows)
    assert whole.prices.shape == (2, case["cost"].size)
    again = solve("logit", case, chunk=40, progress=True, **rows)
    assert again.prices == pytest.approx(whole.prices, rel=1e-12)
    for row in range(2):
        alone = solve("logit", case, **{name: value[row] for name, value in rows.items()})
        assert whole.prices[row] == pytest.approx(alone.prices, rel=1e-12)
    mixed = np.lexsort((np.random.default_rng(1).random(case["cost"].size), case["markets"]))
    shuffled = {name: value[mixed] for name, value in case.items()}
    found = solve("logit", shuffled, cost=rows["cost"][:, mixed],
                  nesting=rows["nesting"][:, mixed])  # fmt: skip
    assert found.prices == pytest.approx(whole.prices[:, mixed], rel=1e-12)


def test_inputs_out_of_range_flag_their_market_alone():
    found = solve_logit(
        utility=[1.0] * 5 + [-np.inf], price_coefficient=[1, -1.0, 1, 1, 1, 1], nests=[0] * 6,
        cost=[np.nan, 1, 1, 1, 1, 1], firms=["a"] * 6, markets=list("vwxyzz"),
        nesting=[0.5, 0.5, 1.0, -0.1, 0.5, 0.5],
    )  # fmt: skip
    assert found.solved.tolist() == [False, False, False, False, True]
    assert np.isnan(found.prices).tolist() == [True] * 4 + [False] * 2


@pytest.mark.parametrize(("change", "words"), [
    ({"nests": None}, "needs nests"),
    ({"nesting": [0.5, 0.4]}, "several values"),
    ({"nests": ["n"]}, "one label per product"),
    ({"markets": ["x", "y", "x"], "utility": [1.0] * 3, "firms": list("aba"), "nests": list("nnn"),
      "cost": 1.0}, "x are not adjacent"),
])  # fmt: skip
def test_nests_that_make_no_sense_are_refused(change, words):
    options = {"utility": [1.0, 1.0], "price_coefficient": 1.0, "cost": [1.0, 1.0],
               "firms": ["a", "b"], "nests": ["n", "n"], "nesting": 0.5} | change  # fmt: skip
    with pytest.raises(ModelError, match=words):
        solve_logit(**options)
