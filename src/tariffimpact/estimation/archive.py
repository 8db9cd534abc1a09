"""The files of an answer: tables, charts, everything as JSON; and the answer read back from them.

`estimation.json` holds the whole answer, field by field, so that a report can be made of it
without the panel. Numbers that JSON has no sign for (unknown, no end) stand in it as words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from tariffimpact.errors import DataError, Fault
from tariffimpact.estimation.answer import Estimation
from tariffimpact.estimation.groups import index_frame
from tariffimpact.writing import csv_bytes, json_text

RECORD: Final = "estimation.json"
"""The file that holds the whole answer."""
_MOST: Final = 200_000_000
"""Bytes above which a file is no answer of ours."""


def estimation_files(found: Estimation) -> dict[str, bytes]:
    """Return the files to publish: name to content.

    `estimate.json`, `groups.csv`, `estimates.csv`, and where there are any `index.csv`, `gaps.csv`,
    `placebos.csv`, and each chart as SVG and PNG with its numbers as CSV; `estimation.json`, from
    which `read_estimation` makes the answer again.
    """
    from tariffimpact import charts  # an estimate alone needs none
    from tariffimpact.estimation.pictures import pictures

    files = {
        "estimate.json": (json_text(found.as_json()) + "\n").encode("utf-8"),
        "estimate.txt": (found.explain() + "\n").encode("utf-8"),
        "groups.csv": csv_bytes(found.groups_frame()),
        "estimates.csv": csv_bytes(found.to_frame()),
        RECORD: (json.dumps(_plain(found), ensure_ascii=False) + "\n").encode("utf-8"),
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


def read_estimation(folder: Path) -> Estimation:
    """Return the answer that `estimate --out` wrote to a folder.

    Parameters
    ----------
    folder
        The folder, or the file `estimation.json` itself.

    Raises
    ------
    DataError
        If it is not there, or is not what `estimate --out` wrote.
    """
    path = folder / RECORD if folder.is_dir() else folder
    remedy = "name the folder that tariffimpact estimate --out wrote to"
    try:
        if path.stat().st_size > _MOST:
            raise ValueError("it is too large")
        found: Estimation = _made(Estimation, json.loads(path.read_text(encoding="utf-8")))
        found.explain()
    except FileNotFoundError:
        raise DataError([Fault(str(path), "is not there", remedy)]) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise DataError([Fault(str(path), what, remedy)]) from None
    except (
        ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, ArithmeticError
    ):  # fmt: skip
        what = "is not the record of an estimate"
        raise DataError([Fault(str(path), what, f"{remedy}, with this version")]) from None
    return found


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it, records field by field."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _made(kind: Any, value: Any) -> Any:
    """Return what `_plain` made of a value of a kind, or raise what does not fit."""
    origin, inner = get_origin(kind), get_args(kind)
    alias = getattr(origin, "__value__", None)
    if alias is not None:  # NumPy's names of types, from Python 3.12 on
        return _made(alias[inner], value)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return _made(next(one for one in inner if one is not NoneType), value)
    if origin is tuple:
        return tuple(_made(inner[0], one) for one in _listed(value))
    if origin is np.ndarray:
        (dtype,) = get_args(inner[1])
        return np.array(_listed(value), dtype=dtype)
    if origin is Literal:
        if value not in inner:
            raise ValueError(f"{value!r} is none of {inner}")
        return value
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {str(key): _made(inner[1], one) for key, one in value.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{one.name: _made(hints[one.name], value[one.name]) for one in fields(kind)})
    if kind is float:
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind}")
    return value


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value
