"""Replacing several files as one step, and undoing the step when it was cut short.

The new files are staged in a folder `.unfinished-…` beside their places. Then each old file is
kept there under a second name, and a journal of what was there is written; from then on until the
journal is removed, a half-done replacement can be undone by whoever finds it.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from tariffimpact.errors import DataError, Fault

PREFIX: Final = ".unfinished-"
_JOURNAL: Final = "undo.json"


def target_of(folder: Path, name: str) -> Path:
    """Return where a file of that name goes, refusing a place outside the folder.

    Raises
    ------
    DataError
        If the name leads out of the folder, by itself or because a subfolder is a link.
    """
    path = PurePosixPath(name)
    above = [folder / parent for parent in path.parents[:-1]]
    leaves = path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name
    if leaves or any(parent.is_symlink() for parent in above):
        remedy = "name it inside --out, where no subfolder is a link"
        raise DataError([Fault(name, "would be written outside its folder", remedy)])
    return folder / path


def replace(folder: Path, files: Mapping[str, bytes | Path]) -> None:
    """Put files in their places: all, or after an error none.

    The folders they go to are there, and no other process writes to them.
    """
    staging = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    try:
        for place, content in enumerate(files.values()):
            _write(staging / f"new-{place}", content)
        existed = []
        for place, name in enumerate(files):
            target = target_of(folder, name)
            existed.append(os.path.lexists(target))
            if existed[-1]:
                _keep(target, staging / f"old-{place}")
        journal = json.dumps(list(zip(files, existed, strict=True)))
        _write(staging / "undo.part", journal.encode()).rename(staging / _JOURNAL)
        for place, name in enumerate(files):
            (staging / f"new-{place}").replace(target_of(folder, name))
        (staging / _JOURNAL).unlink()
    finally:
        _undo(folder, staging)


def put_right(folder: Path) -> None:
    """Undo what killed processes left half done in a folder, and remove what they had staged.

    The caller has the folder for itself: whatever is unfinished there belongs to nobody alive.

    Raises
    ------
    DataError
        If old files cannot be put back; they are kept, and the text says where.
    """
    for staging in sorted(folder.glob(f"{PREFIX}*")):
        if not _is_ours(staging):
            continue
        try:
            _undo(folder, staging)
        except (OSError, ValueError, TypeError, RecursionError, DataError) as error:
            what = f"holds files of an interrupted run that cannot be put back: {error}"
            remedy = "move them to where they belong, or remove the folder"
            raise DataError([Fault(str(staging), what, remedy)]) from error


def _undo(folder: Path, staging: Path) -> None:
    """Put every old file back, if a journal says that some were moved; remove the staging folder.

    Can itself be cut short and begun again.
    """
    journal = staging / _JOURNAL
    if journal.exists():
        for place, (name, existed) in enumerate(json.loads(journal.read_bytes())):
            target = target_of(folder, name)
            kept = staging / f"old-{place}"
            if os.path.lexists(kept):
                target.parent.mkdir(parents=True, exist_ok=True)
                kept.replace(target)
            elif not existed and not (staging / f"new-{place}").exists():
                target.unlink(missing_ok=True)
        journal.unlink()
    shutil.rmtree(staging, ignore_errors=True)


def _is_ours(staging: Path) -> bool:
    """Whether a staging folder is a folder of this user; another's journal is not to be obeyed."""
    found = staging.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _keep(target: Path, kept: Path) -> None:
    """Give a file a second name, or copy it where the disk knows no second names."""
    try:
        os.link(target, kept, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(target, kept, follow_symlinks=False)


def _write(path: Path, content: bytes | Path) -> Path:
    with path.open("wb") as file:
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, file)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path
