"""Quotes held to the texts of their sources: the story's own, and every way to miss one."""

import shutil
from dataclasses import replace

import pytest

from tariffimpact.errors import DataError
from tariffimpact.facts import Statement
from tariffimpact.facts.authoring import in_order, quote_faults

TEXT = "Prices “rise” by 5% — the firm’s\nfirst rise… since May. It didn't say why."


def said(quote, source_id="s"):
    return Statement.model_validate(
        {
            "statement_id": "t", "company": "Acme", "scope": "group", "market": "USA",
            "said_on": "2025-08-01", "response": "pass_on", "stage": "done", "cause": "tariff",
            "source_id": source_id, "locator": "1", "quote": quote,
        }
    )  # fmt: skip


@pytest.fixture
def told(facts, tmp_path):
    """Return what is wrong with a quote of the text."""

    def faults(quote, text=TEXT, source_id="s"):
        (tmp_path / "s.txt").write_text(text, encoding="utf-8")
        row = said(quote, source_id)
        cited = ("prices", "exposures", "financials", "origins", "customs_values", "refunds",
                 "lawsuits", "remarks", "conflicts", "tariffs")  # fmt: skip
        alone = replace(facts, statements=(row,), **dict.fromkeys(cited, ()))
        checked, found = quote_faults(alone, tmp_path)
        assert checked == (source_id == "s")
        return [str(fault) for fault in found]

    return faults


@pytest.mark.parametrize(
    "quote",
    ["Prices “rise” by 5%", "the firm’s first rise… since May", "Prices [...] the firm’s [...] May",
     "Prices “rise” […] It didn't say why."],
)  # fmt: skip
def test_words_of_the_text_are_its_words(told, quote):
    assert told(quote) == []


@pytest.mark.parametrize(
    "quote",
    ['Prices "rise" by 5%', "by 5% - the firm’s", "the firm's first rise", "rise... since May",
     "It didn’t say why.", "prices “rise”", "Prices\u00a0“rise”"],
)  # fmt: skip
def test_other_signs_are_named_as_such(told, quote):
    (fault,) = told(quote)
    assert fault.startswith(
        "statements.csv: t: quote: stands in its source in other signs (quotation marks, dashes "
        "or spaces) (got '"
    )
    assert fault.endswith("); copy the words as the source has them")


@pytest.mark.parametrize("quote", ["Prices rose by 5%", "since May [...] by 5%", "firms"])
def test_words_that_are_not_there_are_not_quoted(told, quote):
    (fault,) = told(quote)
    assert "quote: is not in the text of its source" in fault


def test_a_source_without_a_text_is_not_checked(told):
    assert told("anything", source_id="other") == []


def test_parts_stand_one_after_the_other_and_not_on_each_other():
    assert in_order(["aa", "aa"], "aaaa")
    assert not in_order(["aa", "aa"], "aaa")


def test_a_folder_that_is_none_is_told(facts, tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        quote_faults(facts, tmp_path / "nowhere")


def test_the_story_is_quoted_word_for_word(facts, reference, tmp_path):
    """The article as Japan Today carried it lies beside the reference data, and is not shipped."""
    story = reference.parent / "facts" / "story.txt"
    if not story.exists():
        pytest.skip("the reference data has no story.txt beside it")
    shutil.copy(story, tmp_path / "afp-2025-08-21.txt")
    checked, faults = quote_faults(facts, tmp_path)
    assert checked >= 17
    assert [str(fault) for fault in faults] == []


# the commands


def test_a_folder_is_checked_without_a_report(run, data):
    code, out, err = run("facts", "check", data.folder)
    assert (code, err) == (0, "")
    assert out.startswith("No fault in ")
    line = data.edit("exposures", "sony-2025-11", disclosed_on="2025-01-01")
    code, out, err = run("facts", "check", data.folder)
    assert (code, out) == (1, "")
    assert f"exposures.csv:{line}: disclosed_on: was said before the first figure" in err


def test_quotes_are_checked_against_texts(run, data, tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "jiji-2025-11-11.txt").write_text("nothing of it", encoding="utf-8")
    code, _, err = run("facts", "check", data.folder, "--texts", texts)
    assert code == 1
    assert "exposures.csv: sony-2025-11: quote: is not in the text of its source" in err


def test_the_rows_of_a_company_can_be_started(run, data):
    """The rows as printed, filled in, are rows the reader takes."""
    code, out, _ = run("facts", "add", "company", "Stride")
    assert code == 0
    rows = [line for line in out.splitlines() if line and not line.startswith("#")]
    heads = dict(zip(rows[::2], rows[1::2], strict=True))
    assert len(heads) == 6
    companies = next(head for head in heads if head.startswith("company,"))
    assert companies == data.text("companies").splitlines()[0]
    assert heads[companies] == "Stride,Stride,,,,"
    for table in ("sources", "exposures", "financials", "statements", "prices"):
        header = data.text(table).splitlines()[0]
        assert heads[header].startswith("stride-YEAR-MONTH,")
        for column in header.split(","):
            assert f"#   {column}" in out


@pytest.mark.parametrize("words", [("check", "me"), ("price",), ("Nike", "add")])
def test_other_words_are_searched_for(run, words):
    code, out, err = run("facts", *words)
    assert (code, out) == (2, "") if words[0] == "check" else code == 0, err
