"""What a step may do that closes a scope on asyncio: all that a coroutine may do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, raising


def test_a_step_may_use_a_timeout(
    inscope: ModuleType, log: Log, run: Callable[[Any], Any]
) -> None:
    """``asyncio.timeout`` and ``wait_for`` cancel what they are in, and that alone."""

    async def step() -> None:
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            log.append("timeout")
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        except TimeoutError:
            log.append("wait_for")
        await asyncio.sleep(0)

    async def main() -> None:
        async with define(inscope)() as job:
            job.callback(step)
        await asyncio.sleep(0)
        log.append("after")

    run(main())
    assert ["timeout", "wait_for", "after"] == log


def test_a_step_may_cancel_the_task(inscope: ModuleType, log: Log) -> None:
    """Which is told when everything has closed."""

    async def work() -> None:
        task: Any = asyncio.current_task()
        async with define(inscope)() as job:
            job.callback(log.append, "rest")
            job.callback(asyncio.sleep, 0)
            job.callback(task.cancel)
        log.append("not yet")
        await asyncio.sleep(0)
        log.append("never")

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())
    assert "rest" == log[0]
    assert "never" not in log


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_step_ends_the_loop_after_the_rest(
    inscope: ModuleType, log: Log, kind: type[BaseException]
) -> None:
    """Not before: who runs the loop need not run it again."""

    async def step() -> None:
        await asyncio.sleep(0)
        raising(kind("stop"))()

    async def rest() -> None:
        await asyncio.sleep(0)
        log.append("rest")

    async def main() -> None:
        async with define(inscope)() as job:
            job.callback(rest)
            job.callback(step)

    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(kind, match="stop"):
            loop.run_until_complete(main())
        seen = list(log)
        for task in asyncio.all_tasks(loop):
            with suppress(BaseException):  # so that nothing warns of it
                loop.run_until_complete(task)
            with suppress(BaseException):
                task.exception()
    finally:
        loop.close()
    assert ["rest"] == seen


def test_a_resource_may_hold_a_task_group(inscope: ModuleType, log: Log) -> None:
    """Which ends with the scope, as one in a block; a failing child is its error."""
    jobs = define(inscope)

    async def function() -> AsyncIterator[asyncio.TaskGroup]:
        async with asyncio.TaskGroup() as group:
            yield group
        log.append("group ended")

    group = jobs.resource(eager=True)(function)

    async def child(error: Exception | None) -> None:
        await go_on.wait()
        log.append("child")
        if error:
            raise error

    async def main(error: Exception | None) -> None:
        async with jobs():
            group.create_task(child(error))
            asyncio.get_running_loop().call_later(0.01, go_on.set)

    go_on = asyncio.Event()
    asyncio.run(main(None))
    assert ["child", "group ended"] == log
    go_on = asyncio.Event()
    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(main(ValueError("no")))
    assert ["no"] == [str(error) for error in caught.value.exceptions]
