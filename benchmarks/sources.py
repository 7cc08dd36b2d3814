"""The rows of ``sources``: a proxy over each thing that it can look in.

By hand is what the same thing costs without the proxy, ``local.name.x`` for a
proxy to a name of a Local.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from benchmarks.results import BY_HAND, OURS, Row
from benchmarks.targets import Everything
from benchmarks.timing import Effort, alternate, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    Pair = tuple[str, dict[str, Any], Any]
    """The code by hand, what it names, and the proxy."""

OPERATIONS = ("{p}.x", "{p} + 1")


def our_sources() -> dict[str, Pair]:
    """Return each source of inscope, bound to an object."""
    import inscope

    target = Everything()
    var: inscope.Var[Any] = inscope.Var("target")
    var.set(target)
    return {
        "a ContextVar": _over_context_var(inscope.LocalProxy),
        "a Var": ("var.get()", {"var": var}, var.proxy()),
        **_over_storage(inscope),
        "a chain of two proxies": (
            "var.get()",
            {"var": var},
            inscope.LocalProxy(var.proxy()),
        ),
        "like= the class": (
            "var.get()",
            {"var": var},
            inscope.LocalProxy(var, like=Everything),
        ),
    }


def werkzeug_sources() -> dict[str, Pair]:
    """Return those of the sources that werkzeug has."""
    from werkzeug import local

    return {
        "a ContextVar": _over_context_var(local.LocalProxy),
        **_over_storage(local),
    }


def _over_context_var(proxy: Callable[..., Any]) -> Pair:
    var: ContextVar[Any] = ContextVar("target")
    var.set(Everything())
    return "var.get()", {"var": var}, proxy(var)


def _over_storage(library: Any) -> dict[str, Pair]:
    """Return what werkzeug's API has, from *library*, bound to an object."""
    target, local, stack = Everything(), library.Local(), library.LocalStack()
    local.name = target
    stack.push(target)

    def function() -> Everything:
        return target

    return {
        "a Local's name": ("local.name", {"local": local}, local("name")),
        "a dotted name": (
            "local.name.part",
            {"local": local},
            library.LocalProxy(local, "name.part"),
        ),
        "a LocalStack": ("stack.top", {"stack": stack}, stack()),
        "a callable": ("f()", {"f": function}, library.LocalProxy(function)),
    }


def measure(effort: Effort, rivals: tuple[str, ...]) -> list[Row]:
    """Return the rows: each source of inscope, and werkzeug's beside it."""
    theirs = werkzeug_sources() if "werkzeug" in rivals else {}
    return [
        _row(operation, source, pair, theirs.get(source), effort)
        for source, pair in our_sources().items()
        for operation in OPERATIONS
    ]


def _row(
    operation: str, source: str, ours: Pair, theirs: Pair | None, effort: Effort
) -> Row:
    code, names, proxy = ours
    timers = {
        BY_HAND: timed(operation.replace("{p}", code), **names),
        OURS: timed(operation.replace("{p}", "p"), p=proxy),
    }
    if theirs is not None:
        timers["werkzeug"] = timed(operation.replace("{p}", "p"), p=theirs[2])
    for name, timer in timers.items():
        _check(name, operation, proxy if name == OURS else theirs and theirs[2])
        timer(1)
    return Row(operation.replace("{p}", "p"), source, (), alternate(timers, effort))


def _check(name: str, operation: str, proxy: Any) -> None:
    """Raise unless *proxy* gives what the object gives: 1."""
    if name == BY_HAND:
        return
    actual = eval(operation.replace("{p}", "p"), {"p": proxy})
    if actual != 1:
        message = f"{operation} through {name}'s proxy gave {actual!r}, not 1"
        raise AssertionError(message)
