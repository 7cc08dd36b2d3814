"""Keeping a scope open after its block has ended: for a stream, for a test.

Who holds a scope has it active in a context of its own. The scope closes there, when
the block has ended and the last hold is released, with the error the block ended with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from inscope._core.lifetime import ACTIVE
from inscope._core.place import describe_thread, place_of_caller
from inscope.errors import AsyncInSyncScopeError, ScopeNotActiveError
from inscope.scope import asynchronous
from inscope.scope.making import lock
from inscope.scope.shielding import running_library

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType
    from typing import NoReturn

    from inscope._core.place import Place
    from inscope.scope.scope import Scope

__all__ = ["Hold", "Holds"]

S = TypeVar("S", bound="Scope")

_closing: set[Any] = set()
"""Tasks that close a scope: a loop does not keep its tasks alive."""


class Holds:
    """How many hold a scope, and how its block has ended."""

    __slots__ = ("count", "error", "is_left")

    def __init__(self) -> None:
        self.count: int = 0
        self.is_left: bool = False
        self.error: BaseException | None = None


class Hold(Generic[S]):
    """A block in which *scope* is active and stays open, once; see ``Scope.hold``."""

    __slots__ = ("__weakref__", "_is_over", "_loop", "_scope", "_token")

    _token: Token[Any] | None

    def __init__(self, scope: S) -> None:
        self._scope = scope
        self._token = None
        self._is_over = False
        self._loop: Any = None
        if running_library() == "asyncio":
            import asyncio

            self._loop = asyncio.get_running_loop()
        with lock:
            holds = scope._scope_holds
            if holds is None:
                holds = scope._scope_holds = Holds()
            holds.count += 1
        scope._scope_steps()  # so that it takes the long way out, which looks for holds

    def __enter__(self) -> S:
        if self._scope._scope_is_async:
            self._refuse()
        return self.activate()

    def activate(self) -> S:
        """Make the scope the innermost active one, until the hold is given back."""
        scope = self._scope
        if self._is_over or self._token is not None:
            message = f"this hold of {scope!r} has been used already; take another"
            raise ScopeNotActiveError(message)
        self._token = scope._scope_slot._scopes.set(scope)
        return scope

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._scope._scope_is_async:
            self._refuse()
        if self._is_last(error):
            self._close(place_of_caller())

    async def __aenter__(self) -> S:
        return self.activate()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        place = place_of_caller()
        if self._is_last(error):
            await self._aclose(place)

    def release(self) -> None:
        """Hold it no more; for a hold that was not entered, too."""
        if not self._is_over:
            self.__exit__(None, None, None)

    async def arelease(self) -> None:
        """Hold it no more, and await what there is to await."""
        if not self._is_over:
            await self.__aexit__(None, None, None)

    def give_back(self, error: BaseException | None) -> None:
        """Hold it no more, where nothing can be awaited.

        What a scope of asyncio's awaits to close is then done by the loop in which
        the hold was taken.
        """
        if not self._is_last(error):
            return
        place = place_of_caller()
        if not self._scope._scope_is_async:
            self._close(place)
        elif self._loop is None or self._loop.is_closed():
            self._refuse()
        else:
            self._loop.call_soon_threadsafe(self._begin_to_close, place)

    def _begin_to_close(self, place: Place) -> None:
        task = self._loop.create_task(self._aclose(place))
        _closing.add(task)
        task.add_done_callback(_closing.discard)

    def _close(self, place: Place) -> None:
        scope = self._scope
        scope._scope_token = scope._scope_slot._scopes.set(scope)
        scope._scope_close(scope._scope_holds.error, place)

    async def _aclose(self, place: Place) -> None:
        scope = self._scope
        scope._scope_token = scope._scope_slot._scopes.set(scope)
        await asynchronous.close_now(scope, scope._scope_holds.error, place)

    def _is_last(self, error: BaseException | None) -> bool:
        """Give the hold back; tell whether the scope is to be closed by it."""
        if self._is_over:
            message = f"this hold of {self._scope!r} has been given back already"
            raise ScopeNotActiveError(message)
        self._leave()
        self._is_over = True
        scope = self._scope
        with lock:
            holds = scope._scope_holds
            holds.count -= 1
            holds.error = holds.error or error
            return holds.is_left and not holds.count and scope._scope_state is ACTIVE

    def _leave(self) -> None:
        """Let what was active before be so again, unless something else is now."""
        token, self._token = self._token, None
        slot = self._scope._scope_slot
        if token is None:
            return
        innermost = slot.innermost()
        try:
            slot._scopes.reset(token)
        except ValueError:
            # The scope must close all the same: nobody else would do it.
            self._report_foreign()
            return
        if innermost is not self._scope:
            slot._scopes.set(innermost)
            return
        before = slot.innermost()
        if before is not None and before._scope_refuses:
            slot._scopes.set(None)  # the one before was held, too, and has gone first

    def _refuse(self) -> NoReturn:
        message = f"{self._scope!r} is held as it was opened: 'async with scope.hold()'"
        raise AsyncInSyncScopeError(message)

    def _report_foreign(self) -> None:
        import logging

        logging.getLogger("inscope").warning(
            "%r was left in another context than it was entered in, in thread %r; what"
            " it held open closes there. Close a generator that holds a scope where it"
            " runs (contextlib.closing, aclosing).",
            self,
            describe_thread(),
        )

    def __repr__(self) -> str:
        return f"<hold of {self._scope!r}{', over' * self._is_over}>"
