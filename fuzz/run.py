"""Fuzz every reader for some seconds; inputs that break one are kept, and the exit code is 1.

`python fuzz/run.py SECONDS [NAME …]` keeps what each run learnt in `fuzz/corpus/`, and each input
that breaks a reader in `tests/hardening/found/NAME/`, where `make test` reads it from then on.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests"))

from hardening.hostile import TOKENS  # noqa: E402
from hardening.readers import FOUND, folder_name, parquet_readers, readers  # noqa: E402

MEGABYTES, SLOWEST, LONGEST = 2048, 20, 50_000
"""Limits of one input: memory, seconds, bytes."""


def main(seconds: str, *names: str) -> int:
    """Run the readers one after the other; return how many were broken."""
    dictionary = HERE / "corpus" / "tokens.dict"
    dictionary.parent.mkdir(exist_ok=True)
    dictionary.write_text("".join(f'"{_escaped(token)}"\n' for token in TOKENS), encoding="ascii")
    every = readers() | parquet_readers()
    broken = 0
    for name in names or every:
        corpus, kept = HERE / "corpus" / folder_name(name), FOUND / folder_name(name)
        for folder in (corpus, kept):
            folder.mkdir(parents=True, exist_ok=True)
        for place, seed in enumerate(every[name].seeds):
            (corpus / f"seed-{place}").write_bytes(seed)
        print(f"== {name}", flush=True)
        code = subprocess.run(
            [
                sys.executable, HERE / "fuzz_reader.py", name, corpus, kept,
                f"-max_total_time={seconds}", f"-artifact_prefix={kept}/", f"-dict={dictionary}",
                f"-rss_limit_mb={MEGABYTES}", f"-timeout={SLOWEST}", f"-max_len={LONGEST}",
                "-verbosity=0", "-print_final_stats=1",
            ],
            check=False,
        ).returncode  # fmt: skip
        broken += code != 0
        if not any(kept.iterdir()):
            kept.rmdir()
    return broken


def _escaped(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


if __name__ == "__main__":
    sys.exit(min(main(*sys.argv[1:]), 1))
