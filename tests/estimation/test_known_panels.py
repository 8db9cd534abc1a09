"""Published panels, and what they say: the reference data's Argentine one is read in tests only."""

import json

import pytest

from tariffimpact.estimation import Columns, Question, estimate
from tariffimpact.interval import Interval
from tariffimpact.release import shipped_folder

pytestmark = pytest.mark.whole

ARGENTINA = (
    "--unit", "prod", "--time", "time", "--price", "precio_std", "--treated", "imported",
    "--from", "2024-09-02", "--stock", "stock_dummy", "--controls", "max_consecutivos_sin_stock",
    "--json",
)  # fmt: skip
LEFT_OUT = (
    "--without", "categoria_producto=Galletitas", "--without", "categoria_producto=Enlatados",
)  # fmt: skip


@pytest.mark.parametrize(
    ("options", "units", "n", "estimate_", "clustered", "by_row", "changes"),
    [
        (LEFT_OUT, 351, 14_738, -0.021141, 0.004465, 0.002100, (0.0007, 0.0404)),
        ([], 376, 15_788, -0.022604, 0.004200, None, (-0.0054, 0.0394)),
    ],
)
def test_the_argentine_panel(
    run, reference, options, units, n, estimate_, clustered, by_row, changes
):
    """−2.1141 (0.4465, HC1 0.2100) and −2.2604 (0.4200), percent of each product's first price."""
    panel = reference / "panels" / "df_clean.csv.gz"
    code, out, _ = run("estimate", panel, *ARGENTINA, *options)
    assert code == 0
    told = json.loads(out)
    found = next(one for one in told["estimates"] if one["definition"] == "percent_change")
    assert found["estimate"] == pytest.approx(estimate_, abs=5e-7)
    assert found["std_error"] == pytest.approx(clustered, abs=5e-7)
    if by_row:
        assert found["std_error_hc1"] == pytest.approx(by_row, abs=5e-7)
    assert (told["n"], told["clusters"]) == (n, units)
    assert sum(group["units"] for group in told["groups"]) == units
    moved = [round(group["change"], 4) for group in told["groups"]]
    assert moved == pytest.approx(changes, abs=1e-9)
    assert told["summary"].startswith("The difference comes from the controls")
    said = " ".join(told["verdicts"])
    for words in ("the difference comes from the controls", "too short before to see a trend",
                  "treated by origen, so cluster by origen"):  # fmt: skip
        assert words in said


def test_the_argentine_change_column_gives_the_same_in_percent(run, reference):
    """The authors' own column of changes in percent, taken as it stands."""
    panel = reference / "panels" / "df_clean.csv.gz"
    options = [*ARGENTINA, *LEFT_OUT, "--outcome", "level", "--price", "price_variation_c"]
    _, out, _ = run("estimate", panel, *options)
    (found,) = json.loads(out)["estimates"]
    assert found["estimate"] == pytest.approx(-2.1141, abs=5e-5)
    assert found["std_error"] == pytest.approx(0.4465, abs=5e-5)
    assert found["std_error_hc1"] == pytest.approx(0.2100, abs=5e-5)


def test_clustered_by_origin_there_are_twenty_clusters(run, reference):
    panel = reference / "panels" / "df_clean.csv.gz"
    _, out, _ = run("estimate", panel, *ARGENTINA, "--cluster", "origen")
    told = json.loads(out)
    assert told["clusters"] == 20
    assert told["estimates"][0]["interval_by"] == "wild bootstrap"
    assert any("fewer than 40 clusters: bootstrap" in words for words in told["verdicts"])


def test_the_whole_stata_file_is_read(reference):
    """Its rows without a price are left out, and so are those the authors had not merged."""
    panel = reference / "panels" / "base_productos.dta.gz"
    found = estimate(
        panel,
        Columns("prod", "time", "precio_std", treated="imported"),
        Question(since="2024-09-02"),
    )
    assert (found.units, found.n) == (376, 15_788)


def test_laundry_equipment_rose_by_16_per_cent_from_february_to_may_2018():
    """Index 86.1 to 100.2: +16.36%."""
    panel = shipped_folder("data") / "panels" / "cpi_durables.csv"
    columns = Columns(
        "item", price="value", treated="item", treated_value="Laundry equipment",
        window=("2018-02", "2018-06"),
    )  # fmt: skip
    found = estimate(panel, columns, Question(since="2018-03"))
    assert found.groups[0].change == pytest.approx(0.1636, abs=5e-5)


def test_washers_stand_above_their_synthetic_control():
    """Flaaen, Hortaçsu and Tintelnot (2020) find washers about 12% dearer; dryers rose as well."""
    panel = shipped_folder("data") / "panels" / "cpi_durables.csv"
    columns = Columns(
        "item", price="value", treated="item", treated_value="Laundry equipment",
        window=(None, "2018-09"),
    )  # fmt: skip
    asked = Question(since="2018-03", control="synthetic")
    found = estimate(panel, columns, asked)
    relative = next(one for one in found.estimates if one.definition == "percent_change")
    assert 0.05 < relative.estimate < 0.15
    assert 0.12 in Interval(relative.low, relative.high)
