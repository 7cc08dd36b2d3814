"""Tokens of ``Var.set``: what of them is not hot."""

from __future__ import annotations

from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from inscope.errors import ForeignContextError, ForeignTokenError, TokenUsedError

if TYPE_CHECKING:
    from inscope._core.python.var import BareVar

T = TypeVar("T")

# Token.MISSING of contextvars, which 3.12 and 3.13 put into the main interpreter only.
_unset: ContextVar[None] = ContextVar("inscope.unset")
_MISSING: Any = Context().run(_unset.set, None).old_value


class AnyToken(Generic[T]):
    """What ``Var.set`` returns, for one ``Var.reset``.

    Attributes:
        var: The Var that made it.
        old_value: The value before the ``set``; ``Token.MISSING`` if none.

    Example:
        >>> from inscope import Token, Var
        >>> user = Var("user")
        >>> token = user.set("ann")
        >>> token.old_value is Token.MISSING
        True
        >>> user.reset(token)
    """

    __slots__ = ()

    MISSING: Any = _MISSING

    if TYPE_CHECKING:
        var: BareVar[T]
        old_value: Any

    def __repr__(self) -> str:
        return f"<Token of {self.var!r}>"

    def __reduce__(self) -> Any:
        message = f"cannot copy or pickle {self!r}: it is for one reset, here"
        raise TypeError(message)


def refuse_token(var: BareVar[Any], token: Any) -> NoReturn:
    """Say why *token*, given to *var* to reset, is not one of its own."""
    if not issubclass(type(token), AnyToken):
        message = f"reset() takes the token that set() returned, not {token!r}"
        raise TypeError(message)
    message = f"this token was made by {token.var!r}, not by {var!r}"
    raise ForeignTokenError(message)


def refuse_reset(var: BareVar[Any], error: Exception) -> NoReturn:
    """Say why a token of *var* could not be reset, of which Python said *error*."""
    if isinstance(error, RuntimeError):
        message = f"this token of {var!r} has been used; each set() makes a new one"
        raise TokenUsedError(message) from None
    message = (
        f"this token of {var!r} was made in another Context (a task, a thread"
        " or a copied context); use 'with var.bind(…)', which may end anywhere"
    )
    raise ForeignContextError(message) from None
