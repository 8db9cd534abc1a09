"""US import statistics by product and partner, as the Census Bureau gives them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from tariffimpact.codes import UNION_MEMBER
from tariffimpact.errors import DataError, Fault, shortened

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS: Final = ("HS10", "CTY_CODE", "imports", "duty")
PARTNERS: Final[dict[str, str]] = dict(
    pair.split(":")
    for pair in [
        "0003:EU",
        "1220:CAN",
        "2010:MEX",
        "2050:GTM",
        "2110:SLV",
        "2150:HND",
        "2190:NIC",
        "2230:CRI",
        "2470:DOM",
        "2740:TTO",
        "3010:COL",
        "3070:VEN",
        "3310:ECU",
        "3330:PER",
        "3370:CHL",
        "3510:BRA",
        "3550:URY",
        "3570:ARG",
        "4039:NOR",
        "4120:GBR",
        "4359:SVK",
        "4419:CHE",
        "4621:RUS",
        "4890:TUR",
        "5050:IRQ",
        "5081:ISR",
        "5130:KWT",
        "5170:SAU",
        "5200:ARE",
        "5330:IND",
        "5350:PAK",
        "5380:BGD",
        "5420:LKA",
        "5490:THA",
        "5520:VNM",
        "5550:KHM",
        "5570:MYS",
        "5590:SGP",
        "5600:IDN",
        "5650:PHL",
        "5700:CHN",
        "5800:KOR",
        "5820:HKG",
        "5830:TWN",
        "5880:JPN",
        "6021:AUS",
        "6141:NZL",
        "7210:DZA",
        "7290:EGY",
        "7530:NGA",
        "7620:AGO",
        "7910:ZAF",
        "2360:BHS",
        "5250:BHR",
        "3120:GUY",
        "5110:JOR",
        "4634:KAZ",
        "7250:LBY",
        "7140:MAR",
        "5230:OMN",
        "5180:QAT",
    ]
)
"""Census code of a partner to its ISO alpha-3 code; the European Union is one partner, `EU`."""


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
    kinds = pa.schema(list(zip(_COLUMNS, (text, text, number, number), strict=True)))
    frames, faults = [], []
    for path in sorted(folder.glob(pattern)):
        try:
            table = pq.read_table(path, columns=list(_COLUMNS)).select(list(_COLUMNS)).cast(kinds)
            table.validate(full=True)  # a text need not be UTF-8 before
            frames.append(table.to_pandas(ignore_metadata=True))
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            what = f"is not readable as import statistics: {shortened(str(error), 120)}"
            faults.append(Fault(str(path), what, f"it needs the columns {', '.join(_COLUMNS)}"))
    if not frames and not faults:
        faults.append(Fault(str(folder), f"holds no file {pattern}", "name another folder"))
    if faults:
        raise DataError(faults)
    frame = pd.concat(frames, ignore_index=True)
    partner = frame["CTY_CODE"].map(PARTNERS)
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
