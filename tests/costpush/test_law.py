"""The law between two days on the imports of a year: by hand, by parts, and what is left out."""

import os
from datetime import date

import numpy as np
import pandas as pd
import pytest

from tariffimpact.costpush import (
    charge_imports,
    cost_push,
    law_change,
    read_accounts,
    shipped_accounts,
)
from tariffimpact.errors import DataError, ModelError
from tariffimpact.tariffs import shipped_schedule

pytestmark = [
    pytest.mark.whole,
    pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning"),
]
AUGUST, JANUARY = date(2025, 8, 21), date(2025, 1, 2)


@pytest.fixture(scope="module")
def curated(facts):
    return shipped_schedule(facts).compiled


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    """Return the shipped accounts on imports of a hundred million dollars of consoles."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("accounts")
    for path in shipped_accounts().iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "weights.parquet").unlink()
    lines = pa.table(
        {
            "hts": ["9504500000", "9504500000", "9504500000", "9801001012"],
            "partner": ["CHN", "VNM", "EU", "CHN"],
            "thousand_usd": [60_000, 30_000, 10_000, 1_000],
        }
    )
    pq.write_table(
        lines.replace_schema_metadata({"total_usd": "104000000"}), folder / "weights.parquet"
    )
    return read_accounts(folder)


@pytest.fixture(scope="module")
def august(accounts, curated):
    """The change of the law, charged once: to put the schedule's question takes seconds."""
    return law_change(accounts, curated, on=AUGUST, before=JANUARY)


def test_consoles_by_hand(accounts, august):
    """Duties of 21 August 2025, none before: China 0.30 on 0.6 of the imports, Vietnam 0.20 on
    0.3, the European Union 0.15 on 0.1."""
    place = accounts.places["339930"]
    assert august.low[place] == pytest.approx(0.6 * 0.30 + 0.3 * 0.20 + 0.1 * 0.15)
    assert august.is_exact
    assert np.count_nonzero(august.low) == 1
    parts = august.parts.set_index(["origin", "authority"])["low"]
    assert parts["CHN", "IEEPA fentanyl"] == pytest.approx(0.6 * 0.20)
    assert parts["CHN", "IEEPA reciprocal"] == pytest.approx(0.6 * 0.10)
    assert parts["VNM", "IEEPA reciprocal"] == pytest.approx(0.3 * 0.20)
    assert parts.sum() == pytest.approx(august.low[place])
    assert august.coverage.imports == pytest.approx(100 / 104)
    assert august.label == "21 August 2025 over 2 January 2025"
    assert august.left_out.iloc[0]["code"] == "HTS 98"


def test_the_total_by_origin_and_by_authority(accounts, august):
    answer = cost_push(accounts, august)
    for by, largest in (("origin", "CHN"), ("authority", "IEEPA reciprocal")):
        parts = answer.parts(by)
        assert parts["constant_dollar_low"].sum() == pytest.approx(answer.total.constant_dollar.low)
        assert parts.iloc[0][by] == largest
    assert {"by_origin", "by_authority"} <= set(answer.as_json())
    top = answer.inputs("339930").iloc[0]
    assert (top["commodity"], top["origin"]) == ("339930", "CHN")


def test_the_union_is_charged_as_one_territory(august):
    parts = august.parts.set_index(["origin", "authority"])["low"]
    assert parts["EU"].sum() == pytest.approx(0.1 * 0.15)


@pytest.mark.parametrize(
    ("on", "before"), [(date(2100, 1, 1), JANUARY), (AUGUST, date(2024, 12, 31))]
)
def test_a_day_without_law_is_told_before_anything_is_charged(accounts, curated, on, before):
    """The first day that the schedule no longer holds, and the last that it does not hold yet."""
    with pytest.raises(ModelError, match=r"holds no duties on (1 January 2100|31 December 2024); "):
        law_change(accounts, curated, on=on, before=before)


def test_days_the_wrong_way_round_and_imports_that_are_not_there(curated, tmp_path):
    for path in shipped_accounts().iterdir():
        (tmp_path / path.name).symlink_to(path)
    accounts = read_accounts(tmp_path)
    with pytest.raises(ModelError, match="--before comes before --on"):
        law_change(accounts, curated, on=JANUARY, before=AUGUST)
    (accounts.folder / "weights.parquet").unlink()
    with pytest.raises(DataError, match=r"weights.parquet: is not there; build the folder with"):
        law_change(accounts, curated, on=AUGUST, before=JANUARY)


@pytest.mark.slow
def test_the_shipped_schedule_knows_nearly_all_imports(curated):
    """What it leaves out are the special chapters 98 and 99, and rates it cannot bound."""
    change = charge_imports(read_accounts(), curated, on=AUGUST, before=JANUARY)
    known = change.frame.loc[change.frame["known"], "value"].sum()
    assert 0.94 < known / change.total < 1


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("TARIFFIMPACT_REFERENCE_DATA"),
    reason="TARIFFIMPACT_REFERENCE_DATA names no folder with the official lists",
)
def test_the_law_and_what_was_collected_lie_near_each_other(facts):
    """December 2025: the duty collected lies in the range that the law leaves on 2024's imports."""
    accounts = read_accounts()
    change = law_change(
        accounts, shipped_schedule(facts).compiled, on=date(2025, 12, 15), before=JANUARY
    )
    assert change.coverage.duty > 0.99
    assert change.coverage.imports > 0.94
    total = cost_push(accounts, change).total.constant_dollar
    assert total.low - 0.002 < 0.0218 < total.high
    parts = change.parts.groupby("commodity")[["low", "high"]].sum()
    places = [accounts.places[code] for code in parts.index]
    assert (parts["low"].to_numpy() <= change.low[places] + 1e-9).all()
    assert (parts["high"].to_numpy() >= change.high[places] - 1e-9).all()
    assert isinstance(change.parts, pd.DataFrame)


@pytest.mark.slow
def test_the_command_answers_from_the_shipped_schedule(accounts, capsys):
    """Consoles again: 0.30 on 0.6 of them, 0.20 on 0.3, told by origin and by authority."""
    import json

    from tariffimpact.cli import main

    days = ["--on", "2025-08-21", "--before", "2025-01-02", "--tables", str(accounts.folder)]
    run(main, ["cost-push", *days, "--json"])
    answer = json.loads(capsys.readouterr().out)
    origins = {row["origin"]: row["constant_dollar"] for row in answer["by_origin"]}
    assert origins["CHN"] / origins["VNM"] == pytest.approx(0.6 * 0.30 / (0.3 * 0.20))
    assert answer["coverage"]["imports"] == pytest.approx(100 / 104)
    assert sum(row["constant_dollar"] for row in answer["by_authority"]) == pytest.approx(
        answer["total"]["constant_dollar"]
    )
    run(main, ["cost-push", *days])
    shown = capsys.readouterr().out
    assert "Core goods, by origin" in shown
    assert "IEEPA fentanyl" in shown


def run(main, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert not stop.value.code


def test_a_day_after_the_sources_end_says_so(curated):
    from tariffimpact.costpush.law import _beyond

    last = date.fromisoformat(curated.manifest["sources_end_on"])
    assert _beyond(curated, last) == ""
    assert "of what came after it says nothing" in _beyond(curated, date(2099, 12, 31))
