"""What is carried on trio and on anyio, on both of its backends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import pytest

anyio: Any = pytest.importorskip("anyio")
to_thread: Any = pytest.importorskip("anyio.to_thread")
from_thread: Any = pytest.importorskip("anyio.from_thread")

Log = list[Any]
Run = Callable[..., Any]


async def _turns(number: int = 3) -> None:
    for _ in range(number):
        await anyio.lowlevel.checkpoint()


# Threads


def test_a_thread_of_anyio_has_the_context_by_itself(
    inscope: ModuleType, run: Run
) -> None:
    """Without anything of ours; and so has what it calls back into the loop."""
    current = inscope.Var("current", default="nobody")

    async def back() -> Any:
        await _turns()
        return current.get()

    def thread() -> Any:
        with current.bind("thread"):
            return from_thread.run(back), from_thread.run_sync(current.get)

    async def main() -> None:
        with current.bind("ann"):
            assert "ann" == await to_thread.run_sync(current.get)
            assert ("thread", "thread") == await to_thread.run_sync(thread)
            assert "ann" == current.get()
        assert "nobody" == await to_thread.run_sync(current.get)

    run(main)


def test_a_thread_of_trio_has_the_context_by_itself(inscope: ModuleType) -> None:
    """By trio's own names."""
    trio: Any = pytest.importorskip("trio")
    current = inscope.Var("current", default="nobody")

    async def back() -> Any:
        await trio.lowlevel.checkpoint()
        return current.get()

    def thread() -> Any:
        with current.bind("thread"):
            seen = trio.from_thread.run(back), trio.from_thread.run_sync(current.get)
        return current.get(), *seen

    async def main() -> None:
        with current.bind("ann"):
            seen = await trio.to_thread.run_sync(thread)
            assert ("ann", "thread", "thread") == seen
            assert "ann" == current.get()

    trio.run(main)


def test_a_thread_keeps_nothing_of_what_it_is_given(
    inscope: ModuleType, run: Run
) -> None:
    """As each job has a copy of the context; one thread serves all of them."""
    current = inscope.Var("current", default="nobody")

    async def main() -> None:
        with current.bind("ann"):
            await to_thread.run_sync(current.set, "thread")
            assert "ann" == current.get()
        assert "nobody" == await to_thread.run_sync(current.get)

    run(main)


def test_what_is_carried_runs_in_a_thread_and_from_one(
    inscope: ModuleType, carry: ModuleType, run: Run
) -> None:
    """With the context of where it was carried, not with that of its caller."""
    current = inscope.Var("current", default="nobody")

    def work(*_: Any) -> Any:
        seen = current.get()
        current.set("work")
        return seen

    async def back(*_: Any) -> Any:
        await _turns()
        return work()

    with current.bind("ann"):
        carried, carried_back = carry.carry(work), carry.carry(back)
        snapshot = carry.Snapshot.capture()

    def thread() -> Any:
        with current.bind("thread"):
            return (
                from_thread.run(carried_back, 1),
                from_thread.run_sync(carried, 1),
                from_thread.run(snapshot.drive, back()),
                current.get(),
            )

    async def main() -> None:
        with current.bind("bob"):
            assert "ann" == await to_thread.run_sync(carried, 1)
            assert "ann" == await to_thread.run_sync(snapshot.run, work)
            assert ("ann", "ann", "ann", "thread") == await to_thread.run_sync(thread)
            assert "bob" == current.get()

    run(main)


def test_a_task_from_a_portal(
    inscope: ModuleType, carry: ModuleType, backend: str
) -> None:
    """Of another thread that runs the loop: what is carried has the caller's."""
    current = inscope.Var("current", default="nobody")

    async def work() -> Any:
        await _turns()
        return current.get()

    with from_thread.start_blocking_portal(backend=backend) as portal:
        with current.bind("ann"):
            carried = carry.carry(work)
        with current.bind("bob"):
            assert "ann" == portal.call(carried)
            assert "ann" == portal.start_task_soon(carried).result()


# Tasks


def test_what_is_carried_runs_in_a_task(
    inscope: ModuleType, carry: ModuleType, run: Run, log: Log
) -> None:
    """A task group calls it with what it has; many at the same time."""
    current = inscope.Var("current", default="nobody")

    async def work(number: int) -> None:
        before = current.get()
        with current.bind(number):
            await _turns()
            log.append((before, current.get() == number))

    with current.bind("ann"):
        carried = carry.carry(work)

    async def main() -> None:
        with current.bind("bob"):
            async with anyio.create_task_group() as group:
                for number in range(10):
                    group.start_soon(carried, number)
            assert "bob" == current.get()

    run(main)
    assert [("ann", True)] * 10 == log


def test_a_task_that_is_carried_has_a_scope_of_its_own(
    inscope: ModuleType, carry: ModuleType, run: Run, log: Log
) -> None:
    """A fork, which it closes at its end, and when it is cancelled."""

    class Job(inscope.Scope):  # type: ignore[misc, name-defined]
        async def on_pop(self, error: BaseException | None) -> None:
            await _turns()
            log.append(("fork" if self.is_fork else "job", error is None))

    async def work(*, forever: bool) -> None:
        assert Job.current().is_fork
        await (anyio.sleep_forever() if forever else _turns())

    async def main() -> None:
        async with Job():
            carried = carry.carry(work)
        with anyio.CancelScope() as cancelling:
            async with anyio.create_task_group() as group:
                group.start_soon(partial(carried, forever=False))
                group.start_soon(partial(carried, forever=True))
                await anyio.wait_all_tasks_blocked()
                cancelling.cancel()

    run(main)
    assert [("job", True), ("fork", True), ("fork", False)] == log


def test_a_task_that_is_started_says_so(
    inscope: ModuleType, carry: ModuleType, run: Run
) -> None:
    """``start`` passes ``task_status``, as to any coroutine function."""
    current = inscope.Var("current", default="nobody")

    async def work(*, task_status: Any) -> None:
        task_status.started(current.get())
        await _turns()

    with current.bind("ann"):
        carried = carry.carry(work)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            assert "ann" == await group.start(carried)

    run(main)


def test_a_detached_task_sees_nothing(
    inscope: ModuleType, carry: ModuleType, run: Run, log: Log
) -> None:
    """But for what is kept; a task group would give it all."""
    current = inscope.Var("current", default="nobody")
    kept = inscope.Var("kept")

    async def work() -> None:
        log.append((current.get(), kept.get()))

    async def main() -> None:
        with current.bind("ann"), kept.bind(1):
            async with anyio.create_task_group() as group:
                group.start_soon(work)
                group.start_soon(carry.detached(keep=[kept]).wrap(work))

    run(main)
    assert [("ann", 1), ("nobody", 1)] == sorted(log)
