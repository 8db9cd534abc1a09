"""The published daily average tariff of the United States, under its own definition and by part.

The series is `daily-tariff-latest-data.csv` of github.com/tradewartracker/trade-war-redux-2025 as
it stood on 23 July 2026 (Michael E. Waugh, MIT licence). Its weights are the same 2024 imports. It
is 2.3 points, the duty collected in 2024, and what has come since: listed metals, vehicles and
parts at full value; Canada and Mexico at shares of the fentanyl duty in 2025 and free of Section
122 in 2026, their vehicles at 15%; no claim of civil aircraft, trucks, chips or medicines.
`published_sectors.csv` holds the codes it charges under Section 232 before April 2026;
`published_parts.csv` its points by part, from the charge of its own published method on each line.
"""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tariffimpact.portfolio import effective_rate_by_day, read_census_imports

HERE = Path(__file__).parent
START, COLLECTED_2024 = "2025-01-02", 2.3
PUBLISHED = {
    "2025-03-15": 7.511754737239574,
    "2025-05-01": 22.61212844956159,
    "2025-05-20": 14.290749821173456,
    "2025-08-15": 18.886610043141566,
    "2025-11-15": 14.767546674670157,
    "2026-02-10": 14.236667007992853,
    "2026-02-24": 9.955019505161346,
    "2026-05-01": 10.80031999424071,
    "2026-08-01": 11.391325914992578,
}
SECTION_122 = "2026-02-24"
# the series charges the fentanyl duty at 8.75 and 4.5 of 25 points, and no Section 122 duty
USMCA = {False: {"CAN": 1 - 8.75 / 25, "MEX": 1 - 4.5 / 25}, True: {"CAN": 1.0, "MEX": 1.0}}
WITHIN_HALF_A_POINT = (
    "2025-03-15", "2025-05-01", "2025-11-15", "2026-02-10", "2026-02-24", "2026-05-01",
)  # fmt: skip
# where the definitions part. Annex II: until November 2025 the series frees a line only if its
# ten digits stand in the list, which holds eight. Chapters 98 and 99: charged there, without a
# rate here. Vehicles: parts of Mexico and Canada pay 15% there, nothing under the agreement here.
APART = {
    "2025-05-20": ["Annex II goods", "chapters 98 and 99"],
    "2025-08-15": ["Annex II goods", "chapters 98 and 99"],
    "2026-08-01": ["vehicles", "chapters 98 and 99"],
}
ONCE = {
    "TRUCK PARTS": 0.0, "CIVIL AIRCRAFT": 0.0, "CHIPS": 0.0, "PATENTED MEDICINES": 0.0,
    "PHARMACEUTICAL USE": 1.0, "KITCHEN CABINETS": 1.0, "UNDER 15% METAL": 0.0, "UK METAL": 1.0,
    "DESCRIBED ARTICLE": 1.0, "EXCLUSION": 0.0, "INFORMATIONAL MATERIAL": 0.0, "SMALL DRONE": 0.0,
    "INTERMODAL CHASSIS": 0.0, "SHIP TO SHORE CRANE": 0.0, "AGREEMENT": 1.0, "AGOA": 0.0,
    "CARIBBEAN BASIN": 0.0, "INSULAR POSSESSION": 0.0, "FREELY ASSOCIATED STATE": 0.0,
}  # fmt: skip


def in_parts(cells, law):
    """Return the imports with the part of the comparison that each line falls into."""
    listed = pd.read_csv(HERE / "published_sectors.csv", dtype=str)
    codes = law[law["list"].str.match("annex-ii(?!-november)")]["hts"]

    def among(these):
        found = pd.Series(False, index=cells.index)
        for digits in (4, 6, 8, 10):
            found |= cells["hts"].str[:digits].isin(these[these.str.len() == digits])
        return found

    chapter = cells["hts"].str[:2]
    part = pd.Series("other goods", index=cells.index)
    part[among(codes)] = "Annex II goods"
    part[chapter.isin(["72", "73", "76"])] = "unlisted metals"
    part[among(listed[listed["sector"] == "metals"]["hts"])] = "metals"
    part[among(listed[listed["sector"] == "vehicles"]["hts"])] = "vehicles"
    part[chapter.isin(["98", "99"])] = "chapters 98 and 99"
    metal = part.eq("metals").astype(float)
    return cells.assign(part=part, metal_low=metal, metal_high=metal)


def as_defined(cells, usmca):
    """Return the imports with the claims that the series' definition amounts to."""
    vehicle = cells["part"] == "vehicles"
    shares = cells["partner"].map(usmca).fillna(0.0).where(~vehicle, 1.0)
    north = "; USMCA=" + (shares * 100).map("{:g}%".format) + "; US CONTENT=40%"
    parts = "CAR PARTS=" + vehicle.map({True: "100%", False: "0%"})
    return cells.assign(claims=parts.where(~cells["partner"].isin(usmca), parts + north))


def law_codes():
    return pd.read_csv(HERE.parents[1] / "data" / "law" / "codes.csv", dtype=str)


def changes(reference, compiled):
    """Return the points by which each part rose since the start, of all imports, by day."""
    cells = in_parts(read_census_imports(reference / "hs10_imports_2024"), law_codes())
    total = cells["customs_value"].sum()
    found = []
    for later, usmca in USMCA.items():
        days = [START, *(day for day in PUBLISHED if (day >= SECTION_122) is later)]
        rates = effective_rate_by_day(
            as_defined(cells, usmca), compiled, days=map(date.fromisoformat, days), by=["part"],
            claims=ONCE,
        ).to_frame()  # fmt: skip
        middle = (rates["statutory_low"] + rates["statutory_high"]) / 2
        known = rates["customs_value_usd"] * (1 - rates["share_unknown"])
        points = (100 * middle * known / total).fillna(0.0)
        day = rates["entered_on"].astype(str).str[:10]
        table = points.groupby([day, rates["part"]]).sum().unstack(fill_value=0.0)
        found.append((table - table.loc[START]).drop(index=START))
    return pd.concat(found)


@pytest.fixture(scope="module")
def ours(reference, compiled):
    return changes(reference, compiled)


@pytest.fixture(scope="module")
def theirs():
    table = pd.read_csv(HERE / "published_parts.csv")
    return table.pivot(index="day", columns="part", values="points")


@pytest.mark.slow
def test_the_parts_add_up_to_the_published_series(theirs):
    total = COLLECTED_2024 + theirs.sum(axis=1)
    # EU members are counted once here, twice there: up to 0.05 points
    assert total.to_dict() == pytest.approx(PUBLISHED, abs=0.055)


@pytest.mark.slow
@pytest.mark.parametrize("day", WITHIN_HALF_A_POINT)
def test_the_day_is_within_half_a_point_of_the_published_series(ours, day):
    assert COLLECTED_2024 + ours.loc[day].sum() == pytest.approx(PUBLISHED[day], abs=0.5)


@pytest.mark.slow
@pytest.mark.parametrize(("day", "apart"), APART.items())
def test_a_day_further_off_is_so_by_the_parts_whose_definition_differs(ours, theirs, day, apart):
    gap = ours.loc[day] - theirs.loc[day]
    assert abs(gap.sum()) > 0.5  # or it belongs above
    assert gap[apart].lt(0).all()
    assert gap.drop(apart).sum() == pytest.approx(0, abs=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2025-03-15", "2025-05-20", "2026-02-24"])
def test_goods_of_no_list_are_charged_the_same(ours, theirs, day):
    """Nearly half of all imports, by country rate alone: no metal, vehicle or exemption."""
    assert ours.loc[day, "other goods"] == pytest.approx(theirs.loc[day, "other goods"], abs=0.1)
