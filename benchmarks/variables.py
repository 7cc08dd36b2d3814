"""The rows of ``variables`` and ``binding``: Vars, and the blocks that bind.

By hand is a plain ContextVar: ``get``, ``set`` and ``reset``, with the ``try`` and
``finally`` that a careful user writes. The values that are set differ each time:
setting what is already set is cheaper, and says nothing.
"""

from __future__ import annotations

from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.results import BY_HAND, OURS, Row
from benchmarks.timing import alternate, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.timing import Effort, Timer

SET_AND_RESET = """\
token = {var}.set({value})
try:
    {body}
finally:
    {var}.reset(token)"""


class Pair(NamedTuple):
    """A row: what a program does with inscope, and by hand."""

    name: str
    ours: str
    by_hand: str


def set_and_reset(body: str = "pass", var: str = "plain", value: str = "value") -> str:
    """Return the statement that binds a ContextVar by hand around *body*."""
    indented = body.replace("\n", "\n    ")
    text = SET_AND_RESET.format(var=var, value=value, body=indented)
    return text.replace("token", f"token_of_{var}")


def _nested(depth: int) -> str:
    """Return *depth* blocks by hand, of one variable, one in the other."""
    body = "pass"
    for level in reversed(range(depth)):
        block = set_and_reset(body, value=f"value + {level}")
        body = block.replace("token_of_plain", f"token{level}")
    return body


def _nested_binds(depth: int) -> str:
    lines = ["    " * level + f"with bind(value + {level}):" for level in range(depth)]
    return "\n".join([*lines, "    " * depth + "pass"])


VARIABLES = (
    Pair("get", "var.get()", "plain.get()"),
    Pair("get, with a default", "unset.get(None)", "plain_unset.get(None)"),
    Pair("get, while bound", "held.get()", "plain.get()"),
    Pair("set", "var.set(value)", "plain.set(value)"),
    Pair(
        "set and reset",
        "var.reset(var.set(value))",
        "plain.reset(plain.set(value))",
    ),
    Pair(
        "update",
        "var.update(lambda n: n + 1)",
        "plain.set(plain.get() + 1)",
    ),
)

BINDING = (
    Pair("bind", "with bind(value): pass", set_and_reset()),
    Pair(
        "bind, and read",
        "with bind(value): var.get()",
        set_and_reset("plain.get()"),
    ),
    Pair("bind, 3 nested", _nested_binds(3), _nested(3)),
    Pair(
        "bind of 3 Vars at once",
        "with several({var: value, b: value, c: value}): pass",
        set_and_reset(set_and_reset(set_and_reset(var="e"), "d")),
    ),
    Pair("bind, over a ContextVar", "with over(value): pass", set_and_reset()),
    Pair(
        "bound, of a Local's name",
        "with bound(local, name=value): pass",
        "before = local.name\nlocal.name = value\n"
        "try:\n    pass\nfinally:\n    local.name = before",
    ),
    Pair(
        "pushed, on a LocalStack",
        "with pushed(stack, value): pass",
        "stack.push(value)\ntry:\n    pass\nfinally:\n    stack.pop()",
    ),
)
"""``by_hand`` of the last two is done with the Local and the stack themselves."""


def names() -> dict[str, Any]:
    """Return what the statements name."""
    import inscope

    variables = {name: ContextVar(name) for name in ("plain", "d", "e")}
    for variable in variables.values():
        variable.set(0)
    var, b, c = (inscope.Var(name) for name in ("var", "b", "c"))
    held: inscope.Var[int] = inscope.Var("held")
    local, stack = inscope.Local(), inscope.LocalStack()
    for each in (var, b, c):
        each.set(0)
    held.bind(0).__enter__()  # for good, in the context of the rows
    local.name = 0
    return {
        **variables,
        "plain_unset": ContextVar("unset"),
        "var": var,
        "b": b,
        "c": c,
        "held": held,
        "unset": inscope.Var("unset"),
        "bind": var.bind,
        "several": inscope.bind,
        "over": inscope.Var.over(variables["plain"]).bind,
        "local": local,
        "stack": stack,
        "bound": inscope.bound,
        "pushed": inscope.pushed,
    }


def measure(pairs: tuple[Pair, ...], effort: Effort) -> list[Row]:
    """Return a row for each of *pairs*, measured in a context of its own."""
    return [copy_context().run(_row, pair, effort) for pair in pairs]


def _row(pair: Pair, effort: Effort) -> Row:
    named = names()
    timers: dict[str, Timer] = {
        BY_HAND: timed(pair.by_hand, **named),
        OURS: timed(pair.ours, **named),
    }
    left: Callable[[], Any] = lambda: (  # noqa: E731  (two looks at one thing)
        named["var"].get(),
        named["plain"].get(),
        named["local"].name,
        named["stack"].top,
    )
    if "set" not in pair.name and pair.name != "update":
        _check(pair, timers, left)
    return Row(pair.name, "", (), alternate(timers, effort))


def _check(pair: Pair, timers: dict[str, Timer], left: Callable[[], Any]) -> None:
    """Raise unless a block leaves everything as it was."""
    before = left()
    for timer in timers.values():
        timer(3)
    if before != left():
        message = f"{pair.name} left {left()!r} where {before!r} was"
        raise AssertionError(message)
