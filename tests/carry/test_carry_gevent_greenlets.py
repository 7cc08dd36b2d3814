"""Greenlets of gevent's that carry; gevent's own, with what is carried."""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
import weakref
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest

gevent: Any = pytest.importorskip("gevent")
pools: Any = pytest.importorskip("gevent.pool")
threadpools: Any = pytest.importorskip("gevent.threadpool")

Log = list[Any]


@pytest.fixture
def ours(carry: ModuleType) -> ModuleType:
    """``inscope.carry.gevent``, of the copy of the package under test."""
    return importlib.import_module("inscope.carry.gevent")


# Greenlets


def test_a_greenlet_is_one_of_gevents(ours: ModuleType) -> None:
    """And so is a subclass."""

    class Sub(ours.Greenlet):  # type: ignore[misc, name-defined]
        def _run(self) -> Any:
            gevent.sleep(0)
            return "ran"

    greenlet = Sub()
    assert isinstance(greenlet, gevent.Greenlet)
    greenlet.start()
    assert "ran" == greenlet.get()
    assert {"one": 1, "two": 2} == ours.spawn(dict, {"one": 1}, two=2).get()
    assert isinstance(ours.spawn(str), ours.Greenlet)
    assert isinstance(ours.Pool().spawn(str), ours.Greenlet)
    assert isinstance(ours.Group().spawn(str), ours.Greenlet)
    gevent.idle()


def test_a_greenlet_has_the_context_in_which_it_was_made(
    inscope: ModuleType, ours: ModuleType
) -> None:
    """Not that in which it is started."""
    current = inscope.Var("current")
    with current.bind("ann"):
        greenlet = ours.Greenlet(current.get)
    with current.bind("bob"):
        greenlet.start()
    assert "ann" == greenlet.get()


def test_what_a_greenlet_starts_has_its_context(
    inscope: ModuleType, ours: ModuleType
) -> None:
    """From one to the next."""
    current = inscope.Var("current")

    def inner(_: int) -> Any:
        return ours.spawn(current.get).get()

    def outer() -> Any:
        with current.bind(f"{current.get()} bob"):
            return ours.Pool(2).map(inner, [1])

    with current.bind("ann"):
        greenlet = ours.spawn(outer)
    assert ["ann bob"] == greenlet.get()


def test_a_greenlet_that_is_killed_ends_its_bind(
    inscope: ModuleType, ours: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """In its own context, so that there is nothing to report."""
    current = inscope.Var("current", default="nobody")
    log: Log = []
    begun = gevent.event.Event()

    def work() -> None:
        try:
            with current.bind("inside"):
                begun.set()
                gevent.get_hub().switch()
        finally:
            log.append(current.get())

    with current.bind("ann"):
        greenlet = ours.spawn(work)
    begun.wait()
    greenlet.kill()
    assert ["ann"] == log
    assert [] == [one for one in caplog.records if one.name.startswith("inscope")]


def test_a_timer_that_is_dropped_keeps_nothing(
    inscope: ModuleType, ours: ModuleType
) -> None:
    """A greenlet that is to begin in an hour, and is killed before."""

    class Value:
        pass

    current = inscope.Var("current")
    value = Value()
    alive = weakref.ref(value)
    with current.bind(value):
        greenlet = ours.spawn_later(3600, current.get)
    del value
    gc.collect()
    assert alive() is not None
    greenlet.kill()
    del greenlet
    gc.collect()
    assert alive() is None


# gevent's own, with what is carried


def test_a_function_that_is_carried_goes_anywhere(
    inscope: ModuleType, carry: ModuleType
) -> None:
    """By gevent's own names; each call switches within a context of its own."""
    current = inscope.Var("current", default="nobody")
    log: Log = []

    def work(name: str) -> Any:
        before = current.get()
        with current.bind(name):
            gevent.sleep(0)
            log.append(current.get() == name)
        return before

    with current.bind("ann"):
        carried = carry.carry(work)
    greenlets = [gevent.spawn(carried, str(number)) for number in range(20)]
    assert ["ann"] * 20 == [one.get(timeout=30) for one in greenlets]
    assert ["ann"] * 20 == pools.Pool(4).map(carried, map(str, range(20)))
    assert [True] * 40 == log


def test_an_executor_of_gevents(inscope: ModuleType, carry: ModuleType) -> None:
    """``carrying`` takes it: jobs, maps and callbacks; its threads keep nothing."""
    current = inscope.Var("current", default="nobody")
    log: Log = []

    def work(*_: Any) -> Any:
        before = current.get()
        current.set("work")
        return before

    def note(done: Any) -> None:
        log.append((done is job, current.get()))

    with carry.carrying(threadpools.ThreadPoolExecutor(1)) as executor:
        with current.bind("ann"):
            job = executor.submit(work)
            results = executor.map(work, range(3))
        with current.bind("bob"):
            job.add_done_callback(note)
        assert "nobody" == executor.submit(work).result()
        assert "ann" == job.result()
        assert ["ann"] * 3 == list(results)
        gevent.idle()
        assert [(True, "bob")] == log


def test_an_executor_of_gevents_carries_nothing_itself() -> None:
    """The fault: its threads begin with nothing, and keep what a job sets."""
    current: ContextVar[str] = ContextVar("current", default="nobody")
    token = current.set("ann")
    with threadpools.ThreadPoolExecutor(1) as executor:
        assert "nobody" == executor.submit(current.get).result()
        executor.submit(current.set, "bob").result()
        assert "bob" == executor.submit(current.get).result()
    current.reset(token)


PATCHED = """\
from gevent import monkey
monkey.patch_all()

import queue, time
from concurrent.futures import ThreadPoolExecutor
from inscope import Var
from inscope.carry import ContextQueue, Thread, Timer, carry, carrying

user = Var("user", default="nobody")
seen = []

def work(*_):
    before = user.get()
    with user.bind("inside"):
        time.sleep(0)
        seen.append((before, user.get()))
    user.set("left")
    return before

with user.bind("ann"):
    threads = [Thread(target=work) for _ in range(5)]
    threads.append(Timer(0, work))
    for thread in threads:
        thread.start()
    carried = carry(work)
    items = ContextQueue()
    items.put("item")

consumer = Thread(target=lambda: items.get().run(work))
consumer.start()
for thread in [*threads, consumer]:
    thread.join()
assert [("ann", "inside")] * 7 == seen, seen

with carrying(ThreadPoolExecutor(2)) as executor:
    with user.bind("bob"):
        results = executor.map(work, range(5))
    assert ["bob"] * 5 == list(results)
    assert ["ann"] * 5 == list(executor.map(carried, range(5)))
    assert "nobody" == executor.submit(work).result()
"""


def test_where_gevent_has_patched_everything(core: str) -> None:
    """Threads are greenlets then, which switch where threads would wait."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PATCHED],
        env={**os.environ, "INSCOPE_CORE": core},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
