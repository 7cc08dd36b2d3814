"""One scope, many threads: a resource is made once, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define


def _start(*functions: Callable[[], Any]) -> list[threading.Thread]:
    """Start a thread for each function, in copies of this context."""
    threads = [
        threading.Thread(target=copy_context().run, args=(one,), daemon=True)
        for one in functions
    ]
    for thread in threads:
        thread.start()
    return threads


def test_threads_race_for_the_first_touch(inscope: ModuleType) -> None:
    """It is made once; all have the same value."""
    workers = 16
    jobs = define(inscope)
    barrier = threading.Barrier(workers)
    made: list[object] = []
    seen: list[object] = []
    closed: list[object] = []

    def function() -> Iterator[object]:
        value = object()
        made.append(value)
        yield value
        closed.append(value)

    lazy = jobs.resource(function)

    def touch() -> None:
        barrier.wait()
        seen.append(inscope.unwrap(lazy))

    for number in range(1, 31):
        seen.clear()
        with jobs():
            for thread in _start(*[touch] * workers):
                thread.join()
        assert number == len(made) == len(closed)
        assert made[-1:] * workers == seen


def test_threads_wait_for_the_one_that_makes_it(inscope: ModuleType) -> None:
    """They get its value; if it fails, one of them makes it."""
    jobs = define(inscope)
    begun, go_on = threading.Event(), threading.Event()
    log: Log = []

    def function() -> Iterator[str]:
        begun.set()
        go_on.wait()
        log.append("made")
        if len(log) == 1:
            raise ValueError("first")
        yield "value"
        log.append("closed")

    lazy = jobs.resource(function)

    def touch() -> None:
        try:
            log.append(str(lazy))
        except ValueError as error:
            log.append(str(error))

    with jobs():
        threads = _start(touch)
        begun.wait()
        threads += _start(touch, touch)
        go_on.set()
        for thread in threads:
            thread.join()

    assert "made" == log[0]
    assert ["closed", "first", "made", "made", "value", "value"] == sorted(log)
    assert "closed" == log[-1]


def test_a_cycle_that_threads_enter_from_both_ends_is_told(
    inscope: ModuleType,
) -> None:
    """Each holds what the other waits for: one of them is told, and both end."""
    jobs = define(inscope)
    both = threading.Barrier(2)
    errors: list[BaseException] = []

    def first() -> Iterator[str]:
        both.wait()
        yield str(b)

    def second() -> Iterator[str]:
        both.wait()
        yield str(a)

    a, b = jobs.resource(first), jobs.resource(second)

    def touch(lazy: Any) -> None:
        try:
            str(lazy)
        except (inscope.ResourceCycleError, threading.BrokenBarrierError) as error:
            errors.append(error)
            both.abort()

    with jobs():
        threads = _start(lambda: touch(a), lambda: touch(b))
        for thread in threads:
            thread.join(2)  # for ever, if each waits for the other
        stuck = sum(thread.is_alive() for thread in threads)

    assert 0 == stuck
    assert any(isinstance(error, inscope.ResourceCycleError) for error in errors)


def test_a_thread_that_makes_one_while_the_scope_closes(inscope: ModuleType) -> None:
    """The value comes too late: it is let go at once, and refused."""
    jobs = define(inscope)
    begun, go_on = threading.Event(), threading.Event()
    log: Log = []

    def function() -> Iterator[str]:
        begun.set()
        go_on.wait()
        log.append("made")
        yield "value"
        log.append("closed")

    lazy = jobs.resource(function)

    def touch() -> None:
        try:
            log.append(str(lazy))
        except inscope.ScopeClosedError as error:
            log.append(type(error).__name__)

    with jobs() as job:
        [thread] = _start(touch)
        begun.wait()
    assert "closed" == job.state
    go_on.set()
    thread.join()

    assert ["made", "closed", "ScopeClosedError"] == log


@pytest.mark.parametrize("scopes", [1, 4])
def test_threads_with_scopes_of_their_own_do_not_wait(
    inscope: ModuleType, scopes: int
) -> None:
    """All make theirs at the same time: each is inside until all are."""
    jobs = define(inscope)
    together = threading.Barrier(scopes)
    log: list[int] = []

    def function() -> Iterator[int]:
        together.wait()
        yield threading.get_ident()
        log.append(threading.get_ident())

    lazy = jobs.resource(function)

    def serve() -> None:
        with jobs():
            assert threading.get_ident() == lazy

    for thread in _start(*[serve] * scopes):
        thread.join()

    assert scopes == len(log)
