"""A second way to a rate, from the law as written: no table, no compiled row, no engine.

It reads the tables of `data/law` by itself and asks of every rule, for one line, whether it bears
on it. It shares nothing with the code under test but the text of the law.
"""

import csv
import re
from collections import defaultdict
from itertools import product

from tariffimpact.facts import shipped_folder

LAW = shipped_folder("data") / "law"
COLUMN_2 = ("BLR", "CUB", "PRK", "RUS")
FREEING = ("waive", "exempt")


def _read(name):
    return list(csv.DictReader((LAW / f"{name}.csv").read_text(encoding="utf-8").splitlines()))


def _span(text):
    low, _, high = text.partition("..")
    return float(low), float(high or low)


class SlowSchedule:
    """Rates by asking every rule."""

    def __init__(self):
        self.rules = [r for r in _read("rules") if r["status"] in ("in_force", "void")]
        self.groups = {r["group"]: set(r["members"].split()) for r in _read("groups")}
        self.presumed = {r["claim"] for r in _read("claims") if r["presumed"] == "no"}
        self.programmes = _read("programmes")
        self.lists, self.book = defaultdict(list), defaultdict(list)
        for row in _read("codes"):
            self.lists[row["list"]].append((row["hts"], row["starts_on"], row["ends_on"] or "9999"))
        for row in _read("book"):
            self.book[row["hts"]].append(row)
        self.authorities = {r["authority"] for r in self.rules if r["kind"] not in FREEING}

    def line(self, hts, day):
        """Return the line of the book as it stood on a day; None if it did not."""
        for row in self.book[hts[:8]]:
            if row["starts_on"] <= day < (row["ends_on"] or "9999"):
                return row
        return None

    def _words(self, word, day):
        if word[0] != "@":
            return [word]
        return [c for c, start, end in self.lists[word[1:]] if start <= day < end]

    def _listed(self, rule, hts, day):
        """Return under how many digits the rule has the code; None if it has not."""
        words = rule["scope"].split()
        if "*" in words:
            return 0
        found, barred = 0, 0
        for word in words:
            bare = word.lstrip("!")
            digits = [len(p) for p in self._words(bare, day) if hts.startswith(p)]
            if word[0] != "!":
                found = max([found, *digits])
            elif digits and len(bare) == 2:
                return None
            else:
                barred = max([barred, *digits])
        return found if found > barred else None

    def _origin(self, rule, origin):
        """Return 1 where the rule names the origin, 0 where it is for all of a list, else None."""
        words = rule["origins"].split()
        barred = {c for w in words if w[0] == "!" for c in self.groups.get(w[1:], {w[1:]})}
        if origin in barred:
            return None
        if "*" in words:
            return 0 if rule["scope"] != "*" and not barred else 1
        named = {c for w in words for c in self.groups.get(w, {w})}
        return 1 if origin in named else None

    def rate(self, hts, origin, day, metal):
        bearing = []
        for rule in self.rules:
            if not rule["starts_on"] <= day < (rule["ends_on"] or "9999"):
                continue
            digits, named = self._listed(rule, hts, day), self._origin(rule, origin)
            if digits is not None and named is not None:
                bearing.append((2 * (digits > 0) + named, digits, rule))
        duties = {r["authority"]: r for r in self._deciding(bearing)}
        line = self.line(hts, day)
        words = line["other"] if origin in COLUMN_2 else line["general"]
        stated = duties.pop("MFN", None)
        mfn, specific = self._worded(words) if stated is None else (
            float(stated["ad_valorem"]), False)  # fmt: skip
        kept = self._preferred(line, origin)
        reaches = {name: self._reach(bearing, name, rule) for name, rule in duties.items()}
        totals = [
            self._total(duties, bearing, (mfn, kept), specific, end, m, dict(zip(reaches, reach,
                        strict=True)))
            for end in (0, 1)
            for m in metal
            for reach in product(*(sorted(set(span)) for span in reaches.values()))
        ]  # fmt: skip
        return min(totals), max(totals)

    def _deciding(self, bearing):
        by_authority = defaultdict(list)
        for weight, digits, rule in bearing:
            if rule["kind"] not in FREEING:
                by_authority[rule["authority"]].append((weight, digits, rule))
        for rows in by_authority.values():
            top = max(weight for weight, _, _ in rows)
            rows = [row for row in rows if row[0] == top]
            near = max([d for _, d, r in rows if r["combine"] == "nearest"], default=0)
            rows = [r for _, d, r in rows if r["combine"] != "nearest" or d == near]
            yield max(rows, key=lambda r: (*_span(r["ad_valorem"])[::-1], r["base"] == "full"))

    def _worded(self, words):
        if words.startswith("Free"):
            return 0.0, False
        assert re.fullmatch(r"(\$?[\d.]+¢?/[\w.]+ ?\+? ?)?([\d.]+%)?", words), words
        percent = re.search(r"([\d.]+)%", words)
        return (float(percent[1]) / 100 if percent else 0.0), "/" in words

    def _preferred(self, line, origin):
        """Return what may be left of the general rate under the programmes."""
        left, blanket = 1.0, 1.0
        for row in self.programmes:
            symbols = {s for cell in re.findall(r"\(([^)]*)\)", line["special"])
                       for s in re.findall(r"[A-Z]+", cell)}  # fmt: skip
            named = {c for w in row["origins"].split() for c in self.groups.get(w, {w})}
            if row["reach"] == "anybody":
                asked = row["claim"] not in self.presumed and named & {"*", origin}
                left *= 0.0 if row["symbol"] in symbols and asked else 1.0
            elif origin in named and (row["reach"] == "everything" or row["symbol"] in symbols):
                blanket = 0.0
        return left * blanket, 1.0

    def _spans(self, bearing, authority, kind):
        scopes = {}
        for weight, _, rule in bearing:
            if rule["kind"] == kind and rule["waives"] == authority:
                span = (0.0, 0.0) if rule["claim"] in self.presumed else _span(rule["ad_valorem"])
                key = (_span(rule["ad_valorem"])[1], span)
                scopes[weight] = max(scopes.get(weight, (0.0, (0.0, 0.0))), key)
        return [span for _, span in scopes.values()]

    def _reach(self, bearing, authority, rule):
        low = high = 1.0
        for freed in self._spans(bearing, authority, "exempt"):
            low, high = low * (1 - freed[1]), high * (1 - freed[0])
        return (0.0 if rule["base"] == "end_use" else low), high

    def _total(self, duties, bearing, mfn, specific, end, metal, reach):
        rate, kept = mfn
        general = rate * kept[end]
        bears = {
            name: reach[name] * (metal if r["base"] == "metal" else 1.0)
            for name, r in duties.items()
        }
        total = general
        for name, rule in duties.items():
            stated = _span(rule["ad_valorem"])[end]
            if rule["kind"] in ("floor_incl_mfn", "target_total"):
                per_unit = specific and kept[1 - end] >= 0
                stated = 0.0 if per_unit and end == 0 else max(0.0, stated - general)
            left = 1.0
            for low, high in self._spans(bearing, name, "waive"):
                left *= 1 - (high if end == 0 else low)
            share = bears[name]
            for word in rule["displaced_by"].split("|"):
                others = [
                    a for a in self.authorities
                    if a == word or (word.endswith("*") and a.startswith(word[:-1]))
                ]  # fmt: skip
                for other in others if word else ():
                    share = min(share, 1 - bears.get(other, 0.0))
            total += stated * left * share
        return total
