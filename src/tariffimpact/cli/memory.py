"""Memory on the command line: a limit on it, and how want of it shows itself."""

from __future__ import annotations

import os
from typing import Final

_THREADS: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
_SIGNS: Final = ("failed to map", "cannot allocate memory")


def settle_threads() -> None:
    """Let linear algebra run in one thread unless the user says otherwise.

    Each further thread of it reserves memory when the library loads, used or not; under a limit
    the library then asks again and again. Nothing here is large enough for a second to gain.
    """
    for name in _THREADS:
        os.environ.setdefault(name, "1")


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
