"""The directive ``{special-methods}``: prints the table that the proxy is made from.

It reads ``inscope._core.special_methods.TABLE`` while the page is built, so the page
cannot fall behind the code. Used by ``special-methods.md``.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from inscope._core import special_methods
from inscope._core.special_methods import FALLBACK, FORWARD, LEFT, OWN, TABLE

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from inscope._core.special_methods import SpecialMethod

HEADINGS = ("Method", "Rule", "What is done, or the reason", "With nothing bound")
WIDTHS = (18, 14, 42, 26)

RULES = {
    FORWARD: "forwarded",
    FALLBACK: "forwarded, or answered",
    OWN: "by hand",
    LEFT: "left out",
}
"""The words of the page for each rule."""


class SpecialMethodsTable(SphinxDirective):
    """Prints how many methods there are by rule, then a row for each.

    The rows stand in the order of the data model, as in the code.
    """

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(special_methods.__file__)
        counts = Counter(method.rule for method in TABLE)
        told = "; ".join(f"{RULES[rule]}: {counts[rule]}" for rule in RULES)
        text = f"{len(TABLE)} names. {told[0].upper()}{told[1:]}."
        return [nodes.paragraph(text, text), table([row_of(row) for row in TABLE])]


def row_of(method: SpecialMethod) -> nodes.row:
    """Return the row of the page for *method*."""
    name = nodes.literal(method.name, method.name)
    name["ids"] = [method.name]
    bound, unbound = cells_of(method)
    texts: tuple[list[nodes.Node], ...] = (
        [name],
        [nodes.Text(RULES[method.rule])],
        bound,
        unbound,
    )
    row = nodes.row(classes=[f"rule-{method.rule}"])
    row += [nodes.entry("", nodes.paragraph("", "", *content)) for content in texts]
    return row


def cells_of(method: SpecialMethod) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """Return what *method* does with an object bound, and with none."""
    if method.rule == FALLBACK:
        return [code(method.expression)], [code(method.unbound)]
    if method.rule == FORWARD:
        return [code(method.expression)], [nodes.Text("raises")]
    # 'own' tells both in one sentence: "the object's; unbound: the proxy's".
    reason, _, unbound = method.reason.partition("; unbound: ")
    return [nodes.Text(reason)], [nodes.Text(unbound or default_of(method))]


def default_of(method: SpecialMethod) -> str:
    """Return what goes without saying about *method* with nothing bound."""
    return "raises" if method.rule == OWN else "–"


def code(text: str) -> nodes.literal:
    """Return *text* as code."""
    return nodes.literal(text, text)


def table(rows: list[nodes.row]) -> nodes.table:
    """Return the table with its head."""
    head = nodes.row()
    head += [nodes.entry("", nodes.paragraph(text, text)) for text in HEADINGS]
    group = nodes.tgroup(cols=len(HEADINGS))
    group += [nodes.colspec(colwidth=width) for width in WIDTHS]
    group += [nodes.thead("", head), nodes.tbody("", *rows)]
    return nodes.table("", group, classes=["special-methods"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("special-methods", SpecialMethodsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
