"""What is called as a scope closes: last in, first out, whatever the others raise."""

from __future__ import annotations

import asyncio
import functools
from types import ModuleType
from typing import Any

import pytest
from scopes import Log, define, raising


def test_callbacks_run_last_in_first_out(inscope: ModuleType) -> None:
    """With the arguments they were given, however these are named."""
    log: list[Any] = []

    def call(*args: Any, **kwargs: Any) -> None:
        log.append((args, kwargs))

    with define(inscope)() as job:
        assert call is job.callback(call)
        job.callback(call, 1, function=2, self=3, scope=4)
        assert [] == log

    assert [((1,), {"function": 2, "self": 3, "scope": 4}), ((), {})] == log


def test_all_callbacks_run_though_some_fail(inscope: ModuleType) -> None:
    """Those between, before and after them."""
    log: list[int] = []
    job = define(inscope)().push()
    for number in range(3):
        job.callback(log.append, number)
        job.callback(raising(ValueError(number)))
    with pytest.raises(ExceptionGroup):
        job.pop()

    assert [2, 1, 0] == log
    assert "closed" == job.state


def test_a_callback_may_add_others(inscope: ModuleType) -> None:
    """They run next, before those that were there."""
    log: Log = []
    with define(inscope)() as job:

        def call() -> None:
            log.append("first")
            job.callback(log.append, "last added")
            job.callback(job.callback, log.append, "added twice over")

        job.callback(log.append, "there before")
        job.callback(call)

    assert ["first", "added twice over", "last added", "there before"] == log


@pytest.mark.parametrize("error", [None, ValueError("of the block")])
def test_a_teardown_gets_what_the_scope_ends_with(
    inscope: ModuleType, error: Exception | None
) -> None:
    """In its turn among the callbacks; by ``pop`` as by ``with``."""
    log: list[Any] = []
    job = define(inscope)().push()
    job.callback(log.append, "callback")
    assert log.append == job.teardown(log.append)
    job.callback(log.append, "the last")
    job.pop(error)

    assert ["the last", error, "callback"] == log


def test_a_teardown_gets_the_error_of_an_opening(inscope: ModuleType) -> None:
    """What ``on_push`` had begun ends with what it raised."""
    log: list[Any] = []
    error = ValueError("of on_push")

    def on_push(job: Any) -> None:
        job.teardown(log.append)
        raise error

    with pytest.raises(ValueError, match="of on_push"):
        define(inscope, on_push=on_push)().push()
    assert [error] == log


def test_a_teardown_may_raise_and_add_others(inscope: ModuleType) -> None:
    """As a callback may; its error is not what the others get."""
    log: list[Any] = []
    job = define(inscope)().push()

    def fail(error: object) -> None:
        job.teardown(log.append)
        raise KeyError(error)

    job.teardown(fail)
    with pytest.raises(KeyError):
        job.pop()
    assert [None] == log


def test_a_teardown_is_refused_as_a_callback_is(inscope: ModuleType) -> None:
    """What cannot be called, what is to be awaited, and a scope that is not open."""
    job = define(inscope)()

    async def later(_: object) -> None:
        raise AssertionError

    with pytest.raises(inscope.ScopeNotActiveError, match="calls nothing back"):
        job.teardown(print)
    with job:
        with pytest.raises(TypeError, match=r"teardown\(\) takes a function, not 5"):
            job.teardown(5)
        with pytest.raises(inscope.AsyncInSyncScopeError, match="later"):
            job.teardown(later)


def test_a_teardown_is_awaited(inscope: ModuleType) -> None:
    """A coroutine function, and a function that returns something to await."""
    log: list[Any] = []

    async def note(text: str, error: object) -> None:
        log.append((text, error))

    async def main() -> None:
        async with define(inscope)() as job:
            job.teardown(functools.partial(note, "function"))
            job.teardown(lambda error: note("awaitable", error))

    asyncio.run(main())
    assert [("awaitable", None), ("function", None)] == log


def test_popped_is_too_late_for_a_callback(inscope: ModuleType) -> None:
    """Nothing would call it any more, so it is refused."""
    jobs = define(inscope)
    jobs.popped.connect(lambda job: job.callback(print))
    job = jobs().push()
    with pytest.raises(inscope.ScopeNotActiveError, match="not open"):
        job.pop()


def test_a_scope_counted_twice_calls_back_once(inscope: ModuleType) -> None:
    """At the last exit, wherever the callback was added."""
    log: Log = []
    with define(inscope)() as job:
        with job:
            job.callback(log.append, "inner")
        assert [] == log
    assert ["inner"] == log


def test_a_callback_sees_the_scope_and_its_resources(inscope: ModuleType) -> None:
    """It runs before what was made earlier is closed."""
    jobs = define(inscope)
    seen: list[Any] = []

    def value() -> Any:
        yield ["value"]

    lazy = jobs.resource(value)
    with jobs() as job:
        str(lazy)
        job.callback(lambda: seen.extend([jobs.current(), list(lazy)]))

    assert [job, ["value"]] == seen


def test_what_cannot_be_called_is_refused(inscope: ModuleType) -> None:
    """When it is added."""
    with define(inscope)() as job, pytest.raises(TypeError, match="takes a function"):
        job.callback("close")


def test_async_callbacks_are_refused_as_they_are_added(inscope: ModuleType) -> None:
    """By a scope that awaits nothing: functions, partials and callable objects."""

    async def call() -> None:
        """Wait for something."""

    class Caller:
        async def __call__(self) -> None:
            """Wait for something."""

        async def method(self) -> None:
            """Wait for something."""

    log: Log = []
    with define(inscope)() as job:
        job.callback(log.append, "other")
        for one in (call, functools.partial(call), Caller(), Caller().method):
            with pytest.raises(inscope.AsyncInSyncScopeError, match="async with"):
                job.callback(one)
    assert ["other"] == log


def test_a_class_is_called_whatever_its_objects_are(inscope: ModuleType) -> None:
    """To call a class awaits nothing, even if to call its objects does."""
    made: list[Any] = []

    class Caller:
        def __init__(self) -> None:
            made.append(self)

        async def __call__(self) -> None:
            """Wait for something."""

    with define(inscope)() as job:
        job.callback(Caller)
    assert 1 == len(made)


def test_an_awaitable_that_could_not_be_foreseen_is_an_error(
    inscope: ModuleType,
) -> None:
    """It is closed, so that nothing warns of it, and named; the rest runs."""

    async def wait() -> None:
        """Wait for something."""

    log: Log = []
    job = define(inscope)().push()
    job.callback(log.append, "other")
    job.callback(lambda: wait())
    with pytest.raises(inscope.AsyncInSyncScopeError, match="<lambda>"):
        job.pop()

    assert ["other"] == log
    assert "closed" == job.state


def test_a_callback_may_return_a_proxy(inscope: ModuleType) -> None:
    """A proxy can be awaited if its object can; it is neither asked nor closed."""
    log: Log = []

    class Connection:
        def close(self) -> None:
            log.append("closed by whom?")

    connection = Connection()
    proxy = inscope.LocalProxy(lambda: connection)
    with define(inscope)() as job:
        job.callback(lambda: proxy)
    assert [] == log
