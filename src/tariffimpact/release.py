"""Which program and which data an answer comes from.

`data/version.toml` names the version of the tables beside it, its day, and the checksum of each
table, so that tables which somebody has edited are never passed off as the released ones. Nothing
here needs a library: `--version` answers at once.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from tariffimpact.errors import DataError, Fault

VERSION_FILE: Final = "version.toml"
_LARGEST: Final = 20_000_000
"""No released table comes near this size; a larger one is edited, whatever it holds."""


@dataclass(frozen=True, slots=True)
class DataVersion:
    """The version of a folder of tables.

    Examples
    --------
    >>> print(DataVersion("2026.11.0", date(2026, 11, 24)))
    2026.11.0 of 2026-11-24
    >>> print(DataVersion("2026.11.0", date(2026, 11, 24), edited=("prices.csv",)))
    2026.11.0, edited (prices.csv)
    >>> print(DataVersion())
    own data
    """

    version: str | None = None
    """Calendar version, year.month.number; None where the folder states none."""
    released_on: date | None = None
    edited: tuple[str, ...] = ()
    """Tables that are not what was released under that version."""

    def named(self, day: Callable[[date], str] = date.isoformat) -> str:
        """Return the version in words, its day as `day` spells it."""
        if self.version is None or self.released_on is None:
            return "own data"
        if self.edited:
            more = f" and {len(self.edited) - 3} more" if len(self.edited) > 3 else ""
            return f"{self.version}, edited ({', '.join(self.edited[:3])}{more})"
        return f"{self.version} of {day(self.released_on)}"

    def __str__(self) -> str:
        return self.named()


def program_version() -> str:
    """Return the version of the program."""
    return metadata.version("tariffimpact")


def made_with(data: DataVersion, day: Callable[[date], str] = date.isoformat) -> str:
    """Return the program and the data with their versions, days as `day` spells them."""
    which = "" if data.version is None else "data "
    return f"tariffimpact {program_version()}, {which}{data.named(day)}"


def shipped_folder(name: str) -> Path:
    """Return a folder the package ships (`data`, `cases`), installed or in a source checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "shipped" / name
    return installed if installed.is_dir() else package.parents[1] / name


def data_version(folder: Path | None = None) -> DataVersion:
    """Return the version of a folder of tables, the shipped ones by default.

    A folder without a version is somebody's own. One that claims the shipped version is held to
    the shipped checksums, whatever its own say.

    Raises
    ------
    DataError
        If `version.toml` is there and cannot be read.

    Examples
    --------
    >>> data_version().version is not None
    True
    """
    released = shipped_folder("data")
    folder = released if folder is None else folder
    if not (folder / VERSION_FILE).exists():
        return DataVersion()
    version, released_on, checksums = _stated(folder / VERSION_FILE)
    if (released / VERSION_FILE).exists():
        shipped_version, _, shipped_checksums = _stated(released / VERSION_FILE)
        checksums = shipped_checksums if version == shipped_version else checksums
    edited = (name for name in sorted(checksums) if checksum(folder / name) != checksums[name])
    return DataVersion(version, released_on, tuple(edited))


def checksum(table: Path) -> str:
    """Return the SHA-256 of a table, the same whether its lines end in LF or CR LF.

    A table that is not there, or cannot be one of ours, has none: an empty text.
    """
    try:
        if not table.is_file() or table.stat().st_size > _LARGEST:
            return ""
        content = table.read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def _stated(path: Path) -> tuple[str, date, Mapping[str, str]]:
    """Return version, day and checksums as a file states them, or say all that is wrong."""
    where = str(path)
    try:
        stated: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError([Fault(where, f"is not readable as TOML: {error}", _REMEDY)]) from None
    version, released_on = stated.get("version"), stated.get("released_on")
    checksums = stated.get("sha256")
    faults = []
    if not isinstance(version, str) or not re.fullmatch(r"\d{4}\.\d{1,2}\.\d+", version, re.ASCII):
        faults.append(_fault(where, "version", version, 'as year.month.number: "2026.11.0"'))
    if not isinstance(released_on, date) or isinstance(released_on, datetime):
        faults.append(_fault(where, "released_on", released_on, "as a day: 2026-11-24"))
    if not isinstance(checksums, dict) or not all(map(_is_checksum, checksums.items())):
        faults.append(_fault(where, "sha256", checksums, 'as a table: "prices.csv" = "…"'))
    if faults:
        raise DataError(faults)
    return str(version), released_on, dict(checksums or {})  # type: ignore[return-value]


def _is_checksum(item: tuple[str, object]) -> bool:
    """Whether it is the name of a table, which cannot lead out of the folder, and its checksum."""
    name, value = item
    return bool(re.fullmatch(r"\w+\.csv", name)) and isinstance(value, str)


_REMEDY: Final = "copy it from the released data, or remove it: the tables are then your own data"


def _fault(where: str, key: str, got: object, write: str) -> Fault:
    what = "is missing" if got is None else "cannot be read"
    return Fault(where, what, f"write it {write}", key, None if got is None else str(got))
