"""A panel is read the same from any file, and what is wrong with it is told all at once."""

import gzip
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tariffimpact.errors import DataError, ModelError
from tariffimpact.estimation import Columns, Question, estimate, open_panel
from tariffimpact.interval import Interval

UNITS = ("a", "b", "c", "d")


def small(periods=12, rise=0.1):
    """Four units by month; a and b are treated from July on and rise by a tenth."""
    rows = [
        {
            "sku": unit,
            "date": f"2024-{month:02d}",
            "price": 10.0 * (n + 1) * (1 + rise * (unit in "ab" and month > 6)) + 0.01 * month,
            "imported": int(unit in "ab"),
            "brand": "x" if unit in "ab" else "y",
        }
        for n, unit in enumerate(UNITS)
        for month in range(1, periods + 1)
    ]
    return pd.DataFrame(rows)


ASKED = Columns(treated="imported"), Question(since="2024-07")


def prices(source, columns=None):
    with open_panel(source, columns or Columns(treated="imported")) as panel:
        rows = list(panel.blocks())
        assert panel.units == UNITS
        return np.concatenate([part.price for part in rows])


def written(frame, folder):
    """The same rows in every form of file that is read."""
    text = frame.to_csv(index=False)
    files = {name: folder / name for name in ("p.csv", "p.csv.gz", "p.parquet", "p.xlsx", "p.dta")}
    files["p.csv"].write_text(text, encoding="utf-8")
    files["p.csv.gz"].write_bytes(gzip.compress(text.encode()))
    frame.to_parquet(files["p.parquet"])
    frame.to_excel(files["p.xlsx"], index=False)
    frame.to_stata(files["p.dta"], write_index=False)
    files["semicolon.csv"] = folder / "semicolon.csv"
    files["semicolon.csv"].write_text(frame.to_csv(index=False, sep=";", decimal=","))
    files["marked.csv"] = folder / "marked.csv"
    files["marked.csv"].write_text("\ufeff" + text, encoding="utf-8")
    return files


@pytest.mark.parametrize(
    "name", ["p.csv", "p.csv.gz", "p.parquet", "p.xlsx", "p.dta", "semicolon.csv", "marked.csv"]
)
@pytest.mark.filterwarnings("ignore")
def test_every_form_of_a_file_is_the_same_panel(name, tmp_path):
    frame = small()
    shuffled = frame.sample(frac=1, random_state=1)
    path = written(shuffled, tmp_path)[name]
    assert prices(path) == pytest.approx(frame["price"].to_numpy(), rel=1e-12)
    assert prices(shuffled) == pytest.approx(frame["price"].to_numpy(), rel=1e-12)


def test_a_text_in_another_encoding_is_read_when_its_encoding_is_known(tmp_path):
    frame = small().assign(shop="Café")
    text = frame.to_csv(index=False)
    (tmp_path / "marked.csv").write_text(text, encoding="utf-16")
    assert prices(tmp_path / "marked.csv") == pytest.approx(frame["price"].to_numpy())
    (tmp_path / "western.csv").write_text(text, encoding="cp1252")
    with pytest.raises(DataError, match=r"is not UTF-8 text.*--encoding cp1252"):
        estimate(tmp_path / "western.csv", *ASKED)
    found = estimate(tmp_path / "western.csv", *ASKED, encoding="cp1252")
    assert found.n == len(frame)
    with pytest.raises(DataError, match="is UTF-16 text and not cp1252"):
        estimate(tmp_path / "marked.csv", *ASKED, encoding="cp1252")


def test_a_title_above_the_header_is_passed_over_and_lines_still_counted(tmp_path):
    text = "Prices of our shop\nDrawn on 31 December\n\n" + small().to_csv(index=False)
    (tmp_path / "p.csv").write_text(text)
    assert prices(tmp_path / "p.csv") == pytest.approx(small()["price"].to_numpy())
    lines = text.splitlines()
    cells = lines[6].split(",")
    cells[list(small().columns).index("price")] = "none"
    (tmp_path / "p.csv").write_text("\n".join([*lines[:6], ",".join(cells), *lines[7:]]))
    with pytest.raises(DataError, match=r"p\.csv:7: price: is no number \(got 'none'\)"):
        estimate(tmp_path / "p.csv", *ASKED)


@pytest.mark.parametrize(
    ("written_as", "separator"),
    [("${:,.2f}", ","), ("{:.2f} €", ","), ("USD {:,.2f}", ","), ("EUR {:.2f}", ";")],
)
def test_a_price_bears_the_sign_of_its_currency_on_either_side(tmp_path, written_as, separator):
    frame = small().assign(price=lambda one: one["price"].round(2) * 1000)
    told = frame.assign(price=[written_as.format(price) for price in frame["price"]])
    if separator == ";":
        told["price"] = told["price"].str.replace(".", ",")
    told.to_csv(tmp_path / "p.csv", index=False, sep=separator)
    assert prices(tmp_path / "p.csv") == pytest.approx(frame["price"].to_numpy())


def test_two_currencies_in_one_column_are_named(tmp_path):
    told = small()
    told["price"] = [f"${price:.2f}" for price in told["price"]]
    told.loc[3, "price"] = "€12.00"
    told.to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(DataError, match=r"p\.csv:5: price: is no number \(got '€12.00'\)"):
        estimate(tmp_path / "p.csv", *ASKED)


def test_periods_as_columns_are_told_to_be_put_under_each_other():
    wide = small().pivot_table(index="sku", columns="date", values="price").reset_index()
    with pytest.raises(DataError, match=r"has the periods as columns: 2024-01.*under each other"):
        estimate(wide, *ASKED)


def test_money_as_people_write_it(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(
        'sku,date,price\na,2024-01,"$1,234.50"\na,2024-02,$7\nb,2024-01,1e3\nb,2024-02,\n'
    )
    with open_panel(path, Columns()) as panel:
        (rows,) = panel.blocks()
        assert list(rows.price) == [1234.5, 7.0, 1000.0]
        assert panel.blank == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "0"], [1.0, 0.0]),
        (["yes", "No"], [1.0, 0.0]),
        (["InStock", "out of stock"], [1.0, 0.0]),
    ],
)
def test_yes_and_no_in_words(values, expected):
    frame = pd.DataFrame({"sku": ["a", "a"], "date": [2024, 2025], "price": [1.0, 1], "in": values})
    with open_panel(frame, Columns(stock="in")) as panel:
        (rows,) = panel.blocks()
        assert list(rows.controls[:, 0]) == expected


def test_price_per_size_and_units_whose_size_changed():
    """A bar that shrinks from 100 g to 80 g at one price is a quarter dearer."""
    frame = small().assign(size=100.0)
    frame.loc[(frame["sku"] == "a") & (frame["date"] >= "2024-07"), "size"] = 80.0
    found = estimate(frame, Columns(treated="imported", size="size"), ASKED[1])
    treated = frame[frame["sku"] == "a"].assign(unit_price=lambda f: f["price"] / f["size"])
    other = frame[frame["sku"] == "b"]
    own = [f.iloc[-1] / f.iloc[0] - 1 for f in (treated["unit_price"], other["price"])]
    assert found.groups[0].change == pytest.approx(np.mean(own))
    assert found.groups[0].resized == 1


def test_the_same_unit_in_two_markets_is_two_units():
    frame = pd.concat([small().assign(shop=shop) for shop in ("north", "south")])
    with pytest.raises(DataError, match="has 2 prices in 2024-01"):
        estimate(frame, *ASKED)
    found = estimate(frame, Columns(treated="imported", market="shop"), ASKED[1])
    assert found.units == 8


def test_everything_wrong_is_told_at_once(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(
        "sku,date,price,rate,sales\n"
        "a,2024-01-01,-3,25,1\n"
        "a,2024-01-02,dear,0.1,\n"
        "b,2024-01-01,0,10%,2\n"
        "c,2024-01-01,3,,1\n"
        "c,2024-01-01,3,0.1,0\n"
        ",2024-01-01,3,-0.1,1\n"
    )
    with pytest.raises(DataError) as stop:
        estimate(path, Columns(tariff="rate", weight="sales"))
    told = [str(fault).removeprefix(f"{path}:") for fault in stop.value.faults]
    assert [line for line in told if line.startswith("2: price: is a price of 0 or below")]
    assert [line for line in told if line.startswith("3: price: is no number (got 'dear')")]
    assert [line for line in told if line.startswith("4: price: is a price of 0 or below")]
    assert [line for line in told if line.startswith("2: rate: is a tariff in per cent (got '25')")]
    assert [line for line in told if line.startswith("5: rate: is blank")]
    assert [line for line in told if line.startswith("7: rate: is a tariff below 0")]
    assert [line for line in told if line.startswith("7: sku: is blank")]
    assert [line for line in told if line.startswith("3: sales: is blank")]
    assert [line for line in told if line.startswith("6: sales: is a weight of 0 or below")]
    assert [line for line in told if "sku: has 2 prices in 2024-01-01 (got 'c')" in line]
    assert all("; " in line for line in told)  # each with its remedy


@pytest.mark.parametrize(
    ("columns", "question", "frame", "words"),
    [
        (Columns(treated="imported"), Question(), small(), "never turns on"),
        (Columns(treated="imported", treated_value="9"), ASKED[1], small(), "treats nobody"),
        (Columns(treated="imported"), ASKED[1], small().assign(imported=1), "treats every unit"),
        (Columns(treated="imported"), Question(since="2025"), small(), "after the last period"),
        (Columns(treated="imported"), Question(since="2024-01"), small(), "no period before it"),
        (Columns(treated="imported"), ASKED[1], small(1), "holds one period"),
        (
            Columns(treated="imported", cluster="one"),
            ASKED[1],
            small().assign(one=1),
            "one cluster",
        ),
        (Columns(tariff="rate"), None, small().assign(rate=0.1), "never changes within a unit"),
        (Columns(treated="imported", price="cost"), ASKED[1], small(), "column is missing"),
        (Columns(treated="imported", only=(("sku", "z"),)), ASKED[1], small(), "has no rows"),
        (Columns(treated="sku"), ASKED[1], small(), "write 1 and 0, or --treated sku=VALUE"),
    ],
)
def test_what_cannot_be_estimated_is_named_with_its_remedy(columns, question, frame, words):
    with pytest.raises(DataError, match=words):
        estimate(frame, columns, question)


@pytest.mark.parametrize(
    ("columns", "question", "words"),
    [
        (Columns(), None, "in one way"),
        (Columns(treated="imported", tariff="rate"), ASKED[1], "in one way"),
        (Columns(hts="code"), None, "go together"),
        (Columns(tariff="rate"), Question(outcome="level"), "log price"),
        (Columns(duty="rate"), Question(outcome="log"), "the price itself"),
        (Columns(tariff="rate"), Question(control="synthetic"), "needs --treated"),
        (Columns(tariff="rate"), Question(since="2024"), "goes with --treated"),
        (Columns(treated="imported"), Question(since="2024-07", lags=40), "give fewer lags"),
        (Columns(treated="imported", controls=("copy",)), ASKED[1], "move together"),
    ],
)
def test_a_question_that_does_not_fit_is_refused(columns, question, words):
    frame = small().assign(rate=0.1, code="9504500000")
    frame["copy"] = frame["imported"] * (frame["date"] >= "2024-07")
    with pytest.raises(ModelError, match=words):
        estimate(frame, columns, question)


def test_a_panel_too_large_to_be_held_gives_the_same(monkeypatch):
    plain = estimate(small(), *ASKED)
    monkeypatch.setattr("tariffimpact.estimation.panel.HELD", 0)
    again = estimate(small(), *ASKED)
    assert again.main == plain.main
    assert again.groups == plain.groups
    with pytest.raises(DataError, match="has 2 prices in 2024-01"):
        estimate(pd.concat([small(), small()[:1]]), *ASKED)


def test_the_first_line_says_that_the_controls_moved():
    """Prices of the treated stand still and those of the others fall by a tenth."""
    frame = small(rise=0.0)
    frame["price"] = 10.0 - 1.0 * ((frame["date"] >= "2024-07") & (frame["imported"] == 0))
    found = estimate(frame, *ASKED)
    assert found.summary().startswith("The difference comes from the controls: imported 0.00%")
    assert "the difference comes from the controls" in found.verdicts[0]
    assert found.groups[0].share_changed == 0
    assert found.groups[1].share_changed == 1


def test_treated_by_brand_is_told():
    """Three brands or more, each treated as a whole: their number is the number of clusters."""
    frame = pd.concat([small().assign(sku=lambda f, n=n: f["sku"] + str(n)) for n in range(3)])
    frame["maker"] = frame["sku"].map(lambda sku: sku[0])
    found = estimate(frame, *ASKED)
    assert any("treated by maker, so cluster by maker" in verdict for verdict in found.verdicts)
    again = estimate(frame, Columns(treated="imported", cluster="maker"), ASKED[1])
    assert again.clusters == 4
    assert not any("treated by" in verdict for verdict in again.verdicts)
    assert any("fewer than 40 clusters: bootstrap" in verdict for verdict in again.verdicts)


def test_what_is_short_before_and_what_vat_does():
    found = estimate(
        small(),
        Columns(treated="imported"),
        Question(since="2024-04", vat=0.16, customs_share=Interval(0.4, 0.6),
                 tariff_change=Interval.exactly(0.25)),
    )  # fmt: skip
    assert any("too short before to see a trend: 3 periods" in v for v in found.verdicts)
    assert any("full pass-through is 1.16" in v for v in found.verdicts)
    rate = next(one for one in found.estimates if one.definition == "rate")
    log = found.main
    assert rate.low == pytest.approx(np.expm1(log.low) / 0.25 / 0.6)
    assert rate.high == pytest.approx(np.expm1(log.high) / 0.25 / 0.4)


def test_an_estimate_becomes_bounds():
    """Own change 10%, effect known exactly: the counterfactual is what the others did."""
    frame = small()
    found = estimate(frame, *ASKED)
    kept = found.counterfactual()
    effect = next(one for one in found.estimates if one.definition == "percent_change")
    assert kept.low == pytest.approx(found.groups[0].change - effect.high)
    bounds = found.bounds(customs_share=Interval(0.4, 0.6), tariff_change=0.25)
    assert bounds.rate.low == pytest.approx(effect.low / 0.25 / 0.6, rel=1e-6)
    assert bounds.rate.high == pytest.approx(effect.high / 0.25 / 0.4, rel=1e-6)


def test_a_unit_unseen_on_the_day_does_not_make_the_dates_staggered():
    """Column on from July; one treated unit has no price in July and August."""
    frame = small().assign(on=lambda f: f["imported"] * (f["date"] >= "2024-07"))
    holes = (frame["sku"] == "a") & frame["date"].isin(["2024-07", "2024-08"])
    found = estimate(frame[~holes], Columns(treated="on"))
    plain = estimate(frame[~holes], *ASKED)
    assert found.main.estimate == pytest.approx(plain.main.estimate, rel=1e-12)
    assert not any("staggered" in verdict for verdict in found.verdicts)


def test_staggered_dates_are_told_and_the_robust_estimate_comes_first():
    rows = []
    for n in range(30):
        start = (5, 9, 99)[n % 3]
        for t in range(14):
            effect = 0.1 + 0.02 * (t - start) if t >= start else 0.0
            noise = 0.001 * np.sin(7 * n + 3 * t)
            rows.append({"sku": f"u{n:02d}", "date": t, "price": np.exp(1 + effect + noise),
                         "on": int(t >= start)})  # fmt: skip
    found = estimate(pd.DataFrame(rows), Columns(treated="on"))
    truth = np.mean([0.02 * (t - s) + 0.1 for s in (5, 9) for t in range(s, 14)])
    assert any("dates are staggered" in verdict for verdict in found.verdicts)
    assert found.main.method == "untreated as controls"
    assert found.main.estimate == pytest.approx(truth, abs=1e-3)
    assert abs(found.estimates[1].estimate / truth - 1) > 0.05


def test_a_duty_in_money_gives_money_per_money():
    """Prices rise by 0.8 of each duty: the coefficient is 0.8, a rate."""
    rng = np.random.default_rng(1)
    frame = small().assign(duty=0.0)
    late = frame["date"] >= "2024-07"
    frame.loc[late, "duty"] = frame.loc[late, "sku"].map({"a": 1.0, "b": 2.0, "c": 0.0, "d": 0.5})
    frame["price"] = 10 + 0.8 * frame["duty"] + rng.normal(0, 1e-9, len(frame))
    found = estimate(frame, Columns(duty="duty"))
    assert found.main.definition == "rate"
    assert found.main.estimate == pytest.approx(0.8, abs=1e-6)


def test_a_tariff_with_lags_sums_to_its_whole_response():
    """ln p follows ln(1 + τ) by 0.2 at once, 0.1 and 0.1 in the next two periods."""
    rng = np.random.default_rng(2)
    rows = []
    for unit in range(12):
        rates = np.repeat([0.0, rng.uniform(0.05, 0.5)], [4 + unit % 5, 20 - unit % 5])
        logs = np.log1p(rates)
        response = 0.2 * logs
        for lag, weight in ((1, 0.1), (2, 0.1)):
            response[lag:] += weight * logs[:-lag]
        for period in range(24):
            price = np.exp(3 + 0.01 * period + response[period])
            rows.append({"sku": f"u{unit}", "date": period, "price": price, "rate": rates[period]})
    found = estimate(pd.DataFrame(rows), Columns(tariff="rate"), Question(lags=3))
    assert [one.estimate for one in found.lags] == pytest.approx([0.2, 0.1, 0.1, 0.0], abs=1e-9)
    assert [one.estimate for one in found.cumulative] == pytest.approx([0.2, 0.3, 0.4, 0.4])
    assert all(one.definition == "retail_elasticity" for one in found.cumulative)


@pytest.mark.filterwarnings("ignore")
def test_other_effects_go_through_pyfixest_or_name_the_extra(monkeypatch):
    frame = pd.concat([small().assign(sku=lambda f, n=n: f["sku"] + str(n)) for n in range(3)])
    rng = np.random.default_rng(4)
    frame["price"] *= np.exp(rng.normal(0, 0.01, len(frame)))
    question = Question(since="2024-07", effects=("unit", "time"))
    plain = estimate(frame, Columns(treated="imported"), question)
    pytest.importorskip("pyfixest", reason="the extra estimation is not installed")
    shops = frame.assign(shop=frame["sku"].str[1])
    effects = Question(since="2024-07", effects=("unit", "shop^time"))
    found = estimate(shops, Columns(treated="imported"), effects)
    assert found.main.estimate == pytest.approx(plain.main.estimate, abs=0.01)
    beside = replace(effects, effects=("unit", "time", "shop^time"))
    again = estimate(shops, Columns(treated="imported"), beside)
    assert again.main.estimate == pytest.approx(found.main.estimate, rel=1e-6)
    assert not again.placebos.left_out  # those know unit and time alone
    monkeypatch.setitem(__import__("sys").modules, "pyfixest", None)
    with pytest.raises(ModelError, match=r"needs the extra estimation"):
        estimate(shops, Columns(treated="imported"), effects)
    again = estimate(frame, Columns(treated="imported"), question)
    assert again.main.estimate == plain.main.estimate  # the two-way case needs no extra


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"sku,date,price\n", "has no rows"),
        ("latin.csv", b"sku,date,price\nM\xfcsli,2024,3\n", "is not UTF-8 text"),
        ("ragged.csv", b"sku,date,price\na,2024,3\nb,2024\n", "ragged.csv:3: is not readable"),
        (
            "quote.csv",
            b'sku,date,price\n"a,2024,3\n',
            "is not readable as CSV: unexpected end of data",
        ),
        ("zero.csv", b"sku,date,price\na\0b,2024,3\n", "."),
        ("twice.csv", b"sku,date,price,price\na,2024,3,4\n", "column stands twice"),
        ("fake.csv.gz", b"\x1f\x8bjunk", "cannot be unpacked"),
        ("fake.parquet", b"PAR1junk", "cannot be read as Parquet"),
        ("fake.xlsx", b"PK\x03\x04junk", "cannot be read as a workbook"),
        ("fake.dta", b"junk", "cannot be read as Stata"),
        ("orders.csv", b"sku,date,price\na,13/02/2018,1\na,02/14/2018,-1\n", "of two orders"),
        ("orders.csv", b"sku,date,price\na,13/02/2018,1\na,02/14/2018,-1\n", "0 or below"),
    ],
)
def test_a_broken_file_is_named(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        estimate(path, Columns(treated="price", treated_value="1"), ASKED[1])


def test_before_and_after_alone_needs_two_clusters():
    frame = small()
    found = estimate(frame, Columns(treated="imported"), Question(since="2024-07", control="none"))
    own = frame[frame["imported"] == 1].assign(late=lambda f: f["date"] >= "2024-07")
    means = np.log(own["price"]).groupby(own["late"]).mean()
    assert found.main.estimate == pytest.approx(means[True] - means[False], rel=1e-9)
    assert any("no control" in verdict for verdict in found.verdicts)
    assert len(found.groups) == 1
    one = Columns(treated="sku", treated_value="a")
    with pytest.raises(ModelError, match="one cluster"):
        estimate(frame, one, Question(since="2024-07", control="none"))


@pytest.mark.parametrize("held", [10**9, 0])
def test_a_large_panel_is_read_in_blocks(monkeypatch, held):
    """Blocks of whole units, in order, every row once, from memory and from the engine."""
    monkeypatch.setattr("tariffimpact.estimation.panel.HELD", held)
    frame = pd.concat([small().assign(sku=lambda f, n=n: f["sku"] + str(n)) for n in range(40)])
    with open_panel(frame, Columns(treated="imported")) as panel:
        parts = list(panel.blocks(size=100))
        assert len(parts) == 20
        units = np.concatenate([part.unit for part in parts])
        assert np.array_equal(units, np.repeat(np.arange(160), 12))
