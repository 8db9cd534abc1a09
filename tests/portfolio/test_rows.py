"""What a row says of itself: its claims, its rate, its day; and what a manager is told of it."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from portfolio.sku_rows import read, run
from tariffimpact.errors import DataError, ModelError
from tariffimpact.portfolio import BatchTerms, effective_tariff_rate, open_skus, run_batch
from tariffimpact.portfolio.fees import FORMAL_FROM

HEADER = "sku,hts,origin,customs_value,price"
ROW = "A{n},9504500000,VNM,350,500"


@pytest.fixture
def with_claims(shipped):
    """A schedule of every product, which knows claims."""
    return shipped


def test_each_row_is_charged_under_its_own_claims(with_claims, sku_file):
    """Mexican goods in May 2025 owe 25% under the fentanyl order, free under the USMCA."""
    row = "A{},Acme,0406905600,MEX,100,150,USD,{}"
    path = sku_file(
        row.format(1, "USMCA"), row.format(2, ""), row.format(3, "USMCA=0"),
        row.format(4, "usmca=100%"), header="sku,company,hts,origin,customs_value,price,currency,"
        "claims",
    )  # fmt: skip
    _, rows = run(path, with_claims, on=date(2025, 5, 1))
    rates = rows.set_index("sku")[["rate_low", "rate_high"]]
    _, claimed = run(path, with_claims, on=date(2025, 5, 1), claims={"USMCA": 1})
    assert rates.loc["A1"].tolist() == rates.loc["A4"].tolist()
    assert rates.loc["A1", "rate_high"] < rates.loc["A3", "rate_low"]
    assert rates.loc["A2"].tolist() == [rates.loc["A1", "rate_low"], rates.loc["A3", "rate_high"]]
    # a claim for all rows holds where a row says nothing, and not where it says otherwise
    assert claimed.set_index("sku").loc["A2", "rate_high"] == rates.loc["A1", "rate_high"]
    assert claimed.set_index("sku").loc["A3", "rate_low"] == rates.loc["A3", "rate_low"]


def test_a_programme_of_an_entry_is_a_claim(with_claims, sku_file):
    header = "sku,hts,origin,customs_value,spi"
    path = sku_file("A1,0406905600,MEX,100,S", "A2,0406905600,MEX,100,", header=header)
    rows, told = read(path, with_claims)
    assert rows["spi"].tolist() == [(("USMCA", 1.0),), ()]
    assert told == []


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("USMCA=1.5", "claims: is above 1 without % (got 'USMCA=1.5'); write 1.5% or 0.015"),
        ("USMCA=150%", "claims: claims a share outside 0 to 1 (got 'USMCA=150%')"),
        ("USMAC", "claims: USMAC is no claim of the schedule (got 'USMAC'); did you mean USMCA?"),
    ],
)
def test_a_claim_that_is_none_is_told(claim, words, with_claims, sku_file):
    path = sku_file(f"A1,0406905600,MEX,100,{claim}", header="sku,hts,origin,customs_value,claims")
    assert read(path, with_claims)[1][0].startswith(f"2: {words}")


def test_lines_are_charged_under_their_own_claims_and_rates(with_claims):
    lines = pd.DataFrame(
        {
            "hts": "0406905600",
            "origin": "MEX",
            "entered_on": pd.Timestamp("2025-05-01"),
            "customs_value": [100.0, 100.0, 200.0],
            "claims": ["USMCA", "USMCA=0", None],
            "rate": [np.nan, np.nan, 0.5],
        }
    )
    each = [
        effective_tariff_rate(lines.drop(columns="rate").iloc[[i]], with_claims).to_frame()
        for i in range(2)
    ]
    whole = effective_tariff_rate(lines, with_claims).to_frame()
    for end in ("low", "high"):
        parts = [part[f"statutory_{end}"].iloc[0] for part in each]
        assert whole[f"statutory_{end}"].iloc[0] == pytest.approx((sum(parts) + 2 * 0.5) / 4)
    with pytest.raises(DataError, match="USMAC is no claim of the schedule"):
        effective_tariff_rate(lines.assign(claims="USMAC"), with_claims)


def test_a_known_quantity_turns_a_duty_per_unit_into_a_rate(with_claims):
    """Wine at 6.3 cents a litre and 10%: 75 litres worth $1,000 owe $4.725 and $100."""
    line = pd.DataFrame(
        {
            "hts": ["2204215005"], "origin": "AUS", "entered_on": pd.Timestamp("2025-09-01"),
            "customs_value": 1000.0, "quantity": 75.0,
        }
    )  # fmt: skip
    claims = {"AGREEMENT": 0.0}
    known = effective_tariff_rate(line, with_claims, claims=claims).to_frame()
    assert known["statutory_low"].iloc[0] == pytest.approx(0.10 + 75 * 0.063 / 1000)
    assert known["share_specific"].iloc[0] == 0
    unknown = effective_tariff_rate(line.drop(columns="quantity"), with_claims, claims=claims)
    assert unknown.to_frame()["share_specific"].iloc[0] == 1


def test_a_rate_already_known_needs_no_code(shipped, sku_file):
    header = HEADER + ",rate,rate_before,unit_cost,units"
    path = sku_file("A1,,,100,200,15%,0,80,10", "A2,9504500000,VNM,350,500,,,360,10", header=header)
    result, rows = run(path, shipped)
    assert rows["rate_low"].tolist() == pytest.approx([0.15, 0.20])
    assert rows["duty_change_usd_low"].tolist() == pytest.approx([15, 70])
    assert rows["margin_if_absorbed_low"].tolist() == pytest.approx([105 / 200, 70 / 500])
    assert result.totals.iloc[0]["duty_low_usd"] == pytest.approx(150 + 700)


def test_margins_are_of_the_rows_whose_cost_is_known(shipped, sku_file):
    """Two of three rows have a cost: (500 - 400)·10 + (500 - 300)·30 on 20,000, then less $70."""
    header = HEADER + ",unit_cost,units"
    path = sku_file(*(f"{ROW.format(n=n)},{cost},{units}" for n, cost, units in
                      ((1, 400, 10), (2, 300, 30), (3, "", 5))), header=header)  # fmt: skip
    result, _ = run(path, shipped, floor=0.2)
    row = result.totals.iloc[0]
    assert row["margin_before"] == pytest.approx(7000 / 20_000)
    assert row["margin_after_low"] == pytest.approx((7000 - 40 * 70) / 20_000)
    assert (row["without_margin"], row["under_floor"]) == (1, 1)
    assert "the margin of the 2 with a unit cost is 21.0%, down from 35.0%" in result.summary()
    assert "1 product falls under a margin of 20.0%." in result.summary()


@pytest.mark.parametrize(("cost", "under"), [(329.99, False), (330, False), (330.01, True)])
def test_a_margin_exactly_at_the_floor_is_not_under_it(cost, under, shipped, sku_file):
    """At a price of 500 and a duty of 70, a cost of 330 leaves 100: exactly 20%."""
    path = sku_file(f"{ROW.format(n=1)},{cost}", header=HEADER + ",unit_cost")
    _, rows = run(path, shipped, floor=0.2)
    assert ("under the floor margin" in rows["flags"].iloc[0]) == under
    price = rows["price_for_floor_usd_low"].iloc[0]
    assert (price - cost - 70) / price == pytest.approx(0.2)


def test_no_price_cut_without_its_reason(shipped, sku_file):
    header = HEADER + ",unit_cost,demand_elasticity,entered_on"
    path = sku_file(
        "A1,9504500000,CHN,350,500,356,2.2,2025-09-01",  # dearer: no cut
        "A2,9504500000,VNM,350,500,100,8,2025-09-01",  # far above what earns most
        "A3,9504500000,CHN,350,500,356,1.2,2025-11-20",  # cheaper than in September
        header=header,
    )
    _, rows = run(path, shipped, before=date(2025, 9, 1))
    prices = [n for n in rows.columns if n.startswith("price_") and n.endswith("_low")]
    cut = (rows[prices].lt(rows["price_usd"] - 0.01, axis=0)).any(axis=1)
    reasons = rows["price_cut_reason"]
    assert (reasons != "")[cut].all()
    assert reasons.iloc[1] == (
        "under its elasticity the price is above the one that earns most, duty or not"
    )
    assert reasons.iloc[2] == "the duty is lower than on the day of comparison"


def test_a_row_without_units_is_out_of_the_totals_and_counted(shipped, sku_file):
    path = sku_file(f"{ROW.format(n=1)},10", f"{ROW.format(n=2)},", header=HEADER + ",units")
    result, _ = run(path, shipped)
    assert result.totals.iloc[0]["customs_value_usd"] == 3500
    assert "1 without units are left out of the totals." in result.summary()


def test_fees_have_their_floor_their_cap_and_their_sea(shipped, facts, sku_file):
    header = HEADER + ",units,transport,entry_value,claims"
    rows = ("air,5000,", "sea,5000,", "air,1000000,", ",5000,", "air,,")
    path = sku_file(*(f"{ROW.format(n=n)},100,{rest}" for n, rest in enumerate(rows)),
                    header=header)  # fmt: skip
    _, done = run(path, shipped, on=date(2025, 11, 3), charges=facts.customs_charges)
    floor, sea = 33.58 / 5000 * 350, 0.00125 * 350
    ends = done[["fees_usd_low", "fees_usd_high"]].to_numpy().tolist()
    assert ends[0] == pytest.approx([floor, floor])  # 0.3464% of 5,000 is 17.32
    assert ends[1] == pytest.approx([floor + sea] * 2)
    assert ends[2] == pytest.approx([651.50 / 1_000_000 * 350] * 2)
    assert ends[3] == pytest.approx([floor, floor + sea])
    assert ends[4] == pytest.approx([0.003464 * 350, 33.58 / FORMAL_FROM * 350])


def test_void_duty_is_told_from_duty_owed_with_its_interest(shipped, facts, sku_file):
    """Consoles from Vietnam owe 20% under the act that was held void, and nothing else."""
    path = sku_file(f"{ROW.format(n=1)},100", header=HEADER + ",units")
    result, _ = run(path, shipped, charges=facts.customs_charges, refunded_on=date(2026, 9, 1))
    row = result.totals.iloc[0]
    assert row["void_duty_low_usd"] == row["duty_low_usd"] == 7000
    assert row["interest_low_usd"] == pytest.approx(7000 * ((1 + 0.06 / 365) ** 365 - 1), abs=0.01)
    assert "$7,000 of the duty was held void and is paid back on claim; $0 is owed." in (
        result.summary()
    )


def test_totals_by_a_column_of_the_file(shipped, sku_file):
    kinds = ("toys", "games", "toys")
    path = sku_file(*(f"{ROW.format(n=n)},{kind}" for n, kind in enumerate(kinds)),
                    header=HEADER + ",Line")  # fmt: skip
    rows = []
    result = run_batch(open_skus(path, extra=["Line"]), shipped, sink=rows.append,
                       on=date(2025, 9, 1))  # fmt: skip
    by = result.totals[result.totals["by"] == "Line"]
    assert by.set_index("group")["skus"].to_dict() == {"toys": 2, "games": 1}
    assert rows[0]["Line"].tolist() == ["toys", "games", "toys"]


def test_terms_out_of_range(shipped, sku_file):
    path = sku_file(ROW.format(n=1), header=HEADER)
    with pytest.raises(ModelError, match="a floor margin lies from 0 to below 1"):
        run(path, shipped, terms=BatchTerms(floor=1.0))


def test_the_same_rows_from_any_spelling(shipped, sku_file):
    plain, _ = read(sku_file("A1,9504500000,VNM,1234.5,680000000,25%,2025-08-21",
                             header=HEADER + ",metal_content,entered_on"), shipped)  # fmt: skip
    other, told = read(
        sku_file('A1,9504.50.00.00,viet nam,"$1,234.50",680m,0.25,8/21/2025',
                 header="SKU,HTS Code,Country of Origin,Customs Value,Retail Price,"
                 "Metal Content,Entry Date"), shipped)  # fmt: skip
    assert told == []
    pd.testing.assert_frame_equal(plain, other)


def test_a_day_after_the_sources_end_is_warned_of(shipped, sku_file):
    header = "sku,hts,origin,customs_value,price,entered_on"
    last = shipped.sources_end_on
    for day, warned in ((last - timedelta(days=1), False), (last, True)):
        path = sku_file(f"A1,9504500000,VNM,350,500,{day}", header=header)
        result, _ = run(path, shipped, on=None)
        assert any("sources" in warning for warning in result.warnings) is warned
        lines = pd.DataFrame({"hts": ["9504500000"], "origin": "VNM", "customs_value": 350.0,
                              "entered_on": pd.Timestamp(day)})  # fmt: skip
        assert bool(effective_tariff_rate(lines, shipped).warnings) is warned


def test_the_weight_of_the_metal_decides_as_its_claim_does(shipped, sku_file):
    """Copper wire from Taiwan: 10% under the action alone, where copper is under 15% of it."""
    header = "sku,hts,origin,customs_value,price,metal_weight"
    path = sku_file(
        "LIGHT,8544429090,TWN,10,20,14.9%", "HEAVY,8544429090,TWN,10,20,15%",
        "OPEN,8544429090,TWN,10,20,", header=header,
    )  # fmt: skip
    _, rows = run(path, shipped, on=date(2026, 8, 21))
    low, high = rows["rate_low"].tolist(), rows["rate_high"].tolist()
    assert low[0] == high[0] == pytest.approx(0.10)  # worked case D30
    assert low[1] == high[1] > 0.10
    assert (low[2], high[2]) == (low[0], high[1])


def test_a_supplier_list_of_a_spreadsheet_with_its_slips(shipped, tmp_path):
    """A title above the header, names of the trade, and four rows that are wrong, all told."""
    from openpyxl import Workbook

    book = Workbook()
    for row in (
        ["Supplier list, spring"],
        [],
        ["SKU", "Vendor Name", "HTS Code", "Country of Origin", "FOB value", "MSRP", "Units"],
        ["A-1", "Hanoi", "9503.00.0090", "Viet Nam", "$1,250.50", "$2,499.00", "1,200"],
        ["A-2", "Ningbo", "9503.00.0090", "PRC", 45, 129.99, 10000],
        ["A-3", "Lost zero", 406905600, "Italy", 10, 20, 100],
        ["A-2", "Ningbo", "9503.00.0090", "China", 47, 129.99, 10000],
        ["A-4", "Dacca", "6109.10.0012", "Bangladesh", "3.5 EUR", 15, 80000],
        ["A-5", "Emirates", "9903.01.25", "UAE", 9, 15, 10],
    ):
        book.active.append(row)
    book.save(tmp_path / "suppliers.xlsx")
    result, rows = run(tmp_path / "suppliers.xlsx", shipped)
    assert rows["company"].tolist() == ["Hanoi", "Ningbo"]
    assert rows["origin"].tolist() == ["VNM", "CHN"]
    assert rows["customs_value_usd"].tolist() == [1250.5, 45]
    assert [fault.column for fault in result.faults] == ["hts", "sku", "customs_value", "hts"]
