"""``Snapshot``: the bindings of one moment, to run something with them elsewhere."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from inscope._core.snapshot import BareSnapshot, steps_in
from inscope.carry.changes import changes_between
from inscope.carry.kinds import keeping_kind
from inscope.carry.wrappers import awaited, delegating, stepped

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        Awaitable,
        Callable,
        Coroutine,
        Generator,
        Iterable,
    )

    from inscope._core.python.step import Steps
    from inscope.carry.changes import Changes

    F = TypeVar("F", bound=Callable[..., Any])
    T = TypeVar("T")

__all__ = ["Snapshot"]


class Snapshot(BareSnapshot):
    """The bindings of one moment: of variables, Locals, stacks and scopes.

    It never changes. Whatever is run with it gets a copy of its own, so it can be used
    as often as wanted, in any thread or task, also at the same time; what is bound in
    there is gone afterwards. Only a reference is kept to each value: a scope that has
    closed meanwhile is closed here, too.

    Args:
        context: A ``contextvars.Context``, whose bindings are taken over. Those of here
            and now are captured by ``Snapshot.capture()``.

    Raises:
        TypeError: *context* is something else.

    Example:
        >>> from inscope import Var
        >>> from inscope.carry import Snapshot
        >>> user = Var("user")
        >>> with user.bind("ann"):
        ...     snapshot = Snapshot.capture()
        >>> user.is_bound(), snapshot.run(user.get)
        (False, 'ann')
    """

    __module__ = "inscope.carry"
    __slots__ = ()

    def wrap(self, function: F) -> F:
        """Return *function* with these bindings for each of its calls.

        What results is of the same kind: of a generator function, an async generator
        function, a coroutine function, a method, a class, a ``partial``. Each call has
        a copy of the bindings, for all of its steps.

        Raises:
            TypeError: *function* cannot be called.
        """
        wrapped: F = keeping_kind(function, self._wrapped, "wrap")
        return wrapped

    def _wrapped(
        self, function: Callable[..., Any], like: Any = None
    ) -> Callable[..., Any]:
        return stepped(function, self.run, self._steps, like)

    def _steps(self, inner: Any) -> Steps:
        return steps_in(self.context(), inner)

    def drive(self, awaitable: Awaitable[T]) -> Coroutine[Any, Any, T]:
        """Await *awaitable* with these bindings, in the task that is running.

        ``current_task()``, time-outs and cancellation are those of the task.

        Example:
            >>> import asyncio
            >>> from inscope import Var
            >>> user = Var("user")
            >>> async def greeting():
            ...     return f"hello, {user.get()}"
            >>> with user.bind("ann"):
            ...     snapshot = Snapshot.capture()
            >>> asyncio.run(snapshot.drive(greeting()))
            'hello, ann'
        """
        if not isawaitable(awaitable):
            message = f"drive() takes something that can be awaited, not {awaitable!r}"
            raise TypeError(message)
        return self._driving(awaitable)

    async def _driving(self, awaitable: Awaitable[T]) -> T:
        result: Any = await self._steps(awaited(awaitable))
        return cast("T", result)

    def iter(self, iterable: Iterable[T]) -> Generator[T, Any, Any]:
        """Iterate over *iterable* with these bindings, in one copy of them.

        ``send``, ``throw`` and ``close`` are passed on, if it is a generator. It may be
        advanced by one thread and closed by another. Closed before the first step, it
        has not touched *iterable*.

        Raises:
            TypeError: *iterable* is none.
        """
        if not hasattr(iterable, "__iter__") and not hasattr(iterable, "__getitem__"):
            message = f"iter() takes an iterable, not {iterable!r}"
            raise TypeError(message)
        return self._iterating(iterable)

    def _iterating(self, iterable: Iterable[T]) -> Generator[T, Any, Any]:
        context = self.context()
        iterator: Any = context.run(iter, iterable)
        return cast("Any", (yield from steps_in(context, iterator)))

    def aiter(self, iterable: AsyncIterable[T]) -> AsyncGenerator[T, Any]:
        """Iterate over the asynchronous *iterable*, as ``iter`` does.

        ``asend``, ``athrow`` and ``aclose`` are passed on, if it is a generator.

        Raises:
            TypeError: *iterable* is none.
        """
        if not hasattr(iterable, "__aiter__"):
            message = f"aiter() takes an asynchronous iterable, not {iterable!r}"
            raise TypeError(message)
        context = self.context()

        def begin() -> Any:
            return context.run(iterable.__aiter__)

        def steps(inner: Any) -> Steps:
            return steps_in(context, inner)

        made: AsyncGenerator[T, Any] = delegating(begin, steps)()
        return made

    def diff(self, other: Snapshot | None = None) -> Changes:
        """Return what is bound otherwise in *other*, or here and now.

        Returns:
            A mapping of variables, Locals, stacks and scopes' classes to what became of
            them: pairs ``(before, after)``.
        """
        later = Snapshot.capture() if other is None else other
        if not isinstance(later, Snapshot):
            message = f"diff() takes a Snapshot, not {other!r}"
            raise TypeError(message)
        return changes_between(self._context, later._context)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self._context)} bindings>"

    def __reduce__(self) -> Any:
        message = (
            "cannot copy or pickle a Snapshot: a context cannot leave its process; pass"
            " the values that are needed"
        )
        raise TypeError(message)
