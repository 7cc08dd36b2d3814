"""The documentation as it is built: its pages, and what can be asked of them."""

from __future__ import annotations

from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

OPTIONS = ("--builder", "html", "--nitpicky", "--fail-on-warning", "--keep-going")
VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "path", "source", "wbr"})
MADE_BY_SPHINX = frozenset({"genindex.html", "search.html", "py-modindex.html"})


class Element(NamedTuple):
    """A start tag, its attributes, and the classes of the elements around it."""

    tag: str
    attributes: dict[str, str]
    around: frozenset[str]


class Page(HTMLParser):
    """One built page: its elements, in order, and the text of its table cells."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.elements: list[Element] = []
        self.cells: list[str] = []
        self._open: list[tuple[str, frozenset[str]]] = []
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        around = frozenset().union(*(classes for _, classes in self._open))
        self.elements.append(Element(tag, attributes, around))
        if tag == "td":
            self.cells.append("")
        if tag not in VOID:
            self._open.append((tag, frozenset(attributes.get("class", "").split())))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in (open_tag for open_tag, _ in self._open):
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if "td" in (tag for tag, _ in self._open):
            self.cells[-1] += data

    def all(self, tag: str) -> list[Element]:
        """Return the elements of this tag."""
        return [element for element in self.elements if element.tag == tag]

    @cached_property
    def anchors(self) -> list[str]:
        """Every ``id``, in order."""
        found = (element.attributes.get("id") for element in self.elements)
        return [anchor for anchor in found if anchor]

    def links(self) -> list[tuple[Path, str]]:
        """Return the file and the anchor of every link that stays on the site."""
        found = []
        for element in self.all("a"):
            address, _, anchor = element.attributes.get("href", "").partition("#")
            if "://" in address or address.startswith("mailto:"):
                continue
            target = (self.file.parent / address).resolve() if address else self.file
            found.append((target, anchor))
        return found


class Site:
    """The folder that was built, and how the build went."""

    def __init__(self, folder: Path, code: int, output: str) -> None:
        self.folder = folder
        self.code = code
        self.output = output

    @cached_property
    def pages(self) -> dict[str, Page]:
        """The pages, by their address relative to the folder."""
        files = sorted(self.folder.rglob("*.html"))
        named = {str(file.relative_to(self.folder)): file for file in files}
        return {
            name: Page(file.resolve())
            for name, file in named.items()
            if not name.startswith("_static")
        }

    @property
    def written(self) -> dict[str, Page]:
        """The pages that somebody wrote; Sphinx adds an index and a search."""
        return {n: page for n, page in self.pages.items() if n not in MADE_BY_SPHINX}
