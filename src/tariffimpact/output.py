"""Every file is written through here: whole or not at all, and safe to open.

A set of files is staged beside its destination and moved into place only when all of them are
complete, so a reader never meets half a report and a failed run leaves the old one as it was.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.errors import DataError, Fault
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    import pandas as pd

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\n")


def publish(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write a set of files into `folder`, all of them or none.

    Parameters
    ----------
    folder
        Destination; made if it is not there.
    files
        Relative name (`figures/prices.svg`) to content.

    Returns
    -------
    tuple of Path
        The files written, in the given order.

    Raises
    ------
    DataError
        If the folder cannot be written or a name would leave it; nothing has changed then.
    """
    targets = {name: folder / _inside(folder, name) for name in files}
    taken = [target for target in targets.values() if target.is_dir()]
    if taken:
        remedy = "remove it, or choose another --out folder"
        raise DataError(Fault(str(path), "is a folder, not a file", remedy) for path in taken)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
        try:
            staged = {name: _write(staging / str(i), files[name]) for i, name in enumerate(files)}
            for target in targets.values():
                target.parent.mkdir(parents=True, exist_ok=True)
            _swap({staged[name]: target for name, target in targets.items()}, staging / "old")
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise DataError(
            [
                Fault(
                    str(folder),
                    f"cannot be written: {error.strerror}",
                    "choose another --out folder",
                )
            ]
        ) from error
    return tuple(targets.values())


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV in UTF-8 with LF, no text cell of which a spreadsheet would run.

    A text that starts like a formula is given a leading apostrophe, which spreadsheets show as
    text; numbers are left alone. Line breaks inside a text are written as LF.
    """
    safe = frame.map(lambda cell: _as_text(cell) if isinstance(cell, str) else cell)
    text: str = safe.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")


def json_text(value: Any) -> str:
    """Return a result as JSON: intervals as `{"low": …, "high": …}`, an infinite end as null.

    Examples
    --------
    >>> print(json_text({"rate": Interval(0.1, float("inf"))}))
    {
      "rate": {
        "low": 0.1,
        "high": null
      }
    }
    """
    return json.dumps(plain(value), ensure_ascii=False, indent=2, allow_nan=False)


def plain(value: Any) -> Any:
    """Return a result as what JSON has: an exact interval is its number, infinity and NaN null."""
    if isinstance(value, Interval):
        if value.is_exact:
            return plain(value.low)
        return {"low": plain(value.low), "high": plain(value.high)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _inside(folder: Path, name: str) -> PurePosixPath:
    """Return a relative name, refusing one that would leave its folder, by itself or by a link."""
    path = PurePosixPath(name)
    parent = (folder / path).parent
    stays = parent.resolve().is_relative_to(folder.resolve())
    if path.is_absolute() or ".." in path.parts or not path.parts or not stays:
        raise DataError(
            [Fault(name, "would be written outside its folder", "name it inside --out")]
        )
    return path


def _write(path: Path, content: bytes) -> Path:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path


def _swap(moves: Mapping[Path, Path], aside: Path) -> None:
    """Move each staged file to its target; put everything back if one of them fails."""
    aside.mkdir()
    undo: list[tuple[Path, Path | None]] = []
    try:
        for source, target in moves.items():
            kept = aside / source.name if target.exists() else None
            if kept is not None:
                shutil.copy2(target, kept)
            undo.append((target, kept))
            source.replace(target)
    except BaseException:
        for target, kept in reversed(undo):
            target.unlink(missing_ok=True)
            if kept is not None:
                kept.replace(target)
        raise


def _as_text(cell: str) -> str:
    """Return a text that opens as one cell of text: a bare CR would begin a row of its own."""
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
