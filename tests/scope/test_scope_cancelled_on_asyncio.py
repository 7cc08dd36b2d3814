"""Closing on asyncio: a cancellation waits, and what takes too long is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, contexts_of, define


async def _turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def test_a_cancellation_waits_until_all_has_closed(
    inscope: ModuleType, log: Log, run: Callable[[Any], Any]
) -> None:
    """Then it comes out; the task counts it once."""

    async def step(name: str) -> None:
        begun.set()
        await _turns()
        log.append(name)

    async def work() -> None:
        async with define(inscope)() as job:
            job.callback(step, "last")
            job.callback(log.append, "sync")
            job.callback(step, "first")
        log.append("never")

    async def main() -> None:
        task = asyncio.ensure_future(work())
        await begun.wait()
        task.cancel("stop")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    begun = asyncio.Event()
    run(main())
    assert ["first", "sync", "last"] == log


def test_a_cancelled_block_closes_as_any_other(
    inscope: ModuleType, log: Log, run: Callable[[Any], Any]
) -> None:
    """Its steps may await; even if it is cancelled again and again meanwhile."""

    async def step() -> None:
        closing.set()
        await _turns(20)
        log.append("closed")

    async def work() -> None:
        async with define(inscope)() as job:
            job.callback(step)
            begun.set()
            await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.ensure_future(work())
        await begun.wait()
        task.cancel()
        await closing.wait()
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task

    begun, closing = asyncio.Event(), asyncio.Event()
    run(main())
    assert ["closed"] == log


def test_an_error_hidden_by_a_cancellation_is_logged(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """And is its context."""
    error = ValueError("late")

    async def step() -> None:
        begun.set()
        await _turns()
        raise error

    async def work() -> None:
        async with define(inscope)() as job:
            job.callback(step)

    async def main() -> None:
        task = asyncio.create_task(work())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert error in contexts_of(caught.value)

    begun = asyncio.Event()
    asyncio.run(main())
    [record] = [one for one in caplog.records if one.name == "inscope"]
    assert record.exc_info is not None
    assert error is record.exc_info[1]


def test_cancelled_twice_is_no_error_to_be_logged(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """The second time says nothing that the first did not."""

    async def step() -> None:
        closing.set()
        await _turns()

    async def work() -> None:
        async with define(inscope)() as job:
            job.callback(step)
            begun.set()
            await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(work())
        await begun.wait()
        task.cancel()
        await closing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    begun, closing = asyncio.Event(), asyncio.Event()
    asyncio.run(main())
    assert [] == [one for one in caplog.records if one.name == "inscope"]


def test_the_end_of_the_loop_does_not_cut_a_step_short(
    inscope: ModuleType, log: Log
) -> None:
    """``asyncio.run`` cancels what is left; a scope that is closing closes."""

    async def step() -> None:
        begun.set()
        await _turns()
        log.append("closed")

    async def work() -> None:
        async with define(inscope)() as job:
            job.callback(step)

    async def main() -> None:
        tasks.append(asyncio.create_task(work()))
        await begun.wait()

    begun = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []
    asyncio.run(main())
    assert ["closed"] == log


# Too long


def test_a_step_that_hangs_is_cancelled(
    inscope: ModuleType, log: Log, run: Callable[[Any], Any]
) -> None:
    """After ``exit_timeout`` seconds; the error names it, and the rest closes."""

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cancelled")

    async def main() -> None:
        async with define(inscope, exit_timeout=0.01)() as job:
            job.callback(log.append, "rest")
            job.callback(hang)

    with pytest.raises(inscope.ScopeExitTimeoutError, match=r"hang took longer.*0.01"):
        run(main())
    assert ["cancelled", "rest"] == log


def test_a_step_that_ignores_its_cancellation_is_left_alone(
    inscope: ModuleType,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged, and the rest closes; the step comes to its own end."""
    monkeypatch.setattr(import_module("inscope.scope.shielding"), "GRACE", 0.01)

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                log.append("ignored")
        log.append("released")
        ended.set()
        raise ValueError("nobody hears this")

    async def main() -> None:
        job = await define(inscope, exit_timeout=0.01)().apush()
        job.callback(log.append, "rest")
        job.callback(stubborn)
        with pytest.raises(inscope.ScopeExitTimeoutError, match="stubborn"):
            await job.apop()
        log.append("after")
        release.set()
        await ended.wait()

    release, ended = asyncio.Event(), asyncio.Event()
    asyncio.run(main())
    assert ["ignored", "rest", "after", "released"] == log
    [record] = [one for one in caplog.records if one.name == "inscope"]
    assert "stubborn" in record.getMessage()


@pytest.mark.parametrize("seconds", [None, 60])
def test_a_step_in_time_is_not_cancelled(
    inscope: ModuleType, log: Log, seconds: float | None
) -> None:
    """Whatever the limit, or without one."""

    async def step() -> None:
        await _turns(50)
        log.append("step")

    async def main() -> None:
        async with define(inscope, exit_timeout=seconds)() as job:
            job.callback(step)

    asyncio.run(main())
    assert ["step"] == log


def test_a_timeout_around_the_scope_waits_for_it(
    inscope: ModuleType, log: Log, run: Callable[[Any], Any]
) -> None:
    """And then is a ``TimeoutError``, as around anything else."""

    async def step() -> None:
        await _turns()
        log.append("closed")

    async def main() -> None:
        async with asyncio.timeout(0.01):
            async with define(inscope)() as job:
                job.callback(step)
                await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run(main())
    assert ["closed"] == log


@pytest.mark.parametrize("seconds", [0, 1e-9])
def test_a_step_that_need_not_wait_runs_at_any_rate(
    inscope: ModuleType, log: Log, seconds: float
) -> None:
    """However short the limit: no step is cancelled before it has begun."""

    async def step() -> None:
        log.append("step")

    async def main() -> None:
        async with define(inscope, exit_timeout=seconds)() as job:
            job.callback(step)

    with suppress(inscope.ScopeExitTimeoutError):
        asyncio.run(main())
    assert ["step"] == log
