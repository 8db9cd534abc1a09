"""A compiled schedule: what each scope pays under each authority, window by window.

Rules over lists of goods and groups of countries have become rows over single codes and countries.
Two rows of one authority and role never meet on a scope and a day, so whoever joins lines to them
finds one at most. The rows and what they refer to are one parquet file, sorted by code so that the
rows of one product can be read alone, and sealed: a byte that changed is told.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.answers import Answer
from tariffimpact.errors import DataError, Fault, ModelError, require, shortened
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.axes import Axes

FORMAT: Final = 4
_METADATA: Final = b"tariffimpact"
_SEAL: Final = b"tariffimpact-sha256"
_BLANK: Final = b"0" * 64
_REMEDY: Final = "build it with: tariffimpact schedule build"

DUTY: Final = "duty"
WAIVER: Final = "waiver"
EXEMPTION: Final = "exemption"
PREFERENCE: Final = "preference"
UNPAID: Final = "not charged"
"""What a row is: a duty, a waiver of a share of one, an exemption that takes goods out of one, a
preference (a waiver of which the most specific scope decides), or a duty that was announced and
never charged."""
FREEING: Final = (WAIVER, EXEMPTION, PREFERENCE)
WEIGHED: Final = (WAIVER, EXEMPTION)
"""What the weight of the metal may decide."""


@dataclass(frozen=True, slots=True)
class Window:
    """What one rule says about one scope from one day up to, not including, another."""

    hts: str
    """HTS code of 8 or 10 digits; blank for every product."""
    origin: str
    """ISO alpha-3; blank for every origin."""
    authority: str
    """For what frees of a duty, the authority whose duty it is."""
    role: str
    kind: str
    base: str
    low: float
    high: float
    specific_low: float
    specific_high: float
    specific_unit: str
    displaced_by: str
    """Authorities, parted by `|`."""
    replaces: str
    """Authorities, parted by `|`."""
    component_id: str
    listed_digits: int
    """Under how many digits the list has the code: 0 where the rule is for every product."""
    starts_on: date
    ends_on: date


COLUMNS: Final = tuple(f.name for f in dataclasses.fields(Window))


@dataclass(frozen=True, repr=False)
class CompiledSchedule(Answer):
    """A schedule: its rows and what they refer to."""

    frame: pd.DataFrame
    """One row per scope, window and component: the fields of `Window`."""
    manifest: dict[str, Any]
    """Components, sources, authorities, coverage, metal shares."""

    @property
    def data(self) -> str:
        """The version of the data it was compiled with."""
        return str(self.manifest.get("data", "unnamed"))

    @property
    def starts_on(self) -> date:
        """First day it knows."""
        return date.fromisoformat(self.manifest["starts_on"])

    @property
    def sources_end_on(self) -> date:
        """First day its sources say nothing of: later answers carry a warning."""
        return date.fromisoformat(self.manifest["sources_end_on"])

    def day_warnings(self, on: date) -> list[str]:
        """Return what stands between any answer for a day and the law of the day."""
        return day_warnings(on, self.sources_end_on)

    def summary(self) -> str:
        """Return what the schedule covers in a sentence."""
        codes = self.manifest["codes"]
        return (
            f"{len(self.frame):,} rows over {codes['eight_digits']:,} tariff lines and "
            f"{codes['ten_digits']:,} statistical lines set apart, from {self.starts_on}; its "
            f"sources end before {self.sources_end_on}; {len(self.manifest['components'])} rules."
        )

    def credit(self) -> str:
        """Return the three publishers on whom most of the components rest."""
        sources, components = self.manifest["sources"], self.manifest["components"]
        named = Counter(sources[part["source_id"]]["publisher"] for part in components.values())
        return ", ".join(name for name, _ in named.most_common(3))

    def papers(
        self,
        codes: Iterable[str],
        origins: Iterable[str],
        first: date,
        last: date,
        *,
        authorities: Collection[str],
    ) -> pd.DataFrame:
        """Return the papers behind the duties of some authorities that bear on goods.

        Parameters
        ----------
        codes, origins
            Codes of the goods, 8 or 10 digits; where they are from, ISO 3166-1 alpha-3.
        first, last
            The first day and the last, both included.

        Returns
        -------
        pandas.DataFrame
            One row a duty: `authority`, `duty`, `heading`, `paper`, `published_on`, `address`.
        """
        import pandas as pd

        rows = self.of_codes(codes).frame
        bearing = rows[
            rows["authority"].isin(list(authorities))
            & rows["origin"].isin(["", *origins])
            & (rows["role"] == DUTY)
            & (rows["starts_on"] <= pd.Timestamp(last))
            & (rows["ends_on"] > pd.Timestamp(first))
        ]
        order = self.manifest["authorities"].index
        parts = [self.manifest["components"][name] for name in bearing["component_id"].unique()]
        parts.sort(key=lambda part: (order(part["authority"]), part["name"]))
        sources = [self.manifest["sources"][part["source_id"]] for part in parts]
        told = {
            "authority": [part["authority"] for part in parts],
            "duty": [part["name"] for part in parts],
            "heading": [part["heading"] for part in parts],
            "paper": [f"{source['publisher']}: {source['title']}" for source in sources],
            "published_on": [source["published_on"] for source in sources],
            "address": [source["url"] or "" for source in sources],
        }
        return pd.DataFrame(told).drop_duplicates(ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows."""
        return self.frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the lowest and the highest rate that each authority charges on any line and day.

        A line whose own words set no upper end, such as a duty by the jewel, is left out.
        """
        import numpy as np

        from tariffimpact import charts

        frame = self.frame
        told = frame[(frame["role"] == DUTY) & np.isfinite(frame["high"])]
        ends = told.groupby("authority").agg(low=("low", "min"), high=("high", "max"))
        named = [name for name in self.manifest["authorities"] if name in ends.index]
        bars = ends.loc[named].rename_axis("label").reset_index()
        return charts.range_bars(
            bars, form="percent", x_label="Stated rate, lowest to highest", source=self.credit(),
            ax=ax,
        )  # fmt: skip

    def explain(self) -> str:
        """Return the summary, and of each authority its rules, its days and its sources."""
        return "\n".join([self.summary(), *map(self._told_of, self.manifest["authorities"])])

    def _told_of(self, authority: str) -> str:
        rows = self.frame[(self.frame["authority"] == authority) & (self.frame["role"] == DUTY)]
        parts = [self.manifest["components"][name] for name in rows["component_id"].unique()]
        cited = sorted({part["source_id"] for part in parts})
        standing = sorted({part["status"].replace("_", " ") for part in parts})
        if rows.empty:
            return f"  {authority}: nothing charged on the days it knows"
        day = rows["starts_on"].min().date()
        number = f"{len(parts):,} rules" if len(parts) > 1 else "1 rule"
        return (
            f"  {authority}: {number} from {day} ({', '.join(standing)}); "
            f"sources: {', '.join(cited)}"
        )

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims that decide something in it."""
        return known_claims(self.manifest)

    def checked_claims(self, claims: Mapping[str, float]) -> dict[str, float]:
        """Return claims as the schedule names them and what is presumed; see `checked_claims`."""
        return checked_claims(claims, self.manifest)

    def change_days(self) -> list[date]:
        """Return the first day and every day on which a duty or an exemption changes."""
        columns = (self.frame["starts_on"], self.frame["ends_on"])
        edges = {day.date() for column in columns for day in column.drop_duplicates()}
        end = self.sources_end_on
        return sorted({self.starts_on, *(day for day in edges if self.starts_on < day < end)})

    def of_codes(self, codes: Iterable[str]) -> CompiledSchedule:
        """Return the schedule of some codes alone, and of what is charged on every product."""
        wanted = {"", *codes}
        wanted |= {code[:8] for code in wanted}
        rows = self.frame["hts"].isin(wanted)
        return CompiledSchedule(self.frame[rows].reset_index(drop=True), self.manifest)

    @cached_property
    def _by_code(self) -> dict[str, Any]:
        indices: Any = self.frame.groupby("hts", sort=True).indices
        return dict(indices)

    def rows_of(self, code: str) -> list[Window]:
        """Return the rows of one code; a blank code for those of every product."""
        places = self._by_code.get(code, ())
        return [Window(*(column[place] for column in self._columns)) for place in places]

    @cached_property
    def _columns(self) -> list[list[Any]]:
        """The fields of the rows, days as dates: a row is sooner picked from them than a frame."""
        days = ("starts_on", "ends_on")
        return [
            [day.date() for day in self.frame[name]] if name in days else self.frame[name].tolist()
            for name in COLUMNS
        ]

    @cached_property
    def _codes(self) -> list[str]:
        return sorted(code for code in self._by_code if code)

    def codes_under(self, prefix: str) -> list[str]:
        """Return the codes that start with some digits, in order."""
        codes = self._codes
        return codes[bisect_left(codes, prefix) : bisect_left(codes, prefix + ":")]

    def joined(
        self, windows: list[Window], components: dict[str, Any], sources: dict[str, Any]
    ) -> CompiledSchedule:
        """Return the schedule with further rows, which take the place of its own on their days."""
        import pandas as pd

        if not windows:
            return self
        own = window_frame(windows)
        frame = pd.concat([_cut(self.frame, own[own["role"] != UNPAID]), own], ignore_index=True)
        told = self.manifest
        named = [*told["authorities"], *(w.authority for w in windows)]
        return CompiledSchedule(frame, told | {
            "authorities": list(dict.fromkeys(named)),
            "components": told["components"] | components,
            "sources": told["sources"] | sources,
        })  # fmt: skip

    def as_bytes(self) -> bytes:
        """Return the schedule as a parquet file, the same bytes for the same content."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        ordered = self.frame.sort_values(["hts", "origin", "authority", "role", "starts_on"])
        table = pa.Table.from_pandas(ordered, preserve_index=False)
        told = {_METADATA: json.dumps(self.manifest, sort_keys=True).encode(), _SEAL: _BLANK}
        buffer = io.BytesIO()
        plain = table.replace_schema_metadata()
        with pq.ParquetWriter(
            buffer, plain.schema, compression="zstd", compression_level=19, store_schema=False
        ) as writer:
            writer.write_table(plain, row_group_size=16_384)
            writer.add_key_value_metadata(told)
        written = buffer.getvalue()
        return written.replace(_BLANK, hashlib.sha256(written).hexdigest().encode(), 1)


def _cut(frame: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Return rows without the days on which rows of the same scope and authority stand."""
    keys = ["hts", "origin", "authority", "role"]
    row: Any
    for row in own.itertuples():
        same = (frame[keys] == [getattr(row, key) for key in keys]).all(axis=1)
        met = same & (frame["starts_on"] < row.ends_on) & (frame["ends_on"] > row.starts_on)
        if met.any():
            import pandas as pd

            before = frame[met & (frame["starts_on"] < row.starts_on)].assign(ends_on=row.starts_on)
            after = frame[met & (frame["ends_on"] > row.ends_on)].assign(starts_on=row.ends_on)
            frame = pd.concat([frame[~met], before, after], ignore_index=True)
    return frame


def day_warnings(on: date, sources_end_on: date) -> list[str]:
    """Return the warning that sources which end before a day do not speak for it."""
    last = sources_end_on - timedelta(days=1)
    told = f"The sources of this schedule end on {last}: what changed since is not in it."
    return [told] if on > last else []


def known_claims(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the claims that decide something in a schedule."""
    told = manifest["components"].values()
    return tuple(sorted({part["claim"] for part in told if part["claim"]}))


def checked_claims(claims: Mapping[str, float], manifest: Mapping[str, Any]) -> dict[str, float]:
    """Return claims by the names of a schedule: `car parts` and `CARPARTS` are `CAR PARTS`.

    A claim that the schedule presumes not to be made counts as such where it is not named.

    Raises
    ------
    ModelError
        If one is not known to the schedule, or no share.
    """
    names = known_claims(manifest)
    known = {_squeezed(name): name for name in names}
    told = manifest.get("claims", {})
    checked = {name: 0.0 for name in names if told.get(name, {}).get("presumed") == "no"}
    for name, share in claims.items():
        if _squeezed(name) not in known:
            near = get_close_matches(_squeezed(name), known, n=1, cutoff=0.5)
            meant = f"; did you mean {known[near[0]]}?" if near else ""
            listed = ", ".join(names)
            raise ModelError(f"no duty depends on the claim {name}{meant} (claims: {listed})")
        require(0 <= share <= 1, f"the share of a claim is between 0 and 1 (got {name} {share})")
        checked[known[_squeezed(name)]] = share
    return checked


def weighed_claims(weight: Interval, manifest: Mapping[str, Any]) -> dict[str, float]:
    """Return the claims that the share of the weight which is metal decides, 1 or 0."""
    told: dict[str, float] = {}
    for name, claim in manifest.get("claims", {}).items():
        limit = claim.get("weight_under")
        if limit is not None and weight.high < limit:
            told[name] = 1.0
        elif limit is not None and weight.low >= limit:
            told[name] = 0.0
    return told


def _squeezed(name: str) -> str:
    """Return a claim's name without what people write differently."""
    return "".join(letter for letter in name.upper() if letter.isalnum())


class ScheduleFile:
    """A file of a compiled schedule, its seal checked: read whole, or a product at a time.

    Raises
    ------
    DataError
        Naming the file and what is wrong with it.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        self._codes_of: dict[int, list[str]] = {}
        try:
            content = path.read_bytes()
        except OSError as error:
            what = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
            raise self._fault(what) from None
        try:
            self._file = pq.ParquetFile(pa.BufferReader(content))
            metadata = self._file.metadata.metadata or {}
            told = json.loads(metadata.get(_METADATA, b"{}"))
        except (OSError, ValueError, pa.ArrowException) as error:
            raise self._fault(
                f"is not a readable parquet file: {shortened(str(error), 120)}"
            ) from None
        self.manifest: dict[str, Any] = told if isinstance(told, dict) else {}
        columns = tuple(self._file.schema_arrow.names)
        if self.manifest.get("format") != FORMAT or columns != COLUMNS:
            raise self._fault("is not a compiled schedule of this version")
        seal = metadata.get(_SEAL, b"")
        if hashlib.sha256(content.replace(seal, _BLANK, 1)).hexdigest().encode() != seal:
            raise self._fault("has changed since it was built: its checksum does not fit")

    def _fault(self, what: str) -> DataError:
        return DataError([Fault(str(self.path), what, _REMEDY)])

    def read(self) -> CompiledSchedule:
        """Return the whole schedule."""
        table = self._file.read()
        frame = table.to_pandas(date_as_object=False)
        faults = _clashes(self.path, frame)
        if faults:
            raise DataError(faults)
        return CompiledSchedule(frame, self.manifest)

    def codes_under(self, prefix: str) -> list[str]:
        """Return the codes that start with some digits, in order."""
        found: set[str] = set()
        for group in self._groups(prefix, prefix + ":"):
            codes = self._codes(group)
            start, end = bisect_left(codes, prefix), bisect_left(codes, prefix + ":")
            found |= set(codes[start:end])
        return sorted(found)

    def rows_of(self, code: str) -> list[Window]:
        """Return the rows of one code; a blank code for those of every product."""
        rows: list[Window] = []
        for group in self._groups(code, code):
            codes = self._codes(group)
            start, end = bisect_left(codes, code), bisect_right(codes, code)
            if start < end:
                table = self._file.read_row_group(group, use_threads=False).slice(
                    start, end - start
                )
                columns = [_values(table.column(name)) for name in COLUMNS]
                rows += [Window(*row) for row in zip(*columns, strict=True)]
        return rows

    def _read(self, group: int, columns: list[str] | None = None) -> pa.Table:
        """Return a group of rows, read on this thread: others may outlive a short command."""
        return self._file.read_row_group(group, columns=columns, use_threads=False)

    def _codes(self, group: int) -> list[str]:
        """Return the codes of a group of rows, which are in order."""
        if group not in self._codes_of:
            column = self._file.read_row_group(group, columns=["hts"], use_threads=False).column(
                "hts"
            )
            self._codes_of[group] = column.to_pylist()
        return self._codes_of[group]

    def _groups(self, first: str, last: str) -> list[int]:
        """Return the groups of rows that may hold codes from `first` to `last`."""
        return [
            number
            for number, ends in enumerate(self._ends)
            if ends is None or (ends[0] <= last and ends[1] >= first)
        ]

    @cached_property
    def _ends(self) -> list[tuple[str, str] | None]:
        """The least and the greatest code of each group of rows; None where the file says none."""
        place = COLUMNS.index("hts")
        told = [
            self._file.metadata.row_group(number).column(place).statistics
            for number in range(self._file.num_row_groups)
        ]
        return [None if one is None else (one.min, one.max) for one in told]


def _values(column: Any) -> list[Any]:
    """Return a column as Python values, days as dates, without what only frames need."""
    if not str(column.type).startswith("timestamp"):
        values: list[Any] = column.to_pylist()
        return values
    first = date(1970, 1, 1).toordinal()
    stamps = [ms for chunk in column.chunks for ms in chunk.view("int64").to_pylist()]
    return [date.fromordinal(first + ms // 86_400_000) for ms in stamps]


def read_schedule(path: Path) -> CompiledSchedule:
    """Read a compiled schedule whole, refusing a file that is none or is damaged.

    Raises
    ------
    DataError
        Naming the file and what is wrong with it.
    """
    return ScheduleFile(path).read()


def window_frame(windows: list[Window]) -> pd.DataFrame:
    """Return rows as a frame, in an order of their own."""
    import pandas as pd

    windows = sorted(windows, key=lambda w: (w.hts, w.origin, w.authority, w.role, w.starts_on))
    frame = pd.DataFrame({name: [getattr(w, name) for w in windows] for name in COLUMNS})
    for day in ("starts_on", "ends_on"):
        frame[day] = pd.to_datetime(frame[day]).astype("datetime64[ms]")
    return frame


def _clashes(path: Path, frame: pd.DataFrame) -> list[Fault]:
    """Blame rows of a file that meet: a join would count both."""
    keys = ["hts", "origin", "authority", "role"]
    ordered = frame[frame["role"] != UNPAID].sort_values([*keys, "starts_on"])
    same = (ordered[keys] == ordered[keys].shift()).all(axis=1)
    met = ordered[same & (ordered["starts_on"] < ordered["ends_on"].shift())]
    return [_clash(path, row) for row in met.head(20).itertuples()]


def _clash(path: Path, row: Any) -> Fault:
    where = " from ".join(filter(None, (row.hts or "every product", row.origin)))
    what = f"the window of {row.component_id} overlaps another of {row.authority} on {where}"
    day = str(row.starts_on)[:10]
    return Fault(f"{path}: row {row.Index + 1}", what, "build the schedule again", "starts_on", day)
