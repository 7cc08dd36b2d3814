"""The rows of ``locals`` and ``stacks``: names of a Local, items of a LocalStack."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from benchmarks.results import OURS, Row
from benchmarks.timing import Effort, alternate, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    Makers = dict[str, Callable[[], Any]]

LOCAL_STATEMENTS = {
    "read": "local.x",
    "write": "local.x = value",
    "read a name that is not there": 'getattr(local, "absent", None)',
    "set and delete": "local.y = value\ndel local.y",
    "read, 10 names there": "ten.x",
    "write, 10 names there": "ten.x = value",
    "read, 10,000 names there": "many.x",
}

DEPTHS = (1, 100, 10_000, 100_000)


def with_names(make: Callable[[], Any], names: list[str]) -> Any:
    """Return a new local of this kind with these names."""
    local = make()
    for name in names:
        setattr(local, name, 1)
    return local


def measure_locals(makers: Makers, effort: Effort) -> list[Row]:
    """Return the rows of what is done to a local, on each kind of them."""
    return copy_context().run(_measure_locals, makers, effort)


def _measure_locals(makers: Makers, effort: Effort) -> list[Row]:
    number = min(10_000, effort.growth)
    many = ["x", *(f"name{number}" for number in range(number - 1))]
    named = {
        name: {
            "local": with_names(make, many[:1]),
            "ten": with_names(make, many[:10]),
            "many": with_names(make, many),
        }
        for name, make in makers.items()
    }
    for names in named.values():
        if (names["local"].x, names["ten"].name8) != (1, 1):
            raise AssertionError("a local lost a name")
    return [
        Row(
            title,
            "",
            (),
            alternate(
                {name: timed(code, **names) for name, names in named.items()}, effort
            ),
        )
        for title, code in LOCAL_STATEMENTS.items()
    ]


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
    """Return the rows of a push and pop on stacks that are ever deeper."""
    return [
        copy_context().run(_stack_row, makers, depth, effort)
        for depth in DEPTHS
        if depth <= effort.growth
    ]


def _stack_row(makers: Makers, depth: int, effort: Effort) -> Row:
    stacks = {name: stack_of(make, depth) for name, make in makers.items()}
    timers = {
        name: timed("push(1)\npop()", push=stack.push, pop=stack.pop)
        for name, stack in stacks.items()
    }
    cells = alternate(timers, effort)
    for name, stack in stacks.items():
        if stack.top != depth - 1:
            message = f"{name}'s stack has {stack.top!r} on top, not {depth - 1}"
            raise AssertionError(message)
    return Row(f"{depth:,}", "", (), cells)
