"""The files of an answer: tables, charts, and everything as JSON."""

from __future__ import annotations

from tariffimpact import charts
from tariffimpact.estimation.index import index_frame
from tariffimpact.estimation.pictures import pictures
from tariffimpact.estimation.results import Estimation
from tariffimpact.writing import csv_bytes, json_text


def estimation_files(found: Estimation) -> dict[str, bytes]:
    """Return the files to publish: name to content.

    `estimate.json`, `groups.csv`, `estimates.csv`, and where there are any `index.csv`, `gaps.csv`,
    `placebos.csv`, and each chart as SVG and PNG with its numbers as CSV.
    """
    files = {
        "estimate.json": (json_text(found.as_json()) + "\n").encode("utf-8"),
        "estimate.txt": (found.explain() + "\n").encode("utf-8"),
        "groups.csv": csv_bytes(found.groups_frame()),
        "estimates.csv": csv_bytes(found.to_frame()),
    }
    if found.indices:
        files["index.csv"] = csv_bytes(index_frame(found.indices, found.labels))
    if found.synthetic is not None:
        files["gaps.csv"] = csv_bytes(found.synthetic.path_frame())
    for picture in pictures(found):
        with charts.drawn_for(shown=False):
            figure = picture.framed()
        files[f"{picture.name}.svg"] = charts.svg(
            figure, name=picture.name, alt=picture.title
        ).encode("utf-8")
        files[f"{picture.name}.png"] = charts.png(figure)
        files[f"{picture.name}.csv"] = csv_bytes(picture.frame)
    return files
