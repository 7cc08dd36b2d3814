"""Awaiting what closes a scope: a cancellation waits meanwhile, but not for ever.

On trio that is a shielded cancel scope. asyncio has none, so there the step runs as
a task of its own, in the very ``Context`` of the task that closes the scope, and that
one waits for it. What was to be cancelled is cancelled afterwards.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from contextvars import Context, ContextVar, copy_context
from functools import cache
from typing import TYPE_CHECKING, Any

from inscope.errors import ScopeExitTimeoutError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Coroutine

__all__ = ["GRACE", "Waiting", "context_of_task", "running_library", "shielded"]
__all__ += ["start", "too_late"]

GRACE = 1.0
"""How many seconds a step may go on after it was cancelled for taking too long."""

_probe: ContextVar[object] = ContextVar("inscope.scope.probe")


def running_library() -> str | None:
    """Return whose task runs: ``"trio"``, ``"asyncio"``, or ``None`` for nobody's.

    Trio is asked first: as a guest, it runs in a loop of asyncio's.
    """
    lowlevel = getattr(sys.modules.get("trio"), "lowlevel", None)
    if lowlevel is not None:
        try:
            lowlevel.current_task()
        except RuntimeError:
            pass
        else:
            return "trio"
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:
        return None
    return None if asyncio.current_task() is None else "asyncio"


async def shielded(
    step: Awaitable[Any], timeout: float | None, name: str
) -> list[BaseException]:
    """Await *step* to its end, whoever cancels meanwhile.

    Args:
        step: What to await.
        timeout: For how many seconds, ``None`` for ever. Then it is cancelled.
        name: What to call it.

    Returns:
        What *step* raised, a ``ScopeExitTimeoutError`` if it took too long, and on
        asyncio the ``CancelledError`` of whoever cancelled this meanwhile.
    """
    library = running_library()
    if library == "trio":
        return await _on_trio(step, timeout, name)
    if library == "asyncio":
        return await _on_asyncio(step, timeout, name)
    try:
        await step
    except BaseException as error:
        return [error]
    return []


async def _on_trio(
    step: Awaitable[Any], timeout: float | None, name: str
) -> list[BaseException]:
    trio: Any = sys.modules["trio"]
    raised: list[BaseException] = []
    deadline = float("inf") if timeout is None else trio.current_time() + timeout
    with trio.CancelScope(shield=True, deadline=deadline) as scope:
        try:
            await step
        except trio.Cancelled:
            raise
        except BaseException as error:
            raised.append(error)
    if scope.cancel_called:
        raised.insert(0, too_late(name, timeout))
    return raised


async def _on_asyncio(
    step: Awaitable[Any], timeout: float | None, name: str
) -> list[BaseException]:
    with without_cancellation_by_anyio():
        waiting = Waiting()
        context, is_own = await context_of_task(waiting)
        raised = await waiting.to_end(
            start(_error_of(step), context, name), timeout, name
        )
    if not is_own:
        _bring_back(context)
    return raised


def start(
    coroutine: Coroutine[Any, Any, Any], context: Context, name: str
) -> asyncio.Task[Any]:
    """Return a task of asyncio's that nothing cancels but who holds it."""
    import asyncio

    loop = asyncio.get_running_loop()
    # Not loop.create_task: a factory may start it at once, in a context in use.
    task = asyncio.Task(coroutine, loop=loop, context=context, name=name)
    asyncio._unregister_task(task)  # of all_tasks()
    return task


class Waiting:
    """How a task waits for another one, and keeps for later that it is cancelled."""

    def __init__(self) -> None:
        self.cancelled: BaseException | None = None

    async def to_end(
        self, task: asyncio.Task[BaseException | None], timeout: float | None, name: str
    ) -> list[BaseException]:
        """Wait for *task*, which returns what went wrong; cancel it when time is up.

        Returns:
            What ``shielded`` does.
        """
        import asyncio

        raised: list[BaseException] = []
        if not await self.until(task, timeout):
            raised.append(too_late(name, timeout))
            task.cancel()
            if not await self.until(task, GRACE):
                import logging

                logging.getLogger("inscope").error(
                    "%s goes on although it was cancelled; it is left alone", name
                )
        if task.done():
            error: BaseException | None = asyncio.CancelledError(name)
            if not task.cancelled():
                error = task.result()
            if error is not None and not (
                raised and isinstance(error, asyncio.CancelledError)
            ):
                raised.append(error)
        if self.cancelled is not None:
            raised.append(self.cancelled)
        return raised

    async def until(self, future: asyncio.Future[Any], timeout: float | None) -> bool:
        """Wait for *future*; tell whether it is done after *timeout* seconds.

        It gets one turn at least.
        """
        import asyncio

        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        left = timeout
        while True:
            try:
                await asyncio.wait([future], timeout=left)
            except asyncio.CancelledError as error:
                self.cancelled = error
            if future.done():
                return True
            if deadline is not None:
                left = deadline - loop.time()
                if left <= 0:
                    return False


async def _error_of(step: Awaitable[Any]) -> BaseException | None:
    """Await *step*; return what it raises.

    Raised, an interrupt would leave the loop at once, and all that is in it.
    """
    try:
        await step
    except BaseException as error:
        return error
    return None


def too_late(name: str, timeout: float | None) -> ScopeExitTimeoutError:
    """Return the error that *name* took longer than *timeout* seconds."""
    message = (
        f"{name} took longer than {timeout} s to close, and was cancelled;"
        " see the scope's exit_timeout"
    )
    return ScopeExitTimeoutError(message)


def without_cancellation_by_anyio() -> Any:
    """Return a block in which anyio cancels nothing: it would try without end."""
    anyio: Any = sys.modules.get("anyio")
    shield = getattr(anyio, "CancelScope", None)
    return nullcontext() if shield is None else shield(shield=True)


async def context_of_task(waiting: Waiting) -> tuple[Context, bool]:
    """Return the ``Context`` that this task of asyncio's runs in; else a copy.

    A task tells its Context from 3.12 on. Before, it gives it to the future that it
    waits for, together with what is to be called then. Either is not the one that
    runs if the coroutine is driven by something else, in another.

    Args:
        waiting: Keeps that the task was cancelled meanwhile.

    Returns:
        The Context, and whether it is the very one.
    """
    import asyncio

    task: Any = asyncio.current_task()
    context: Context | None = None
    if hasattr(task, "get_context"):
        context = task.get_context()
    else:
        future: Any = _seeing_future()(loop=asyncio.get_running_loop())
        future.get_loop().call_soon(_finish, future)
        try:
            await future
        except asyncio.CancelledError as error:
            waiting.cancelled = error
        context = future.context
    if context is not None and _is_current(context):
        return context, True
    return copy_context(), False


@cache
def _seeing_future() -> Any:
    """Return a class of futures that note in which Context they are waited for."""
    import asyncio

    class SeeingFuture(asyncio.Future[None]):
        context: Context | None = None

        def add_done_callback(
            self, callback: Any, /, *, context: Context | None = None
        ) -> None:
            self.context = context
            super().add_done_callback(callback, context=context)

    return SeeingFuture


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _is_current(context: Context) -> bool:
    """Tell whether *context* is the one that this runs in."""
    mark = object()
    token = _probe.set(mark)
    try:
        return context.get(_probe) is mark
    finally:
        _probe.reset(token)


def _bring_back(context: Context) -> None:
    """Set here what was set in *context*, a copy of this one."""
    missing = object()
    for var, value in context.items():
        if var.get(missing) is not value:
            var.set(value)
