"""A scope that closes in one thread while another one gives it something to close.

The threads are not left to chance: the second one comes in at each line of the first
in turn. What was accepted is closed, and what is not closed was refused.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import Context, copy_context
from threading import Barrier, Thread
from types import FrameType, ModuleType
from typing import Any

import pytest
from scopes import Log, define

LINES = 200
"""More than closing a scope takes; that it is more is tested, too."""


def _at_line(number: int, act: Callable[[], None]) -> Any:
    """Return a trace function that calls *act* at the *number*-th line of inscope."""
    left = [number]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_globals.get("__name__", "").startswith("inscope."):
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                act()
        return trace

    return trace


def _interrupted(
    function: Callable[[], Any], number: int, act: Callable[[], Any]
) -> bool:
    """Call *function*, and at the *number*-th line of it, *act* in a thread.

    Returns:
        Whether there was such a line.
    """
    context = copy_context()
    threads: list[Thread] = []

    def start() -> None:
        thread = Thread(target=context.run, args=(act,))
        threads.append(thread)
        thread.start()
        thread.join(0.1)  # where it waits for a lock that is held here, go on

    before = sys.gettrace()
    sys.settrace(_at_line(number, start))
    try:
        function()
    finally:
        sys.settrace(before)
    for thread in threads:
        thread.join()
    return bool(threads)


@pytest.fixture(params=["plain", "callback"])
def used(request: pytest.FixtureRequest) -> bool:
    """Whether the scope has something to close already."""
    return bool(request.param == "callback")


def test_a_callback_added_meanwhile_is_called_or_refused(
    inscope: ModuleType, used: bool
) -> None:
    """At whichever line of ``pop`` it comes: never forgotten."""
    forgotten: list[int] = []
    for number in range(1, LINES):
        log: Log = []
        job = define(inscope)().push()
        if used:
            job.callback(str)

        def add(job: Any = job, log: Log = log) -> None:
            with suppress(inscope.ScopeNotActiveError):
                job.callback(log.append, "called")
                log.append("added")

        came = _interrupted(job.pop, number, add)
        if log and ["added", "called"] != sorted(log):
            forgotten.append(number)
    assert not came, "there are more lines"
    assert [] == forgotten


def test_a_resource_made_meanwhile_is_closed(inscope: ModuleType, used: bool) -> None:
    """At whichever line of ``pop`` it is first touched."""
    left_open: list[int] = []
    for number in range(1, LINES):
        log: Log = []
        jobs = define(inscope)

        def resource(log: Log = log) -> Iterator[int]:
            log.append("made")
            yield 1
            log.append("closed")

        lazy = jobs.resource(resource)
        job = jobs().push()
        if used:
            job.callback(str)

        def touch(lazy: Any = lazy) -> None:
            with suppress(inscope.UnboundError):
                str(lazy)

        came = _interrupted(job.pop, number, touch)
        if log not in ([], ["made", "closed"]):
            left_open.append(number)
    assert not came, "there are more lines"
    assert [] == left_open


def test_a_scope_closed_while_a_resource_is_made(inscope: ModuleType) -> None:
    """At whichever line of that: its value is let go once, and nobody keeps it.

    Who touched it gets the value, if it was made in time, or is refused.
    """
    wrong: list[tuple[int, Log]] = []
    for number in range(1, LINES):
        log: Log = []
        jobs = define(inscope)

        def resource(log: Log = log) -> Iterator[int]:
            log.append("made")
            yield 1
            log.append("closed")

        lazy = jobs.resource(resource)
        job = jobs()
        home = copy_context()
        home.run(job.push)
        elsewhere = home.copy()

        def touch(elsewhere: Any = elsewhere, lazy: Any = lazy) -> None:
            with suppress(inscope.UnboundError):
                elsewhere.run(str, lazy)

        came = _interrupted(touch, number, lambda: home.run(job.pop))  # noqa: B023
        if not came:
            home.run(job.pop)
        if log not in ([], ["made", "closed"]):
            wrong.append((number, log))
        assert "closed" == job.state
    assert not came, "there are more lines"
    assert [] == wrong


def test_a_callback_that_closes_the_scope_as_it_is_looked_at(
    inscope: ModuleType,
) -> None:
    """As a race between two threads would: then it is refused, or called."""
    log: Log = []
    job = define(inscope)().push()

    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            if job.state == "active":
                job.pop()
            return object.__getattribute__(self, name)

        def __call__(self) -> None:
            log.append("called")

    with suppress(inscope.ScopeNotActiveError):
        job.callback(Hostile())
        log.append("added")

    assert "closed" == job.state
    assert log in ([], ["called", "added"])


def test_a_scope_that_closes_while_threads_make_many(inscope: ModuleType) -> None:
    """As many are closed as were made, whoever came first."""
    workers = 8
    for _ in range(30):
        log: Log = []
        jobs = define(inscope)

        def maker(name: str, log: Log = log) -> Callable[[], Iterator[str]]:
            def resource() -> Iterator[str]:
                log.append(f"+{name}")
                yield name
                log.append(f"-{name}")

            return resource

        lazies = [jobs.resource(maker(str(number))) for number in range(workers)]
        barrier = Barrier(workers + 1)

        def touch(lazy: Any, barrier: Barrier = barrier) -> None:
            barrier.wait()
            with suppress(inscope.UnboundError):
                str(lazy)

        job = jobs().push()
        threads = [
            Thread(target=copy_context().run, args=(touch, lazy)) for lazy in lazies
        ]
        for thread in threads:
            thread.start()
        barrier.wait()
        job.pop()
        for thread in threads:
            thread.join()

        made = sorted(one[1:] for one in log if one[0] == "+")
        closed = sorted(one[1:] for one in log if one[0] == "-")
        assert made == closed


def test_threads_that_give_a_new_scope_its_first_things(inscope: ModuleType) -> None:
    """None of them overwrites what another one gave."""
    workers = 8
    for _ in range(30):
        log: list[int] = []
        job = define(inscope)().push()
        barrier = Barrier(workers)

        def add(
            number: int, job: Any = job, log: Any = log, barrier: Barrier = barrier
        ) -> None:
            barrier.wait()
            job.callback(log.append, number)

        threads = [Thread(target=add, args=(number,)) for number in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        job.pop()
        assert list(range(workers)) == sorted(log)


@pytest.mark.parametrize("method", ["push", "pop"])
def test_who_meddles_from_another_context_meanwhile_is_told_so(
    inscope: ModuleType, used: bool, method: str
) -> None:
    """At whichever line the scope closes, in its own context."""
    for number in range(1, LINES):
        log: Log = []
        scope, context = define(inscope)(), Context()
        context.run(scope.push)
        context.run(scope.push)  # to be counted back
        if used:
            scope.callback(log.append, "called")

        def meddle(scope: Any = scope, context: Context = context) -> None:
            with pytest.raises((inscope.ScopeError, inscope.ScopeClosedError)):
                context.copy().run(getattr(scope, method))

        def close(scope: Any = scope, context: Context = context) -> None:
            context.run(scope.pop)
            context.run(scope.pop)

        if not _interrupted(meddle, number, close):
            close()
        assert ("closed", ["called"] * used) == (scope.state, log)
