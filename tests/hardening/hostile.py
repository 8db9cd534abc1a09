"""Bytes that a reader may meet: real files spoilt in the ways files are spoilt, or on purpose."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile

from hypothesis import strategies as st

CELLS = (
    "", " ", "\t", "-", "0", "-0", "-1", "1e400", "-1e400", "1e308", "1e-320", "nan", "NaN", "inf",
    "-inf", "Infinity", "1_000", "1,5", "0x10", "٣", "²", "½", "9" * 400, "9" * 5000,
    "1" * 30_000 + "x", "0.6..0.5", "..", "...", "0..", "..0", "1e308..1e309", "-1..1", "0..0",
    "true", "None", "null", "2025-02-30", "0000-00-00", "9999-12-31", "0001-01-01",
    "20250101", "2025-W01-1", "2025-01-01T00:00:00", "@", "@@", "*", "!", "!!", "@NOBODY", "!@EU",
    "=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "../../etc/passwd", "/etc/passwd", "C:\\x", "~",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "]]>", "&amp;", "&#0;",
    '#read("/etc/passwd")', "$ x $", "\\input{x}", "{x}", "{0}", "%s", "${x}", "{{ 7*7 }}",
    "\u202egnp.exe", "\u2066x", "a\u200bb", "\ufeff", "\u2028", "\x85", "e\u0301" * 50,
    "\x00", "\x07", "\x1b[31mred", "\x1b]0;title\x07", "\x7f", "\ud800", "\U0010ffff", "株式会社",
    "a;b;c", "a b c", "'", '"', '""', "\r", "\n", "\r\n", "x" * 20_000, ";" * 20_000, " " * 20_000,
    "https://", "http://[::1", "javascript:alert(1)", "file:///etc/passwd", "http://" + "a" * 3000,
    "USD", "usd", "XXX", "US$", "9504.50.00.00", "95045", "9999999999", "98010000",
    "JPN", "jpn", "USA", "EU", "ZZZ",
)  # fmt: skip
"""What may stand in one cell or value."""

NUMBERS = (
    "0", "1", "1e-300", "1e-12", "0.5", "0.999999", "1.000001", "2", "100", "1e6", "1e12", "1e17",
    "1e149", "1e150", "1e308", "-1", "0..1", "0.5..0.7", "1e-9..1e9", "0..1e17", "0.1..", "..0.5",
)  # fmt: skip
"""What a number may be replaced with that is a number too."""
_NUMBER = re.compile(rb"(?<![\w.-])[\d.]+(?:e-?\d+)?(?:\.\.[\d.]+(?:e-?\d+)?)?(?![\w.-])")
_BETWEEN_TAGS = re.compile(rb">([^<>]*)<")
_ATTRIBUTE = re.compile(rb'="([^"<>]*)"')

TOML = (
    "[" * 3000, "x = " + "[" * 3000, "x = " + "{a=" * 3000, "a" + ".a" * 3000 + " = 1",
    "[[products]]", "[products]", "[tariff]\nrate = 1", 'title = "twice"', "title = 1",
    "products = []", "products = {}", "tariff = []", "x = " + "9" * 5000, "x = " + "9" * 400,
    "x = 0x" + "f" * 5000, "x = 1e400", "x = inf", "x = nan", "x = -inf",
    "x = 2025-02-30", "x = 9999-12-31T23:59:60Z", "x = 25:00:00", 'x = "\\ud800"',
    'x = "\\U00110000"', 'x = "\\u001b[31m"', 'x = """', "x = '''", '"\\u0000" = 1',
    '"a\\nb" = 1', '"" = 1', "__proto__ = 1", "__class__ = 1", "model_config = 1",
    'price = { dist = "normal", mean = 1e308, sd = 1e308 }', "rate = true", "rate = []",
    'rate = { dist = "uniform", low = 1, high = 0 }', 'rate = { assumption = "nobody" }',
    'rate = { dist = "beta", alpha = 1e-300, beta = 1e300 }', "rate = {}", "months = 1e9",
    'rate = { dist = "lognormal", median = 1e-300, sigma = 1e300 }', "rate = 1e-320",
)  # fmt: skip
"""What may stand on a line of a case."""

BYTES = (b"\x00", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80",
         b"\xf5", b"\r", b"\n", b'"', b"'", b",", b";", b"\t", b"=", b"#", b"[", b"]", b"\x1a",
         b"\x1b", b"PAR1", b"PK\x03\x04")  # fmt: skip


TOKENS = tuple(
    raw
    for raw in (*BYTES, *(text.encode("utf-8", "surrogatepass") for text in (*CELLS, *TOML)))
    if 0 < len(raw) <= 60
)
"""The short ones of all these, for a fuzzer to splice in."""


class Dice:
    """Chance that a number decides: the same number, the same throws."""

    def __init__(self, number):
        self._random = random.Random(number)

    def one_of(self, choices):
        return self._random.choice(choices)

    def whole(self, low, high):
        return self._random.randint(low, high)


class Drawn:
    """Chance that Hypothesis decides, which makes what it finds small."""

    def __init__(self, draw):
        self._draw = draw

    def one_of(self, choices):
        return self._draw(st.sampled_from(choices))

    def whole(self, low, high):
        return self._draw(st.integers(low, high))


@st.composite
def spoilt(draw, seeds, lines=()):
    """Draw a real file with some of its bytes, cells and lines replaced."""
    return spoiled(Drawn(draw), seeds, lines)


def spoiled(chance, seeds, lines=()):
    """Return one of some real files with some of its bytes, cells and lines replaced."""
    raw = chance.one_of(seeds)
    if raw.startswith(b"PK"):
        return _spoilt_package(chance, raw)
    for _ in range(chance.whole(1, 4)):
        raw = _changed(chance, raw, lines)
    return chance.one_of(_ENCODINGS)(raw)


def _spoilt_package(chance, raw):
    """Spoil a workbook: its bytes, or a file inside, which then is packed again as it should be."""
    if not chance.whole(0, 3):
        return _changed(chance, raw, ())
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        inside = {name: package.read(name) for name in package.namelist()}
    sheets = [name for name in inside if "sheet" in name or "shared" in name]
    name = chance.one_of(sheets if chance.whole(0, 2) else list(inside))
    for _ in range(chance.whole(1, 3)):
        inside[name] = _in_markup(chance, inside[name])
    if not chance.whole(0, 19):
        del inside[name]
    return _zipped(inside)


def _in_markup(chance, raw):
    """Replace what stands between two angles, or within them, or else a byte."""
    at = chance.whole(0, max(len(raw) - 1, 0))
    found = _BETWEEN_TAGS.search(raw, at) if chance.whole(0, 2) else _ATTRIBUTE.search(raw, at)
    if found is None:
        return _changed(chance, raw, ())
    new = chance.one_of(NUMBERS if chance.whole(0, 1) else CELLS)
    text = new.encode("utf-8", "surrogatepass")
    if chance.whole(0, 3):
        text = text.replace(b"&", b"&amp;").replace(b"<", b"&lt;")
    return raw[: found.start(1)] + text + raw[found.end(1) :]


def _zipped(files):
    """Pack files as a zip archive, the same bytes each time."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as package:
        for name, content in files.items():
            package.writestr(zipfile.ZipInfo(name), content)
    return raw.getvalue()


def _same(raw):
    return raw


def _utf16(raw):
    return raw.decode("utf-8", "replace").encode("utf-16", "surrogatepass")


def _gzipped(raw):
    return gzip.compress(raw, 1, mtime=0)


_ENCODINGS = (
    *[_same] * 18,
    _utf16,
    lambda raw: b"\xef\xbb\xbf" + raw,
    lambda raw: b"\xef\xbb\xbf\xef\xbb\xbf" + raw,
    lambda raw: raw.replace(b"\n", b"\r"),
    lambda raw: raw.replace(b"\n", b"\r\n"),
    lambda raw: raw.replace(b"\n", b"\n\n"),
    lambda raw: raw.replace(b",", b";"),
    lambda raw: raw.replace(b",", b"\t"),
    lambda raw: raw.decode("utf-8", "replace").encode("latin-1", "replace"),
    _gzipped,
    lambda raw: _gzipped(raw)[:-9],
    lambda raw: _zipped({"rows.csv": raw}),
)


def _changed(chance, raw, lines):
    at = chance.whole(0, max(len(raw) - 1, 0))
    kind = chance.one_of(["byte", "cut", "bytes", "cell", "cell", "cell", "line", "drop",
                          "twice", "swap", "number", "number"])  # fmt: skip
    if kind == "byte":
        return raw[:at] + bytes([chance.whole(0, 255)]) + raw[at + 1 :]
    if kind == "cut":
        return raw[:at]
    if kind == "bytes":
        return raw[:at] + chance.one_of(BYTES) + raw[at:]
    if kind == "cell":
        return _in_cell(raw, at, chance.one_of(CELLS).encode("utf-8", "surrogatepass"))
    if kind == "number":
        number = _NUMBER.search(raw, at) or _NUMBER.search(raw)
        new = chance.one_of(NUMBERS).encode()
        return raw if number is None else raw[: number.start()] + new + raw[number.end() :]
    rows = raw.splitlines(keepends=True) or [b""]
    one, other = (chance.whole(0, len(rows) - 1) for _ in range(2))
    if kind == "line":
        added = chance.one_of(lines or CELLS).encode("utf-8", "surrogatepass")
        rows.insert(one, added + b"\n")
    elif kind == "drop":
        del rows[one]
    elif kind == "twice":
        rows.insert(other, rows[one])
    else:
        rows[one], rows[other] = rows[other], rows[one]
    return b"".join(rows)


def _in_cell(raw, at, cell):
    """Replace the cell, or the value after an equals sign, that stands around a place."""
    starts = [found.end() for found in re.finditer(rb"[,\n=]", raw[:at])]
    start = starts[-1] if starts else 0
    end = re.compile(rb"[,\n]").search(raw, at)
    return raw[:start] + cell + raw[end.start() if end else len(raw) :]
