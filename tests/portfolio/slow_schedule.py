"""A second way to a rate, from the rules as written: no table, no compiled row, no engine.

It reads the rules and the raw lists by itself and asks of every rule, for one line, whether it
bears on it. It shares nothing with the code under test but the text of the rules.
"""

import csv
import re
from collections import defaultdict
from pathlib import Path

import tariffimpact.tariffs

RULES = Path(tariffimpact.tariffs.__file__).parent / "rules"


def _read(path):
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return list(csv.DictReader(line for line in lines if line and not line.startswith("#")))


def _span(text):
    low, _, high = text.partition("..")
    return float(low), float(high or low)


class SlowSchedule:
    """Rates by asking every rule."""

    def __init__(self, folder):
        self.rules = _read(RULES / "rules.csv")
        self.groups = {r["group"]: set(r["members"].split()) for r in _read(RULES / "groups.csv")}
        self.lists = defaultdict(set)
        for row in _read(RULES / "lists.csv"):
            self.lists[row["list"]].add(row["hts"])
        self.general = {r["hs8"]: r["rate_raw"] for r in _read(folder / "mfn_rates_2025.csv")}
        self._raw(folder)

    def _raw(self, folder):
        for row in _read(folder / "s301_product_lists.csv"):
            jan = row["list"].startswith("biden_jan26")
            self.lists[f"s301:{row['ch99_code'] if jan else row['list']}"].add(row["hts8"])
        for row in _read(folder / "s232_annex_products.csv"):
            self.lists[f"s232-annex:{row['annex']}"].add(row["hts_prefix"])
        for row in _read(folder / "s232_derivative_products.csv"):
            late = row["effective_date"] >= "2025-08-18"
            within = "76" if not late and row["hts_prefix"][:2] == "76" else "other"
            name = f"{'late' if late else 'early'}-{row['derivative_type']}-{within}"
            self.lists[f"s232-derivative:{name}"].add(row["hts_prefix"])
        for row in _read(folder / "s122_exempt_products.csv"):
            self.lists["s122-exempt"].add(row["hts8"])
        for row in _read(folder / "floor_exempt_products.csv"):
            self.lists[f"floor-exempt:{row['country_group']}"].add(row["hts8"])
            if row["category"] == "civil_aircraft":
                self.lists["civil-aircraft"].add(row["hts8"])
        for row in _read(folder / "country_eo_exempt_products.csv"):
            if row["ch99_code"] == "9903.01.77":
                for name in ("", f":{row['effective_date_start']}"):
                    self.lists[f"brazil-exempt{name}"].add(row["hts10"].replace(".", ""))

    def _prefixes(self, word):
        return self.lists[word[1:]] if word[0] == "@" else {word}

    def _listed(self, rule, hts):
        """Return under how many digits the rule has the code; None if it has not."""
        words = rule["scope"].split()
        if "*" in words:
            return 0
        found, barred = 0, 0
        for word in words:
            digits = [len(p) for p in self._prefixes(word.lstrip("!")) if hts.startswith(p)]
            if word[0] == "!":
                barred = max([barred, *digits])
            else:
                found = max([found, *digits])
        return found if found > barred else None

    def _origin(self, rule, origin):
        """Return 1 where the rule names the origin, 0 where it is for all of a list, else None."""
        words = rule["origins"].split()
        barred = {c for w in words if w[0] == "!" for c in self.groups.get(w[1:], {w[1:]})}
        if origin in barred:
            return None
        if "*" in words:
            return 0 if rule["scope"] != "*" else 1
        named = {c for w in words for c in self.groups.get(w, {w})}
        return 1 if origin in named else None

    def rate(self, hts, origin, day, metal):
        bearing = []
        for rule in self.rules:
            if rule["status"] not in ("in_force", "void"):
                continue
            if not rule["starts_on"] <= day < (rule["ends_on"] or "9999"):
                continue
            digits, named = self._listed(rule, hts), self._origin(rule, origin)
            if digits is not None and named is not None:
                bearing.append((2 * (digits > 0) + named, digits, rule))
        duties = self._deciding(bearing)
        mfn, specific = self._general(hts)
        totals = [
            [
                self._total(duties, bearing, mfn, specific, end, m, use)
                for m in metal
                for use in (0, 1)
            ]
            for end in (0, 1)
        ]
        return min(totals[0]), max(totals[1])

    def _deciding(self, bearing):
        by_authority = defaultdict(list)
        for weight, digits, rule in bearing:
            if rule["kind"] != "waive":
                by_authority[rule["authority"]].append((weight, digits, rule))
        chosen = []
        for rows in by_authority.values():
            top = max(weight for weight, _, _ in rows)
            rows = [row for row in rows if row[0] == top]
            near = max([d for _, d, r in rows if r["combine"] == "nearest"], default=0)
            rows = [r for _, d, r in rows if r["combine"] != "nearest" or d == near]
            chosen.append(
                max(rows, key=lambda r: (*_span(r["ad_valorem"])[::-1], r["base"] == "full"))
            )
        return chosen

    def _general(self, hts):
        words = self.general[hts[:8]]
        if words.startswith("Free"):
            return (0.0, 0.0), False
        assert re.fullmatch(r"(\$?[\d.]+¢?/[\w.]+ ?\+? ?)?([\d.]+%)?", words), words
        percent = re.search(r"([\d.]+)%", words)
        value = float(percent[1]) / 100 if percent else 0.0
        return (value, value), "/" in words

    def _kept(self, bearing, authority, end):
        """Return the share of a duty left at one end; of one scope the larger waiver counts."""
        scopes = {}
        for weight, _, rule in bearing:
            if rule["kind"] == "waive" and rule["waives"] == authority:
                scopes[weight] = max(scopes.get(weight, (0.0, 0.0)), _span(rule["ad_valorem"]))
        left = 1.0
        for low, high in scopes.values():
            left *= 1 - (high if end == 0 else low)
        return left

    def _total(self, duties, bearing, mfn, specific, end, metal, use):
        general = mfn[end] * self._kept(bearing, "MFN", end)
        shares = {"metal": metal, "end_use": use, "full": 1.0}
        bears = {r["authority"]: shares[r["base"]] for r in duties}
        total = general
        for rule in duties:
            stated = _span(rule["ad_valorem"])[end]
            if rule["kind"] in ("floor_incl_mfn", "target_total"):
                stated = 0.0 if specific and end == 0 else max(0.0, stated - general)
            share = bears[rule["authority"]]
            for name in rule["displaced_by"].split("|"):
                share = min(share, 1 - bears.get(name, 0.0))
            total += stated * self._kept(bearing, rule["authority"], end) * share
        return total
