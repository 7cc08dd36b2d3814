"""The rows of ``locals`` and ``stacks``: names of a Local, items of a LocalStack.

Each local and each stack is alone in a context of its own, for each row: setting
costs more the more a context holds.
"""

from __future__ import annotations

from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.results import BY_HAND, OURS, Row
from benchmarks.timing import Effort, alternate, timed, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.timing import Timer

    Makers = dict[str, Callable[[], Any]]


class LocalRow(NamedTuple):
    """A row of ``locals``: what is done to a local that has so many names."""

    title: str
    statement: str
    names: int = 1


LOCAL_ROWS = (
    LocalRow("read", "local.x"),
    LocalRow("write", "local.x = value"),
    LocalRow("read a name that is not there", 'getattr(local, "absent", None)'),
    LocalRow("set and delete", "local.y = value\ndel local.y"),
    LocalRow("read, 10 names there", "local.x", 10),
    LocalRow("write, 10 names there", "local.x = value", 10),
    LocalRow("read, 10,000 names there", "local.x", 10_000),
)

SETS = "set(value)\nset(None)"
"""By hand: what a push and a pop set, and never what is set already."""

DEPTHS = (1, 100, 10_000, 100_000)


def with_names(make: Callable[[], Any], names: list[str]) -> Any:
    """Return a new local of this kind with these names."""
    local = make()
    for name in names:
        setattr(local, name, 1)
    return local


def measure_locals(makers: Makers, effort: Effort) -> list[Row]:
    """Return the rows of what is done to a local, on each kind of them."""
    return [_local_row(row, makers, effort) for row in LOCAL_ROWS]


def _local_row(row: LocalRow, makers: Makers, effort: Effort) -> Row:
    number = min(row.names, effort.growth)
    names = ["x", *(f"name{number}" for number in range(number - 1))]
    timers = {name: _alone(make, names, row.statement) for name, make in makers.items()}
    return Row(row.title, "", (), alternate(timers, effort))


def _alone(make: Callable[[], Any], names: list[str], statement: str) -> Timer:
    """Return what times *statement* on a local in a context of its own."""
    context = Context()
    local = context.run(with_names, make, names)
    if context.run(getattr, local, names[-1]) != 1:
        message = f"{make} lost a name"
        raise AssertionError(message)
    return within(context, timed(statement, local=local))


def stack_makers(rivals: tuple[str, ...]) -> Makers:
    """Return what makes a stack, by name."""
    import inscope

    makers: Makers = {OURS: inscope.LocalStack}
    if "werkzeug" in rivals:
        from werkzeug.local import LocalStack

        makers["werkzeug"] = LocalStack
    return makers


def stack_of(make: Callable[[], Any], depth: int) -> Any:
    """Return a new stack with so many items.

    werkzeug's copies the whole stack at each push: its list is put in place at
    once.
    """
    stack = make()
    if make.__module__.startswith("werkzeug") and hasattr(stack, "_storage"):
        stack._storage.set(list(range(depth)))
        return stack
    for item in range(depth):
        stack.push(item)
    return stack


def measure_stacks(makers: Makers, effort: Effort) -> list[Row]:
    """Return the rows of a push and pop on stacks that are ever deeper.

    By hand is what a push and a pop cannot do without: a ContextVar is set twice.
    """
    return [
        _stack_row(makers, depth, effort) for depth in DEPTHS if depth <= effort.growth
    ]


def _stack_row(makers: Makers, depth: int, effort: Effort) -> Row:
    contexts = {name: Context() for name in makers}
    stacks = {
        name: contexts[name].run(stack_of, make, depth) for name, make in makers.items()
    }
    timers = {BY_HAND: within(Context(), timed(SETS, set=ContextVar("plain").set))}
    for name, stack in stacks.items():
        timer = timed("push(value)\npop()", push=stack.push, pop=stack.pop)
        timers[name] = within(contexts[name], timer)
    cells = alternate(timers, effort)
    for name, stack in stacks.items():
        top = contexts[name].run(lambda stack=stack: stack.top)
        if top != depth - 1:
            message = f"{name}'s stack has {top!r} on top, not {depth - 1}"
            raise AssertionError(message)
    return Row(f"{depth:,}", "", (), cells)
