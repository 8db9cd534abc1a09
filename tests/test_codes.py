"""Codes of goods, countries and currencies, against ISO and the tariff book's own spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.codes import (
    check_country,
    check_currency,
    check_hts,
    check_market,
    country_name,
    hts_label,
)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("CHN", "China"),
        ("VNM", "Vietnam"),
        ("TWN", "Taiwan"),
        ("KOR", "South Korea"),
        ("GBR", "United Kingdom"),
        ("USA", "United States"),
        ("JPN", "Japan"),
        ("EU", "European Union"),
    ],
)
def test_everyday_names(code, name):
    assert country_name(code) == name


@pytest.mark.parametrize(
    ("code", "near"),
    [
        ("CHIN", "did you mean CHN?"),
        ("chn", "did you mean CHN?"),
        ("CN", "the three letters of CN are CHN"),
        ("uk", "the three letters of UK are GBR"),
        ("Vietnam", "the three letters of VIETNAM are VNM"),
        ("VN", "the three letters of VN are VNM"),
        ("", "write CHN"),
        ("中国", "write CHN"),
    ],
)
def test_an_unknown_country_names_the_nearest(code, near):
    with pytest.raises(ValueError, match="not an ISO 3166-1 alpha-3 country code; ") as caught:
        check_country(code)
    assert str(caught.value).endswith(near)


def test_a_market_may_be_the_european_union():
    assert check_market("EU") == "EU"
    assert check_market("DEU") == "DEU"
    with pytest.raises(ValueError, match="alpha-3"):
        check_market("Europe")
    with pytest.raises(ValueError, match="alpha-3"):
        check_country("EU")


def test_currencies():
    assert [check_currency(code) for code in ("USD", "JPY", "EUR")] == ["USD", "JPY", "EUR"]
    with pytest.raises(ValueError, match=r"not an ISO 4217 currency code; did you mean USD\?"):
        check_currency("usd")
    with pytest.raises(ValueError, match="ISO 4217"):
        check_currency("$")
    with pytest.raises(ValueError, match="ISO 4217"):
        check_currency("XXX")  # no currency


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        ("9504.50.00.00", "9504500000"),
        ("9504.50.0000", "9504500000"),
        ("9504 50 00", "95045000"),
        ("0101", "0101"),
        ("330300", "330300"),
    ],
)
def test_hts_codes_lose_their_dots_and_no_zero(code, digits):
    assert check_hts(code) == digits


@pytest.mark.parametrize("code", ["", "95", "950", "95045", "95045000001", "9504.5a", "٩٥٠٤", "*"])
def test_what_is_no_hts_code(code):
    with pytest.raises(ValueError, match="not an HTS code; write 4, 6, 8 or 10 digits"):
        check_hts(code)


@given(
    code=st.sampled_from((4, 6, 8, 10)).flatmap(
        lambda n: st.text("0123456789", min_size=n, max_size=n)
    )
)
def test_a_label_reads_back(code):
    assert check_hts(hts_label(code)) == code


def test_labels_stand_as_the_tariff_book_prints_them():
    assert [hts_label(c) for c in ("9504", "950450", "95045000", "9504500000")] == [
        "9504", "9504.50", "9504.50.00", "9504.50.0000",
    ]  # fmt: skip
