"""A call with a scope around it, and around what it returns, in its own ``Context``."""

from __future__ import annotations

import gc
import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, in_thread

Iterate = Callable[..., Any]

number: ContextVar[int] = ContextVar("number")


class Steps:
    """Three numbers, and what happened to them."""

    def __init__(self, log: Log, jobs: Any = None) -> None:
        self._log = log
        self._jobs = jobs

    def __iter__(self) -> Iterator[int]:
        for step in range(3):
            if self._jobs is not None:
                self._log.append(f"{step} in {self._jobs.current().state}")
            yield step

    def close(self) -> None:
        """Note it."""
        self._log.append("close")


@pytest.fixture
def iterate(inscope: ModuleType) -> Iterate:
    """The function, of the core that is tested."""
    core = importlib.import_module(f"{inscope.__name__}._core")
    assert inscope.CORE == core.CORE
    function: Iterate = core.iterate_in_scope
    return function


@pytest.fixture
def jobs(inscope: ModuleType) -> Any:
    """A class of scopes that go the short way."""
    return define(inscope)


def _closing(inscope: ModuleType, log: list[Any]) -> Any:
    """Return a class of scopes that note what they end with."""
    return define(inscope, on_pop=lambda _, error: log.append(error))


def test_the_call_and_every_step_run_in_the_scope(
    iterate: Iterate, jobs: Any, log: Log
) -> None:
    """And nothing of it is seen around."""
    job = jobs()

    def function(*args: int) -> Steps:
        log.append(f"{args} in {jobs.current().state}")
        number.set(5)
        return Steps(log, jobs)

    iterator = iterate(job, function, 1, 2)

    assert not jobs.is_active()
    assert [0, 1, 2] == list(iterator)
    assert "active" == job.state
    assert number.get(None) is None
    iterator.close()
    expected = ["(1, 2) in active", "0 in active", "1 in active", "2 in active"]
    assert [*expected, "close"] == log
    assert "closed" == job.state


def test_two_that_are_read_by_turns_do_not_meet(iterate: Iterate, jobs: Any) -> None:
    """Each has its scope, and its values of other variables."""

    def function() -> Iterator[Any]:
        while True:
            number.set(number.get(0) + 1)
            yield jobs.current(), number.get()

    scopes = [jobs(), jobs()]
    first, second = (iterate(job, function) for job in scopes)
    found = [next(one) for _ in range(2) for one in (first, second)]

    assert [(job, step) for step in (1, 2) for job in scopes] == found
    first.close()
    assert (scopes[1], 3) == next(second)
    second.close()


def test_it_closes_once(inscope: ModuleType, iterate: Iterate, log: Log) -> None:
    """And has nothing to give then."""
    ends: list[Any] = []
    iterator = iterate(_closing(inscope, ends)(), Steps, log)

    assert 0 == next(iterator)
    iterator.close()
    iterator.close()
    assert ["close"] == log
    assert [None] == ends
    assert [] == list(iterator)
    assert iterator is iter(iterator)


def test_it_closes_though_nobody_began_to_read(
    iterate: Iterate, jobs: Any, log: Log
) -> None:
    """The iterable, too."""
    job = jobs()
    iterate(job, Steps, log).close()

    assert ["close"] == log
    assert "closed" == job.state


def test_a_call_that_fails_closes_the_scope(
    inscope: ModuleType, iterate: Iterate
) -> None:
    """With its error, which comes out as it is."""
    ends: list[Any] = []
    error = KeyboardInterrupt()

    def function() -> None:
        raise error

    with pytest.raises(KeyboardInterrupt) as caught:
        iterate(_closing(inscope, ends)(), function)
    assert error is caught.value
    assert [error] == ends
    assert error.__context__ is None


@pytest.mark.parametrize("where", ["call", "close"])
def test_a_scope_that_fails_to_close_adds_its_error(
    inscope: ModuleType, iterate: Iterate, where: str
) -> None:
    """To the error it is closed for, which is being handled then."""
    handled: list[Any] = []
    error, later = ValueError("first"), KeyError("later")

    def on_pop(_: Any, __: Any) -> None:
        handled.append(sys.exc_info()[1])
        raise later

    class Failing:
        def __iter__(self) -> Iterator[int]:
            return iter(())

        def close(self) -> None:
            raise error

    def function() -> Failing:
        if where == "call":
            raise error
        return Failing()

    with pytest.raises(KeyError) as caught:
        iterate(define(inscope, on_pop=on_pop)(), function).close()
    assert later is caught.value
    assert error is later.__context__
    assert [error] == handled
    assert sys.exc_info()[1] is None


def test_a_scope_ends_with_the_error_of_the_last_step(
    inscope: ModuleType, iterate: Iterate
) -> None:
    """It is raised to who reads, and kept for the end."""
    ends: list[Any] = []
    error = ValueError("of a step")

    def steps() -> Iterator[int]:
        yield 1
        raise error

    iterator = iterate(_closing(inscope, ends)(), steps)
    assert 1 == next(iterator)
    with pytest.raises(ValueError, match="of a step"):
        next(iterator)
    assert [] == ends
    iterator.close()
    assert [error] == ends


def test_what_is_not_iterable_is_refused_by_the_first_step(
    inscope: ModuleType, iterate: Iterate
) -> None:
    """With Python's own words; it closes all the same."""
    ends: list[Any] = []
    iterator = iterate(_closing(inscope, ends)(), lambda: 5)

    with pytest.raises(TypeError, match="'int' object is not iterable"):
        next(iterator)
    iterator.close()
    assert [TypeError] == [type(end) for end in ends]


def test_a_close_that_fails_is_the_scopes_error(
    inscope: ModuleType, iterate: Iterate
) -> None:
    """Also if a step had failed before."""
    ends: list[Any] = []

    class Failing:
        def __iter__(self) -> Iterator[int]:
            raise KeyError("of a step")

        def close(self) -> None:
            raise ValueError("of close")

    iterator = iterate(_closing(inscope, ends)(), Failing)
    with pytest.raises(KeyError):
        next(iterator)
    with pytest.raises(ValueError, match="of close"):
        iterator.close()
    assert ["of close"] == [str(end) for end in ends]


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_has_a_length(iterate: Iterate, jobs: Any, kind: Any) -> None:
    """As servers ask for it; also when it is closed."""
    iterator = iterate(jobs(), lambda: kind([1, 2]))

    assert 2 == len(iterator)
    assert [1, 2] == list(iterator)
    iterator.close()
    assert 2 == len(iterator)


def test_any_other_iterable_has_none(iterate: Iterate, jobs: Any) -> None:
    """Servers look for the method."""
    iterator = iterate(jobs(), lambda: {1: 2})

    assert not hasattr(iterator, "__len__")
    iterator.close()


def test_one_that_is_dropped_closes(
    inscope: ModuleType, iterate: Iterate, log: Log
) -> None:
    """In the thread that drops it, in its own context."""
    ends: list[Any] = []
    iterators = [iterate(_closing(inscope, ends)(), Steps, log)]
    next(iterators[0])

    in_thread(iterators.clear)
    assert ["close"] == log
    assert [None] == ends


def test_one_that_is_dropped_in_a_cycle_closes(
    inscope: ModuleType, iterate: Iterate, log: Log
) -> None:
    """The collector does it."""
    ends: list[Any] = []

    def make() -> None:
        kept: list[Any] = [Steps(log)]
        kept.append(iterate(_closing(inscope, ends)(), lambda: [kept]))

    make()
    gc.collect()
    assert [None] == ends


def test_what_a_dropped_one_raises_is_logged(
    inscope: ModuleType, iterate: Iterate, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else would hear of it; and what is raised around it goes on."""

    def on_pop(_: Any, __: Any) -> None:
        raise ValueError("of on_pop")

    iterators = [iterate(define(inscope, on_pop=on_pop)(), list)]

    def drop_while_raising() -> None:
        try:
            raise KeyError
        finally:
            iterators.clear()

    with pytest.raises(KeyError):
        drop_while_raising()
    (record,) = caplog.records
    assert ("inscope", logging.ERROR) == (record.name, record.levelno)
    assert record.exc_info is not None
    assert "of on_pop" == str(record.exc_info[1])


def test_a_scope_that_cannot_be_opened_calls_nothing(
    inscope: ModuleType, iterate: Iterate, jobs: Any, log: Log
) -> None:
    """It was closed before, say."""
    with jobs() as job:
        pass
    with pytest.raises(inscope.ScopeClosedError):
        iterate(job, log.append, "called")
    assert [] == log


def test_a_step_within_itself_is_refused(iterate: Iterate, jobs: Any) -> None:
    """One Context is entered once at a time; it goes on afterwards."""
    found: list[Any] = []

    def steps() -> Iterator[int]:
        with pytest.raises(RuntimeError, match="is already entered"):
            next(found[0])
        with pytest.raises(RuntimeError, match="is already entered"):
            found[0].close()
        yield 1
        yield 2

    found.append(iterate(jobs(), steps))
    assert [1, 2] == list(found[0])
    found.pop().close()


def test_a_callback_added_by_a_step_runs_at_the_end(
    iterate: Iterate, jobs: Any, log: Log
) -> None:
    """The scope then goes the long way."""

    def steps() -> Iterator[int]:
        jobs.current().callback(log.append, "called back")
        yield 1

    iterator = iterate(jobs(), steps)
    assert [1] == list(iterator)
    assert [] == log
    iterator.close()
    assert ["called back"] == log


def test_it_can_be_referred_to_weakly(iterate: Iterate, jobs: Any) -> None:
    """As other iterators of the standard library."""
    weakref = importlib.import_module("weakref")
    iterator = iterate(jobs(), list)
    reference = weakref.ref(iterator)

    assert iterator is reference()
    iterator.close()
    del iterator
    assert reference() is None
