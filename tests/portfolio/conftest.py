"""What the engine says of itself, and no test is about."""

from pathlib import Path

import pytest

from portfolio.sku_rows import HEADER
from tariffimpact.tariffs import shipped_schedule


def pytest_collection_modifyitems(items):
    """Let Ibis call DuckDB by a name that DuckDB has since changed."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
            )


@pytest.fixture(scope="module")
def shipped(facts):
    return shipped_schedule(facts).compiled


@pytest.fixture(scope="module", autouse=True)
def layers_of_the_shipped_schedule_once(shipped):
    """Part the shipped schedule into layers once a module, and not at each call."""
    from tariffimpact.portfolio import effective_rates, product_duties, schedule_layers

    made = schedule_layers(shipped)

    def known(compiled, claims=None):
        return (
            made if compiled is shipped and not claims else schedule_layers(compiled, claims=claims)
        )

    with pytest.MonkeyPatch.context() as patch:
        for module in (product_duties, effective_rates):
            patch.setattr(module, "schedule_layers", known)
        yield


@pytest.fixture
def sku_file(tmp_path):
    def write(*rows, header=HEADER):
        path = tmp_path / "skus.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write
