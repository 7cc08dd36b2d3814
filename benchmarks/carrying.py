"""The rows of ``carry`` and ``carried_tasks``: what it costs to take a context along.

By hand is ``contextvars``: a context that is copied, and what runs in the copy; a step
of a plain generator. All of it in a context of five bindings.
"""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from benchmarks.results import BY_HAND, OURS, Cell, Row
from benchmarks.timing import alternate, timed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from benchmarks.timing import Effort, Timer

    Start = Callable[[Callable[[], Any], list[Any], int], Awaitable[Any]]

SUBMIT = "submit a job to a pool of threads; 100 before any is waited for"
ROUND_TRIP = "submit a job to a pool of threads, and wait for it"
CAPTURE = "capture the context"
RUN = "run a function in a copy of it"
CARRIED = "call a carried function"
STEP = "a step of a `@scoped` generator; by hand: of a plain one"
ITER = "a step of `snapshot.iter(generator)`; by hand: of a plain one"
ASYNC_STEP = "a step of a `@scoped` async generator; by hand: of a plain one"
AITER = "a step of `snapshot.aiter(generator)`; by hand: of a plain one"
CHANGED = "the same, after the caller has set a variable"

SHARED, OWN = "five bindings, the same for all tasks", "five bindings for each task"
IN_BLOCKS = "five bindings for each task, in blocks: `with var.bind(value):`"
BINDINGS = 5
JOBS = 100


def nothing() -> None:
    """Do nothing."""


def measure(effort: Effort) -> list[Row]:
    """Return the rows of what is done one at a time."""
    from inscope import Var

    for number in range(BINDINGS):
        Var(f"bound{number}").set(number)
    found = {**_runs(), **_steps()}
    rows = [
        Row(name, "", (), alternate(timers, effort)) for name, timers in found.items()
    ]
    return [*_submitted(effort), *rows]


def _runs() -> dict[str, dict[str, Timer]]:
    from inscope.carry import Snapshot, carry

    context, snapshot = copy_context(), Snapshot.capture()
    copied_run = timed("context.copy().run(f)", context=context, f=nothing)
    return {
        CAPTURE: {
            BY_HAND: timed("copy_context()", copy_context=copy_context),
            OURS: timed("capture()", capture=Snapshot.capture),
        },
        RUN: {
            BY_HAND: copied_run,
            OURS: timed("snapshot.run(f)", snapshot=snapshot, f=nothing),
        },
        CARRIED: {BY_HAND: copied_run, OURS: timed("f()", f=carry(nothing))},
    }


def _endless() -> Iterator[None]:
    while True:
        yield


async def _async_endless() -> AsyncIterator[None]:
    while True:
        yield


def _steps() -> dict[str, dict[str, Timer]]:
    from inscope.carry import Snapshot, scoped

    snapshot = Snapshot.capture()
    sync = {
        STEP: scoped(_endless)(),
        ITER: snapshot.iter(_endless()),
    }
    asynchronous = {
        ASYNC_STEP: scoped(_async_endless)(),
        AITER: snapshot.aiter(_async_endless()),
    }
    plain, changing = ContextVar("plain"), {"next_": next, "plain": ContextVar("other")}
    changed = "plain.set(value); next_(steps)"
    return {
        **{
            name: {
                BY_HAND: timed("next_(steps)", next_=next, steps=_endless()),
                OURS: timed("next_(steps)", next_=next, steps=steps),
            }
            for name, steps in sync.items()
        },
        CHANGED: {
            BY_HAND: timed(changed, **{**changing, "plain": plain}, steps=_endless()),
            OURS: timed(changed, **changing, steps=scoped(_endless)()),
        },
        **{
            name: {
                BY_HAND: timed("await step()", step=_async_endless().__anext__),
                OURS: timed("await step()", step=steps.__anext__),
            }
            for name, steps in asynchronous.items()
        },
    }


def _submitted(effort: Effort) -> list[Row]:
    """Return the rows of executors, which have threads only while they are measured."""
    from inscope.carry import carrying

    def by_hand(executor: Any) -> Any:
        return executor.submit(copy_context().run, nothing)

    def ours(executor: Any) -> Any:
        return executor.submit(nothing)

    with ThreadPoolExecutor(1) as plain, carrying(ThreadPoolExecutor(1)) as pool:
        each = {BY_HAND: (by_hand, plain), OURS: (ours, pool)}
        found = {
            SUBMIT: {name: _flood(*one) for name, one in each.items()},
            ROUND_TRIP: {name: _round_trip(*one) for name, one in each.items()},
        }
        return [
            Row(name, "", (), alternate(timers, effort))
            for name, timers in found.items()
        ]


def _flood(submit: Callable[[Any], Any], executor: Any) -> Timer:
    def run(loops: int) -> float:
        taken = 0.0
        for _ in range(0, loops, JOBS):
            start = time.perf_counter()
            futures = [submit(executor) for _ in range(JOBS)]
            taken += time.perf_counter() - start
            for future in futures:
                future.result()
        return taken * loops / (-(-loops // JOBS) * JOBS)

    return run


def _round_trip(submit: Callable[[Any], Any], executor: Any) -> Timer:
    def run(loops: int) -> float:
        start = time.perf_counter()
        for _ in range(loops):
            submit(executor).result()
        return time.perf_counter() - start

    return run


def measure_tasks(effort: Effort) -> list[Row]:
    """Return what a task that waits takes up, with the context it was started in."""
    from inscope import Var
    from inscope.carry import Snapshot

    vars_ = [Var[int](f"bound{number}") for number in range(BINDINGS)]
    # The same for both: how a context lies in memory depends on its variables.
    plain = [var._cells for var in vars_]
    by_hand = plain, copy_context, _run_in_copy
    ours = vars_, Snapshot.capture, _run

    def measured(contestant: Any, **how: bool) -> Cell:
        return Cell(asyncio.run(_bytes(effort.growth, *contestant, **how)))

    measured(by_hand)  # what grows once, as asyncio's set of all tasks, is not counted
    one, each = measured(by_hand), measured(by_hand, own=True)
    found = [
        (SHARED, one, measured(ours)),
        (OWN, each, measured(ours, own=True)),
        (IN_BLOCKS, each, measured(ours, own=True, in_blocks=True)),
    ]
    return [
        Row(title, "", (), {BY_HAND: hand, OURS: own}, "bytes")
        for title, hand, own in found
    ]


def _run_in_copy(context: Any, function: Any, *args: Any) -> Any:
    return context.copy().run(function, *args)


def _run(snapshot: Any, function: Any, *args: Any) -> Any:
    return snapshot.run(function, *args)


async def _bytes(
    size: int,
    variables: list[Any],
    capture: Callable[[], Any],
    run: Callable[..., Any],
    *,
    own: bool = False,
    in_blocks: bool = False,
) -> float:
    """Return the bytes of each of so many tasks that wait."""
    waiting = asyncio.Event()

    async def work() -> None:
        await waiting.wait()

    def captured(value: int) -> Any:
        with ExitStack() as stack:
            for var in variables:
                bound = object() if own else value
                if in_blocks:
                    stack.enter_context(var.bind(bound))
                else:
                    stack.callback(var.reset, var.set(bound))
            return capture()

    shared = captured(0)
    tasks = [run(shared, asyncio.create_task, work())]
    await asyncio.sleep(0)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(size):
            context = captured(number) if own else shared
            tasks.append(run(context, asyncio.create_task, work()))
        del context
        await asyncio.sleep(0)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    waiting.set()
    await asyncio.gather(*tasks)
    return taken / size
