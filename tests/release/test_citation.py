"""How to cite: one truth in CITATION.cff, four forms that say the same, every id citable."""

import json
import re
import tomllib
from collections import Counter
from datetime import date
from functools import partial
from importlib.metadata import metadata
from pathlib import Path

import pytest
import yaml

from tariffimpact.citing import Reference, ReferenceKind, cite
from tariffimpact.errors import ModelError
from tariffimpact.facts import entries, read_facts

ROOT = Path(__file__).parents[2]
CFF = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
DATA = tomllib.loads((ROOT / "data" / "version.toml").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def run(run):
    return partial(run, "cite")


# CITATION.cff


def test_citation_file_states_what_the_project_and_its_data_state():
    assert CFF["version"] == PROJECT["version"] == metadata("tariffimpact")["Version"]
    assert CFF["title"] == PROJECT["name"]
    assert " ".join(CFF["abstract"].split()) == PROJECT["description"]
    assert CFF["license"] == PROJECT["license"]
    assert CFF["keywords"] == PROJECT["keywords"]
    names = [author["name"] for author in PROJECT["authors"]]
    assert [author["name"] for author in CFF["authors"]] == names
    data, method = CFF["references"]
    assert (method["version"], method["date-released"]) == (CFF["version"], CFF["date-released"])
    assert (ROOT / method["notes"].split()[2]).is_file()
    assert (data["version"], data["date-released"]) == (DATA["version"], DATA["released_on"])
    assert data["authors"] == CFF["authors"]
    assert CFF["date-released"] >= DATA["released_on"]  # the program ships the data


def test_citation_file_has_the_keys_and_types_of_format_1_2_0():
    """The keys its schema requires and those it knows, as far as they are used here."""
    required = {"cff-version", "message", "title", "authors"}
    known = required | {"abstract", "type", "version", "date-released", "license", "keywords"}
    assert CFF["cff-version"] == "1.2.0"
    assert required <= set(CFF) <= known | {"references"}
    assert CFF["type"] in ("software", "dataset")
    for reference in CFF["references"]:
        assert {"authors", "title", "type"} <= set(reference)
        assert reference["type"] in ("data", "manual")
    for item in (CFF, *CFF["references"]):
        assert type(item["version"]) is str
        assert type(item["date-released"]) is date
        assert all(set(author) == {"name"} for author in item["authors"])


# the program and the data


def test_it_cites_the_program_and_the_data(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    program, data = out.strip().split("\n\n")
    assert program == (
        f"The tariffimpact developers ({_words(CFF['date-released'])}). tariffimpact, "
        f"version {CFF['version']} [computer program]."
    )
    assert data.startswith(f"The tariffimpact developers ({_words(DATA['released_on'])}). ")
    assert data.endswith(f", version {DATA['version']} [data set].")


def test_edited_tables_are_cited_as_edited_and_ones_own_not_as_ours(run, data):
    data.edit("prices", "sony-ps5-2025-08", notes="")
    _, out, _ = run("--data", str(data.folder))
    assert f"version {DATA['version']}, edited (prices.csv) [data set]." in out
    (data.folder / "version.toml").unlink()
    _, out, _ = run("--data", str(data.folder))
    assert "data set" not in out
    assert "computer program" in out


# sources and facts


def test_every_id_is_of_one_source_or_one_fact(facts):
    ids = [entry.fact_id for entry in entries(facts)]
    ids += [source.source_id for source in facts.sources]
    assert [name for name, times in Counter(ids).items() if times > 1] == []


def test_a_source_is_cited_with_both_its_publishers_and_both_its_days(run):
    _, out, _ = run("jiji-2025-11-11")
    assert out == (
        "Jiji Press, carried by Nippon.com. “Sony Forecasts Record Full-Year Operating Profit”. "
        "11 November 2025. https://www.nippon.com/en/news/yjj2025111100531/"
        "sony-forecasts-record-full-year-operating-profit.html (read 24 November 2026).\n"
    )


def test_a_fact_is_cited_with_its_place_and_its_words(run):
    _, out, _ = run("sony-2025-11")
    assert "11 November 2025. Paragraph 3: “tariffs to cost it 50 billion yen, " in out


def test_a_description_is_not_cited_as_a_title(run):
    _, out, _ = run("karat-2026-08")
    assert "“" not in out
    assert "[Karat Packaging, second quarter 2026]. " in out


def test_an_assumption_is_never_cited_as_what_its_source_says(run):
    _, out, _ = run("customs-share-consoles")
    assert (
        "Bears on an assumption of ours: Customs share, consoles sold in the US: 70% to 90%" in out
    )
    code, out, err = run("dutiable-share")
    assert (code, out) == (1, "")
    assert err == "error: dutiable-share rests on no document: it is an assumption of ours\n"


def test_all_unknown_ids_are_named_with_what_is_near(run):
    code, out, err = run("jiji-2025-11", "sony-2025-11", "nothing-like-it")
    assert (code, out) == (1, "")
    assert "'jiji-2025-11', 'nothing-like-it'" in err
    assert "near are jiji-2025-11-11" in err


# the four forms


def test_the_forms_say_the_same_of_every_source_and_fact(facts):
    """Read back by a reader of each form that knows nothing of the others."""
    ids = [e.fact_id for e in entries(facts) if e.source] + [s.source_id for s in facts.sources]
    found = cite(facts, ids)
    items = found.as_csl()
    of_source = {source.source_id: source.address for source in facts.sources}
    address = of_source | {e.fact_id: e.source.address for e in entries(facts) if e.source}
    assert [item["id"] for item in items] == ids
    bibtex = dict(_bibtex_entries(found.as_bibtex()))
    ris = {entry["ID"]: entry for entry in _ris_entries(found.as_ris())}
    for item in items:
        fields, lines = bibtex[item["id"]], ris[item["id"]]
        (author,) = (one["literal"] for one in item["author"])
        year, month, day = item["issued"]["date-parts"][0]
        assert (fields["title"], lines["TI"]) == (f"{{{item['title']}}}", item["title"])
        assert (fields["author"], lines["AU"]) == (f"{{{author}}}", author)
        assert fields.get("url") == lines.get("UR") == item.get("URL")
        assert ("URL" in item) is bool(address[item["id"]])
        assert (fields["year"], lines["PY"]) == (str(year), str(year))
        assert fields["month"] == date(year, month, day).strftime("%b").lower()
        assert lines["DA"] == f"{year}/{month:02}/{day:02}"
        assert fields["note"].startswith(_words(date(year, month, day)))


def test_text_that_means_something_to_tex_is_printed_as_it_stands():
    title = r"P&G: 10% of $1_000 #1 {sic} ~ ^ \input{x}"
    page = Reference(
        "k", ReferenceKind.PAGE, ("A & B", "C"), title, date(2026, 1, 2), url="https://x.org/a%7Bb"
    )
    (entry,) = _bibtex_entries(page.as_bibtex())
    assert entry[1]["title"] == f"{{{title}}}"
    assert entry[1]["author"] == "{A & B} and {C}"
    assert page.as_ris().count("AU  - ") == 2


def test_a_line_break_cannot_begin_a_field_of_its_own():
    page = Reference("k", ReferenceKind.PAGE, ("A",), "x\nER  - \nTY  - BOOK", date(2026, 1, 2))
    assert len(_ris_entries(page.as_ris())) == 1


@pytest.mark.parametrize("form", ["--bibtex", "--ris", "--json"])
def test_each_form_is_printed(run, form):
    code, out, _ = run("sony-2025-11", form)
    assert code == 0
    started = {"--bibtex": "@online{sony-2025-11,", "--ris": "TY  - NEWS", "--json": "["}
    assert out.startswith(started[form])
    if form == "--json":
        assert json.loads(out)[0]["container-title"] == "Nippon.com"


def test_the_library_says_the_same_as_the_command(run):
    with pytest.raises(ModelError, match="no source and no fact"):
        cite(read_facts(), ["nothing-like-it"])
    assert run()[1] == cite(read_facts()).as_text() + "\n"


def _words(day):
    return f"{day.day} {day:%B %Y}"


def _bibtex_entries(text):
    """Read BibTeX: an entry ends where its braces close, a field is read the same way."""
    for key, body in re.findall(r"@\w+\{([\w.-]+),\n(.*?)\n\}", text, re.S):
        fields = dict(re.findall(r"^  (\w+) = (.+),$", body, re.M))
        assert len(fields) == body.count("\n") + 1
        for name, value in fields.items():
            plain = re.sub(r"\\text(backslash|asciitilde|asciicircum)\{\}", "?", value)
            bare = re.sub(r"\\[&%$#_{}]", "?", plain)
            assert bare.count("{") == bare.count("}")
            assert name == "url" or not re.search(r"[&%$#_~^\\]", bare), value
        yield key, {name: _untexed(value) for name, value in fields.items()}


def _untexed(value):
    bare = value[1:-1] if value.startswith("{") else value
    for command, character in (("backslash", "\\"), ("asciitilde", "~"), ("asciicircum", "^")):
        bare = bare.replace(f"\\text{command}{{}}", f"\0{ord(character)}\0")
    bare = re.sub(r"\\([&%$#_{}])", r"\1", bare)
    return re.sub("\0(\\d+)\0", lambda found: chr(int(found[1])), bare)


def _ris_entries(text):
    found = []
    for line in filter(None, text.split("\n")):
        tag, value = re.fullmatch(r"([A-Z][A-Z0-9])  - (.*)", line).groups()
        if tag == "TY":
            found.append({})
        found[-1][tag] = value
    assert all(list(entry)[-1] == "ER" for entry in found)
    return found
