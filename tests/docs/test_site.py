"""The site builds strictly, asks nothing of any server, and every link and public name leads on."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
INSIDE = {"__main__", "arguments", "cli"}  # the commands have a page of their own


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


class Page(HTMLParser):
    """What a page loads, where it leads, and the anchors it has."""

    def __init__(self, path):
        super().__init__()
        self.loaded, self.links, self.anchors, self.without_alt = [], [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given.get("id"), given.get("name")}
        leads = given.get("rel") in ("canonical", "next", "prev")
        if tag in LOADED and not leads and (address := given.get(LOADED[tag])):
            self.loaded.append(address)
        if tag == "img" and not given.get("alt"):
            self.without_alt.append(given.get("src"))
        if tag == "a" and (address := given.get("href")):
            self.links.append(address)


# one test, that the site is built once and not once by every worker
def test_the_site_is_whole(site):
    pages = {path: Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 30
    faults = [fault for path, page in pages.items() for fault in faults_of(path, page, pages, site)]
    faults += [f"{path.name} loads from a server" for path in site.rglob("*.css") if loads(path)]
    faults += [f"the reference has no {name}" for name in sorted(public_names() - described(site))]
    assert not faults, "\n".join(faults)


def faults_of(path, page, pages, site):
    here = path.relative_to(site)
    yield from (f"{here} loads {a}" for a in page.loaded if urlsplit(a).netloc)
    yield from (f"{here}: no words for the image {image}" for image in page.without_alt)
    if here.name == "404.html":
        return  # served from any address, so its links begin at the root
    for address in page.links:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.exists():
            yield f"{here} leads to {address}, which is not there"
        elif parts.fragment and target in pages and parts.fragment not in pages[target].anchors:
            yield f"{here} leads to {address}, which has no such place"


def loads(stylesheet):
    addresses = re.findall(r"url\(['\"]?(\S+?)['\"]?\)", stylesheet.read_text(encoding="utf-8"))
    return [address for address in addresses if urlsplit(address).netloc]


def described(site):
    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split()[0] for line in zlib.decompress(inventory).decode().splitlines()}


def public_names():
    """What `import tariffimpact` gives, at its home, and what each module says is public."""
    top = importlib.import_module("tariffimpact")
    found = {f"tariffimpact.{top._HOMES[name]}.{name}" for name in top.__all__}
    names = {module.name for module in pkgutil.iter_modules(top.__path__)} - INSIDE
    decisions = importlib.import_module("tariffimpact.decisions")
    names |= {f"decisions.{module.name}" for module in pkgutil.iter_modules(decisions.__path__)}
    for name in names:
        module = importlib.import_module(f"tariffimpact.{name}")
        for public in getattr(module, "__all__", None) or own_names(module):
            # a function may share the name of the module it lives in
            home = getattr(getattr(module, public), "__module__", "")
            same = home == f"{module.__name__}.{public}"
            found.add(f"{home if same else module.__name__}.{public}")
    return found


def own_names(module):
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__
    ]
