"""The short table in ``README.md``, between two comments, from the runs kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.page import foremost, label
from benchmarks.requests import FLASK as HELLO
from benchmarks.scopes import REQUEST
from benchmarks.summary import Line, growths, lines
from benchmarks.tables import table, times

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.results import Result

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


class Shown(NamedTuple):
    """A row of the short table: which line of the summary it is, and its words."""

    part: str
    begins: str
    words: str


ROWS = (
    Shown("proxy", "read an attribute", "`p.x`"),
    Shown("proxy", "call a method", "`p.m()`"),
    Shown("proxy", "read an item of a dict", '`p["key"]`'),
    Shown("proxy", "every other operation, the median", "other operations, the median"),
    Shown("block", "bind", "`with var.bind(value):`"),
    Shown("scope", REQUEST, "the context of a request (by hand: Flask's)"),
    Shown("wrapped", HELLO, "Flask's hello in a context (by hand: without)"),
    Shown("Local", "read", "read a `Local`'s name (by hand: `threading.local`)"),
    Shown("Local", "write", "write a `Local`'s name (by hand: `threading.local`)"),
    Shown(
        "Flask page",
        "a request, µs",
        "a Flask page on `inscope.dropin` (by hand: on werkzeug)",
    ),
)
GROWTH = ("write a name", "push and pop")


class NoMarkersError(Exception):
    """The README has no place for the table."""


def block(results: list[Result]) -> str:
    """Return the short table, of the foremost runs."""
    results = foremost(results)
    head = [""]
    for result in results:
        name = label(result).replace("a build without optimisations", "unoptimised")
        head += [f"{name}: to by hand", "werkzeug to inscope"]
    body = [_row(shown, results) for shown in ROWS]
    grown = [_growth_row(words, results) for words in GROWTH]
    found = [row for row in (*body, *grown) if row is not None]
    return table(head, found)


def _row(shown: Shown, results: list[Result]) -> list[str] | None:
    found = [_line(shown, result) for result in results]
    if not any(found):
        return None
    cells = [
        cell
        for line in found
        for cell in (
            (times(line.ratio), times(line.werkzeug)) if line else (times(None),) * 2
        )
    ]
    return [shown.words, *cells]


def _line(shown: Shown, result: Result) -> Line | None:
    for line in lines(result):
        if line.part == shown.part and line.title.startswith(shown.begins):
            return line
    return None


def _growth_row(words: str, results: list[Result]) -> list[str] | None:
    """Return a row of growth: how many times the smallest's, ours and werkzeug's."""
    found = [
        next((line for line in growths(result) if line.title.startswith(words)), None)
        for result in results
    ]
    title = next((line.title for line in found if line), None)
    if title is None:
        return None
    cells = [
        cell
        for line in found
        for cell in (
            (f"{times(line.ours)} its own", f"{times(line.werkzeug)} its own")
            if line
            else (times(None),) * 2
        )
    ]
    return [title, *cells]


def write(results: list[Result], file: Path) -> None:
    """Put the short table between the comments in *file*.

    Raises:
        NoMarkersError: The comments are not there.
    """
    text = file.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"{file.name} has no {BEGIN} … {END}: its table was not written"
        raise NoMarkersError(message)
    file.write_text(f"{before}{BEGIN}\n{block(results)}{END}{after}", "utf-8")
