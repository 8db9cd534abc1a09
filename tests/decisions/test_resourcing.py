"""Re-sourcing against quadrature, a simulation of the lapse and plain sums."""

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from tariffimpact.decisions.sourcing import (
    Offer,
    break_even_months,
    expected_break_even_months,
    expected_saving,
    resourcing,
)
from tariffimpact.errors import ModelError

SWITCH = {"switching_cost": 500e3, "saving_per_unit": 25.0, "monthly_volume": 10e3}


def test_break_even_earns_exactly_the_cost():
    months = break_even_months(**SWITCH)
    assert months * 25 * 10e3 == pytest.approx(500e3)
    assert break_even_months(**{**SWITCH, "saving_per_unit": -1}) == math.inf
    assert break_even_months(**{**SWITCH, "saving_per_unit": 0}) == math.inf
    assert break_even_months(**{**SWITCH, "switching_cost": 0}) == 0
    got = break_even_months(**{**SWITCH, "saving_per_unit": np.array([25.0, 50.0])})
    np.testing.assert_allclose(got, [2, 1])


def earned(months, *, saving, volume, hazard, after):
    """Expected saving up to a month, by quadrature."""

    def flow(t):
        lasts = (1 - hazard) ** t
        return volume * (saving * lasts + after * (1 - lasts))

    knee = min(months, 40 / -math.log1p(-hazard))  # beyond it the rate has lapsed for certain
    parts = ((0, knee), (knee, months))
    return sum(integrate.quad(flow, *part, limit=200, epsrel=1e-11)[0] for part in parts)


@given(
    st.floats(1, 1e3), st.floats(-5, 30), st.floats(0.1, 10), st.floats(1e-3, 0.9),
    st.floats(-20, 20),
)  # fmt: skip
def test_expected_break_even_earns_the_cost_in_expectation(once, saving, volume, hazard, after):
    months = expected_break_even_months(
        switching_cost=once, saving_per_unit=saving, monthly_volume=volume, hazard=hazard,
        saving_after=after,
    )  # fmt: skip
    saving, after = (x if abs(x) >= 1e-12 else 0.0 for x in (saving, after))
    case = {"saving": saving, "volume": volume, "hazard": hazard, "after": after}
    if months < 1e5:
        assert earned(months, **case) == pytest.approx(once, rel=1e-6)
        for part in np.linspace(0, 1, 20, endpoint=False):  # and not before
            assert earned(part * months, **case) <= once * (1 + 1e-6)
    elif math.isinf(months):
        assert after <= 0
        for later in (1, 3, 10, 30, 100, 300, 1000):
            assert earned(later, **case) <= once * (1 + 1e-6)


def test_expected_break_even_is_that_of_a_simulated_lapse():
    rng = np.random.default_rng(1)
    hazard, after, n = 0.1, -4.0, 400_000
    lapse = rng.exponential(1 / -math.log(1 - hazard), n)
    months = expected_break_even_months(**SWITCH, hazard=hazard, saving_after=after)
    lasting = np.minimum(lapse, months)
    saved = 10e3 * (25 * lasting + after * (months - lasting))
    assert saved.mean() == pytest.approx(500e3, abs=5 * saved.std() / n**0.5)


def test_odds_limits():
    sure = break_even_months(**SWITCH)
    assert expected_break_even_months(**SWITCH, hazard=0) == sure
    assert expected_break_even_months(**SWITCH, hazard=1e-9) == pytest.approx(sure, rel=1e-6)
    for hazard in (0.01, 0.5):  # the rate makes no difference: nor do its odds
        same = expected_break_even_months(**SWITCH, hazard=hazard, saving_after=25.0)
        assert same == pytest.approx(sure)
    rising = expected_break_even_months(**SWITCH, hazard=np.array([0, 0.05, 0.1, 0.2, 0.5]))
    assert (np.diff(rising[:-1]) > 0).all()
    assert rising[-1] == math.inf
    free = expected_break_even_months(**{**SWITCH, "switching_cost": 0}, hazard=0.5)
    assert free == 0
    tiny = expected_break_even_months(**SWITCH, hazard=1e-18, saving_after=-1.0)
    assert tiny == pytest.approx(sure)


def test_probability_weighs_the_two_savings():
    assert expected_saving(saving_per_unit=25, lasting_probability=0.6) == pytest.approx(15)
    both = expected_saving(saving_per_unit=25, lasting_probability=0.6, saving_after=-5)
    assert both == pytest.approx(13)


OFFERS = [
    Offer(origin="CHN", customs_value=300.0, freight=10.0),
    Offer(origin="VNM", customs_value=310.0, freight=12.0, fees=1.0),
    Offer(origin="JPN", customs_value=350.0, specific=2.0, dutiable_share=0.5),
]
CASE = {
    "offers": OFFERS, "ad_valorem": {"CHN": 0.30, "VNM": 0.20, "JPN": 0.15}, "current": "CHN",
    "switching_cost": 1e6, "monthly_volume": 50_000,
}  # fmt: skip


def test_landed_cost_by_origin_and_the_switch():
    result = resourcing(**CASE, on=date(2025, 8, 21))
    frame = result.to_frame().set_index("origin")
    assert frame["landed_cost"].to_dict() == pytest.approx(
        {"CHN": 400.0, "VNM": 385.0, "JPN": 350 + 0.15 * 0.5 * 350 + 2}
    )
    assert list(frame.index) == ["JPN", "VNM", "CHN"]
    assert frame.loc["VNM", "saving"] == pytest.approx(15)
    assert frame.loc["VNM", "break_even_months"] == pytest.approx(1e6 / (15 * 50_000))
    assert math.isnan(frame.loc["CHN", "break_even_months"])
    assert result.cheapest == "JPN"
    assert result.break_even == pytest.approx(1e6 / (21.75 * 50_000))
    assert result.expected_break_even == result.break_even
    assert result.summary() == (
        "On 2025-08-21 a unit lands at $400.00 from China and at $378.25 from Japan, the cheapest. "
        "A switch that costs $1m saves $21.75 a unit and pays after 0.9 months if the rates last."
    )


def test_odds_in_words():
    lapse = resourcing(**CASE, hazard=0.1, saving_after=-30.0)
    assert "with a chance of 10.0% a month that the rate lapses, after" in lapse.summary()
    assert lapse.expected_break_even > lapse.break_even
    stays = resourcing(**CASE, lasting_probability=0.4, saving_after=-30.0)
    assert "with a chance of 40.0% that the rate lasts, never in expectation" in stays.summary()
    half = resourcing(**CASE, lasting_probability=0.5)
    assert half.expected_break_even == pytest.approx(2 * half.break_even)
    for part in ("Inputs:", "Assumptions:", "Formulas:", "Source: the inputs given"):
        assert part in lapse.explain()


def test_staying_where_nothing_is_cheaper():
    result = resourcing(**{**CASE, "current": "JPN"})
    assert result.cheapest == "JPN"
    assert "no other origin is cheaper" in result.summary()
    tie = [Offer(origin=origin, customs_value=100.0) for origin in ("AAA", "BBB")]
    same = resourcing(**{**CASE, "offers": tie, "ad_valorem": {"AAA": 0, "BBB": 0},
                         "current": "BBB"})  # fmt: skip
    assert same.cheapest == "BBB"
    assert same.break_even == math.inf


def test_plot_names_the_origins():
    ax = resourcing(**CASE).plot()
    drawn = [label.get_text() for label in ax.get_yticklabels()]
    drawn += [text.get_text() for text in ax.texts]
    assert {"CHN", "VNM", "JPN"} <= set(drawn)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("switching_cost", -1), ("monthly_volume", 0), ("hazard", 1), ("hazard", -0.1),
        ("lasting_probability", 1.1), ("lasting_probability", -0.1),
        *[(name, bad) for name in ("switching_cost", "monthly_volume", "saving_after")
          for bad in (np.nan, 1e308, "x")],
    ],
)  # fmt: skip
def test_bad_arguments_are_named_with_a_remedy(name, bad):
    with pytest.raises(ModelError, match=rf"^{name} .*; \w+"):
        resourcing(**{**CASE, name: bad})


def test_other_bad_requests_are_said():
    with pytest.raises(ModelError, match="no rate for VNM, JPN; a missing rate is not zero"):
        resourcing(**{**CASE, "ad_valorem": {"CHN": 0.3}})
    with pytest.raises(ModelError, match=r"^ad_valorem must be at least 0 .*rate of VNM"):
        resourcing(**{**CASE, "ad_valorem": {**CASE["ad_valorem"], "VNM": -0.2}})
    with pytest.raises(ModelError, match=r"^customs_value .*check the offer .* of CHN"):
        resourcing(**{**CASE, "offers": [Offer(origin="CHN", customs_value=np.nan)]})
    with pytest.raises(ModelError, match=r"^current must be an origin among .* \(got 'MEX'\)"):
        resourcing(**{**CASE, "current": "MEX"})
    with pytest.raises(ModelError, match="one per origin"):
        resourcing(**{**CASE, "offers": [*OFFERS, OFFERS[0]]})
    with pytest.raises(ModelError, match="give one of them"):
        resourcing(**CASE, hazard=0.1, lasting_probability=0.5)
    with pytest.raises(ModelError, match=r"^saving_per_unit .*; give"):
        break_even_months(**{**SWITCH, "saving_per_unit": np.nan})
