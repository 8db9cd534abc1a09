"""The report on data of one's own: what it takes as the change, which range, and what it lacks."""

import csv
import re

import pytest
from test_sections import text_of

from tariffimpact.errors import ModelError
from tariffimpact.facts import read_facts
from tariffimpact.report import build_report

pytestmark = pytest.mark.whole

SHOE = "64029931"
"""Sports shoes: 6% general rate; 15% in all from Japan and 26% from Vietnam in October 2025."""


@pytest.fixture
def own(data):
    """Return a maker of reports on one price row, and on nothing else that is not asked for."""
    (data.folder / "version.toml").unlink()
    (data.folder / "console_market.csv").unlink()
    price = next(r for r in data.rows("prices") if r["price_id"] == "adidas-samba-2025-10")
    heads = {t: list(data.rows(t)[0]) for t in ("prices", "assumptions", "origins", "statements")}

    def write(table, rows):
        with data.path(table).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, heads[table], lineterminator="\n", restval="")
            writer.writeheader()
            writer.writerows(rows)

    for table in ("exposures", "financials", "conflicts", "statements", "customs_values", "refunds",
                  "lawsuits", "remarks"):  # fmt: skip
        heads[table] = list(data.rows(table)[0])
        write(table, [])

    def report(*shares, origins=(), more=(), **cells):
        rows = [price | {"product": "Samba", "hts": SHOE} | cells]
        write("prices", [*rows, *(rows[0] | row for row in more)])
        write("assumptions", [
            {"assumption_id": f"s{n}", "name": "customs_share", "applies_to": of, "value": value,
             "unit": "fraction", "reason": "A judgement."}
            for n, (of, value) in enumerate(shares)
        ])  # fmt: skip
        write("origins", origins)
        return build_report(read_facts(data.folder))

    return report


def findings(document):
    return "\n".join(paragraph.text for paragraph in document.findings)


def figure(document, name):
    return next(f for f in document.figures if f.name == name)


VIETNAM = {
    "origin_id": "adidas-vnm", "company": "Adidas", "product": "shoes", "hts": "6402",
    "market": "USA", "origins": "VNM", "share": "0.6", "starts_on": "2025-01-01",
    "source_id": "reuters-adidas-2025-10-29", "locator": "p", "quote": "q",
}  # fmt: skip


@pytest.mark.parametrize(("origins", "change"), [((), 0.15 - 0.06), ((VIETNAM,), 0.26 - 0.06)])
def test_the_change_of_the_tariff_counts_and_not_its_level(own, origins, change):
    document = own(("footwear", "0.2..0.4"), origins=origins)
    curve = figure(document, "customs-share").frame
    rise = 10 / 90
    assert curve["full_share"].iloc[0] == pytest.approx(rise / change)
    assert curve["pass_through_rate"].iloc[-1] == pytest.approx(rise / change)  # at a share of 1
    low, high = rise / (change * 0.4), rise / (change * 0.2)
    assert f"by ${low:.2f} to ${high:.2f}" in findings(document)
    passed = figure(document, "passed-on").frame
    assert list(passed.loc[0, ["low", "high"]]) == pytest.approx([low, high])


def test_the_dictionary_is_of_the_rate_before_and_after(own):
    text = text_of(own(("footwear", "0.2..0.4")))
    # percent of price per percent of 1 + tariff: ln(100/90) / ln(1.15/1.06)
    assert "Percent of price per percent of 1 + tariff (retail regressions)\n1.29\n1.29" in text
    assert "9 points on top of 6%" in text


def test_a_later_price_answers_to_the_tariff_since_the_one_before(own):
    # from Japan: 15% in October 2025, 16% (6% and 10%) in March 2026
    later = {"price_id": "x", "old_price": "100", "new_price": "101",
             "announced_on": "2026-03-01", "effective_on": "2026-03-02"}  # fmt: skip
    document = own(("footwear", "0.2..0.4"), more=(later,))
    assert "9 points on top of 6%" in findings(document)
    first = {"price_id": "x", "old_price": "90", "new_price": "100", "announced_on": "2025-10-01",
             "effective_on": "2025-10-02"}  # fmt: skip
    second = {"old_price": "100", "new_price": "101", "announced_on": "2026-03-01",
              "effective_on": "2026-03-02"}  # fmt: skip
    assert "1 point on top of 15%" in findings(own(more=(first,), **second))


def test_a_range_is_chosen_by_what_it_is_of_and_not_by_its_row(own):
    rows = [("consoles sold in the US", "0.5..0.97"), ("shoes of Puma", "0.25..0.3"),
            ("footwear sold in the US", "0.2..0.4"), ("the Samba Pro", "0.9")]  # fmt: skip
    pro = {"price_id": "x", "product": "Samba Pro", "announced_on": "2025-12-01",
           "effective_on": "2025-12-02"}  # fmt: skip
    for order in (rows, rows[::-1]):
        assert "If the customs value is 20% to 40% of" in findings(own(*order, more=(pro,)))
    nearer = own(*rows, ("Samba", "0.35"), more=(pro,))
    assert "If the customs value is 35% of" in findings(nearer)


def test_two_ranges_of_the_same_goods_are_refused(own):
    said = r"s0 says 0\.2\.\.0\.4 for footwear; s1 says 0\.25\.\.0\.3 for"
    with pytest.raises(ModelError, match=said):
        own(("footwear", "0.2..0.4"), ("footwear sold in the US", "0.25..0.3"))


def test_a_range_of_other_goods_is_not_taken(own):
    document = own(("consoles sold in the US", "0.5..0.97"))
    assert "No range of the customs share of the Samba is on record" in findings(document)
    assert "“Samba” or “Adidas” or “footwear”" in findings(document)
    assert text_of(document).count("50% to 97%") == 1  # among the assumptions alone


def test_a_price_without_a_code_says_what_it_can_and_what_is_missing(own):
    said = findings(own(hts=""))
    assert "Adidas raised the US price of the Samba by $10, or 11.1%." in said
    assert "the row adidas-samba-2025-10 of prices.csv has no hts" in said


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"old_price": "100", "new_price": "90"}, "the price fell: where price and tariff move"),
        ({"announced_on": "2025-01-20", "effective_on": "2025-01-21"}, "went up or down for cert"),
        ({"hts": "1234567890"}, "1234.56.7890"),
        ({"market": "DEU", "currency": "EUR"}, "No price on record moved in the United States"),
        ({"currency": "EUR"}, "by €10, or 11.1%"),
    ],
)
def test_what_cannot_be_told_is_said(own, cells, said):
    document = own(("footwear", "0.2..0.4"), **cells)
    assert said in findings(document)
    for drawn in document.figures:
        drawn.draw()


@pytest.mark.parametrize("cells", [{}, {"hts": ""}, {"old_price": "100", "new_price": "90"}])
def test_the_words_fit_one_product_of_one_company(own, cells):
    text = text_of(own(("footwear", "0.2..0.4"), origins=(VIETNAM,), **cells))
    wrong = r"\b1 (companies|products|models|prices|points)\b|1 of 1|console|PlayStation|vietnam"
    assert not re.search(wrong, text)
