"""What of a ``Var`` is hot; ``_core/var.py`` has the rest. Twin of ``var.c``."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from inscope._core.cells import Cell, LinkedCell, enclosing_bind, live
from inscope._core.nothing import EMPTY, Missing
from inscope._core.place import place_of_caller
from inscope._core.python.bind import VarBind
from inscope._core.token import AnyToken, refuse_reset, refuse_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token as ContextToken

    from inscope._core.bind import Bind
    from inscope.errors import UnboundVarError

T = TypeVar("T")
U = TypeVar("U")


class Token(AnyToken[T]):
    __doc__ = AnyToken.__doc__
    __module__ = "inscope"
    __slots__ = ("__weakref__", "_token", "old_value", "var")

    def __init__(
        self, var: BareVar[T], token: ContextToken[Any], old_value: Any
    ) -> None:
        self._token = token
        self.var: BareVar[T] = var
        self.old_value: Any = old_value


class BareVar(Generic[T]):
    """A context variable of cells: read, set, bound."""

    __slots__ = (
        "__weakref__",
        "_cells",
        "_default",
        "_factory",
        "_lookup",
        "_name",
        "_read",
        "_revoke",
        "_travels",
    )

    def __init__(
        self,
        name: str,
        default: Any,
        factory: Callable[[], T] | None,
        *,
        revoke: bool,
        travels: bool = False,
    ) -> None:
        if _is_made(self):
            message = "a Var is initialised once"
            raise RuntimeError(message)
        self._name = name
        self._default = default
        self._factory = factory
        self._revoke = revoke
        self._travels = travels
        self._cells: ContextVar[Any] = ContextVar(name)
        self._read: Callable[[Any], Any] = self._cells.get
        self._lookup: Callable[[], T] = self._make_lookup()

    def resolver(self) -> Callable[[], T]:
        """Return the function that proxies resolve by: ``Missing`` if no value."""
        return self._lookup

    def _make_lookup(self) -> Callable[[], T]:
        # A closure, since a proxy pays for each attribute that it reads.
        read, absent = self._read, self._absent

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
            return absent()

        return lookup

    def _absent(self) -> T:
        """Return what there is where nothing is bound."""
        if self._travels:
            arrived = self._arrived()
            if arrived is not EMPTY:
                return cast("T", arrived)
        return self._make()

    def _arrived(self) -> Any:
        raise NotImplementedError  # CellVar has it

    def _make(self) -> T:
        raise NotImplementedError  # CellVar has it

    def _unbound(self) -> UnboundVarError:
        raise NotImplementedError  # CellVar has it

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
            arrived = self._arrived() if self._travels else EMPTY
            return default if arrived is EMPTY else arrived
        try:
            return self._absent()
        except Missing:
            raise self._unbound() from None

    def set(self, value: T) -> Token[T]:
        """Bind *value* until ``reset``, or to the end of the bind around it.

        Returns:
            A token for :meth:`reset`.
        """
        old = self._read(None)
        around = enclosing_bind(old)
        cell = Cell(value) if around is None else LinkedCell(value, around)
        token = self._cells.set(cell)
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
        if not isinstance(token, Token) or token.var is not self:
            refuse_token(self, token)
        # ContextVar.reset lets go of the value in the middle of the change: what that
        # runs could set the variable, and the interpreter would use what is freed.
        top = self._read(None)
        try:
            self._cells.reset(token._token)
        except (RuntimeError, ValueError) as error:
            refuse_reset(self, error)
        finally:
            del top

    def bind(self, value: T) -> Bind[T]:
        """Return a block in which the Var has *value*: ``with var.bind(value):``.

        ``as`` gives *value*. The bind always ends: left in another Context
        than it was entered in, its value is withdrawn wherever it was visible.
        """
        return VarBind(self, value, place_of_caller())


def _is_made(var: BareVar[Any]) -> bool:
    """Tell whether ``__init__`` has run; asks no ``__getattr__`` of a subclass."""
    try:
        object.__getattribute__(var, "_cells")
    except AttributeError:
        return False
    return True
