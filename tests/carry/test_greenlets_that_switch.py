"""Greenlets that switch within what was carried: no two of them enter one Context."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import Context
from types import ModuleType
from typing import Any

import pytest
from turns import give_way, take_turns

plain: Any = pytest.importorskip("greenlet")

Log = list[Any]


def test_a_context_that_is_entered_cannot_be_by_another_greenlet() -> None:
    """The fault: ``Context.run`` around what switches; then what it holds is stuck."""
    context = Context()
    workers = [plain.greenlet(context.run) for _ in range(2)]
    workers[0].switch(give_way)
    with pytest.raises(RuntimeError, match="already entered"):
        workers[1].switch(give_way)
    workers[0].switch()


@pytest.fixture(params=["plain", "carrying"])
def make(request: pytest.FixtureRequest, greenlets: ModuleType) -> Any:
    """The class of the greenlets in which something carried runs."""
    return plain.greenlet if request.param == "plain" else greenlets.greenlet


MANY = 20


def _functions(
    current: Any, log: Log, carry: ModuleType
) -> dict[str, Callable[[int], Any]]:
    """Return functions that have "ann" bound, and switch while they have."""

    def work(number: int) -> None:
        for step in range(3):
            before = current.get()
            with current.bind(f"{number}.{step}"):
                give_way()
                log.append((before, current.get() == f"{number}.{step}"))

    def stepping(number: int) -> Iterator[None]:
        for step in range(3):
            before = current.get()
            with current.bind(f"{number}.{step}"):
                give_way()
                yield
                give_way()
                log.append((before, current.get() == f"{number}.{step}"))

    async def driven(number: int) -> None:
        work(number)

    async def stepping_async(number: int) -> AsyncIterator[None]:
        for _ in stepping(number):
            yield

    async def iterate(iterable: Any) -> None:
        async for _ in iterable:
            pass

    def finish(coroutine: Any) -> None:
        with pytest.raises(StopIteration):
            coroutine.send(None)

    snapshot = carry.Snapshot.capture()
    steps, async_steps = carry.carry(stepping), carry.carry(stepping_async)
    return {
        "run": lambda number: snapshot.run(work, number),
        "carry": carry.carry(work),
        "wrap": snapshot.wrap(work),
        "iter": lambda number: list(snapshot.iter(stepping(number))),
        "carry, generator": lambda number: list(steps(number)),
        "drive": lambda number: finish(snapshot.drive(driven(number))),
        "aiter": lambda number: finish(iterate(snapshot.aiter(stepping_async(number)))),
        "carry, async generator": lambda number: finish(iterate(async_steps(number))),
    }


@pytest.mark.parametrize(
    "way",
    [
        "run",
        "carry",
        "wrap",
        "iter",
        "carry, generator",
        "drive",
        "aiter",
        "carry, async generator",
    ],
)
def test_greenlets_that_switch_within_what_was_carried(
    inscope: ModuleType, carry: ModuleType, make: Any, way: str
) -> None:
    """One function for all of them: each call has a context of its own."""
    current = inscope.Var("current", default="nobody")
    log: Log = []
    with current.bind("ann"):
        function = _functions(current, log, carry)[way]
    with current.bind("bob"):
        workers = [
            make(lambda number=number: function(number)) for number in range(MANY)
        ]
        take_turns(workers)
        assert "bob" == current.get()
    assert [("ann", True)] * 3 * MANY == log


def test_a_scoped_generator_that_is_advanced_by_greenlets(
    inscope: ModuleType, carry: ModuleType, make: Any
) -> None:
    """One of each kind for each; what the greenlet binds shows through."""
    current = inscope.Var("current", default="nobody")
    inner = inscope.Var("inner", default="nothing")
    log: Log = []

    @carry.scoped  # type: ignore[untyped-decorator]
    def steps(number: int) -> Iterator[Any]:
        with inner.bind(number):
            for _ in range(3):
                give_way()
                yield current.get(), inner.get()

    def work(number: int) -> None:
        for step, (seen, own) in enumerate(generators[number]):
            assert "nothing" == inner.get()
            log.append((seen == f"{number}.{step}", own == number))
            current.set(f"{number}.{step + 1}")

    def begin(number: int) -> None:
        with current.bind(f"{number}.0"):
            work(number)

    generators = [steps(number) for number in range(MANY)]
    take_turns([make(lambda number=number: begin(number)) for number in range(MANY)])
    assert [(True, True)] * 3 * MANY == log


def test_one_generator_is_advanced_by_several_greenlets(
    inscope: ModuleType, carry: ModuleType, make: Any
) -> None:
    """By one after the other; what it has bound stays."""
    current = inscope.Var("current", default="nobody")

    def steps() -> Iterator[str]:
        with current.bind("inside"):
            for _ in range(3):
                give_way()
                yield current.get()
        yield current.get()

    with current.bind("ann"):
        generator = carry.Snapshot.capture().iter(steps())
    workers = [make(lambda: next(generator)) for _ in range(4)]
    seen: Log = []
    for worker in workers:
        result = worker.switch()
        seen.append(result if worker.dead else worker.switch())
    assert ["inside", "inside", "inside", "ann"] == seen


def test_a_step_that_is_away_cannot_be_taken_by_another_greenlet(
    inscope: ModuleType, carry: ModuleType, make: Any
) -> None:
    """As of any generator; nothing is damaged by that."""
    current = inscope.Var("current", default="nobody")

    def steps() -> Iterator[str]:
        give_way()
        yield current.get()
        yield current.get()

    with current.bind("ann"):
        generator = carry.Snapshot.capture().iter(steps())
    first = make(lambda: next(generator))
    first.switch()
    with pytest.raises(ValueError, match="already executing"):
        make(lambda: next(generator)).switch()
    assert "ann" == first.switch()
    assert "ann" == make(lambda: next(generator)).switch()
