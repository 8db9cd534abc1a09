"""A report of every kind of block, real charts, and the worst strings a data file could hold."""

from __future__ import annotations

from datetime import date
from typing import Final

import pandas as pd

from tariffimpact import charts
from tariffimpact.facts import Source, SourceKind
from tariffimpact.report.content import (
    Bullets,
    Document,
    Figure,
    Paragraph,
    Reference,
    Section,
    Table,
)

SCRIPT: Final = "<script>alert(1)</script>"
READ: Final = '#read("/etc/passwd")'
FORMULA: Final = "=cmd|' /C calc'!A0"
JAPANESE: Final = "株式会社テスト"
MARKUP: Final = "$500 to $550 * _ ^ @ [x](y)"
QUOTES: Final = "\" onload='alert(2)' style=\"color:red"
LONG_WORD: Final = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamten" * 3
LONG_URL: Final = "https://example.org/" + "a-very-long-path/" * 9 + "?query=" + "x" * 90
HOSTILE: Final = (SCRIPT, READ, FORMULA, MARKUP, QUOTES)
"""Strings of characters the font can print; each must come out as it went in."""

_PRICES = pd.DataFrame(
    {
        "product": ["PS5 Pro", "PS5", "PS5 Digital Edition", SCRIPT],
        "old_price": [700.0, 500.0, 450.0, 300.0],
        "new_price": [750.0, 550.0, 500.0, 329.99],
        "currency": ["USD"] * 4,
    }
)
_RATES = pd.DataFrame(
    {
        "origin": ["Japan", "Japan", "Japan", "China", "China", "China"],
        "starts_on": pd.to_datetime(
            ["2025-02-01", "2025-04-05", "2025-08-07", "2025-02-04", "2025-03-04", "2025-05-14"]
        ),
        "low": [0.0, 0.1, 0.15, 0.1, 0.2, 0.3],
        "high": [0.0, 0.1, 0.15, 0.1, 0.2, 0.3],
    }
)


def _source(source_id: str, publisher: str, title: str, url: str, published_on: date) -> Source:
    return Source(
        source_id=source_id,
        publisher=publisher,
        title=title,
        url=url,  # type: ignore[arg-type]
        kind=SourceKind.PRESS,
        published_on=published_on,
        accessed_on=date(2025, 10, 1),
        licence="all rights reserved; quoted briefly",
    )


REFERENCES: Final = (
    Reference(
        1,
        _source(
            "afp-2025-08-21",
            "Agence France-Presse via Japan Today",
            "Sony raises PlayStation 5 prices in the US as tariffs bite",
            "https://japantoday.com/category/business/sony-raises-us-playstation-prices",
            date(2025, 8, 21),
        ),
        (
            ("paragraph 3", "The price of the PlayStation 5 will rise by $50 to $550."),
            ("paragraph 9", "Sony had put the cost at about $680 million for the fiscal year."),
        ),
    ),
    Reference(
        2,
        _source(
            "sie-2025-08-20",
            "Sony Interactive Entertainment",
            "PlayStation 5 price changes in the U.S.",
            "https://blog.playstation.com/",
            date(2025, 8, 20),
        ),
        (
            (
                "second paragraph",
                "We continue to navigate a challenging economic environment.",
            ),
        ),
    ),
    Reference(
        3,
        _source("hostile", SCRIPT, f"{READ} {LONG_WORD}", LONG_URL, date(2025, 5, 1)),
        ((QUOTES, f"{SCRIPT} {FORMULA} {MARKUP} {LONG_URL}"), (JAPANESE, f"{JAPANESE} said so")),
    ),
    Reference(
        4,
        _source(
            "fr-2025-08",
            "Federal Register",
            "Further modifying the reciprocal tariff rates",
            "https://www.federalregister.gov/documents/2025/08/06/2025-15010",
            date(2025, 8, 6),
        ),
    ),
)

_TEXT = (
    "A tariff is a share of the declared value at the border, not of the shelf price. A console "
    "that sells for $500 may enter at $300 or at $375, and the same 15% then costs $45 or $56. "
    "Nobody outside the company knows the number, so the answer is a range until it is published."
)


def _companies(count: int) -> Table:
    names = [
        "Sony",
        "Estée Lauder",
        "PepsiCo",
        "Procter & Gamble",
        "Stanley Black & Decker",
        "Nintendo",
    ]
    rows = [
        (
            names[n % len(names)] + (f" ({n})" if n >= len(names) else ""),
            f"fiscal year to March {2024 + n % 3}",
            f"${40 + 17 * n}m",
            f"{0.4 + 0.3 * (n % 7):.1f}%",
            "gross" if n % 2 else "not stated",
            "Announced a rise of about 10%, part of it for aluminium, and moved purchases forward."
            if n % 3 == 0
            else "Absorbed.",
        )
        for n in range(count)
    ]
    rows += [
        (SCRIPT, READ, FORMULA, MARKUP, JAPANESE, QUOTES),
        (LONG_WORD, "–", "$1", "0.1%", "net", LONG_URL),
    ]
    cites = [("afp-2025-08-21",), ("sie-2025-08-20", "afp-2025-08-21"), ()]
    return Table(
        caption="What each company said the tariffs cost it, and what it did",
        columns=("Company", "Period", "Exposure", "Share of sales", "Basis", "Response"),
        rows=tuple(rows),
        cites=tuple(cites[n % 3] for n in range(len(rows))),
        numeric=(2, 3),
        note="Exposure as disclosed; gross is before the company's own measures, net after them.",
    )


def _wide() -> Table:
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct")
    return Table(
        caption="Tariff on a console by origin and month of 2025, % of customs value",
        columns=("Origin", *months),
        rows=tuple(
            (origin, *(f"{base + step * n:.1f}%" for n in range(len(months))))
            for origin, base, step in (("China", 10, 3.5), ("Japan", 0, 1.5), ("Viet Nam", 0, 2.0))
        ),
        numeric=tuple(range(1, 11)),
    )


def _prices() -> Figure:
    return Figure(
        name="console-prices",
        title="Every PlayStation 5 model now costs $50 more in America",
        subtitle="US recommended retail price before and after the increase of 21 August 2025, $",
        source="Sony Interactive Entertainment, 20 August 2025. Rounded from $499.99 and so on.",
        alt='The PS5 Pro rose from $700 to $750, the PS5 to $550 and the "Digital" to $500.',
        frame=_PRICES,
        draw=lambda: charts.price_dumbbell(_PRICES),
        cites=("sie-2025-08-20",),
    )


def _rates() -> Figure:
    return Figure(
        name="console-tariff",
        title="A console from China pays twice what one from Japan pays, and did so all summer",
        subtitle="Tariff on HTS 9504.50.00 by origin, % of customs value",
        source="US Federal Register; tariffimpact.",
        alt="Step chart of the tariff on consoles: Japan 15% and China 30% in August 2025.",
        frame=_RATES,
        draw=lambda: charts.duty_strips(_RATES, until=date(2025, 9, 30)),
        cites=("fr-2025-08", "afp-2025-08-21"),
    )


def sample_document() -> Document:
    """Return the sample report."""
    return Document(
        title="What the tariffs did to the price of a console, a can and a lipstick",
        lead="Sony put $50 on every PlayStation 5. How much of that is the tariff, who bears it, "
        "and what cannot be known from outside: facts, arithmetic and models, kept apart.",
        findings=(
            Paragraph(
                "Sony raised the US price of each PlayStation 5 by $50, which is 7.1% to 11.1%.",
                ("sie-2025-08-20", "afp-2025-08-21"),
                "evidence",
            ),
            Paragraph(
                "At 15% on a customs value of 60% to 75% of the shelf price, the duty on a $500 "
                "console is $45 to $56: the rise passes on 0.89 to 1.11 dollars per dollar.",
                ("afp-2025-08-21",),
                "accounting",
            ),
            Paragraph(
                "If demand is isoelastic and the percent margin is held, it recovers 41% to 58%.",
                ("afp-2025-08-21",),
                "model",
            ),
            Paragraph(
                "The customs share of a console is taken to be 60% to 75%; no maker publishes it.",
                (),
                "assumption",
            ),
            Paragraph(
                "The aluminium duty is at most 0.6 cents a can; the other nine tenths of PepsiCo's "
                "10% need another explanation.",
                ("afp-2025-08-21",),
                "accounting",
            ),
        ),
        sections=(
            Section(
                "prices",
                "Prices: what was announced",
                (
                    Paragraph(_TEXT, ("afp-2025-08-21",), "evidence"),
                    Paragraph(_TEXT, ("sie-2025-08-20", "fr-2025-08")),
                    _prices(),
                    Paragraph(_TEXT, (), "accounting"),
                    Bullets(
                        (
                            Paragraph(
                                "The retail tags are $499.99 and $549.99; the story rounds them.",
                                ("afp-2025-08-21",),
                                "evidence",
                            ),
                            Paragraph(
                                f"A name from a file: {SCRIPT}, and another: {READ}.", ("hostile",)
                            ),
                            Paragraph(
                                " · ".join(
                                    (FORMULA, MARKUP, QUOTES, JAPANESE, LONG_WORD, LONG_URL)
                                ),
                                (),
                                "assumption",
                            ),
                        )
                    ),
                    _rates(),
                ),
            ),
            Section(
                "companies",
                "Companies: exposure and response on one basis",
                (
                    Paragraph(_TEXT),
                    _companies(38),
                    Paragraph(_TEXT, ("fr-2025-08",), "model"),
                    _wide(),
                ),
            ),
            Section(
                "limits",
                "Limits: what this report cannot say",
                (
                    Paragraph("Nothing here is a causal estimate. " + _TEXT),
                    Bullets(
                        (
                            Paragraph("The customs value of a console is unknown."),
                            Paragraph("Stocks bought before the tariff are unknown."),
                        )
                    ),
                ),
            ),
        ),
        references=REFERENCES,
        data_date=date(2025, 10, 20),
        as_of=date(2025, 9, 1),
        made_with="tariffimpact 0.1.0, data 2025.10.0 of 20 October 2025",
    )


def bare_svgs(document: Document) -> dict[str, str]:
    """Return each figure of a document as the SVG a renderer is given."""
    with charts.drawn_for(shown=False):
        return {
            figure.name: charts.svg(figure.draw().figure, name=figure.name, alt=figure.alt)  # type: ignore[arg-type]
            for figure in document.figures
        }
