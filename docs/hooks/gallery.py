"""Draw the pictures of the gallery by the lines that it shows."""

import re
from typing import Any

from mkdocs.structure.files import File, Files

_PAGE = "gallery.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
_FOLDER = "assets/gallery"


def on_files(files: Files, config: Any, **_: Any) -> Files:
    """Add a picture for each block of the page that draws one."""
    page = files.get_file_from_path(_PAGE)
    if page is not None:
        for name, picture in _pictures(page.content_string).items():
            files.append(File.generated(config, f"{_FOLDER}/{name}.svg", content=picture))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put each picture under the block that draws it."""
    if page.file.src_uri != _PAGE:
        return markdown
    counted = iter(range(10_000))

    def shown(block: re.Match[str]) -> str:
        place = next(counted)
        if not _draws(block[1]):
            return block[0]
        words = _called(block[1]).replace("_", " ")
        return f"{block[0]}\n\n![A chart of the kind {words}]({_FOLDER}/{place:02}.svg)\n"

    return _BLOCK.sub(shown, markdown)


def _pictures(markdown: str) -> dict[str, str]:
    """Return the SVG of each block that draws, by its place on the page."""
    from tariffimpact import charts

    names: dict[str, Any] = {}
    found = {}
    for place, block in enumerate(_BLOCK.finditer(markdown)):
        with charts.drawn_for(shown=False):
            exec(block[1], names)  # noqa: S102  (the page is ours)
        if _draws(block[1]):
            figure = charts.framed(names["ax"], title="", source="")
            found[f"{place:02}"] = charts.svg(
                figure, name=f"gallery-{place}", alt=_called(block[1]).replace("_", " ")
            )
    return found


def _draws(code: str) -> bool:
    return re.search(r"^\s*ax = ", code, re.M) is not None


def _called(code: str) -> str:
    """Return the name of the chart that a block draws."""
    found = re.findall(r"charts\.([a-z_]+)\(", code)
    return next((name for name in reversed(found) if name != "drawn_for"), "chart")
