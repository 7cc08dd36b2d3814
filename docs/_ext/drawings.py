"""Puts the drawings into the pages, so that they follow the page's light or dark mode.

A page shows a drawing as any image: ``![what it shows](drawings/bind.svg)``. A file
that is shown by ``<img>`` cannot know which mode the reader has chosen; here its
text is put in place of the ``<img>``, and the page's own style gives the colours.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "drawings/"


def inline(app: Sphinx, tree: nodes.document, _: str) -> None:
    """Replace each image of a drawing by the drawing itself, in pages of HTML."""
    if app.builder.format != "html":
        return
    for image in list(tree.findall(nodes.image)):
        if image["uri"].startswith(FOLDER) and image["uri"].endswith(".svg"):
            file = Path(app.srcdir, image["uri"])
            image.replace_self(nodes.raw("", figure(file, image), format="html"))


def figure(file: Path, image: nodes.image) -> str:
    """Return the drawing in *file* as HTML, named by the alt text of *image*."""
    if not image.get("alt"):
        message = f"the drawing {file.name} needs a text that says what it shows"
        raise ExtensionError(message)
    name = escape(image["alt"], quote=True)
    opened = f'<svg role="img" aria-label="{name}" '
    drawing = file.read_text("utf-8").replace("<svg ", opened, 1)
    return f'<span class="drawing-frame">{drawing}</span>'


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx when to call."""
    app.connect("doctree-resolved", inline)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
