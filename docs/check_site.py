"""Check a built site: every link of its own leads somewhere, and nothing is fetched to read it.

    python docs/check_site.py docs/_build

Where Chromium is installed, it also opens some pages, looks for errors of their scripts, and
searches.
"""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

OPENED = (
    "index.html",
    "search.html",
    "gallery/index.html",
    "reference/generated/convcore.conv.html",
)
# What is searched for, and a link that has to be among the results.
SEARCHED, FOUND = "padding_mode", 'href="how-to/call.html"'
FETCHING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """Links, anchors, and what a browser would fetch."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors, self.fetched = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Note what one tag refers to, and what can be referred to by its name."""
        found = dict(attributes)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if found.get(FETCHING.get(tag)) and found.get("rel") != "canonical":
            self.fetched.append(found[FETCHING[tag]])


def html_of(site):
    """The pages; below _static are templates of the theme."""
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]


def complaints(site):
    """What is wrong with the pages of a site."""
    pages = {path.resolve(): Page(path) for path in html_of(site)}
    for path, page in pages.items():
        for address in page.fetched:
            if urlsplit(address).scheme in {"http", "https"} or address.startswith("//"):
                yield f"{path.name} fetches {address}"
        for link in [*page.links, *page.fetched]:
            if not urlsplit(link).scheme and not leads(path, link, pages):
                yield f"{path.relative_to(site.resolve())}: {link} leads nowhere"
    if not (site / "searchindex.js").exists():
        yield "there is no index to search"


def leads(path, link, pages):
    """Whether a link of the page at `path` has a target."""
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.exists()
    return not parts.fragment or unquote(parts.fragment) in pages[target].anchors


def script_errors(site, browser):
    """What the scripts of some pages complain of in a browser without a window, and a search."""
    for name in OPENED:
        for line in opened(site, browser, name).stderr.splitlines():
            if re.search(r":CONSOLE.*(Uncaught|[Ee]rror|Failed to load)", line):
                yield f"{name}: {line}"
    if FOUND not in opened(site, browser, "search.html", f"?q={SEARCHED}").stdout:
        yield f"search.html: does not find {SEARCHED}"


def opened(site, browser, name, query=""):
    """The process that has printed a page as its scripts left it, and what they complain of."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    address = (site / name).resolve().as_uri() + query
    command = [browser, *options, "--virtual-time-budget=4000", "--dump-dom", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def main(site):
    """Print what is wrong; the status is 1 if anything is."""
    found = list(complaints(site))
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    found += script_errors(site, browser) if browser else []
    print("\n".join(found) or f"{site}: well ({'with' if browser else 'without'} a browser)")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
