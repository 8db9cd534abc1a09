"""Memory: a limit on it, how want of it shows itself, and work that aborts for want of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

from tariffimpact.errors import TariffImpactError

_THREADS: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
_SIGNS: Final = (
    "failed to map", "cannot allocate memory", "allocation failure", "failed to allocate",
    "out of memory",
)  # fmt: skip


def settle(megabytes: int = 0) -> None:
    """Keep compiled libraries from reserving memory they will not use; see that there is enough.

    To be called before any of them is loaded. Each thread of linear algebra reserves memory when
    the library loads, which under a limit asks again and again and then ends the process; nothing
    here is large enough for a second thread to gain. Under a limit the pool of columns is the
    system's, for its own reserves a gigabyte at once.

    Parameters
    ----------
    megabytes
        What the work ahead needs, in address space; looked at only where there is a limit.

    Raises
    ------
    MemoryError
        If the limit leaves less.
    """
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    if limit() is None:
        return
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if megabytes:
        import mmap

        try:
            mmap.mmap(-1, megabytes << 20).close()
        except OSError:
            raise MemoryError from None


def is_want_of_memory(error: BaseException) -> bool:
    """Return whether an error, or what caused it, is a lack of memory.

    A shared library that finds no room to be loaded is an `ImportError` in words of the system.

    Examples
    --------
    >>> is_want_of_memory(ImportError("libscipy.so: failed to map segment from shared object"))
    True
    """
    if isinstance(error, MemoryError):
        return True
    told = str(error).casefold()
    cause = error.__cause__ or error.__context__
    return any(sign in told for sign in _SIGNS) or (cause is not None and is_want_of_memory(cause))


def limit() -> int | None:
    """Return the limit on the memory of this process in bytes, None where there is none."""
    try:
        import resource
    except ImportError:  # a system without such limits
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def too_little() -> str:
    """Say that memory does not suffice: the machine's, or what a limit leaves of it."""
    allowed = limit()
    if allowed is None:
        return "the memory of this machine does not suffice; give fewer rows or scenarios"
    return (
        f"the memory this process may use does not suffice, limited to {allowed / 2**20:,.0f} MB; "
        "raise the limit (ulimit -v), or give fewer rows or scenarios"
    )


def told_of_abort(work: Callable[[], Any]) -> bytes:
    """Return the bytes that `work` makes, though it may abort the process where memory is limited.

    Some compiled code ends the process when it gets no memory. Under a limit it therefore runs in
    a copy of the process, whose end can be told; without one, here.

    Raises
    ------
    MemoryError
        If the work was aborted.
    TariffImpactError
        With its words, if it failed in the copy.
    """
    if limit() is None or not hasattr(os, "fork"):
        return bytes(work())
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        _work_and_leave(work, writes)
    os.close(writes)
    with os.fdopen(reads, "rb") as answer:
        content = answer.read()
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) or not content:
        raise MemoryError
    if content.startswith(_FAILED):
        raise TariffImpactError(content[len(_FAILED) :].decode("utf-8", "replace"))
    return content


_FAILED: Final = b"\0failed\0"
"""What no file begins with: words follow, and no result."""


def _work_and_leave(work: Callable[[], Any], writes: int) -> NoReturn:
    """Work in the copy, hand on the result or the words of the error, and end without a word."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # an abort prints its own
        try:
            found = bytes(work())
        except Exception as error:  # noqa: BLE001  # told by the process that asked
            found = _FAILED + str(getattr(error, "message", error)).encode()
        with os.fdopen(writes, "wb") as answer:
            answer.write(found)
        code = 0
    finally:
        os._exit(code)
