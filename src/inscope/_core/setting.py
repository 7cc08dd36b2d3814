"""Setting a context variable, and putting it back, when memory runs out meanwhile.

Without memory for a token, CPython sets the variable all the same; without memory for
a reset, it says all the same that the token was used. Here both are made good. The
twins in C are in ``bind.c`` and ``scope_slot.c``.
"""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any

from inscope._core.nothing import EMPTY
from inscope._core.token import AnyToken

if TYPE_CHECKING:
    from contextvars import ContextVar, Token

    from inscope._core.storage import Storage

__all__ = ["put_back", "set_again", "set_at_last", "set_or_leave"]


def set_or_leave(var: ContextVar[Any] | Storage, value: Any, before: Any) -> Any:
    """Set *var*, and return the token; or raise, and leave *before* there.

    Args:
        var: What to set.
        value: To what.
        before: What is there; ``EMPTY`` if nothing is.
    """
    try:
        return var.set(value)
    except MemoryError:
        if var.get(before) is not before:
            set_again(var, _in_place_of_nothing(var) if before is EMPTY else before)
        raise


def set_at_last(var: ContextVar[Any], value: Any, before: Any) -> Any:
    """Do the same; where there was no memory, a second time."""
    try:
        return set_or_leave(var, value, before)
    except MemoryError:
        return set_again(var, value)


def set_again(var: ContextVar[Any] | Storage, value: Any) -> Any:
    """Set *var* after that has failed, and return the token."""
    # Where both the token and the value find no memory, CPython crashes.
    bytearray(100)
    return var.set(value)


def put_back(var: ContextVar[Any], token: Token[Any]) -> None:
    """Reset *var*.

    Raises:
        ValueError: *token* was made in another ``Context``.
        RuntimeError: It was used before.
    """
    try:
        var.reset(token)
    except MemoryError:
        _put_back(var, token)


def _put_back(var: ContextVar[Any], token: Token[Any]) -> None:
    try:
        var.reset(token)
    except RuntimeError:  # used just now; else it is of another Context
        before = token.old_value
        unset = before is AnyToken.MISSING
        set_again(var, _in_place_of_nothing(var) if unset else before)


def _in_place_of_nothing(var: Any) -> Any:
    """Return the default of *var*, else ``None``: it cannot be unset any more."""
    try:
        return Context().run(var.get)
    except LookupError:
        return None
