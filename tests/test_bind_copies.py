"""What binds leave in contexts copied meanwhile, and in memory: no more than due.

A copy keeps what it captured, unless the Var says ``after_exit="revoke"``; what
nobody can read any more is freed.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import weakref
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from itertools import count
from types import ModuleType
from typing import Any

import pytest
from bindable import CELLS, KINDS, LOCALS, NOTHING, Bindable, Thing, make

KEEPING = [kind for kind in KINDS if kind != "revoking var"]


@pytest.fixture(params=CELLS)
def thing(request: pytest.FixtureRequest, inscope: ModuleType) -> Bindable:
    """One of everything that can withdraw what it bound."""
    return make(inscope, request.param)


@pytest.fixture
def quiet(inscope: ModuleType) -> Iterator[None]:
    """Drop what is logged, which would otherwise be kept for the report."""
    logger = logging.getLogger("inscope")
    logger.disabled = True
    yield
    logger.disabled = False


# What contexts that were copied meanwhile read


@pytest.mark.parametrize("kind", KEEPING)
def test_a_copy_keeps_what_it_captured(inscope: ModuleType, kind: str) -> None:
    """As with plain context variables; and it can bind upon it and go back."""
    thing = make(inscope, kind)
    with thing.bind("captured"):
        copy = copy_context()
    assert NOTHING == thing.read()
    assert "captured" == copy.run(thing.read)

    def bind_upon() -> Any:
        with thing.bind("upon"):
            return thing.read()

    assert "upon" == copy.run(bind_upon)
    assert "captured" == copy.run(thing.read)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("runner", ["task", "timer"])
def test_tasks_and_timers_that_go_on(
    inscope: ModuleType, kind: str, runner: str
) -> None:
    """They keep the value that they captured; a revoked one is gone for them."""
    thing = make(inscope, kind)
    seen: list[Any] = []

    async def main() -> None:
        thing.write("before")
        ended = asyncio.Event()
        with thing.bind("captured"):
            if runner == "task":
                later = asyncio.create_task(wait_and_read(ended))
            else:
                asyncio.get_running_loop().call_later(
                    0.01, read, done := asyncio.Event()
                )
                later = asyncio.create_task(done.wait())
            await asyncio.sleep(0)
        ended.set()
        await later
        seen.append(thing.read())

    async def wait_and_read(ended: asyncio.Event) -> None:
        await ended.wait()
        seen.append(thing.read())

    def read(done: asyncio.Event) -> None:
        seen.append(thing.read())
        done.set()

    asyncio.run(main())

    later_value = "before" if kind == "revoking var" else "captured"
    assert [later_value, "before"] == seen


def test_a_revoked_object_is_freed_though_a_timer_holds_the_context(
    inscope: ModuleType,
) -> None:
    """A plain context variable would keep it until the timer has run."""
    thing = make(inscope, "revoking var")
    kept = make(inscope, "var")

    async def main() -> list[Any]:
        values = [Thing(), Thing()]
        references = [weakref.ref(value) for value in values]
        with thing.bind(values[0]), kept.bind(values[1]):
            timer = asyncio.get_running_loop().call_later(3600, print)
        values.clear()
        gc.collect()
        alive = [reference() is not None for reference in references]
        timer.cancel()
        return alive

    assert [False, True] == asyncio.run(main())


def test_revoking_withdraws_from_copies_of_copies(inscope: ModuleType) -> None:
    """All of them read what was bound before, and what was bound upon it stays."""
    thing = make(inscope, "revoking var")
    thing.write("before")
    with thing.bind("inside"):
        copy = copy_context()
        copy_of_copy = copy.run(copy_context)
        upon = thing.bind("upon")
        copy_of_copy.run(upon.__enter__)

    assert "before" == copy.run(thing.read)
    assert "upon" == copy_of_copy.run(thing.read)
    copy_of_copy.run(upon.__exit__)
    assert "before" == copy_of_copy.run(thing.read)


def test_a_captured_value_that_is_overwritten_is_freed(inscope: ModuleType) -> None:
    """A task that sets its own value lets go of that of the block it began in."""
    for kind in ("var", "several", *LOCALS, "var over"):
        thing = make(inscope, kind)
        value = Thing()
        reference = weakref.ref(value)
        with thing.bind(value):
            copy = copy_context()
        del value
        copy.run(thing.write, "own")
        gc.collect()

        assert "own" == copy.run(thing.read)
        assert reference() is None, kind


# Nothing grows


ENOUGH = 500
"""Blocks of memory: a chain of 5,000 would take ten times as many."""


def _growth(step: Callable[[], None]) -> int:
    """Return how many blocks of memory 5,000 calls of *step* leave behind.

    Too many are counted a second time: another thread may have kept what it made.
    """
    for _ in range(100):
        step()
    grown = _kept(step)
    return grown if grown < ENOUGH else _kept(step)


def _kept(step: Callable[[], None]) -> int:
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(5_000):
        step()
    gc.collect()
    return sys.getallocatedblocks() - before


@pytest.mark.parametrize("pattern", ["alone", "after a set", "overlapping"])
def test_binds_left_elsewhere_leave_no_chain_behind(
    thing: Bindable, pattern: str, quiet: None
) -> None:
    """Thousands of them in one context take no more memory than one."""
    here = copy_context()
    is_stack = thing.kind == "stack"
    open_binds: list[Any] = []

    def step() -> None:
        bind = thing.bind(object())
        bind.__enter__()
        if pattern == "after a set" and not is_stack:
            thing.write(object())
        open_binds.append(bind)
        if pattern != "overlapping" or len(open_binds) > 2:
            Context().run(open_binds.pop(0).__exit__)

    assert ENOUGH > here.run(_growth, step)


def test_ever_new_names_left_elsewhere_leave_nothing_behind(
    inscope: ModuleType, quiet: None
) -> None:
    """The next bind tidies up what could only be emptied from elsewhere."""
    local, numbers = inscope.Local(), count()

    def step() -> None:
        bind = inscope.bound(local, **{f"name{next(numbers)}": object()})
        bind.__enter__()
        Context().run(bind.__exit__)

    assert ENOUGH > copy_context().run(_growth, step)


@pytest.mark.parametrize("kind", KINDS)
def test_binds_left_in_their_context_leave_no_chain_behind(
    inscope: ModuleType, kind: str
) -> None:
    """Also if they overlap there, as those of generators do."""
    thing = make(inscope, kind)
    open_binds: list[Any] = []

    def step() -> None:
        bind = thing.bind(object())
        bind.__enter__()
        thing.write(object())
        open_binds.append(bind)
        if len(open_binds) > 2:
            open_binds.pop(0).__exit__(None, None, None)

    assert ENOUGH > copy_context().run(_growth, step)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "stack" not in kind])
def test_setting_again_and_again_leaves_no_chain_behind(
    inscope: ModuleType, kind: str
) -> None:
    """Outside of a bind and inside one."""
    thing = make(inscope, kind)

    def step() -> None:
        thing.write(object())

    assert ENOUGH > copy_context().run(_growth, step)
    with thing.bind("inside"):
        assert ENOUGH > copy_context().run(_growth, step)
