"""``carry`` in a scope: each call has a fork of it."""

from __future__ import annotations

import asyncio
import gc
import importlib
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from types import ModuleType
from typing import Any, NoReturn

import pytest
from carry_world import (
    Log,
    carrying,
    define,
    in_task,
    in_thread,
    reports,
    scoping,
    telling,
)


def _jobs(inscope: ModuleType, log: Log) -> Any:
    """Return a class of scopes with fields, and a resource of it."""
    fields: Any = importlib.import_module("inscope.scope")
    jobs = define(inscope, path=fields.shared(), notes=fields.fresh(list))
    return jobs, jobs.resource(telling(log, "db"))


def test_each_call_has_a_fork_of_the_scope(
    inscope: ModuleType, carry: ModuleType, log: Log
) -> None:
    """With its fields as the class says, and resources of its own."""
    jobs, db = _jobs(inscope, log)
    seen: list[Any] = []

    def work() -> str:
        job = jobs.current()
        seen.append(job)
        job.notes.append("work")
        log.append(str(db))
        return f"{job.path} {job.notes} {job.state}"

    with jobs() as job:
        job.path = "/"
        job.notes.append("parent")
        str(db)
        carried = carry.carry(work)
        for _ in range(2):
            assert "/ ['work'] active" == carried()
        assert job is jobs.current()
        assert ["parent"] == job.notes
    own = ["+db", "db", "-db"]
    assert ["+db", *own, *own, "-db"] == log
    assert "/ ['work'] active" == in_thread(carried)
    assert 4 == len({id(one) for one in (*seen, job)})
    assert ["closed"] * 3 == [one.state for one in seen]
    assert {type(job)} == {type(one) for one in seen}


def test_it_goes_on_though_the_scope_has_closed(
    inscope: ModuleType, carry: ModuleType, log: Log
) -> None:
    """Also if that happens in the middle of the call."""
    jobs, db = _jobs(inscope, log)

    def generator() -> Iterator[str]:
        for _ in range(2):
            yield str(db)

    with jobs() as job:
        job.path = "/"
        steps = carry.carry(generator)()
        assert "db" == next(steps)
    assert ["db"] == list(steps)
    assert ["+db", "-db"] == log


def test_a_fork_touches_nothing_of_its_parent(
    inscope: ModuleType, carry: ModuleType, log: Log
) -> None:
    """Not even a resource that is kept as an attribute of the class."""
    jobs = define(inscope)
    jobs.db = jobs.resource(telling(log, "db"))
    with jobs():
        carry.carry(jobs.is_active)()
        assert [] == log


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_the_fork_closes_by_what_the_call_raises(
    inscope: ModuleType, carry: ModuleType, error: BaseException
) -> None:
    """In each kind of function; the error comes out as it is."""
    ends: list[Any] = []

    def on_pop(_: Any, error: Any) -> None:
        ends.append(error)

    jobs = define(inscope, on_pop=on_pop)

    def plain() -> NoReturn:
        raise error

    async def coroutine() -> NoReturn:
        await asyncio.sleep(0)
        raise error

    def generator() -> Iterator[int]:
        yield 1
        raise error

    async def agenerator() -> AsyncIterator[int]:
        yield 1
        raise error

    async def collect(function: Any) -> list[int]:
        return [one async for one in function()]

    def drain(coroutine: Any) -> None:
        with asyncio.Runner() as runner:

            async def main() -> None:
                with pytest.raises(type(error)) as caught:
                    await coroutine
                assert error is caught.value

            runner.run(main())

    with jobs():
        with pytest.raises(type(error)) as caught:
            carry.carry(plain)()
        assert error is caught.value
        with pytest.raises(type(error)) as caught:
            list(carry.carry(generator)())
        assert error is caught.value
        drain(carry.carry(coroutine)())
        drain(collect(carry.carry(agenerator)))
        assert [error] * 4 == ends
    assert [*[error] * 4, None] == ends


def test_the_fork_closes_where_a_generator_is_closed(
    inscope: ModuleType,
    carry: ModuleType,
    log: Log,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In another thread, in another task, or by the collector."""
    jobs, db = _jobs(inscope, log)

    @scoping(carry)
    def generator() -> Iterator[str]:
        while True:
            yield str(db)

    async def agenerator() -> AsyncIterator[str]:
        while True:
            yield str(db)

    async def main(function: Any) -> None:
        async with aclosing(function()) as steps:
            await in_task(anext(steps))
            await in_task(anext(steps))
            await in_task(steps.aclose())
        steps = function()
        await anext(steps)

    with jobs():
        carried, acarried = carry.carry(generator), carry.carry(agenerator)
    closed, dropped = carried(), carried()
    next(closed)
    in_thread(closed.close)
    next(dropped)
    del dropped
    gc.collect()
    assert ["+db", "-db"] * 2 == log
    asyncio.run(main(acarried))
    assert ["+db", "-db"] * 4 == log
    assert [] == reports(caplog)


def test_nested_scopes_of_several_classes(
    inscope: ModuleType, carry: ModuleType, log: Log
) -> None:
    """A fork of each: opened as they were nested, and closed in reverse order."""

    def hooks(name: str) -> dict[str, Any]:
        def on_push(_: Any) -> None:
            log.append(f"+{name}")

        def on_pop(*_: Any) -> None:
            log.append(f"-{name}")

        return {"on_push": on_push, "on_pop": on_pop}

    outer = define(inscope, "Outer", **hooks("outer"))
    inner = define(inscope, "Inner", own_slot=True, **hooks("inner"))
    third = define(inscope, "Third", own_slot=True, **hooks("third"))

    def work() -> Any:
        log.append([kind.is_active() for kind in (outer, inner, third)])

    async def coroutine() -> None:
        work()

    def generator() -> Iterator[None]:
        yield work()

    with inner(), outer(), third():
        carried = carry.carry(work)
        later, steps = carry.carry(coroutine), carry.carry(generator)
    log.clear()
    expected = ["+inner", "+outer", "+third", [True] * 3, "-third", "-outer", "-inner"]
    carried()
    assert expected == log
    log.clear()
    asyncio.run(later())
    assert expected == log
    log.clear()
    list(steps())
    assert expected == log


def test_only_the_innermost_of_a_class(
    inscope: ModuleType, carry: ModuleType, log: Log
) -> None:
    """As that is what ``current()`` gives."""

    def on_push(job: Any) -> None:
        log.append(f"+{getattr(job, 'name', None)}")

    def on_fork(job: Any, parent: Any) -> None:
        job.name = f"fork of {parent.name}"

    jobs = define(inscope, on_push=on_push, on_fork=on_fork)
    with jobs() as outer, jobs() as inner:
        outer.name, inner.name = "outer", "inner"
        log.clear()
        assert "fork of inner" == carry.carry(lambda: jobs.current().name)()
    assert ["+fork of inner"] == log


def test_a_scope_that_has_closed_before(inscope: ModuleType, carry: ModuleType) -> None:
    """Is not forked: a carried function is refused what its context is refused."""
    jobs = define(inscope)
    with jobs():
        snapshot = carry.Snapshot.capture()
    carried = snapshot.run(carry.carry, jobs.current)
    with pytest.raises(inscope.ScopeClosedError):
        carried()
    assert carry.carry(lambda: jobs.is_active())() is False


def test_a_scope_cannot_be_closed_by_who_has_a_fork(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """The call has no hand on the one that is around."""
    jobs = define(inscope)
    with jobs() as job:
        with pytest.raises(inscope.ScopeError):
            carry.carry(job.pop)()
        assert "active" == job.state


def test_a_fork_that_cannot_open_or_close(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """The call does not run, or its error is accompanied."""
    calls: Log = []

    def on_push(job: Any) -> None:
        if job.fails == "open":
            raise LookupError("open")

    def on_pop(job: Any, error: Any) -> None:
        if job.fails == "close":
            raise LookupError("close")

    fields: Any = importlib.import_module("inscope.scope")
    jobs = define(inscope, fails=fields.shared(""), on_push=on_push, on_pop=on_pop)
    with jobs() as job:
        for fails in ("open", "close"):
            job.fails = fails
            carried = carry.carry(calls.append)
            with pytest.raises(LookupError, match=fails):
                carried(fails)
        job.fails = ""
    assert ["close"] == calls


def test_async_resources_in_a_carried_coroutine(
    inscope: ModuleType, carry: ModuleType, log: Log
) -> None:
    """It is opened by ``async with``, so it can await."""
    jobs = define(inscope)

    async def make() -> AsyncIterator[str]:
        log.append("+db")
        yield "db"
        await asyncio.sleep(0)
        log.append("-db")

    db = jobs.resource(make)

    @carrying(carry)
    async def nothing() -> bool:
        return bool(jobs.is_active())

    async def work() -> str:
        return str(await jobs.open(db))

    async def main() -> None:
        async with jobs():
            carried = carry.carry(work)
        assert "db" == await carried()
        assert not await nothing()

    asyncio.run(main())
    assert ["+db", "-db"] == log


def test_it_keeps_nothing_of_a_call(inscope: ModuleType, carry: ModuleType) -> None:
    """What a call bound is freed with it, while the carried function stays."""

    class User:
        """Can be referred to weakly."""

    jobs, user = define(inscope), inscope.Var("user")
    kept: list[weakref.ref[Any]] = []

    def work() -> None:
        user.set(User())
        kept.extend([weakref.ref(user.get()), weakref.ref(jobs.current())])

    with jobs():
        carried = carry.carry(work)
        carried()
    gc.collect()
    assert [None, None] == [one() for one in kept]
    assert callable(carried)
