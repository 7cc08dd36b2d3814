"""``CellVar``: a context variable that holds cells; what ``Var`` is made of.

``Var`` (in ``inscope/var.py``) adds the options and the proxies; what is hot
is here. Twin of ``native/var.c``.
"""

from __future__ import annotations

from contextvars import ContextVar
from contextvars import Token as ContextToken
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from inscope._core.nothing import EMPTY, Missing
from inscope._core.place import describe_task, describe_thread
from inscope._core.python.cell import Cell, enclosing_bind, live
from inscope.errors import (
    ForeignContextError,
    ForeignTokenError,
    TokenUsedError,
    UnboundVarError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
U = TypeVar("U")


class Token(Generic[T]):
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

    __module__ = "inscope"
    __slots__ = ("__weakref__", "_token", "old_value", "var")

    MISSING: Any = ContextToken.MISSING

    def __init__(
        self, var: CellVar[T], token: ContextToken[Any], old_value: Any
    ) -> None:
        self._token = token
        self.var: CellVar[T] = var
        self.old_value: Any = old_value

    def __repr__(self) -> str:
        return f"<Token of {self.var!r}>"

    def __reduce__(self) -> Any:
        message = f"cannot copy or pickle {self!r}: it is for one reset, here"
        raise TypeError(message)


class CellVar(Generic[T]):
    """A context variable of cells: what ``get``, ``set`` and a bind need."""

    __slots__ = (
        "__weakref__",
        "_cells",
        "_default",
        "_factory",
        "_name",
        "_read",
        "_revoke",
        "lookup",
    )

    def __init__(
        self,
        name: str,
        default: Any,
        factory: Callable[[], T] | None,
        *,
        revoke: bool,
    ) -> None:
        self._name = name
        self._default = default
        self._factory = factory
        self._revoke = revoke
        self._cells: ContextVar[Any] = ContextVar(name)
        self._read: Callable[[Any], Any] = self._cells.get
        self.lookup: Callable[[], T] = self._lookup()

    @property
    def name(self) -> str:
        """The name, for errors and logs."""
        return self._name

    def _lookup(self) -> Callable[[], T]:
        """Return the function that proxies resolve by: ``Missing`` if no value.

        A closure, since a proxy pays for each attribute that it reads.
        """
        read, make = self._read, self._make

        def lookup() -> T:
            cell = read(None)
            if cell is not None:
                value: T = cell.value
                # What live() says of it, for the two common cases.
                if value is not EMPTY and (
                    cell.bind is not None or cell.previous is None
                ):
                    return value
                if found := live(cell):
                    return cast("T", found.value)
            return make()

        return lookup

    def _make(self) -> T:
        """Return what stands in for a value: the default, or the factory's."""
        if self._factory is not None:
            value = self._factory()
            self.set(value)
            return value
        if self._default is EMPTY:
            raise Missing
        return cast("T", self._default)

    @overload
    def get(self, /) -> T: ...

    @overload
    def get(self, default: U, /) -> T | U: ...

    def get(self, default: Any = EMPTY, /) -> Any:
        """Return the value bound here and now.

        Args:
            default: Returned where nothing is bound, before the Var's own
                default or factory is asked, as ``ContextVar.get`` does.

        Raises:
            UnboundVarError: Nothing is bound and there is no default.
        """
        cell = self._read(None)
        if cell is not None:
            value = cell.value
            if value is not EMPTY and (cell.bind is not None or cell.previous is None):
                return value
            if found := live(cell):
                return found.value
        if default is not EMPTY:
            return default
        try:
            return self._make()
        except Missing:
            raise self._unbound() from None

    def _unbound(self) -> UnboundVarError:
        error = UnboundVarError(f"{self._name} is not bound")
        origin = f"context variable {self._name!r}"
        thread, task = describe_thread(), describe_task()
        error.locate(self, origin, thread, task, "bind it (with var.bind(…):)")
        return error

    def is_bound(self) -> bool:
        """Tell whether ``get()`` would return a value; makes none to find out."""
        if self._factory is not None or self._default is not EMPTY:
            return True
        return live(self._read(None)) is not None

    def set(self, value: T) -> Token[T]:
        """Bind *value* until ``reset``, or to the end of the bind around it.

        Returns:
            A token for :meth:`reset`.
        """
        old = self._read(None)
        token = self._cells.set(Cell(value, enclosing_bind(old)))
        full = live(old)
        return Token(self, token, Token.MISSING if full is None else full.value)

    def reset(self, token: Token[T]) -> None:
        """Undo the ``set`` that returned *token*.

        Raises:
            TypeError: *token* is not a token.
            ForeignTokenError: It was made by another Var.
            TokenUsedError: It was used before.
            ForeignContextError: It was made in another ``Context``.
        """
        if not isinstance(token, Token):
            message = f"reset() takes the token that set() returned, not {token!r}"
            raise TypeError(message)
        if token.var is not self:
            message = f"this token was made by {token.var!r}, not by {self!r}"
            raise ForeignTokenError(message)
        try:
            self._cells.reset(token._token)
        except RuntimeError:
            message = (
                f"this token of {self!r} has been used; each set() makes a new one"
            )
            raise TokenUsedError(message) from None
        except ValueError:
            message = (
                f"this token of {self!r} was made in another Context (a task, a thread"
                " or a copied context); use 'with var.bind(…)', which may end anywhere"
            )
            raise ForeignContextError(message) from None
