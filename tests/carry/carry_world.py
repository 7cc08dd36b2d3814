"""What the tests of carry have in common: other threads, scopes, and generators."""

from __future__ import annotations

import asyncio
import gc
import sysconfig
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextvars import Context, ContextVar
from threading import Thread
from types import ModuleType, new_class
from typing import Any

import pytest

Log = list[Any]

word: ContextVar[str] = ContextVar("word")


def ends_in_order(core: str) -> bool:
    """Whether the collector ends a generator before the one that runs inside it.

    On a free-threaded build, it may come to either first, and only C can keep it off.
    """
    return core == "native" or not sysconfig.get_config_var("Py_GIL_DISABLED")


def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Return what *function* returns in a new thread, in an empty Context.

    What it raises is raised here.
    """
    results: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(Context().run(function, *args))
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=work)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def drop_in_thread(things: list[Any]) -> None:
    """Let go of the last references to *things* in another thread."""

    def drop() -> None:
        things.clear()
        gc.collect()

    in_thread(drop)


def define(
    inscope: ModuleType, name: str = "Job", *, own_slot: bool = False, **members: Any
) -> Any:
    """Return a new class of scopes with *members*."""
    keywords = {"own_slot": True} if own_slot else {}
    return new_class(
        name, (inscope.Scope,), keywords, lambda namespace: namespace.update(members)
    )


def telling(log: Log, name: str) -> Callable[[], Iterator[str]]:
    """Return a resource's function: *log* gets ``+name``, then ``-name``."""

    def function() -> Iterator[str]:
        log.append(f"+{name}")
        try:
            yield name
        finally:
            log.append(f"-{name}")

    return function


def by_token(var: Any, value: str, log: Log) -> Generator[Any, Any, str]:
    """Set *var*, and reset it at the end, which only its own Context allows.

    Yields what the variable is and what was sent; what is thrown is noted.
    """
    log.append(var.get("nothing"))
    token = var.set(value)
    sent: Any = None
    try:
        while sent != "stop":
            try:
                sent = yield var.get("nothing"), sent
            except ValueError as error:
                log.append(f"caught {error}")
                sent = "caught"
    finally:
        var.reset(token)
        log.append(f"reset to {var.get('nothing')}")
    return f"returned {var.get('nothing')}"


async def by_token_async(var: Any, value: str, log: Log) -> AsyncGenerator[Any, Any]:
    """Do the same as an asynchronous generator, awaiting at every turn."""
    log.append(var.get("nothing"))
    token = var.set(value)
    sent: Any = None
    try:
        while sent != "stop":
            await asyncio.sleep(0)
            try:
                sent = yield var.get("nothing"), sent
            except ValueError as error:
                log.append(f"caught {error}")
                sent = "caught"
    finally:
        var.reset(token)
        log.append(f"reset to {var.get('nothing')}")


def binding(var: Any, value: str, log: Log) -> Generator[str, None, None]:
    """Yield *var* while it is bound in a block, for ever."""
    try:
        with var.bind(value):
            while True:
                yield var.get()
    finally:
        log.append(var.get("nothing"))


async def binding_async(var: Any, value: str, log: Log) -> AsyncGenerator[str, None]:
    """Do the same as an asynchronous generator."""
    try:
        with var.bind(value):
            while True:
                await asyncio.sleep(0)
                yield var.get()
    finally:
        log.append(var.get("nothing"))


def carrying(carry: ModuleType) -> Callable[[Any], Any]:
    """Return ``carry``, typed as a decorator."""
    decorator: Callable[[Any], Any] = carry.carry
    return decorator


def scoping(carry: ModuleType) -> Callable[[Any], Any]:
    """Return ``scoped``, typed as a decorator."""
    decorator: Callable[[Any], Any] = carry.scoped
    return decorator


def captured(carry: ModuleType, var: Any, value: str) -> Any:
    """Return a snapshot of a moment at which *var* has *value*."""

    def capture() -> Any:
        var.set(value)
        return carry.Snapshot.capture()

    return Context().run(capture)


def reports(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what inscope has logged."""
    return [one.getMessage() for one in caplog.records if one.name == "inscope"]


async def in_task(awaitable: Awaitable[Any]) -> Any:
    """Return what *awaitable* gives in a task of its own."""

    async def work() -> Any:
        return await awaitable

    return await asyncio.create_task(work())


async def taken(generator: AsyncGenerator[Any, Any], count: int) -> list[Any]:
    """Return the next *count* items."""
    return [await anext(generator) for _ in range(count)]
