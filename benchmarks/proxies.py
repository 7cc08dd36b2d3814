"""Rows that are done to proxies: made, checked and timed.

Before a row is timed, each contestant does the operation three times on an
object of its own. Only who gives what the object itself gives, each time, is
timed; of the others the row says why not.
"""

from __future__ import annotations

import re
import textwrap
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.results import BY_HAND, Cell, Row
from benchmarks.statements import NAMES, SUBJECT, Statement
from benchmarks.targets import TARGETS
from benchmarks.timing import alternate, is_async, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.timing import Effort, Timer

CANNOT, DIFFERS = "cannot", "differs"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


class Operation(NamedTuple):
    """A row that is still to be measured."""

    statement: Statement
    target: str
    methods: tuple[str, ...] = ()
    name: str = ""

    @property
    def title(self) -> str:
        """The row's name: the code, unless it has one."""
        return self.name or self.statement.named()


class Subject(NamedTuple):
    """What a statement is done to: the code in place of ``{p}``, and its names."""

    code: str
    names: dict[str, Any]


def subject_of(name: str, make: Callable[..., Any], target: str) -> Subject:
    """Return the contestant *name* standing for a new object of this kind."""
    var: ContextVar[Any] = ContextVar(target)
    var.set(TARGETS[target]())
    if name == BY_HAND:
        return Subject("var.get()", {"var": make(var)})
    return Subject("p", {"p": make(var)})


def evaluate(statement: Statement, subject: Subject) -> Any:
    """Run *statement* once and return what it gives, or what came of it."""
    if statement.shows:
        body = f"{statement.code}\nreturn {statement.shows}"
    else:
        body = f"return {statement.code}"
    awaits = is_async(statement.code)
    text = "async def act():\n" if awaits else "def act():\n"
    text += textwrap.indent(body.replace(SUBJECT, subject.code), "    ")
    namespace = {**NAMES, **subject.names}
    exec(text, namespace)
    act = namespace["act"]
    return _driven(act()) if awaits else act()


def _driven(coroutine: Any) -> Any:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    finally:
        coroutine.close()
    raise RuntimeError("the statement waits for something")


def expected_of(operation: Operation) -> Any:
    """Return what the object itself gives."""
    direct = Subject("p", {"p": TARGETS[operation.target]()})
    return described(evaluate(operation.statement, direct))


def described(value: Any) -> Any:
    """Return the class of *value* and the value; of an iterator, what it yields."""
    kind = value.__class__
    if kind.__module__ == "builtins" and hasattr(kind, "__next__"):
        return kind, list(value)
    return kind, value


def objection(operation: Operation, subject: Subject) -> str:
    """Return why the contestant cannot take part in a row, or ``""``."""
    expected = expected_of(operation)
    for _ in range(3):
        try:
            actual = described(evaluate(operation.statement, subject))
            agrees = expected[0] is actual[0] and bool(expected[1] == actual[1])
            shown = f"{DIFFERS}: {_ADDRESS.sub('0x…', repr(actual[1])):.60}"
        except Exception as error:
            return cannot(error)
        if not agrees:
            return shown
    return ""


def cannot(error: Exception) -> str:
    """Return what to say of a contestant that raised *error*."""
    text = _ADDRESS.sub("0x…", str(error))
    return f"{CANNOT}: {type(error).__name__}: {text}"[:120]


def timer_of(operation: Operation, subject: Subject) -> Timer:
    """Return what times the operation on *subject*."""
    code = operation.statement.code.replace(SUBJECT, subject.code)
    return timed(code, **{**NAMES, **subject.names})


def measure_row(
    operation: Operation,
    makers: dict[str, Callable[..., Any]],
    effort: Effort,
) -> Row:
    """Return the row of *operation*, of all contestants that can do it."""
    subjects: dict[str, Subject] = {}
    cells: dict[str, Cell] = {}
    for name, make in makers.items():
        try:
            subject = subject_of(name, make, operation.target)
        except Exception as error:
            cells[name] = Cell(note=cannot(error))
            continue
        note = objection(operation, subject)
        if note:
            cells[name] = Cell(note=note)
        else:
            subjects[name] = subject
    timers = {name: timer_of(operation, subject) for name, subject in subjects.items()}
    cells.update(alternate(timers, effort))
    return Row(operation.title, operation.target, operation.methods, cells)
