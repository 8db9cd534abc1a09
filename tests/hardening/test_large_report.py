"""A report of ten thousand rows: bounded memory, a page that opens, charts that can be read."""

import csv
import json
import subprocess
import sys

import pandas as pd
import pytest

from tariffimpact import units
from tariffimpact.report.content import MOST_ROWS, Table
from tariffimpact.report.wording import MOST_DRAWN, first_items

MEASURED = """
import json, resource, sys
from tariffimpact.cli import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    code = left.code
print(json.dumps([code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def test_a_table_holds_its_first_rows_and_says_how_many_more_there_are():
    rows = tuple((str(n),) for n in range(MOST_ROWS + 1234))
    cites = tuple((f"s{n}",) for n in range(len(rows)))
    table = Table("T", ("n",), rows, cites, note="In words.")
    assert table.rows == rows[:MOST_ROWS]
    assert table.cites == cites[:MOST_ROWS]
    assert table.note == "In words. … and 1,234 more rows, which the data holds."
    whole = Table("T", ("n",), rows[:MOST_ROWS], note="In words.")
    assert (len(whole.rows), whole.note) == (MOST_ROWS, "In words.")


def test_a_chart_shows_whole_items_and_says_where_the_others_are():
    frame = pd.DataFrame({"company": [f"c{n // 2}" for n in range(200)], "n": range(200)})
    shown, rest = first_items(frame, "company", "exposure-by-company")
    assert shown["n"].tolist() == list(range(2 * MOST_DRAWN))
    assert rest == f"; … and {100 - MOST_DRAWN} more, in figures/exposure-by-company.csv"
    assert first_items(shown, "company", "x")[1] == ""


def test_a_sentence_lists_what_a_reader_bears():
    items = [f"company {n}" for n in range(1000)]
    said = units.listed(items)
    assert said.startswith("company 0, company 1, ")
    assert said.endswith(f"company {units.MOST_LISTED - 1} and {1000 - units.MOST_LISTED} more")


def grow(data, table, key, rows, **columns):
    """Repeat the rows of a table to so many, each with a key of its own."""
    old = data.rows(table)
    new = [dict(row) for row in old]
    for place in range(rows - len(old)):
        row = dict(old[place % len(old)])
        row[key] += f"-{place}"
        for column, words in columns.items():
            row[column] = words.format(**row, place=place, company_number=place % 500)
        new.append(row)
    data.write(table, new)


def add_companies(data, table):
    """List each company of a table that is on no list, with the sales of the one it copies."""
    listed = data.rows("companies")
    more = {row["company"] for row in data.rows(table)} - {row["company"] for row in listed}
    sales = data.rows("financials")
    data.write("companies", [*listed, *({**listed[0], "company": name} for name in sorted(more))])
    data.write("financials", sales + [
        {**row, "financial_id": f"{row['financial_id']}-{name.rsplit(' ', 1)[1]}", "company": name}
        for name in sorted(more) for row in sales if row["company"] == name.rsplit(" ", 1)[0]
    ])  # fmt: skip


@pytest.mark.slow
def test_ten_thousand_prices_make_a_report_that_can_be_opened(data, tmp_path):
    grow(data, "prices", "price_id", 10_000, product="{product} {place}")
    for table, key in (("exposures", "exposure_id"), ("statements", "statement_id")):
        grow(data, table, key, 1_000, company="{company} {company_number}")
        add_companies(data, table)
    grow(data, "sources", "source_id", 1_000)
    out = tmp_path / "out"
    told = subprocess.run(
        [sys.executable, "-c", MEASURED, "report", "--data", str(data.folder), "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert told.stderr == ""
    code, kilobytes = json.loads(told.stdout.splitlines()[-1])
    assert code == 0
    assert kilobytes < 1_500_000  # the interpreter and its libraries take 300,000
    assert (out / "tariff-impact.html").stat().st_size < 5e6
    assert (out / "tariff-impact.pdf").stat().st_size < 10e6
    figures = list((out / "figures").iterdir())
    assert sum(path.stat().st_size for path in figures if path.suffix != ".csv") < 20e6
    page = (out / "tariff-impact.html").read_text(encoding="utf-8")
    assert " more rows, which the data holds." in page
    assert " more, in figures/" in page
    with (out / "figures" / "exposure-by-company.csv").open(encoding="utf-8", newline="") as file:
        assert len({row["company"] for row in csv.DictReader(file)}) > 400  # every one of them
