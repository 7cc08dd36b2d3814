"""``carry``: a function that takes the context along, and a fork of its scopes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextvars import Context
from threading import Barrier, Thread
from types import ModuleType
from typing import Any

from carry_world import (
    carrying,
    in_thread,
    word,
)


def test_it_has_the_context_in_which_it_was_carried(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """Not that of who calls it."""
    user = inscope.Var("user")
    with user.bind("ann"):
        carried = carry.carry(user.get)
        user.set("later")
    with user.bind("caller"):
        assert "ann" == carried()
        assert "caller" == user.get()
    assert "ann" == in_thread(carried)
    assert "ann" == Context().run(carried)


def test_each_call_has_a_copy(inscope: ModuleType, carry: ModuleType) -> None:
    """What one call sets, the next one does not see; nor does the caller."""
    local, user = inscope.Local(), inscope.Var("user")

    @carrying(carry)
    def call(value: int) -> tuple[Any, Any]:
        found = user.get(None), getattr(local, "name", None)
        user.set(value)
        local.name = value
        return found

    assert [(None, None)] * 3 == [call(value) for value in range(3)]
    assert not user.is_bound()


def test_generators_carried_once_do_not_meet(carry: ModuleType) -> None:
    """Read by turns, each has its copy to the last step."""

    @carrying(carry)
    def generator(name: str) -> Iterator[Any]:
        before = word.get("nothing")
        token = word.set(name)
        for _ in range(2):
            yield before, word.get()
        word.reset(token)
        yield word.get("nothing")

    found = list(zip(generator("a"), generator("b"), strict=True))
    step = (("nothing", "a"), ("nothing", "b"))
    assert [step, step, ("nothing", "nothing")] == found
    assert word.get(None) is None


def test_coroutines_and_async_generators_carried_once_do_not_meet(
    carry: ModuleType,
) -> None:
    """In two tasks, at the same time."""

    @carrying(carry)
    async def coroutine(name: str) -> Any:
        before = word.get("nothing")
        word.set(name)
        await asyncio.sleep(0)
        return before, word.get()

    @carrying(carry)
    async def agenerator(name: str) -> AsyncIterator[Any]:
        before = word.get("nothing")
        token = word.set(name)
        for _ in range(2):
            await asyncio.sleep(0)
            yield before, word.get()
        word.reset(token)

    async def collect(name: str) -> list[Any]:
        return [one async for one in agenerator(name)]

    async def main() -> list[Any]:
        works = [coroutine("a"), coroutine("b"), collect("c"), collect("d")]
        return await asyncio.gather(*works)

    one, other = ("nothing", "a"), ("nothing", "b")
    rest = [[("nothing", "c")] * 2, [("nothing", "d")] * 2]
    assert [one, other, *rest] == asyncio.run(main())


def test_two_threads_in_one_carried_function(carry: ModuleType) -> None:
    """At the same moment."""
    barrier, found = Barrier(2), set[str]()

    @carrying(carry)
    def work(name: str) -> None:
        word.set(name)
        barrier.wait(10)
        found.add(word.get())
        barrier.wait(10)

    threads = [Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {"a", "b"} == found


def test_calling_itself(carry: ModuleType) -> None:
    """Each call has a copy of what was captured."""

    @carrying(carry)
    def count(depth: int) -> list[str]:
        before = word.get("nothing")
        word.set(str(depth))
        return [before, *(count(depth - 1) if depth else [])]

    assert ["nothing"] * 4 == count(3)
