"""``@scoped``: what a generator or coroutine binds stays inside, step by step."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from contextvars import Context, copy_context
from types import ModuleType
from typing import Any

import pytest
from carry_world import (
    Log,
    binding,
    binding_async,
    by_token,
    by_token_async,
    define,
    drop_in_thread,
    in_task,
    in_thread,
    reports,
    scoping,
    taken,
    word,
)


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    """What ``word`` is around."""
    token = word.set("here")
    yield
    word.reset(token)


def test_what_a_generator_binds_stays_inside(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """Values of every kind, from its first step to its last."""
    user, local, stack = inscope.Var("user"), inscope.Local(), inscope.LocalStack()
    jobs = define(inscope)

    def see() -> list[Any]:
        found = [user.get(None), word.get(), getattr(local, "name", None), stack.top]
        return [*found, jobs.is_active()]

    @scoping(carry)
    def generator() -> Iterator[list[Any]]:
        with (
            user.bind("ann"),
            inscope.bound(local, name="lo"),
            inscope.pushed(stack, 1),
            jobs(),
        ):
            word.set("inside")
            yield see()
            yield see()
        yield see()

    inside, outside = (
        ["ann", "inside", "lo", 1, True],
        [None, "here", None, None, False],
    )
    found = [(step, see()) for step in generator()]
    after = [None, "inside", None, None, False]
    assert [(inside, outside)] * 2 + [(after, outside)] == found


def test_what_a_coroutine_binds_stays_inside(carry: ModuleType) -> None:
    """Though it is awaited in the same task."""

    @scoping(carry)
    async def coroutine(value: str) -> Any:
        word.set(value)
        await asyncio.sleep(0)
        return word.get(), asyncio.current_task()

    async def main() -> None:
        task = asyncio.current_task()
        assert ("a", task) == await coroutine("a")
        assert "here" == word.get()
        works: list[Any] = [coroutine("a"), coroutine("b")]
        both = await asyncio.gather(*works)
        assert ["a", "b"] == [one for one, _ in both]

    asyncio.run(main())


def test_what_an_async_generator_binds_stays_inside(carry: ModuleType) -> None:
    """From its first step to its last."""
    log: Log = []

    async def main() -> None:
        steps = carry.scoped(by_token_async)(word, "set", log)
        async with aclosing(steps):
            async for found, _ in steps:
                assert "set" == found
                assert "here" == word.get()
                break
        assert ["here", "reset to here"] == log

    asyncio.run(main())


def test_a_plain_function_is_one_step(carry: ModuleType) -> None:
    """What it sets is gone."""

    @scoping(carry)
    def function(value: str) -> str:
        before = word.get()
        word.set(value)
        return f"{before} {word.get()}"

    assert "here inside" == function("inside")
    assert "here" == word.get()


def test_the_protocol_of_generators(carry: ModuleType) -> None:
    """``send``, ``throw``, ``close`` and the value that is returned."""
    log: Log = []
    scoped = carry.scoped(by_token)
    steps = scoped(word, "set", log)
    assert ("set", None) == next(steps)
    assert ("set", 1) == steps.send(1)
    assert ("set", "caught") == steps.throw(ValueError("thrown"))
    with pytest.raises(StopIteration) as stopped:
        steps.send("stop")
    assert "returned here" == stopped.value.value
    assert ["here", "caught thrown", "reset to here"] == log
    del log[:]
    steps = scoped(word, "set", log)
    next(steps)
    steps.close()
    assert ["here", "reset to here"] == log


def test_the_protocol_of_async_generators(carry: ModuleType) -> None:
    """``asend``, ``athrow`` and ``aclose``."""
    log: Log = []
    scoped = carry.scoped(by_token_async)

    async def main() -> None:
        steps = scoped(word, "set", log)
        assert ("set", None) == await anext(steps)
        assert ("set", 1) == await in_task(steps.asend(1))
        assert ("set", "caught") == await steps.athrow(ValueError("thrown"))
        with pytest.raises(StopAsyncIteration):
            await steps.asend("stop")
        steps = scoped(word, "set", log)
        await anext(steps)
        await in_task(steps.aclose())

    asyncio.run(main())
    assert ["here", "caught thrown", "reset to here", "here", "reset to here"] == log


@pytest.mark.usefixtures("collected_in_order")
def test_closed_and_collected_elsewhere(
    inscope: ModuleType, carry: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """In another thread: tokens are valid there, and binds end."""
    user, log = inscope.Var("user", default="nobody"), list[Any]()
    pairs = [
        [
            carry.scoped(by_token)(word, "set", log),
            carry.scoped(binding)(user, "a", log),
        ]
        for _ in range(2)
    ]
    assert 4 == sum(len([next(steps) for steps in pair]) for pair in pairs)
    del log[:]
    closed = pairs.pop()
    assert [("set", None), "a"] == [in_thread(next, steps) for steps in closed]
    assert [None, None] == [in_thread(steps.close) for steps in closed]
    drop_in_thread(pairs)
    gc.collect()
    expected = ["nothing", "nothing", "reset to here", "reset to here"]
    assert expected == sorted(log)
    assert [] == reports(caplog)
    assert ("here", "nobody") == (word.get(), user.get())


def test_async_ones_that_nobody_closes(
    inscope: ModuleType, carry: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """The loop does: dropped, and left open as it ends."""
    user, log, left = inscope.Var("user"), list[Any](), list[Any]()

    async def main() -> None:
        for keep in (False, True):
            pair = [
                carry.scoped(binding_async)(user, "bob", log),
                carry.scoped(by_token_async)(word, "set", log),
            ]
            assert 2 == len([await anext(steps) for steps in pair])
            if keep:
                left.extend(pair)
            del pair
            for _ in range(9):
                await asyncio.sleep(0)

    asyncio.run(main())
    ends = ["nothing", "nothing", "reset to here", "reset to here"]
    assert ["here", "here", *ends] == sorted(log)
    assert [] == reports(caplog)


def test_one_in_another(carry: ModuleType) -> None:
    """What the inner one binds does not reach the outer one, nor the other way."""

    @scoping(carry)
    def inner(value: str) -> Iterator[str]:
        yield word.get()
        word.set(value)
        yield word.get()

    @scoping(carry)
    def outer() -> Iterator[list[str]]:
        word.set("outer")
        for found in inner("inner"):
            yield [found, word.get()]

    assert [["outer", "outer"], ["inner", "outer"]] == list(outer())
    assert "here" == word.get()


def test_recursion(inscope: ModuleType, carry: ModuleType) -> None:
    """A walk over a tree: each level binds its own, and sees that of the one above."""
    depth = inscope.Var("depth", default=0)
    tree = [1, [2, [3, 4], 5], [6]]

    @scoping(carry)
    def walk(nodes: list[Any]) -> Iterator[tuple[int, int]]:
        with depth.bind(depth.get() + 1):
            for node in nodes:
                if isinstance(node, list):
                    yield from walk(node)
                else:
                    yield node, depth.get()

    expected = [(1, 1), (2, 2), (3, 3), (4, 3), (5, 2), (6, 2)]
    assert expected == list(walk(tree))
    found: list[Any] = []
    for one, two in zip(walk(tree), walk(tree), strict=True):
        assert one == two
        assert 0 == depth.get()
        found.append(one)
    assert expected == found


def test_scoped_twice(carry: ModuleType) -> None:
    """Is the same as once."""
    log: Log = []
    steps = carry.scoped(carry.scoped(by_token))(word, "set", log)
    assert ("set", None) == next(steps)
    token = word.set("changed")
    assert ("set", 1) == steps.send(1)
    word.reset(token)
    steps.close()
    assert ["here", "reset to here"] == log


def test_a_deep_chain(carry: ModuleType) -> None:
    """Of many generators, each in the one before."""

    @scoping(carry)
    def count(depth: int) -> Iterator[str]:
        word.set(str(depth))
        if depth:
            yield from count(depth - 1)
        yield word.get()

    assert [str(number) for number in range(41)] == list(count(40))
    assert "here" == word.get()


def test_methods(carry: ModuleType) -> None:
    """Of every kind."""

    class Source:
        name = "source"

        @scoping(carry)
        def numbers(self) -> Iterator[str]:
            word.set(self.name)
            yield word.get()

        @classmethod
        @scoping(carry)
        def of_class(cls) -> Iterator[str]:
            word.set(cls.name)
            yield word.get()

        @scoping(carry)
        @staticmethod
        def static() -> Iterator[str]:
            word.set("static")
            yield word.get()

        @property
        @scoping(carry)
        def made(self) -> str:
            word.set("made")
            return self.name

    source = Source()
    for steps in (source.numbers(), source.of_class(), Source.of_class()):
        assert [("source", "here")] == [(one, word.get()) for one in steps]
    assert [("static", "here")] == [(one, word.get()) for one in Source.static()]
    assert "source" == source.made
    assert "here" == word.get()


def test_advanced_in_several_contexts(carry: ModuleType) -> None:
    """What it has set itself is there in each; they see nothing of it."""

    @scoping(carry)
    def generator() -> Iterator[str]:
        yield word.get()
        word.set("own")
        while True:
            yield word.get()

    steps, context = generator(), copy_context()
    assert "here" == next(steps)
    assert "own" == context.run(next, steps)
    assert "own" == in_thread(next, steps)
    assert "own" == next(steps)
    assert "here" == context[word]
    assert "own" == Context().run(next, steps)


def test_an_error_in_a_step(carry: ModuleType) -> None:
    """Comes out as it is, and leaves the caller's context."""
    error = KeyboardInterrupt()

    @scoping(carry)
    def generator() -> Iterator[int]:
        word.set("inside")
        yield 1
        raise error

    steps = generator()
    next(steps)
    with pytest.raises(KeyboardInterrupt) as caught:
        next(steps)
    assert error is caught.value
    assert "here" == word.get()
    assert [] == list(steps)


def test_cancelling_and_timeouts(carry: ModuleType) -> None:
    """Of the task that awaits."""
    log: Log = []

    @scoping(carry)
    async def hang() -> None:
        token = word.set("hanging")
        try:
            await asyncio.Event().wait()
        finally:
            word.reset(token)
            log.append(word.get())

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await hang()
        assert 1 == len(asyncio.all_tasks())

    asyncio.run(main())
    assert ["here"] == log


def test_on_trio(carry: ModuleType) -> None:
    """A coroutine and an async generator."""
    trio: Any = pytest.importorskip("trio")

    @scoping(carry)
    async def coroutine() -> str:
        word.set("inside")
        await trio.lowlevel.checkpoint()
        return word.get()

    @scoping(carry)
    async def generator() -> AsyncIterator[str]:
        while True:
            word.set("inside")
            await trio.lowlevel.checkpoint()
            yield word.get()

    async def main() -> None:
        assert "inside" == await coroutine()
        async with aclosing(generator()) as steps:
            assert ["inside", "inside"] == await taken(steps, 2)
        assert "here" == word.get()

    trio.run(main)
