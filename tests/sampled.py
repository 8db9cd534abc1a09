"""How much of a test runs when: a part in `make test`, all of it in `make slow`."""

import pytest
from hypothesis import settings

QUICK, THOROUGH = 30, 500
"""Examples of a property that names no number of its own, in `make test` and in `make slow`."""


def sampled(values, quick):
    """Return the values as parameters, all but `quick` of them, evenly spread, marked slow.

    A value is one parameter, or a tuple of several.
    """
    values = [value if isinstance(value, tuple) else (value,) for value in values]
    kept = {round(n * (len(values) - 1) / max(quick - 1, 1)) for n in range(quick)}
    return [
        pytest.param(*value, marks=() if place in kept else pytest.mark.slow)
        for place, value in enumerate(values)
    ]


def examples(quick):
    """Return settings that try so many examples in `make test`, and more in `make slow`."""
    return settings(max_examples=quick * settings.default.max_examples // QUICK)
