"""What the explorer of the page starts from, and that no text in it can leave its place."""

import json
import re
from dataclasses import replace
from datetime import date

import pytest
from sample import SCRIPT, bare_svgs, sample_document

from tariffimpact.cases import case_of, read_case, shipped_cases
from tariffimpact.facts import read_facts
from tariffimpact.report import read_report
from tariffimpact.report.explorer import explorer_of
from tariffimpact.report.html import render_html
from tariffimpact.tariffs import shipped_schedule

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def facts():
    return read_facts()


def titles(document):
    return [] if document.explorer is None else [p["id"] for p in document.explorer.products]


def test_every_shipped_product_is_a_place_to_start_from_and_sony_the_first(facts, shipped_report):
    known = {
        f"{case.name}/{item.name}"
        for case in (read_case(name, facts=facts) for name in shipped_cases())
        for item in case.products
    }
    found = titles(shipped_report)
    assert set(found) == known
    assert found[0] == "sony-ps5/PlayStation 5"


def test_a_report_on_one_company_starts_from_its_products_and_the_textbook():
    """A case named comes first, and once."""
    found = titles(read_report(companies=("PepsiCo",), cases=("textbook",)))
    assert found == ["textbook/Textbook product", "pepsico-can/12-ounce can of a soft drink"]


def test_a_report_as_of_a_day_starts_from_what_was_known():
    """Nintendo's controller rose in June 2025, Sony's consoles in August."""
    found = titles(read_report(as_of=date(2025, 7, 1)))
    assert not [name for name in found if name.startswith("sony")]
    assert "textbook/Textbook product" in found


def test_rates_are_those_of_the_case(facts):
    explorer = explorer_of([read_case("sony-ps5", facts=facts)], shipped_schedule(facts))
    state = explorer.products[0]["state"]
    assert state["tariff"] == pytest.approx([0.15, 0.2])
    known = explorer.schedule[state["hts"]]
    assert date.fromordinal(date(1970, 1, 1).toordinal() + state["on"]) == date(2025, 8, 21)
    assert set(known["origins"]) == set(known["names"]) >= {"JPN", "MYS", "VNM", "CHN"}


def test_an_open_distribution_is_left_out_and_the_rest_stays(facts):
    """Nothing but its ends could be shown, and it has none."""
    written = {
        "title": "T", "question": "Q", "tariff": {"rate": 0.1, "reason": "None."},
        "products": [
            {"name": "Open", "old_price": 10.0, "customs_share": 0.5, "reason": "None.",
             "units": {"dist": "lognormal", "median": 5.0, "sigma": 0.3, "low": 1.0}},
            {"name": "Closed", "old_price": 10.0, "customs_share": 0.5, "reason": "None."},
        ],
    }  # fmt: skip
    explorer = explorer_of([case_of(written, name="mine", facts=facts)], shipped_schedule(facts))
    assert [item["name"] for item in explorer.products] == ["Closed"]


def test_a_product_with_a_counterfactual_starts_from_it_and_one_beyond_the_page_does_not(facts):
    """A seller that is itself the exporter is not in the page's formulas."""
    product = {"name": "Kept", "old_price": 500.0, "new_price": 500.0, "customs_share": "0.5..0.7",
               "counterfactual_change": "-0.05..0", "reason": "A control."}  # fmt: skip
    tariff = {"rate": 0.2, "reason": "None."}

    def products(**more):
        written = {"title": "T", "question": "Q", "tariff": tariff | more, "products": [product]}
        return explorer_of([case_of(written, name="mine", facts=facts)], shipped_schedule(facts))

    state = products().products[0]["state"]
    assert state["caused_by"] == "otherwise"
    assert state["counterfactual_change"] == [-0.05, 0.0]
    assert "caused_share" not in state
    assert products(specific="2..3").products[0]["state"]["specific"] == [2.0, 3.0]
    tariff = {"specific": 2.0, "reason": "None."}
    alone = products().products[0]["state"]
    assert (alone["tariff_by"], alone["tariff"], alone["specific"]) == ("rate", [0, 0], [2, 2])
    tariff["rate"] = 0.2
    assert products(reading="border_price") is None


def test_the_page_names_the_products_it_leaves_out_and_why(facts):
    """One of an exporter's own price beside one of a given customs value."""
    cases = []
    for name, reading in (("Given", "customs_value"), ("Own", "border_price")):
        product = {"name": name, "old_price": 500.0, "customs_share": 0.5, "reason": "None."}
        tariff = {"rate": 0.2, "reason": "None.", "reading": reading}
        written = {"title": "T", "question": "Q", "tariff": tariff, "products": [product]}
        cases.append(case_of(written, name=name.lower(), facts=facts))
    explorer = explorer_of(cases, shipped_schedule(facts))
    assert [item["name"] for item in explorer.products] == ["Given"]
    document = replace(sample_document(), explorer=explorer)
    page = render_html(document, bare_svgs(document))
    assert "Not here: Own. Its customs value moves with the seller's own price" in page
    without = replace(document, explorer=explorer_of(cases[:1], shipped_schedule(facts)))
    assert "Not here:" not in render_html(without, bare_svgs(without))


def test_a_hostile_name_stays_text(facts):
    hostile = f'</script>{SCRIPT}<!-- & "'
    written = {
        "title": hostile, "question": "Q", "company": hostile,
        "tariff": {"rate": 0.1, "reason": "None."},
        "products": [{"name": hostile, "old_price": 10.0, "customs_share": 0.5, "reason": "None."}],
    }  # fmt: skip
    explorer = explorer_of([case_of(written, name="mine", facts=facts)], shipped_schedule(facts))
    document = replace(sample_document(), explorer=explorer)
    page = render_html(document, bare_svgs(document))
    (block,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert not set("<>&") & set(block)
    assert json.loads(block)["products"][0]["name"] == hostile


def test_a_report_without_cases_has_no_explorer():
    document = sample_document()
    page = render_html(document, bare_svgs(document))
    assert "explorer" not in page
