"""The tables as others read them: the data package, what it promises, and the codebook's counts."""

import csv
import io
import json

import pytest
from expected_package import (
    DATA,
    PACKAGE_FILE,
    data_package,
    kinds_table,
    package_text,
    with_kinds,
)

from sampled import sampled
from tariffimpact.facts import read_facts
from tariffimpact.facts.authoring import CODEBOOK
from tariffimpact.facts.reader import KINDS

frictionless = pytest.importorskip("frictionless", reason="frictionless is not installed")
PACKAGE = json.loads((DATA / PACKAGE_FILE).read_text(encoding="utf-8"))


def faults_of(folder):
    report = frictionless.validate(str(folder / PACKAGE_FILE))
    return {(task.name, error.type) for task in report.tasks for error in task.errors}


def test_the_committed_package_is_that_of_the_records():
    assert (DATA / PACKAGE_FILE).read_text(encoding="utf-8") == package_text()


def test_the_shipped_tables_are_what_the_package_promises():
    assert frictionless.validate(str(DATA / PACKAGE_FILE)).valid


def test_every_table_of_the_facts_is_described_column_by_column():
    described = {
        resource["path"].removesuffix(".csv"): resource for resource in PACKAGE["resources"]
    }
    assert set(described) == set(KINDS)
    for table, resource in described.items():
        header = next(csv.reader(io.StringIO((DATA / f"{table}.csv").read_text(encoding="utf-8"))))
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == header
        assert all(field["description"] for field in fields), table


@pytest.mark.parametrize(
    ("table", "key", "cells", "kind"),
    sampled([
        ("exposures", "sony-2025-08", {"basis": "grossly"}, "constraint-error"),
        ("exposures", "sony-2025-08", {"disclosed_on": "8/7/2025"}, "type-error"),
        ("exposures", "sony-2025-08", {"amount": "about 70bn"}, "constraint-error"),
        ("exposures", "sony-2025-08", {"source_id": "nobody"}, "foreign-key"),
        ("prices", "switch-2025-08", {"company": "Nobody"}, "foreign-key"),
        ("prices", "switch-2025-08", {"old_price": "-1"}, "constraint-error"),
        ("sources", "jiji-2025-11-11", {"publisher": ""}, "constraint-error"),
        ("sources", "jiji-2025-11-11", {"source_id": "ap-2025-08-07"}, "primary-key"),
    ], 2),
)  # fmt: skip
def test_a_spoilt_table_breaks_what_the_package_promises(data, table, key, cells, kind):
    data.edit(table, key, **cells)
    found = faults_of(data.folder)
    assert (table.replace("_", "-"), kind) in found


def test_a_package_of_ones_own_tables_names_them_so(data):
    (data.folder / "version.toml").unlink()
    (data.folder / "remarks.csv").unlink()
    package = data_package(data.folder)
    assert package["version"] == "own"
    assert "remarks" not in {resource["name"] for resource in package["resources"]}


def test_the_codebook_counts_sources_by_kind_as_they_are(facts):
    codebook = (DATA / CODEBOOK).read_text(encoding="utf-8")
    assert with_kinds(codebook, facts) == codebook
    counted = kinds_table(facts)
    cited = {
        row.source_id
        for name in ("prices", "exposures", "statements", "financials", "origins", "customs_values",
                     "refunds", "lawsuits", "remarks", "conflicts")
        for row in getattr(facts, name)
    }  # fmt: skip
    assert f"| together | {len(cited)} |" in counted
    aggregators = {s.source_id for s in facts.sources if s.kind == "aggregator"} & cited
    assert f"| aggregator | {len(aggregators)} |" in counted


def test_a_copy_of_the_data_is_a_package_too(tmp_path, run):
    assert run("copy-data", tmp_path / "mine")[0] == 0
    assert not faults_of(tmp_path / "mine")
    assert read_facts(tmp_path / "mine").version.version is not None
