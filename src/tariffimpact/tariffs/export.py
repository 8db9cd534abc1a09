"""The rate of every line from some origins on one day, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from tariffimpact.tariffs.engines import engine
from tariffimpact.tariffs.layers import schedule_layers
from tariffimpact.tariffs.stacking import MFN
from tariffimpact.tariffs.windows import DUTY, CompiledSchedule

if TYPE_CHECKING:
    import pandas as pd


def day_rates(
    compiled: CompiledSchedule,
    on: date,
    origins: Iterable[str],
    *,
    claims: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return the rate of every line from some origins on a day.

    Parameters
    ----------
    compiled
        The schedule.
    on
        The day of entry.
    origins
        ISO alpha-3 codes.
    claims
        Share of a duty that a claim frees, by claim.

    Returns
    -------
    DataFrame
        One row a line and origin: `hts`, `origin`, `rate_low`, `rate_high` (fractions of the
        customs value), `specific_usd_low`, `specific_usd_high` (US dollars per `specific_unit`),
        and `low` and `high` of each authority's part.
    """
    import pandas as pd

    frame = compiled.frame
    day = pd.Timestamp(on)
    stands = (frame["starts_on"] <= day) & (frame["ends_on"] > day)
    general = frame[stands & (frame["authority"] == MFN) & (frame["role"] == DUTY)]
    codes = sorted(set(general["hts"]) - {""})
    lines = pd.DataFrame([(c, o) for o in origins for c in codes], columns=["hts", "origin"])
    lines = lines.assign(entered_on=day, metal_low=0.0, metal_high=1.0)
    layers = schedule_layers(compiled, claims=claims)
    with engine(layers) as running:
        found = running.charge_frame(lines)
    told = found[["hts", "origin", "rate_low", "rate_high"]].copy()
    for end in ("low", "high"):
        told[f"specific_usd_{end}"] = found[f"specific_{end}"]
    told["specific_unit"] = found["specific_unit"]
    for i, authority in enumerate(layers.authorities):
        for end in ("low", "high"):
            part = found[f"part_{i}_{end}"]
            if (found[[f"part_{i}_low", f"part_{i}_high"]] != 0).any(axis=None):
                told[f"{authority} {end}"] = part
    return told


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as a parquet file."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), buffer, compression="zstd")
    return buffer.getvalue()
