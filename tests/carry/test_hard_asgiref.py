"""A hard case: asgiref's hops between threads and tasks.

``sync_to_async`` and ``async_to_sync`` run a function in a copy of the context, and
carry back what it has set; a token that was made there is of another context.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import Context, ContextVar
from types import ModuleType
from typing import Any

import pytest

asgiref: Any = pytest.importorskip("asgiref.sync")

sync_to_async: Any = asgiref.sync_to_async
async_to_sync: Any = asgiref.async_to_sync


def _records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [one for one in caplog.records if one.name.startswith("inscope")]


def _leave(block: Any) -> None:
    block.__exit__(None, None, None)


async def _leave_async(block: Any) -> None:
    block.__exit__(None, None, None)


async def _enter_async(block: Any) -> None:
    block.__enter__()


# From a task into a thread


def test_a_token_of_a_thread_cannot_be_used_by_anyone() -> None:
    """The fault: the value has come back to the task, for good."""
    current: ContextVar[str] = ContextVar("current", default="nobody")

    async def main() -> str:
        token = await sync_to_async(current.set)("ann")
        assert "ann" == current.get()
        with pytest.raises(ValueError, match="created in a different Context"):
            current.reset(token)
        with pytest.raises(ValueError, match="created in a different Context"):
            await sync_to_async(current.reset)(token)
        return current.get()

    assert "ann" == asyncio.run(main())


@pytest.mark.parametrize("leaves", ["task", "thread"])
def test_a_bind_of_a_thread_is_left_anywhere(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture, leaves: str
) -> None:
    """By the task, or by another thread: nobody sees the value any more."""
    current = inscope.Var("current", default="nobody")
    get = sync_to_async(current.get)

    async def main() -> None:
        block = current.bind("ann")
        await sync_to_async(block.__enter__)()
        assert "ann" == current.get()
        assert "ann" == await get()

        if leaves == "task":
            _leave(block)
        else:
            await sync_to_async(_leave)(block)
        assert "nobody" == current.get()
        assert "nobody" == await get()
        assert "nobody" == await asyncio.create_task(_get(current))

    with caplog.at_level(logging.WARNING, "inscope"):
        asyncio.run(main())
    assert 1 == len(_records(caplog))


async def _get(var: Any) -> Any:
    return var.get()


def test_a_bind_of_a_task_is_left_by_a_thread(inscope: ModuleType) -> None:
    """What was bound around it is there again, on both sides."""
    current = inscope.Var("current", default="nobody")

    async def main() -> None:
        with current.bind("ann"):
            block = current.bind("bob")
            block.__enter__()
            assert "bob" == await sync_to_async(current.get)()
            await sync_to_async(_leave)(block)
            assert "ann" == current.get()
            assert "ann" == await sync_to_async(current.get)()
        assert "nobody" == current.get()
        assert "nobody" == await sync_to_async(current.get)()

    asyncio.run(main())


# From a thread into a task


def test_a_token_of_a_task_cannot_be_used_by_anyone() -> None:
    """The fault, the other way round."""
    current: ContextVar[str] = ContextVar("current", default="nobody")

    async def set_user() -> Any:
        return current.set("ann")

    async def reset(token: Any) -> None:
        current.reset(token)

    def work() -> str:
        token = async_to_sync(set_user)()
        with pytest.raises(ValueError, match="created in a different Context"):
            current.reset(token)
        with pytest.raises(ValueError, match="created in a different Context"):
            async_to_sync(reset)(token)
        return current.get()

    assert "ann" == Context().run(work)


@pytest.mark.parametrize("leaves", ["caller", "task"])
def test_a_bind_of_a_task_is_left_anywhere(
    inscope: ModuleType, caplog: pytest.LogCaptureFixture, leaves: str
) -> None:
    """By who called it, or by another task."""
    current = inscope.Var("current", default="nobody")

    def work() -> None:
        block = current.bind("ann")
        async_to_sync(_enter_async)(block)
        assert "ann" == current.get()
        if leaves == "caller":
            _leave(block)
        else:
            async_to_sync(_leave_async)(block)
        assert "nobody" == current.get()
        assert "nobody" == async_to_sync(_get)(current)

    with caplog.at_level(logging.WARNING, "inscope"):
        Context().run(work)
    assert 1 == len(_records(caplog))


@pytest.mark.parametrize("leaves", ["caller", "task"])
def test_a_bind_of_a_caller_is_left_anywhere(inscope: ModuleType, leaves: str) -> None:
    """Entered on this side of ``async_to_sync``."""
    current = inscope.Var("current", default="nobody")

    def work() -> None:
        block = current.bind("ann")
        block.__enter__()
        assert "ann" == async_to_sync(_get)(current)
        if leaves == "caller":
            _leave(block)
        else:
            async_to_sync(_leave_async)(block)
        assert "nobody" == current.get()
        assert "nobody" == async_to_sync(_get)(current)

    Context().run(work)


def test_a_bind_goes_through_both_and_back(inscope: ModuleType) -> None:
    """A task, a thread of it, and a coroutine that this one runs in the task's loop."""
    current = inscope.Var("current", default="nobody")
    log: list[str] = []
    block = current.bind("ann")

    def thread() -> None:
        async_to_sync(_enter_async)(block)
        log.append(current.get())

    async def main() -> None:
        await sync_to_async(thread)()
        log.append(current.get())
        _leave(block)
        log.append(current.get())
        log.append(await sync_to_async(current.get)())

    asyncio.run(main())
    assert ["ann", "ann", "nobody", "nobody"] == log


# What is carried


def test_what_is_carried_has_its_own_values_on_either_side(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """And nothing of what it binds comes back."""
    current = inscope.Var("current", default="nobody")

    def work(user: str) -> str:
        before = str(current.get())
        current.set(user)
        return before

    async def work_async(user: str) -> str:
        return work(user)

    with current.bind("ann"):
        carried, carried_async = carry.carry(work), carry.carry(work_async)

    async def main() -> None:
        with current.bind("bob"):
            assert "ann" == await sync_to_async(carried)("eve")
            assert "bob" == current.get()
            assert "bob" == await sync_to_async(work)("eve")
            assert "eve" == current.get()

    asyncio.run(main())
    with current.bind("bob"):
        assert "ann" == async_to_sync(carried_async)("eve")
        assert "bob" == current.get()
