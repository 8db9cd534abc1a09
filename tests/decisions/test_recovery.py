"""Recovery against plain arithmetic, corners and a brute-force grid."""

from datetime import date
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.decisions.recovery import recovery, recovery_rate
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval

KNOWN = {
    "price_rise": 50.0, "annual_volume": 10e6, "months": 6.0, "volume_ratio": 0.9,
    "exposure": 500e6,
}  # fmt: skip


def test_known_answer():
    assert recovery_rate(**KNOWN) == pytest.approx(0.45, rel=1e-15)
    result = recovery(**KNOWN, basis="gross")
    assert result.rate.is_exact
    assert result.rate.low == pytest.approx(0.45, rel=1e-15)
    assert result.gain.low == pytest.approx(225e6)
    assert not result.conditional
    assert result.driver is None
    assert result.summary() == (
        "A price rise of $50 brings in $225m over 6 months, 45.0% of the $500m gross exposure."
    )


def test_each_factor_does_what_it_says():
    base = recovery_rate(**KNOWN)
    for name, factor in (("price_rise", 2), ("annual_volume", 2), ("months", 2), ("exposure", 0.5)):
        assert recovery_rate(**{**KNOWN, name: KNOWN[name] * factor}) == pytest.approx(2 * base)
    assert recovery_rate(**KNOWN, retailer_share=0.2) == pytest.approx(0.8 * base)
    assert recovery_rate(**{**KNOWN, "volume_ratio": 0.45}) == pytest.approx(base / 2)
    yen = {**KNOWN, "exposure": 500e6 * 147}
    assert recovery_rate(**yen, exchange_rate=147) == pytest.approx(base)


def test_vectorised_over_draws():
    rise = np.array([0.0, 25.0, 50.0])
    got = recovery_rate(**{**KNOWN, "price_rise": rise})
    np.testing.assert_allclose(got, [0, 0.225, 0.45])


ENDS = st.tuples(st.floats(0.1, 10), st.floats(1, 3)).map(lambda x: Interval(x[0], x[0] * x[1]))
SHARES = st.tuples(st.floats(0, 0.9), st.floats(0, 1)).map(
    lambda x: Interval(x[0], x[0] + (1 - x[0]) * x[1])
)


@given(rise=ENDS, volume=ENDS, months=ENDS, ratio=ENDS, exposure=ENDS, share=SHARES, fx=ENDS)
def test_range_is_that_of_the_corners_and_holds_every_point(
    rise, volume, months, ratio, exposure, share, fx
):
    spans = {
        "price_rise": rise, "annual_volume": volume, "months": months, "volume_ratio": ratio,
        "exposure": exposure, "retailer_share": share, "exchange_rate": fx,
    }  # fmt: skip
    result = recovery(
        **spans, basis="gross", exposure_currency="JPY", exchange_rate_on=date(2025, 8, 7)
    )
    ends = [
        recovery_rate(**dict(zip(spans, corner, strict=True)))
        for corner in product(*((s.low, s.high) for s in spans.values()))
    ]
    assert result.rate.low == pytest.approx(min(ends), rel=1e-12)
    assert result.rate.high == pytest.approx(max(ends), rel=1e-12)
    middle = recovery_rate(**{name: (s.low + s.high) / 2 for name, s in spans.items()})
    assert result.rate.low * (1 - 1e-12) <= middle <= result.rate.high * (1 + 1e-12)


def test_driver_is_the_input_that_moves_the_answer_most_in_proportion():
    spans = {**KNOWN, "price_rise": Interval(45, 50), "annual_volume": Interval(8e6, 12e6)}
    result = recovery(**spans, basis="gross")
    assert result.driver == "annual_volume"
    assert "What moves it most is the annual volume (8,000,000 to 12,000,000)." in result.summary()
    wide = recovery(**spans, retailer_share=Interval(0, 1), basis="gross")
    assert wide.driver == "seller_share"  # from nothing to all
    doubled = {**KNOWN, "months": Interval(1, 2), "annual_volume": Interval(8e6, 9e6)}
    assert recovery(**doubled, basis="gross").driver == "months"
    frame = wide.to_frame().set_index("input")
    assert frame.loc["annual_volume", ["rate_low", "rate_high"]].tolist() == pytest.approx(
        [0.9 * 0.5 * 47.5 * 8 / 1000, 0.9 * 0.5 * 47.5 * 12 / 1000]
    )
    assert frame.loc["rate", "high"] == wide.rate.high


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"basis": "net"}, "the exposure is net of mitigation"),
        ({"basis": "unstated"}, "not said to be gross or net"),
        ({"same_scope": False}, "covers other products"),
        ({"same_window": False}, "covers another period"),
    ],
)
def test_conditions_come_in_the_first_sentence(change, words):
    result = recovery(**{**KNOWN, "basis": "gross", **change})
    assert result.conditional
    first = result.summary().split(". ")[0]
    assert first.startswith("Conditional: ")
    assert words in first
    assert words in result.explain()


def test_against_a_net_exposure_it_bounds_the_recovery_of_the_gross_from_above():
    """Whatever the gross was, the same money is a smaller part of it."""
    result = recovery(**KNOWN, basis="net")
    for mitigated in np.linspace(0, 0.9, 10):
        gross = KNOWN["exposure"] / (1 - mitigated)
        assert recovery_rate(**{**KNOWN, "exposure": gross}) <= result.rate.high
    assert "the most of the gross exposure" in result.summary()


def test_plot_shows_the_answer_and_the_uncertain_inputs():
    result = recovery(**{**KNOWN, "months": Interval(4, 8)}, basis="gross", source="10-K")
    labels = [label.get_text() for label in result.plot().get_yticklabels()]
    drawn = labels + [text.get_text() for text in result.plot().texts]
    assert any("All together" in text for text in drawn)
    assert any("months in force" in text for text in drawn)
    assert not any("annual volume" in text for text in drawn)


def test_explains_itself():
    text = recovery(**KNOWN, basis="gross", source="10-K, page 3").explain()
    for part in ("Inputs: price rise 50;", "the same products", "Formula:", "Source: 10-K, page 3"):
        assert part in text


GOOD = {**KNOWN, "basis": "gross"}


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("price_rise", -1), ("annual_volume", 0), ("months", -1), ("exposure", 0),
        ("retailer_share", 1.2), ("retailer_share", -0.1), ("volume_ratio", -0.5),
        *[(name, bad) for name in KNOWN for bad in (np.nan, 1e308, np.inf, "many")],
    ],
)  # fmt: skip
def test_bad_arguments_are_named_with_a_remedy(name, bad):
    for call in (lambda **k: recovery(**k, basis="gross"), recovery_rate):
        with pytest.raises(ModelError, match=rf"^{name} .*; \w+"):
            call(**{**KNOWN, name: bad})


def test_bad_requests_are_said():
    with pytest.raises(ModelError, match=r"^basis must be gross, net or unstated \(got 'ebit'\)"):
        recovery(**KNOWN, basis="ebit")
    for given_rate in ({}, {"exchange_rate": 147}, {"exchange_rate_on": date(2025, 8, 7)}):
        with pytest.raises(ModelError, match="give JPY per USD and its date"):
            recovery(**GOOD, exposure_currency="JPY", **given_rate)
    with pytest.raises(ModelError, match=r"^exchange_rate .*; give it as of a date"):
        recovery(
            **GOOD, exposure_currency="JPY", exchange_rate=0, exchange_rate_on=date(2025, 8, 7)
        )
    with pytest.raises(ModelError, match=r"^exposure must be a number of ordinary size"):
        recovery(**{**GOOD, "exposure": Interval(1e6, np.inf)})
