"""What a user's own prices say: the groups first, the estimates, and what they may not mean."""

from __future__ import annotations

from tariffimpact import units
from tariffimpact.estimation import Estimation, told
from tariffimpact.estimation.pictures import Picture, pictures
from tariffimpact.report.content import Block, Bullets, Figure, Paragraph, Section, Table


def estimate_section(found: Estimation, number: int = 1) -> Section:
    """Return the section on an estimate from a panel of prices.

    Parameters
    ----------
    found
        The estimate.
    number
        Its place among several of a report, from 1; names of anchors and figures end in it.
    """
    blocks: list[Block] = [Paragraph(found.first_line, standing="accounting"), _groups(found)]
    drawn = pictures(found)
    blocks += [picture_figure(one, f"estimate-{number}-{one.name}") for one in drawn]
    blocks.append(Bullets(tuple(Paragraph(told(one), standing="model") for one in found.estimates)))
    if found.verdicts:
        blocks.append(Paragraph("What these numbers may not be taken for:"))
        blocks.append(Bullets(tuple(Paragraph(sentence(words)) for words in found.verdicts)))
    return Section(f"estimate-{number}", f"What the prices of {found.subject} say", tuple(blocks))


def _groups(found: Estimation) -> Table:
    rows = tuple(
        (
            group.name,
            f"{group.units:,}",
            group.worded(group.change),
            group.worded(group.change_after),
            units.percent(group.share_changed, 0),
            f"{group.periods_before:,}",
        )
        for group in found.groups
    )
    columns = (
        "Group",
        "Units",
        "Since first price",
        "Since just before",
        "Ever changed price",
        "Periods before",
    )
    return Table(
        caption="Each group's own change of price",
        columns=columns,
        rows=rows,
        numeric=(1, 2, 3, 4, 5),
        note=f"{found.n:,} prices of {found.units:,} units; {found.clusters:,} clusters.",
    )


def picture_figure(picture: Picture, name: str) -> Figure:
    """Return a chart of an estimate as a document holds it."""
    return Figure(
        name=name,
        title=picture.title,
        subtitle=picture.subtitle,
        source=picture.source,
        alt=f"{picture.title}. {picture.subtitle}.",
        frame=picture.frame,
        draw=picture.draw,
    )


def sentence(words: str) -> str:
    """Return a verdict as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."
