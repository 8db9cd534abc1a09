"""The one expression on Spark's local mode: the same groups as on DuckDB, to 1e-12."""

import shutil

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pyspark", reason="the extra distributed is not installed: make test-spark")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java 17, which is not on the path", allow_module_level=True)

from tariffimpact.errors import ModelError
from tariffimpact.portfolio import effective_tariff_rate, engine, schedule_layers
from tariffimpact.tariffs import shipped_schedule

# PySpark 4.0 speaks to pandas and to its own sockets in ways both warn about
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*:pandas.errors.Pandas4Warning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

ORIGINS = ["CHN", "VNM", "JPN", "MEX", "CAN", "DEU", "KOR", "GBR", "IND", "CHE"]


@pytest.fixture(scope="module")
def lines(facts):
    random = np.random.default_rng(0)
    codes = [product.hts for product in facts.products]
    n = 2_000
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 600, n), unit="D")
    return pd.DataFrame(
        {
            "hts": random.choice(codes, n),
            "origin": random.choice(ORIGINS, n),
            "entered_on": days,
            "customs_value": random.lognormal(8, 2, n),
            "duty": random.lognormal(5, 2, n),
        }
    )


def test_same_rates_line_by_line(facts, lines):
    layers = schedule_layers(shipped_schedule(facts).compiled)
    found = {}
    for name in ("duckdb", "spark"):
        with engine(layers, name) as running:
            found[name] = running.charge_frame(lines.assign(metal_low=0.0, metal_high=1.0))
    for column in ("rate_low", "rate_high", "part_0_low", "part_2_high"):
        np.testing.assert_allclose(found["spark"][column], found["duckdb"][column], rtol=1e-12)


@pytest.mark.parametrize("by", [["origin"], ["hts4", "origin"], []])
def test_same_groups(facts, lines, by):
    compiled = shipped_schedule(facts).compiled
    one, two = (
        effective_tariff_rate(lines, compiled, by=by, engine_name=name).to_frame()
        for name in ("duckdb", "spark")
    )
    pd.testing.assert_frame_equal(one, two, rtol=1e-12, check_dtype=False)


def test_a_missing_java_is_said(facts, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ModelError, match="needs Java 17 or 21, and no java is on the PATH"), \
            engine(schedule_layers(shipped_schedule(facts).compiled), "spark"):  # fmt: skip
        pass
