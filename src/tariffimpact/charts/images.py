"""A figure as bytes: SVG to put inside a page, PNG to hand on. Same figure, same bytes."""

from __future__ import annotations

import io
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from tariffimpact.charts.axes import ROW_NAME
from tariffimpact.charts.framing import FRAME, bare_box
from tariffimpact.charts.marks import VALUE
from tariffimpact.charts.style import DARK, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_FONT: Final = re.compile(
    r"^(?:(?P<style>italic|oblique) )?(?:(?P<weight>\d+|bold) )?(?P<size>[\d.]+px) (?P<family>.+)$"
)
_PACKED: Final = 3
"""How hard a PNG is packed, of 9: 2% larger than by the usual 6, in two thirds of the time."""
_ROLES: Final = {colour: f"c{n}" for n, colour in enumerate(DARK)}
_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def png(figure: Figure, dpi: float = 200) -> bytes:
    """Return a figure as a PNG picture.

    Parameters
    ----------
    figure
        The figure of a chart, `ax.figure`.
    dpi
        Pixels per inch.
    """
    from PIL import Image

    pixels, picture = io.BytesIO(), io.BytesIO()
    with theme():
        figure.savefig(pixels, format="rgba", dpi=dpi)
    size = [int(length * dpi) for length in figure.get_size_inches()]
    whole = Image.frombuffer("RGBA", (size[0], size[1]), pixels.getvalue())
    # nothing shines through paper
    whole.convert("RGB").save(picture, "png", compress_level=_PACKED, dpi=(dpi, dpi))
    return picture.getvalue()


def svg(figure: Figure, *, name: str, alt: str, title: str = "") -> str:
    """Return a figure as an SVG element to put inside a page or a file.

    Text stays text. Every id starts with `name`, so that several charts can share a page. There
    is no style element and no style attribute, so a strict content security policy lets it through.

    Parameters
    ----------
    figure
        The figure of a chart, `ax.figure`.
    name
        The chart's name within the page.
    alt
        What the chart shows, in words, for those who cannot see it.
    title
        A short name to be read out before `alt`.
    """
    return _finished(_saved(figure), name, alt, title)


def svg_pair(figure: Figure, *, name: str, alt: str, title: str) -> tuple[str, str]:
    """Return a framed figure without its frame, to put inside a page, and as it is, to hand on.

    The chart is drawn once: the bare one is the part of the picture inside the frame.

    Parameters
    ----------
    figure
        What `framed` returned.
    name, alt, title
        As in `svg`; the bare picture has no title.
    """
    whole = _saved(figure)
    bare = deepcopy(whole)
    for group in list(bare.iter(f"{{{_SVG}}}g")):
        for part in [part for part in group if part.get("id") in FRAME]:
            group.remove(part)
    box = [72 * length for length in bare_box(figure.axes[0])]
    bare.attrib |= {
        "viewBox": " ".join(f"{length:.6g}" for length in box),
        "width": f"{box[2]:.6g}pt",
        "height": f"{box[3]:.6g}pt",
    }
    return _finished(bare, name, alt, ""), _finished(whole, name, alt, title)


def _saved(figure: Figure) -> ET.Element:
    """Return a figure as matplotlib writes it."""
    buffer = io.BytesIO()
    with theme():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return ET.fromstring(buffer.getvalue())  # noqa: S314  (matplotlib wrote it a line above)


def _finished(root: ET.Element, name: str, alt: str, title: str) -> str:
    """Return the picture with its words, and without what a page need not have."""
    for child in [child for child in root if child.tag == f"{{{_SVG}}}metadata"]:
        root.remove(child)
    prefix = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "chart"
    for element in root.iter():
        for leftover in [c for c in element if c.tag == f"{{{_SVG}}}style"]:
            element.remove(leftover)
        _plain(element)
        _tell(element)
        _prefix(element, prefix)
    root.attrib |= {"stroke-linejoin": "round", "stroke-linecap": "butt"}
    _describe(root, prefix, alt, title)
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    return ET.tostring(root, encoding="unicode") + "\n"


def _plain(element: ET.Element) -> None:
    """Turn a style attribute into the presentation attributes it stands for."""
    for rule in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in rule.partition(":"))
        if key == "font":
            font = _FONT.match(value)
            assert font is not None, value
            element.attrib |= {
                f"font-{part}": text for part, text in font.groupdict().items() if text
            }
        elif key:
            element.set(key, value)
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]


def _tell(element: ET.Element) -> None:
    """Turn the id of a mark that carries its value into the value itself."""
    name = element.get("id", "")
    if name.startswith(VALUE):
        element.set("data-value", _FORBIDDEN.sub("", element.attrib.pop("id")[len(VALUE) :]))
    elif name == ROW_NAME:  # many have it
        del element.attrib["id"]


def themed(svg: str) -> str:
    """Return a chart's SVG with colours that follow the page: each role a variable of its style.

    The light colour stays behind it, for whoever does not set the variables; `scheme_rules` are
    the rules that set them.
    """

    def role(found: re.Match[str]) -> str:
        colour = found[2].upper()
        name = _ROLES.get(colour)
        return f'{found[1]}="var(--{name},{found[2]})"' if name else found[0]

    return re.sub(r'\b(fill|stroke)="(#[0-9a-fA-F]{6})"', role, svg)


def scheme_rules(*, dark: bool) -> str:
    """Return the variables of `themed` pictures on a light or a dark page."""
    shades = DARK if dark else {colour: colour for colour in DARK}
    return ";".join(f"--{_ROLES[colour]}:{shade.lower()}" for colour, shade in shades.items())


def _prefix(element: ET.Element, prefix: str) -> None:
    """Put the chart's name before an element's id and before every reference to one."""
    for key, value in element.attrib.items():
        if key == "id":
            element.set(key, f"{prefix}-{value}")
        elif key == f"{{{_XLINK}}}href" and value.startswith("#"):
            element.set(key, f"#{prefix}-{value[1:]}")
        elif value.startswith("url(#"):
            element.set(key, f"url(#{prefix}-{value[5:]}")


def _describe(root: ET.Element, prefix: str, alt: str, title: str) -> None:
    """Give the picture its role and its words."""
    words = {"title": title or alt, "desc": alt if title else ""}
    words = {tag: _FORBIDDEN.sub("", text) for tag, text in words.items() if text}
    root.set("role", "img")
    root.set("aria-labelledby", " ".join(f"{prefix}-aria-{tag}" for tag in words))
    for place, (tag, text) in enumerate(words.items()):
        element = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{prefix}-aria-{tag}"})
        element.text = text
        root.insert(place, element)
