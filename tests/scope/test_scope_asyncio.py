"""A scope opened by ``async with`` on asyncio: what it awaits, and where."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Generator, Iterator
from contextvars import Context, ContextVar
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, raising, telling, telling_async


def _saying(log: Log, text: str) -> Any:
    """Return a coroutine function that writes *text*, after others have run."""

    async def say(*_: Any) -> None:
        await asyncio.sleep(0)
        log.append(text)

    return say


def test_everything_may_be_awaited(inscope: ModuleType, log: Log) -> None:
    """Hooks, signals, resources and callbacks, mixed with those that are not."""
    jobs = define(
        inscope, on_push=_saying(log, "on_push"), on_pop=_saying(log, "on_pop")
    )
    for name in ("pushed", "tearing_down", "popped"):
        getattr(jobs, name).connect(_saying(log, name))
        getattr(jobs, name).connect(lambda *_, name=name: log.append(f"sync {name}"))
    jobs.resource(eager=True)(telling_async(log, "eager"))
    jobs.resource(eager=True)(telling(log, "sync eager"))
    lazy = jobs.resource(telling_async(log, "lazy"))

    async def main() -> None:
        async with jobs() as job:
            job.callback(_saying(log, "callback"), 1)
            job.callback(functools.partial(_saying(log, "partial")))
            job.callback(log.append, "sync callback")
            assert "lazy" == await jobs.open(lazy)
            assert "lazy" == lazy
            log.append("inside")
        assert "closed" == job.state

    asyncio.run(main())
    assert [
        "on_push",
        "+eager",
        "+sync eager",
        "pushed",
        "sync pushed",
        "+lazy",
        "inside",
        "tearing_down",
        "sync tearing_down",
        "-lazy",
        "sync callback",
        "partial",
        "callback",
        "-sync eager",
        "-eager",
        "on_pop",
        "popped",
        "sync popped",
    ] == log


def test_apush_and_apop_do_the_same(inscope: ModuleType, log: Log) -> None:
    """And count; the error is given by hand."""
    seen: list[Any] = []
    jobs = define(inscope, on_pop=lambda _, error: seen.append(error))
    error = ValueError("no")

    async def main() -> None:
        job = jobs()
        assert job is await job.apush()
        assert job is await job.apush()
        job.callback(_saying(log, "callback"))
        await job.apop()
        assert [] == log
        await job.apop(error)
        with pytest.raises(inscope.ScopeNotActiveError):
            await job.apop()

    asyncio.run(main())
    assert ["callback"] == log
    assert [error] == seen


@pytest.mark.parametrize("used", [False, True])
def test_a_scope_is_closed_as_it_was_opened(
    inscope: ModuleType, log: Log, used: bool
) -> None:
    """A sync ``pop`` of an async scope is refused, before anything has run."""

    async def main() -> None:
        job = define(inscope)()
        async with job:
            if used:
                job.callback(log.append, "callback")
            with pytest.raises(
                inscope.AsyncInSyncScopeError, match=r"await scope\.apop"
            ):
                job.pop()
            assert "active" == job.state
            with job:  # counts, and may count back
                pass
            assert [] == log

    asyncio.run(main())
    assert ["callback"] * used == log


@pytest.mark.parametrize("part", ["on_push", "on_pop", "eager"])
def test_a_sync_with_refuses_async_parts(
    inscope: ModuleType, log: Log, part: str
) -> None:
    """Before anything is opened; the scope can then be opened as it should."""
    jobs = define(inscope, **{part: _saying(log, part)} if part != "eager" else {})
    if part == "eager":
        jobs.resource(eager=True)(telling_async(log, "eager"))
    job = jobs()
    with pytest.raises(inscope.AsyncInSyncScopeError, match="Job has to be awaited"):
        job.push()
    assert ("new", []) == (job.state, log)

    async def main() -> None:
        async with job:
            pass

    asyncio.run(main())
    assert [] != log


def test_an_async_scope_belongs_to_one_context(inscope: ModuleType, log: Log) -> None:
    """A task has another one: to close the scope there is refused."""
    jobs = define(inscope)

    async def main() -> None:
        async with jobs() as job:
            job.callback(log.append, "callback")
            for act in (job.apop, job.apush):
                with pytest.raises(inscope.ForeignScopeError):
                    await asyncio.create_task(act())
            with pytest.raises(inscope.ScopeOrderError):
                async with jobs():
                    await job.apop()
            assert ("active", []) == (job.state, log)

    asyncio.run(main())
    assert ["callback"] == log


def test_tasks_have_scopes_of_their_own(inscope: ModuleType) -> None:
    """They take turns, and each finds its own at each turn."""
    jobs = define(inscope)
    values = jobs.proxy("value")

    async def serve(number: int) -> list[int]:
        job = jobs()
        job.value = number
        async with job:
            found = []
            for _ in range(3):
                await asyncio.sleep(0)
                found.append(values + 0)
        return found

    async def main() -> list[list[int]]:
        return await asyncio.gather(*map(serve, range(50)))

    assert [[number] * 3 for number in range(50)] == asyncio.run(main())


# Where it runs


def test_all_steps_run_in_the_context_of_the_block(
    inscope: ModuleType, log: Log
) -> None:
    """What one sets, the next and the code after the block can read."""
    var: ContextVar[str] = ContextVar("var", default="unset")
    jobs = define(inscope)

    async def setting(value: str) -> None:
        log.append(var.get())
        await asyncio.sleep(0)
        var.set(value)

    async def main() -> str:
        async with jobs() as job:
            job.callback(setting, "last")
            job.callback(setting, "first")
            var.set("inside")
        return var.get()

    assert "last" == asyncio.run(main())
    assert ["inside", "first"] == log


def test_a_coroutine_driven_in_another_context_is_at_home_there(
    inscope: ModuleType, log: Log
) -> None:
    """The context of the code counts, not that of the task that runs it."""
    var: ContextVar[str] = ContextVar("var", default="unset")
    jobs = define(inscope)

    async def setting() -> None:
        await asyncio.sleep(0)
        log.append(f"{var.get()}, {jobs.is_active()}")
        var.set("set by the step")

    async def block() -> str:
        var.set("inside")
        async with jobs() as job:
            job.callback(setting)
        assert not jobs.is_active()
        return var.get()

    class Driven:
        def __await__(self) -> Generator[Any, None, str]:
            context, coroutine = Context(), block()
            while True:
                try:
                    future = context.run(coroutine.send, None)
                except StopIteration as end:
                    return str(end.value)
                yield future

    async def main() -> list[str]:
        return [await Driven(), var.get()]

    assert ["set by the step", "unset"] == asyncio.run(main())
    assert ["inside, True"] == log


def test_a_bind_across_the_yield_of_a_resource_ends_in_silence(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """It is entered and left in one context, though by two tasks perhaps."""
    user = inscope.Var("user")
    jobs = define(inscope)

    async def function() -> AsyncIterator[str]:
        with user.bind("ann"):
            yield "value"
            await asyncio.sleep(0)

    def sync() -> Iterator[str]:
        with user.bind("bob"):
            yield "value"

    lazies = [jobs.resource(function), jobs.resource(sync)]

    async def main() -> list[Any]:
        user.set("before")
        async with jobs():
            found = []
            for lazy in lazies:
                await jobs.open(lazy)
                found.append(user.get())
        return [*found, user.get()]

    assert ["ann", "bob", "before"] == asyncio.run(main())
    assert [] == [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_an_on_push_that_awaits_and_fails_unwinds(
    inscope: ModuleType, log: Log
) -> None:
    """As one that does not await."""

    async def on_push(job: Any) -> None:
        job.callback(_saying(log, "callback"))
        await jobs.open(lazy)
        raising(ValueError("no"))()

    jobs: Any = define(inscope, on_push=on_push, on_pop=_saying(log, "on_pop"))
    lazy = jobs.resource(telling_async(log, "lazy"))

    async def main() -> None:
        job = jobs()
        with pytest.raises(ValueError, match="no"):
            await job.apush()
        assert "closed" == job.state
        assert not jobs.is_active()

    asyncio.run(main())
    assert ["+lazy", "-lazy", "callback"] == log
