"""Steps that are forgotten in a reference cycle: whoever collects them ends them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator
from contextvars import Context
from types import ModuleType, coroutine
from typing import Any

import pytest
from carry_world import (
    Log,
    by_token,
    captured,
    drop_in_thread,
    in_thread,
    word,
)

HANDLERS = ["iter", "drive"]
"""What is handed a generator, or something to be awaited, that was there before."""


@pytest.fixture
def snapshot(carry: ModuleType) -> Any:
    """One of a moment at which ``word`` was "hello"."""
    return captured(carry, word, "hello")


@pytest.fixture
def closed_first(core: str) -> None:
    """Skip where the collector may close what was there before it tells the carrier."""
    if core != "native":
        pytest.skip("the Python core learns of it when it has been closed")


def begun(
    snapshot: Any, handler: str, generator: Callable[..., Any], *args: Any
) -> Any:
    """Return the steps of what *generator* makes, handed to *handler* and begun."""
    made = (coroutine(generator) if handler == "drive" else generator)(*args)
    steps = getattr(snapshot, handler)(made)
    steps.send(None)
    return steps


def forget_in_cycle(steps: list[Any]) -> None:
    """Let another thread collect *steps*, which is emptied, in a cycle."""
    cycle: list[Any] = [steps.pop()]
    cycle.append(cycle)
    things = [cycle]
    del cycle
    drop_in_thread(things)
    gc.collect()


@pytest.mark.usefixtures("collected_in_order")
def test_it_is_closed_in_the_bindings(snapshot: Any) -> None:
    """What is made by whoever carries it, on either core."""
    log: Log = []
    steps = snapshot.wrap(by_token)(word, "set", log)
    next(steps)
    things = [steps]
    del steps
    forget_in_cycle(things)
    assert ["hello", "reset to hello"] == log


@pytest.mark.usefixtures("collected_in_order")
@pytest.mark.parametrize("kind", ["generator", "coroutine"])
def test_many_cycles_through_those_that_delegate(
    snapshot: Any, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """In whatever order the collector comes to them."""
    log: Log = []

    def delegating(_: Any) -> Generator[Any, Any, Any]:
        yield from by_token(word, "set", log)

    @coroutine
    def awaited() -> Generator[Any, Any, Any]:
        yield from by_token(word, "set", log)

    async def awaiting(_: Any) -> None:
        await awaited()

    for _ in range(50):
        owner: list[Any] = []
        function = delegating if kind == "generator" else awaiting
        owner.append(snapshot.wrap(function)(owner))
        owner[0].send(None)
        del owner
    in_thread(gc.collect)
    gc.collect()
    assert ["hello"] * 50 + ["reset to hello"] * 50 == sorted(log)
    assert "" == capfd.readouterr().err


@pytest.mark.usefixtures("closed_first")
@pytest.mark.parametrize("handler", HANDLERS)
def test_so_is_what_was_there_before(snapshot: Any, handler: str) -> None:
    """Though the collector comes to it first."""
    log: Log = []
    forget_in_cycle([begun(snapshot, handler, by_token, word, "set", log)])
    assert ["hello", "reset to hello"] == log


@pytest.mark.usefixtures("closed_first")
@pytest.mark.parametrize("handler", HANDLERS)
def test_what_holds_its_own_steps(
    snapshot: Any, handler: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """As it is closed, it lets go of who advances it, in the midst of that."""
    log: Log = []

    def generator(owner: list[Any]) -> Iterator[None]:
        try:
            yield
        finally:
            log.append((len(owner), word.get()))

    for _ in range(3):
        owner: list[Any] = []
        owner.append(begun(snapshot, handler, generator, owner))
        del owner
    in_thread(gc.collect)
    gc.collect()
    assert [(1, "hello")] * 3 == log
    assert "" == capfd.readouterr().err


@pytest.mark.usefixtures("closed_first")
@pytest.mark.parametrize("handler", HANDLERS)
def test_what_raises_as_it_is_closed(
    snapshot: Any, handler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is reported once, as Python reports what nobody can catch."""
    reported: list[Any] = []
    monkeypatch.setattr(
        "sys.unraisablehook", lambda found: reported.append(found.exc_value)
    )

    def generator() -> Iterator[None]:
        try:
            yield
        finally:
            raise LookupError(word.get())

    forget_in_cycle([begun(snapshot, handler, generator)])
    assert ["hello"] == [str(error) for error in reported]
    assert [LookupError] == [type(error) for error in reported]


@pytest.mark.usefixtures("closed_first")
def test_what_does_not_want_to_end(
    snapshot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is asked again by its own end, as any generator is, and reported."""
    reported: list[str] = []
    monkeypatch.setattr(
        "sys.unraisablehook", lambda found: reported.append(str(found.exc_value))
    )

    def generator() -> Iterator[int]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    forget_in_cycle([begun(snapshot, "iter", generator)])
    assert ["generator ignored GeneratorExit"] == reported


@pytest.mark.usefixtures("closed_first")
def test_what_brings_its_steps_back(snapshot: Any) -> None:
    """They are at their end, then, and run nothing."""
    kept: list[Any] = []

    def generator(owner: list[Any]) -> Iterator[int]:
        try:
            yield 1
        finally:
            kept.extend(owner)

    owner: list[Any] = []
    owner.append(begun(snapshot, "iter", generator, owner))
    del owner
    in_thread(gc.collect)
    assert 1 == len(kept)
    assert [] == Context().run(list, kept[0])
    kept[0].close()
