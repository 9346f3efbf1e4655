"""Look at the built site: it loads nothing from elsewhere, its links lead somewhere, and no public name is missing.

python scripts/check_site.py, after mkdocs has built site/
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import site_reference

__all__ = ["main", "problems"]

SITE = Path(__file__).parent.parent / "site"
_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src"}
_LOADING_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload"}


class _Page(HTMLParser):
    """What a page has: anchors, links, and what a browser would load with it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in _LOADS and _LOADS[tag] in given:
            self.loaded.append(given[_LOADS[tag]])
        if tag == "link" and _LOADING_LINKS & set(given.get("rel", "").split()):
            self.loaded.append(given.get("href", ""))


def problems(site: Path = SITE) -> list[str]:
    """Look at a built site.

    Args:
        site: its folder.

    Returns:
        what is wrong with it, a line each.
    """
    found = {path: _Page(path) for path in sorted(site.rglob("*.html"))}
    wrong = [f"no pages in {site}"] if not found else []
    for path, page in found.items():
        name = path.relative_to(site).as_posix()
        wrong += [f"{name} loads {url}" for url in page.loaded if urlsplit(url).netloc]
        if name != "404.html":  # its links are absolute, for wherever it is shown
            wrong += [f"{name} links to {link}" for link in page.links if not _leads_somewhere(path, link, found)]
    styles = [path for path in site.rglob("*.css") if "url(http" in path.read_text("utf-8").replace('"', "")]
    wrong += [f"{path.name} loads from elsewhere" for path in styles]
    return wrong + _missing_names(site, found)


def _leads_somewhere(path: Path, link: str, found: dict[Path, _Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target not in found or anchor in found[target].anchors or anchor == "__top"


def _missing_names(site: Path, found: dict[Path, _Page]) -> list[str]:
    anchors = {path.stem: page.anchors for path, page in found.items() if path.parent.name == "reference"}
    entries = site_reference.entries(site_reference.load_package())
    return [f"{e.path} is not described" for e in entries if e.described not in anchors.get(e.page, ())]


def main() -> int:
    """Run the command; return its exit code."""
    wrong = problems()
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    pages = len(list(SITE.rglob("*.html")))
    sys.stdout.write(f"site: {pages} pages, {len(wrong)} problems\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
