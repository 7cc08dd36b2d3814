"""Scopes between anyio's cancel scopes and task groups, on both of its backends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define

anyio: Any = pytest.importorskip("anyio")


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    """What anyio runs on."""
    name = str(request.param)
    if name == "trio":
        pytest.importorskip("trio")
    return name


async def _turns(number: int = 5) -> None:
    for _ in range(number):
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("when", ["in the block", "while closing"])
def test_a_cancel_scope_waits_until_all_has_closed(
    inscope: ModuleType, log: Log, backend: str, when: str
) -> None:
    """anyio cancels again and again; the steps hear nothing of it."""

    async def step(name: str) -> None:
        await _turns()
        log.append(name)

    async def main() -> None:
        with anyio.CancelScope() as scope:
            async with define(inscope)() as job:
                job.callback(step, "last")
                job.callback(step, "first")
                job.callback(scope.cancel)
                if when == "in the block":
                    scope.cancel()
                    await anyio.sleep_forever()
            await anyio.lowlevel.checkpoint()
            log.append("never")
        assert scope.cancelled_caught
        await _turns()
        log.append("after")

    anyio.run(main, backend=backend)
    assert ["first", "last", "after"] == log


def test_a_step_may_use_a_cancel_scope(
    inscope: ModuleType, log: Log, backend: str
) -> None:
    """A timeout in it ends it, and it alone."""

    async def step() -> None:
        with anyio.move_on_after(0):
            await anyio.sleep_forever()
        async with anyio.create_task_group() as group:
            group.start_soon(_turns)
        log.append("step")

    async def main() -> None:
        with anyio.CancelScope() as scope:
            async with define(inscope)() as job:
                job.callback(step)
                scope.cancel()
                await anyio.sleep_forever()

    anyio.run(main, backend=backend)
    assert ["step"] == log


def test_a_hanging_step_under_a_cancel_scope_is_cancelled(
    inscope: ModuleType, log: Log, backend: str
) -> None:
    """After ``exit_timeout``; the rest closes."""

    async def main() -> None:
        async with define(inscope, exit_timeout=0.01)() as job:
            job.callback(log.append, "rest")
            job.callback(anyio.sleep_forever)

    with pytest.raises(inscope.ScopeExitTimeoutError, match="sleep_forever"):
        anyio.run(main, backend=backend)
    assert ["rest"] == log


def test_a_resource_may_hold_a_task_group_of_anyio(
    inscope: ModuleType, log: Log, backend: str
) -> None:
    """Which wants to be left by the task that entered it."""
    jobs = define(inscope)

    async def function() -> AsyncIterator[Any]:
        async with anyio.create_task_group() as group:
            yield group
        log.append("group ended")

    group = jobs.resource(eager=True)(function)

    async def child() -> None:
        await _turns()
        log.append("child")

    async def main() -> None:
        async with jobs():
            group.start_soon(child)

    anyio.run(main, backend=backend)
    assert ["child", "group ended"] == log


def test_tasks_of_a_group_join_the_scope_around_it(
    inscope: ModuleType, backend: str
) -> None:
    """They see it, and cannot close it."""
    jobs = define(inscope)
    seen: list[Any] = []

    async def child() -> None:
        seen.append(jobs.current())
        with pytest.raises(inscope.ForeignScopeError):
            await jobs.current().apop()

    async def main() -> None:
        async with jobs() as job:
            async with anyio.create_task_group() as group:
                group.start_soon(child)
                group.start_soon(child)
            assert [job, job] == seen
            assert "active" == job.state

    anyio.run(main, backend=backend)
