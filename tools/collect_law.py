"""Take the lists of law out of reference collections into `data/law/` in the project's own form.

    python tools/collect_law.py DIR

`DIR` holds chapter 99 as text (`legal/`), the tariff book by revision (`hts/`) and the public lists
named in `LISTS` below. It writes `data/law/book.csv` (every line of chapters 1 to 97 with its
columns, by the days they stood) and `data/law/codes.csv` (the codes of each list). What a list is,
where the law states it and who published it stands in `data/law/lists.csv`, by hand.

The schedule is compiled from those files alone: `tariffimpact schedule build`.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

LAW = Path(__file__).parents[1] / "data" / "law"
REVISIONS = {
    "2025_basic": "2025-01-01", "2025_rev_7": "2025-04-05", "2025_rev_14": "2025-06-04",
    "2025_rev_18": "2025-08-07", "2025_rev_24": "2025-10-01", "2025_rev_32": "2025-12-05",
    "2026_basic": "2026-01-01", "2026_rev_5": "2026-03-01", "2026_rev_10": "2026-06-01",
}  # fmt: skip
"""The stored revisions of the tariff book and the first day each speaks for."""
CHINA = {
    "9903.88.01", "9903.88.02", "9903.88.03", "9903.88.04", "9903.88.15",
    "9903.88.69", "9903.88.70", "9903.91.01", "9903.91.02", "9903.91.03", "9903.91.05",
    "9903.91.06", "9903.91.07", "9903.91.08", "9903.91.11",
}  # fmt: skip
"""Headings of China's Section 301 duties and exclusions, cited in footnotes of the book."""
KEPT = (
    "annex-ii", "electronics-on", "informational", "energy-", "potash-", "can-", "quartz",
    "unmanned", "polysilicon", "steel-derivatives:march", "steel-derivatives:june",
    "s301-china:9903.88.16", "cranes", "chassis",
)  # fmt: skip
"""Beginnings of the names of lists kept by hand."""
Lists = dict[str, list[tuple[str, str, str]]]
"""Name to codes with the first day, and the first day after, they are on it (blank: always)."""
SPLIT = {
    ("63079098", "9903.91.01"): [
        (c, "", "2026-01-01") for c in ("6307909842", "6307909844", "6307909850", "6307909875")
    ],
    ("63079098", "9903.91.04"): [("6307909870", "", "2026-01-01")],
    ("63079098", "9903.91.07"): [
        (f"63079098{n}", "2026-01-01", "") for n in ("42", "44", "50", "70", "75")
    ],
    ("85076000", "9903.91.01"): [("8507600010", "", "2026-01-01")],
    ("85076000", "9903.88.15"): [("8507600020", "", "2026-01-01")],
    ("84261900", "9903.92.10"): [("84261900", "", "")],
}
"""Lines of which the book cites several headings: the statistical lines each is for, by the notes
(31(b), (e), (g), (h)) and the footnotes of the statistical lines."""
CODE = re.compile(r"(?<![\d.])\d{4}(?:\.\d{2}(?:\.\d{2}(?:\.?\d{2})?)?)?(?![\d.])")


class Chapter:
    """The text of chapter 99, cut at words of its own."""

    def __init__(self, folder: Path) -> None:
        with gzip.open(folder / "legal" / "chapter99_2026_rev_6.txt.gz") as file:
            self.lines = file.read().decode("latin-1").splitlines()

    def codes(self, after: str, first: str, last: str, *, least: int = 4) -> list[str]:
        """Return the codes between two lines that start with some words, in order.

        `after` starts an earlier line, to find the first by; `least` is the fewest digits a code
        of the list has. Lines of words hold no codes, but what follows the colon of a title.
        """
        start = self._line(first, self._line(after, 12_000) + 1 if after else 12_000)
        end = self._line(last, start + 1)
        rows = [self.lines[start].partition(":")[2], *self.lines[start + 1 : end]]
        rows = [row for row in rows if not re.search("[A-Za-z]{3}", row)]
        found = [c.replace(".", "") for row in rows for c in CODE.findall(row)]
        found = [c for c in found if len(c) >= least]
        return list(dict.fromkeys(map(_stem, found)))

    def _line(self, words: str, start: int) -> int:
        for number in range(start, len(self.lines)):
            if " ".join(self.lines[number].split()).startswith(words):
                return number
        raise SystemExit(f"chapter 99 has no line that starts with {words!r} after {start}")


def book(folder: Path) -> tuple[list[list[str]], dict[str, list[tuple[str, str]]]]:
    """Return the lines of the book with the days they stood, and footnotes by code and revision."""
    columns: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    notes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, day in REVISIONS.items():
        with gzip.open(folder / "hts" / f"hts_{name}.json.gz") as file:
            rows = json.load(file)
        for row in rows:
            code = (row.get("htsno") or "").replace(".", "")
            if len(code) not in (8, 10) or code[:2] in ("98", "99"):
                continue
            told = tuple(_clean(row.get(c)) for c in ("general", "special", "other"))
            line = columns[code[:8]]
            if (told[0] or told[2]) and not (line and line[-1][0] == day):
                line.append((day, (*told, _clean(row["description"]))))
            for note in row.get("footnotes") or []:
                for heading in re.findall(r"99\d\d\.\d\d\.\d\d", note.get("value") or ""):
                    notes[code, heading].append(day)
    lines = []
    for code in sorted(columns):
        spells: list[list[str]] = []
        for day, told in columns[code]:
            if not spells or spells[-1][2:5] != list(told[:3]):
                if spells:
                    spells[-1][1] = day
                spells.append([day, "", *told])
            spells[-1][5] = told[3]
        lines += [[code, *spell] for spell in spells]
    days = list(REVISIONS.values())
    listed: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for (code, heading), seen in notes.items():
        if heading in CHINA and (code[:8], heading) not in SPLIT:
            first = "" if seen[0] == days[0] else seen[0]
            after = days.index(seen[-1]) + 1
            last = "" if after == len(days) else days[after]
            listed[f"s301-china:{heading}"].append((_stem(code), first, last))
    for (_, heading), codes in SPLIT.items():
        listed[f"s301-china:{heading}"] += codes
    return lines, listed


def _stem(code: str) -> str:
    return code.removesuffix("00") if len(code) == 10 else code


def _clean(cell: str | None) -> str:
    text = re.sub(r"<[^>]*>", "", cell or "")
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\s*,\s*", ",", text) if text.startswith("Free") else text


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a public list, comments left out."""
    text = path.read_text(encoding="utf-8-sig").splitlines()
    return list(csv.DictReader(line for line in text if line and line[0] != "#"))


def digits(code: str) -> str:
    """Return a code as digits, the two that only fill it up left out."""
    code = code.strip().replace(".", "")
    return code.removesuffix("00") if len(code) in (10, 12) and code.endswith("00") else code


def metals_of_2026(chapter: Chapter, folder: Path) -> Lists:
    """Return the lists of US note 16(c), from its text; those of June 2026 from the annexes."""
    after = "16. (a) Except as provided in headings 9903.85.67"
    titles = {
        "i": "(i) Articles of aluminum:", "ii": "(ii) Derivative aluminum articles:",
        "iii": "(iii) Articles of steel:", "iv": "(iv) Derivative steel articles:",
        "v": "(v) Articles of copper:", "vi": "(vi) Derivative aluminum articles:",
        "vii": "(vii) Derivative steel articles:", "viii": "(viii) Articles of copper:",
        "ix": "(ix) Derivative aluminum articles:", "x": "(x) Derivative steel articles:",
    }  # fmt: skip
    firsts = [*titles.values(), "(d) Headings 9903.82.04 and 9903.82.05"]
    lists: Lists = {
        f"note-16c:{name}": dated(chapter.codes(after, first, last))
        for (name, first), last in zip(titles.items(), firsts[1:], strict=True)
    }
    names = {"1c": "note-16c:xi", "1b": "note-16c:june-25", "3": "note-16c:june-15",
             "2": "note-16c:june-removed"}  # fmt: skip
    for code in ("73012010", "73012050", "73023000", "73071990", "73072110", "73072150"):
        # the print sets the first two rows of list (iv) above its title, beside the end of (iii)
        lists["note-16c:iii"] = [row for row in lists["note-16c:iii"] if row[0] != code]
        add(lists, "note-16c:iv", code)
    june = rows_of(folder / "lists_2026_07_final" / "s232_annex_products_2026_06_08.csv")
    for row in june:
        if row["effective_date"] == "2026-06-08":
            add(lists, names[row["annex"]], digits(row["hts_prefix"]))
    moved = {code for name in names.values() for code, _, _ in lists[name]}
    for name in ("vi", "vii", "ix", "x"):
        lists[f"note-16c:{name}"] = [
            (code, "", "2026-06-08") if code in moved else (code, first, last)
            for code, first, last in lists[f"note-16c:{name}"]
        ]
    return lists


def metals_of_2025(folder: Path) -> Lists:
    """Return the lists of steel and aluminium before 6 April 2026."""
    lists: Lists = {}
    names = {"aluminum": "aluminium"}
    for row in rows_of(folder / "lists_2026_06" / "s232_metal_chapter_products.csv"):
        metal = names.get(row["metal_type"], row["metal_type"])
        if row["kind"] == "mill":
            add(lists, f"{metal}-articles", digits(row["hts_prefix"]))
        elif metal == "steel":
            when = row["effective_date"] or "2020-02-08"
            add(lists, f"steel-derivatives-73:{when}", digits(row["hts_prefix"]))
    wide: dict[str, list[str]] = defaultdict(list)
    for row in rows_of(folder / "lists_2026_07_final" / "s232_derivative_hs8_corrections.csv"):
        if row["class"] == "A":
            wide[row["hts8_in_shared_file"]].append(digits(row["hts10_listed"]))
    for row in rows_of(folder / "s232_derivative_products.csv"):
        metal = names.get(row["derivative_type"], row["derivative_type"])
        when = "august" if row["effective_date"] else "march"
        for code in wide.get(row["hts_prefix"], [digits(row["hts_prefix"])]):
            add(lists, f"{metal}-derivatives:{when}:{row['ch99_code']}", code)
    return lists


def by_use(chapter: Chapter, folder: Path) -> Lists:
    """Return the lists of the duties on vehicles, wood, chips and medicines."""
    at33 = "33. (a) Except as"
    found = {
        "cars": chapter.codes(at33, "(b) The rates of duty", "(c) Heading 9903.94.02"),
        "car-parts": chapter.codes(at33, "(g) Subject to a manufacturer", "(h) Heading 9903.94.06"),
        "softwood": chapter.codes("", "(b) The rates of duty set forth in heading 9903.76.01",
                                  "(c) Heading 9903.76.02"),
        "upholstered": chapter.codes("", "(d) The rates of duty set forth in headings 9903.76.02",
                                     "(e) "),
        "cabinets": chapter.codes("", "(f) Except for as provided by 9903.76.04", "(g) Heading"),
        "trucks": chapter.codes("", "(b) The rate of duty set forth in heading 9903.74.01",
                                "(c) Heading 9903.74.02"),
        "buses": chapter.codes("", "(c) Heading 9903.74.02", "(d) "),
        "truck-parts": chapter.codes("", "(i) The rates of duty set forth in heading 9903.74.08",
                                     "(j) Heading 9903.74.09"),
    }  # fmt: skip
    lists = {name: dated(codes) for name, codes in found.items()}
    for name in ("semi", "pharma"):
        for row in rows_of(folder / "lists_2026_06" / f"s232_{name}_products.csv"):
            add(lists, {"semi": "chips", "pharma": "medicines"}[name], digits(row["hts10"]))
    for row in rows_of(folder / "lists_2026_06" / "s232_copper_products.csv"):
        add(lists, "copper", digits(row["hts10"]))
    for row in rows_of(folder / "lists_2026_06" / "s232_subdivision_r_products.csv"):
        add(lists, "car-parts-made-here", digits(row["hts_prefix"]))
    return lists


def exemptions(chapter: Chapter, folder: Path) -> Lists:
    """Return the lists of goods exempt from the duties of 2025 and 2026."""
    text = {
        "aircraft-gbr": (
            "",
            "(a) As provided in heading 9903.96.01",
            "(b) As provided in heading 9903.96.02",
        ),
        "aircraft-jpn": ("", "(b) As provided in heading 9903.96.02", "36."),
        "brazil-aircraft": ("", "(iv) As provided in heading 9903.01.82", "(v) The additional"),
        "brazil-exempt:november": ("", "(a) As provided in heading 9903.01.81", "(b) As provided"),
        "s122-exempt": ("", "(ii) As provided in heading 9903.03.03", "(iii) As provided"),
        "s122-aircraft": ("", "(iv) As provided in heading 9903.03.05", "(v) As provided"),
        "russia-35": ("30. (a)", "(b)", "(c)"),
        "russia-70": ("30. (a)", "(d)", "31. (a)"),
    }
    lists = {name: dated(chapter.codes(*where, least=4)) for name, where in text.items()}
    for row in rows_of(folder / "lists_2026_07" / "section122-specific-exemptions.csv"):
        add(lists, "s122-described", digits(row["hts_code"]))
    for row in rows_of(folder / "lists_2026_06" / "s232_aircraft_exempt_taiwan.csv"):
        add(lists, "aircraft-twn", digits(row["hts8"]))
    for row in rows_of(folder / "country_eo_exempt_products.csv"):
        if row["ch99_code"] == "9903.01.77" and row["effective_date_start"] == "2025-08-06":
            add(lists, "brazil-exempt:august", digits(row["hts10"]))
    for row in rows_of(folder / "floor_exempt_products.csv"):
        what = {"ptaap": "unavailable", "particular": "described", "pharma": "medicines",
                "civil_aircraft": "aircraft"}[row["category"]]  # fmt: skip
        add(lists, f"floor-exempt:{row['country_group']}:{what}", digits(row["hts8"]))
    for row in rows_of(folder / "lists_2026_07" / "brazil-301-exemptions.csv"):
        add(lists, f"s301-brazil-exempt:{row['category']}", digits(row["HTSUS"]))
    for name in ("alcohol", "dairy", "autos", "aircraft-exempt"):
        for row in rows_of(folder / "lists_2026_07" / f"canada-338-{name}.csv"):
            add(lists, f"s338-canada:{name}", digits(row["HTSUS"]))
    final = folder / "lists_2026_07_final"
    for row in rows_of(final / "s301fl_common_final.csv"):
        add(lists, f"labour-exempt:{row['condition']}", digits(row["hts_code"]))
    names = {"4120": "GBR", "4419": "CHE", "5570": "MYS", "5550": "KHM", "2050": "GTM",
             "2110": "SLV", "3570": "ARG", "5380": "BGD", "5830": "TWN", "5600": "IDN",
             "3310": "ECU", "5110": "JOR"}  # fmt: skip
    for row in rows_of(final / "s301fl_country_exemptions.csv"):
        fallback = "cafta" if row["condition"] == "fta" else "EU27"
        country = names.get(row["countries"], fallback)
        add(lists, f"labour-exempt-country:{country}", digits(row["hts_code"]))
    return lists


def kept() -> Lists:
    """Return the lists that stand in the repository already and in none of the collections."""
    lists: Lists = {}
    for row in rows_of(LAW / "codes.csv"):
        if row["list"].startswith(KEPT):
            lists.setdefault(row["list"], []).append((row["hts"], row["starts_on"], row["ends_on"]))
    return lists


def dated(codes: list[str]) -> list[tuple[str, str, str]]:
    """Return codes that are on a list on every day of its rule."""
    return [(code, "", "") for code in codes]


def add(lists: Lists, name: str, code: str) -> None:
    """Put a code on a list once."""
    if (code, "", "") not in lists.setdefault(name, []):
        lists[name].append((code, "", ""))


def write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    """Write a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Collect everything."""
    folder = Path(sys.argv[1])
    chapter = Chapter(folder)
    lines, china = book(folder)
    header = ["hts", "starts_on", "ends_on", "general", "special", "other", "description"]
    write(LAW / "book.csv", header, lines)
    sys.stdout.write(f"book.csv: {len(lines):,} rows of {len({r[0] for r in lines}):,} lines\n")
    lists = {
        **kept(), **china, **metals_of_2026(chapter, folder), **metals_of_2025(folder),
        **by_use(chapter, folder), **exemptions(chapter, folder),
    }  # fmt: skip
    rows = [[name, *code] for name in sorted(lists) for code in sorted(lists[name])]
    write(LAW / "codes.csv", ["list", "hts", "starts_on", "ends_on"], rows)
    for name in sorted(lists):
        sys.stdout.write(f"  {name}: {len(lists[name]):,}\n")


if __name__ == "__main__":
    main()
