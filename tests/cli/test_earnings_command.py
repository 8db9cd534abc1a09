"""`earnings`: the published figures as they are typed, companies, cases, the workbook, slips."""

import json
import re

import pytest
from click.testing import CliRunner

from tariffimpact.cases import case_of
from tariffimpact.cases.company_rows import standing
from tariffimpact.cli.earnings import earnings
from tariffimpact.errors import DataError, TariffImpactError
from tariffimpact.facts import Basis, read_facts

TRADER = [
    "--imports", "6.4e6", "--tariff", "25%", "--sales", "12e6", "--cost-of-goods", "8e6",
    "--elasticity", "3", "--demand", "linear",
]  # fmt: skip


def run(*arguments):
    result = CliRunner().invoke(earnings, arguments, catch_exceptions=True)
    if isinstance(result.exception, TariffImpactError):
        raise result.exception
    return result


def figures(*arguments):
    answer = json.loads(run(*arguments, "--json").output)
    return {row["figure"]: (row["low"], row["high"]) for row in answer["figures"]}


@pytest.mark.parametrize(
    ("arguments", "figure", "value"),
    [
        # Deckers: $150m gross, half of it offset, on $5,350m of sales
        (["--gross", "150e6", "--offset", "50%", "--sales", "5350e6"], "gross_bp", 280.37),
        (["--gross", "150e6", "--offset", "50%", "--sales", "5350e6"], "net_bp", 140.19),
        # $17m for each ten points: a base of $170m, $51m at thirty
        (["--sensitivity", "17e6", "--per", "10%", "--tariff", "30%"], "base", 170e6),
        (["--sensitivity", "17e6", "--per", "10%", "--tariff", "30%"], "gross", 51e6),
        # General Motors: $56bn, 25%, eight months
        (["--imports", "56e9@25%", "--months", "8"], "gross", 28e9 / 3),
        # Tapestry and Lululemon, net
        (["--net", "160e6", "--sales", "7.2e9"], "net_bp", 222.22),
        (["--net", "240e6", "--sales", "10.9e9"], "net_bp", 220.18),
        # the steel trader: contribution 4m to 2.56m, profit 1.5m to 0.06m
        ([*TRADER, "--fixed-cost", "2.5e6"], "contribution_best", 2.56e6),
        ([*TRADER, "--fixed-cost", "2.5e6"], "income_best", 0.06e6),
        ([*TRADER, "--operating-income", "1.5e6"], "income_change", -0.96),
    ],
)
def test_the_known_answers_as_they_are_typed(arguments, figure, value):
    low, high = figures(*arguments)[figure]
    assert low == high == pytest.approx(value, rel=1e-4)


def test_ranges_by_origin_and_the_input_that_decides():
    result = run("--imports", "CHN=1e9@20%", "--imports", "VNM=2e9@10%..20%")
    assert "$400m to $600m gross" in result.output
    assert "the change of the rate on goods from Vietnam (10.0% to 20.0%)" in result.output


def test_rates_are_looked_up_by_origin():
    """On 21 August 2025 consoles paid 30% from China and 20% from Vietnam, nothing in January."""
    found = figures(
        "--imports", "CHN=1e9", "--imports", "VNM=2e9", "--hts", "9504500000",
        "--on", "2025-08-21", "--before", "2025-01-15",
    )  # fmt: skip
    assert found["duty_CHN"][0] == pytest.approx(0.30e9)
    assert found["duty_VNM"][0] == pytest.approx(0.40e9)


def test_a_company_of_the_facts_by_a_name_without_accents():
    result = run("--company", "estee lauder")
    assert result.output.startswith("Estée Lauder: In FY to Jun 2026")
    assert "$200m or more gross" in result.output
    assert "50.0% to 100.0% of it, so at most that part is recovered by price" in result.output


def test_options_go_before_a_company_s_own_figures():
    own, typed = (
        figures("--company", "Tapestry", *more)["net_bp"] for more in ([], ["--sales", "8e9"])
    )
    assert typed[0] == pytest.approx(160e6 / 8e9 * 1e4)
    assert own != typed


def test_a_figure_nobody_calls_gross_or_net_is_not_called_net():
    output = run("--company", "Nintendo").output
    assert "nobody says whether before or after" in output
    assert "Net cost" not in output


def test_the_standing_figures_are_of_one_window():
    facts = read_facts()
    for company in facts.companies:
        rows = standing(row for row in facts.exposures if row.company == company)
        assert len({(row.scope, row.starts_on, row.ends_on, row.annualised) for row in rows}) <= 1
        assert [row.basis for row in rows] == sorted(
            {row.basis for row in rows}, key=list(Basis).index
        )


def test_a_case_with_an_earnings_table_alone():
    facts = read_facts()
    own = [row for row in facts.exposures if row.company == "Estée Lauder"]
    ids = {row.basis: row.exposure_id for row in own}
    table = {
        "gross_exposure": ids[Basis.GROSS],
        "net_exposure": ids[Basis.NET],
        "sales": {"financial": "estee-lauder-sales-2026"},
    }
    written = {"title": "T", "question": "Q", "earnings": table}
    case = case_of(written, name="mine", facts=facts)
    assert case.earnings().window == "FY to Jun 2026"
    sales = next(r.value for r in facts.financials if r.financial_id == "estee-lauder-sales-2026")
    assert case.question("net-share").bounds().high == pytest.approx(100e6 / sales.low)
    assert set(case.answers()["question"]) == {"net-cost", "net-share"}
    assert {source.source_id for source in case.sources} >= {row.source_id for row in own}


def test_net_and_gross_of_different_windows_are_refused_at_their_place():
    facts = read_facts()
    rows = [row for row in facts.exposures if row.currency == "USD"]
    gross = next(row for row in rows if row.basis is Basis.GROSS and not row.annualised)
    net = next(row for row in rows if row.basis is Basis.NET and row.period != gross.period)
    table = {"gross_exposure": gross.exposure_id, "net_exposure": net.exposure_id}
    with pytest.raises(DataError) as raised:
        case_of({"title": "T", "question": "Q", "earnings": table}, name="mine", facts=facts)
    words = f"mine: earnings: the gross figure is of {gross.period} and the net of {net.period}"
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--gross", "100", "--offset", "price=200"], "take back more than the gross cost"),
        (["--net", "100", "--offset", "50%"], "counts them twice"),
        (["--gross", "1", "--net", "2"], "swap the two or correct one"),
        (["--gross", "1", "--tax-rate", "20%"], "the shares outstanding are not known"),
        (["--imports", "1e9"], "have no change of the rate; give --tariff"),
        (["--gross", "-1"], "--gross: -1 is out of range"),
        (["--gross", "1", "--months", "14"], "months must be at most 12"),
        (["--gross", "1", "--imports", "2@10%"], "keep one of gross"),
        (["--company", "Soni"], "did you mean Sony"),
    ],
)
def test_slips_are_told_with_the_remedy(arguments, words):
    with pytest.raises(TariffImpactError) as raised:
        run(*arguments)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give a case, --company, or the cost"),
        (["textbook", "--gross", "1"], "--gross and a case: keep one"),
        (["textbook", "--company", "Sony"], "--company and a case"),
        (["--gross", "1", "--hts", "9504500000"], "go together"),
        (["--offset", "cash=1"], "by price, sourcing, vendors, other"),
        (["--imports", "CHN=1e9@20"], "is above 1 without %; write 20%"),
        (["--imports", "CHN=@20%"], "write CHN=1.2bn or CHN=1.2bn@20%"),
        (["--imports", "Atlantis=1bn@10%"], "--imports"),
    ],
)
def test_misuse_is_told(arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_the_workbook_s_formulas_give_the_bridge(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    path = tmp_path / "bridge.xlsx"
    arguments = [
        "--imports", "CHN=1e9@20%", "--imports", "VNM=2e9@10%..20%", "--sales", "3e10..4e10",
        "--offset", "price=10%", "--offset", "vendors=20e6", "--cost-of-goods", "1e10",
        "--operating-income", "1e9", "--shares", "1e8", "--tax-rate", "20%..25%", "--months", "9",
    ]  # fmt: skip
    run(*arguments, "--xlsx", str(path))
    first = path.read_bytes()
    run(*arguments, "--xlsx", str(path))
    assert path.read_bytes() == first
    sheet = openpyxl.load_workbook(path)["Earnings"]

    def value(cell):
        """Work a cell out: sums, products and quotients of cells."""
        held = sheet[cell].value
        if not isinstance(held, str) or not held.startswith("="):
            return held
        return eval(re.sub(r"([BC]\d+)", r"value('\1')", held[1:]), {"value": value})

    cells = {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}
    known = figures(*arguments)
    for label, figure in (
        ("Gross cost", "gross"), ("Net cost", "net"), ("Cost of sales, basis points", "net_bp"),
        ("Rise that holds gross profit in money, at the same volume", "rise_dollar"),
        ("Rise that holds gross margin in per cent", "rise_percent"),
        ("Operating income after", "income_after"), ("Cost per share", "per_share"),
    ):  # fmt: skip
        row = cells[label]
        assert (value(f"B{row}"), value(f"C{row}")) == pytest.approx(known[figure], rel=1e-12)
