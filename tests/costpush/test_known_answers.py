"""Published and hand-checked answers, from the shipped tables alone, to their last digit."""

import numpy as np
import pytest

from tariffimpact.costpush import (
    RateChange,
    Requirements,
    cost_push,
    effective_rates,
    read_accounts,
    realised_change,
)
from tariffimpact.costpush.rate_change import Coverage, code_shares

DIGITS = 0.00005
"""Half of the last digit of four-decimal percentages."""


@pytest.fixture(scope="module")
def accounts():
    return read_accounts()


def changed(accounts, codes="mapped"):
    return realised_change(accounts, month="2025-12", base="2024", codes=codes)


def uniform(accounts, rate):
    change = np.full(len(accounts.codes), rate)
    whole = Coverage(1.0, 1.0)
    return RateChange(
        change, change, whole, "Uniform", "Stated.", "test", changed(accounts).left_out
    )


def in_percent(interval):
    assert interval.is_exact
    return 100 * interval.low


@pytest.mark.parametrize(
    ("rule", "codes", "dollar", "percent"),
    [
        ("total", "published", 2.1687, 5.5867),
        ("total", "mapped", 2.5067, 6.2644),
        ("domestic", "published", 1.8448, 4.8255),
        ("domestic", "mapped", 2.1799, 5.4966),
    ],
)
def test_core_goods_in_december_2025(accounts, rule, codes, dollar, percent):
    total = cost_push(accounts, changed(accounts, codes), requirements=rule).total
    assert in_percent(total.constant_dollar) == pytest.approx(dollar, abs=DIGITS)
    assert in_percent(total.constant_percent) == pytest.approx(percent, abs=DIGITS)


@pytest.mark.parametrize(
    ("codes", "imports", "duty"), [("published", 0.8526, 0.8535), ("mapped", 0.9415, 0.9986)]
)
def test_coverage(accounts, codes, imports, duty):
    coverage = changed(accounts, codes).coverage
    assert coverage.imports == pytest.approx(imports, abs=0.00006)
    assert coverage.duty == pytest.approx(duty, abs=0.00006)


@pytest.mark.parametrize(
    ("rule", "core", "everything"),
    [
        ("total", (2.6266, 6.2479), (1.1678, 2.0896)),
        ("domestic", (2.2842, 5.4500), (1.0395, 1.8460)),
    ],
)
def test_ten_per_cent_on_everything(accounts, rule, core, everything):
    answer = cost_push(accounts, uniform(accounts, 0.1), requirements=rule)
    for margins, expected in ((answer.total, core), (answer.all_consumption, everything)):
        found = in_percent(margins.constant_dollar), in_percent(margins.constant_percent)
        assert found == pytest.approx(expected, abs=DIGITS)


def test_import_shares_direct_and_with_those_of_the_inputs(accounts):
    shares = accounts.import_shares
    total = Requirements.of(accounts, "total").costs(np.ones(len(shares)))
    cars = accounts.places["336111"]
    assert shares.mean() == pytest.approx(0.1535, abs=DIGITS)
    assert total.mean() == pytest.approx(0.2804, abs=DIGITS)
    assert (shares[cars], total[cars]) == pytest.approx((0.6685, 0.9679), abs=DIGITS)


@pytest.mark.parametrize(
    ("month", "rate"),
    [("2024-12", 2.31), ("2025-04", 7.07), ("2025-06", 9.14), ("2025-09", 10.65),
     ("2025-10", 10.91), ("2025-12", 9.42)],
)  # fmt: skip
def test_effective_rates_by_month(accounts, month, rate):
    rates = effective_rates(accounts).set_index("month")["rate"]
    assert 100 * rates[month] == pytest.approx(rate, abs=0.005)


@pytest.mark.parametrize(
    ("name", "dollar", "percent"),
    [
        ("Small electric household appliances", 8.09, 14.83),
        ("Televisions", 5.08, 11.20),
        ("Games, toys, and hobbies", 4.78, 14.77),
        ("Furniture", 4.25, 9.69),
    ],
)
def test_categories_as_published(accounts, name, dollar, percent):
    answer = cost_push(accounts, changed(accounts, "published"), requirements="total")
    row = answer.categories.set_index("name").loc[name]
    found = 100 * row["constant_dollar_low"], 100 * row["constant_percent_low"]
    assert found == pytest.approx((dollar, percent), abs=0.005)


def test_whole_to_each_target_changes_the_third_digit(accounts):
    """The mapped codes counted whole for each of their targets, not split: 2.5034 and 6.2555."""
    receipts_of = {}
    for row in accounts.mapping:
        if row.commodity is not None:
            receipts_of.setdefault(row.code, {})[row.commodity] = 1.0
    shares = code_shares(accounts, "published") | receipts_of
    from tariffimpact.costpush.rate_change import _period, _rates, read_receipts

    receipts = read_receipts(accounts.folder)
    now, then = (_period(receipts, when, accounts.folder) for when in ("2025-12", "2024"))
    change = _rates(accounts, shares, now) - _rates(accounts, shares, then)
    whole = uniform(accounts, 0.0)
    answer = cost_push(
        accounts,
        RateChange(change, change, whole.coverage, "", "", "", whole.left_out),
        requirements="total",
    )
    found = in_percent(answer.total.constant_dollar), in_percent(answer.total.constant_percent)
    assert found == pytest.approx((2.5034, 6.2555), abs=DIGITS)


@pytest.mark.parametrize("codes", ["mapped", "published"])
@pytest.mark.parametrize("rule", ["domestic", "total"])
def test_a_margin_in_dollars_never_adds_more_than_one_in_per_cent(accounts, rule, codes):
    frame = cost_push(accounts, changed(accounts, codes), requirements=rule).categories
    assert (frame["constant_dollar_low"] <= frame["constant_percent_low"] + 1e-12).all()


def test_ten_codes_are_mapped_in_equal_shares_each_with_a_reason(accounts):
    rows = [row for row in accounts.mapping if row.commodity]
    codes = dict.fromkeys(row.code for row in rows)
    assert list(codes) == ["1121XX", "333248", "333310", "333998", "335131", "335132", "335139",
                           "335910", "336110", "337126"]  # fmt: skip
    for code in codes:
        targets = {row.commodity: row.share for row in rows if row.code == code}
        assert len(targets) > 1
        assert sum(targets.values()) == pytest.approx(1, abs=1e-9)
        assert len(set(targets.values())) == 1
    assert all(row.reason for row in accounts.mapping)
