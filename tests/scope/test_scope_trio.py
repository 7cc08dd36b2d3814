"""A scope opened by ``async with`` on trio: the same as on asyncio."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, contexts_of, define, raising, telling_async

trio: Any = pytest.importorskip("trio")


async def _turns(number: int = 3) -> None:
    for _ in range(number):
        await trio.lowlevel.checkpoint()


def _saying(log: Log, text: str) -> Any:
    async def say(*_: Any) -> None:
        await _turns()
        log.append(text)

    return say


def test_everything_may_be_awaited_on_trio(inscope: ModuleType, log: Log) -> None:
    """Hooks, signals, resources and callbacks."""
    jobs = define(
        inscope, on_push=_saying(log, "on_push"), on_pop=_saying(log, "on_pop")
    )
    for name in ("pushed", "tearing_down", "popped"):
        getattr(jobs, name).connect(_saying(log, name))
    jobs.resource(eager=True)(telling_async(log, "eager"))
    lazy = jobs.resource(telling_async(log, "lazy"))

    async def main() -> None:
        async with jobs() as job:
            job.callback(_saying(log, "callback"))
            with pytest.raises(inscope.ResourceNotReady):
                str(lazy)
            assert "lazy" == await jobs.open(lazy)
            assert "lazy" == lazy

    trio.run(main)
    assert [
        "on_push",
        "+eager",
        "pushed",
        "+lazy",
        "tearing_down",
        "-lazy",
        "callback",
        "-eager",
        "on_pop",
        "popped",
    ] == log


def test_a_cancellation_on_trio_waits_until_all_has_closed(
    inscope: ModuleType, log: Log
) -> None:
    """Whether it comes in the block or while that closes; then it comes out."""

    async def work(scope: Any, early: bool) -> None:
        async with define(inscope)() as job:
            job.callback(_saying(log, "last"))
            job.callback(log.append, "sync")
            job.callback(_saying(log, "first"))
            job.callback(scope.cancel)
            if early:
                scope.cancel()
                await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        log.append("never")

    async def main(early: bool) -> None:
        with trio.CancelScope() as scope:
            await work(scope, early)
        assert scope.cancelled_caught

    for early in (True, False):
        log.clear()
        trio.run(main, early)
        assert ["first", "sync", "last"] == log


def test_a_cancellation_on_trio_hides_an_error(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """It comes out bare; the error is its context, and logged."""
    error = ValueError("late")
    seen: list[BaseException] = []

    async def main() -> None:
        with trio.CancelScope() as scope:
            try:
                async with define(inscope)() as job:
                    job.callback(raising(error))
                    scope.cancel()
                    await trio.sleep_forever()
            except BaseException as cancelled:
                seen.append(cancelled)
                raise

    trio.run(main)
    [cancelled] = seen
    assert isinstance(cancelled, trio.Cancelled)
    assert error in contexts_of(cancelled)
    assert 1 == len([one for one in caplog.records if one.name == "inscope"])


@pytest.mark.parametrize("ends", ["cancelled", "raises", "swallows"])
def test_a_step_on_trio_that_hangs_is_cancelled(
    inscope: ModuleType, log: Log, ends: str
) -> None:
    """After ``exit_timeout`` seconds, of trio's clock; the rest closes.

    The error tells, also if the step makes something else of its cancellation.
    """

    async def hang() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            if ends == "raises":
                raise ValueError("other") from None
            if ends == "cancelled":
                raise

    async def main() -> None:
        async with define(inscope, exit_timeout=30)() as job:
            job.callback(log.append, "rest")
            job.callback(hang)

    caught: list[BaseException] = []
    clock = import_module("trio.testing").MockClock(autojump_threshold=0)
    start = clock.current_time()
    try:
        trio.run(main, clock=clock)
    except ExceptionGroup as group:
        caught.extend(group.exceptions)
    except Exception as error:
        caught.append(error)
    assert ["rest"] == log
    assert 30 == round(clock.current_time() - start)
    assert any(isinstance(one, inscope.ScopeExitTimeoutError) for one in caught)


def test_tasks_on_trio_open_one_at_once(inscope: ModuleType, log: Log) -> None:
    """The first one opens it, the others wait."""
    jobs = define(inscope)

    async def function() -> AsyncIterator[str]:
        log.append("opening")
        await _turns()
        yield "value"
        log.append("closed")

    lazy = jobs.resource(function)
    values: Log = []

    async def touch() -> None:
        values.append(await jobs.open(lazy))

    async def main() -> None:
        async with jobs(), trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(touch)

    trio.run(main)
    assert ["value"] * 5 == values
    assert ["opening", "closed"] == log


def test_a_resource_on_trio_may_hold_a_nursery(inscope: ModuleType, log: Log) -> None:
    """And a bind, which ends in silence."""
    jobs = define(inscope)
    user = inscope.Var("user")

    async def function() -> AsyncIterator[Any]:
        with user.bind("ann"):
            async with trio.open_nursery() as nursery:
                yield nursery
            log.append("nursery ended")

    nursery = jobs.resource(eager=True)(function)

    async def main() -> None:
        async with jobs():
            nursery.start_soon(_saying(log, "child"))
            assert "ann" == user.get()
        assert not user.is_bound()

    trio.run(main)
    assert ["child", "nursery ended"] == log


def test_a_scope_on_trio_that_is_a_guest_of_asyncio(
    inscope: ModuleType, log: Log
) -> None:
    """There a loop of asyncio runs, too, and is not the one to ask."""
    import asyncio

    jobs = define(inscope, on_pop=_saying(log, "on_pop"))
    lazy = jobs.resource(telling_async(log, "lazy"))

    async def guest() -> None:
        async with jobs() as job:
            job.callback(_saying(log, "callback"))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(jobs.open, lazy)
                nursery.start_soon(jobs.open, lazy)

    async def host() -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
        )
        (await done).unwrap()

    asyncio.run(host())
    assert ["+lazy", "-lazy", "callback", "on_pop"] == log


def test_a_coroutine_that_nothing_of_both_runs(inscope: ModuleType, log: Log) -> None:
    """That trio was imported does not mean that it runs; here a loop of one's own."""
    assert "trio" in sys.modules
    jobs = define(inscope)
    lazy = jobs.resource(telling_async(log, "lazy"))

    async def main() -> str:
        async with jobs():
            return str(await jobs.open(lazy))

    with pytest.raises(StopIteration) as ended:
        main().send(None)
    assert "lazy" == ended.value.value
    assert ["+lazy", "-lazy"] == log


def test_a_coroutine_that_is_closed_closes_its_scope(
    inscope: ModuleType, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing runs it any more, what need not wait is done all the same."""
    import types

    jobs = define(inscope)
    lazy = jobs.resource(telling_async(log, "lazy"))

    @types.coroutine
    def pause() -> Any:
        yield

    async def main() -> None:
        async with jobs() as job:
            job.callback(log.append, "callback")
            await jobs.open(lazy)
            await pause()

    coroutine = main()
    coroutine.send(None)
    coroutine.close()

    assert ["+lazy", "-lazy", "callback"] == log
    assert not jobs.is_active()
    assert [] == [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_a_cancellation_on_trio_hides_an_error_of_what_opens(
    inscope: ModuleType,
) -> None:
    """It has the error as a context, as on asyncio."""
    hidden: list[BaseException] = []
    scopes = define(inscope)

    @scopes.resource(eager=True)  # type: ignore[untyped-decorator]
    async def slow() -> AsyncIterator[int]:
        try:
            await trio.sleep_forever()
        finally:
            raise KeyError("slow")
        yield 1

    async def main() -> None:
        with trio.move_on_after(0.01):
            try:
                async with scopes():
                    pass
            except trio.Cancelled as error:
                hidden.extend(contexts_of(error))
                raise

    trio.run(main)
    assert KeyError in map(type, hidden)
