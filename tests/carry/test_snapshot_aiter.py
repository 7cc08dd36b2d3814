"""``Snapshot.aiter``: every step of an async generator in the captured bindings."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from types import ModuleType
from typing import Any

import pytest
from carry_world import (
    Log,
    binding_async,
    by_token_async,
    captured,
    in_task,
    reports,
    taken,
    word,
)


@pytest.fixture
def snapshot(carry: ModuleType) -> Any:
    """One of a moment at which ``word`` was "hello"."""
    return captured(carry, word, "hello")


def test_each_step_has_the_bindings(snapshot: Any) -> None:
    """In the task that takes it; what it sets stays inside."""

    async def generator() -> AsyncIterator[Any]:
        for name in ("one", "two"):
            yield word.get(), asyncio.current_task()
            await asyncio.sleep(0)
            word.set(name)
        yield word.get(), asyncio.current_task()

    async def main() -> list[Any]:
        task = asyncio.current_task()
        steps = snapshot.aiter(generator())
        return [(one, where is task, word.get(None)) async for one, where in steps]

    expected = [(one, True, None) for one in ("hello", "one", "two")]
    assert expected == asyncio.run(main())


def test_asend_athrow_and_the_end(snapshot: Any) -> None:
    """Go through; there is nothing after it."""
    log: Log = []

    async def main() -> None:
        steps = snapshot.aiter(by_token_async(word, "set", log))
        assert ("set", None) == await anext(steps)
        assert ("set", 1) == await steps.asend(1)
        assert ("set", None) == await steps.asend(None)
        assert ("set", "caught") == await steps.athrow(ValueError("thrown"))
        with pytest.raises(StopAsyncIteration):
            await steps.asend("stop")
        assert [] == [one async for one in steps]
        await steps.aclose()

    asyncio.run(main())
    assert ["hello", "caught thrown", "reset to hello"] == log


def test_aclose_runs_the_finalisers_before_it_returns(snapshot: Any) -> None:
    """Once; also those that await."""
    log: Log = []

    async def generator() -> AsyncIterator[int]:
        token = word.set("set")
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            word.reset(token)
            log.append(word.get())

    async def main() -> None:
        async with aclosing(snapshot.aiter(generator())) as steps:
            await anext(steps)
        await steps.aclose()

    asyncio.run(main())
    assert ["hello"] == log


def test_closing_and_advancing_in_other_tasks(snapshot: Any) -> None:
    """The tokens are valid there."""
    log: Log = []

    async def main() -> None:
        steps = snapshot.aiter(by_token_async(word, "set", log))
        await in_task(anext(steps))
        assert ("set", 2) == await in_task(steps.asend(2))
        await in_task(steps.aclose())

    asyncio.run(main())
    assert ["hello", "reset to hello"] == log


def test_what_is_thrown_and_not_caught_comes_out(snapshot: Any) -> None:
    """The very error, after the finalisers; an error of its own as well."""
    log: Log = []
    error = LookupError()

    async def failing() -> AsyncIterator[int]:
        yield 1
        raise error

    async def main() -> None:
        steps = snapshot.aiter(by_token_async(word, "set", log))
        await anext(steps)
        with pytest.raises(LookupError) as caught:
            await steps.athrow(error)
        assert error is caught.value
        steps = snapshot.aiter(failing())
        await anext(steps)
        with pytest.raises(LookupError) as caught:
            await anext(steps)
        assert error is caught.value
        assert [] == [one async for one in steps]

    asyncio.run(main())
    assert ["hello", "reset to hello"] == log


def test_stop_async_iteration_inside_is_an_error(snapshot: Any) -> None:
    """As PEP 479 has it; thrown in, too."""

    async def failing() -> AsyncIterator[int]:
        yield 1
        raise StopAsyncIteration

    async def main() -> None:
        for throw in (False, True):
            steps = snapshot.aiter(failing())
            await anext(steps)
            with pytest.raises(RuntimeError, match="StopAsyncIteration"):
                await (steps.athrow(StopAsyncIteration()) if throw else anext(steps))

    asyncio.run(main())


def test_a_generator_that_will_not_close(snapshot: Any) -> None:
    """The interpreter complains of it as ever."""

    async def generator() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            yield 2

    async def main() -> None:
        steps = snapshot.aiter(generator())
        await anext(steps)
        with pytest.raises(RuntimeError, match="async generator ignored"):
            await steps.aclose()

    asyncio.run(main())


def test_something_with_nothing_but_anext(snapshot: Any) -> None:
    """An object can be iterated over, closed and thrown into as well."""

    class Numbers:
        def __init__(self) -> None:
            self.made_in = word.get("nothing")
            self.count = 0

        def __aiter__(self) -> Numbers:
            self.made_in = word.get("nothing")
            return self

        async def __anext__(self) -> tuple[str, str]:
            await asyncio.sleep(0)
            self.count += 1
            if self.count > 2:
                raise StopAsyncIteration
            return self.made_in, word.get("nothing")

    async def main() -> None:
        assert [("hello", "hello")] * 2 == [
            one async for one in snapshot.aiter(Numbers())
        ]
        steps = snapshot.aiter(Numbers())
        await anext(steps)
        with pytest.raises(KeyError, match="thrown"):
            await steps.athrow(KeyError("thrown"))
        steps = snapshot.aiter(Numbers())
        await anext(steps)
        await steps.aclose()
        assert [] == [one async for one in steps]

    asyncio.run(main())


def test_cancelling_a_step(snapshot: Any) -> None:
    """The generator sees it in its bindings."""
    log: Log = []

    async def generator() -> AsyncIterator[int]:
        token = word.set("set")
        try:
            yield 1
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            log.append(f"cancelled in {word.get()}")
            raise
        finally:
            word.reset(token)
            log.append(word.get())

    async def main() -> None:
        steps = snapshot.aiter(generator())
        await anext(steps)
        task = asyncio.create_task(in_task(anext(steps)))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ["cancelled in set", "hello"] == log


@pytest.mark.parametrize("way", ["aiter", "wrap"])
@pytest.mark.parametrize("how", ["drop", "cycle", "left", "break"])
def test_not_closed(
    inscope: ModuleType,
    carry: ModuleType,
    way: str,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The loop closes it, in its bindings: dropped, in a cycle, or as the loop ends."""
    user, log, left = inscope.Var("user"), list[Any](), list[Any]()
    snapshot = captured(carry, user, "ann")

    def make(function: Any) -> Any:
        if way == "aiter":
            return snapshot.aiter(function(user, "bob", log))
        return snapshot.wrap(function)(user, "bob", log)

    async def main() -> None:
        pair = [make(binding_async), make(by_token_async)]
        assert 2 == len([await anext(steps) for steps in pair])
        if how == "left":
            left.extend(pair)
        elif how == "break":
            async for _ in pair[0]:
                break
        elif how == "cycle":
            pair.append(pair)
        del pair
        if how != "left":
            gc.collect()
            for _ in range(9):
                await asyncio.sleep(0)
            assert 3 == len(log)

    asyncio.run(main())
    assert ["ann", "ann", "reset to ann"] == sorted(log)
    assert [] == reports(caplog)


def test_the_loop_is_told_of_one_generator(snapshot: Any) -> None:
    """The outer one: it would close the inner one in a context of its own choice."""
    told: list[Any] = []

    async def generator() -> AsyncIterator[str]:
        yield word.get()

    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(told.append, None)
    try:
        steps = snapshot.aiter(generator())
        with pytest.raises(StopIteration) as stopped:
            steps.asend(None).send(None)
    finally:
        sys.set_asyncgen_hooks(*hooks)
    assert "hello" == stopped.value.value
    assert [steps] == told
    told.clear()


def test_two_over_one_snapshot_by_turns(snapshot: Any) -> None:
    """In two tasks: they do not meet."""
    logs: list[Log] = [[], []]

    async def read(name: str, log: Log) -> list[Any]:
        async with aclosing(snapshot.aiter(by_token_async(word, name, log))) as steps:
            return await taken(steps, 3)

    async def main() -> list[Any]:
        return list(await asyncio.gather(read("a", logs[0]), read("b", logs[1])))

    assert [[("a", None)] * 3, [("b", None)] * 3] == asyncio.run(main())
    assert [["hello", "reset to hello"]] * 2 == logs


def test_on_trio(snapshot: Any) -> None:
    """Closed by the block, and cancelled."""
    trio: Any = pytest.importorskip("trio")
    log: Log = []

    async def generator() -> AsyncGenerator[str, None]:
        token = word.set("set")
        try:
            while True:
                await trio.lowlevel.checkpoint()
                yield word.get()
        finally:
            word.reset(token)
            log.append(word.get())

    async def main() -> None:
        async with aclosing(snapshot.aiter(generator())) as steps:
            assert ["set", "set"] == await taken(steps, 2)
        steps = snapshot.aiter(generator())
        await anext(steps)
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(steps)
        assert scope.cancelled_caught
        assert word.get(None) is None

    trio.run(main)
    assert ["hello", "hello"] == log


def test_it_begins_when_it_is_asked(snapshot: Any) -> None:
    """Nothing of it runs before, or if it is closed at once."""
    log: Log = []

    async def main() -> None:
        steps = snapshot.aiter(by_token_async(word, "set", log))
        assert isinstance(steps, AsyncGenerator)
        await steps.aclose()

    asyncio.run(main())
    assert [] == log


@pytest.mark.parametrize("iterable", [3, None, [1], iter([1])])
def test_it_refuses_what_is_no_async_iterable(snapshot: Any, iterable: Any) -> None:
    """At once, and names it."""
    with pytest.raises(TypeError, match=r"aiter\(\) takes an asynchronous iterable"):
        snapshot.aiter(iterable)
