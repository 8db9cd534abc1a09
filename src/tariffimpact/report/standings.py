"""What kind of statement a sentence is, told from what it rests on and never by hand."""

from __future__ import annotations

from tariffimpact.facts import Assumption, Record
from tariffimpact.report.content import Standing


def standing(*rows: Record | None, computed: bool = True, modelled: bool = False) -> Standing:
    """Return the standing of a statement: the weakest of what it rests on.

    Parameters
    ----------
    rows
        The facts and assumptions it rests on; None is left out.
    computed
        Whether arithmetic stands between the rows and the statement.
    modelled
        Whether a model of buyers or sellers does.

    Returns
    -------
    {"assumption", "model", "accounting", "evidence"}
        `assumption` as soon as one input is an assumed range: no arithmetic makes it firmer.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> facts = read_facts()
    >>> standing(facts.prices[0]), standing(facts.prices[0], computed=False)
    ('accounting', 'evidence')
    >>> standing(facts.prices[0], facts.assumption("us-share-ps5"))
    'assumption'
    """
    if any(isinstance(row, Assumption) and not row.value.is_exact for row in rows):
        return "assumption"
    if modelled:
        return "model"
    return "accounting" if computed else "evidence"
