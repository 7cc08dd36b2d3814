"""The table of docs/carry.md: where a bound value goes, on each kind of interpreter.

``python -m dev.where_values_go`` runs ``examples/where_values_go.py`` on the
interpreter that it is called with, keeps what that found beside the page, and renders
the table from all that is kept.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "examples" / "where_values_go.py"
PAGE = ROOT / "docs" / "carry.md"
KEPT = ROOT / "docs" / "where-values-go.json"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
COLUMNS = ("regular", "free-threaded", "inheriting", "inscope")
"""The kinds of interpreter, in the order of the table."""


def kept() -> dict[str, dict[str, str]]:
    """Return what was found on each kind of interpreter."""
    found: dict[str, dict[str, str]] = json.loads(KEPT.read_text("utf-8"))
    return {column: found[column] for column in COLUMNS if column in found}


def rendered(page: str, columns: dict[str, dict[str, str]]) -> str:
    """Return *page* with the table of *columns* between its marks."""
    program: dict[str, Any] = runpy.run_path(str(PROGRAM))
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{program['table'](columns)}{END}{after}"


def main() -> None:
    """Run the program here, keep what it found, and render the table."""
    found: dict[str, dict[str, str]] = kept() if KEPT.exists() else {}
    for column, cells in runpy.run_path(str(PROGRAM))["found_here"]().items():
        there = {row: cell for row, cell in cells.items() if cell != "not installed"}
        found[column] = {**cells, **found.get(column, {}), **there}
    KEPT.write_text(f"{json.dumps(found, indent=1)}\n", "utf-8")
    PAGE.write_text(rendered(PAGE.read_text("utf-8"), kept()), "utf-8")


if __name__ == "__main__":
    main()
