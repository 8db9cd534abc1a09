"""The folder a set of files is written to: one writer at a time, all of the files or none.

What holds, whatever ends the process (an error, a full disk, Ctrl-C, `kill -9`):

- a file is whole at every moment, the old one or the new one, for it is moved into place;
- until the new set is complete on the disk, nothing of the old set is touched;
- the moves themselves follow each other within milliseconds, and no system call makes them one.
  A process killed between two of them leaves some files new and some old, and beside them a
  journal: the next run that names the folder, even one that then fails, begins by putting the
  whole old set back;
- two processes that write to one folder do so one after the other, so the set that remains is
  that of the later one, whole;
- nothing is written outside the folder. The folder itself may be a link, which is followed once,
  at the start; below it no link is: a linked subfolder is refused, a linked file is replaced.

Against somebody else who may write to the folder too and swaps its subfolders during the moves,
this is no protection, nor does a power cut spare what the disk had not yet stored.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tariffimpact.errors import DataError, Fault
from tariffimpact.writing import unfinished

_OTHER: Final = "choose another --out folder"
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
        unfinished.target_of(folder, name)
    made: list[Path] = []
    try:
        _make(folder, made)
        with _alone(folder) as alone:
            real = folder.resolve()
            if alone:
                unfinished.put_right(real)
            _refuse_folders(folder, files)
            for name in files:
                _make(unfinished.target_of(real, name).parent, made)
            unfinished.replace(real, files)
    except BaseException as error:
        for empty in reversed(made):
            try:
                empty.rmdir()
            except OSError:  # another process has put something there
                break
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
    if not nearest.is_dir():
        raise DataError([Fault(str(nearest), "is not a folder", _OTHER)])
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise DataError([Fault(str(nearest), "may not be written to", _OTHER)])
    if nearest == folder:
        try:
            with _alone(folder) as alone:
                if alone:
                    unfinished.put_right(folder.resolve())
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
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                locked = True
            except BlockingIOError:
                if time.monotonic() < end:
                    time.sleep(0.02)
                    continue
                what = "is being written by another process"
                remedy = f"run the command again when it has ended, or {_OTHER}"
                raise DataError([Fault(str(folder), what, remedy)]) from None
            except OSError:
                locked = False
            break
        yield locked
    finally:
        os.close(descriptor)


def _refuse_folders(folder: Path, files: Mapping[str, bytes | Path]) -> None:
    taken = [folder / name for name in files if (folder / name).is_dir()]
    remedy = f"remove it, or {_OTHER}"
    if taken:
        raise DataError(Fault(str(path), "is a folder, not a file", remedy) for path in taken)


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError([Fault(str(folder), f"cannot be written: {error.strerror}", _OTHER)])
