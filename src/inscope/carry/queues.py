"""``ContextQueue``: a queue whose items bring along their context."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from inscope.carry.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    R = TypeVar("R")

T = TypeVar("T")

__all__ = ["ContextQueue", "Item"]


class Item(Generic[T]):
    """An item of a queue, and the context in which it was put there.

    Attributes:
        value: What was put; a ``PriorityQueue`` goes by it.
        snapshot: The context.
    """

    __module__ = "inscope.carry"
    __slots__ = ("snapshot", "value")

    value: T
    snapshot: Snapshot

    def __init__(self, value: T, snapshot: Snapshot) -> None:
        self.value = value
        self.snapshot = snapshot

    def run(self, function: Callable[[T], R]) -> R:
        """Call *function* with the value, in a copy of the context."""
        return self.snapshot.run(function, self.value)

    async def drive(self, function: Callable[[T], Awaitable[R]]) -> R:
        """Await *function* with the value, in a copy of the context."""

        async def call() -> R:
            return await function(self.value)

        return await self.snapshot.drive(call())

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Item):
            return NotImplemented
        mine, its = cast("Any", self), cast("Any", other)
        return bool(mine.value < its.value)

    def __repr__(self) -> str:
        return f"<Item {self.value!r}>"


class ContextQueue(Generic[T]):
    """A queue whose items bring along the context in which they were put.

    A worker that takes them from the queue would otherwise handle all of them in its
    own.

    Args:
        inner: The queue that keeps them: of ``queue``, ``asyncio``, gevent, or another
            one of this process with ``put`` and ``get``. Default: a ``queue.Queue``.
            Its other methods and attributes are there, too.

    Raises:
        TypeError: *inner* is no queue, or one between processes.

    Example:
        >>> from threading import Thread
        >>> from inscope import Var
        >>> from inscope.carry import ContextQueue
        >>> user, jobs = Var("user"), ContextQueue()
        >>> def greet(word):
        ...     print(word, user.get())
        >>> worker = Thread(target=lambda: jobs.get().run(greet))
        >>> worker.start()
        >>> with user.bind("ann"):
        ...     jobs.put("hello")
        ...     worker.join()
        hello ann
    """

    __module__ = "inscope.carry"

    def __init__(self, inner: Any = None) -> None:
        self._inner: Any = queue.Queue() if inner is None else inner
        for name in ("put", "get"):
            if not callable(getattr(self._inner, name, None)):
                message = (
                    f"ContextQueue() takes a queue, which has put and get: {inner!r}"
                )
                raise TypeError(message)
        modules = [kind.__module__ for kind in type(self._inner).__mro__]
        if any(module.startswith("multiprocessing.") for module in modules):
            message = f"ContextQueue() takes a queue of this process, not {inner!r}"
            raise TypeError(message)

    def put(self, item: T, *args: Any, **kwargs: Any) -> Any:
        """Put *item*, with the context of here and now; options of the inner queue."""
        return self._inner.put(Item(item, Snapshot.capture()), *args, **kwargs)

    def put_nowait(self, item: T) -> Any:
        """Put *item*, with the context of here and now, if there is room."""
        return self._inner.put_nowait(Item(item, Snapshot.capture()))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Take an ``Item``; of an asyncio queue, to be awaited."""
        return self._inner.get(*args, **kwargs)

    def get_nowait(self) -> Item[T]:
        """Take an ``Item``, if there is one."""
        item: Item[T] = self._inner.get_nowait()
        return item

    def __getattr__(self, name: str) -> Any:
        if name == "_inner":
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __repr__(self) -> str:
        return f"<ContextQueue over {self._inner!r}>"
