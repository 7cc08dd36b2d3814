"""Everything that can be bound for a block, each behind one small interface.

``KINDS`` names them; :func:`make` makes a new one. A test of binds asks what it
reads, not what it is. ``PLAIN`` kinds keep plain values in a ``ContextVar`` that
the caller supplied; the others can withdraw a value wherever it was captured.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from types import ModuleType
from typing import Any

NOTHING = "nothing"
"""What is read where nothing is bound."""

CELLS = ("var", "revoking var", "defaulted var", "several", "local", "stack")
PLAIN = ("var over", "local over", "stack over")
KINDS = (*CELLS, *PLAIN)
VARS = ("var", "revoking var", "defaulted var", "several", "var over")
LOCALS = ("local", "local over")
STACKS = ("stack", "stack over")


@dataclass(frozen=True)
class Bindable:
    """One name that can be bound.

    Attributes:
        kind: One of ``KINDS``.
        subject: The Var, Local or stack itself.
        bind: Returns a block in which its argument is the value.
        read: Returns the value, or ``NOTHING``.
        write: Sets a value by hand: assigns it, or pushes it.
    """

    kind: str
    subject: Any
    bind: Callable[[Any], Any]
    read: Callable[[], Any]
    write: Callable[[Any], Any]


def make(inscope: ModuleType, kind: str) -> Bindable:
    """Return a new Bindable of *kind*."""
    if kind in LOCALS:
        return _local(inscope, kind, kind == "local over")
    if kind in STACKS:
        return _stack(inscope, kind, kind == "stack over")
    return _var(inscope, kind)


def _var(inscope: ModuleType, kind: str) -> Bindable:
    var: Any = {
        "var": lambda: inscope.Var("thing"),
        "several": lambda: inscope.Var("thing"),
        "revoking var": lambda: inscope.Var("thing", after_exit="revoke"),
        "defaulted var": lambda: inscope.Var("thing", default=NOTHING),
        "var over": lambda: inscope.Var.over(ContextVar("thing")),
    }[kind]()
    bind = var.bind
    if kind == "several":
        other = inscope.Var("other")

        def bind(value: Any) -> Any:
            return inscope.bind({other: object(), var: value})

    return Bindable(kind, var, bind, lambda: var.get(NOTHING), var.set)


def _local(inscope: ModuleType, kind: str, plain: bool) -> Bindable:
    local = inscope.Local(ContextVar("names")) if plain else inscope.Local()
    return Bindable(
        kind,
        local,
        lambda value: inscope.bound(local, thing=value),
        lambda: getattr(local, "thing", NOTHING),
        lambda value: setattr(local, "thing", value),
    )


def _stack(inscope: ModuleType, kind: str, plain: bool) -> Bindable:
    stack = inscope.LocalStack(ContextVar("objects")) if plain else inscope.LocalStack()
    top = stack()

    def read() -> Any:
        return inscope.unwrap(top) if inscope.is_bound(top) else NOTHING

    return Bindable(
        kind, stack, lambda value: inscope.pushed(stack, value), read, stack.push
    )


def leave_elsewhere(bind: Any) -> None:
    """Leave *bind* in another Context than this one."""
    copy_context().run(bind.__exit__, None, None, None)


class Thing:
    """A value that can be weakly referenced."""
