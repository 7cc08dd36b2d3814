"""Asynchronous generators that carry, on both backends of anyio's; dropped ones."""

from __future__ import annotations

import gc
import warnings
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest

anyio: Any = pytest.importorskip("anyio")

Log = list[Any]
Run = Callable[..., Any]

KINDS = pytest.mark.parametrize("kind", ["aiter", "wrap", "carry", "scoped"])


async def _turns(number: int = 3) -> None:
    for _ in range(number):
        await anyio.lowlevel.checkpoint()


class World:
    """A generator function, and how it is made to carry."""

    def __init__(self, inscope: ModuleType, carry: ModuleType, log: Log) -> None:
        self.carry = carry
        self.log = log
        self.outer = inscope.Var("outer", default="nobody")
        self.inner = inscope.Var("inner", default="nothing")
        self.plain: ContextVar[str] = ContextVar("plain")

    async def items(self) -> AsyncGenerator[Any, Any]:
        """Yield what is bound; three times, and awaiting in between."""
        token = self.plain.set("set")
        try:
            with self.inner.bind("inside"):
                for _ in range(3):
                    await _turns()
                    yield self.outer.get(), self.inner.get(), self.plain.get()
        finally:
            self.log.append((self.outer.get(), self.inner.get(), self.plain.get()))
            self.plain.reset(token)

    def made(self, kind: str) -> Any:
        """Return the generator, with "ann" bound."""
        with self.outer.bind("ann"):
            if kind == "aiter":
                return self.carry.Snapshot.capture().aiter(self.items())
            if kind == "wrap":
                return self.carry.Snapshot.capture().wrap(self.items)()
            if kind == "carry":
                return self.carry.carry(self.items)()
            return self.carry.scoped(self.items)()

    def nothing_left(self) -> None:
        """See that nothing of the generator's is bound here."""
        assert "nothing" == self.inner.get()
        assert "unset" == self.plain.get("unset")


@pytest.fixture
def world(inscope: ModuleType, carry: ModuleType, log: Log) -> World:
    """On the core under test."""
    return World(inscope, carry, log)


def _seen(kind: str, caller: str) -> str:
    """Return what the generator sees where *caller* is bound by who advances it."""
    return caller if kind == "scoped" else "ann"


@KINDS
def test_a_generator_that_carries_keeps_its_bindings(
    world: World, run: Run, log: Log, kind: str
) -> None:
    """At each step; none of them is seen outside."""

    async def main() -> None:
        generator = world.made(kind)
        seen: Log = []
        with world.outer.bind("bob"):
            async for item in generator:
                seen.append(item)
                world.nothing_left()
        assert [(_seen(kind, "bob"), "inside", "set")] * 3 == seen

    run(main)
    assert [(_seen(kind, "bob"), "nothing", "set")] == log


@KINDS
def test_a_generator_that_is_closed_by_another_task(
    world: World, run: Run, log: Log, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Begun by one, advanced by the next, closed by the last."""

    async def advance(generator: Any) -> None:
        with world.outer.bind("bob"):
            assert "inside" == (await anext(generator))[1]

    async def main() -> None:
        generator = world.made(kind)
        for _ in range(2):
            async with anyio.create_task_group() as group:
                group.start_soon(advance, generator)
        async with anyio.create_task_group() as group:
            group.start_soon(generator.aclose)
        world.nothing_left()
        with pytest.raises(StopAsyncIteration):
            await anext(generator)

    run(main)
    assert [(_seen(kind, "nobody"), "nothing", "set")] == log
    assert [] == [one for one in caplog.records if one.name.startswith("inscope")]


@KINDS
def test_a_generator_that_is_cancelled(
    world: World, run: Run, log: Log, kind: str
) -> None:
    """While it awaits: what it has bound ends, and nothing comes out but that."""

    async def main() -> None:
        generator = world.made(kind)
        with anyio.CancelScope() as scope:
            async with aclosing(generator):
                async for _ in generator:
                    scope.cancel()
        assert scope.cancelled_caught
        world.nothing_left()

    run(main)
    assert 1 == len(log)


@KINDS
def test_a_time_out_within_a_step(world: World, run: Run, log: Log, kind: str) -> None:
    """``move_on_after`` around an ``await`` of the generator's."""

    async def items() -> AsyncGenerator[Any, Any]:
        with world.inner.bind("inside"):
            for _ in range(2):
                with anyio.move_on_after(0) as scope:
                    await anyio.sleep_forever()
                yield scope.cancelled_caught, world.inner.get()
        log.append(world.inner.get())

    world.items = items  # type: ignore[method-assign]

    async def main() -> None:
        seen = [item async for item in world.made(kind)]
        assert [(True, "inside")] * 2 == seen
        world.nothing_left()

    run(main)
    assert ["nothing"] == log


@KINDS
def test_what_is_thrown_into_a_generator(
    world: World, run: Run, log: Log, kind: str
) -> None:
    """Comes out of it, after what it has bound has ended."""

    async def main() -> None:
        generator = world.made(kind)
        await anext(generator)
        with pytest.raises(ZeroDivisionError):
            await generator.athrow(ZeroDivisionError())
        world.nothing_left()

    run(main)
    assert [(_seen(kind, "nobody"), "nothing", "set")] == log


@KINDS
def test_a_generator_that_is_dropped_ends_where_it_was(
    world: World, run: Run, log: Log, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its token is valid, as it is closed in its own context, by whoever does that."""

    async def main() -> None:
        generator = world.made(kind)
        await anext(generator)
        del generator
        gc.collect()
        await _turns(10)
        world.nothing_left()

    with warnings.catch_warnings():
        # trio would have each one closed by its user.
        warnings.simplefilter("ignore", ResourceWarning)
        run(main)
        gc.collect()
    assert [(_seen(kind, "nobody"), "nothing", "set")] == log
    assert [] == [one for one in caplog.records if one.name.startswith("inscope")]


@KINDS
def test_generators_that_are_left_when_the_loop_ends(
    world: World, run: Run, log: Log, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is closed then, once; in whichever order the loop takes them."""
    kept: Log = []

    async def main() -> None:
        for _ in range(20):
            kept.append(world.made(kind))
            await anext(kept[-1])

    run(main)
    assert [(_seen(kind, "nobody"), "nothing", "set")] * 20 == log
    kept.clear()
    gc.collect()
    assert 20 == len(log)
    assert [] == caplog.records


def test_a_plain_generator_that_is_dropped_cannot_reset_its_token(run: Run) -> None:
    """The fault: it is closed in a context of the loop's."""
    plain: ContextVar[str] = ContextVar("plain")
    errors: Log = []

    async def items() -> AsyncGenerator[int, None]:
        token = plain.set("set")
        try:
            yield 1
        finally:
            try:
                plain.reset(token)
            except ValueError as error:
                errors.append(str(error))

    async def main() -> None:
        generator = items()
        await anext(generator)
        assert "set" == plain.get()
        del generator
        gc.collect()
        await _turns(10)
        assert "set" == plain.get()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        run(main)
    assert 1 == len(errors)
    assert "created in a different Context" in errors[0]
