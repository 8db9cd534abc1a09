"""Every notebook runs top to bottom, and the committed .ipynb is its source without outputs."""

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_notebook_runs(source):
    notebook = jupytext.read(source)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(NOTEBOOKS))
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells
    assert all(cell.execution_count for cell in cells)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_generated_notebook_is_its_source(source):
    made = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    wanted = jupytext.read(source)
    assert [(c.cell_type, c.source) for c in made.cells] == [
        (c.cell_type, c.source) for c in wanted.cells
    ], f"run `make notebooks`: {source.stem}.ipynb is not what {source.name} says"
    assert not any(cell.get("outputs") for cell in made.cells)
