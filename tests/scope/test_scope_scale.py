"""Very many scopes at once, each with a resource: all close, and nothing is left."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from contextvars import Context
from types import ModuleType

import pytest
from scopes import define

MANY = 10_000


class Value:
    """Something that a weak reference can be made to."""


def test_many_open_scopes_are_all_closed(inscope: ModuleType) -> None:
    """In contexts of their own, opened in one order and closed in another."""
    jobs = define(inscope)
    values: weakref.WeakSet[Value] = weakref.WeakSet()
    closed = [0]

    def function() -> Iterator[Value]:
        value = Value()
        values.add(value)
        yield value
        closed[0] += 1

    lazy = jobs.resource(function)
    scopes = [jobs() for _ in range(MANY)]
    contexts = [Context() for _ in scopes]
    for context, scope in zip(contexts, scopes, strict=True):
        context.run(scope.push)
        context.run(hash, lazy)
    assert MANY == len(values)
    assert 0 == closed[0]
    assert len({id(context.run(inscope.unwrap, lazy)) for context in contexts}) == MANY

    references = [weakref.ref(scope) for scope in scopes]
    order = [*range(0, MANY, 2), *range(1, MANY, 2)]
    for number in order:
        contexts[number].run(scopes[number].pop)

    assert MANY == closed[0]
    assert {"closed"} == {scope.state for scope in scopes}
    assert 0 == len(values)
    scopes.clear()
    del scope
    contexts.clear()
    del context
    gc.collect()
    assert not any(reference() for reference in references)


def test_many_nested_scopes_are_closed_from_within(inscope: ModuleType) -> None:
    """Each shows the one around it, whose value is another one."""
    jobs = define(inscope)
    closed: list[int] = []
    numbers = iter(range(MANY))

    def function() -> Iterator[int]:
        number = next(numbers)
        yield number
        closed.append(number)

    lazy = jobs.resource(function)
    scopes = [jobs() for _ in range(MANY)]
    for number, scope in enumerate(scopes):
        scope.push()
        assert number == lazy
    for number in reversed(range(MANY)):
        assert scopes[number] is jobs.current()
        assert number == lazy
        scopes[number].pop()

    assert list(reversed(range(MANY))) == closed
    assert not jobs.is_active()


def test_many_tasks_have_async_scopes_at_once(inscope: ModuleType) -> None:
    """All are open before the first one closes."""
    jobs = define(inscope)
    many = MANY // 10
    opened, closed = [0], [0]

    async def function() -> AsyncIterator[int]:
        opened[0] += 1
        yield opened[0]
        assert many == opened[0]
        await asyncio.sleep(0)
        closed[0] += 1

    lazy = jobs.resource(eager=True)(function)

    async def main() -> set[int]:
        all_open = asyncio.Event()

        async def serve() -> int:
            async with jobs():
                if opened[0] == many:
                    all_open.set()
                await all_open.wait()
                return int(lazy)

        return set(await asyncio.gather(*[serve() for _ in range(many)]))

    assert set(range(1, many + 1)) == asyncio.run(main())
    assert many == closed[0]


def test_a_scope_with_very_many_steps_closes(inscope: ModuleType) -> None:
    """Also if each adds the next, and if each fails."""
    jobs = define(inscope)
    log: list[int] = []
    job = jobs().push()

    def step(number: int) -> None:
        log.append(number)
        if number:
            job.callback(step, number - 1)
        raise ValueError(number)

    job.callback(step, MANY)
    for _ in range(MANY):
        job.callback(str)
    error = ValueError("body")
    with pytest.raises(ExceptionGroup) as caught:
        job.pop(error)
    assert MANY + 1 == len(caught.value.exceptions)
    assert error is caught.value.__context__
    assert list(reversed(range(MANY + 1))) == log


def test_a_loop_of_scopes_leaves_nothing(inscope: ModuleType) -> None:
    """Without the collector, as many objects are there after as before."""
    jobs = define(inscope)

    def function() -> Iterator[Value]:
        yield Value()

    lazy = jobs.resource(function)

    def work() -> None:
        with jobs() as job:
            str(lazy)
            job.callback(str)

    for _ in range(10):
        work()
    gc.collect()
    before = len(gc.get_objects())
    gc.disable()
    try:
        for _ in range(1000):
            work()
        after = len(gc.get_objects())
    finally:
        gc.enable()
    assert after - before < 100
