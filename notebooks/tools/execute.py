"""Make each notebook from its source and run it: the same outputs, ids and metadata every time.

Run by `make notebooks`, with the names of notebooks to make only those.
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[1]
MOST_BYTES: Final = 60_000
"""Size of a picture above which a code host shows a notebook slowly."""
_COLOURS: Final = (64, 32, 16)
_SCALES: Final = (1.0, 0.7, 0.5)
"""A tall chart is kept at fewer pixels, before it would be refused."""
_SETTING: Final = '%config InlineBackend.figure_formats = ["retina"]'


def executed(source: Path) -> Any:
    """Return a notebook with its outputs, from its source in the percent format."""
    import jupytext
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell

    notebook = jupytext.read(source)
    notebook.cells.insert(0, new_code_cell(_SETTING))
    NotebookClient(notebook, timeout=600, record_timing=False, kernel_name="python3").execute(
        cwd=str(FOLDER)
    )
    del notebook.cells[0]
    for place, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem}-{place:02}"
        cell.metadata = {}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        cell.outputs = [tidied(output, count) for output in cell.outputs]
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def tidied(output: Any, count: int) -> Any:
    """Return an output with its picture made small and nothing that differs from run to run."""
    output.metadata = {}
    if "execution_count" in output:
        output.execution_count = count
    data = output.get("data", {})
    if "image/png" in data:
        data["image/png"] = base64.b64encode(small(base64.b64decode(data["image/png"]))).decode()
        data["text/plain"] = "A chart"
    return output


def small(picture: bytes) -> bytes:
    """Return a PNG in as many colours and pixels as keep it within the limit."""
    from PIL import Image

    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    for scale in _SCALES:
        size = (round(whole.width * scale), round(whole.height * scale))
        drawn = whole if scale == 1 else whole.resize(size, Image.Resampling.LANCZOS)
        for colours in _COLOURS:
            buffer = io.BytesIO()
            drawn.quantize(colours).save(buffer, format="PNG", optimize=True)
            if buffer.tell() <= MOST_BYTES:
                return buffer.getvalue()
    raise SystemExit(f"a picture of {whole.size} has {buffer.tell():,} bytes; draw less")


def main(names: list[str]) -> None:
    """Make the notebooks named, or all of them."""
    import nbformat

    for source in sorted(FOLDER.glob("*.py")):
        if not names or source.stem in names:
            nbformat.write(executed(source), source.with_suffix(".ipynb"))
            print(source.with_suffix(".ipynb").name)


if __name__ == "__main__":
    main(sys.argv[1:])
