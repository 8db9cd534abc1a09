"""What a file of import lines must hold, checked before a line is charged."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tariffimpact.errors import DataError, Fault

LINES: Final = ("hts", "origin", "entered_on", "customs_value")
"""Columns of import lines; `duty` and any others to group by may follow."""
_CODE: Final = r"^\d{8}(\d\d)?$"
_ISO: Final = r"^[A-Z]{3}$"


def check_lines(path: Path) -> None:
    """Refuse a file of import lines that is damaged, lacks columns or holds bad cells.

    Raises
    ------
    DataError
        With every fault: columns, and for each kind of bad cell how many and an example.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
    except (OSError, pa.ArrowException) as error:
        what = f"is not a readable parquet file: {str(error).splitlines()[0][:120]}"
        raise DataError([Fault(str(path), what, "write it again")]) from None
    missing = [name for name in LINES if name not in names]
    faults = [
        Fault(str(path), "column is missing", f"needed: {', '.join(LINES)}", n) for n in missing
    ]
    if not missing:
        kind = file.schema_arrow.field("hts").type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            faults.append(Fault(str(path), f"is {kind} and not text: leading zeros are lost",
                                "write the codes as text of 10 digits", "hts"))  # fmt: skip
    if faults:
        raise DataError(faults)
    tests: dict[str, tuple[str, Any]] = {
        "hts": ("not 8 or 10 digits", lambda c: pc.invert(pc.match_substring_regex(c, _CODE))),
        "origin": (
            "not an ISO alpha-3 code",
            lambda c: pc.invert(pc.match_substring_regex(c, _ISO)),
        ),
        "customs_value": ("negative or blank", lambda c: pc.fill_null(pc.less(c, 0), True)),
    }
    found: dict[str, tuple[int, int, str]] = {}
    start = 1
    for batch in file.iter_batches(batch_size=1_000_000, columns=list(tests)):
        for name, (_, bad) in tests.items():
            mask = pc.fill_null(bad(batch[name]), True)
            count = int(pc.sum(mask).as_py() or 0)
            if count:
                first = pc.index(mask, True).as_py()
                held = found.get(name, (0, start + first, str(batch[name][first].as_py())))
                found[name] = (held[0] + count, *held[1:])
        start += len(batch)
    if found:
        raise DataError(
            Fault(f"{path}: row {row}", f"is {tests[name][0]}, as in {count:,} rows",
                  "correct or leave out these rows", name, got)
            for name, (count, row, got) in found.items()
        )  # fmt: skip
