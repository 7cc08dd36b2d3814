"""The summary of a run: a few lines, by ratio, that everything else explains."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.growth import WORST
from benchmarks.operations import (
    ATTRIBUTE_READ,
    DICT_ITEM,
    LIST_ITEM,
    METHOD_CALL,
    UNPACKING,
)
from benchmarks.results import OURS, Group, Result, Row, middle, ratio, ratios
from benchmarks.scopes import FLASK, REQUEST, SCOPE
from benchmarks.targets import PLAIN_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterator

WERKZEUG = "werkzeug"
FLASKS = (SCOPE, REQUEST)
"""What is compared with Flask's own: by hand there is no such thing."""


class Line(NamedTuple):
    """What something costs, compared.

    Attributes:
        part: What kind of thing it is.
        title: What is done.
        base: The median of what it is compared with; None if of many rows.
        ours: inscope's median; None if of many rows.
        ratio: inscope's in *base*'s.
        werkzeug: werkzeug's in inscope's.
        detail: Which rows, if it is about several.
    """

    part: str
    title: str
    base: float | None
    ours: float | None
    ratio: float | None
    werkzeug: float | None
    detail: str = ""


def lines(result: Result) -> list[Line]:
    """Return the summary's lines, without those of groups that did not run."""
    return [line for line in _all(result) if line.ratio is not None]


def _all(result: Result) -> Iterator[Line]:
    groups = result.groups
    if "attributes" in groups:
        group = groups["attributes"]
        yield _line(group, "proxy", ATTRIBUTE_READ, PLAIN_CLASS, "read an attribute")
        yield _line(group, "proxy", METHOD_CALL, PLAIN_CLASS, "call a method")
    if "operations" in groups:
        yield from _operations(groups["operations"])
    if "sources" in groups:
        yield from _sources(groups["sources"])
    if "variables" in groups:
        for row in groups["variables"].rows:
            yield _line(groups["variables"], "Var", row.name)
    if "binding" in groups:
        for row in groups["binding"].rows:
            yield _line(groups["binding"], "block", row.name)
    if "scopes" in groups:
        for row in groups["scopes"].rows:
            to = FLASK if row.name in FLASKS else groups["scopes"].baseline
            yield _compared(row, to, "scope", row.name)
    if "requests" in groups:
        for row in groups["requests"].rows:
            yield _line(groups["requests"], "wrapped", row.name)
    if "locals" in groups:
        for row in groups["locals"].rows:
            yield _line(groups["locals"], "Local", row.name)
    if "flask" in groups:
        for row in groups["flask"].rows:
            yield _line(groups["flask"], "Flask page", row.name)


def _operations(group: Group) -> Iterator[Line]:
    yield _line(group, "proxy", DICT_ITEM, "dict", "read an item of a dict")
    yield _line(group, "proxy", LIST_ITEM, "list", "read an item of a list")
    others = other_rows(group)
    found = ratios(others, OURS, group.baseline)
    if found:
        yield Line(
            "proxy",
            "every other operation, the median",
            None,
            None,
            statistics.median(value for value, _ in found),
            middle(others, WERKZEUG, OURS),
            f"is of {len(found)} rows",
        )
        worst = found[-1][1]
        line = _of(group, worst, "proxy", "every other operation, the worst")
        yield line._replace(detail=f"is `{worst.name}` on {worst.target}")
    yield _line(group, "proxy", UNPACKING, "list", "unpack a list")


def other_rows(group: Group) -> list[Row]:
    """Return the rows of ``operations`` that have no line of their own."""
    own = ((DICT_ITEM, "dict"), (LIST_ITEM, "list"))
    return [
        row
        for row in group.rows
        if row.name != UNPACKING and (row.name, row.target) not in own
    ]


def _sources(group: Group) -> Iterator[Line]:
    for row in group.rows:
        if row.name == ATTRIBUTE_READ:
            yield _of(group, row, "proxy over", row.target)


def _line(
    group: Group, part: str, name: str, target: str = "", words: str = ""
) -> Line:
    row = group.row(name, target)
    title = f"{words}: `{name}`" if words else name
    if row is None:
        return Line(part, title, None, None, None, None)
    return _of(group, row, part, title)


def _of(group: Group, row: Row, part: str, title: str) -> Line:
    return _compared(row, group.baseline, part, title)


def _compared(row: Row, to: str, part: str, title: str) -> Line:
    base, ours = row.cells.get(to), row.cells.get(OURS)
    against = row.cells.get(WERKZEUG)
    return Line(
        part,
        title,
        base and base.median,
        ours and ours.median,
        ratio(ours, base),
        ratio(against, ours),
    )


class Growth(NamedTuple):
    """What something costs at its largest, in what it costs at its smallest."""

    title: str
    ours: float | None
    werkzeug: float | None


def growths(result: Result) -> list[Growth]:
    """Return how writes to a Local, and pushes, grow."""
    found = []
    for name, words in (
        ("growth", "write a name of a Local of {}, in writes at {}"),
        ("stacks", "push and pop at depth {}, in those at depth {}"),
    ):
        group = result.groups.get(name)
        if group is None:
            continue
        sizes = [row for row in group.rows if row.name.replace(",", "").isdigit()]
        if len(sizes) > 1:
            title = words.format(sizes[-1].name, sizes[0].name)
            found.append(_growth(group, sizes[-1], title))
        found.extend(
            _growth(group, row, f"{row.name}, in writes at {sizes[0].name}")
            for row in group.rows
            if row.name.startswith(WORST.partition("{")[0])
        )
    return found


def _growth(group: Group, row: Row, title: str) -> Growth:
    return Growth(title, group.grown(OURS, row), group.grown(WERKZEUG, row))
