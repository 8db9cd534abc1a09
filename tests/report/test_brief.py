"""One page to send: one page it is, with five numbers, in each format, the same bytes each time."""

import io
import re
import subprocess

import pytest
from click.testing import CliRunner

from tariffimpact.cases import case_of, read_case, shipped_cases
from tariffimpact.cli.brief import brief as command
from tariffimpact.errors import ModelError
from tariffimpact.facts import read_facts, shipped_folder
from tariffimpact.report.brief import (
    Brief,
    brief_of_case,
    brief_of_company,
    check_formats,
    write_brief,
)
from tariffimpact.report.content import Paragraph


@pytest.fixture(scope="module")
def facts():
    return read_facts()


def pages(path):
    info = subprocess.run(["pdfinfo", str(path)], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Pages:\s+(\d+)", info)[1])


def test_a_company_in_a_sentence_and_five_numbers(facts):
    found = brief_of_company(facts, "estee lauder")
    assert found.answer.text.startswith("In FY to Jun 2026 the tariff costs Estée Lauder $200m")
    assert dict(found.numbers)["Net cost"] == "$100m"
    assert len(found.numbers) == 5
    assert found.narrowing
    assert {source.source_id for source in found.sources}
    assert found.figure is not None


def test_every_shipped_case_makes_a_page(facts):
    for name in shipped_cases():
        found = brief_of_case(read_case(name, facts=facts), facts)
        assert found.answer.text.endswith(".")
        assert 1 <= len(found.numbers) <= 5


def test_a_case_of_earnings_alone_makes_a_page(facts):
    case = case_of(
        {"title": "T", "question": "Q", "earnings": {"gross": 1e8, "sales": "4e9..5e9"}},
        name="mine",
    )
    found = brief_of_case(case, facts)
    assert found.answer.text == "The tariff costs $100m gross, 200 to 250 basis points of sales."
    assert found.narrowing[0] == "Sales: now $4bn to $5bn"


def test_the_files_are_one_page_and_the_same_bytes(facts, tmp_path):
    found = brief_of_company(facts, "Nike", title="Nike, for the board")
    first = write_brief(found, tmp_path / "a", ["html", "pdf", "pptx"])
    again = write_brief(found, tmp_path / "b", ["html", "pdf", "pptx"])
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    html, pdf, deck = first
    page = html.read_text(encoding="utf-8")
    assert "<title>Nike, for the board</title>" in page
    assert "<script" not in page
    assert 'http-equiv="Content-Security-Policy"' in page
    try:
        assert pages(pdf) == 1
    except FileNotFoundError:
        pytest.skip("pdfinfo is not installed")
    pptx = pytest.importorskip("pptx")
    slides = pptx.Presentation(io.BytesIO(deck.read_bytes())).slides
    words = [shape.text_frame.text for s in slides for shape in s.shapes if shape.has_text_frame]
    assert any("Nike, for the board" in text for text in words)
    assert any(text.startswith("Source: ") for text in words)


def test_a_page_full_of_words_is_still_one(facts, tmp_path):
    """Long labels, many sources: what has no room is counted."""
    long = Brief(
        title="A title that takes a line and then some of the next one as well, as they do",
        answer=Paragraph("A sentence of the answer that goes on. " * 6, standing="model"),
        figure=brief_of_company(facts, "Nike").figure,
        numbers=tuple((f"Figure {n} with a label of some length, as it comes", "$1bn to $2bn")
                      for n in range(5)),
        narrowing=("A fact that nobody has published so far, for all we know",) * 3,
        sources=facts.sources[:20], data_date=facts.dated_on, made_with="this",
    )  # fmt: skip
    (pdf,) = write_brief(long, tmp_path, ["pdf"])
    try:
        assert pages(pdf) == 1
    except FileNotFoundError:
        pytest.skip("pdfinfo is not installed")


@pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
def test_the_command_says_the_answer_and_writes(tmp_path):
    skus = shipped_folder("data") / "example_skus.csv"
    result = CliRunner().invoke(
        command,
        ["--skus", str(skus), "--on", "2025-08-21", "--format", "html", "--out", str(tmp_path)],
    )
    assert result.exit_code == 0, result.output
    assert "products with a customs value of" in result.output
    assert "Duty a year: " in result.output
    assert (tmp_path / "tariff-brief.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give one of --company, --case, --skus and --estimate"),
        (["--company", "Nike", "--case", "textbook"], "give one of"),
        (["--company", "Nike", "--on", "2025-01-01"], "go with --skus"),
        (["--company", "Nike", "--format", "doc"], "no format 'doc'"),
    ],
)
def test_misuse_is_told(arguments, words):
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_slides_without_the_extra_say_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pptx", None)
    with pytest.raises(ModelError, match=r"tariffimpact\[slides\]"):
        check_formats(("pptx",))


def test_a_company_without_a_cost_has_a_page_of_what_it_did(facts):
    """Microsoft names no cost; its prices are in the story's data."""
    found = brief_of_company(facts, "microsoft")
    assert found.answer.text.startswith("Microsoft has disclosed no cost of the tariffs")
    assert ("Xbox Series X, 3 October 2025", "$599.99 to $649.99") in found.numbers
    assert found.sources
    assert found.figure is not None
    assert "--" not in " ".join((found.answer.text, *found.narrowing))


@pytest.mark.slow
def test_every_company_on_record_has_a_page(facts):
    for company in facts.companies:
        assert company in brief_of_company(facts, company).answer.text


def test_what_would_narrow_a_page_is_told_in_its_unit():
    """A duty of 90 cents a unit is money, and no 90%; a share is percent."""
    case = case_of(
        {
            "title": "T", "question": "Q", "tariff": {"specific": "0.5..0.9"},
            "products": [{"name": "Boot", "old_price": 180, "customs_value": 60}],
        },
        name="mine",
    )  # fmt: skip
    assert brief_of_case(case, read_facts()).narrowing == (
        "Change of the duty per unit: now $0.50 to $0.90",
    )
