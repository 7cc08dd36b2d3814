"""Threads, tasks and greenlets by turns: whatever the order, each reads its own."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import Context
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workers import INHERITS, KINDS, Driver, Main, Worker, greenlet
from world import KEYS, View, World

FIXTURE = [HealthCheck.function_scoped_fixture]  # it is the package, made once
SETTINGS = settings(deadline=None, suppress_health_check=FIXTURE)
ACTIONS = ("write", "write", "remove", "release", "enter", "enter", "leave", "abroad")

Step = tuple[int, str, str, int]
"""Which worker, what it does, to which name, and a number to pick by."""

steps = st.tuples(
    st.integers(0, 7),
    st.sampled_from(("spawn", *ACTIONS)),
    st.sampled_from(KEYS),
    st.integers(0, 7),
)


@pytest.fixture
def quiet(inscope: ModuleType) -> Iterator[None]:
    """Log nothing: binds are left abroad on purpose."""
    logger = logging.getLogger("inscope")
    logger.disabled = True
    yield
    logger.disabled = False


def _act(world: World, worker: Worker, view: View, step: Step) -> None:
    """Do one step for real, inside *worker*, and in the model."""
    _, action, key, number = step
    if action in ("leave", "abroad"):
        world.leave(worker.run, view, number, abroad=action == "abroad")
    else:
        getattr(world, action)(worker.run, view, key)


@settings(SETTINGS, max_examples=100)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=4),
    schedule=st.lists(steps, min_size=5, max_size=40),
)
def test_workers_stepped_in_any_order_read_their_own(
    inscope: ModuleType, quiet: None, kinds: list[str], schedule: list[Step]
) -> None:
    """All four kinds by turns, and those that they start, which inherit or do not."""
    context = Context()
    context.run(_run_schedule, World(inscope), kinds, schedule)


def _run_schedule(world: World, kinds: list[str], schedule: list[Step]) -> None:
    main = Main()
    with Driver() as driver:
        workers: list[tuple[Worker, View, str]] = [(main, world.view(), "main")]

        def spawn(kind: str, parent: int) -> None:
            worker, view, of_parent = workers[parent]
            if of_parent == "thread" and kind in ("task", "greenlet"):
                worker, view, _ = workers[0]  # these belong to the driver's thread
            child = driver.start(kind, worker)
            inherited = world.view(view if INHERITS[kind] else None)
            workers.append((child, inherited, kind))

        world.write(main.run, workers[0][1], "var")
        world.enter(main.run, workers[0][1], "local.a")
        for kind in kinds:
            spawn(kind, 0)
        for step in schedule:
            number, action, _, pick = step
            index = number % len(workers)
            if action == "spawn" and len(workers) < 8:
                spawn(KINDS[pick % len(KINDS)], index)
            elif action != "spawn":
                _act(world, *workers[index][:2], step)
            for worker, view, _ in workers:
                world.check(worker.run, view)


@pytest.mark.parametrize(
    ("parent", "kind"),
    [
        (parent, kind)
        for parent in KINDS
        for kind in KINDS
        if parent != "thread" or kind in ("thread", "context")
    ],
)
def test_a_child_starts_with_what_its_runner_says(
    inscope: ModuleType, kind: str, parent: str
) -> None:
    """A task and a copied Context with a copy, a greenlet empty, a thread as built."""
    world = World(inscope)

    def start_both() -> None:
        with Driver() as driver:
            elder = driver.start(parent, Main())
            view = world.view()
            for key in KEYS:
                world.write(elder.run, view, key)
                world.enter(elder.run, view, key)
            child = driver.start(kind, elder)
            inherited = world.view(view if INHERITS[kind] else None)
            world.write(elder.run, view, "var")
            world.check(child.run, inherited)
            world.write(child.run, inherited, "local.a")
            world.check(child.run, inherited)
            world.check(elder.run, view)

    Context().run(start_both)


# Free-running


def _program(world: World, seed: int) -> Iterator[None]:
    """Do random things; after each let others run, then read."""
    chooser, me, view = random.Random(seed), Main(), world.view()
    for _ in range(30):
        action = chooser.choice(ACTIONS[:-1])
        _act(world, me, view, (0, action, chooser.choice(KEYS), chooser.randrange(8)))
        yield
        world.check(me.run, view)
    while any(binding.open for binding in world.bindings):
        world.leave(me.run, view, 0, abroad=False)
        yield
        world.check(me.run, view)


def _on_a_thread(programs: list[Iterator[None]]) -> None:
    for program in programs:  # one by one, each in a context of its own
        Context().run(_exhaust, program)


def _exhaust(program: Iterator[None]) -> None:
    for _ in program:
        time.sleep(0)


def _on_tasks(programs: list[Iterator[None]]) -> None:
    async def work(program: Iterator[None]) -> None:
        for _ in program:
            await asyncio.sleep(0)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for program in programs:
                group.create_task(work(program))

    asyncio.run(main())


def _on_greenlets(programs: list[Iterator[None]]) -> None:
    hub = greenlet.getcurrent()

    def work(program: Iterator[None]) -> None:
        for _ in program:
            hub.switch()

    running = [greenlet.greenlet(work) for _ in programs]
    for worker, program in zip(running, programs, strict=True):
        worker.switch(program)
    while running := [worker for worker in running if not worker.dead]:
        for worker in running:
            worker.switch()


RUNNERS = (_on_a_thread, _on_tasks, *([_on_greenlets] if greenlet else []))


@settings(SETTINGS, max_examples=5)
@given(seed=st.integers(0, 2**32))
def test_workers_that_run_freely_read_their_own(inscope: ModuleType, seed: int) -> None:
    """Threads of plain calls, of tasks and of greenlets, all at the same time."""
    world, errors = World(inscope), []

    def run(runner: Callable[[list[Iterator[None]]], None], first: int) -> None:
        numbers = range(first, first + 4)
        try:
            runner(
                [_program(world.beside(number), seed + number) for number in numbers]
            )
        except BaseException as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [
            threading.Thread(target=run, args=(runner, 100 * number + 10 * index + 1))
            for number, runner in enumerate(RUNNERS)
            for index in range(2)
        ]
        for thread in threads:
            Context().run(thread.start)
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)

    assert [] == errors
