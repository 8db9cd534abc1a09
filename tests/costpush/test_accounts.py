"""A folder of accounts that is not what it should be: everything wrong is named at once."""

import shutil

import pytest

from costpush.small_accounts import SMALL
from tariffimpact.costpush import read_accounts, realised_change, shipped_accounts
from tariffimpact.errors import DataError, ModelError


@pytest.fixture
def folder(tmp_path):
    for name, text in SMALL.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def faults_of(folder):
    with pytest.raises(DataError) as refused:
        read_accounts(folder)
    return [str(fault).removeprefix(f"{folder}/") for fault in refused.value.faults]


def rewrite(folder, name, old, new):
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def test_own_accounts_in_plain_text_are_read_and_used(folder):
    """Half of the steel is imported and pays 50 points more; cars are made of 30% steel."""
    from tariffimpact.costpush import cost_push

    accounts = read_accounts(folder)
    answer = cost_push(accounts, realised_change(accounts, month="2025-02", base="2025-01"))
    steel = 0.5 * 0.5 / (1 - 0.5 * 0.2)
    car = (0.1 * 0.25 + 0.9 * 0.3 * steel) / (1 - 0.9 * 0.1)
    assert list(answer.commodities["cost_low"]) == pytest.approx([steel, car])
    assert answer.total.constant_dollar.low == pytest.approx(0.6 * car)
    assert answer.total.constant_percent.low == pytest.approx(car)


def test_a_table_on_its_side_is_told_by_its_totals(folder):
    rewrite(folder, "requirements.csv", "steel,car,0.3", "car,steel,0.3")
    assert faults_of(folder) == [
        "requirements: input, output: is transposed: its rows, not its columns, sum to "
        "requirements_total; swap the columns input and output; a column is what one output needs"
    ]


def test_the_shipped_table_on_its_side_is_told_too(tmp_path):
    import pyarrow.parquet as pq

    copy = tmp_path / "accounts"
    shutil.copytree(shipped_accounts(), copy)
    table = pq.read_table(copy / "requirements.parquet")
    pq.write_table(table.rename_columns(["output", "input", "coefficient"]),
                   copy / "requirements.parquet")  # fmt: skip
    assert any("is transposed" in fault for fault in faults_of(copy))


def test_everything_wrong_is_named_at_once(folder):
    rewrite(folder, "commodities.csv", "steel,Steel,100,50,USD", "steel,Steel,-100,50,EUR")
    rewrite(folder, "commodities.csv", "car,Cars,200,20", "car,Cars,200,300")
    rewrite(folder, "categories.csv", "new-cars,New cars,true",
            "new-cars,New cars,true\nboats,Boats,true")  # fmt: skip
    rewrite(folder, "mapping.csv", "8701,car,1", "8701,car,0.6")
    rewrite(folder, "bridge.csv", "10000000,20000000,100000000", "10000000,20000000,190000000")
    told = "\n".join(faults_of(folder))
    for words in (
        "commodities.csv:2: supply: is negative",
        "commodities.csv:3: imports: is above supply, an import share of 150%",
        "commodities.csv:3: currency: differs from the other rows, which are in EUR",
        "bridge.csv:2: currency: differs from the other rows, which are in EUR",
        "categories.csv:3: category: has no weight: no row of bridge.csv (got 'boats')",
        "bridge.csv:2: purchasers_value: is not the sum of its parts, 100,000,000",
        "mapping.csv: share: the shares of code 8701 sum to 0.6",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("requirements.csv", "steel,car,0.3", "steel,car,0.2", "1 columns do not sum to"),
        ("requirements.csv", "steel,car,0.3", "tin,car,0.3", "names 1 codes that commodities.csv"),
        ("requirements.csv", "steel,car,0.3", "steel,car,0.3\nsteel,car,0.3", "more than once"),
        ("requirements.csv", "steel,car,0.3", "steel,car,much", "coefficient: is not a number"),
        ("accounts.toml", '"input"', '"direct"', "is not a kind of table (got 'direct')"),
        ("accounts.toml", "year = 2020\n", "", "year: is missing or of another type"),
        ("accounts.toml", "year", "[", "is not readable as TOML"),
        ("commodities.csv", "car,Cars", "steel,Cars", "commodity: stands twice"),
        ("bridge.csv", "new-cars,car", "new-cars,boat", "commodity: is unknown (got 'boat')"),
        ("bridge.csv", "new-cars,car", "old-cars,car", "category: is unknown (got 'old-cars')"),
        ("codes.csv", "72,steel", "72,tin", "commodity: is unknown (got 'tin')"),
        ("mapping.csv", "8701,car", "8701,tin", "commodity: is unknown (got 'tin')"),
        ("mapping.csv", "8701,car", "8703,car", "code: is in codes.csv too"),
        ("bridge.csv", "60000000", "0", "is not the sum of its parts"),
    ],
)
def test_each_fault_is_named(folder, name, old, new, words):
    rewrite(folder, name, old, new)
    assert words in "\n".join(faults_of(folder))


def test_a_category_that_sums_to_nothing_has_no_weight(folder):
    row = "new-cars,car,-60000000,-10000000,-10000000,-20000000,-100000000,USD\n"
    with (folder / "bridge.csv").open("a", encoding="utf-8") as file:
        file.write(row)
    assert any("has no weight: its purchasers' values sum to 0" in f for f in faults_of(folder))


def test_an_economy_that_cannot_produce_is_refused(folder):
    rewrite(folder, "requirements.csv", "car,car,0.1", "car,car,1.1")
    rewrite(folder, "commodities.csv", "USD,0.4", "USD,1.4")
    assert any("more than a unit of input" in fault for fault in faults_of(folder))


def test_an_empty_folder_says_what_it_lacks(tmp_path):
    told = "\n".join(faults_of(tmp_path))
    for name in SMALL:
        if not name.startswith(("receipts", "requirements", "rates")):
            assert f"{name}: is not there" in told


def test_a_lost_code_of_weight_is_an_error_and_a_lost_tenth_a_refusal(folder):
    rewrite(folder, "receipts.csv", "2025-02,72,", "2025-02,7326,100,40,USD\n2025-02,72,")
    accounts = read_accounts(folder)
    with pytest.raises(DataError, match=r"has no row for code 7326, 31\.50% of the duty"):
        realised_change(accounts, month="2025-02", base="2025-01")
    assert realised_change(
        accounts, month="2025-02", base="2025-01", codes="published"
    ).coverage.duty == pytest.approx(87 / 127)
    rewrite(folder, "mapping.csv", "9999,,1,", "7326,,1,left out on purpose\n9999,,1,")
    with pytest.raises(ModelError, match=r"Below 95% of the duty.*--codes published"):
        realised_change(read_accounts(folder), month="2025-02", base="2025-01")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2025-02,72,100,60,USD", "2025-02,72,100,60,EUR", "mixes currencies"),
        ("2025-02,72,100,60,USD", "2025-02,72,100,-60,USD", "an amount that is negative"),
        ("2025-02,72,100,60,USD", "2025-02,72,inf,60,USD", "above 1e18 or no number"),
    ],
)
def test_receipts_are_checked(folder, old, new, words):
    rewrite(folder, "receipts.csv", old, new)
    with pytest.raises(DataError, match=words):
        realised_change(read_accounts(folder), month="2025-02", base="2025-01")


def test_a_month_that_is_not_there_says_what_is(folder):
    accounts = read_accounts(folder)
    with pytest.raises(DataError, match="has no receipts of May 2031; it holds 2025-01 to 2025-02"):
        realised_change(accounts, month="2031-05", base="2025-01")
    with pytest.raises(DataError, match="has 2 months of 2025"):
        realised_change(accounts, month="2025", base="2025-01")
    with pytest.raises(ModelError, match="write 2025-12 or 2024"):
        realised_change(accounts, month="Dec 2025", base="2025-01")


def test_the_codebook_defines_each_table_and_column():
    import re

    import pandas as pd

    codebook = (shipped_accounts().parent / "README.md").read_text(encoding="utf-8")
    for path in sorted(shipped_accounts().iterdir()):
        section = re.search(
            rf"^### costpush/{re.escape(path.name)}\n(.*?)(?=^##|\Z)", codebook, re.M | re.S
        )
        assert section, path.name
        if path.suffix == ".toml":
            continue
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        assert re.findall(r"^\| `(\w+)` \|", section[1], re.M) == list(frame.columns), path.name


def test_each_company_is_one_of_the_facts(facts):
    from tariffimpact.costpush.screens import company_commodities

    known = {firm.company for firm in facts.firms}
    assert set(company_commodities(read_accounts())) <= known


def test_a_table_that_cannot_be_read_is_blamed_alone(folder):
    """Codes that name commodities are not blamed for a list nobody could read."""
    text = (folder / "commodities.csv").read_text(encoding="utf-8")
    (folder / "commodities.csv").write_text(text.replace(",", ";"), encoding="utf-8")
    (fault,) = faults_of(folder)
    assert fault.startswith("commodities.csv:1: is separated by semicolons")
