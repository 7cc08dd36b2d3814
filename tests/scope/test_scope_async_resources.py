"""Asynchronous resources: opened on asyncio by who asks first, or with the scope."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, contexts_of, define, telling, telling_async


def test_an_async_resource_is_not_ready_before_it_is_opened(
    inscope: ModuleType, log: Log
) -> None:
    """The error names both remedies; ``repr`` and ``bool`` answer."""
    jobs = define(inscope)
    lazy = jobs.resource(telling_async(log, "lazy"))

    async def main() -> None:
        async with jobs():
            with pytest.raises(inscope.ResourceNotReady) as caught:
                str(lazy)
            assert "await Job.open(" in str(caught.value)
            assert "@Job.resource(eager=True)" in str(caught.value)
            assert ("<LocalProxy not ready>", False) == (repr(lazy), bool(lazy))
            await jobs.open(lazy)
            assert (repr("lazy"), True) == (repr(lazy), bool(lazy))

    asyncio.run(main())
    assert ["+lazy", "-lazy"] == log


def test_open_is_for_async_scopes(inscope: ModuleType, log: Log) -> None:
    """And for resources of the class; a sync one is merely touched."""
    jobs = define(inscope)
    lazy = jobs.resource(telling_async(log, "lazy"))
    sync = jobs.resource(telling(log, "sync"))

    async def main() -> None:
        with jobs():
            with pytest.raises(inscope.AsyncInSyncScopeError, match="async with"):
                await jobs.open(lazy)
            assert "sync" == await jobs.open(sync)
        with pytest.raises(inscope.UnboundError):
            await jobs.open(lazy)
        async with jobs():
            assert "sync" == await jobs.open(sync)
            with pytest.raises(TypeError, match=r"what Other\.resource returned"):
                await define(inscope, "Other").open(lazy)
            with pytest.raises(TypeError, match=r"what Job\.resource returned"):
                await jobs.open(jobs.proxy())

    asyncio.run(main())
    assert ["+sync", "-sync"] * 2 == log


@pytest.mark.parametrize("first", ["opens it", "fails", "is cancelled"])
def test_tasks_open_one_at_once(inscope: ModuleType, log: Log, first: str) -> None:
    """The first one opens it, the others wait; if it does not, the next one does."""
    jobs = define(inscope)

    async def function() -> AsyncIterator[str]:
        log.append("opening")
        if len(log) == 1:
            begun.set()
            await go_on.wait()
            if first == "fails":
                raise ValueError("no")
        yield "value"
        log.append("closed")

    lazy = jobs.resource(function)

    async def main() -> list[Any]:
        async with jobs():
            tasks = [asyncio.create_task(jobs.open(lazy)) for _ in range(5)]
            await begun.wait()
            if first == "is cancelled":
                tasks[0].cancel()
            go_on.set()
            return list(await asyncio.gather(*tasks, return_exceptions=True))

    begun, go_on = asyncio.Event(), asyncio.Event()
    results = asyncio.run(main())

    assert ["value"] * 4 == results[1:]
    kinds = {"opens it": str, "fails": ValueError}
    assert isinstance(results[0], kinds.get(first, asyncio.CancelledError))
    expected = ["opening"] if first == "opens it" else ["opening", "opening"]
    assert [*expected, "closed"] == log


def test_an_async_resource_that_needs_itself_is_told(inscope: ModuleType) -> None:
    """And can be tried again."""
    jobs = define(inscope)
    cell: list[Any] = []

    async def function() -> AsyncIterator[str]:
        for one in cell:
            await jobs.open(one)
        yield "value"

    lazy = jobs.resource(function)

    async def main() -> None:
        async with jobs():
            cell.append(lazy)
            with pytest.raises(inscope.ResourceCycleError, match="while it is being"):
                await jobs.open(lazy)
            cell.clear()
            assert "value" == await jobs.open(lazy)

    asyncio.run(main())


@pytest.mark.parametrize("times", [0, 2])
def test_an_async_resource_yields_once(inscope: ModuleType, times: int) -> None:
    """As one that is not: told at the opening, or at the closing."""
    jobs = define(inscope)

    async def function() -> AsyncIterator[int]:
        for number in range(times):
            yield number

    lazy = jobs.resource(function)

    async def main() -> None:
        async with jobs():
            await jobs.open(lazy)

    message = "function yields nothing" if times == 0 else "yields more than once"
    with pytest.raises(RuntimeError, match=message):
        asyncio.run(main())


def test_an_async_resource_sees_the_error(inscope: ModuleType, log: Log) -> None:
    """Where it yields."""
    jobs = define(inscope)

    async def function() -> AsyncIterator[int]:
        try:
            yield 1
        except ValueError as error:
            await asyncio.sleep(0)
            log.append(str(error))
            raise

    lazy = jobs.resource(function)
    error = ValueError("inside")

    async def main() -> None:
        async with jobs():
            await jobs.open(lazy)
            raise error

    with pytest.raises(ValueError, match="inside") as caught:
        asyncio.run(main())
    assert error is caught.value
    assert ["inside"] == log


def test_a_task_that_opens_one_while_the_scope_closes(
    inscope: ModuleType, log: Log
) -> None:
    """It comes too late: what it opened is closed at once, and refused."""
    jobs = define(inscope)

    async def function() -> AsyncIterator[int]:
        begun.set()
        await go_on.wait()
        log.append("opened")
        yield 1
        log.append("closed")

    lazy = jobs.resource(function)

    async def main() -> None:
        async with jobs():
            task = asyncio.create_task(jobs.open(lazy))
            await begun.wait()
        go_on.set()
        with pytest.raises(inscope.ScopeClosedError):
            await task

    begun, go_on = asyncio.Event(), asyncio.Event()
    asyncio.run(main())
    assert ["opened", "closed"] == log


def test_a_cycle_that_tasks_enter_from_both_ends_is_told(inscope: ModuleType) -> None:
    """Each waits for the other: one of them is told, and both end."""
    jobs = define(inscope)

    async def first() -> AsyncIterator[str]:
        first_begun.set()
        await second_begun.wait()
        yield await jobs.open(b)

    async def second() -> AsyncIterator[str]:
        second_begun.set()
        await first_begun.wait()
        yield await jobs.open(a)

    a, b = jobs.resource(first), jobs.resource(second)

    async def main() -> list[Any]:
        async with jobs():
            opening = asyncio.gather(jobs.open(a), jobs.open(b), return_exceptions=True)
            async with asyncio.timeout(2):  # for ever, if each waits for the other
                return list(await opening)

    first_begun, second_begun = asyncio.Event(), asyncio.Event()
    results = asyncio.run(main())
    assert any(isinstance(one, inscope.ResourceCycleError) for one in results)


def test_a_cycle_by_way_of_another_task_is_told(inscope: ModuleType) -> None:
    """Such as that of ``asyncio.gather``, for which the resource waits."""
    jobs = define(inscope)

    async def function() -> AsyncIterator[str]:
        [value] = await asyncio.gather(jobs.open(lazy))
        yield value

    lazy = jobs.resource(function)

    async def main() -> None:
        async with jobs(), asyncio.timeout(2):  # for ever, if it waits for itself
            await jobs.open(lazy)

    with pytest.raises(inscope.ResourceCycleError):
        asyncio.run(main())


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_logged_of_one_that_is_cancelled_as_it_opens(
    inscope: ModuleType, run: Callable[[Any], Any], fails: bool
) -> None:
    """If it fails meanwhile, the cancellation has its error as a context."""
    logged: list[Any] = []
    scopes = define(inscope)

    @scopes.resource(eager=True)  # type: ignore[untyped-decorator]
    async def slow() -> AsyncIterator[int]:
        try:
            opening.set()
            await asyncio.Event().wait()
        finally:
            if fails:
                raise KeyError("slow")
        yield 1

    async def use() -> None:
        async with scopes():
            pass

    async def main() -> list[type[BaseException]]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: logged.append(context))
        task = asyncio.ensure_future(use())
        await opening.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return [type(one) for one in contexts_of(caught.value)]

    opening = asyncio.Event()
    hidden = run(main())
    gc.collect()
    assert [] == logged
    assert fails == (KeyError in hidden)
