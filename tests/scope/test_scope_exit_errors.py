"""Which error comes out of a scope when several things fail at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, contexts_of, define, end, raising, telling

Leave = Callable[[Any, BaseException | None, list[BaseException]], BaseException]
INTERRUPTS = (KeyboardInterrupt, SystemExit, asyncio.CancelledError)


def _with(
    job: Any, body: BaseException | None, raised: list[BaseException]
) -> BaseException:
    """Return what comes out of a block that ends with *body* and then *raised*."""
    try:
        with job:
            for error in reversed(raised):
                job.callback(raising(error))
            if body is not None:
                raise body
    except BaseException as error:
        return error
    raise AssertionError("nothing came out")


def _async_with(
    job: Any, body: BaseException | None, raised: list[BaseException]
) -> BaseException:
    """Return the same of an ``async with``, in which every second step awaits."""

    async def fail(error: BaseException) -> None:
        await asyncio.sleep(0)
        raise error

    async def main() -> BaseException:
        try:
            async with job:
                for number, error in enumerate(reversed(raised)):
                    if number % 2 or isinstance(error, (KeyboardInterrupt, SystemExit)):
                        job.callback(raising(error))
                    else:
                        job.callback(fail, error)
                if body is not None:
                    raise body
        except BaseException as error:
            return error
        raise AssertionError("nothing came out")

    return asyncio.run(main())


@pytest.fixture(params=[_with, _async_with])
def leave(request: pytest.FixtureRequest) -> Leave:
    """A function that leaves a scope by ``with``, or by ``async with``."""
    function: Leave = request.param
    return function


@pytest.mark.parametrize("body", [None, KeyError("body")])
def test_one_error_comes_out_as_it_is(
    inscope: ModuleType, leave: Leave, body: Exception | None
) -> None:
    """With the error of the block behind it."""
    error = ValueError("one")

    assert error is leave(define(inscope)(), body, [error])

    assert ([] if body is None else [body]) == contexts_of(error)


@pytest.mark.parametrize("body", [None, KeyError("body")])
def test_several_errors_come_out_as_a_group(
    inscope: ModuleType, leave: Leave, body: Exception | None
) -> None:
    """In the order in which they happened; the block's own is behind the group."""
    errors = [ValueError("one"), TypeError("two"), ValueError("three")]

    group = leave(define(inscope)(), body, list(errors))

    assert isinstance(group, ExceptionGroup)
    assert errors == list(group.exceptions)
    assert "errors while closing <Job closed" in str(group)
    assert ([] if body is None else [body]) == contexts_of(group)
    assert [[], [], []] == [contexts_of(error) for error in errors]


def test_strict_groups_makes_a_group_of_one(inscope: ModuleType, leave: Leave) -> None:
    """For who would rather write ``except*`` alone; a block's error stays bare."""
    jobs = define(inscope, strict_groups=True)
    error, body = ValueError("one"), KeyError("body")

    group = leave(jobs(), body, [error])

    assert isinstance(group, ExceptionGroup)
    assert (error,) == group.exceptions
    assert [body] == contexts_of(group)
    assert body is leave(jobs(), body, [])


def test_an_error_with_a_context_keeps_it(inscope: ModuleType) -> None:
    """And its cause; that of the block comes after both."""
    body, error, cause = KeyError("body"), ValueError("one"), OSError("cause")

    def fail() -> None:
        try:
            raise cause
        except OSError as handled:
            raise error from handled

    job = define(inscope)().push()
    job.callback(fail)
    with pytest.raises(ValueError, match="one") as caught:
        end(job, body)

    assert error is caught.value
    assert cause is error.__cause__
    assert [cause, body] == contexts_of(error)


def test_the_error_of_the_block_raised_again_is_not_another(
    inscope: ModuleType, leave: Leave
) -> None:
    """A step may raise what the scope ends with; nothing changes."""
    body = KeyError("body")
    assert body is leave(define(inscope)(), body, [body, body])
    assert [] == contexts_of(body)


@pytest.mark.parametrize("kind", INTERRUPTS)
@pytest.mark.parametrize("place", ["block", "first", "middle", "last"])
def test_an_interrupt_comes_out_bare_after_the_rest(
    inscope: ModuleType,
    leave: Leave,
    kind: type[BaseException],
    place: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The others are its context, and in the log once."""
    interrupt = kind("stop")
    errors: list[BaseException] = [ValueError("one"), TypeError("two")]
    raised = list(errors)
    body: BaseException | None = None
    if place == "block":
        body = interrupt
    else:
        raised.insert(("first", "middle", "last").index(place), interrupt)

    out = leave(define(inscope)(), body, raised)

    if out is not interrupt:  # asyncio makes a new one for the task that was cancelled
        assert (asyncio.CancelledError, kind) == (type(out), asyncio.CancelledError)
    [*_, group] = contexts_of(out)
    assert isinstance(group, BaseExceptionGroup)
    assert errors == list(group.exceptions)
    [record] = [one for one in caplog.records if one.name == "inscope"]
    assert logging.ERROR == record.levelno
    assert record.exc_info is not None
    assert group is record.exc_info[1]
    assert kind.__name__ in record.getMessage()


@pytest.mark.parametrize("kind", INTERRUPTS)
def test_an_interrupt_alone_is_not_logged(
    inscope: ModuleType,
    leave: Leave,
    kind: type[BaseException],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is nothing that it hides."""
    assert kind is type(leave(define(inscope)(), None, [kind("stop")]))
    assert kind is type(leave(define(inscope)(), kind("stop"), []))
    assert [] == [one for one in caplog.records if one.name == "inscope"]


def test_the_error_of_the_block_is_behind_an_interrupt(
    inscope: ModuleType, leave: Leave
) -> None:
    """Both it and what was raised meanwhile can be seen from there."""
    body, error, interrupt = KeyError("body"), ValueError("one"), KeyboardInterrupt()

    assert interrupt is leave(define(inscope)(), body, [error, interrupt])

    assert {error, body} == set(contexts_of(interrupt))


def test_an_exit_hides_a_cancellation(inscope: ModuleType, leave: Leave) -> None:
    """``KeyboardInterrupt`` and ``SystemExit`` are more urgent."""
    exit_ = SystemExit(3)
    errors = [asyncio.CancelledError(), exit_]
    assert exit_ is leave(define(inscope)(), None, list(errors))
    assert exit_ is leave(define(inscope)(), asyncio.CancelledError(), [exit_])


@pytest.mark.parametrize("raised", [[], [ValueError("one")]])
def test_a_generator_that_is_closed_is_no_interrupt(
    inscope: ModuleType, raised: list[BaseException]
) -> None:
    """Closing it raises nothing, or what the scope in it raises."""
    jobs = define(inscope)
    log: Log = []

    def generator() -> Any:
        with jobs() as job:
            job.callback(log.append, "closed")
            for error in raised:
                job.callback(raising(error))
            yield

    running = generator()
    next(running)
    if raised:
        with pytest.raises(ValueError, match="one") as caught:
            running.close()
        assert raised == [caught.value]
        assert isinstance(contexts_of(caught.value)[-1], GeneratorExit)
    else:
        running.close()

    assert ["closed"] == log
    assert not jobs.is_active()


@pytest.mark.parametrize(
    "body", [StopIteration("body"), StopAsyncIteration("body"), GeneratorExit()]
)
def test_errors_that_mean_something_to_generators_come_out(
    inscope: ModuleType, leave: Leave, body: BaseException
) -> None:
    """A resource sees them, and does not turn them into others."""
    log: Log = []
    jobs = define(inscope)
    jobs.resource(eager=True)(telling(log, "eager"))

    assert body is leave(jobs(), body, [])

    assert ["+eager", "-eager"] == log


def test_a_failing_on_push_unwinds_completely(
    inscope: ModuleType, leave: Leave
) -> None:
    """What it had opened is closed; ``on_pop`` does not run, the signals are not sent.

    What fails meanwhile comes out with the error.
    """
    log: Log = []
    error, late = ValueError("no"), TypeError("late")

    def on_push(job: Any) -> None:
        job.callback(lambda: log.append(f"{jobs.current().state} callback"))
        job.callback(raising(late))
        str(lazy)
        raise error

    jobs = define(inscope, on_push=on_push, on_pop=lambda *_: pytest.fail("on_pop ran"))
    lazy = jobs.resource(telling(log, "lazy"))
    for name in ("pushed", "tearing_down", "popped"):
        getattr(jobs, name).connect(lambda *_: pytest.fail("a signal was sent"))
    job = jobs()

    group = leave(job, None, [])

    assert isinstance(group, ExceptionGroup)
    assert (error, late) == group.exceptions
    assert ["+lazy", "-lazy", "closing callback"] == log
    assert "closed" == job.state
    assert not jobs.is_active()


@pytest.mark.parametrize(
    "kind", [ValueError, KeyboardInterrupt, asyncio.CancelledError]
)
def test_a_single_error_of_on_push_comes_out_as_it_is(
    inscope: ModuleType, leave: Leave, kind: type[BaseException]
) -> None:
    """The resources see it."""
    error = kind("no")
    seen: list[BaseException] = []

    def resource() -> Any:
        try:
            yield
        except BaseException as thrown:
            seen.append(thrown)
            raise

    def on_push(_: Any) -> None:
        str(lazy)
        raise error

    jobs = define(inscope, on_push=on_push)
    lazy = jobs.resource(resource)

    assert error is leave(jobs(), None, [])
    assert [error] == seen


def test_nested_scopes_pass_errors_outwards(inscope: ModuleType) -> None:
    """The outer one ends with what came out of the inner one."""
    seen: list[Any] = []
    jobs = define(inscope, on_pop=lambda _, error: seen.append(error))
    body, error = KeyError("body"), ValueError("inner")

    def work() -> None:
        with jobs(), jobs() as inner:
            inner.callback(raising(error))
            raise body

    with pytest.raises(ValueError, match="inner") as caught:
        work()

    assert error is caught.value
    assert [body, error] == seen
    assert [body] == contexts_of(error)
