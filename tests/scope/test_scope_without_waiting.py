"""What ``async with`` awaits of a scope that has nothing to wait for."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

import pytest
from scopes import define


def _value(awaitable: Any) -> Any:
    """Await by hand, without a loop; return what that gives."""
    with pytest.raises(StopIteration) as end:
        next(awaitable.__await__())
    return end.value.value


def test_it_gives_its_value_without_a_loop(inscope: ModuleType) -> None:
    """The scope, and then nothing."""
    job = define(inscope)()

    assert job is _value(job.__aenter__())
    assert "active" == job.state
    assert _value(job.__aexit__(None, None, None)) is None
    assert "closed" == job.state


def test_a_scope_of_two_values_is_one_value(inscope: ModuleType) -> None:
    """Though a tuple would be taken apart by ``StopIteration``."""
    job = define(inscope, bases=(inscope.Scope,), __iter__=lambda _: iter((1, 2)))()

    async def main() -> Any:
        async with job as found:
            return found

    assert job is asyncio.run(main())


def test_an_exit_stack_awaits_it(inscope: ModuleType) -> None:
    """As any other asynchronous block."""
    jobs = define(inscope)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            job = await stack.enter_async_context(jobs())
            assert jobs.current() is job
        assert not jobs.is_active()

    asyncio.run(main())


def test_what_a_subclass_does_before_and_after_is_kept(inscope: ModuleType) -> None:
    """By ``super()``, in coroutines."""
    log: list[str] = []

    class Job(inscope.Scope):  # type: ignore[name-defined, misc]
        async def __aenter__(self) -> Any:
            log.append("before")
            return await super().__aenter__()

        async def __aexit__(self, *error: Any) -> None:
            await super().__aexit__(*error)
            log.append("after")

    async def main() -> None:
        async with Job() as job:
            log.append(job.state)

    asyncio.run(main())
    assert ["before", "active", "after"] == log


def test_aexit_takes_three_arguments(inscope: ModuleType) -> None:
    """As ``__exit__`` does."""
    with pytest.raises(TypeError):
        define(inscope)().__aexit__()
