"""What the engine says of itself, and no test is about."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items):
    """Let Ibis call DuckDB by a name that DuckDB has since changed."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
            )
