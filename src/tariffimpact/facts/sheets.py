"""A table as it stands in a file: rows of text, each with the line it starts on.

The one place where a file of rows is opened: CSV, plain or gzipped, or one sheet of an .xlsx
workbook. What the rows mean is told by `tables`, what a cell means by `fields`.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import select
import shutil
import stat
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from tariffimpact.errors import DataError, Fault
from tariffimpact.facts.workbooks import Workbook
from tariffimpact.writing.temporary import open_scratch

SheetRow = tuple[int, list[str]]
"""The line a row starts on, and its cells."""
Encoding = Literal["utf-8", "utf-16", "latin-1", "cp1252"]
ENCODINGS: Final[tuple[Encoding, ...]] = ("utf-8", "utf-16", "latin-1", "cp1252")
"""What `--encoding` may name; UTF-8, and UTF-16 by its mark, are known without."""
SEPARATORS: Final[dict[str, str]] = {
    ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars",
}  # fmt: skip
QUOTES: Final = 'put a cell that holds a comma, a quote or a line break in "double quotes"'
CONTROL: Final = "holds an invisible control character"

_HEAD: Final = 65_536
_LONGEST: Final = 10_000_000
"""Characters of a line: a packed file may hold an endless one."""
_PREAMBLE: Final = 40
"""Rows among which a header is looked for: titles and notes may stand above it."""
_MOST_PIPED: Final = 200_000_000
"""Bytes of a pipe that are copied: it cannot be read twice, and may have no end."""
_PATIENCE: Final = 10
"""Seconds for the first byte of a pipe."""
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_GZIP: Final = b"\x1f\x8b"
_NOT_TABLES: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"PAR1", "is a parquet file", "give a CSV or .xlsx file"),
    (b"\xd0\xcf\x11\xe0", "is a workbook of the old kind (.xls)", "save it as .xlsx, or as CSV"),
    (b"%PDF", "is a PDF", "give a CSV or .xlsx file"),
    (b"{\\rtf", "is a text document", "give a CSV or .xlsx file"),
)


def opened(path: Path) -> BinaryIO:
    """Open a file to be read; a named pipe only if somebody writes to it within some seconds.

    Raises
    ------
    OSError
        As `open` does.
    DataError
        If nobody writes to the pipe.
    """
    if os.name != "posix" or not stat.S_ISFIFO(path.stat().st_mode):
        return path.open("rb")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    ready, _, _ = select.select([descriptor], [], [], _PATIENCE)
    if not ready:
        os.close(descriptor)
        what = f"is a pipe that nobody wrote to in {_PATIENCE:g} seconds"
        raise DataError(
            [Fault(str(path), what, "start the program that writes to it, or name a file")]
        )
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb")


class Sheet:
    """The rows of one file, read from the start as often as asked.

    Parameters
    ----------
    path
        A CSV file in UTF-8 or, with its mark, UTF-16; the same gzipped; or an .xlsx workbook.
    encoding
        `latin-1` or `cp1252` for a CSV that is written so: never guessed.
    name
        Sheet of a workbook; needed where more than one has cells.
    plain
        Whether only CSV in UTF-8 will do: the program's own tables.
    limit
        Bytes of text above which it is the wrong file.
    too_large
        What to do then, in words.

    Raises
    ------
    DataError
        If the file is absent, empty, too large or no table.
    """

    def __init__(
        self, path: Path, *, encoding: str | None = None, name: str | None = None,
        plain: bool = False, limit: int, too_large: str = "check that this is the right file",
    ) -> None:  # fmt: skip
        self.path, self.limit, self.too_large, self.plain = path, limit, too_large, plain
        self._source = path
        self.separator = ","
        self.size, head = self._opened()
        self.bytes_read = 0
        """Bytes of the file read so far, of `size`."""
        self.is_workbook = head.startswith(b"PK") and not plain
        if self.is_workbook:
            if encoding:
                raise self._wrong("is a workbook", "leave out --encoding")
            self.book = Workbook(path, self._source)
            self.name = self.book.sheet(name)
            self.described = f"sheet {self.name}"
        else:
            if name:
                raise self._wrong("is no workbook", "leave out --sheet")
            self.zipped = head.startswith(_GZIP) and not plain
            if self.zipped:
                head = self._unpacked_head()
            self.encoding = self._encoding(head, encoding)
            self.described = f"CSV in {self.encoding.removesuffix('-sig').upper()}"

    def rows(self) -> Iterator[SheetRow]:
        """Yield each row that is not blank, with the line it starts on.

        Raises
        ------
        DataError
            Where the file ends to be readable, or at its limit.
        """
        rows = self._workbook_rows() if self.is_workbook else self._csv_rows()
        return (row for row in rows if any(cell.strip() for cell in row[1]))

    def header(self, fits: Callable[[Sequence[str]], bool]) -> SheetRow:
        """Return the header: the first of the first rows that fits, or else the first of all.

        The separator of a CSV is the one with which a header fits; commas where none does.
        """
        tried = [","] if self.is_workbook or self.plain else list(SEPARATORS)
        first: SheetRow | None = None
        for separator in tried:
            self.separator = separator
            try:
                top = [row for row, _ in zip(self.rows(), range(_PREAMBLE), strict=False)]
            except DataError:
                if separator == ",":
                    raise
                continue
            first = first or (top[0] if top else None)
            for row in top:
                if fits(row[1]):
                    return row
        self.separator = ","
        if first is None:
            raise self._wrong("is empty", "it needs a header row")
        return first

    def write_utf8(self, path: Path) -> None:
        """Write the text again in UTF-8, for a reader that knows nothing else.

        Raises
        ------
        DataError
            If it is not text in its encoding, or cannot be read to its end.
        """
        try:
            with self._text() as (text, _), path.open("w", encoding="utf-8", newline="") as file:
                shutil.copyfileobj(text, file, 1 << 20)
        except UnicodeDecodeError as error:
            raise self._undecodable(error) from None
        except (UnicodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            what = f"cannot be read to its end: {error}"
            raise self._wrong(what, "copy or pack it again, or save it as CSV UTF-8") from None

    def _opened(self) -> tuple[int, bytes]:
        try:
            mode = self.path.stat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                self._source = self._copied()
            size = self._source.stat().st_size
            with self._source.open("rb") as file:
                head = file.read(self.limit + 1 if self.plain and size <= self.limit else _HEAD)
        except FileNotFoundError:
            remedy = "check its name and folder; a table without rows still has its header"
            raise self._wrong("is not there", remedy) from None
        except (OSError, ValueError) as error:
            what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
            raise self._wrong(what, "check the path and permissions") from None
        if size > self.limit:
            raise self._over(size)
        if self.plain and (head.startswith((*_UTF16, *_UTF32)) or b"\0" in head):
            raise self._wrong("is not UTF-8 text (it looks like UTF-16)", "save it as CSV UTF-8")
        self._check_kind(head)
        return size, head

    def _copied(self) -> Path:
        """Return a copy of what cannot be read twice: a pipe."""
        folder, remove = open_scratch()
        weakref.finalize(self, remove)
        path = folder / "copy"
        left = min(self.limit, _MOST_PIPED) + 1
        with opened(self.path) as file, path.open("wb") as copy:
            while left > 0 and (block := file.read(min(left, 1 << 20))):
                copy.write(block)
                left -= len(block)
        if left <= 0:
            raise self._over(min(self.limit, _MOST_PIPED) + 1)
        return path

    def _check_kind(self, head: bytes) -> None:
        for mark, what, remedy in _NOT_TABLES:
            if head.startswith(mark):
                raise self._wrong(what, remedy)
        if head[:512].lstrip().lower().startswith((b"<html", b"<!doctype", b"<?xml")):
            raise self._wrong("is a web page or XML", "save the table itself as CSV or .xlsx")
        if not head.strip():
            raise self._wrong("is empty", "it needs a header row")

    def _wrong(self, what: str, remedy: str, line: int = 0, got: str | None = None) -> DataError:
        where = f"{self.path}:{line}" if line else str(self.path)
        return DataError([Fault(where, what, remedy, got=got)])

    def _over(self, size: int) -> DataError:
        limit = f"{self.limit / 1e6:,.0f} MB"
        return self._wrong(f"is {size / 1e6:,.0f} MB, above the limit of {limit}", self.too_large)

    def _workbook_rows(self) -> Iterator[SheetRow]:
        yield from self.book.rows(self.name)
        self.bytes_read = self.size

    # CSV

    def _unpacked_head(self) -> bytes:
        try:
            with gzip.open(self._source) as file:
                return file.read(_HEAD)
        except (OSError, EOFError, zlib.error) as error:
            raise self._wrong(f"cannot be unpacked: {error}", "make the .gz file again") from None

    def _encoding(self, head: bytes, named: str | None) -> str:
        if named and named not in ENCODINGS:
            raise self._wrong(f"has no encoding {named}", f"name one of {', '.join(ENCODINGS)}")
        if head.startswith(_UTF32):
            raise self._wrong("is UTF-32 text", "save it as CSV UTF-8")
        if head.startswith(_UTF16):
            if named not in (None, "utf-16"):
                raise self._wrong(f"is UTF-16 text and not {named}", "leave out --encoding")
            return "utf-16"
        if head.count(0) > len(head) // 8:
            remedy = "save it as CSV UTF-8"
            raise self._wrong("looks like UTF-16 text without its mark", remedy)
        return "utf-8-sig" if named in (None, "utf-8") else named

    @contextmanager
    def _text(self) -> Iterator[tuple[io.TextIOWrapper, io.RawIOBase]]:
        raw = self._source.open("rb", buffering=0)
        with raw:
            source: Any = gzip.GzipFile(fileobj=raw) if self.zipped else raw
            counted = io.BufferedReader(_Limited(source, self), _HEAD)
            with io.TextIOWrapper(counted, self.encoding, newline="") as text:
                yield text, raw

    def _csv_rows(self) -> Iterator[SheetRow]:
        start = 1
        with self._text() as (text, raw):
            reader = csv.reader(self._lines(text), strict=True, delimiter=self.separator)
            try:
                for cells in reader:
                    if not reader.line_num & 0xFF:
                        self.bytes_read = raw.tell()
                    yield start, cells
                    start = reader.line_num + 1
                self.bytes_read = self.size
            except UnicodeDecodeError as error:
                raise self._undecodable(error) from None
            except UnicodeError as error:
                raise self._wrong(f"is not {self.encoding} text: {error}", "save it as CSV UTF-8",
                                  start) from None  # fmt: skip
            except (EOFError, OSError, zlib.error) as error:
                what = f"cannot be read to its end: {error}"
                raise self._wrong(what, "copy or pack it again", start) from None
            except csv.Error as error:
                what = f"begins a row that is not readable as CSV: {error}"
                raise self._wrong(what, QUOTES, start) from None

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        """Yield the lines, none of them so long that it fills the memory."""
        number = 1
        while line := text.readline(_LONGEST):
            if len(line) == _LONGEST:
                what = f"is a line of more than {_LONGEST / 1e6:,.0f} million characters"
                raise self._wrong(what, "check that this is a table", number)
            yield line
            number += 1

    def _undecodable(self, error: UnicodeDecodeError) -> DataError:
        """Return what is wrong with the first line that is not text, and name the byte."""
        line = 1
        if not self.zipped and self.encoding == "utf-8-sig":
            with self._source.open("rb") as file:
                for number, raw in enumerate(file, 1):
                    try:
                        raw.decode("utf-8")
                    except UnicodeDecodeError:
                        line = number
                        break
        if self.plain:
            byte = f"0x{error.object[error.start]:02x}"
            return self._wrong("is not UTF-8 text", "save it as CSV UTF-8", line, byte)
        byte = f"0x{error.object[error.start]:02x}"
        name = "UTF-8" if self.encoding == "utf-8-sig" else self.encoding.upper()
        remedy = "save it as CSV UTF-8"
        if name == "UTF-8":
            remedy += ", or name its encoding: --encoding cp1252"
        return self._wrong(f"is not {name} text", remedy, line, byte)


class _Limited(io.RawIOBase):
    """Bytes of a file up to its limit: a pipe or a packed file does not tell its size."""

    def __init__(self, source: Any, sheet: Sheet) -> None:
        self.source, self.sheet, self.read_so_far = source, sheet, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self.source.read(len(buffer))
        self.read_so_far += len(chunk)
        if self.read_so_far > self.sheet.limit:
            raise self.sheet._over(self.read_so_far)
        buffer[: len(chunk)] = chunk
        return len(chunk)
