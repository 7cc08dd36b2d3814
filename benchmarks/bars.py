"""The bars of the native core: what it must reach, figure by figure.

A bar is held against a run of the native core only, and nothing fails by it: the
run and the page say which are reached. Why one is not stands in ``words/why``, in a
file of the bar's name, and is shown with it.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import carrying, engines, requests, scopes, travelling, whose
from benchmarks.memory import CONTEXT_WITH_LOCAL, PROXY
from benchmarks.operations import (
    ATTRIBUTE_READ,
    DICT_ITEM,
    LIST_ITEM,
    METHOD_CALL,
    UNPACKING,
)
from benchmarks.results import BY_HAND, OURS, Group, Result, ratios
from benchmarks.summary import other_rows
from benchmarks.tables import figure, times
from benchmarks.targets import PLAIN_CLASS
from benchmarks.variables import BIND, OVER_A_VAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Measure = Callable[[Group], float | None]

REACHED, MISSED, UNKNOWN = "reached", "NOT reached", "not measured"
HEAD = ("what", "measured", "the bar", "")
THREADING, WERKZEUG, FLASK = "threading.local", "werkzeug", scopes.FLASK


class Bar(NamedTuple):
    """A figure that the native core must reach.

    Attributes:
        key: The bar's name; ``words/why/<key>.md`` says why it is not reached.
        what: What is measured.
        group: The name of the group of rows that it is computed from.
        measure: Computes it.
        optimised: The limit on an optimised build, Debian's among them.
        plain: The limit on a build without optimisations.
        least: Whether the limit is the least that it must be, not the most.
        show: How the figure is written.
        trait: What the build must be, if the bar is for special builds only.
    """

    key: str
    what: str
    group: str
    measure: Measure
    optimised: float
    plain: float
    least: bool = False
    show: Callable[[float | None], str] = times
    trait: str = ""

    def limit(self, about: dict[str, Any]) -> float:
        """Return the limit on the build of a run."""
        return self.plain if about["build"] == "unoptimised" else self.optimised


class Verdict(NamedTuple):
    """A bar, and what a run says of it."""

    bar: Bar
    measured: float | None
    limit: float

    @property
    def word(self) -> str:
        """Whether the bar is reached: as it is shown, not by further digits."""
        if self.measured is None:
            return UNKNOWN
        sign = -1 if self.bar.least else 1
        reached = sign * _shown(self.measured) <= sign * self.limit
        return REACHED if reached else MISSED

    def cells(self) -> list[str]:
        """Return the line of the table."""
        sign = "≥" if self.bar.least else "≤"
        limit = f"{sign} {self.limit:g}{'×' * (self.bar.show is times)}"
        return [self.bar.what, self.bar.show(self.measured), limit, self.word]


def _shown(value: float) -> float:
    """Return *value* with the digits that are measured."""
    return float(f"{value:.3g}") if value >= 1 else round(value, 2)


def verdicts(result: Result) -> list[Verdict]:
    """Return what the run says of each bar: nothing if it ran on the Python core.

    Bars of groups that did not run, and those of other builds, are left out.
    """
    about = result.about
    if about["core"] != "native":
        return []
    return [
        Verdict(bar, bar.measure(result.groups[bar.group]), bar.limit(about))
        for bar in BARS
        if bar.group in result.groups and bar.trait in ("", *about["traits"])
    ]


def _compared(name: str, target: str | None, one: str, to: str) -> Measure:
    """Return what divides two contestants' medians in a row."""

    def measure(group: Group) -> float | None:
        row = group.row(name, target)
        return row.ratio(one, to) if row else None

    return measure


def _of_read(one: str, to: str) -> Measure:
    """Return what compares how long reading an attribute takes two contestants."""
    return _compared(ATTRIBUTE_READ, PLAIN_CLASS, one, to)


def _others(pick: Callable[[list[float]], float]) -> Measure:
    """Return what picks from the ratios of all rows without a bar of their own."""

    def measure(group: Group) -> float | None:
        found = [value for value, _ in ratios(other_rows(group), OURS, BY_HAND)]
        return pick(found) if found else None

    return measure


def _unpacking(group: Group) -> float | None:
    """Return the worst ratio of the rows that unpack."""
    rows = [row for row in group.rows if row.name == UNPACKING]
    found = ratios(rows, OURS, BY_HAND)
    return found[-1][0] if found else None


def _grown(contestant: str) -> Measure:
    """Return what compares a contestant's last row with its first."""
    return lambda group: group.grown(contestant, group.rows[-1]) if group.rows else None


def _last(contestant: str) -> Measure:
    """Return what has a contestant's figure in the last row."""

    def measure(group: Group) -> float | None:
        cell = group.rows[-1].cells.get(contestant) if group.rows else None
        return cell.median if cell else None

    return measure


def _scaling(group: Group) -> float | None:
    """Return our scaling in that of by hand: what is slower scales less."""
    if not group.rows:
        return None
    ours = group.grown(OURS, group.rows[-1])
    by_hand = group.grown(BY_HAND, group.rows[-1])
    return by_hand / ours if ours and by_hand else None


def _bytes(group: Group) -> float | None:
    row = group.row(PROXY)
    cell = row.cells.get(OURS) if row else None
    return cell.median if cell else None


def _of_proxies() -> Iterator[Bar]:
    yield Bar(
        "attribute",
        "read an attribute, to by hand",
        "attributes",
        _of_read(OURS, BY_HAND),
        1.15,
        1.6,
    )
    for kind, row, limit in (("dict", DICT_ITEM, 1.05), ("list", LIST_ITEM, 1.2)):
        yield Bar(
            f"item-of-{kind}",
            f"read an item of a {kind}, to by hand",
            "operations",
            _compared(row, kind, OURS, BY_HAND),
            limit,
            limit,
        )
    yield Bar(
        "others-median",
        "every other operation, to by hand: the median",
        "operations",
        _others(statistics.median),
        1.1,
        1.2,
    )
    yield Bar(
        "others-worst",
        "every other operation, to by hand: the worst",
        "operations",
        _others(max),
        2.1,
        2.4,
    )
    yield Bar("unpacking", "unpack, to by hand", "operations", _unpacking, 2.6, 2.6)
    yield Bar(
        "method",
        "call a method, to by hand",
        "attributes",
        _compared(METHOD_CALL, PLAIN_CLASS, OURS, BY_HAND),
        1.6,
        2.4,
    )
    for rival, optimised, plain in (
        (WERKZEUG, 25, 12),
        ("wrapt", 16, 20),
        ("lazy-object-proxy", 13, 18),
    ):
        yield Bar(
            f"attribute-{rival}",
            f"read an attribute: {rival}'s time in inscope's",
            "attributes",
            _of_read(rival, OURS),
            optimised,
            plain,
            least=True,
        )
    yield Bar(
        "attribute-zope.proxy",
        "read an attribute, to zope.proxy, which looks nothing up",
        "attributes",
        _of_read(OURS, "zope.proxy"),
        1.05,
        1.05,
    )


def _of_storage() -> Iterator[Bar]:
    yield Bar(
        "bind",
        "`with var.bind(value)`, to set and reset by hand",
        "binding",
        _compared(BIND, None, OURS, BY_HAND),
        1.8,
        1.8,
    )
    yield Bar(
        "over-a-var",
        "a proxy over a Var, to one over a ContextVar",
        "variables",
        _compared(OVER_A_VAR, None, OURS, BY_HAND),
        1.15,
        1.15,
    )
    for verb, to, limit in (
        ("read", THREADING, 0.8),
        ("write", THREADING, 4.5),
        ("write", WERKZEUG, 0.75),
    ):
        yield Bar(
            f"local-{verb}-{to}",
            f"{verb} a name of a Local, to one of {to}",
            "locals",
            _compared(verb, None, OURS, to),
            limit,
            limit,
        )
    yield Bar(
        "stack",
        "push and pop, to setting a ContextVar twice",
        "stacks",
        _compared("1", None, OURS, BY_HAND),
        1.3,
        1.3,
    )
    yield Bar(
        "stack-werkzeug",
        "push and pop: werkzeug's time in inscope's",
        "stacks",
        _compared("1", None, WERKZEUG, OURS),
        1.7,
        1.7,
        least=True,
    )
    yield Bar(
        "stack-growth",
        "push and pop at the greatest depth, to those at depth 1: flat",
        "stacks",
        _grown(OURS),
        1.1,
        1.1,
    )


def _of_scopes() -> Iterator[Bar]:
    for key, what, row, to, limit in (
        (
            "scope",
            "`with` on a scope, to Flask's app_context",
            scopes.SCOPE,
            FLASK,
            0.333,
        ),
        (
            "request-context",
            "the context of a request, to Flask's",
            scopes.REQUEST,
            FLASK,
            0.5,
        ),
        (
            "request-method",
            "`request.method`, to by hand",
            scopes.METHOD,
            BY_HAND,
            1.3,
        ),
    ):
        measure = _compared(row, None, OURS, to)
        yield Bar(key, what, "scopes", measure, limit, limit)
    for key, what, row in (
        ("wsgi", "a wrapped Flask's hello, to Flask's", requests.FLASK),
        ("asgi", "a wrapped Starlette's hello, to Starlette's", requests.STARLETTE),
    ):
        measure = _compared(row, None, OURS, requests.AS_IT_IS)
        yield Bar(key, what, "requests", measure, 1.04, 1.04)
    yield Bar(
        "open-scopes-bytes",
        "bytes of an open scope with a resource, of the most at a time",
        "open_scopes",
        _last(scopes.BYTES),
        1500,
        1500,
        show=figure,
    )
    for key, what, column in (
        ("open-scopes-memory", "bytes", scopes.BYTES),
        ("open-scopes-time", "time", scopes.OPEN),
    ):
        yield Bar(
            key,
            f"{what} of one of the most scopes at a time, to one of the fewest: linear",
            "open_scopes",
            _grown(column),
            1.1,
            1.1,
        )


def _of_carrying() -> Iterator[Bar]:
    for key, what, row, limit in (
        ("submit", "`carrying(executor).submit`, to by hand", carrying.SUBMIT, 1.15),
        ("capture", "`Snapshot.capture`, to copy_context", carrying.CAPTURE, 3),
        ("snapshot-run", "`snapshot.run`, to by hand", carrying.RUN, 1.3),
        ("scoped-step", "a step of a `@scoped` generator", carrying.STEP, 3),
        ("aiter-step", "a step of `snapshot.aiter`", carrying.AITER, 3),
        ("async-step", "a step of a `@scoped` async generator", carrying.ASYNC_STEP, 3),
    ):
        measure = _compared(row, None, OURS, BY_HAND)
        yield Bar(key, what, "carry", measure, limit, limit)
    for key, row in (
        ("shared", carrying.SHARED),
        ("own", carrying.OWN),
        ("in-blocks", carrying.IN_BLOCKS),
    ):
        measure = _compared(row, None, OURS, BY_HAND)
        what = f"bytes of a task that carries {row}, to by hand"
        yield Bar(f"carried-tasks-{key}", what, "carried_tasks", measure, 1.15, 1.15)


def _of_travelling() -> Iterator[Bar]:
    for key, row, limit in (
        ("payload", travelling.PLAIN, 15),
        ("payload-signed", travelling.SIGNED, 60),
        ("payload-msgspec", travelling.QUICK, 3),
    ):
        measure = _microseconds(row)
        yield Bar(key, f"µs to {row}", "travel", measure, limit, limit, show=figure)
    for key, what, row, limit in (
        ("process", "a job of a pool of processes, to one as it is", engines.JOB, 1.25),
        ("celery", "a task of Celery's, to one as it is", engines.TASK, 1.03),
    ):
        measure = _compared(row, None, OURS, engines.AS_IT_IS)
        yield Bar(f"{key}-travels", what, "engines", measure, limit, limit)
    what = "ms more for each task of Dask's `map`"
    yield Bar("dask-travels", what, "engines", _more_in_dask, 1, 1, show=figure)
    what = "tasks, of 10,000 of 100 users with each engine, that saw another's value"
    yield Bar("whose", what, "whose", _saw_others, 0, 0, show=figure)


def _microseconds(row: str) -> Measure:
    """Return what takes our time in a row, in microseconds."""

    def measure(group: Group) -> float | None:
        return _median(group, row, OURS, 1000)

    return measure


def _more_in_dask(group: Group) -> float | None:
    """Return by how many milliseconds a task of Dask's takes longer."""
    ours = _median(group, engines.MAP, OURS, 1_000_000)
    plain = _median(group, engines.MAP, engines.AS_IT_IS, 1_000_000)
    return None if ours is None or plain is None else ours - plain


def _saw_others(group: Group) -> float | None:
    """Return how many tasks did, of all engines."""
    found = [row.cells[whose.COLUMNS[-1]].median or 0 for row in group.rows]
    return sum(found) if found else None


def _median(group: Group, name: str, one: str, scale: int) -> float | None:
    row = group.row(name, None)
    median = row.cells[one].median if row else None
    return None if median is None else median / scale


def _of_builds_and_bytes() -> Iterator[Bar]:
    yield Bar(
        "threads",
        "two threads on one proxy: its scaling in that of by hand",
        "threads",
        _scaling,
        0.7,
        0.7,
        least=True,
        trait="free-threaded",
    )
    yield Bar(
        "bytes-of-a-proxy", "bytes of a proxy", "memory", _bytes, 96, 96, show=figure
    )
    yield Bar(
        "bytes-of-a-context",
        "bytes of a context that holds a Local of 3 names, to werkzeug's",
        "memory",
        _compared(CONTEXT_WITH_LOCAL, None, OURS, WERKZEUG),
        1.0,
        1.0,
    )
    yield Bar(
        "flask-instructions",
        "instructions of a Flask request, to those on werkzeug's locals",
        "flask",
        _compared("a request, thousands of instructions", None, OURS, WERKZEUG),
        0.95,
        0.97,
    )


BARS = (
    *_of_proxies(),
    *_of_storage(),
    *_of_scopes(),
    *_of_carrying(),
    *_of_travelling(),
    *_of_builds_and_bytes(),
)
"""In the order in which they are shown."""
