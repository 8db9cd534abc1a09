"""Every notebook runs top to bottom; the committed .ipynb is its source, run, with its pictures."""

import base64
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("*.py"))


@pytest.fixture(scope="module")
def kernel():
    """A kernel that keeps the libraries it has loaded from one notebook to the next."""
    from jupyter_client.manager import KernelManager

    running = KernelManager(kernel_name="python3")
    running.start_kernel(cwd=str(NOTEBOOKS))
    yield running
    running.shutdown_kernel(now=True)


@pytest.mark.parametrize("alone", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_notebook_runs(source, alone, request):
    import jupytext
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell

    notebook = jupytext.read(source)
    notebook.cells.insert(0, new_code_cell("%reset -f"))  # no name of the notebook before is left
    running = None if alone else request.getfixturevalue("kernel")
    client = NotebookClient(notebook, km=running, timeout=120)
    client.execute(cwd=str(NOTEBOOKS))
    if running:
        client.kc.stop_channels()  # it leaves alone what it has not started
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 1
    assert all(cell.execution_count for cell in cells)
    assert without_picture(cells) == []


def draws(cell):
    """Whether a cell is there for a chart."""
    return re.search(r"\.plot\(|\.draw\(\)|charts\.\w+\(", cell.source) is not None


def pictures(cell):
    """Return the pictures that a cell put out."""
    return [
        output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})
    ]


def without_picture(cells):
    """Return the chart cells that end in no picture, or print their axes as words."""
    told = [[output.get("data", {}).get("text/plain", "") for output in c.outputs] for c in cells]
    return [
        cell.source
        for cell, words in zip(cells, told, strict=True)
        if draws(cell) and (not pictures(cell) or any(w.startswith("<Axes") for w in words))
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_generated_notebook_is_its_source(source):
    import jupytext
    import nbformat

    made = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    wanted = jupytext.read(source)
    assert [(c.cell_type, c.source) for c in made.cells] == [
        (c.cell_type, c.source) for c in wanted.cells
    ], f"run `make notebooks`: {source.stem}.ipynb is not what {source.name} says"
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert without_picture(code) == []
    assert [cell.id for cell in made.cells] == [
        f"{source.stem}-{place:02}" for place in range(len(made.cells))
    ]
    sizes = [len(base64.b64decode(picture)) for cell in code for picture in pictures(cell)]
    assert max(sizes, default=0) <= 60_000


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_ends_in_what_to_do_next(source):
    assert "## What to do next" in source.read_text(encoding="utf-8").rpartition("# %%")[2]
