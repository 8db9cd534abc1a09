"""The folder a set of files is written to: one writer at a time, all of the files or none.

What holds, whatever ends the process (an error, a full disk, Ctrl-C, `kill -9`):

- a file is whole at every moment, the old one or the new one, for it is moved into place;
- until the new set is complete on the disk, nothing of the old set is touched;
- the moves themselves follow each other within milliseconds, and no system call makes them one.
  The new files are staged in a folder `.unfinished-…`, each old one is kept there under a second
  name, and a journal says what was there. A process killed between two moves leaves some files new
  and some old: the next run that names the folder, even one that then fails, begins by putting the
  whole old set back;
- two processes that write to one folder do so one after the other, so the set that remains is
  that of the later one, whole;
- nothing is written outside the folder. The folder itself may be a link, which is followed once,
  at the start; below it no link is: a linked subfolder is refused, a linked file is replaced.

Against somebody else who may write to the folder too and swaps its subfolders during the moves,
this is no protection, nor does a power cut spare what the disk had not yet stored.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Final

from tariffimpact.errors import DataError, Fault

_OTHER: Final = "choose another folder"
_PREFIX: Final = ".unfinished-"
_JOURNAL: Final = "undo.json"
_PATIENCE: Final = 60.0
"""Seconds to wait for another process, which needs a fraction of one to write its files."""


def publish(folder: Path, files: Mapping[str, bytes | Path]) -> tuple[Path, ...]:
    """Write a set of files into `folder`, all of them or none.

    Parameters
    ----------
    folder
        Destination; made if it is not there, and removed again if the files cannot be written.
    files
        Relative name (`figures/prices.svg`) to content, or to the file that holds it.

    Returns
    -------
    tuple of Path
        The files written, in the given order.

    Raises
    ------
    DataError
        If the folder cannot be written, a name would leave it, or another process keeps it; the
        old files stand then as they stood.
    """
    for name in files:
        _target_of(folder, name)
    made: list[Path] = []
    try:
        _make(folder, made)
        with _alone(folder) as alone:
            real = folder.resolve()
            if alone:
                _put_right(real)
            _refuse_folders(folder, files)
            for name in files:
                _make(_target_of(real, name).parent, made)
            _replace(real, files)
    except BaseException as error:
        with suppress(OSError):  # another process has put something there
            for empty in reversed(made):
                empty.rmdir()
        if isinstance(error, OSError):
            raise _unwritable(folder, error) from error
        raise
    return tuple(folder / name for name in files)


def check_folder(folder: Path) -> None:
    """Refuse a folder that could not be written, before any work is done for it.

    Writes nothing, but puts back the old files where a killed process left a mixture.

    Parameters
    ----------
    folder
        Where files are to be written later; it need not be there.

    Raises
    ------
    DataError
        If it is no folder, or may not be written to.
    """
    nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    what = "may not be written to" if nearest.is_dir() else "is not a folder"
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise DataError([Fault(str(nearest), what, _OTHER)])
    if nearest == folder:
        try:
            with _alone(folder) as alone:
                if alone:
                    _put_right(folder.resolve())
        except OSError as error:
            raise _unwritable(folder, error) from error


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, noting in `made` what was not there."""
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        made.append(path)
    folder.mkdir(exist_ok=True)  # fails where a file stands


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Keep other processes from writing to the folder; yield whether that was possible.

    The lock lies on the folder itself, so it leaves no file behind, and the system lifts it when
    its process ends, however it ends. Some network drives know no such lock.
    """
    if sys.platform == "win32":
        yield False
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        end = time.monotonic() + _PATIENCE
        while (locked := _lock(descriptor)) is None:
            if time.monotonic() >= end:
                what = "is being written by another process"
                remedy = f"run the command again when it has ended, or {_OTHER}"
                raise DataError([Fault(str(folder), what, remedy)])
            time.sleep(0.02)
        yield locked
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Lock an open folder: True if it is ours, None if another's, False if no lock is known."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    except OSError:
        return False
    return True


def _refuse_folders(folder: Path, files: Mapping[str, bytes | Path]) -> None:
    taken = [folder / name for name in files if (folder / name).is_dir()]
    remedy = f"remove it, or {_OTHER}"
    if taken:
        raise DataError(Fault(str(path), "is a folder, not a file", remedy) for path in taken)


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError([Fault(str(folder), f"cannot be written: {error.strerror}", _OTHER)])


def _target_of(folder: Path, name: str) -> Path:
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


def _replace(folder: Path, files: Mapping[str, bytes | Path]) -> None:
    """Put files in their places: all, or after an error none.

    The folders they go to are there, and no other process writes to them.
    """
    staging = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    try:
        for place, content in enumerate(files.values()):
            _write(staging / f"new-{place}", content)
        existed = []
        for place, name in enumerate(files):
            target = _target_of(folder, name)
            existed.append(os.path.lexists(target))
            if existed[-1]:
                _keep(target, staging / f"old-{place}")
        journal = json.dumps(list(zip(files, existed, strict=True)))
        _write(staging / "undo.part", journal.encode()).rename(staging / _JOURNAL)
        for place, name in enumerate(files):
            (staging / f"new-{place}").replace(_target_of(folder, name))
        (staging / _JOURNAL).unlink()
    finally:
        _undo(folder, staging)


def _put_right(folder: Path) -> None:
    """Undo what killed processes left half done in a folder, and remove what they had staged.

    The caller has the folder for itself: whatever is unfinished there belongs to nobody alive.

    Raises
    ------
    DataError
        If old files cannot be put back; they are kept, and the text says where.
    """
    for staging in sorted(folder.glob(f"{_PREFIX}*")):
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
            target = _target_of(folder, name)
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
