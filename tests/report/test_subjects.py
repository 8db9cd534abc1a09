"""Reports about one company, some companies, or a case alone: theirs, and nobody else's."""

import re
import shutil

import pytest
from click.testing import CliRunner

from tariffimpact.cli.report import companies_named, report
from tariffimpact.errors import ModelError
from tariffimpact.facts import copy_shipped_data, read_facts
from tariffimpact.report import read_report
from tariffimpact.report.content import Bullets, Figure, Paragraph, Table

pytestmark = pytest.mark.whole

SHOE = """
title = "A running shoe from Vietnam"
question = "It went from $120 to $130. What does that say?"
[tariff]
rate = 0.20
[demand]
elasticity = "1.5..3"
reason = "A judgement."
[[products]]
name = "Running shoe"
old_price = 120
new_price = 130
customs_share = "0.2..0.3"
cost_share = "0.5..0.6"
reason = "A judgement."
[[chain]]
name = "Importer"
[[chain]]
name = "Shop"
margin = 0.45
"""
OWN_EXPOSURE = {
    "exposure_id": "shoes-2025", "company": "Ridgeway", "scope": "group", "market": "USA",
    "disclosed_on": "2025-10-23", "amount": "150000000", "currency": "USD",
    "period": "FY to Mar 2026", "starts_on": "2025-04-01", "ends_on": "2026-04-01",
    "basis": "gross", "measure": "cost", "annualised": "false", "covers": "Unmitigated.",
    "locator": "paragraph 4", "quote": "about $150 million",
}  # fmt: skip
OWN_SALES = {
    "financial_id": "shoes-sales", "company": "Ridgeway", "measure": "net_sales", "scope": "group",
    "period": "FY to Mar 2026", "starts_on": "2025-04-01", "ends_on": "2026-04-01",
    "value": "5350000000", "unit": "USD", "horizon": "forecast", "locator": "paragraph 4",
    "quote": "$5.35 billion",
}  # fmt: skip
OWN_COMPANY = {
    "company": "Ridgeway", "name": "Ridgeway Shoes, Inc.", "country": "USA",
    "sector": "Consumer Discretionary",
}  # fmt: skip
OWN_PRICE = {
    "price_id": "shoes-price", "company": "Ridgeway", "product": "Trail shoe", "hts": "6404110000",
    "market": "USA", "old_price": "150", "new_price": "155", "currency": "USD",
    "announced_on": "2025-10-23", "effective_on": "2025-10-23", "cause": "tariff",
    "locator": "paragraph 4", "quote": "$155",
}  # fmt: skip


def texts(document):
    """Return every word the document says, its sources' own titles left out."""
    yield document.title
    yield document.lead
    for block in (*document.findings, *(b for s in document.sections for b in s.blocks)):
        if isinstance(block, Paragraph):
            yield block.text
        elif isinstance(block, Bullets):
            yield from (item.text for item in block.items)
        elif isinstance(block, Table):
            yield from (block.caption, block.note, *(cell for row in block.rows for cell in row))
        else:
            assert isinstance(block, Figure)
            yield from (block.title, block.subtitle, block.alt)


def own_folder(tmp_path, **changes):
    """Return a copy of the shipped data with one company of the user's own."""
    folder = tmp_path / "mine"
    copy_shipped_data(folder)
    source = read_facts(folder).sources[0].source_id
    rows = {
        "companies": OWN_COMPANY,
        "exposures": OWN_EXPOSURE,
        "financials": OWN_SALES,
        "prices": OWN_PRICE | changes,
    }
    for name, row in rows.items():
        path = folder / f"{name}.csv"
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        cells = [f'"{(row | {"source_id": source}).get(column, "")}"' for column in header]
        with path.open("a", encoding="utf-8") as file:
            file.write(",".join(cells) + "\n")
    return folder


@pytest.fixture(scope="module")
def shipped():
    return read_facts()


@pytest.mark.parametrize("of", [slice(0, 3), pytest.param(slice(3, None), marks=pytest.mark.slow)])
def test_every_company_has_findings_of_its_own(shipped, of):
    for company in sorted(shipped.companies)[of]:
        document = read_report(companies=(company,))
        assert document.title == f"{company} under the US tariffs"
        assert document.findings, company
        assert company in " ".join(found.text for found in document.findings)


def test_a_company_s_report_names_no_other_company_s_product(shipped):
    products = {row.product for row in shipped.prices if row.company in ("Sony", "Nintendo")}
    said = " ".join(texts(read_report(companies=("estee lauder",))))
    assert not [name for name in products if re.search(rf"\b{re.escape(name)}\b", said)]
    assert "$200m or more gross" in said


def test_a_company_of_one_s_own_is_the_whole_subject(tmp_path):
    folder = own_folder(tmp_path)
    document = read_report(folder, companies=("ridgeway",))
    said = " ".join(texts(document))
    for other in ("PlayStation", "Sony", "Switch", "Xbox", "Nintendo", "can of"):
        assert other not in said, other
    first = document.findings[0].text
    assert "$150m gross, 280 basis points of sales" in first


def test_no_origin_is_made_up_and_what_to_add_goes_to_the_user(tmp_path):
    """Code 3304100000 has duties and no origin on record; nothing is said of Japan."""
    folder = own_folder(tmp_path, hts="3304100000")
    document = read_report(folder, companies=("Ridgeway",))
    said = " ".join(texts(document))
    assert "Japan" not in said
    assert ".csv" not in said
    assert any("add rows to origins.csv" in note for note in document.notes)
    result = CliRunner().invoke(
        report,
        ["--data", str(folder), "--company", "Ridgeway", "--format", "html",
         "--out", str(tmp_path / "out")],
    )  # fmt: skip
    assert result.exit_code == 0
    assert "note: Ridgeway: " in result.stderr
    assert result.stdout.startswith("- ")
    assert "note: " not in result.stdout


def test_the_headwind_that_a_company_gives_is_a_finding():
    findings = read_report(companies=("NIKE",)).findings
    assert "puts its net headwind at 120 basis points" in findings[0].text


def test_what_companies_say_of_their_margin_is_a_column_and_a_finding():
    """Nike's 120 and Tapestry's 230 basis points stand in their releases; Deckers gives none."""
    document = read_report(companies=("Nike", "Tapestry", "Deckers"))
    table = next(
        block
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Table) and "Price move" in block.columns
    )
    column = table.columns.index("On its margin")
    said = {row[0]: row[column] for row in table.rows}
    assert said == {"Nike": "120 bp net", "Tapestry": "230 bp net", "Deckers": ""}
    figure = next(f for f in document.figures if f.name == "exposure-by-company")
    nike = figure.frame.set_index("company").loc["Nike"]
    assert nike["headwind_net_low"] == nike["headwind_net_high"] == 0.012
    assert figure.frame["headwind_gross_low"].isna().all()


def test_where_nobody_speaks_of_the_margin_there_is_no_column_for_it():
    document = read_report(companies=("Sony", "Nintendo"))
    tables = [b for s in document.sections for b in s.blocks if isinstance(b, Table)]
    assert any("Price move" in table.columns for table in tables)
    assert not any("On its margin" in table.columns for table in tables)


def test_a_case_alone_is_about_the_case(tmp_path):
    path = tmp_path / "shoe.toml"
    path.write_text(SHOE, encoding="utf-8")
    document = read_report(cases=(path,))
    assert document.title == "A running shoe from Vietnam"
    assert document.findings[0].text.startswith("Running shoe: $120 to $130")
    assert [section.key for section in document.sections] == ["case-shoe"]
    assert "Sony" not in " ".join(texts(document))
    assert not document.references
    assert any("If every seller holds its margin in per cent" in t for t in texts(document))
    assert read_report(cases=(path,), title="Our shoe").title == "Our shoe"


def test_a_company_and_a_case_stand_in_one_report():
    document = read_report(companies=("Sony",), cases=("sony-ps5",))
    keys = [section.key for section in document.sections]
    assert keys[0] == "company-sony"
    assert "case-sony-ps5" in keys


def test_companies_are_named_in_a_list_or_by_industry(shipped):
    assert companies_named(("Sony,nintendo",), (), None) == ("Sony", "nintendo")
    staples = companies_named((), ("consumer staples",), None)
    assert {"PepsiCo", "Monster Beverage"} <= set(staples)
    document = read_report(companies=companies_named(("Sony,nintendo",), (), None))
    assert document.title == "Sony and Nintendo under the US tariffs"
    assert "companies" in {section.key for section in document.sections}
    with pytest.raises(ModelError, match="did you mean Sony"):
        read_report(companies=("Soni",))


def test_the_command_writes_findings_as_lines_and_the_title(tmp_path):
    out = tmp_path / "out"
    arguments = ["--company", "estee lauder", "--format", "html", "--title", "For the board"]
    result = CliRunner().invoke(report, [*arguments, "--out", str(out)])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("- In FY to Jun 2026 the tariff costs Estée Lauder")
    page = (out / "tariff-impact.html").read_text(encoding="utf-8")
    assert "<title>For the board" in page
    shutil.rmtree(out)
