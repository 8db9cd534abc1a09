"""Room for files that last as long as the work: a folder among the system's, removed at the end.

A process that is killed cannot remove its folder. The next one that needs room does: each living
process keeps a lock on its own folder, which the system lifts when the process ends, however it
ends, so a folder of ours that can be locked belongs to nobody alive.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

_PREFIX: Final = "tariffimpact-run-"
_TRIES: Final = 5


@contextmanager
def scratch() -> Iterator[Path]:
    """Give an empty folder, and remove it and what is in it at the end.

    Examples
    --------
    >>> with scratch() as folder:
    ...     _ = (folder / "lines").write_text("1")
    >>> folder.exists()
    False
    """
    folder, remove = open_scratch()
    try:
        yield folder
    finally:
        remove()


def open_scratch() -> tuple[Path, Callable[[], None]]:
    """Return an empty folder, and what removes it; first remove what killed processes left."""
    root = Path(tempfile.gettempdir())
    _clear(root)
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        lock = _locked(folder)
        if lock is not None:
            break  # else another process took it for an orphan, or the disk knows no locks
    return folder, partial(_remove, folder, lock)


def _clear(root: Path) -> None:
    """Remove every folder of ours and of this user whose process has ended."""
    if sys.platform == "win32":
        return
    with suppress(OSError), os.scandir(root) as entries:
        for entry in [entry for entry in entries if entry.name.startswith(_PREFIX)]:
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                    lock = _locked(Path(entry.path))
                    if lock is not None:
                        _remove(Path(entry.path), lock)


def _locked(folder: Path) -> int | None:
    """Return an open lock on a folder; None if another process has it, or none can be had."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder.stat()
    except OSError:
        os.close(lock)
        return None
    return lock


def _remove(folder: Path, lock: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        os.close(lock)
