"""Shows one signature of a function that is overloaded for type checkers.

``proxy`` has seven, for seven ways to call it: what a checker needs and a reader does
not. autodoc prints all of them, whatever the page says. Without them it prints the
signature that ``api.md`` gives; a test holds that against the code.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sphinx.pycode import ModuleAnalyzer

import inscope  # noqa: F401  (so that its modules are there to be looked at)

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def forget_overloads(_: Sphinx) -> None:
    """Make autodoc see no overloads in inscope; it keeps one analyzer per module."""
    for name in sorted(sys.modules):
        if name.partition(".")[0] == "inscope":
            analyzer = ModuleAnalyzer.for_module(name)
            analyzer.analyze()
            analyzer.overloads.clear()


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx when to call."""
    app.connect("builder-inited", forget_overloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
