"""The explorer as people use it: by mouse, by keyboard, by link, and as a case to take away."""

import re

import pytest
from playwright.sync_api import expect
from python_answers import case_from

from tariffimpact.facts import read_facts

pytestmark = pytest.mark.whole

TEXTBOOK = "#explore?product=textbook%2FTextbook+product"


def text(page, selector):
    return page.locator(f"#explorer-tool {selector}").inner_text()


def test_a_link_reproduces_a_what_if(opened):
    page = opened.go(f"{TEXTBOOK}&tariff=0.1..0.2&exporter_cut=0.05&rule=percent&demand=logit")
    state = page.evaluate("explorer.state")
    assert state["tariff"] == [0.1, 0.2]
    assert state["exporter_cut"] == [0.05, 0.05]
    assert (state["rule"], state["demand"]) == ("percent", "logit")
    first = text(page, ".headline")
    link = page.evaluate("explorer.address(explorer.state)")
    again = opened.go(link)
    assert text(again, ".headline") == first
    assert again.evaluate("explorer.state") == state


def test_a_link_that_cannot_be_read_says_what_of_it(opened):
    page = opened.go(f"{TEXTBOOK}&tariff=many&colour=red&demand=giffen&tariff_by=schedule")
    lost = text(page, ".lost")
    assert all(word in lost for word in ("tariff", "colour", "demand", "tariff_by"))
    assert text(page, ".headline").startswith("A $100 Textbook product owes $12.50 at 25%")
    assert opened.go("#%E0%A4%A").evaluate("explorer.state.product")


def test_a_slider_moves_the_answer_and_the_address(opened):
    page = opened.go(f"{TEXTBOOK}&rule=dollar")
    assert text(page, ".headline") == (
        "A $100 Textbook product owes $12.50 at 25%; to keep its dollars the seller must ask $113."
    )
    assumptions(page)
    slider = page.locator('[data-pair="tariff"] input[type="range"]').first
    slider.focus()
    slider.press("ArrowLeft")  # half a point less, at the lower end
    assert "owes $12.25 to $12.50 at 24.5% to 25.0%" in text(page, ".headline")
    expect(page).to_have_url(re.compile(r"tariff=0\.245\.\.0\.25"))
    expect(page.locator("#explorer-tool [role=status]")).to_contain_text("New rate")


def assumptions(page):
    page.locator(".assumptions > summary").click()


def test_three_inputs_and_a_day_give_the_sentence(opened):
    """9504.50 from China: 145% on 15 April 2025, 30% on 21 August 2025 (MODELS, section 10)."""
    page = opened.go("#explore?product=sony-ps5%2FPlayStation+5&origins=CHN")
    page.get_by_role("button", name="April 2025").click()
    assert "made in China owes $508 to $653 at 145%" in text(page, ".headline")
    page.get_by_role("button", name="August 2025").click()
    assert text(page, ".headline").startswith(
        "A $500 PlayStation 5 made in China owes $105 to $135 at 30%; to keep its dollars the "
        "seller must ask $605 to $635"
    )
    page.locator("#x-main-old_price").fill("400")
    page.locator("#x-main-tariff").fill("10-20%")
    assert "A $400 PlayStation 5 owes $28 to $72 at 10% to 20%" in text(page, ".headline")
    page.get_by_role("button", name="0%").click()
    assert "owes $0 at 0%; to keep its dollars the seller must ask $400" in text(page, ".headline")


def test_a_product_of_ones_own_has_its_name_and_travels_in_the_link(opened):
    page = opened.go(TEXTBOOK)
    page.locator("#x-product").select_option("own")
    page.locator("#x-name").fill("<b>Kettle & Co</b>")
    page.locator("#x-main-old_price").fill("40")
    first = text(page, ".headline")
    assert first.startswith("A $40 <b>Kettle & Co</b> owes")
    assert page.locator("#explorer-tool .headline b").count() == 0
    again = opened.go(page.evaluate("explorer.address(explorer.state)"))
    assert text(again, ".headline") == first


def test_a_bill_for_all_units_is_told_where_units_are(opened):
    page = opened.go(f"{TEXTBOOK}&units=2000000")
    assert text(page, ".total").startswith("At 2m units a year the duty comes to $25m")
    assert opened.go(f"{TEXTBOOK}&units=1").locator(".total").is_hidden()


def test_a_duty_per_unit_is_owed_on_top(opened):
    """25% of half of $100, and $2 to $3 a unit, of which $1 was owed before."""
    page = opened.go(f"{TEXTBOOK}&specific=2..3&old_specific=1&rule=dollar")
    assert text(page, ".headline") == (
        "A $100 Textbook product owes $14.50 to $15.50 at 25% and $2 to $3 a unit; to keep its "
        "dollars the seller must ask $114 to $115."
    )
    case = case_from(page.evaluate("explorer.toml(explorer.state)"), read_facts())
    bounds = case.question("dollar").bounds()
    assert (bounds.low, bounds.high) == pytest.approx((113.5, 114.5))


def test_the_bill_does_not_widen_with_the_old_rate(opened):
    """What is owed at 25% is owed whatever was owed before."""
    page = opened.go(f"{TEXTBOOK}&old_tariff=0..0.1")
    assert "owes $12.50 at 25%" in text(page, ".headline")


def test_a_day_beyond_the_schedule_is_refused_in_its_place(opened):
    page = opened.go("#explore?product=sony-ps5%2FPlayStation+5")
    assumptions(page)
    page.locator("#x-on").fill("2031-01-01")
    assert "The rates are known from" in text(page, ".problems")
    assert text(page, ".headline") == ""
    page.locator("#x-on").fill("2025-08-21")
    assert text(page, ".problems") == ""
    assert "owes" in text(page, ".headline")


FUZZ = """(hashes) => hashes.map((hash) => {
  const { next, lost } = explorer.fromAddress(hash);
  const wrong = explorer.problems(next);
  const told = wrong.length ? "" : JSON.stringify(explorer.answer(next));
  return { keys: Object.keys(next), lost, lists: Object.getPrototypeOf(next) === Object.prototype };
})"""


def test_links_of_every_kind_leave_a_state_that_the_page_could_have(opened):
    """Names of the language's own, days that are none, numbers without end: all said, none kept."""
    import random

    page = opened.go()
    draw = random.Random(15)
    keys = ["tariff", "old_price", "tariff_by", "customs_by", "demand", "rule", "origins", "on",
            "before", "name", "units", "__proto__", "constructor", "toString", "hts", "product",
            "price_by", "hasOwnProperty", "elasticity", "caused_by", "specific",
            "counterfactual_change"]  # fmt: skip
    values = ["constructor", "__proto__", "toString", "1e999", "-1", "0..1e308", "NaN", "..", "",
              "2025-02-30", "2025-08-21", "9999-12-31", "-271821-04-20", "CHN", "CHN,CHN,JPN",
              "valueOf", "schedule", "otherwise", "-0.05..0.02", "-1.5..0", "2.99..3",
              "%00", "0.1..0.05", "5", "\U0001f3ae" * 40, "1_5",
              "0x10"]  # fmt: skip
    products = [p["id"] for p in page.evaluate("explorer.data.products")] + ["own", "__proto__", ""]
    from urllib.parse import urlencode

    hashes = [
        "#explore?" + urlencode([("product", draw.choice(products))] + [
            (draw.choice(keys), draw.choice(values)) for _ in range(draw.randint(1, 6))
        ])
        for _ in range(1500)
    ]  # fmt: skip
    usual = set(page.evaluate("Object.keys(explorer.fresh('sony-ps5/PlayStation 5'))")) | {"name"}
    for found in page.evaluate(FUZZ, hashes):
        assert set(found["keys"]) <= usual
        assert found["lists"]
    lost = page.evaluate(FUZZ, ["#explore?product=own&on=2025-02-30&__proto__=1&rule=constructor"])
    assert set(lost[0]["lost"]) == {"on", "__proto__", "rule"}


def test_what_the_price_would_have_done_moves_the_pass_through_and_travels(opened):
    """A kept price in a falling market: 0 to 0.5 of the duty (MODELS, section 11)."""
    start = (f"{TEXTBOOK}&old_price=500&new_price=500&tariff=0.2&customs_by=share"
             "&customs_share=0.5..0.7&cost_by=none&demand=none&rule=dollar")  # fmt: skip
    page = opened.go(start)
    assumptions(page)
    assert page.locator('[data-pair="counterfactual_change"]').is_hidden()
    assert "passes on 0.00 dollars per dollar of duty" in text(page, ".identified")
    page.locator("#x-by-caused_by").select_option("otherwise")
    assert page.locator('[data-pair="caused_share"]').is_hidden()
    assert text(page, ".otherwise") == (
        "Taken to have stayed at $500 without the tariff, which is an assumption: a pass-through "
        "of 0.00 dollars per dollar of duty."
    )
    lower = page.locator('[data-pair="counterfactual_change"] input[type="number"]').first
    lower.fill("-5")
    told = (
        "It would have been $475 to $500 without the tariff: a pass-through of 0.00 to 0.50 "
        "dollars per dollar of duty, where a price that stays makes it 0.00."
    )
    assert text(page, ".otherwise") == told
    finding = text(page, ".identified")
    assert "passes on 0.00 to 0.50 dollars per dollar of duty: less than full" in finding
    status = page.locator("#explorer-tool [role=status]")
    expect(status).to_contain_text("would have done without the tariff, from: Against what")
    link = page.evaluate("explorer.address(explorer.state)")
    assert "caused_by=otherwise" in link
    assert "counterfactual_change=-0.05..0" in link
    case = case_from(page.evaluate("explorer.toml(explorer.state)"), read_facts())
    assert case.products[0].pass_through().rate.high == pytest.approx(0.5)
    again = opened.go(link)
    assumptions(again)
    assert (text(again, ".otherwise"), text(again, ".identified")) == (told, finding)


def test_a_price_that_would_have_risen_more_has_no_rate_and_a_wrong_one_no_answer(opened):
    page = opened.go(f"{TEXTBOOK}&new_price=105&caused_by=otherwise&counterfactual_change=0.1")
    assumptions(page)
    assert text(page, ".otherwise").startswith(
        "It would have been $110 without the tariff: no pass-through rate"
    )
    assert "moved in different directions" in text(page, ".identified")
    lower = page.locator('[data-pair="counterfactual_change"] input[type="number"]').first
    lower.fill("-120")
    assert "lies in \u2212100% to 299%" in text(page, ".problems")
    assert text(page, ".otherwise") == ""
    assert page.locator("#explorer-tool .told").is_hidden()
    lower.fill("8")
    page.locator("#x-by-price_by").select_option("none")
    assert page.locator("#x-by-caused_by").is_hidden()
    assert text(page, ".otherwise") == ""


def test_a_counterfactual_that_no_price_can_have_is_refused_in_a_link(opened):
    page = opened.go(f"{TEXTBOOK}&caused_by=constructor&counterfactual_change=-1.5..0")
    assert "caused_by, counterfactual_change" in text(page, ".lost")
    state = page.evaluate("explorer.state")
    assert (state["caused_by"], state["counterfactual_change"]) == ("share", [0, 0])


def test_pushing_one_end_past_the_other_takes_it_along(opened):
    page = opened.go(TEXTBOOK)
    assumptions(page)
    lower = page.locator('[data-pair="elasticity"] input[type="range"]').first
    lower.focus()
    lower.press("End")
    assert page.evaluate("explorer.state.elasticity") == [10, 10]


def test_the_keyboard_alone_suffices(opened):
    """Tab from the heading of the explorer reaches every control that is shown, and acts on it."""
    page = opened.go(TEXTBOOK)
    assumptions(page)
    page.locator("#x-product").focus()
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("""() => {
          const at = document.activeElement;
          return at.closest("#explorer-tool")
            ? at.id || at.closest("[data-pair]")?.dataset.pair || at.className || at.tagName : "";
        }""")
        )
    wanted = {"x-main-old_price", "x-main-tariff", "x-by-tariff_by", "tariff", "exporter_cut"}
    wanted |= {"x-by-customs_by", "old_price", "x-by-demand", "elasticity", "x-link", "x-case"}
    assert wanted | {"x-reset"} <= reached
    page.locator("input[name=x-rule]:checked").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("explorer.state.rule") == "percent"
    assert page.evaluate("document.activeElement.value") == "percent"


def test_the_copied_case_is_one_the_command_line_accepts(opened):
    page = opened.go("#explore?product=sony-ps5%2FPlayStation+5+Pro&origins=CHN&on=2025-05-01")
    page.locator("#x-case").click()
    expect(page.locator("#x-case")).to_have_text("Case copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    case = case_from(copied, read_facts())
    assert case.products[0].name == "PlayStation 5 Pro"
    dollar = case.question("dollar").bounds()
    shown = page.evaluate("explorer.answer(explorer.state).rules.dollar.price")
    assert abs(dollar.high / shown["high"] - 1) < 1e-9
    page.locator("#x-link").click()
    expect(page.locator("#x-link")).to_have_text("Link copied")
    assert "origins=CHN" in page.evaluate("navigator.clipboard.readText()")


def test_what_cannot_be_is_said_and_not_answered(opened):
    page = opened.go(TEXTBOOK)
    assumptions(page)
    cost = page.locator('[data-pair="unit_cost"] input[type="number"]').nth(1)
    cost.fill("120")
    assert "The unit cost may reach the price" in text(page, ".problems")
    assert text(page, ".headline") == ""
    assert page.locator("#explorer-tool .told").is_hidden()
    page.locator('[data-pair="tariff"] input[type="number"]').first.fill("-5")
    assert "New rate lies in 0% to 1000%" in text(page, ".problems")
    page.locator("#x-reset").click()
    assert text(page, ".problems") == ""


def test_an_emptied_field_changes_nothing(opened):
    page = opened.go(TEXTBOOK)
    assumptions(page)
    before = page.evaluate("explorer.state")
    field = page.locator('[data-pair="tariff"] input[type="number"]').first
    field.fill("")
    assert page.evaluate("explorer.state") == before
    field.blur()
    assert field.input_value() == "25"


def test_no_price_does_is_an_answer(opened):
    """A monopolist's best price before the duty: every price after it earns less (see MODELS)."""
    page = opened.go(f"{TEXTBOOK}&rule=profit")
    assert text(page, ".headline") == (
        "A $100 Textbook product owes $12.50 at 25%; no price keeps its profit: the best leaves it "
        "23.4% lower."
    )


def test_without_script_the_page_says_where_else_to_ask(browser, report_file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{report_file}")
    assert page.locator("#explorer-tool").is_hidden()
    assert "tariffimpact price" in page.locator("noscript").inner_html()
    context.close()
