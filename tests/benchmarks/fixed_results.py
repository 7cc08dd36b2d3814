"""Runs with known figures, for what is rendered from them."""

from __future__ import annotations

from typing import Any

from benchmarks import carrying, engines, requests, scopes, travelling, whose
from benchmarks.memory import CONTEXT_WITH_LOCAL
from benchmarks.results import FIRST_ROW, NOTHING, Cell, Group, Result, Row
from benchmarks.run import GROUPS
from benchmarks.targets import PLAIN_CLASS
from benchmarks.variables import OVER_A_VAR

ABOUT: dict[str, Any] = {
    "implementation": "CPython",
    "version": "3.11.2",
    "build": "debian",
    "traits": [],
    "core": "python",
    "machine": "x86_64",
    "system": "Linux",
    "processor": "a processor",
    "processors": 2,
    "load": 0.1,
    "date": "2030-01-02",
    "versions": {"werkzeug": "3.1.0"},
}


def about(**changes: Any) -> dict[str, Any]:
    """Return what a run is kept with, but for *changes*."""
    return {**ABOUT, **changes}


def proxy_row(
    name: str,
    target: str,
    by_hand: float,
    ours: float,
    werkzeug: float | None = None,
    **others: Cell,
) -> Row:
    """Return a row of a proxy's operation with these medians."""
    cells = {"by hand": Cell(by_hand, 1.0), "inscope": Cell(ours, 1.0), **others}
    if werkzeug is not None:
        cells["werkzeug"] = Cell(werkzeug, 1.0)
    return Row(name, target, (), cells)


def both(name: str, ours: float, werkzeug: float, by_hand: float | None = None) -> Row:
    """Return a row of what only the two have, and by hand if that is given."""
    cells = {"inscope": Cell(ours), "werkzeug": Cell(werkzeug)}
    if by_hand is not None:
        cells["by hand"] = Cell(by_hand)
    return Row(name, "", (), cells)


def as_it_is(name: str, plain: float, ours: float) -> Row:
    """Return a row of a task of an engine's."""
    cells = {engines.AS_IT_IS: Cell(plain, 1.0), "inscope": Cell(ours, 1.0)}
    return Row(name, "", (), cells)


ROWS: dict[str, tuple[Row, ...]] = {
    "attributes": (
        proxy_row("p.x", PLAIN_CLASS, 10, 80, 400, wrapt=Cell(5.0)),
        proxy_row("p.m()", PLAIN_CLASS, 20, 60, 240),
    ),
    "operations": (
        proxy_row('p["key"]', "dict", 10, 20, 40),
        proxy_row("p[0]", "list", 10, 30, 60),
        proxy_row("p + 2", "int", 10, 40, 80, wrapt=Cell(10.0, same=("by hand",))),
        proxy_row("p | other", "dict", 10, 50, 100, wrapt=Cell(note="cannot: Error")),
        proxy_row("q = p; q += 2", "int", 10, 70, werkzeug=None, celery=Cell(90.0)),
        proxy_row("a, b, c = p", "list", 10, 990, 100),
        proxy_row("memoryview(p)", "bytes", 10, 50),
    ),
    "sources": (proxy_row("p.x", "a Var", 20, 30),),
    "variables": (
        proxy_row("get", "", 10, 20),
        proxy_row(OVER_A_VAR, "", 20, 30),
    ),
    "binding": (proxy_row("bind", "", 100, 250),),
    "scopes": (
        proxy_row(scopes.SCOPE, "", 100, 300, Flask=Cell(1_000.0)),
        Row(scopes.REQUEST, "", (), {"inscope": Cell(600.0), "Flask": Cell(9_000.0)}),
        proxy_row(scopes.METHOD, "", 40, 50, Flask=Cell(900.0)),
    ),
    "open_scopes": (
        Row("1,000", "", (), {scopes.OPEN: Cell(900.0), scopes.BYTES: Cell(1_000.0)}),
        Row("100,000", "", (), {scopes.OPEN: Cell(990.0), scopes.BYTES: Cell(999.0)}),
    ),
    "requests": (
        Row(
            requests.FLASK,
            "",
            (),
            {
                requests.AS_IT_IS: Cell(10_000.0),
                "by hand": Cell(10_300.0),
                "inscope": Cell(10_350.0),
            },
        ),
    ),
    "carry": (
        proxy_row(carrying.SUBMIT, "", 1_000, 1_100),
        proxy_row(carrying.CAPTURE, "", 20, 50),
        proxy_row(carrying.STEP, "", 20, 70),
    ),
    "carried_tasks": (
        proxy_row(carrying.SHARED, "", 1_000, 1_010),
        proxy_row(carrying.OWN, "", 1_000, 1_200),
    ),
    "travel": (
        proxy_row(travelling.PLAIN, "", 8_000, 16_000),
        proxy_row(travelling.SIGNED, "", 9_000, 20_000),
        proxy_row(travelling.QUICK, "", 1_000, 2_500),
    ),
    "engines": (
        as_it_is(engines.JOB, 100_000, 110_000),
        as_it_is(engines.TASK, 1_000_000, 1_050_000),
        as_it_is(engines.MAP, 1_000_000, 1_500_000),
    ),
    "whose": (
        Row(engines.JOB, "", (), {name: Cell(0.0) for name in whose.COLUMNS}, "tasks"),
    ),
    "locals": (
        Row("read", "", (), {"threading.local": Cell(10.0), "inscope": Cell(40.0)}),
    ),
    "growth": (
        both("1", 100, 100),
        both("10,000", 250, 9_000),
        both("the worst single write while growing to 10,000", 300, 9_900),
    ),
    "stacks": (both("1", 100, 100, 50), both("100,000", 101, 40_000, 50)),
    "threads": (
        both("one thread", 10, 50, 20),
        both("two threads at once", 20, 100, 30),
    ),
    "memory": (
        both("a proxy", 280, 384),
        proxy_row("a copied context with 1 bound", "", 900, 1_100),
        both(CONTEXT_WITH_LOCAL, 200, 400),
        Row("kept", "", (), {"inscope": Cell(0.0), "gevent": Cell(0.0)}),
    ),
    "flask": (
        both("a request, µs", 90, 100),
        both("a request, thousands of instructions", 900, 1_000),
    ),
}


def group(name: str) -> Group:
    """Return the group of this name, with its rows."""
    plan = GROUPS[name]
    return Group(name, plan.columns, ROWS[name], plan.baseline)


def result(**changes: Any) -> Result:
    """Return a whole run, whose ``about`` has *changes*."""
    known = about(**changes)
    name = f"cpython-{known['version']}-{known['build']}"
    return Result(name, known, {name: group(name) for name in GROUPS})


assert GROUPS["growth"].baseline == FIRST_ROW
assert GROUPS["memory"].baseline == NOTHING
