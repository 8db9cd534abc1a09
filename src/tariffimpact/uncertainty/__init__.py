"""How sure an answer is, for any model function: bounds, draws, tornado, Sobol indices.

A model is a function of its inputs by name that knows nothing of this; each input is a number, an
interval, or a distribution. `bounds` says how far the answer can go, `draws` how it is spread,
`tornado` which input moves it, `sobol` which input its variance is due to.
"""

from tariffimpact.uncertainty.bounds import Bounds, Ends, bounds
from tariffimpact.uncertainty.distributions import (
    Beta,
    Distribution,
    LogNormal,
    Normal,
    Pert,
    Triangular,
    Uniform,
)
from tariffimpact.uncertainty.inputs import Input, Inputs, Model, elementwise, read_input
from tariffimpact.uncertainty.monte_carlo import Draws, draws
from tariffimpact.uncertainty.sobol import Index, Sensitivity, sobol
from tariffimpact.uncertainty.tornado import Swing, Tornado, tornado

__all__ = [
    "Beta",
    "Bounds",
    "Distribution",
    "Draws",
    "Ends",
    "Index",
    "Input",
    "Inputs",
    "LogNormal",
    "Model",
    "Normal",
    "Pert",
    "Sensitivity",
    "Swing",
    "Tornado",
    "Triangular",
    "Uniform",
    "bounds",
    "draws",
    "elementwise",
    "read_input",
    "sobol",
    "tornado",
]
