"""Run the command line, with `python -m tariffimpact` or by the command that is installed."""

import os
import signal
from types import FrameType
from typing import NoReturn

_INTERRUPTED = b"interrupted; no file is half-written\n"


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, _INTERRUPTED)
    os._exit(128 + number)


def run() -> None:
    """Load the program, which nothing is lost by interrupting, and run it."""
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeded:
        signal.signal(signal.SIGINT, _leave)
    from tariffimpact.cli import interrupt, main

    if heeded:
        signal.signal(signal.SIGINT, interrupt)
    main()


if __name__ == "__main__":
    run()
