"""Every result draws itself from its own frame; the numbers are read back off the marks."""

import numpy as np
import pytest

from tariffimpact.uncertainty import bounds, draws, sobol, tornado

INPUTS = {"customs_share": "0.5..0.97", "tariff": "0.15..0.20"}


def duty(*, customs_share, tariff):
    return 500 * customs_share * tariff


def words(axes):
    return " ".join(text.get_text() for text in axes.texts) + " ".join(
        label.get_text() for label in axes.get_yticklabels()
    )


def test_bounds():
    axes = bounds(duty, INPUTS, name="duty", unit="USD").plot()
    assert "$37.50" in words(axes)
    assert "$97" in words(axes)


def test_draws():
    axes = draws(duty, INPUTS, n=1000, seed=1, name="duty", unit="USD").plot()
    assert "middle 90%" in words(axes)


def test_a_path_is_a_fan():
    def path(*, customs_share, tariff):
        return np.multiply.outer(duty(customs_share=customs_share, tariff=tariff), [0.0, 1.0])

    axes = draws(path, INPUTS, n=1000, seed=1, name="duty", unit="USD", steps=(0, 12)).plot()
    assert axes.get_xlim()[1] >= 12


def test_tornado():
    axes = tornado(duty, INPUTS, name="duty", unit="USD").plot()
    assert "customs share" in words(axes)
    assert "0.97" in words(axes)


def test_a_tornado_with_a_missing_end():
    def partly(*, customs_share, tariff):
        return np.where(np.asarray(customs_share) > 0.9, np.nan, duty(
            customs_share=customs_share, tariff=tariff))  # fmt: skip

    axes = tornado(partly, INPUTS, name="duty", unit="USD").plot()
    assert "0.97: no answer" in words(axes)


def test_sobol():
    axes = sobol(duty, INPUTS, n=64, seed=1, name="duty").plot()
    assert "customs share" in words(axes)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
