"""The rows of ``variables`` and ``binding``: Vars, and the blocks that bind.

By hand is a plain ContextVar: ``get``, ``set`` and ``reset``, with the ``try`` and
``finally`` that a careful user writes. The values that are set differ each time:
setting what is already set is cheaper, and says nothing. Each side of a row is in a
context of its own, which holds only what the side names.
"""

from __future__ import annotations

import re
from contextvars import Context, ContextVar
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.results import BY_HAND, OURS, Row
from benchmarks.targets import Everything
from benchmarks.timing import alternate, timed, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.timing import Effort, Timer

BIND = "bind"
OVER_A_VAR = "read through a proxy over it, to one over a ContextVar"

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
    lines = [
        "    " * level + f"with var.bind(value + {level}):" for level in range(depth)
    ]
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
    Pair("read through a proxy, to a `get` that was kept", "over_plain.x", "kept().x"),
    Pair(OVER_A_VAR, "over_var.x", "over_plain.x"),
)

BINDING = (
    Pair(BIND, "with var.bind(value): pass", set_and_reset()),
    Pair(
        "bind, and read",
        "with var.bind(value): var.get()",
        set_and_reset("plain.get()"),
    ),
    Pair("bind, 3 nested", _nested_binds(3), _nested(3)),
    Pair(
        "bind of 3 Vars at once",
        "with bind({var: value, b: value, c: value}): pass",
        set_and_reset(set_and_reset(set_and_reset(var="e"), "d")),
    ),
    Pair("bind, over a ContextVar", "with over.bind(value): pass", set_and_reset()),
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


LOOKS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("plain", "d", "e", "var", "b", "c", "over"), methodcaller("get")),
    "local": attrgetter("name"),
    "stack": attrgetter("top"),
}
"""How to see what each thing holds, by its name in the statements."""


def makers() -> dict[str, Callable[[], Any]]:
    """Return what makes, and sets, each thing that the statements name."""
    import inscope

    return {
        **dict.fromkeys(("plain", "d", "e"), lambda: _set(ContextVar("plain"))),
        "plain_unset": lambda: ContextVar("unset"),
        **dict.fromkeys(("var", "b", "c"), lambda: _set(inscope.Var("var"))),
        "held": lambda: _held(inscope.Var("held")),
        "unset": lambda: inscope.Var("unset"),
        "over": lambda: inscope.Var.over(_set(ContextVar("plain"))),
        "over_var": lambda: _set(inscope.Var("target"), Everything()).proxy(),
        "over_plain": lambda: inscope.LocalProxy(
            _set(ContextVar("target"), Everything())
        ),
        "kept": lambda: _set(ContextVar("target"), Everything()).get,
        "local": lambda: _with_name(inscope.Local()),
        "stack": inscope.LocalStack,
        "bind": lambda: inscope.bind,
        "bound": lambda: inscope.bound,
        "pushed": lambda: inscope.pushed,
    }


def _set(var: Any, value: Any = 0) -> Any:
    var.set(value)
    return var


def _held(var: Any) -> Any:
    """Bind *var* for good, in the context of the row."""
    var.bind(0).__enter__()
    return var


def _with_name(local: Any) -> Any:
    local.name = 0
    return local


def named(statement: str) -> dict[str, Any]:
    """Return what *statement* names, newly made: nothing else fills its context."""
    words = set(re.findall(r"\w+", statement))
    return {name: make() for name, make in makers().items() if name in words}


def measure(pairs: tuple[Pair, ...], effort: Effort) -> list[Row]:
    """Return a row for each of *pairs*."""
    return [_row(pair, effort) for pair in pairs]


def _row(pair: Pair, effort: Effort) -> Row:
    codes = {BY_HAND: pair.by_hand, OURS: pair.ours}
    timers = {name: _alone(code) for name, code in codes.items()}
    return Row(pair.name, "", (), alternate(timers, effort))


def _alone(code: str) -> Timer:
    """Return what times *code* in a context of its own.

    Raises:
        AssertionError: It is a block that does not leave all as it was.
    """
    context = Context()
    names = context.run(named, code)
    timer = within(context, timed(code, **names))
    if "\n" in code or code.startswith("with "):
        before = context.run(held_by, names)
        timer(3)
        after = context.run(held_by, names)
        if before != after:
            message = f"{code!r} left {after!r} where {before!r} was"
            raise AssertionError(message)
    return timer


def held_by(names: dict[str, Any]) -> dict[str, Any]:
    """Return what the variables, the local and the stack among *names* hold."""
    return {name: LOOKS[name](each) for name, each in names.items() if name in LOOKS}
