"""Import lines: what a file of them must hold, checked before a line is charged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.codes import EUROPEAN_UNION, UNION_MEMBER
from tariffimpact.errors import DataError, Fault, shortened
from tariffimpact.facts.partners import CENSUS_CODES

if TYPE_CHECKING:
    import pandas as pd

LINES: Final = ("hts", "origin", "entered_on", "customs_value")
"""Columns of import lines; `MEASURED` and any others to group by may follow."""
SHARES: Final = {"metal_low": 0.0, "metal_high": 1.0, "weight_low": 0.0, "weight_high": 1.0}
"""Bounds of the metal's share of the value and of the weight, and where they lie if unknown."""
MEASURED: Final = ("duty", *SHARES, "quantity", "rate", "claims")
"""Optional columns: duty paid in US dollars, the bounds of the metal's shares, the quantity a duty
per unit is on, the rate of a line where it is known, and what is claimed for it."""
_CODE: Final = r"^\d{8}(\d\d)?$"
_REMEDY: Final = "correct or leave out these rows"


def check_lines(path: Path, needed: Sequence[str] = LINES) -> None:
    """Refuse a file of import lines that is damaged, lacks columns or holds bad cells.

    Read a million rows at a time, whatever the size of the file.

    Parameters
    ----------
    path
        Parquet file.
    needed
        Columns it must have, of `LINES`.

    Raises
    ------
    DataError
        With every fault: columns, and for each kind of bad cell how many and the first.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, pre_buffer=False)  # which would keep all it has read
        faults = list(_schema_faults(path, file.schema_arrow, needed))
        if not faults and not file.metadata.num_rows:
            faults.append(Fault(str(path), "has no rows", "write the import lines to it"))
        faults = faults or list(_cell_faults(path, file))
    except (OSError, ValueError, pa.ArrowException) as error:
        what = f"is not a readable parquet file: {shortened(str(error), 120)}"
        raise DataError([Fault(str(path), what, "write it again")]) from None
    if faults:
        raise DataError(faults)


def _schema_faults(path: Path, schema: Any, needed: Sequence[str]) -> Iterator[Fault]:
    import pyarrow as pa

    kinds = pa.types
    for name in (*needed, *MEASURED):
        place = schema.get_all_field_indices(name)
        if not place and name in needed:
            yield Fault(str(path), "column is missing", f"needed: {', '.join(needed)}", name)
        if len(place) > 1:
            yield Fault(str(path), "column stands twice", "keep one of them", name)
        if len(place) != 1:
            continue
        kind = schema.field(name).type
        text = kinds.is_string(kind) or kinds.is_large_string(kind)
        if name == "hts" and not text:
            what = f"is {kind} and not text: leading zeros are lost"
            yield Fault(str(path), what, "write the codes as text of 10 digits", name)
        elif name == "origin" and not text:
            yield Fault(str(path), f"is {kind} and not text", "write CHN, VNM, JPN", name)
        elif name == "entered_on" and not (kinds.is_date(kind) or kinds.is_timestamp(kind)):
            yield Fault(str(path), f"is {kind} and not a date", "write the column as dates", name)
        elif name == "claims" and not text:
            yield Fault(str(path), f"is {kind} and not text", "write USMCA, or USMCA=90%", name)
        elif (
            name in ("customs_value", *MEASURED)
            and name != "claims"
            and not (kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind))
        ):
            yield Fault(str(path), f"is {kind} and not a number", "write it as numbers", name)


def _cell_faults(path: Path, file: Any) -> Iterator[Fault]:
    """Yield, for each kind of bad cell, the first with the number of them."""
    tests = {name: test for name, test in _tests().items() if name in file.schema_arrow.names}
    found: dict[str, tuple[int, int, str]] = {}
    start = 1
    for batch in file.iter_batches(batch_size=1_000_000, columns=list(tests)):
        batch.validate(full=True)  # a text need not be UTF-8 before
        for name, (_, bad) in tests.items():
            count, first = bad(batch[name])
            if count:
                held = found.get(name, (0, start + first, str(batch[name][first].as_py())))
                found[name] = (held[0] + count, *held[1:])
        start += len(batch)
    for name, (count, row, got) in found.items():
        many = "this row" if count == 1 else f"{count:,} rows"
        what = f"is {tests[name][0]}, as in {many}"
        yield Fault(f"{path}: row {row}", what, _REMEDY, name, got)


def _tests() -> dict[str, tuple[str, Callable[[Any], tuple[int, int]]]]:
    """Return what is wrong with a column's bad cells, and how to count and find them."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pycountry

    known = pa.array([c.alpha_3 for c in pycountry.countries if c.alpha_3 != "USA"])

    def located(good: Any) -> tuple[int, int]:
        bad = pc.invert(pc.fill_null(good, False))
        return int(pc.sum(bad).as_py() or 0), int(pc.index(bad, True).as_py())

    def between(low: float, high: float, *, blank: bool) -> Callable[[Any], tuple[int, int]]:
        def test(column: Any) -> tuple[int, int]:
            number = column.cast(pa.float64(), safe=False)
            inside = pc.and_(pc.greater_equal(number, low), pc.less_equal(number, high))
            return located(pc.fill_null(inside, True) if blank else inside)

        return test

    most = 1e18  # above it lies infinity, and no sum of dollars
    share = ("not between 0 and 1", between(0.0, 1.0, blank=True))
    return {
        "hts": ("not 8 or 10 digits", lambda c: located(pc.match_substring_regex(c, _CODE))),
        "origin": (
            "not an ISO alpha-3 code of a country of origin",
            lambda c: located(pc.is_in(c, value_set=known.cast(c.type))),
        ),
        "entered_on": ("blank", lambda c: located(pc.is_valid(c))),
        "customs_value": ("negative, blank or no number", between(0.0, most, blank=False)),
        "duty": ("negative or no number", between(0.0, most, blank=True)),
        "quantity": ("negative or no number", between(0.0, most, blank=True)),
        "rate": ("not between 0 and 10", between(0.0, 10.0, blank=True)),
        **dict.fromkeys(SHARES, share),
    }


# statistics of the Census Bureau

_CENSUS: Final = ("HS10", "CTY_CODE", "imports", "duty")
UNION: Final = "0003"
"""Census code of the European Union, which is one partner."""


def read_census_imports(folder: Path, pattern: str = "*-imports*.parquet") -> pd.DataFrame:
    """Read import statistics by HTS10 and partner, one parquet file a partner.

    Parameters
    ----------
    folder
        Folder of the files; each has `HS10`, `CTY_CODE`, `imports` and `duty` (US dollars).
    pattern
        Which of its files.

    Returns
    -------
    DataFrame
        `hts`, `partner` (ISO alpha-3, `EU`), `origin` (the code the schedule charges), and
        `customs_value`, `duty` in US dollars. A member state that is also in `EU` is left out.

    Raises
    ------
    DataError
        Naming every file that is damaged or lacks a column, and every unknown partner.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    text, number = pa.string(), pa.float64()
    kinds = pa.schema(list(zip(_CENSUS, (text, text, number, number), strict=True)))
    frames, faults = [], []
    for path in sorted(folder.glob(pattern)):
        try:
            table = pq.read_table(path, columns=list(_CENSUS)).select(list(_CENSUS)).cast(kinds)
            table.validate(full=True)  # a text need not be UTF-8 before
            frames.append(table.to_pandas(ignore_metadata=True))
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            what = f"is not readable as import statistics: {shortened(str(error), 120)}"
            faults.append(Fault(str(path), what, f"it needs the columns {', '.join(_CENSUS)}"))
    if not frames and not faults:
        faults.append(Fault(str(folder), f"holds no file {pattern}", "name another folder"))
    if faults:
        raise DataError(faults)
    frame = pd.concat(frames, ignore_index=True)
    partner = frame["CTY_CODE"].map({**CENSUS_CODES, UNION: EUROPEAN_UNION})
    strange = sorted(set(frame.loc[partner.isna(), "CTY_CODE"].map(str)))
    if strange:
        what, remedy = "has a partner without ISO code", "leave its file out"
        raise DataError(Fault(str(folder), what, remedy, "CTY_CODE", code) for code in strange)
    read = pd.DataFrame(
        {
            "hts": frame["HS10"],
            "partner": partner,
            "origin": partner.replace("EU", UNION_MEMBER),
            "customs_value": frame["imports"].astype("float64"),
            "duty": frame["duty"].astype("float64"),
        }
    )
    if (read["partner"] == "EU").any():  # a member that has a file of its own would count twice
        read = read[read["partner"] != "SVK"].reset_index(drop=True)
    return read
