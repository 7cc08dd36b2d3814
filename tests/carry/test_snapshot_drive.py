"""``Snapshot.drive``: an awaitable with the captured bindings, in the same task."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable, Generator
from contextvars import copy_context
from types import ModuleType
from typing import Any

import pytest
from carry_world import Log, captured, define, in_task, in_thread, reports, word


@pytest.fixture
def snapshot(carry: ModuleType) -> Any:
    """One of a moment at which ``word`` was "hello"."""
    return captured(carry, word, "hello")


@pytest.fixture(params=["asyncio", "uvloop", "eager"])
def run(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """A function that runs a coroutine."""
    factory: Any = None
    eager: Any = vars(asyncio).get("eager_task_factory")
    if request.param == "eager" and eager is None:
        pytest.skip("eager tasks came with Python 3.12")
    if request.param == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop

    def function(coroutine: Any) -> Any:
        with asyncio.Runner(loop_factory=factory) as runner:
            if request.param == "eager":
                runner.get_loop().set_task_factory(eager)
            return runner.run(coroutine)

    return function


async def by_token(log: Log, value: str = "set") -> str:
    """Set ``word`` around several steps, and reset it by its token."""
    log.append(word.get("nothing"))
    token = word.set(value)
    try:
        for _ in range(3):
            await asyncio.sleep(0)
            assert value == word.get()
    except asyncio.CancelledError:
        log.append(f"cancelled in {word.get('nothing')}")
        raise
    finally:
        word.reset(token)
        log.append(f"reset to {word.get('nothing')}")
    return word.get()


def test_it_has_the_bindings_in_the_same_task(
    snapshot: Any, run: Callable[[Any], Any]
) -> None:
    """None is made for it, and the caller sees nothing."""
    log: Log = []

    async def inner(task: Any, others: Any) -> str:
        assert task is asyncio.current_task()
        result = await by_token(log)
        assert task is asyncio.current_task()
        assert others == asyncio.all_tasks()
        return result

    async def main() -> None:
        work = inner(asyncio.current_task(), asyncio.all_tasks())
        assert "hello" == await snapshot.drive(work)
        assert word.get(None) is None

    run(main())
    assert ["hello", "reset to hello"] == log


def test_many_at_once(snapshot: Any, run: Callable[[Any], Any]) -> None:
    """Each has a copy."""
    logs: list[Log] = [[] for _ in range(5)]

    async def main() -> list[str]:
        works = [by_token(log, str(number)) for number, log in enumerate(logs)]
        return list(await asyncio.gather(*map(snapshot.drive, works)))

    assert ["hello"] * 5 == run(main())
    assert [["hello", "reset to hello"]] * 5 == logs


def test_one_in_another(carry: ModuleType, snapshot: Any) -> None:
    """Each sees its own bindings at every step."""
    other = captured(carry, word, "other")

    async def inner() -> str:
        await asyncio.sleep(0)
        return word.get()

    async def outer() -> tuple[str, str]:
        found = await snapshot.drive(inner())
        await asyncio.sleep(0)
        return found, word.get()

    assert ("hello", "other") == asyncio.run(other.drive(outer()))


def test_a_task_made_in_there_has_the_bindings(snapshot: Any) -> None:
    """And so have callbacks of the loop."""
    found: list[str] = []

    async def inner() -> str:
        loop, called = asyncio.get_running_loop(), asyncio.Event()

        def callback() -> None:
            found.append(word.get())
            called.set()

        loop.call_soon(callback)
        await called.wait()

        async def task() -> str:
            return word.get()

        return await asyncio.create_task(task())

    assert "hello" == asyncio.run(snapshot.drive(inner()))
    assert ["hello"] == found


def test_cancelling_the_task(snapshot: Any, run: Callable[[Any], Any]) -> None:
    """Reaches what is driven, in its bindings."""
    log: Log = []

    async def main() -> None:
        task = asyncio.create_task(snapshot.drive(by_token(log)))
        while not log:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    run(main())
    assert ["hello", "cancelled in set", "reset to hello"] == log


def test_a_timeout_inside_and_outside(snapshot: Any, run: Callable[[Any], Any]) -> None:
    """Ends what it is around, by the task that is running."""
    log: Log = []

    async def hang() -> None:
        token = word.set("hanging")
        try:
            await asyncio.Event().wait()
        finally:
            word.reset(token)
            log.append(word.get())

    async def inner() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await hang()
        return word.get()

    async def main() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await snapshot.drive(hang())
        found: str = await snapshot.drive(inner())
        return found

    assert "hello" == run(main())
    assert ["hello", "hello"] == log


class Awaitable3:
    """An object that can be awaited."""

    def __await__(self) -> Generator[Any, Any, str]:
        yield from asyncio.sleep(0).__await__()
        return word.get()


@types.coroutine
def old_coroutine() -> Generator[Any, Any, str]:
    """A coroutine that is made by a generator."""
    yield from asyncio.sleep(0).__await__()
    return word.get()


@types.coroutine
def suspend() -> Generator[None, None, None]:
    """Stop once, without a loop."""
    yield


def test_whatever_can_be_awaited(snapshot: Any, run: Callable[[Any], Any]) -> None:
    """Objects, old coroutines, and futures and tasks, which run as they do."""

    async def main() -> list[str]:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        future.set_result("future")
        pending: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(pending.set_result, "pending")
        task = asyncio.create_task(asyncio.sleep(0, "task"))
        works: list[Awaitable[str]] = [Awaitable3(), old_coroutine(), future, pending]
        return [await snapshot.drive(work) for work in (*works, task)]

    assert ["hello", "hello", "future", "pending", "task"] == run(main())


@pytest.mark.parametrize("value", [None, (), (1, 2), KeyError("a")])
def test_any_value_can_be_returned(snapshot: Any, value: Any) -> None:
    """Tuples and exceptions, too."""

    async def work() -> Any:
        return value

    assert value is asyncio.run(snapshot.drive(work()))


def test_an_error_comes_out_as_it_is(snapshot: Any) -> None:
    """With the place where it was raised."""
    error = LookupError()

    async def work() -> None:
        await asyncio.sleep(0)
        raise error

    async def main() -> BaseException:
        with pytest.raises(LookupError) as caught:
            await snapshot.drive(work())
        return caught.value

    assert error is asyncio.run(main())
    traceback = error.__traceback__
    names: list[str] = []
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert "work" == names[-1]


def test_closing_it_half_way_in_another_thread(snapshot: Any) -> None:
    """Runs its finalisers in the bindings; so does throwing into it."""
    log: Log = []

    async def work() -> None:
        token = word.set("set")
        try:
            await suspend()
        finally:
            word.reset(token)
            log.append(word.get("nothing"))

    for end in ("close", "throw"):
        driven = snapshot.drive(work())
        driven.send(None)
        if end == "close":
            in_thread(driven.close)
        else:
            with pytest.raises(ValueError, match="thrown"):
                in_thread(driven.throw, ValueError("thrown"))
    assert ["hello", "hello"] == log


def test_a_bind_in_it_is_left_where_it_was_entered(
    inscope: ModuleType, carry: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when the loop ends while it is under way."""
    user, log = inscope.Var("user"), list[Any]()
    snapshot = captured(carry, user, "ann")

    async def work() -> None:
        try:
            with user.bind("bob"):
                await asyncio.Event().wait()
        finally:
            log.append(user.get())

    async def main() -> Any:
        task = asyncio.create_task(snapshot.drive(work()))
        await asyncio.sleep(0)
        assert not user.is_bound()
        return task

    assert asyncio.run(main()).cancelled()
    assert ["ann"] == log
    assert [] == reports(caplog)


def test_a_scope_in_it(inscope: ModuleType, carry: ModuleType) -> None:
    """Is opened and closed there, by ``async with``, and unseen outside."""
    snapshot = carry.Snapshot.capture()

    jobs = define(inscope)

    async def work() -> str:
        async with jobs() as job:
            await asyncio.sleep(0)
            assert jobs.current() is job
        return str(job.state)

    async def main() -> str:
        driven = asyncio.create_task(in_task(snapshot.drive(work())))
        await asyncio.sleep(0)
        assert not jobs.is_active()
        return str(await driven)

    assert "closed" == asyncio.run(main())


@pytest.mark.parametrize("awaitable", [3, None, "text", [], by_token])
def test_it_refuses_what_cannot_be_awaited(snapshot: Any, awaitable: Any) -> None:
    """And names it."""

    async def main() -> None:
        with pytest.raises(TypeError, match=r"drive\(\) takes something that can be"):
            await snapshot.drive(awaitable)

    asyncio.run(main())


def test_on_trio(snapshot: Any) -> None:
    """The same task, its cancel scopes, and sleeping."""
    trio: Any = pytest.importorskip("trio")
    log: Log = []

    async def hang() -> None:
        token = word.set("set")
        try:
            await trio.sleep_forever()
        finally:
            word.reset(token)
            log.append(word.get())

    async def work(task: Any) -> str:
        assert task is trio.lowlevel.current_task()
        await trio.lowlevel.checkpoint()
        assert task is trio.lowlevel.current_task()
        with trio.CancelScope() as scope:
            scope.cancel()
            await hang()
        assert scope.cancelled_caught
        async with trio.open_nursery() as nursery:
            nursery.start_soon(inherit)
        return word.get()

    async def inherit() -> None:
        log.append(f"child {word.get()}")

    async def main() -> None:
        context = copy_context()
        assert "hello" == await snapshot.drive(work(trio.lowlevel.current_task()))
        with trio.CancelScope() as scope:
            scope.cancel()
            await snapshot.drive(hang())
        assert scope.cancelled_caught
        assert context.get(word) is None is word.get(None)

    trio.run(main)
    assert ["hello", "child hello", "hello"] == log
