"""Look for an input that breaks one reader, led by which lines of the code each input reaches.

Called by `make fuzz`, for every reader; one alone: `.venv-fuzz/bin/python fuzz/fuzz_reader.py case
fuzz/corpus/case -max_total_time=600`. The arguments after the name are libFuzzer's.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

with atheris.instrument_imports(include=["tariffimpact", "tomllib", "csv"]):
    from hardening.readers import outcome, parquet_readers, readers

    found = readers() if sys.argv[1] in readers() else parquet_readers()
    reader = found[sys.argv[1]]
    for seed in reader.seeds:  # the modules that only reading imports, instrumented too
        outcome(reader, seed)


def test_one_input(raw):
    """Read the input; an exception that is no answer to a user ends the run."""
    outcome(reader, raw)


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], test_one_input)
    atheris.Fuzz()
