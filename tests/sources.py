"""Proxies over each kind of source: unbound ones, and ones whose source raises.

Used by the tests of what a proxy does when there is no object behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from functools import wraps
from types import ModuleType
from typing import Any, ParamSpec

MESSAGE = "nobody is here"

P = ParamSpec("P")


def in_own_context(test: Callable[P, None]) -> Callable[P, None]:
    """Run *test* in a context of its own, which is dropped after it.

    What is bound in the context of all tests stays to their end, and with it
    every frame of an error that was raised from there.
    """

    @wraps(test)
    def run(*arguments: P.args, **more: P.kwargs) -> None:
        copy_context().run(test, *arguments, **more)

    return run


def unbound_proxies(inscope: ModuleType, **options: Any) -> dict[str, Any]:
    """Return an unbound proxy over each kind of source but a callable."""
    proxy = inscope.LocalProxy
    return {
        "ContextVar": proxy(ContextVar("var"), **options),
        "ContextVar and name": proxy(ContextVar("var"), "real", **options),
        "Var": proxy(inscope.Var("var"), **options),
        "Var and function": proxy(inscope.Var("var"), len, **options),
        "Local": proxy(inscope.Local(), "name", **options),
        "Local and path": proxy(inscope.Local(), "name.real", **options),
        "LocalStack": proxy(inscope.LocalStack(), **options),
        "LocalStack and name": proxy(inscope.LocalStack(), "real", **options),
        "proxy": proxy(proxy(ContextVar("var")), **options),
        "proxy and name": proxy(proxy(ContextVar("var")), "real", **options),
    }


def raiser(error: BaseException) -> Callable[[], Any]:
    """Return a resolver that raises *error*."""

    def resolve() -> Any:
        raise error

    return resolve


class Holder:
    """An object whose property runs a resolver."""

    def __init__(self, resolve: Callable[[], Any]) -> None:
        self.resolve = resolve

    @property
    def held(self) -> Any:
        """What the resolver returns."""
        return self.resolve()


def proxies_raising(inscope: ModuleType, error: BaseException) -> dict[str, Any]:
    """Return proxies, for each kind of source, whose resolution raises *error*."""
    resolve = raiser(error)
    holder = Holder(resolve)
    context_var: ContextVar[Holder] = ContextVar("holder")
    context_var.set(holder)
    var = inscope.Var("holder", default=holder)
    local = inscope.Local()
    local.holder = holder
    stack = inscope.LocalStack()
    stack.push(holder)
    proxy = inscope.LocalProxy
    return {
        "callable": proxy(resolve),
        "callable with message": proxy(resolve, unbound_message=MESSAGE),
        "function": proxy(context_var, lambda _: resolve()),
        "name on ContextVar": proxy(context_var, "held", unbound_message=MESSAGE),
        "name on Var": proxy(var, "held", unbound_message=MESSAGE),
        "name on Local": proxy(local, "holder.held", unbound_message=MESSAGE),
        "name on LocalStack": proxy(stack, "held", unbound_message=MESSAGE),
        "name on callable": proxy(lambda: holder, "held"),
        "factory": proxy(inscope.Var("made", factory=resolve)),
        "chain": proxy(proxy(resolve)),
        "chain and name": proxy(proxy(lambda: holder), "held"),
    }
