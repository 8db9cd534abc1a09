"""How to cite the program, its data, and the sources that the data rests on."""

from tariffimpact.citing.bibliography import Bibliography, cite
from tariffimpact.citing.reference import Reference, ReferenceKind

__all__ = ["Bibliography", "Reference", "ReferenceKind", "cite"]
