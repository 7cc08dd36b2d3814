"""What stands in a scope for the value of a resource while it is being made.

Whoever comes meanwhile waits for it, in a thread or in a task, and looks again. Where
that would be to wait for oneself, also by way of others, it is an error.
"""

from __future__ import annotations

import _thread
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from inscope.errors import ResourceCycleError, ResourceNotReady
from inscope.scope.shielding import running_library

if TYPE_CHECKING:
    from inscope.scope.lifecycle import Lifecycle
    from inscope.scope.resources import Resource

__all__ = ["Making", "lock", "values_of"]

lock: _thread.LockType = _thread.allocate_lock()
"""Held for the first use of what scopes have only when they need it, and while who
waits for whom is looked at."""

_inside: ContextVar[tuple[Making, ...]] = ContextVar("inscope.scope.making", default=())
"""What is being made where this runs, and by tasks that were begun there."""


class Making:
    """Stands for a value; a block in which the value is made.

    Args:
        resource: Whose.
    """

    __slots__ = ("_event", "_lock", "_resource", "_thread", "_token", "_waits_for")

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._thread = _thread.get_ident()
        self._lock = _thread.allocate_lock()
        self._lock.acquire()
        self._event: Any = None
        self._waits_for: Making | None = None

    def __enter__(self) -> None:
        self._token = _inside.set((*_inside.get(), self))

    def __exit__(self, *_: object) -> None:
        """Let those who wait look again."""
        _inside.reset(self._token)
        self._lock.release()
        if self._event is not None:
            self._event.set()

    def wait(self) -> None:
        """Wait, in another thread than the one that makes it."""
        outer = self._announced()
        try:
            if self._thread == _thread.get_ident():
                message = f"{self._resource!r} is being made in another greenlet"
                raise ResourceNotReady(message)
            with self._lock:
                pass
        finally:
            self._let_go(outer)

    async def opened(self) -> None:
        """Wait, in another task than the one that opens it."""
        outer = self._announced()
        try:
            if self._thread != _thread.get_ident():
                message = f"{self._resource!r} is being opened in another thread"
                raise ResourceNotReady(message)
            if self._event is None:
                self._event = _event()
            await self._event.wait()
        finally:
            self._let_go(outer)

    def _announced(self) -> Making | None:
        """Note that what is made here waits for this, unless this waits for that.

        Returns:
            What is made here.
        """
        inside = _inside.get()
        with lock:
            node: Making | None = self
            while node is not None:
                if node in inside:
                    message = (
                        f"resource {self._resource!r} is needed while it is being made"
                    )
                    raise ResourceCycleError(message)
                node = node._waits_for
            if not inside:
                return None
            inside[-1]._waits_for = self
            return inside[-1]

    def _let_go(self, outer: Making | None) -> None:
        if outer is not None:
            with lock:
                outer._waits_for = None


def _event() -> Any:
    """Return an event of the library that runs."""
    if running_library() == "trio":
        return sys.modules["trio"].Event()
    import asyncio

    return asyncio.Event()


def values_of(scope: Lifecycle) -> dict[Any, Any]:
    """Return the dictionary of the values that *scope* has."""
    values = scope._scope_values
    if values is None:
        with lock:
            values = scope._scope_values
            if values is None:
                values = scope._scope_values = {}
    return values
