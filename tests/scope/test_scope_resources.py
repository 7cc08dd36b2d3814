"""Resources: made at first touch in each scope, closed with it, last in, first out."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, end, raising, telling


@pytest.fixture
def jobs(inscope: ModuleType) -> Any:
    """A class of scopes."""
    return define(inscope)


def test_a_resource_is_made_at_first_touch(jobs: Any, log: Log) -> None:
    """Not before, and once; it is closed with the scope."""
    lazy = jobs.resource(telling(log, "a"))
    with jobs():
        assert [] == log
        assert "a" == lazy
        assert 1 == len(lazy)
        assert ["+a"] == log

    assert ["+a", "-a"] == log


def test_a_resource_that_nobody_touches_is_not_made(jobs: Any, log: Log) -> None:
    """Nor closed."""
    jobs.resource(telling(log, "a"))
    with jobs():
        pass
    assert [] == log


def test_resources_close_in_the_reverse_order_of_their_making(
    jobs: Any, log: Log
) -> None:
    """What one needs is made before it, and closed after it."""
    a = jobs.resource(telling(log, "a"))
    b = jobs.resource(telling(log, "b", needs=a))
    c = jobs.resource(telling(log, "c"))
    with jobs() as job:
        str(c)
        job.callback(log.append, "callback")
        str(b)

    assert ["+c", "+a", "+b", "-b", "-a", "callback", "-c"] == log


def test_each_scope_has_its_own(jobs: Any) -> None:
    """Also nested ones; each closes what it made."""
    made: list[list[str]] = []

    def function() -> Iterator[list[str]]:
        made.append(["open"])
        mine = made[-1]
        yield mine
        mine.append("closed")

    lazy = jobs.resource(function)
    with jobs():
        lazy.append("outer")
        with jobs():
            lazy.append("inner")
        assert ["open", "outer"] == lazy
        assert ["open", "inner", "closed"] == made[1]

    assert [["open", "outer", "closed"], ["open", "inner", "closed"]] == made


def test_an_eager_resource_is_made_as_the_scope_opens(jobs: Any, log: Log) -> None:
    """In the order of declaration."""
    jobs.resource(eager=True)(telling(log, "a"))
    jobs.resource(eager=True)(telling(log, "b"))
    with jobs():
        assert ["+a", "+b"] == log

    assert ["+a", "+b", "-b", "-a"] == log


def test_a_derived_class_has_the_resources_of_its_base(
    inscope: ModuleType, jobs: Any, log: Log
) -> None:
    """Those declared later, too; eager ones once."""
    specials = define(inscope, "Special", bases=(jobs,))
    lazy = jobs.resource(telling(log, "lazy"))
    jobs.resource(eager=True)(telling(log, "eager"))
    with specials():
        str(lazy)
    with jobs():
        pass

    assert ["+eager", "+lazy", "-lazy", "-eager", "+eager", "-eager"] == log


@pytest.mark.parametrize("value", [None, 0, "", (), False])
def test_any_value_is_a_value(inscope: ModuleType, jobs: Any, value: object) -> None:
    """``None`` is made once, too."""
    made: list[object] = []

    def function() -> Iterator[object]:
        made.append(value)
        yield value

    lazy = jobs.resource(function)
    with jobs():
        assert value is inscope.unwrap(lazy)
        assert value is inscope.unwrap(lazy)
    assert [value] == made


# Errors


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyboardInterrupt(), GeneratorExit(), StopIteration()]
)
def test_the_error_of_the_block_is_thrown_in(jobs: Any, error: BaseException) -> None:
    """Where the resource yields; to swallow it there changes nothing."""
    seen: list[BaseException] = []

    def function() -> Iterator[int]:
        try:
            yield 1
        except BaseException as thrown:
            seen.append(thrown)

    lazy = jobs.resource(function)
    job = jobs().push()
    str(lazy)
    with pytest.raises(type(error)) as caught:
        end(job, error)

    assert [error] == seen
    assert error is caught.value


def test_a_resource_may_raise_another_error(jobs: Any) -> None:
    """It comes out, from that of the block."""

    def function() -> Iterator[int]:
        try:
            yield 1
        except ValueError as error:
            raise KeyError("other") from error

    lazy = jobs.resource(function)
    job = jobs().push()
    str(lazy)
    body = ValueError("body")
    with pytest.raises(KeyError, match="other") as caught:
        end(job, body)
    assert body is caught.value.__cause__


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, KeyboardInterrupt])
def test_what_failed_to_be_made_is_tried_again(
    jobs: Any, log: Log, kind: type[BaseException]
) -> None:
    """At the next touch; nothing is closed for the first time."""
    errors = [kind("not yet")]

    def function() -> Iterator[str]:
        if errors:
            raise errors.pop()
        yield from telling(log, "a")()

    lazy = jobs.resource(function)
    with jobs():
        with pytest.raises(kind, match="not yet"):
            str(lazy)
        assert "a" == lazy
    assert ["+a", "-a"] == log


@pytest.mark.parametrize("ask", [bool, repr])
@pytest.mark.parametrize("kind", [ValueError, RuntimeError, LookupError])
def test_a_failure_to_make_it_is_not_taken_for_unbound(
    jobs: Any, ask: Any, kind: type[Exception]
) -> None:
    """``if db:`` must not take a database that is down for no database."""

    def function() -> Iterator[int]:
        raise kind("the database is down")
        yield 1

    lazy = jobs.resource(function)
    with jobs(), pytest.raises(kind, match="the database is down"):
        ask(lazy)


def test_a_resource_yields_once(jobs: Any, log: Log) -> None:
    """Not twice: then its end would not be the end; that is told as it closes."""

    def function() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            log.append("closed")

    lazy = jobs.resource(function)
    job = jobs().push()
    str(lazy)
    with pytest.raises(RuntimeError, match=r"function yields more than once"):
        job.pop()
    assert ["closed"] == log
    assert "closed" == job.state


def test_a_resource_yields_at_all(jobs: Any) -> None:
    """Else there is no value; that is told at the touch, and there alone."""

    def function() -> Iterator[int]:
        yield from ()

    lazy = jobs.resource(function)
    with jobs(), pytest.raises(RuntimeError, match="function yields nothing"):
        str(lazy)


@pytest.mark.parametrize("given", [lambda: 1, 1, list, print])
def test_a_resource_is_made_by_a_generator_function(jobs: Any, given: object) -> None:
    """Anything else is refused as it is declared."""
    with pytest.raises(TypeError, match="by a function that yields it"):
        jobs.resource(given)


def test_a_resource_that_needs_itself_is_told(inscope: ModuleType, jobs: Any) -> None:
    """Itself, or by way of others; the scope goes on and can make others."""
    cell: list[Any] = []

    def first() -> Iterator[str]:
        yield str(cell[0])

    def second() -> Iterator[str]:
        yield str(a)

    a = jobs.resource(first)
    b = jobs.resource(second)
    with jobs():
        for needed in (a, b):
            cell[:] = [needed]
            for _ in range(2):
                with pytest.raises(inscope.ResourceCycleError, match="while it is"):
                    str(a)
        cell[:] = ["fine"]
        assert ("fine", "fine") == (str(b), str(a))


def test_an_error_of_an_eager_one_closes_the_scope(jobs: Any, log: Log) -> None:
    """And those that were made before it."""
    jobs.resource(eager=True)(telling(log, "a"))

    def failing() -> Iterator[int]:
        raising(ValueError("no"))()
        yield 1

    jobs.resource(eager=True)(failing)
    job = jobs()
    with pytest.raises(ValueError, match="no"):
        job.push()
    assert ["+a", "-a"] == log
    assert "closed" == job.state


# Where no scope is, or none any more


def test_a_resource_is_unbound_without_a_scope(inscope: ModuleType, jobs: Any) -> None:
    """As any proxy."""
    lazy = jobs.resource(telling([], "a"))
    with pytest.raises(inscope.UnboundError, match="no Job is active"):
        str(lazy)
    assert ("<LocalProxy unbound>", False) == (repr(lazy), bool(lazy))


def test_a_resource_touched_while_closing_is_made_and_closed(
    jobs: Any, log: Log
) -> None:
    """Next, before what was there."""
    a, b = jobs.resource(telling(log, "a")), jobs.resource(telling(log, "b"))
    with jobs() as job:
        str(a)
        job.callback(str, b)

    # str(b) of the callback's argument is no touch before the call
    assert ["+a", "+b", "-b", "-a"] == log


def test_a_resource_that_was_closed_is_not_made_anew(
    inscope: ModuleType, jobs: Any, log: Log
) -> None:
    """Touched by what closes after it, it says so; each other one is still there."""
    texts: Log = []

    def touch() -> None:
        for lazy in (b, a):
            try:
                texts.append(str(lazy))
            except inscope.ScopeClosedError as error:
                texts.append(str(error))
        texts.append(repr(b))

    a, b = jobs.resource(telling(log, "a")), jobs.resource(telling(log, "b"))
    with jobs() as job:
        str(a)
        job.callback(touch)
        str(b)

    closed, made, text = texts
    assert "was closed already" in closed
    assert "a" == made
    assert "<LocalProxy closed>" == text
    assert ["+a", "+b", "-b", "-a"] == log


@pytest.mark.parametrize("after_close", ["refuse", "allow"])
@pytest.mark.parametrize("touched", [True, False])
def test_a_resource_touched_after_the_scope_closed_is_refused(
    inscope: ModuleType, log: Log, after_close: str, touched: bool
) -> None:
    """By whoever kept the context; even if the scope itself may still be read."""
    jobs = define(inscope, after_close=after_close)
    lazy = jobs.resource(telling(log, "a"))
    with jobs():
        if touched:
            str(lazy)
        context = copy_context()
    with pytest.raises(inscope.ScopeClosedError, match="this Job is closed"):
        context.run(str, lazy)

    assert ["+a", "-a"] * touched == log
    assert "<LocalProxy closed>" == context.run(repr, lazy)


def test_a_scope_opened_again_makes_anew(inscope: ModuleType, log: Log) -> None:
    """Each time; the value of before is gone."""
    jobs = define(inscope, reopen=True)
    lazy = jobs.resource(telling(log, "a"))
    job = jobs()
    for _ in range(2):
        with job:
            str(lazy)
    with job:
        pass
    assert ["+a", "-a", "+a", "-a"] == log
