"""What the engine says of itself, and no test is about."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from portfolio.sku_rows import HEADER


def pytest_collection_modifyitems(items):
    """Let Ibis call DuckDB by a name that DuckDB has since changed."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
            )


@pytest.fixture(scope="session")
def shipped(compiled):
    return compiled


@pytest.fixture(scope="session")
def layers(shipped):
    from tariffimpact.portfolio import schedule_layers

    return schedule_layers(shipped)


@pytest.fixture(scope="session")
def running(layers):
    from tariffimpact.portfolio import engine

    with engine(layers) as loaded:
        yield loaded


@pytest.fixture(autouse=True)
def the_shipped_schedule_loaded_once(shipped, request):
    """Part the shipped schedule into layers, and load an engine with it, but once, if at all."""
    from tariffimpact.portfolio import effective_rates, engine, product_duties, schedule_layers

    def known_layers(compiled, claims=None):
        if compiled is shipped and not claims:
            return request.getfixturevalue("layers")
        return schedule_layers(compiled, claims=claims)

    def known_engine(asked, name="duckdb"):
        if name == "duckdb" and asked is request.getfixturevalue("layers"):
            return nullcontext(request.getfixturevalue("running"))
        return engine(asked, name)

    with pytest.MonkeyPatch.context() as patch:
        for module in (product_duties, effective_rates):
            patch.setattr(module, "schedule_layers", known_layers)
            patch.setattr(module, "engine", known_engine)
        yield


@pytest.fixture
def sku_file(tmp_path):
    def write(*rows, header=HEADER):
        path = tmp_path / "skus.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write
