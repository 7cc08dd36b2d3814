"""Where asynchronous resources and blocks live: in a task of their own.

A resource may hold a task group, a nursery or a timeout open over its ``yield``, and
these are left in the task that entered them, whoever closes the scope. The task runs
in the ``Context`` of the one that opened the resource, so what is bound there shows,
and it is not cancelled with that one. Used by ``resources.py`` and ``Scope.aenter``.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from inscope.scope.exits import append_context, let_go, says_again
from inscope.scope.shielding import (
    GRACE,
    Waiting,
    context_of_task,
    running_library,
    start,
    too_late,
    without_cancellation_by_anyio,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    Generator: TypeAlias = AsyncGenerator[Any, None]

__all__ = ["Host", "HostClosing", "host_of", "of_block"]


class Host:
    """Runs both halves of *generator* where it is called; what follows knows better.

    Args:
        generator: Yields once.
        name: What to call it.
    """

    def __init__(self, generator: Generator, name: str) -> None:
        self.generator = generator
        self.name = name

    async def open(self) -> Any:
        """Return what the generator yields.

        Raises:
            StopAsyncIteration: It yields nothing.
        """
        return await anext(self.generator)

    async def close(
        self, error: BaseException | None, timeout: float | None
    ) -> list[BaseException]:
        """Run what follows the ``yield``; *error* is raised there, if there is one.

        Returns:
            What came of it, as ``shielding.shielded``.
        """
        raised = await self.finished(error)
        return [] if raised is None else [raised]

    async def finished(self, error: BaseException | None) -> BaseException | None:
        """Run what follows the ``yield``, and return what it raises."""
        try:
            if error is None:
                await anext(self.generator)
            else:
                await self.generator.athrow(error)
        except StopAsyncIteration as end:
            return None if end is not error else end
        except RuntimeError as new:
            # What a generator makes of a StopIteration that is thrown in: PEP 479.
            return error if error is not None and new.__cause__ is error else new
        except BaseException as new:
            return new
        await self.generator.aclose()
        return RuntimeError(
            f"resource {self.name} yields more than once; it must yield once"
        )


class AsyncioHost(Host):
    """A task of asyncio's."""

    _task: asyncio.Task[BaseException | None]
    _opened: asyncio.Future[Any]
    _closing: asyncio.Future[BaseException | None]

    async def open(self) -> Any:
        import asyncio

        loop = asyncio.get_running_loop()
        self._opened, self._closing = loop.create_future(), loop.create_future()
        waiting = Waiting()
        context, _ = await context_of_task(waiting)
        if waiting.cancelled is not None:
            raise waiting.cancelled
        self._task = start(self._live(), context, f"resource {self.name}")
        try:
            await asyncio.wait([self._opened])
        except asyncio.CancelledError as cancelled:
            self._task.cancel()
            await Waiting().until(self._task, None)
            if self._opened.done():
                _keep(self._opened.exception(), cancelled)
            raise
        return self._opened.result()

    async def close(
        self, error: BaseException | None, timeout: float | None
    ) -> list[BaseException]:
        with without_cancellation_by_anyio():
            if not self._closing.done():
                self._closing.set_result(error)
            return await Waiting().to_end(self._task, timeout, self.name)

    async def _live(self) -> BaseException | None:
        try:
            value = await super().open()
        except BaseException as failure:
            if not self._opened.done():
                self._opened.set_exception(_raisable(failure))
            return None
        if not self._opened.done():
            self._opened.set_result(value)
        try:
            error = await self._closing
        except BaseException as cancelled:  # by a task group of the resource
            error = cancelled
        return await self.finished(error)


class TrioHost(Host):
    """A system task of trio's, which is in nobody's cancel scope."""

    def __init__(self, generator: Generator, name: str) -> None:
        super().__init__(generator, name)
        trio: Any = sys.modules["trio"]
        self._trio = trio
        self._scope = trio.CancelScope()
        self._opened, self._closing, self._done = (trio.Event() for _ in range(3))
        self._value: Any = None
        self._failure: BaseException | None = None
        self._error: BaseException | None = None
        self._raised: BaseException | None = None

    async def open(self) -> Any:
        lowlevel = self._trio.lowlevel
        context = lowlevel.current_task().context
        spawn = partial(
            lowlevel.spawn_system_task, self._live, context=context, name=self.name
        )
        # Not from here, where the Context is in use.
        lowlevel.current_trio_token().run_sync_soon(spawn)
        try:
            await self._opened.wait()
        except BaseException as cancelled:
            self._scope.cancel()
            with self._trio.CancelScope(shield=True):
                await self._done.wait()
            _keep(self._failure, cancelled)
            raise
        if self._failure is not None:
            raise self._failure
        return self._value

    async def close(
        self, error: BaseException | None, timeout: float | None
    ) -> list[BaseException]:
        self._error = error
        self._closing.set()
        raised: list[BaseException] = []
        if not await self._is_done_after(timeout):
            raised.append(too_late(self.name, timeout))
            self._scope.cancel()
            await self._is_done_after(GRACE)
        if self._raised is not None:
            raised.append(self._raised)
        return raised

    async def _is_done_after(self, seconds: float | None) -> bool:
        trio = self._trio
        deadline = float("inf") if seconds is None else trio.current_time() + seconds
        with trio.CancelScope(shield=True, deadline=deadline):
            await self._done.wait()
        return bool(self._done.is_set())

    async def _live(self) -> None:
        try:
            with self._scope:
                await self._both_halves()
        finally:
            self._opened.set()
            self._done.set()

    async def _both_halves(self) -> None:
        try:
            self._value = await super().open()
        except BaseException as failure:
            self._failure = failure
            self._go_on_if_cancelled(failure)
            return
        self._opened.set()
        error: BaseException | None
        try:
            await self._closing.wait()
            error = self._error
        except BaseException as cancelled:  # by a nursery of the resource, or the end
            error = cancelled
        self._raised = await self.finished(error)
        self._go_on_if_cancelled(self._raised)

    def _go_on_if_cancelled(self, error: BaseException | None) -> None:
        """Let a cancellation reach who asked for it."""
        if error is not None and isinstance(error, self._trio.Cancelled):
            if error is self._raised:
                self._raised = None
            raise error


class HostClosing:
    """The step that closes what a host runs; ``asynchronous.py`` awaits ``close``."""

    __slots__ = ("_host",)

    def __init__(self, host: Host) -> None:
        self._host = host

    async def close(
        self, error: BaseException | None, timeout: float | None
    ) -> list[BaseException]:
        """Close it; return what came of that."""
        return await self._host.close(error, timeout)

    def __repr__(self) -> str:
        return self._host.name


async def of_block(block: AbstractAsyncContextManager[Any]) -> Generator:
    """Yield what the ``async with`` block *block* gives, within it."""
    async with block as value:
        yield value


def host_of(generator: Generator, name: str) -> Host:
    """Return a host for *generator* that the running library provides."""
    hosts = {"asyncio": AsyncioHost, "trio": TrioHost}
    return hosts.get(running_library() or "", Host)(generator, name)


def _keep(failure: BaseException | None, cancelled: BaseException) -> None:
    """Make *failure* a context of *cancelled*, which hides it."""
    if failure is not None and not says_again(failure, cancelled):
        let_go(failure, [cancelled])
        append_context(cancelled, failure)


def _raisable(error: BaseException) -> BaseException:
    """Return *error*, or what a future takes in place of it."""
    if not isinstance(error, StopIteration):
        return error
    instead = RuntimeError("a resource raised StopIteration")
    instead.__cause__ = error
    return instead
