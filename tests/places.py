"""Places to run a function in: threads, tasks, greenlets and contexts.

``FRESH`` places start with nothing bound; ``COPIES`` start with what is bound
where they are made. Either way what the function changes there stays there.
Used by the tests of what is isolated from what.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

import pytest

Function = Callable[[], Any]
Place = Callable[[Function], Any]


def in_thread(function: Function) -> Any:
    """Return what *function* returns in a new thread that inherits nothing."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(function())
        except BaseException as error:
            outcome.extend((None, error))

    thread = threading.Thread(target=run)
    Context().run(thread.start)  # some builds start a thread with a copy
    thread.join()
    if len(outcome) > 1:
        raise outcome[1]
    return outcome[0]


def in_greenlet(function: Function) -> Any:
    """Return what *function* returns in a new greenlet."""
    greenlet = pytest.importorskip("greenlet")
    return greenlet.greenlet(function).switch()


def in_gevent(function: Function) -> Any:
    """Return what *function* returns in a greenlet that gevent runs."""
    gevent = pytest.importorskip("gevent")
    return gevent.spawn(function).get()


def in_empty_context(function: Function) -> Any:
    """Return what *function* returns in a new, empty Context."""
    return Context().run(function)


def in_copied_context(function: Function) -> Any:
    """Return what *function* returns in a copy of this Context."""
    return copy_context().run(function)


def in_task(function: Function) -> Any:
    """Return what *function* returns in a new asyncio task."""

    async def run() -> Any:
        return function()

    async def main() -> Any:
        return await asyncio.create_task(run())

    return asyncio.run(main())


def in_callback(function: Function) -> Any:
    """Return what *function* returns when the asyncio loop calls it back."""

    async def main() -> Any:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        loop.call_soon(lambda: done.set_result(function()))
        return await done

    return asyncio.run(main())


def in_worker_of_task(function: Function) -> Any:
    """Return what *function* returns in a thread that an asyncio task made."""

    async def main() -> Any:
        return await asyncio.to_thread(function)

    return asyncio.run(main())


def in_trio(function: Function) -> Any:
    """Return what *function* returns in a child task of trio."""
    trio = pytest.importorskip("trio")
    outcome: list[Any] = []

    async def child() -> None:
        outcome.append(function())

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)

    trio.run(main)
    return outcome[0]


FRESH: dict[str, Place] = {
    "thread": in_thread,
    "greenlet": in_greenlet,
    "gevent": in_gevent,
    "empty context": in_empty_context,
}

COPIES: dict[str, Place] = {
    "copied context": in_copied_context,
    "asyncio task": in_task,
    "asyncio callback": in_callback,
    "worker thread of a task": in_worker_of_task,
    "trio task": in_trio,
}

fresh = pytest.mark.parametrize("place", FRESH.values(), ids=FRESH)
copies = pytest.mark.parametrize("place", COPIES.values(), ids=COPIES)
anywhere = pytest.mark.parametrize(
    "place", [*FRESH.values(), *COPIES.values()], ids=[*FRESH, *COPIES]
)
