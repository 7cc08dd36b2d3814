"""What has a value in a Context: variables, Locals, stacks, classes of scopes."""

from __future__ import annotations

from contextvars import ContextVar
from inspect import isclass
from typing import Any, cast

from inscope._core import Local, LocalStack, is_proxy
from inscope._core.cells import is_cell, live
from inscope._core.local import storage_of
from inscope._core.names import items
from inscope._core.scope import BareScope
from inscope._core.stack import StackView
from inscope._core.var import CellVar, Token

__all__ = ["context_var_of", "is_local", "plain_value"]


def context_var_of(subject: Any, name: str) -> ContextVar[Any]:
    """Return the context variable that has the value of *subject*.

    Args:
        subject: A variable, a Local, a stack or a class of scopes.
        name: Of the public function that this is asked for, for errors.

    Raises:
        TypeError: *subject* is nothing of these.
    """
    if is_proxy(subject):
        message = f"{name} takes what the proxy was made of (a Var, …), not the proxy"
        raise TypeError(message)
    found: Any = _where_kept(subject)
    if isinstance(found, _ContextVar):
        return cast("ContextVar[Any]", found)
    message = (
        f"{name} takes variables, Locals, stacks and classes of scopes, not {subject!r}"
    )
    raise TypeError(message)


_ContextVar: type = ContextVar  # without its parameter, which nothing tells


def _where_kept(subject: object) -> Any:
    """Return what has the value of *subject*; of a context variable, itself."""
    if isinstance(subject, CellVar):
        return subject._cells
    if isinstance(subject, Local):
        return storage_of(subject)
    if isinstance(subject, LocalStack):
        return subject._storage
    if isclass(subject) and issubclass(subject, BareScope):
        return subject._scope_slot._scopes
    return subject


def is_local(context_var: ContextVar[Any]) -> bool:
    """Tell whether *context_var* has the names of a Local."""
    return context_var.name.startswith("inscope.Local<")


def plain_value(context_var: ContextVar[Any], value: Any) -> Any:
    """Return the *value* of a context variable as its user knows it; ask it nothing."""
    if is_cell(value):
        cell = live(value)
        return Token.MISSING if cell is None else cell.value
    if issubclass(type(value), StackView):
        return [*value] or Token.MISSING
    if is_local(context_var) and value is not Token.MISSING:
        names = {name: plain_value(context_var, one) for name, one in items(value)}
        return names or Token.MISSING
    return value
