"""Read files spoilt by chance, each reader for the same time, and count what became of them.

`python fuzz/spoil.py INPUTS [NAME …]` goes on where it left off until so many inputs have been
read in all, `+INPUTS` until there are so many more. What an input is depends on the reader's name
and its number alone. `fuzz/corpus/spoilt.json` holds the figures; the first input of each kind
that broke a reader is kept in `tests/hardening/found/NAME/`, where `make test` reads it from then
on, and what it broke in `fuzz/corpus/broken/`. The run ends by reading those kept again
(`--again` does that alone), and fails while one of them breaks its reader.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
CORPUS = HERE / "corpus"
STATE = CORPUS / "spoilt.json"
sys.path.insert(0, str(ROOT / "tests"))

TURN, TURNS = 0.5, 5_000
"""Seconds of the processor of a reader's turn; turns after which the process is made anew."""
TOLD = 200
"""Turns after which the figures are printed."""
SLOWEST = 30
"""Seconds of the processor for one input, above which it has broken its reader."""
MEMORY = 6 << 30


def main(inputs: str, *names: str) -> int:
    """Work in processes that may die, until all is read; return 1 if one is left broken."""
    CORPUS.mkdir(exist_ok=True)
    goal = int(inputs) + (read_so_far(_state()) if inputs.startswith("+") else 0)
    while read_so_far(state := _state()) < goal:
        code = subprocess.run(
            [sys.executable, __file__, "--work", str(goal), *names], check=False
        ).returncode
        if code == 1:  # a defect of this script, told on stderr
            return 1
        if code:
            _died(code)
    print(told(state))
    return int(left_broken() > 0)


def read_so_far(state: dict[str, dict]) -> int:
    """Return how many inputs have been read in all."""
    return sum(one["inputs"] for one in state.values())


def told(state: dict[str, dict]) -> str:
    """Return the figures of every reader, and of all."""
    rows = sorted(state.items())
    lines = [f"{'reader':<32} {'inputs':>9} {'read':>9} {'refused':>9} {'broken':>7} kinds"]
    for name, one in [*rows, ("all", _sum(one for _, one in rows))]:
        lines.append(
            f"{name:<32} {one['inputs']:>9,} {one['read']:>9,} {one['refused']:>9,} "
            f"{one['broken']:>7,} {len(one['kinds'])}"
        )
    return "\n".join(lines)


def _sum(parts) -> dict:
    whole = {"inputs": 0, "read": 0, "refused": 0, "broken": 0, "kinds": []}
    for part in parts:
        whole = {key: value + type(value)(part[key]) for key, value in whole.items()}
    return whole


def _state() -> dict[str, dict]:
    return json.loads(STATE.read_text(encoding="utf-8")) if STATE.exists() else {}


def _keep(state: dict[str, dict]) -> None:
    new = STATE.with_suffix(".new")
    new.write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
    new.replace(STATE)


def _new() -> dict:
    return {
        "inputs": 0,
        "read": 0,
        "refused": 0,
        "broken": 0,
        "kinds": {},
        "mended": {},
        "next": 0,
        "seconds": 0.0,
    }


class _Turn:
    """The turn of one reader, written down before each input, lest the process die of it."""

    def __init__(self) -> None:
        self._file = (CORPUS / "turn").open("w+", encoding="utf-8")

    def of(self, name: str, number: int) -> None:
        self._file.seek(0)
        self._file.write(f"{name}\n{number}\n\n")
        self._file.flush()


def work(inputs: str, *names: str) -> None:
    """Give each reader its turn, again and again."""
    from hardening.readers import parquet_readers, readers

    every = readers() | parquet_readers()
    chosen = {name: every[name] for name in names or every}
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _too_slow)
    state, turn = _state(), _Turn()
    for name in chosen:
        state.setdefault(name, _new())
    for count in range(TURNS):
        name = min(chosen, key=lambda name: state[name]["seconds"])
        one, start = state[name], time.process_time()
        while time.process_time() < start + TURN:
            turn.of(name, one["next"])
            _read(name, chosen[name], one)
        one["seconds"] += time.process_time() - start
        _keep(state)
        if read_so_far(state) >= int(inputs):
            return
        if not count % TOLD:
            print(f"{time.strftime('%H:%M:%S')} {_line(state)}", flush=True)


def _line(state: dict[str, dict]) -> str:
    whole = _sum(state.values())
    kinds = len(whole.pop("kinds"))
    return ", ".join(f"{key} {value:,}" for key, value in whole.items()) + f", kinds {kinds}"


def _too_slow(number: int, frame: object) -> None:
    raise TimeoutError(f"took more than {SLOWEST} seconds")


def spoilt_input(name: str, number: int) -> bytes:
    """Return the input of that number of a reader."""
    from hardening.hostile import TOML, Dice, spoiled
    from hardening.readers import parquet_readers, readers

    reader = readers().get(name) or parquet_readers()[name]
    return spoiled(Dice(f"{name}/{number}"), reader.seeds, TOML if "case" in name else ())


def _read(name: str, reader: object, one: dict) -> None:
    from hardening.readers import outcome

    number = one["next"]
    raw = spoilt_input(name, number)
    one["next"], one["inputs"] = number + 1, one["inputs"] + 1
    signal.setitimer(signal.ITIMER_PROF, SLOWEST)
    try:
        one[outcome(reader, raw)] += 1
    except BaseException as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        if isinstance(error, KeyboardInterrupt):
            raise
        one["broken"] += 1
        _note(name, number, raw, one, error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _note(name: str, number: int, raw: bytes, one: dict, error: BaseException) -> None:
    """Keep the first input of a kind, told apart by the error and the line that raised it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "tariffimpact" in f.filename]
    last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    kind = f"{type(error).__name__} at {Path(last.filename).name}:{last.name}"
    if kind in one["kinds"]:
        one["kinds"][kind] += 1
        return
    one["kinds"][kind] = 1
    _save(name, number, raw, "".join(traceback.format_exception(error))[-6000:])
    print(f"BROKEN {name} {number}: {kind}: {str(error)[:200]!r}", flush=True)


def _save(name: str, number: int, raw: bytes, words: str) -> None:
    from hardening.readers import FOUND, folder_name

    kept, told_in = FOUND / folder_name(name), CORPUS / "broken" / folder_name(name)
    for folder in (kept, told_in):
        folder.mkdir(parents=True, exist_ok=True)
    (kept / f"spoilt-{number}").write_bytes(raw)
    (told_in / str(number)).write_text(words, encoding="utf-8", errors="backslashreplace")


def _died(code: int) -> None:
    """Note the input of which a process died, and go on with the next."""
    name, number, *_ = (CORPUS / "turn").read_text(encoding="utf-8").split("\n")
    state = _state()
    one = state.setdefault(name, _new())
    done = int(number) + 1 - one["next"]
    one["next"], one["inputs"] = int(number) + 1, one["inputs"] + max(done, 1)
    one["broken"] += 1
    kind = f"process ended with {code}"
    one["kinds"][kind] = one["kinds"].get(kind, 0) + 1
    _keep(state)
    _save(name, int(number), spoilt_input(name, int(number)), kind)
    print(f"BROKEN {name} {number}: {kind}", flush=True)


def left_broken() -> int:
    """Read the kept inputs again, each in a process of its own; return how many break a reader.

    Where none does, the kinds found so far are taken for mended: the next of a kind is kept anew.
    """
    from hardening.readers import FOUND, folder_name, outcome, parquet_readers, readers

    every = {folder_name(name): r for name, r in (readers() | parquet_readers()).items()}
    left = 0
    for path in sorted(path for path in FOUND.rglob("*") if path.is_file()):
        child = os.fork()
        if child == 0:
            signal.setitimer(signal.ITIMER_PROF, SLOWEST)
            code = 1
            try:
                outcome(every[path.parent.name], path.read_bytes())
                code = 0
            except BaseException as error:  # noqa: BLE001
                print(f"still broken: {path}: {error!r:.200}", flush=True)
            finally:
                os._exit(code)
        left += os.waitpid(child, 0)[1] != 0
    print(f"{left} of the kept inputs still break their reader")
    state = {} if left else _state()
    for one in state.values():
        one.setdefault("mended", {}).update(one["kinds"])
        one["kinds"] = {}
    if state:
        _keep(state)
    return left


if __name__ == "__main__":
    if sys.argv[1] == "--work":
        sys.exit(work(*sys.argv[2:]))
    if sys.argv[1] == "--again":
        sys.exit(left_broken() > 0)
    sys.exit(main(*sys.argv[1:]))
