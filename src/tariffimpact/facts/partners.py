"""Countries as other people write them: letters, names, the codes of the Census Bureau."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

_CENSUS: Final = """
    ABW2779 AFG5310 AGO7620 AIA2481 ALB4810 AND4271 ARE5200 ARG3570 ARM4631 ASM9510 ATF7905
    ATG2484 AUS6021 AUT4330 AZE4632 BDI7670 BEL4231 BEN7610 BFA7600 BGD5380 BGR4870 BHR5250
    BHS2360 BIH4793 BLR4622 BLZ2080 BMU2320 BOL3350 BRA3510 BRB2720 BRN5610 BTN5682 BWA7930
    CAF7540 CAN1220 CCK6023 CHE4419 CHL3370 CHN5700 CIV7480 CMR7420 COD7660 COG7630 COK6142
    COL3010 COM7890 CPV7643 CRI2230 CUB2390 CUW2777 CXR6024 CYM2440 CYP4910 CZE4351 DEU4280
    DJI7770 DMA2486 DNK4099 DOM2470 DZA7210 ECU3310 EGY7290 ERI7741 ESP4700 EST4470 ETH7749
    FIN4050 FJI6863 FLK3720 FRA4279 FRO4091 FSM6820 GAB7550 GBR4120 GEO4633 GHA7490 GIB4720
    GIN7460 GLP2831 GMB7500 GNB7642 GNQ7380 GRC4840 GRD2489 GRL1010 GTM2050 GUF3170 GUM9350
    GUY3120 HKG5820 HMD6029 HND2150 HRV4791 HTI2450 HUN4370 IDN5600 IND5330 IOT7810 IRL4190
    IRN5070 IRQ5050 ISL4000 ISR5081 ITA4759 JAM2410 JOR5110 JPN5880 KAZ4634 KEN7790 KGZ4635
    KHM5550 KIR6226 KNA2483 KOR5800 KWT5130 LAO5530 LBN5040 LBR7650 LBY7250 LCA2487 LIE4411
    LKA5420 LSO7990 LTU4510 LUX4239 LVA4490 MAC5660 MAR7140 MCO4272 MDA4641 MDG7880 MDV5683
    MEX2010 MHL6810 MKD4794 MLI7450 MLT4730 MMR5460 MNE4804 MNG5740 MNP9610 MOZ7870 MRT7410
    MSR2485 MTQ2839 MUS7850 MWI7970 MYS5570 MYT7881 NAM7920 NCL6412 NER7510 NFK6022 NGA7530
    NIC2190 NIU6144 NLD4210 NOR4039 NPL5360 NRU6862 NZL6141 OMN5230 PAK5350 PAN2250 PCN6225
    PER3330 PHL5650 PLW6830 PNG6040 POL4550 PRI9030 PRK5790 PRT4710 PRY3530 PSE5082 PSE5083
    PYF6414 QAT5180 REU7904 ROU4850 RUS4621 RWA7690 SAU5170 SDN7321 SEN7440 SGP5590 SHN7580
    SJM4031 SLB6223 SLE7470 SLV2110 SMR4751 SOM7700 SPM1610 SRB4801 SSD7323 STP7644 SUR3150
    SVK4359 SVN4792 SWE4010 SWZ7950 SXM2774 SYC7800 SYR5020 TCA2430 TCD7560 TGO7520 THA5490
    TJK4642 TKL6143 TKM4643 TLS5601 TON6864 TTO2740 TUN7230 TUR4890 TUV6227 TWN5830 TZA7830
    UGA7780 UKR4623 UMI9800 URY3550 USA1000 UZB4644 VAT4752 VCT2488 VEN3070 VGB2482 VIR9110
    VNM5520 VUT6224 WLF6413 WSM6150 YEM5210 ZAF7910 ZMB7940 ZWE7960
"""
"""ISO alpha-3 code and Schedule C code of the US Census Bureau, which numbers trade partners."""

CENSUS_CODES: Final[dict[str, str]] = {pair[3:]: pair[:3] for pair in _CENSUS.split()}
"""Census code of a partner to its ISO alpha-3 code."""

_ALSO: Final[dict[str, str]] = {
    "bolivia": "BOL", "brunei": "BRN", "burma": "MMR", "cape verde": "CPV", "cote divoire": "CIV",
    "congo brazzaville": "COG", "congo kinshasa": "COD", "czech republic": "CZE", "drc": "COD",
    "democratic republic of congo": "COD", "democratic republic of the congo": "COD",
    "federal republic of germany": "DEU", "gaza strip": "PSE", "great britain": "GBR",
    "holland": "NLD", "hong kong sar": "HKG", "iran": "IRN", "ivory coast": "CIV", "korea": "KOR",
    "laos": "LAO", "macau": "MAC", "macedonia": "MKD", "micronesia": "FSM", "moldova": "MDA",
    "north korea": "PRK", "palestine": "PSE", "republic of congo": "COG", "reunion": "REU",
    "republic of the congo": "COG", "russia": "RUS", "saint helena": "SHN", "south korea": "KOR",
    "swaziland": "SWZ", "syria": "SYR", "taiwan": "TWN", "tanzania": "TZA", "turkey": "TUR",
    "turkiye": "TUR", "u k": "GBR", "u s": "USA", "u s a": "USA", "united states of america": "USA",
    "us": "USA", "vatican city": "VAT", "venezuela": "VEN", "viet nam": "VNM", "west bank": "PSE",
}  # fmt: skip
_GROUPS: Final = frozenset({"eu", "european union", "oecd", "asean", "world", "total"})


def read_country(text: str) -> str:
    """Return the alpha-3 code of a country: from its letters, its name or its Census code.

    Raises
    ------
    ValueError
        If it is none, or a group of countries; `what; remedy`.

    Examples
    --------
    >>> [read_country(t) for t in ("CHN", "vn", "Korea, South", "5880", "Viet Nam", "UK")]
    ['CHN', 'VNM', 'KOR', 'JPN', 'VNM', 'GBR']
    """
    spelled, three = _spelled(), text.strip()
    if three.isascii() and three.isdigit():
        code = CENSUS_CODES.get(three.zfill(4))
        if code is None:
            raise ValueError("is no country's Census code; write CHN, Vietnam or 5700")
        return code
    for words in _forms(three):
        if words in spelled:
            return spelled[words]
    if _plain(three) in _GROUPS:
        raise ValueError("is a group of countries; give the country the goods are from")
    near = get_close_matches(_plain(three), spelled, n=1, cutoff=0.75)
    hint = f"did you mean {spelled[near[0]]}?" if near else "write CHN, Vietnam or 5700"
    raise ValueError(f"is not a country; {hint}")


def is_group(code: str) -> bool:
    """Whether a Census code stands for several countries, whose trade would count twice.

    Examples
    --------
    >>> is_group("0003"), is_group("4XXX"), is_group("-"), is_group("5700")
    (True, True, True, False)
    """
    return re.fullmatch(r"-|00\d\d|\dXXX", code.strip()) is not None


def _forms(text: str) -> list[str]:
    """Return the plain forms of a name: whole, without brackets, the words after a comma first."""
    outside = re.sub(r"\s*\(.*?\)", "", text)
    flipped = " ".join(reversed(outside.split(",", 1))) if "," in outside else outside
    before = outside.partition(",")[0] if re.search(r",\s*(except|peop|rep)", outside, re.I) else ""
    return [form for form in map(_plain, (text, outside, flipped, before)) if form]


def _plain(text: str) -> str:
    """Return a name without marks, accents, capitals and a leading article."""
    import unicodedata

    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    words = re.sub(r"[^a-z0-9]+", " ", bare.replace("'", "").replace("&", " and ")).split()
    return " ".join(words[1:] if words[:1] == ["the"] else words)


@cache
def _spelled() -> dict[str, str]:
    """Return every plain spelling of a country to its alpha-3 code."""
    import pycountry

    spelled: dict[str, str] = {}
    countries: Any = pycountry.countries
    for country in countries:
        code = country.alpha_3
        for name in ("official_name", "name", "common_name", "alpha_2", "alpha_3"):
            if hasattr(country, name):
                spelled |= dict.fromkeys(_forms(getattr(country, name)), code)
    return {**spelled, **_ALSO, "uk": "GBR", "prc": "CHN", "uae": "ARE"}
