"""Blocks that a scope enters and leaves as it closes, and its first hook."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from scopes import Log, define

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from types import ModuleType


def _block(log: Log, name: str) -> Any:
    """Return a block that tells when it is left, and with which error."""

    @contextmanager
    def block() -> Generator[str]:
        try:
            yield name
        except BaseException as error:
            log.append(f"{name} {error!r}")
            raise
        else:
            log.append(name)

    return block()


def test_a_block_is_left_as_the_scope_closes(inscope: ModuleType, log: Log) -> None:
    """In its turn, among the callbacks."""
    with define(inscope)() as job:
        job.callback(log.append, "first")
        assert "block" == job.enter(_block(log, "block"))
        job.callback(log.append, "last")
        assert [] == log
    assert ["last", "block", "first"] == log


def test_a_block_gets_the_error_and_does_not_swallow_it(
    inscope: ModuleType, log: Log
) -> None:
    """As a resource gets it; an ExitStack would let it go."""
    error = ValueError("no")

    @contextmanager
    def swallowing() -> Generator[None]:
        try:
            yield
        except ValueError as caught:
            log.append(f"swallowed {caught!r}")

    def work() -> None:
        with define(inscope)() as job:
            job.enter(_block(log, "outer"))
            job.enter(swallowing())
            raise error

    with pytest.raises(ValueError, match="no"):
        work()
    assert [f"swallowed {error!r}", f"outer {error!r}"] == log


def test_a_block_that_cannot_be_entered_is_not_left(
    inscope: ModuleType, log: Log
) -> None:
    """The error is that of entering it."""

    @contextmanager
    def failing() -> Generator[None]:
        raise ValueError(name)
        yield

    name = "not entered"
    with define(inscope)() as job:
        with pytest.raises(ValueError, match=name):
            job.enter(failing())
        job.callback(log.append, "closed")
    assert ["closed"] == log


def test_only_an_open_scope_enters_blocks(inscope: ModuleType, log: Log) -> None:
    """Nothing is entered that nobody would leave."""
    job = define(inscope)()
    for _ in range(2):
        with pytest.raises(inscope.ScopeNotActiveError, match="not open"):
            job.enter(_block(log, "block"))
        if job.state == "new":
            with job:
                pass
    assert [] == log


def test_an_asynchronous_block_is_left_as_well(inscope: ModuleType, log: Log) -> None:
    """It is awaited, and needs a scope that awaits."""

    @asynccontextmanager
    async def block() -> AsyncGenerator[str]:
        yield "value"
        await asyncio.sleep(0)
        log.append("left")

    jobs = define(inscope)

    async def main() -> None:
        with jobs() as job, pytest.raises(inscope.AsyncInSyncScopeError):
            await job.aenter(block())
        async with jobs() as job:
            assert "value" == await job.aenter(block())
            assert [] == log

    asyncio.run(main())
    assert ["left"] == log


def test_a_block_is_left_in_the_task_that_entered_it(inscope: ModuleType) -> None:
    """So it may be a timeout, or a task group."""

    async def main() -> None:
        async with inscope.Scope() as job:
            await job.aenter(asyncio.timeout(60))
            group = await job.aenter(asyncio.TaskGroup())
            task = group.create_task(asyncio.sleep(0, "done"))
        assert "done" == task.result()

    asyncio.run(main())


def test_the_first_hook_runs_while_everything_is_open(
    inscope: ModuleType, log: Log
) -> None:
    """Before receivers, callbacks and resources; what it adds closes next."""

    def on_tearing_down(job: Any, exc: BaseException | None) -> None:
        log.append(f"tearing down {exc!r}")
        job.callback(log.append, "added")

    jobs = define(inscope, on_tearing_down=on_tearing_down)
    jobs.tearing_down.connect(lambda _, __: log.append("told"))
    with jobs() as job:
        job.callback(log.append, "callback")
    assert ["tearing down None", "added", "told", "callback"] == log


def test_a_scope_is_closed_however_often_its_task_is_cancelled(
    inscope: ModuleType, log: Log
) -> None:
    """Also a scope that one of its steps closes, in the Context of the task."""
    inner = define(inscope)

    async def on_push(job: Any) -> None:
        opened = inner()
        await opened.apush()
        opened.callback(log.append, "inner")
        job.callback(opened.apop)

    outer = define(inscope, on_push=on_push)

    async def work() -> None:
        async with outer():
            await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)

    asyncio.run(main())
    assert ["inner"] == log
