"""``Snapshot.drive`` on both backends of anyio's: tasks, time-outs, cancellation."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

anyio: Any = pytest.importorskip("anyio")

Log = list[Any]
Run = Callable[..., Any]


async def _turns(number: int = 3) -> None:
    for _ in range(number):
        await anyio.lowlevel.checkpoint()


def _reported(caplog: pytest.LogCaptureFixture) -> Log:
    return [one for one in caplog.records if one.name.startswith("inscope")]


def test_what_is_driven_runs_in_the_task_of_its_caller(
    inscope: ModuleType, carry: ModuleType, run: Run
) -> None:
    """With its own bindings, which it keeps while it waits."""
    current = inscope.Var("current", default="nobody")

    async def work() -> Any:
        seen = [current.get(), anyio.get_current_task().id]
        with current.bind("inside"):
            await _turns()
            seen.append(current.get())
        return seen

    with current.bind("ann"):
        snapshot = carry.Snapshot.capture()

    async def main() -> None:
        with current.bind("bob"):
            here = anyio.get_current_task().id
            assert ["ann", here, "inside"] == await snapshot.drive(work())
            assert "bob" == current.get()

    run(main)


@pytest.mark.parametrize("where", ["outside", "inside", "both"])
def test_a_time_out_ends_what_is_driven(
    inscope: ModuleType,
    carry: ModuleType,
    run: Run,
    log: Log,
    caplog: pytest.LogCaptureFixture,
    where: str,
) -> None:
    """By ``move_on_after``, around it or within; its binds end in their context."""
    current = inscope.Var("current", default="nobody")
    inner = 0 if where != "outside" else math.inf
    outer = 0 if where != "inside" else math.inf

    async def work() -> str:
        with current.bind("inside"):
            try:
                with anyio.move_on_after(inner) as scope:
                    await anyio.sleep_forever()
                log.append(("caught inside", scope.cancelled_caught))
                await anyio.lowlevel.checkpoint()
            finally:
                log.append(current.get())
        return str(current.get())

    async def main() -> None:
        with current.bind("ann"):
            snapshot = carry.Snapshot.capture()
        with anyio.move_on_after(outer) as scope:
            log.append(await snapshot.drive(work()))
        log.append(("caught outside", scope.cancelled_caught))
        assert "nobody" == current.get()

    run(main)
    expected: dict[str, Log] = {
        "outside": ["inside", ("caught outside", True)],
        "inside": [("caught inside", True), "inside", "ann", ("caught outside", False)],
        "both": ["inside", ("caught outside", True)],
    }
    assert expected[where] == log
    assert [] == _reported(caplog)


def test_what_is_driven_may_shield_itself(
    inscope: ModuleType, carry: ModuleType, run: Run, log: Log
) -> None:
    """And clean up, awaiting, while it is cancelled."""
    current = inscope.Var("current", default="nobody")

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await _turns()
                log.append(current.get())

    async def main() -> None:
        with current.bind("ann"):
            snapshot = carry.Snapshot.capture()
        with anyio.move_on_after(0) as scope:
            await snapshot.drive(work())
        assert scope.cancelled_caught

    run(main)
    assert ["ann"] == log


def test_what_is_driven_may_open_a_task_group(
    inscope: ModuleType, carry: ModuleType, run: Run, log: Log
) -> None:
    """Its tasks have what is bound within; an error cancels the others."""
    current = inscope.Var("current", default="nobody")

    async def child(name: str) -> None:
        log.append((name, current.get()))
        if name == "fails":
            raise ValueError(name)
        await anyio.sleep_forever()

    async def work() -> None:
        with current.bind("inside"):
            async with anyio.create_task_group() as group:
                group.start_soon(child, "waits")
                await anyio.wait_all_tasks_blocked()
                group.start_soon(child, "fails")

    async def main() -> None:
        with current.bind("ann"):
            snapshot = carry.Snapshot.capture()
        with pytest.raises(ExceptionGroup) as caught:
            await snapshot.drive(work())
        assert ["fails"] == [str(error) for error in caught.value.exceptions]
        assert "nobody" == current.get()

    run(main)
    assert [("waits", "inside"), ("fails", "inside")] == log


def test_many_are_driven_at_the_same_time(
    inscope: ModuleType, carry: ModuleType, run: Run, log: Log
) -> None:
    """By one snapshot; one within the other, too."""
    current = inscope.Var("current", default="nobody")

    async def work(number: int, depth: int = 2) -> None:
        before = current.get()
        with current.bind(number):
            await _turns()
            if depth:
                await snapshot.drive(work(number, depth - 1))
            log.append((before, current.get() == number))

    with current.bind("ann"):
        snapshot = carry.Snapshot.capture()

    async def drive(number: int) -> None:
        await snapshot.drive(work(number))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(drive, number)

    run(main)
    assert [("ann", True)] * 30 == log
