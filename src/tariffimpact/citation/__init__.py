"""How to cite the program, its data, and the sources that the data rests on."""

from tariffimpact.citation.bibliography import Bibliography, cite
from tariffimpact.citation.reference import Reference, ReferenceKind

__all__ = ["Bibliography", "Reference", "ReferenceKind", "cite"]
