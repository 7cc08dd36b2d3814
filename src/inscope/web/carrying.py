"""The request's context where the work goes on: other threads and tasks, streams.

A copied function has a fork of the context for each call. A stream holds the context
itself open, in a ``Context`` of its own: streams that are read by turns, in another
thread, or dropped half-way do not meet, and leave nothing behind.
"""

from __future__ import annotations

import logging
import sys
from contextvars import copy_context
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from inscope._core.snapshot import steps_in
from inscope.carry.kinds import keeping_kind
from inscope.carry.wrappers import awaited, isolated, surrounded
from inscope.scope.shielding import running_library
from inscope.web.context import AppContext
from inscope.web.proxies import no_request_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from inscope._core.python.step import Steps
    from inscope.scope.holding import Hold

    F = TypeVar("F", bound=Callable[..., Any])
    T = TypeVar("T")

__all__ = ["copy_current_request_context", "stream_with_context"]


def copy_current_request_context(function: F) -> F:
    """Return *function* with a copy of this context around each call.

    For a thread, an executor, a task. The copy has the same request and session, a
    ``g`` of its own, and closes with the call. Calls may overlap.

    Args:
        function: A function, a coroutine function, or a generator function of either
            kind; what is returned is of the same kind.

    Raises:
        RuntimeError: No context is active.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> from inscope.web import WSGI, copy_current_request_context, request
        >>> app = WSGI(lambda environ, start_response: [])
        >>> with ThreadPoolExecutor() as pool, app.test_request_context("/here"):
        ...     @copy_current_request_context
        ...     def work():
        ...         return request.path
        ...     pool.submit(work).result()
        '/here'
    """
    fork = _active("copy_current_request_context").fork

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        return isolated(surrounded(function, fork), function)

    copied: F = keeping_kind(function, wrap, "copy_current_request_context")
    return copied


@overload
def stream_with_context(generator: Iterator[T], /) -> Iterator[T]: ...


@overload
def stream_with_context(generator: AsyncIterator[T], /) -> AsyncIterator[T]: ...


@overload
def stream_with_context(generator: F, /) -> F: ...


def stream_with_context(generator: Any, /) -> Any:
    """Keep this context for a stream that is read when the function has returned.

    The context closes when its block has ended and the stream is at its end, closed,
    or dropped. Each step runs in a ``Context`` that belongs to the stream.

    Args:
        generator: An iterator, an asynchronous iterator, or a function that returns
            one; then this is a decorator.

    Raises:
        RuntimeError: No context is active; of a decorated function, when it is called.
        TypeError: It is neither.

    Example:
        >>> from inscope.web import WSGI, request, stream_with_context
        >>> app = WSGI(lambda environ, start_response: [])
        >>> with app.test_request_context("/?name=ann"):
        ...     stream = stream_with_context(request.args[key] for key in ["name"])
        >>> list(stream)
        ['ann']
    """
    if hasattr(generator, "__next__"):
        return Stream(_active("stream_with_context"), generator)
    if hasattr(generator, "__anext__"):
        return AsyncStream(_active("stream_with_context"), generator)
    if not callable(generator):
        message = f"stream_with_context() takes an iterator, not {generator!r}"
        raise TypeError(message)

    function: Callable[..., Any] = generator

    @wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        made: Any = function(*args, **kwargs)
        return cast("Any", stream_with_context)(made)

    return decorated


class Stream:
    """An iterator that holds a context open, and runs in it."""

    def __init__(self, scope: AppContext, items: Iterator[Any]) -> None:
        self._context = copy_context()
        self._items = items
        self._is_read = False  # at this moment
        self._hold: Hold[AppContext] | None = scope.hold()
        self._context.run(self._hold.activate)
        scope.note_stream(self)

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        if self._hold is None:
            raise StopIteration
        _refuse_if(self._is_read)
        self._is_read = True
        try:
            return self._context.run(next, self._items)
        except BaseException as error:
            self._is_read = False
            self._end(None if isinstance(error, StopIteration) else error)
            raise
        finally:
            self._is_read = False

    def close(self) -> None:
        """Close the iterator, and the context if nothing else holds it.

        Raises:
            RuntimeError: It is being read at this moment; nothing has been closed.
        """
        _refuse_if(self._is_read)
        self._end(None)

    def _end(self, error: BaseException | None) -> None:
        if self._hold is not None:
            self._context.run(self._leave, self._hold, error)

    def _leave(self, hold: Hold[AppContext], error: BaseException | None) -> None:
        self._hold = None
        try:
            close: Any = getattr(self._items, "close", None)
            if close is not None:
                close()
        except BaseException as raised:
            hold.give_back(raised)
            raise
        hold.give_back(error)

    def __del__(self) -> None:
        if getattr(self, "_hold", None) is not None and not sys.is_finalizing():
            try:
                self.close()
            except BaseException:
                _logger().exception("a stream that was dropped could not be closed")


class AsyncStream:
    """An asynchronous iterator that holds a context open, and runs in it."""

    def __init__(self, scope: AppContext, items: AsyncIterator[Any]) -> None:
        self._context = copy_context()
        self._items = items
        self._is_read = False  # at this moment
        self._loop: Any = None
        if running_library() == "asyncio":
            import asyncio

            self._loop = asyncio.get_running_loop()
        self._hold: Hold[AppContext] | None = scope.hold()
        self._context.run(self._hold.activate)
        scope.note_stream(self)

    def __aiter__(self) -> AsyncStream:
        return self

    async def __anext__(self) -> Any:
        if self._hold is None:
            raise StopAsyncIteration
        _refuse_if(self._is_read)
        self._is_read = True
        try:
            return await steps_in(self._context, awaited(self._items.__anext__()))
        except BaseException as error:
            self._is_read = False
            await self._end(None if isinstance(error, StopAsyncIteration) else error)
            raise
        finally:
            self._is_read = False

    async def aclose(self) -> None:
        """Close the iterator, and the context if nothing else holds it.

        Raises:
            RuntimeError: It is being read at this moment; nothing has been closed.
        """
        _refuse_if(self._is_read)
        await self._end(None)

    async def _end(self, error: BaseException | None) -> None:
        hold, self._hold = self._hold, None
        if hold is not None:
            await steps_in(self._context, _leave(self._items, hold, error))

    def __del__(self) -> None:
        hold = getattr(self, "_hold", None)
        if hold is None or sys.is_finalizing():
            return
        if self._loop is None or self._loop.is_closed():
            _logger().error(
                "an asynchronous stream was dropped before its end, and its context is"
                " still open: read it to the end, or 'await stream.aclose()'"
            )
            return
        end = steps_in(self._context, _leave(self._items, hold, None))
        self._loop.call_soon_threadsafe(_begin_to_end, self._loop, end)


def _refuse_if(is_read: bool) -> None:
    if is_read:
        message = "the stream is being read by another; close it when that is over"
        raise RuntimeError(message)


async def _leave(
    items: AsyncIterator[Any], hold: Hold[AppContext], error: BaseException | None
) -> None:
    """Close *items*, and give back *hold*."""
    try:
        close: Any = getattr(items, "aclose", None)
        if close is not None:
            await close()
    except BaseException as raised:
        await hold.__aexit__(type(raised), raised, None)
        raise
    await hold.__aexit__(None if error is None else type(error), error, None)


def _begin_to_end(loop: Any, end: Steps) -> None:
    """Let *loop* close a stream that was dropped."""
    task = loop.create_task(_awaited(end))
    _ending.add(task)
    task.add_done_callback(_ending.discard)


async def _awaited(end: Steps) -> None:
    try:
        await end
    except Exception:
        _logger().exception("a stream that was dropped could not be closed")


_ending: set[Any] = set()
"""Tasks that close streams: a loop does not keep its tasks alive."""


def _active(name: str) -> AppContext:
    if not AppContext.is_active():
        raise RuntimeError(no_request_for(name))
    return AppContext.current()


def _logger() -> logging.Logger:
    return logging.getLogger("inscope.web")
