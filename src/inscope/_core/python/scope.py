"""What of a ``Scope`` is hot: open, close, be found. Twin of ``native/scope.c``.

A :class:`ScopeSlot` is where the innermost active scope of a class is found: a
context variable that holds the scope itself. A scope without hooks, callbacks and
resources is opened and closed here; ``scope/scope.py`` does everything else.
"""

from __future__ import annotations

from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from inscope._core.lifetime import ACTIVE, CLOSED, NEW
from inscope._core.nothing import Missing
from inscope._core.place import place_of_caller, place_of_leaver
from inscope._core.setting import put_back, set_at_last, set_or_leave

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from contextvars import Token
    from types import TracebackType
    from typing import Self

    from inscope._core.place import Place

T_co = TypeVar("T_co", covariant=True)

__all__ = ["BareScope", "ScopeSlot"]


class ScopeSlot:
    """Where the innermost active scope of a class is found, for each context.

    Args:
        name: For errors: that of the class.
    """

    __slots__ = ("__weakref__", "_scopes", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._scopes: ContextVar[Any] = ContextVar(name)

    def resolver(self) -> Callable[[], Any]:
        """Return the function that proxies resolve by: ``Missing`` if no scope."""
        read = self._scopes.get

        def lookup() -> Any:
            scope = read(None)
            if scope is None:
                raise Missing
            if scope._scope_refuses:
                raise scope._scope_closed_error()
            return scope

        return lookup

    def innermost(self) -> Any:
        """Return the innermost scope, closed or not; ``None`` if there is none."""
        return self._scopes.get(None)


class Done(Generic[T_co]):
    """What need not wait: to await it gives its value at once."""

    __slots__ = ("_value",)

    def __init__(self, value: T_co) -> None:
        self._value = value

    def __await__(self) -> Generator[None, None, T_co]:
        return self._value
        yield


class BareScope:
    """The state of a scope, and its way from new to closed when that is short."""

    __slots__ = (
        "__weakref__",
        "_scope_closed",
        "_scope_count",
        "_scope_exits",
        "_scope_holds",
        "_scope_is_async",
        "_scope_is_fork",
        "_scope_opened",
        "_scope_refuses",
        "_scope_serial",
        "_scope_state",
        "_scope_token",
        "_scope_values",
    )

    _scope_slot: ClassVar[ScopeSlot]
    _scope_plain_slot: ClassVar[ScopeSlot | None]
    """That of a class whose scopes can go the short way."""

    _scope_closed: tuple[Place, float] | None
    _scope_count: int  # how often it was entered again
    _scope_exits: list[Any] | None  # the steps that close it, the first one last
    _scope_holds: Any  # who keeps it open, see scope/holding.py
    _scope_is_async: bool
    _scope_is_fork: bool
    _scope_opened: tuple[Place, float] | None
    _scope_refuses: bool
    _scope_serial: int  # see Scope.ident
    _scope_state: str
    _scope_token: Token[Any] | None
    _scope_values: dict[Any, Any] | None  # of its resources

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if (args or kwargs) and cls.__init__ is object.__init__:
            message = f"{cls.__name__}() takes no arguments"
            raise TypeError(message)
        self = super().__new__(cls)
        self._scope_state = NEW
        self._scope_count = self._scope_serial = 0
        self._scope_is_async = self._scope_is_fork = self._scope_refuses = False
        self._scope_closed = self._scope_opened = self._scope_token = None
        self._scope_exits = self._scope_holds = self._scope_values = None
        return self

    def push(self) -> Self:
        """Open the scope; if it is the active one here, only count.

        Returns:
            The scope.

        Raises:
            ScopeClosedError: It is closed, and does not ``reopen``.
            ScopeOrderError: It is active, but another is the innermost one here.
            ForeignScopeError: It was opened in another ``Context``.
            AsyncInSyncScopeError: A part of it can only be awaited.
        """
        self._scope_push(place_of_caller())
        return self

    def pop(self, exc: BaseException | None = None) -> None:
        """Close the scope; if it was entered several times, count back.

        Args:
            exc: What went wrong inside, for the hooks and resources.

        Raises:
            ScopeNotActiveError: It is not open.
            ScopeOrderError: Another one is the innermost one here.
            ForeignScopeError: It was opened in another ``Context``. Like the two
                before it, raised before anything was closed.
            ExceptionGroup: Several things failed while it was closed. One error
                alone is raised as it is.
        """
        self._scope_pop(exc, place_of_leaver())

    def __enter__(self) -> Self:
        self._scope_push(place_of_caller())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._scope_pop(error, place_of_leaver())

    def __aenter__(self) -> Awaitable[Self]:
        place, opened = place_of_caller(), Done(self)
        if self._scope_open_shortly(place, is_async=True):
            return opened
        return self._scope_aenter_slowly(place)

    def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> Awaitable[None]:
        place = place_of_leaver()
        closed = self._scope_close_shortly(place, is_async=True)
        if closed and not self._scope_exits:
            return Done(None)
        return self._scope_aexit_slowly(error, place)

    def _scope_push(self, place: Place) -> None:
        if not self._scope_open_shortly(place, is_async=False):
            self._scope_push_slowly(place)

    def _scope_pop(self, error: BaseException | None, place: Place) -> None:
        if not self._scope_close_shortly(place, is_async=False):
            self._scope_pop_slowly(error, place)
        elif self._scope_exits is not None:  # another thread has added something
            self._scope_close_late(error)

    def _scope_open_shortly(self, place: Place, *, is_async: bool) -> bool:
        slot = self._scope_plain_slot
        if self._scope_state is not NEW or slot is None:
            return False
        self._scope_is_async = is_async
        self._scope_opened = place, monotonic()
        try:
            self._scope_token = set_or_leave(slot._scopes, self, slot.innermost())
        except BaseException:
            self._scope_state = CLOSED
            self._scope_refuses = True
            raise
        self._scope_state = ACTIVE
        return True

    def _scope_close_shortly(self, place: Place, *, is_async: bool) -> bool:
        slot, token = self._scope_plain_slot, self._scope_token
        if (
            self._scope_state is not ACTIVE
            or self._scope_count
            or self._scope_exits is not None
            or (self._scope_is_async and not is_async)
            or slot is None
            or token is None
            or slot._scopes.get(None) is not self
        ):
            return False
        try:
            put_back(slot._scopes, token)
        except (ValueError, RuntimeError):  # it is of another Context, or just closed
            return False
        self._scope_token = None
        self._scope_state = CLOSED
        self._scope_refuses = True
        self._scope_closed = place, monotonic()
        return True

    def _scope_is_here(self, token: Token[Any]) -> bool:
        """Tell whether *token*, that of the scope, is of this ``Context``."""
        slot = self._scope_slot
        scopes, innermost = slot._scopes, slot.innermost()
        try:
            put_back(scopes, token)
        except (ValueError, RuntimeError):  # or its own one is closing it
            return False
        self._scope_token = set_at_last(scopes, self, slot.innermost())
        if innermost is not self:
            scopes.set(innermost)
        return True

    def _scope_push_slowly(self, place: Place) -> None:
        raise NotImplementedError  # Scope has it

    def _scope_pop_slowly(self, error: BaseException | None, place: Place) -> None:
        raise NotImplementedError  # Scope has it

    def _scope_aenter_slowly(self, place: Place) -> Awaitable[Self]:
        raise NotImplementedError  # Scope has it

    def _scope_aexit_slowly(
        self, error: BaseException | None, place: Place
    ) -> Awaitable[None]:
        raise NotImplementedError  # Scope has it

    def _scope_close_late(self, error: BaseException | None) -> None:
        raise NotImplementedError  # Scope has it

    def _scope_closed_error(self) -> BaseException:
        raise NotImplementedError  # Scope has it
