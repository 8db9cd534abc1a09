"""`tariffimpact estimate`: its JSON, its files, its refusals."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from estimation.test_panels import small
from tariffimpact.errors import DataError
from tariffimpact.estimation import Columns, Question, estimate, open_panel
from tariffimpact.estimation.treatment import with_schedule
from tariffimpact.interval import Interval

LAUNDRY = (
    "cpi_durables", "--unit", "item", "--price", "value", "--treated", "item=Laundry equipment",
    "--from", "2018-02",
)  # fmt: skip


@pytest.fixture
def states(tmp_path):
    """A panel of states and years as floats, with one treated by a law of 1989."""
    rng = np.random.default_rng(7)
    years = np.arange(1970, 2001)
    factors = rng.normal(0, 1, (31, 2)).cumsum(axis=0)
    sales = 120 + factors @ rng.normal(0, 2, (2, 9)) + rng.normal(0, 0.2, (31, 9))
    own = sales[:, :2] @ [0.6, 0.4]
    own[years >= 1989] -= 20.0
    names = ["California", *(f"State {n}" for n in range(9))]
    table = np.column_stack([own, sales])
    rows = [
        {"state": name, "year": float(year), "cigsale": table[t, n],
         "law": float(name == "California" and year >= 1989)}
        for n, name in enumerate(names)
        for t, year in enumerate(years)
    ]  # fmt: skip
    path = tmp_path / "states.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


NAMES = ("--unit", "state", "--time", "year", "--price", "cigsale", "--control", "synthetic")


@pytest.mark.parametrize(
    "treated",
    [
        ("--treated", "state=California", "--from", "1989"),
        ("--treated", "state=California", "--from", "1989.0"),
        ("--treated", "law"),
        ("--treated", "law=1"),
        ("--treated", "law", "--from", "1989-01-01"),
    ],
)
def test_a_synthetic_control_by_state_and_year(run, states, treated):
    code, out, err = run("estimate", states, *NAMES, *treated, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["weights"] == pytest.approx({"State 0": 0.6, "State 1": 0.4}, abs=0.02)
    gaps = told["gaps"]
    assert list(gaps) == [str(year) for year in range(1970, 2001)]
    assert gaps["1988"] == pytest.approx(0, abs=0.5)
    assert gaps["1989"] == pytest.approx(-20, abs=0.5)
    assert told["estimates"][0]["estimate"] == pytest.approx(-20, abs=0.5)


def test_the_keys_of_the_json(run):
    _, out, _ = run("estimate", *LAUNDRY, "--event", "--json")
    told = json.loads(out)
    assert {"groups", "estimates", "n", "clusters", "verdicts"} <= set(told)
    assert {"name", "units", "change", "share_changed"} <= set(told["groups"][0])
    keys = {"term", "estimate", "std_error", "low", "high", "definition"}
    assert all(keys <= set(one) for one in told["estimates"])
    assert [one["name"] for one in told["groups"]] == ["Laundry equipment", "others"]
    base = next(one for one in told["event"] if one["periods_after"] == -1)
    assert base["estimate"] == 0


def test_the_first_line_is_what_each_group_did(run):
    code, out, _ = run("estimate", *LAUNDRY)
    assert code == 0
    first = out.splitlines()[0]
    assert "Laundry equipment" in first
    assert "others" in first
    assert "ever changed price" in first
    assert "one cluster is treated" in out


def test_the_files(run, tmp_path):
    out = tmp_path / "answer"
    code, told, _ = run("estimate", *LAUNDRY, "--event", "--out", out)
    assert code == 0
    names = {path.name for path in out.iterdir()}
    assert {"estimate.json", "groups.csv", "estimates.csv", "index.csv", "groups.svg",
            "groups.png", "event.svg", "event.csv"} <= names  # fmt: skip
    assert all(f"Wrote {out / name}" in told for name in names)
    frame = pd.read_csv(out / "event.csv")
    assert frame["periods_after"].is_monotonic_increasing


def test_a_refusal_writes_nothing_and_ends_with_one(run, tmp_path):
    small().assign(price=-1.0).to_csv(tmp_path / "bad.csv", index=False)
    out = tmp_path / "answer"
    code, told, err = run(
        "estimate", tmp_path / "bad.csv", "--treated", "imported", "--from", "2024-07", "--out", out
    )
    assert (code, told) == (1, "")
    assert "is a price of 0 or below" in err
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", "2024-07"), "in one way"),
        (("--treated", "imported", "--from", "soon"), "no day, month, year or number"),
        (("--treated", "imported", "--from", "2024-07", "--window", "2024"), "2018-01..2019-01"),
        (("--treated", "imported", "--from", "2024-07", "--where", "sku"), "COL=VALUE"),
        (("--treated", "impoted", "--from", "2024-07"), "did you mean imported?"),
        (("--treated", "imported", "--from", "03/04/2024"), "either"),
    ],
)
def test_options_are_refused_with_their_remedy(run, tmp_path, options, words):
    small().to_csv(tmp_path / "p.csv", index=False)
    code, out, err = run("estimate", tmp_path / "p.csv", *options)
    assert (code, out) == (1, "")
    assert words in err


@pytest.mark.parametrize("option", ["--vat", "--customs-share", "--tariff-change"])
def test_rates_above_one_are_written_in_percent(run, tmp_path, option):
    small().to_csv(tmp_path / "p.csv", index=False)
    told = ("--treated", "imported", "--from", "2024-07")
    code, out, err = run("estimate", tmp_path / "p.csv", *told, option, "16")
    assert (code, out) == (2, "")
    assert "write 16%" in err


def test_a_folder_and_a_file_that_is_not_there(run, tmp_path):
    for path, words in ((tmp_path, "is a folder"), (tmp_path / "no.csv", "is not there")):
        code, _, err = run("estimate", path, "--treated", "x", "--from", "2024")
        assert code == 1
        assert words in err


def test_rates_of_the_shipped_schedule_are_joined(run, tmp_path):
    """Consoles from China and Vietnam by month of 2025: their rates move apart, so do prices."""
    rows = [
        {"sku": f"{origin}{n}", "date": f"2025-{month:02d}", "origin": origin,
         "hts": "9504500000", "price": 400.0 + n + month}
        for origin in ("CHN", "VNM", "JPN")
        for n in range(3)
        for month in range(1, 11)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "consoles.csv", index=False)
    options = ("--hts", "hts", "--origin", "origin", "--json")
    code, out, err = run("estimate", tmp_path / "consoles.csv", *options)
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["estimates"][0]["definition"] == "retail_elasticity"
    assert told["groups"][0]["name"] == "goods whose tariff changed"
    bad = pd.DataFrame(rows).assign(hts="9999999999")
    bad.to_csv(tmp_path / "unknown.csv", index=False)
    code, _, err = run("estimate", tmp_path / "unknown.csv", *options)
    assert code == 1
    assert "9999999999 from CHN" in err


def test_the_rate_of_a_row_is_that_of_its_day_or_the_mean_over_its_month(schedule):
    """Day by day the schedule's own answer; for a month the mean over its days."""
    days = [date(2025, 4, day) for day in range(1, 31)]
    rows = [{"sku": o, "date": d.isoformat(), "hts": "9504500000", "origin": o, "price": 1.0}
            for o in ("CHN", "VNM") for d in days]  # fmt: skip
    columns = Columns(hts="hts", origin="origin")
    with open_panel(pd.DataFrame(rows), columns) as panel:
        (found,) = with_schedule(panel, schedule).blocks()
    expected = [schedule.rate("9504500000", o, d).rate.low for o in ("CHN", "VNM") for d in days]
    assert found.treatment == pytest.approx(expected)
    assert len(set(np.round(expected, 6))) > 2  # April 2025 had several rates
    months = pd.DataFrame(rows).assign(date="2025-04").drop_duplicates(["sku"])
    months = pd.concat([months, months.assign(date="2025-05")])
    with open_panel(months, columns) as panel:
        (by_month,) = with_schedule(panel, schedule).blocks()
    assert by_month.treatment[[0, 2]] == pytest.approx(
        [np.mean(expected[:30]), np.mean(expected[30:])]
    )


def test_codes_and_origins_are_read_as_people_write_them(schedule):
    rows = [
        {"sku": o, "date": f"2025-0{m}", "hts": h, "origin": o, "price": 1.0}
        for o, h in (("China", "9504.50.00.00"), ("vn", "9504500000"))
        for m in (3, 4, 5)
    ]
    columns = Columns(hts="hts", origin="origin")
    with open_panel(pd.DataFrame(rows), columns) as panel:
        (found,) = with_schedule(panel, schedule).blocks()
    plain = [{**row, "hts": "9504500000", "origin": {"China": "CHN", "vn": "VNM"}[row["origin"]]}
             for row in rows]  # fmt: skip
    with open_panel(pd.DataFrame(plain), columns) as panel:
        (same,) = with_schedule(panel, schedule).blocks()
    assert list(found.treatment) == list(same.treatment)
    assert found.treatment.max() > 0.1


class Unsure:
    """A schedule that knows the rate of 0101.21 from May on only as 10% to 20%, that of 0102 as
    30%; before there is none."""

    def history(self, product, origin, start, end):
        low, high = (0.1, 0.2) if product.startswith("0101") else (0.3, 0.3)
        may = date(2025, 5, 1)
        return pd.DataFrame({"starts_on": [start, may], "ends_on": [may, end],
                             "low": [0.0, low], "high": [0.0, high]})  # fmt: skip


def rates_left_open():
    """Prices that rise by half the logged rate of 20% or 30%, so that 0.5 fits the high ends."""
    rows = []
    for n, (hts, rate) in enumerate([("0101210000", 0.2)] * 4 + [("0102210000", 0.3)] * 4):
        for month in range(1, 9):
            rise = 0.5 * np.log1p(rate) if month >= 5 else 0.0
            rows.append({"sku": f"s{n}", "date": f"2025-{month:02d}", "hts": hts, "origin": "JPN",
                         "price": (10 + n) * np.exp(0.01 * month + rise)})  # fmt: skip
    return pd.DataFrame(rows)


def test_a_rate_that_is_a_range_is_estimated_at_both_its_ends():
    """By hand: the groups part by 0.5 ln(1.3/1.2), over ln(1.3/1.1) and ln(1.3/1.2) of duty."""
    found = estimate(
        rates_left_open(), Columns(hts="hts", origin="origin"), Question(), schedule=Unsure()
    )
    spanned, *ends = found.estimates
    part = 0.5 * np.log(1.3 / 1.2)
    by_end = {one.term.rsplit("at their ")[1]: one for one in ends}
    assert by_end["low ends"].estimate == pytest.approx(part / np.log(1.3 / 1.1))
    assert by_end["high ends"].estimate == pytest.approx(0.5)
    assert spanned.low == min(one.low for one in ends)
    assert spanned.high == max(one.high for one in ends)
    assert spanned.low <= by_end["low ends"].estimate < by_end["high ends"].estimate
    assert "0101.21.0000 from Japan, 10.0% to 20.0% from 2025-05-01" in found.verdicts[0]
    assert "settle them with --claim" in found.verdicts[0]
    assert "rates between their ends" in found.summary()
    assert "nan" not in found.explain()


def test_open_rates_span_every_definition():
    asked = Question(customs_share=Interval(0.4, 0.6))
    found = estimate(
        rates_left_open(), Columns(hts="hts", origin="origin"), asked, schedule=Unsure()
    )
    third = len(found.estimates) // 3
    for spanned, low, high in zip(*(found.estimates[n * third :][:third] for n in range(3)),
                                  strict=True):  # fmt: skip
        assert spanned.definition == low.definition == high.definition
        assert (spanned.low, spanned.high) == (min(low.low, high.low), max(low.high, high.high))


def test_a_rate_without_an_upper_end_is_refused():
    class Endless(Unsure):
        def history(self, product, origin, start, end):
            return super().history(product, origin, start, end).replace({0.2: np.inf})

    columns = Columns(hts="hts", origin="origin")
    with pytest.raises(DataError, match=r"has a rate without an upper end.*settle it"):
        estimate(rates_left_open(), columns, Question(), schedule=Endless())
