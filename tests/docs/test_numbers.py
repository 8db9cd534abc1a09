"""The numbers the documentation says we reproduce are reproduced, by a test that exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "models" / "numbers.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| number")
]


@cache
def names():
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    found = {}
    exec(compile(block, "numbers.md", "exec"), found)
    return found


def test_every_row_names_a_test_that_exists():
    assert len(ROWS) > 40
    for row in ROWS:
        path, _, name = row[-1].strip("`").partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, row


@pytest.mark.parametrize(
    "row", [row for row in ROWS if len(row) == 4 and row[1]], ids=lambda r: r[0]
)
def test_the_expression_gives_the_number(row):
    found = eval(row[1].strip("`"), names())
    ends = [found.low, found.high] if hasattr(found, "low") else [float(found)]
    if row[2] == "no price":
        assert ends[0] != ends[0]
        return
    shown = row[2].split(" to ")
    if len(shown) == 1 and len(ends) == 2:
        assert ends[0] == pytest.approx(ends[1], rel=1e-12)
        ends = ends[:1]
    for number, end in zip(shown, ends, strict=True):
        digits = len(number.partition(".")[2])
        assert end == pytest.approx(float(number), abs=0.5 * 10**-digits), (row[1], found)
