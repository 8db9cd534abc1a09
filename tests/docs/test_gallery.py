"""The gallery shows every chart there is, each by the line that makes it."""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

from tariffimpact import charts

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
NOT_CHARTS = {"fit", "framed"}


def every_chart():
    for name in charts.__all__:
        member = getattr(charts, name)
        if inspect.isfunction(member) and "ax" in inspect.signature(member).parameters:
            yield name


def test_every_chart_is_shown():
    missing = {name for name in set(every_chart()) - NOT_CHARTS if f"charts.{name}(" not in PAGE}
    assert missing == set()


def test_every_block_that_draws_gets_its_picture():
    found = importlib.util.spec_from_file_location("gallery", ROOT / "docs/hooks/gallery.py")
    hook = importlib.util.module_from_spec(found)
    found.loader.exec_module(hook)
    pictures = hook._pictures(PAGE)
    assert len(pictures) == len(re.findall(r"^\s*ax = ", PAGE, re.M))
    assert all("<svg" in picture for picture in pictures.values())
