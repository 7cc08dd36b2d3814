"""The documentation builds, and its pages hold together."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from built_site import OPTIONS, Site

ROOT = Path(__file__).parent.parent.parent
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src"}
LOADING_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}
ELSEWHERE = re.compile(r"(https?:)?//", re.IGNORECASE)


def test_the_documentation_builds_without_a_warning(site: Site) -> None:
    """Every warning is an error, references that lead nowhere included."""
    assert "WARNING" not in site.output
    assert 0 == site.code, site.output


def test_the_tests_build_as_run_does() -> None:
    """``./run docs`` gives Sphinx the same options."""
    options = ", ".join(f'"{option}"' for option in OPTIONS)

    assert f"options = [{options}]" in (ROOT / "dev" / "programs.py").read_text()


def test_a_page_is_built_for_every_file(site: Site) -> None:
    """What is written in Markdown below ``docs`` can be read in a browser."""
    files = (file.relative_to(ROOT / "docs") for file in (ROOT / "docs").rglob("*.md"))
    expected = {str(file.with_suffix(".html")) for file in files}

    assert expected == set(site.written)


def test_no_page_loads_anything_from_another_host(site: Site) -> None:
    """No script, style, font or picture comes from the network."""
    loaded = [
        (name, address)
        for name, page in site.pages.items()
        for element in page.elements
        for address in _loaded_by(element.tag, element.attributes)
    ]

    assert loaded
    assert [] == [found for found in loaded if ELSEWHERE.match(found[1])]


def _loaded_by(tag: str, attributes: dict[str, str]) -> list[str]:
    """Return the addresses that a browser loads for an element."""
    if tag == "link" and LOADING_LINKS & set(attributes.get("rel", "").split()):
        return [attributes.get("href", "")]
    address = attributes.get(LOADED.get(tag, ""))
    return [address] if address else []


def test_no_style_loads_anything_from_another_host(site: Site) -> None:
    """Neither by ``url()`` nor by ``@import``, in style sheets and in pages."""
    files = [*site.folder.rglob("*.css"), *site.folder.rglob("*.html")]
    loads = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")
    found = [(file.name, loads.findall(file.read_text("utf-8"))) for file in files]

    assert [] == [(name, addresses) for name, addresses in found if addresses]


def test_every_link_leads_somewhere(site: Site) -> None:
    """The file of each link within the site is there, and so is its anchor."""
    anchors = {page.file: set(page.anchors) for page in site.pages.values()}
    lost = [
        (name, str(target), anchor)
        for name, page in site.pages.items()
        for target, anchor in page.links()
        if not target.exists() or (anchor and anchor not in anchors[target])
    ]

    assert [] == lost


def test_no_link_needs_a_server(site: Site) -> None:
    """Opened from a folder, a page finds the others: no address begins with a slash."""
    addresses = [
        (name, element.attributes.get(attribute, ""))
        for name, page in site.pages.items()
        for element in page.elements
        for attribute in ("href", "src")
    ]

    assert [] == [found for found in addresses if found[1].startswith(("/", "file:"))]


def test_every_page_stands_in_the_contents(site: Site) -> None:
    """The contents at the side lead to each page but the first."""
    index = site.pages["index.html"]
    contents = {
        element.attributes["href"]
        for element in index.all("a")
        if "sidebar-tree" in element.around
    }

    assert set(site.written) - {"index.html"} == contents - {"#"}


def test_every_page_has_one_title(site: Site) -> None:
    """One ``h1``, no more: MyST would take a second as a part of the page."""
    titles = {name: len(page.all("h1")) for name, page in site.written.items()}

    assert {} == {name: count for name, count in titles.items() if count != 1}


def test_no_anchor_is_given_twice(site: Site) -> None:
    """A link to it would lead to the first only; drawings have anchors, too."""
    twice = {
        name: [anchor for anchor, n in Counter(page.anchors).items() if n > 1]
        for name, page in site.written.items()
    }

    assert {} == {name: anchors for name, anchors in twice.items() if anchors}


def test_every_picture_is_there_and_says_what_it_shows(site: Site) -> None:
    """A picture has its file and a text for those who cannot see it."""
    pictures = [
        (page.file.parent / element.attributes["src"], element.attributes.get("alt"))
        for page in site.written.values()
        for element in page.all("img")
    ]

    assert [] == [str(file) for file, text in pictures if not file.exists() or not text]


def test_every_drawing_is_shown_once_and_says_what_it_shows(site: Site) -> None:
    """Each file in ``docs/drawings`` is part of a page, under a text of its own."""
    shown = [
        element.attributes.get("aria-label")
        for page in site.written.values()
        for element in page.all("svg")
        if "drawing-frame" in element.around
    ]
    files = list((ROOT / "docs" / "drawings").glob("*.svg"))

    assert files
    assert len(files) == len(set(shown))
    assert all(text and len(text) > 50 for text in shown)


def test_all_drawings_have_the_same_style() -> None:
    """Each holds the style, to be readable by itself; a change is made in all."""
    files = (ROOT / "docs" / "drawings").glob("*.svg")
    styles = {
        found[0]
        for file in files
        if (found := re.findall("<style>.*?</style>", file.read_text(), re.DOTALL))
    }

    assert 1 == len(styles)


def test_the_pages_give_the_drawings_the_colours_that_they_have() -> None:
    """The style sheet has, for each mode, the colours that the drawings give."""
    colours = re.compile(r"(--[\w-]+): (#\w+);")
    drawing = (ROOT / "docs" / "drawings" / "bind.svg").read_text()
    sheet = (ROOT / "docs" / "_static" / "inscope.css").read_text()

    assert colours.findall(drawing)
    assert colours.findall(drawing) == colours.findall(sheet)
