"""The page's typeface, shipped ready: all the signs it must have, and no reserved name."""

import pytest
from fontTools.ttLib import TTFont
from web_fonts import signs

from tariffimpact.charts import font_files
from tariffimpact.report.webfont import WEIGHTS, font_file


@pytest.mark.parametrize(("style", "weight"), WEIGHTS.items())
def test_the_shipped_subset_has_what_the_font_has_of_the_signs(style, weight):
    whole = next(file for file in font_files() if file.stem.endswith(f"-{style}"))
    wanted = signs() & set(TTFont(whole).getBestCmap())
    shipped = TTFont(font_file(weight))
    assert wanted <= set(shipped.getBestCmap())
    assert shipped.flavor == "woff"
    names = {record.toUnicode() for record in shipped["name"].names if record.nameID in (1, 4, 6)}
    assert not any("Source" in name for name in names)
    advances = [
        {sign: font["hmtx"][name][0] for sign, name in font.getBestCmap().items()}
        for font in (TTFont(whole), shipped)
    ]
    assert all(advances[1][sign] == advances[0][sign] for sign in wanted)


@pytest.mark.parametrize("weight", WEIGHTS.values())
def test_it_is_small_enough_to_travel_with_the_page(weight):
    assert font_file(weight).stat().st_size < 40_000
