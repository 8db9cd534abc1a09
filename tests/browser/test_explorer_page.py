"""The explorer as people use it: by mouse, by keyboard, by link, and as a case to take away."""

import re

from playwright.sync_api import expect
from python_answers import case_from

from tariffimpact.facts import read_facts

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
    assert text(page, ".headline").startswith("Textbook product rises from $100.00 to $106.25")
    assert opened.go("#%E0%A4%A").evaluate("explorer.state.product")


def test_a_slider_moves_the_answer_and_the_address(opened):
    page = opened.go(f"{TEXTBOOK}&rule=dollar")
    assert text(page, ".headline").startswith("Textbook product rises from $100.00 to $112.50")
    slider = page.locator('[data-pair="tariff"] input[type="range"]').first
    slider.focus()
    slider.press("ArrowLeft")  # half a point less, at the lower end
    assert "$112.38 (+12.4%). Over the ranges: $112.25 to $112.50" in text(page, ".headline")
    expect(page).to_have_url(re.compile(r"tariff=0\.245\.\.0\.25"))


def test_pushing_one_end_past_the_other_takes_it_along(opened):
    page = opened.go(TEXTBOOK)
    lower = page.locator('[data-pair="elasticity"] input[type="range"]').first
    lower.focus()
    lower.press("End")
    assert page.evaluate("explorer.state.elasticity") == [10, 10]


def test_the_keyboard_alone_suffices(opened):
    """Tab from the heading of the explorer reaches every control that is shown, and acts on it."""
    page = opened.go(TEXTBOOK)
    page.locator("#x-product").focus()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("""() => {
          const at = document.activeElement;
          return at.closest("#explorer-tool")
            ? at.id || at.closest("[data-pair]")?.dataset.pair || at.className || at.tagName : "";
        }""")
        )
    for control in ("x-by-tariff_by", "tariff", "exporter_cut", "x-by-customs_by", "old_price",
                    "x-by-demand", "elasticity", "x-link", "x-case", "x-reset"):  # fmt: skip
        assert control in reached, control
    page.locator("input[name=x-rule]:checked").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("explorer.state.rule") == "dollar"
    assert page.evaluate("document.activeElement.value") == "dollar"


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
    cost = page.locator('[data-pair="unit_cost"] input[type="number"]').nth(1)
    cost.fill("120")
    assert "The unit cost may reach the price" in text(page, ".problems")
    assert "stale" in page.locator(".answer").get_attribute("class")
    page.locator('[data-pair="tariff"] input[type="number"]').first.fill("-5")
    assert "New rate lies in 0% to 1000%" in text(page, ".problems")
    page.locator("#x-reset").click()
    assert text(page, ".problems") == ""


def test_an_emptied_field_changes_nothing(opened):
    page = opened.go(TEXTBOOK)
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
        "Hold profit: no price does: the best, $106.25, leaves profit 23.4% lower."
    )


def test_without_script_the_page_says_where_else_to_ask(browser, report_file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{report_file}")
    assert page.locator("#explorer-tool").is_hidden()
    assert "tariffimpact price" in page.locator("noscript").inner_html()
    context.close()
